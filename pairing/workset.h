// SPDX-License-Identifier: Apache-2.0
// The work set of one batch: what pairing.h hides. Only files of pairing/ include this.
//
// observe.c puts facts into entries (one entry per key), load.c adds what is stored, derive.c makes
// rows of one entry, upto.c looks along a conversation, settle.c looks across conversations,
// results.c compares with what was loaded. Everything lives in the batch's arena.
#ifndef PAIRING_WORKSET_H
#define PAIRING_WORKSET_H

#include "core/map.h"
#include "pairing/jid.h"
#include "pairing/pairing.h"

// A growing list in the arena: LIST_OF(struct row) rows; LIST_ADD(arena, &list) gives a zeroed place.
#define LIST_OF(type)                                                                              \
	struct {                                                                                   \
		type *items;                                                                       \
		size_t count, cap;                                                                 \
	}
#define LIST_ADD(arena, list)                                                                      \
	(list_room((arena), (void **)&(list)->items, &(list)->cap, (list)->count,                  \
		   sizeof(*(list)->items)),                                                        \
	 &(list)->items[(list)->count++])
void list_room(struct arena *arena, void **items, size_t *cap, size_t count, size_t size);

struct guest { // M6: an upload without id, in the row of a mirror
	const struct incarnation *upload;
	size_t mirror; // incarnation of the entry
	struct guest *next;
};

struct chain { // M2: the last row that was given this origin-id before what is new
	int64_t hash;
	usec_t at;
};

struct stood { // a marker as it is stored, with the number of the row that it marks
	usec_t first;
	int64_t thread;
	enum evidence_kind kind;
	int32_t n;
};

struct entry { // one key: (S, R, id), or (room, id)
	int64_t conv, key;
	struct text s, r, id; // parties; group: s = absent, r = room. id absent = untracked (M4)
	int64_t sent;         // hash of (S, id), once it was asked for; else 0
	bool group;
	bool fault;   // findings of groupchat stanzas: no rows
	bool touched; // this batch has facts for it: everything about it must be known and written
	bool asked;   // its stored rows and evidence were asked for
	bool derived; // rows are those of the facts as they are
	bool looked_around; // as derived: nothing beside it is left to be asked
	bool wanted;        // not touched, but all of it must be known (lending, loops)
	bool again; // touched by a record that is stored: all around it is asked as for a new one
	usec_t lo, hi; // span of times of this batch's facts

	LIST_OF(struct incarnation) incarnations;
	LIST_OF(struct evidence) evidence;
	struct map *pieces; // identity -> places in evidence, when indexed
	bool indexed;
	struct map *found; // findings beyond the first few
	struct map *said;  // what incarnations say and when -> their places, when there are many
	struct map *old_places; // time and digest -> place in old_rows, from 1, when there are many
	bool evidence_changed;
	bool had_marker; // some of its evidence is or was a marker
	bool mark_lost;  // evidence that may have been a mark is gone (P8)
	LIST_OF(struct stood) stood;
	size_t stored_evidence; // ack rows that were loaded
	size_t room;            // rows and owner hold so many; kept when derived again
	size_t *owner; // incarnation -> the incarnation that makes its row (group legs join)
	LIST_OF(struct row) old_rows;

	// M6: uploads without id that this key's mirrors hold; and of their own entry, which are held.
	struct guest *guests;
	bool *is_guest;
	usec_t asked_lo, asked_hi; // span that the stored rows were asked for

	bool erased; // a party of a stored row was erased: it stays as it is (results.c)
	// Without id: only what is near is known (near.c). All evidence of rows of this span, and whether
	// evidence from then on has a row.
	bool partial;
	usec_t rows_from, rows_to, judged_from;
	usec_t reach_lo, reach_hi; // beyond lo..hi: rows that evidence or an origin-id leads to
	LIST_OF(struct chain) chains;
	bool keeps_mds; // I3: of some row it is not known yet what marked it

	struct row *rows; // derived from the key's own facts, ordered by n; then finished in place
	size_t row_count;
	LIST_OF(struct finding) findings;    // of derive; upto and settle append
	LIST_OF(struct room_mark) old_marks; // rooms: as loaded (P8)
	struct entry *next_in_conv;
	struct conversation *home;
};

// What P8 has asked of a conversation: by the rows that are touched and the markers of their keys.
struct marks_span {
	usec_t lo, hi; // of the rows
	usec_t since;  // the earliest marker
	bool any;      // there is one
	bool all;      // what is displayed by then may be marked otherwise too
	bool anew;     // and so may what is marked: one before it marks otherwise now
};

struct marks_window {
	struct marks_span touched; // all of them
	struct marks_span marks;   // of those whose markers may mark otherwise than is stored
};

struct all_marks;

struct conversation {
	int64_t id;
	struct all_marks *marks; // as they came out, once asked for (passing.c)
	bool stale;              // its entries must be derived again
	struct entry *entries;
	struct marks_window window;
	bool window_asked;
	size_t window_round;       // that looked at it
	usec_t judge_from;         // markers from then on are judged again (P8)
	usec_t room_lo, room_hi;   // all rows of this span are loaded (M6)
	usec_t marks_lo, marks_hi; // every direct marker for messages of this span is loaded
	usec_t since_lo; // and from here on those that were seen since the window's first marker
};

struct pairing {
	struct realm_settings *rules; // own copy, domains normalised
	struct text realm;
	struct hash_key key, privacy;
	enum bodies_mode bodies;
	bool (*is_erased)(const void *self, struct text bare, struct text full); // NULL = nobody is
	const void *erased;
	struct arena *arena;
	struct buf tie;                // the last one that was made (tie.h)
	struct map jids;               // texts as they came -> struct known_jid
	struct map entries;            // key -> struct entry (keys are unique across conversations)
	struct entry **recent;         // RECENT_ENTRIES places, by their texts
	struct map conversations;      // conv -> struct conversation
	LIST_OF(struct entry *) order; // entries as they came
	struct map sent;               // hash of (sender, id) -> struct sent_node
	struct map sent_asked, orphans_asked;
	struct map keys_asked; // keys of lenders -> the round (from 1) that asked for them
	size_t round;          // of loading
	LIST_OF(struct sent) loaded_sent;
	LIST_OF(struct finding) line_findings;
	LIST_OF(struct chat_state_seen) chat_states;
	struct map line_finding_seen;
	LIST_OF(struct known) known; // K19, E4
	struct map known_seen;       // element -> its number, from 1
	int64_t lines[LINE_COUNTERS];
	struct pairing_wants wants;
	LIST_OF(struct want_key) want_keys;
	LIST_OF(struct want_window) want_windows;
	LIST_OF(int64_t) want_sent;
	LIST_OF(int64_t) want_orphans;
	LIST_OF(struct want_marks) want_marks;
	struct map markers;                // readers of rooms -> struct marker (backward.c)
	LIST_OF(struct map *) entry_maps;  // to be freed with the batch
	LIST_OF(struct all_marks *) marks; // as well: of conversations whose rows were passed
	struct clock_jump jumps[CLOCK_JUMPS_MOST]; // kept over a reset
	size_t jump_count;
	bool settled;       // the derived results are those of the facts
	unsigned stored_by; // of the observation that is being taken
	bool witness;       // the same
};

struct sent_node { // one of several senders of an id
	struct sent sent;
	struct sent_node *next;
};

// The earlier of two times; USEC_NONE is none.
static inline void min_into(usec_t *into, usec_t at)
{
	if (at != USEC_NONE && (*into == USEC_NONE || at < *into))
		*into = at;
}

// It is where tie_of() has put the last one; to be copied by who keeps it.
static inline bool tie_is_last_made(const struct pairing *pairing, struct text tie)
{
	return tie.p && tie.p == pairing->tie.data;
}

// The record that is being observed is stored by the lane of this conversation.
static inline bool is_stored_by_lane(const struct pairing *pairing, int64_t conv)
{
	return pairing->stored_by & 1u << pairing_lane(conv);
}

// --- jid_cache.c ---
// jid_parse() with a memory; the text lives as long as the batch.
bool jid_read(struct pairing *pairing, struct text text, struct jid *jid);
// jid_read() tells it; for those that are parsed elsewhere.
bool is_erased(const struct pairing *pairing, const struct jid *jid);
// The batch's own copy of a normalised party.
struct text party_text(struct pairing *pairing, struct text party);

// --- pairing.c ---
// Parties must live as long as the batch; the id is copied.
struct entry *entry_get(struct pairing *pairing, int64_t conv, int64_t key, struct text s,
			struct text r, struct text id, bool group);
int64_t message_key(const struct pairing *pairing, struct text s, struct text r, struct text id);
int64_t group_key(const struct pairing *pairing, struct text room, struct text id);
struct entry *entry_for_message(struct pairing *pairing, struct text s, struct text r,
				struct text id);
struct entry *entry_for_group(struct pairing *pairing, struct text room, struct text id);
// Where uploads of a room that have no id are kept (M6); NULL when there is none and make is false.
struct entry *uploads_without_id(struct pairing *pairing, struct text room, bool make);
// What names an id that an account gave to a message (I3), until that message is found.
struct entry *entry_for_given_id(struct pairing *pairing, struct text account, struct text id);
int64_t given_key(const struct pairing *pairing, struct text account, struct text id);
// Findings of groupchat stanzas of one rule that say the same (P12).
struct entry *entry_for_fault(struct pairing *pairing, struct text room, struct text rule,
			      int64_t sig);
struct conversation *conversation_get(struct pairing *pairing, int64_t conv);
int64_t sent_hash(const struct pairing *pairing, struct text sender, struct text id);
// The same of the entry's own message, and of an ack of R with an id of its own: each hashed once.
int64_t entry_sent(const struct pairing *pairing, struct entry *entry);
int64_t evidence_sent(const struct pairing *pairing, const struct entry *entry,
		      struct evidence *ev);
// Under which evidence waits for a message: by the room when it names an occupant, whose nick may not
// be seen (RCPT-GC-ADDR).
int64_t waiting_hash(const struct pairing *pairing, struct text sender, struct text id);
void line_finding(struct pairing *pairing, const char *rule, struct text by, struct text ref,
		  usec_t at, position_t position);
void entry_finding(struct pairing *pairing, struct entry *entry, const char *rule, struct text by,
		   struct text ref, usec_t at, position_t position);

struct map *entry_map(struct pairing *pairing); // a map that lives as long as the batch

// --- merge.c, merge_evidence.c: adding facts (M3, P4) ---
void entry_add_incarnation(struct pairing *pairing, struct entry *entry,
			   const struct incarnation *incarnation);
// True when the entry's evidence is different now.
bool entry_add_evidence(struct pairing *pairing, struct entry *entry,
			const struct evidence *evidence);

bool piece_is_one(const struct realm_settings *rules, const struct entry *entry,
		  const struct incarnation *a, const struct incarnation *b);

// --- find_piece.c ---
// An incarnation that is one with this one, SIZE_MAX = none; not the one at "but".
size_t piece_find(struct pairing *pairing, struct entry *entry, const struct incarnation *inc,
		  size_t but);
// The one at this place has (also) been seen like that.
void piece_note(struct pairing *pairing, struct entry *entry, size_t at,
		const struct incarnation *inc);

// --- old_rows.c ---
const struct row *old_row_at(const struct pairing *pairing, const struct entry *entry,
			     usec_t sent_at, int32_t n);
const struct row *old_row_like(const struct pairing *pairing, const struct entry *entry,
			       usec_t sent_at, int64_t digest);
void old_row_added(struct pairing *pairing, struct entry *entry);
// was: parallel to the rows; the stored row that each goes on from, or NULL as it was.
void match_rows(const struct entry *entry, const struct row **was);

// --- derive.c, group.c ---
void entry_make_room(struct pairing *pairing, struct entry *entry);
void derive_entry(struct pairing *pairing, struct entry *entry);
void derive_group(struct pairing *pairing, struct entry *entry);
bool mirror_is_near(const struct pairing *pairing, const struct incarnation *upload,
		    const struct incarnation *mirror, usec_t *distance);
int compare_mirrors(const struct incarnation *a, const struct incarnation *b);
int nearest_mirror(const struct pairing *pairing, const struct entry *entry,
		   const struct incarnation *upload); // within one key, -1 = none

// --- near.c (M4): keys without id, of which only what is near lo..hi was asked ---
void near_asked(const struct pairing *pairing, struct entry *entry, usec_t lo, usec_t hi);
void near_reach(struct pairing *pairing, struct entry *entry, usec_t at);
void near_began(struct pairing *pairing, struct entry *entry, const struct row *old);
// M2: sightings that an origin-id joins may go back any time; the row that they made is known by its start.
void note_chain(struct pairing *pairing, const struct sent *sent);
void want_chains(struct pairing *pairing, struct entry *entry);
// Rows whose evidence is not all here begin with what is stored.
void near_keep_rows(struct pairing *pairing, struct entry *entry);
// Its copy here is not stored: it may lie outside of what is loaded, and its home lends it again (I3).
bool is_kept_at_home(const struct entry *entry, const struct evidence *ev);
// Evidence that has no row here stays as it is stored.
bool near_keeps(const struct entry *entry, const struct evidence *ev);

// --- guests.c (M6): uploads without id ---
void assign_guests(struct pairing *pairing);
void want_guests(struct pairing *pairing, struct entry *entry);

// P2: index of the row of this entry that the evidence is about, -1 = none. named: only a row that was
// given this id (stanza-id, origin-id), absent = any.
int pick_incarnation(const struct pairing *pairing, const struct entry *entry,
		     const struct evidence *ev, struct text named);
void row_from_incarnation(const struct pairing *pairing, const struct entry *entry,
			  const struct incarnation *inc, struct row *row);
void judge_markers_again(struct pairing *pairing); // P8, when all is derived
void row_finish(struct row *row);                  // P9, S2 from the evidence columns
void row_see_jumps(const struct pairing *pairing, struct row *row); // F48, of a finished row
struct text evidence_by(struct pairing *pairing, const struct entry *entry,
			const struct evidence *evidence); // A, full

// --- legs.c (P12): evidence of groupchat stanzas, in order of time ---
void join_legs(struct pairing *pairing, struct entry *entry);
usec_t evidence_at(const struct evidence *ev); // P4: the earliest sighting of either leg
bool is_own_room_message(const struct entry *entry, const struct evidence *ev,
			 const struct row *row);
void fault_findings(struct pairing *pairing, struct entry *entry);
struct text room_by(struct pairing *pairing, const struct entry *entry, const struct evidence *ev);

// --- fault_author.c (P12): faults that only the mirror shows ---
int64_t fault_content(int64_t digest); // what the fault's evidence says of the message
void find_fault_author(struct pairing *pairing, const struct entry *entry, struct evidence *ev);
void want_fault_message(struct pairing *pairing, const struct entry *entry,
			const struct evidence *ev);
int64_t fault_waits(const struct pairing *pairing, const struct entry *entry,
		    const struct evidence *ev);

// --- derive_findings.c: what the evidence of one key shows (section 8) ---
bool is_ack(enum evidence_kind kind);
bool is_marker(enum evidence_kind kind);
void key_findings(struct pairing *pairing, struct entry *entry);

// --- upto.c, settle.c, load.c ---
void derive_upto(struct pairing *pairing, struct conversation *conversation);
void settle(struct pairing *pairing);
void derive_all(struct pairing *pairing);
struct sent_node *sent_find(const struct pairing *pairing, struct text sender, struct text id);

// --- passing.c ---
void note_stood(struct pairing *pairing, struct entry *entry, const struct evidence *ev);
bool stored_marks_stand(const struct entry *entry); // its evidence is in order of time
void free_passing(struct pairing *pairing);

// --- backward.c: MARK-BACKWARD in rooms (P8) ---
void judge_room_marks(struct pairing *pairing);
void want_room_marks(struct pairing *pairing);

// --- sent.c: entries of "who sent which id" ---
typedef void sent_fn(void *self, const struct sent *sent);
void sent_of_row(struct pairing *pairing, struct entry *entry, const struct row *row, sent_fn *take,
		 void *self);
void sent_of_ack(struct pairing *pairing, const struct entry *entry, struct evidence *ev,
		 sent_fn *take, void *self);
void collect_sent(struct pairing *pairing);

// --- partners.c (P12): which nick is which account, for uploads without id ---
void partners_of_row(struct pairing *pairing, const struct entry *entry, const struct row *row,
		     sent_fn *take, void *self);
bool may_be_partners(struct pairing *pairing, const struct entry *entry,
		     const struct evidence *upload, const struct evidence *mirror);
bool asks_partners(const struct entry *entry);
void want_partners(struct pairing *pairing, const struct entry *entry);
int64_t partner_waits(struct pairing *pairing, const struct entry *entry,
		      const struct evidence *ev);
bool waits_for_partner(struct pairing *pairing, const struct entry *entry);
void want_waiting_partners(struct pairing *pairing, const struct entry *entry);
// load.c: asks the store for entries, for keys, and for evidence that waits.
void want_sent_hash(struct pairing *pairing, int64_t hash);
// A key that no entry stands for yet; asked for once, because it may be gone by retention. It has been
// answered when an earlier round asked.
void want_lent_key(struct pairing *pairing, const struct want_key *key);
bool is_answered(const struct pairing *pairing, int64_t key);
void want_key_of(struct pairing *pairing, int64_t conv, int64_t key);
void want_orphan_hash(struct pairing *pairing, int64_t hash);

// --- lend.c ---
bool is_bare_domain(const struct entry *entry, const struct evidence *ev);
struct entry *find_lender(struct pairing *pairing, const struct entry *entry,
			  const struct evidence *ev);
// To this key, or (NULL) to none any more.
void lend(struct pairing *pairing, struct entry *entry, struct evidence *ev, struct entry *lender);

// --- store form (plain.c) ---
// Fills the plain columns of the finished rows when the entry fits them, else complex and facts.
void entry_store_form(struct pairing *pairing, struct entry *entry);
// The way back: facts of a stored row into the entry.
void entry_load_row(struct pairing *pairing, struct entry *entry, const struct row *row);

#endif
