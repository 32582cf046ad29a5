// SPDX-License-Identifier: Apache-2.0
// What the files of ingest/reassembly.h share.
#ifndef INGEST_REASSEMBLY_INTERNAL_H
#define INGEST_REASSEMBLY_INTERNAL_H

#include "core/buf.h"
#include "ingest/elements.h"
#include "ingest/reassembly.h"

enum {
	BUCKETS = 1024,
	REPORT_TIME = 5, // seconds in which the server reports an element
	REPORTS = READ_REPORTS + WRITE_REPORTS,
	TRIES_MAX = 32 // beginnings that are tried in one stretch of bytes: else quadratic
};

struct piece { // a read whose bytes are still there
	size_t begin;
	uint64_t offset;
	size_t used; // bytes of the read that were dropped before
	usec_t at;
	bool odd;
};

struct shown {             // the newest record of one direction
	unsigned elements; // of which the server may report each
	usec_t at;
	uint64_t offset;
};

struct connection {
	char *key;
	struct buf bytes; // not used up
	struct piece *pieces;
	size_t piece_count, piece_cap;
	struct markup markup; // of the element at bytes.data[0]
	bool lost;            // wait for a read that begins like an element
	bool proving;         // its first element is believed when nothing else closes behind it
	bool told_lost;
	struct buf told_shown; // the fact about what is below
	uint64_t proven_at;
	uint64_t skip_to; // after a restart: bytes before are of an element that is known
	size_t skip_bytes;
	usec_t skip_at;
	unsigned tries;
	enum direction dir;
	struct shown shown[2]; // read, written
	unsigned reports[REPORTS];
	struct connection *next;          // in its bucket
	struct connection *older, *newer; // among all
};

struct span { // an element of several reads: a restart inside must not begin in its middle
	char *key;
	uint64_t begin, end;
	size_t end_bytes;
	usec_t end_at;
	bool told;
};

struct reassembly {
	struct reassembly_sink sink;
	struct connection *buckets[BUCKETS];
	struct connection *newest;
	struct span *spans;
	size_t span_count, span_cap;
	const struct record *read; // in hand
	uint64_t offset;           // of it, and how many records it gave
	uint32_t index;
};

// A new one is in step or waits for an element to begin.
struct connection *reassembly_connection(struct reassembly *reassembly, struct text key,
					 bool in_step);
void reassembly_remember(struct reassembly *reassembly, char kind, const char *key,
			 struct text value);
// Bytes from the read at begin up to end_bytes of the read "end" belong together.
void reassembly_note_span(struct reassembly *reassembly, const struct connection *connection,
			  uint64_t begin, const struct piece *end, size_t end_bytes);

static inline bool shown_is_fresh(const struct shown *shown, usec_t now)
{
	return shown->at != USEC_NONE && now != USEC_NONE &&
	       now - shown->at <= REPORT_TIME * USEC_PER_SEC;
}

#endif
