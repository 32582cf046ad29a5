// SPDX-License-Identifier: Apache-2.0
// Inside of store/: how a batch is written. write.c is the transaction, write_load.c gives pairing
// what is stored, write_plan.c collects what it answers, write_rows.c, write_evidence.c and
// write_marks.c write it.
#ifndef STORE_WRITE_H
#define STORE_WRITE_H

#include "core/arena.h"
#include "core/map.h"
#include "store/message_row.h"

// A growing list; freed with free(list.items).
#define VEC(type)                                                                                  \
	struct {                                                                                   \
		type *items;                                                                       \
		size_t count, cap;                                                                 \
	}
// A new zeroed place at the end.
#define VEC_ADD(vec)                                                                               \
	(vec_room((void **)&(vec)->items, &(vec)->cap, (vec)->count, sizeof *(vec)->items),        \
	 &(vec)->items[(vec)->count++])
void vec_room(void **items, size_t *cap, size_t count, size_t size);

enum { LANE = 0 }; // the only lane so far: all shards

// What a store object remembers between batches (store->writer).
struct writer {
	struct map jids; // known to be in the database, with jid_print(); emptied when large
	struct map days; // UTC day + 1: its partitions are there, or cannot be
	struct hash_key key;
	bool has_key;
	int64_t fence;       // of the lane, when the marks were read
	bool has_fence;      // false: marks must be read again
	bool has_raised;     // the fence: once for every process that writes
	int64_t look;        // of the last store_generations()
	int64_t first_marks; // generations of which this object stored the first record
};
struct writer *store_writer(struct store *store);
void writer_free(struct writer *writer); // NULL is fine
// --- write_lane.c ---
// Before marks are read; *look: for the generations that are found or made then.
bool lane_enter(struct store *store, int64_t *look, struct err *err);

// The lane's lock up to the end of the transaction, and its newest commit number. ERR_DATABASE: a
// newer holder raised the fence.
// Only the lock: for who believes nothing that was read before (settle.c).
bool lane_hold(struct store *store, int64_t *commit, struct err *err);
bool writer_ready(struct store *store, struct err *err); // store->writer is there, with its key

struct place { // of stored evidence
	int64_t conv, key;
	usec_t at;
};

struct range { // what was asked for a key, or for the findings of one
	int64_t conv, key;
	usec_t lo, hi;
};

struct update {
	const struct row *was, *row;
	bool parked;
};

struct new_jid {
	int64_t id;
	struct text text;
};

struct new_finding {
	int64_t conv, key, element;
	const struct finding *finding;
};

struct new_state { // a sighting of a chat state
	const struct chat_state_seen *seen;
	struct text resource; // absent = none, or an occupant
	int64_t from, device, to;
};

struct unit { // a part of a conversation that must be settled
	int64_t conv, day;
	usec_t lo, hi;
	bool reaches; // MDS: rows before it may change too (I3)
};

// All that one batch writes: collected once, written again as it is when the transaction must be
// repeated. Points into the arena of the pairing object.
struct plan {
	struct store *store;
	struct writer *writer;
	const struct batch *batch;
	bool loaded;         // pairing has all it wants: rows and so on are final
	int64_t lane_commit; // of the lane when it was loaded
	int64_t commit;      // number of this batch

	VEC(struct range) ranges; // asked keys, sorted by key once loaded
	VEC(struct place) stored; // loaded evidence, sorted once loaded
	VEC(const struct row *) removes;
	VEC(struct update) updates;
	VEC(const struct row *) inserts;
	VEC(struct place) ack_removes;
	VEC(const struct stored_evidence *) acks;
	VEC(struct sent) sent;
	VEC(struct new_jid) jids;
	struct map jid_seen; // with jid_print()
	bool collided;       // two texts have one hash
	VEC(struct new_finding) findings;
	VEC(struct range) withdraws;
	VEC(struct new_state) states;
	VEC(usec_t) late; // times of rows and evidence of days that retention has dropped
	struct stored_evidence *late_acks; // evidence whose message is not stored, as it is then
	size_t moved;
	size_t changed_texts; // F98: values that were made storable
};

bool lane_lock(struct plan *plan, struct err *err); // first statement of the transaction

// --- write_load.c ---
// Runs the rounds of pairing_wants(). After a failure the pairing object is of no more use.
bool plan_load(struct plan *plan, struct err *err);

// In store->sqlstate, which knows no such SQLSTATE.
#define HASH_COLLISION "HASH!"

// --- write_plan.c ---
void plan_collect(struct plan *plan);
bool hash_collided(struct store *store, struct err *err); // what store_refused() then says; false
void plan_free(struct plan *plan);
int64_t plan_jid(struct plan *plan, struct text jid); // notes it for write_jids

// --- write_days.c ---
// Partitions of the days that the batch needs and that this object has not seen yet.
bool plan_needs_days(const struct plan *plan);
bool plan_make_days(struct plan *plan, struct err *err); // outside of a transaction

// --- write_late.c: what comes for days that retention has dropped ---
// Takes it out of the lists; the lane is locked, so no day is dropped meanwhile.
bool plan_refuse_late(struct plan *plan, struct err *err);
bool write_late(struct plan *plan, struct err *err); // counts it

// --- write_rows.c ---
bool write_jids(struct plan *plan, struct err *err);
bool write_rows(struct plan *plan, struct err *err);

// --- write_evidence.c ---
bool write_acks(struct plan *plan, struct err *err);
bool write_sent(struct plan *plan, struct err *err);
bool write_findings(struct plan *plan, struct err *err);

// --- write_states.c: chat states, and what must be settled ---
void collect_states(struct plan *plan);
bool write_states(struct plan *plan, struct err *err);
bool put_units(struct store *store, int32_t realm, const struct unit *units, size_t count,
	       struct err *err);

// --- write_known.c: facts about devices and accounts (K19, E4) ---
bool write_known(struct plan *plan, struct err *err);

// --- write_rollups.c: contribution(new) - contribution(old) ---
bool write_rollups(struct plan *plan, struct err *err);

// --- write_marks.c ---
bool check_marks(struct plan *plan, struct err *err);
bool put_checkpoints(struct plan *plan, struct err *err);
bool write_marks(struct plan *plan, struct err *err);
void remember_marks(struct plan *plan);

#endif
