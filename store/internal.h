// SPDX-License-Identifier: Apache-2.0
// Inside of store/: only store/*.c include this. pq.c, pq_rows.c and pq_copy.c are the one place
// that talks libpq; everything else says which .sql file, with which fields, and reads rows by
// type.
//
//	FIELDS_AUTO params = {0};
//	put_int4(&params, realm);
//	put_text(&params, name);
//	ROWS_AUTO rows = {0};
//	if (!sql_run(store, "source_find", &params, &rows, err))
//		return err_wrap(err, "source %s", ...);
//	int64_t id = rows.count ? row_int(&rows, 0, 0) : 0;
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include "core/buf.h"
#include "store/cluster.h"
#include "store/store.h"

#include <endian.h>
#include <libpq-fe.h>
#include <string.h>

// Oldest server that is accepted: partitions with unique keys, gen_random_uuid, incremental sort.
#define SERVER_MIN 13

// Advisory locks: pg_advisory_xact_lock(LOCK_SPACE, one of these). 0x72637074 = "rcpt".
#define LOCK_SPACE 0x72637074
enum {
	LOCK_MIGRATE = 1,
	LOCK_NAMES = 2,
	LOCK_DAY = 3,
	LOCK_REPORT = 4,
	LOCK_SEAL = 5,
	LOCK_DAY_LIST = 6
}; // LOCK_DAY: used by make_day() itself

struct store {
	struct app *app;
	enum store_role role;
	struct cluster *cluster; // embedded database, else NULL
	PGconn *conn;            // NULL when not connected
	unsigned connections;    // made so far
	bool *prepared;          // by index in sql_files; this connection knows it
	const char *plan;        // what sql_plan said last; NULL: not known
	bool broken;             // lost, silent or out of step: nothing more is sent
	usec_t patience;         // longest silence of the server, F79 (60 s; longer in migrations)
	char sqlstate[6];        // of the last failed statement, "" when there was none
	bool guarded;            // rules for rows hold for it (F191)
	bool unsaid;   // whose rows it may see is still to be said: no other statement runs
	bool sees_all; // what was said is all of them
	bool held;     // one snapshot for all that asks for one (store_hold_snapshot)
	bool (*gone)(void *self); // store_watch; NULL = nobody can go
	void *gone_self;
	usec_t open_until; // read_open.c: where the oldest that wait end, of a full page; 0: not known
	struct token_ahead *ahead;  // sees.c: a token that goes with the next statement, else NULL
	struct kept_realms *realms; // read.c: known for some seconds, else NULL
	struct day_cache *days;     // read_conv.c: what the lists of days say, else NULL
	struct writer *writer;      // write.c: what it remembers between batches, else NULL
};

// --- fields: parameters, array elements and COPY rows are all the same bytes ---

// A list of values, each a 4-byte length (-1: NULL) and PostgreSQL's binary form.
// {0} is an empty list.
struct fields {
	struct buf bytes;
	size_t count;
	bool refused; // a text held a NUL byte (22021): sql_run and copy_row refuse to send it
};

// timestamptz counts from 2000-01-01T00:00:00Z.
#define PG_EPOCH (INT64_C(946684800) * USEC_PER_SEC)

void fields_free(struct fields *fields);
void fields_clear(struct fields *fields); // keeps the memory
#define FIELDS_AUTO __attribute__((cleanup(fields_free))) struct fields

void put_null(struct fields *fields);
void put_bool(struct fields *fields, bool value);
void put_int2(struct fields *fields, int value);
void put_int4(struct fields *fields, int32_t value);
void put_int8(struct fields *fields, int64_t value);
void put_text(struct fields *fields, struct text text);   // absent = NULL
void put_zstr(struct fields *fields, const char *zstr);   // NULL = NULL
void put_bytea(struct fields *fields, struct text bytes); // absent = NULL
void put_usec(struct fields *fields, usec_t at);          // timestamptz; USEC_NONE = NULL
void put_date(struct fields *fields, usec_t at); // date in UTC that contains "at"; USEC_NONE = NULL

// Element types of arrays: PostgreSQL's fixed type numbers.
enum element {
	OF_BOOL = 16,
	OF_BYTEA = 17,
	OF_INT8 = 20,
	OF_INT2 = 21,
	OF_INT4 = 23,
	OF_TEXT = 25,
	OF_DATE = 1082,
	OF_TIMESTAMPTZ = 1184
};
// One field that is an array of the items: for "= any($1)" and "unnest($1, $2)".
void put_array(struct fields *fields, enum element type, const struct fields *items);

// in_days() of migrations/0002: few spans of time that hold all of "lo" to "hi" (lists of put_usec(), both
// ends inclusive; a pair with a null is empty), so that a statement opens the days of these alone.
enum { IN_DAYS_SPANS = 6 };
void put_in_days(struct fields *fields, const struct fields *lo, const struct fields *hi);
// As values of their own, 2 * IN_DAYS_SPANS of them; null = no more. For statements of a few rows: an element of an array
// is made ready for each day.
void put_spans(struct fields *fields, const struct fields *lo, const struct fields *hi);
// The same as a list; gaps up to the widest are closed, and wider ones until few spans are left.
void add_spans(struct fields *ends, const struct fields *lo, const struct fields *hi,
	       usec_t widest);
enum { LIVE_GAP_SECONDS = 900 }; // widest gap that batch.spans closes: narrower would not read less
void put_int8s(struct fields *fields, const int64_t *items, size_t count);
void put_texts(struct fields *fields, const struct string_list *list);

// --- statements ---

struct field {
	Oid type;
	int length; // -1 = NULL
	const char *bytes;
};

enum { RECORD_COLUMNS = 72 };

struct row_record {
	int count;
	struct field fields[RECORD_COLUMNS];
};

struct rows { // a result, all of it, binary
	PGresult *pg;
	const struct row_record *record; // sql_each: the one row, taken apart; NULL: it is in pg
	int count;
	int64_t changed; // rows written by INSERT, UPDATE, DELETE
};

void rows_free(struct rows *rows);
#define ROWS_AUTO __attribute__((cleanup(rows_free))) struct rows

bool row_null(const struct rows *rows, int row, int column);
int64_t row_int(const struct rows *rows, int row, int column); // int2, int4, int8; NULL = 0
bool row_bool(const struct rows *rows, int row, int column);   // NULL = false
usec_t row_usec(const struct rows *rows, int row,
		int column); // timestamptz, date; NULL = USEC_NONE
// A slice of the result: valid until rows_free (sql_each: until the callback returns).
struct text row_text(const struct rows *rows, int row, int column); // text, bytea; NULL = TEXT_NONE
struct text row_copy(const struct rows *rows, int row, int column, struct arena *arena);
void row_strings(const struct rows *rows, int row, int column, struct string_list *list); // text[]

// Runs store/sql/<name>.sql, prepared at its first use on this connection. params may be NULL
// (none); rows may be NULL (not wanted), else it must be empty and is filled on success only.
bool sql_run(struct store *store, const char *name, const struct fields *params, struct rows *rows,
	     struct err *err);
// The same in two halves, for a statement without rows: between them the caller works elsewhere, and nothing else
// runs on this connection. sql_wait in any case after a sql_send that was true.
bool sql_send(struct store *store, const char *name, const struct fields *params, struct err *err);
bool sql_wait(struct store *store, const char *name, struct err *err);
// sql_run row by row with flat memory: the callback gets one row (number 0); false = stop (then
// the statement is cancelled, and true is returned). The callback must not use this store.
// "SELECT r FROM (SELECT ...) AS r" has one column, a record: the callback sees its columns as if they
// were the result's. For rows of many columns, because libpq copies the names of all for each row.
bool sql_each(struct store *store, const char *name, const struct fields *params, void *self,
	      bool (*each)(void *self, const struct rows *row), struct err *err);
// How the statements that follow are planned: "plan_known" with their values, "plan_kept" once for all, "plan_in_order"
// once and without sorting.
// The server is told only what is new to it; a transaction that ends may have undone it.
bool sql_plan(struct store *store, const char *how, struct err *err);
// Some statements in one trip: each runs when the one before it is done, as one transaction, and what stands behind
// one that fails does not run. how: as sql_plan, said with them when it is new; NULL: as it is. The rows of each as
// sql_run; what came before a failure is there, to be freed as ever.
enum { TOGETHER_MOST = 5 };
struct statement {
	const char *name;
	const struct fields *params;
	struct rows *rows;
};
bool sql_together(struct store *store, const char *how, const struct statement *list, size_t count,
		  struct err *err);
// Several statements as one text, no parameters: migrations, settings.
bool sql_script(struct store *store, const char *text, struct err *err);
// The text of store/sql/<name>.sql; NULL: there is none.
const char *sql_text(const char *name);

// The last failure was a serialization failure or deadlock: do the whole transaction again (F87).
bool sql_again(const struct store *store);

enum txn_kind { TXN_WRITE, TXN_SNAPSHOT }; // snapshot: repeatable read, read only

bool txn_begin(struct store *store, enum txn_kind kind, struct err *err);
// ERR_DATABASE with store->broken: it is not known whether it was committed (F78).
bool txn_commit(struct store *store, struct err *err);
void txn_rollback(struct store *store); // does nothing outside of a transaction

// --- binary COPY ---

//	struct copy copy;
//	if (!copy_begin(&copy, store, "copy_message", err)) ...
//	for each row: copy_row(&copy, 3); put_int8(&copy.fields, ...) x 3
//	return copy_end(&copy, err);
// Errors are kept until copy_end, which must be called whenever copy_begin succeeded.
struct copy {
	struct store *store;
	struct fields fields; // put_* go here
	struct err err;       // first failure
	int64_t rows;
};

// store/sql/copy_*.sql: "COPY ... FROM STDIN (FORMAT binary)". Those files are not prepared.
bool copy_begin(struct copy *copy, struct store *store, const char *name, struct err *err);
void copy_row(struct copy *copy, int columns); // starts a row; sends what has piled up over 64 KB
bool copy_end(struct copy *copy, struct err *err);
// COPY ... TO STDOUT (FORMAT binary): each row as it is sent, its values taken out by copy_value() in order (length and
// bytes; absent: null). each: false stops. Not beside another statement of the same connection.
bool copy_out(struct store *store, const char *what, const char *text, void *self,
	      bool (*each)(void *self, int columns, struct text row), struct err *err);
void copy_abort(struct copy *copy); // instead of copy_end: ends it, nothing is stored

// False: the row is cut. Here because a seal asks for some sixty values a row.
static inline bool copy_value(struct text *row, struct text *value)
{
	uint32_t n;
	*value = TEXT_NONE;
	if (row->n < sizeof n)
		return false;
	memcpy(&n, row->p, sizeof n);
	n = be32toh(n);
	*row = (struct text){row->p + sizeof n, row->n - sizeof n};
	if (n == UINT32_MAX)
		return true;
	if (n > row->n)
		return false;
	*value = (struct text){row->p, n};
	*row = (struct text){row->p + n, row->n - n};
	return true;
}

// --- turns.c: locks of a session, which may be had before a transaction; they end with the connection ---

bool turn_try(struct store *store, int lock, bool *taken, struct err *err); // without waiting
// ERR_DATABASE, beginning with "why": it was not free for so long, or we are to stop.
bool turn_wait(struct store *store, int lock, usec_t patience, const char *why, struct err *err);
void turn_end(struct store *store, int lock);

// --- records (pq_rows.c) ---

bool is_record(const PGresult *pg);
void record_open(struct row_record *record, const PGresult *pg); // slices of the result

void writer_free(struct writer *writer);      // write.c; NULL is fine
void kept_realms_forget(struct store *store); // read.c

// --- whose rows (sees.c) ---

bool store_look_at_guard(struct store *store, struct err *err); // after connecting: store->guarded
bool says_whose(const char *name); // a statement that says whose rows are seen
// A token that was announced (store_token_ahead) is asked about before anything else runs: now, when it still waits, or
// as the first statement of a trip, which ahead_ended() is told of.
bool ahead_say(struct store *store, struct err *err);
size_t ahead_first(struct store *store, struct statement *first); // 0: none waits
void ahead_ended(struct store *store, size_t count, bool fine);
bool ahead_is_of(const struct store *store, const unsigned char sha256[32]); // it was this one
// Its answer, once; one was announced.
bool ahead_take(struct store *store, struct rows *rows, struct err *err);
void ahead_forget(struct store *store);

// --- connection (connect.c) and migrations (migrate.c), used by each other ---

// libpq's message as one line, without LOCATION lines and with the password masked.
void pq_message(PGconn *conn, const char *message, char *out, size_t size);
// Fills err and store->sqlstate from a failed result (NULL: the connection's message). false.
bool pq_failed(struct store *store, const PGresult *result, const char *what, struct err *err);
// Waits until the socket can be read (or written too); false: deadline passed or socket failed.
bool pq_start_copy_out(struct store *store, const char *name, const char *text, struct err *err);
bool pq_more(struct store *store, const char *what, struct err *err); // waits for more of it
bool pq_stop(struct store *store, const char *what, struct err *err); // nobody wants the rest
bool pq_wait(PGconn *conn, bool writing, usec_t deadline);

// The lower half of pq_copy.c.
bool pq_start_copy(struct store *store, const char *name, struct err *err);
bool pq_flush(struct store *store, const char *what, struct err *err);
bool pq_finish(struct store *store, const char *what, struct rows *rows, struct err *err);

bool store_holds_lanes(const struct store *store);       // it may write batches
bool schema_check(struct store *store, struct err *err); // current, or ERR_USAGE
bool schema_migrate(struct store *store, bool dry_run, int *applied, struct err *err);

#endif
