// SPDX-License-Identifier: Apache-2.0
// Logs whose lines bear no time (a console, old debuggers). What is written while it is followed happened
// when it was read. What lay there before has no time that anybody knows: it is a gap, never a guess.
#ifndef INGEST_TIMELESS_H
#define INGEST_TIMELESS_H

#include "ingest/dialect.h"

struct timeless {
	bool on;           // its dialect is one of those
	uint64_t followed; // what is written from here on is read at once
	usec_t read_at, last;
	bool told; // of what lay there before
};

// size: of the file when it was opened; live: it is followed from now on.
void timeless_begin(struct timeless *timeless, const struct dialect_type *type, bool live,
		    uint64_t size);
// Bytes were read now.
void timeless_read(struct timeless *timeless, usec_t now);
// Gives a record without time one. False: nobody knows when it was written. Times never go back, and
// no two are the same (T1b).
bool timeless_stamp(struct timeless *timeless, struct record *record);
// The one gap for all of those, when it was not told yet: from this record to where it was followed.
bool timeless_gap(struct timeless *timeless, const struct record *record, struct record *gap);

#endif
