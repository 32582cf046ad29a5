// SPDX-License-Identifier: Apache-2.0
#include "ingest/join.h"

#include "ingest/markup.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define SOON (5 * USEC_PER_SEC) // a writer that is writing opens the next file at once

struct trial {
	uint64_t seam;  // where the next file begins
	uint64_t end;   // of the stanza that lies over it
	uint64_t clear; // from there on none that began before the seam is waited for; 0: not seen
	bool of_reads; // its reads are records of their own, and the last one is wholly in the next file
	bool whole_first; // a stanza begins at the seam
	usec_t at;        // its time
	usec_t next_at;   // of the first record after it
	usec_t newest;    // of all after it
	bool noise;       // nothing was said but that there are lines without meaning
};

// A trial does not know the sessions.
static bool is_stanza(const struct record *record)
{
	return record->kind == RECORD_STANZA ||
	       (record->kind == RECORD_QUARANTINE && !strcmp(record->reason, "sender not known"));
}

static void on_record(void *self, const struct record *record)
{
	struct trial *trial = self;
	trial->noise = false;
	if (trial->end && trial->next_at == USEC_NONE)
		trial->next_at = record->at;
	if (trial->end && record->at > trial->newest)
		trial->newest = record->at;
	if (!is_stanza(record) || !markup_whole(record->xml))
		return;
	trial->whole_first = trial->whole_first || record->offset == trial->seam;
	if (record->offset - record->back >= trial->seam ||
	    record->offset + record->length <= trial->seam)
		return;
	trial->end = record->offset + record->length;
	trial->of_reads = trial->of_reads || record->offset >= trial->seam;
	trial->at = record->at;
	trial->next_at = trial->newest = USEC_NONE;
}

static void on_fact(void *self, struct text key, struct text value)
{
	(void)self, (void)key, (void)value;
}

static void on_ignored(void *self, const char *kind)
{
	struct trial *trial = self;
	trial->noise = trial->noise && (!strcmp(kind, "noise") || !strncmp(kind, "rest of ", 8));
}

// Line by line, until no stanza is left that lies over the seam. Where reads are records of their own, those of
// other connections lie between: then the piece for the older file ends where none of theirs is cut either.
static size_t feed_seam(const struct join *join, struct dialect *dialect, struct trial *trial,
			struct text after)
{
	size_t done = 0;
	while (done < after.n) {
		const char *end = memchr(after.p + done, '\n', after.n - done);
		size_t next = end ? (size_t)(end + 1 - after.p) : after.n;
		join->type->bytes(dialect, trial->seam + done,
				  (struct text){after.p + done, next - done});
		done = next;
		uint64_t unfinished = dialect_unfinished(join->type, dialect);
		if (trial->end && !trial->clear && unfinished >= trial->seam)
			trial->clear = trial->seam + done;
		if (trial->end && unfinished >= trial->seam + done) {
			trial->clear = trial->seam + done;
			break;
		}
	}
	return done;
}

static struct trial try_out(const struct join *join, struct text before, struct text after)
{
	struct trial trial = {.seam = join->offset + before.n,
			      .at = USEC_NONE,
			      .next_at = USEC_NONE,
			      .newest = USEC_NONE};
	const struct dialect_sink sink = {&trial, on_record, on_fact, on_ignored};
	struct dialect *dialect = join->type->open(&join->options, &sink);
	if (before.n)
		join->type->bytes(dialect, join->offset, before);
	size_t done = feed_seam(join, dialect, &trial, after);
	if (trial.of_reads && trial.clear)
		trial.end = trial.clear;
	join->type->bytes(dialect, trial.seam + done,
			  (struct text){after.p + done, after.n - done});
	join->type->close(dialect);
	return trial;
}

// Names of files may lie, and so may what fits together: the log must go on where it was left, never before (names
// do not say which of two is the older one).
static bool is_in_time(const struct join *join, const struct trial *trial)
{
	return !join->soon ||
	       (trial->at != USEC_NONE && trial->next_at != USEC_NONE &&
		trial->next_at > trial->at - USEC_PER_SEC && trial->newest >= trial->at &&
		trial->next_at - trial->at < join->soon);
}

size_t join_length(const struct join *join)
{
	if (!join->rest.n || !join->head.n)
		return 0;
	struct trial both = try_out(join, join->rest, join->head);
	if (!both.end || !is_in_time(join, &both))
		return 0;
	// Records of other connections may come first where a stanza has several.
	if (!both.of_reads && try_out(join, (struct text){join->rest.p, 0}, join->head).whole_first)
		return 0;
	return (size_t)(both.end - both.seam);
}

static void on_own(void *self, const struct record *record)
{
	bool *any = self;
	*any = *any || is_stanza(record);
}

static void on_nothing(void *self, const char *kind)
{
	(void)self, (void)kind;
}

bool join_is_early(const struct dialect_type *type, const struct dialect_options *options,
		   struct text head)
{
	bool any = false;
	const struct dialect_sink sink = {&any, on_own, on_fact, on_nothing};
	struct dialect *dialect = type->open(options, &sink);
	type->bytes(dialect, 0, head);
	type->close(dialect);
	return !any && head.n < JOIN_MOST;
}

size_t join_foreign(const struct dialect_type *type, const struct dialect_options *options,
		    struct text head)
{
	struct trial trial = {.noise = true};
	const struct dialect_sink sink = {&trial, on_record, on_fact, on_ignored};
	struct dialect *dialect = type->open(options, &sink);
	size_t foreign = 0;
	const char *end;

	while ((end = memchr(head.p + foreign, '\n', head.n - foreign))) {
		size_t next = (size_t)(end + 1 - head.p);
		type->bytes(dialect, foreign, (struct text){head.p + foreign, next - foreign});
		if (!trial.noise || type->low_water(dialect) < next)
			break; // a record of its own, or one that begins here
		foreign = next;
	}
	type->close(dialect);
	return foreign;
}

static usec_t written(const struct stat *st)
{
	return (usec_t)st->st_mtim.tv_sec * USEC_PER_SEC + st->st_mtim.tv_nsec / 1000;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool is_any_between(const char *path, const struct stat *before, const struct stat *next)
{
	char pattern[4096];
	bool any = false;
	glob_t found;
	int n = snprintf(pattern, sizeof pattern, "%s*", path);
	if (n < 0 || (size_t)n >= sizeof pattern || glob(pattern, 0, NULL, &found))
		return true; // nothing is known
	for (size_t i = 0; i < found.gl_pathc && !any; i++) {
		struct stat st;
		any = !stat(found.gl_pathv[i], &st) && !is_same(&st, before) &&
		      !is_same(&st, next) && written(&st) >= written(before);
	}
	globfree(&found);
	return any;
}

bool join_is_direct(int before, int next, const char *path)
{
	struct stat old, young;
	struct statx born;
	if (fstat(before, &old) || fstat(next, &young) || is_same(&old, &young) ||
	    statx(next, "", AT_EMPTY_PATH, STATX_BTIME, &born) || !(born.stx_mask & STATX_BTIME))
		return false;
	usec_t begun = (usec_t)born.stx_btime.tv_sec * USEC_PER_SEC + born.stx_btime.tv_nsec / 1000;
	usec_t left = written(&old);
	return begun - left < SOON && left - begun < SOON && !is_any_between(path, &old, &young);
}
