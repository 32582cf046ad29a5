// SPDX-License-Identifier: Apache-2.0
// JSON that is written at once, beside what jansson prints of the same members.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
// clang-format on

#include "core/json.h"
#include "core/json_members.h"

#include <math.h>
#include <stdio.h>

static uint64_t seed = 11;

static uint64_t any(void)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return seed >> 11;
}

// The same member twice.
static void add_member(struct json_members *out, json_t *object, int number)
{
	char name[16];
	int64_t value = (int64_t)any() >> any() % 50;
	snprintf(name, sizeof name, "m%d", number);
	switch (any() % 5) {
	case 0:
		out_int(out, name, -value);
		json_object_set_new(object, name, json_integer(-value));
		break;
	case 1:
		out_bool(out, name, value & 1);
		json_object_set_new(object, name, json_boolean(value & 1));
		break;
	case 2:
		out_null(out, name);
		json_object_set_new(object, name, json_null());
		break;
	case 3:
		out_word(out, name, "nearest-rank, exact");
		json_object_set_new(object, name, json_string("nearest-rank, exact"));
		break;
	default:
		out_usec(out, name, value % 2 ? USEC_NONE : value, 6);
		json_object_set_new(object, name, json_usec(value % 2 ? USEC_NONE : value, 6));
	}
}

static void members_are_those_of_jansson(void **state)
{
	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct buf text = {0};
		struct json_members out = {.buf = &text};
		JSON_AUTO *object = json_object();
		json_t *inner = json_object(), *list = json_array();
		out_open(&out, NULL, '{');
		for (int i = 0; i < round % 7; i++)
			add_member(&out, object, i);
		out_open(&out, "inner", '{');
		for (int i = 0; i < round % 3; i++)
			add_member(&out, inner, i);
		out_close(&out, '}');
		out_open(&out, "list", '[');
		for (int i = 0; i < round % 4; i++) {
			out_int(&out, NULL, i);
			json_array_append_new(list, json_integer(i));
		}
		out_close(&out, ']');
		out_close(&out, '}');
		json_object_set_new(object, "inner", inner);
		json_object_set_new(object, "list", list);
		char *wanted = json_dumps(object, JSON_COMPACT);
		assert_string_equal(text.data, wanted);
		free(wanted);
		buf_free(&text);
	}
}

static void assert_share(double value)
{
	struct buf text = {0};
	struct json_members out = {.buf = &text};
	out_share(&out, NULL, value);
	JSON_AUTO *read = json_loadb(text.data, text.len, JSON_DECODE_ANY, NULL);
	if (!json_is_real(read) || fabs(json_real_value(read) - value) > 6e-16 || text.len > 17)
		fail_msg("%.17g was written as %s", value, text.data);
	buf_free(&text);
}

static void shares_lose_nothing_of_15_decimals(void **state)
{
	(void)state;
	const double edges[] = {0, 1, 0.5, 1e-15, 4e-16, 1 - 1e-16, 1 - 6e-16, 0.1, 0.032, 1e-300};
	for (size_t i = 0; i < sizeof edges / sizeof *edges; i++)
		assert_share(edges[i]);
	for (int i = 0; i < 200000; i++) {
		uint64_t whole = 1 + any() % (1u << any() % 31);
		assert_share((double)(any() % (whole + 1)) / (double)whole);
	}
}

static void what_is_no_share_is_not_made_one(void **state)
{
	(void)state;
	struct buf text = {0};
	struct json_members out = {.buf = &text};
	out_open(&out, NULL, '[');
	out_share(&out, NULL, 1.5);
	out_share(&out, NULL, -0.25);
	out_share(&out, NULL, NAN);
	out_close(&out, ']');
	assert_string_equal(text.data, "[1.5,-0.25,null]");
	buf_free(&text);
}

static void whole_numbers_of_any_size(void **state)
{
	(void)state;
	struct buf text = {0};
	struct json_members out = {.buf = &text};
	out_open(&out, NULL, '[');
	out_int(&out, NULL, 0);
	out_int(&out, NULL, INT64_MAX);
	out_int(&out, NULL, INT64_MIN);
	out_int(&out, NULL, -1);
	out_close(&out, ']');
	assert_string_equal(text.data, "[0,9223372036854775807,-9223372036854775808,-1]");
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_those_of_jansson),
		cmocka_unit_test(shares_lose_nothing_of_15_decimals),
		cmocka_unit_test(what_is_no_share_is_not_made_one),
		cmocka_unit_test(whole_numbers_of_any_size),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
