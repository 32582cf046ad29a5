// SPDX-License-Identifier: Apache-2.0
// store_commit(): one batch, one transaction.
//
// The lane's row is locked first, so all that follows sees and writes as if it were alone. What
// pairing was given and what it answered stay valid as long as nobody else commits to the lane, or
// changes rows beside batches (retention, reprocess). Therefore a transaction that must be done again
// (serialization failure, deadlock, partitions to be made first) writes the same lists again, once the
// lane is locked and its numbers are found unchanged.
#include "store/write.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>

enum { ATTEMPTS = 6, JIDS_KNOWN_MAX = 100000 };

enum outcome { DONE, REPEAT, FAILED };

static bool learn_key(struct store *store, struct err *err)
{
	ROWS_AUTO rows = {0};
	if (store->writer->has_key)
		return true;
	if (!sql_run(store, "instance", NULL, &rows, err))
		return false;
	struct text key = rows.count ? row_text(&rows, 0, 0) : TEXT_NONE;
	if (key.n != sizeof store->writer->key.bytes)
		return err_set(err, ERR_USAGE, "the database has no pairing key");
	memcpy(store->writer->key.bytes, key.p, key.n);
	store->writer->has_key = true;
	return true;
}

bool writer_ready(struct store *store, struct err *err)
{
	store_writer(store);
	return learn_key(store, err);
}

// --- one attempt ---

static bool load(struct plan *plan, struct err *err)
{
	if (plan->loaded)
		return true;
	if (!learn_key(plan->store, err) || !keys_refresh(plan->store, plan->lane_commit, err) ||
	    !plan_load(plan, err) || !plan_pass(plan, err))
		return false;
	plan_collect(plan);
	plan->loaded = plan_refuse_late(plan, err);
	plan_span(plan);
	return plan->loaded;
}

// Builds for tests can save the marks wrongly, in a transaction of their own before or after the
// rows: the crash loop shows that its checker sees the loss or the doubles. Never in a program that
// ships.
#ifdef RECEIPTD_TEST_HOOKS
static bool marks_apart(struct plan *plan, const char *when, struct err *err)
{
	const char *wanted = getenv("RECEIPTD_TEST_MARKS");
	if (!wanted || strcmp(wanted, when) != 0)
		return true;
	bool after = !strcmp(wanted, "after"), dies = usec_monotonic() % 3 != 0;
	if (after && dies)
		raise(SIGKILL); // the rows are there, the marks are not
	if (!txn_begin(plan->store, TXN_WRITE, err) || !put_checkpoints(plan, err) ||
	    !txn_commit(plan->store, err))
		return false;
	if (!after && dies)
		raise(SIGKILL); // the marks are there, the rows are not
	return true;
}
#else
static bool marks_apart(struct plan *plan, const char *when, struct err *err)
{
	(void)plan;
	(void)when;
	(void)err;
	return true;
}
#endif

static bool write_all(struct part *part, struct err *err)
{
	part_order(part);
	return sql_run(part->store, "plan_lookups", NULL, NULL, err) && write_jids(part, err) &&
	       write_rows(part, err) && write_parties(part, err) && write_acks(part, err) &&
	       write_sent(part, err) && write_findings(part, err) && write_keys(part, err) &&
	       write_states(part, err) && write_known(part, err) && write_rollups(part, err) &&
	       write_late(part, err) && write_marks(part, err);
}

static enum outcome failed(struct plan *plan, bool begun_loading)
{
	bool again = sql_again(plan->store) && (plan->loaded || !begun_loading) && !plan->half_done;
	parts_rollback(plan);
	return again && !plan->store->broken ? REPEAT : FAILED;
}

static enum outcome attempt(struct plan *plan, struct err *err)
{
	if (!marks_apart(plan, "before", err))
		return FAILED;
	if (!parts_begin(plan, err))
		return failed(plan, false);
	if (!load(plan, err) || (plan->collided && !hash_collided(plan->store, err)))
		return failed(plan, true);
	if (plan_needs_days(plan)) {
		parts_rollback(plan);
		return plan_make_days(plan, err) ? REPEAT : failed(plan, true);
	}
	keys_note_days(plan);
	if (!parts_write(plan, write_all, err))
		return failed(plan, true);
	if (plan->batch->trial) {
		parts_rollback(plan);
		return DONE;
	}
	if (parts_commit(plan, err))
		return marks_apart(plan, "after", err) ? DONE : FAILED;
	return failed(plan, true);
}

// --- after it ---

static void remember(struct plan *plan)
{
	if (plan->writer->jids.count > JIDS_KNOWN_MAX)
		map_clear(&plan->writer->jids);
	for (size_t i = 0; i < plan->jids.count; i++) {
		int64_t id = plan->jids.items[i].id;
		*map_put(&plan->writer->jids, id) = map_get(&plan->jid_seen, id);
	}
	parties_remember(plan);
	convs_remember(plan);
	keys_remember(plan);
	remember_marks(plan);
}

static void pause_before(int attempt_number)
{
	usec_t jitter = usec_monotonic() % 20;
	poll(NULL, 0, 5 * attempt_number + (int)jitter);
}

static enum outcome run(struct plan *plan, struct err *err)
{
	enum outcome outcome = REPEAT;
	for (int i = 0; outcome == REPEAT && i < ATTEMPTS; i++) {
		if (i > 0 && sql_again(plan->store))
			pause_before(i);
		if (err)
			*err = (struct err){0};
		outcome = attempt(plan, err);
	}
	return outcome;
}

static void report(const struct plan *plan, struct batch_result *result)
{
	size_t changed_texts = 0;
	result->commit = plan->commit;
	for (int i = 0; i < plan->part_count; i++) {
		const struct part *part = &plan->parts[i];
		result->inserted += part->inserts.count;
		result->updated += part->updates.count + part->marked.count;
		result->moved += part->moved;
		result->removed += part->removes.count;
		changed_texts += part->changed_texts;
	}
	if (changed_texts)
		log_warn(plan->store->app->log, "text_changed", LOG_I("values", changed_texts),
			 LOG_S("why", "NUL or not UTF-8, stored with U+FFFD"));
}

bool store_commit(struct store *store, const struct batch *batch, struct batch_result *result,
		  struct err *err)
{
	struct plan plan = {.store = store, .writer = store_writer(store), .batch = batch};
	enum outcome outcome = run(&plan, err);

	*result = (struct batch_result){0};
	if (outcome == DONE && !batch->trial) {
		remember(&plan);
		report(&plan, result);
	} else if (outcome != DONE && !batch->trial) {
		store->writer->has_fence = false; // the caller reads the marks back
	}
	plan_free(&plan);
	if (outcome == REPEAT && err && err->kind == ERR_NONE)
		return err_set(err, ERR_DATABASE, "the batch could not be written in %d attempts",
			       ATTEMPTS);
	return outcome == DONE;
}

// --- what a failure was ---

const char *store_refused(const struct store *store)
{
	static const char *const classes[] = {"22", "23", "54"};
	if (strcmp(store->sqlstate, HASH_COLLISION) == 0)
		return "hash collision";
	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
		if (strncmp(store->sqlstate, classes[i], 2) == 0)
			return store->sqlstate;
	}
	return NULL;
}

bool store_timed_out(const struct store *store)
{
	return strcmp(store->sqlstate, "57014") == 0;
}
