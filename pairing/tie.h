// SPDX-License-Identifier: Apache-2.0
// Inside of pairing/: the order of what is seen in one instant (PAIRING T1): ingress before egress,
// content before ack before state, the stanza's text byte by byte, the session. A tie is all of that in
// one text whose bytes compare in this order; absent where the source's clock keeps its lines apart by
// itself (T1b). Neither a stanza nor a JID holds the control characters that part it.
#ifndef PAIRING_TIE_H
#define PAIRING_TIE_H

#include "pairing/effective.h"

enum tie_rank { TIE_CONTENT, TIE_ACK, TIE_STATE };

// Valid until the next call. whole: as far as the setting "bodies" and a bound allow; else, as when
// bodies are not stored, no more than the start tag, which holds no content.
struct text tie_of(struct pairing *pairing, const struct effective *e, enum tie_rank rank,
		   bool whole);

// Of an ack, error or report: place = which it is of several in one stanza, whose order is that of the
// document (where the clock needs no more, the place alone, and of the first nothing).
struct text tie_of_place(struct pairing *pairing, const struct effective *e, enum tie_rank rank,
			 bool whole, size_t place);

// What is stored with a row: the row's own tie, then, where they are not all that one, two of each
// incarnation in the order of its facts: of the line that gave sent_at, and of the one that named the
// sender.
void ties_encode(struct buf *out, struct text own, const struct incarnation *list, size_t count);
void ties_decode(struct text stored, struct incarnation *list, size_t count);
// With a plain row: its own tie, then, if there are any, that of its receipt and that of its marker.
void ties_encode_plain(struct buf *out, struct text own, struct text receipt, struct text marker);
void ties_decode_plain(struct text stored, struct text *receipt, struct text *marker);

#endif
