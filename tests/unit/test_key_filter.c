// SPDX-License-Identifier: Apache-2.0
// Filters of stored keys: never forget, seldom wrong.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/key_filter.h"

enum { DAYS = 5, PER_DAY = 40000, FIRST = 20000 };

static int64_t key_of(int64_t day, int64_t number)
{
	uint64_t z = (uint64_t)(day * PER_DAY + number) * UINT64_C(0xbf58476d1ce4e5b9);
	return (int64_t)(z ^ (z >> 29));
}

static void fill(struct key_filter *filter)
{
	for (int64_t number = 0; number < PER_DAY; number++)
		for (int64_t day = 0; day < DAYS; day++)
			key_filter_add(filter, FIRST + day, (uint32_t)key_of(day, number));
}

struct seen {
	int64_t wanted, others;
	bool found;
};

static void see(void *self, int64_t day)
{
	struct seen *seen = self;
	seen->found |= day == seen->wanted;
	seen->others += day != seen->wanted;
}

static void what_was_added_is_found_on_its_day(void **state)
{
	(void)state;
	struct key_filter *filter = key_filter_new();
	struct seen seen = {0};
	fill(filter);
	for (int64_t day = 0; day < DAYS; day++) {
		for (int64_t number = 0; number < PER_DAY; number++) {
			seen.wanted = FIRST + day;
			seen.found = false;
			key_filter_days(filter, key_of(day, number), FIRST, FIRST + DAYS, &seen,
					see);
			assert_true(seen.found);
		}
	}
	assert_true(seen.others < DAYS * PER_DAY / 10);
	key_filter_free(filter);
}

static void what_was_not_added_is_seldom_found(void **state)
{
	(void)state;
	struct key_filter *filter = key_filter_new();
	struct seen seen = {0};
	assert_false(key_filter_any(filter, 1));
	fill(filter);
	int64_t wrong = 0;
	for (int64_t number = 0; number < 100000; number++) {
		int64_t key = key_of(DAYS + 1, number);
		wrong += key_filter_any(filter, key);
		key_filter_days(filter, key, FIRST, FIRST + DAYS, &seen, see);
	}
	assert_true(wrong < 5000);
	assert_true(seen.others < 1000);
	key_filter_free(filter);
}

static void days_outside_of_the_span_are_not_named(void **state)
{
	(void)state;
	struct key_filter *filter = key_filter_new();
	struct seen seen = {.wanted = 7};
	for (int64_t day = 9; day > 4; day--)
		key_filter_add(filter, day, 77);
	key_filter_days(filter, INT64_C(0x100000000) + 77, 6, 7, &seen, see);
	assert_true(seen.found); // only the lower half counts
	assert_int_equal(seen.others, 1);
	key_filter_free(filter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_added_is_found_on_its_day),
		cmocka_unit_test(what_was_not_added_is_seldom_found),
		cmocka_unit_test(days_outside_of_the_span_are_not_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
