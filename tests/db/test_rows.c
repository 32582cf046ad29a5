// SPDX-License-Identifier: Apache-2.0
// F191: the statements of the API, asked without any filter by domain, as a mistake of ours would ask them. What
// each path of SQL shows is in tests/faults/rows.t.
#include "tests/db/fixture.h"
#include "tests/db/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define CLEO "cleo@c.example"
#define DAN "dan@d.example"

static struct fixture fixture;
static struct store *store, *serving;
static struct sample sample;

static void message(usec_t at, const char *from, const char *to, const char *id)
{
	struct sample_line line = {.at = at,
				   .dir = DIR_IN,
				   .session = from,
				   .to = to,
				   .id = id,
				   .body = "x",
				   .asks = true};
	sample_line(&sample, line);
}

static int start(void **state)
{
	(void)state;
	fixture_start(&fixture);
	store = fixture_open(&fixture, STORE_WRITE);
	sample_start(&sample, store, "default");
	message(NOON, ADA "/phone", BEN, "a-b");
	message(NOON + SEC, CLEO "/phone", DAN, "c-d");
	message(NOON + 2 * SEC, ADA "/phone", CLEO, "a-c");
	sample_receipt(&sample, NOON + 3 * SEC, "a-b", "r1");
	sample_commit(&sample);
	serving = fixture_open(&fixture, STORE_SERVE);
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

static void see(const char *domain)
{
	struct string_list domains = {0};
	struct err err = {0};
	if (domain)
		string_list_add(&domains, text_of(domain));
	assert_true(store_see(serving, &domains, &err));
	string_list_free(&domains);
}

// --- one question of each kind, with no word about domains ---

static bool add_id(void *self, const struct message *shown)
{
	buf_text(self, shown->row.id);
	buf_char(self, ' ');
	return true;
}

static bool messages(struct buf *ids, struct err *err)
{
	struct message_filter filter = {.realm = sample.realm.id,
					.since = NOON,
					.until = NOON + USEC_PER_DAY,
					.state = -1,
					.class_ = -1,
					.verdict = -1,
					.limit = 10,
					.now = NOON + SEC,
					.t_expire = USEC_PER_DAY};
	return store_messages(serving, &filter, ids, add_id, err);
}

static void assert_messages(const char *wanted)
{
	struct buf ids = {0};
	struct err err = {0};
	if (!messages(&ids, &err))
		fail_msg("%s", err.text);
	buf_zstr(&ids, "");
	assert_string_equal(ids.data, wanted);
	buf_free(&ids);
}

static void assert_waiting(const char *wanted)
{
	struct buf ids = {0};
	struct err err = {0};
	struct open_filter filter = {.realm = sample.realm.id,
				     .since = USEC_NONE,
				     .until = USEC_NONE,
				     .verdict = -1,
				     .limit = 10,
				     .now = NOON + SEC,
				     .t_expire = USEC_PER_DAY};
	assert_true(store_unacknowledged(serving, &filter, &ids, add_id, &err));
	buf_zstr(&ids, "");
	assert_string_equal(ids.data, wanted);
	buf_free(&ids);
}

static bool take_sent(void *self, const struct delivery_bucket *bucket)
{
	*(int64_t *)self = bucket->sent;
	return true;
}

static int64_t sent(bool exact)
{
	struct err err = {0};
	int64_t count = -1;
	struct metric_query query = {.realm = sample.realm.id,
				     .since = NOON - NOON % USEC_PER_DAY,
				     .until = NOON - NOON % USEC_PER_DAY + USEC_PER_DAY,
				     .exact = exact,
				     .now = NOON + USEC_PER_DAY,
				     .t_expire = USEC_PER_DAY,
				     .infer = USEC_PER_DAY};
	if (!store_delivery(serving, &query, &count, take_sent, &err))
		fail_msg("%s", err.text);
	return count;
}

// --- who sees what ---

static void test_domains(void **state)
{
	(void)state;
	assert_true(store_is_guarded(serving));
	see("a.example");
	assert_messages("a-b a-c ");
	assert_waiting("a-c ");
	assert_int_equal(sent(true), 2);
	assert_int_equal(sent(false), 0); // sums of the realm are not its own
	see("d.example");
	assert_messages("c-d ");
	assert_int_equal(sent(true), 1);
	see("c.example");
	assert_messages("c-d a-c ");
	see("example");
	assert_messages("");
	see(NULL);
	assert_messages("a-b c-d a-c ");
	assert_waiting("c-d a-c ");
	assert_int_equal(sent(true), 3);
	assert_int_equal(sent(false), 3);
}

static void test_nothing(void **state)
{
	(void)state;
	struct err err = {0};
	assert_true(store_see_nothing(serving, &err));
	assert_messages("");
	assert_waiting("");
	assert_int_equal(sent(true), 0);
	assert_int_equal(sent(false), 0);
}

// What the one before was allowed ends when the connection goes back, and with a token that is none.
static void test_passed_on(void **state)
{
	(void)state;
	struct err err = {0};
	struct buf ids = {0};
	see(NULL);
	store_unsee(serving);
	assert_false(messages(&ids, &err));
	assert_non_null(strstr(err.text, "nobody said whose rows"));
	assert_int_equal(ids.len, 0);
	assert_true(store_see_nothing(serving, &err));
	assert_messages("");
	buf_free(&ids);
}

static void test_tokens(void **state)
{
	(void)state;
	struct err err = {0};
	struct arena *arena = arena_new();
	struct token token = {.name = TEXT("d"),
			      .scopes = SCOPE_MESSAGES,
			      .created_at = NOON,
			      .expires_at = USEC_NONE};
	unsigned char good[32] = {1}, other[32] = {2};
	bool found = false;
	string_list_add(&token.domains, TEXT("b.example"));
	string_list_add(&token.domains, TEXT("d.example"));
	assert_true(store_token_add(store, good, &token, &err));
	string_list_free(&token.domains);
	assert_true(store_token(serving, good, arena, &token, &found, &err));
	assert_true(found);
	assert_messages("a-b c-d ");
	assert_true(store_token(serving, other, arena, &token, &found, &err));
	assert_false(found);
	assert_messages("");
	arena_free(arena);
}

static void assert_of(const unsigned char *hash, bool good)
{
	struct err err = {0};
	struct token token;
	bool found = !good;
	struct arena *arena = arena_new();
	assert_true(store_token(serving, hash, arena, &token, &found, &err));
	assert_int_equal(found, good);
	arena_free(arena);
}

// Its rows are its own before its answer was looked at, whatever the connection was for before and however the first
// statement goes.
static void test_token_ahead(void **state)
{
	(void)state;
	struct err err = {0};
	const unsigned char good[32] = {1}, other[32] = {2};
	const struct statement bad[] = {{"party_there", NULL, NULL}}; // lacks its parameter
	see(NULL);
	store_token_ahead(serving, good, false);
	assert_messages("a-b c-d ");
	assert_of(good, true);
	store_token_ahead(serving, other, true); // expected to see all
	assert_messages("");
	assert_waiting("");
	assert_of(other, false);

	see(NULL);
	store_token_ahead(serving, other, true);
	assert_waiting(""); // goes with others in one trip
	assert_of(other, false);

	see(NULL);
	store_token_ahead(serving, other, true);
	assert_false(sql_together(serving, "plan_kept", bad, 1, &err)); // and is undone with them
	assert_messages("");
	assert_of(other, false);

	see(NULL);
	store_token_ahead(serving, other, true);
	assert_true(store_snapshot(serving, &err)); // said before, not undone with it
	assert_messages("");
	store_snapshot_end(serving);
	assert_messages("");
	assert_of(other, false);

	see(NULL);
	store_token_ahead(serving, good, true);
	assert_of(good, true); // nothing ran
	assert_messages("a-b c-d ");
}

// It goes to the next one, who has not said anything.
static void test_token_ahead_of_somebody_else(void **state)
{
	(void)state;
	struct err err = {0};
	struct buf ids = {0};
	const unsigned char good[32] = {1};
	store_token_ahead(serving, good, false);
	store_unsee(serving);
	assert_false(messages(&ids, &err));
	assert_non_null(strstr(err.text, "nobody said"));
	see("c.example");
	assert_messages("c-d a-c ");
	store_token_ahead(serving, good, false);
	see("c.example");
	assert_messages("c-d a-c ");
	buf_free(&ids);
}

// A new connection begins with nothing.
static void test_connected_again(void **state)
{
	(void)state;
	struct err err = {0};
	see(NULL);
	assert_true(store_reconnect(serving, &err));
	assert_messages("");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_passed_on),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_token_ahead),
		cmocka_unit_test(test_token_ahead_of_somebody_else),
		cmocka_unit_test(test_connected_again),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
