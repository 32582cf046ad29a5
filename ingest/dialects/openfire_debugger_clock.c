// SPDX-License-Identifier: Apache-2.0
// The time of a record: the plugin's own stamp, else that of the server's log around it, else the
// newest one before. A log without any has no times.
#include "ingest/dialects/openfire_debugger.h"

#include <stdio.h>

enum { STEP = 1000 };

void debug_clock_init(struct debug_clock *clock)
{
	clock->last = USEC_NONE;
	ordinals_init(&clock->ordinals, STEP);
}

// The server's stamp is coarse, the plugin's is not: one that lies within the other's step is kept.
static usec_t wall_time(const struct debug_clock *clock, const struct zone *zone,
			struct debug_record *record)
{
	struct civil civil;
	if (!debug_wall(record->line.wall, &civil, &record->step))
		return USEC_NONE;
	usec_t at = zone_to_utc(zone, &civil, ordinals_not_before(&clock->ordinals), &record->odd);
	if (clock->last != USEC_NONE && clock->last >= at && clock->last < at + record->step)
		at = clock->last;
	return at;
}

void debug_time(struct debug_clock *clock, const struct zone *zone, struct debug_record *record)
{
	record->step = STEP;
	if (!record->line.stamp.p || !usec_parse(record->line.stamp, &record->stamp))
		record->stamp = record->line.wall.p ? wall_time(clock, zone, record) : clock->last;
	if (record->stamp != USEC_NONE)
		clock->last = record->stamp;
	clock->ordinals.step = record->step;
	record->at = ordinals_next(&clock->ordinals, record->stamp);
}

// The newest stamp, blank, ordinals.
void debug_clock_save(const struct debug_clock *clock, struct buf *out)
{
	struct ordinals ordinals = clock->ordinals;
	buf_printf(out, "%lld ", (long long)clock->last);
	ordinals_save(&ordinals, out);
}

void debug_clock_load(struct debug_clock *clock, struct text value)
{
	char text[32];
	long long last;
	const char *blank = value.n ? memchr(value.p, ' ', value.n) : NULL;
	size_t n = blank ? (size_t)(blank - value.p) : 0;
	if (!n || n >= sizeof text)
		return;
	memcpy(text, value.p, n);
	text[n] = 0;
	if (sscanf(text, "%lld", &last) != 1)
		return;
	clock->last = last;
	ordinals_load(&clock->ordinals, (struct text){blank + 1, value.n - n - 1});
}

void debug_pin(struct debug_pins *pins, uint64_t offset, const struct debug_clock *before,
	       uint64_t low)
{
	if (pins->count && pins->list[pins->count - 1].offset >= offset)
		return;
	size_t gone = 0;
	while (gone + 1 < pins->count && pins->list[gone + 1].offset <= low)
		gone++;
	if (pins->count == DEBUG_PINS && !gone)
		gone = 1;
	pins->count -= gone;
	memmove(pins->list, pins->list + gone, pins->count * sizeof *pins->list);
	pins->list[pins->count++] = (struct debug_pin){offset, *before};
}

const struct debug_clock *debug_pinned(const struct debug_pins *pins, uint64_t low)
{
	for (size_t i = 0; i < pins->count; i++)
		if (pins->list[i].offset == low)
			return &pins->list[i].clock;
	return NULL;
}
