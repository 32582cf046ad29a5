// SPDX-License-Identifier: Apache-2.0
// PAIRING T1b: a dialect whose clock is coarser than 1 us adds k us to the k-th record within a
// stamp, so that the order of the file survives in the times. A few recent stamps are kept because
// stamps of some logs go back a little; all is short text that survives restarts and rotation.
//
// ordinals_save() belongs to the end of dialect_bytes()/dialect_end(): what is committed in between
// is read again from low water with the state before.
#ifndef INGEST_ORDINAL_H
#define INGEST_ORDINAL_H

#include "core/buf.h"
#include "core/ztime.h"

enum {
	ORDINAL_STAMPS = 16,
	ORDINAL_SLACK = 2000000 // us that a stamp may go back without being in another hour
};

struct ordinals {
	usec_t step; // the clock's: 1000 = milliseconds
	struct {
		usec_t stamp;
		int64_t count;
	} recent[ORDINAL_STAMPS];
	unsigned used, next;
	usec_t latest; // the greatest stamp ever
	bool changed;  // since the last save
};

void ordinals_init(struct ordinals *ordinals, usec_t step);
// The event time of the next record with this stamp; USEC_NONE stays USEC_NONE.
usec_t ordinals_next(struct ordinals *ordinals, usec_t stamp);
// The latest stamp minus a little, for zone_to_utc's not_before (T6): clocks that step back by
// milliseconds must not be taken for the end of summer time. USEC_NONE when there is none.
usec_t ordinals_not_before(const struct ordinals *ordinals);

void ordinals_save(struct ordinals *ordinals, struct buf *out); // appends; clears changed
// The number that such a text begins with; USEC_NONE if it begins with none.
usec_t ordinals_latest_of(struct text saved);
void ordinals_load(struct ordinals *ordinals, struct text saved); // ignores what it cannot read

#endif
