// SPDX-License-Identifier: Apache-2.0
// What the clock of a log did that nobody can undo. An hour that came twice or never (F46, F47): its stamps
// are resolved by order, and may be off by that hour. A server that was started again with another zone
// (F48): stamps without zone go back or forward, and what lies between is not to be measured. Both are gaps in which
// nothing is lost. Forward is told from silence by what else is known of time: a stamp is ahead of the host's
// clock, or less time went by while the file was followed.
#ifndef INGEST_CLOCK_WATCH_H
#define INGEST_CLOCK_WATCH_H

#include "ingest/dialect.h"
#include "store/store.h"

struct clock_watch {
	bool orderly;  // a server's own log: its stamps do not go back
	usec_t newest; // USEC_NONE
	// Host's time, not of the wall, when the file was last looked at to its end, and the same before the newest
	// record was there; USEC_NONE: it was not.
	usec_t looked_at, newest_after;
	usec_t (*wall)(void), (*monotonic)(void);
	bool odd; // the hour goes on
	usec_t odd_from, odd_to;
	uint64_t odd_offset, odd_end;
};

void clock_watch_begin(struct clock_watch *watch, const struct dialect_type *type);
// A followed file was read to its end.
void clock_watch_looked(struct clock_watch *watch);
// True: *gap is to be written down (its source and generation are the caller's).
bool clock_watch_record(struct clock_watch *watch, const struct record *record,
			struct batch_gap *gap);
// The odd hour as far as it went, when there is one.
bool clock_watch_odd(struct clock_watch *watch, struct batch_gap *gap);

#endif
