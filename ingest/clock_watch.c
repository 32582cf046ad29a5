// SPDX-License-Identifier: Apache-2.0
#include "ingest/clock_watch.h"

// Zones differ by quarters of an hour at least; a clock that is set right goes back by less.
#define STEP (14 * 60 * USEC_PER_SEC)

// Lines of other programs may come from several writers, whose order is nobody's.
void clock_watch_begin(struct clock_watch *watch, const struct dialect_type *type)
{
	bool any = !strcmp(type->name, "observations") || !strcmp(type->name, "pattern");
	*watch = (struct clock_watch){.orderly = !any, .newest = USEC_NONE};
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
	if (went_back(watch, record, gap))
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
