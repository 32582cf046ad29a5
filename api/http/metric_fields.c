// SPDX-License-Identifier: Apache-2.0
#include "api/http/metric_fields.h"

#include "api/http/handlers.h"

#include <stdio.h>

// clang-format off
#define FIELDS_PARAM [Q_FIELDS] = {"fields", PARAM_TEXT, NULL, NULL, 0, 0, false, true}
// clang-format on

static const struct param_spec counted_specs[Q_COUNTED] = {QUESTION_PARAMS, FIELDS_PARAM};

static const struct param_spec rated_specs[Q_RATED] = {
	QUESTION_PARAMS,
	FIELDS_PARAM,
	[Q_MIN_COUNT] = {"min_count", PARAM_NUMBER, "5", NULL, 1, 1000000, false, false},
};

const struct param_table counted_params = {counted_specs, Q_COUNTED};
const struct param_table rated_params = {rated_specs, Q_RATED};

struct answer { // of one path, to one question
	const struct metric_path *path;
	struct question *question;
	struct rating rating;
	const char *group; // "read" while members of "read" are written
};

// Where each band begins, in ms: band_from_ms().
static const char *const band_names[] = {
	"0",        "64",        "128",       "256",      "512",     "1024",     "2048",
	"4096",     "8192",      "16384",     "32768",    "65536",   "131072",   "262144",
	"524288",   "1048576",   "2097152",   "4194304",  "8388608", "16777216", "33554432",
	"67108864", "134217728", "268435456", "536870912"};
_Static_assert(sizeof band_names / sizeof *band_names == BANDS && BAND_FIRST_MS == 64,
	       "each has a name");

static int64_t number_at(const struct delivery_bucket *bucket, size_t offset)
{
	int64_t value;
	memcpy(&value, (const char *)bucket + offset, sizeof value);
	return value;
}

// ---- JSON

static void leave_group(struct answer *answer, struct json_members *out)
{
	if (answer->group)
		out_close(out, '}');
	answer->group = NULL;
}

// "read.rate" stands as "rate" in the object "read"; the fields of one stand side by side.
static const char *enter_group(struct answer *answer, struct json_members *out, const char *name)
{
	char group[32];
	const char *dot = strchr(name, '.');
	size_t n = dot ? (size_t)(dot - name) : 0;
	if (answer->group && dot && strncmp(answer->group, name, n + 1) == 0)
		return dot + 1;
	leave_group(answer, out);
	if (!dot)
		return name;
	snprintf(group, sizeof group, "%.*s", (int)n, name);
	out_open(out, group, '{');
	answer->group = name;
	return dot + 1;
}

// A cohort tells nothing of a horizon until all of it is so old, and until all that came by then has
// been read.
static bool is_mature(const struct question *question, usec_t end, usec_t horizon)
{
	usec_t known = question->honesty.complete_until;
	if (known > question->query.now)
		known = question->query.now;
	return known != USEC_NONE && end <= known - horizon;
}

static void out_horizon(const struct answer *answer, const struct metric_field *field,
			const struct delivery_bucket *bucket, size_t i, struct json_members *out)
{
	int64_t part = number_at(bucket, field->part + i * sizeof part);
	int64_t whole = number_at(bucket, field->whole);
	bool mature = is_mature(answer->question, bucket->end, horizon_lengths[i]);
	struct rating rating = answer->rating;
	rating.within = text_of(field->name);
	rating.horizon = horizon_names[i];
	out_open(out, horizon_names[i], '{');
	out_int(out, "count", part);
	out_rate(out, "rate", part, mature ? whole : 0, &rating);
	out_bool(out, "mature", mature);
	out_close(out, '}');
}

static void out_within(const struct answer *answer, const struct metric_field *field,
		       const struct delivery_bucket *bucket, struct json_members *out,
		       const char *name)
{
	out_open(out, name, '{');
	for (size_t i = 0; i < HORIZONS; i++)
		out_horizon(answer, field, bucket, i, out);
	out_close(out, '}');
}

static void out_bands(struct json_members *out, const char *name, const int64_t bands[BANDS])
{
	out_open(out, name, '{');
	for (size_t i = 0; i < BANDS; i++)
		out_int(out, band_names[i], bands[i]);
	out_close(out, '}');
}

static void out_rated(const struct answer *answer, const struct metric_field *field,
		      const struct delivery_bucket *bucket, struct json_members *out,
		      const char *name)
{
	struct rating rating = answer->rating;
	int64_t part = number_at(bucket, field->part);
	if (field->more)
		part += number_at(bucket, field->more);
	rating.within = (struct text){field->name, (size_t)(name - field->name)};
	out_rate(out, name, part, number_at(bucket, field->whole), &rating);
}

static void out_field(struct answer *answer, const struct metric_field *field,
		      const struct delivery_bucket *bucket, struct json_members *out)
{
	const char *name = enter_group(answer, out, field->name);
	const struct latency *latency = &bucket->latencies[field->series];
	switch (field->kind) {
	case FIELD_COUNT:
		out_int(out, name, number_at(bucket, field->part));
		break;
	case FIELD_RATE:
		out_rated(answer, field, bucket, out, name);
		break;
	case FIELD_WITHIN:
		out_within(answer, field, bucket, out, name);
		break;
	case FIELD_LATENCY:
		out_latency(out, name, latency->n, latency->ms, bucket->estimated);
		break;
	case FIELD_EXPECTED:
		out_expected(out, name, number_at(bucket, field->part), latency, bucket->estimated);
		break;
	case FIELD_BANDS:
		out_bands(out, name, bucket->bands);
		break;
	}
}

static bool each_bucket(void *self, const struct delivery_bucket *bucket)
{
	struct answer *answer = self;
	struct buf names = {0};
	struct json_members suppressed = {.buf = &names};
	struct json_members out = {.buf = question_row(answer->question)};
	answer->rating.suppressed = &suppressed;
	out_open(&out, NULL, '{');
	out_usec(&out, "start", bucket->start, 6);
	out_usec(&out, "end", bucket->end, 6);
	out_bool(&out, "final", question_final(answer->question, bucket->end));
	for (size_t i = 0; i < answer->path->count; i++)
		out_field(answer, &answer->path->fields[i], bucket, &out);
	leave_group(answer, &out);
	if (answer->path->rated) {
		out_open(&out, "suppressed", '[');
		buf_text(out.buf, buf_view(&names));
		out_close(&out, ']');
	}
	out_close(&out, '}');
	question_row_end(answer->question);
	buf_free(&names);
	return true;
}

// ---- CSV

struct column_list {
	struct arena *arena;
	const char **items;
	size_t count;
};

enum { COLUMNS_MAX = 256 };

static void add_column(struct column_list *list, const char *name, const char *more)
{
	struct text text = arena_printf(list->arena, "%s%s", name, more);
	if (list->count < COLUMNS_MAX - 1)
		list->items[list->count++] = arena_zstr(list->arena, text);
}

static void add_columns(struct column_list *list, const char *name, const char *const *more)
{
	for (; *more; more++)
		add_column(list, name, *more);
}

static void add_horizons(struct column_list *list, const char *name)
{
	static const char *const more[] = {
		".count", ".rate", ".rate_wilson.low", ".rate_wilson.high", ".mature", NULL};
	for (size_t i = 0; i < HORIZONS; i++) {
		struct text text = arena_printf(list->arena, "%s.%s", name, horizon_names[i]);
		add_columns(list, arena_zstr(list->arena, text), more);
	}
}

static void add_bands(struct column_list *list, const char *name)
{
	for (size_t i = 0; i < BANDS; i++) {
		add_column(
			list, name,
			arena_zstr(list->arena, arena_printf(list->arena, ".%s", band_names[i])));
	}
}

static void add_field(struct column_list *list, const struct metric_field *field)
{
	static const char *const count[] = {"", NULL};
	static const char *const rate[] = {"", "_wilson.low", "_wilson.high", NULL};
	static const char *const latency[] = {".n",   ".p50", ".p90",       ".p95",
					      ".p99", ".max", ".max_error", NULL};
	static const char *const expected[] = {".answered", ".beyond", NULL};
	if (field->kind == FIELD_WITHIN)
		add_horizons(list, field->name);
	else if (field->kind == FIELD_BANDS)
		add_bands(list, field->name);
	else
		add_columns(list, field->name,
			    field->kind == FIELD_COUNT  ? count
			    : field->kind == FIELD_RATE ? rate
							: latency);
	if (field->kind == FIELD_EXPECTED)
		add_columns(list, field->name, expected);
}

static const char *const *columns_of(const struct metric_path *path, struct arena *arena)
{
	static const char *const first[] = {"start", "end", "final", NULL};
	struct column_list list = {arena, arena_alloc(arena, COLUMNS_MAX * sizeof(char *)), 0};
	add_columns(&list, "", first);
	for (size_t i = 0; i < path->count; i++)
		add_field(&list, &path->fields[i]);
	if (path->rated)
		add_column(&list, "suppressed", "");
	list.items[list.count] = NULL;
	return list.items;
}

// ---- the path

static bool ask_path(struct question *question, const struct metric_query *query, struct err *err)
{
	const struct metric_path *path = question->form->path;
	struct call *call = question->call;
	struct answer answer = {.path = path, .question = question};
	struct metric_query wanted = *query;
	wanted.series |= path->series;
	for (size_t i = 0; i < path->count; i++) {
		enum field_kind kind = path->fields[i].kind;
		if (kind == FIELD_LATENCY || kind == FIELD_EXPECTED || kind == FIELD_BANDS)
			wanted.series |= 1U << path->fields[i].series;
	}
	wanted.series = wanted.series ? wanted.series : 1U << SERIES_COUNT; // none
	answer.rating =
		(struct rating){.min_count = path->rated ? call->params[Q_MIN_COUNT].number : 1};
	return path->ask(call->db->store, &wanted, &answer, each_bucket, err);
}

// What the numbers mean, and how rates are shown.
static void put_members(const struct question *question, json_t *object)
{
	const struct metric_path *path = question->form->path;
	json_t *definitions = json_object();
	for (size_t i = 0; i < path->count; i++)
		json_object_set_new(definitions, path->fields[i].name,
				    json_string(path->fields[i].what));
	json_object_set_new(object, "definitions", definitions);
	if (question->call->params[Q_FIELDS].given)
		json_object_set_new(object, "fields",
				    json_text(question->call->params[Q_FIELDS].text));
	if (path->settled)
		put_number(object, "settle_waiting", question->settle_waiting);
	if (!path->rated)
		return;
	put_number(object, "min_count", question->call->params[Q_MIN_COUNT].number);
	json_object_set_new(object, "interval", json_string("Wilson score, 95 %"));
}

// ---- fields=

// Names with commas between them; a list has no empty name.
static bool next_name(struct text *list, struct text *name)
{
	if (!list->p)
		return false;
	const char *comma = memchr(list->p, ',', list->n);
	size_t n = comma ? (size_t)(comma - list->p) : list->n;
	*name = (struct text){list->p, n};
	*list = comma ? (struct text){comma + 1, list->n - n - 1} : TEXT_NONE;
	return true;
}

// "read" means all of "read.rate", "read.time_to_read_ms" and so on.
static bool is_called(const struct metric_field *field, struct text name)
{
	return strncmp(field->name, name.p, name.n) == 0 &&
	       (field->name[name.n] == '\0' || field->name[name.n] == '.');
}

static bool is_wanted(const struct metric_field *field, struct text list)
{
	struct text name;
	while (next_name(&list, &name))
		if (is_called(field, name))
			return true;
	return false;
}

// True: there is nothing of that name, and the problem is in the reply.
static bool is_unknown(struct call *call, const struct metric_path *path, struct text name)
{
	struct buf detail = {0};
	for (size_t i = 0; i < path->count; i++) {
		if (is_called(&path->fields[i], name))
			return false;
		buf_printf(&detail, "%s%s", i ? ", " : "Here are: ", path->fields[i].name);
	}
	buf_zstr(&detail, ".");
	call_problem(call, 400, arena_zstr(call->request->arena, buf_view(&detail)), "fields");
	buf_free(&detail);
	return true;
}

// The same path with fewer numbers: what is not shown is not asked for either. NULL: a problem.
static const struct metric_path *chosen_path(struct call *call, const struct metric_path *path)
{
	struct text list = call->params[Q_FIELDS].text, name;
	struct metric_path *chosen = arena_alloc(call->request->arena, sizeof *chosen);
	struct metric_field *fields =
		arena_alloc(call->request->arena, path->count * sizeof *fields);
	if (!call->params[Q_FIELDS].given)
		return path;
	while (next_name(&list, &name))
		if (is_unknown(call, path, name))
			return NULL;
	*chosen = *path;
	chosen->fields = fields;
	chosen->count = 0;
	for (size_t i = 0; i < path->count; i++)
		if (is_wanted(&path->fields[i], call->params[Q_FIELDS].text))
			fields[chosen->count++] = path->fields[i];
	return chosen;
}

bool metric_handle(struct call *call, const struct metric_path *path, struct err *err)
{
	const struct metric_path *chosen = chosen_path(call, path);
	if (!chosen)
		return true;
	const struct question_form form = {
		.ask = ask_path,
		.columns = columns_of(chosen, call->request->arena),
		.ripens = path->ripens,
		.settled = path->settled,
		.members = put_members,
		.path = chosen,
	};
	return question_handle(call, &form, err);
}
