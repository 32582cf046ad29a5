// SPDX-License-Identifier: Apache-2.0
// A page of a long conversation reads the page and not the conversation: counted by the rows that the server fetched.
#include "tests/db/fixture.h"
#include "tests/db/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define DAY (86400 * SEC)
enum { DAYS = 32, LONG = 100, OTHERS = 400, PAGE = 20, MOST = 5 * PAGE + 2 * DAYS };

static struct fixture fixture;
static struct store *store, *serving;
static struct sample sample;
static atomic_int stopped; // never

static void message(const char *from, const char *to, int day)
{
	sample_line(&sample, (struct sample_line){.at = NOON + day * DAY + 5 * 3600 * SEC,
						  .dir = DIR_IN,
						  .session = from,
						  .to = to,
						  .id = "one",
						  .body = "one"});
}

// Most conversations are short: the server takes any of them for such a one.
static void fill(void)
{
	char id[16], from[64];
	for (int i = 0; i < DAYS * LONG; i++) {
		snprintf(id, sizeof id, "m%d", i);
		sample_message(&sample, NOON + i / LONG * DAY + i % LONG * SEC, id);
	}
	message(ADA "/phone", "cleo@c.example", 3);
	message("dan@d.example/pc", ADA, 5);
	for (int i = 0; i < DAYS * OTHERS; i++) {
		snprintf(id, sizeof id, "o%d", i);
		snprintf(from, sizeof from, "user%d@a.example/x", i % OTHERS);
		sample_line(&sample,
			    (struct sample_line){.at = NOON + i / OTHERS * DAY + i % OTHERS * SEC,
						 .dir = DIR_IN,
						 .session = from,
						 .to = BEN,
						 .id = id,
						 .body = id});
	}
	sample_commit(&sample);
	fixture_sql(store, "ANALYZE message");
}

static int start(void **state)
{
	(void)state;
	fixture_start(&fixture);
	fixture.app.stop = &stopped;
	store = fixture_open(&fixture, STORE_WRITE);
	sample_start(&sample, store, "default");
	fill();
	serving = fixture_open(&fixture, STORE_SERVE);
	struct string_list all = {0};
	struct err err = {0};
	assert_true(store_see(serving, &all, &err));
	return 0;
}

static int stop(void **state)
{
	(void)state;
	sample_stop(&sample);
	store_close(serving);
	store_close(store);
	fixture_stop(&fixture);
	return 0;
}

struct page {
	int count;
	struct message_filter next; // behind the last one
};

static bool take(void *self, const struct message *message)
{
	struct page *page = self;
	page->count++;
	page->next.has_after = true;
	page->next.after_at = message->row.sent_at;
	page->next.after_conv = message->row.conv;
	page->next.after_key = message->row.key;
	page->next.after_n = message->n;
	return true;
}

// Of this transaction; indexes and heap rows of the days.
static int64_t fetched(void)
{
	return fixture_int(serving,
			   "SELECT coalesce(sum(idx_tup_fetch + seq_tup_read), 0)::int8"
			   " FROM pg_stat_xact_all_tables"
			   " WHERE schemaname = 'receiptd' AND relname LIKE 'message\\_%'");
}

static void assert_little_is_read(struct message_filter filter)
{
	struct err err = {0};
	struct page page = {.next = filter};
	for (int i = 0; i < 3; i++) {
		page.count = 0;
		filter = page.next;
		assert_true(store_snapshot(serving, &err));
		int64_t before = fetched();
		if (!store_messages(serving, &filter, &page, take, &err))
			fail_msg("%s", err.text);
		int64_t read = fetched() - before;
		store_snapshot_end(serving);
		assert_int_equal(page.count, PAGE);
		assert_true(read >= PAGE);
		if (read > MOST)
			fail_msg("%lld rows were fetched for a page of %d", (long long)read, PAGE);
	}
}

static void a_page_of_a_long_conversation_reads_a_page(void **state)
{
	(void)state;
	struct err err = {0};
	int64_t listed;
	for (int way = 0; way < 32; way++) {
		struct message_filter filter = {.realm = sample.realm.id,
						.since = way & 1 ? NOON - DAY : USEC_NONE,
						.until = way & 1 ? NOON + 40 * DAY : USEC_NONE,
						.participant = TEXT(ADA),
						.peer = way & 2 ? TEXT(BEN) : TEXT_NONE,
						.newest_first = way & 4,
						.state = -1,
						.class_ = way & 8 ? CLASS_CHAT : -1,
						.verdict = -1,
						.with_devices = true,
						.limit = PAGE,
						.now = NOON + 40 * DAY,
						.t_expire = DAY};
		if (way == 16)
			assert_true(store_list_days(store, &listed, &err));
		assert_little_is_read(filter);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_of_a_long_conversation_reads_a_page)};
	return cmocka_run_group_tests(tests, start, stop);
}
