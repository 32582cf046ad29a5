// SPDX-License-Identifier: Apache-2.0
// What only the order of a conversation shows (PAIRING I1..I4, F5, F6, CS-REPEAT, CS-COMPOSING-OPEN,
// CS-UNNEGOTIATED). Pure functions over a scene: rows and chat states of one conversation, that is of
// two parties or of one room. A scene may be a part of the conversation; every function says what
// must be in it for a result to be final.
#ifndef PAIRING_SEQUENCE_H
#define PAIRING_SEQUENCE_H

#include "pairing/pairing.h"

struct sequence_row {
	usec_t sent_at;
	int64_t key;
	int32_t n;
	struct text from, to, id;
	struct text resource; // of the sending device; absent = none was seen
	enum message_class class_;
	bool ingress;    // T1: its place among rows of one instant
	struct text tie; // T1: its place among those; absent = not kept
	usec_t delivered_at, displayed_at;
	usec_t reaction_at, reply_at, mds_at;
	// results
	usec_t read_inferred_at;
	enum via read_via;
	int64_t response_ms; // -1 = none
	size_t place;        // the caller's
};

struct sequence_state {
	usec_t at;
	struct text party;    // bare or occupant JID of who shows it
	struct text resource; // of its device; absent = none, or an occupant
	struct text to;       // the peer, or the room
	enum chat_state state;
	enum leg leg;
	bool content, ingress;
	bool used; // false: an egress sighting of a device whose ingress is seen (F5); the caller's
	bool fresh;         // the first sighting of its stanza (states_mark)
	bool kept;          // the same among those that are used
	bool paired;        // rooms: the mirror of an upload that was seen (states_pair)
	struct text own_id; // absent = none
	int64_t sig;
	struct text tie; // as that of a row
	position_t position;
};

// T1: a row by what is stored of its line; ingress: some line of it is, when nothing better is known.
void sequence_row_tie(struct sequence_row *row, struct text stored, bool ingress);

struct scene {
	const struct realm_settings *rules;
	struct sequence_row *rows; // by scene_sort: in time
	size_t row_count;
	struct sequence_state *states; // by scene_sort: by device, then in time
	size_t state_count;
};

// From what pairing delivers. Text is not copied.
void sequence_row_of(const struct row *row, struct sequence_row *out);
void sequence_state_of(const struct chat_state_seen *seen, const struct realm_settings *rules,
		       struct sequence_state *out);
// M1, M7: a normalised full JID as the party and its device.
void sequence_party(struct text full, const struct realm_settings *rules, struct text *party,
		    struct text *resource);

// T1: puts both lists in order. Everything below wants it.
void scene_sort(struct scene *scene);

bool sequence_same_device(const struct sequence_state *a, const struct sequence_state *b);
int sequence_compare_device(const struct sequence_state *a, const struct sequence_state *b);
struct text sequence_device(const struct sequence_state *state, struct arena *arena); // full JID

// --- rows (sequence.c) ---

// I1..I4: read_inferred_at and read_via of every row. Wants states_mark. Final for a row when all rows
// and states up to sent_at + t_infer are there, and rows with mds_at up to sent_at + w_upto.
void sequence_read(struct scene *scene);

// F6: response_ms of every row. Final for a row when the chat or pm row before it is there, and all
// up to sent_at + t_infer.
void sequence_response(struct scene *scene);

// --- chat states (states.c) ---

// F5: equal states of one device within w_state of each other are sightings of one stanza: the first
// is fresh, the first of those that are used is kept. Final for a state when all within w_state before
// it are there.
void states_mark(struct scene *scene);

// P12: which kept mirrors have an upload leg. Final when all states within w_ackdup are there, and
// as far as uploads without an id follow each other that closely.
void states_pair(struct scene *scene);

struct sequence_finding {
	const char *rule;
	struct text by; // full JID of a device
	const char *ref;
	usec_t at;
	position_t position;
	const struct sequence_state *state; // on which it stands
};
typedef void sequence_finding_fn(void *self, const struct sequence_finding *finding);

// CS-REPEAT. Final for a state when the kept one of its device before it is there.
void states_repeats(const struct scene *scene, struct arena *arena, void *self,
		    sequence_finding_fn *found);

// CS-UNNEGOTIATED: wants all of the conversation, or the parts around these four moments: the first
// state of either side, the first content of the other side after it, the first state after that.
struct negotiation {
	const struct sequence_state *first; // first state of S; NULL = none
	const struct sequence_state *peer;  // first state of R
	const struct sequence_row *reply;   // first content of R after first
	const struct sequence_state *state; // first standalone fresh state of S after reply
};
void states_unnegotiated(const struct scene *scene, void *self, sequence_finding_fn *found);

const char *chat_state_name(enum chat_state state);

// --- typing (typing.c) ---

enum typing_end { TYPING_OPEN, TYPING_STATE, TYPING_CONTENT };

struct typing {
	struct text party, resource, to;
	usec_t start, end; // end USEC_NONE while TYPING_OPEN
	enum typing_end ended;
	position_t position; // of the state that opened it
};

// F5, 1:1 only. Final for an interval when all from its start to its end are there, and it was not
// open before the scene.
void typing_intervals(const struct scene *scene, void *self,
		      void (*each)(void *self, const struct typing *typing));

// F5 at "now": false: it is still open and not yet to be judged.
struct typing_judged {
	int64_t ms;
	const char *ended_by; // "state", "content", "cap"
	bool composing_open;  // CS-COMPOSING-OPEN
};
bool typing_judge(const struct typing *typing, const struct realm_settings *rules, usec_t now,
		  struct typing_judged *judged);

#endif
