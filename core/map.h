// SPDX-License-Identifier: Apache-2.0
// 64-bit key -> pointer, open addressing. Keys are already well mixed (keyed hashes), so the low
// bits are the slot. No deletion: a map lives as long as one batch.
#ifndef CORE_MAP_H
#define CORE_MAP_H

#include <stddef.h>
#include <stdint.h>

struct map_slot {
	int64_t key;
	void *value; // NULL = empty slot
};

struct map {
	struct map_slot *slots;
	size_t count;
	size_t mask; // number of slots - 1, 0 = nothing allocated yet
};

void *map_get(const struct map *map, int64_t key); // NULL when absent
// The place of the value for key; a new one holds NULL and must be filled by the caller at once.
void **map_put(struct map *map, int64_t key);
void map_clear(struct map *map); // keeps the memory
void map_free(struct map *map);

#endif
