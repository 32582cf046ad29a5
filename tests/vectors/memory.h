// SPDX-License-Identifier: Apache-2.0
// A store without a database: lists that are searched from end to end. It proves that pairing/
// needs nothing but what it asks for. Every batch has a pairing object of its own, which stays
// until the end, so that what it gave can be kept by reference.
#ifndef TESTS_VECTORS_MEMORY_H
#define TESTS_VECTORS_MEMORY_H

#include "pairing/pairing.h"
#include "tests/vectors/vector.h"

enum { MEMORY_BATCHES = 512 };

struct memory {
	struct pairing *batches[MEMORY_BATCHES];
	size_t batch_count;
	struct row *rows;
	size_t row_count;
	struct stored_evidence *evidence;
	size_t evidence_count;
	struct sent *sent;
	size_t sent_count;
	struct finding *findings; // key 0: of a line
	size_t finding_count;
	struct chat_state_seen *states;
	size_t state_count;
	json_t *typing; // by memory_settle
	struct arena *arena;
	int64_t lines[LINE_COUNTERS];
	struct known *known; // K19, E4
	size_t known_count;
	struct audit *audit; // owns the findings that it gave
};

// Loads what the pairing object wants, until it wants nothing.
void memory_load(struct memory *memory, struct pairing *pairing);
// Takes its results.
void memory_take(struct memory *memory, struct pairing *pairing);
// What the order of the conversations gives: inferred reading, response, typing, findings.
void memory_settle(struct memory *memory, const struct vector *vector);
void memory_free(struct memory *memory);

// What the rows and evidence come to (PAIRING section 9).
json_t *memory_results(const struct memory *memory, const struct vector *vector);

// What is judged in the end: adds findings (pairing/audit.h).
void memory_audit(struct memory *memory, const struct vector *vector);
// Members readers and receivers of a room's message.
void memory_readers(const struct memory *memory, const struct row *row, const struct vector *vector,
		    json_t *object);

#endif
