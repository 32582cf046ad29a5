// SPDX-License-Identifier: Apache-2.0
// Sorting by numbers: as a comparison would, whatever their count; equal ones stay in their order.
#include "core/order.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MANY = 5000 };

static uint64_t draw(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *seed ^ *seed >> 33;
}

static void check(struct numbered *items, size_t count)
{
	order_by_number(items, count);
	for (size_t i = 1; i < count; i++) {
		assert_true(items[i - 1].number <= items[i].number);
		if (items[i - 1].number == items[i].number)
			assert_true(items[i - 1].at < items[i].at);
	}
}

static void numbers_are_in_order(void **state)
{
	static const size_t counts[] = {0, 1, 2, 63, 64, 65, 1000, MANY};
	static const uint64_t masks[] = {UINT64_MAX, 7, UINT64_C(0xff00000000), 0};
	static struct numbered items[MANY];
	uint64_t seed = 1;
	(void)state;
	for (size_t m = 0; m < sizeof masks / sizeof *masks; m++)
		for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
			for (size_t i = 0; i < counts[c]; i++)
				items[i] = (struct numbered){draw(&seed) & masks[m], i};
			check(items, counts[c]);
		}
}

static void nothing_is_lost(void **state)
{
	static struct numbered items[MANY];
	static char seen[MANY];
	uint64_t seed = 2;
	(void)state;
	for (size_t i = 0; i < MANY; i++)
		items[i] = (struct numbered){draw(&seed), i};
	check(items, MANY);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(seen[items[i].at]++, 0);
}

static void negative_numbers_come_first(void **state)
{
	(void)state;
	assert_true(order_of(INT64_MIN) < order_of(-1));
	assert_true(order_of(-1) < order_of(0));
	assert_true(order_of(0) < order_of(INT64_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_in_order),
		cmocka_unit_test(nothing_is_lost),
		cmocka_unit_test(negative_numbers_come_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
