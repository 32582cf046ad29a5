// SPDX-License-Identifier: Apache-2.0
// Writes collected deltas, in the order of their keys; makes roll-ups anew from the rows.
#include "store/rollup_cells.h"

#include "store/message_row.h"
#include "store/read.h"
#include "store/write.h"

#include <stdlib.h>

// --- order ---

static int by_sum_key(const void *a, const void *b)
{
	const struct sum_key *x = &(*(struct sum_cell *const *)a)->key;
	const struct sum_key *y = &(*(struct sum_cell *const *)b)->key;
	if (x->grain != y->grain)
		return x->grain < y->grain ? -1 : 1;
	if (x->bucket != y->bucket)
		return x->bucket < y->bucket ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	int order = text_compare(x->from, y->from);
	return order ? order : text_compare(x->to, y->to);
}

static int by_user(const void *a, const void *b)
{
	const struct user_cell *x = *(struct user_cell *const *)a;
	const struct user_cell *y = *(struct user_cell *const *)b;
	if (x->day != y->day)
		return x->day < y->day ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

// --- sums ---

enum { KEY_COLUMNS = 5, SUM_COLUMNS = KEY_COLUMNS + SUM_COUNT };

struct sum_arrays {
	struct fields columns[SUM_COLUMNS];
};

static void sum_arrays_free(struct sum_arrays *arrays)
{
	for (size_t i = 0; i < SUM_COLUMNS; i++)
		fields_free(&arrays->columns[i]);
}

static bool is_zero(const struct sum_cell *cell)
{
	for (size_t i = 0; i < SUM_COUNT; i++) {
		if (cell->sums[i])
			return false;
	}
	return true;
}

static void put_sum_cell(struct fields *columns, const struct sum_cell *cell)
{
	put_int2(&columns[0], cell->key.grain);
	put_usec(&columns[1], cell->key.bucket);
	put_safe(&columns[2], cell->key.from);
	put_safe(&columns[3], cell->key.to);
	put_int2(&columns[4], cell->key.kind);
	for (size_t i = 0; i < SUM_COUNT; i++)
		put_int8(&columns[KEY_COLUMNS + i], cell->sums[i]);
}

static void put_lane(struct fields *params, const struct rollups *rollups)
{
	put_int4(params, rollups->realm);
	put_int2(params, rollups->lane);
}

static bool write_sums(struct store *store, const struct rollups *rollups, size_t from, size_t to,
		       struct err *err)
{
	static const enum element keys[KEY_COLUMNS] = {OF_INT2, OF_TIMESTAMPTZ, OF_TEXT, OF_TEXT,
						       OF_INT2};
	__attribute__((cleanup(sum_arrays_free))) struct sum_arrays arrays = {0};
	FIELDS_AUTO params = {0};
	for (size_t i = from; i < to; i++) {
		const struct sum_cell *cell = rollups->sums.items[i];
		if (!is_zero(cell))
			put_sum_cell(arrays.columns, cell);
	}
	if (!arrays.columns[0].count)
		return true;
	put_lane(&params, rollups);
	for (size_t i = 0; i < SUM_COLUMNS; i++)
		put_array(&params, i < KEY_COLUMNS ? keys[i] : OF_INT8, &arrays.columns[i]);
	return sql_run(store, "rollup_add", &params, NULL, err);
}

// --- histograms ---

struct latency_arrays {
	struct fields grain, bucket, from, to, metric, lo, hi, bins, counts;
};

static void latency_arrays_free(struct latency_arrays *arrays)
{
	fields_free(&arrays->grain);
	fields_free(&arrays->bucket);
	fields_free(&arrays->from);
	fields_free(&arrays->to);
	fields_free(&arrays->metric);
	fields_free(&arrays->lo);
	fields_free(&arrays->hi);
	fields_free(&arrays->bins);
	fields_free(&arrays->counts);
}

static void put_histogram(struct latency_arrays *arrays, const struct sum_key *key, int metric,
			  const struct histogram *histogram)
{
	size_t before = arrays->bins.count;
	for (size_t i = 0; i < histogram->count; i++) {
		if (!histogram->items[i].n)
			continue;
		put_int2(&arrays->bins, histogram->items[i].bin);
		put_int8(&arrays->counts, histogram->items[i].n);
	}
	if (arrays->bins.count == before)
		return;
	put_int2(&arrays->grain, key->grain);
	put_usec(&arrays->bucket, key->bucket);
	put_safe(&arrays->from, key->from);
	put_safe(&arrays->to, key->to);
	put_int2(&arrays->metric, metric);
	put_int4(&arrays->lo, (int32_t)before + 1);
	put_int4(&arrays->hi, (int32_t)arrays->bins.count);
}

static bool write_latencies(struct store *store, const struct rollups *rollups, size_t from,
			    size_t to, struct err *err)
{
	__attribute__((cleanup(latency_arrays_free))) struct latency_arrays arrays = {0};
	FIELDS_AUTO params = {0};
	for (size_t i = from; i < to; i++) {
		const struct sum_cell *cell = rollups->sums.items[i];
		for (int metric = 0; metric < LATENCY_COUNT; metric++)
			put_histogram(&arrays, &cell->key, metric + 1, &cell->latencies[metric]);
	}
	if (!arrays.grain.count)
		return true;
	put_lane(&params, rollups);
	put_array(&params, OF_INT2, &arrays.grain);
	put_array(&params, OF_TIMESTAMPTZ, &arrays.bucket);
	put_array(&params, OF_TEXT, &arrays.from);
	put_array(&params, OF_TEXT, &arrays.to);
	put_array(&params, OF_INT2, &arrays.metric);
	put_array(&params, OF_INT4, &arrays.lo);
	put_array(&params, OF_INT4, &arrays.hi);
	put_array(&params, OF_INT2, &arrays.bins);
	put_array(&params, OF_INT8, &arrays.counts);
	return sql_run(store, "rollup_latency_add", &params, NULL, err);
}

// --- users ---

struct user_arrays {
	struct fields day, jid, sums[USER_COUNT];
};

static void user_arrays_free(struct user_arrays *arrays)
{
	fields_free(&arrays->day);
	fields_free(&arrays->jid);
	for (size_t i = 0; i < USER_COUNT; i++)
		fields_free(&arrays->sums[i]);
}

static void put_user_cell(struct user_arrays *arrays, const struct user_cell *cell)
{
	bool any = false;
	for (size_t i = 0; i < USER_COUNT; i++)
		any |= cell->sums[i] != 0;
	if (!any)
		return;
	put_date(&arrays->day, cell->day);
	put_int8(&arrays->jid, cell->id);
	for (size_t i = 0; i < USER_COUNT; i++)
		put_int4(&arrays->sums[i], cell->sums[i]);
}

static bool write_users(struct store *store, const struct rollups *rollups, size_t from, size_t to,
			struct err *err)
{
	__attribute__((cleanup(user_arrays_free))) struct user_arrays arrays = {0};
	FIELDS_AUTO params = {0};
	for (size_t i = from; i < to; i++)
		put_user_cell(&arrays, rollups->users.items[i]);
	if (!arrays.day.count)
		return true;
	put_lane(&params, rollups);
	put_array(&params, OF_DATE, &arrays.day);
	put_array(&params, OF_INT8, &arrays.jid);
	for (size_t i = 0; i < USER_COUNT; i++)
		put_array(&params, OF_INT4, &arrays.sums[i]);
	return sql_run(store, "rollup_user_add", &params, NULL, err);
}

// --- all ---

static bool find_key(struct store *store, struct hash_key *key, struct err *err)
{
	ROWS_AUTO rows = {0};
	if (store->writer && store->writer->has_key) {
		*key = store->writer->key;
		return true;
	}
	if (!sql_run(store, "instance", NULL, &rows, err))
		return false;
	struct text bytes = rows.count ? row_text(&rows, 0, 0) : TEXT_NONE;
	if (bytes.n != sizeof key->bytes)
		return err_set(err, ERR_USAGE, "the database has no pairing key");
	memcpy(key->bytes, bytes.p, bytes.n);
	return true;
}

// In the order of their index, or every row would go to another page of it.
static void sort_users(struct cells *users, const struct hash_key *key)
{
	for (size_t i = 0; i < users->count; i++) {
		struct user_cell *cell = users->items[i];
		cell->id = KEYED(key, TEXT("jid"), cell->jid);
	}
	cells_sort(users, by_user);
}

bool rollups_write(struct store *store, struct rollups *rollups, struct err *err)
{
	struct cells *sums = &rollups->sums, *users = &rollups->users;
	struct hash_key key;
	if (users->count && !find_key(store, &key, err))
		return false;
	cells_sort(sums, by_sum_key);
	sort_users(users, &key);
	return cells_write(store, rollups, sums, write_sums, err) &&
	       cells_write(store, rollups, sums, write_latencies, err) &&
	       cells_write(store, rollups, users, write_users, err) &&
	       devices_write(store, rollups, err) && failures_write(store, rollups, err);
}

// --- anew ---

bool rollups_restate(struct store *store, int32_t realm, usec_t since, usec_t until,
		     struct err *err)
{
	static const char *const statements[] = {
		"rollup_clear",          "rollup_latency_clear",   "rollup_user_clear",
		"rollup_restate",        "rollup_latency_restate", "rollup_user_restate",
		"rollup_device_clear",   "rollup_device_restate",  "rollup_failure_clear",
		"rollup_failure_restate"};
	FIELDS_AUTO params = {0};
	put_span(&params, realm, rollup_day(since), rollup_day(until + USEC_PER_DAY - 1));
	for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
		if (!sql_run(store, statements[i], &params, NULL, err))
			return false;
	}
	return true;
}
