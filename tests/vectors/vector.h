// SPDX-License-Identifier: Apache-2.0
// One vector file (PAIRING section 9) and the orders in which its lines are given.
#ifndef TESTS_VECTORS_VECTOR_H
#define TESTS_VECTORS_VECTOR_H

#include "core/buf.h"
#include "core/json.h"
#include "core/settings.h"
#include "pairing/observation.h"

struct vector_line {
	usec_t at;
	enum direction dir;
	struct text feed, session, xml;
	const json_t *json; // the line as it stands in the file
};

struct vector {
	char *name; // file name without .json
	json_t *root;
	const json_t *expected;
	struct realm_settings rules;
	usec_t now; // config.now, else the greatest ts
	bool order_independent;
	struct vector_line *lines;
	size_t count;
};

bool vector_load(const char *path, struct vector *vector, struct err *err);
void vector_free(struct vector *vector);

enum plan_kind { PLAN_IN_ORDER, PLAN_SHUFFLED, PLAN_BATCHES, PLAN_LINES, PLAN_COUNT };
extern const char *const plan_names[PLAN_COUNT];

struct vector_plan { // which line comes when, and where a batch ends
	size_t *order;
	size_t *ends; // ascending; the last one is the number of lines
	size_t batches;
};

// The same seed gives the same plan.
struct vector_plan vector_plan_make(const struct vector *vector, enum plan_kind kind,
				    uint64_t seed);
void vector_plan_free(struct vector_plan *plan);

// What a vector came to: {messages, counters, findings, metrics}, new; NULL with err.
typedef json_t *run_fn(void *self, const struct vector *vector, const struct vector_plan *plan,
		       struct err *err);
run_fn run_memory, run_database;

// run_database's self: one private cluster and one connection for all runs.
struct database;
struct database *database_open(const char *folder, struct err *err);
void database_close(struct database *database);

// Readable differences, one a line, behind "# "; returns how many.
size_t compare_results(const json_t *expected, json_t *got, struct buf *out);

#endif
