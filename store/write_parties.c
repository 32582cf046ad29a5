// SPDX-License-Identifier: Apache-2.0
// Who takes part in which conversation. Messages have no index by account (a random one would cost more
// than all else that is written); this list has one, and a row only for the first message of each account
// in each conversation. A writer remembers those that it has seen, so that a batch of known people costs
// a look-up in memory a row.
#include "core/mix.h"
#include "store/write.h"

#include <stdlib.h>

enum { PARTIES_KNOWN_MAX = 100000 };

static void note_party(struct part *part, struct map *seen, int64_t conv, struct text jid)
{
	const struct map *known = &part->plan->writer->parties;
	int64_t id = part_jid_id(part, jid);
	int64_t place = (int64_t)mix((uint64_t)conv, (uint64_t)id);
	if (map_get(known, place) || map_get(seen, place))
		return;
	*map_put(seen, place) = part;
	*VEC_ADD(&part->parties) = (struct new_party){place, id, conv};
}

static int by_index(const void *a, const void *b)
{
	const struct new_party *x = a, *y = b;
	if (x->jid != y->jid)
		return x->jid < y->jid ? -1 : 1;
	return (x->conv > y->conv) - (x->conv < y->conv);
}

// Rows that change count too: a room's message may learn late whose it is (M6).
void collect_parties(struct part *part)
{
	struct map seen = {0};
	for (size_t i = 0; i < part->inserts.count; i++) {
		const struct row *row = part->inserts.items[i];
		note_party(part, &seen, row->conv, row->from);
		note_party(part, &seen, row->conv, row->to);
	}
	for (size_t i = 0; i < part->updates.count; i++) {
		const struct row *row = part->updates.items[i].row;
		note_party(part, &seen, row->conv, row->from);
	}
	if (part->parties.count)
		qsort(part->parties.items, part->parties.count, sizeof *part->parties.items,
		      by_index);
	map_free(&seen);
}

bool write_parties(struct part *part, struct err *err)
{
	FIELDS_AUTO jid = {0};
	FIELDS_AUTO conv = {0};
	FIELDS_AUTO params = {0};
	if (!part->parties.count)
		return true;
	for (size_t i = 0; i < part->parties.count; i++) {
		put_int8(&jid, part->parties.items[i].jid);
		put_int8(&conv, part->parties.items[i].conv);
	}
	put_int4(&params, part->plan->batch->realm);
	put_array(&params, OF_INT8, &jid);
	put_array(&params, OF_INT8, &conv);
	return sql_run(part->store, "party_add", &params, NULL, err);
}

void parties_remember(struct plan *plan)
{
	struct map *known = &plan->writer->parties;
	if (known->count > PARTIES_KNOWN_MAX)
		map_clear(known);
	for (int i = 0; i < plan->part_count; i++) {
		const struct part *part = &plan->parts[i];
		for (size_t j = 0; j < part->parties.count; j++)
			*map_put(known, part->parties.items[j].place) = plan->writer;
	}
}
