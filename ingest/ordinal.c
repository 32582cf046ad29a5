// SPDX-License-Identifier: Apache-2.0
#include "ingest/ordinal.h"

#include <inttypes.h>
#include <stdio.h>

void ordinals_init(struct ordinals *ordinals, usec_t step)
{
	*ordinals = (struct ordinals){.step = step, .latest = USEC_NONE};
}

static int64_t *count_of(struct ordinals *ordinals, usec_t stamp)
{
	for (unsigned i = 0; i < ordinals->used; i++)
		if (ordinals->recent[i].stamp == stamp)
			return &ordinals->recent[i].count;
	unsigned slot = ordinals->next;
	ordinals->next = (slot + 1) % ORDINAL_STAMPS;
	if (ordinals->used < ORDINAL_STAMPS)
		ordinals->used++;
	ordinals->recent[slot].stamp = stamp;
	ordinals->recent[slot].count = 0;
	return &ordinals->recent[slot].count;
}

usec_t ordinals_next(struct ordinals *ordinals, usec_t stamp)
{
	if (stamp == USEC_NONE)
		return USEC_NONE;
	int64_t *count = count_of(ordinals, stamp);
	int64_t k = *count < ordinals->step - 1 ? *count : ordinals->step - 1;
	++*count;
	ordinals->changed = true;
	if (ordinals->latest == USEC_NONE || stamp > ordinals->latest)
		ordinals->latest = stamp;
	return stamp + k;
}

usec_t ordinals_not_before(const struct ordinals *ordinals)
{
	return ordinals->latest == USEC_NONE ? USEC_NONE : ordinals->latest - ORDINAL_SLACK;
}

void ordinals_save(struct ordinals *ordinals, struct buf *out)
{
	buf_printf(out, "%" PRId64, ordinals->latest);
	unsigned first = ordinals->used < ORDINAL_STAMPS ? 0 : ordinals->next;
	for (unsigned i = 0; i < ordinals->used; i++) {
		unsigned slot =
			(first + i) % ORDINAL_STAMPS; // oldest first, as they will be loaded
		buf_printf(out, " %" PRId64 ":%" PRId64, ordinals->recent[slot].stamp,
			   ordinals->recent[slot].count);
	}
	ordinals->changed = false;
}

usec_t ordinals_latest_of(struct text saved)
{
	char copy[24];
	int64_t latest;
	size_t n = saved.n < sizeof copy ? saved.n : sizeof copy - 1;
	memcpy(copy, saved.p, n);
	copy[n] = 0;
	return sscanf(copy, "%" SCNd64, &latest) == 1 ? latest : USEC_NONE;
}

void ordinals_load(struct ordinals *ordinals, struct text saved)
{
	char copy[ORDINAL_STAMPS * 48 + 32];
	int64_t stamp, count, latest;
	int used = 0;
	if (saved.n >= sizeof copy)
		return;
	memcpy(copy, saved.p, saved.n);
	copy[saved.n] = 0;
	if (sscanf(copy, "%" SCNd64 "%n", &latest, &used) != 1)
		return;
	ordinals_init(ordinals, ordinals->step);
	const char *at = copy + used;
	while (sscanf(at, " %" SCNd64 ":%" SCNd64 "%n", &stamp, &count, &used) == 2) {
		*count_of(ordinals, stamp) = count;
		at += used;
	}
	ordinals->latest = latest;
}
