// SPDX-License-Identifier: Apache-2.0
// A throw-away embedded cluster for one test program: in a new folder below TMPDIR, without
// fsync, gone with fixture_stop. Works as root too. Ends the program when it cannot be had.
#ifndef TESTS_DB_FIXTURE_H
#define TESTS_DB_FIXTURE_H

#include "store/internal.h"

struct fixture {
	struct app app; // settings: all defaults, database embedded
	char folder[128];
	struct cluster *cluster;
	int watched; // closed by the end of the test: then all is removed
};

void fixture_start(struct fixture *fixture);
void fixture_stop(struct fixture *fixture);

// An empty folder with settings for a cluster in it, nothing started; for fixture_remove.
void fixture_folder(struct fixture *fixture);
void fixture_remove(struct fixture *fixture);

// STORE_ADMIN does not migrate, the others do.
struct store *fixture_open(struct fixture *fixture, enum store_role role);
void fixture_sql(struct store *store, const char *text); // must succeed
void fixture_drop(struct fixture *fixture); // drops the schema: the next to open makes it anew

// First column of the first row of a query, as text; "" when NULL or no row. Owned by the caller.
char *fixture_text(struct store *store, const char *query);
int64_t fixture_int(struct store *store, const char *query);

#endif
