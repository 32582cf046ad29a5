// SPDX-License-Identifier: Apache-2.0
// Legal holds: whose data erase and retention leave alone (F170).
#include "store/write.h"

#define HOLD_PATIENCE (60 * 60 * USEC_PER_SEC) // as long as an erasure may take

static bool hold_id(struct store *store, struct text jid, int64_t *id, struct err *err)
{
	if (!writer_ready(store, err))
		return false;
	struct pairing *hashes = pairing_new(&(struct pairing_options){.key = store->writer->key});
	*id = pairing_jid_id(hashes, jid);
	pairing_free(hashes);
	return true;
}

static bool add(struct store *store, int64_t id, const struct legal_hold *hold, struct err *err)
{
	FIELDS_AUTO params = {0};
	put_int8(&params, id);
	put_text(&params, hold->jid);
	put_date(&params, hold->until);
	put_text(&params, hold->reason);
	put_text(&params, hold->by);
	return sql_run(store, "hold_add", &params, NULL, err);
}

// With the lanes locked, under which erase and retention look for holds and do their work: what is under hold
// from now on is not half way out.
bool store_hold_add(struct store *store, const struct legal_hold *hold, struct err *err)
{
	int64_t id, commit;
	usec_t patience = store->patience;
	if (!hold_id(store, hold->jid, &id, err))
		return false;
	store->patience = HOLD_PATIENCE;
	bool fine = txn_begin(store, TXN_WRITE, err) && lane_hold(store, &commit, err) &&
		    add(store, id, hold, err) && txn_commit(store, err);
	txn_rollback(store);
	store->patience = patience;
	return fine;
}

bool store_hold_remove(struct store *store, struct text jid, bool *found, struct err *err)
{
	int64_t id;
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	if (!hold_id(store, jid, &id, err))
		return false;
	put_int8(&params, id);
	if (!sql_run(store, "hold_remove", &params, &rows, err))
		return false;
	*found = rows.changed > 0;
	return true;
}

struct listing {
	void *self;
	void (*each)(void *self, const struct legal_hold *hold);
};

static bool take_hold(void *self, const struct rows *rows)
{
	struct listing *listing = self;
	listing->each(listing->self, &(struct legal_hold){.jid = row_text(rows, 0, 0),
							  .until = row_usec(rows, 0, 1),
							  .reason = row_text(rows, 0, 2),
							  .by = row_text(rows, 0, 3),
							  .at = row_usec(rows, 0, 4)});
	return true;
}

bool store_holds(struct store *store, void *self,
		 void (*each)(void *self, const struct legal_hold *hold), struct err *err)
{
	struct listing listing = {self, each};
	return sql_each(store, "holds", NULL, &listing, take_hold, err);
}
