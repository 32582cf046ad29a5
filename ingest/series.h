// SPDX-License-Identifier: Apache-2.0
// The names of one log that is rotated: log, log.1, log.2.gz; debug-20261122.log; audit-20261122-000.log. Names
// are hints for what to look at, never proof of anything.
#ifndef INGEST_SERIES_H
#define INGEST_SERIES_H

#include <stdbool.h>
#include <stddef.h>

enum { SERIES_MOST = 4 };

struct series_files {
	char *paths[SERIES_MOST];
	size_t count;
};

// Names of one log in one folder.
bool series_is_one(const char *a, const char *b);
// Which of two names of one log is the older one, below 0: the first; counters rise or fall with time. The file
// that is written now is the newest.
int series_order(const char *a, const char *b, bool rising);
// Files beside this one that may be the one directly before or after it, as far as names tell: which of the
// two it is, they do not (counters rise or fall). None of the series lies between.
void series_beside(const char *path, struct series_files *files);
void series_free(struct series_files *files);

#endif
