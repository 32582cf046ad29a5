// SPDX-License-Identifier: Apache-2.0
// Collects what rows contribute, cell by cell.
#include "store/rollup_cells.h"

#include "core/mix.h"
#include "store/message_row.h"

#include <stdlib.h>

struct rollups *rollups_new(int32_t realm, int lane)
{
	struct rollups *rollups = xcalloc(1, sizeof *rollups);
	rollups->realm = realm;
	rollups->lane = lane;
	rollups->arena = arena_new();
	return rollups;
}

static void cells_free(struct cells *cells)
{
	free(cells->items);
	map_free(&cells->by_hash);
}

void rollups_free(struct rollups *rollups)
{
	if (!rollups)
		return;
	for (size_t i = 0; i < rollups->sums.count; i++) {
		struct sum_cell *cell = rollups->sums.items[i];
		for (size_t k = 0; k < LATENCY_COUNT; k++)
			free(cell->latencies[k].items);
	}
	cells_free(&rollups->sums);
	cells_free(&rollups->users);
	arena_free(rollups->arena);
	free(rollups);
}

// --- finding the cell of a key ---

static void add_cell(struct cells *cells, void *cell)
{
	if (cells->count == cells->cap) {
		cells->cap = cells->cap ? cells->cap * 2 : 64;
		cells->items = xrealloc(cells->items, cells->cap * sizeof *cells->items);
	}
	cells->items[cells->count++] = cell;
}

static bool same_key(const struct sum_key *a, const struct sum_key *b)
{
	return a->grain == b->grain && a->kind == b->kind && a->bucket == b->bucket &&
	       text_same(a->from, b->from) && text_same(a->to, b->to);
}

static struct sum_cell *sum_cell(struct rollups *rollups, const struct sum_key *key)
{
	uint64_t hash =
		mix(mix(mix(1, (uint64_t)key->grain), (uint64_t)key->kind), (uint64_t)key->bucket);
	hash = mix_text(mix_text(hash, key->from), key->to);
	void **place = map_put(&rollups->sums.by_hash, (int64_t)hash);
	for (struct sum_cell *cell = *place; cell; cell = cell->next) {
		if (same_key(&cell->key, key))
			return cell;
	}
	struct sum_cell *cell = arena_alloc(rollups->arena, sizeof *cell);
	cell->key = *key;
	cell->key.from = arena_text(rollups->arena, key->from);
	cell->key.to = arena_text(rollups->arena, key->to);
	cell->next = *place;
	*place = cell;
	add_cell(&rollups->sums, cell);
	return cell;
}

static struct user_cell *user_cell(struct rollups *rollups, usec_t day, struct text jid)
{
	uint64_t hash = mix_text(mix(2, (uint64_t)day), jid);
	void **place = map_put(&rollups->users.by_hash, (int64_t)hash);
	for (struct user_cell *cell = *place; cell; cell = cell->next) {
		if (cell->day == day && text_same(cell->jid, jid))
			return cell;
	}
	struct user_cell *cell = arena_alloc(rollups->arena, sizeof *cell);
	cell->day = day;
	cell->jid = arena_text(rollups->arena, jid);
	cell->next = *place;
	*place = cell;
	add_cell(&rollups->users, cell);
	return cell;
}

// --- adding ---

static struct bin_count *bin_place(struct histogram *histogram, int bin)
{
	size_t lo = 0, hi = histogram->count;
	while (lo < hi) {
		size_t middle = lo + (hi - lo) / 2;
		if (histogram->items[middle].bin < bin)
			lo = middle + 1;
		else
			hi = middle;
	}
	if (lo < histogram->count && histogram->items[lo].bin == bin)
		return &histogram->items[lo];
	if (histogram->count == histogram->cap) {
		histogram->cap = histogram->cap ? histogram->cap * 2 : 16;
		histogram->items =
			xrealloc(histogram->items, histogram->cap * sizeof *histogram->items);
	}
	memmove(histogram->items + lo + 1, histogram->items + lo,
		(histogram->count++ - lo) * sizeof *histogram->items);
	histogram->items[lo] = (struct bin_count){bin, 0};
	return &histogram->items[lo];
}

struct addend { // what a row adds; most of it is nothing
	int at[SUM_COUNT];
	int64_t by[SUM_COUNT];
	int count;
};

static struct addend addend_of(const struct contribution *it, int sign)
{
	struct addend addend;
	addend.count = 0;
	for (int i = 0; i < SUM_COUNT; i++) {
		addend.at[addend.count] = i;
		addend.by[addend.count] = sign * it->sums[i];
		addend.count += it->sums[i] != 0;
	}
	return addend;
}

static void add_sums(struct rollups *rollups, const struct sum_key *key,
		     const struct addend *addend, const struct contribution *it, int sign)
{
	struct sum_cell *cell = sum_cell(rollups, key);
	for (int i = 0; i < addend->count; i++)
		cell->sums[addend->at[i]] += addend->by[i];
	for (size_t i = 0; key->grain != GRAIN_KIND && i < LATENCY_COUNT; i++) {
		if (it->ms[i] >= 0)
			bin_place(&cell->latencies[i], latency_bin(it->ms[i]))->n += sign;
	}
}

static void add_users(struct rollups *rollups, const struct row *row, usec_t day,
		      const struct contribution *it, int sign)
{
	const bool sums[] = {true,       it->requested,      it->requested && it->confirmed,
			     it->failed, it->read_requested, it->read_requested && it->read};
	if (!it->counted)
		return;
	struct user_cell *sender = user_cell(rollups, day, row->from.p ? row->from : TEXT(""));
	for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
		sender->sums[i] += sums[i] ? sign : 0;
	user_cell(rollups, day, row->to.p ? row->to : TEXT(""))->sums[USER_RECEIVED] += sign;
}

// "user@domain/resource", each part but the domain may be missing; absent: "".
struct text jid_domain(struct text jid)
{
	if (!jid.p)
		return TEXT("");
	const char *slash = memchr(jid.p, '/', jid.n);
	struct text bare = {jid.p, slash ? (size_t)(slash - jid.p) : jid.n};
	const char *at = memchr(bare.p, '@', bare.n);
	size_t skip = at ? (size_t)(at - bare.p) + 1 : 0;
	return (struct text){bare.p + skip, bare.n - skip};
}

void rollups_add(struct rollups *rollups, const struct row *row, int sign)
{
	struct contribution it;
	if (row->class_ == CLASS_JOINED) // not shown: another row holds it (M6)
		return;
	contribution_of(row, &it);
	struct addend addend = addend_of(&it, sign);
	usec_t day = rollup_day(it.sent_at);
	const struct sum_key keys[] = {
		{GRAIN_QUARTER, 0, usec_floor(it.sent_at, USEC_PER_QUARTER), TEXT(""), TEXT("")},
		{GRAIN_DAY, 0, day, TEXT(""), TEXT("")},
		{GRAIN_DOMAINS, 0, day, jid_domain(row->from), jid_domain(row->to)},
		{GRAIN_KIND, it.kind, day, TEXT(""), TEXT("")},
	};
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		add_sums(rollups, &keys[i], &addend, &it, sign);
	add_users(rollups, row, day, &it, sign);
}
