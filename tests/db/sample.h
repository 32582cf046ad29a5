// SPDX-License-Identifier: Apache-2.0
// Hand-made observations for the database tests: a realm with one source and one generation, lines
// of ada@a.example and ben@b.example, and the batches that they make.
#ifndef TESTS_DB_SAMPLE_H
#define TESTS_DB_SAMPLE_H

#include "core/arena.h"
#include "store/store.h"

#define ADA "ada@a.example"
#define BEN "ben@b.example"
#define NOON INT64_C(1772452800000000) // 2026-03-02T12:00:00Z
#define SEC USEC_PER_SEC

struct sample {
	struct store *store;
	char name[64]; // of the realm
	struct realm realm;
	struct realm_settings rules;
	struct pairing *pairing;
	struct arena *arena;
	struct generation generation;
	int32_t source;
	uint64_t offset; // of the last line
	bool has_from;   // something was stored, up to
	uint64_t from;
	uint64_t records;
	usec_t first_at, last_at; // of the batch
};

void sample_start(struct sample *sample, struct store *store, const char *realm);
void sample_stop(struct sample *sample);

struct sample_line {
	usec_t at;
	enum direction dir;
	const char *session; // full JID of the client at this end
	const char *from, *to, *id;
	const char *body;      // content
	bool asks, markable;   // with a receipt request, markable
	const char *receipt;   // id acknowledged by a receipt
	const char *displayed; // id acknowledged by a displayed marker
	const char *error;     // condition: an error about "id"
	enum chat_state state; // K6
	bool room;             // groupchat
};
void sample_line(struct sample *sample, struct sample_line line);

// ada's phone to ben, in and out, with a receipt request; ben's tablet's receipt, in.
void sample_message(struct sample *sample, usec_t at, const char *id);
void sample_receipt(struct sample *sample, usec_t at, const char *id, const char *own);

// As after an error: reads the marks again, which an older fence refuses once.
void sample_look(struct sample *sample);

// Everything since the last one as a batch.
bool sample_try(struct sample *sample, struct batch_result *result, struct err *err);
struct batch_result sample_commit(struct sample *sample); // must succeed
struct batch_checkpoint sample_checkpoint(const struct sample *sample);

#endif
