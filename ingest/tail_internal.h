// SPDX-License-Identifier: Apache-2.0
// Inside of ingest/tail*.c: one followed file. tail.c opens and reads it, tail_look.c looks at what is at its path.
#ifndef INGEST_TAIL_INTERNAL_H
#define INGEST_TAIL_INTERNAL_H

#include "ingest/packed.h"
#include "ingest/tail.h"

#include <sys/stat.h>

struct tail {
	struct app *app;
	const struct source_setting *setting;
	char *path;
	const struct realm_settings *rules;
	struct zone *zone;
	int fd;
	dev_t device;
	ino_t inode;
	struct stream *stream;
	struct packed *packed; // what is open is compressed
	struct packed_look look;
	bool ended;      // all of it was read
	bool handed_on;  // another tail waits for the file under its new name
	bool complained; // about the trouble that lasts
	char trouble[160];
	bool was_empty; // when it was opened: nothing of it was read
	bool has_turn;
	struct stat turn_of; // what tail_take_turn() saw: nothing else is opened
	dev_t looked_device; // the file that was last looked at for hosts and MUC domains
	ino_t looked_inode;
	usec_t idle_since, waits_since;
	char *buffer;    // while a file is open
	int read_errno;  // of the last read
	usec_t retry_at; // not read before, after an error
	bool stale;      // F38: to be opened anew
	bool parked;     // closed, though it is read to its end: as it was then
	struct stat parked_as;
	int32_t parked_generation;
	uint64_t skip; // F26: bytes of the next file that were read as the end of this one
	struct stat skip_of;
};

// What the next read would open, or has open.
bool tail_look(const struct tail *tail, struct stat *st);
bool tail_same_file(const struct stat *a, const struct stat *b);
// The path leads elsewhere or nowhere: what is open was renamed or removed.
bool tail_was_replaced(const struct tail *tail);
// F8: shorter than what was read: another life of the file began.
bool tail_was_truncated(struct tail *tail);

#endif
