// SPDX-License-Identifier: Apache-2.0
// Private acknowledgements: what operators declare (core/private_ack.h), paired by the same rules as
// receipts (delivered) and as x-events (displayed, one message each): evidence of the kinds EV_RECEIPT
// and EV_XE_DISPLAYED, told apart by via.
#ifndef PAIRING_PRIVATE_H
#define PAIRING_PRIVATE_H

#include "pairing/effective.h"

// An iq that acknowledges: the only ones that are more than facts (E1). Results and errors may echo
// what was sent to them, so they say nothing (E6).
bool private_is_iq_ack(const struct stanza *stanza);
// Rooms are left out: who read what there is asked of their own evidence (P12).
void observe_private(struct pairing *pairing, const struct effective *e);
// The id that it acknowledges first; *any tells whether it does at all.
struct text private_acked(const struct stanza *stanza, bool *any);
bool private_asks(const struct stanza *stanza);
// What the requests on a content message add to its flags (P7: void beside an ack).
unsigned private_flags(const struct pairing *pairing, const struct stanza *stanza, bool acks);

// What a hit says of another stanza, whatever carries it: part of a room stanza's signature (P12).
struct text private_says(const struct pairing *pairing, struct arena *arena,
			 const struct private_hit *hit);
// P9: what names the evidence: the private convention, if it is of one.
enum via private_via(enum via standard, const struct evidence *ev);
// The finding of a private ack whose message did not ask for it although the declaration names a
// request; NULL: none.
const char *private_unasked(const struct pairing *pairing, const struct evidence *ev,
			    unsigned flags);

#endif
