// SPDX-License-Identifier: Apache-2.0
#include "api/export.h"

#include "api/message_json.h"
#include "api/state_json.h"
#include "pairing/sequence.h"

#include <errno.h>
#include <poll.h>

enum { PIECE = 64 * 1024 }; // written at once: memory does not grow with the export

struct export
{
	struct table table;
	const struct pseudonyms *pseudonyms;
	struct buf rows;
	FILE *out;
	bool failed;
	struct err *err;
};

static bool flush_rows(struct export *export)
{
	if (export->rows.len > 0 &&
	    fwrite(export->rows.data, export->rows.len, 1, export->out) != 1 && !export->failed) {
		export->failed = true;
		err_set(export->err, ERR_STORAGE, "cannot write the export: %s", strerror(errno));
	}
	buf_drop(&export->rows, export->rows.len);
	return !export->failed;
}

static void begin(struct export *export, const struct export_options *options,
		  const char *const *columns, FILE *out, struct err *err)
{
	*export = (struct export){.out = out, .pseudonyms = options->pseudonyms, .err = err};
	export->table =
		(struct table){.format = options->format, .columns = columns, .out = &export->rows};
	table_begin(&export->table);
}

static bool row_done(struct export *export)
{
	return export->rows.len < PIECE || flush_rows(export);
}

static bool put(struct export *export, json_t *object)
{
	if (export->pseudonyms)
		pseudonyms_apply(export->pseudonyms, object);
	table_row(&export->table, object);
	json_decref(object);
	return row_done(export);
}

static bool end(struct export *export, bool ok)
{
	if (ok && !export->failed) {
		table_end(&export->table);
		if (export->table.format == TABLE_JSON)
			buf_char(&export->rows, '\n');
		flush_rows(export);
		if (!export->failed && fflush(export->out) != 0) {
			export->failed = true;
			err_set(export->err, ERR_STORAGE, "cannot write the export: %s",
				strerror(errno));
		}
	}
	buf_free(&export->rows);
	return ok && !export->failed;
}

static bool find_now(struct store *store, int32_t realm, struct text now, usec_t *at,
		     struct err *err)
{
	*at = usec_now();
	if (!now.p)
		return true;
	if (!text_is(now, "last")) {
		return usec_parse(now, at) ||
		       err_set(err, ERR_USAGE, "\"%.*s\" is not a time (nor \"last\")", (int)now.n,
			       now.p);
	}
	struct honesty honesty;
	if (!store_honesty(store, realm, USEC_NONE, USEC_NONE, &honesty, err))
		return false;
	if (honesty.newest != USEC_NONE)
		*at = honesty.newest;
	return true;
}

bool export_prepare(struct store *store, const char *realm, struct text now,
		    struct export_options *options, struct err *err)
{
	struct realm found;
	struct realm_settings rules = {0};
	if (!store_realm_rules(store, realm, &found, &rules, err))
		return false;
	struct export_options made = {.realm = found.id,
				      .since = USEC_NONE,
				      .until = USEC_NONE,
				      .t_expire = rules.t_expire,
				      .t_infer = rules.t_infer,
				      .t_typing = rules.t_typing,
				      .t_composing_open = rules.t_composing_open,
				      .w_match = rules.w_match,
				      .format = TABLE_NDJSON};
	realm_settings_free(&rules);
	if (!find_now(store, found.id, now, &made.now, err))
		return false;
	*options = made;
	return true;
}

static bool each_message(void *self, const struct message *message)
{
	struct export *export = self;
	if (export->pseudonyms)
		return put(export, message_json(message, 0));
	message_to_table(&export->table, message, 0);
	return row_done(export);
}

bool export_messages(struct store *store, const struct export_options *options, FILE *out,
		     struct err *err)
{
	const struct message_export asked = {.realm = options->realm,
					     .since = options->since,
					     .until = options->until,
					     .now = options->now,
					     .t_expire = options->t_expire};
	struct export export;
	begin(&export, options, message_columns_plain, out, err);
	bool ok = store_export_messages(store, &asked, &export, each_message, err);
	return end(&export, ok);
}

static void each_counter(void *self, const char *name, int64_t value)
{
	json_object_set_new(self, name, json_integer(value));
}

bool export_counters(struct store *store, const struct export_options *options, FILE *out,
		     struct err *err)
{
	JSON_AUTO *counters = json_object();
	if (!store_counters(store, options->realm, options->since, options->until, options->now,
			    options->t_expire, counters, each_counter, err))
		return false;
	static const char *const columns[] = {"name", "value", NULL};
	struct export export;
	begin(&export, options, columns, out, err);
	if (options->format != TABLE_CSV)
		return end(&export, put(&export, json_incref(counters)));
	const char *name;
	json_t *value;
	json_object_foreach(counters, name, value) {
		put(&export, json_pack("{s:s, s:O}", "name", name, "value", value));
	}
	return end(&export, true);
}

static bool each_finding(void *self, const struct stored_finding *finding)
{
	return put(self, finding_json(finding));
}

bool export_findings(struct store *store, const struct export_options *options, FILE *out,
		     struct err *err)
{
	struct export export;
	begin(&export, options, finding_columns, out, err);
	const struct finding_filter filter = {.realm = options->realm,
					      .since = options->since,
					      .until = options->until,
					      .now = options->now,
					      .t_expire = options->t_expire,
					      .w_match = options->w_match,
					      .t_composing_open = options->t_composing_open};
	bool ok = store_findings(store, &filter, &export, each_finding, err);
	return end(&export, ok);
}

// --- what answers stand on ---

static bool each_gap(void *self, const struct stored_gap *gap)
{
	return put(self, gap_json(gap));
}

bool export_gaps(struct store *store, const struct export_options *options, FILE *out,
		 struct err *err)
{
	struct export export;
	begin(&export, options, gap_columns, out, err);
	return end(&export, store_gaps(store, options->realm, options->since, options->until,
				       &export, each_gap, err));
}

static bool each_source(void *self, const struct source_state *source)
{
	return put(self, source_json(source));
}

bool export_sources(struct store *store, const struct export_options *options, FILE *out,
		    struct err *err)
{
	struct export export;
	begin(&export, options, source_columns, out, err);
	return end(&export, store_sources(store, options->realm, &export, each_source, err));
}

static bool each_quarantined(void *self, const struct stored_quarantine *record)
{
	return put(self, quarantine_json(record));
}

bool export_quarantine(struct store *store, const struct export_options *options, FILE *out,
		       struct err *err)
{
	struct export export;
	begin(&export, options, quarantine_columns, out, err);
	return end(&export,
		   store_quarantine(store, options->realm, &export, each_quarantined, err));
}

// --- typing ---

struct typing_export {
	struct export export;
	struct realm_settings rules;
	usec_t now;
};

static bool each_typing(void *self, const struct typing_row *row)
{
	struct typing_export *it = self;
	struct typing typing = {
		.start = row->start, .end = row->end, .ended = (enum typing_end)row->ended};
	struct typing_judged judged;
	if (!typing_judge(&typing, &it->rules, it->now, &judged))
		return true;
	struct buf from = {0};
	json_t *object = json_object();
	buf_text(&from, row->party);
	if (row->resource.p) {
		buf_char(&from, '/');
		buf_text(&from, row->resource);
	}
	json_object_set_new(object, "from", json_text(buf_view(&from)));
	json_object_set_new(object, "to", json_text(row->to));
	json_put_usec(object, "start", row->start, 6);
	json_object_set_new(object, "ms", json_integer(judged.ms));
	json_object_set_new(object, "ended_by", json_string(judged.ended_by));
	buf_free(&from);
	return put(&it->export, object);
}

bool export_typing(struct store *store, const struct export_options *options, FILE *out,
		   struct err *err)
{
	static const char *const columns[] = {"from", "to", "start", "ms", "ended_by", NULL};
	struct typing_export it = {.rules = {.t_typing = options->t_typing,
					     .t_composing_open = options->t_composing_open},
				   .now = options->now};
	begin(&it.export, options, columns, out, err);
	bool ok = store_typing(store, options->realm, options->since, options->until, &it,
			       each_typing, err);
	return end(&it.export, ok);
}

// --- settling ---

bool export_wait(struct store *store, int32_t realm, usec_t patience, int64_t *left,
		 struct err *err)
{
	struct settle_lag lag;
	usec_t until = usec_monotonic() + patience;
	do {
		if (!store_settle_lag(store, realm, &lag, err))
			return false;
		*left = lag.units;
		if (lag.units)
			poll(NULL, 0, 50);
	} while (lag.units && usec_monotonic() < until);
	return true;
}

static void put_rate(json_t *object, const char *key, int64_t part, int64_t whole)
{
	if (whole > 0)
		json_object_set_new(object, key,
				    json_pack("[I, I]", (json_int_t)part, (json_int_t)whole));
}

// p50 p90 p95 p99 max, of which the vectors have no p95.
static void put_latency(json_t *object, const char *key, const struct latency *latency)
{
	const int64_t *ms = latency->ms;
	if (latency->n <= 0)
		return;
	json_object_set_new(object, key,
			    json_pack("{s:I, s:I, s:I, s:I, s:I}", "n", (json_int_t)latency->n,
				      "p50", (json_int_t)ms[0], "p90", (json_int_t)ms[1], "p99",
				      (json_int_t)ms[3], "max", (json_int_t)ms[4]));
}

static bool each_total(void *self, const struct delivery_bucket *bucket)
{
	put_rate(self, "delivery_rate", bucket->confirmed, bucket->requested);
	put_rate(self, "read_rate", bucket->read, bucket->read_requested);
	put_latency(self, "ttd_ms", &bucket->latencies[SERIES_DELIVER]);
	put_latency(self, "ttr_ms", &bucket->latencies[SERIES_READ]);
	return true;
}

// The query wants both ends: all that the calendar of four digits has.
static usec_t or_year(usec_t at, int year)
{
	const struct civil civil = {.year = year, .month = 1, .day = 1};
	return at != USEC_NONE ? at : civil_to_utc(&civil);
}

bool export_metrics(struct store *store, const struct export_options *options, FILE *out,
		    struct err *err)
{
	JSON_AUTO *metrics = json_object();
	struct metric_query query = {.realm = options->realm,
				     .since = or_year(options->since, 1),
				     .until = or_year(options->until, 9999),
				     .now = options->now,
				     .t_expire = options->t_expire,
				     .infer = options->t_infer,
				     .exact = true};
	if (!store_delivery(store, &query, metrics, each_total, err))
		return false;
	static const char *const columns[] = {"delivery_rate", "read_rate", "ttd_ms", "ttr_ms",
					      NULL};
	struct export export;
	begin(&export, options, columns, out, err);
	return end(&export, put(&export, json_incref(metrics)));
}
