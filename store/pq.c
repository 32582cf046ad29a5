// SPDX-License-Identifier: Apache-2.0
// Running statements. The socket never blocks: every wait has an absolute deadline of our own,
// because a server or proxy that keeps the connection and says nothing would hold us for ever
// (F79).
#include "store/internal.h"

#include "core/embedded.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void result_free(PGresult **result)
{
	PQclear(*result);
}
#define RESULT_AUTO __attribute__((cleanup(result_free))) PGresult

bool pq_wait(PGconn *conn, bool writing, usec_t deadline)
{
	struct pollfd fd = {PQsocket(conn), (short)(POLLIN | (writing ? POLLOUT : 0)), 0};
	if (fd.fd < 0)
		return false;
	for (;;) {
		usec_t left = deadline - usec_monotonic();
		if (left <= 0)
			return false;
		int ms = left > 1000 * USEC_PER_SEC ? 1000000 : (int)((left + 999) / 1000);
		int ready = poll(&fd, 1, ms);
		if (ready > 0)
			return true;
		if (ready < 0 && errno != EINTR)
			return false;
	}
}

// The connection is of no use any more. Says whether it was lost or only silent.
static bool lost(struct store *store, const char *what, struct err *err)
{
	store->broken = true;
	store->sqlstate[0] = '\0';
	if (store->conn && PQstatus(store->conn) != CONNECTION_OK)
		return pq_failed(store, NULL, what, err);
	return err_set(err, ERR_DATABASE, "%s: the database did not answer for %lld s", what,
		       (long long)(store->patience / USEC_PER_SEC));
}

static bool flush(struct store *store, usec_t deadline)
{
	int more;
	while ((more = PQflush(store->conn)) > 0) {
		if (!pq_wait(store->conn, true, deadline) || !PQconsumeInput(store->conn))
			return false;
	}
	return more == 0;
}

static void cancel(struct store *store)
{
	PGcancel *handle = PQgetCancel(store->conn);
	char ignored[256];
	if (handle)
		PQcancel(handle, ignored, sizeof ignored);
	PQfreeCancel(handle);
}

enum { LOOK_MS = 250 }; // how often it is asked whether anybody still wants the answer

// Nobody waits for the answer any more: the statement ends with 57014, as after a cancel by hand.
static bool wait_watched(struct store *store, usec_t deadline)
{
	while (store->gone && usec_monotonic() < deadline) {
		usec_t look = usec_monotonic() + LOOK_MS * 1000;
		if (pq_wait(store->conn, false, look < deadline ? look : deadline))
			return true;
		if (store->gone(store->gone_self)) {
			store->gone = NULL;
			cancel(store);
		}
	}
	return pq_wait(store->conn, false, deadline);
}

void store_watch(struct store *store, bool (*gone)(void *self), void *self)
{
	store->gone = gone;
	store->gone_self = self;
}

// The next result, NULL after the last. *ok false: lost.
static PGresult *next_result(struct store *store, bool *ok)
{
	usec_t deadline = usec_monotonic() + store->patience;
	*ok = flush(store, deadline);
	while (*ok && PQisBusy(store->conn))
		*ok = wait_watched(store, deadline) && PQconsumeInput(store->conn);
	return *ok ? PQgetResult(store->conn) : NULL;
}

static bool is_good(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);
	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ||
	       status == PGRES_SINGLE_TUPLE || status == PGRES_COPY_IN;
}

// Reads the results of one command up to its end; the first error counts. *last gets the last good
// result when wanted.
static bool finish(struct store *store, const char *what, PGresult **last, struct err *err)
{
	bool fine = true, ok;
	for (;;) {
		RESULT_AUTO *result = next_result(store, &ok);
		if (!ok)
			return lost(store, what, fine ? err : NULL);
		if (!result)
			return fine;
		if (!is_good(result)) {
			// What stands behind a failed one of the same trip was not run: that one says why.
			if (fine && PQresultStatus(result) != PGRES_PIPELINE_ABORTED)
				pq_failed(store, result, what, err);
			fine = false;
		} else if (last) {
			PQclear(*last);
			*last = result;
			result = NULL;
		}
	}
}

static bool usable(struct store *store, const char *what, struct err *err)
{
	store->sqlstate[0] = '\0';
	if (store->conn && !store->broken)
		return true;
	return err_set(err, ERR_DATABASE, "%s: the connection to the database is lost", what);
}

// --- the embedded statements ---

static int compare_name(const void *name, const void *file)
{
	return strcmp(name, ((const struct sql_file *)file)->name);
}

static const struct sql_file *find_file(const char *name)
{
	return bsearch(name, sql_files, sql_file_count, sizeof *sql_files, compare_name);
}

const char *sql_text(const char *name)
{
	const struct sql_file *file = find_file(name);
	return file ? file->text : NULL;
}

static bool prepare(struct store *store, const char *name, struct err *err)
{
	const struct sql_file *file = find_file(name);
	if (!file)
		return err_set(err, ERR_INTERNAL, "no statement %s in this program", name);
	bool *known = &store->prepared[file - sql_files];
	if (*known)
		return true;
	if (!PQsendPrepare(store->conn, name, file->text, 0, NULL))
		return lost(store, name, err);
	*known = finish(store, name, NULL, err);
	return *known;
}

// --- sending ---

enum { PARAMS_MAX = 100 };

struct parameters {
	const char *values[PARAMS_MAX];
	int lengths[PARAMS_MAX];
	int formats[PARAMS_MAX];
};

// The fields are a list of (length, bytes): exactly what libpq wants, once taken apart.
static void take_apart(const struct fields *fields, struct parameters *out)
{
	const char *at = fields->bytes.data;
	for (size_t i = 0; i < fields->count; i++) {
		uint32_t length = (uint32_t)(unsigned char)at[0] << 24 |
				  (uint32_t)(unsigned char)at[1] << 16 |
				  (uint32_t)(unsigned char)at[2] << 8 | (unsigned char)at[3];
		at += 4;
		out->values[i] = length == UINT32_MAX ? NULL : at;
		out->lengths[i] = length == UINT32_MAX ? 0 : (int)length;
		out->formats[i] = 1;
		at += out->lengths[i];
	}
}

// It may be sent; prepared on this connection, which takes a trip of its own the first time.
static bool ready(struct store *store, const char *name, const struct fields *params,
		  struct err *err)
{
	if (!usable(store, name, err))
		return false;
	if (!says_whose(name) && !ahead_say(store, err))
		return false;
	if (store->unsaid && !says_whose(name))
		return err_set(err, ERR_INTERNAL, "%s: nobody said whose rows it may see", name);
	if (params && params->refused) {
		memcpy(store->sqlstate, "22021", sizeof "22021");
		return err_set(err, ERR_INTERNAL, "%s: 22021 a text holds a NUL byte", name);
	}
	if (params && params->count > PARAMS_MAX)
		return err_set(err, ERR_INTERNAL, "%s: too many parameters", name);
	return prepare(store, name, err);
}

static bool put_on_way(struct store *store, const char *name, const struct fields *params)
{
	static const struct fields none = {0};
	struct parameters out;
	if (!params)
		params = &none;
	take_apart(params, &out);
	return PQsendQueryPrepared(store->conn, name, (int)params->count, out.values, out.lengths,
				   out.formats, 1);
}

static bool send(struct store *store, const char *name, const struct fields *params,
		 struct err *err)
{
	return ready(store, name, params, err) &&
	       (put_on_way(store, name, params) || lost(store, name, err));
}

// "1234" of "INSERT 0 1234"; nothing for other statements.
static int64_t changed_rows(PGresult *result)
{
	return strtoll(PQcmdTuples(result), NULL, 10);
}

bool sql_send(struct store *store, const char *name, const struct fields *params, struct err *err)
{
	// Written out now: the server works on it while the caller does something else.
	return send(store, name, params, err) &&
	       (flush(store, usec_monotonic() + store->patience) || lost(store, name, err));
}

bool sql_wait(struct store *store, const char *name, struct err *err)
{
	return finish(store, name, NULL, err);
}

static void give_rows(struct rows *rows, PGresult **result)
{
	if (!rows)
		return;
	*rows = (struct rows){
		.pg = *result, .count = PQntuples(*result), .changed = changed_rows(*result)};
	*result = NULL;
}

bool sql_run(struct store *store, const char *name, const struct fields *params, struct rows *rows,
	     struct err *err)
{
	RESULT_AUTO *result = NULL;
	if (!send(store, name, params, err) || !finish(store, name, &result, err))
		return false;
	give_rows(rows, &result);
	return true;
}

bool sql_each(struct store *store, const char *name, const struct fields *params, void *self,
	      bool (*each)(void *self, const struct rows *row), struct err *err)
{
	struct row_record record;
	if (!send(store, name, params, err))
		return false;
	if (!PQsetSingleRowMode(store->conn))
		return lost(store, name, err);
	for (;;) {
		bool ok;
		RESULT_AUTO *result = next_result(store, &ok);
		if (!ok)
			return lost(store, name, err);
		if (!result)
			return true;
		if (!is_good(result)) {
			pq_failed(store, result, name, err);
			finish(store, name, NULL, NULL);
			return false;
		}
		struct rows row = {.pg = result, .count = PQntuples(result)};
		if (row.count == 1 && is_record(result)) {
			record_open(&record, result);
			row.record = &record;
		}
		if (row.count == 1 && !each(self, &row))
			return pq_stop(store, name, err);
	}
}

bool sql_plan(struct store *store, const char *how, struct err *err)
{
	if (store->plan && strcmp(store->plan, how) == 0)
		return true;
	store->plan = NULL;
	if (!sql_run(store, how, NULL, NULL, err))
		return false;
	store->plan = how;
	return true;
}

// --- several in one trip ---

static bool send_all(struct store *store, const struct statement *list, size_t count)
{
	if (!PQenterPipelineMode(store->conn))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!put_on_way(store, list[i].name, list[i].params))
			return false;
	return PQpipelineSync(store->conn);
}

// The answers come in order; all of them are taken, also those behind one that failed.
static bool take_all(struct store *store, const struct statement *list, size_t count,
		     struct err *err)
{
	bool fine = true, ok;
	for (size_t i = 0; i < count && !store->broken; i++) {
		RESULT_AUTO *result = NULL;
		bool good = finish(store, list[i].name, &result, fine ? err : NULL);
		fine &= good;
		if (fine)
			give_rows(list[i].rows, &result);
	}
	if (store->broken)
		return false;
	RESULT_AUTO *sync = next_result(store, &ok);
	if (!ok || PQresultStatus(sync) != PGRES_PIPELINE_SYNC || !PQexitPipelineMode(store->conn))
		return lost(store, list[count - 1].name, fine ? err : NULL);
	return fine;
}

static bool run_all(struct store *store, const struct statement *all, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++)
		if (!ready(store, all[i].name, all[i].params, err))
			return false;
	if (!send_all(store, all, count))
		return lost(store, all[0].name, err);
	return take_all(store, all, count, err);
}

bool sql_together(struct store *store, const char *how, const struct statement *list, size_t count,
		  struct err *err)
{
	struct statement all[TOGETHER_MOST + 2];
	size_t ahead = ahead_first(store, all), n = ahead;
	if (how && !(store->plan && strcmp(store->plan, how) == 0))
		all[n++] = (struct statement){.name = how};
	for (size_t i = 0; i < count; i++)
		all[n++] = list[i];
	if (!n)
		return true;
	bool fine = run_all(store, all, n, err);
	ahead_ended(store, ahead, fine);
	if (how) // what failed undid the setting with it
		store->plan = fine ? how : NULL;
	return fine;
}

bool sql_script(struct store *store, const char *text, struct err *err)
{
	static const char what[] = "database";
	store->plan = NULL;
	if (!usable(store, what, err) || !ahead_say(store, err))
		return false;
	if (!PQsendQuery(store->conn, text))
		return lost(store, what, err);
	return finish(store, what, NULL, err);
}

// --- transactions ---

bool txn_begin(struct store *store, enum txn_kind kind, struct err *err)
{
	static const char *const begin[] = {
		[TXN_WRITE] = "BEGIN",
		[TXN_SNAPSHOT] = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
	};
	return sql_script(store, begin[kind], err);
}

bool txn_commit(struct store *store, struct err *err)
{
	static const char what[] = "commit";
	RESULT_AUTO *result = NULL;
	if (!usable(store, what, err))
		return false;
	if (!PQsendQuery(store->conn, "COMMIT"))
		return lost(store, what, err);
	if (!finish(store, what, &result, err))
		return false;
	// A transaction that had failed before "succeeds" in rolling back.
	if (strcmp(PQcmdStatus(result), "COMMIT") != 0)
		return err_set(err, ERR_INTERNAL, "commit: the transaction had failed");
	return true;
}

void txn_rollback(struct store *store)
{
	if (!store->conn || store->broken || PQtransactionStatus(store->conn) == PQTRANS_IDLE)
		return;
	char sqlstate[sizeof store->sqlstate]; // sql_again() still speaks of what failed
	memcpy(sqlstate, store->sqlstate, sizeof sqlstate);
	if (!sql_script(store, "ROLLBACK", NULL))
		store->broken = true;
	memcpy(store->sqlstate, sqlstate, sizeof sqlstate);
}

bool sql_again(const struct store *store)
{
	return strcmp(store->sqlstate, "40001") == 0 || strcmp(store->sqlstate, "40P01") == 0;
}

// --- used by pq_copy.c ---

bool pq_flush(struct store *store, const char *what, struct err *err)
{
	if (flush(store, usec_monotonic() + store->patience))
		return true;
	return lost(store, what, err);
}

bool pq_finish(struct store *store, const char *what, struct rows *rows, struct err *err)
{
	RESULT_AUTO *result = NULL;
	if (!finish(store, what, &result, err))
		return false;
	rows->changed = result ? changed_rows(result) : 0;
	return true;
}

static bool start_copy(struct store *store, const char *name, const char *text,
		       ExecStatusType wanted, struct err *err)
{
	if (!usable(store, name, err) || !ahead_say(store, err))
		return false;
	if (!PQsendQuery(store->conn, text))
		return lost(store, name, err);
	bool ok;
	RESULT_AUTO *result = next_result(store, &ok);
	if (!ok)
		return lost(store, name, err);
	if (PQresultStatus(result) == wanted)
		return true;
	pq_failed(store, result, name, err);
	finish(store, name, NULL, NULL);
	return false;
}

bool pq_start_copy(struct store *store, const char *name, struct err *err)
{
	const char *text = sql_text(name);
	return text ? start_copy(store, name, text, PGRES_COPY_IN, err)
		    : err_set(err, ERR_INTERNAL, "no statement %s in this program", name);
}

bool pq_start_copy_out(struct store *store, const char *name, const char *text, struct err *err)
{
	return start_copy(store, name, text, PGRES_COPY_OUT, err);
}

bool pq_more(struct store *store, const char *what, struct err *err)
{
	bool more = wait_watched(store, usec_monotonic() + store->patience) &&
		    PQconsumeInput(store->conn);
	return more || lost(store, what, err);
}

bool pq_stop(struct store *store, const char *what, struct err *err)
{
	int n;
	cancel(store);
	do { // of a COPY: libpq gives no result before its rows were taken
		char *bytes = NULL;
		n = PQgetCopyData(store->conn, &bytes, 1);
		PQfreemem(bytes);
	} while (n > 0 || (n == 0 && pq_more(store, what, err)));
	if (n == 0)
		return false;
	finish(store, what, NULL, NULL); // ends with 57014, as asked for
	return store->broken ? lost(store, what, err) : true;
}
