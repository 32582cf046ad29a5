// SPDX-License-Identifier: Apache-2.0
// One stanza at one place (PAIRING section 1): {ts, feed, dir, session?, stanza} and its position.
#ifndef PAIRING_OBSERVATION_H
#define PAIRING_OBSERVATION_H

#include "pairing/stanza.h"

enum direction {
	DIR_IN,  // server read from a client
	DIR_OUT, // server wrote to a client
	DIR_S2S_IN,
	DIR_S2S_OUT,
	DIR_COMP_IN,
	DIR_COMP_OUT,
	DIR_ROUTE, // a hook in the router, or a log that does not tell
	DIR_COUNT
};

extern const char *const direction_names[DIR_COUNT]; // "in", "out", "s2s-in", ...
bool direction_parse(struct text name, enum direction *dir);

static inline bool direction_is_ingress(enum direction dir)
{
	return dir == DIR_IN || dir == DIR_S2S_IN || dir == DIR_COMP_IN;
}

// Place of a record in one number, comparable within a generation: generation << 43 | offset << 3 |
// index (index above 7 is kept as 7). 0 = none.
typedef int64_t position_t;
static inline position_t position_pack(uint32_t generation, uint64_t offset, uint32_t index)
{
	return (position_t)((uint64_t)generation << 43 | (offset & ((UINT64_C(1) << 40) - 1)) << 3 |
			    (index > 7 ? 7 : index));
}

struct observation {
	usec_t at;
	int32_t source;   // M9 "feed": the configured source, database id (tests: any number)
	struct text feed; // its name, for E5's list of wrapper feeds
	enum direction dir;
	struct text session;         // absent when the log does not know it
	struct text raw;             // the stanza's bytes: for the order of one instant (T1)
	bool exact;                  // its source's clock may give one instant to several lines
	const struct stanza *stanza; // NULL: unparsable (E1)
	position_t position;
	// Bits of lanes (pairing_lane) that have stored this record already: of their conversations it
	// adds no fact, but all that depends on them is judged again. 0 = none, nearly always.
	unsigned stored_by;
	// F68: another source is the authority for this traffic. Evidence and messages merge as always;
	// line counters and chat states are left to that source.
	bool witness;
};

#endif
