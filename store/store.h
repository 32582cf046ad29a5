// SPDX-License-Identifier: Apache-2.0
// The store's door: rows <-> PostgreSQL. One object = one connection; one thread at a time.
// Kinds of failure: ERR_DATABASE (not reachable, lost, refused: try again later), ERR_USAGE (schema too
// old, too new, not ours; database not UTF-8; server too old), ERR_INTERNAL (a defect of ours).
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "core/app.h"
#include "core/buf.h"
#include "pairing/pairing.h"
#include "store/dimensions.h"
#include "store/metrics.h"

struct store;
enum store_role {
	STORE_ADMIN, // migrate: no schema check
	STORE_WRITE, // what the owner does: tokens, retention, reading an interval again
	STORE_INGEST, // what logs show is stored: may read no body, and delete in tables of pairing only (F190)
	STORE_READ,   // default_transaction_read_only = on
	STORE_SERVE,  // the same, and no row is seen before it is told whose (F191)
	STORE_ACCESS, // the API's second connection: tokens' last use and access log only
};

// Opens what settings->database says. "embedded": makes, starts and (with the last user of this
// process) stops a private cluster, see store/cluster.h. Waits up to settings->database_wait.
// For all but ADMIN the schema must be current; with the embedded database it is migrated here.
bool store_open(struct app *app, enum store_role role, struct store **store, struct err *err);
void store_close(struct store *store); // NULL is fine
bool store_alive(struct store *store); // cheap: asks the socket, not the server
// After ERR_DATABASE: closes and connects again (once; the caller does back-off).
bool store_reconnect(struct store *store, struct err *err);
// Longest silence of the server before a call ends with ERR_DATABASE; 60 s unless said otherwise.
void store_patience(struct store *store, usec_t patience);
// Longest time of one statement, kept by the server itself, 0 = none; until the next connection.
bool store_time_limit(struct store *store, usec_t limit, struct err *err);
// Asks "gone" while a statement runs; true: it is cancelled, nobody will see the answer (F145). NULL: no more.
void store_watch(struct store *store, bool (*gone)(void *self), void *self);
// The last statement failed because it was cancelled, by either of these two.
bool store_cut_short(const struct store *store);

// --- realms, sources, generations ---

struct realm {
	int32_t id;
	struct hash_key key; // the pairing key of the database, shared by all
};

// Finds or makes it; rules win over what is stored, NULL = keep. Lists that no setting names: both, in rules too.
bool store_realm(struct store *store, const char *name, struct realm_settings *rules,
		 struct realm *realm, struct err *err);
// Gives every declared private acknowledgement its number in the realm: by name, for ever, whatever is
// declared beside it. ERR_USAGE: too many over the years.
bool store_private_acks(struct store *store, int32_t realm, struct realm_settings *rules,
			struct err *err);
// The stored rules of a realm; ERR_USAGE when there is no such realm.
bool store_realm_rules(struct store *store, const char *name, struct realm *realm,
		       struct realm_settings *rules, struct err *err);

struct source_setup {
	const char *dialect, *path;
	bool live;
	int32_t of_file; // the source that its file has, 0: none
};

// Finds or makes it. A new one that is live takes over the source of its file, if that was an import.
bool store_source(struct store *store, int32_t realm, const char *name,
		  const struct source_setup *setup, int32_t *source, struct err *err);
// The id of a feed named inside observations: a source without path.
bool store_feed(struct store *store, int32_t realm, struct text name, int32_t *source,
		struct err *err);

// What proves that a file is the one that was read before (FAULTS "Generation").
struct fingerprint {
	uint32_t head_len;      // first min(4096, size) bytes
	unsigned char head[32]; // SHA-256
	uint32_t tail_len;      // last <= 4096 bytes before offset
	unsigned char tail[32];
};

struct lane_mark {
	bool set;
	uint64_t offset;
	uint32_t index;
};

struct generation {
	int32_t id;
	int32_t source;       // whose its records are, whoever reads it
	int32_t reader;       // who read it last
	uint64_t low_water;   // read again from here
	uint64_t mark_offset; // skip records at or below (mark_offset, mark_index)
	uint32_t mark_index;
	bool has_mark;
	// Lanes that hold more than that: a process died after they had committed a batch and before
	// lane 0 did. Records up to there are observed as stored by them. [0]: not used.
	struct lane_mark ahead[LANES];
	struct fingerprint print; // tail is that before low_water
	bool finished;            // read to its end and closed
	uint64_t size;            // then: where its end was
	int64_t look;             // for the checkpoint: what was known when it was taken up
};

// Candidates with this head (same length and hash, or a shorter stored head: the caller hashes
// again with head_len): the caller proves the tail. Newest first, at most max.
// The first call takes over the lane: it raises the fence, every other writer must read the marks again
// before its next batch. Later calls only look: ERR_DATABASE when the fence was raised since.
bool store_generations(struct store *store, int32_t realm, struct generation *list, size_t max,
		       size_t *count, struct err *err);
// Nothing was stored of these, their file is read as another one: they are not missing.
bool store_generations_bare(struct store *store, const int32_t *list, size_t count,
			    struct err *err);
bool store_generation_new(struct store *store, int32_t source, const char *path,
			  const struct fingerprint *print, struct generation *generation,
			  struct err *err);

struct source_health { // of a followed source
	const char *name, *dialect, *path;
	const char *state; // following, behind, silent, waiting, failing
	const char *note;  // for people; NULL
	usec_t gone_at;    // when unread lines are expected to be rotated away; USEC_NONE: unknown
};
bool store_source_health(struct store *store, int32_t realm, const struct source_health *health,
			 struct err *err);

// All files of these followed sources that can be opened are open. Another one that was not read to its end is a
// gap, as long as it is not there (F4, F12, F19). *missing: new ones.
bool store_missing(struct store *store, int32_t realm, const struct string_list *sources,
		   const int32_t *open, size_t count, int64_t *missing, struct err *err);

// What a dialect knows at low water of a generation, whoever read it up to there.
bool store_recall(struct store *store, int32_t generation, void *self,
		  void (*fact)(void *self, struct text key, struct text value), struct err *err);
// A file that this source read ended inside a record, and the other half was not found (F26).
bool store_half_waits(struct store *store, int32_t reader, bool *waits, struct err *err);
// What it knows at the end of the file that gave this source its last record: for the next file.
bool store_recall_last(struct store *store, int32_t reader, void *self,
		       void (*fact)(void *self, struct text key, struct text value),
		       struct err *err);

// --- the batch ---

struct batch_checkpoint { // one per generation touched
	int32_t generation;
	int32_t reader; // source under which it is read now
	uint64_t low_water;
	// The mark from which the batch was read: the database must still have it, else somebody
	// else stored the same records and the batch is refused (F78, F84).
	bool has_from;
	uint64_t from_offset;
	uint32_t from_index;
	int64_t look;  // of the generation, see struct generation
	bool has_mark; // false: no record was read yet, leave the mark unset
	uint64_t mark_offset;
	uint32_t mark_index;
	struct lane_mark ahead[LANES]; // of the generation
	struct fingerprint print;
	usec_t first_at, last_at; // record times seen in this batch, USEC_NONE
	uint64_t records, stanzas;
	uint64_t offset; // read up to here; beyond a stored end the file goes on
	uint64_t size;   // file size known, for lag
	usec_t seen_at;  // when the file had that size, or its end was read; USEC_NONE
	bool finished;
	bool unheard; // its end does not say that nothing is missing up to now (feeds)
	// F26: so many first bytes of that generation are the end of this one; 0: none.
	int32_t next;
	uint64_t next_bytes;
};

struct batch_fact { // changed row of dialect_fact; value absent = forgotten
	int32_t generation;
	bool at_end; // as it is when nothing follows in this file: for the next one alone
	struct text key, value;
};

// The cause of a gap over which no delay is measured (F48).
#define GAP_CLOCK_FORWARD "the log's clock went forward: another zone, or it was set"

struct batch_gap {
	int32_t source;
	int32_t generation;
	uint64_t from_offset, to_offset;
	usec_t from_at, to_at; // USEC_NONE = unknown
	const char *cause;
	int64_t lost; // estimate, -1 unknown
	bool at_end;  // only because nothing follows in this file: goes when something does
};

enum { UNREAD_SINGLE = 1000 }; // of a generation, rows of gaps and of quarantine each; then ranges

struct batch_quarantine {
	int32_t source;
	int32_t generation;
	uint64_t offset;
	uint32_t index, length; // length of the whole; raw may be a head of it
	usec_t at;
	const char *reason;
	struct text raw;
	bool at_end;   // only because nothing follows in this file: goes when something does
	bool at_start; // of a new file: may be the other half of such a record (F26)
};

struct batch {
	int32_t realm;
	struct pairing *pairing;
	const struct batch_checkpoint *checkpoints;
	size_t checkpoint_count;
	const struct batch_fact *facts;
	size_t fact_count;
	const struct batch_gap *gaps;
	size_t gap_count;
	const struct batch_quarantine *quarantine;
	size_t quarantine_count;
	uint64_t events;
	bool trial; // all but the COMMIT: would the database take it? (F98)
};

struct batch_result {
	int64_t commit; // commit number, order of visibility
	size_t inserted, updated, moved, removed;
};

// One transaction: locks the lanes, checks fence and marks, loads what pairing wants, derives,
// writes rows, sent ids, evidence, findings, counters, gaps, quarantine, facts, marks; commits. Large
// batches (setting parallel_events) are written by one transaction per lane, side by side: each is whole
// by itself and has a mark of its own; lane 0 commits last and holds what belongs to no conversation.
// Retries serialization failures and deadlocks itself. ERR_DATABASE: it is not known whether the
// batch was committed: reconnect, read the marks back (store_generations), repeat what they lack (F78).
bool store_commit(struct store *store, const struct batch *batch, struct batch_result *result,
		  struct err *err);
// The same in a thread of its own: until store_commit_end() the store and everything that the batch
// names belong to that thread. End takes the pending batch and must be called once.
struct pending;
struct pending *store_commit_begin(struct store *store, const struct batch *batch);
bool store_commit_is_done(const struct pending *pending); // end will not wait
bool store_commit_end(struct pending *pending, struct batch_result *result, struct err *err);
// The last failure was about values (SQLSTATE 22xxx, 23xxx, 54xxx, or two texts with one hash):
// the same batch fails again, and one of its records is why (F98). Else NULL.
const char *store_refused(const struct store *store);
// The last failure was a time limit: a smaller batch may fit into it (F88).
bool store_timed_out(const struct store *store);

// --- settling: what only the order of a conversation shows (DESIGN section 4) ---

struct settle_result {
	size_t units, rows; // done; rows that changed
	bool empty;         // nothing waits any more
};

// Settles what waits, in small transactions under the lane's lock, until the queue is empty or the
// budget is used up (the transaction that is under way ends first).
bool store_settle(struct store *store, int32_t realm, const struct realm_settings *rules,
		  usec_t budget, struct settle_result *result, struct err *err);

struct settle_lag {
	int64_t units; // that wait
	usec_t since;  // when the oldest began to wait, clock of the database; USEC_NONE = none
};
bool store_settle_lag(struct store *store, int32_t realm, struct settle_lag *lag, struct err *err);

// --- reading (used by api/ and export) ---

struct typing_row { // F5, not yet judged at any time
	struct text party, resource, to;
	usec_t start, end; // end USEC_NONE: nothing ended it
	int ended;         // enum typing_end
	position_t position;
};

// By start, from, to.
bool store_typing(struct store *store, int32_t realm, usec_t since, usec_t until, void *self,
		  bool (*each)(void *self, const struct typing_row *typing), struct err *err);

struct message_filter {
	int32_t realm;       // 0 = all
	usec_t since, until; // sent_at, half open; USEC_NONE = open
	struct text participant,
		peer;         // bare JIDs; both = the pair in both directions; room for groups
	struct text from, to; // one direction only
	struct text id;
	struct text domain;        // either party's domain
	int state;                 // enum message_state, -1 = any
	int class_;                // enum message_class, -1 = any
	int verdict;               // enum verdict, -1 = any (needs now and t_expire)
	struct text body_contains; // case-insensitive substring
	struct text nick;          // of the sender in a room
	struct text corrects;      // the id that it replaces
	bool has_conv, has_key;    // one conversation, one key of it
	int64_t conv, key;
	usec_t now, t_expire;
	bool with_body, newest_first;
	bool with_devices, whole; // fill message.devices; all that a timeline shows, oldest first
	bool has_after;           // keyset: continue after this row
	usec_t after_at;
	int64_t after_conv, after_key;
	int32_t after_n;
	int64_t limit;                // 0 = all
	struct message_narrow narrow; // pages and streams alone
	struct honesty *honesty;      // said with it, in fewer trips than store_honesty; NULL = not
};

struct device_time {
	struct text device; // full JID
	usec_t delivered, displayed;
};

struct message { // a row as shown
	struct row row;
	int32_t n;                         // M3, M4; that of the row is its identity
	const struct via_names *via_names; // of its realm, NULL = none
	enum verdict verdict;
	const struct device_time *devices;
	size_t device_count;
	const struct device_time *readers; // groups
	size_t reader_count;
	const struct device_time *receivers;
	size_t receiver_count;
	usec_t read_inferred_at;
	enum via read_via;
	int64_t response_ms; // -1 = none
};

// Streams rows in (sent_at, from, to, id, n) order, single-row mode: memory is flat. The callback
// returns false to stop. Times order is ascending unless newest_first. With a limit, a cursor or
// newest_first the order within one instant is that of the cursor: (sent_at, conv, key, n).
bool store_messages(struct store *store, const struct message_filter *filter, void *self,
		    bool (*each)(void *self, const struct message *message), struct err *err);

#include "store/chat_log.h" // one message, who talks with whom, who waits: needs the above
// --- live views: what is new (read_live.c; store_changes in read_messages.c) ---

bool store_newest_commit(struct store *store, int64_t *commit, struct err *err);
// To be told of commits from now on; *listening false: a standby tells nothing, it must be looked at.
// Belongs to this connection: store_connections() changes when there is a new one.
bool store_listen(struct store *store, bool *listening, struct err *err);
unsigned store_connections(const struct store *store);
int store_socket(const struct store *store); // readable when something may have been told; -1: lost
bool store_notified(struct store *store);    // there was a commit since the last call; never waits

struct change_span {
	int64_t after, upto; // commit numbers
	bool asked;          // only rows that asked for a receipt (F2)
};

// Rows that were written last by one of these commits, as they are now, at most filter->limit, in the order
// (sent_at, conv, key, n). *countable false: too much was written to look at it row by row, or it is not
// known what; nothing was given.
bool store_changes(struct store *store, const struct message_filter *filter,
		   const struct change_span *span, bool *countable, void *self,
		   bool (*each)(void *self, const struct message *message), struct err *err);

// PAIRING section 9 counters by name, non-zero only, names in byte order.
bool store_counters(struct store *store, int32_t realm, usec_t since, usec_t until, usec_t now,
		    usec_t t_expire, void *self,
		    void (*each)(void *self, const char *name, int64_t value), struct err *err);

struct stored_finding {
	struct text rule, by, ref;
	usec_t first_at, last_at;
	int64_t count;
	position_t position;
};

struct finding_filter {
	int32_t realm;           // 0 = all
	usec_t since, until;     // when it was found, half open; USEC_NONE = open
	usec_t now;              // what has expired by then; USEC_NONE = the wall clock
	usec_t t_expire;         // S3
	usec_t w_match;          // P2; 0 = any
	usec_t t_composing_open; // F5; 0 = CS-COMPOSING-OPEN is not judged
};

// Open findings, as a sorted set of (rule, by, ref): stored ones and those that are judged now by what
// is known of devices and accounts (pairing/audit.h).
bool store_findings(struct store *store, const struct finding_filter *filter, void *self,
		    bool (*each)(void *self, const struct stored_finding *finding),
		    struct err *err);

// Retention: deletes what was known of devices, accounts and archives and was last seen before then.
bool store_forget_known(struct store *store, usec_t before, int64_t *deleted, struct err *err);

// All that is read until the end is of one state of the data; works on a hot standby.
bool store_snapshot(struct store *store, struct err *err);
void store_snapshot_end(struct store *store); // fine without

struct honesty {               // what an answer stands on
	usec_t complete_until; // minimum over live sources, USEC_NONE = nothing read yet
	usec_t newest;         // newest event of the realm
	int64_t open_gaps;     // that overlap since..until
	int64_t quarantined;
	int64_t commit; // newest commit number
};

bool store_honesty(struct store *store, int32_t realm, usec_t since, usec_t until,
		   struct honesty *honesty, struct err *err);

struct source_state {
	struct text name, dialect, path, realm;
	bool live;
	int64_t generations, records, stanzas, quarantined, gaps;
	usec_t first_at, last_at, seen_at; // record times; when it was last read
	uint64_t read_bytes, size;
	struct text state, note; // followed ones, as struct source_health
	usec_t state_at, gone_at;
	usec_t complete_until; // followed ones, as honesty: that is the least of these; else USEC_NONE
};

bool store_sources(struct store *store, int32_t realm, void *self,
		   bool (*each)(void *self, const struct source_state *source), struct err *err);

// F48: what pairing must know of the gaps of that cause; the newest ones.
bool store_clock_jumps(struct store *store, int32_t realm, struct pairing *pairing,
		       struct err *err);

struct stored_gap {
	struct text source, cause;
	usec_t from_at, to_at, found_at;
	int64_t from_offset, to_offset, lost;
};

bool store_gaps(struct store *store, int32_t realm, usec_t since, usec_t until, void *self,
		bool (*each)(void *self, const struct stored_gap *gap), struct err *err);

struct stored_quarantine { // never the raw bytes
	struct text source, reason;
	usec_t at, found_at;
	int64_t offset, length;
	int64_t records; // 1, or of a range
};

bool store_quarantine(struct store *store, int32_t realm, void *self,
		      bool (*each)(void *self, const struct stored_quarantine *record),
		      struct err *err);

// --- at a glance (receiptd top) ---

struct glance {
	int64_t sent;          // messages of counted classes, of all time: it rises
	usec_t oldest_waiting; // sent_at of the oldest that asked and is not answered; USEC_NONE: none
};
// since: what was sent up to then is expired, not waiting.
bool store_glance(struct store *store, int32_t realm, usec_t since, struct glance *glance,
		  struct err *err);

struct domain_query {
	int32_t realm;
	usec_t since, until;           // widened to whole UTC days
	const struct string_list *own; // not wanted; empty: messages within one domain are not
	int32_t limit;
};
struct domain_delivery { // messages to that domain, F2 and F7
	struct text domain;
	int64_t sent, requested, confirmed, failed;
	int64_t ttd_p95_ms; // -1 = none
};
// Only domains of which somebody asked for a receipt; worst first (store/sql/worst_domains.sql).
bool store_worst_domains(struct store *store, const struct domain_query *query, void *self,
			 bool (*each)(void *self, const struct domain_delivery *domain),
			 struct err *err);

// --- GET /metrics: sums over all that is stored, from roll-ups (read_scrape.c) ---

enum scrape_sum { // names of enum rollup_sum, in its order
	SCRAPE_ROWS,
	SCRAPE_SENT,
	SCRAPE_UNKNOWN,
	SCRAPE_FAILED_ALL,
	SCRAPE_REQUESTED,
	SCRAPE_CONFIRMED,
	SCRAPE_FAILED,
	SCRAPE_READ_REQUESTED,
	SCRAPE_READ,
	SCRAPE_READ_INFERRED,
	SCRAPE_RESENDS,
	SCRAPE_SKEW_CLAMPED,
	SCRAPE_STORED,
	SCRAPE_ACKS,
	SCRAPE_ACKS_GROUP,
	SCRAPE_ACKS_DUP,
	SCRAPE_ERRORS,
	SCRAPE_CONFIRMED_WITHIN, // 10 s, 1 min, 1 h, 24 h, 7 d
	SCRAPE_READ_WITHIN = SCRAPE_CONFIRMED_WITHIN + 5,
	SCRAPE_ACCEPTED = SCRAPE_READ_WITHIN + 5,
	SCRAPE_ROUTED,
	SCRAPE_DELIVERED,
	SCRAPE_DISPLAYED,
	SCRAPE_RETRACTED,
	SCRAPE_READ_UPTO,
	SCRAPE_SUMS
};
bool store_scrape_sums(struct store *store, int32_t realm, int64_t sums[SCRAPE_SUMS],
		       struct err *err);

enum scrape_latency { // rollup_latency.metric - 1
	SCRAPE_DELIVER,
	SCRAPE_DELIVER_STORED,
	SCRAPE_READING,
	SCRAPE_RESPOND,
	SCRAPE_LATENCIES
};
// By latency, then ascending; ms is the middle of its bin.
bool store_scrape_latencies(struct store *store, int32_t realm, void *self,
			    void (*each)(void *self, enum scrape_latency what, int64_t ms,
					 int64_t count),
			    struct err *err);

struct scrape_domain {
	bool receives;    // counted as the recipients' domain, else as the senders'
	struct text name; // absent: all others
	int64_t sent, requested, confirmed, failed;
};
bool store_scrape_domains(struct store *store, int32_t realm, usec_t since, int32_t most,
			  void *self, void (*each)(void *self, const struct scrape_domain *domain),
			  struct err *err);

struct scrape_unread { // gaps by cause, or records in quarantine by reason
	bool quarantined;
	struct text name; // absent: all others
	int64_t count, lost;
};
bool store_scrape_unread(struct store *store, int32_t realm, int32_t most, void *self,
			 void (*each)(void *self, const struct scrape_unread *unread),
			 struct err *err);

struct scrape_source { // a followed one
	struct text name, dialect, state;
	int64_t records, stanzas, unread; // bytes that are not read yet
	usec_t last_at, seen_at;
};
bool store_scrape_sources(struct store *store, int32_t realm, int32_t most, void *self,
			  void (*each)(void *self, const struct scrape_source *source),
			  struct err *err);

#include "store/report.h" // reports that were made

#include "store/access.h" // tokens and access log: needs the above
#include "store/erase.h"  // erasing a person, legal holds: needs the above

// --- lives of data ---

enum retention_what {
	RETENTION_DROP,  // a day went, or would go
	RETENTION_STRIP, // its bodies went, or would go
	RETENTION_KEPT,  // it is too old, but must not go yet: reason
	RETENTION_OLD,   // rows of a table that is not cut into days; day: all before it
	RETENTION_HELD,  // the same: somebody in it is under legal hold
	RETENTION_BUSY,  // readers or writers were in the way for too long: the next pass
};

struct retention_step {
	enum retention_what what;
	usec_t day;
	int64_t rows, bytes; // messages or bodies that went; disk space of the day
	const char *reason;  // setting that asks for it, or what keeps it
};

// One pass over keep_days, keep_disk and keep_bodies_days of the settings, oldest day first, each
// day in a transaction of its own.
bool store_retention(struct store *store, bool dry_run, void *self,
		     void (*each)(void *self, const struct retention_step *step), struct err *err);

// A thread that makes a pass now and every hour, of store_list_days as well; NULL = there is none.
struct retention_loop;
struct retention_loop *retention_start(struct app *app);
void retention_stop(struct retention_loop *loop); // NULL is fine

struct reprocess_file {
	int32_t generation, source;
	struct text source_name, dialect, path;
	struct fingerprint print;
	uint64_t low_water;
	bool followed; // a daemon looked at it just now
	bool is_read;  // store_reprocess_left: it is read again
};

struct reprocess {
	usec_t since, until; // whole days whose ends nothing crosses; USEC_NONE: nothing is there
	struct reprocess_file *files;
	size_t file_count;
	int64_t messages, evidence, findings, dropped_days;
};

// Widens since..until (USEC_NONE = open, or the time of the source) and says what is in it.
bool store_reprocess_plan(struct store *store, int32_t realm, usec_t since, usec_t until,
			  struct text source, struct arena *arena, struct reprocess *plan,
			  struct err *err);
// One transaction: facts, findings, counters, gaps, quarantine and positions go; it is remembered
// that the files (plan->files[].path: where they are now) must be read again.
bool store_reprocess_begin(struct store *store, int32_t realm, const struct reprocess *plan,
			   struct err *err);
// The unfinished one of the realm; since USEC_NONE: there is none.
bool store_reprocess_left(struct store *store, int32_t realm, struct arena *arena,
			  struct reprocess *plan, struct err *err);
bool store_reprocess_end(struct store *store, int32_t realm, struct err *err);

#include "store/seal.h" // seals and their proofs

// --- commands of this room ---
command_fn cmd_migrate, cmd_check, cmd_retention;

#endif
