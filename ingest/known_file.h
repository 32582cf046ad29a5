// SPDX-License-Identifier: Apache-2.0
// Which generation a file is the life of: told by its bytes (ingest/fingerprint.h), whatever its name is.
#ifndef INGEST_KNOWN_FILE_H
#define INGEST_KNOWN_FILE_H

#include "ingest/stream.h"

enum { KNOWN_BARE = 16 };

struct known_file {
	bool found;
	struct generation generation; // not found: its print is that of the head
	// Some generations that were the beginning of this file, of which nothing was stored.
	int32_t bare[KNOWN_BARE];
	size_t bare_count;
};

// The furthest read life of which every byte is still there; never one that one of the others reads.
bool known_file_find(struct batcher *batcher, const struct stream_file *file,
		     struct stream *const *others, size_t other_count, struct known_file *known,
		     struct err *err);
// Only one that was read to its end, which lies inside a record (F26).
bool known_file_find_torn(struct batcher *batcher, const struct stream_file *file,
			  struct stream *const *others, size_t other_count,
			  struct known_file *known, struct err *err);

#endif
