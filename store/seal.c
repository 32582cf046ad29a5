// SPDX-License-Identifier: Apache-2.0
// store_seal(): one seal a day. Rows are read by one connection from one state of the data; leaves, salts and
// the head are written by a second one in one transaction.
#include "store/seal_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SEAL_PATIENCE (30 * 60 * USEC_PER_SEC)

struct sealing {
	struct app *app;
	struct store *rows, *side;
	const char *key_file;
	usec_t until;
	struct seal_key *key;
	struct digest *digest;
	struct salts salts;
	struct chain chain;
	struct leaf_writer writer;
	struct seal_range range;
	struct seal_head head;
	bool again; // a day before "until" was sealed: the next one may follow
};

// --- what is due ---

static const struct sealed *last_of(const struct sealing *it)
{
	size_t count = it->chain.seals.count;
	return count ? &it->chain.seals.items[count - 1] : NULL;
}

static bool take_commit(struct sealing *it, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_int8(&params, it->range.upto);
	if (!sql_run(it->rows, "seal_take_commit", &params, &rows, err))
		return false;
	if (rows.count)
		it->range.upto = row_int(&rows, 0, 0);
	return true;
}

// Under the locks of all lanes: what is committed before the cut is seen by whoever looks afterwards, and
// whoever removes it notes it.
static bool begin_range(struct sealing *it, struct err *err)
{
	const struct sealed *last = last_of(it);
	FIELDS_AUTO due = {0};
	FIELDS_AUTO begin = {0};
	ROWS_AUTO rows = {0};
	int64_t commit = 0;
	it->range.after = last ? last->upto : -1;
	put_int8(&due, it->range.after);
	put_usec(&due, it->until);
	if (!lane_hold(it->rows, &commit, err) ||
	    !sql_run(it->rows, "seal_lock_access", NULL, NULL, err) ||
	    !sql_run(it->rows, "seal_due", &due, &rows, err))
		return false;
	usec_t cut = row_usec(&rows, 0, 0), now = row_usec(&rows, 0, 2);
	it->again = cut != USEC_NONE && cut < it->until;
	it->range.upto = row_int(&rows, 0, 1);
	it->range.since = last ? last->until : 0;
	it->range.until = it->again && cut < now ? cut : now;
	if (it->range.until < it->range.since)
		it->range.until = it->range.since;
	it->head.day = (cut == USEC_NONE || cut > it->until ? it->until : cut) - 1;
	it->head.day -= it->head.day % USEC_PER_DAY;
	if (!it->again && !take_commit(it, err))
		return false;
	put_int8(&begin, it->range.upto);
	return sql_run(it->rows, "seal_begin", &begin, NULL, err);
}

// --- leaves ---

static bool add_row(void *self, struct seal_row *row, struct err *err)
{
	struct sealing *it = self;
	return leaf_add(&it->writer, row, err);
}

static bool add_rows(struct sealing *it, const struct seal_kind *kind, usec_t day, struct err *err)
{
	const struct seal_reading reading = {.rows = it->rows,
					     .salts = &it->salts,
					     .stop = it->app->stop,
					     .self = it,
					     .each = add_row};
	it->range.day = day;
	it->writer.kind = kind->number;
	it->writer.day = day;
	it->writer.block = 0;
	return seal_read(&reading, kind, &it->range, err) && leaf_flush(&it->writer, err);
}

static bool add_days(struct sealing *it, const struct seal_kind *kind, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	bool by_span = kind->number == SEAL_MESSAGE;
	if (by_span) {
		put_int8(&params, it->range.after);
		put_int8(&params, it->range.upto);
	} else {
		put_int2(&params, kind->number);
	}
	if (!sql_run(it->rows, by_span ? "seal_days_due" : "seal_days", &params, &rows, err))
		return false;
	for (int i = 0; i < rows.count; i++)
		if (!add_rows(it, kind, row_usec(&rows, i, 0), err))
			return false;
	return true;
}

static bool add_kinds(struct sealing *it, struct err *err)
{
	for (size_t i = 0; i < seal_kind_count; i++) {
		const struct seal_kind *kind = &seal_kinds[i];
		if (!(kind->daily ? add_days(it, kind, err) : add_rows(it, kind, 0, err)))
			return false;
	}
	return true;
}

// --- the head ---

static void fill_head(struct sealing *it)
{
	const struct sealed *last = last_of(it);
	struct seal_head *head = &it->head;
	head->number = last ? last->number + 1 : 1;
	head->since = it->range.since;
	head->until = it->range.until;
	head->after = it->range.after;
	head->upto = it->range.upto;
	head->leaves = (int64_t)it->writer.tree.count;
	head->at = usec_now();
	merkle_root(&it->writer.tree, head->root);
	chain_log(&it->chain, it->digest, it->chain.seals.count, head->log);
	memset(head->previous, 0, HASH);
	if (last) {
		digest_start(it->digest);
		digest_add(it->digest, last->head.p, last->head.n);
		digest_end(it->digest, head->previous);
	}
	seal_key_public(it->key, head->key);
}

// A key that waits to be introduced: this head names it, the next one is signed with it.
static bool fill_next_key(struct sealing *it, struct err *err)
{
	char path[SEAL_PATH];
	struct err why = {0};
	seal_key_path(it->app, it->key_file, ".next", path);
	struct seal_key *next = seal_key_load(path, &why);
	it->head.has_next = next;
	if (next)
		seal_key_public(next, it->head.next);
	seal_key_free(next);
	return next || why.kind == ERR_DIFFERS || err_set(err, why.kind, "%s", why.text);
}

static bool store_head(struct sealing *it, struct text text, const unsigned char *signature,
		       struct text ssh, struct err *err)
{
	const struct seal_head *head = &it->head;
	FIELDS_AUTO params = {0};
	put_int4(&params, head->number);
	put_date(&params, head->day);
	put_int8(&params, head->after);
	put_int8(&params, head->upto);
	put_usec(&params, head->since);
	put_usec(&params, head->until);
	put_int8(&params, head->leaves);
	put_bytea(&params, (struct text){(const char *)head->root, HASH});
	put_bytea(&params, text);
	put_bytea(&params, (struct text){(const char *)signature, SIGNATURE});
	put_text(&params, ssh);
	return sql_run(it->side, "seal_add", &params, NULL, err);
}

// The new key takes its place once the head that names it is stored.
static bool change_key(const struct sealing *it, struct err *err)
{
	char path[SEAL_PATH], next[SEAL_PATH];
	if (!it->head.has_next)
		return true;
	seal_key_path(it->app, it->key_file, "", path);
	seal_key_path(it->app, it->key_file, ".next", next);
	return rename(next, path) == 0 ||
	       err_set(err, ERR_STORAGE, "%s: %s", path, strerror(errno));
}

// Another key would make a chain that nobody can check: it must have been introduced.
static bool is_of_chain(const struct sealing *it, struct err *err)
{
	const struct sealed *last = last_of(it);
	struct seal_head head;
	if (!last)
		return true;
	if (!head_parse(last->head, &head))
		return err_set(err, ERR_DIFFERS, "seal %d: its head is damaged", last->number);
	return memcmp(it->head.key, head.has_next ? head.next : head.key, ED25519) == 0 ||
	       err_set(err, ERR_DIFFERS,
		       "the signing key is not the one that seal %d was signed with or introduced: "
		       "put it back (a new one is introduced by receiptd seal --new-key)",
		       last->number);
}

static bool sign_head(struct sealing *it, struct err *err)
{
	struct buf text = {0}, ssh = {0};
	unsigned char signature[SIGNATURE];
	fill_head(it);
	bool fine = is_of_chain(it, err) && fill_next_key(it, err);
	if (fine) {
		head_print(&it->head, &text);
		fine = (seal_sign(it->key, buf_view(&text), signature) &&
			seal_ssh_sign(it->key, buf_view(&text), &ssh)) ||
		       err_set(err, ERR_INTERNAL, "the head could not be signed");
	}
	// The files first: a head of the folder that the database does not have is written again.
	fine = fine && store_head(it, buf_view(&text), signature, buf_view(&ssh), err) &&
	       seal_folder_put(it->app, &it->head, buf_view(&text), signature, buf_view(&ssh),
			       err) &&
	       txn_commit(it->side, err) && change_key(it, err);
	buf_free(&text);
	buf_free(&ssh);
	return fine;
}

// --- one seal ---

static bool only_one(struct sealing *it, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_int4(&params, LOCK_SPACE);
	put_int4(&params, LOCK_SEAL);
	return sql_run(it->side, "seal_try", &params, &rows, err) &&
	       (row_bool(&rows, 0, 0) ||
		err_set(err, ERR_DATABASE,
			"another process is sealing or erasing: try again later"));
}

// Batches whose rows have all been written again since leave an empty tree; time went on all the same.
static bool is_worth_it(const struct sealing *it)
{
	return it->writer.tree.count || it->range.upto > it->range.after;
}

static bool seal_range(struct sealing *it, struct err *err)
{
	if (!txn_begin(it->rows, TXN_WRITE, err) || !begin_range(it, err) ||
	    !txn_commit(it->rows, err) || !txn_begin(it->rows, TXN_SNAPSHOT, err))
		return false;
	it->writer = (struct leaf_writer){.store = it->side};
	merkle_start(&it->writer.tree, it->digest);
	it->writer.number = last_of(it) ? last_of(it)->number + 1 : 1;
	it->salts.sealed = it->range.after;
	return add_kinds(it, err) && txn_commit(it->rows, err) &&
	       (!is_worth_it(it) || sign_head(it, err));
}

static bool seal_once(struct sealing *it, struct err *err)
{
	chain_free(&it->chain);
	bool fine = txn_begin(it->side, TXN_WRITE, err) && only_one(it, err) &&
		    chain_load(it->side, &it->chain, err) &&
		    seal_instance(it->side, it->digest, it->head.instance, err) &&
		    salts_open(&it->salts, it->side, it->digest, true, err) && seal_range(it, err);
	txn_rollback(it->rows);
	txn_rollback(it->side);
	salts_close(&it->salts);
	buf_free(&it->writer.data);
	buf_free(&it->writer.first);
	buf_free(&it->writer.last);
	return fine;
}

// A process died between storing a head that names a new key and putting that key in its place.
static bool finish_change(struct sealing *it, struct err *err)
{
	char path[SEAL_PATH], next[SEAL_PATH];
	unsigned char public[ED25519];
	struct seal_head head;
	seal_key_path(it->app, it->key_file, "", path);
	seal_key_path(it->app, it->key_file, ".next", next);
	bool fine = chain_load(it->rows, &it->chain, err);
	const struct sealed *last = fine ? last_of(it) : NULL;
	bool named = last && head_parse(last->head, &head) && head.has_next;
	struct err ignored = {0};
	struct seal_key *key = named ? seal_key_load(next, &ignored) : NULL;
	if (key) {
		seal_key_public(key, public);
		if (memcmp(public, head.next, ED25519) == 0)
			fine = rename(next, path) == 0 ||
			       err_set(err, ERR_STORAGE, "%s: %s", path, strerror(errno));
	}
	seal_key_free(key);
	return fine;
}

static bool seal_days(struct sealing *it, struct seal_result *out, struct err *err)
{
	do {
		struct seal_key *key;
		char path[SEAL_PATH];
		seal_key_path(it->app, it->key_file, "", path);
		if (!(key = seal_key_load(path, err)))
			return false;
		seal_key_free(it->key);
		it->key = key;
		it->again = false;
		if (!seal_once(it, err))
			return false;
		if (!is_worth_it(it))
			continue;
		out->made++;
		out->number = it->head.number;
		out->leaves += it->head.leaves;
		out->day = it->head.day;
	} while (it->again);
	return true;
}

// Somebody asked for seals.
static bool has_key(const struct app *app)
{
	char path[SEAL_PATH];
	seal_key_path(app, NULL, "", path);
	return app->settings->seal_key || access(path, F_OK) == 0;
}

bool store_seal(struct app *app, struct store *store, const char *key_file, usec_t until,
		struct seal_result *out, struct err *err)
{
	struct sealing it = {.app = app, .rows = store, .key_file = key_file};
	usec_t patience = store->patience;
	it.until = until - until % USEC_PER_DAY; // days that are over
	*out = (struct seal_result){.day = USEC_NONE};
	it.digest = digest_new();
	it.side = it.digest ? seal_second(app, STORE_WRITE, err) : NULL;
	store->patience = SEAL_PATIENCE;
	bool fine = it.side && finish_change(&it, err);
	out->in_use = it.chain.seals.count || key_file || has_key(app);
	if (fine && it.chain.seals.count) {
		out->number = last_of(&it)->number;
		out->day = last_of(&it)->day;
	}
	fine = fine && seal_days(&it, out, err);
	store->patience = patience;
	store_close(it.side);
	seal_key_free(it.key);
	chain_free(&it.chain);
	digest_free(it.digest);
	return fine;
}

bool store_seal_new_key(struct app *app, char *path, size_t size, bool *next, struct err *err)
{
	char place[SEAL_PATH];
	seal_data_dir(app);
	seal_key_path(app, NULL, "", place);
	*next = access(place, F_OK) == 0;
	seal_key_path(app, NULL, *next ? ".next" : "", place);
	snprintf(path, size, "%s", place);
	return seal_key_make(place, err);
}
