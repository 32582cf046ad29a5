// SPDX-License-Identifier: Apache-2.0
// The seals that are stored, in order; the log of their heads.
#include "store/seal_parts.h"

#include <stdio.h>
#include <stdlib.h>

static bool take(void *self, const struct rows *rows)
{
	struct chain *chain = self;
	*VEC_ADD(&chain->seals) = (struct sealed){
		.number = (int32_t)row_int(rows, 0, 0),
		.day = row_usec(rows, 0, 1),
		.after = row_int(rows, 0, 2),
		.upto = row_int(rows, 0, 3),
		.since = row_usec(rows, 0, 4),
		.until = row_usec(rows, 0, 5),
		.leaves = row_int(rows, 0, 6),
		.root = row_copy(rows, 0, 7, chain->arena),
		.head = row_copy(rows, 0, 8, chain->arena),
		.signature = row_copy(rows, 0, 9, chain->arena),
		.ssh = row_copy(rows, 0, 10, chain->arena),
	};
	return true;
}

bool chain_load(struct store *store, struct chain *chain, struct err *err)
{
	*chain = (struct chain){.arena = arena_new()};
	return sql_each(store, "seal_chain", NULL, chain, take, err);
}

void chain_free(struct chain *chain)
{
	free(chain->seals.items);
	arena_free(chain->arena);
	*chain = (struct chain){0};
}

void chain_log(const struct chain *chain, struct digest *digest, size_t count,
	       unsigned char out[HASH])
{
	struct merkle tree;
	unsigned char leaf[HASH];
	merkle_start(&tree, digest);
	for (size_t i = 0; i < count; i++) {
		merkle_leaf(digest, chain->seals.items[i].head, leaf);
		merkle_add(&tree, leaf);
	}
	merkle_root(&tree, out);
}

// The pairing key is a secret: only a hash of it leaves the database.
bool seal_instance(struct store *store, struct digest *digest, char out[2 * HASH + 1],
		   struct err *err)
{
	ROWS_AUTO rows = {0};
	unsigned char hash[HASH];
	if (!sql_run(store, "seal_instance", NULL, &rows, err))
		return false;
	if (!rows.count)
		return err_set(err, ERR_USAGE, "the database has no instance");
	struct text made = row_text(&rows, 0, 0), key = row_text(&rows, 0, 1);
	digest_start(digest);
	digest_add(digest, "instance", 8);
	digest_add(digest, made.p, made.n);
	digest_add(digest, key.p, key.n);
	digest_end(digest, hash);
	hex_print(hash, HASH, out);
	return true;
}

bool seal_share(struct store *first, struct store *second, struct err *err)
{
	ROWS_AUTO rows = {0};
	char text[160];
	if (!sql_run(first, "seal_snapshot", NULL, &rows, err) ||
	    !txn_begin(second, TXN_SNAPSHOT, err))
		return false;
	struct text name = row_text(&rows, 0, 0);
	snprintf(text, sizeof text, "SET TRANSACTION SNAPSHOT '%.*s'", (int)name.n, name.p);
	return sql_script(second, text, err);
}

struct store *seal_second(struct app *app, enum store_role role, struct err *err)
{
	struct store *store = NULL;
	if (!store_open(app, role, &store, err))
		return NULL;
	if (sql_run(store, "seal_patient", NULL, NULL, err))
		return store;
	store_close(store);
	return NULL;
}
