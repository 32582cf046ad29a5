// SPDX-License-Identifier: Apache-2.0
// A rotated log that was compressed, among the files of a followed source: read once, from where its
// plain life was left (F19), when it is complete (F20); what is damaged for good is a gap (F21).
#ifndef INGEST_PACKED_H
#define INGEST_PACKED_H

#include "ingest/stream.h"

#include <sys/stat.h>

struct packed; // one that is open

enum packed_state {
	PACKED_NOT,  // a plain file
	PACKED_WAIT, // still being written, as far as one can tell: look again
	PACKED_READY,
	PACKED_DAMAGED // and untouched for a while: what can be read is read
};

// What was found out about a file, until it changes. Zeroed at first.
struct packed_look {
	struct stat st;
	enum packed_state state;
	bool tried; // it was decoded since it became quiet
	bool over;  // it was read to its end
};

// Decodes the file once to see whether it is whole; not again as long as it does not change.
enum packed_state packed_look(struct packed_look *look, const char *path, const struct stat *st);
bool packed_is_over(const struct packed_look *look, const struct stat *st);

struct packed *packed_open(const char *path, struct err *err);
void packed_close(struct packed *packed); // NULL is fine
// For stream_open(): its proofs are read from the file anew.
struct stream_file packed_file(struct packed *packed);
// Decoded bytes before this one are skipped.
void packed_start(struct packed *packed, uint64_t offset);
// At most "most" bytes to the stream. *more: it has not ended.
bool packed_read(struct packed *packed, struct stream *stream, size_t most, bool *more,
		 struct err *err);

#endif
