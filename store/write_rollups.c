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

struct rollups *part_rollups(struct part *part)
{
	if (!part->rollups)
		part->rollups = rollups_new(part->plan->batch->realm, part->lane);
	return part->rollups;
}

static void sum_rows(struct part *part)
{
	struct rollups *rollups = part_rollups(part);
	part->summed = true;
	for (size_t i = 0; i < part->removes.count; i++)
		rollups_add(rollups, part->removes.items[i], -1);
	for (size_t i = 0; i < part->updates.count; i++) {
		struct row now = updated(&part->updates.items[i]);
		rollups_move(rollups, part->updates.items[i].was, &now);
	}
	for (size_t i = 0; i < part->inserts.count; i++)
		rollups_add(rollups, part->inserts.items[i], 1);
}

// Once: a transaction that is repeated writes the same sums.
bool write_rollups(struct part *part, struct err *err)
{
	if (!part->summed)
		sum_rows(part);
	return rollups_write(part->store, part->rollups, err);
}
