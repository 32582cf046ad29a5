// SPDX-License-Identifier: Apache-2.0
// The bench of the store stage: what its parts share. See store.c for what it does and why.
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include "tests/db/fixture.h"

// --- traffic.c: made-up traffic in the order of its times, as compact records in a file ---

enum event_kind { EVENT_MESSAGE, EVENT_RECEIPT, EVENT_MARKER };

struct event {
	usec_t at;
	usec_t stamp;     // delay stamp of a message that waited for its reader, else USEC_NONE
	uint32_t number;  // of the message
	uint32_t pair;    // of accounts
	uint8_t kind;     // enum event_kind
	uint8_t egress;   // 0: read from a client, 1: written to one
	uint8_t reversed; // the message goes from the second of the pair to the first
	uint8_t asks;     // markable
	uint32_t length;  // of the body
};

enum { USERS = 5000, PAIRS = 40000 };

struct traffic { // what was made
	int64_t messages, events, receipts, markers, waited;
	usec_t first_at, last_at;
};

void traffic_write(const char *path, int64_t messages, struct traffic *made);

// --- feed.c: records -> observations of the product's own form ---

struct feed;

struct feed *feed_open(const char *path);
void feed_close(struct feed *feed);
bool feed_next(struct feed *feed, struct event *event);
// Valid until the next call.
const struct observation *feed_observation(struct feed *feed, const struct event *event,
					   int32_t source, int32_t generation, uint64_t place);
void feed_party(const struct feed *feed, const struct event *event, bool sender,
		struct text *account);
struct text feed_id(struct feed *feed, const struct event *event);
struct text feed_body(struct feed *feed, const struct event *event);

// --- legs: one run of one program against an empty schema, in a process of its own ---

struct bench {
	struct fixture fixture;
	pid_t postmaster;
	char events[200]; // file of records
	char dump[200];   // folder of rows, one file per table and batch
	char log[200];    // pipeline: the same traffic as a server's log
	const char *dialect;
	struct traffic traffic;
	int64_t batch; // events
};

struct run_result {
	usec_t wall, client_cpu, server_cpu;
	int64_t wal, rss_kb, rows, batches;
	int64_t bytes; // of all tables
	int64_t late;  // rows updated
	usec_t settle; // the other tier, after the batches
};

enum { BATCHES_MAX = 20000 };

bool leg_product(struct bench *bench, struct store *store, struct run_result *leg);
void make_days(struct store *store); // partitions of all days of the traffic
bool leg_limit(struct bench *bench, struct store *store, struct run_result *leg);
bool leg_usual(struct bench *bench, struct store *store, struct run_result *leg);
bool leg_single(struct bench *bench, struct store *store, struct run_result *leg);

// --- rig.c ---

void bench_start(struct bench *bench);          // folder and cluster; fixture_stop() ends it
struct store *bench_fresh(struct bench *bench); // an empty schema
void bench_line(const char *what, double got, const char *target, bool fine);
// Runs it in a child on a connection of its own.
void run_leg(struct bench *bench, bool (*run)(struct bench *, struct store *, struct run_result *),
	     struct run_result *leg);

// Tables whose rows the limit loads.
struct bench_table {
	const char *name, *at, *order;
};
enum { BENCH_TABLES = 5 };
extern const struct bench_table bench_tables[BENCH_TABLES];

// Times of the last record of every batch of the product's run.
size_t read_bounds(const struct bench *bench, usec_t *bounds);
void write_bounds(const struct bench *bench, const usec_t *bounds, size_t count);
void dump_rows(const struct bench *bench, struct store *store);

// --- render.c: the same records as the log of a server, with the noise that real ones have ---

// Bytes written.
int64_t render_log(const char *events, const char *path, const char *dialect);
const char *render_dialect(int number);     // from 0; NULL: there are no more
int64_t render_copies(const char *dialect); // of each stanza that is to be read

// --- pipeline legs ---

// Reads a log, and gives how many message stanzas it holds.
int64_t parse_log(const char *path, const char *dialect);
bool leg_parse(struct bench *bench, struct store *store, struct run_result *leg);
bool leg_import(struct bench *bench, struct store *store, struct run_result *leg);

// --- measure.c ---

struct clock {
	usec_t wall, client, server;
	int64_t lsn;
};
void clock_start(struct bench *bench, struct store *store, struct clock *clock);
void clock_stop(struct bench *bench, struct store *store, const struct clock *clock,
		struct run_result *leg);
int64_t total_bytes(struct store *store); // of all tables
char *checksum(struct store *store);      // of all rows of all bench tables; owned by the caller
_Noreturn void bench_fail(const char *what, const char *why);

#endif
