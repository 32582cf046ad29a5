// SPDX-License-Identifier: Apache-2.0
// Facts that several dialects remember in the same way.
#ifndef INGEST_DIALECTS_FACT_H
#define INGEST_DIALECTS_FACT_H

#include "ingest/dialect.h"
#include "ingest/ordinal.h"

#include <inttypes.h>
#include <stdio.h>

static inline uint64_t fact_number(struct text value)
{
	uint64_t number = 0;
	for (size_t i = 0; i < value.n && i < 18 && value.p[i] >= '0' && value.p[i] <= '9'; i++)
		number = number * 10 + (uint64_t)(value.p[i] - '0');
	return number;
}

// "hole": how many NUL bytes lie before low water, so that a hole is one gap (F29) and yet does
// not hold low water back. *kept says whether the fact is there.
static inline void fact_hole(const struct dialect_sink *sink, uint64_t length, bool *kept)
{
	char number[24];
	int n = snprintf(number, sizeof number, "%" PRIu64, length);
	if (length)
		sink->remember(sink->self, TEXT("hole"), (struct text){number, (size_t)n});
	else if (*kept)
		sink->remember(sink->self, TEXT("hole"), TEXT_NONE);
	*kept = length != 0;
}

// "clock": the ordinals when they changed. before: their state where a record began that is still open,
// NULL: none is; a restart begins with that record and counts its stamp again.
static inline void fact_clock(const struct dialect_sink *sink, struct ordinals *ordinals,
			      struct ordinals *before)
{
	struct buf text = {0};
	if (!ordinals->changed)
		return;
	ordinals_save(before ? before : ordinals, &text);
	sink->remember(sink->self, TEXT("clock"), buf_view(&text));
	ordinals->changed = before != NULL;
	buf_free(&text);
}

#endif
