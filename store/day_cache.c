// SPDX-License-Identifier: Apache-2.0
#include "store/day_cache.h"

#include <stdlib.h>
#include <string.h>

enum { COL_DAY, COL_COMMIT, COL_CONV };

struct listed {
	usec_t day;
	int64_t commit;
};

struct known_conv {
	int64_t conv;
	usec_t from;         // of days before nothing is known
	unsigned char *held; // a bit for each day that is listed; NULL: the place is empty
};

struct day_cache {
	struct listed *days; // in order
	size_t count;
	struct known_conv places[DAY_CACHE_CONVS];
	size_t hand; // which of some places is taken when all are
};

// The first of its places. It is a hash: all of its bits are as good.
static size_t places_of(int64_t conv)
{
	return ((uint64_t)conv >> 20) % (DAY_CACHE_CONVS / DAY_CACHE_WAYS) * DAY_CACHE_WAYS;
}

static const struct known_conv *find(const struct day_cache *cache, int64_t conv, usec_t first)
{
	const struct known_conv *known = &cache->places[places_of(conv)];
	for (size_t i = 0; i < DAY_CACHE_WAYS; i++, known++)
		if (known->held && known->conv == conv)
			return known->from <= first ? known : NULL;
	return NULL;
}

struct day_cache *day_cache_new(void)
{
	return xcalloc(1, sizeof(struct day_cache));
}

static void forget(struct day_cache *cache)
{
	for (size_t i = 0; i < DAY_CACHE_CONVS; i++) {
		free(cache->places[i].held);
		cache->places[i].held = NULL;
	}
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
		     usec_t first, struct fields *list)
{
	for (size_t i = 0; i < count; i++)
		if (!find(cache, convs[i], first))
			put_int8(list, convs[i]);
	return list->count > 0;
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

static void take_days(struct day_cache *cache, const struct rows *rows)
{
	size_t count;
	struct listed *days = list_days(rows, &count);
	if (!same_days(days, count, cache->days, cache->count))
		forget(cache);
	free(cache->days);
	cache->days = days;
	cache->count = count;
}

// Its own, an empty one, or the one whose turn it is.
static struct known_conv *place_for(struct day_cache *cache, int64_t conv)
{
	struct known_conv *places = &cache->places[places_of(conv)], *empty = NULL;
	for (size_t i = 0; i < DAY_CACHE_WAYS; i++) {
		if (places[i].held && places[i].conv == conv)
			return &places[i];
		if (!places[i].held && !empty)
			empty = &places[i];
	}
	return empty ? empty : &places[cache->hand++ % DAY_CACHE_WAYS];
}

// Its bits, none of them set.
static unsigned char *make(struct day_cache *cache, int64_t conv, usec_t first)
{
	struct known_conv *known = place_for(cache, conv);
	unsigned char *held = xcalloc(cache->count / 8 + 1, 1);
	free(known->held);
	*known = (struct known_conv){conv, first, held};
	return held;
}

void day_cache_take(struct day_cache *cache, const int64_t *convs, size_t count, usec_t first,
		    const struct rows *rows)
{
	take_days(cache, rows);
	for (size_t i = 0; i < count; i++) {
		unsigned char *held = make(cache, convs[i], first);
		size_t day = 0;
		for (int row = 0; row < rows->count; row++) {
			while (cache->days[day].day != row_usec(rows, row, COL_DAY))
				day++;
			if (!row_null(rows, row, COL_CONV) &&
			    row_int(rows, row, COL_CONV) == convs[i])
				held[day / 8] |= (unsigned char)(1 << day % 8);
		}
	}
}

// --- what is known ---

static size_t from_day(const struct day_cache *cache, usec_t first)
{
	size_t at = 0;
	while (at < cache->count && cache->days[at].day < first)
		at++;
	return at;
}

size_t day_cache_empty(const struct day_cache *cache, const int64_t *convs, size_t count,
		       usec_t first, bool *here, usec_t **days)
{
	size_t empty = 0;
	*days = xcalloc(cache->count + 1, sizeof **days);
	memset(here, 0, count * sizeof *here);
	for (size_t i = from_day(cache, first); i < cache->count; i++) {
		bool held = false;
		for (size_t j = 0; j < count; j++) {
			const struct known_conv *known = find(cache, convs[j], first);
			bool found = !known || (known->held[i / 8] >> i % 8 & 1);
			here[j] |= found;
			held |= found;
		}
		if (!held)
			(*days)[empty++] = cache->days[i].day;
	}
	return empty;
}

bool day_cache_holds(struct day_cache *cache, usec_t first, const struct rows *now)
{
	size_t at = from_day(cache, first);
	bool same = cache->count - at == (size_t)now->count;
	for (int i = 0; same && i < now->count; i++, at++)
		same = cache->days[at].day == row_usec(now, i, 0) &&
		       cache->days[at].commit == row_int(now, i, 1);
	if (!same)
		forget(cache);
	return same;
}
