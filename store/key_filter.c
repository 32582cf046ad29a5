// SPDX-License-Identifier: Apache-2.0
#include "store/key_filter.h"

#include "core/arena.h"

#include <stdlib.h>
#include <string.h>

// A layer is a Bloom filter whose bits for one key lie in one line of the processor's cache. A full
// one gets a larger one beside it: what is in a filter cannot be put into another.
enum {
	LINE_WORDS = 8, // 64 bytes
	LINE_KEYS = 42, // 12 bits each: about 1 % wrong answers
	PROBES = 6,
	GROWTH = 4,
	DAY_LINES = 8,       // of the first layer: 336 keys
	ALL_LINES = 4096,    // 170,000 keys
	LINES_MAX = 1 << 19, // of all layers together: 32 MB
	LAYERS_MAX = 12
};

struct layer {
	uint64_t *words;
	uint32_t lines, keys;
};

struct bloom {
	struct layer layers[LAYERS_MAX]; // the last one is being filled
	unsigned count;
};

struct day {
	int64_t number;
	struct bloom bloom;
};

struct key_filter {
	struct bloom all;
	struct day **days; // sorted
	size_t count, cap;
	size_t lines; // memory in use
	size_t last;  // place of the day that was used last
};

struct key_filter *key_filter_new(void)
{
	return xcalloc(1, sizeof(struct key_filter));
}

static void bloom_free(struct bloom *bloom)
{
	for (unsigned i = 0; i < bloom->count; i++)
		free(bloom->layers[i].words);
}

void key_filter_free(struct key_filter *filter)
{
	if (!filter)
		return;
	bloom_free(&filter->all);
	for (size_t i = 0; i < filter->count; i++) {
		bloom_free(&filter->days[i]->bloom);
		free(filter->days[i]);
	}
	free(filter->days);
	free(filter);
}

// The 32 bits of a key that are stored, spread over 64.
static uint64_t spread(uint32_t part)
{
	uint64_t z = part * UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 32)) * UINT64_C(0xd6e8feb86659fd93);
	return z ^ (z >> 32);
}

static uint64_t *line_of(const struct layer *layer, uint64_t hash)
{
	uint64_t line = ((hash & UINT32_MAX) * layer->lines) >> 32;
	return layer->words + line * LINE_WORDS;
}

static uint64_t bits_of(uint64_t hash) // 9 bits for each probe
{
	return (hash >> 32) * UINT64_C(0x9e3779b97f4a7c15);
}

static bool layer_has(const struct layer *layer, uint64_t hash)
{
	const uint64_t *line = line_of(layer, hash);
	uint64_t bits = bits_of(hash);
	for (int i = 0; i < PROBES; i++, bits >>= 9)
		if (!(line[bits >> 6 & 7] >> (bits & 63) & 1))
			return false;
	return true;
}

static void layer_put(struct layer *layer, uint64_t hash)
{
	uint64_t *line = line_of(layer, hash);
	uint64_t bits = bits_of(hash);
	for (int i = 0; i < PROBES; i++, bits >>= 9)
		line[bits >> 6 & 7] |= UINT64_C(1) << (bits & 63);
	layer->keys++;
}

static bool bloom_has(const struct bloom *bloom, uint64_t hash)
{
	for (unsigned i = bloom->count; i-- > 0;)
		if (layer_has(&bloom->layers[i], hash))
			return true;
	return false;
}

static bool is_full(const struct bloom *bloom)
{
	const struct layer *last = &bloom->layers[bloom->count - 1];
	return last->keys / LINE_KEYS >= last->lines;
}

// The first layer is always made; a further one only within the bounds.
static void make_layer(struct key_filter *filter, struct bloom *bloom, uint32_t first)
{
	uint32_t lines = bloom->count ? bloom->layers[bloom->count - 1].lines * GROWTH : first;
	if (bloom->count && (bloom->count == LAYERS_MAX || filter->lines + lines > LINES_MAX))
		return;
	bloom->layers[bloom->count++] =
		(struct layer){xcalloc(lines, LINE_WORDS * sizeof(uint64_t)), lines, 0};
	filter->lines += lines;
}

static void bloom_add(struct key_filter *filter, struct bloom *bloom, uint32_t first, uint64_t hash)
{
	if (!bloom->count || is_full(bloom))
		make_layer(filter, bloom, first);
	layer_put(&bloom->layers[bloom->count - 1], hash);
}

// First day that is not before "number".
static size_t place_of(const struct key_filter *filter, int64_t number)
{
	size_t lo = 0, hi = filter->count;
	while (lo < hi) {
		size_t middle = lo + (hi - lo) / 2;
		if (filter->days[middle]->number < number)
			lo = middle + 1;
		else
			hi = middle;
	}
	return lo;
}

static struct day *day_get(struct key_filter *filter, int64_t number)
{
	if (filter->last < filter->count && filter->days[filter->last]->number == number)
		return filter->days[filter->last];
	size_t at = filter->last = place_of(filter, number);
	if (at < filter->count && filter->days[at]->number == number)
		return filter->days[at];
	if (filter->count == filter->cap) {
		filter->cap = filter->cap ? filter->cap * 2 : 32;
		filter->days = xrealloc(filter->days, filter->cap * sizeof(*filter->days));
	}
	memmove(filter->days + at + 1, filter->days + at,
		(filter->count++ - at) * sizeof(*filter->days));
	filter->days[at] = xcalloc(1, sizeof(struct day));
	filter->days[at]->number = number;
	return filter->days[at];
}

void key_filter_add(struct key_filter *filter, int64_t day, uint32_t part)
{
	uint64_t hash = spread(part);
	bloom_add(filter, &filter->all, ALL_LINES, hash);
	bloom_add(filter, &day_get(filter, day)->bloom, DAY_LINES, hash);
}

bool key_filter_any(const struct key_filter *filter, int64_t key)
{
	return bloom_has(&filter->all, spread((uint32_t)key));
}

void key_filter_days(const struct key_filter *filter, int64_t key, int64_t from, int64_t to,
		     void *self, void (*found)(void *self, int64_t day))
{
	uint64_t hash = spread((uint32_t)key);
	if (!bloom_has(&filter->all, hash))
		return;
	for (size_t i = place_of(filter, from); i < filter->count && filter->days[i]->number <= to;
	     i++)
		if (bloom_has(&filter->days[i]->bloom, hash))
			found(self, filter->days[i]->number);
}
