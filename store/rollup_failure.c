// SPDX-License-Identifier: Apache-2.0
// Roll-up of failures by condition, day and domains (P11).
#include "store/rollup_cells.h"

#include "core/mix.h"
#include "store/message_row.h"

// --- collecting ---

static struct failure_cell *failure_cell(struct rollups *rollups, usec_t day, struct text from,
					 struct text to, const char *condition)
{
	uint64_t hash = mix_text(mix_text(mix(4, (uint64_t)day), from), to);
	hash = mix_text(hash, text_of(condition));
	void **place = map_put(&rollups->failures.by_hash, (int64_t)hash);
	for (struct failure_cell *cell = *place; cell; cell = cell->next) {
		if (cell->day == day && cell->condition == condition &&
		    text_same(cell->from, from) && text_same(cell->to, to))
			return cell;
	}
	struct failure_cell *cell = arena_alloc(rollups->arena, sizeof *cell);
	cell->day = day;
	cell->from = arena_text(rollups->arena, from);
	cell->to = arena_text(rollups->arena, to);
	cell->condition = condition;
	cell->next = *place;
	*place = cell;
	cells_add(&rollups->failures, cell);
	return cell;
}

static bool same(const struct contribution *a, const struct contribution *b)
{
	return a->condition == b->condition && a->requested == b->requested;
}

void failures_add(struct rollups *rollups, usec_t day, struct text from, struct text to,
		  const struct contribution *was, const struct contribution *now)
{
	const struct contribution *both[] = {was, now};
	if (same(was, now))
		return;
	for (int i = 0; i < 2; i++) {
		if (!both[i]->condition)
			continue;
		struct failure_cell *cell =
			failure_cell(rollups, day, from, to, both[i]->condition);
		cell->failed += i ? 1 : -1;
		if (both[i]->requested)
			cell->requested += i ? 1 : -1;
	}
}

// --- writing ---

static int by_key(const void *a, const void *b)
{
	const struct failure_cell *x = *(struct failure_cell *const *)a;
	const struct failure_cell *y = *(struct failure_cell *const *)b;
	if (x->day != y->day)
		return x->day < y->day ? -1 : 1;
	int order = text_compare(x->from, y->from);
	order = order ? order : text_compare(x->to, y->to);
	return order ? order : strcmp(x->condition, y->condition);
}

enum { COLUMNS = 6 };

struct failure_arrays {
	struct fields columns[COLUMNS];
};

static void failure_arrays_free(struct failure_arrays *arrays)
{
	for (size_t i = 0; i < COLUMNS; i++)
		fields_free(&arrays->columns[i]);
}

static void put_cell(struct fields *columns, const struct failure_cell *cell)
{
	if (!cell->failed && !cell->requested)
		return;
	put_date(&columns[0], cell->day);
	put_safe(&columns[1], cell->from);
	put_safe(&columns[2], cell->to);
	put_zstr(&columns[3], cell->condition);
	put_int4(&columns[4], cell->failed);
	put_int4(&columns[5], cell->requested);
}

static bool write_some(struct store *store, const struct rollups *rollups, size_t from, size_t to,
		       struct err *err)
{
	static const enum element elements[COLUMNS] = {OF_DATE, OF_TEXT, OF_TEXT,
						       OF_TEXT, OF_INT4, OF_INT4};
	__attribute__((cleanup(failure_arrays_free))) struct failure_arrays arrays = {0};
	FIELDS_AUTO params = {0};
	for (size_t i = from; i < to; i++)
		put_cell(arrays.columns, rollups->failures.items[i]);
	if (!arrays.columns[0].count)
		return true;
	put_int4(&params, rollups->realm);
	put_int2(&params, rollups->lane);
	for (size_t i = 0; i < COLUMNS; i++)
		put_array(&params, elements[i], &arrays.columns[i]);
	return sql_run(store, "rollup_failure_add", &params, NULL, err);
}

bool failures_write(struct store *store, struct rollups *rollups, struct err *err)
{
	struct cells *cells = &rollups->failures;
	cells_sort(cells, by_key);
	return cells_write(store, rollups, cells, write_some, err);
}
