// SPDX-License-Identifier: Apache-2.0
// Inside of following: which files there are (follow_files.c), the order in which they are read and stored
// (follow_turns.c), when that is done and what happens between (follow.c).
#ifndef INGEST_FOLLOW_INTERNAL_H
#define INGEST_FOLLOW_INTERNAL_H

#include "ingest/feeds.h"
#include "ingest/follow.h"
#include "ingest/tail.h"
#include "ingest/watch.h"

#define RESCAN (2 * USEC_PER_SEC) // how often patterns are expanded again

struct follow {
	struct app *app;
	struct feeds *feeds;
	struct store *store;
	struct batcher *batcher;
	struct watch *watch;
	bool names_changed; // files came or went
	usec_t scan_pause;  // between two looks for files because of that
	usec_t settled_at;  // nothing waited then; USEC_NONE: something may
	usec_t settle_from; // a transaction of it costs as much as one of a batch: not before
	struct realm_settings rules;
	struct tail **tails;
	size_t count, cap;
	size_t open_max;         // files at once (F42)
	struct stream **streams; // those open now, for flushing
	usec_t begun_at, scanned_at, beat_at, swept_at;
	usec_t look_at, look_pause; // files are looked at again for MUC domains
	usec_t backoff;
	usec_t warned_at; // F163: the same trouble is told once a minute
	int64_t unsaid;
	char warned[24]; // how it begins
	uint64_t care;   // records to be read with care after a failure (F98)
};

// --- follow_files.c ---

// Finds what the patterns name now.
void follow_scan(struct follow *follow);
bool follow_find_more(struct follow *follow); // true: names that were not known
void follow_scan_new(struct follow *follow);  // when it is time
size_t follow_most_files(void);
size_t follow_open_files(const struct follow *follow);
struct tail *follow_longest_idle(const struct follow *follow);

// --- follow_seams.c ---

// Before a file is opened: whether it goes on with the last record of one that is open. *wait: it does not tell yet.
bool follow_join(struct follow *follow, struct tail *next, bool *wait, struct err *err);

// --- follow_turns.c ---

// Those that are open now are follow->streams.
size_t follow_streams(struct follow *follow);
bool follow_hears(const struct follow *follow, const struct tail *tail);
bool follow_flush(struct follow *follow, struct err *err); // and waits for it
bool follow_store(struct follow *follow, struct err *err); // while more is read
bool follow_finish(struct follow *follow, struct tail *tail, struct err *err);
// One round over all files. *more: something was read.
bool follow_read(struct follow *follow, bool *more, struct err *err);

#endif
