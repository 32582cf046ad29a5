// SPDX-License-Identifier: Apache-2.0
#include "core/map.h"

#include "core/arena.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 64 };

// The slot that holds key, or the empty one where it belongs. There is always an empty slot.
static struct map_slot *find(struct map_slot *slots, size_t mask, int64_t key)
{
	size_t at = (size_t)key & mask;
	while (slots[at].value && slots[at].key != key)
		at = (at + 1) & mask;
	return &slots[at];
}

static void grow(struct map *map)
{
	size_t slots = map->mask ? (map->mask + 1) * 2 : FIRST_SLOTS;
	struct map_slot *bigger = xcalloc(slots, sizeof *bigger);
	for (size_t i = 0; map->mask && i <= map->mask; i++) {
		if (map->slots[i].value)
			*find(bigger, slots - 1, map->slots[i].key) = map->slots[i];
	}
	free(map->slots);
	map->slots = bigger;
	map->mask = slots - 1;
}

void *map_get(const struct map *map, int64_t key)
{
	return map->mask ? find(map->slots, map->mask, key)->value : NULL;
}

void **map_put(struct map *map, int64_t key)
{
	// At most 5/8 full: linear probing stays short, an empty slot is always left.
	if ((map->count + 1) * 8 > (map->mask + 1) * 5 || !map->mask)
		grow(map);
	struct map_slot *slot = find(map->slots, map->mask, key);
	if (!slot->value) {
		slot->key = key;
		map->count++;
	}
	return &slot->value;
}

void map_clear(struct map *map)
{
	if (map->mask)
		memset(map->slots, 0, (map->mask + 1) * sizeof *map->slots);
	map->count = 0;
}

void map_free(struct map *map)
{
	free(map->slots);
	*map = (struct map){0};
}
