// SPDX-License-Identifier: Apache-2.0
// What is new: commit numbers, and where the rows of some commits are.
#include "store/read_live.h"

bool store_newest_commit(struct store *store, int64_t *commit, struct err *err)
{
	ROWS_AUTO rows = {0};
	if (!sql_run(store, "live_look", NULL, &rows, err))
		return false;
	*commit = row_int(&rows, 0, 0);
	return true;
}

unsigned store_connections(const struct store *store)
{
	return store->connections;
}

bool store_listen(struct store *store, bool *listening, struct err *err)
{
	ROWS_AUTO rows = {0};
	if (!sql_run(store, "live_standby", NULL, &rows, err))
		return false;
	*listening = !row_bool(&rows, 0, 0);
	return !*listening || sql_run(store, "live_listen", NULL, NULL, err);
}

int store_socket(const struct store *store)
{
	return store->conn && !store->broken ? PQsocket(store->conn) : -1;
}

bool store_notified(struct store *store)
{
	bool any = false;
	PGnotify *note;
	if (!store->conn || store->broken || !PQconsumeInput(store->conn))
		return false;
	while ((note = PQnotifies(store->conn))) {
		PQfreemem(note);
		any = true;
	}
	return any;
}

static void take_spans(const struct rows *rows, int row, struct fields *lo, struct fields *hi)
{
	struct array ends;
	struct text from, to;
	array_open(&ends, rows, row, 1);
	while (array_next(&ends, &from) && array_next(&ends, &to)) {
		put_usec(lo, array_usec(from));
		put_usec(hi, array_usec(to));
	}
}

bool commits_load(struct store *store, int32_t realm, int64_t after, int64_t upto,
		  struct commits *commits, struct err *err)
{
	FIELDS_AUTO params = {0};
	FIELDS_AUTO lo = {0};
	FIELDS_AUTO hi = {0};
	ROWS_AUTO rows = {0};
	*commits = (struct commits){0};
	put_int4(&params, realm);
	put_int8(&params, after);
	put_int8(&params, upto);
	if (!sql_run(store, "live_spans", &params, &rows, err))
		return false;
	for (int i = 0; i < rows.count; i++) {
		commits->rows += row_int(&rows, i, 0);
		take_spans(&rows, i, &lo, &hi);
	}
	commits->holes = rows.count != upto - after;
	add_spans(&commits->spans, &lo, &hi, LIVE_GAP_SECONDS * USEC_PER_SEC);
	return true;
}
