// SPDX-License-Identifier: Apache-2.0
// Moves the roll-ups by what the batch changes.
#include "store/rollup.h"
#include "store/write.h"

// A row as message_update.sql leaves it: what is settled, and what identifies it, stays.
static struct row updated(const struct update *update)
{
	struct row row = *update->row;
	row.id = update->was->id;
	row.read_inferred_at = update->was->read_inferred_at;
	row.read_via = update->was->read_via;
	row.response_ms = update->was->response_ms;
	return row;
}

bool write_rollups(struct plan *plan, struct err *err)
{
	struct rollups *rollups = rollups_new(plan->batch->realm);
	for (size_t i = 0; i < plan->removes.count; i++)
		rollups_add(rollups, plan->removes.items[i], -1);
	for (size_t i = 0; i < plan->updates.count; i++) {
		struct row now = updated(&plan->updates.items[i]);
		rollups_add(rollups, plan->updates.items[i].was, -1);
		rollups_add(rollups, &now, 1);
	}
	for (size_t i = 0; i < plan->inserts.count; i++)
		rollups_add(rollups, plan->inserts.items[i], 1);
	bool fine = rollups_write(plan->store, rollups, err);
	rollups_free(rollups);
	return fine;
}
