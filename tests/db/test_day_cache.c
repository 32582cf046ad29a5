// SPDX-License-Identifier: Apache-2.0
// What a connection keeps of the lists of days (store/day_cache.h): right, and no more than a few megabytes.
#include "tests/db/fixture.h"

#include "store/day_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct fixture fixture;
static struct store *store;

static int start(void **state)
{
	(void)state;
	fixture_start(&fixture);
	store = fixture_open(&fixture, STORE_WRITE);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	store_close(store);
	fixture_stop(&fixture);
	return 0;
}

static bool finds(struct day_cache *cache, int64_t conv)
{
	FIELDS_AUTO parts = {0};
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	struct err err = {0};
	bool here;
	usec_t *days;
	if (day_cache_lacks(cache, &conv, 1, &parts)) {
		put_array(&params, OF_INT2, &parts);
		assert_true(sql_run(store, "day_parts", &params, &rows, &err));
		day_cache_take(cache, &parts, &rows);
	}
	size_t count = day_cache_empty(cache, &conv, 1, USEC_NONE, &here, &days);
	free(days);
	assert_int_equal(count, here ? 39 : 40);
	return here;
}

// Ten megabytes of lists; each part has its own number on one day.
static void what_is_kept_is_bounded(void **state)
{
	(void)state;
	int known = 0;
	struct day_cache *cache = day_cache_new();
	fixture_sql(
		store,
		"INSERT INTO day_list SELECT date '2025-01-01' + i, 1 FROM generate_series(0, 39) AS i;"
		"INSERT INTO day_conv SELECT part, date '2025-01-01' + i,"
		" array_agg((-1 - j)::int2) || CASE WHEN i = part % 40 THEN ARRAY[part::int2]"
		" ELSE '{}'::int2[] END"
		" FROM generate_series(0, 1023) AS part, generate_series(0, 39) AS i,"
		" generate_series(1, 128) AS j GROUP BY part, i");
	for (int i = 0; i < 3000; i++) {
		int64_t part = rand() % 1024,
			conv = (int64_t)((uint64_t)part << 54) | (part + 32768);
		assert_true(finds(cache, conv));
		assert_false(finds(cache, conv + 1));
	}
	for (uint64_t part = 0; part < 1024; part++) {
		FIELDS_AUTO parts = {0};
		int64_t conv = (int64_t)(part << 54);
		known += !day_cache_lacks(cache, &conv, 1, &parts);
	}
	assert_in_range(known, 300, 700);
	day_cache_free(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_kept_is_bounded)};
	return cmocka_run_group_tests(tests, start, stop);
}
