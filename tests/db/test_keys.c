// SPDX-License-Identifier: Apache-2.0
// Which keys are stored where (table known_keys): whoever writes next finds all of it.
#include "tests/db/fixture.h"
#include "tests/db/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define DAY (86400 * SEC)
#define IN_THE_REST (NOON - 20000 * DAY) // 1971: no partition of its own

static struct fixture fixture;
static struct store *store;
static struct sample sample;
static int realms;

static int start(void **state)
{
	(void)state;
	fixture_start(&fixture);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fixture_stop(&fixture);
	return 0;
}

static void open_writer(void)
{
	char name[32];
	snprintf(name, sizeof name, "realm-%d", realms);
	store = fixture_open(&fixture, STORE_WRITE);
	sample_start(&sample, store, name);
}

static void close_writer(void)
{
	sample_stop(&sample);
	store_close(store);
}

static int start_writer(void **state)
{
	(void)state;
	realms++;
	open_writer();
	return 0;
}

static int stop_writer(void **state)
{
	(void)state;
	close_writer();
	return 0;
}

// As after a crash: what it knew is gone.
static void another_writer(void)
{
	close_writer();
	open_writer();
}

static int64_t count(const char *where)
{
	char query[256];
	snprintf(query, sizeof query, "SELECT count(*) FROM message WHERE realm = %d AND %s",
		 (int)sample.realm.id, where);
	return fixture_int(store, query);
}

// ID-REUSE knows no horizon (M3): numbers follow each other over any distance.
static void an_id_used_long_ago_is_found(void **state)
{
	static const usec_t times[] = {NOON, NOON - 400 * DAY, NOON + DAY, IN_THE_REST};
	(void)state;
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		sample_message(&sample, times[i], "m1");
		sample_commit(&sample);
		another_writer();
	}
	sample_message(&sample, NOON + 2 * DAY, "m1");
	sample_commit(&sample);
	assert_int_equal(count("n = 1 AND sent_at < '1972-01-01'"), 1);
	assert_int_equal(count("n = 5 AND sent_at > '2026-03-04'"), 1);
	assert_int_equal(count("true"), 5);
}

static void a_row_that_moved_is_found_where_it_is(void **state)
{
	(void)state;
	struct sample_line line = {.at = NOON + 12 * 3600 * SEC + SEC, // the next day
				   .dir = DIR_OUT,
				   .session = BEN "/tablet",
				   .from = ADA "/phone",
				   .to = BEN,
				   .id = "m1",
				   .body = "late",
				   .asks = true};
	sample_line(&sample, line);
	sample_commit(&sample);
	line.at -= 2 * SEC;
	line.dir = DIR_IN;
	line.session = ADA "/phone";
	sample_line(&sample, line);
	assert_int_equal(sample_commit(&sample).moved, 1);
	another_writer();
	sample_receipt(&sample, NOON + DAY, "m1", "r1");
	sample_commit(&sample);
	assert_int_equal(count("acks = 1 AND receipt_own = 'r1'"), 1);
	assert_int_equal(count("true"), 1);
}

// An ack without a message has a row of its own: its message finds it.
static void waiting_evidence_is_found(void **state)
{
	(void)state;
	sample_receipt(&sample, NOON + 3 * DAY, "m1", "w1");
	sample_commit(&sample);
	another_writer();
	sample_receipt(&sample, NOON + 3 * DAY + SEC / 50, "m1", "w1"); // the same, seen again
	sample_commit(&sample);
	assert_int_equal(fixture_int(store, "SELECT count(*) FROM ack WHERE own_id = 'w1'"), 1);
	another_writer();
	sample_message(&sample, NOON, "m1");
	sample_commit(&sample);
	assert_int_equal(count("acks = 1"), 1);
}

static void what_another_one_wrote_meanwhile_is_found(void **state)
{
	(void)state;
	struct store *second = fixture_open(&fixture, STORE_WRITE);
	struct sample other;
	char name[32];
	snprintf(name, sizeof name, "realm-%d", realms);
	sample_start(&other, second, name);
	for (int i = 0; i < 3; i++) {
		char id[16];
		snprintf(id, sizeof id, "m%d", i);
		sample_look(&sample);
		sample_message(&sample, NOON + i * DAY, id);
		sample_commit(&sample);
		sample_look(&other);
		sample_receipt(&other, NOON + 4 * DAY, id, id);
		sample_commit(&other);
	}
	assert_int_equal(count("acks = 1"), 3);
	sample_stop(&other);
	store_close(second);
}

static void short_lists_are_put_together_and_lose_nothing(void **state)
{
	enum { BATCHES = 300 };
	(void)state;
	for (int i = 0; i < BATCHES; i++) {
		char id[16];
		snprintf(id, sizeof id, "m%d", i);
		sample_message(&sample, NOON + i * SEC, id);
		sample_commit(&sample);
	}
	assert_true(fixture_int(store, "SELECT count(*) FROM known_keys") < BATCHES);
	another_writer();
	for (int i = 0; i < BATCHES; i++) {
		char id[16];
		snprintf(id, sizeof id, "m%d", i);
		sample_receipt(&sample, NOON + DAY, id, id);
	}
	sample_commit(&sample);
	assert_int_equal(count("acks = 1"), BATCHES);
}

#define WITH_WRITER(test) cmocka_unit_test_setup_teardown(test, start_writer, stop_writer)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WRITER(an_id_used_long_ago_is_found),
		WITH_WRITER(a_row_that_moved_is_found_where_it_is),
		WITH_WRITER(waiting_evidence_is_found),
		WITH_WRITER(what_another_one_wrote_meanwhile_is_found),
		WITH_WRITER(short_lists_are_put_together_and_lose_nothing),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
