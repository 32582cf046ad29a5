// SPDX-License-Identifier: Apache-2.0
// F98: a batch that holds a value which the database refuses. Its records were kept as they came; trials of halves,
// each rolled back, find the culprits.
#include "ingest/batcher_internal.h"

#include <stdlib.h>

struct sift {
	struct batcher *batcher;
	size_t *good; // records that the database takes together
	size_t count;
};

// Would the database take the good ones?
static bool try_good(struct sift *sift, struct err *err)
{
	struct batcher *batcher = sift->batcher;
	struct batch batch = {
		.realm = batcher->realm.id, .pairing = batcher->box->pairing, .trial = true};
	struct batch_result nothing;

	pairing_reset(batcher->box->pairing);
	for (size_t i = 0; i < sift->count; i++)
		batcher_observe(batcher, &batcher->box->kept[sift->good[i]].stanza);
	return store_commit(batcher->store, &batch, &nothing, err);
}

// Finds by halves what is refused in [from, to), given the good ones before it. False: another
// failure.
static bool sift_range(struct sift *sift, size_t from, size_t to, struct err *err)
{
	size_t before = sift->count;
	struct err why = {0};

	if (from == to)
		return true;
	for (size_t i = from; i < to; i++)
		sift->good[sift->count++] = i;
	if (try_good(sift, &why))
		return true;
	const char *refused = store_refused(sift->batcher->store);
	sift->count = before;
	if (!refused)
		return err_set(err, why.kind, "%s", why.text);
	if (to - from == 1) {
		sift->batcher->box->kept[from].refused =
			arena_zstr(sift->batcher->box->arena, text_of(refused));
		return true;
	}
	size_t middle = from + (to - from) / 2;
	return sift_range(sift, from, middle, err) && sift_range(sift, middle, to, err);
}

static bool find_refused(struct batcher *batcher, struct err *err)
{
	struct sift sift = {.batcher = batcher,
			    .good = xcalloc(batcher->box->kept_count + 1, sizeof(*sift.good))};
	bool ok = sift_range(&sift, 0, batcher->box->kept_count, err);
	free(sift.good);
	return ok;
}

// Gives pairing what was kept, but for what is refused.
static void observe_kept(struct batcher *batcher)
{
	pairing_reset(batcher->box->pairing);
	for (size_t i = 0; i < batcher->box->kept_count; i++) {
		const struct kept *kept = &batcher->box->kept[i];
		const char *reason =
			kept->refused ? kept->refused : batcher_observe(batcher, &kept->stanza);
		if (reason)
			batcher_set_aside(batcher, &kept->stanza, reason);
	}
}

void batcher_report_refused(const struct batcher *batcher)
{
	const char *reason = NULL;
	int64_t count = 0;

	for (size_t i = 0; i < batcher->box->kept_count; i++) {
		reason = batcher->box->kept[i].refused ? batcher->box->kept[i].refused : reason;
		count += batcher->box->kept[i].refused != NULL;
	}
	if (count)
		log_warn(batcher->app->log, "records-refused", LOG_I("records", count),
			 LOG_S("reason", reason),
			 LOG_S("next", "they are in quarantine, all others are stored"));
}

// As a whole; when a value is refused, without the records that hold it.
bool batcher_commit_kept(struct batcher *batcher, const struct batch_checkpoint *checkpoints,
			 size_t count, struct batch_result *result, struct err *err)
{
	size_t quarantined = batcher->box->quarantine_count;
	struct batcher_totals totals = batcher->totals;
	uint64_t events = batcher->box->events;

	for (int i = 0; i < 2; i++) {
		struct err why = {0};
		observe_kept(batcher);
		if (batcher_commit(batcher, checkpoints, count, result, &why)) {
			if (err)
				*err = (struct err){0};
			return true;
		}
		batcher->box->quarantine_count = quarantined;
		batcher->totals = totals;
		batcher->box->events = events;
		err_set(err, why.kind, "%s", why.text);
		if (!store_refused(batcher->store) || (i == 0 && !find_refused(batcher, err)))
			return false;
	}
	return false;
}
