// SPDX-License-Identifier: Apache-2.0
#include "api/http/dimension.h"

#include "api/http/metric_json.h"

const char *const group_order_words[] = {"worst", "rate", "slow", "requested", "name", NULL};

// ---- the window

static usec_t day_start(usec_t at)
{
	usec_t rest = at % USEC_PER_DAY;
	return at - (rest < 0 ? rest + USEC_PER_DAY : rest);
}

static usec_t day_end(usec_t at) // of the day that ends there or lies around it
{
	return day_start(at + USEC_PER_DAY - 1);
}

// Now; but where nothing new came for longer than the default window, the end of the newest day.
static usec_t default_until(const struct dimension *it, usec_t width)
{
	usec_t now = it->call->now, newest = it->honesty.newest;
	if (newest == USEC_NONE || newest > now - width)
		return now;
	return day_end(newest + 1);
}

static bool fill_window(struct dimension *it, usec_t width, bool whole)
{
	const struct param *params = it->call->params;
	it->since = params[D_SINCE].number;
	it->until = params[D_UNTIL].number;
	if (!call_range(it->call, it->since, it->until))
		return false;
	if (it->until == USEC_NONE)
		it->until = default_until(it, width);
	if (!params[D_UNTIL].given && it->since != USEC_NONE && it->since >= it->until)
		it->until = it->since + width;
	if (it->since == USEC_NONE)
		it->since = (whole ? day_end(it->until) : it->until) - width;
	if (whole) {
		it->since = day_start(it->since);
		it->until = day_end(it->until);
	}
	return true;
}

// ---- open and close

bool dimension_open(struct dimension *it, struct call *call, usec_t width, bool whole,
		    bool *refused, struct err *err)
{
	*it = (struct dimension){.call = call,
				 .items = json_array(),
				 .others = json_array(),
				 .answer = json_object()};
	*refused = true;
	if (!reply_format(call->params[D_FORMAT].number, call->request->accept, &it->format))
		return call_problem(call, 406, "JSON, NDJSON and CSV are spoken here.", NULL);
	if (!store_snapshot(call->db->store, err) || // all of the answer is of one state
	    !store_honesty(call->db->store, call->db->realm.id, USEC_NONE, USEC_NONE, &it->honesty,
			   err))
		return false;
	if (!fill_window(it, width, whole))
		return true;
	*refused = false;
	return store_honesty(call->db->store, call->db->realm.id, it->since, it->until,
			     &it->honesty, err);
}

void dimension_close(struct dimension *it)
{
	store_snapshot_end(it->call->db->store);
	json_decref(it->items);
	json_decref(it->others);
	json_decref(it->answer);
}

struct group_query dimension_query(const struct dimension *it)
{
	const struct call *call = it->call;
	return (struct group_query){
		.realm = call->db->realm.id,
		.limit = (size_t)call->params[D_LIMIT].number,
		.since = it->since,
		.until = it->until,
		.now = call->now,
		.t_expire = call->db->rules.t_expire,
		.min_count = call->params[D_MIN_COUNT].number,
	};
}

// ---- rows

json_t *dimension_row(const char *row)
{
	json_t *object = json_object();
	json_object_set_new(object, "row", json_string(row));
	return object;
}

// As out_rate, without an interval of its own.
static void out_bound(struct json_members *out, const char *key, int64_t part, int64_t whole,
		      const struct rating *rating)
{
	if (whole >= rating->min_count && whole > 0)
		out_share(out, key, (double)part / (double)whole);
	else
		out_null(out, key);
	if (whole > 0 && whole < rating->min_count)
		out_word(rating->suppressed, NULL, key);
}

void dimension_rates(const struct dimension *it, json_t *row, const struct metric_group *group,
		     bool bounds)
{
	struct buf members = {0}, names = {0};
	struct json_members out = {.buf = &members}, suppressed = {.buf = &names};
	const struct rating rating = {.min_count = it->call->params[D_MIN_COUNT].number,
				      .suppressed = &suppressed};
	int64_t asked = group->requested;
	out_open(&out, NULL, '{');
	out_rate(&out, "rate", group->confirmed, asked, &rating);
	if (bounds) {
		out_bound(&out, "rate_lower", group->confirmed, asked, &rating);
		out_bound(&out, "rate_upper", group->confirmed + group->pending, asked, &rating);
	}
	out_bound(&out, "coverage", asked, group->sent, &rating);
	out_open(&out, "suppressed", '[');
	buf_text(&members, buf_view(&names));
	out_close(&out, ']');
	out_close(&out, '}');
	put_written(row, &members);
	buf_free(&names);
}

void dimension_figures(const struct dimension *it, json_t *row, const struct metric_group *group)
{
	const struct {
		const char *name;
		int64_t value;
	} counts[] = {
		{"sent", group->sent},
		{"requested", group->requested},
		{"confirmed", group->confirmed},
		{"failed", group->failed},
		{"pending", group->pending},
		{"expired", group->expired},
		{"unknown", group->unknown},
		{"failed_all", group->failed_all},
		{"read_requested", group->read_requested},
		{"read", group->read},
	};
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		put_number(row, counts[i].name, counts[i].value);
	dimension_rates(it, row, group, true);
}

void dimension_latency(json_t *row, const struct metric_group *group, bool estimated)
{
	struct buf members = {0};
	struct json_members out = {.buf = &members};
	out_open(&out, NULL, '{');
	out_latency(&out, "time_to_deliver_ms", group->ttd_n, group->ttd_ms, estimated);
	out_close(&out, '}');
	put_written(row, &members);
}

void dimension_conditions(json_t *row, const struct metric_group *group)
{
	json_t *conditions = json_object();
	for (size_t i = 0; i < group->condition_count; i++) {
		char name[64]; // of a closed list
		struct text condition = group->conditions[i].condition;
		size_t n = condition.n < sizeof name - 1 ? condition.n : sizeof name - 1;
		memcpy(name, condition.p, n);
		name[n] = '\0';
		put_number(conditions, name, group->conditions[i].n);
	}
	json_object_set_new(row, "conditions", conditions);
}

// ---- the answer

static json_t *window_json(const struct dimension *it)
{
	json_t *window = json_object();
	json_object_set_new(window, "since", json_usec(it->since, 6));
	json_object_set_new(window, "until", json_usec(it->until, 6));
	json_object_set_new(window, "tz", json_string("UTC"));
	return window;
}

static json_t *population_json(const struct dimension *it)
{
	return json_pack("{s: s, s: [s, s, s]}", "realm", it->call->service->app->settings->realm,
			 "classes", "chat", "pm", "correction");
}

static void answer_rows(struct dimension *it, const char *const *columns)
{
	struct reply *reply = it->call->reply;
	struct table table = {.format = it->format, .columns = columns, .out = &reply->body};
	json_t *const lists[] = {it->items, it->others};
	reply->type = table_format_types[it->format];
	table_begin(&table);
	for (size_t k = 0; k < 2; k++) {
		size_t i;
		json_t *row;
		json_array_foreach(lists[k], i, row) {
			table_row(&table, row);
		}
	}
	table_end(&table);
}

void dimension_answer(struct dimension *it, const char *const *columns)
{
	struct call *call = it->call;
	bool final = is_final(&it->honesty, it->until, call->db->rules.t_expire);
	call->rows = (int64_t)(json_array_size(it->items) + json_array_size(it->others));
	if (it->format == TABLE_JSON) {
		json_object_set_new(it->answer, "window", window_json(it));
		json_object_set_new(it->answer, "population", population_json(it));
		json_object_set_new(it->answer, "evaluated_at", json_usec(call->now, 6));
		json_object_set(it->answer, "items", it->items);
		json_object_set(it->answer, "others", it->others);
		honesty_members(it->answer, &it->honesty, final);
		reply_json(call->reply, it->answer);
	} else {
		answer_rows(it, columns);
	}
	honesty_headers(call->reply, &it->honesty, final);
}
