// SPDX-License-Identifier: Apache-2.0
// store_scrub(): UPDATE and DELETE leave old rows in pages, in statistics (most common values) and in WAL. Tables
// that an erasure touched are written anew (VACUUM FULL), so are the statistics, and WAL is renewed.
#include "store/internal.h"

#include <poll.h>

#define SCRUB_PATIENCE (60 * 60 * USEC_PER_SEC)
enum { RELOAD_MS = 300, SWITCHES_MOST = 200 };

static bool write_anew(struct store *store, const struct rows *rows, int row, struct err *err)
{
	FIELDS_AUTO params = {0};
	struct buf script = {0};
	bool whole = row_bool(rows, row, 3);
	struct text name = row_text(rows, row, 2);
	buf_printf(&script, "%s %.*s", whole ? "ANALYZE" : "VACUUM (FULL, ANALYZE)", (int)name.n,
		   name.p);
	buf_char(&script, '\0');
	bool fine = sql_script(store, script.data, err);
	buf_free(&script);
	put_text(&params, row_text(rows, row, 1));
	return fine && (whole || sql_run(store, "scrub_done", &params, NULL, err));
}

// --- WAL ---

// Files that were used before are named anew for what comes ("recycled") and keep their bytes until then.
static bool use_up(struct store *store, struct err *err)
{
	ROWS_AUTO ahead = {0};
	if (!sql_run(store, "scrub_ahead", NULL, &ahead, err))
		return false;
	int64_t count = row_int(&ahead, 0, 0) + 1;
	for (int64_t i = 0; i < count && i < SWITCHES_MOST; i++) {
		if (!sql_run(store, "scrub_switch", NULL, NULL, err))
			return false;
	}
	return sql_script(store, "CHECKPOINT", err);
}

static bool recycle(struct store *store, const char *how, struct err *err)
{
	bool fine =
		sql_script(store, how, err) && sql_script(store, "SELECT pg_reload_conf()", err);
	poll(NULL, 0, RELOAD_MS); // the checkpointer reads it in its own time
	return fine;
}

static bool renew_wal(struct store *store, bool *wal, struct err *err)
{
	ROWS_AUTO rows = {0};
	if (!sql_run(store, "scrub_super", NULL, &rows, err))
		return false;
	*wal = rows.count && row_bool(&rows, 0, 0);
	if (!*wal)
		return true;
	bool removes = row_bool(&rows, 0, 1);
	if (!sql_script(store, "VACUUM (FULL, ANALYZE) pg_catalog.pg_statistic", err) ||
	    (!removes && !recycle(store, "ALTER SYSTEM SET wal_recycle = off", err)))
		return false;
	bool fine = use_up(store, err) && use_up(store, err);
	struct err ignored = {0};
	if (!removes && !recycle(store, "ALTER SYSTEM RESET wal_recycle", &ignored) && fine)
		fine = err_set(err, ignored.kind, "%s", ignored.text);
	return fine;
}

static bool note(struct store *store, usec_t begun, struct err *err)
{
	FIELDS_AUTO params = {0};
	put_usec(&params, begun);
	return sql_run(store, "erasures_scrubbed", &params, NULL, err);
}

static bool scrub(struct store *store, void *self,
		  void (*each)(void *self, struct text table, int64_t done, int64_t of), bool *wal,
		  struct err *err)
{
	ROWS_AUTO rows = {0};
	if (!sql_run(store, "scrub_begin", NULL, &rows, err))
		return false;
	for (int i = 0; i < rows.count; i++) {
		if (*store->app->stop)
			return err_set(err, ERR_DIFFERS, "stopped before all was scrubbed");
		if (!write_anew(store, &rows, i, err))
			return false;
		each(self, row_text(&rows, i, 1), i + 1, rows.count);
	}
	return renew_wal(store, wal, err) &&
	       (!rows.count || note(store, row_usec(&rows, 0, 0), err));
}

bool store_scrub(struct store *store, void *self,
		 void (*each)(void *self, struct text table, int64_t done, int64_t of), bool *wal,
		 struct err *err)
{
	usec_t patience = store->patience;
	*wal = false;
	store->patience = SCRUB_PATIENCE;
	bool fine = scrub(store, self, each, wal, err);
	store->patience = patience;
	return fine;
}
