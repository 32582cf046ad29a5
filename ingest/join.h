// SPDX-License-Identifier: Apache-2.0
// A record whose beginning is the end of one file and whose end is the beginning of the next: the rotation
// fell into it (F26). Whether they belong together is judged by the dialect: bytes of both must give one
// stanza, and the new file must not begin with something that stands for itself.
#ifndef INGEST_JOIN_H
#define INGEST_JOIN_H

#include "ingest/dialect.h"

enum { JOIN_MOST = 1 << 20 }; // bytes of either side that are looked at

struct join {
	const struct dialect_type *type;
	struct dialect_options options;
	struct text rest; // of the file before, from low water on
	uint64_t offset;  // of its first byte
	struct text head; // of the next one
	usec_t soon;      // the next record must come as soon after that one; 0: not judged
};

// How many bytes of the head belong to the file before; 0: none.
size_t join_length(const struct join *join);
// The head shows no stanza of its own yet: more of it may tell whether it goes on with another file.
bool join_is_early(const struct dialect_type *type, const struct dialect_options *options,
		   struct text head);
// How many bytes at the beginning of a file belong to no record of its own, and the dialect says nothing
// of them: the end of one that another file has.
size_t join_foreign(const struct dialect_type *type, const struct dialect_options *options,
		    struct text head);
// The file at path was begun when the open one was left, and none of that name between: else its beginning may
// be the rest of a stranger.
bool join_is_direct(int before, int next, const char *path);

#endif
