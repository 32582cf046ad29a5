// SPDX-License-Identifier: Apache-2.0
#include "ingest/clock_watch.h"

// Zones differ by quarters of an hour at least; a clock that is set right goes back by less.
#define STEP (14 * 60 * USEC_PER_SEC)
#define QUARTER (15 * 60 * USEC_PER_SEC)
#define EXACT (5 * USEC_PER_SEC) // so well a followed file tells how much time went by

// Lines of other programs, and what a feed kept while it was cut off, may come from several writers, whose order is nobody's.
void clock_watch_begin(struct clock_watch *watch, const struct dialect_type *type)
{
	bool any = !strcmp(type->name, "observations") || !strcmp(type->name, "pattern") ||
		   !strcmp(type->name, "spool");
	*watch = (struct clock_watch){.orderly = !any,
				      .newest = USEC_NONE,
				      .looked_at = USEC_NONE,
				      .newest_after = USEC_NONE,
				      .wall = usec_now,
				      .monotonic = usec_monotonic};
}

void clock_watch_looked(struct clock_watch *watch)
{
	watch->looked_at = watch->monotonic();
}

bool clock_watch_odd(struct clock_watch *watch, struct batch_gap *gap)
{
	if (!watch->odd)
		return false;
	*gap = (struct batch_gap){.from_offset = watch->odd_offset,
				  .to_offset = watch->odd_end,
				  .from_at = watch->odd_from,
				  .to_at = watch->odd_to,
				  .cause = "times of an hour that came twice or never"};
	return true;
}

static bool begin_odd(struct clock_watch *watch, const struct record *record, struct batch_gap *gap)
{
	watch->odd = true;
	watch->odd_from = watch->odd_to = record->at;
	watch->odd_offset = record->offset;
	watch->odd_end = record->offset + record->length;
	return clock_watch_odd(watch, gap);
}

static bool end_odd(struct clock_watch *watch, struct batch_gap *gap)
{
	bool was = clock_watch_odd(watch, gap);
	watch->odd = false;
	return was;
}

// Other zones are whole quarters of an hour away; a log that comes late, by way of another host, may catch up by anything.
static bool is_faster(const struct clock_watch *watch, usec_t by)
{
	if (watch->newest_after == USEC_NONE)
		return false;
	usec_t ahead = by - (watch->monotonic() - watch->newest_after);
	return ahead >= STEP && (ahead + EXACT) % QUARTER <= 2 * EXACT;
}

static bool went_forward(struct clock_watch *watch, const struct record *record,
			 struct batch_gap *gap)
{
	usec_t newest = watch->newest;
	if (newest == USEC_NONE || !watch->orderly || record->at - newest < STEP)
		return false;
	usec_t possible = watch->wall() + STEP;
	if (!(newest < possible && record->at >= possible) &&
	    !is_faster(watch, record->at - newest))
		return false;
	*gap = (struct batch_gap){.from_offset = record->offset,
				  .to_offset = record->offset,
				  .from_at = newest,
				  .to_at = record->at,
				  .cause = GAP_CLOCK_FORWARD};
	return true;
}

static bool went_back(struct clock_watch *watch, const struct record *record, struct batch_gap *gap)
{
	usec_t newest = watch->newest;
	if (newest == USEC_NONE || record->at > newest || !watch->orderly) {
		watch->newest = record->at;
		return false;
	}
	if (newest - record->at < STEP)
		return false;
	watch->newest = record->at; // from here on this is the clock
	*gap = (struct batch_gap){.from_offset = record->offset,
				  .to_offset = record->offset,
				  .from_at = record->at,
				  .to_at = newest,
				  .cause =
					  "the log's clock went back: another zone, or it was set"};
	return true;
}

bool clock_watch_record(struct clock_watch *watch, const struct record *record,
			struct batch_gap *gap)
{
	if (record->kind != RECORD_STANZA || record->at == USEC_NONE)
		return false;
	bool jumped = went_forward(watch, record, gap);
	jumped = went_back(watch, record, gap) || jumped;
	if (record->at == watch->newest)
		watch->newest_after = watch->looked_at;
	if (jumped)
		return true;
	if (!record->at_odd)
		return end_odd(watch, gap);
	if (!watch->odd)
		return begin_odd(watch, record, gap);
	watch->odd_from = record->at < watch->odd_from ? record->at : watch->odd_from;
	watch->odd_to = record->at > watch->odd_to ? record->at : watch->odd_to;
	watch->odd_end = record->offset + record->length;
	return false;
}
