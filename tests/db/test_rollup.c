// SPDX-License-Identifier: Apache-2.0
// Roll-ups: whatever batches do to the rows, the sums equal a recompute, and metrics read from them
// equal metrics counted from rows.
#include "tests/db/recompute.h"
#include "tests/db/stage.h"

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

static uint32_t seed;

static int start_seeded(void **state)
{
	seed = 20260302;
	return start_sample(state);
}

static int below(int n)
{
	seed = seed * 1664525u + 1013904223u;
	return (int)((seed >> 8) % (uint32_t)n);
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
		if (below(3) == 0) { // on its way to a device
			line.dir = DIR_OUT;
			line.session = pair.to_device;
			line.from = pair.from_device;
		}
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
		assert_recomputed_equal(&sample, when);
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
	assert_recomputed_equal(&sample, "two");
	sample_message(&sample, midnight + 5 * MINUTE, "m1");
	assert_int_equal(sample_commit(&sample).removed, 1);
	assert_recomputed_equal(&sample, "merged");
	sample_message(&sample, midnight + HOUR * 2, "m2");
	sample_commit(&sample);
	sample_message(&sample, midnight + HOUR * 2 - 150 * MINUTE, "m3");
	sample_message(&sample, midnight + HOUR * 2 - 50 * MINUTE, "m2");
	assert_int_equal(sample_commit(&sample).moved, 1);
	assert_recomputed_equal(&sample, "moved");
}

// What a marker marks in passing (P8) was accepted before, and is not accepted once more.
static void stages_follow_rows_that_are_only_marked(void **state)
{
	static const char *const ids[] = {"m1", "m2", "m3", "m4"};
	(void)state;
	char query[120];
	for (int i = 0; i < 4; i++) {
		struct sample_line line = {.at = NOON + i * MINUTE,
					   .dir = DIR_IN,
					   .session = ADA "/phone",
					   .to = BEN,
					   .id = ids[i],
					   .body = "one",
					   .markable = true};
		sample_line(&sample, line);
		line.at += SEC;
		line.dir = DIR_S2S_OUT;
		line.session = NULL;
		line.from = ADA "/phone";
		sample_line(&sample, line);
	}
	sample_commit(&sample);
	sample_line(&sample, (struct sample_line){.at = NOON + HOUR,
						  .dir = DIR_IN,
						  .session = BEN "/tablet",
						  .to = ADA "/phone",
						  .displayed = "m4"});
	sample_commit(&sample);
	assert_recomputed_equal(&sample, "marked");
	snprintf(query, sizeof query,
		 "SELECT sum(accepted * 1000 + routed * 100 + displayed * 10 + read_upto) FROM "
		 "rollup WHERE realm = %d AND grain = 2",
		 (int)sample.realm.id);
	assert_int_equal(fixture_int(store, query), 4443);
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
	assert_recomputed_equal(&sample, "restated");
	any_line();
	sample_message(&sample, NOON, "next");
	sample_commit(&sample);
	assert_recomputed_equal(&sample, "and moved on");
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
	struct rollups *rollups = rollups_new(sample.realm.id, 0);
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

static long long bin_of(int64_t ms)
{
	return ms < 0 || ms == LATENCY_BEYOND ? -1 : latency_bin(ms);
}

static bool add_bucket(void *self, const struct delivery_bucket *b)
{
	const int64_t *end = (const int64_t *)&b->latencies;
	estimated += b->estimated;
	buf_printf(self, "%lld:", (long long)b->start);
	for (const int64_t *count = &b->sent; count < end; count++)
		buf_printf(self, " %lld", (long long)*count);
	for (size_t i = 0; i < SERIES_COUNT; i++) {
		const struct latency *it = &b->latencies[i];
		buf_printf(self, " | %lld", (long long)it->n);
		for (size_t k = 0; k < LATENCY_POINTS; k++)
			buf_printf(self, "%s%lld", it->ms[k] == LATENCY_BEYOND ? " beyond " : " ",
				   bin_of(it->ms[k]));
	}
	for (size_t i = 0; i < BANDS; i++)
		buf_printf(self, " %lld", (long long)b->bands[i]);
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

// What came to nothing again (a message changed its day, another its state) stays as a histogram without bins, in
// the middle of others.
static void add_empty_histograms(void)
{
	struct err err = {0};
	static const char text[] =
		"INSERT INTO rollup_latency SELECT realm, lane + 7, grain, bucket, from_domain, to_domain, metric, '{}', "
		"'{}' FROM rollup_latency";
	if (!sql_script(store, text, &err))
		fail_msg("%s", err.text);
}

static void metrics_from_roll_ups_equal_those_from_rows(void **state)
{
	(void)state;
	struct err err = {0};
	const struct zone *zones[2] = {zone_open("UTC", &err), zone_open("Asia/Kolkata", &err)};
	for (int i = 0; i < 1500; i++)
		any_line();
	sample_commit(&sample);
	assert_recomputed_equal(&sample, "filled");
	add_empty_histograms();
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, start_seeded, stop_sample)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sums_equal_a_recompute_after_every_commit),
		TEST(sums_follow_rows_that_merge_and_rows_that_change_their_day),
		TEST(stages_follow_rows_that_are_only_marked),
		TEST(a_restatement_changes_nothing),
		TEST(what_is_settled_later_moves_its_sums),
		TEST(bins_are_those_of_sql_and_off_by_at_most_3_2_percent),
		TEST(metrics_from_roll_ups_equal_those_from_rows),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
