// SPDX-License-Identifier: Apache-2.0
// What could not be read: gaps and quarantine, written with the rows. Both are bounded per generation
// whatever the input is (F127): the first UNREAD_SINGLE of them are rows of their own, what follows is
// counted into ranges, so nothing is lost silently and a log of random bytes fills no disk.
#include "store/write.h"

#include <stdlib.h>

// How many of a generation are stored as rows of their own; asked once a batch.
struct stored_of {
	int32_t generation;
	int64_t count;
};

struct room {
	const char *query;
	struct stored_of *list;
	size_t count;
};

static void room_free(struct room *room)
{
	free(room->list);
}
#define ROOM_AUTO __attribute__((cleanup(room_free))) struct room

// *single: there is room for one more.
static bool take_room(struct plan *plan, struct room *room, int32_t generation, bool *single,
		      struct err *err)
{
	size_t i = room->count;
	while (i > 0 && room->list[i - 1].generation != generation)
		i--;
	if (i > 0) {
		*single = room->list[i - 1].count++ < UNREAD_SINGLE;
		return true;
	}
	ROWS_AUTO rows = {0};
	FIELDS_AUTO params = {0};
	put_int4(&params, generation);
	if (!sql_run(plan->store, room->query, &params, &rows, err))
		return false;
	room->list = xrealloc(room->list, (room->count + 1) * sizeof *room->list);
	struct stored_of *made = &room->list[room->count++];
	*made = (struct stored_of){generation, row_int(&rows, 0, 0)};
	*single = made->count++ < UNREAD_SINGLE;
	return true;
}

// --- gaps ---

static bool put_gap(struct plan *plan, const struct batch_gap *gap, const char *query,
		    struct err *err)
{
	FIELDS_AUTO params = {0};
	put_int4(&params, plan->batch->realm);
	put_int4(&params, gap->source);
	put_int4(&params, gap->generation);
	put_int8(&params, (int64_t)gap->from_offset);
	put_int8(&params, (int64_t)gap->to_offset);
	put_usec(&params, usec_bounded(gap->from_at));
	put_usec(&params, usec_bounded(gap->to_at));
	put_zstr(&params, gap->cause);
	if (gap->lost < 0)
		put_null(&params);
	else
		put_int8(&params, gap->lost);
	put_bool(&params, gap->at_end);
	put_int8(&params, plan->commit);
	return sql_run(plan->store, query, &params, NULL, err);
}

struct wide_gaps { // one per source and cause
	struct batch_gap *list;
	size_t count;
};

static bool same_hole(const struct batch_gap *a, const struct batch_gap *b)
{
	return a->source == b->source && a->generation == b->generation &&
	       strcmp(a->cause, b->cause) == 0;
}

// One gap from the first to the last of them: it says more than is missing, never less.
static void widen(struct wide_gaps *wide, const struct batch_gap *gap)
{
	size_t i = 0;
	while (i < wide->count && !same_hole(&wide->list[i], gap))
		i++;
	if (i == wide->count) {
		wide->list = xrealloc(wide->list, (wide->count + 1) * sizeof *wide->list);
		wide->list[wide->count++] = *gap;
		return;
	}
	struct batch_gap *to = &wide->list[i];
	if (gap->from_offset < to->from_offset)
		to->from_offset = gap->from_offset;
	if (gap->to_offset > to->to_offset)
		to->to_offset = gap->to_offset;
	to->to_at = gap->to_at;
	to->lost = to->lost < 0 || gap->lost < 0 ? -1 : to->lost + gap->lost;
}

static bool add_gaps(struct plan *plan, struct err *err)
{
	ROOM_AUTO room = {.query = "gap_count"};
	struct wide_gaps wide = {0};
	bool ok = true;
	for (size_t i = 0; ok && i < plan->batch->gap_count; i++) {
		const struct batch_gap *gap = &plan->batch->gaps[i];
		bool single = true;
		// Generation 0: of a feed, not found in a file.
		ok = !gap->generation || take_room(plan, &room, gap->generation, &single, err);
		if (ok && single)
			ok = put_gap(plan, gap, "gap_add", err);
		else if (ok)
			widen(&wide, gap);
	}
	for (size_t i = 0; ok && i < wide.count; i++)
		ok = put_gap(plan, &wide.list[i], "gap_widen", err);
	free(wide.list);
	return ok;
}

// --- quarantine ---

static bool link_halves(struct plan *plan, int32_t generation, struct err *err)
{
	FIELDS_AUTO params = {0};
	put_int4(&params, generation);
	return sql_run(plan->store, "quarantine_link", &params, NULL, err);
}

static bool put_single(struct plan *plan, const struct batch_quarantine *it, struct err *err)
{
	FIELDS_AUTO params = {0};
	put_int4(&params, plan->batch->realm);
	put_int4(&params, it->source);
	put_int4(&params, it->generation);
	put_int8(&params, (int64_t)it->offset);
	put_int4(&params, (int32_t)it->index);
	put_int8(&params, it->length);
	put_usec(&params, usec_bounded(it->at));
	put_zstr(&params, it->reason);
	put_bytea(&params, it->raw.p ? it->raw : TEXT(""));
	put_bool(&params, it->at_end);
	return sql_run(plan->store, "quarantine_add", &params, NULL, err) &&
	       (!it->at_start || link_halves(plan, it->generation, err));
}

struct many { // records that are counted only
	struct fields source, generation, offset, index, length, at, reason;
};

static void many_free(struct many *many)
{
	struct fields *all[] = {&many->source, &many->generation, &many->offset, &many->index,
				&many->length, &many->at,         &many->reason};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		fields_free(all[i]);
}
#define MANY_AUTO __attribute__((cleanup(many_free))) struct many

static void count_only(struct many *many, const struct batch_quarantine *it)
{
	put_int4(&many->source, it->source);
	put_int4(&many->generation, it->generation);
	put_int8(&many->offset, (int64_t)it->offset);
	put_int4(&many->index, (int32_t)it->index);
	put_int8(&many->length, it->length);
	put_usec(&many->at, usec_bounded(it->at));
	put_zstr(&many->reason, it->reason);
}

static bool put_many(struct plan *plan, const struct many *many, struct err *err)
{
	FIELDS_AUTO params = {0};
	if (!many->offset.count)
		return true;
	put_int4(&params, plan->batch->realm);
	put_array(&params, OF_INT4, &many->source);
	put_array(&params, OF_INT4, &many->generation);
	put_array(&params, OF_INT8, &many->offset);
	put_array(&params, OF_INT4, &many->index);
	put_array(&params, OF_INT8, &many->length);
	put_array(&params, OF_TIMESTAMPTZ, &many->at);
	put_array(&params, OF_TEXT, &many->reason);
	return sql_run(plan->store, "quarantine_count_on", &params, NULL, err);
}

static bool add_quarantine(struct plan *plan, struct err *err)
{
	ROOM_AUTO room = {.query = "quarantine_count"};
	MANY_AUTO many = {0};
	for (size_t i = 0; i < plan->batch->quarantine_count; i++) {
		const struct batch_quarantine *it = &plan->batch->quarantine[i];
		bool single;
		if (!take_room(plan, &room, it->generation, &single, err))
			return false;
		if (!single && !it->at_end) // few, and they may have to go
			count_only(&many, it);
		else if (!put_single(plan, it, err))
			return false;
	}
	return put_many(plan, &many, err);
}

// What was the end of a file is not any more.
static bool read_ends_again(struct plan *plan, struct err *err)
{
	FIELDS_AUTO generation = {0};
	FIELDS_AUTO offset = {0};
	FIELDS_AUTO index = {0};
	FIELDS_AUTO gaps = {0};
	FIELDS_AUTO params = {0};
	for (size_t i = 0; i < plan->batch->checkpoint_count; i++) {
		const struct batch_checkpoint *point = &plan->batch->checkpoints[i];
		if (!went_on(plan, point))
			continue;
		put_int4(&generation, point->generation);
		put_int8(&offset, point->has_from ? (int64_t)point->from_offset : -1);
		put_int4(&index, (int32_t)point->from_index);
	}
	if (!generation.count)
		return true;
	put_array(&gaps, OF_INT4, &generation);
	put_array(&gaps, OF_INT8, &offset);
	put_int8(&gaps, plan->commit);
	put_array(&params, OF_INT4, &generation);
	put_array(&params, OF_INT8, &offset);
	put_array(&params, OF_INT4, &index);
	return sql_run(plan->store, "gap_go_on", &gaps, NULL, err) &&
	       sql_run(plan->store, "quarantine_go_on", &params, NULL, err);
}

static bool take_beginnings(struct plan *plan, struct err *err)
{
	for (size_t i = 0; i < plan->batch->checkpoint_count; i++) {
		const struct batch_checkpoint *point = &plan->batch->checkpoints[i];
		FIELDS_AUTO params = {0};
		if (!point->next)
			continue;
		put_int4(&params, point->next);
		put_int8(&params, (int64_t)point->next_bytes);
		if (!sql_run(plan->store, "quarantine_taken", &params, NULL, err))
			return false;
	}
	return true;
}

bool write_unread(struct plan *plan, struct err *err)
{
	return read_ends_again(plan, err) && add_gaps(plan, err) && add_quarantine(plan, err) &&
	       take_beginnings(plan, err);
}
