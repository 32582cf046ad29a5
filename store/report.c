// SPDX-License-Identifier: Apache-2.0
// Reports that were made: revisions, bytes and digests of their files, and who was to get them.
#include "store/read.h"

#include <sodium.h>

#define REPORT_PATIENCE (60 * USEC_PER_SEC)

const char *const report_formats[] = {"csv", "html", "json", NULL};
const char *const report_ways[] = {"hook", "mail", NULL};

// ---- one at a time

bool store_report_lock(struct store *store, bool *taken, struct err *err)
{
	return turn_try(store, LOCK_REPORT, taken, err);
}

bool store_report_wait(struct store *store, struct err *err)
{
	return turn_wait(store, LOCK_REPORT, REPORT_PATIENCE,
			 "reports are being made, or somebody is being erased, by another process",
			 err);
}

void store_report_unlock(struct store *store)
{
	turn_end(store, LOCK_REPORT);
}

// ---- one state of the data

bool store_hold_snapshot(struct store *store, struct err *err)
{
	store->held = txn_begin(store, TXN_SNAPSHOT, err);
	return store->held;
}

void store_release_snapshot(struct store *store)
{
	if (store->held)
		txn_rollback(store);
	store->held = false;
}

// ---- which there are

static void put_key(struct fields *params, const struct report_key *key)
{
	put_int4(params, key->realm);
	put_zstr(params, key->period);
	put_date(params, key->day);
	put_zstr(params, key->zone);
	put_int4(params, key->revision);
}

static void put_filter(struct fields *params, const struct report_filter *filter)
{
	put_int4(params, filter->realm);
	put_zstr(params, filter->period);
	put_date(params, filter->since);
	put_date(params, filter->until);
	put_zstr(params, filter->zone);
	if (filter->revision < 0)
		put_null(params);
	else
		put_int4(params, filter->revision);
	put_int8(params, filter->limit);
}

struct listing {
	struct arena *arena;
	void *self;
	bool (*each)(void *self, const struct stored_report *report);
};

// Arrays of one lateral query: all have as many elements.
static void read_files(const struct rows *rows, struct stored_report *report)
{
	struct array format, name, bytes, sha256;
	struct text size;
	array_open(&format, rows, 0, 10);
	array_open(&name, rows, 0, 11);
	array_open(&bytes, rows, 0, 12);
	array_open(&sha256, rows, 0, 13);
	while (report->file_count < REPORT_FORMATS) {
		struct report_file *file = &report->files[report->file_count];
		if (!array_next(&format, &file->format) || !array_next(&name, &file->name) ||
		    !array_next(&bytes, &size) || !array_next(&sha256, &file->sha256))
			break;
		file->bytes = array_int(size);
		report->file_count++;
	}
	report->kept = row_bool(rows, 0, 14);
}

static void read_sendings(const struct rows *rows, struct stored_report *report)
{
	struct array way, tries, next_at, done_at, problem;
	struct text number, next, done;
	array_open(&way, rows, 0, 15);
	array_open(&tries, rows, 0, 16);
	array_open(&next_at, rows, 0, 17);
	array_open(&done_at, rows, 0, 18);
	array_open(&problem, rows, 0, 19);
	while (report->sending_count < REPORT_WAYS) {
		struct report_sending *sending = &report->sendings[report->sending_count];
		if (!array_next(&way, &sending->way) || !array_next(&tries, &number) ||
		    !array_next(&next_at, &next) || !array_next(&done_at, &done) ||
		    !array_next(&problem, &sending->problem))
			break;
		sending->tries = array_int(number);
		sending->next_at = array_usec(next);
		sending->done_at = array_usec(done);
		report->sending_count++;
	}
}

static bool each_report(void *self, const struct rows *rows)
{
	const struct listing *listing = self;
	struct stored_report report = {
		.key = {.realm = (int32_t)row_int(rows, 0, 0),
			.period = arena_zstr(listing->arena, row_text(rows, 0, 1)),
			.day = row_usec(rows, 0, 2),
			.zone = arena_zstr(listing->arena, row_text(rows, 0, 3)),
			.revision = (int)row_int(rows, 0, 4)},
		.made_at = row_usec(rows, 0, 5),
		.complete_until = row_usec(rows, 0, 6),
		.incomplete = row_bool(rows, 0, 7),
		.final = row_bool(rows, 0, 8),
		.figures = row_text(rows, 0, 9),
	};
	read_files(rows, &report);
	read_sendings(rows, &report);
	return listing->each(listing->self, &report);
}

bool store_reports(struct store *store, const struct report_filter *filter, struct arena *arena,
		   void *self, bool (*each)(void *self, const struct stored_report *report),
		   struct err *err)
{
	struct listing listing = {arena, self, each};
	FIELDS_AUTO params = {0};
	put_filter(&params, filter);
	return sql_each(store, "report_list", &params, &listing, each_report, err);
}

bool store_report_content(struct store *store, const struct report_key *key, const char *format,
			  struct arena *arena, int *revision, struct text *content, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_key(&params, key);
	put_zstr(&params, format);
	if (!sql_run(store, "report_content", &params, &rows, err))
		return false;
	*revision = rows.count ? (int)row_int(&rows, 0, 0) : 0;
	*content = rows.count ? row_copy(&rows, 0, 1, arena) : TEXT_NONE;
	return true;
}

// ---- a new one

static bool put_file(struct store *store, const struct report_key *key,
		     const struct report_file *file, struct err *err)
{
	unsigned char hash[32];
	FIELDS_AUTO params = {0};
	crypto_hash_sha256(hash, (const unsigned char *)file->content.p, file->content.n);
	put_key(&params, key);
	put_text(&params, file->format);
	put_text(&params, file->name);
	put_bytea(&params, (struct text){(const char *)hash, sizeof hash});
	put_bytea(&params, file->content);
	return sql_run(store, "report_file_put", &params, NULL, err);
}

static bool put_sending(struct store *store, const struct stored_report *report,
			const struct report_sending *sending, struct err *err)
{
	FIELDS_AUTO params = {0};
	put_key(&params, &report->key);
	put_text(&params, sending->way);
	put_usec(&params, report->made_at);
	return sql_run(store, "report_delivery_put", &params, NULL, err);
}

static bool put_report(struct store *store, const struct stored_report *report, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_key(&params, &report->key);
	put_usec(&params, report->made_at);
	put_usec(&params, report->complete_until);
	put_bool(&params, report->incomplete);
	put_bool(&params, report->final);
	put_text(&params, report->figures);
	if (!sql_run(store, "report_put", &params, &rows, err))
		return false;
	if (rows.changed == 0)
		return err_set(err, ERR_DATABASE, "somebody else has made this report just now");
	bool fine = true;
	for (size_t i = 0; fine && i < report->file_count; i++)
		fine = put_file(store, &report->key, &report->files[i], err);
	for (size_t i = 0; fine && i < report->sending_count; i++)
		fine = put_sending(store, report, &report->sendings[i], err);
	return fine;
}

bool store_report_put(struct store *store, const struct stored_report *report, struct err *err)
{
	if (txn_begin(store, TXN_WRITE, err) && put_report(store, report, err) &&
	    txn_commit(store, err))
		return true;
	txn_rollback(store);
	return false;
}

// ---- delivery

static struct report_due read_due(const struct rows *rows, struct arena *arena)
{
	return (struct report_due){
		.key = {.realm = (int32_t)row_int(rows, 0, 0),
			.period = arena_zstr(arena, row_text(rows, 0, 1)),
			.day = row_usec(rows, 0, 2),
			.zone = arena_zstr(arena, row_text(rows, 0, 3)),
			.revision = (int)row_int(rows, 0, 4)},
		.way = row_copy(rows, 0, 5, arena),
		.tries = row_int(rows, 0, 6),
		.name = row_copy(rows, 0, 7, arena),
		.incomplete = row_bool(rows, 0, 8),
		.final = row_bool(rows, 0, 9),
	};
}

bool store_report_claim(struct store *store, int32_t realm, usec_t now, usec_t lease,
			struct arena *arena, struct report_due *due, bool *found, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_int4(&params, realm);
	put_usec(&params, now);
	put_usec(&params, lease);
	if (!sql_run(store, "report_delivery_claim", &params, &rows, err))
		return false;
	*found = rows.count > 0;
	if (*found)
		*due = read_due(&rows, arena);
	return true;
}

bool store_report_sent(struct store *store, const struct report_due *due, usec_t now, usec_t next,
		       struct text problem, struct err *err)
{
	FIELDS_AUTO params = {0};
	put_key(&params, &due->key);
	put_text(&params, due->way);
	put_usec(&params, problem.p ? USEC_NONE : now);
	put_usec(&params, next);
	put_text(&params, problem);
	return sql_run(store, "report_delivery_done", &params, NULL, err);
}

// ---- retention

static bool forget(struct store *store, int32_t realm, const struct rows *rows, int i,
		   struct err *err)
{
	FIELDS_AUTO params = {0};
	put_int4(&params, realm);
	put_text(&params, row_text(rows, i, 0));
	put_date(&params, row_usec(rows, i, 1));
	put_text(&params, row_text(rows, i, 2));
	put_int4(&params, (int32_t)row_int(rows, i, 3));
	put_text(&params, row_text(rows, i, 5));
	return sql_run(store, "report_forget", &params, NULL, err);
}

bool store_report_forget(struct store *store, int32_t realm, usec_t before, int64_t bytes,
			 void *self, void (*each)(void *self, struct text name), struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_int4(&params, realm);
	put_usec(&params, before);
	put_int8(&params, bytes);
	bool fine = sql_run(store, "report_old", &params, &rows, err);
	for (int i = 0; fine && i < rows.count; i++) {
		fine = forget(store, realm, &rows, i, err);
		if (fine)
			each(self, row_text(&rows, i, 4));
	}
	return fine;
}

// ---- what it stands on

bool store_report_unread(struct store *store, int32_t realm, usec_t since, usec_t until,
			 struct unread *unread, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_span(&params, realm, since, until);
	if (!sql_run(store, "report_unread", &params, &rows, err))
		return false;
	*unread = (struct unread){
		.again = row_int(&rows, 0, 0),
		.followed = row_int(&rows, 0, 1),
		.unfinished = row_int(&rows, 0, 2),
		.first_at = row_usec(&rows, 0, 3),
	};
	return true;
}

bool store_report_open(struct store *store, int32_t realm, usec_t since, usec_t until,
		       int64_t *open, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_span(&params, realm, since, until);
	if (!sql_run(store, "report_open", &params, &rows, err))
		return false;
	*open = row_int(&rows, 0, 0);
	return true;
}

bool store_report_quarantine(struct store *store, int32_t realm, usec_t since, usec_t until,
			     void *self,
			     void (*each)(void *self, struct text source, struct text reason,
					  int64_t records),
			     struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_span(&params, realm, since, until);
	if (!sql_run(store, "report_quarantine", &params, &rows, err))
		return false;
	for (int i = 0; i < rows.count; i++)
		each(self, row_text(&rows, i, 0), row_text(&rows, i, 1), row_int(&rows, i, 2));
	return true;
}
