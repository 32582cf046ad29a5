// SPDX-License-Identifier: Apache-2.0
// Lines as an operator describes them.
#include "tests/unit/dialect_harness.h"

#include "ingest/dialects/pattern.h"

#define HELLO "<message to='bob@acme.test' id='1'><body>hello</body></message>"

static struct line_format format = {.line = (char *)(uintptr_t) "%t [%d] %*, 100%% %s: %x"};

static struct run *pattern_run(const char *text, size_t chunk)
{
	struct run *run = run_new("pattern", "Europe/Berlin", 0);
	const struct dialect_sink sink = {run, run_record, run_remember, run_ignored};
	const struct dialect_options options = {
		.zone = run->zone, .modified = USEC_NONE, .format = &format};
	run->type->close(run->dialect);
	run->dialect = run->type->open(&options, &sink);
	run_give(run, text_of(text), chunk);
	run_end(run, true);
	return run;
}

#define LINE(time, dir, who, xml) time " [" dir "] x, 100% " who ": " xml "\n"
#define IN(xml) LINE("2026-11-22 10:00:00.25", "RECV", "anna@acme.test/phone", xml)

static void fields_are_between_literals(void **state)
{
	(void)state;
	struct run *run = pattern_run(
		IN(HELLO) LINE("2026-11-22T09:00:01Z", "SEND", "c7", HELLO)
			LINE("2026-11-22 10:00:02,5+01:00", "else", "", HELLO) "noise\n",
		7);
	assert_int_equal(run->stanzas, 3);
	assert_int_equal(run->ignored, 1);
	assert_true(says(run, "stanza in anna@acme.test/phone @0"));
	assert_true(says(run, "t=1795338000250000 ")); // winter time of the zone
	assert_true(says(run, "stanza out - @"));
	assert_true(says(run, "t=1795338001000000 "));
	assert_true(says(run, "stanza route - @"));
	assert_true(says(run, "t=1795338002500000 "));
	run_free(run);
}

static void claimed_sender_is_never_believed(void **state)
{
	(void)state;
	struct run *run = pattern_run(LINE("2026-11-22T09:00:01Z", "RECV", "c7",
					   "<message from='eve@acme.test' to='b@c'/>"),
				      64);
	assert_true(says(run, "[sender not known] <message from='eve"));
	run_free(run);
}

// F120: only the end of the stanza ends it.
static void a_line_inside_a_body_is_text(void **state)
{
	(void)state;
	struct run *run = pattern_run(IN("<message to='bob@acme.test'><body>one\n" IN(
					      HELLO) "two</body></message>") IN(HELLO),
				      64);
	assert_int_equal(run->stanzas, 2);
	assert_true(says(run, "<body>one|2026-11-22 10:00:00.25 [RECV]"));
	run_free(run);
}

static void what_is_no_stanza_is_never_kept(void **state)
{
	(void)state;
	struct run *run = pattern_run(IN("<auth mechanism='PLAIN'>AHNlY3JldA==</auth>")
					      IN("<auth mechanism='PLAIN'>AHNlY3JldA=="),
				      64);
	assert_int_equal(run->stanzas, 0);
	assert_false(says(run, "AHNlY3JldA"));
	assert_int_equal(run->quarantined, 1); // the place of what does not end
	run_free(run);
}

static void bad_stamps_and_cut_stanzas_are_kept_apart(void **state)
{
	(void)state;
	struct run *run = pattern_run(LINE("yesterday", "RECV", "a", HELLO)
					      IN("<message to='bob@acme.test'><body>never ends"),
				      64);
	assert_int_equal(run->stanzas, 0);
	assert_false(says(run, "never ends"));
	assert_true(says(run, "[stamp not understood]"));
	assert_true(says(run, "[unterminated at end of file] "));
	run_free(run);
}

static void pieces_make_no_difference(void **state)
{
	(void)state;
	static const char text[] = IN("<message to='bob@acme.test'><body>a\nb</body></message>")
		IN(HELLO) "noise\n" IN(HELLO);
	struct run *whole = pattern_run(text, sizeof text);
	for (size_t chunk = 1; chunk < 80; chunk += 13) {
		struct run *pieces = pattern_run(text, chunk);
		assert_string_equal(said(whole), said(pieces));
		run_free(pieces);
	}
	assert_int_equal(whole->stanzas, 3);
	run_free(whole);
}

static void times_have_forms(void **state)
{
	static const struct {
		const char *format, *text;
		usec_t at;
		usec_t step;
	} table[] = {
		{NULL, "2026-11-22T10:00:00Z", 1795341600000000, USEC_PER_SEC},
		{NULL, "2026-11-22 10:00:00.123456-0100", 1795345200123456, 1},
		{"%d/%b/%Y:%H:%M:%S", "22/Nov/2026:10:00:00 +0000", 1795341600000000, USEC_PER_SEC},
		{"%s", "1795341600.5", 1795341600500000, USEC_PER_SEC / 10},
		{NULL, "22.11.2026 10:00", USEC_NONE, 0},
		{NULL, "2026-13-22 10:00:00", USEC_NONE, 0},
		{NULL, "2026-11-22 10:00:00 or so", USEC_NONE, 0},
	};
	(void)state;
	struct zone *zone = zone_open("UTC", NULL);
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct pattern_clock clock = {.zone = zone, .latest = USEC_NONE};
		bool odd;
		usec_t at = pattern_time(&clock, table[i].format, text_of(table[i].text), &odd);
		assert_int_equal(at, table[i].at);
		if (at != USEC_NONE)
			assert_int_equal(clock.step, table[i].step);
	}
	zone_free(zone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_between_literals),
		cmocka_unit_test(claimed_sender_is_never_believed),
		cmocka_unit_test(a_line_inside_a_body_is_text),
		cmocka_unit_test(what_is_no_stanza_is_never_kept),
		cmocka_unit_test(bad_stamps_and_cut_stanzas_are_kept_apart),
		cmocka_unit_test(pieces_make_no_difference),
		cmocka_unit_test(times_have_forms),
	};
	return cmocka_run_group_tests_name("dialect pattern", tests, NULL, NULL);
}
