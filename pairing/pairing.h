// SPDX-License-Identifier: Apache-2.0
// The room's door. A pairing object is the work set of one batch of one realm: observations go in,
// what is stored about the same keys is loaded beside them, derive makes rows, evidence classes,
// findings and line counters (PAIRING). Pure: no clock, no files, no database; the same set of
// observations gives the same result in any order and any batches.
//
// Use: observe*, then ask pairing_wants() and load what it wants until it wants nothing, then read the
// results; pairing_reset() for the next batch. One thread.
#ifndef PAIRING_PAIRING_H
#define PAIRING_PAIRING_H

#include "core/keyed.h"
#include "core/settings.h"
#include "pairing/observation.h"
#include "pairing/row.h"

struct pairing;

struct pairing_options {
	const struct realm_settings *rules; // copied; NULL = defaults, for hashes only
	struct text realm;                  // its name: part of every hash
	struct hash_key key;                // the pairing key
	enum bodies_mode bodies;
	struct hash_key privacy; // BODIES_HMAC
	// Who was erased: lines from or to them are counted and add nothing. Asked once for each address of a
	// batch; NULL = nobody was.
	bool (*is_erased)(const void *self, struct text bare, struct text full);
	const void *erased; // self of that
};

struct pairing *pairing_new(const struct pairing_options *options);
void pairing_free(struct pairing *pairing);
void pairing_reset(struct pairing *pairing);         // forgets everything, keeps memory
size_t pairing_bytes(const struct pairing *pairing); // memory held by the batch

// F48: the clock of a source's log went forward, so what lies on both sides of that is no delay.
enum { CLOCK_JUMPS_MOST = 32 };

struct clock_jump {
	int32_t source;
	usec_t from, to; // last time before, first after
};

// Kept over a reset; the newest ones, known ones once.
void pairing_clock_jump(struct pairing *pairing, const struct clock_jump *jump);
void pairing_take_jumps(struct pairing *pairing, const struct pairing *from);

void pairing_observe(struct pairing *pairing, const struct observation *observation);

// Conversations are dealt to lanes, writers with transactions of their own (DESIGN section 5).
enum { SHARDS = 64, LANES = 2 };

static inline int pairing_lane(int64_t conv)
{
	return (int)((uint64_t)conv % SHARDS) * LANES / SHARDS;
}

// Hashes that others need too.
int64_t pairing_jid_id(const struct pairing *pairing, struct text jid);
int64_t pairing_conv(const struct pairing *pairing, struct text a, struct text b);
int64_t pairing_room(const struct pairing *pairing, struct text room);
// Of (sender, id): under which sent_id and ack.about know a message.
int64_t pairing_sent(const struct pairing *pairing, struct text sender, struct text id);

// The party of a normalised full JID and its device (M1, M7).
void pairing_party(const struct pairing *pairing, struct text full, struct text *party,
		   struct text *resource);

// --- what must be loaded ---

struct want_key { // all rows and evidence of this key with times in lo..hi
	int64_t conv, key;
	usec_t lo, hi;
};

struct want_window { // rows of a conversation with sent_at in lo..hi (P8)
	int64_t conv;
	usec_t lo, hi;
	bool markers_only; // only rows that hold a direct marker
	// Not wanted, unless since is USEC_NONE. markers_only: rows sent before whole_from whose
	// markers are earlier than since. Else: rows that are displayed by then already.
	usec_t since, whole_from;
	bool passing; // they need not be loaded: pairing_pass() each one at the end
};

struct want_marks { // markers of one reader of a room (P8, backward.c)
	int64_t conv, device;
	usec_t from;       // the last one before it that did not go backward, and all from it on
	usec_t to, target; // up to the first after "to" that did not and whose target is no earlier
};

struct pairing_wants {
	const struct want_key *keys;
	size_t key_count;
	const struct want_window *windows;
	size_t window_count;
	const int64_t *sent; // sent_id entries with these hashes (P3, P5, P6, P11)
	size_t sent_count;
	const int64_t *orphans; // unpaired evidence that waits for these hashes
	size_t orphan_count;
	const struct want_marks *marks;
	size_t mark_count;
};

// False when nothing more is wanted; each thing is asked for once. Valid until the next call.
bool pairing_wants(struct pairing *pairing, struct pairing_wants *wants);

// A stored row; its text is copied. Rows of complex keys carry facts; their evidence follows by
// pairing_load_evidence.
void pairing_load_row(struct pairing *pairing, const struct row *row);

enum passed {
	PASSED_LOADED, // it is in the work set: pairing_changes() tells of it
	PASSED_SAME,
	PASSED_MARKED // its up-to marks are others now, and what follows from them
};

// P8: a stored row of a window that is passing, when nothing more is wanted. Looks at its parties, times,
// state and flags; changes the columns of delivery and display, skew_clamped and state.
enum passed pairing_pass(struct pairing *pairing, struct row *row);

// What is loaded of this key is judged as if it came with the batch (and all that it needs is wanted).
void pairing_judge(struct pairing *pairing, int64_t key);

struct stored_evidence { // also the form in which evidence is written
	int64_t conv, key;
	struct text by, to; // A full, B bare (or occupants)
	struct text ref;
	int64_t about;      // hash of (B, ref): what its message's sent entry would have
	int64_t about_self; // hash of (A, ref): P6
	struct evidence evidence;
};

void pairing_load_evidence(struct pairing *pairing, const struct stored_evidence *evidence);

struct stored_mark { // one that was written with its evidence
	int64_t conv, key;
	struct room_mark mark;
};

void pairing_load_mark(struct pairing *pairing, const struct stored_mark *mark);
// Markers further away than this from what was asked for make no difference.
usec_t pairing_marks_reach(const struct pairing *pairing);
// Its time may be that of its other leg, so far from its own.
usec_t pairing_marks_slack(const struct pairing *pairing);

enum sent_what {
	SENT_MESSAGE,
	SENT_GROUP_MESSAGE,
	SENT_ACK,
	SENT_STANZA_ID, // M6, I3: "sender" is the room or the account that gave the id
	SENT_ORIGIN_ID, // M2
	SENT_PARTNER    // P12: from is the account, to the occupant JID
};

struct sent {         // who sent which id to whom
	int64_t hash; // of (sender, id)
	enum sent_what what;
	int64_t conv, key;
	usec_t at;
	struct text from, to; // bare (or occupant) JIDs
};

void pairing_load_sent(struct pairing *pairing, const struct sent *sent);

// --- results ---

struct finding { // PAIRING section 8
	const char *rule;
	struct text by, ref;
	int64_t conv, key; // key 0: stands on a line alone, is never withdrawn
	usec_t at;
	bool by_time; // of a key without id (M4): each time is a finding, withdrawn by itself
	position_t position;
};

struct entry_change { // one key whose stored form changes
	int64_t conv, key;
	const struct row *old_rows; // as loaded
	size_t old_count;
	const struct row *rows; // as they must be now
	// Parallel to rows: the stored row that this one continues (UPDATE; its body stays), or NULL
	// (a new row). Old rows that nobody continues were merged into others: DELETE them.
	const struct row *const *was;
	size_t row_count;
	bool evidence_changed; // then replace all stored evidence of the key by these
	const struct stored_evidence *evidence;
	size_t evidence_count;
	// All that this key gives now. What is stored beyond is withdrawn, unless keep_findings: the
	// key only came along by loading, and not everything around it is known.
	const struct finding *findings;
	size_t finding_count;
	bool keep_findings;
	usec_t judged_from; // nor is what was found earlier than that (M4)
};

// Calls back for every key that changed. What is given stays valid until pairing_reset().
// Nothing is called for keys whose rows came out as loaded.
void pairing_changes(struct pairing *pairing, void *self,
		     void (*change)(void *self, const struct entry_change *change));

// New entries for the sent_id table.
void pairing_new_sent(struct pairing *pairing, void *self,
		      void (*sent)(void *self, const struct sent *sent));

struct conversation_end { // how P8 leaves a conversation, of what is known here
	int64_t conv;
	usec_t open_from; // sent_at of the first row that no displayed marker marks up to, INT64_MAX
	usec_t last_mark; // the newest sighting of a marker, USEC_NONE
	usec_t lo, hi;    // sent_at of its rows
};

// Every conversation of two parties.
void pairing_conversations(struct pairing *pairing, void *self,
			   void (*end)(void *self, const struct conversation_end *end));

// Findings that stand on one line alone, already unique within the batch.
void pairing_line_findings(struct pairing *pairing, void *self,
			   void (*finding)(void *self, const struct finding *finding));

// --- what has an order of its own: settled later (sequence.h, audit.h) ---

struct chat_state_seen { // one sighting of a chat state (K6; K8's composing and its cancel, P10)
	int64_t conv;
	usec_t at;        // as T3: the stamp of delayed egress lines, else the line's time
	struct text from; // full JID of the device; rooms: occupant (mirror leg) or real full JID
	struct text to;   // bare or occupant JID (M7), or the room
	enum chat_state state;
	enum message_type type;
	enum leg leg;       // M6; LEG_DIRECT outside of rooms
	bool ingress;       // F5
	bool content;       // the stanza holds content too
	struct text own_id; // absent = none
	struct text tie;    // T1: its order among states of one instant (tie.h); absent = not kept
	int64_t sig;        // rooms: what the stanza says; its other leg has the same (P12)
	position_t position;
	int32_t source;
};

// Every sighting of this batch, in the order of arrival.
void pairing_chat_states(struct pairing *pairing, void *self,
			 void (*state)(void *self, const struct chat_state_seen *seen));

// K19, E4, F9: what was learnt about devices, accounts and archives. Values are stored.
enum known_kind {
	KNOWN_CAPS,        // device showed caps; object = node#ver
	KNOWN_DISCO,       // subject (device, or node#ver) has or lacks receipts
	KNOWN_VERSION,     // device says name and value (its release)
	KNOWN_ROSTER,      // account got its whole roster; object names a KNOWN_LIST
	KNOWN_LIST,        // subject = name of a list; value = its JIDs, sorted, one a line
	KNOWN_PUSH,        // account's contact "object" has the subscription "value" now
	KNOWN_BLOCK,       // account blocks "object"
	KNOWN_UNBLOCK,     // account does so no longer
	KNOWN_UNBLOCK_ALL, // account blocks nobody
	KNOWN_ARCHIVED,    // device was given message (conv, key) out of an archive
	KNOWN_KINDS
};

// Two facts are the same when their element is; they are merged by union: the earlier first, the
// later last. What has an order (rosters, blocks) has its time in the element: first = last.
struct known {
	enum known_kind kind;
	int64_t element; // keyed hash of all but times and position
	int64_t about;   // pairing_jid_id of the account it is about, or of node#ver, or list
	int64_t related; // the "about" of what its object names; 0 = nothing
	struct text
		subject; // full JID of a device, bare JID of an account, node#ver, name of a list
	struct text object, value, name; // absent = none
	int64_t conv, key;               // KNOWN_ARCHIVED
	usec_t first, last;
	position_t position; // of first
	int32_t source;
};

#define KNOWN_HAS_RECEIPTS "receipts" // value of a KNOWN_DISCO

// Every fact of this batch, each once.
void pairing_known(struct pairing *pairing, void *self,
		   void (*known)(void *self, const struct known *known));

enum line_counter { // PAIRING section 9, "Lines"
	LINE_UNPARSABLE,
	LINE_IGNORED,
	LINE_BAD_JID,
	LINE_NO_SENDER,
	LINE_WRAPPER_REJECTED,
	LINE_CARBONS,
	LINE_CARBONS_FORGED,
	LINE_ARCHIVE,
	LINE_FORWARDS,
	LINE_DELEGATED,
	LINE_PUBSUB,
	LINE_MUC_HISTORY,
	LINE_SUPPRESSED, // no counter of PAIRING: from or to somebody who was erased
	LINE_COUNTERS
};

extern const char *const line_counter_names[LINE_COUNTERS];

const int64_t *pairing_line_counts(const struct pairing *pairing); // LINE_COUNTERS numbers

#endif
