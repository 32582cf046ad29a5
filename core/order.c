// SPDX-License-Identifier: Apache-2.0
#include "core/order.h"

#include "core/arena.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS, PASSES = 6, FEW = 64 };

static size_t digit_of(uint64_t number, int pass)
{
	return (size_t)(number >> pass * DIGIT_BITS) & (DIGITS - 1);
}

static void order_few(struct numbered *items, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct numbered item = items[i];
		size_t at = i;
		for (; at && items[at - 1].number > item.number; at--)
			items[at] = items[at - 1];
		items[at] = item;
	}
}

// Counts become places; false: all have the same digit.
static bool make_places(size_t *counts, size_t count)
{
	size_t place = 0;
	for (size_t i = 0; i < DIGITS; i++) {
		size_t here = counts[i];
		if (here == count)
			return false;
		counts[i] = place;
		place += here;
	}
	return true;
}

void order_by_number(struct numbered *items, size_t count)
{
	struct numbered *from = items, *to;
	size_t(*places)[DIGITS];
	if (count <= FEW) {
		order_few(items, count);
		return;
	}
	to = xcalloc(count, sizeof *to);
	places = xcalloc(PASSES, sizeof *places);
	struct numbered *spare = to;
	for (size_t i = 0; i < count; i++)
		for (int pass = 0; pass < PASSES; pass++)
			places[pass][digit_of(items[i].number, pass)]++;
	for (int pass = 0; pass < PASSES; pass++) {
		if (!make_places(places[pass], count))
			continue;
		for (size_t i = 0; i < count; i++)
			to[places[pass][digit_of(from[i].number, pass)]++] = from[i];
		struct numbered *sorted = to;
		to = from;
		from = sorted;
	}
	if (from != items)
		memcpy(items, from, count * sizeof *items);
	free(spare);
	free(places);
}
