// SPDX-License-Identifier: Apache-2.0
// Inside of ingest/stream*.c.
#ifndef INGEST_STREAM_INTERNAL_H
#define INGEST_STREAM_INTERNAL_H

#include "core/arena.h"
#include "core/buf.h"
#include "ingest/clock_watch.h"
#include "ingest/fingerprint.h"
#include "ingest/join.h"
#include "ingest/known_file.h"
#include "ingest/pulse.h"
#include "ingest/stream.h"
#include "ingest/timeless.h"

#include <stdlib.h>

struct mark {
	bool set;
	uint64_t offset;
	uint32_t index;
};

struct stream {
	struct batcher *batcher;
	const struct dialect_type *type;
	struct dialect *dialect;
	struct dialect_options dialect_options;
	struct dialect_sink sink;
	struct timeless timeless; // of dialects without times
	struct pulse pulse;
	struct clock_watch clock;
	struct buf joined;     // of the next file
	int32_t next;          // its generation, 0: it is not known yet
	bool half_waits;       // the file before ended inside a record (F26)
	bool silent;           // and a gap since
	uint64_t silent_since; // offset
	usec_t silent_at;
	struct text source_name;
	int32_t reader; // who reads it; what it gives belongs to the source of the generation
	struct generation generation;
	bool is_new, finished, dirty;
	bool witness;        // F68
	bool unheard;        // stream_is_heard
	bool ended;          // stream_end(final): what is quarantined now may still grow,
	uint64_t low_at_end; // so a later look reads it again from here
	uint64_t start, offset, size;
	usec_t seen_at;      // as of struct batch_checkpoint
	struct mark done;    // records at or below are in the database
	struct mark reached; // newest record handed on
	struct buf recent;   // decoded bytes [recent_at, offset): the tail fingerprint needs those
	uint64_t recent_at;  // before low water
	usec_t first_at, last_at;
	uint64_t records, stanzas;
	bool failed;
	struct err err; // of a call that a dialect made
};

// stream_records.c: what a dialect gives.
struct dialect_sink stream_sink(struct stream *stream);
// Where a restart begins; a dialect knows nothing before its first byte.
uint64_t stream_low_water(const struct stream *stream);
void stream_put_silence(struct stream *stream, uint64_t to_offset, usec_t to_at);
void stream_put_gap(struct stream *stream, struct batch_gap *gap);

#endif
