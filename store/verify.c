// SPDX-License-Identifier: Apache-2.0
// store_verify(): the chain of heads, then every row beside its leaf.
#include "store/verify.h"

void verify_complain(struct verifying *it, const struct sealed *seal, const char *table,
		     const char *what, const char *row)
{
	it->result->complaints++;
	it->request->complain(it->request->self,
			      &(struct seal_complaint){.number = seal ? seal->number : 0,
						       .day = seal ? seal->day : USEC_NONE,
						       .table = table,
						       .what = what,
						       .row = row});
}

static bool take_dropped(void *self, const struct rows *rows)
{
	struct verifying *it = self;
	int64_t *commit = arena_alloc(it->arena, sizeof *commit);
	*commit = row_int(rows, 0, 1);
	*map_put(&it->dropped, row_usec(rows, 0, 0) / USEC_PER_DAY + 1) = commit;
	return true;
}

static bool take_stripped(void *self, const struct rows *rows)
{
	struct verifying *it = self;
	*map_put(&it->stripped, row_usec(rows, 0, 0) / USEC_PER_DAY + 1) = it;
	return true;
}

static bool load(struct verifying *it, struct err *err)
{
	if (!chain_load(it->rows, &it->chain, err) ||
	    !salts_open(&it->salts, it->side, it->digest, false, err) ||
	    !sql_each(it->rows, "seal_dropped", NULL, it, take_dropped, err) ||
	    !sql_each(it->rows, "seal_lost_days", NULL, it, take_stripped, err))
		return false;
	for (size_t i = 0; i < it->chain.seals.count; i++)
		it->total += it->chain.seals.items[i].leaves;
	it->result->seals = (int32_t)it->chain.seals.count;
	it->result->leaves = it->total;
	return true;
}

// Both connections see the same: a batch or a seal that is committed meanwhile would look like a fault.
static bool run(struct verifying *it, struct err *err)
{
	return store_snapshot(it->rows, err) && seal_share(it->rows, it->side, err) &&
	       load(it, err) && verify_chain(it, err) && verify_rows(it, err);
}

bool store_verify(struct app *app, struct store *store, const struct verify_request *request,
		  struct verify_result *result, struct err *err)
{
	struct verifying it = {.app = app, .rows = store, .request = request, .result = result};
	*result = (struct verify_result){0};
	it.arena = arena_new();
	it.digest = digest_new();
	it.side = it.digest ? seal_second(app, STORE_WRITE, err) : NULL;
	bool fine = it.side && run(&it, err);
	store_snapshot_end(store);
	if (it.side)
		store_snapshot_end(it.side);
	salts_close(&it.salts);
	chain_free(&it.chain);
	map_free(&it.dropped);
	map_free(&it.stripped);
	store_close(it.side);
	digest_free(it.digest);
	arena_free(it.arena);
	return fine;
}
