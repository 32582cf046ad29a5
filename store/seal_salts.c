// SPDX-License-Identifier: Apache-2.0
// Salts of persons, as few of them in memory as a table of fixed size holds.
#include "store/seal_parts.h"

#include <stdlib.h>

enum { SLOTS = 1 << 16, FULL = SLOTS * 3 / 4 };

static bool take_lost(void *self, const struct rows *rows)
{
	struct salts *salts = self;
	if (!row_null(rows, 0, 0))
		*map_put(&salts->lost_jids, row_int(rows, 0, 0)) = salts;
	if (!row_null(rows, 0, 1))
		*map_put(&salts->lost_convs, row_int(rows, 0, 1)) = salts;
	if (!row_null(rows, 0, 2))
		salts->lost_access = row_usec(rows, 0, 2);
	return true;
}

static bool learn_key(struct salts *salts, struct err *err)
{
	ROWS_AUTO rows = {0};
	if (!sql_run(salts->store, "instance", NULL, &rows, err))
		return false;
	struct text key = rows.count ? row_text(&rows, 0, 0) : TEXT_NONE;
	if (key.n != sizeof salts->key.bytes)
		return err_set(err, ERR_USAGE, "the database has no pairing key");
	memcpy(salts->key.bytes, key.p, key.n);
	return true;
}

bool salts_open(struct salts *salts, struct store *store, struct digest *digest, bool make,
		struct err *err)
{
	*salts = (struct salts){
		.store = store, .digest = digest, .make = make, .lost_access = USEC_NONE};
	salts->slots = xcalloc(SLOTS, sizeof *salts->slots);
	salts->arena = arena_new();
	return learn_key(salts, err) &&
	       sql_each(store, "seal_lost_persons", NULL, salts, take_lost, err);
}

void salts_close(struct salts *salts)
{
	free(salts->slots);
	map_free(&salts->lost_jids);
	map_free(&salts->lost_convs);
	arena_free(salts->arena);
	*salts = (struct salts){0};
}

// Identities are keyed hashes: their low bits are the place.
static struct salt *place(const struct salts *salts, int64_t jid)
{
	size_t at = (uint64_t)jid & (SLOTS - 1);
	while (salts->slots[at].set && salts->slots[at].jid != jid)
		at = (at + 1) & (SLOTS - 1);
	return &salts->slots[at];
}

const struct salt *salts_get(const struct salts *salts, int64_t jid)
{
	return place(salts, jid);
}

// What a leaf holds of a name: opened by a salt that is good for the name alone.
static void make_name(struct salts *salts, struct salt *salt, struct text text)
{
	digest_start(salts->digest);
	digest_add(salts->digest, salt->salt, HASH);
	digest_add(salts->digest, "name", 4);
	digest_end(salts->digest, salt->name_salt);
	digest_start(salts->digest);
	digest_add(salts->digest, salt->name_salt, HASH);
	digest_add(salts->digest, text.p, text.n);
	digest_end(salts->digest, salt->name);
}

static bool take_salt(void *self, const struct rows *rows)
{
	struct salts *salts = self;
	int64_t jid = row_int(rows, 0, 0);
	struct salt *salt = place(salts, jid);
	struct text bytes = row_text(rows, 0, 1), text = row_text(rows, 0, 2);
	if (salt->set)
		return true;
	*salt = (struct salt){.jid = jid, .set = true, .found = bytes.n == HASH};
	salt->after = salt->found ? row_int(rows, 0, 3) : 0;
	salts->count++;
	if (salt->found)
		memcpy(salt->salt, bytes.p, HASH);
	if (salts->keep_texts)
		salt->text = arena_text(salts->arena, text);
	make_name(salts, salt, text.p ? text : TEXT(""));
	return true;
}

static bool make_salts(struct salts *salts, const struct fields *jids, struct err *err)
{
	FIELDS_AUTO params = {0};
	put_array(&params, OF_INT8, jids);
	put_int8(&params, salts->sealed);
	return sql_run(salts->store, "seal_salts_make", &params, NULL, err);
}

bool salts_want(struct salts *salts, const struct fields *jids, struct err *err)
{
	FIELDS_AUTO params = {0};
	if (!jids->count)
		return true;
	put_array(&params, OF_INT8, jids);
	return (!salts->make || make_salts(salts, jids, err)) &&
	       sql_each(salts->store, "seal_salts", &params, salts, take_salt, err);
}

// Room for more before rows are kept that name them: those of one statement must stay until they are used.
void salts_make_room(struct salts *salts, size_t more)
{
	if (salts->count + more < FULL)
		return;
	memset(salts->slots, 0, SLOTS * sizeof *salts->slots);
	salts->count = 0;
}
