// SPDX-License-Identifier: Apache-2.0
// What is known of time depends on what was read before: the number of a record within the stamp of a
// coarse clock (T1b), the newest stamp, the last silence. A restart reads again from low water, so
// low water is a place where all of it is known.
#include "ingest/dialects/ejabberd.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { MARKS = 1024, MARK_STEP = 65536 };

void ejabberd_marks_free(struct ejabberd_marks *marks)
{
	free(marks->list);
	buf_free(&marks->told_clock);
	buf_free(&marks->told_seen);
}

void ejabberd_marks_begin(struct ejabberd_marks *marks, const struct ejabberd_mark *now)
{
	marks->list = xcalloc(MARKS, sizeof *marks->list);
	marks->list[marks->count++] = *now;
}

// The newest place at or before low.
static const struct ejabberd_mark *before(struct ejabberd_marks *marks, uint64_t low)
{
	size_t first = 0;
	while (first + 1 < marks->count && marks->list[first + 1].offset <= low)
		first++;
	memmove(marks->list, marks->list + first, (marks->count - first) * sizeof *marks->list);
	marks->count -= first;
	return &marks->list[0];
}

static void tell(const struct dialect_sink *sink, const char *key, struct buf *told,
		 struct buf *value)
{
	if (!text_same(buf_view(value), buf_view(told))) {
		told->len = 0;
		buf_text(told, buf_view(value));
		sink->remember(sink->self, text_of(key), buf_view(value));
	}
	buf_free(value);
}

uint64_t ejabberd_marks_save(struct ejabberd_marks *marks, const struct ejabberd_mark *now,
			     uint64_t low, const struct dialect_sink *sink)
{
	struct buf clock = {0}, seen = {0};
	struct ejabberd_mark mark = *now;
	if (!marks->list) // nothing was read yet
		return low;
	if (low == now->offset) // nothing is held
		marks->count = 0;
	else
		mark = *before(marks, low);
	if (!marks->count || (now->offset - marks->list[marks->count - 1].offset >= MARK_STEP &&
			      marks->count < MARKS))
		marks->list[marks->count++] = *now;
	if (mark.ordinals.used) {
		ordinals_save(&mark.ordinals, &clock);
		tell(sink, "clock", &marks->told_clock, &clock);
	}
	if (mark.newest != USEC_NONE) {
		buf_printf(&seen, "%" PRId64 " %" PRId64, mark.newest, mark.before_silence);
		tell(sink, "seen", &marks->told_seen, &seen);
	}
	return mark.offset;
}

static void recall_seen(struct ejabberd_mark *now, struct text value)
{
	char copy[64];
	size_t n = value.n < sizeof copy ? value.n : sizeof copy - 1;
	memcpy(copy, value.p, n);
	copy[n] = 0;
	if (sscanf(copy, "%" SCNd64 " %" SCNd64, &now->newest, &now->before_silence) != 2)
		now->newest = now->before_silence = USEC_NONE;
}

bool ejabberd_marks_recall(struct ejabberd_marks *marks, struct ejabberd_mark *now, struct text key,
			   struct text value)
{
	bool clock = text_is(key, "clock");
	if (!clock && !text_is(key, "seen"))
		return false;
	if (clock)
		ordinals_load(&now->ordinals, value);
	else
		recall_seen(now, value);
	struct buf *told = clock ? &marks->told_clock : &marks->told_seen;
	told->len = 0;
	buf_text(told, value);
	return true;
}
