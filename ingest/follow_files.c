// SPDX-License-Identifier: Apache-2.0
#include "core/arena.h"
#include "ingest/follow_internal.h"
#include "ingest/own_files.h"
#include "ingest/spool.h"

#include <glob.h>
#include <stdlib.h>
#include <sys/resource.h>

enum {
	OTHER_DESCRIPTORS = 40, // database, HTTP, zones
	FEWEST_FILES = 4
};

static bool is_followed(const struct follow *follow, const char *path)
{
	for (size_t i = 0; i < follow->count; i++)
		if (!strcmp(tail_path(follow->tails[i]), path))
			return true;
	return false;
}

static void add_tail(struct follow *follow, const struct source_setting *setting, const char *path)
{
	if (is_followed(follow, path) ||
	    (!source_is_spool(setting) && own_file(follow->app->settings, path)))
		return; // at the start the latter is an error
	if (follow->count == follow->cap) {
		follow->cap = follow->cap ? follow->cap * 2 : 8;
		follow->tails = xrealloc(follow->tails, follow->cap * sizeof(*follow->tails));
		follow->streams = xrealloc(follow->streams, follow->cap * sizeof(*follow->streams));
	}
	follow->tails[follow->count++] = tail_new(follow->app, setting, path, &follow->rules);
}

// Files that came and went beside a log. What is configured by its name is waited for (F15).
static void forget_gone(struct follow *follow)
{
	size_t kept = 0;

	for (size_t i = 0; i < follow->count; i++) {
		struct tail *tail = follow->tails[i];
		if (tail_is_nothing(tail) && strcmp(tail_path(tail), tail_setting(tail)->path) != 0)
			tail_free(tail);
		else
			follow->tails[kept++] = tail;
	}
	follow->count = kept;
}

// A name that matches nothing is followed as it is: the file may come later (F15).
bool follow_find_more(struct follow *follow)
{
	const struct settings *settings = follow->app->settings;
	size_t before = follow->count;

	for (size_t i = 0; i < settings->source_count; i++) {
		glob_t found;
		int flags = source_is_spool(&settings->sources[i]) ? 0 : GLOB_NOCHECK;
		if (glob(settings->sources[i].path, flags, NULL, &found))
			continue;
		for (size_t j = 0; j < found.gl_pathc; j++)
			add_tail(follow, &settings->sources[i], found.gl_pathv[j]);
		globfree(&found);
	}
	return follow->count > before;
}

void follow_scan(struct follow *follow)
{
	const struct settings *settings = follow->app->settings;
	usec_t begun_at = usec_monotonic();

	follow->names_changed = false;
	forget_gone(follow);
	watch_begin(follow->watch);
	for (size_t i = 0; i < settings->source_count; i++)
		watch_pattern(follow->watch, settings->sources[i].path);
	follow_find_more(follow);
	for (size_t i = 0; i < follow->count; i++)
		watch_target(follow->watch, tail_path(follow->tails[i]));
	follow->scanned_at = usec_monotonic();
	// In a folder where many files come and go most of the time is left for reading.
	follow->scan_pause = 10 * (follow->scanned_at - begun_at);
}

// A file that is about to be opened may have older ones beside it that were renamed just now.
void follow_scan_new(struct follow *follow)
{
	usec_t pause =
		follow->names_changed && follow->scan_pause < RESCAN ? follow->scan_pause : RESCAN;
	bool now = usec_monotonic() - follow->scanned_at > pause;

	for (size_t i = 0; i < follow->count && !now; i++)
		now = tail_is_there(follow->tails[i]);
	if (now)
		follow_scan(follow);
}

// --- fewer descriptors than files (F42) ---

size_t follow_most_files(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == RLIM_INFINITY)
		return SIZE_MAX;
	return limit.rlim_cur > OTHER_DESCRIPTORS + FEWEST_FILES
		       ? (size_t)limit.rlim_cur - OTHER_DESCRIPTORS
		       : FEWEST_FILES;
}

size_t follow_open_files(const struct follow *follow)
{
	size_t count = 0;
	for (size_t i = 0; i < follow->count; i++)
		count += tail_has_file(follow->tails[i]);
	return count;
}

struct tail *follow_longest_idle(const struct follow *follow)
{
	struct tail *found = NULL;
	usec_t since = 0;

	for (size_t i = 0; i < follow->count; i++) {
		usec_t idle = tail_idle_since(follow->tails[i]);
		if (idle == USEC_NONE || (found && idle >= since))
			continue;
		found = follow->tails[i];
		since = idle;
	}
	return found;
}

// False: the database. *room: one more file may be opened.
