// SPDX-License-Identifier: Apache-2.0
// Looks for what is nearest before or after a time, however far. Which days may hold it is known
// (key_filter.h): the nearest is looked at first, so that a year of days costs what a week does.
#include "store/settle.h"

#include <stdlib.h>

// A filter may name a day too many, and what is on a day may be of another kind. After so many days all
// that are left are looked at together.
enum { DAYS_ONE_BY_ONE = 8 };

struct day_span {
	int64_t day, first, last, before, after; // first > last: no day
};

static void take_day(void *self, int64_t day)
{
	struct day_span *span = self;
	span->first = day < span->first ? day : span->first;
	span->last = day > span->last ? day : span->last;
	if (day < span->day && day > span->before)
		span->before = day;
	if (day > span->day && day < span->after)
		span->after = day;
}

static struct day_span days_around(const struct key_filter *keys, int64_t key, int64_t day)
{
	struct day_span span = {day, INT64_MAX, INT64_MIN, INT64_MIN, INT64_MAX};
	key_filter_days(keys, key, INT64_MIN, INT64_MAX, &span, take_day);
	return span;
}

void walks_add(struct walks *walks, int64_t key, usec_t at)
{
	usec_t bounded = usec_bounded(at);
	int64_t day = keys_day(bounded);
	*VEC_ADD(&walks->items) = (struct walk){
		.key = key,
		.day = day,
		.lo = walks->after ? bounded + 1 : keys_day_start(day),
		.hi = walks->after ? keys_day_end(day) : bounded - 1,
	};
}

static void next_part(const struct walks *walks, struct walk *walk)
{
	struct day_span days = days_around(walks->keys, walk->key, walk->day);
	int64_t next = walks->after ? days.after : days.before;
	int64_t end = walks->after ? days.last : days.first;
	walk->done = next == INT64_MAX || next == INT64_MIN;
	if (walk->done)
		return;
	bool rest = walks->round >= DAYS_ONE_BY_ONE;
	walk->lo = keys_day_start(rest && !walks->after ? end : next);
	walk->hi = keys_day_end(rest && walks->after ? end : next);
	walk->day = rest ? end : next;
}

static void ask(struct walks *walks)
{
	walks->asked.count = 0;
	for (size_t i = 0; i < walks->items.count; i++)
		if (!walks->items.items[i].done)
			*VEC_ADD(&walks->asked) = i;
}

bool walks_go(struct walks *walks, bool (*look)(struct walks *walks, struct err *err),
	      struct err *err)
{
	for (ask(walks); walks->asked.count; ask(walks)) {
		if (!look(walks, err))
			return false;
		walks->round++;
		for (size_t i = 0; i < walks->items.count; i++)
			if (!walks->items.items[i].done)
				next_part(walks, &walks->items.items[i]);
	}
	return true;
}

struct walk *walks_found(struct walks *walks, int64_t place)
{
	struct walk *walk = &walks->items.items[walks->asked.items[place - 1]];
	walk->done = true;
	return walk;
}

void walks_spans(const struct walks *walks, struct fields *lo, struct fields *hi)
{
	for (size_t i = 0; i < walks->asked.count; i++) {
		const struct walk *walk = &walks->items.items[walks->asked.items[i]];
		put_usec(lo, usec_bounded(walk->lo));
		put_usec(hi, usec_bounded(walk->hi));
	}
}

void walks_free(struct walks *walks)
{
	free(walks->items.items);
	free(walks->asked.items);
}
