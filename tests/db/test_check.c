// SPDX-License-Identifier: Apache-2.0
// "check" sees what was spoiled, in the days that it was asked for, and nothing else.
#include "tests/db/recompute.h"
#include "tests/db/stage.h"

#include "store/rollup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define MINUTE (60 * SEC)
#define HOUR (60 * MINUTE)

// --- what was spoiled is named ---

static void spoil(const char *sql, const char *expected)
{
	struct buf text = {0};
	char query[512];
	snprintf(query, sizeof query, sql, (int)sample.realm.id);
	fixture_sql(store, "BEGIN");
	fixture_sql(store, query);
	fixture_sql(store, "COMMIT");
	struct check_result result = recompute(&sample, USEC_NONE, USEC_NONE, &text);
	if (!result.differences || !strstr(text.data, expected))
		fail_msg("%s\nwanted: %s", text.data ? text.data : "no difference", expected);
	buf_free(&text);
}

static void check_names_what_was_spoiled(void **state)
{
	(void)state;
	struct err err = {0};
	sample_message(&sample, NOON, "m1");
	sample_receipt(&sample, NOON + SEC, "m1", "r1");
	sample_commit(&sample);
	assert_recomputed_equal(&sample, "whole");
	spoil("UPDATE rollup SET confirmed = 5 WHERE realm = %d AND grain = 3",
	      "rollup grain 3 from a.example to b.example: confirmed 5, recomputed 1\n");
	spoil("UPDATE rollup_latency SET counts = '{2}' WHERE realm = %d AND grain = 2",
	      "rollup_latency grain 2 metric 1: bin 111 2, recomputed 1\n");
	spoil("DELETE FROM rollup_user WHERE realm = %d",
	      "rollup_user ben@b.example: received 0, recomputed 1\n");
	assert_true(rollups_restate(store, sample.realm.id, NOON, NOON + 1, &err));
	assert_recomputed_equal(&sample, "restated");
	spoil("UPDATE message SET flags = 0 WHERE realm = %d",
	      "rollup grain 1: requested 1, recomputed 0\n");
}

static void check_names_rows_that_contradict_themselves(void **state)
{
	(void)state;
	sample_message(&sample, NOON, "m1");
	sample_receipt(&sample, NOON + SEC, "m1", "r1");
	sample_commit(&sample);
	assert_recomputed_equal(&sample, "whole");
	spoil("UPDATE message SET state = 3 WHERE realm = %d", ": state 3, recomputed 5\n");
	spoil("UPDATE message SET state = 5, acks = 2 WHERE realm = %d",
	      ": acks 2, recomputed 1\n");
	spoil("UPDATE message SET acks = 1, delivered_at = delivered_at + '1 s' WHERE realm = %d",
	      ": delivered_at 2026-03-02 12:00:02+00, recomputed 2026-03-02 12:00:01+00\n");
}

#define ROOM "deck@rooms.a.example"

static void room_message(usec_t at, const char *id)
{
	sample_line(&sample, (struct sample_line){.at = at,
						  .dir = DIR_OUT,
						  .session = ADA "/phone",
						  .from = ROOM "/Ann",
						  .to = ADA "/phone",
						  .id = id,
						  .body = id,
						  .room = true});
}

static void room_marker(usec_t at, const char *own, const char *id)
{
	sample_line(&sample, (struct sample_line){.at = at,
						  .dir = DIR_OUT,
						  .session = ADA "/phone",
						  .from = ROOM "/Ben",
						  .to = ADA "/phone",
						  .id = own,
						  .displayed = id,
						  .room = true});
}

static int64_t count_backward(void)
{
	char query[256];
	snprintf(query, sizeof query,
		 "SELECT count(*) FROM finding WHERE realm = %d AND rule = 'MARK-BACKWARD' "
		 "AND NOT withdrawn",
		 (int)sample.realm.id);
	return fixture_int(store, query);
}

// P8: days apart, so that the marker before is not of the same day; the last one is read late.
static void check_knows_the_markers_of_readers_of_rooms(void **state)
{
	(void)state;
	room_message(NOON, "m1");
	room_message(NOON + SEC, "m2");
	room_message(NOON + 2 * SEC, "m3");
	room_marker(NOON + MINUTE, "k1", "m2");
	sample_commit(&sample);
	room_marker(NOON + 3 * USEC_PER_DAY, "k2", "m1");
	sample_commit(&sample);
	assert_int_equal(count_backward(), 1);
	room_marker(NOON + 5 * USEC_PER_DAY, "k3", "m2");
	sample_commit(&sample);
	assert_int_equal(count_backward(), 1);
	room_marker(NOON + 4 * USEC_PER_DAY, "k4", "m3");
	sample_commit(&sample);
	assert_int_equal(count_backward(), 2);
	assert_recomputed_equal(&sample, "whole");
	spoil("UPDATE ack SET mark_bits = mark_bits # 1 WHERE realm = %d AND own_id = 'k3'",
	      ": mark_bits (backward) 0, recomputed 1\n");
	spoil("UPDATE ack SET mark_target = mark_target + '1 s' WHERE realm = %d AND own_id = 'k4'",
	      ": mark_target 2026-03-02 12:00:03+00, recomputed null\n");
}

// --- findings ---

// A second receipt of one device; a receipt nobody asked for an id that nobody sent.
static void commit_findings(void)
{
	struct settle_result result;
	struct err err = {0};
	sample_message(&sample, NOON, "m1");
	sample_receipt(&sample, NOON + SEC, "m1", "r1");
	sample_receipt(&sample, NOON + MINUTE, "m1", "r2");
	sample_receipt(&sample, NOON + 2 * MINUTE, "nobody", "r3");
	for (int i = 0; i < 2; i++)
		sample_line(&sample, (struct sample_line){.at = NOON + (5 + 5 * i) * SEC,
							  .dir = DIR_IN,
							  .session = BEN "/tablet",
							  .to = ADA,
							  .state = STATE_PAUSED});
	sample_commit(&sample);
	assert_true(store_settle(store, sample.realm.id, &sample.rules, 60 * USEC_PER_SEC, &result,
				 &err));
	assert_true(result.empty);
}

static void again(const char *sql)
{
	char query[512];
	snprintf(query, sizeof query, sql, (int)sample.realm.id);
	fixture_sql(store, query);
	assert_recomputed_equal(&sample, sql);
}

static void check_derives_findings_anew(void **state)
{
	(void)state;
	commit_findings();
	assert_recomputed_equal(&sample, "whole");
	struct check_result result = recompute(&sample, USEC_NONE, USEC_NONE, NULL);
	assert_int_equal(result.keys, 2);
	assert_int_equal(result.findings, 3);
	assert_int_equal(result.unsettled, 0);

	// One is missing, one was taken back, one stands that should not.
	spoil("UPDATE finding SET withdrawn = true WHERE realm = %d AND rule = 'ACK-DUP'",
	      "finding ACK-DUP by ben@b.example/tablet ref m1: open no, recomputed yes\n");
	again("UPDATE finding SET withdrawn = false WHERE realm = %d");
	spoil("CREATE TABLE receiptd.gone AS SELECT * FROM finding WHERE realm = %d AND rule = "
	      "'ACK-UNKNOWN-ID'; DELETE FROM finding WHERE rule = 'ACK-UNKNOWN-ID'",
	      "finding ACK-UNKNOWN-ID by ben@b.example/tablet ref nobody: open no, recomputed yes\n");
	again("INSERT INTO finding SELECT * FROM receiptd.gone WHERE realm = %d");
	fixture_sql(store, "DROP TABLE receiptd.gone");
	spoil("INSERT INTO finding SELECT realm, conv, key, 7, 'ACK-FORGED', by, ref, first_at, "
	      "last_at, n, position FROM finding WHERE realm = %d AND rule = 'ACK-DUP'",
	      "finding ACK-FORGED by ben@b.example/tablet ref m1: open yes, recomputed no\n");
	again("DELETE FROM finding WHERE realm = %d AND rule = 'ACK-FORGED'");
	spoil("INSERT INTO finding SELECT realm, conv, 5, 8, 'ACK-SELF', by, ref, first_at, "
	      "last_at, n, position FROM finding WHERE realm = %d AND rule = 'ACK-DUP'",
	      "finding ACK-SELF by ben@b.example/tablet ref m1: open yes, recomputed no\n");
	again("DELETE FROM finding WHERE realm = %d AND rule = 'ACK-SELF'");
}

static void check_judges_the_order_of_conversations_anew(void **state)
{
	(void)state;
	commit_findings();
	spoil("UPDATE finding SET rule = 'CS-EXTRA' WHERE realm = %d AND rule = 'CS-REPEAT'",
	      "finding CS-REPEAT by ben@b.example/tablet: open no, recomputed yes\n");
	again("UPDATE finding SET rule = 'CS-REPEAT' WHERE realm = %d AND rule = 'CS-EXTRA'");
	spoil("INSERT INTO finding SELECT realm, conv, 6, 9, rule, by, ref, first_at, last_at, n, "
	      "position FROM finding WHERE realm = %d AND rule = 'CS-REPEAT'",
	      "finding CS-REPEAT by ben@b.example/tablet: open yes, recomputed no\n");
	again("DELETE FROM finding WHERE realm = %d AND key = 6");
	spoil("UPDATE message SET response_ms = 77 WHERE realm = %d",
	      ": response_ms 77, recomputed -1\n");
}

static void check_derives_columns_and_evidence_anew(void **state)
{
	(void)state;
	commit_findings();
	spoil("UPDATE message SET acks_dup = 0 WHERE realm = %d", ": acks_dup 0, recomputed 1\n");
	again("UPDATE message SET acks_dup = 1 WHERE realm = %d");
	spoil("UPDATE message SET n = 2 WHERE realm = %d", ": n 2, recomputed 1\n");
	again("UPDATE message SET n = 1 WHERE realm = %d");
	spoil("UPDATE ack SET class = 2 WHERE realm = %d AND class = 1",
	      ": evidence kind 0 class 2 n 0, recomputed kind 0 class 1 n 0\n");
}

// By this list the messages of an account are found: who is not in it has none.
static void check_looks_for_everybody_who_takes_part(void **state)
{
	(void)state;
	commit_findings();
	spoil("UPDATE party SET realm = -realm WHERE realm = %d", ": ada@a.example of realm -");
	again("UPDATE party SET realm = -realm WHERE realm = -%d");
	spoil("DELETE FROM party AS p USING jid AS j WHERE j.id = p.jid AND p.realm = %d AND "
	      "j.jid = 'ben@b.example'",
	      ": ben@b.example missing, recomputed there\n");
}

static void check_looks_for_conversations_that_a_list_of_a_day_lacks(void **state)
{
	(void)state;
	struct err err = {0};
	int64_t listed;
	sample_message(&sample, NOON, "m1");
	sample_receipt(&sample, NOON + SEC, "m1", "r1");
	sample_commit(&sample);
	assert_true(store_list_days(store, &listed, &err));
	assert_true(listed > 0);
	assert_recomputed_equal(&sample, "listed");
	spoil("UPDATE day_conv SET convs = '{7}' WHERE %d > 0", ": listed no, recomputed yes\n");
	fixture_sql(store, "DELETE FROM day_list");
	assert_recomputed_equal(&sample, "not listed");
}

static void check_looks_at_whole_days_of_its_interval_only(void **state)
{
	(void)state;
	struct buf text = {0};
	char query[128];
	for (int day = 0; day < 3; day++)
		sample_message(&sample, NOON + day * USEC_PER_DAY, "m1");
	sample_commit(&sample);
	snprintf(query, sizeof query, "UPDATE rollup SET sent = sent + 1 WHERE realm = %d",
		 (int)sample.realm.id);
	fixture_sql(store, query);
	struct check_result result = recompute(&sample, NOON + 26 * HOUR, NOON + 27 * HOUR, &text);
	assert_int_equal(result.days, 1);
	assert_int_equal(result.rows, 1);
	assert_int_equal(result.differences, 4); // one a grain
	buf_free(&text);
}

static void days_that_were_dropped_are_passed_over(void **state)
{
	(void)state;
	struct err err = {0};
	char query[256];
	for (int day = 0; day < 3; day++)
		sample_message(&sample, NOON + day * USEC_PER_DAY, "m1");
	sample_commit(&sample);
	fixture_sql(store, "SELECT drop_day('2026-03-03', 'test', '2100-01-01')");
	assert_recomputed_equal(&sample, "dropped");
	struct check_result result = recompute(&sample, USEC_NONE, USEC_NONE, NULL);
	assert_int_equal(result.days, 2);
	assert_int_equal(result.dropped_days, 1);
	assert_true(rollups_restate(store, sample.realm.id, NOON, NOON + 4 * USEC_PER_DAY, &err));
	snprintf(query, sizeof query,
		 "SELECT sum(sent)::int8 FROM rollup WHERE realm = %d AND grain = 2",
		 (int)sample.realm.id);
	assert_int_equal(fixture_int(store, query), 3);
}

// --- work: each row is read a fixed number of times, however the days of a conversation lie ---

static int64_t rows_read(void)
{
	fixture_sql(store, "SELECT pg_stat_force_next_flush()");
	return fixture_int(store, "SELECT sum(seq_tup_read + idx_tup_fetch)::int8 FROM "
				  "pg_stat_user_tables WHERE relname LIKE 'message%'");
}

// Each marker reaches back a month (P8).
static void check_reads_a_long_conversation_once(void **state)
{
	(void)state;
	char id[16];
	int day = 0, count = 0;
	for (; day < 60; day++)
		for (int i = 0; i < 4; i++) {
			usec_t at = NOON + day * USEC_PER_DAY + i * MINUTE;
			snprintf(id, sizeof id, "m%d", ++count);
			sample_message(&sample, at, id);
			sample_line(&sample, (struct sample_line){.at = at + SEC,
								  .dir = DIR_IN,
								  .session = BEN "/tablet",
								  .to = ADA,
								  .displayed = id});
		}
	sample_commit(&sample);
	int64_t before = rows_read();
	struct check_result result = recompute(&sample, USEC_NONE, USEC_NONE, NULL);
	assert_int_equal(result.differences, 0);
	assert_int_equal(result.keys, count);
	assert_in_range((rows_read() - before) / count, 1, 12);
	assert_recomputed_equal(&sample, "in pieces");
}

// --- the command ---

static int run(char *text, size_t size, char **argv)
{
	int argc = 0, saved = dup(STDOUT_FILENO);
	FILE *file = tmpfile();
	while (argv[argc])
		argc++;
	fflush(stdout);
	dup2(fileno(file), STDOUT_FILENO);
	int status = cmd_check(&fixture.app, argc, argv);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	rewind(file);
	text[fread(text, 1, size - 1, file)] = '\0';
	fclose(file);
	return status;
}

static void the_command_exits_0_when_equal_and_3_with_the_first_differences(void **state)
{
	(void)state;
	char text[4096], realm[32], query[128];
	char *all[] = {"check", "--realm", realm, NULL};
	char *other[] = {"check", "--realm", realm, "--since", "2026-03-04T00:00:00Z", NULL};
	snprintf(realm, sizeof realm, "realm-%d", realms);
	for (int i = 0; i < 30; i++) {
		char id[16];
		snprintf(id, sizeof id, "m%d", i);
		sample_message(&sample, NOON + i * 15 * MINUTE, id);
	}
	sample_commit(&sample);
	assert_int_equal(run(text, sizeof text, all), 0);
	assert_string_equal(
		text, "equal: 1 days, 30 messages; derived anew: 30 keys, 0 findings; 1 parts "
		      "of conversations wait to be settled, not compared\n");
	snprintf(query, sizeof query, "UPDATE rollup SET acks = 7 WHERE realm = %d",
		 (int)sample.realm.id);
	fixture_sql(store, query);
	assert_int_equal(run(text, sizeof text, other), 0);
	assert_int_equal(run(text, sizeof text, all), 3);
	assert_non_null(strstr(text, "rollup grain 1 at 2026-03-02T12:00:00Z: acks is 7, "
				     "recomputed 0\n"));
	assert_non_null(strstr(text, "the first 20 differences, there may be more\n"));
	int lines = 0;
	for (const char *at = text; (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(lines, 21);
}

static void the_command_refuses_what_it_does_not_know(void **state)
{
	(void)state;
	char text[4096];
	assert_int_equal(run(text, sizeof text, (char *[]){"check", "--help", NULL}), 0);
	assert_non_null(strstr(text, "Exit status: 0 all equal; 3 something differs"));
	assert_int_equal(run(text, sizeof text, (char *[]){"check", "--what", NULL}), 2);
	assert_int_equal(run(text, sizeof text, (char *[]){"check", "--since", "then", NULL}), 2);
	assert_int_equal(run(text, sizeof text, (char *[]){"check", "--realm", "none", NULL}), 2);
}

// --- F126: absurd years ---

// Work that was done, not time: between these lie three million days that hold nothing.
static void days_between_absurd_years_are_not_looked_at(void **state)
{
	const usec_t years[] = {-INT64_C(62130412800) * SEC, NOON, INT64_C(253340000000) * SEC};
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const struct sample_line seen = {.at = years[i],
						 .dir = DIR_OUT,
						 .session = BEN "/tablet",
						 .from = ADA "/phone",
						 .to = BEN,
						 .state = STATE_COMPOSING};
		sample_line(&sample, seen);
	}
	sample_commit(&sample);
	// Of a device that is seen at first hand all states are judged anew.
	sample_line(&sample, (struct sample_line){.at = NOON + HOUR,
						  .dir = DIR_IN,
						  .session = ADA "/phone",
						  .to = BEN,
						  .state = STATE_COMPOSING});
	sample_message(&sample, years[2] + HOUR, "late");
	sample_commit(&sample);
	int64_t partitions = fixture_int(store, "SELECT count(*) FROM pg_inherits"
						" WHERE inhparent = 'chat_state'::regclass");
	assert_in_range(fixture_int(store, "SELECT count(DISTINCT day) FROM settle_unit"), 3,
			3 + partitions);
	struct buf text = {0};
	struct check_result result = recompute(&sample, USEC_NONE, USEC_NONE, &text);
	if (result.differences)
		fail_msg("%s", text.data);
	assert_in_range(result.looked_at, 3, 3 + partitions);
	buf_free(&text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start_sample, stop_sample)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(check_names_what_was_spoiled),
		TEST(check_names_rows_that_contradict_themselves),
		TEST(check_knows_the_markers_of_readers_of_rooms),
		TEST(check_derives_findings_anew),
		TEST(check_judges_the_order_of_conversations_anew),
		TEST(check_derives_columns_and_evidence_anew),
		TEST(check_looks_for_everybody_who_takes_part),
		TEST(check_looks_for_conversations_that_a_list_of_a_day_lacks),
		TEST(check_looks_at_whole_days_of_its_interval_only),
		TEST(check_reads_a_long_conversation_once),
		TEST(days_between_absurd_years_are_not_looked_at),
		TEST(the_command_exits_0_when_equal_and_3_with_the_first_differences),
		TEST(the_command_refuses_what_it_does_not_know),
		TEST(days_that_were_dropped_are_passed_over), // for all realms: the last one
	};
	return cmocka_run_group_tests(tests, start, stop);
}
