// SPDX-License-Identifier: Apache-2.0
// store_settle(): what the order of a conversation gives does not depend on the order of arrival.
#include "tests/db/stage.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <cmocka.h>

#define DAY USEC_PER_DAY

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
enum { OWN_MEMORY = 0 }; // a sanitizer keeps what was freed
#else
enum { OWN_MEMORY = 1 };
#endif

static struct settle_result settle_with(struct store *with, usec_t budget)
{
	struct settle_result result;
	struct err err = {0};
	if (!store_settle(with, sample.realm.id, &sample.rules, budget, &result, &err))
		fail_msg("%s", err.text);
	return result;
}

static void settle(void)
{
	sample_commit(&sample);
	assert_true(settle_with(store, 60 * SEC).empty);
}

static void says(usec_t at, const char *from, const char *to, const char *id)
{
	sample_line(
		&sample,
		(struct sample_line){
			.at = at, .dir = DIR_IN, .session = from, .to = to, .id = id, .body = id});
}

static void shows(usec_t at, const char *from, const char *to, enum chat_state what)
{
	sample_line(&sample,
		    (struct sample_line){
			    .at = at, .dir = DIR_IN, .session = from, .to = to, .state = what});
}

// "expression" over the rows in order of time, in one line.
static void assert_rows(const char *expression, const char *expected)
{
	char query[512];
	snprintf(
		query, sizeof query,
		"SELECT string_agg((%s)::text, ' ' ORDER BY sent_at) FROM message WHERE realm = %d",
		expression, (int)sample.realm.id);
	char *text = fixture_text(store, query);
	assert_string_equal(text, expected);
	free(text);
}

static int64_t count(const char *table, const char *where)
{
	char query[512];
	snprintf(query, sizeof query, "SELECT count(*) FROM %s WHERE realm = %d AND %s", table,
		 (int)sample.realm.id, where);
	return fixture_int(store, query);
}

static void assert_typing(const char *expected)
{
	char query[512];
	snprintf(
		query, sizeof query,
		"SELECT coalesce(string_agg(CASE WHEN end_at = 'infinity' THEN 'open' ELSE "
		"extract(epoch FROM end_at - start_at)::int::text END || '/' || ended, ' ' ORDER BY "
		"start_at), '') FROM typing WHERE realm = %d",
		(int)sample.realm.id);
	char *text = fixture_text(store, query);
	assert_string_equal(text, expected);
	free(text);
}

static void i1_a_state_that_is_read_late_comes_first(void **state)
{
	(void)state;
	sample_message(&sample, NOON, "m1");
	sample_receipt(&sample, NOON + SEC, "m1", "r1");
	says(NOON + 90 * SEC, BEN "/tablet", ADA, "b1");
	settle();
	assert_rows("read_via", "7 0");
	assert_rows("response_ms", "90000 -1");
	shows(NOON + 30 * SEC, BEN "/tablet", ADA, STATE_COMPOSING);
	settle();
	assert_rows("read_via", "6 0");
	assert_typing("60/2");
}

static void i1_what_is_read_late_makes_a_copy_of_a_sign(void **state)
{
	(void)state;
	says(NOON + SEC / 4, ADA "/phone", BEN, "m0");
	sample_message(&sample, NOON + SEC / 2, "m1");
	sample_receipt(&sample, NOON + SEC, "m1", "r1");
	shows(NOON + SEC * 3 / 2, BEN "/tablet", ADA, STATE_COMPOSING);
	settle();
	assert_rows("read_via", "0 6");
	shows(NOON, BEN "/tablet", ADA, STATE_COMPOSING); // before they were sent
	settle();
	assert_rows("read_via", "0 0");
}

static void i2_a_receipt_that_is_read_late_opens_the_window(void **state)
{
	(void)state;
	sample_message(&sample, NOON, "m1");
	says(NOON + 90 * SEC, BEN "/tablet", ADA, "b1");
	settle();
	assert_rows("read_via", "0 0");
	sample_receipt(&sample, NOON + SEC, "m1", "r1");
	settle();
	assert_rows("read_via", "7 0");
}

// The next row of a party, days later, stops being the first of a run, and becomes it again.
static void f6_a_late_row_changes_the_run_of_a_row_days_later(void **state)
{
	(void)state;
	says(NOON, BEN "/tablet", ADA, "b1");
	says(NOON + 20 * DAY, ADA "/phone", BEN, "a1");
	says(NOON + 20 * DAY + 5 * SEC, BEN "/tablet", ADA, "b2");
	settle();
	assert_rows("response_ms", "-1 5000 -1");
	says(NOON + 9 * DAY, ADA "/phone", BEN, "a0");
	settle();
	assert_rows("response_ms", "-1 -1 -1 -1");
	says(NOON + 15 * DAY, BEN "/tablet", ADA, "b0");
	settle();
	assert_rows("response_ms", "-1 -1 -1 5000 -1");
}

static void f5_an_interval_is_ended_days_later_and_cut_by_what_comes_late(void **state)
{
	(void)state;
	shows(NOON, ADA "/phone", BEN, STATE_COMPOSING);
	settle();
	assert_typing("open/0");
	shows(NOON + 10 * DAY, ADA "/phone", BEN, STATE_COMPOSING);
	settle();
	assert_typing("open/0");
	shows(NOON + 11 * DAY, ADA "/phone", BEN, STATE_GONE);
	settle();
	assert_typing("950400/1");
	says(NOON + 7 * SEC, ADA "/phone", BEN, "a1");
	settle();
	assert_typing("7/2 86400/1");
}

static void cs_repeat_far_apart_is_taken_back(void **state)
{
	(void)state;
	shows(NOON, ADA "/phone", BEN, STATE_PAUSED);
	shows(NOON + 40 * DAY, ADA "/phone", BEN, STATE_PAUSED);
	settle();
	assert_int_equal(count("finding", "rule = 'CS-REPEAT' AND ref = 'paused'"), 1);
	shows(NOON + 20 * DAY, ADA "/phone", BEN, STATE_ACTIVE);
	settle();
	assert_int_equal(count("finding", "rule = 'CS-REPEAT'"), 0);
}

static void f5_the_first_ingress_of_a_device_drops_its_egress(void **state)
{
	(void)state;
	struct sample_line line = {.at = NOON,
				   .dir = DIR_OUT,
				   .session = BEN "/tablet",
				   .from = ADA "/phone",
				   .to = BEN,
				   .state = STATE_COMPOSING};
	sample_line(&sample, line);
	line.at += 9 * SEC;
	line.state = STATE_PAUSED;
	sample_line(&sample, line);
	settle();
	assert_typing("9/1");
	shows(NOON + 30 * DAY, ADA "/phone", "cleo@c.example", STATE_ACTIVE);
	settle();
	assert_typing("");
}

static void cs_unnegotiated_is_taken_back_by_an_older_state(void **state)
{
	(void)state;
	shows(NOON, ADA "/phone", BEN, STATE_ACTIVE);
	says(NOON + 5 * SEC, BEN "/tablet", ADA, "b1");
	shows(NOON + 3 * DAY, ADA "/phone", BEN, STATE_COMPOSING);
	settle();
	assert_int_equal(count("finding", "rule = 'CS-UNNEGOTIATED'"), 1);
	shows(NOON - DAY, BEN "/tablet", ADA, STATE_ACTIVE);
	settle();
	assert_int_equal(count("finding", "rule = 'CS-UNNEGOTIATED'"), 0);
}

static void what_is_read_is_settled_once(void **state)
{
	(void)state;
	sample_message(&sample, NOON, "m1");
	settle();
	assert_int_equal(count("settle_unit", "true"), 0);
	assert_int_equal(settle_with(store, SEC).units, 0);
	struct settle_lag lag;
	struct err err = {0};
	sample_receipt(&sample, NOON + SEC, "m1", "r1");
	sample_commit(&sample);
	assert_true(store_settle_lag(store, sample.realm.id, &lag, &err));
	assert_int_equal(lag.units, 1);
	assert_true(lag.since != USEC_NONE);
	settle_with(store, SEC);
	assert_true(store_settle_lag(store, sample.realm.id, &lag, &err));
	assert_int_equal(lag.units, 0);
}

// 200,000 rows of two people in one day.
static void a_big_conversation_is_settled_in_seconds(void **state)
{
	(void)state;
	enum { ROWS = 200000 };
	char query[2048];
	says(NOON, ADA "/phone", BEN, "first");
	settle();
	snprintf(
		query, sizeof query,
		"INSERT INTO message SELECT m.conv, m.sent_at + i * interval '0.2 s', i, 1, m.realm, "
		"CASE i %% 2 WHEN 0 THEN m.from_jid ELSE m.to_jid END, "
		"CASE i %% 2 WHEN 0 THEN m.to_jid ELSE m.from_jid END, 'id' || i, 'phone', NULL, 1, 0, 5, "
		"3, 1, m.sent_at, NULL, NULL, NULL, NULL, m.sent_at + i * interval '0.2 s', 1, NULL, 0, "
		"NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0, 1, 0, NULL, NULL, NULL, NULL, NULL, NULL, "
		"NULL, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, 0, -1 "
		"FROM message AS m, generate_series(1, %d) AS i WHERE m.realm = %d",
		ROWS, (int)sample.realm.id);
	fixture_sql(store, query);
	snprintf(
		query, sizeof query,
		"INSERT INTO settle_unit SELECT conv, sent_at::date, realm, min(sent_at), max(sent_at), "
		"false FROM message WHERE realm = %d GROUP BY 1, 2, 3",
		(int)sample.realm.id);
	fixture_sql(store, query);
	struct rusage before, after;
	getrusage(RUSAGE_SELF, &before);
	usec_t from = usec_monotonic();
	assert_true(settle_with(store, 600 * SEC).empty);
	usec_t took = usec_monotonic() - from;
	getrusage(RUSAGE_SELF, &after);
	print_message("%d rows in %lld ms, %ld MB more\n", ROWS, (long long)took / 1000,
		      (after.ru_maxrss - before.ru_maxrss) / 1024);
	assert_true(took < 60 * SEC);
	assert_true(!OWN_MEMORY || after.ru_maxrss - before.ru_maxrss < 150 * 1024);
	assert_int_equal(count("message", "response_ms = 200"), ROWS);
	assert_int_equal(count("message", "read_via = 7"), ROWS - 1);
	says(NOON + 40001 * SEC, BEN "/tablet", ADA, "last");
	sample_commit(&sample);
	from = usec_monotonic();
	assert_true(settle_with(store, 600 * SEC).empty);
	took = usec_monotonic() - from;
	print_message("one more row in %lld ms\n", (long long)took / 1000);
	assert_true(took < 10 * SEC);
}

static void *settle_in_thread(void *with)
{
	struct settle_result result = {0};
	struct err err = {0};
	for (int i = 0; i < 100 && !result.empty; i++)
		if (!store_settle(with, sample.realm.id, &sample.rules, 1, &result, &err))
			return (void *)1;
	return NULL;
}

static void two_settlers_at_once_come_to_the_same(void **state)
{
	(void)state;
	char peer[64], id[16];
	for (int i = 0; i < 300; i++) {
		snprintf(peer, sizeof peer, "p%d@b.example", i);
		snprintf(id, sizeof id, "q%d", i);
		says(NOON + i * SEC, ADA "/phone", arena_zstr(sample.arena, text_of(peer)),
		     arena_zstr(sample.arena, text_of(id)));
		snprintf(peer, sizeof peer, "p%d@b.example/x", i);
		shows(NOON + i * SEC + SEC / 2, arena_zstr(sample.arena, text_of(peer)), ADA,
		      STATE_COMPOSING);
		says(NOON + i * SEC + 2 * SEC, arena_zstr(sample.arena, text_of(peer)), ADA,
		     arena_zstr(sample.arena, text_of(id)));
	}
	sample_commit(&sample);
	struct store *other = fixture_open(&fixture, STORE_WRITE);
	pthread_t thread;
	void *failed;
	assert_int_equal(pthread_create(&thread, NULL, settle_in_thread, other), 0);
	void *mine = settle_in_thread(store);
	pthread_join(thread, &failed);
	store_close(other);
	assert_null(mine);
	assert_null(failed);
	assert_int_equal(count("settle_unit", "true"), 0);
	assert_int_equal(count("message", "response_ms = 2000"), 300);
	assert_int_equal(count("typing", "ended = 2"), 300);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start_sample, stop_sample)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(i1_a_state_that_is_read_late_comes_first),
		TEST(i1_what_is_read_late_makes_a_copy_of_a_sign),
		TEST(i2_a_receipt_that_is_read_late_opens_the_window),
		TEST(f6_a_late_row_changes_the_run_of_a_row_days_later),
		TEST(f5_an_interval_is_ended_days_later_and_cut_by_what_comes_late),
		TEST(cs_repeat_far_apart_is_taken_back),
		TEST(f5_the_first_ingress_of_a_device_drops_its_egress),
		TEST(cs_unnegotiated_is_taken_back_by_an_older_state),
		TEST(what_is_read_is_settled_once),
		TEST(a_big_conversation_is_settled_in_seconds),
		TEST(two_settlers_at_once_come_to_the_same),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
