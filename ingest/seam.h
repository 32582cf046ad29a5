// SPDX-License-Identifier: Apache-2.0
// F26 for files that are read one after the other, now or on another day, and for those that were rotated while
// nobody looked: a record that the rotation cut in
// two is stored as the last one of the older file, and the younger file is read from behind it. Which file is
// the neighbour is told by names (ingest/series.h), and proven by what is in the two: their bytes make one
// record, the younger one goes on soon after it, and the older one is read to its end.
#ifndef INGEST_SEAM_H
#define INGEST_SEAM_H

#include "ingest/stream.h"

// Before the final end of a stream: the file after it is looked for, and its first bytes are taken in.
// False: the database. *joined: it goes on.
bool seam_end(struct batcher *batcher, struct stream *stream, const char *path, bool *joined,
	      struct err *err);
// The file at path may be the one after that stream, and what it holds does not tell yet.
bool seam_may_come(const struct stream *stream, const char *path);
// Before a file is opened: when it is new and goes on with a record of the file before it, that one is
// completed and stored. *skip: bytes of this file that it took.
bool seam_begin(struct batcher *batcher, const struct stream_options *options,
		const struct stream_file *file, uint64_t *skip, struct err *err);

#endif
