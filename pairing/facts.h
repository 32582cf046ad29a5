// SPDX-License-Identifier: Apache-2.0
// Facts of one key: what was seen, merged by union, so that order and batches cannot matter
// (PAIRING "batch principle"). Nothing here is a judgement; derive.c makes rows of it.
// All text belongs to the arena of the pairing object that holds the facts.
#ifndef PAIRING_FACTS_H
#define PAIRING_FACTS_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/settings.h"
#include "pairing/observation.h"

enum leg {          // M6
	LEG_DIRECT, // everything but groupchat
	LEG_UPLOAD, // groupchat on its way to the room: knows the real sender
	LEG_MIRROR  // groupchat as the room reflects it: knows the nick
};

enum content_flags {
	FLAG_RECEIPT_REQUEST = 1 << 0, // K2
	FLAG_MARKABLE = 1 << 1,        // K4
	FLAG_XE_DELIVERED = 1 << 2,    // K7
	FLAG_XE_DISPLAYED = 1 << 3,
	FLAG_XE_OFFLINE = 1 << 4,
	FLAG_VOID_RECEIPT = 1 << 5, // P7: was asked beside an ack, void
	FLAG_VOID_MARKABLE = 1 << 6,
	FLAG_ENCRYPTED = 1 << 7,
	FLAG_BODY = 1 << 8,
	FLAG_NO_STORE = 1 << 9,
	FLAG_ROOM_ID = 1 << 10, // M6: the room assigned a stanza-id
	FLAG_XE_COMPOSING = 1 << 11,
	FLAG_OUT_LINE = 1 << 12, // P8: an out line to a device of R
	// Plain rows: its receipt, its marker was seen on its way to S (enum seen_bits of the evidence).
	FLAG_RECEIPT_EGRESS = 1 << 13,
	FLAG_MARKER_EGRESS = 1 << 14,
	FLAG_RECEIPT_INGRESS = 1 << 15,
	FLAG_MARKER_INGRESS = 1 << 16,
	// Requests of private acknowledgements, by what is asked for; P7: void ones.
	FLAG_PRIVATE_DELIVERED = 1 << 20,
	FLAG_PRIVATE_DISPLAYED = 1 << 21,
	FLAG_VOID_PRIVATE_DELIVERED = 1 << 22,
	FLAG_VOID_PRIVATE_DISPLAYED = 1 << 23
};

// F2, F3, S3. counters.sql, delivery.sql and the messages queries have the same numbers.
enum {
	FLAGS_ASK_DELIVERY = FLAG_RECEIPT_REQUEST | FLAG_XE_DELIVERED | FLAG_PRIVATE_DELIVERED,
	FLAGS_ASK_READING = FLAG_MARKABLE | FLAG_XE_DISPLAYED | FLAG_PRIVATE_DISPLAYED,
	FLAGS_ASK = FLAGS_ASK_DELIVERY | FLAGS_ASK_READING
};
#define PLAIN_FLAGS                                                                                \
	(FLAG_RECEIPT_EGRESS | FLAG_MARKER_EGRESS | FLAG_RECEIPT_INGRESS | FLAG_MARKER_INGRESS)

struct stamp_fact { // T2: lines of one incarnation that carry the same delay stamp
	usec_t stamp;
	usec_t ingress_at; // earliest ingress line with it, USEC_NONE
	usec_t egress_at;  // earliest egress line with it, USEC_NONE
	bool storable;     // T4: an out/route line whose delay is from R's side, > w_skew old
	bool asks_offline; // it still asks for the x-event offline (XE-OFFLINE-LEAK)
};

struct ingress_fact { // M9
	int32_t source;
	enum direction dir;
	int32_t lines;
};

// A carbon on an `out` line is both of the last two; on a route line it is COPY_CARBON alone.
enum copy_kind { COPY_OUT = 1, COPY_CARBON = 2, COPY_CARBON_OUT = 4 };

struct copy_fact {      // CARBON-DUP, ACK-ARCHIVED: how one device of R got it
	int64_t device; // keyed hash of its full JID
	unsigned kinds; // enum copy_kind
	usec_t first;   // when first
};

// One incarnation of a message (M3): sightings with one digest whose e lie within w_resend.
struct incarnation {
	int64_t digest;
	enum leg leg;
	struct text nick;   // mirror legs; else absent
	usec_t first, last; // span of e
	usec_t seen_at;     // earliest line that is ingress or undelayed, USEC_NONE
	position_t seen_pos;
	struct text tie;  // T1: the first of the lines that gave sent_at (tie.h); absent = not kept
	usec_t egress_at; // earliest undelayed egress line
	usec_t routed_at; // earliest out line (or received carbon) to a device of R
	struct stamp_fact *stamps;
	size_t stamp_count;
	struct ingress_fact *ingress;
	size_t ingress_count;
	struct copy_fact *copies;
	size_t copy_count;
	usec_t from_at;            // line that gave the sender's device
	struct text from_resource; // of the earliest line with a full sender; absent
	struct text from_account;  // uploads: real bare JID
	struct text from_tie;      // T1: of that line, mostly the same text as tie
	usec_t text_at;            // line that gave type, body, corrects
	enum message_type type;
	struct text body; // absent when not stored, and where only stored rows have it
	int32_t body_bytes;
	bool body_stays; // the text that counts is that of a stored row, and is not read (F190)
	struct text corrects;    // K9
	int64_t thread;          // keyed hash of the thread, 0 = none
	unsigned flags;          // enum content_flags, union over the lines
	struct text *stanza_ids; // trusted ones (M6)
	size_t stanza_id_count;
	// M2: origin-ids other than the id, and (without id, where an origin-id joined lines that say
	// something else) the digests besides the one of the earliest line.
	struct text *origin_ids;
	size_t origin_count;
	int64_t *digests;
	size_t digest_count;
};

enum evidence_kind {
	EV_RECEIPT,
	EV_MARK_RECEIVED,
	EV_MARK_DISPLAYED,
	EV_MARK_ACKNOWLEDGED,
	EV_XE_OFFLINE,
	EV_XE_DELIVERED,
	EV_XE_DISPLAYED,
	EV_ERROR,
	EV_AMP_STORED,
	EV_AMP_NONE,
	EV_RETRACTION,
	EV_REACTION,
	EV_REPLY,
	EV_MDS,   // K18: displayed on another device of the same account
	EV_FAULT, // a finding of a groupchat stanza, until its two legs have met (P12)
	EV_CORRECTION,
	EV_XE_COMPOSING, // K8: no ack (P4), but it may be unsolicited (0022 section 3)
	EV_KINDS
};

// Why a piece of evidence changes nothing (P3, P5, P6, P11). Values are stored.
enum evidence_class {
	ACK_PAIRED = 0,
	ACK_UNKNOWN = 1,   // P3 d
	ACK_FORGED = 2,    // P5
	ACK_BY_DOMAIN = 3, // P5
	ACK_SELF = 4,      // P6
	ACK_OF_ACK = 5,    // P6
	ACK_BOUNCED = 6,   // P11
	ACK_LOOP = 7,      // P11, errors
	ACK_LENT = 8,      // P11: settled on a message of another conversation
	ACK_NO_EFFECT = 9  // e.g. a retraction without its message
};

enum seen_bits { SEEN_INGRESS = 1, SEEN_EGRESS = 2 };

struct moment { // T1: when something was said
	usec_t at;
	bool ingress;
	struct text tie; // absent = not kept
};

// P8 in rooms: a displayed marker in the sequence of its reader (backward.c). Stored with it.
struct room_mark {
	int64_t device; // hash of the reader; 0 = it is none
	usec_t at;      // when he marked
	usec_t target;  // when the message was sent that he marked
	bool ingress;   // T1, as the tie
	struct text tie;
	bool backward; // older than the newest one that he had marked
	bool met;      // scratch
};

// P12: the upload leg of a mirror, as legs.c found it.
struct upload_leg {
	struct text real; // full real JID; absent = none was found
	struct text id;   // its own id
	usec_t at;        // when it was seen first
	struct text tie;  // T1, of that sighting
	bool ingress;     // and that it was on its way into the server
};

// One ack, error or edit (P4): sightings of one stanza merged. A = by, B = to, about ref. There are more
// of these in memory than of anything else: small numbers are packed, what only rooms have is apart.
struct evidence {
	enum evidence_kind kind : 8;
	enum leg leg : 8;  // groupchat: which leg shows it (P12)
	unsigned seen : 8; // enum seen_bits
	enum evidence_class class_ : 8;
	int16_t via; // 0 = standard, else 1 + number of the private acknowledgement
	// P11: an error that was settled on a message of another key is lent to it; this is the copy
	// there, with A spelled out (the key's recipient is somebody else).
	bool borrowed : 1;
	bool stored : 1; // it, or a sighting of it, is in the database already
	// Set by derive, not facts:
	bool second : 1;     // P12: the upload leg of a mirror: counted there
	bool hangs : 1;      // P12: an upload without id and a mirror that may be one: who is who?
	bool by_message : 1; // P12: whose fault it is the message tells
	int32_t n;           // number of the row it was paired with, 0 = none
	int32_t place;       // of that row in its entry, from 1; 0 = none
	struct text by_resource; // of A; absent = A is the bare JID of the key's recipient
	struct text own_id;      // absent = the stanza had none
	int64_t own_sent;        // evidence_sent(); 0 = not asked for yet
	usec_t first, last;      // T3 times; first counts
	struct text tie;         // T1: of the sighting that gave first (tie.h); absent = not kept
	usec_t out_at;           // last seen on egress, whatever stamp it bore; USEC_NONE
	int64_t thread;          // markers (P8); faults: the content they are about; 0 = none
	struct text condition;   // errors
	position_t position;
	int64_t sig; // groupchat: keyed hash of what the stanza says; its other leg has the same
	// Borrowed: the id as it was named when it is not the message's; errors of a room's message: who
	// sent it (P11); absent.
	struct text named;
	struct text by; // A, borrowed evidence and uploads only
	// Set by derive:
	int64_t lent_conv, lent_key; // where ACK_LENT went
	struct upload_leg *upload;   // rooms: NULL = no such leg
	struct room_mark *mark;      // rooms: NULL = it is none
};

static inline struct text evidence_real(const struct evidence *ev)
{
	return ev->upload ? ev->upload->real : TEXT_NONE;
}

enum { TIE_INGRESS = '1', TIE_EGRESS = '2' }; // the first byte of a tie (T1)

// The row's own tie of what is stored with it; absent when there is none.
struct text tie_own(struct text stored);

// P4: of a room's stanza the earlier of its legs.
struct moment evidence_moment(const struct evidence *ev);
int moment_compare(const struct moment *a, const struct moment *b);

void incarnation_add_given(struct arena *arena, struct incarnation *into, struct text id);
void incarnation_add_origin(struct arena *arena, struct incarnation *into, struct text id);
void incarnation_merge(struct arena *arena, struct incarnation *into,
		       const struct incarnation *from);
void evidence_merge(struct evidence *into, const struct evidence *from);
bool evidence_same(const struct evidence *a, const struct evidence *b); // P4, apart from time

// What does not fit the plain columns of a row (several lines with stamps, several sources, legs,
// stanza-ids): a versioned byte string. Decoding checks every length; false = damaged.
void incarnations_encode(struct buf *out, const struct incarnation *list, size_t count);
bool incarnations_decode(struct text in, struct arena *arena, struct incarnation **list,
			 size_t *count);

#endif
