// SPDX-License-Identifier: Apache-2.0
// F26 for a rotation that nobody followed: while nothing ran, by copying and truncating, or slowly. The older file is
// open under a name that the pattern matches and read to its end, which lies inside a record; the younger one is
// about to be opened.
#include "ingest/follow_internal.h"
#include "ingest/seam.h"
#include "ingest/series.h"

#define WAIT (3 * USEC_PER_SEC) // until what is at the path tells whether it goes on

static bool may_be_before(const struct tail *tail, const struct tail *next)
{
	struct stream *stream = tail_stream(tail);
	return stream && tail != next && tail_setting(tail) == tail_setting(next) &&
	       !tail_is_leaving(tail) && series_is_one(tail_path(tail), tail_path(next)) &&
	       !stream_is_behind(stream) && stream_is_torn(stream);
}

static bool was_written_now(const struct tail *tail)
{
	usec_t written_at = tail_written_at(tail), now = usec_now();
	return written_at != USEC_NONE && now - written_at < WAIT && written_at - now < WAIT;
}

static bool may_wait(const struct tail *tail, struct tail *next)
{
	return was_written_now(next) && seam_may_come(tail_stream(tail), tail_path(next)) &&
	       tail_waits(next) < WAIT;
}

// F25: an older file, of which nobody expects more. When it grows all the same, it is read on.
static bool is_over(const struct tail *tail, const struct tail *next)
{
	const char *path = tail_path(tail), *other = tail_path(next);
	bool is_live = series_order(path, other, true) > 0 && series_order(path, other, false) > 0;
	return !is_live && tail_written_at(tail) < tail_written_at(next);
}

bool follow_join(struct follow *follow, struct tail *next, bool *wait, struct err *err)
{
	*wait = false;
	for (size_t i = 0; i < follow->count; i++) {
		struct tail *tail = follow->tails[i];
		bool joined;
		if (!may_be_before(tail, next))
			continue;
		if (!seam_end(follow->batcher, tail_stream(tail), tail_path(tail), &joined, err))
			return false;
		if (!joined && may_wait(tail, next))
			*wait = true;
		else if ((joined || is_over(tail, next)) && !follow_finish(follow, tail, err))
			return false;
	}
	return true;
}
