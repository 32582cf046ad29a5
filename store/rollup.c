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
	devices_free(rollups);
	cells_free(&rollups->devices);
	cells_free(&rollups->failures);
	arena_free(rollups->arena);
	free(rollups);
}

void cells_sort(struct cells *cells, int (*order)(const void *, const void *))
{
	if (cells->count)
		qsort(cells->items, cells->count, sizeof *cells->items, order);
}

bool cells_write(struct store *store, const struct rollups *rollups, const struct cells *cells,
		 bool (*write)(struct store *, const struct rollups *, size_t, size_t,
			       struct err *),
		 struct err *err)
{
	enum { AT_ONCE = 5000 };
	for (size_t i = 0; i < cells->count; i += AT_ONCE) {
		size_t end = i + AT_ONCE < cells->count ? i + AT_ONCE : cells->count;
		if (!write(store, rollups, i, end, err))
			return false;
	}
	return true;
}

// --- finding the cell of a key ---

void cells_add(struct cells *cells, void *cell)
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

static struct sum_cell *find_cell(struct rollups *rollups, const struct sum_key *key)
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
	cells_add(&rollups->sums, cell);
	return cell;
}

static struct sum_cell *sum_cell(struct rollups *rollups, const struct sum_key *key)
{
	struct sum_cell **last = &rollups->last[key->grain];
	if (!*last || !same_key(&(*last)->key, key))
		*last = find_cell(rollups, key);
	return *last;
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
	cells_add(&rollups->users, cell);
	return cell;
}

// --- adding ---

struct bin_count *bin_place(struct histogram *histogram, int bin)
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

struct addend { // what a row adds beside what it counted as before; most of it is nothing
	int at[SUM_COUNT];
	int64_t by[SUM_COUNT];
	int count;
	struct {
		int metric, bin, by;
	} bins[2 * LATENCY_COUNT];
	int bin_count;
};

static void add_bin(struct addend *addend, int metric, int64_t ms, int by)
{
	if (ms < 0)
		return;
	int at = addend->bin_count++;
	addend->bins[at].metric = metric;
	addend->bins[at].bin = latency_bin(ms);
	addend->bins[at].by = by;
}

static struct addend addend_of(const struct contribution *was, const struct contribution *now)
{
	struct addend addend;
	addend.count = addend.bin_count = 0;
	for (int i = 0; i < SUM_COUNT; i++) {
		addend.at[addend.count] = i;
		addend.by[addend.count] = now->sums[i] - was->sums[i];
		addend.count += now->sums[i] != was->sums[i];
	}
	for (int i = 0; i < LATENCY_COUNT; i++) {
		if (was->ms[i] == now->ms[i])
			continue;
		add_bin(&addend, i, was->ms[i], -1);
		add_bin(&addend, i, now->ms[i], 1);
	}
	return addend;
}

static void add_sums(struct rollups *rollups, const struct sum_key *key,
		     const struct addend *addend)
{
	int bins = key->grain == GRAIN_KIND ? 0 : addend->bin_count;
	if (!addend->count && !bins)
		return;
	struct sum_cell *cell = sum_cell(rollups, key);
	for (int i = 0; i < addend->count; i++)
		cell->sums[addend->at[i]] += addend->by[i];
	for (int i = 0; i < bins; i++)
		bin_place(&cell->latencies[addend->bins[i].metric], addend->bins[i].bin)->n +=
			addend->bins[i].by;
}

struct user_sums {
	int32_t sent[USER_RECEIVED], received;
};

static struct user_sums user_sums_of(const struct contribution *it)
{
	return (struct user_sums){{it->counted, it->counted && it->requested,
				   it->counted && it->requested && it->confirmed,
				   it->counted && it->failed, it->counted && it->read_requested,
				   it->counted && it->read_requested && it->read},
				  it->counted};
}

static void add_users(struct rollups *rollups, const struct row *row, usec_t day,
		      const struct contribution *was, const struct contribution *now)
{
	struct user_sums a = user_sums_of(was), b = user_sums_of(now);
	if (memcmp(a.sent, b.sent, sizeof a.sent) != 0) {
		struct user_cell *sender =
			user_cell(rollups, day, row->from.p ? row->from : TEXT(""));
		for (size_t i = 0; i < USER_RECEIVED; i++)
			sender->sums[i] += b.sent[i] - a.sent[i];
	}
	if (a.received != b.received)
		user_cell(rollups, day, row->to.p ? row->to : TEXT(""))->sums[USER_RECEIVED] +=
			b.received - a.received;
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

// One of both is a row that counts as nothing, or both count under the same keys: those of "row" and "at".
static void add_difference(struct rollups *rollups, const struct row *row,
			   const struct contribution *at, const struct contribution *was,
			   const struct contribution *now)
{
	struct addend addend = addend_of(was, now);
	usec_t day = rollup_day(at->sent_at);
	const struct sum_key keys[] = {
		{GRAIN_QUARTER, 0, usec_floor(at->sent_at, USEC_PER_QUARTER), TEXT(""), TEXT("")},
		{GRAIN_DAY, 0, day, TEXT(""), TEXT("")},
		{GRAIN_DOMAINS, 0, day, jid_domain(row->from), jid_domain(row->to)},
		{GRAIN_KIND, at->kind, day, TEXT(""), TEXT("")},
	};
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		add_sums(rollups, &keys[i], &addend);
	add_users(rollups, row, day, was, now);
	devices_add(rollups, day, jid_domain(row->to), was, now);
	failures_add(rollups, day, jid_domain(row->from), jid_domain(row->to), was, now);
}

static const struct contribution nothing = {.ms = {-1, -1, -1, -1, -1, -1}};

void rollups_add(struct rollups *rollups, const struct row *row, int sign)
{
	struct contribution it;
	if (row->class_ == CLASS_JOINED) // not shown: another row holds it (M6)
		return;
	contribution_of(row, &it);
	add_difference(rollups, row, &it, sign < 0 ? &it : &nothing, sign < 0 ? &nothing : &it);
}

// It counts under the same keys as before: then most of what it counts as is the same, too.
static bool stays(const struct row *was, const struct contribution *a, const struct row *now,
		  const struct contribution *b)
{
	return was->class_ == now->class_ && a->sent_at == b->sent_at && a->kind == b->kind &&
	       text_same(was->from, now->from) && text_same(was->to, now->to);
}

void rollups_move(struct rollups *rollups, const struct row *was, const struct row *now)
{
	struct contribution a, b;
	contribution_of(was, &a);
	contribution_of(now, &b);
	if (was->class_ != CLASS_JOINED && stays(was, &a, now, &b)) {
		add_difference(rollups, now, &b, &a, &b);
		return;
	}
	rollups_add(rollups, was, -1);
	rollups_add(rollups, now, 1);
}
