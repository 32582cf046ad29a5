// SPDX-License-Identifier: Apache-2.0
// What "receiptd reprocess" does to the database: how far an interval is widened, that it is
// forgotten whole, and that this is seen until it is read again.
#include "tests/db/fixture.h"
#include "tests/db/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define DAY USEC_PER_DAY
#define MIDNIGHT (NOON - DAY / 2)

static struct fixture fixture;
static struct store *store;
static struct sample sample;
static struct arena *arena;

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

static int fresh(void **state)
{
	(void)state;
	fixture_drop(&fixture);
	store = fixture_open(&fixture, STORE_WRITE);
	arena = arena_new();
	sample_start(&sample, store, "default");
	return 0;
}

static int away(void **state)
{
	(void)state;
	sample_stop(&sample);
	arena_free(arena);
	store_close(store);
	return 0;
}

static void conversation(usec_t at, const char *id)
{
	sample_message(&sample, at, id);
	sample_receipt(&sample, at + SEC, id, "r");
	sample_commit(&sample);
}

static struct reprocess plan(usec_t since, usec_t until)
{
	struct reprocess made;
	struct err err = {0};
	if (!store_reprocess_plan(store, sample.realm.id, since, until, TEXT_NONE, arena, &made,
				  &err))
		fail_msg("%s", err.text);
	return made;
}

static void an_interval_is_widened_to_the_source(void **state)
{
	(void)state;
	conversation(NOON, "a");
	conversation(NOON + 3 * DAY, "b");
	struct reprocess made = plan(NOON + DAY, NOON + 2 * DAY);
	assert_true(made.since == MIDNIGHT);
	assert_true(made.until == MIDNIGHT + 4 * DAY);
	assert_int_equal(made.file_count, 1);
	assert_int_equal(made.messages, 2);
}

// A second source, ten days later, with a conversation of its own.
static void add_later_source(void)
{
	fixture_sql(
		store,
		"INSERT INTO source (id, realm, name, dialect, live) SELECT 77, realm, "
		"'later', 'x', false FROM source LIMIT 1; INSERT INTO generation (id, realm, "
		"source, reader, path, head_len, head, low_water, first_at, last_at) SELECT 77, "
		"realm, 77, 77, '/later', 1, '', 9, first_at + interval '10 days', last_at + interval "
		"'10 days' FROM generation LIMIT 1");
}

static void a_source_without_a_tie_stays_outside(void **state)
{
	(void)state;
	conversation(NOON, "a");
	add_later_source();
	struct reprocess made = plan(MIDNIGHT, MIDNIGHT + DAY);
	assert_true(made.until == MIDNIGHT + DAY);
	assert_int_equal(made.file_count, 1);
	made = plan(MIDNIGHT + 10 * DAY, USEC_NONE);
	assert_int_equal(made.file_count, 1);
	assert_true(made.since == MIDNIGHT + 10 * DAY);
}

static void assert_tied(const char *fact)
{
	conversation(NOON, "a");
	add_later_source();
	fixture_sql(store, fact);
	struct reprocess made = plan(MIDNIGHT, MIDNIGHT + DAY);
	assert_true(made.until == MIDNIGHT + 11 * DAY);
	assert_int_equal(made.file_count, 2);
}

static void a_late_receipt_ties(void **state)
{
	(void)state;
	assert_tied("UPDATE message SET displayed_at = sent_at + interval '10 days'");
}

static void an_id_that_is_used_again_ties(void **state)
{
	(void)state;
	assert_tied(
		"INSERT INTO sent_id SELECT day + 10, hash, what, 5, 6, at + interval '10 days', "
		"from_jid, to_jid, realm FROM sent_id");
}

static void a_finding_that_lasts_ties(void **state)
{
	(void)state;
	assert_tied("INSERT INTO finding SELECT realm, 0, 0, 1, 'X', '', '', sent_at, sent_at + "
		    "interval '10 days', 2, 0 FROM message");
}

static int64_t facts(void)
{
	return fixture_int(store,
			   "SELECT (SELECT count(*) FROM message) + (SELECT count(*) FROM ack) + "
			   "(SELECT count(*) FROM sent_id) + (SELECT count(*) FROM finding) + "
			   "(SELECT count(*) FROM lane_mark) + (SELECT count(*) FROM generation) + "
			   "(SELECT count(*) FROM dialect_fact) + (SELECT count(*) FROM "
			   "line_counter) + (SELECT count(*) FROM quarantine)");
}

static void add_everything(void)
{
	sample_receipt(&sample, NOON, "unknown", "r1");
	conversation(NOON, "a");
	fixture_sql(
		store,
		"INSERT INTO dialect_fact SELECT id, false, 'k', 'v' FROM generation; INSERT INTO "
		"line_counter SELECT realm, 0, sent_at::date, 'x', 1 FROM message; INSERT INTO "
		"quarantine SELECT realm, source, id, 0, 0, 1, NULL, 'x', '' FROM generation; "
		"INSERT INTO finding SELECT realm, 1, 1, 1, 'X', '', '', sent_at, sent_at, 1, 0 "
		"FROM message; INSERT INTO gap SELECT realm, source, id, 5, 6, now(), now(), "
		"'x' FROM generation");
	sample.records = 0;
}

static void it_is_forgotten_whole_and_seen_until_the_end(void **state)
{
	(void)state;
	struct honesty honesty;
	struct err err = {0};
	add_everything();
	struct reprocess made = plan(MIDNIGHT, MIDNIGHT + DAY);
	assert_true(made.messages == 1 && made.evidence == 1 && made.findings >= 1);
	fixture_sql(store, "UPDATE generation SET low_water = 5");
	made = plan(MIDNIGHT, MIDNIGHT + DAY);
	assert_true(store_reprocess_begin(store, sample.realm.id, &made, &err));
	assert_int_equal(facts(), 0);
	assert_true(store_honesty(store, 0, MIDNIGHT, MIDNIGHT + DAY, &honesty, &err));
	assert_int_equal(honesty.open_gaps, 1);
	assert_false(store_reprocess_begin(store, sample.realm.id, &made, &err));
	assert_int_equal(err.kind, ERR_DIFFERS);
	struct reprocess left;
	assert_true(store_reprocess_left(store, sample.realm.id, arena, &left, &err));
	assert_int_equal(left.file_count, 1);
	assert_false(left.files[0].is_read);
	assert_true(left.since == made.since && left.until == made.until);
	assert_true(store_reprocess_end(store, sample.realm.id, &err));
	assert_true(store_reprocess_left(store, sample.realm.id, arena, &left, &err));
	assert_true(left.since == USEC_NONE);
	assert_true(store_honesty(store, 0, MIDNIGHT, MIDNIGHT + DAY, &honesty, &err));
	assert_int_equal(honesty.open_gaps, 0);
}

static void another_realm_is_left_alone(void **state)
{
	(void)state;
	struct err err = {0};
	conversation(NOON, "a");
	struct reprocess made = plan(MIDNIGHT, MIDNIGHT + DAY);
	sample_stop(&sample);
	sample_start(&sample, store, "other");
	conversation(NOON, "a");
	assert_int_equal(fixture_int(store, "SELECT count(*) FROM message"), 2);
	assert_true(store_reprocess_begin(store, 1, &made, &err));
	assert_int_equal(fixture_int(store, "SELECT count(*) FROM message"), 1);
	assert_int_equal(fixture_int(store, "SELECT count(*) FROM generation"), 1);
}

// The span is looked at again under the lane's lock.
static void what_came_meanwhile_is_not_lost(void **state)
{
	(void)state;
	struct err err = {0};
	conversation(NOON, "a");
	struct reprocess made = plan(MIDNIGHT, MIDNIGHT + DAY);
	conversation(NOON + DAY, "b");
	assert_false(store_reprocess_begin(store, sample.realm.id, &made, &err));
	assert_int_equal(err.kind, ERR_DIFFERS);
	assert_int_equal(fixture_int(store, "SELECT count(*) FROM message"), 2);
}

static void a_source_that_is_followed_is_told(void **state)
{
	(void)state;
	conversation(NOON, "a");
	fixture_sql(store, "UPDATE source SET live = false");
	assert_false(plan(NOON, NOON + 1).files[0].followed);
	fixture_sql(store, "UPDATE source SET live = true, checked_at = now()");
	assert_true(plan(NOON, NOON + 1).files[0].followed);
	fixture_sql(store, "UPDATE source SET checked_at = now() - interval '1 minute'; UPDATE "
			   "generation SET read_at = now() - interval '1 minute'");
	assert_false(plan(NOON, NOON + 1).files[0].followed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, away)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_interval_is_widened_to_the_source),
		TEST(a_source_without_a_tie_stays_outside),
		TEST(a_late_receipt_ties),
		TEST(an_id_that_is_used_again_ties),
		TEST(a_finding_that_lasts_ties),
		TEST(it_is_forgotten_whole_and_seen_until_the_end),
		TEST(another_realm_is_left_alone),
		TEST(what_came_meanwhile_is_not_lost),
		TEST(a_source_that_is_followed_is_told),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
