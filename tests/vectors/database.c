// SPDX-License-Identifier: Apache-2.0
// The database path: a private cluster in a throw-away folder, one connection, a realm per run.
// Observations go in as lines of the dialect of that name, through stream and batcher as in an
// import, a commit at every batch's end; results come out through the export code.
#include "api/export.h"
#include "core/app.h"
#include "core/arena.h"
#include "ingest/batcher.h"
#include "ingest/stream.h"
#include "store/check.h"
#include "store/internal.h"
#include "tests/vectors/vector.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct database {
	struct app app;
	struct store *store;  // as the ingester, with no more rights
	struct store *reader; // as the API
	struct zone *zone;
	int runs;
};

struct run {
	struct database *database;
	const struct vector *vector;
	struct realm_settings rules;
	char name[96];  // of the realm
	struct buf log; // the lines as a file
	size_t *ends;   // of the batches, in bytes
	struct batcher *batcher;
	struct stream *stream;
	struct err *err;
};

static const atomic_int never;

// A throw-away cluster need not survive a power cut.
static bool without_fsync(struct store *store, struct err *err)
{
	return sql_script(store, "RESET ROLE", err) && // not for whoever stores
	       sql_script(store, "ALTER SYSTEM SET fsync = off", err) &&
	       sql_script(store, "SELECT pg_reload_conf()", err) &&
	       sql_script(store, "SET ROLE receiptd_ingest", err);
}

struct database *database_open(const char *folder, struct err *err)
{
	struct database *database = xcalloc(1, sizeof(*database));
	char setting[512];

	database->app.stop = &never;
	database->app.log = log_new(2, LOG_ERROR);
	database->zone = zone_open("UTC", err);
	snprintf(setting, sizeof(setting), "data_dir=%s", folder);
	if (database->zone && settings_load(NULL, &database->app.settings, err) &&
	    settings_set(database->app.settings, setting, err) &&
	    store_open(&database->app, STORE_INGEST, &database->store, err) &&
	    without_fsync(database->store, err) &&
	    store_open(&database->app, STORE_READ, &database->reader, err))
		return database;
	database_close(database);
	return NULL;
}

void database_close(struct database *database)
{
	if (!database)
		return;
	store_close(database->reader);
	store_close(database->store);
	if (database->app.settings)
		settings_free(database->app.settings);
	if (database->zone)
		zone_free(database->zone);
	log_free(database->app.log);
	free(database);
}

// --- in ---

static void write_log(struct run *run, const struct vector_plan *plan)
{
	size_t place = 0;

	run->ends = xcalloc(plan->batches + 1, sizeof(*run->ends));
	for (size_t i = 0; i < plan->batches; i++) {
		for (; place < plan->ends[i]; place++) {
			const json_t *line = run->vector->lines[plan->order[place]].json;
			char *text = json_dumps(line, JSON_COMPACT);
			buf_printf(&run->log, "%s\n", text);
			free(text);
		}
		run->ends[i] = run->log.len;
	}
}

static size_t read_log(void *self, uint64_t offset, size_t size, unsigned char *out)
{
	const struct run *run = self;
	size_t left = offset < run->log.len ? run->log.len - (size_t)offset : 0;
	size_t n = left < size ? left : size;

	memcpy(out, run->log.data + offset, n);
	return n;
}

static bool open_log(struct run *run)
{
	struct database *database = run->database;
	struct stream_file file = {run, read_log, run->log.len, NULL};
	struct stream_options options = {.path = run->name,
					 .source = "vector",
					 .dialect = dialect_by_name(TEXT("observations")),
					 .zone = database->zone,
					 .modified = USEC_NONE,
					 .rules = &run->rules};

	realm_settings_copy(&run->rules, &run->vector->rules);
	snprintf(run->name, sizeof(run->name), "%.60s-%d", run->vector->name, ++database->runs);
	// Plans of several batches: by a transaction per lane, and by one.
	bool lanes = database->runs % PLAN_COUNT == 0 || database->runs % 8 == 3;
	database->app.settings->parallel_events = lanes ? 1 : INT64_MAX;
	return batcher_open(&database->app, database->store, run->name, &run->rules, &run->batcher,
			    run->err) &&
	       stream_open(run->batcher, &options, &file, &run->stream, run->err);
}

// When settling runs must not matter: after some batches, and at the end.
static bool settle(struct run *run, bool last, size_t at)
{
	struct settle_result result = {.empty = !last && (at + (size_t)run->database->runs) % 3};

	while (!result.empty)
		if (!batcher_settle(run->batcher, USEC_PER_SEC, &result, run->err))
			return false;
	return true;
}

static bool import(struct run *run, const struct vector_plan *plan)
{
	struct batch_result result;
	size_t at = 0;

	write_log(run, plan);
	if (!open_log(run))
		return false;
	for (size_t i = 0; i < plan->batches; i++) {
		struct text piece = {run->log.data + at, run->ends[i] - at};
		bool last = i + 1 == plan->batches;
		at = run->ends[i];
		if (!stream_bytes(run->stream, piece, run->err) ||
		    (last && !stream_end(run->stream, true, run->err)) ||
		    !batcher_flush(run->batcher, &run->stream, 1, &result, run->err) ||
		    !settle(run, last, at))
			return false;
	}
	return true;
}

// --- roll-ups: the same as counted from the rows, whatever the batches ---

static void take_difference(void *self, const struct check_difference *it)
{
	struct err *err = self;
	err_set(err, ERR_DIFFERS, "%.*s: %.*s is %.*s, recomputed %.*s", (int)it->what.n,
		it->what.p, (int)it->column.n, it->column.p, (int)it->stored.n, it->stored.p,
		(int)it->made.n, it->made.p);
}

static bool check(struct run *run)
{
	struct check_result result;
	struct check_request request = {.since = USEC_NONE,
					.until = USEC_NONE,
					.limit = 1,
					.at_once = 5, // by days too
					.self = run->err,
					.difference = take_difference};
	struct realm realm;
	struct realm_settings rules = {0};
	struct store *store = run->database->reader;
	if (!store_realm_rules(store, run->name, &realm, &rules, run->err))
		return false;
	request.realm = realm.id;
	request.name = text_of(run->name);
	request.rules = &rules;
	bool fine = store_check(store, &request, &result, run->err) && !result.differences;
	realm_settings_free(&rules);
	return fine;
}

// --- out ---

typedef bool export_fn(struct store *store, const struct export_options *options, FILE *out,
		       struct err *err);

static json_t *export(struct run *run, export_fn *write)
{
	struct export_options options;
	char *text = NULL;
	size_t size = 0;
	json_t *list = NULL;
	char now[USEC_TEXT];
	FILE *out = open_memstream(&text, &size);
	bool ok = out &&
		  export_prepare(run->database->reader, run->name,
				 text_of(usec_format(run->vector->now, 6, now)), &options,
				 run->err) &&
		  write(run->database->reader, &options, out, run->err);

	if (out)
		fclose(out);
	if (ok)
		list = json_array();
	for (const char *at = text; ok && at < text + size;) {
		json_error_t error;
		json_t *row = json_loadb(at, (size_t)(text + size - at),
					 JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, &error);
		ok = row || err_set(run->err, ERR_INTERNAL, "export is no NDJSON: %s", error.text);
		json_array_append_new(list, row);
		at += error.position;
		at += strspn(at, "\r\n");
	}
	free(text);
	if (!ok)
		json_decref(list);
	return ok ? list : NULL;
}

static json_t *results(struct run *run)
{
	static const struct {
		const char *name;
		export_fn *write;
		bool single;
	} parts[] = {{"messages", export_messages, false},
		     {"counters", export_counters, true},
		     {"findings", export_findings, false},
		     {"metrics", export_metrics, true},
		     {"typing", export_typing, false}};
	json_t *all = json_object();

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		json_t *list = export(run, parts[i].write);
		if (!list) {
			json_decref(all);
			return NULL;
		}
		json_t *first = json_incref(json_array_get(list, 0));
		json_object_set_new(all, parts[i].name,
				    !parts[i].single ? json_incref(list)
				    : first          ? json_incref(first)
						     : json_object());
		json_decref(first);
		json_decref(list);
	}
	return all;
}

json_t *run_database(void *self, const struct vector *vector, const struct vector_plan *plan,
		     struct err *err)
{
	struct run run = {.database = self, .vector = vector, .err = err};
	json_t *got = import(&run, plan) && check(&run) ? results(&run) : NULL;

	stream_close(run.stream);
	batcher_close(run.batcher);
	realm_settings_free(&run.rules);
	buf_free(&run.log);
	free(run.ends);
	return got;
}
