// SPDX-License-Identifier: Apache-2.0
// Days that are dropped, bodies that are taken out, what comes late.
#include "tests/db/fixture.h"
#include "tests/db/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define DAY USEC_PER_DAY

static struct fixture fixture;
static struct store *store;
static struct sample sample;
static struct settings *settings;

static int start(void **state)
{
	(void)state;
	fixture_start(&fixture);
	settings = fixture.app.settings;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fixture_stop(&fixture);
	return 0;
}

// Dropped days concern all realms: every test has a schema of its own.
static int fresh(void **state)
{
	(void)state;
	fixture_drop(&fixture);
	store = fixture_open(&fixture, STORE_WRITE);
	sample_start(&sample, store, "default");
	settings->keep_days = settings->keep_bodies_days = settings->keep_disk = 0;
	return 0;
}

static int away(void **state)
{
	(void)state;
	sample_stop(&sample);
	store_close(store);
	return 0;
}

// --- what a pass said ---

struct said {
	int drops, strips, kept, busy, held;
	int64_t rows;
	char reason[128];
};

static void hear(void *self, const struct retention_step *step)
{
	struct said *said = self;
	said->drops += step->what == RETENTION_DROP;
	said->strips += step->what == RETENTION_STRIP;
	said->kept += step->what == RETENTION_KEPT;
	said->busy += step->what == RETENTION_BUSY;
	said->held += step->what == RETENTION_HELD;
	said->rows += step->rows;
	snprintf(said->reason, sizeof said->reason, "%s", step->reason);
}

static struct said pass(bool dry_run)
{
	static atomic_int never;
	struct said said = {0};
	struct err err = {0};
	fixture.app.stop = &never;
	if (!store_retention(store, dry_run, &said, hear, &err))
		fail_msg("%s", err.text);
	return said;
}

static int64_t count(const char *from)
{
	char query[256];
	snprintf(query, sizeof query, "SELECT count(*) FROM %s", from);
	return fixture_int(store, query);
}

// Days from the database's today back, as retention counts them.
static usec_t noon(int days_ago)
{
	usec_t now = usec_now();
	return now - now % DAY - days_ago * DAY + DAY / 2;
}

static void conversation(int days_ago, const char *id)
{
	sample_message(&sample, noon(days_ago), id);
	sample_receipt(&sample, noon(days_ago) + SEC, id, "r");
	sample_commit(&sample);
}

// --- by age ---

static void an_old_day_goes_whole(void **state)
{
	(void)state;
	conversation(100, "old");
	conversation(60, "young");
	settings->keep_days = 80;
	assert_int_equal(pass(true).drops, 1);
	assert_int_equal(count("message"), 2);
	struct said said = pass(false);
	assert_int_equal(said.drops, 1);
	assert_int_equal(said.rows, 1);
	assert_string_equal(said.reason, "keep_days");
	assert_int_equal(count("message WHERE id = 'young'"), 1);
	assert_int_equal(count("message"), 1);
	assert_int_equal(count("sent_id WHERE day < current_date - 80"), 0);
	assert_int_equal(count("dropped_day WHERE day = current_date - 100 AND rows = 1"), 1);
	assert_int_equal(count("pg_class WHERE relname LIKE '%' || to_char(current_date - 100, "
			       "'YYYYMMDD') || '%'"),
			 0);
	assert_int_equal(pass(false).drops, 0);
}

static void findings_of_the_day_go_with_it(void **state)
{
	(void)state;
	fixture_sql(store, "INSERT INTO finding SELECT 1, 1, g, g, 'X', '', '', now() - g * "
			   "interval '1 day', now() - g * interval '1 day', 1, 0 FROM "
			   "unnest(ARRAY[100, 60]) AS g");
	conversation(100, "old");
	settings->keep_days = 80;
	pass(false);
	assert_int_equal(count("finding WHERE rule = 'X'"), 1);
	assert_int_equal(count("finding WHERE rule = 'X' AND key = 60"), 1);
}

static void a_day_in_the_rest_partition_goes_too(void **state)
{
	(void)state;
	conversation(1, "young");
	fixture_sql(store, "UPDATE message SET sent_at = now() - interval '90 days'");
	assert_int_equal(count("message_other"), 1);
	settings->keep_days = 80;
	assert_int_equal(pass(false).drops, 1);
	assert_int_equal(count("message"), 0);
}

static void tables_are_found_by_the_catalogue(void **state)
{
	(void)state;
	fixture_sql(
		store,
		"CREATE TABLE receiptd.later (conv int8, at timestamptz NOT NULL) PARTITION BY RANGE "
		"(at); SELECT attach_part('later', 'later_other', '', NULL, 90), "
		"attach_part('later', 'later_' || to_char(current_date - 100, 'YYYYMMDD'), "
		"'at', current_date - 100, 90)");
	conversation(100, "old");
	settings->keep_days = 80;
	pass(false);
	assert_int_equal(count("pg_class WHERE relname LIKE 'later_2%'"), 0);
}

// --- what must be kept yet ---

static void an_unfinished_day_is_kept(void **state)
{
	(void)state;
	sample_message(&sample, noon(10), "open");
	sample_commit(&sample);
	conversation(11, "answered");
	settings->keep_days = 5;
	struct said said = pass(false);
	assert_int_equal(said.drops, 1);
	assert_int_equal(said.kept, 1);
	assert_int_equal(count("message WHERE id = 'open'"), 1);
}

static void an_old_unfinished_day_is_not_kept(void **state)
{
	(void)state;
	sample_message(&sample, noon(38), "open"); // w_match + t_expire = 37 days
	sample_commit(&sample);
	settings->keep_days = 5;
	assert_int_equal(pass(false).drops, 1);
	assert_int_equal(count("message"), 0);
}

static void a_gap_keeps_its_day(void **state)
{
	(void)state;
	conversation(10, "answered");
	fixture_sql(store, "INSERT INTO gap SELECT 1, 1, 1, 0, 1, now() - interval '12 days', "
			   "now() - interval '8 days', 'test'");
	settings->keep_days = 5;
	assert_int_equal(pass(false).kept, 1);
	assert_int_equal(count("message"), 1);
}

// --- by size ---

static void the_oldest_go_until_the_size_is_reached(void **state)
{
	(void)state;
	conversation(100, "a");
	conversation(90, "b");
	conversation(0, "now");
	int64_t size = fixture_int(store, "SELECT sum(pg_total_relation_size(oid)) FROM pg_class "
					  "WHERE relnamespace = 'receiptd'::regnamespace AND "
					  "relkind IN ('r', 'm')");
	settings->keep_disk = size + 1;
	assert_int_equal(pass(false).drops, 0);
	settings->keep_disk = size - 1;
	struct said said = pass(false);
	assert_int_equal(said.drops, 1);
	assert_string_equal(said.reason, "keep_disk");
	assert_int_equal(count("message WHERE id = 'a'"), 0);
	settings->keep_disk = 1;
	pass(false);
	assert_int_equal(count("message WHERE id = 'b'"), 0);
	assert_int_equal(count("message WHERE id = 'now'"), 1); // today is never dropped by size
}

// --- bodies ---

static void bodies_go_and_facts_stay(void **state)
{
	(void)state;
	static const char facts[] =
		"SELECT string_agg(to_jsonb(m) - 'body' - 'tie' #>> '{}', ';' ORDER BY "
		"id, n) FROM message AS m";
	conversation(100, "old");
	conversation(60, "young");
	fixture_sql(store, "UPDATE message SET body = 'hello', tie = 'hello'");
	char *before = fixture_text(store, facts);
	char *indexes = fixture_text(store, "SELECT count(*) FROM pg_indexes WHERE tablename = "
					    "'message_' || to_char(current_date - 100, "
					    "'YYYYMMDD')");
	settings->keep_bodies_days = 80;
	struct said said = pass(false);
	assert_int_equal(said.strips, 1);
	assert_int_equal(said.rows, 1);
	char *after = fixture_text(store, facts);
	assert_string_equal(before, after);
	assert_int_equal(count("message WHERE body IS NOT NULL OR tie IS NOT NULL"), 1);
	assert_int_equal(count("message WHERE id = 'young' AND body = 'hello' AND tie = 'hello'"),
			 1);
	assert_int_equal(count("pg_indexes WHERE tablename = 'message_' || to_char(current_date - "
			       "100, 'YYYYMMDD')"),
			 strtol(indexes, NULL, 10) + 1);
	assert_int_equal(pass(false).strips, 0);
	free(before);
	free(after);
	free(indexes);
}

static void a_stripped_day_takes_rows_and_is_stripped_again(void **state)
{
	(void)state;
	conversation(100, "old");
	fixture_sql(store, "UPDATE message SET body = 'hello'");
	settings->keep_bodies_days = 80;
	pass(false);
	sample_message(&sample, noon(100) + 10 * SEC, "late");
	sample_receipt(&sample, noon(100) + 20 * SEC, "old", "again");
	sample_commit(&sample);
	assert_int_equal(count("message"), 2);
	fixture_sql(store, "UPDATE message SET body = 'hello' WHERE id = 'late'");
	assert_int_equal(pass(false).strips, 1);
	assert_int_equal(count("message WHERE body IS NOT NULL"), 0);
	fixture_sql(store, "UPDATE message SET tie = 'hello' WHERE id = 'late'");
	assert_int_equal(pass(false).strips, 1);
	assert_int_equal(count("message WHERE tie IS NOT NULL"), 0);
	settings->keep_days = 80;
	assert_int_equal(pass(false).drops, 1);
	assert_int_equal(count("message"), 0);
}

// --- readers and writers ---

static void a_long_query_is_not_waited_for_and_not_broken(void **state)
{
	(void)state;
	struct store *reader = fixture_open(&fixture, STORE_READ);
	conversation(100, "old");
	settings->keep_days = settings->keep_bodies_days = 80;
	fixture_sql(reader, "BEGIN; SELECT count(*) FROM message");
	struct said said = pass(false);
	assert_int_equal(said.drops, 0);
	assert_true(said.busy >= 1);
	assert_int_equal(count("message"), 1);
	assert_int_equal(count("dropped_day"), 0);
	fixture_sql(reader, "COMMIT");
	assert_int_equal(pass(false).drops, 1);
	store_close(reader);
}

// The copy is made without holding anybody up: a batch that commits meanwhile must not be lost.
static void a_day_that_is_written_meanwhile_is_left(void **state)
{
	(void)state;
	struct store *other = fixture_open(&fixture, STORE_WRITE);
	conversation(100, "old");
	fixture_sql(store, "UPDATE message SET body = 'hello'");
	fixture_sql(store, "BEGIN; SELECT id FROM lane FOR UPDATE; UPDATE message SET acks = 7");
	PQsetnonblocking(other->conn, 0);
	assert_true(PQsendQuery(other->conn, "SELECT strip_day(current_date - 100, now())"));
	for (int i = 0; i < 100 && !count("pg_locks WHERE NOT granted"); i++)
		usleep(20000);
	assert_true(count("pg_locks WHERE NOT granted") >
		    0); // the copy is made, the lane is waited for
	fixture_sql(store, "COMMIT");
	PGresult *result = PQgetResult(other->conn);
	assert_string_equal(PQresultErrorField(result, PG_DIAG_SQLSTATE), "55P03");
	PQclear(result);
	assert_int_equal(count("message WHERE acks = 7"), 1);
	store_close(other);
}

// --- legal holds that come between ---

static const struct legal_hold hold = {
	.jid = {ADA, sizeof ADA - 1},
	.until = INT64_C(4070908800000000), // 2099-01-01
	.reason = {"case 7", 6},
	.by = {"test", 4},
};

// Makes the hold after the first day, when all days were listed as free of it.
static void hold_after_the_first(void *self, const struct retention_step *step)
{
	struct err err = {0};
	struct store *other = fixture_open(&fixture, STORE_WRITE);
	hear(self, step);
	if (!store_hold_add(other, &hold, &err))
		fail_msg("%s", err.text);
	store_close(other);
}

static struct said pass_with_hold(void)
{
	static atomic_int never;
	struct said said = {0};
	struct err err = {0};
	fixture.app.stop = &never;
	conversation(100, "first");
	conversation(90, "second");
	fixture_sql(store, "UPDATE message SET body = 'hello'");
	if (!store_retention(store, false, &said, hold_after_the_first, &err))
		fail_msg("%s", err.text);
	return said;
}

static void a_hold_during_a_pass_keeps_the_days_that_are_left(void **state) // F170
{
	(void)state;
	settings->keep_days = 80;
	struct said said = pass_with_hold();
	assert_int_equal(said.drops, 1);
	assert_int_equal(said.held, 1);
	assert_string_equal(said.reason, "messages of 1 under legal hold");
	assert_int_equal(count("message WHERE id = 'second' AND body = 'hello'"), 1);
	assert_int_equal(count("dropped_day"), 1);
}

static void a_hold_during_a_pass_keeps_the_bodies_that_are_left(void **state) // F170
{
	(void)state;
	settings->keep_bodies_days = 80;
	struct said said = pass_with_hold();
	assert_int_equal(said.strips, 1);
	assert_int_equal(said.held, 1);
	assert_int_equal(count("message WHERE id = 'second' AND body = 'hello'"), 1);
	assert_int_equal(count("message WHERE body IS NOT NULL"), 1);
	assert_int_equal(count("pg_class WHERE relname LIKE '%\\_fresh'"), 0);
}

static void await_waiting(void)
{
	for (int i = 0; i < 500 && !count("pg_locks WHERE NOT granted"); i++)
		usleep(20000);
	assert_true(count("pg_locks WHERE NOT granted") > 0);
}

// Whoever drops or strips waits for the lanes; who has them makes the hold.
static void assert_held(const char *query)
{
	struct store *other = fixture_open(&fixture, STORE_WRITE);
	fixture_sql(store, "BEGIN; SELECT id FROM lane FOR UPDATE");
	PQsetnonblocking(other->conn, 0);
	assert_true(PQsendQuery(other->conn, query));
	await_waiting();
	fixture_sql(store, "INSERT INTO legal_hold (jid, name, until, reason, by) "
			   "SELECT id, jid, '2099-01-01', 'x', 'x' FROM jid WHERE jid = '" BEN
			   "'; COMMIT");
	PGresult *result = PQgetResult(other->conn);
	assert_string_equal(PQgetvalue(result, 0, 0), "0");
	assert_string_equal(PQgetvalue(result, 0, 1), "messages of 1 under legal hold");
	PQclear(result);
	assert_int_equal(count("message WHERE body = 'hello'"), 1);
	fixture_sql(store, "DELETE FROM legal_hold");
	store_close(other);
}

static void holds_are_asked_for_once_the_lanes_are_had(void **state) // F170
{
	(void)state;
	conversation(100, "old");
	fixture_sql(store, "UPDATE message SET body = 'hello'");
	assert_held("SELECT gone, held FROM drop_day(current_date - 100, 'test', now())");
	assert_held("SELECT gone, held FROM strip_day(current_date - 100, now())");
	assert_int_equal(fixture_int(store, "SELECT upheavals FROM lane WHERE id = 0"), 0);
	assert_int_equal(count("dropped_day"), 0);
}

// Erase looks for holds under the same lock.
static void a_hold_is_not_made_while_others_have_the_lanes(void **state) // F170
{
	(void)state;
	struct err err = {0};
	struct store *other = fixture_open(&fixture, STORE_WRITE);
	fixture_sql(other, "BEGIN; SELECT id FROM lane FOR UPDATE");
	fixture_sql(store, "SET lock_timeout = '200ms'");
	assert_false(store_hold_add(store, &hold, &err));
	assert_string_equal(store->sqlstate, "55P03");
	fixture_sql(other, "COMMIT");
	assert_int_equal(count("legal_hold"), 0);
	assert_true(store_hold_add(store, &hold, &err));
	assert_int_equal(count("legal_hold"), 1);
	store_close(other);
}

static void what_came_after_the_list_keeps_its_day(void **state)
{
	(void)state;
	sample_message(&sample, noon(10), "open");
	sample_commit(&sample);
	assert_int_equal(
		fixture_int(store, "SELECT gone FROM drop_day(current_date - 10, 'test', now())"),
		0);
	assert_int_equal(
		count("drop_day(current_date - 10, 'test', now()) WHERE kept LIKE '%answered'"), 1);
	assert_int_equal(count("message WHERE id = 'open'"), 1);
}

// --- late ---

static int64_t late(void)
{
	return fixture_int(store, "SELECT coalesce(sum(n), 0) FROM line_counter WHERE name = "
				  "'late_dropped' AND day = current_date - 100");
}

static void what_comes_late_is_counted_and_not_stored(void **state) // F102
{
	(void)state;
	conversation(100, "old");
	settings->keep_days = 80;
	pass(false);
	sample_message(&sample, noon(100) + 100 * SEC, "late");
	sample_message(&sample, noon(60), "young");
	struct batch_result result = sample_commit(&sample);
	assert_int_equal(result.inserted, 1);
	assert_int_equal(count("message WHERE id = 'young'"), 1);
	assert_int_equal(count("message"), 1);
	assert_int_equal(count("sent_id WHERE day = current_date - 100"), 0);
	assert_int_equal(late(), 1);
	assert_int_equal(count("pg_class WHERE relname = 'message_' || to_char(current_date - 100, "
			       "'YYYYMMDD')"),
			 0);
	struct honesty honesty;
	assert_true(store_honesty(store, 0, noon(101), noon(99), &honesty, NULL));
	assert_int_equal(honesty.open_gaps, 1);
	assert_true(store_honesty(store, 0, noon(70), noon(50), &honesty, NULL));
	assert_int_equal(honesty.open_gaps, 0);
}

// The position moved on: the same lines are not counted a second time by a replay.
static void late_lines_move_the_mark(void **state)
{
	(void)state;
	conversation(100, "old");
	settings->keep_days = 80;
	pass(false);
	int64_t before = fixture_int(store, "SELECT mark_offset FROM lane_mark");
	sample_message(&sample, noon(100) + 100 * SEC, "late");
	sample_commit(&sample);
	assert_true(fixture_int(store, "SELECT mark_offset FROM lane_mark") > before);
}

static void an_ack_of_a_dropped_message_is_an_orphan(void **state)
{
	(void)state;
	conversation(100, "old");
	settings->keep_days = 80;
	pass(false);
	sample_receipt(&sample, noon(79), "old", "later");
	sample_commit(&sample);
	assert_int_equal(count("ack WHERE class = 1 AND ref = 'old'"), 1);
	assert_int_equal(count("message"), 0);
}

// Two receipts make it complex: evidence of its own, seen on a day that is there.
static void evidence_of_a_late_message_is_an_orphan(void **state)
{
	(void)state;
	conversation(100, "old");
	settings->keep_days = 80;
	pass(false);
	sample_message(&sample, noon(100) + 100 * SEC, "late");
	sample_receipt(&sample, noon(100) + 101 * SEC, "late", "one");
	sample_receipt(&sample, noon(79), "late", "two");
	sample_commit(&sample);
	assert_int_equal(count("message"), 0);
	assert_int_equal(count("ack WHERE class = 0"), 0);
	assert_int_equal(count("ack WHERE class = 1 AND n = 0"), 1);
	assert_int_equal(late(), 2);
}

static void a_row_that_moves_to_a_dropped_day_goes(void **state)
{
	(void)state;
	conversation(100, "old");
	sample_line(&sample, (struct sample_line){.at = noon(80) - DAY / 2 + 10 * SEC,
						  .dir = DIR_OUT,
						  .session = BEN "/tablet",
						  .from = ADA "/phone",
						  .to = BEN,
						  .id = "moves",
						  .body = "x"});
	sample_commit(&sample);
	fixture_sql(store, "SELECT drop_day(current_date - 81, 'test', now())");
	assert_int_equal(count("message WHERE id = 'moves'"), 1);
	sample_line(&sample, (struct sample_line){.at = noon(80) - DAY / 2 - 10 * SEC,
						  .dir = DIR_IN,
						  .session = ADA "/phone",
						  .from = ADA "/phone",
						  .to = BEN,
						  .id = "moves",
						  .body = "x"});
	sample_commit(&sample);
	assert_int_equal(count("message WHERE id = 'moves'"), 0);
	assert_int_equal(count("line_counter WHERE name = 'late_dropped' AND day = current_date - "
			       "81 AND n = 1"),
			 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, away)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_old_day_goes_whole),
		TEST(findings_of_the_day_go_with_it),
		TEST(a_day_in_the_rest_partition_goes_too),
		TEST(tables_are_found_by_the_catalogue),
		TEST(an_unfinished_day_is_kept),
		TEST(an_old_unfinished_day_is_not_kept),
		TEST(a_gap_keeps_its_day),
		TEST(the_oldest_go_until_the_size_is_reached),
		TEST(bodies_go_and_facts_stay),
		TEST(a_stripped_day_takes_rows_and_is_stripped_again),
		TEST(a_long_query_is_not_waited_for_and_not_broken),
		TEST(a_day_that_is_written_meanwhile_is_left),
		TEST(a_hold_during_a_pass_keeps_the_days_that_are_left),
		TEST(a_hold_during_a_pass_keeps_the_bodies_that_are_left),
		TEST(holds_are_asked_for_once_the_lanes_are_had),
		TEST(a_hold_is_not_made_while_others_have_the_lanes),
		TEST(what_came_after_the_list_keeps_its_day),
		TEST(what_comes_late_is_counted_and_not_stored),
		TEST(late_lines_move_the_mark),
		TEST(an_ack_of_a_dropped_message_is_an_orphan),
		TEST(evidence_of_a_late_message_is_an_orphan),
		TEST(a_row_that_moves_to_a_dropped_day_goes),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
