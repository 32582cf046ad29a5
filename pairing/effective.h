// SPDX-License-Identifier: Apache-2.0
// From an observation to the effective stanza (PAIRING E1..E6): who is believed, what is unwrapped.
#ifndef PAIRING_EFFECTIVE_H
#define PAIRING_EFFECTIVE_H

#include "pairing/workset.h"

struct effective {
	const struct observation *seen;
	const struct stanza *stanza;       // the innermost one that counts
	enum direction dir;                // route for wrapped feeds (E5)
	bool carbon_sent, carbon_received; // E3: it came as a valid carbon
	struct jid from, to;
	struct jid device; // of an egress line: session, else to; carbons: the wrapper's to
	bool has_device;
	usec_t stamp;           // T2: the earliest valid delay stamp, USEC_NONE
	struct text stamp_from; // who set it, absent = unnamed
	bool future_stamp;      // T2: one was ignored
	bool mds_only;          // the line ends here, but for what it says by K18
};

static inline bool effective_is_ingress(const struct effective *e)
{
	return direction_is_ingress(e->dir);
}

// False: the line ends here; its counter or finding is noted.
bool effective_stanza(struct pairing *pairing, const struct observation *seen,
		      struct effective *effective);

#endif
