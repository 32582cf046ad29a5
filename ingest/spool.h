// SPDX-License-Identifier: Apache-2.0
// A spool: what a feed gave, durable on disk before the sender is told so (F58-F66). One folder per
// feed, in it numbered segments; each delivery is one block with a checksum (spool_format.h), so it is
// there as a whole or not at all. The segments are followed like any log (dialect "spool"), which brings
// positions, order, restarts and a database that is away. All calls may be made from any thread: who
// comes together shares one fsync.
#ifndef INGEST_SPOOL_H
#define INGEST_SPOOL_H

#include "core/err.h"
#include "core/log.h"
#include "core/ztime.h"
#include "pairing/observation.h"

struct spool;

struct spool_options {
	const char *dir; // made if need be, 0700
	int64_t limit;   // bytes of all segments; above it nothing is taken (F59)
	int64_t segment; // bytes after which a new one is begun; 0 = 16 MB
	bool veil;       // bodies are not to be stored: nothing in it is readable (spool_veil.h)
	struct log *log;
};

enum spool_kind {
	SPOOL_STANZA,
	SPOOL_GAP,        // something is known to be missing between since and at
	SPOOL_UNREADABLE, // xml = the raw bytes, reason says why (quarantine)
};

struct spool_item { // texts are copied
	enum spool_kind kind;
	usec_t at;
	enum direction dir;
	struct text session; // may be absent
	struct text xml;
	struct text reason; // of gaps and what is unreadable
	int64_t lost;       // of a gap, -1 unknown
	usec_t since;       // of a gap; 0 = after the newest record
	int64_t number;     // of its stream, from 1 on; 0 = not numbered
};

enum spool_result {
	SPOOL_DONE,   // durable, now or before: then all are duplicates
	SPOOL_FULL,   // nothing was taken; try again later
	SPOOL_LARGE,  // nothing was taken: it never fits, as a whole
	SPOOL_FAILED, // not durable: the segment was abandoned (F62)
};

struct spool_delivery {
	struct text id;     // the same one is never taken twice (F64); absent: not told apart
	struct text stream; // whose numbers the items bear (F71); absent: ""
	const struct spool_item *items;
	size_t count;
};

struct spool_outcome {
	size_t duplicates; // items that were durable before
	int64_t lost;      // numbers that were skipped: a gap that was put before the item
};

// Segments of processes before this one are brought to an end: what was not whole is cut off. So the folder is
// locked until the spool is closed; ERR_USAGE: another process has it, and nothing was touched.
bool spool_open(const struct spool_options *options, struct spool **spool, struct err *err);
void spool_close(struct spool *spool);

// All items or none.
enum spool_result spool_deliver(struct spool *spool, const struct spool_delivery *delivery,
				struct spool_outcome *outcome, struct err *err);
// The same for items without numbers and id.
enum spool_result spool_put(struct spool *spool, const struct spool_item *items, size_t count,
			    struct err *err);

// The time of the newest stanza that was ever put, also by processes before this one; USEC_NONE: none.
usec_t spool_last_at(struct spool *spool);
// No segment can be made any more, for another reason than that the disk is full (exit 6, F62).
bool spool_is_broken(struct spool *spool);

// A new segment is begun, so that the one before it goes as soon as it is stored: it names somebody who was
// erased. False: not now.
bool spool_leave(struct spool *spool, struct err *err);
// A file of this name in the folder of a spool asks for that.
#define SPOOL_LEAVE "leave"

// For who follows the segments: nothing more comes to this one, for there is a newer one, which knows of
// all before it. When it is stored it may be removed.
bool spool_is_left(const char *path);
void spool_remove(const char *path);
// Pattern of the segments of a folder.
#define SPOOL_PATTERN "/*.spool"

#endif
