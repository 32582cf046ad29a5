// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/dialect_harness.h"

#include "ingest/dialects/prosody.h"

#define AT(second) "2026-11-22T10:00:0" second "+0000 "
#define LINE(source, text) AT("0") source "\tdebug\t" text "\n"
#define BOUND LINE("c2saa01", "Resource bound: anna@acme.test/phone")
#define HELLO(id) "<message to='bob@acme.test' id='" id "'><body>hello</body></message>"

static struct run *prosody(const char *text)
{
	return run_text("prosody", "UTC", 2026, text_of(text), 64);
}

static void received_is_of_the_bound_session(void **state)
{
	(void)state;
	struct run *run = prosody(BOUND LINE("c2saa01", "RECV: " HELLO("1")));
	assert_int_equal(run->stanzas, 1);
	assert_true(says(run, "stanza in anna@acme.test/phone @"));
	run_free(run);
}

static void claimed_sender_is_never_believed(void **state)
{
	(void)state;
	struct run *run =
		prosody(BOUND LINE("c2saa01", "RECV: <message from='eve@acme.test' to='b@c'/>")
				LINE("c2sbb02", "RECV: <message from='eve@acme.test' to='b@c'/>")
					LINE("c2sbb02", "RECV: <message to='b@c'/>"));
	assert_true(says(run, "stanza in anna@acme.test/phone"));
	assert_true(says(run, "[sender not known] <message from='eve"));
	assert_true(says(run, "stanza in - @"));
	run_free(run);
}

static void continuation_lines_are_folded_and_imitate_nothing(void **state)
{
	(void)state;
	struct run *run = prosody(
		BOUND AT("1") "c2saa01\tdebug\tRECV: <message to='bob@acme.test'><body>one\n"
			      "\t" AT("1") "c2saa01\tdebug\tRECV: " HELLO(
				      "forged") "\n"
						"\ttwo</body></message>\n" LINE(
							"c2saa01", "RECV: " HELLO("2")));
	assert_int_equal(run->stanzas, 2);
	assert_true(says(run, "<body>one|2026-11-22T10:00:01+0000 c2saa01\tdebug\tRECV: <message"));
	assert_true(says(run, "|two</body></message>"));
	run_free(run);
}

static void whole_seconds_get_ordinals(void **state)
{
	(void)state;
	struct run *run = prosody(BOUND LINE("c2saa01", "RECV: " HELLO("1")) LINE("x:mam", "noise")
					  LINE("c2saa01", "RECV: " HELLO("2")));
	assert_true(says(run, "t=1795341600000001 "));
	assert_true(says(run, "t=1795341600000003 "));
	run_free(run);
}

// F130: what else stands in a log is counted by kind, and is nothing to complain about.
static void other_contents_are_ignored(void **state)
{
	(void)state;
	struct run *run = prosody(LINE("startup", "Hello and welcome to Prosody version 0.12.3") LINE(
		"modulemanager",
		"Unable to load module 'x': stack traceback:") "\t[C]: in function 'error'\n\t/usr/lib/prosody/util/x.lua:1: in main chunk\n"
							       "** WARNING: banner of another program **\n2026-11-22 10:00:00 [main] INFO other log\n");
	assert_int_equal(run->stanzas + run->quarantined + run->gaps, 0);
	assert_true(run->ignored >= 4);
	run_free(run);
}

static void what_may_hold_a_password_is_dropped(void **state)
{
	(void)state;
	struct run *run =
		prosody(LINE("c2saa01", "RECV: <auth mechanism='PLAIN'>AHNlY3JldA==</auth>")
				LINE("c2saa01", "RECV: <response>AHNlY3JldA==</response>"));
	assert_int_equal(run->stanzas + run->quarantined, 0);
	assert_int_equal(run->ignored, 2);
	run_free(run);
}

static void id_is_used_again_by_another_client(void **state)
{
	(void)state;
	struct run *run = prosody(
		BOUND LINE("c2saa01",
			   "Unbinding resource for anna@acme.test/phone (anna@acme.test)")
			LINE("c2saa01", "Client connected") LINE("c2saa01", "RECV: " HELLO("1"))
				LINE("c2saa01", "Resource bound: bob@acme.test/pc")
					LINE("c2saa01", "RECV: " HELLO("2")));
	assert_true(says(run, "stanza in - @"));
	assert_true(says(run, "stanza in bob@acme.test/pc @"));
	run_free(run);
}

#define SLEEPS                                                                                     \
	LINE("c2saa01", "Client disconnected: connection closed")                                  \
	LINE("c2saa01", "Session going into hibernation (not being destroyed)")
#define TO_ANNA "<message from='b@c/d' to='anna@acme.test'/>"

static void stanza_for_a_sleeping_session_is_route(void **state)
{
	(void)state;
	struct run *run = prosody(BOUND SLEEPS LINE("c2saa01", "SEND: " TO_ANNA));
	assert_true(says(run, "stanza route - @"));
	run_free(run);
}

static void resumed_session_keeps_its_name(void **state)
{
	static const char *const ways[] = {
		LINE("c2sbb02", "mod_smacks resuming existing session c2saa01..."),
		LINE("c2sbb02", "mod_smacks resuming existing session aa01..."),
		LINE("c2sbb02", "Session absorbed into c2saa01"),
		LINE("c2saa01", "mod_smacks session resumed from c2sbb02..."),
		LINE("c2saa01", "Updating with parameters from session c2sbb02"),
	};
	(void)state;
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		struct buf log = {0};
		buf_printf(&log, "%s%s%s%s%s", BOUND SLEEPS LINE("c2sbb02", "Client connected"),
			   ways[i], LINE("c2saa01", "SEND: " TO_ANNA),
			   LINE("c2saa01", "RECV: " HELLO("1")), "");
		struct run *run = run_text("prosody", "UTC", 2026, buf_view(&log), 64);
		assert_true(says(run, "stanza out anna@acme.test/phone @"));
		assert_true(says(run, "stanza in anna@acme.test/phone @"));
		run_free(run);
		buf_free(&log);
	}
}

static void log_from_the_middle_learns_by_what_is_sent(void **state)
{
	(void)state;
	struct run *run = prosody(
		LINE("c2saa01", "SEND: <iq type='result' id='1' to='anna@acme.test/phone'/>")
			LINE("c2saa01", "RECV: " HELLO("1")));
	assert_true(says(run, "stanza in anna@acme.test/phone @"));
	run_free(run);
}

static void servers_and_components_have_their_directions(void **state)
{
	(void)state;
	struct run *run =
		prosody(LINE("s2sin01", "RECV: <message from='a@b' to='c@d' id='1'/>")
				LINE("s2sout1", "SEND: <message from='a@b' to='c@d'/>")
					LINE("jcp01", "RECV: <message from='a' to='c@d'/>")
						LINE("jcp01", "SEND: <message to='a'/>"));
	assert_true(says(run, "stanza s2s-in -"));
	assert_true(says(run, "stanza s2s-out -"));
	assert_true(says(run, "stanza comp-in -"));
	assert_true(says(run, "stanza comp-out -"));
	run_free(run);
}

static void last_record_waits_for_its_end(void **state)
{
	(void)state;
	struct run *run = run_new("prosody", "UTC", 2026);
	run_give(run, text_of(BOUND LINE("c2saa01", "RECV: <message to='b@c'><body>a")), 64);
	run_end(run, false);
	assert_int_equal(run->stanzas, 0);
	assert_int_equal(run->type->low_water(run->dialect), sizeof BOUND - 1);
	run_give(run, text_of("\tb</body></message>"), 64);
	run_end(run, false); // no newline yet (F23)
	assert_int_equal(run->stanzas, 0);
	run_give(run, text_of("\n"), 64);
	run_end(run, false); // its root is closed: no need to wait for another line
	assert_int_equal(run->stanzas, 1);
	run_give(run, text_of(LINE("c2saa01", "RECV: <message to='b@c'><bo")), 64);
	run_give(run, text_of(AT("1") "c2saa01\tdebug\tRECV: <message to='x@y'/>"), 64);
	run_end(run, true); // complete by itself (F25)
	assert_int_equal(run->stanzas, 3);
	run_free(run);
	run = prosody(BOUND AT("1") "c2saa01\tdebug\tRECV: <message to='x@");
	assert_true(says(run, "[unterminated at end of file]"));
	run_free(run);
}

static void line_ends_holes_and_long_lines(void **state)
{
	static const char zeros[300];
	(void)state;
	struct buf log = {0};
	buf_zstr(&log, "\xef\xbb\xbf");
	buf_zstr(&log, AT("0") "c2saa01\tdebug\tResource bound: anna@acme.test/phone\r\n\r\n\n");
	buf_zstr(&log, AT("0") "c2saa01\tdebug\tRECV: " HELLO("1") "\r\n");
	buf_zstr(&log, AT("0") "c2saa01\tdebug\tRECV: <message to='c");
	buf_add(&log, zeros, sizeof zeros);
	buf_zstr(&log, AT("0") "c2saa01\tdebug\tRECV: <message to='b@c'><body>");
	for (int i = 0; i < 300000; i++)
		buf_zstr(&log, "long ");
	buf_zstr(&log, "</body></message>\n" LINE("c2saa01", "RECV: " HELLO("2")));
	struct run *run = run_text("prosody", "UTC", 2026, buf_view(&log), 1000);
	assert_int_equal(run->stanzas, 2);
	assert_int_equal(run->gaps, 1);
	assert_int_equal(run->quarantined, 2);
	assert_true(says(run, "[stanza longer than the limit]"));
	same_in_any_chunks("prosody", "UTC", 2026, buf_view(&log));
	run_free(run);
	buf_free(&log);
}

static usec_t stamp(struct prosody_clock *clock, const char *text)
{
	usec_t at;
	bool odd;
	enum prosody_stamp result = prosody_stamp(clock, text_of(text), &at, &odd);
	return result == STAMP_READ ? at : USEC_NONE;
}

static void stamps_without_year_go_over_new_year(void **state)
{
	(void)state;
	struct zone *zone = zone_open("UTC", NULL);
	struct prosody_clock clock = {.zone = zone, .latest = USEC_NONE};
	assert_true(usec_parse(TEXT("2027-01-02T10:00:00Z"), &clock.modified));
	assert_int_equal(stamp(&clock, "Dec 31 23:59:59"), 1798761599000000);
	assert_int_equal(stamp(&clock, "Jan 01 00:00:00"), 1798761600000000);
	assert_int_equal(stamp(&clock, "Dec 31 23:59:59"), 1798761599000000); // clock set back
	assert_int_equal(stamp(&clock, "Jan  1 00:00:01"), 1798761601000000);
	assert_int_equal(clock.year, 2027);
	// Remembered of a younger file, then an older one is imported.
	struct prosody_clock older = {.zone = zone, .year = 2026, .month = 11, .day = 22};
	older.latest = USEC_NONE;
	assert_true(usec_parse(TEXT("2025-10-31T10:00:00Z"), &older.modified));
	assert_int_equal(stamp(&older, "Oct 30 00:00:00"), 1761782400000000);
	clock.year = 2024; // the setting names the year of the first line
	clock.month = clock.day = 0;
	assert_int_equal(stamp(&clock, "Feb 29 00:00:00"), 1709164800000000);
	zone_free(zone);
}

static void stamps_of_other_forms(void **state)
{
	(void)state;
	struct zone *zone = zone_open("Europe/Berlin", NULL);
	struct prosody_clock clock = {.zone = zone, .latest = USEC_NONE, .modified = USEC_NONE};
	assert_int_equal(stamp(&clock, "2026-11-22T10:00:00+0100"), 1795338000000000);
	assert_int_equal(stamp(&clock, "2026-11-22T10:00:00+01:00"), 1795338000000000);
	assert_int_equal(stamp(&clock, "2026-11-22 10:00:00"), 1795338000000000);
	assert_int_equal(stamp(&clock, "2026-11-22T09:00:00Z"), 1795338000000000);
	assert_int_equal(stamp(&clock, "2026-11-22T25:00:00Z"), USEC_NONE);
	assert_int_equal(stamp(&clock, "yesterday"), USEC_NONE);
	assert_int_equal(stamp(&clock, ""), USEC_NONE);
	zone_free(zone);
}

static const char *const samples[] = {
	"tests/data/prosody/syslog/debug-iso.log.gz",
	"tests/data/prosody/clients/debug-iso.log.gz",
	"tests/data/prosody/s2s/server-a-acme.lan.log.gz",
};

static void real_logs_read_the_same_in_any_chunks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		struct buf log = file_bytes(samples[i]);
		same_in_any_chunks("prosody", "UTC", 2026, buf_view(&log));
		buf_free(&log);
	}
}

static void real_logs_go_on_after_a_restart(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		struct buf log = file_bytes(samples[i]);
		for (size_t cut = 5000; cut < log.len; cut += log.len / 9)
			same_after_restart("prosody", "UTC", buf_view(&log), cut);
		buf_free(&log);
	}
}

// Found by fuzzing (F132): the clock of stamps with parts of a second is known after a restart.
static void restart_keeps_the_clock_of_fine_stamps(void **state)
{
	(void)state;
	static const char log[] = "2026-10-25T02:30:00.500000 mod_c2s\tdebug\tone\n"
				  "2026-10-25T02:10:00.250000 mod_c2s\tdebug\ttwo\n"
				  "\0\0\0\n";
	for (size_t cut = 1; cut < sizeof log - 1; cut++)
		same_after_restart("prosody", "Europe/Berlin", TEXT(log), cut);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(received_is_of_the_bound_session),
		cmocka_unit_test(claimed_sender_is_never_believed),
		cmocka_unit_test(continuation_lines_are_folded_and_imitate_nothing),
		cmocka_unit_test(whole_seconds_get_ordinals),
		cmocka_unit_test(other_contents_are_ignored),
		cmocka_unit_test(what_may_hold_a_password_is_dropped),
		cmocka_unit_test(id_is_used_again_by_another_client),
		cmocka_unit_test(stanza_for_a_sleeping_session_is_route),
		cmocka_unit_test(resumed_session_keeps_its_name),
		cmocka_unit_test(log_from_the_middle_learns_by_what_is_sent),
		cmocka_unit_test(servers_and_components_have_their_directions),
		cmocka_unit_test(last_record_waits_for_its_end),
		cmocka_unit_test(line_ends_holes_and_long_lines),
		cmocka_unit_test(stamps_without_year_go_over_new_year),
		cmocka_unit_test(stamps_of_other_forms),
		cmocka_unit_test(real_logs_read_the_same_in_any_chunks),
		cmocka_unit_test(restart_keeps_the_clock_of_fine_stamps),
		cmocka_unit_test(real_logs_go_on_after_a_restart),
	};
	return cmocka_run_group_tests_name("dialect prosody", tests, NULL, NULL);
}
