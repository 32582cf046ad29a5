// SPDX-License-Identifier: Apache-2.0
// store_erase(): one transaction. What is done to each table is said by functions of migrations/0014; here
// is decided whether it may be done, who is meant, and what is kept of it.
#include "store/write.h"

#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>

#define ERASE_PATIENCE (60 * 60 * USEC_PER_SEC)

struct erasing {
	struct store *store;
	const struct erase_request *request;
	struct erase_result *result;
	struct privacy_key key;
	int64_t own; // jid.id
	struct fields ids, names, prints;
	json_t *tables;
	void *self;
	void (*each)(void *self, struct text table, int64_t rows);
};

static bool learn_id(struct erasing *it, struct err *err)
{
	if (!writer_ready(it->store, err))
		return false;
	struct pairing *hashes =
		pairing_new(&(struct pairing_options){.key = it->store->writer->key});
	it->own = pairing_jid_id(hashes, it->request->jid);
	pairing_free(hashes);
	return true;
}

// --- may it be done? ---

static bool look_for_hold(struct erasing *it, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_int8(&params, it->own);
	put_usec(&params, usec_now());
	if (!sql_run(it->store, "hold_of", &params, &rows, err))
		return false;
	it->result->held_until = rows.count ? row_usec(&rows, 0, 0) : USEC_NONE;
	if (rows.count)
		buf_text(&it->result->held_by, row_text(&rows, 0, 1));
	return true;
}

// An address has one text for all realms.
static bool check_realm(struct erasing *it, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	if (!it->request->realm)
		return true;
	put_int8(&params, it->own);
	put_zstr(&params, it->request->realm);
	if (!sql_run(it->store, "erase_realms", &params, &rows, err))
		return false;
	if (!rows.count)
		return true;
	struct text other = row_text(&rows, 0, 0);
	return err_set(err, ERR_USAGE,
		       "realm \"%.*s\" holds this address too, and it can only be erased in all of "
		       "them: leave --realm out",
		       (int)other.n, other.p);
}

// --- the list ---

static bool list_targets(struct erasing *it, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_int8(&params, it->own);
	put_text(&params, it->request->jid);
	if (!sql_run(it->store, "erase_targets", &params, &rows, err))
		return false;
	for (int i = 0; i < rows.count; i++) {
		unsigned char print[32];
		struct text name = row_text(&rows, i, 1);
		privacy_print(&it->key, "jid", name, print);
		put_int8(&it->ids, row_int(&rows, i, 0));
		put_text(&it->names, name);
		put_bytea(&it->prints, (struct text){(const char *)print, sizeof print});
	}
	return true;
}

static bool put_on_list(struct erasing *it, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_array(&params, OF_BYTEA, &it->prints);
	put_int8(&params, it->result->erasure);
	if (!sql_run(it->store, "suppressed_add", &params, &rows, err))
		return false;
	it->result->was_done = rows.changed == 0;
	return true;
}

// --- the work ---

static bool take_count(void *self, const struct rows *row)
{
	struct erasing *it = self;
	struct text table = row_text(row, 0, 0);
	int64_t rows = row_int(row, 0, 1);
	it->result->rows += rows;
	if (rows)
		json_object_setn(it->tables, table.p, table.n, json_integer(rows));
	it->each(it->self, table, rows);
	return true;
}

static bool erase_rows(struct erasing *it, struct err *err)
{
	unsigned char salt[32]; // forgotten at once: nobody can try guesses (F189)
	FIELDS_AUTO params = {0};
	randombytes_buf(salt, sizeof salt);
	put_int8(&params, it->own);
	put_text(&params, it->request->jid);
	put_array(&params, OF_INT8, &it->ids);
	put_array(&params, OF_TEXT, &it->names);
	put_bytea(&params, (struct text){(const char *)salt, sizeof salt});
	bool fine = sql_each(it->store, "erase_person", &params, it, take_count, err);
	sodium_memzero(salt, sizeof salt);
	sodium_memzero(params.bytes.data, params.bytes.len);
	return fine;
}

// Nothing found and nothing to remember anew: no record.
static bool note(struct erasing *it, struct err *err)
{
	unsigned char print[32];
	FIELDS_AUTO params = {0};
	if (!it->result->rows && it->result->was_done) {
		it->result->erasure = 0;
		return true;
	}
	privacy_print(&it->key, "jid", it->request->jid, print);
	char *tables = json_dumps(it->tables, JSON_COMPACT | JSON_SORT_KEYS);
	put_int8(&params, it->result->erasure);
	put_zstr(&params, "erase");
	put_zstr(&params, it->request->by);
	put_bytea(&params, (struct text){(const char *)print, sizeof print});
	put_zstr(&params, it->request->reason);
	put_zstr(&params, tables);
	free(tables);
	return sql_run(it->store, "erasure_add", &params, NULL, err);
}

static bool work(struct erasing *it, struct err *err)
{
	randombytes_buf(&it->result->erasure, sizeof it->result->erasure);
	if (!sql_run(it->store, "erase_lock", NULL, NULL, err) || !look_for_hold(it, err))
		return false;
	if (it->result->held_until != USEC_NONE) {
		txn_rollback(it->store);
		return true;
	}
	if (!check_realm(it, err) || !list_targets(it, err) || !erase_rows(it, err) ||
	    !put_on_list(it, err) || !note(it, err))
		return false;
	if (!it->request->dry_run)
		return txn_commit(it->store, err);
	txn_rollback(it->store);
	it->result->erasure = 0;
	return true;
}

// What a report says was read before it is written.
bool store_erase_begin(struct store *store, struct err *err)
{
	return turn_wait(store, LOCK_REPORT, ERASE_PATIENCE,
			 "a report is being made, or somebody is being erased, by another process",
			 err);
}

void store_erase_end(struct store *store)
{
	turn_end(store, LOCK_REPORT);
}

// A salt that a seal has made and not committed cannot be seen, and would stay.
static bool erase_alone(struct erasing *it, struct err *err)
{
	if (!turn_wait(it->store, LOCK_SEAL, ERASE_PATIENCE, "another process is sealing", err))
		return false;
	bool fine = txn_begin(it->store, TXN_WRITE, err) && work(it, err);
	if (!fine)
		txn_rollback(it->store);
	turn_end(it->store, LOCK_SEAL);
	return fine;
}

bool store_erase(struct store *store, const struct erase_request *request, void *self,
		 void (*each)(void *self, struct text table, int64_t rows),
		 struct erase_result *result, struct err *err)
{
	struct erasing it = {.store = store,
			     .request = request,
			     .result = result,
			     .tables = json_object(),
			     .self = self,
			     .each = each};
	usec_t patience = store->patience;
	*result = (struct erase_result){.held_until = USEC_NONE};
	store->patience = ERASE_PATIENCE;
	bool fine = store_privacy(store, true, &it.key, err) && learn_id(&it, err) &&
		    erase_alone(&it, err);
	store->patience = patience;
	json_decref(it.tables);
	fields_free(&it.ids);
	fields_free(&it.names);
	fields_free(&it.prints);
	return fine;
}

// --- what was done ---

struct listing {
	void *self;
	void (*each)(void *self, const struct erasure *erasure);
};

static bool take_erasure(void *self, const struct rows *rows)
{
	struct listing *listing = self;
	listing->each(listing->self, &(struct erasure){.id = row_int(rows, 0, 0),
						       .at = row_usec(rows, 0, 1),
						       .by = row_text(rows, 0, 2),
						       .reason = row_text(rows, 0, 3),
						       .tables = row_text(rows, 0, 4),
						       .scrubbed_at = row_usec(rows, 0, 5),
						       .allow = row_bool(rows, 0, 6)});
	return true;
}

bool store_erasures(struct store *store, void *self,
		    void (*each)(void *self, const struct erasure *erasure), struct err *err)
{
	struct listing listing = {self, each};
	return sql_each(store, "erasures", NULL, &listing, take_erasure, err);
}

static bool one_number(struct store *store, const char *name, int64_t *number, struct err *err)
{
	ROWS_AUTO rows = {0};
	if (!sql_run(store, name, NULL, &rows, err))
		return false;
	*number = row_int(&rows, 0, 0);
	return true;
}

bool store_suppressed_count(struct store *store, int64_t *count, struct err *err)
{
	return one_number(store, "suppressed_count", count, err);
}

bool store_unscrubbed(struct store *store, int64_t *count, struct err *err)
{
	return one_number(store, "erasures_unscrubbed", count, err);
}
