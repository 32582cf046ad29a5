// SPDX-License-Identifier: Apache-2.0
// What store/read*.c says of a realm of hand-made lines.
#include "tests/db/fixture.h"
#include "tests/db/sample.h"

#include "api/message_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define EXPIRE (7 * USEC_PER_DAY)

static struct fixture fixture;
static struct store *store, *reader;
static struct sample sample;

// m1 delivered after 1 s and displayed after 9 s by the tablet; m2 delivered by tablet and laptop;
// m3 asks and has no answer; m4 asks nothing; m5 fails; two without id; an ack about nothing.
static void fill(void)
{
	struct sample_line line = {.dir = DIR_IN, .session = ADA "/phone", .to = BEN};
	sample_line(&sample, (struct sample_line){.at = NOON,
						  .dir = DIR_IN,
						  .session = ADA "/phone",
						  .to = BEN,
						  .id = "m1",
						  .body = "Lunch?",
						  .asks = true,
						  .markable = true});
	sample_receipt(&sample, NOON + SEC, "m1", "r1");
	sample_line(&sample, (struct sample_line){.at = NOON + 9 * SEC,
						  .dir = DIR_IN,
						  .session = BEN "/tablet",
						  .to = ADA "/phone",
						  .id = "d1",
						  .displayed = "m1"});
	sample_commit(&sample);
	sample_message(&sample, NOON + 60 * SEC, "m2");
	sample_receipt(&sample, NOON + 62 * SEC, "m2", "r2");
	sample_line(&sample, (struct sample_line){.at = NOON + 63 * SEC,
						  .dir = DIR_IN,
						  .session = BEN "/laptop",
						  .to = ADA "/phone",
						  .id = "r3",
						  .receipt = "m2"});
	sample_message(&sample, NOON + USEC_PER_DAY, "m3");
	sample_commit(&sample);
	line.at = NOON + USEC_PER_DAY + SEC;
	line.id = "m4";
	line.body = "no answer wanted";
	sample_line(&sample, line);
	sample_message(&sample, NOON + USEC_PER_DAY + 2 * SEC, "m5");
	sample_line(&sample, (struct sample_line){.at = NOON + USEC_PER_DAY + 3 * SEC,
						  .dir = DIR_OUT,
						  .session = ADA "/phone",
						  .from = BEN,
						  .to = ADA "/phone",
						  .id = "m5",
						  .error = "service-unavailable"});
	line.id = NULL;
	line.body = "one";
	line.at = NOON + USEC_PER_DAY + 10 * SEC;
	sample_line(&sample, line);
	sample_commit(&sample);
	line.body = "two";
	line.at = NOON + 20 * USEC_PER_DAY;
	sample_line(&sample, line);
	sample_receipt(&sample, NOON + 20 * USEC_PER_DAY + SEC, "nothing", "r9");
	sample_commit(&sample);
}

static int start(void **state)
{
	(void)state;
	fixture_start(&fixture);
	store = fixture_open(&fixture, STORE_WRITE);
	reader = fixture_open(&fixture, STORE_READ);
	sample_start(&sample, store, "default");
	fill();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	sample_stop(&sample);
	store_close(reader);
	store_close(store);
	fixture_stop(&fixture);
	return 0;
}

// --- messages ---

static struct message_filter any(void)
{
	return (struct message_filter){.realm = sample.realm.id,
				       .since = USEC_NONE,
				       .until = USEC_NONE,
				       .state = -1,
				       .class_ = -1,
				       .verdict = -1,
				       .now = NOON + 10 * USEC_PER_DAY,
				       .t_expire = EXPIRE};
}

struct listing {
	struct buf ids; // "m1 m2 - "
	struct message last;
	int stop_after;
};

static bool list_message(void *self, const struct message *message)
{
	struct listing *listing = self;
	if (message->row.id.p)
		buf_text(&listing->ids, message->row.id);
	else
		buf_printf(&listing->ids, "-%d", (int)message->n);
	buf_char(&listing->ids, ' ');
	listing->last = *message;
	return listing->stop_after == 0 || --listing->stop_after > 0;
}

static struct listing list(const struct message_filter *filter)
{
	struct listing listing = {0};
	struct err err = {0};
	if (!store_messages(reader, filter, &listing, list_message, &err))
		fail_msg("%s", err.text);
	buf_zstr(&listing.ids, "");
	return listing;
}

static void assert_list(const struct message_filter *filter, const char *expected)
{
	struct listing listing = list(filter);
	assert_string_equal(listing.ids.data ? listing.ids.data : "", expected);
	buf_free(&listing.ids);
}

static void the_export_gives_all_in_order_of_time_and_numbers_what_has_no_id(void **state)
{
	(void)state;
	struct message_filter filter = any();
	assert_list(&filter, "m1 m2 m3 m4 m5 -1 -2 ");
}

static void filters_choose(void **state)
{
	(void)state;
	struct message_filter filter = any();
	filter.id = TEXT("m2");
	assert_list(&filter, "m2 ");
	filter = any();
	filter.participant = TEXT(BEN);
	filter.peer = TEXT(ADA);
	assert_list(&filter, "m1 m2 m3 m4 m5 -1 -2 ");
	filter.peer = TEXT("eve@a.example");
	assert_list(&filter, "");
	filter = any();
	filter.from = TEXT(BEN);
	assert_list(&filter, "");
	filter.from = TEXT(ADA);
	filter.to = TEXT(BEN);
	filter.until = NOON + 61 * SEC;
	assert_list(&filter, "m1 m2 ");
	filter = any();
	filter.domain = TEXT("b.example");
	filter.since = NOON + USEC_PER_DAY;
	assert_list(&filter, "m3 m4 m5 -1 -2 ");
	filter = any();
	filter.body_contains = TEXT("ANSWER");
	assert_list(&filter, "m4 ");
	filter = any();
	filter.state = STATE_FAILED;
	assert_list(&filter, "m5 ");
	filter = any();
	filter.realm = sample.realm.id + 1;
	assert_list(&filter, "");
}

static void verdicts_depend_on_the_time(void **state)
{
	(void)state;
	struct message_filter filter = any();
	filter.verdict = VERDICT_EXPIRED;
	assert_list(&filter, "m3 ");
	filter.verdict = VERDICT_UNKNOWN;
	assert_list(&filter, "m4 -1 -2 ");
	filter.verdict = VERDICT_PENDING;
	assert_list(&filter, "");
	filter.now = NOON + 2 * USEC_PER_DAY;
	assert_list(&filter, "m3 ");
	filter.verdict = VERDICT_CONFIRMED;
	assert_list(&filter, "m1 m2 ");
}

static void pages_follow_each_other(void **state)
{
	(void)state;
	for (int back = 0; back < 2; back++) {
		struct message_filter filter = any();
		struct buf all = {0};
		filter.limit = 2;
		filter.newest_first = back;
		filter.since = back ? USEC_NONE : NOON;
		for (int page = 0; page < 4; page++) {
			struct listing listing = list(&filter);
			buf_text(&all, buf_view(&listing.ids));
			buf_char(&all, '|');
			filter.has_after = true;
			filter.after_at = listing.last.row.sent_at;
			filter.after_conv = listing.last.row.conv;
			filter.after_key = listing.last.row.key;
			filter.after_n = listing.last.row.n;
			buf_free(&listing.ids);
		}
		// Without an id they are counted when read (M4), in the pages as in the export.
		assert_string_equal(all.data, back ? "-2 -1 |m5 m4 |m3 m2 |m1 |"
						   : "m1 m2 |m3 m4 |m5 -1 |-2 |");
		buf_free(&all);
	}
}

static void a_stream_can_be_stopped(void **state)
{
	(void)state;
	struct message_filter filter = any();
	struct listing listing = {.stop_after = 2};
	struct err err = {0};
	assert_true(store_messages(reader, &filter, &listing, list_message, &err));
	assert_string_equal(listing.ids.data, "m1 m2 ");
	buf_free(&listing.ids);
	assert_list(&filter, "m1 m2 m3 m4 m5 -1 -2 "); // the connection goes on
}

// --- the export ---

static bool write_message(void *self, const struct message *message)
{
	message_to_json(self, message, 0);
	buf_char(self, '\n');
	return true;
}

// By another statement and another way, the same rows in the same order.
static void the_export_is_what_is_read(void **state)
{
	(void)state;
	const usec_t ends[] = {USEC_NONE, NOON + 3 * SEC, NOON + USEC_PER_DAY};
	for (size_t i = 0; i < 9; i++) {
		struct message_filter filter = any();
		struct buf read = {0}, exported = {0};
		struct err err = {0};
		filter.since = ends[i / 3];
		filter.until = ends[i % 3];
		filter.with_devices = true;
		const struct message_export asked = {.realm = filter.realm,
						     .since = filter.since,
						     .until = filter.until,
						     .now = filter.now,
						     .t_expire = filter.t_expire};
		assert_true(store_messages(reader, &filter, &read, write_message, &err));
		if (!store_export_messages(reader, &asked, &exported, write_message, &err))
			fail_msg("%s", err.text);
		assert_true(i > 0 || strstr(read.data, "\"devices\":{"));
		assert_true(i > 0 || strstr(read.data, "\"n\":2"));
		assert_int_equal(read.len, exported.len);
		assert_true(text_same(buf_view(&read), buf_view(&exported)));
		buf_free(&read);
		buf_free(&exported);
	}
}

static void an_export_can_be_stopped(void **state)
{
	(void)state;
	const struct message_export asked = {.since = USEC_NONE, .until = USEC_NONE};
	struct listing listing = {.stop_after = 2};
	struct err err = {0};
	assert_true(store_export_messages(reader, &asked, &listing, list_message, &err));
	assert_string_equal(listing.ids.data, "m1 m2 ");
	buf_free(&listing.ids);
	struct message_filter filter = any();
	assert_list(&filter, "m1 m2 m3 m4 m5 -1 -2 "); // the connection goes on
}

struct device_check {
	struct buf text;
};

static bool list_devices(void *self, const struct message *message)
{
	struct device_check *check = self;
	for (size_t i = 0; i < message->device_count; i++) {
		const struct device_time *device = &message->devices[i];
		buf_text(&check->text, device->device);
		buf_printf(&check->text, " %d %d; ",
			   device->delivered == USEC_NONE
				   ? -1
				   : (int)((device->delivered - message->row.sent_at) / SEC),
			   device->displayed == USEC_NONE
				   ? -1
				   : (int)((device->displayed - message->row.sent_at) / SEC));
	}
	return true;
}

static void devices_come_from_plain_and_complex_rows(void **state)
{
	(void)state;
	struct message_filter filter = any();
	struct device_check check = {0};
	struct err err = {0};
	filter.with_devices = true;
	assert_true(store_messages(reader, &filter, &check, list_devices, &err));
	assert_string_equal(check.text.data,
			    BEN "/tablet 1 9; " BEN "/laptop 3 -1; " BEN "/tablet 2 -1; ");
	buf_free(&check.text);
	filter.limit = 10;
	assert_true(store_messages(reader, &filter, &check, list_devices, &err));
	assert_string_equal(check.text.data,
			    BEN "/tablet 1 9; " BEN "/laptop 3 -1; " BEN "/tablet 2 -1; ");
	buf_free(&check.text);
}

static void bodies_are_given_only_when_asked_for(void **state)
{
	(void)state;
	struct message_filter filter = any();
	filter.id = TEXT("m1");
	struct listing listing = list(&filter);
	assert_null(listing.last.row.body.p);
	assert_int_equal(listing.last.row.body_bytes, 6);
	buf_free(&listing.ids);
	filter.with_body = true;
	listing = list(&filter);
	assert_non_null(listing.last.row.body.p);
	buf_free(&listing.ids);
}

// --- numbers ---

static void add_counter(void *self, const char *name, int64_t value)
{
	buf_printf(self, "%s=%d ", name, (int)value);
}

static void counters_are_those_of_the_rows(void **state)
{
	(void)state;
	struct buf text = {0};
	struct err err = {0};
	assert_true(store_counters(reader, sample.realm.id, USEC_NONE, USEC_NONE,
				   NOON + 10 * USEC_PER_DAY, EXPIRE, &text, add_counter, &err));
	assert_string_equal(
		text.data, "acks=4 acks_orphan=1 confirmed=2 errors=1 expired=1 "
			   "failed=1 read=1 read_requested=1 requested=4 rows=7 sent=7 unknown=3 ");
	buf_free(&text);
	assert_true(store_counters(reader, sample.realm.id, NOON, NOON + SEC, NOON, EXPIRE, &text,
				   add_counter, &err));
	assert_string_equal(text.data, "acks=2 confirmed=1 read=1 read_requested=1 requested=1 "
				       "rows=1 sent=1 ");
	buf_free(&text);
}

static bool add_bucket(void *self, const struct delivery_bucket *b)
{
	buf_printf(self, "%d h: %d/%d/%d failed %d expired %d ttd %d %d %d ttr %d %d; ",
		   (int)((b->end - b->start) / (3600 * SEC)), (int)b->sent, (int)b->requested,
		   (int)b->confirmed, (int)b->failed, (int)b->expired,
		   (int)b->latencies[SERIES_DELIVER].n, (int)b->latencies[SERIES_DELIVER].ms[0],
		   (int)b->latencies[SERIES_DELIVER].ms[4], (int)b->latencies[SERIES_READ].n,
		   (int)b->latencies[SERIES_READ].ms[0]);
	return true;
}

static void delivery_is_counted_by_bucket(void **state)
{
	(void)state;
	struct buf text = {0};
	struct err err = {0};
	struct zone *zone = zone_open("UTC", &err);
	struct metric_query query = {.realm = sample.realm.id,
				     .since = NOON - 12 * 3600 * SEC,
				     .until = NOON + 60 * 3600 * SEC,
				     .bucket = USEC_PER_DAY,
				     .zone = zone,
				     .now = NOON + 10 * USEC_PER_DAY,
				     .t_expire = EXPIRE,
				     .exact = true};
	assert_true(store_delivery(reader, &query, &text, add_bucket, &err));
	assert_string_equal(text.data, "24 h: 2/2/2 failed 0 expired 0 ttd 2 1000 2000 ttr 1 9000; "
				       "24 h: 4/2/0 failed 1 expired 1 ttd 0 -1 -1 ttr 0 -1; "
				       "24 h: 0/0/0 failed 0 expired 0 ttd 0 -1 -1 ttr 0 -1; ");
	buf_free(&text);
	query.exact = false; // from roll-ups: the same, but for latencies, the middle of their bin
	assert_true(store_delivery(reader, &query, &text, add_bucket, &err));
	assert_string_equal(text.data, "24 h: 2/2/2 failed 0 expired 0 ttd 2 1007 2015 ttr 1 8959; "
				       "24 h: 4/2/0 failed 1 expired 1 ttd 0 -1 -1 ttr 0 -1; "
				       "24 h: 0/0/0 failed 0 expired 0 ttd 0 -1 -1 ttr 0 -1; ");
	buf_free(&text);
	query.exact = true;
	query.bucket = 0;
	query.to_domain = TEXT("b.example");
	assert_true(store_delivery(reader, &query, &text, add_bucket, &err));
	assert_string_equal(text.data,
			    "72 h: 6/4/2 failed 1 expired 1 ttd 2 1000 2000 ttr 1 9000; ");
	buf_free(&text);
	zone_free(zone);
}

// --- state ---

static bool add_finding(void *self, const struct stored_finding *finding)
{
	buf_text(self, finding->rule);
	buf_char(self, ' ');
	buf_text(self, finding->ref);
	buf_printf(self, " %d; ", (int)finding->count);
	return true;
}

static void findings_are_a_set(void **state)
{
	(void)state;
	struct buf text = {0};
	struct err err = {0};
	const struct finding_filter filter = {.realm = sample.realm.id,
					      .since = USEC_NONE,
					      .until = USEC_NONE,
					      .now = NOON,
					      .t_expire = EXPIRE};
	assert_true(store_findings(reader, &filter, &text, add_finding, &err));
	assert_string_equal(text.data, "ACK-UNKNOWN-ID nothing 1; MSG-NO-ID  2; ");
	buf_free(&text);
}

static bool count_source(void *self, const struct source_state *source)
{
	int *count = self;
	assert_true(text_is(source->name, "log"));
	assert_true(text_is(source->realm, "default"));
	assert_int_equal(source->generations, 1);
	assert_true(source->records > 10 && source->records == source->stanzas);
	assert_true(source->size == source->read_bytes);
	++*count;
	return true;
}

static void honesty_and_sources_say_how_far_it_was_read(void **state)
{
	(void)state;
	struct honesty honesty;
	struct err err = {0};
	int sources = 0;
	assert_true(store_honesty(reader, sample.realm.id, USEC_NONE, USEC_NONE, &honesty, &err));
	assert_true(honesty.newest == NOON + 20 * USEC_PER_DAY + SEC);
	assert_true(honesty.complete_until > USEC_NONE);
	assert_int_equal(honesty.commit, 4);
	assert_int_equal(honesty.open_gaps, 0);
	assert_true(store_sources(reader, 0, &sources, count_source, &err));
	assert_int_equal(sources, 1);
	assert_true(store_gaps(reader, 0, NOON, NOON + SEC, NULL, NULL, &err));
	assert_true(store_quarantine(reader, 0, NULL, NULL, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_export_gives_all_in_order_of_time_and_numbers_what_has_no_id),
		cmocka_unit_test(filters_choose),
		cmocka_unit_test(verdicts_depend_on_the_time),
		cmocka_unit_test(pages_follow_each_other),
		cmocka_unit_test(a_stream_can_be_stopped),
		cmocka_unit_test(the_export_is_what_is_read),
		cmocka_unit_test(an_export_can_be_stopped),
		cmocka_unit_test(devices_come_from_plain_and_complex_rows),
		cmocka_unit_test(bodies_are_given_only_when_asked_for),
		cmocka_unit_test(counters_are_those_of_the_rows),
		cmocka_unit_test(delivery_is_counted_by_bucket),
		cmocka_unit_test(findings_are_a_set),
		cmocka_unit_test(honesty_and_sources_say_how_far_it_was_read),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
