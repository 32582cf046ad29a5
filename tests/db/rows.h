// SPDX-License-Identifier: Apache-2.0
// What the tables hold of the realm of the test at hand. Included beside stage.h by one file of a program.
#ifndef TESTS_DB_ROWS_H
#define TESTS_DB_ROWS_H

#include "tests/db/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static int64_t count(const char *table, const char *where)
{
	char query[512];
	snprintf(query, sizeof query, "SELECT count(*) FROM %s WHERE realm = %d AND %s", table,
		 (int)sample.realm.id, where);
	return fixture_int(store, query);
}

static char *value(const char *column)
{
	char query[256];
	snprintf(query, sizeof query,
		 "SELECT %s FROM message WHERE realm = %d ORDER BY sent_at, n LIMIT 1", column,
		 (int)sample.realm.id);
	return fixture_text(store, query);
}

static void assert_value(const char *column, const char *expected)
{
	char *found = value(column);
	assert_string_equal(found, expected);
	free(found);
}

#endif
