// SPDX-License-Identifier: Apache-2.0
// F26: which bytes of the next file end the last record of the one before.
#include "tests/unit/dialect_harness.h"

#include "ingest/join.h"

static size_t joined(const char *dialect, const char *rest, const char *head)
{
	struct zone *zone = zone_open("UTC", NULL);
	const struct join join = {.type = dialect_by_name(text_of(dialect)),
				  .options = {.zone = zone, .modified = USEC_NONE},
				  .rest = text_of(rest),
				  .offset = 1000,
				  .head = text_of(head)};
	size_t length = join_length(&join);
	zone_free(zone);
	return length;
}

#define P "2026-11-28T03:21:52+0000 c2sa\tdebug\t"
#define E                                                                                          \
	"2026-11-22 10:00:01.000001+00:00 [notice] <0.652.0> (tcp|<0.652.0>) Received XML on stream = "
#define O                                                                                          \
	"{\"ts\":\"2026-11-22T10:00:00Z\",\"dir\":\"in\",\"session\":\"a@b.c/d\",\"stanza\":\"<message "

static void halves_are_one_record(void **state)
{
	(void)state;
	static const char rest[] = "='x@b.c'><body>hello</body></message>\n";
	assert_int_equal(joined("prosody", P "RECV: <message to",
				"='x@b.c'><body>hello</body></message>\n" P "RECV: <presence/>\n"),
			 sizeof rest - 1);
	assert_int_equal(joined("prosody",
				P "SEND: <message/>\n" P "RECV: <message from='a@b.c' to",
				"='x@b.c'><body>hello</body></message>\n" P "RECV: <presence/>\n"),
			 sizeof rest - 1);
	assert_int_equal(joined("prosody", P "RECV: <message to='x@b.c'><body>one\n",
				"\ttwo</body></message>\n" P "RECV: <presence/>\n"),
			 strlen("\ttwo</body></message>\n"));
	assert_int_equal(
		joined("ejabberd-debug", E "<<\"<message to", "='x@b.c'/>\">>\n" E "<<\" \">>\n"),
		strlen("='x@b.c'/>\">>\n"));
	assert_int_equal(joined("observations", O "to", "='x@b.c'/>\"}\n"),
			 strlen("='x@b.c'/>\"}\n"));
}

static void others_are_not(void **state)
{
	(void)state;
	// The new file begins with a record of its own, with a line that is none, with nothing.
	assert_int_equal(joined("prosody", P "RECV: <message to",
				P "RECV: <message to='x@b.c'/>\n" P "RECV: <iq/>\n"),
			 0);
	assert_int_equal(joined("prosody", P "RECV: <message to",
				"something else\n" P "RECV: <presence/>\n"),
			 0);
	assert_int_equal(
		joined("prosody", P "RECV: <message to='x@b.c'/>\n", P "RECV: <presence/>\n"), 0);
	assert_int_equal(joined("observations", O "to", O "to='x@b.c'/>\"}\n"), 0);
	assert_int_equal(joined("observations", O "to='x@b.c'/>\"}\n", O "to='x@b.c'/>\"}\n"), 0);
	assert_int_equal(joined("observations", O "to", ""), 0);
	assert_int_equal(joined("observations", "", O "to='x@b.c'/>\"}\n"), 0);
}

static bool is_early(const char *dialect, const char *head)
{
	struct zone *zone = zone_open("UTC", NULL);
	const struct dialect_options options = {.zone = zone, .modified = USEC_NONE};
	bool early = join_is_early(dialect_by_name(text_of(dialect)), &options, text_of(head));
	zone_free(zone);
	return early;
}

static void a_head_may_tell_later(void **state)
{
	(void)state;
	assert_true(is_early("observations", "='x@b.c'/>\"}\n"));
	assert_true(is_early("observations", "='x@b"));
	assert_true(is_early("prosody", "='x@b.c'/>\n" P "RECV: <messa"));
	assert_false(is_early("observations", "='x@b.c'/>\"}\n" O "to='x@b.c'/>\"}\n"));
	assert_false(is_early("prosody", P "RECV: <message to='x@b.c'/>\n" P "RECV: <iq/>\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(halves_are_one_record),
		cmocka_unit_test(others_are_not),
		cmocka_unit_test(a_head_may_tell_later),
	};
	return cmocka_run_group_tests_name("join", tests, NULL, NULL);
}
