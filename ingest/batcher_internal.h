// SPDX-License-Identifier: Apache-2.0
// Inside of the batcher: what waits (batcher.c), and records that are read with care (batcher_care.c).
#ifndef INGEST_BATCHER_INTERNAL_H
#define INGEST_BATCHER_INTERNAL_H

#include "core/arena.h"
#include "ingest/batcher.h"

struct kept { // F98: a stanza that waits for its batch as it came
	struct batch_stanza stanza;
	const char *refused; // by the database: why
};

// Lists that live until the next flush.
#define GROW(list, count, cap)                                                                     \
	do {                                                                                       \
		if ((count) == (cap)) {                                                            \
			(cap) = (cap) ? (cap)*2 : 16;                                              \
			(list) = xrealloc((list), (cap) * sizeof(*(list)));                        \
		}                                                                                  \
	} while (0)

struct box { // what waits for its transaction
	struct pairing *pairing;
	struct arena *arena;
	struct batch_gap *gaps;
	size_t gap_count, gap_cap;
	struct batch_quarantine *quarantine;
	size_t quarantine_count, quarantine_cap;
	size_t raw_bytes; // of them
	struct batch_fact *facts;
	size_t fact_count, fact_cap;
	uint64_t events;
	usec_t first_at;
	struct kept *kept;
	size_t kept_count, kept_cap, kept_bytes;
};

enum { BOXES = 2 }; // one is filled while the other one is stored

struct batcher {
	struct app *app;
	struct store *store;
	struct realm realm;
	struct hash_key body_key; // bodies = hmac
	struct realm_settings rules;
	struct box boxes[BOXES], *box; // box: the one that is filled
	struct pending *pending;       // the other one, NULL: nothing is being stored
	bool spent;                    // a batch failed
	struct stanza_parser *parser;
	struct arena *scratch; // one stanza
	struct known_feed *feeds;
	size_t feed_count, feed_cap;
	struct batcher_totals totals;
	uint64_t care; // records still to be read with care
};

// The reason when it cannot be parsed, else NULL.
const char *batcher_observe(struct batcher *batcher, const struct batch_stanza *stanza);
void batcher_set_aside(struct batcher *batcher, const struct batch_stanza *stanza,
		       const char *reason);
bool batcher_commit(struct batcher *batcher, const struct batch_checkpoint *checkpoints,
		    size_t count, struct batch_result *result, struct err *err);

// --- batcher_care.c ---

// As a whole; when a value is refused, without the records that hold it.
bool batcher_commit_kept(struct batcher *batcher, const struct batch_checkpoint *checkpoints,
			 size_t count, struct batch_result *result, struct err *err);
void batcher_report_refused(const struct batcher *batcher);

#endif
