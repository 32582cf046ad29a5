// SPDX-License-Identifier: Apache-2.0
// Roll-up by acknowledging device and day (F9). Which software a device is may be learnt before or after
// its messages, and is no part of this: it is joined when somebody asks, so nothing has to be restated.
#include "store/rollup_cells.h"

#include "core/mix.h"
#include "store/message_row.h"

#include <stdlib.h>

// --- collecting ---

static struct device_cell *device_cell(struct rollups *rollups, usec_t day, struct text domain,
				       int64_t device)
{
	uint64_t hash = mix_text(mix(mix(3, (uint64_t)day), (uint64_t)device), domain);
	void **place = map_put(&rollups->devices.by_hash, (int64_t)hash);
	for (struct device_cell *cell = *place; cell; cell = cell->next) {
		if (cell->day == day && cell->device == device && text_same(cell->domain, domain))
			return cell;
	}
	struct device_cell *cell = arena_alloc(rollups->arena, sizeof *cell);
	cell->day = day;
	cell->device = device;
	cell->domain = arena_text(rollups->arena, domain);
	cell->next = *place;
	*place = cell;
	cells_add(&rollups->devices, cell);
	return cell;
}

struct device_sums {
	int32_t sums[DEVICE_COUNT];
	int64_t ms; // to deliver, -1 = none
};

static struct device_sums device_sums_of(const struct contribution *it)
{
	static const enum rollup_sum from[DEVICE_COUNT] = {
		SUM_SENT,      SUM_UNKNOWN,          SUM_FAILED,         SUM_REQUESTED,
		SUM_CONFIRMED, SUM_REQUESTED_FAILED, SUM_READ_REQUESTED, SUM_READ};
	struct device_sums out = {.ms = it->ms[LATENCY_DELIVER]};
	for (size_t i = 0; i < DEVICE_COUNT; i++)
		out.sums[i] = (int32_t)it->sums[from[i]];
	return out;
}

static void add(struct device_cell *cell, const struct device_sums *by, int sign)
{
	for (size_t i = 0; i < DEVICE_COUNT; i++)
		cell->sums[i] += sign * by->sums[i];
	if (by->ms >= 0)
		bin_place(&cell->deliver, latency_bin(by->ms))->n += sign;
}

void devices_add(struct rollups *rollups, usec_t day, struct text domain,
		 const struct contribution *was, const struct contribution *now)
{
	struct device_sums a = device_sums_of(was), b = device_sums_of(now);
	bool same = a.ms == b.ms && memcmp(a.sums, b.sums, sizeof a.sums) == 0;
	if (same && (was->device == now->device || !a.sums[DEVICE_SENT]))
		return;
	if (a.sums[DEVICE_SENT])
		add(device_cell(rollups, day, domain, was->device), &a, -1);
	if (b.sums[DEVICE_SENT])
		add(device_cell(rollups, day, domain, now->device), &b, 1);
}

void devices_free(struct rollups *rollups)
{
	for (size_t i = 0; i < rollups->devices.count; i++)
		free(((struct device_cell *)rollups->devices.items[i])->deliver.items);
}

// --- writing ---

static int by_key(const void *a, const void *b)
{
	const struct device_cell *x = *(struct device_cell *const *)a;
	const struct device_cell *y = *(struct device_cell *const *)b;
	if (x->day != y->day)
		return x->day < y->day ? -1 : 1;
	int order = text_compare(x->domain, y->domain);
	return order ? order : (x->device > y->device) - (x->device < y->device);
}

struct device_arrays {
	struct fields day, domain, device, sums[DEVICE_COUNT], lo, hi, bins, counts;
};

static void device_arrays_free(struct device_arrays *arrays)
{
	fields_free(&arrays->day);
	fields_free(&arrays->domain);
	fields_free(&arrays->device);
	for (size_t i = 0; i < DEVICE_COUNT; i++)
		fields_free(&arrays->sums[i]);
	fields_free(&arrays->lo);
	fields_free(&arrays->hi);
	fields_free(&arrays->bins);
	fields_free(&arrays->counts);
}

static void put_cell(struct device_arrays *arrays, const struct device_cell *cell)
{
	size_t before = arrays->bins.count;
	bool any = false;
	for (size_t i = 0; i < cell->deliver.count; i++) {
		if (!cell->deliver.items[i].n)
			continue;
		put_int2(&arrays->bins, cell->deliver.items[i].bin);
		put_int4(&arrays->counts, (int32_t)cell->deliver.items[i].n);
	}
	for (size_t i = 0; i < DEVICE_COUNT; i++)
		any |= cell->sums[i] != 0;
	if (!any && arrays->bins.count == before)
		return;
	put_date(&arrays->day, cell->day);
	put_safe(&arrays->domain, cell->domain);
	put_int8(&arrays->device, cell->device);
	for (size_t i = 0; i < DEVICE_COUNT; i++)
		put_int4(&arrays->sums[i], cell->sums[i]);
	put_int4(&arrays->lo, (int32_t)before + 1);
	put_int4(&arrays->hi, (int32_t)arrays->bins.count);
}

static bool write_some(struct store *store, const struct rollups *rollups, size_t from, size_t to,
		       struct err *err)
{
	__attribute__((cleanup(device_arrays_free))) struct device_arrays arrays = {0};
	FIELDS_AUTO params = {0};
	for (size_t i = from; i < to; i++)
		put_cell(&arrays, rollups->devices.items[i]);
	if (!arrays.day.count)
		return true;
	put_int4(&params, rollups->realm);
	put_int2(&params, rollups->lane);
	put_array(&params, OF_DATE, &arrays.day);
	put_array(&params, OF_TEXT, &arrays.domain);
	put_array(&params, OF_INT8, &arrays.device);
	for (size_t i = 0; i < DEVICE_COUNT; i++)
		put_array(&params, OF_INT4, &arrays.sums[i]);
	put_array(&params, OF_INT4, &arrays.lo);
	put_array(&params, OF_INT4, &arrays.hi);
	put_array(&params, OF_INT2, &arrays.bins);
	put_array(&params, OF_INT4, &arrays.counts);
	return sql_run(store, "rollup_device_add", &params, NULL, err);
}

bool devices_write(struct store *store, struct rollups *rollups, struct err *err)
{
	struct cells *cells = &rollups->devices;
	cells_sort(cells, by_key);
	return cells_write(store, rollups, cells, write_some, err);
}
