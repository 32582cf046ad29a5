// SPDX-License-Identifier: Apache-2.0
#include "ingest/dialects/openfire_debugger.h"

#include "core/arena.h"

#include <stdlib.h>

struct debug_span {
	uint64_t begin, end;
};

void debug_span(struct debug_spans *spans, uint64_t begin, uint64_t end)
{
	if (begin >= end)
		return;
	if (spans->count == spans->capacity) {
		spans->capacity = spans->capacity ? spans->capacity * 2 : 16;
		spans->list = xrealloc(spans->list, spans->capacity * sizeof *spans->list);
	}
	spans->list[spans->count++] = (struct debug_span){begin, end};
}

uint64_t debug_spans_low(const struct debug_spans *spans, uint64_t low, uint64_t least)
{
	for (size_t i = 0; i < spans->count; i++) {
		const struct debug_span *span = &spans->list[i];
		if (span->begin < low && low <= span->end && span->begin >= least) {
			low = span->begin;
			i = (size_t)-1; // others may lie over that
		}
	}
	return low;
}

void debug_spans_forget(struct debug_spans *spans, uint64_t low)
{
	size_t kept = 0;
	for (size_t i = 0; i < spans->count; i++)
		if (spans->list[i].end >= low)
			spans->list[kept++] = spans->list[i];
	spans->count = kept;
}

void debug_spans_free(struct debug_spans *spans)
{
	free(spans->list);
	*spans = (struct debug_spans){0};
}
