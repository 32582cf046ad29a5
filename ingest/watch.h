// SPDX-License-Identifier: Apache-2.0
// Waits until files of the sources may have changed: by inotify on their folders. What it says is a hint to
// look, never proof of anything, and files are looked at now and then whatever it says: changes by other hosts, through other
// mounts or names are not told. Where a folder cannot be watched (a limit of the system, a network file system, no
// such folder) everything is looked at often instead, and the reason is logged.
#ifndef INGEST_WATCH_H
#define INGEST_WATCH_H

#include "core/app.h"
#include "core/ztime.h"

struct watch;

struct watch *watch_new(struct app *app);
void watch_free(struct watch *watch);

// A round: all patterns and targets are named again.
void watch_begin(struct watch *watch);
// Files whose path matches the pattern (as glob has it). Once more does nothing, but that folders are watched
// again that went away or could not be watched before.
void watch_pattern(struct watch *watch, const char *pattern);
// The file behind a symbolic link changes in a folder of its own.
void watch_target(struct watch *watch, const char *path);

// Changes are told; false: look often.
bool watch_works(const struct watch *watch);

enum watch_news {
	WATCH_NOTHING,
	WATCH_WRITTEN, // something was written
	WATCH_NAMES    // files came or went, or it is not known what happened: look for all of them
};

// Until there is news, for so long at most, or a signal came.
enum watch_news watch_wait(struct watch *watch, usec_t most);

// For doctor: the limit that keeps this user from watching the sources; NULL: none does.
const char *watch_check(const struct app *app);

#endif
