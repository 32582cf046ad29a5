// SPDX-License-Identifier: Apache-2.0
// What proves that a file is the one that was read before: hashes of its head and of the bytes before the
// saved offset, never its name or inode.
#ifndef INGEST_FINGERPRINT_H
#define INGEST_FINGERPRINT_H

#include "ingest/stream.h"
#include "store/store.h"

enum { PRINT_BYTES = 4096 };

void print_digest(const void *data, size_t size, unsigned char out[32]);
bool print_head_matches(const struct generation *known, const unsigned char *head, size_t size);
bool print_tail_matches(const struct stream_file *file, const struct generation *known);
// F30: a power loss made zeros of what was read last. Nothing else puts them in that place: a log that began
// anew with the same head would have text there.
bool print_tail_is_lost(const struct stream_file *file, const struct generation *known);

#endif
