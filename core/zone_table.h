// SPDX-License-Identifier: Apache-2.0
// Inside of core/zone*.c: a zone as one sorted list of changes of its offset.
#ifndef CORE_ZONE_TABLE_H
#define CORE_ZONE_TABLE_H

#include "core/ztime.h"

// The Gregorian calendar repeats, weekdays included, after 400 years of 146097 days: 20871 weeks.
#define CYCLE_SECONDS (INT64_C(146097) * 86400)

struct zone_change {
	int64_t at; // seconds since the epoch; the first change is at INT64_MIN
	int offset; // seconds east of UTC from then on
};

struct zone {
	char *name;
	struct zone_change *changes; // never empty
	size_t count;
	int64_t fold; // instants from here on are looked up whole cycles earlier; INT64_MAX = never
};

void zone_table_add(struct zone *zone, int64_t at, int offset);

// Reads a TZif file (RFC 8536, version 2 or later) into zone->changes and sets fold.
bool zone_file_read(const char *path, struct zone *zone, struct err *err);

// Adds what the TZ string in the footer says for the years after the last change: 400 of them, and
// from there on the list repeats (see fold). false: the text is not understood.
bool zone_footer_apply(struct zone *zone, struct text footer);

#endif
