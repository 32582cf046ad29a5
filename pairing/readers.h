// SPDX-License-Identifier: Apache-2.0
// Who read a room's message, and when (PAIRING P12): computed when asked, never stored for each
// message (2,000 occupants times messages).
#ifndef PAIRING_READERS_H
#define PAIRING_READERS_H

#include "pairing/row.h"

struct room_ack { // a paired ack of a room
	const struct row *target;
	struct text by;             // occupant JID, or full real JID (upload leg)
	const struct evidence *ack; // leg, kind, time, thread, real
};

struct reader {          // of one message
	struct text who; // nick, or bare real JID
	usec_t displayed, received;
};

// Fills list (room for count) for this message from all acks of its room whose targets were sent in
// sent_at .. sent_at + w_upto. mirrored: the room has mirror acks at all, then nicks name readers.
size_t readers_of(const struct realm_settings *rules, const struct row *row,
		  const struct room_ack *acks, size_t count, bool mirrored, struct reader *list);

#endif
