// SPDX-License-Identifier: Apache-2.0
// What a spool knows of earlier deliveries: their ids (F64, F65), how far each stream has counted (F71), the
// newest stanza. It is written at the head of every segment, so older ones may be removed. One thread.
#ifndef INGEST_SPOOL_MEMORY_H
#define INGEST_SPOOL_MEMORY_H

#include "core/map.h"
#include "ingest/spool_format.h"

#define SPOOL_REMEMBER (24 * 3600 * USEC_PER_SEC) // how long an id is known
enum { SPOOL_REMEMBER_MOST = 100000 };

struct seen {
	uint64_t hash;
	usec_t at;       // when it came
	uint64_t ticket; // durable when the spool's tickets up to here are
};

struct spool_stream {
	char *name;
	int64_t taken;
	int64_t durable;
	uint64_t ticket; // of the delivery that took it so far
};

struct spool_memory {
	struct seen *seen; // in order of arrival
	size_t seen_count, seen_cap;
	struct map index; // hash -> place + 1
	struct spool_stream *streams;
	size_t stream_count;
	usec_t last_at;
};

void spool_memory_init(struct spool_memory *memory);
void spool_memory_free(struct spool_memory *memory);

const struct seen *spool_memory_find(const struct spool_memory *memory, uint64_t hash);
void spool_memory_add(struct spool_memory *memory, const struct seen *seen);
struct spool_stream *spool_memory_stream(struct spool_memory *memory, struct text name);
void spool_memory_newest(struct spool_memory *memory, usec_t at);

// What was taken up to this ticket is durable; what was taken after it is forgotten.
void spool_memory_durable(struct spool_memory *memory, uint64_t ticket);
void spool_memory_undo(struct spool_memory *memory, uint64_t ticket);

// With the newest "most" ids.
void spool_memory_write(struct spool_memory *memory, usec_t now, size_t most, struct buf *payload);
void spool_memory_load(struct spool_memory *memory, const struct spool_block *block, usec_t now);

#endif
