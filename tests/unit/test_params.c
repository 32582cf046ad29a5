// SPDX-License-Identifier: Apache-2.0
#include "api/http/params.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

enum { P_ID, P_LIMIT, P_ORDER, P_SINCE, P_FROM, P_DOMAIN, P_TZ, P_COUNT };

static const char *const orders[] = {"asc", "desc", NULL};

static const struct param_spec specs[P_COUNT] = {
	[P_ID] = {"id", PARAM_TEXT, NULL, NULL, 0, 0, false, false},
	[P_LIMIT] = {"limit", PARAM_NUMBER, "100", NULL, 1, 1000, false, false},
	[P_ORDER] = {"order", PARAM_WORD, NULL, orders, 0, 0, false, false},
	[P_SINCE] = {"since", PARAM_TIME, NULL, NULL, 0, 0, false, false},
	[P_FROM] = {"from", PARAM_JID, NULL, NULL, 0, 0, false, false},
	[P_DOMAIN] = {"domain", PARAM_DOMAIN, NULL, NULL, 0, 0, false, false},
	[P_TZ] = {"tz", PARAM_ZONE, NULL, NULL, 0, 0, false, false},
};

struct state {
	struct arena *arena;
	struct param params[P_COUNT];
	struct param_problem problem;
};

static bool parse(struct state *state, const char *query)
{
	return params_parse(text_of(query), specs, P_COUNT, state->arena, state->params,
			    &state->problem);
}

static void assert_text(struct text text, const char *wanted)
{
	assert_true(text_is(text, wanted));
}

static void nothing_given_leaves_presets(void **self)
{
	struct state *state = *self;
	assert_true(parse(state, ""));
	assert_false(state->params[P_LIMIT].given);
	assert_int_equal(state->params[P_LIMIT].number, 100);
	assert_null(state->params[P_ID].text.p);
	assert_int_equal(state->params[P_ORDER].number, -1);
	assert_true(state->params[P_SINCE].number == USEC_NONE);
}

static void values_are_decoded_and_typed(void **self)
{
	struct state *state = *self;
	assert_true(parse(state, "id=a%20b%2B%C3%BC+c&limit=7&order=desc&from=Ada@Harbor.Example/X"
				 "&domain=HARBOR.example.&tz=Europe/Berlin"));
	assert_text(state->params[P_ID].text, "a b+\xc3\xbc c");
	assert_int_equal(state->params[P_LIMIT].number, 7);
	assert_int_equal(state->params[P_ORDER].number, 1);
	assert_text(state->params[P_FROM].text, "ada@harbor.example/X");
	assert_text(state->params[P_DOMAIN].text, "harbor.example");
	assert_text(state->params[P_TZ].text, "Europe/Berlin");
}

static void times_take_offsets_with_an_unescaped_plus(void **self)
{
	struct state *state = *self;
	assert_true(parse(state, "since=2026-03-02T10:00:00%2B01:00"));
	usec_t escaped = state->params[P_SINCE].number;
	assert_true(parse(state, "since=2026-03-02T10:00:00+01:00&tz=+05:30"));
	assert_true(state->params[P_SINCE].number == escaped);
	assert_text(state->params[P_TZ].text, "+05:30");
	assert_true(parse(state, "since=2026-03-02T09:00:00Z"));
	assert_true(state->params[P_SINCE].number == escaped);
}

static const struct refusal {
	const char *query, *name, *detail;
} refusals[] = {
	{"bogus=1", "bogus", "There is no such parameter here."},
	{"ID=1", "ID", "There is no such parameter here."},
	{"id=1&id=1", "id", "id is given twice."},
	{"id=", "id", "id is empty."},
	{"id", "id", "id is empty."},
	{"=1", "", "There is no such parameter here."},
	{"id=%00", "id", "id holds a NUL."},
	{"id=a%00b", "id", "id holds a NUL."},
	{"i%00d=1", "", "A parameter name holds a NUL."},
	{"id=%", "id", "id has a broken percent escape."},
	{"id=%4", "id", "id has a broken percent escape."},
	{"id=%zz", "id", "id has a broken percent escape."},
	{"id=%ff", "id", "id is not UTF-8."},
	{"id=%ed%a0%80", "id", "id is not UTF-8."},
	{"limit=0", "limit", "limit is out of range (1 to 1000)."},
	{"limit=1001", "limit", "limit is out of range (1 to 1000)."},
	{"limit=1000000000", "limit", "limit is out of range (1 to 1000)."},
	{"limit=99999999999999999999", "limit", "limit is out of range (1 to 1000)."},
	{"limit=-1", "limit", "limit is not a whole number."},
	{"limit=NaN", "limit", "limit is not a whole number."},
	{"limit=1e3", "limit", "limit is not a whole number."},
	{"limit=0x10", "limit", "limit is not a whole number."},
	{"limit=+5", "limit", "limit is not a whole number."},
	{"order=up", "order", "order is none of asc, desc."},
	{"since=yesterday", "since", NULL},
	{"since=2026-13-01T00:00:00Z", "since", NULL},
	{"since=12026-01-01T00:00:00Z", "since", NULL},
	{"since=2026-03-02", "since", NULL},
	{"from=@x", "from", "from is not a JID."},
	{"from=a@@b", "from", "from is not a JID."},
	{"domain=a@b", "domain", "domain is not a domain."},
	{"domain=a/b", "domain", "domain is not a domain."},
	{"tz=../../etc/passwd", "tz", NULL},
	{"tz=/etc/localtime", "tz", NULL},
	{"tz=%0a", "tz", NULL},
};

static void what_is_wrong_is_named(void **self)
{
	struct state *state = *self;
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		const struct refusal *refusal = &refusals[i];
		if (parse(state, refusal->query))
			fail_msg("taken: %s", refusal->query);
		assert_string_equal(state->problem.name, refusal->name);
		if (refusal->detail)
			assert_string_equal(state->problem.detail, refusal->detail);
	}
}

static void too_long_and_too_many_are_refused(void **self)
{
	struct state *state = *self;
	char query[PARAM_MAX_LENGTH + 8] = "id=";
	memset(query + 3, 'a', PARAM_MAX_LENGTH);
	assert_true(parse(state, query));
	query[3 + PARAM_MAX_LENGTH] = 'a';
	assert_false(parse(state, query));
	assert_string_equal(state->problem.name, "id");
	memset(query, '&', 40);
	query[40] = '\0';
	assert_false(parse(state, query));
}

static void a_long_name_is_cut_in_the_problem(void **self)
{
	struct state *state = *self;
	char query[201];
	memset(query, 'q', 200);
	query[200] = '\0';
	assert_false(parse(state, query));
	assert_int_equal(strlen(state->problem.name), sizeof state->problem.name - 1);
}

static int set_up(void **self)
{
	struct state *state = xcalloc(1, sizeof *state);
	state->arena = arena_new();
	*self = state;
	return 0;
}

static int tear_down(void **self)
{
	struct state *state = *self;
	arena_free(state->arena);
	free(state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_given_leaves_presets, set_up, tear_down),
		cmocka_unit_test_setup_teardown(values_are_decoded_and_typed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(times_take_offsets_with_an_unescaped_plus, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_is_wrong_is_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(too_long_and_too_many_are_refused, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_long_name_is_cut_in_the_problem, set_up,
						tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
