// SPDX-License-Identifier: Apache-2.0
#include "core/arena.h"
#include "ingest/follow_internal.h"
#include "ingest/seam.h"

#include <stdlib.h>

enum {
	READ_SHARE = 8 << 20,
	LOOKS_MOST = 3 // where files come faster than they can be looked at (F40)
};

// That nothing came is known of a file; of a feed only while its other end is heard.
bool follow_hears(const struct follow *follow, const struct tail *tail)
{
	const struct source_setting *setting = tail_setting(tail);
	return !source_is_spool(setting) || feeds_heard(follow->feeds, setting->name);
}

size_t follow_streams(struct follow *follow)
{
	size_t count = 0;

	for (size_t i = 0; i < follow->count; i++) {
		struct stream *stream = tail_stream(follow->tails[i]);
		if (!stream)
			continue;
		stream_is_heard(stream, follow_hears(follow, follow->tails[i]));
		follow->streams[count++] = stream;
	}
	return count;
}

bool follow_flush(struct follow *follow, struct err *err)
{
	struct batch_result result;
	size_t count = follow_streams(follow);

	if (!batcher_flush(follow->batcher, follow->streams, count, &result, err))
		return false;
	follow->backoff = 0;
	if (result.commit)
		follow->settled_at = USEC_NONE;
	if (result.inserted || result.updated)
		log_debug(follow->app->log, "committed", LOG_I("commit", result.commit),
			  LOG_I("inserted", result.inserted), LOG_I("updated", result.updated));
	return true;
}

// While more is read.
bool follow_store(struct follow *follow, struct err *err)
{
	if (!batcher_flush_later(follow->batcher, follow->streams, follow_streams(follow), err))
		return false;
	follow->backoff = 0;
	follow->settled_at = USEC_NONE;
	return true;
}

bool follow_finish(struct follow *follow, struct tail *tail, struct err *err)
{
	bool joined;
	if (tail_is_archive(tail) &&
	    !seam_end(follow->batcher, tail_stream(tail), tail_path(tail), &joined, err))
		return false;
	if ((!tail_is_stale(tail) && !tail_finish(tail, err)) || !follow_flush(follow, err))
		return false;
	tail_release(tail);
	return true;
}

static bool make_room(struct follow *follow, const struct tail *wanted, bool *room, struct err *err)
{
	*room = true;
	if (tail_has_file(wanted) || follow_open_files(follow) < follow->open_max)
		return true;
	if (!follow_flush(follow, err))
		return false;
	struct tail *idle = follow_longest_idle(follow);
	if (idle)
		tail_park(idle);
	*room = idle != NULL;
	return true;
}

static bool read_one(struct follow *follow, struct tail *tail, bool *some, struct err *err)
{
	size_t others = follow_streams(follow);

	*some = false;
	if (!tail_read(tail, follow->batcher, follow->streams, others, READ_SHARE, some, err))
		return false;
	if (!*some && (tail_is_stale(tail) || tail_is_over(tail)) &&
	    !follow_finish(follow, tail, err))
		return false;
	// More than one batch waits: read on meanwhile. A full one waits for the one before it.
	return !batcher_is_due(follow->batcher, false) || follow_store(follow, err);
}

// --- the order of files ---
//
// A log that was rotated is several files, and what a dialect knows (who is connected, how many records
// a second had, T1b) goes on from one to the next. So a file is opened only when those of its source that
// were written before it are read to their end, and what they taught is stored (F1, F4, F52). Files
// that are open are all read in every round: none waits for a busy one.

struct turn {
	struct tail *tail;
	usec_t written_at;
	bool open, gave;
};

static int by_age(const void *a, const void *b)
{
	const struct turn *x = a, *y = b;
	return (x->written_at > y->written_at) - (x->written_at < y->written_at);
}

static struct turn *list_turns(struct follow *follow, bool *waits)
{
	struct turn *turns = xcalloc(follow->count + 1, sizeof(*turns));
	*waits = false;
	for (size_t i = 0; i < follow->count; i++) {
		struct tail *tail = follow->tails[i];
		turns[i] =
			(struct turn){tail, tail_take_turn(tail), tail_stream(tail) != NULL, false};
		*waits = *waits || (!turns[i].open && turns[i].written_at != USEC_NONE);
	}
	qsort(turns, follow->count, sizeof(*turns), by_age);
	return turns;
}

// A rename between the look for names and the look at the files would hide the older file behind a name that
// nobody looked for: so names are looked for once more, and what is opened must be what had the turn.
static struct turn *take_turns(struct follow *follow)
{
	follow_scan_new(follow);
	for (int looks = 0;; looks++) {
		bool waits;
		struct turn *turns = list_turns(follow, &waits);
		if (looks == LOOKS_MOST || !waits || !follow_find_more(follow))
			return turns;
		free(turns);
	}
}

static bool is_too_early(const struct turn *turns, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if ((turns[i].gave || tail_is_leaving(turns[i].tail)) &&
		    tail_setting(turns[i].tail) == tail_setting(turns[at].tail))
			return true;
	return false;
}

static bool read_turns(struct follow *follow, struct turn *turns, bool open, struct err *err)
{
	for (size_t i = 0; i < follow->count; i++) {
		struct turn *turn = &turns[i];
		bool room = true, wait = false;
		if (turn->open != open ||
		    (!open && (tail_is_read_by(turn->tail, follow->tails, follow->count) ||
			       is_too_early(turns, i))))
			continue;
		if (!open && tail_is_there(turn->tail) &&
		    ((!batcher_is_empty(follow->batcher) && !follow_flush(follow, err)) ||
		     !follow_join(follow, turn->tail, &wait, err) ||
		     (!wait && !make_room(follow, turn->tail, &room, err))))
			return false;
		if (!room || wait)
			continue;
		if (!read_one(follow, turn->tail, &turn->gave, err))
			return false;
	}
	return true;
}

bool follow_read(struct follow *follow, bool *more, struct err *err)
{
	struct turn *turns = take_turns(follow);
	size_t count = follow->count;
	bool ok = read_turns(follow, turns, true, err) && read_turns(follow, turns, false, err);

	*more = false;
	for (size_t i = 0; i < count; i++)
		*more = *more || turns[i].gave;
	free(turns);
	return ok;
}
