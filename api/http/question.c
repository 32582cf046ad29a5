// SPDX-License-Identifier: Apache-2.0
#include "api/http/question.h"

enum { DEFAULT_DAYS = 7, MAX_BUCKETS = 3000 };

const char *const bucket_words[] = {"15m", "1h", "1d", "none", NULL};
static const usec_t bucket_widths[] = {900 * USEC_PER_SEC, 3600 * USEC_PER_SEC, USEC_PER_DAY, 0};

const char *const switch_words[] = {"0", "1", NULL};

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
	query->since = params[Q_SINCE].number;
	query->until = params[Q_UNTIL].number;
	if (query->until == USEC_NONE)
		query->until = default_until(question);
	if (!params[Q_UNTIL].given && query->since != USEC_NONE && query->since >= query->until)
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
	const struct param *tz = &call->params[Q_TZ];
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
	query->from_domain = call->params[Q_FROM_DOMAIN].text;
	query->to_domain = call->params[Q_TO_DOMAIN].text;
	if (query->to_domain.p && call->token.domains.count > 0 &&
	    token_sees(&call->token, query->to_domain))
		return true;
	return call_domain(call, &call->params[Q_FROM_DOMAIN], "from_domain", &query->from_domain);
}

// ---- open and close

// One snapshot from here on: totals, series and what they stand on are of one state of the data.
static bool look(struct question *question, bool *refused, struct err *err)
{
	struct store *store = question->call->db->store;
	const struct metric_query *query = &question->query;
	bool bounded =
		question->call->params[Q_SINCE].given && question->call->params[Q_UNTIL].given;
	if (!store_snapshot(store, err))
		return false;
	if (!bounded && !store_honesty(store, query->realm, USEC_NONE, USEC_NONE,
				       &question->honesty, err)) // its newest is the default
		return false;
	fill_window(question);
	*refused = !check_window(question);
	return *refused || store_honesty(store, query->realm, query->since, query->until,
					 &question->honesty, err);
}

bool question_open(struct question *question, struct call *call, bool *refused, struct err *err)
{
	struct metric_query *query = &question->query;
	*question = (struct question){.call = call};
	*refused = true;
	query->realm = call->db->realm.id;
	query->bucket = bucket_widths[call->params[Q_BUCKET].number];
	query->now = call->now;
	query->t_expire = call->db->rules.t_expire;
	query->infer = call->db->rules.t_infer;
	query->t_typing = call->db->rules.t_typing;
	query->t_composing_open = call->db->rules.t_composing_open;
	question->ripens = query->t_expire;
	query->exact = call->params[Q_EXACT].number == 1;
	if (!reply_format(call->params[Q_FORMAT].number, call->request->accept, &question->format))
		return call_problem(call, 406, "JSON, NDJSON and CSV are spoken here.", NULL);
	if (!check_domains(question) || !open_zone(question))
		return true;
	return look(question, refused, err);
}

void question_close(struct question *question)
{
	if (question->call->db)
		store_snapshot_end(question->call->db->store);
	zone_free(question->zone);
	buf_free(&question->totals);
	buf_free(&question->row);
}

bool question_final(const struct question *question, usec_t end)
{
	return is_final(&question->honesty, end, question->ripens);
}

// ---- the answer

static json_t *window_json(const struct question *question)
{
	const struct metric_query *query = &question->query;
	json_t *window = json_object();
	json_object_set_new(window, "since", json_usec(query->since, 6));
	json_object_set_new(window, "until", json_usec(query->until, 6));
	json_object_set_new(window, "bucket",
			    json_string(bucket_words[question->call->params[Q_BUCKET].number]));
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

void question_members(const struct question *question, json_t *answer)
{
	json_object_set_new(answer, "window", window_json(question));
	json_object_set_new(answer, "population", population_json(question));
	json_object_set_new(answer, "evaluated_at", json_usec(question->query.now, 6));
	honesty_members(answer, &question->honesty,
			question_final(question, question->query.until));
}

struct buf *question_row(struct question *question)
{
	if (!question->table)
		return &question->totals;
	if (question->table->format == TABLE_CSV) {
		question->row.len = 0;
		return &question->row;
	}
	table_row_begin(question->table);
	return question->table->out;
}

// A row of CSV picks its columns from the object.
static void put_csv(struct table *table, const struct buf *row)
{
	JSON_AUTO *object = json_loadb(row->data, row->len, 0, NULL);
	table_row(table, object);
}

void question_row_end(struct question *question)
{
	if (!question->table)
		return;
	if (question->table->format == TABLE_CSV)
		put_csv(question->table, &question->row);
	else
		table_row_end(question->table);
}

static void answer_json(const struct question *question, struct text series)
{
	JSON_AUTO *answer = json_object();
	struct reply *reply = question->call->reply;
	question_members(question, answer);
	if (question->form->members)
		question->form->members(question, answer);
	table_json(&reply->body, answer);
	reply->body.len--; // its last brace: the figures are text already
	buf_zstr(&reply->body, ",\"totals\":");
	if (question->totals.len)
		buf_text(&reply->body, buf_view(&question->totals));
	else
		buf_zstr(&reply->body, "null");
	buf_zstr(&reply->body, ",\"series\":");
	buf_text(&reply->body, series);
	buf_zstr(&reply->body, "}\n");
}

static bool ask(struct question *question, usec_t width, struct table *table, struct err *err)
{
	struct metric_query query = question->query;
	query.bucket = width;
	question->table = table;
	return question->form->ask(question, &query, err);
}

// Without buckets a table has the totals as its one row.
static bool collect(struct question *question, struct table *table, struct err *err)
{
	usec_t width = question->query.bucket;
	bool json = table->format == TABLE_JSON;
	return (!json || ask(question, 0, NULL, err)) &&
	       ((json && width == 0) || ask(question, width, table, err));
}

static bool look_further(struct question *question, struct err *err)
{
	const struct metric_query *query = &question->query;
	const usec_t ripe[] = {
		[RIPE_ANSWERED] = query->t_expire,
		[RIPE_RESPONDED] = query->infer,
		[RIPE_TYPED] = query->t_composing_open,
	};
	struct settle_lag lag = {0};
	question->ripens = ripe[question->form->ripens];
	const struct pool_slot *db = question->call->db;
	if (db->lag)
		lag = *db->lag;
	else if (question->form->settled && !store_settle_lag(db->store, query->realm, &lag, err))
		return false;
	question->settle_waiting = question->form->settled ? lag.units : 0;
	return true;
}

static bool answer(struct question *question, const struct question_form *form, struct err *err)
{
	struct reply *reply = question->call->reply;
	struct buf text = {0};
	struct table table = {.format = question->format, .columns = form->columns, .out = &text};
	question->form = form;
	table_begin(&table);
	bool ok = look_further(question, err) && collect(question, &table, err);
	table_end(&table);
	if (ok) {
		reply->type = table_format_types[question->format];
		if (question->format == TABLE_JSON)
			answer_json(question, buf_view(&text));
		else
			buf_text(&reply->body, buf_view(&text));
		honesty_headers(reply, &question->honesty,
				question_final(question, question->query.until));
	}
	buf_free(&text);
	return ok;
}

bool question_handle(struct call *call, const struct question_form *form, struct err *err)
{
	struct question question;
	bool refused;
	bool ok = question_open(&question, call, &refused, err);
	if (ok && !refused)
		ok = answer(&question, form, err);
	question_close(&question);
	return ok;
}
