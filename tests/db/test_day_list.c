// SPDX-License-Identifier: Apache-2.0
// Lists of the conversations of days (migration 0017): pages are what they are without them, whatever is stored when.
#include "tests/db/fixture.h"
#include "tests/db/sample.h"

#include "api/message_json.h"
#include "store/day_cache.h"
#include "store/read_messages.h"

#include <setjmp.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define CLEO "cleo@c.example"
#define DAN "dan@d.example"
#define EVE "eve@rooms.a.example" // a room, and an account of the same name
#define DAY (86400 * SEC)

static struct fixture fixture;
static struct store *store, *serving, *listless;
static struct store *asked; // one of the last two
static struct sample sample;
static atomic_int stopped; // never

static void message(int day, const char *from, const char *to, const char *id)
{
	struct sample_line line = {.at = NOON + day * DAY,
				   .dir = DIR_IN,
				   .session = from,
				   .to = to,
				   .id = id,
				   .body = id ? id : "no id",
				   .asks = true};
	sample_line(&sample, line);
}

static void receipt(int day, const char *by, const char *to, const char *id, const char *own)
{
	struct sample_line line = {.at = NOON + day * DAY + SEC,
				   .dir = DIR_IN,
				   .session = by,
				   .to = to,
				   .id = own,
				   .receipt = id};
	sample_line(&sample, line);
}

// ada and ben talk on days 0, 3 and 9, cleo and dan on 1 and 5; ben's second device answers on day 6, when ben and ada
// write nothing.
static void fill(void)
{
	message(0, ADA "/phone", BEN, "a0");
	receipt(0, BEN "/tablet", ADA "/phone", "a0", "r1");
	message(1, CLEO "/pc", DAN, "c1");
	message(3, ADA "/phone", BEN, NULL);
	sample_commit(&sample);
	message(5, CLEO "/pc", DAN, "c5");
	receipt(6, BEN "/laptop", ADA "/phone", "a0", "r2");
	message(9, BEN "/laptop", ADA, "b9");
	message(9, ADA "/phone", BEN, NULL);
	sample_commit(&sample);
}

static void see(struct store *whose, const char *domain)
{
	struct string_list domains = {0};
	struct err err = {0};
	if (domain)
		string_list_add(&domains, text_of(domain));
	assert_true(store_see(whose, &domains, &err));
	string_list_free(&domains);
}

static int start(void **state)
{
	(void)state;
	fixture_start(&fixture);
	fixture.app.stop = &stopped;
	store = fixture_open(&fixture, STORE_WRITE);
	sample_start(&sample, store, "default");
	fill();
	asked = serving = fixture_open(&fixture, STORE_SERVE);
	listless = fixture_open(&fixture, STORE_SERVE);
	see(serving, NULL);
	see(listless, NULL);
	listless->sees_all = false; // it passes over no day
	return 0;
}

static int stop(void **state)
{
	(void)state;
	sample_stop(&sample);
	store_close(listless);
	store_close(serving);
	store_close(store);
	fixture_stop(&fixture);
	return 0;
}

static int64_t list_days(void)
{
	int64_t listed = -1;
	struct err err = {0};
	if (!store_list_days(store, &listed, &err))
		fail_msg("%s", err.text);
	return listed;
}

static void forget_lists(void)
{
	fixture_sql(store, "DELETE FROM day_list; DELETE FROM day_conv");
}

// As a connection that has asked for nothing yet.
static void know_nothing(void)
{
	day_cache_free(serving->days);
	serving->days = NULL;
}

static int64_t listed_days(void)
{
	return fixture_int(store, "SELECT count(*) FROM day_list");
}

static bool is_listed(int day)
{
	char query[128];
	snprintf(query, sizeof query,
		 "SELECT count(*) FROM day_list WHERE day = date '2026-03-02' + %d", day);
	return fixture_int(store, query) == 1;
}

// --- pages ---

static struct message_filter of(const char *one, const char *other)
{
	return (struct message_filter){.realm = sample.realm.id,
				       .since = USEC_NONE,
				       .until = USEC_NONE,
				       .participant = text_of(one),
				       .peer = other ? text_of(other) : TEXT_NONE,
				       .state = -1,
				       .class_ = -1,
				       .verdict = -1,
				       .with_devices = true,
				       .limit = 100,
				       .now = NOON + 10 * DAY,
				       .t_expire = DAY};
}

static bool write_message(void *self, const struct message *shown)
{
	message_to_json(self, shown, 0);
	buf_char(self, '\n');
	return true;
}

static void read_page(struct buf *page, const struct message_filter *filter)
{
	struct err err = {0};
	if (!store_messages(asked, filter, page, write_message, &err))
		fail_msg("%s", err.text);
	buf_zstr(page, "");
}

static int lines(const struct buf *page)
{
	int count = 0;
	for (size_t i = 0; i < page->len; i++)
		count += page->data[i] == '\n';
	return count;
}

static void assert_lines(const struct message_filter *filter, int wanted)
{
	struct buf page = {0};
	read_page(&page, filter);
	assert_int_equal(lines(&page), wanted);
	buf_free(&page);
}

static const char *const pairs[][2] = {{ADA, BEN},
				       {BEN, ADA},
				       {CLEO, DAN},
				       {ADA, CLEO},
				       {ADA, NULL},
				       {DAN, NULL},
				       {"eve@e.example", NULL}};

// Every way of asking that goes by conversations: all of them one after another, as one text.
static void read_all(struct buf *pages, bool honest)
{
	struct honesty honesty;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		for (int way = 0; way < 8; way++) {
			struct message_filter filter = of(pairs[i][0], pairs[i][1]);
			filter.newest_first = way & 1;
			filter.id = way & 2 ? TEXT("a0") : TEXT_NONE;
			filter.since = way & 4 ? NOON + DAY : USEC_NONE;
			filter.until = way & 4 ? NOON + 7 * DAY : USEC_NONE;
			filter.honesty = honest ? &honesty : NULL;
			honesty.commit = -1;
			buf_printf(pages, "%d %d\n", (int)i, way);
			read_page(pages, &filter);
			assert_true(!honest || honesty.commit > 0);
		}
	}
}

static void pages_are_the_same_with_lists(void **state)
{
	(void)state;
	struct buf before = {0}, after = {0};
	forget_lists();
	read_all(&before, false);
	assert_non_null(strstr(before.data, BEN "/laptop"));
	assert_int_equal(list_days(), 6);
	read_all(&after, true);
	assert_string_equal(before.data, after.data);
	buf_free(&before);
	buf_free(&after);
}

// Else the test above says nothing.
static void a_day_without_the_conversation_is_passed_over(void **state)
{
	(void)state;
	struct message_filter filter = of(ADA, BEN);
	forget_lists();
	list_days();
	assert_lines(&filter, 4);
	fixture_sql(store, "DELETE FROM day_conv WHERE day = date '2026-03-02' + 3");
	assert_lines(&filter, 4); // what was asked for once is not asked for again
	know_nothing();
	assert_lines(&filter, 3);
	fixture_sql(store, "DELETE FROM day_list WHERE day = date '2026-03-02' + 3");
	assert_lines(&filter, 4);
	list_days();
	assert_lines(&filter, 4);
}

// --- what is stored later ---

static void a_batch_takes_its_days_off_the_lists(void **state)
{
	(void)state;
	struct message_filter filter = of(ADA, BEN);
	forget_lists();
	list_days();
	assert_true(is_listed(1) && is_listed(5));
	message(1, ADA "/phone", BEN, "late");
	sample_commit(&sample);
	assert_false(is_listed(1));
	assert_true(is_listed(5));
	assert_lines(&filter, 5);
	assert_int_equal(list_days(), 1);
	assert_lines(&filter, 5);
}

static void evidence_takes_its_day_off_as_well(void **state)
{
	(void)state;
	struct message_filter filter = of(ADA, BEN);
	struct buf page = {0};
	forget_lists();
	list_days();
	receipt(5, BEN "/watch", ADA "/phone", "a0", "r3");
	sample_commit(&sample);
	assert_false(is_listed(5));
	read_page(&page, &filter);
	assert_non_null(strstr(page.data, BEN "/watch"));
	page.len = 0;
	list_days();
	assert_true(is_listed(5));
	read_page(&page, &filter);
	assert_non_null(strstr(page.data, BEN "/watch"));
	buf_free(&page);
}

// A list is put in place by a statement that knows the newest commit before its conversations were looked up.
static void a_batch_that_comes_between_keeps_the_list_away(void **state)
{
	(void)state;
	for (int late = 0; late < 2; late++) {
		FIELDS_AUTO params = {0};
		ROWS_AUTO rows = {0};
		struct err err = {0};
		int64_t commit = fixture_int(store, "SELECT max(commit) FROM lane");
		forget_lists();
		if (late) {
			message(5, ADA "/phone", BEN, "between");
			sample_commit(&sample);
		}
		put_date(&params, NOON + 5 * DAY);
		put_int8(&params, commit);
		assert_true(sql_run(store, "day_list_add", &params, &rows, &err));
		assert_int_equal(rows.changed, 1 - late);
	}
}

// What a page shows of one day may move to another one, which was passed over, while it is asked for: a plain row
// holds its receipt of day 5, and becomes one whose receipts are evidence of their own days. The day may be listed
// again before the page is read.
static void assert_moved(const char *id, bool listed_again)
{
	struct message_filter filter = of(ADA, DAN);
	struct buf page = {0};
	struct err err = {0};
	struct message_stream stream = {
		.store = serving, .filter = &filter, .self = &page, .each = write_message};
	message(0, ADA "/phone", DAN, id);
	receipt(5, DAN "/pad", ADA "/phone", id, "rz1");
	sample_commit(&sample);
	forget_lists();
	list_days();
	know_nothing();
	filter.limit = 1;
	assert_true(message_stream_open(&stream, &err));
	assert_true(open_days(&stream, &err));
	assert_true(stream.skipped_count > 3);
	receipt(7, DAN "/watch", ADA "/phone", id, "rz2");
	sample_commit(&sample);
	if (listed_again)
		list_days();
	assert_true(message_span(&stream, USEC_NONE, USEC_NONE, &err));
	message_stream_close(&stream);
	buf_zstr(&page, "");
	assert_non_null(strstr(page.data, DAN "/watch"));
	assert_non_null(strstr(page.data, DAN "/pad"));
	assert_int_equal(lines(&page), 1);
	buf_free(&page);
	fixture_sql(store, "DELETE FROM message WHERE id = 'z0'; DELETE FROM ack WHERE ref = 'z0'");
}

static void what_moves_while_a_page_is_asked_for_is_shown(void **state)
{
	(void)state;
	assert_moved("z0", false);
	assert_moved("z1", true);
}

// Of a pair that had nothing when its days were asked for, but whose other one is a room too, by its name.
static void assert_begun(const char *other, int day)
{
	struct message_filter filter = of(ADA, other);
	struct buf page = {0};
	struct err err = {0};
	struct message_stream stream = {
		.store = serving, .filter = &filter, .self = &page, .each = write_message};
	sample_line(&sample, (struct sample_line){.at = NOON + 2 * DAY,
						  .dir = DIR_IN,
						  .session = ADA "/phone",
						  .to = other,
						  .id = "g1",
						  .body = "g1",
						  .room = true});
	sample_commit(&sample);
	forget_lists();
	list_days();
	assert_lines(&filter, 1);
	assert_true(message_stream_open(&stream, &err));
	assert_true(open_days(&stream, &err));
	assert_true(stream.is_alone);
	message(day, ADA "/phone", other, "first");
	sample_commit(&sample);
	assert_true(message_span(&stream, USEC_NONE, USEC_NONE, &err));
	message_stream_close(&stream);
	assert_int_equal(lines(&page), 2);
	buf_free(&page);
	assert_lines(&filter, 2);
}

static void a_conversation_that_begins_meanwhile_is_shown(void **state)
{
	(void)state;
	assert_begun(EVE, 4);                   // of no list
	assert_begun("fay@rooms.a.example", 3); // of a list that goes
}

static void a_party_with_itself_is_shown_once(void **state)
{
	(void)state;
	struct message_filter filter = of(EVE, EVE);
	for (int listed = 0; listed < 2; listed++) {
		assert_lines(&filter, 1);
		forget_lists();
	}
	list_days();
}

// Each lane has a transaction of its own; if both took the same day off, one would wait for the other, which waits
// for it.
static void lanes_of_one_batch_do_not_wait_for_each_other(void **state)
{
	(void)state;
	int64_t before = fixture.app.settings->parallel_events;
	forget_lists();
	list_days();
	assert_true(is_listed(3));
	fixture.app.settings->parallel_events = 1;
	usec_t began = usec_monotonic();
	for (int i = 0; i < 16; i++) {
		char from[64], id[16];
		snprintf(from, sizeof from, "user%d@a.example/x", i);
		snprintf(id, sizeof id, "u%d", i);
		message(3, from, BEN, id);
	}
	sample_commit(&sample);
	fixture.app.settings->parallel_events = before;
	assert_false(is_listed(3));
	assert_true(fixture_int(store, "SELECT count(DISTINCT lane) FROM known_keys WHERE commit = "
				       "(SELECT max(commit) FROM known_keys)") > 1);
	assert_true(usec_monotonic() - began < 30 * SEC);
	struct message_filter filter = of("user7@a.example", BEN);
	assert_lines(&filter, 1);
	list_days();
	assert_lines(&filter, 1);
}

// A program from before is still running: it knows nothing of lists.
static void a_writer_that_does_not_know_of_lists_cannot_store(void **state)
{
	(void)state;
	struct err err = {0};
	assert_false(sql_script(
		store,
		"INSERT INTO known_keys (lane, day, commit, keys) VALUES (0, '2026-03-02', 1, '')",
		&err));
	assert_non_null(strstr(err.text, "23502"));
}

// Two daemons: the second finds the day listed.
static void a_list_that_another_one_made_stays(void **state)
{
	(void)state;
	FIELDS_AUTO day = {0};
	FIELDS_AUTO span = {0};
	FIELDS_AUTO made = {0};
	ROWS_AUTO cleared = {0};
	ROWS_AUTO filled = {0};
	ROWS_AUTO added = {0};
	struct err err = {0};
	forget_lists();
	list_days();
	put_date(&day, NOON);
	put_date(&span, NOON);
	put_usec(&span, NOON - 12 * 3600 * SEC);
	put_usec(&span, NOON + 12 * 3600 * SEC);
	put_date(&made, NOON);
	put_int8(&made, INT64_MAX);
	assert_true(sql_run(store, "day_list_clear", &day, &cleared, &err));
	assert_true(sql_run(store, "day_list_fill", &span, &filled, &err));
	assert_true(sql_run(store, "day_list_add", &made, &added, &err));
	assert_int_equal(cleared.changed + filled.changed + added.changed, 0);
}

static void a_day_that_is_not_over_is_not_listed(void **state)
{
	(void)state;
	forget_lists();
	list_days();
	int64_t before = listed_days();
	int today = (int)((usec_now() - NOON) / DAY);
	message(today, ADA "/phone", BEN, "now");
	message(today - 4, ADA "/phone", BEN, "older");
	sample_commit(&sample);
	assert_int_equal(list_days(), 1);
	assert_int_equal(listed_days(), before + 1);
}

static void the_list_of_a_day_that_is_gone_goes(void **state)
{
	(void)state;
	list_days();
	int64_t before = listed_days();
	fixture_sql(store, "INSERT INTO day_list VALUES ('2024-01-01', 1);"
			   "INSERT INTO day_conv VALUES (7, '2024-01-01', '{1}')");
	assert_int_equal(list_days(), 0);
	assert_int_equal(listed_days(), before);
	assert_int_equal(
		fixture_int(store, "SELECT count(*) FROM day_conv WHERE day = '2024-01-01'"), 0);
}

// --- what a connection keeps of them ---

static unsigned seed = 7;

static int any(int most)
{
	seed = seed * 1103515245 + 12345;
	return (int)(seed >> 16) % most;
}

static void change(void)
{
	static int number;
	char id[16], query[128];
	snprintf(id, sizeof id, "x%d", number++);
	const char *const *pair = pairs[any(4)];
	snprintf(query, sizeof query, "DELETE FROM day_list WHERE day = date '2026-03-02' + %d",
		 any(10));
	switch (any(4)) {
	case 0:
		message(any(10), pair[0], pair[1], id);
		sample_commit(&sample);
		break;
	case 1:
		receipt(any(10), pair[1], pair[0], "a0", id);
		sample_commit(&sample);
		break;
	case 2:
		fixture_sql(store, query);
		break;
	default:
		list_days();
	}
}

// Whatever is stored and listed between its pages.
static void what_a_connection_keeps_changes_no_page(void **state)
{
	(void)state;
	for (int i = 0; i < 60; i++) {
		struct buf kept = {0}, read = {0};
		change();
		read_all(&kept, true);
		asked = listless;
		read_all(&read, true);
		asked = serving;
		assert_string_equal(kept.data, read.data);
		buf_free(&kept);
		buf_free(&read);
	}
}

// --- who does not see all rows ---

static void a_token_of_one_domain_sees_its_messages(void **state)
{
	(void)state;
	struct message_filter filter = of(CLEO, DAN);
	list_days();
	see(serving, "c.example");
	assert_lines(&filter, 2);
	see(serving, "b.example");
	assert_lines(&filter, 0);
	see(serving, NULL);
	assert_lines(&filter, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_are_the_same_with_lists),
		cmocka_unit_test(a_day_without_the_conversation_is_passed_over),
		cmocka_unit_test(a_batch_takes_its_days_off_the_lists),
		cmocka_unit_test(evidence_takes_its_day_off_as_well),
		cmocka_unit_test(a_batch_that_comes_between_keeps_the_list_away),
		cmocka_unit_test(what_moves_while_a_page_is_asked_for_is_shown),
		cmocka_unit_test(a_conversation_that_begins_meanwhile_is_shown),
		cmocka_unit_test(a_party_with_itself_is_shown_once),
		cmocka_unit_test(lanes_of_one_batch_do_not_wait_for_each_other),
		cmocka_unit_test(a_writer_that_does_not_know_of_lists_cannot_store),
		cmocka_unit_test(a_list_that_another_one_made_stays),
		cmocka_unit_test(a_day_that_is_not_over_is_not_listed),
		cmocka_unit_test(the_list_of_a_day_that_is_gone_goes),
		cmocka_unit_test(a_token_of_one_domain_sees_its_messages),
		cmocka_unit_test(what_a_connection_keeps_changes_no_page),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
