// SPDX-License-Identifier: Apache-2.0
// A message row: what derive() says of one incarnation, and the plain facts it stands on.
// Field names are those of PAIRING section 9 and of the message table.
#ifndef PAIRING_ROW_H
#define PAIRING_ROW_H

#include "pairing/facts.h"

enum message_class { // M11; the order is that of the database
	CLASS_CHAT,
	CLASS_PM,
	CLASS_CORRECTION,
	CLASS_SELF,
	CLASS_PM_MIRROR,
	CLASS_GROUP,
	CLASS_HEADLINE,
	CLASS_SERVICE,
	CLASS_JOINED, // not shown: an upload without id that another row holds (M6)
	CLASS_COUNT
};

enum message_state { // S1, S2
	STATE_SENT,
	STATE_ACCEPTED,
	STATE_STORED,
	STATE_ROUTED,
	STATE_FAILED,
	STATE_DELIVERED,
	STATE_DISPLAYED,
	STATE_COUNT
};

enum via { // P9
	VIA_NONE,
	VIA_RECEIPT,
	VIA_MARKER,
	VIA_XEVENT,
	VIA_UPTO,
	VIA_IMPLIED,
	VIA_STATE,
	VIA_CONTENT,
	VIA_REACTION,
	VIA_REPLY,
	VIA_MDS,
	VIA_COUNT,
	VIA_PRIVATE =
		64 // and on: + number of the private acknowledgement, of P9's lists before upto
};

enum verdict { // S3
	VERDICT_CONFIRMED,
	VERDICT_FAILED,
	VERDICT_UNKNOWN,
	VERDICT_PENDING,
	VERDICT_EXPIRED,
	VERDICT_COUNT
};

extern const char *const message_type_names[];  // "normal", "chat", ...
extern const char *const message_class_names[]; // "chat", "pm", ...
extern const char *const message_state_names[]; // "sent", ...
extern const char *const verdict_names[];

struct via_names { // "private:NAME" by number; absent where a number has no name
	const struct text *items;
	size_t count;
};
// Absent for VIA_NONE, "receipt", ..., "private:bluebird"; own may be NULL.
struct text via_text(enum via via, const struct via_names *own);

struct row {
	int64_t conv, key;
	usec_t sent_at;
	int32_t n; // without id: a number of the instant, which readers replace by the row's place
	struct text from, to; // S, R: bare (or occupant) JIDs, normalised
	struct text id;       // absent = untracked (M4)
	struct text from_resource, nick;
	enum message_type type;
	enum message_class class_;
	enum message_state state;
	usec_t composed_at, accepted_at, stored_at, routed_at;
	usec_t delivered_at, displayed_at, failed_at, retracted_at;
	enum via delivered_via, displayed_via;
	usec_t upto_delivered_at, upto_displayed_at; // P8, kept apart from direct evidence
	struct text error;                           // condition
	struct text corrects;
	int32_t resends;        // M9
	int32_t acks, acks_dup; // P4: paired acks (duplicates too), second acks
	unsigned flags;         // enum content_flags
	bool skew_clamped;      // T5
	bool delivered_over_jump, displayed_over_jump; // F48: how long that took is not known
	bool direct;       // delivered_at stands on direct evidence (F7)
	bool has_findings; // some finding of its key is open
	bool has_error;    // got an error (P11), also when delivery wins
	bool has_marker;   // a marker is among its evidence (P8)
	bool counts_acks;  // its acks are in the counters (M7: not for pm-mirror)
	// Tells incarnations of one key apart when they share an instant: (conv, sent_at, key, digest) is
	// unique. The content digest; for groups mixed with the nick.
	int64_t digest;
	int64_t thread;
	usec_t last_at;                       // last e of the incarnation
	int32_t source;                       // whose ingress line was seen; 0 = none was
	usec_t reaction_at, reply_at, mds_at; // I2, I3: evidence that names this message
	// Settled later, from the order of the conversation (sequence.h); derive leaves them alone.
	usec_t read_inferred_at;
	enum via read_via;
	int64_t response_ms; // -1 = none
	// F9: keyed hash of the full JID of the device that acknowledged it, else of the one device that it
	// was written to; 0 = none, several. Counted classes with id only.
	int64_t device;
	struct text
		tie; // T1: ties_encode(); its order among rows of one instant is that of tie_own()
	struct text body;
	int32_t body_bytes;
	bool body_stays; // a row that goes on from a stored one keeps the body of that
	position_t sent_pos, delivered_pos, displayed_pos, failed_pos;

	// Plain rows only: their at most one receipt and one displayed marker of one device.
	bool complex;
	const struct evidence *receipt, *marker;
	struct text
		facts; // complex rows: incarnations_encode(); plain ones: 8 bytes, the device hash
	// pairing/ only: who acknowledged it first, and whether that was a delivery (enum acked)
	struct text acked_by;
	enum acked { ACKED_NOT, ACKED_DISPLAYED, ACKED_DELIVERED } acked;
	// pairing/ only: its incarnation's place in the entry, and the ids that others gave it (M2, M6)
	size_t part;
	const struct row *kept; // stored, and not all of its evidence is known (near.c)
	const struct text *given_ids;
	size_t given_count;
	const struct text *origin_ids;
	size_t origin_count;
};

bool class_is_counted(enum message_class class_);                             // M11
bool row_is_requested(const struct row *row);                                 // F2
bool row_is_read_requested(const struct row *row);                            // F3
enum verdict row_verdict(const struct row *row, usec_t now, usec_t t_expire); // S3

#endif
