// SPDX-License-Identifier: Apache-2.0
// Who may write to a lane.
//
// The row of the lane is locked by every batch, so batches of several processes never overlap: that
// alone keeps conversations exact. What a lock cannot see is memory: a process that read the marks,
// was away (frozen, cut off) and comes back still believes them. Therefore every process that starts
// to write raises the fence of the lane once, remembers the number that it saw when it read marks,
// and every batch compares. A batch under an older number is refused; its process reads the marks
// again, under the new number and without raising it, and goes on. So whoever starts is safe from
// everybody who was there before (F85, F86), and two that work side by side both make progress: after
// that one look they are kept apart by the marks themselves (check_marks).
#include "store/write.h"

#include <stdlib.h>

// Another connection may lead to a database that lacks what was stored (F91, F92, F93): what is known to be
// there is known of one connection.
struct writer *store_writer(struct store *store)
{
	if (!store->writer)
		store->writer = xcalloc(1, sizeof *store->writer);
	struct writer *writer = store->writer;
	if (writer->connection != store->connections) {
		map_clear(&writer->jids);
		map_clear(&writer->days);
		map_clear(&writer->parties);
		writer->connection = store->connections;
	}
	return writer;
}

void writer_free(struct writer *writer)
{
	if (!writer)
		return;
	for (int i = 0; i < LANES; i++)
		store_close(writer->helpers[i]);
	map_free(&writer->jids);
	map_free(&writer->days);
	map_free(&writer->parties);
	suppressed_free(writer->suppressed);
	key_filter_free(writer->keys);
	convs_forget(writer);
	free(writer);
}

static bool taken_over(struct writer *writer, int64_t now, struct err *err)
{
	writer->has_fence = false;
	return err_set(
		err, ERR_DATABASE,
		"another process began to write to lane %d (fence %lld, now %lld): the marks "
		"are read again",
		LANE, (long long)writer->fence, (long long)now);
}

static bool check_fence(struct writer *writer, int64_t fence, struct err *err)
{
	if (writer->has_fence && writer->fence != fence)
		return taken_over(writer, fence, err);
	writer->fence = fence;
	writer->has_fence = true;
	return true;
}

bool lane_enter(struct store *store, int64_t *look, struct err *err)
{
	struct writer *writer = store_writer(store);
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};

	put_int2(&params, LANE);
	if (store_holds_lanes(store) && !writer->has_raised) {
		if (!sql_run(store, "lane_raise", &params, NULL, err))
			return false;
		writer->has_raised = true;
		writer->has_fence = false;
	}
	if (!sql_run(store, "lane_look", &params, &rows, err))
		return false;
	if (!rows.count)
		return err_set(err, ERR_INTERNAL, "the database has no lane %d", LANE);
	*look = row_int(&rows, 0, 1) - writer->first_marks;
	bool learnt = !writer->has_fence;
	return check_fence(writer, row_int(&rows, 0, 0), err) &&
	       (!learnt || store->role == STORE_READ || suppressed_load(store, err));
}

struct locked {
	int64_t fence, upheavals; // of lane 0
	int64_t commit;           // the newest of all locked ones
};

static bool lock_rows(struct store *store, int first, int last, struct locked *locked,
		      struct err *err)
{
	FIELDS_AUTO lanes = {0};
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	for (int lane = first; lane <= last; lane++)
		put_int2(&lanes, lane);
	put_array(&params, OF_INT2, &lanes);
	if (!sql_run(store, "lane_lock", &params, &rows, err))
		return false;
	if (rows.count != last - first + 1)
		return err_set(err, ERR_INTERNAL, "the database has no lane %d", last);
	if (first == LANE) {
		locked->fence = row_int(&rows, 0, 0);
		locked->upheavals = row_int(&rows, 0, 2);
	}
	for (int i = 0; i < rows.count; i++)
		locked->commit = row_int(&rows, i, 1) > locked->commit ? row_int(&rows, i, 1)
								       : locked->commit;
	return true;
}

bool lane_hold(struct store *store, int64_t *commit, struct err *err)
{
	struct locked locked = {0};
	bool fine = lock_rows(store, LANE, LANES - 1, &locked, err);
	*commit = locked.commit;
	return fine;
}

// A batch that is repeated writes what was loaded before its first attempt: nothing may have changed since,
// neither by a batch nor by what is done beside batches.
static bool is_as_loaded(const struct plan *plan, const struct locked *locked, struct err *err)
{
	if (!plan->loaded ||
	    (locked->commit == plan->lane_commit && locked->upheavals == plan->lane_upheavals))
		return true;
	return err_set(err, ERR_DATABASE, "another process wrote while this batch was repeated");
}

// Every process locks lane 0 first: whoever has it gets the others as soon as their last transaction
// has ended.
bool lane_lock(struct plan *plan, struct err *err)
{
	struct locked locked = {0};
	int last = plan->part_count > 1 ? LANE : LANES - 1;
	if (!lock_rows(plan->store, LANE, last, &locked, err) ||
	    !check_fence(plan->writer, locked.fence, err))
		return false;
	for (int i = 1; i < plan->part_count; i++) {
		const struct part *part = &plan->parts[i];
		if (!lock_rows(part->store, part->lane, part->lane, &locked, err))
			return false;
	}
	if (!is_as_loaded(plan, &locked, err))
		return false;
	plan->lane_commit = locked.commit;
	plan->lane_upheavals = locked.upheavals;
	plan->commit = locked.commit + 1;
	return true;
}
