// SPDX-License-Identifier: Apache-2.0
// A file's bytes as the server wrote them: plain, or compressed by gzip, xz, zstd, bzip2 or lz4
// (told by its first bytes, never by its name). Only regular files are opened; devices, FIFOs,
// sockets and directories are refused before any open (FAULTS F36). Memory is bounded
// whatever the file holds.
#ifndef INGEST_SOURCES_DECODE_H
#define INGEST_SOURCES_DECODE_H

#include "core/err.h"
#include "core/ztime.h"

#include <stddef.h>

struct decoder; // opaque

// NULL on failure (ERR_INPUT, text names the path).
struct decoder *decode_open(const char *path, struct err *err);
void decode_close(struct decoder *decoder); // NULL is fine

// Up to size decoded bytes; 0 = end, -1 = damaged or cut (ERR_INPUT; what came before is good).
long decode_read(struct decoder *decoder, void *buffer, size_t size, struct err *err);

// Why there was a -1, as the cause of a gap. Static text.
const char *decode_damage(const struct decoder *decoder);

bool decode_is_compressed(const struct decoder *decoder);
// Of the log: a compressed file that tells the time of the original has that.
usec_t decode_modified(const struct decoder *decoder);
// Bytes of the file itself: used so far and size, for progress.
uint64_t decode_used(const struct decoder *decoder);
uint64_t decode_size(const struct decoder *decoder);
// Decoded size; UINT64_MAX of a compressed one, which does not tell it.
uint64_t decode_length(const struct decoder *decoder);

// --- proofs: by reading the file again from its start ---

// Decoded bytes [offset, offset + size): how many of them there are.
size_t decode_at(const char *path, uint64_t offset, size_t size, unsigned char *out);
// True when all of it can be decoded (F20: a compressed file may still be being written).
bool decode_is_whole(const char *path);

#endif
