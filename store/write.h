// SPDX-License-Identifier: Apache-2.0
// Inside of store/: how a batch is written. write.c is the transaction, write_load.c gives pairing
// what is stored, write_plan.c collects what it answers, write_rows.c, write_evidence.c and
// write_marks.c write it.
#ifndef STORE_WRITE_H
#define STORE_WRITE_H

#include "core/arena.h"
#include "core/map.h"
#include "core/order.h"
#include "store/key_filter.h"
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

// A lane is a writer with its own set of conversations (pairing_lane). Lane 0 also holds what belongs
// to no conversation; its row is locked by everybody who writes anything, and it commits last.
enum { LANE = 0 };

// What a store object remembers between batches (store->writer).
struct writer {
	unsigned connection; // from which the next two are known
	struct map jids;     // known to be in the database, with jid_print(); emptied when large
	struct map days;     // UTC day + 1: its partitions are there, or cannot be
	struct hash_key key;
	bool has_key;
	int64_t fence;           // of the lane, when the marks were read
	bool has_fence;          // false: marks must be read again
	bool has_raised;         // the fence: once for every process that writes
	int64_t look;            // of the last store_generations()
	int64_t first_marks;     // generations of which this object stored the first record
	struct key_filter *keys; // which keys are stored, as of keys_commit of the lane
	int64_t keys_commit;
	int32_t settle_most; // units that a transaction of store_settle() takes; 0: not known yet
	unsigned keys_connection;
	struct map convs;              // conversation -> how P8 left it, as of keys_commit
	struct map parties;            // known to be in the database; emptied when large
	struct suppressed *suppressed; // who was erased, as of the fence; NULL = nobody
	struct store *helpers[LANES];  // connections of lanes beyond 0, made when first needed
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
// --- suppress.c ---
struct suppressed;
bool suppressed_load(struct store *store, struct err *err);
void suppressed_free(struct suppressed *list); // NULL is fine

bool writer_ready(struct store *store, struct err *err); // store->writer is there, with its key

struct place { // of stored evidence
	int64_t conv, key;
	usec_t at;
	int16_t kind, class_; // as stored
	int32_t n;
};

struct range { // what was asked for a key, or for the findings of one
	int64_t conv, key;
	usec_t lo, hi;
};

enum { MARK_BACKWARD = 1, MARK_INGRESS = 2, MARK_OWN_TIE = 4 }; // ack.mark_bits

struct key_day { // a key that is stored on a day, lower half
	int64_t day;
	uint32_t part;
};

struct update {
	const struct row *was, *row;
	bool parked;
};

// A row that is not loaded and gets other marks (P8). Very many of them may be held at once.
struct marked {
	int64_t conv, key;
	usec_t sent_at;
	usec_t upto_delivered_at, upto_displayed_at, delivered_at, displayed_at;
	int32_t n;
	int16_t delivered_via, displayed_via, marks;
	int8_t state;
	bool reaches; // as of a unit
};

struct new_jid {
	int64_t id;
	struct text text;
};

struct new_party {     // an account takes part in a conversation
	int64_t place; // in writer->parties
	int64_t jid, conv;
};

struct new_finding {
	int64_t conv, key, element;
	const struct finding *finding;
};

// Ids of the JIDs of a batch, by where their text stands: pairing keeps one copy of each.
struct known_id {
	const char *p;
	size_t n;
	int64_t id;
	bool listed; // in plan->jids, or known to be stored
};
enum { KNOWN_IDS = 1 << 15 };

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

// What one lane writes of a batch, in a transaction of its own.
struct part {
	struct plan *plan;
	struct store *store; // NULL: no transaction yet
	int lane;
	VEC(struct key_day) keys; // where it stores what
	VEC(const struct row *) removes;
	VEC(struct update) updates;
	VEC(const struct row *) inserts;
	VEC(struct marked) marked;
	struct rollups *rollups; // of all these rows, NULL = not summed yet
	bool summed;
	VEC(struct place) ack_removes;
	VEC(const struct stored_evidence *) acks;
	VEC(struct sent) sent;
	struct numbered *sent_order; // the same, by hash
	bool ordered;                // lists are in the order of their tables
	VEC(struct new_finding) findings;
	VEC(struct range) withdraws;
	VEC(struct new_state) states;
	struct stored_evidence *late_acks; // evidence whose message is not stored, as it is then
	struct known_id *ids;              // KNOWN_IDS places
	VEC(struct new_party) parties;
	size_t moved;
	size_t changed_texts; // F98: values that were made storable
	struct err err;
	bool fine;
};

struct whole { // conversations of which all rows and evidence of a span are loaded at once (check_derive.c)
	int64_t conv_lo, conv_hi;
	usec_t since, until; // exclusive; equal: none
	struct map keys;
};

// All that one batch writes: collected once, written again as it is when the transaction must be
// repeated. Points into the arena of the pairing object.
struct plan {
	struct store *store; // lane 0
	struct writer *writer;
	const struct batch *batch;
	bool loaded;            // pairing has all it wants: rows and so on are final
	bool half_done;         // a lane has committed: the others must follow, or be read again
	int64_t lane_commit;    // the newest of all lanes when it was loaded
	int64_t lane_upheavals; // what was done beside batches until then
	int64_t commit;         // number of this batch

	struct part parts[LANES];
	int part_count; // 1: all lanes are written by one transaction
	struct whole whole;
	VEC(struct range) ranges;        // asked keys, sorted by key once loaded
	struct map asked;                // conversation -> what was asked of it (P8)
	VEC(struct want_window) passing; // where rows are that need not be loaded (P8)
	struct map plain;                // keys of loaded rows that hold all their evidence
	VEC(struct place) stored;        // loaded evidence, sorted once loaded
	VEC(struct new_jid) jids;
	struct map jid_seen;      // with jid_print()
	bool collided;            // two texts have one hash
	struct known_id *ids;     // KNOWN_IDS places
	VEC(int32_t) grown;       // generations that go on behind their stored end
	VEC(usec_t) late;         // times of rows and evidence of days that retention has dropped
	VEC(int64_t) stored_days; // of all its rows and evidence, see keys_note_days
	struct fields spans;      // of batch.spans
};

static inline struct part *part_of(struct plan *plan, int64_t conv)
{
	return &plan->parts[plan->part_count > 1 ? pairing_lane(conv) : 0];
}

static inline bool is_last_part(const struct part *part)
{
	return part->lane == 0; // lane 0 commits last: what it writes is there when all others are
}

// What others must not lack when this lane alone is committed is written by the first to commit.
static inline bool is_first_part(const struct part *part)
{
	return part == &part->plan->parts[part->plan->part_count - 1];
}

// --- write_parts.c: several transactions that are one batch ---
bool parts_begin(struct plan *plan, struct err *err); // transactions, locks, fence, marks
bool parts_write(struct plan *plan, bool (*write)(struct part *part, struct err *err),
		 struct err *err);
bool parts_commit(struct plan *plan, struct err *err);
void parts_rollback(struct plan *plan);

bool lane_lock(struct plan *plan, struct err *err); // first statement of the transaction

// --- write_load.c ---
// Runs the rounds of pairing_wants(). After a failure the pairing object is of no more use.
bool plan_load(struct plan *plan, struct err *err);
// plan->whole, before all that it needs.
bool plan_load_whole(struct plan *plan, int32_t realm, struct err *err);
bool plan_each_row(struct plan *plan, const char *name, const struct want_window *windows,
		   size_t count, bool (*take)(void *self, const struct rows *rows),
		   struct err *err);

// --- write_take.c: rows of load_keys, load_marks, load_acks, load_sent and their like; self: the plan ---
enum { MESSAGE_KEY_COLUMN = 2 };
bool plan_take_row(void *self, const struct rows *rows);
bool plan_take_mark(void *self, const struct rows *rows);
bool plan_take_ack(void *self, const struct rows *rows);
bool plan_take_sent(void *self, const struct rows *rows);

// In store->sqlstate, which knows no such SQLSTATE.
#define HASH_COLLISION "HASH!"

// --- write_plan.c ---
void plan_collect(struct plan *plan);
// First of the loaded evidence of this key, once loaded.
size_t plan_first_stored(const struct plan *plan, int64_t key);
bool hash_collided(struct store *store, struct err *err); // what store_refused() then says; false
void part_order(struct part *part);                       // once, by whoever writes it
void plan_span(
	struct plan *plan); // between when the rows are that it writes; before the lanes write
void plan_free(struct plan *plan);
int64_t part_jid_id(struct part *part, struct text jid); // text of the batch's pairing
int64_t plan_element(const struct plan *plan, const struct finding *finding); // finding.element
int64_t plan_jid(struct plan *plan, struct text jid); // notes it for write_jids

// --- write_keys.c ---
int64_t keys_day(usec_t at); // UTC day, the first and the last one stand for all beyond
usec_t keys_day_start(int64_t day);
usec_t keys_day_end(int64_t day);
// Under which the days are known on which a device showed chat states in a conversation.
int64_t keys_states(int64_t conv, int64_t device);
bool keys_refresh(struct store *store, int64_t lane_commit,
		  struct err *err); // under the lanes' lock
void keys_collect(struct part *part);
// Before the parts are written side by side: the days that are not listed any more (day_list). The first lane to commit
// says so for all of them, so that no two lanes wait for one row.
void keys_note_days(struct plan *plan);
bool write_keys(struct part *part, struct err *err);
void keys_remember(struct plan *plan); // after the commit

// --- write_convs.c ---
// What of the window must be looked for in the database.
struct want_window convs_narrow(struct plan *plan, const struct want_window *want);
void convs_passed(struct plan *plan,
		  const struct row *row); // a row that was not loaded, as it is now
void convs_remember(struct plan *plan);   // after the commit, before keys_remember()
void convs_forget(struct writer *writer);
void convs_free(struct plan *plan);

// --- write_marked.c: rows that are not loaded and may get other marks (P8) ---
bool plan_pass(struct plan *plan, struct err *err);
bool write_texts(struct part *part, struct err *err); // write_texts.c
bool update_marked(struct part *part, struct err *err);

// --- write_days.c ---
// Partitions of the days that the batch needs and that this object has not seen yet.
bool plan_needs_days(const struct plan *plan);
bool plan_make_days(struct plan *plan, struct err *err); // outside of a transaction

// --- write_late.c: what comes for days that retention has dropped ---
// Takes it out of the lists; the lane is locked, so no day is dropped meanwhile.
bool plan_refuse_late(struct plan *plan, struct err *err);
bool write_late(struct part *part, struct err *err); // counts it

// --- write_rows.c ---
bool write_jids(struct part *part, struct err *err);
bool write_rows(struct part *part, struct err *err);

// --- write_parties.c: who takes part in which conversation ---
void collect_parties(struct part *part);
bool write_parties(struct part *part, struct err *err);
void parties_remember(struct plan *plan); // after the commit

// --- write_evidence.c ---
bool write_acks(struct part *part, struct err *err);
bool write_sent(struct part *part, struct err *err);
bool write_findings(struct part *part, struct err *err);

// --- write_states.c: chat states, and what must be settled ---
void collect_states(struct plan *plan);
void order_states(struct part *part);
bool write_states(struct part *part, struct err *err);
bool put_units(struct store *store, int32_t realm, const struct unit *units, size_t count,
	       struct err *err);

// --- write_known.c: facts about devices and accounts (K19, E4) ---
bool write_known(struct part *part, struct err *err);

// --- write_rollups.c: contribution(new) - contribution(old) ---
struct rollups *part_rollups(struct part *part);
bool write_rollups(struct part *part, struct err *err);

// --- write_unread.c ---

bool write_unread(struct plan *plan, struct err *err);

// --- write_marks.c ---
bool check_marks(struct plan *plan, struct err *err);
// As of check_marks(): it was read to its end before; there is more of it now, or the next file goes on with
// its last record.
bool went_on(const struct plan *plan, const struct batch_checkpoint *point);
bool put_checkpoints(struct plan *plan, struct err *err);
bool write_marks(struct part *part, struct err *err);
void remember_marks(struct plan *plan);

// --- source.c ---

// A transaction with LOCK_NAMES.
bool begin_alone(struct store *store, struct err *err);
// Runs a statement that gives out a number, alone: one row comes back.
bool put_alone(struct store *store, const char *name, const struct fields *params,
	       struct rows *rows, struct err *err);

#endif
