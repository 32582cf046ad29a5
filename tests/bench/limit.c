// SPDX-License-Identifier: Apache-2.0
// What the product is measured against: binary COPY of its own final rows (batch by batch, a
// transaction each, into the same schema), the same COPY into a table with the usual two indexes,
// and a row at a time.
#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>

const struct bench_table bench_tables[BENCH_TABLES] = {
	{"jid", NULL, "id"},
	{"message", "sent_at", "conv, sent_at, key, n"},
	{"ack", "seen_at", "conv, seen_at, key"},
	{"sent_id", "at", "hash"},
	{"finding", "first_at", "conv, key, element"},
};

// --- bounds ---

static FILE *open_bounds(const struct bench *bench, const char *mode)
{
	char path[256];
	snprintf(path, sizeof path, "%s/bounds", bench->dump);
	FILE *file = fopen(path, mode);
	if (!file)
		bench_fail(path, "cannot be opened");
	return file;
}

void write_bounds(const struct bench *bench, const usec_t *bounds, size_t count)
{
	FILE *file = open_bounds(bench, "we");
	bool fine = fwrite(bounds, sizeof *bounds, count, file) == count;
	if (fclose(file) != 0 || !fine)
		bench_fail("bounds", "cannot be written");
}

size_t read_bounds(const struct bench *bench, usec_t *bounds)
{
	FILE *file = open_bounds(bench, "re");
	size_t count = fread(bounds, sizeof *bounds, BATCHES_MAX, file);
	fclose(file);
	return count;
}

static void dump_path(const struct bench *bench, const char *table, size_t batch, char *path,
		      size_t size)
{
	snprintf(path, size, "%s/%s.%zu", bench->dump, table, batch);
}

// --- out ---

static void save(struct store *store, const char *query, const char *path)
{
	FILE *file = fopen(path, "we");
	PQsetnonblocking(store->conn, 0);
	PGresult *result = PQexec(store->conn, query);
	if (!file || PQresultStatus(result) != PGRES_COPY_OUT)
		bench_fail(query, PQerrorMessage(store->conn));
	PQclear(result);
	char *piece;
	for (int n; (n = PQgetCopyData(store->conn, &piece, 0)) > 0; PQfreemem(piece))
		if (fwrite(piece, (size_t)n, 1, file) != 1)
			bench_fail(path, "cannot be written");
	PQclear(PQgetResult(store->conn));
	PQclear(PQgetResult(store->conn));
	PQsetnonblocking(store->conn, 1);
	fclose(file);
}

void dump_rows(const struct bench *bench, struct store *store)
{
	usec_t *bounds = xcalloc(BATCHES_MAX, sizeof *bounds);
	size_t count = read_bounds(bench, bounds);
	for (size_t i = 0; i < count; i++) {
		for (const struct bench_table *table = bench_tables;
		     table < bench_tables + BENCH_TABLES; table++) {
			char query[512], path[256], lo[USEC_TEXT] = "-infinity",
						    hi[USEC_TEXT] = "infinity", where[128] = "";
			if (i)
				usec_format(bounds[i - 1], 6, lo);
			if (i + 1 < count)
				usec_format(bounds[i], 6, hi);
			if (table->at)
				snprintf(where, sizeof where, "%s > '%s' AND %s <= '%s'", table->at,
					 lo, table->at, hi);
			else
				snprintf(where, sizeof where, "%s", i ? "false" : "true");
			snprintf(query, sizeof query,
				 "COPY (SELECT * FROM %s WHERE %s ORDER BY %s) TO STDOUT (FORMAT "
				 "binary)",
				 table->name, where, table->order);
			dump_path(bench, table->name, i, path, sizeof path);
			save(store, query, path);
		}
	}
	free(bounds);
}

// --- in ---

static void copy_in(struct store *store, const char *table, const char *path)
{
	char query[256], piece[64 * 1024];
	FILE *file = fopen(path, "re");
	snprintf(query, sizeof query, "COPY %s FROM STDIN (FORMAT binary)", table);
	PGresult *result = PQexec(store->conn, query);
	if (!file || PQresultStatus(result) != PGRES_COPY_IN)
		bench_fail(query, PQerrorMessage(store->conn));
	PQclear(result);
	for (size_t n; (n = fread(piece, 1, sizeof piece, file)) > 0;)
		if (PQputCopyData(store->conn, piece, (int)n) != 1)
			bench_fail(query, PQerrorMessage(store->conn));
	fclose(file);
	if (PQputCopyEnd(store->conn, NULL) != 1)
		bench_fail(query, PQerrorMessage(store->conn));
	result = PQgetResult(store->conn);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		bench_fail(query, PQerrorMessage(store->conn));
	PQclear(result);
	PQclear(PQgetResult(store->conn));
}

static void command(struct store *store, const char *text)
{
	PGresult *result = PQexec(store->conn, text);
	if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
		bench_fail(text, PQerrorMessage(store->conn));
	PQclear(result);
}

static bool is_empty(const char *path)
{
	FILE *file = fopen(path, "re");
	fseek(file, 0, SEEK_END);
	long size = ftell(file);
	fclose(file);
	return size <= 21; // header and trailer
}

static void load_batches(struct bench *bench, struct store *store, const char *only,
			 const char *into)
{
	usec_t *bounds = xcalloc(BATCHES_MAX, sizeof *bounds);
	size_t count = read_bounds(bench, bounds);
	free(bounds);
	for (size_t i = 0; i < count; i++) {
		command(store, "BEGIN");
		for (int t = 0; t < BENCH_TABLES; t++) {
			char path[256];
			const char *name = bench_tables[t].name;
			dump_path(bench, name, i, path, sizeof path);
			if ((!only || !strcmp(only, name)) && !is_empty(path))
				copy_in(store, into ? into : name, path);
		}
		command(store, "COMMIT");
	}
}

// One is made a day; a month of them at once would say nothing of either.
void make_days(struct store *store)
{
	PQsetnonblocking(store->conn, 0);
	command(store, "SELECT make_day(d::date) FROM generate_series(timestamptz '2026-03-01', "
		       "timestamptz '2026-04-02', interval '1 day') AS d");
	PQsetnonblocking(store->conn, 1);
}

bool leg_limit(struct bench *bench, struct store *store, struct run_result *leg)
{
	struct clock clock;
	make_days(store);
	clock_start(bench, store, &clock);
	PQsetnonblocking(store->conn, 0);
	load_batches(bench, store, NULL, NULL);
	clock_stop(bench, store, &clock, leg);
	return true;
}

bool leg_usual(struct bench *bench, struct store *store, struct run_result *leg)
{
	struct clock clock;
	PQsetnonblocking(store->conn, 0);
	command(store, "CREATE TABLE receiptd.usual (LIKE message INCLUDING DEFAULTS)");
	command(store, "CREATE UNIQUE INDEX usual_key ON receiptd.usual (key, n)");
	command(store, "CREATE INDEX usual_time ON receiptd.usual (conv, sent_at)");
	clock_start(bench, store, &clock);
	PQsetnonblocking(store->conn, 0);
	load_batches(bench, store, "message", "usual");
	clock_stop(bench, store, &clock, leg);
	leg->rows = fixture_int(store, "SELECT count(*) FROM usual");
	return true;
}

// --- a row at a time ---

enum { SINGLE_MESSAGES = 4000 };

static void single_event(struct store *store, struct feed *feed, const struct event *event)
{
	static const char *const statements[] = {"single_new", "single_received", "single_read"};
	struct text from, to, id = feed_id(feed, event), body = feed_body(feed, event);
	char at[USEC_TEXT], a[64], b[64], i[32], text[256];
	feed_party(feed, event, true, &from);
	feed_party(feed, event, false, &to);
	snprintf(a, sizeof a, "%.*s", (int)from.n, from.p);
	snprintf(b, sizeof b, "%.*s", (int)to.n, to.p);
	snprintf(i, sizeof i, "%.*s", (int)id.n, id.p);
	snprintf(text, sizeof text, "%.*s", (int)body.n, body.p);
	const char *values[] = {a, b, i, usec_format(event->at, 6, at), text};
	PGresult *result =
		PQexecPrepared(store->conn, statements[event->kind],
			       event->kind == EVENT_MESSAGE ? 5 : 4, values, NULL, NULL, 0);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		bench_fail("single", PQerrorMessage(store->conn));
	PQclear(result);
}

bool leg_single(struct bench *bench, struct store *store, struct run_result *leg)
{
	struct clock clock;
	struct event event;
	struct feed *feed = feed_open(bench->events);
	PQsetnonblocking(store->conn, 0);
	command(store,
		"CREATE TABLE receiptd.single (sender text, recipient text, id text, sent_at "
		"timestamptz, body text, delivered_at timestamptz, displayed_at timestamptz)");
	command(store, "CREATE UNIQUE INDEX single_key ON receiptd.single (sender, recipient, id)");
	command(store, "CREATE INDEX single_time ON receiptd.single (sent_at)");
	command(store, "PREPARE single_new (text, text, text, timestamptz, text) AS "
		       "INSERT INTO single VALUES ($1, $2, $3, $4, $5)");
	command(store, "PREPARE single_received (text, text, text, timestamptz) AS UPDATE single "
		       "SET delivered_at = $4 WHERE sender = $1 AND recipient = $2 AND id = $3");
	command(store, "PREPARE single_read (text, text, text, timestamptz) AS UPDATE single "
		       "SET displayed_at = $4 WHERE sender = $1 AND recipient = $2 AND id = $3");
	clock_start(bench, store, &clock);
	PQsetnonblocking(store->conn, 0);
	while (leg->rows < SINGLE_MESSAGES && feed_next(feed, &event)) {
		if (event.egress)
			continue;
		leg->rows += event.kind == EVENT_MESSAGE;
		single_event(store, feed, &event);
	}
	clock_stop(bench, store, &clock, leg);
	feed_close(feed);
	return true;
}
