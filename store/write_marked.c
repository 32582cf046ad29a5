// SPDX-License-Identifier: Apache-2.0
// Rows that a batch has no facts for and that its markers may mark (P8): a week of one conversation may be
// of that kind. They are read one by one; of those that change only what changes is kept.
#include "store/rollup.h"
#include "store/write.h"

#include <stdlib.h>

static void keep(struct part *part, const struct row *was, const struct row *row)
{
	struct rollups *rollups = part_rollups(part);
	rollups_move(rollups, was, row);
	*VEC_ADD(&part->marked) = (struct marked){
		.conv = row->conv,
		.key = row->key,
		.sent_at = row->sent_at,
		.upto_delivered_at = row->upto_delivered_at,
		.upto_displayed_at = row->upto_displayed_at,
		.delivered_at = row->delivered_at,
		.displayed_at = row->displayed_at,
		.n = row->n,
		.delivered_via = (int16_t)row->delivered_via,
		.displayed_via = (int16_t)row->displayed_via,
		.marks = (int16_t)marks_of_row(row),
		.state = (int8_t)row->state,
		.reaches = row->mds_at != USEC_NONE,
	};
}

static bool take_row(void *self, const struct rows *rows)
{
	struct plan *plan = self;
	struct row was = counted_row_read(rows), row = was;
	enum passed passed = pairing_pass(plan->batch->pairing, &row);
	if (passed != PASSED_LOADED)
		convs_passed(plan, &row);
	if (passed == PASSED_MARKED)
		keep(part_of(plan, row.conv), &was, &row);
	return true;
}

static int by_conv(const void *a, const void *b)
{
	const struct want_window *x = a, *y = b;
	return (x->conv > y->conv) - (x->conv < y->conv);
}

static usec_t earlier_since(usec_t a, usec_t b)
{
	return a == USEC_NONE || b == USEC_NONE ? USEC_NONE : a < b ? a : b;
}

// A window that grew was asked for more than once; no row may be taken twice.
static void merge_windows(struct plan *plan)
{
	size_t kept = 0;
	struct want_window *list = plan->passing.items;
	if (plan->passing.count)
		qsort(list, plan->passing.count, sizeof *list, by_conv);
	for (size_t i = 0; i < plan->passing.count; i++) {
		struct want_window *last = kept ? &list[kept - 1] : NULL;
		if (!last || last->conv != list[i].conv) {
			list[kept++] = list[i];
			continue;
		}
		last->lo = list[i].lo < last->lo ? list[i].lo : last->lo;
		last->hi = list[i].hi > last->hi ? list[i].hi : last->hi;
		last->since = earlier_since(last->since, list[i].since);
	}
	plan->passing.count = kept;
}

bool plan_pass(struct plan *plan, struct err *err)
{
	merge_windows(plan);
	return plan_each_row(plan, "load_marked", plan->passing.items, plan->passing.count,
			     take_row, err);
}

// --- writing ---

enum { COLUMNS = 12 };

struct columns { // arrays of message_mark.sql
	struct fields arrays[COLUMNS];
};

static void columns_free(struct columns *columns)
{
	for (size_t c = 0; c < COLUMNS; c++)
		fields_free(&columns->arrays[c]);
}

static void add_marked(const struct marked *row, struct fields *arrays)
{
	put_int8(&arrays[0], row->conv);
	put_usec(&arrays[1], row->sent_at);
	put_int8(&arrays[2], row->key);
	put_int4(&arrays[3], row->n);
	put_usec(&arrays[4], usec_bounded(row->upto_delivered_at));
	put_usec(&arrays[5], usec_bounded(row->upto_displayed_at));
	put_usec(&arrays[6], usec_bounded(row->delivered_at));
	put_usec(&arrays[7], usec_bounded(row->displayed_at));
	put_int2(&arrays[8], row->delivered_via);
	put_int2(&arrays[9], row->displayed_via);
	put_int2(&arrays[10], row->state);
	put_int2(&arrays[11], row->marks);
}

static bool update_some(struct part *part, size_t from, size_t to, struct err *err)
{
	static const enum element elements[COLUMNS] = {
		OF_INT8,        OF_TIMESTAMPTZ, OF_INT8, OF_INT4, OF_TIMESTAMPTZ, OF_TIMESTAMPTZ,
		OF_TIMESTAMPTZ, OF_TIMESTAMPTZ, OF_INT2, OF_INT2, OF_INT2,        OF_INT2};
	__attribute__((cleanup(columns_free))) struct columns columns = {0};
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	for (size_t i = from; i < to; i++)
		add_marked(&part->marked.items[i], columns.arrays);
	for (size_t c = 0; c < COLUMNS; c++)
		put_array(&params, elements[c], &columns.arrays[c]);
	put_int8(&params, part->plan->commit);
	put_in_days(&params, &columns.arrays[1], &columns.arrays[1]);
	if (!sql_run(part->store, "message_mark", &params, &rows, err))
		return false;
	if (rows.changed != (int64_t)(to - from))
		return err_set(err, ERR_INTERNAL, "message_mark: %lld of %zu rows were found",
			       (long long)rows.changed, to - from);
	return true;
}

// In pieces: the arrays of a statement are held whole, here and in the server.
enum { AT_ONCE = 5000 };

bool update_marked(struct part *part, struct err *err)
{
	for (size_t i = 0; i < part->marked.count; i += AT_ONCE) {
		size_t left = part->marked.count - i;
		if (!update_some(part, i, i + (left < AT_ONCE ? left : AT_ONCE), err))
			return false;
	}
	return true;
}
