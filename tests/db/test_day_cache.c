// SPDX-License-Identifier: Apache-2.0
// What a connection keeps of the lists of days (store/day_cache.h).
#include "tests/db/fixture.h"

#include "store/day_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct fixture fixture;
static struct store *store;

static void fill(void)
{
	fixture_sql(
		store,
		"INSERT INTO day_list SELECT date '2025-01-01' + i, 1 FROM generate_series(0, 39) AS i;"
		"INSERT INTO day_conv SELECT part, date '2025-01-01' + i,"
		" ARRAY[-5, -6]::int2[] || CASE WHEN i = part % 40 THEN ARRAY[part::int2]"
		" ELSE '{}'::int2[] END"
		" FROM generate_series(0, 1023) AS part, generate_series(0, 39) AS i");
}

static int start(void **state)
{
	(void)state;
	fixture_start(&fixture);
	store = fixture_open(&fixture, STORE_WRITE);
	fill();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	store_close(store);
	fixture_stop(&fixture);
	return 0;
}

#define FIRST INT64_C(1735689600000000) // 2025-01-01T00:00:00Z
#define EVER (FIRST - 1000 * DAY)
#define DAY (86400 * USEC_PER_SEC)
enum { DAYS = 40 };

// The conversation has something on one of the days.
static int64_t conv_of(int64_t number)
{
	uint64_t part = (uint64_t)number * 37 % 1024;
	return (int64_t)(part << 54 | (uint64_t)number << 20 | (part + 32768));
}

static int day_of(int64_t number)
{
	return (int)(number * 37 % 1024 % DAYS);
}

static void ask(struct day_cache *cache, const int64_t *convs, size_t count, usec_t first)
{
	FIELDS_AUTO list = {0};
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	struct err err = {0};
	for (size_t i = 0; i < count; i++)
		put_int8(&list, convs[i]);
	put_array(&params, OF_INT8, &list);
	put_date(&params, first);
	assert_true(sql_run(store, "day_convs", &params, &rows, &err));
	day_cache_take(cache, convs, count, first, &rows);
}

static bool is_known(const struct day_cache *cache, int64_t conv, usec_t first)
{
	FIELDS_AUTO list = {0};
	return !day_cache_lacks(cache, &conv, 1, first, &list);
}

static void assert_days(const struct day_cache *cache, int64_t number, usec_t first)
{
	int64_t conv = conv_of(number);
	bool here;
	usec_t *days;
	size_t from = first > FIRST ? (size_t)((first - FIRST) / DAY) : 0;
	bool held = day_of(number) >= (int)from;
	size_t count = day_cache_empty(cache, &conv, 1, first, &here, &days);
	assert_int_equal(here, held);
	assert_int_equal(count, DAYS - from - held);
	for (size_t i = 0; i < count; i++)
		assert_true(days[i] >= first && days[i] != FIRST + day_of(number) * DAY);
	free(days);
}

static void days_are_those_of_the_lists(void **state)
{
	(void)state;
	struct day_cache *cache = day_cache_new();
	for (int64_t i = 0; i < 300; i++) {
		int64_t convs[] = {conv_of(i), conv_of(i + 1000), conv_of(i + 2000) + 1};
		ask(cache, convs, 3, EVER);
		assert_days(cache, i, EVER);
		assert_days(cache, i, FIRST + 20 * DAY);
		assert_days(cache, i + 1000, FIRST - DAY);
	}
	day_cache_free(cache);
}

// Days before were not looked up.
static void what_was_asked_from_a_day_on_is_known_from_there(void **state)
{
	(void)state;
	struct day_cache *cache = day_cache_new();
	for (int64_t i = 0; i < 50; i++) {
		int64_t conv = conv_of(i);
		ask(cache, &conv, 1, FIRST + 10 * DAY);
		assert_false(is_known(cache, conv, FIRST + 9 * DAY));
		assert_true(is_known(cache, conv, FIRST + 10 * DAY));
		assert_days(cache, i, FIRST + 10 * DAY);
		ask(cache, &conv, 1, EVER);
		assert_days(cache, i, EVER);
	}
	day_cache_free(cache);
}

// Of a conversation whose place another one took nothing is known: it may be everywhere.
static void the_newest_have_the_places(void **state)
{
	(void)state;
	size_t known = 0;
	bool here;
	usec_t *days;
	struct day_cache *cache = day_cache_new();
	int64_t one = conv_of(1), other = 0;
	ask(cache, &one, 1, EVER);
	for (int64_t i = 1; i <= DAY_CACHE_WAYS; i++) {
		assert_true(is_known(cache, one, EVER));
		other = 1 + i * DAY_CACHE_CONVS;
		ask(cache, &(int64_t){conv_of(other)}, 1, EVER);
	}
	assert_false(is_known(cache, one, EVER));
	assert_int_equal(day_cache_empty(cache, &one, 1, EVER, &here, &days), 0);
	free(days);
	assert_true(here);
	assert_days(cache, other, EVER);
	for (int64_t i = 0; i < 2 * DAY_CACHE_CONVS; i++) {
		int64_t conv = conv_of(i);
		ask(cache, &conv, 1, FIRST + (DAYS - 1) * DAY);
	}
	for (int64_t i = 0; i < 2 * DAY_CACHE_CONVS; i++)
		known += is_known(cache, conv_of(i), FIRST + DAYS * DAY);
	assert_int_equal(known, DAY_CACHE_CONVS);
	day_cache_free(cache);
}

static void other_lists_are_another_state(void **state)
{
	(void)state;
	FIELDS_AUTO params = {0};
	ROWS_AUTO now = {0};
	ROWS_AUTO later = {0};
	struct err err = {0};
	struct day_cache *cache = day_cache_new();
	int64_t one = conv_of(1), other = conv_of(2);
	ask(cache, &one, 1, EVER);
	put_date(&params, FIRST + 5 * DAY);
	assert_true(sql_run(store, "day_list_now", &params, &now, &err));
	assert_true(day_cache_holds(cache, FIRST + 5 * DAY, &now));
	fixture_sql(store, "UPDATE day_list SET commit = 2 WHERE day = '2025-01-07'");
	assert_true(sql_run(store, "day_list_now", &params, &later, &err));
	assert_false(day_cache_holds(cache, FIRST + 5 * DAY, &later));
	assert_false(is_known(cache, one, EVER));
	ask(cache, &one, 1, EVER);
	fixture_sql(store, "UPDATE day_list SET commit = 3 WHERE day = '2025-01-07'");
	ask(cache, &other, 1, EVER);
	assert_false(is_known(cache, one, EVER));
	assert_true(is_known(cache, other, EVER));
	day_cache_free(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_are_those_of_the_lists),
		cmocka_unit_test(what_was_asked_from_a_day_on_is_known_from_there),
		cmocka_unit_test(the_newest_have_the_places),
		cmocka_unit_test(other_lists_are_another_state),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
