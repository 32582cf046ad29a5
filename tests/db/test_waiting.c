// SPDX-License-Identifier: Apache-2.0
// Pages of who waits for a receipt (F2): the oldest first, whichever days the connection expects them on.
#include "tests/db/fixture.h"
#include "tests/db/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define DAY (86400 * SEC)

static struct fixture fixture;
static struct store *store, *reader;
static struct sample sample;

static void message(int day, int second, const char *id)
{
	sample_message(&sample, NOON + day * DAY + second * SEC, id);
}

// Two wait on day 3, two on day 5, three on day 9.
static int start(void **state)
{
	(void)state;
	fixture_start(&fixture);
	store = fixture_open(&fixture, STORE_WRITE);
	reader = fixture_open(&fixture, STORE_READ);
	sample_start(&sample, store, "default");
	message(3, 0, "c1");
	message(3, 1, "c2");
	message(5, 0, "e1");
	message(5, 1, "e2");
	message(9, 0, "i1");
	message(9, 1, "i2");
	message(9, 2, "i3");
	sample_commit(&sample);
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

struct page {
	struct buf ids;
	struct open_filter next; // behind the last one
};

static bool take(void *self, const struct message *message)
{
	struct page *page = self;
	buf_text(&page->ids, message->row.id);
	buf_char(&page->ids, ' ');
	page->next.has_after = true;
	page->next.after_at = message->row.sent_at;
	page->next.after_conv = message->row.conv;
	page->next.after_key = message->row.key;
	page->next.after_n = message->row.n;
	return true;
}

static struct open_filter first(int64_t limit)
{
	return (struct open_filter){.realm = sample.realm.id,
				    .since = USEC_NONE,
				    .until = USEC_NONE,
				    .verdict = -1,
				    .now = NOON + 10 * DAY,
				    .t_expire = DAY,
				    .limit = limit};
}

static struct open_filter assert_page(struct open_filter filter, const char *wanted)
{
	struct honesty honesty = {.commit = -1};
	struct page page = {.next = filter};
	struct err err = {0};
	filter.honesty = &honesty;
	if (!store_unacknowledged(reader, &filter, &page, take, &err))
		fail_msg("%s", err.text);
	buf_zstr(&page.ids, "");
	assert_string_equal(page.ids.data, wanted);
	assert_true(honesty.commit > 0);
	buf_free(&page.ids);
	return page.next;
}

static void pages_follow_each_other(void **state)
{
	(void)state;
	for (int again = 0; again < 2;
	     again++) { // the second time the connection knows where they end
		struct open_filter next = assert_page(first(3), "c1 c2 e1 ");
		next = assert_page(next, "e2 i1 i2 ");
		next = assert_page(next, "i3 ");
		assert_page(next, "");
	}
}

static void a_page_that_is_not_full_looks_on(void **state)
{
	(void)state;
	assert_page(first(2), "c1 c2 ");
	assert_page(first(100), "c1 c2 e1 e2 i1 i2 i3 ");
	assert_page(first(2), "c1 c2 ");
	struct open_filter filter = first(3);
	filter.since = NOON + 4 * DAY;
	assert_page(filter, "e1 e2 i1 ");
	filter.until = NOON + 9 * DAY + SEC;
	assert_page(filter, "e1 e2 i1 ");
	assert_page(first(3), "c1 c2 e1 ");
}

static void whose_and_which_are_asked_for(void **state)
{
	(void)state;
	struct open_filter filter = first(4);
	filter.participant = TEXT(BEN);
	assert_page(filter, "c1 c2 e1 e2 ");
	filter.participant = TEXT("eve@e.example");
	assert_page(filter, "");
	filter = first(3);
	filter.domain = TEXT("b.example");
	assert_page(filter, "c1 c2 e1 ");
	filter.domain = TEXT("e.example");
	assert_page(filter, "");
	filter = first(10);
	filter.verdict = VERDICT_PENDING; // sent less than a day ago
	filter.now = NOON + 9 * DAY + 3600 * SEC;
	assert_page(filter, "i1 i2 i3 ");
	filter.verdict = VERDICT_EXPIRED;
	assert_page(filter, "c1 c2 e1 e2 ");
}

static void an_older_one_that_comes_late_is_the_first(void **state)
{
	(void)state;
	assert_page(first(2), "c1 c2 ");
	message(1, 0, "a1");
	sample_commit(&sample);
	assert_page(first(2), "a1 c1 ");
	assert_page(first(2), "a1 c1 ");
}

static void what_was_answered_makes_room(void **state)
{
	(void)state;
	assert_page(first(2), "a1 c1 ");
	sample_receipt(&sample, NOON + DAY + 5 * SEC, "a1", "ra");
	sample_receipt(&sample, NOON + 3 * DAY + 5 * SEC, "c1", "rc");
	sample_receipt(&sample, NOON + 3 * DAY + 6 * SEC, "c2", "rd");
	sample_commit(&sample);
	assert_page(first(2), "e1 e2 ");
	assert_page(first(3), "e1 e2 i1 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_follow_each_other),
		cmocka_unit_test(a_page_that_is_not_full_looks_on),
		cmocka_unit_test(whose_and_which_are_asked_for),
		cmocka_unit_test(an_older_one_that_comes_late_is_the_first),
		cmocka_unit_test(what_was_answered_makes_room),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
