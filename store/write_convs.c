// SPDX-License-Identifier: Apache-2.0
// What P8 wants of a conversation is nearly always its end: what no marker has marked yet. A writer
// remembers where that begins, as long as nobody else writes to the lane; so it need not look through
// weeks of rows for every marker. Whatever is not remembered is looked for.
#include "store/write.h"

#include <stdlib.h>

// Of the stored rows: none that was sent in floor..open_from-1 waits for a displayed marker, and those
// sent up to marks_to have no marker that was seen after last_mark.
struct known_conv {
	usec_t floor, open_from, last_mark, marks_to;
};

enum { CONVS_MAX = 100000 };

struct asked {           // what this batch asked of a conversation
	usec_t from, to; // rows that wait for a marker; from > to: not asked
	usec_t since;    // the batch's first marker
	usec_t marks_to; // all markers of rows up to here are loaded or older than since
	usec_t lo;       // of the batch's own rows
	usec_t open;     // of the rows that were passed the first that waits
};

static const struct known_conv empty = {INT64_MIN, INT64_MAX, INT64_MIN, INT64_MAX};

static void note_day(void *self, int64_t day)
{
	(void)day;
	*(bool *)self = true;
}

// NULL: nothing is known.
static const struct known_conv *find(const struct plan *plan, int64_t conv)
{
	bool stored = false;
	const struct known_conv *known = map_get(&plan->writer->convs, conv);
	if (known)
		return known;
	key_filter_days(plan->writer->keys, conv, INT64_MIN, INT64_MAX, &stored, note_day);
	return stored ? NULL : &empty;
}

static struct asked *asked_of(struct plan *plan, int64_t conv)
{
	void **place = map_put(&plan->asked, conv);
	if (!*place) {
		struct asked *made = *place = xcalloc(1, sizeof *made);
		*made = (struct asked){INT64_MAX, INT64_MIN, INT64_MAX,
				       INT64_MIN, INT64_MAX, INT64_MAX};
	}
	return *place;
}

static usec_t later(usec_t a, usec_t b)
{
	return a > b ? a : b;
}

struct want_window convs_narrow(struct plan *plan, const struct want_window *want)
{
	struct want_window narrow = *want;
	const struct known_conv *known = find(plan, want->conv);
	struct asked *asked = asked_of(plan, want->conv);
	if (!want->markers_only) {
		asked->from = want->lo < asked->from ? want->lo : asked->from;
		asked->to = later(asked->to, want->hi);
	} else
		asked->marks_to = later(asked->marks_to, want->hi);
	asked->lo = want->whole_from < asked->lo ? want->whole_from : asked->lo;
	if (want->since == USEC_NONE)
		return narrow;
	asked->since = want->since < asked->since ? want->since : asked->since;
	if (!known || want->since <= known->last_mark || want->whole_from > known->marks_to)
		return narrow;
	if (want->markers_only)
		narrow.lo = later(want->lo, want->whole_from);
	else if (want->lo >= known->floor)
		narrow.lo = later(want->lo, known->open_from);
	return narrow;
}

void convs_passed(struct plan *plan, const struct row *row)
{
	struct asked *asked = asked_of(plan, row->conv);
	bool waits = row->upto_displayed_at == USEC_NONE && row->displayed_at == USEC_NONE;
	if (waits && row->sent_at < asked->open)
		asked->open = row->sent_at;
}

// --- after the batch ---

static bool was_asked(const struct asked *asked)
{
	return asked && asked->from <= asked->to;
}

// Rows that wait were all loaded from asked->from to asked->to, or come from this batch.
static struct known_conv after_asking(const struct known_conv *known, const struct asked *asked,
				      const struct conversation_end *end)
{
	struct known_conv now = {asked->from, end->open_from, end->last_mark, asked->marks_to};
	if (known && asked->lo > known->marks_to)
		known = NULL; // there may be markers between
	bool joins = known && known->floor <= asked->from && asked->from <= known->open_from;
	if (joins)
		now.floor = known->floor;
	if (known && known->marks_to > now.marks_to)
		now.marks_to = known->marks_to;
	now.open_from = asked->open < now.open_from ? asked->open : now.open_from;
	now.open_from = now.open_from <= asked->to ? now.open_from : asked->to + 1;
	now.open_from = later(now.open_from, now.floor);
	if (asked->since != INT64_MAX)
		now.last_mark = later(now.last_mark, asked->since);
	// What was not asked for was marked before the batch's rows (P2: within w_match).
	now.last_mark = later(now.last_mark, known ? known->last_mark : end->hi);
	return now;
}

static void take_end(void *self, const struct conversation_end *end)
{
	struct plan *plan = self;
	const struct asked *asked = map_get(&plan->asked, end->conv);
	const struct known_conv *known = find(plan, end->conv);
	struct known_conv now;
	if (was_asked(asked)) {
		now = after_asking(known, asked, end);
	} else if (known) {
		now = *known;
		now.open_from = end->lo < now.open_from ? end->lo : now.open_from;
		now.last_mark = later(now.last_mark, end->last_mark);
	} else {
		return;
	}
	void **place = map_put(&plan->writer->convs, end->conv);
	if (!*place)
		*place = xcalloc(1, sizeof now);
	*(struct known_conv *)*place = now;
}

static void free_values(struct map *map)
{
	for (size_t i = 0; map->mask && i <= map->mask; i++)
		free(map->slots[i].value);
}

// The batch is committed; keys_remember() has not been called yet.
void convs_remember(struct plan *plan)
{
	if (plan->writer->convs.count > CONVS_MAX)
		convs_forget(plan->writer);
	pairing_conversations(plan->batch->pairing, plan, take_end);
}

void convs_forget(struct writer *writer)
{
	free_values(&writer->convs);
	map_free(&writer->convs);
}

void convs_free(struct plan *plan)
{
	free_values(&plan->asked);
	map_free(&plan->asked);
}
