// SPDX-License-Identifier: Apache-2.0
// Inside of store/: settling (DESIGN section 4). settle.c is the transaction, settle_load.c reads the
// surroundings of what changed, settle_judge.c computes, settle_write.c writes the differences.
//
// The result is a function of the facts: what is computed for a window depends on rows and chat states
// alone, and a window is wide enough to hold everything that its results depend on. Only an interval of
// typing that is open where the window begins is taken from what is stored; when it turns out
// otherwise, the next event of the device waits in turn, so that the queue runs dry in the end.
#ifndef STORE_SETTLE_H
#define STORE_SETTLE_H

#include "pairing/sequence.h"
#include "store/rollup.h"
#include "store/write.h"

struct settled_row { // beside a sequence_row: what is stored now
	int64_t from, to;
	usec_t read_at;
	enum via via;
	int64_t response_ms;
	bool readable; // its reading can be judged with what is loaded
};

struct party { // a device that showed chat states in the conversation
	int64_t device, from, to;
	struct text from_text, resource, to_text;
	enum leg leg;
	usec_t first_at, last_at, lone_at;
	bool ingress;
	bool touched; // something of it changed in the window
};

struct stored_typing {
	int64_t device, from, to;
	struct typing typing;
	const struct party *party;
};

struct settle_finding {
	int64_t key, element;
	const char *rule; // NULL: as stored
	struct text by;
	const char *ref;
	usec_t at;
	position_t position;
};

struct window {
	int64_t conv;
	usec_t lo, hi; // facts within changed
	bool reaches, room;
	size_t first_unit, unit_count;
	usec_t from, to;             // states are loaded from here to there
	usec_t rows_from;            // rows: all from here on
	usec_t run[3];               // instants of the run under way (F6), USEC_NONE
	usec_t write_from, write_to; // rows that may change
	usec_t states_to;            // kept states after this one can change no more (F5)
	VEC(struct sequence_row) rows;
	VEC(struct settled_row) was; // by sequence_row.place
	VEC(struct sequence_state) states;
	VEC(int64_t) state_jids; // two a state, until texts are known
	VEC(struct party) parties;
	VEC(struct stored_typing) typing;
	VEC(struct settle_finding) findings; // stored
	struct map by_key;                   // of them
};

struct changed_row {
	int64_t conv;
	const struct sequence_row *row;
};

struct conv_typing {
	int64_t conv;
	const struct party *party;
	struct typing typing;
};

struct conv_finding {
	int64_t conv;
	struct settle_finding finding;
};

struct settling {
	struct store *store;
	struct writer *writer;
	int32_t realm;
	const struct realm_settings *rules;
	struct arena *arena;
	VEC(struct unit) units;
	VEC(struct window) windows;
	struct map jids; // id -> struct text in the arena
	VEC(int64_t) wanted_jids;
	size_t loaded, most; // rows and states
	int64_t commit;

	// differences
	VEC(struct changed_row) changed;
	VEC(struct conv_typing) typing_gone, typing_new;
	VEC(struct conv_finding) findings_gone, findings_new;
	VEC(struct unit) next_units;
};

// --- settle_walk.c ---
// One search: day by day away from a time, over the days on which "key" may be (key_filter.h).
struct walk {
	int64_t key, day;
	usec_t lo, hi; // the part that is looked at now, inclusive
	bool done;
};

struct walks { // {.keys, .after} is empty; searches that go on together
	const struct key_filter *keys;
	bool after; // in time; else before
	int round;
	VEC(struct walk) items;
	VEC(size_t) asked; // those that are looked for now
};
void walks_add(struct walks *walks, int64_t key, usec_t at);
// Calls look() until each is found or has no day left. It asks for walks_spans(), in the order of asked,
// and says walks_found() for each that is there; place: number in that order, from 1.
bool walks_go(struct walks *walks, bool (*look)(struct walks *walks, struct err *err),
	      struct err *err);
struct walk *walks_found(struct walks *walks, int64_t place);
void walks_spans(const struct walks *walks, struct fields *lo, struct fields *hi);
void walks_free(struct walks *walks);

// --- settle_edges.c ---
// Widens windows by their neighbours (F6); finds the runs under way at their begins.
bool settle_edges(struct settling *it, struct err *err);
bool settle_run(struct settling *it, struct err *err);

// --- settle_load.c ---
bool settle_take(struct settling *it, int32_t most, struct err *err);
void settle_window(struct settling *it, size_t unit);   // for this unit, in order
bool settle_load(struct settling *it, struct err *err); // ERR_NONE and false: too much at once
struct text settle_jid(const struct settling *it, int64_t id);

// --- settle_judge.c ---
bool settle_judge(struct settling *it, struct err *err);
struct scene window_scene(const struct settling *it, struct window *window);
struct sequence_state party_state(const struct party *party);
struct party *window_party(const struct window *window, const struct sequence_state *state);
// The states of one device stand together, in time: the first, and whether this is one of them.
size_t window_state(const struct window *window, const struct sequence_state *device);
bool window_state_is(const struct window *window, size_t i, const struct sequence_state *device);

// --- settle_beyond.c, settle_findings.c, settle_typing.c ---
bool settle_beyond(struct settling *it, struct err *err);
void settle_repeats(struct settling *it, struct window *window);
bool settle_sides(struct settling *it, struct err *err); // CS-UNNEGOTIATED, all windows
bool settle_typing(struct settling *it, struct window *window, struct err *err);

// --- settle_write.c ---
bool settle_write(struct settling *it, struct err *err);

void settling_free(struct settling *it);

#endif
