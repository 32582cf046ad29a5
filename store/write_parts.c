// SPDX-License-Identifier: Apache-2.0
// One batch as several transactions, one per lane, each on a connection of its own: the server writes
// them side by side. Pairing is whole: it was done before, from what lane 0's connection saw under the
// locks of all lanes.
//
// The lanes commit one after the other, lane 0 last, with the checkpoint and all that belongs to no
// conversation. A process that dies in between leaves lanes whose mark is ahead of lane 0's. The records
// from lane 0's mark on are then read again; to those up to its own mark a lane adds nothing, but what
// they touch is judged again, since it may have changed what other lanes hold (struct observation).
#include "store/write.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

// --- connections ---

static struct store *helper(struct plan *plan, int lane, struct err *err)
{
	struct store **place = &plan->writer->helpers[lane];
	if (*place && !store_alive(*place)) {
		store_close(*place);
		*place = NULL;
	}
	if (!*place && !store_open(plan->store->app, plan->store->role, place, err))
		*place = NULL;
	return *place;
}

// What makes a generation known (its fingerprints) is written by lane 0. So its first records are
// written by one transaction: no lane may hold records of a file that nobody would recognise.
static bool is_large(const struct plan *plan)
{
	const struct batch *batch = plan->batch;
	if (batch->trial || (int64_t)batch->events < plan->store->app->settings->parallel_events)
		return false;
	for (size_t i = 0; i < batch->checkpoint_count; i++) {
		if (!batch->checkpoints[i].has_from)
			return false;
	}
	return true;
}

// Decided once: afterwards the lists are dealt out.
static void choose_parts(struct plan *plan)
{
	struct err ignored = {0};
	bool many = is_large(plan);

	plan->part_count = 1;
	for (int lane = 1; many && lane < LANES; lane++)
		many = helper(plan, lane, &ignored) != NULL; // else one transaction does it all
	if (many)
		plan->part_count = LANES;
	for (int i = 0; i < plan->part_count; i++) {
		plan->parts[i].plan = plan;
		plan->parts[i].lane = i;
	}
}

static bool begin_part(struct plan *plan, struct part *part, struct err *err)
{
	part->store = part->lane == LANE ? plan->store : helper(plan, part->lane, err);
	return part->store && txn_begin(part->store, TXN_WRITE, err);
}

bool parts_begin(struct plan *plan, struct err *err)
{
	if (!plan->part_count)
		choose_parts(plan);
	for (int i = 0; i < plan->part_count; i++) {
		if (!begin_part(plan, &plan->parts[i], err))
			return false;
	}
	return lane_lock(plan, err) && check_marks(plan, err);
}

// --- writing ---

struct work {
	struct part *part;
	bool (*write)(struct part *part, struct err *err);
	pthread_t thread;
	bool started;
};

static void *run_part(void *self)
{
	struct work *work = self;
	struct part *part = work->part;
	part->changed_texts = 0;
	part->err = (struct err){0};
	part->fine = work->write(part, &part->err);
	return NULL;
}

// What the caller asks lane 0's connection about a failure, it is told of the one that failed.
static bool part_failed(const struct part *part, struct err *err)
{
	struct store *store = part->plan->store;
	if (part->store && part->store != store)
		memcpy(store->sqlstate, part->store->sqlstate, sizeof store->sqlstate);
	return err_set(err, part->err.kind, "%s", part->err.text);
}

bool parts_write(struct plan *plan, bool (*write)(struct part *part, struct err *err),
		 struct err *err)
{
	struct work works[LANES] = {0};
	for (int i = plan->part_count - 1; i >= 0; i--) {
		works[i] = (struct work){.part = &plan->parts[i], .write = write};
		works[i].started =
			i && pthread_create(&works[i].thread, NULL, run_part, &works[i]) == 0;
		if (!works[i].started)
			run_part(&works[i]);
	}
	for (int i = 1; i < plan->part_count; i++) {
		if (works[i].started)
			pthread_join(works[i].thread, NULL);
	}
	for (int i = 0; i < plan->part_count; i++) {
		if (!plan->parts[i].fine)
			return part_failed(&plan->parts[i], err);
	}
	return true;
}

// --- the end ---

// Builds for tests can die between the commits of two lanes.
static void maybe_die(void)
{
#ifdef RECEIPTD_TEST_HOOKS
	const char *wanted = getenv("RECEIPTD_TEST_LANES");
	if (wanted && usec_monotonic() % strtol(wanted, NULL, 10) == 0)
		raise(SIGKILL);
#endif
}

bool parts_commit(struct plan *plan, struct err *err)
{
	for (int i = plan->part_count - 1; i >= 0; i--) {
		struct part *part = &plan->parts[i];
		if (!txn_commit(part->store, &part->err)) {
			// Lost: it may be committed. Then nothing may be sent again as it is.
			plan->half_done |= i > 0 && part->store->broken;
			return part_failed(part, err);
		}
		plan->half_done |= i > 0;
		if (i > 0)
			maybe_die();
	}
	return true;
}

void parts_rollback(struct plan *plan)
{
	txn_rollback(plan->store);
	for (int i = 1; i < plan->part_count; i++) {
		if (plan->parts[i].store)
			txn_rollback(plan->parts[i].store);
	}
}
