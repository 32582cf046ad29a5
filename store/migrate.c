// SPDX-License-Identifier: Apache-2.0
// Migrations: the files of migrations/ against the ledger in the database. Applied in order of
// their numbers, each in a transaction of its own under an advisory lock, so that two at once
// wait for each other and a crash leaves the state before or after a file (F96).
#include "store/internal.h"

#include "core/embedded.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define MIGRATION_PATIENCE (30 * 60 * USEC_PER_SEC)

static int number_of(const struct migration_file *file)
{
	return (int)strtol(file->name, NULL, 10);
}

static int newest_known(void)
{
	return migration_file_count ? number_of(&migration_files[migration_file_count - 1]) : 0;
}

static void hash_of(const struct migration_file *file, unsigned char out[32])
{
	crypto_hash_sha256(out, (const unsigned char *)file->text, file->length);
}

// --- reading the ledger ---

// rows stays empty when there is no schema yet.
static bool read_ledger(struct store *store, struct rows *rows, struct err *err)
{
	ROWS_AUTO state = {0};
	if (!sql_run(store, "ledger_state", NULL, &state, err))
		return false;
	bool has_schema = row_bool(&state, 0, 0), has_ledger = row_bool(&state, 0, 1);
	if (has_schema && !has_ledger)
		return err_set(
			err, ERR_USAGE,
			"database: it has a schema \"receiptd\" that receiptd did not make; use "
			"another database");
	return !has_ledger || sql_run(store, "ledger", NULL, rows, err);
}

static bool check_entry(const struct rows *rows, int at, struct err *err)
{
	if ((size_t)at >= migration_file_count)
		return err_set(
			err, ERR_USAGE,
			"database: its schema is version %lld, this receiptd knows versions up "
			"to %d: use a newer receiptd",
			(long long)row_int(rows, rows->count - 1, 0), newest_known());
	const struct migration_file *file = &migration_files[at];
	unsigned char hash[32];
	hash_of(file, hash);
	if (row_int(rows, at, 0) != number_of(file) ||
	    !text_is(row_text(rows, at, 1), file->name) ||
	    !text_same(row_text(rows, at, 2), (struct text){(const char *)hash, sizeof hash}))
		return err_set(
			err, ERR_USAGE,
			"database: migration %s was applied with other contents than this "
			"receiptd has; its data was not touched: use the receiptd that made it, or another "
			"data_dir or database",
			file->name);
	return true;
}

// What is applied must be a beginning of what we have. *applied = how many.
static bool check_ledger(struct store *store, struct rows *rows, struct err *err)
{
	if (!read_ledger(store, rows, err))
		return false;
	for (int i = 0; i < rows->count; i++) {
		if (!check_entry(rows, i, err))
			return false;
	}
	return true;
}

bool schema_check(struct store *store, struct err *err)
{
	ROWS_AUTO rows = {0};
	if (!check_ledger(store, &rows, err))
		return false;
	if ((size_t)rows.count == migration_file_count)
		return true;
	return err_set(err, ERR_USAGE,
		       "database: its schema is version %d%s, this receiptd needs version %d: run "
		       "\"receiptd migrate\"",
		       rows.count ? number_of(&migration_files[rows.count - 1]) : 0,
		       rows.count ? "" : " (none)", newest_known());
}

// --- applying ---

static bool enter_ledger(struct store *store, const struct migration_file *file, struct err *err)
{
	unsigned char hash[32];
	hash_of(file, hash);
	FIELDS_AUTO params = {0};
	put_int4(&params, number_of(file));
	put_zstr(&params, file->name);
	put_bytea(&params, (struct text){(const char *)hash, sizeof hash});
	return sql_run(store, "ledger_add", &params, NULL, err);
}

static bool apply_file(struct store *store, const struct migration_file *file, struct err *err)
{
	if ((sql_script(store, "SET LOCAL search_path = receiptd, pg_catalog, pg_temp", err) &&
	     sql_script(store, file->text, err) && enter_ledger(store, file, err)))
		return true;
	return err_wrap(err, "migration %s", file->name);
}

// Everything identity stands on: made once, by whoever migrates first.
static bool make_instance(struct store *store, struct err *err)
{
	struct hash_key key;
	hash_key_random(&key);
	FIELDS_AUTO params = {0};
	put_bytea(&params, (struct text){(const char *)key.bytes, sizeof key.bytes});
	bool fine = sql_run(store, "instance_add", &params, NULL, err);
	sodium_memzero(&key, sizeof key);
	return fine;
}

static bool take_lock(struct store *store, struct err *err)
{
	FIELDS_AUTO params = {0};
	put_int4(&params, LOCK_SPACE);
	put_int4(&params, LOCK_MIGRATE);
	return sql_run(store, "lock", &params, NULL, err);
}

// In a transaction: the next file that is missing, if any. The ledger is read under the lock.
static bool apply_next(struct store *store, bool *more, struct err *err)
{
	ROWS_AUTO rows = {0};
	if (!take_lock(store, err) || !check_ledger(store, &rows, err))
		return false;
	*more = (size_t)rows.count < migration_file_count;
	if (!*more)
		return true;
	if (!apply_file(store, &migration_files[rows.count], err))
		return false;
	return rows.count > 0 || make_instance(store, err);
}

static bool in_transaction(struct store *store, bool *more, struct err *err)
{
	if (txn_begin(store, TXN_WRITE, err) && apply_next(store, more, err) &&
	    txn_commit(store, err))
		return true;
	txn_rollback(store);
	return false;
}

bool schema_migrate(struct store *store, bool dry_run, int *applied, struct err *err)
{
	*applied = 0;
	if (dry_run) {
		ROWS_AUTO rows = {0};
		if (!check_ledger(store, &rows, err))
			return false;
		*applied = (int)migration_file_count - rows.count;
		return true;
	}
	usec_t patience = store->patience;
	store->patience = MIGRATION_PATIENCE;
	bool more = true, fine = true;
	while (fine && more) {
		fine = in_transaction(store, &more, err);
		*applied += fine && more;
	}
	store->patience = patience;
	return fine;
}
