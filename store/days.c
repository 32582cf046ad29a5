// SPDX-License-Identifier: Apache-2.0
// Which days a statement looks at. Partitions are left out when a statement starts only by parameters of
// the statement itself, not by what stands in a list that it joins: without this a look-up opens each day
// that is stored, 10 ms for a year of days.
#include "store/write.h"

#include <stdlib.h>

struct span {
	int64_t lo, hi; // as PostgreSQL counts, inclusive
};

struct spans {
	struct span *items;
	size_t count, cap;
};

static bool next_value(const char **at, int64_t *value)
{
	const unsigned char *p = (const unsigned char *)*at;
	bool null = p[0] == 0xff; // length -1
	uint64_t bits = 0;
	for (int i = 4; !null && i < 12; i++)
		bits = bits << 8 | p[i];
	*value = (int64_t)bits;
	*at += null ? 4 : 12;
	return !null;
}

static int by_lo(const void *a, const void *b)
{
	const struct span *x = a, *y = b;
	return (x->lo > y->lo) - (x->lo < y->lo);
}

// Sorted, and what overlaps is one.
static void collect(struct spans *spans, const struct fields *lo, const struct fields *hi)
{
	const char *from = lo->bytes.data, *to = hi->bytes.data;
	for (size_t i = 0; i < lo->count; i++) {
		struct span span;
		bool both = next_value(&from, &span.lo);
		both &= next_value(&to, &span.hi);
		if (both && span.lo <= span.hi)
			*VEC_ADD(spans) = span;
	}
	if (!spans->count)
		return;
	qsort(spans->items, spans->count, sizeof *spans->items, by_lo);
	size_t last = 0;
	for (size_t i = 1; i < spans->count; i++) {
		struct span *open = &spans->items[last], next = spans->items[i];
		if (next.lo > open->hi)
			spans->items[++last] = next;
		else if (next.hi > open->hi)
			open->hi = next.hi;
	}
	spans->count = last + 1;
}

static void close_gaps(struct spans *spans, int64_t widest)
{
	size_t last = 0;
	for (size_t i = 1; i < spans->count; i++) {
		if (spans->items[i].lo - spans->items[last].hi <= widest)
			spans->items[last].hi = spans->items[i].hi;
		else
			spans->items[++last] = spans->items[i];
	}
	spans->count = spans->count ? last + 1 : 0;
}

static int widest_first(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;
	return (*x < *y) - (*x > *y);
}

// The widest gaps are left.
static void narrow(struct spans *spans)
{
	if (spans->count <= IN_DAYS_SPANS)
		return;
	int64_t *gaps = xcalloc(spans->count, sizeof *gaps);
	for (size_t i = 1; i < spans->count; i++)
		gaps[i - 1] = spans->items[i].lo - spans->items[i - 1].hi;
	qsort(gaps, spans->count - 1, sizeof *gaps, widest_first);
	close_gaps(spans, gaps[IN_DAYS_SPANS - 1]);
	free(gaps);
}

void add_spans(struct fields *ends, const struct fields *lo, const struct fields *hi, usec_t widest)
{
	struct spans spans = {0};
	collect(&spans, lo, hi);
	close_gaps(&spans, widest);
	narrow(&spans);
	for (size_t i = 0; i < spans.count; i++) {
		put_int8(ends, spans.items[i].lo);
		put_int8(ends, spans.items[i].hi);
	}
	free(spans.items);
}

void put_in_days(struct fields *params, const struct fields *lo, const struct fields *hi)
{
	FIELDS_AUTO ends = {0};
	add_spans(&ends, lo, hi, USEC_PER_DAY - 1); // such a gap holds no whole day
	put_array(params, OF_TIMESTAMPTZ, &ends);
}

void put_spans(struct fields *params, const struct fields *lo, const struct fields *hi)
{
	size_t most = params->count + 2 * (size_t)IN_DAYS_SPANS;
	add_spans(params, lo, hi, USEC_PER_DAY - 1);
	while (params->count < most)
		put_null(params);
}
