// SPDX-License-Identifier: Apache-2.0
// Collects what the streams of one realm give until it is worth a transaction, then commits rows and
// positions together (DESIGN section 5). One thread.
//
// After ERR_DATABASE it is not known whether the batch is in the database. The batcher is then spent:
// close it and the streams, connect again and open the streams at the marks that the database has
// (FAULTS F78); nothing is ever sent twice blindly. The same way serves a batch that somebody else has
// stored meanwhile, and one with a value that the database refuses (F98): what must be read again is
// then read with care: in small batches whose records are kept until they are stored, so that the
// one that is refused can be found by trials, goes to quarantine, and the rest is stored.
#ifndef INGEST_BATCHER_H
#define INGEST_BATCHER_H

#include "core/app.h"
#include "store/store.h"

struct batcher;
struct stream;

// The realm is found or made, its rules stored; what others have learnt is added to them (store_realm). They are copied.
bool batcher_open(struct app *app, struct store *store, const char *realm,
		  struct realm_settings *rules, struct batcher **batcher, struct err *err);
void batcher_close(struct batcher *batcher); // drops what was not flushed
int32_t batcher_realm(const struct batcher *batcher);
struct store *batcher_store(struct batcher *batcher);

// One stanza, as XML; unparsable ones are counted and kept in quarantine. Texts are copied.
struct batch_stanza {
	usec_t at;
	int32_t source;
	struct text source_name; // E5 feed
	enum direction dir;
	bool exact; // T1: as observation.exact
	struct text session;
	struct text xml;
	int32_t generation;
	uint64_t offset;
	uint32_t index, length;
	unsigned stored_by; // as of struct observation
	bool witness;       // the same
};

void batcher_stanza(struct batcher *batcher, const struct batch_stanza *stanza);
void batcher_gap(struct batcher *batcher, const struct batch_gap *gap);
void batcher_quarantine(struct batcher *batcher, const struct batch_quarantine *record);
void batcher_fact(struct batcher *batcher, const struct batch_fact *fact);

// True when a limit of the settings is reached, or flush_after has passed since the first record.
bool batcher_is_due(const struct batcher *batcher, bool live);
// When it will be due if it is fed live and nothing comes any more (usec_monotonic); USEC_NONE: never.
usec_t batcher_due_at(const struct batcher *batcher);
uint64_t batcher_events(const struct batcher *batcher); // that wait
bool batcher_is_empty(const struct batcher *batcher);

// Commits with the checkpoints of all streams given.
bool batcher_flush(struct batcher *batcher, struct stream *const *streams, size_t count,
		   struct batch_result *result, struct err *err);

// The same, but it does not wait for the answer: the batch is stored while the next one is read. A
// failure is told by the next call that has to do with the database.
bool batcher_flush_later(struct batcher *batcher, struct stream *const *streams, size_t count,
			 struct err *err);
bool batcher_is_storing(const struct batcher *batcher);      // and would have to be waited for
bool batcher_wait(struct batcher *batcher, struct err *err); // for the answer, if any is to come

// Records that must be read with care after a failure; 0: none. Ask before batcher_close().
uint64_t batcher_care(struct batcher *batcher);
// The next so many records are read with care.
void batcher_be_careful(struct batcher *batcher, uint64_t records);

struct batcher_totals {
	uint64_t records, stanzas, quarantined, gaps;
	uint64_t inserted, updated;
};

// Settles what was committed, for about this long (store_settle).
bool batcher_settle(struct batcher *batcher, usec_t budget, struct settle_result *result,
		    struct err *err);

struct batcher_totals batcher_totals(const struct batcher *batcher);

// The id of a feed that a line names (observations); false with *err on a database failure.
bool batcher_feed(struct batcher *batcher, struct text name, int32_t *source, struct err *err);

#endif
