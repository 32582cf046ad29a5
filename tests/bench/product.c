// SPDX-License-Identifier: Apache-2.0
// The product's leg: observations into store_commit(), batch by batch, as the ingester does.
#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>

enum { RECORD_BYTES = 400 }; // of a log, on average

struct run {
	struct bench *bench;
	struct store *store;
	struct feed *feed;
	struct pairing *pairing, *other; // as the ingester: one is filled while the other is stored
	struct batch_checkpoint point;
	struct pending *pending;
	struct realm realm;
	struct generation generation;
	int32_t source;
	uint64_t records, in_batch, from; // from: mark of the last batch
	struct realm_settings rules;
	usec_t first_at, last_at;
	usec_t *bounds;
	size_t batches;
};

static void must(bool fine, const struct err *err)
{
	if (!fine)
		bench_fail("product", err->text);
}

static void open_realm(struct run *run)
{
	struct err err = {0};
	struct fingerprint print = {.head_len = 1};
	realm_settings_default(&run->rules);
	must(store_realm(run->store, "default", &run->rules, &run->realm, &err), &err);
	const struct source_setup setup = {"observations", "/log", false, 0};
	must(store_source(run->store, run->realm.id, "log", &setup, &run->source, &err), &err);
	must(store_generation_new(run->store, run->source, "/log", &print, &run->generation, &err),
	     &err);
	struct pairing_options options = {.rules = &run->rules,
					  .realm = TEXT("default"),
					  .key = run->realm.key,
					  .bodies = BODIES_FULL,
					  .privacy = run->realm.key};
	run->pairing = pairing_new(&options);
	run->other = pairing_new(&options);
}

static void wait_for_batch(struct run *run)
{
	struct err err = {0};
	struct batch_result result;
	if (!run->pending)
		return;
	must(store_commit_end(run->pending, &result, &err), &err);
	run->pending = NULL;
	pairing_reset(run->other);
}

static void flush(struct run *run)
{
	uint64_t place = run->records * RECORD_BYTES;
	wait_for_batch(run);
	run->point = (struct batch_checkpoint){.generation = run->generation.id,
					       .reader = run->source,
					       .low_water = place,
					       .has_from = run->batches > 0,
					       .from_offset = run->from,
					       .look = run->generation.look,
					       .has_mark = true,
					       .mark_offset = place,
					       .print = {.head_len = 1},
					       .first_at = run->first_at,
					       .last_at = run->last_at,
					       .records = run->in_batch,
					       .stanzas = run->in_batch,
					       .size = place,
					       .seen_at = usec_now()};
	struct batch batch = {.realm = run->realm.id,
			      .pairing = run->pairing,
			      .checkpoints = &run->point,
			      .checkpoint_count = 1,
			      .events = run->in_batch};
	run->pending = store_commit_begin(run->store, &batch);
	struct pairing *filled = run->pairing;
	run->pairing = run->other;
	run->other = filled;
	run->from = place;
	if (run->batches == BATCHES_MAX)
		bench_fail("product", "too many batches");
	run->bounds[run->batches++] = run->last_at;
	run->in_batch = 0;
}

// As the ingester ends a batch: so many events, or so much memory.
static bool is_due(const struct run *run)
{
	int64_t bytes = run->bench->fixture.app.settings->flush_bytes;
	return (int64_t)run->in_batch >= run->bench->batch ||
	       (int64_t)pairing_bytes(run->pairing) >= bytes;
}

static void feed_all(struct run *run)
{
	struct event event;
	while (feed_next(run->feed, &event)) {
		if (!run->in_batch++)
			run->first_at = event.at;
		run->last_at = event.at;
		run->records++;
		pairing_observe(run->pairing,
				feed_observation(run->feed, &event, run->source, run->generation.id,
						 run->records * RECORD_BYTES));
		if (is_due(run))
			flush(run);
	}
	if (run->in_batch)
		flush(run);
	wait_for_batch(run);
}

// What the order of conversations shows is settled beside the batches; here after them.
static void settle(struct run *run, struct run_result *leg)
{
	struct err err = {0};
	struct settle_result done = {0};
	usec_t start = usec_monotonic();
	while (!done.empty)
		must(store_settle(run->store, run->realm.id, &run->rules, 60 * USEC_PER_SEC, &done,
				  &err),
		     &err);
	leg->settle = usec_monotonic() - start;
}

bool leg_product(struct bench *bench, struct store *store, struct run_result *leg)
{
	struct clock clock;
	struct run run = {.bench = bench,
			  .store = store,
			  .feed = feed_open(bench->events),
			  .bounds = xcalloc(BATCHES_MAX, sizeof(usec_t))};
	open_realm(&run);
	make_days(store);
	clock_start(bench, store, &clock);
	feed_all(&run);
	clock_stop(bench, store, &clock, leg);
	write_bounds(bench, run.bounds, run.batches);
	leg->batches = (int64_t)run.batches;
	leg->rows = fixture_int(store, "SELECT sum(inserted)::int8 FROM batch");
	leg->late = fixture_int(store, "SELECT sum(updated)::int8 FROM batch");
	leg->bytes = total_bytes(store);
	settle(&run, leg);
	pairing_free(run.pairing);
	pairing_free(run.other);
	realm_settings_free(&run.rules);
	feed_close(run.feed);
	free(run.bounds);
	return true;
}
