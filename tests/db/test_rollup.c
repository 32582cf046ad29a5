// SPDX-License-Identifier: Apache-2.0
// Roll-ups: whatever batches do to the rows, the sums equal a recompute, and metrics read from them
// equal metrics counted from rows. "check" sees what was spoiled.
#include "tests/db/fixture.h"
#include "tests/db/sample.h"

#include "store/check.h"
#include "store/rollup.h"
#include "store/rollup_row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define MINUTE (60 * SEC)
#define HOUR (60 * MINUTE)

static struct fixture fixture;
static struct store *store;
static struct sample sample;
static int realms;
static uint32_t seed;
static const volatile sig_atomic_t never;

static int start(void **state)
{
	(void)state;
	fixture_start(&fixture);
	fixture.app.stop = &never;
	store = fixture_open(&fixture, STORE_WRITE);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	store_close(store);
	fixture_stop(&fixture);
	return 0;
}

static int start_sample(void **state)
{
	char name[32];
	(void)state;
	snprintf(name, sizeof name, "realm-%d", ++realms);
	sample_start(&sample, store, name);
	seed = 20260302;
	return 0;
}

static int stop_sample(void **state)
{
	(void)state;
	sample_stop(&sample);
	return 0;
}

static int below(int n)
{
	seed = seed * 1664525u + 1013904223u;
	return (int)((seed >> 8) % (uint32_t)n);
}

// --- check ---

static void take_difference(void *self, const struct check_difference *it)
{
	buf_printf(self, "%.*s: %.*s %.*s, recomputed %.*s\n", (int)it->what.n, it->what.p,
		   (int)it->column.n, it->column.p, (int)it->stored.n, it->stored.p,
		   (int)it->made.n, it->made.p);
}

static struct check_result check(usec_t since, usec_t until, struct buf *text)
{
	struct check_result result;
	struct err err = {0};
	struct check_request request = {.realm = sample.realm.id,
					.since = since,
					.until = until,
					.limit = 20,
					.self = text,
					.difference = take_difference};
	if (!store_check(store, &request, &result, &err))
		fail_msg("%s", err.text);
	return result;
}

static void assert_equal(const char *when)
{
	struct buf text = {0};
	struct check_result result = check(USEC_NONE, USEC_NONE, &text);
	if (result.differences)
		fail_msg("%s:\n%s", when, text.data);
	assert_true(result.rows > 0);
}

// --- hostile histories ---

static const char *const users[] = {ADA, BEN, "cy@a.example", "dora@c.example"};
enum { USERS = sizeof users / sizeof *users };

struct pair {
	const char *from, *to;
	char from_device[64], to_device[64], id[16];
};

static struct pair any_pair(void)
{
	struct pair pair = {.from = users[below(USERS)], .to = users[below(USERS)]};
	snprintf(pair.from_device, sizeof pair.from_device, "%s/phone", pair.from);
	snprintf(pair.to_device, sizeof pair.to_device, "%s/%s", pair.to,
		 below(3) ? "tablet" : "desk");
	snprintf(pair.id, sizeof pair.id, "m%d", below(12)); // few ids: they are used again
	return pair;
}

// Quarters and days are crossed; some stand on the very edge.
static usec_t any_time(void)
{
	usec_t at = NOON - 30 * HOUR + below(3 * 24 * 4) * 15 * MINUTE;
	return below(4) ? at + (usec_t)below(900) * SEC + below(1000000) : at;
}

static void any_line(void)
{
	struct pair pair = any_pair();
	struct sample_line line = {.at = any_time(), .dir = DIR_IN};
	int what = below(10);
	bool answer = what >= 6;
	line.session = answer ? pair.to_device : pair.from_device;
	line.to = answer ? pair.from_device : pair.to;
	if (what < 6) {
		line.id = below(8) ? pair.id : NULL;
		line.body = below(2) ? "one" : "two";
		line.asks = below(3);
		line.markable = below(2);
	} else if (what < 8) {
		line.receipt = pair.id;
	} else if (what == 8) {
		line.displayed = pair.id;
	} else {
		line.dir = DIR_OUT;
		line.session = pair.from_device;
		line.from = pair.to;
		line.to = pair.from_device;
		line.id = pair.id;
		line.error = "service-unavailable";
	}
	sample_line(&sample, line);
}

static void sums_equal_a_recompute_after_every_commit(void **state)
{
	(void)state;
	size_t inserted = 0, updated = 0, moved = 0, removed = 0;
	for (int batch = 0; batch < 60; batch++) {
		char when[32];
		for (int n = 1 + below(12); n > 0; n--)
			any_line();
		struct batch_result result = sample_commit(&sample);
		inserted += result.inserted;
		updated += result.updated;
		moved += result.moved;
		removed += result.removed;
		snprintf(when, sizeof when, "batch %d", batch);
		assert_equal(when);
	}
	print_message("%zu inserted, %zu updated, %zu moved, %zu removed\n", inserted, updated,
		      moved, removed);
	assert_true(inserted > 50 && updated > 20 && moved > 5);
}

// The line between two incarnations makes them one: a row goes away.
static void sums_follow_rows_that_merge_and_rows_that_change_their_day(void **state)
{
	(void)state;
	usec_t midnight = NOON + 12 * HOUR;
	sample_message(&sample, midnight - 40 * MINUTE, "m1");
	sample_message(&sample, midnight + 50 * MINUTE, "m1");
	sample_commit(&sample);
	assert_equal("two");
	sample_message(&sample, midnight + 5 * MINUTE, "m1");
	assert_int_equal(sample_commit(&sample).removed, 1);
	assert_equal("merged");
	sample_message(&sample, midnight + HOUR * 2, "m2");
	sample_commit(&sample);
	sample_message(&sample, midnight + HOUR * 2 - 150 * MINUTE, "m3");
	sample_message(&sample, midnight + HOUR * 2 - 50 * MINUTE, "m2");
	assert_int_equal(sample_commit(&sample).moved, 1);
	assert_equal("moved");
}

static void a_restatement_changes_nothing(void **state)
{
	(void)state;
	struct err err = {0};
	for (int i = 0; i < 200; i++)
		any_line();
	sample_commit(&sample);
	fixture_sql(store, "BEGIN");
	assert_true(
		rollups_restate(store, sample.realm.id, NOON - 48 * HOUR, NOON + 96 * HOUR, &err));
	fixture_sql(store, "COMMIT");
	assert_equal("restated");
	any_line();
	sample_message(&sample, NOON, "next");
	sample_commit(&sample);
	assert_equal("and moved on");
}

// --- settled columns count too ---

static void what_is_settled_later_moves_its_sums(void **state)
{
	(void)state;
	struct err err = {0};
	struct row row = {.sent_at = NOON,
			  .n = 1,
			  .id = TEXT("m1"),
			  .from = TEXT(ADA),
			  .to = TEXT(BEN),
			  .class_ = CLASS_CHAT,
			  .flags = FLAG_MARKABLE,
			  .delivered_at = USEC_NONE,
			  .displayed_at = USEC_NONE,
			  .retracted_at = USEC_NONE,
			  .stored_at = USEC_NONE,
			  .read_inferred_at = USEC_NONE,
			  .response_ms = -1};
	struct rollups *rollups = rollups_new(sample.realm.id);
	rollups_add(rollups, &row, -1);
	row.read_inferred_at = NOON + SEC;
	row.response_ms = 40;
	rollups_add(rollups, &row, 1);
	fixture_sql(store, "BEGIN");
	assert_true(rollups_write(store, rollups, &err));
	rollups_free(rollups);
	char query[200];
	snprintf(
		query, sizeof query,
		"SELECT string_agg(rows || ' ' || read_inferred, ',') FROM rollup WHERE realm = %d",
		(int)sample.realm.id);
	char *sums = fixture_text(store, query);
	assert_string_equal(sums, "0 1,0 1,0 1,0 1");
	free(sums);
	snprintf(query, sizeof query,
		 "SELECT count(*) FROM rollup_latency WHERE realm = %d AND metric = 4 AND bins = "
		 "'{36}' AND counts = '{1}'",
		 (int)sample.realm.id);
	assert_int_equal(fixture_int(store, query), 3);
	fixture_sql(store, "ROLLBACK");
}

// --- bins ---

static void bins_are_those_of_sql_and_off_by_at_most_3_2_percent(void **state)
{
	(void)state;
	for (int64_t ms = 0; ms < INT64_C(400000000000); ms += 1 + ms / 37) {
		char query[120];
		int bin = latency_bin(ms);
		double off = (double)(latency_bin_ms(bin) - ms) / (double)(ms ? ms : 1);
		assert_true(off <= 0.032 && off >= -0.032);
		assert_true(bin < LATENCY_BINS && (ms >= 32 || latency_bin_ms(bin) == ms));
		snprintf(query, sizeof query,
			 "SELECT count(*) WHERE latency_bin(%lld) = %d AND latency_ms(%d) = %lld",
			 (long long)ms, bin, bin, (long long)latency_bin_ms(bin));
		assert_int_equal(fixture_int(store, query), 1);
	}
}

// --- metrics ---

static int estimated; // buckets with latencies of histograms

static bool add_bucket(void *self, const struct delivery_bucket *b)
{
	estimated += b->estimated;
	buf_printf(self, "%lld: %d %d %d | %d %d %d %d %d | %d %d | %d %d %d %d %d",
		   (long long)b->start, (int)b->sent, (int)b->unknown, (int)b->failed_all,
		   (int)b->requested, (int)b->confirmed, (int)b->failed, (int)b->pending,
		   (int)b->expired, (int)b->read_requested, (int)b->read, (int)b->stored,
		   (int)b->ttd_n, (int)b->ttr_n, (int)b->skew_clamped, (int)b->resends);
	for (size_t i = 0; i < 5; i++) {
		int64_t ttd = b->ttd_ms[i], ttr = b->ttr_ms[i];
		buf_printf(self, " %lld %lld", ttd < 0 ? -1LL : (long long)latency_bin(ttd),
			   ttr < 0 ? -1LL : (long long)latency_bin(ttr));
	}
	buf_char(self, '\n');
	return true;
}

static char *answer(struct metric_query query, bool exact)
{
	struct buf text = {0};
	struct err err = {0};
	query.exact = exact;
	if (!store_delivery(store, &query, &text, add_bucket, &err))
		fail_msg("%s", err.text);
	return text.data;
}

static struct metric_query any_query(const struct zone *const zones[2])
{
	static const usec_t widths[] = {0, 15 * MINUTE, HOUR, USEC_PER_DAY};
	struct metric_query query = {.realm = sample.realm.id,
				     .bucket = widths[below(4)],
				     .zone = zones[below(2)],
				     .now = NOON + 7 * USEC_PER_DAY,
				     .t_expire = 7 * USEC_PER_DAY};
	query.since = any_time();
	query.until = query.since + 1 + (usec_t)below(3 * 24 * 60) * MINUTE;
	query.now = any_time() + query.t_expire;
	if (below(3) == 0)
		query.since = usec_floor(query.since, USEC_PER_DAY);
	if (below(3) == 0)
		query.from_domain = TEXT("a.example");
	if (below(4) == 0)
		query.to_domain = TEXT("c.example");
	return query;
}

static void metrics_from_roll_ups_equal_those_from_rows(void **state)
{
	(void)state;
	struct err err = {0};
	const struct zone *zones[2] = {zone_open("UTC", &err), zone_open("Asia/Kolkata", &err)};
	for (int i = 0; i < 1500; i++)
		any_line();
	sample_commit(&sample);
	assert_equal("filled");
	for (int i = 0; i < 200; i++) {
		struct metric_query query = any_query(zones);
		char *rolled = answer(query, false), *counted = answer(query, true);
		if (strcmp(rolled, counted) != 0)
			fail_msg("query %d:\n%s\nrows:\n%s", i, rolled, counted);
		free(rolled);
		free(counted);
	}
	assert_true(estimated > 200);
	zone_free((struct zone *)zones[0]);
	zone_free((struct zone *)zones[1]);
}

// --- what was spoiled is named ---

static void spoil(const char *sql, const char *expected)
{
	struct buf text = {0};
	char query[512];
	snprintf(query, sizeof query, sql, (int)sample.realm.id);
	fixture_sql(store, "BEGIN");
	fixture_sql(store, query);
	fixture_sql(store, "COMMIT");
	struct check_result result = check(USEC_NONE, USEC_NONE, &text);
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
	assert_equal("whole");
	spoil("UPDATE rollup SET confirmed = 5 WHERE realm = %d AND grain = 3",
	      "rollup grain 3 from a.example to b.example: confirmed 5, recomputed 1\n");
	spoil("UPDATE rollup_latency SET counts = '{2}' WHERE realm = %d AND grain = 2",
	      "rollup_latency grain 2 metric 1: bin 111 2, recomputed 1\n");
	spoil("DELETE FROM rollup_user WHERE realm = %d",
	      "rollup_user ben@b.example: received 0, recomputed 1\n");
	assert_true(rollups_restate(store, sample.realm.id, NOON, NOON + 1, &err));
	assert_equal("restated");
	spoil("UPDATE message SET flags = 0 WHERE realm = %d",
	      "rollup grain 1: requested 1, recomputed 0\n");
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
	struct check_result result = check(NOON + 26 * HOUR, NOON + 27 * HOUR, &text);
	assert_int_equal(result.days, 1);
	assert_int_equal(result.rows, 1);
	assert_int_equal(result.differences, 4); // one a grain
	buf_free(&text);
}

static void days_that_were_given_up_are_passed_over(void **state)
{
	(void)state;
	struct err err = {0};
	char query[256];
	for (int day = 0; day < 3; day++)
		sample_message(&sample, NOON + day * USEC_PER_DAY, "m1");
	sample_commit(&sample);
	bool there = fixture_int(store, "SELECT (to_regclass('dropped_day') IS NOT NULL)::int");
	if (!there)
		fixture_sql(
			store,
			"CREATE TABLE receiptd.dropped_day (day date, at timestamptz, rows int8)");
	fixture_sql(store, "INSERT INTO dropped_day (day, at, rows) "
			   "VALUES ('2026-03-03', now(), 1)");
	snprintf(query, sizeof query,
		 "DELETE FROM message WHERE realm = %d AND sent_at >= '2026-03-03Z' "
		 "AND sent_at < '2026-03-04Z'",
		 (int)sample.realm.id);
	fixture_sql(store, query);
	assert_equal("dropped");
	struct check_result result = check(USEC_NONE, USEC_NONE, NULL);
	assert_int_equal(result.days, 2);
	assert_int_equal(result.dropped_days, 1);
	assert_true(rollups_restate(store, sample.realm.id, NOON, NOON + 4 * USEC_PER_DAY, &err));
	snprintf(query, sizeof query,
		 "SELECT sum(sent)::int8 FROM rollup WHERE realm = %d AND grain = 2",
		 (int)sample.realm.id);
	assert_int_equal(fixture_int(store, query), 3);
	fixture_sql(store, there ? "DELETE FROM dropped_day" : "DROP TABLE dropped_day");
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
	assert_string_equal(text, "equal: 1 days, 30 messages\n");
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

static void check_names_rows_that_contradict_themselves(void **state)
{
	(void)state;
	sample_message(&sample, NOON, "m1");
	sample_receipt(&sample, NOON + SEC, "m1", "r1");
	sample_commit(&sample);
	assert_equal("whole");
	spoil("UPDATE message SET state = 3 WHERE realm = %d", ": state 3, recomputed 5\n");
	spoil("UPDATE message SET state = 5, acks = 2 WHERE realm = %d",
	      ": acks 2, recomputed 1\n");
	spoil("UPDATE message SET acks = 1, delivered_at = delivered_at + '1 s' WHERE realm = %d",
	      ": delivered_at 2026-03-02 12:00:02+00, recomputed 2026-03-02 12:00:01+00\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start_sample, stop_sample)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sums_equal_a_recompute_after_every_commit),
		TEST(sums_follow_rows_that_merge_and_rows_that_change_their_day),
		TEST(a_restatement_changes_nothing),
		TEST(what_is_settled_later_moves_its_sums),
		TEST(bins_are_those_of_sql_and_off_by_at_most_3_2_percent),
		TEST(metrics_from_roll_ups_equal_those_from_rows),
		TEST(check_names_what_was_spoiled),
		TEST(check_looks_at_whole_days_of_its_interval_only),
		TEST(check_names_rows_that_contradict_themselves),
		TEST(the_command_exits_0_when_equal_and_3_with_the_first_differences),
		TEST(the_command_refuses_what_it_does_not_know),
		TEST(days_that_were_given_up_are_passed_over),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
