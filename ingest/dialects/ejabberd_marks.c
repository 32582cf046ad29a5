// SPDX-License-Identifier: Apache-2.0
// A clock coarser than 1 us counts the records of a stamp (T1b). A restart reads again from low water
// and must count from there, so low water is a place whose ordinals are known.
#include "ingest/dialects/ejabberd.h"

#include <stdlib.h>

enum { MARKS = 1024, MARK_STEP = 65536 };

void ejabberd_marks_free(struct ejabberd_marks *marks)
{
	free(marks->list);
	buf_free(&marks->told);
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

uint64_t ejabberd_marks_save(struct ejabberd_marks *marks, const struct ordinals *now, uint64_t low,
			     uint64_t here, const struct dialect_sink *sink)
{
	struct ordinals ordinals = *now;
	struct buf text = {0};
	if (!marks->list)
		marks->list = xcalloc(MARKS, sizeof *marks->list);
	if (low == here) { // nothing is held
		marks->count = 0;
	} else {
		const struct ejabberd_mark *mark = before(marks, low);
		ordinals = mark->ordinals;
		low = mark->offset;
	}
	if (!marks->count ||
	    (here - marks->list[marks->count - 1].offset >= MARK_STEP && marks->count < MARKS))
		marks->list[marks->count++] = (struct ejabberd_mark){here, *now};
	ordinals_save(&ordinals, &text);
	if (!text_same(buf_view(&text), buf_view(&marks->told))) {
		marks->told.len = 0;
		buf_text(&marks->told, buf_view(&text));
		sink->remember(sink->self, TEXT("clock"), buf_view(&text));
	}
	buf_free(&text);
	return low;
}
