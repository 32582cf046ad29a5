// SPDX-License-Identifier: Apache-2.0
// F48: a log whose clock goes back or forward. The host's two clocks are the test's.
#include "tests/unit/dialect_harness.h"

#include "ingest/clock_watch.h"

static usec_t now, since_boot;

static usec_t wall(void)
{
	return now;
}

static usec_t monotonic(void)
{
	return since_boot;
}

#define MINUTE (60 * USEC_PER_SEC)
#define TEN (10 * 60 * MINUTE) // ten o'clock

static struct clock_watch begin(const char *dialect)
{
	struct clock_watch watch;
	clock_watch_begin(&watch, dialect_by_name(text_of(dialect)));
	watch.wall = wall;
	watch.monotonic = monotonic;
	now = TEN;
	since_boot = 0;
	return watch;
}

static void go_on(usec_t by)
{
	now += by;
	since_boot += by;
}

// The cause of a gap, "": none.
static const char *record(struct clock_watch *watch, usec_t at)
{
	struct batch_gap gap;
	const struct record record = {.kind = RECORD_STANZA, .at = at, .length = 10};
	if (!clock_watch_record(watch, &record, &gap))
		return "";
	assert_true(gap.from_at < gap.to_at);
	return strstr(gap.cause, "went ");
}

#define FORWARD "went forward: another zone, or it was set"
#define BACK "went back: another zone, or it was set"

static void ahead_of_the_host(void **state)
{
	(void)state;
	struct clock_watch watch = begin("prosody");
	assert_string_equal(record(&watch, TEN - 120 * MINUTE), "");
	assert_string_equal(record(&watch, TEN - 1 * MINUTE), ""); // silence
	assert_string_equal(record(&watch, TEN + 59 * MINUTE), FORWARD);
	assert_string_equal(record(&watch, TEN + 60 * MINUTE), ""); // told once
	assert_string_equal(record(&watch, TEN + 90 * MINUTE), "");
	assert_string_equal(record(&watch, TEN), BACK);
	// A log that was ahead from its first line on did not jump.
	watch = begin("prosody");
	assert_string_equal(record(&watch, TEN + 120 * MINUTE), "");
	assert_string_equal(record(&watch, TEN + 180 * MINUTE), "");
	watch = begin("observations"); // of several writers
	assert_string_equal(record(&watch, TEN), "");
	assert_string_equal(record(&watch, TEN + 60 * MINUTE), "");
}

static void faster_than_time(void **state)
{
	(void)state;
	struct clock_watch watch = begin("prosody"); // its zone is two hours behind
	clock_watch_looked(&watch);
	go_on(MINUTE);
	assert_string_equal(record(&watch, now - 120 * MINUTE), "");
	clock_watch_looked(&watch);
	go_on(40 * MINUTE); // silence, in which it is looked at
	clock_watch_looked(&watch);
	assert_string_equal(record(&watch, now - 120 * MINUTE), "");
	clock_watch_looked(&watch);
	go_on(USEC_PER_SEC);
	clock_watch_looked(&watch);
	assert_string_equal(record(&watch, now), FORWARD);
	clock_watch_looked(&watch);
	go_on(MINUTE);
	assert_string_equal(record(&watch, now), "");
}

static void silence_is_none(void **state)
{
	(void)state;
	struct clock_watch watch = begin("prosody"); // imported: nobody knows when it was written
	assert_string_equal(record(&watch, TEN - 300 * MINUTE), "");
	assert_string_equal(record(&watch, TEN - 240 * MINUTE), "");
	// Followed, but it comes late and catches up.
	clock_watch_looked(&watch);
	assert_string_equal(record(&watch, TEN - 230 * MINUTE), "");
	go_on(MINUTE);
	clock_watch_looked(&watch);
	assert_string_equal(record(&watch, TEN - 208 * MINUTE), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ahead_of_the_host),
		cmocka_unit_test(faster_than_time),
		cmocka_unit_test(silence_is_none),
	};
	return cmocka_run_group_tests_name("clock_watch", tests, NULL, NULL);
}
