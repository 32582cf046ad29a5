// SPDX-License-Identifier: Apache-2.0
// What "receiptd reprocess" does to the database: widens an interval to where nothing crosses its
// ends, forgets it in one transaction, and remembers until all is read again.
#include "core/arena.h"
#include "store/message_row.h"
#include "store/rollup.h"
#include "store/write.h"

#include <string.h>

#define LONG_PATIENCE (60 * 60 * USEC_PER_SEC)

static void put_plan_span(struct fields *params, int32_t realm, const struct reprocess *plan)
{
	put_int4(params, realm);
	put_usec(params, plan->since);
	put_usec(params, plan->until);
}

// --- plan ---

static bool find_span(struct store *store, int32_t realm, usec_t since, usec_t until,
		      struct text source, struct reprocess *plan, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_int4(&params, realm);
	put_usec(&params, usec_bounded(since));
	put_usec(&params, usec_bounded(until));
	put_text(&params, source);
	if (!sql_run(store, "reprocess_span", &params, &rows, err))
		return false;
	plan->since = row_usec(&rows, 0, 0);
	plan->until = row_usec(&rows, 0, 1);
	return true;
}

static uint32_t read_hash(const struct rows *rows, int row, int column, unsigned char out[32])
{
	struct text hash = row_text(rows, row, column + 1);
	if (hash.n != 32)
		return 0;
	memcpy(out, hash.p, 32);
	return (uint32_t)row_int(rows, row, column);
}

static bool find_files(struct store *store, int32_t realm, struct arena *arena,
		       struct reprocess *plan, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_plan_span(&params, realm, plan);
	if (!sql_run(store, "reprocess_files", &params, &rows, err))
		return false;
	plan->file_count = (size_t)rows.count;
	plan->files = arena_alloc(arena, (plan->file_count + 1) * sizeof *plan->files);
	for (int i = 0; i < rows.count; i++) {
		struct reprocess_file *file = &plan->files[i];
		file->generation = (int32_t)row_int(&rows, i, 0);
		file->source = (int32_t)row_int(&rows, i, 1);
		file->source_name = row_copy(&rows, i, 2, arena);
		file->dialect = row_copy(&rows, i, 3, arena);
		file->path = row_copy(&rows, i, 4, arena);
		file->print.head_len = read_hash(&rows, i, 5, file->print.head);
		file->print.tail_len = read_hash(&rows, i, 7, file->print.tail);
		file->low_water = (uint64_t)row_int(&rows, i, 9);
		file->followed = row_bool(&rows, i, 10);
	}
	return true;
}

static bool count_facts(struct store *store, int32_t realm, struct reprocess *plan, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_plan_span(&params, realm, plan);
	if (!sql_run(store, "reprocess_counts", &params, &rows, err))
		return false;
	plan->messages = row_int(&rows, 0, 0);
	plan->evidence = row_int(&rows, 0, 1);
	plan->findings = row_int(&rows, 0, 2);
	plan->dropped_days = row_int(&rows, 0, 3);
	return true;
}

bool store_reprocess_plan(struct store *store, int32_t realm, usec_t since, usec_t until,
			  struct text source, struct arena *arena, struct reprocess *plan,
			  struct err *err)
{
	usec_t patience = store->patience;
	*plan = (struct reprocess){.since = USEC_NONE, .until = USEC_NONE};
	store->patience = LONG_PATIENCE;
	bool fine = find_span(store, realm, since, until, source, plan, err) &&
		    (plan->since == USEC_NONE || (find_files(store, realm, arena, plan, err) &&
						  count_facts(store, realm, plan, err)));
	store->patience = patience;
	return fine;
}

// --- begin ---

// No batch while it is decided and done.
static bool lock_lane(struct store *store, struct err *err)
{
	int64_t commit;
	return lane_hold(store, &commit, err);
}

static bool remember(struct store *store, int32_t realm, const struct reprocess *plan,
		     struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_plan_span(&params, realm, plan);
	if (!sql_run(store, "reprocess_begin", &params, &rows, err))
		return false;
	if (!rows.changed)
		return err_set(err, ERR_DIFFERS, "another reprocess of this realm has begun");
	for (size_t i = 0; i < plan->file_count; i++) {
		FIELDS_AUTO file = {0};
		ROWS_AUTO added = {0};
		put_int4(&file, realm);
		put_int4(&file, plan->files[i].generation);
		put_text(&file, plan->files[i].path);
		if (!plan->files[i].low_water)
			continue; // nothing of it was read
		if (!sql_run(store, "reprocess_file_add", &file, &added, err))
			return false;
		if (!added.changed)
			return err_set(err, ERR_DIFFERS, "the sources changed meanwhile: again");
	}
	return true;
}

static bool forget(struct store *store, int32_t realm, const struct reprocess *plan,
		   struct err *err)
{
	FIELDS_AUTO sources = {0};
	FIELDS_AUTO gap = {0};
	FIELDS_AUTO params = {0};
	for (size_t i = 0; i < plan->file_count; i++)
		put_int4(&sources, plan->files[i].source);
	put_plan_span(&params, realm, plan);
	put_array(&params, OF_INT4, &sources);
	put_int4(&gap, realm);
	put_array(&gap, OF_INT4, &sources);
	return sql_run(store, "reprocess_forget", &params, NULL, err) &&
	       sql_run(store, "reprocess_gap", &gap, NULL, err) &&
	       rollups_restate(store, realm, plan->since, plan->until, err);
}

// What was planned without the lane's lock must still be so.
static bool check_span(struct store *store, int32_t realm, const struct reprocess *plan,
		       struct err *err)
{
	struct reprocess now;
	if (!find_span(store, realm, plan->since, plan->until, TEXT_NONE, &now, err))
		return false;
	return (now.since == plan->since && now.until == plan->until) ||
	       err_set(err, ERR_DIFFERS, "the interval changed meanwhile: run this again");
}

bool store_reprocess_begin(struct store *store, int32_t realm, const struct reprocess *plan,
			   struct err *err)
{
	usec_t patience = store->patience;
	store->patience = LONG_PATIENCE;
	bool fine = txn_begin(store, TXN_WRITE, err) && lock_lane(store, err) &&
		    check_span(store, realm, plan, err) && remember(store, realm, plan, err) &&
		    forget(store, realm, plan, err) && txn_commit(store, err);
	txn_rollback(store);
	store->patience = patience;
	return fine;
}

// --- until all is read ---

bool store_reprocess_left(struct store *store, int32_t realm, struct arena *arena,
			  struct reprocess *plan, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO state = {0};
	ROWS_AUTO rows = {0};
	*plan = (struct reprocess){.since = USEC_NONE, .until = USEC_NONE};
	put_int4(&params, realm);
	if (!sql_run(store, "reprocess_state", &params, &state, err) ||
	    !sql_run(store, "reprocess_left", &params, &rows, err))
		return false;
	if (!state.count)
		return true;
	plan->since = row_usec(&state, 0, 0);
	plan->until = row_usec(&state, 0, 1);
	plan->file_count = (size_t)rows.count;
	plan->files = arena_alloc(arena, (plan->file_count + 1) * sizeof *plan->files);
	for (int i = 0; i < rows.count; i++) {
		struct reprocess_file *file = &plan->files[i];
		file->generation = (int32_t)row_int(&rows, i, 0);
		file->source_name = row_copy(&rows, i, 1, arena);
		file->dialect = row_copy(&rows, i, 2, arena);
		file->path = row_copy(&rows, i, 3, arena);
		file->is_read = row_bool(&rows, i, 4);
	}
	return true;
}

bool store_reprocess_end(struct store *store, int32_t realm, struct err *err)
{
	FIELDS_AUTO params = {0};
	put_int4(&params, realm);
	// Under the lanes: no seal is made meanwhile, which could hold the gap that goes.
	bool fine = txn_begin(store, TXN_WRITE, err) && lock_lane(store, err) &&
		    sql_run(store, "reprocess_end", &params, NULL, err) && txn_commit(store, err);
	txn_rollback(store);
	return fine;
}
