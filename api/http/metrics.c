// SPDX-License-Identifier: Apache-2.0
// GET /v1/metrics/delivery: PAIRING F1, F2, F3, F7 over a window, in total and by bucket.
#include "api/http/handlers.h"

#include "api/http/list.h"

enum { P_SINCE, P_UNTIL, P_BUCKET, P_TZ, P_FROM_DOMAIN, P_TO_DOMAIN, P_EXACT, P_FORMAT, P_COUNT };

enum { DEFAULT_DAYS = 7, MAX_BUCKETS = 3000, CONSISTENT_TRIES = 3 };

static const char *const bucket_words[] = {"15m", "1h", "1d", "none", NULL};
static const usec_t bucket_widths[] = {900 * USEC_PER_SEC, 3600 * USEC_PER_SEC, USEC_PER_DAY, 0};

static const char *const switches[] = {"0", "1", NULL};

static const struct param_spec specs[P_COUNT] = {
	[P_SINCE] = {"since", PARAM_TIME, NULL, NULL, 0, 0, false, false},
	[P_UNTIL] = {"until", PARAM_TIME, NULL, NULL, 0, 0, false, false},
	[P_BUCKET] = {"bucket", PARAM_WORD, "1d", bucket_words, 0, 0, false, false},
	[P_TZ] = {"tz", PARAM_ZONE, NULL, NULL, 0, 0, false, false},
	[P_FROM_DOMAIN] = {"from_domain", PARAM_DOMAIN, NULL, NULL, 0, 0, false, false},
	[P_TO_DOMAIN] = {"to_domain", PARAM_DOMAIN, NULL, NULL, 0, 0, false, false},
	[P_EXACT] = {"exact", PARAM_WORD, "0", switches, 0, 0, false, false},
	[P_FORMAT] = {"format", PARAM_WORD, NULL, table_format_names, 0, 0, false, true},
};

const struct param_table delivery_params = {specs, P_COUNT};

static const char *const columns[] = {"start",
				      "end",
				      "final",
				      "sent",
				      "requested",
				      "confirmed",
				      "failed",
				      "pending",
				      "expired",
				      "unknown",
				      "failed_all",
				      "stored",
				      "resends",
				      "skew_clamped",
				      "rate",
				      "rate_lower",
				      "rate_upper",
				      "coverage",
				      "time_to_deliver_ms.n",
				      "time_to_deliver_ms.p50",
				      "time_to_deliver_ms.p90",
				      "time_to_deliver_ms.p95",
				      "time_to_deliver_ms.p99",
				      "time_to_deliver_ms.max",
				      "read.requested",
				      "read.confirmed",
				      "read.rate",
				      NULL};

struct question {
	struct call *call;
	struct metric_query query;
	struct honesty honesty;
	struct zone *zone;
};

struct series { // one pass over the buckets
	const struct question *question;
	json_t *rows;
};

// ---- one bucket as JSON

static void put_number(json_t *object, const char *key, int64_t value)
{
	json_object_set_new(object, key, json_integer(value));
}

// An empty denominator gives no rate at all: 0 would be a lie and 1 another.
static void put_ratio(json_t *object, const char *key, int64_t part, int64_t whole)
{
	json_object_set_new(object, key,
			    whole > 0 ? json_real((double)part / (double)whole) : json_null());
}

static void put_latency(json_t *object, const char *key, int64_t n, const int64_t ms[5],
			bool estimated)
{
	static const char *const names[] = {"p50", "p90", "p95", "p99", "max"};
	json_t *latency = json_object();
	put_number(latency, "n", n);
	for (size_t i = 0; i < 5; i++)
		json_object_set_new(latency, names[i], n > 0 ? json_integer(ms[i]) : json_null());
	json_object_set_new(latency, "method",
			    json_string(estimated ? "nearest-rank of a histogram, at most 3.2 % off"
						  : "nearest-rank, exact"));
	json_object_set_new(object, key, latency);
}

static void put_read(json_t *object, const struct delivery_bucket *bucket)
{
	json_t *read = json_object();
	put_number(read, "requested", bucket->read_requested);
	put_number(read, "confirmed", bucket->read);
	put_ratio(read, "rate", bucket->read, bucket->read_requested);
	put_latency(read, "time_to_read_ms", bucket->ttr_n, bucket->ttr_ms, bucket->estimated);
	json_object_set_new(object, "read", read);
}

static json_t *bucket_json(const struct question *question, const struct delivery_bucket *bucket)
{
	const struct {
		const char *name;
		int64_t value;
	} counts[] = {
		{"sent", bucket->sent},
		{"requested", bucket->requested},
		{"confirmed", bucket->confirmed},
		{"failed", bucket->failed},
		{"pending", bucket->pending},
		{"expired", bucket->expired},
		{"unknown", bucket->unknown},
		{"failed_all", bucket->failed_all},
		{"stored", bucket->stored},
		{"resends", bucket->resends},
		{"skew_clamped", bucket->skew_clamped},
	};
	json_t *object = json_object();
	json_object_set_new(object, "start", json_usec(bucket->start, 6));
	json_object_set_new(object, "end", json_usec(bucket->end, 6));
	json_object_set_new(
		object, "final",
		json_boolean(is_final(&question->honesty, bucket->end, question->query.t_expire)));
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		put_number(object, counts[i].name, counts[i].value);
	int64_t asked = bucket->requested;
	put_ratio(object, "rate", bucket->confirmed, asked);
	put_ratio(object, "rate_lower", bucket->confirmed, asked);
	put_ratio(object, "rate_upper", bucket->confirmed + bucket->pending, asked);
	put_ratio(object, "coverage", asked, bucket->sent);
	put_latency(object, "time_to_deliver_ms", bucket->ttd_n, bucket->ttd_ms, bucket->estimated);
	put_read(object, bucket);
	return object;
}

static bool each_bucket(void *self, const struct delivery_bucket *bucket)
{
	struct series *series = self;
	json_array_append_new(series->rows, bucket_json(series->question, bucket));
	return true;
}

static bool ask(const struct question *question, usec_t width, json_t *rows, struct err *err)
{
	struct series series = {question, rows};
	struct metric_query query = question->query;
	query.bucket = width;
	return store_delivery(question->call->db->store, &query, &series, each_bucket, err);
}

// ---- the window

static usec_t bucket_start(const struct question *question, usec_t at)
{
	usec_t width = question->query.bucket;
	if (width == 0)
		return at;
	if (width == USEC_PER_DAY)
		return zone_day_start(question->zone, at);
	return at - ((at % width) + width) % width;
}

// Now; but where nothing new came for longer than the default window (an import of old logs), the end
// of the newest day: an empty answer would help nobody.
static usec_t default_until(const struct question *question)
{
	usec_t now = question->call->now, newest = question->honesty.newest;
	if (newest == USEC_NONE || newest > now - DEFAULT_DAYS * USEC_PER_DAY)
		return now;
	usec_t day = zone_day_start(question->zone, newest);
	return zone_day_start(question->zone,
			      day + 30 * 3600 * USEC_PER_SEC); // days have <= 25 hours
}

static void fill_window(struct question *question)
{
	const struct param *params = question->call->params;
	struct metric_query *query = &question->query;
	usec_t width = DEFAULT_DAYS * USEC_PER_DAY;
	query->since = params[P_SINCE].number;
	query->until = params[P_UNTIL].number;
	if (query->until == USEC_NONE)
		query->until = default_until(question);
	if (!params[P_UNTIL].given && query->since != USEC_NONE && query->since >= query->until)
		query->until = query->since + width;
	if (query->since == USEC_NONE)
		query->since = bucket_start(question, query->until - width);
}

static bool check_window(struct question *question)
{
	struct call *call = question->call;
	struct metric_query *query = &question->query;
	if (!call_range(call, query->since, query->until))
		return false;
	if (query->bucket > 0 && (query->until - query->since) / query->bucket > MAX_BUCKETS)
		return !call_problem(call, 400, "The window has too many buckets of that size.",
				     "bucket");
	return true;
}

static bool open_zone(struct question *question)
{
	struct call *call = question->call;
	const struct param *tz = &call->params[P_TZ];
	const char *name = tz->text.p ? arena_zstr(call->request->arena, tz->text)
				      : call->service->app->settings->zone;
	question->zone = zone_open(name, NULL);
	if (!question->zone)
		return !call_problem(call, 400, "There is no such time zone.", "tz");
	question->query.zone = question->zone;
	return true;
}

// A token limited to domains needs one of its own at either end (F134).
static bool check_domains(struct question *question)
{
	struct call *call = question->call;
	struct metric_query *query = &question->query;
	query->from_domain = call->params[P_FROM_DOMAIN].text;
	query->to_domain = call->params[P_TO_DOMAIN].text;
	if (query->to_domain.p && call->token.domains.count > 0 &&
	    token_sees(&call->token, query->to_domain))
		return true;
	return call_domain(call, &call->params[P_FROM_DOMAIN], "from_domain", &query->from_domain);
}

// ---- the answer

static json_t *window_json(const struct question *question)
{
	const struct metric_query *query = &question->query;
	json_t *window = json_object();
	json_object_set_new(window, "since", json_usec(query->since, 6));
	json_object_set_new(window, "until", json_usec(query->until, 6));
	json_object_set_new(window, "bucket",
			    json_string(bucket_words[question->call->params[P_BUCKET].number]));
	json_object_set_new(window, "tz", json_string(zone_name(question->zone)));
	return window;
}

static json_t *population_json(const struct question *question)
{
	const struct metric_query *query = &question->query;
	json_t *population = json_object();
	json_object_set_new(population, "realm",
			    json_string(question->call->service->app->settings->realm));
	json_object_set_new(population, "from_domain", json_text(query->from_domain));
	json_object_set_new(population, "to_domain", json_text(query->to_domain));
	json_object_set_new(population, "classes",
			    json_pack("[s, s, s]", "chat", "pm", "correction"));
	return population;
}

static void answer_json(struct question *question, const json_t *totals, const json_t *series)
{
	JSON_AUTO *answer = json_object();
	json_object_set_new(answer, "window", window_json(question));
	json_object_set_new(answer, "population", population_json(question));
	json_object_set_new(answer, "evaluated_at", json_usec(question->query.now, 6));
	honesty_members(
		answer, &question->honesty,
		is_final(&question->honesty, question->query.until, question->query.t_expire));
	json_t *total = json_array_get(totals, 0);
	json_object_set(answer, "totals", total ? total : json_null());
	json_object_set(answer, "series", (json_t *)series);
	reply_json(question->call->reply, answer);
}

static void answer_rows(struct question *question, enum table_format format, const json_t *rows)
{
	struct reply *reply = question->call->reply;
	struct table table = {.format = format, .columns = columns, .out = &reply->body};
	size_t i;
	json_t *row;
	reply->type = table_format_types[format];
	table_begin(&table);
	json_array_foreach(rows, i, row) {
		table_row(&table, row);
	}
	table_end(&table);
}

// Totals and series must be of one state of the data. There is no snapshot over two queries, so the
// commit number is looked at before and after; a state that moves on each time is answered as it is.
static bool collect(struct question *question, json_t *totals, json_t *series, struct err *err)
{
	struct store *store = question->call->db->store;
	const struct metric_query *query = &question->query;
	for (int i = 0; i < CONSISTENT_TRIES; i++) {
		struct honesty after;
		json_array_clear(totals);
		json_array_clear(series);
		if (!store_honesty(store, query->realm, query->since, query->until,
				   &question->honesty, err) ||
		    !ask(question, 0, totals, err) ||
		    (query->bucket > 0 && !ask(question, query->bucket, series, err)) ||
		    !store_honesty(store, query->realm, query->since, query->until, &after, err))
			return false;
		if (after.commit == question->honesty.commit)
			break;
	}
	return true;
}

static bool answer(struct question *question, struct err *err)
{
	struct call *call = question->call;
	enum table_format format;
	JSON_AUTO *totals = json_array();
	JSON_AUTO *series = json_array();
	if (!reply_format(call->params[P_FORMAT].number, call->request->accept, &format))
		return call_problem(call, 406, "JSON, NDJSON and CSV are spoken here.", NULL);
	if (!collect(question, totals, series, err))
		return false;
	if (format == TABLE_JSON)
		answer_json(question, totals, series);
	else
		answer_rows(question, format, question->query.bucket > 0 ? series : totals);
	honesty_headers(
		call->reply, &question->honesty,
		is_final(&question->honesty, question->query.until, question->query.t_expire));
	return true;
}

bool handle_delivery(struct call *call, struct err *err)
{
	struct question question = {.call = call};
	struct metric_query *query = &question.query;
	query->realm = call->db->realm.id;
	query->bucket = bucket_widths[call->params[P_BUCKET].number];
	query->now = call->now;
	query->t_expire = call->db->rules.t_expire;
	query->infer = call->db->rules.t_infer;
	query->exact = call->params[P_EXACT].number == 1;
	if (!check_domains(&question) || !open_zone(&question))
		return true;
	bool ok = store_honesty(call->db->store, query->realm, USEC_NONE, USEC_NONE,
				&question.honesty, err);
	if (ok)
		fill_window(&question);
	if (ok && check_window(&question))
		ok = answer(&question, err);
	zone_free(question.zone);
	return ok;
}
