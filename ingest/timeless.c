// SPDX-License-Identifier: Apache-2.0
#include "ingest/timeless.h"

void timeless_begin(struct timeless *timeless, const struct dialect_type *type, bool live,
		    uint64_t size)
{
	*timeless = (struct timeless){.on = type->timeless,
				      .followed = live ? size : UINT64_MAX,
				      .read_at = USEC_NONE,
				      .last = USEC_NONE};
}

void timeless_read(struct timeless *timeless, usec_t now)
{
	timeless->read_at = now;
}

bool timeless_stamp(struct timeless *timeless, struct record *record)
{
	if (!timeless->on || record->offset < timeless->followed || timeless->read_at == USEC_NONE)
		return false;
	bool later = timeless->last == USEC_NONE || timeless->read_at > timeless->last;
	timeless->last = later ? timeless->read_at : timeless->last + 1;
	record->at = timeless->last;
	return true;
}

bool timeless_gap(struct timeless *timeless, const struct record *record, struct record *gap)
{
	if (timeless->told)
		return false;
	uint64_t length = timeless->followed < INT64_MAX ? timeless->followed - record->offset
							 : record->length;
	*gap = (struct record){.kind = RECORD_GAP,
			       .at = USEC_NONE,
			       .dir = DIR_ROUTE,
			       .offset = record->offset,
			       .index = record->index,
			       .length = length > UINT32_MAX ? UINT32_MAX : (uint32_t)length,
			       .reason = "lines without time, written before they were followed",
			       .lost = -1};
	return timeless->told = true;
}
