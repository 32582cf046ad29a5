// SPDX-License-Identifier: Apache-2.0
#include "store/day_cache.h"

#include "store/read.h"
#include "store/write.h" // VEC

#include <stdlib.h>
#include <string.h>

enum { COL_DAY, COL_COMMIT, COL_PART, COL_CONVS };
enum { PARTS = 1024, MOST_BYTES = 6 << 20 }; // of a month of ten million messages all fits

struct listed {
	usec_t day;
	int64_t commit;
};

struct known_part { // what is listed of it; of day i: ends[i - 1] to ends[i]
	size_t *ends;
	VEC(int16_t) convs;
	size_t bytes;
};

struct day_cache {
	struct listed *days; // in order
	size_t count;
	struct known_part *parts[PARTS];
	size_t bytes, hand; // of all parts; where the next one goes when they are too many
};

static size_t part_of_conv(int64_t conv)
{
	return (uint64_t)conv >> 54;
}

static int16_t short_of(int64_t conv)
{
	return (int16_t)((conv & 65535) - 32768);
}

struct day_cache *day_cache_new(void)
{
	return xcalloc(1, sizeof(struct day_cache));
}

static void drop(struct day_cache *cache, size_t number)
{
	struct known_part *part = cache->parts[number];
	if (!part)
		return;
	cache->bytes -= part->bytes;
	free(part->ends);
	free(part->convs.items);
	free(part);
	cache->parts[number] = NULL;
}

static void forget(struct day_cache *cache)
{
	for (size_t i = 0; i < PARTS; i++)
		drop(cache, i);
	free(cache->days);
	cache->days = NULL;
	cache->count = 0;
}

void day_cache_free(struct day_cache *cache)
{
	if (!cache)
		return;
	forget(cache);
	free(cache);
}

// --- what comes ---

bool day_cache_lacks(const struct day_cache *cache, const int64_t *convs, size_t count,
		     struct fields *parts)
{
	for (size_t i = 0; i < count; i++)
		if (!cache->parts[part_of_conv(convs[i])])
			put_int2(parts, (int)part_of_conv(convs[i]));
	return parts->count > 0;
}

// Several rows are of one day.
static struct listed *list_days(const struct rows *rows, size_t *count)
{
	struct listed *days = xcalloc((size_t)rows->count + 1, sizeof *days);
	*count = 0;
	for (int i = 0; i < rows->count; i++) {
		usec_t day = row_usec(rows, i, COL_DAY);
		if (!*count || days[*count - 1].day != day)
			days[(*count)++] = (struct listed){day, row_int(rows, i, COL_COMMIT)};
	}
	return days;
}

static bool same_days(const struct listed *a, size_t count_a, const struct listed *b,
		      size_t count_b)
{
	bool same = count_a == count_b;
	for (size_t i = 0; same && i < count_a; i++)
		same = a[i].day == b[i].day && a[i].commit == b[i].commit;
	return same;
}

// Appends what stands in a row.
static void take_convs(struct known_part *part, const struct rows *rows, int row)
{
	struct array array;
	struct text value;
	array_open(&array, rows, row, COL_CONVS);
	while (array_next(&array, &value))
		*VEC_ADD(&part->convs) = (int16_t)array_int(value);
}

static struct known_part *read_part(const struct day_cache *cache, size_t number,
				    const struct rows *rows)
{
	struct known_part *part = xcalloc(1, sizeof *part);
	size_t day = 0;
	part->ends = xcalloc(cache->count + 1, sizeof *part->ends);
	for (int i = 0; i < rows->count; i++) {
		while (cache->days[day].day != row_usec(rows, i, COL_DAY))
			part->ends[day++] = part->convs.count;
		if (!row_null(rows, i, COL_PART) && row_int(rows, i, COL_PART) == (int64_t)number)
			take_convs(part, rows, i);
	}
	for (; day < cache->count; day++)
		part->ends[day] = part->convs.count;
	part->bytes = sizeof *part + cache->count * sizeof *part->ends +
		      part->convs.cap * sizeof *part->convs.items;
	return part;
}

static void make_room(struct day_cache *cache)
{
	for (size_t i = 0; i < PARTS && cache->bytes > MOST_BYTES; i++)
		drop(cache, cache->hand++ % PARTS);
}

void day_cache_take(struct day_cache *cache, const struct fields *parts, const struct rows *rows)
{
	size_t count;
	struct listed *days = list_days(rows, &count);
	if (!same_days(days, count, cache->days, cache->count))
		forget(cache);
	free(cache->days);
	cache->days = days;
	cache->count = count;
	make_room(cache);
	const char *at = parts->bytes.data;
	for (size_t i = 0; i < parts->count; i++, at += 4 + sizeof(int16_t)) {
		size_t number = (size_t)((unsigned char)at[4] << 8 | (unsigned char)at[5]);
		drop(cache, number);
		cache->parts[number] = read_part(cache, number, rows);
		cache->bytes += cache->parts[number]->bytes;
	}
}

// --- what is known ---

// Few stand there, in no order: to sort them would take longer than all that is ever asked.
static bool is_listed(const struct known_part *part, size_t day, int16_t conv)
{
	bool found = false;
	for (size_t i = day ? part->ends[day - 1] : 0; i < part->ends[day]; i++)
		found |= part->convs.items[i] == conv;
	return found;
}

size_t day_cache_empty(const struct day_cache *cache, const int64_t *convs, size_t count,
		       usec_t first, bool *here, usec_t **days)
{
	size_t empty = 0;
	*days = xcalloc(cache->count + 1, sizeof **days);
	memset(here, 0, count * sizeof *here);
	for (size_t i = 0; i < cache->count; i++) {
		bool held = false;
		for (size_t j = 0; j < count; j++) {
			const struct known_part *part = cache->parts[part_of_conv(convs[j])];
			bool found = !part || is_listed(part, i, short_of(convs[j]));
			here[j] |= found;
			held |= found;
		}
		if (!held && cache->days[i].day >= first)
			(*days)[empty++] = cache->days[i].day;
	}
	return empty;
}

bool day_cache_holds(struct day_cache *cache, usec_t first, const struct rows *now)
{
	size_t at = 0;
	while (at < cache->count && cache->days[at].day < first)
		at++;
	bool same = cache->count - at == (size_t)now->count;
	for (int i = 0; same && i < now->count; i++, at++)
		same = cache->days[at].day == row_usec(now, i, 0) &&
		       cache->days[at].commit == row_int(now, i, 1);
	if (!same)
		forget(cache);
	return same;
}
