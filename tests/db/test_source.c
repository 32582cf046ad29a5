// SPDX-License-Identifier: Apache-2.0
// Realms, sources, generations, tokens and the access log.
#include "tests/db/fixture.h"

#include "core/json.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct fixture fixture;
static struct store *store;
static struct err err;

static int start(void **state)
{
	(void)state;
	fixture_start(&fixture);
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

static struct realm must_realm(const char *name, struct realm_settings *rules)
{
	struct realm realm = {0};
	if (!store_realm(store, name, rules, &realm, &err))
		fail_msg("%s", err.text);
	return realm;
}

static void realms_share_one_key_and_keep_their_number(void **state)
{
	(void)state;
	struct realm a = must_realm("default", NULL), b = must_realm("other", NULL);
	struct realm again = must_realm("default", NULL);
	assert_int_not_equal(a.id, b.id);
	assert_int_equal(a.id, again.id);
	assert_memory_equal(a.key.bytes, b.key.bytes, sizeof a.key.bytes);
}

static void given_rules_win_and_are_kept(void **state)
{
	(void)state;
	struct realm_settings rules, stored;
	struct realm realm;
	realm_settings_default(&rules);
	realm_settings_default(&stored);
	rules.w_match = 12345 * USEC_PER_SEC;
	string_list_add(&rules.hosts, TEXT("example.org"));
	must_realm("ruled", &rules);
	must_realm("ruled", NULL);
	assert_true(store_realm_rules(store, "ruled", &realm, &stored, &err));
	assert_int_equal(stored.w_match, rules.w_match);
	assert_true(string_list_has(&stored.hosts, TEXT("example.org")));
	assert_false(store_realm_rules(store, "nowhere", &realm, &stored, &err));
	assert_int_equal(err.kind, ERR_USAGE);
	realm_settings_free(&rules);
	realm_settings_free(&stored);
}

static void number_acks(int32_t realm, const char *json, struct realm_settings *rules)
{
	JSON_AUTO *object = json_object();
	json_object_set_new(object, "private_acks", json_loads(json, 0, NULL));
	if (!realm_settings_from_json(object, rules, &err) ||
	    !store_private_acks(store, realm, rules, &err))
		fail_msg("%s", err.text);
}

#define ACK(name)                                                                                  \
	"{\"name\":\"" name "\",\"element\":\"" name                                               \
	"\",\"namespace\":\"x\",\"means\":\"delivered\"}"

// What rows say must not change its meaning when an operator edits the declarations.
static void private_acks_keep_their_numbers(void **state)
{
	(void)state;
	struct realm_settings rules, stored;
	struct realm realm = must_realm("private", NULL), other = must_realm("private 2", NULL);
	number_acks(realm.id, "[" ACK("a") "," ACK("b") "]", &rules);
	assert_int_equal(rules.acks[0].number, 0);
	assert_int_equal(rules.acks[1].number, 1);
	realm_settings_free(&rules);
	number_acks(realm.id, "[" ACK("c") "," ACK("b") "]",
		    &rules); // reordered, one gone, one new
	assert_int_equal(rules.acks[0].number, 2);
	assert_int_equal(rules.acks[1].number, 1);
	must_realm("private", &rules);
	assert_true(store_realm_rules(store, "private", &realm, &stored, &err));
	assert_int_equal(stored.ack_count, 2);
	assert_int_equal(stored.acks[0].number, 2);
	assert_int_equal(stored.acks[1].number, 1);
	realm_settings_free(&stored);
	realm_settings_free(&rules);
	number_acks(other.id, "[" ACK("b") "]", &rules); // by realm
	assert_int_equal(rules.acks[0].number, 0);
	realm_settings_free(&rules);
}

// Numbers of old names are not given out again, so they come to an end.
static void too_many_private_acks_over_the_years_are_refused(void **state)
{
	(void)state;
	struct realm realm = must_realm("private 3", NULL);
	struct realm_settings rules;
	for (int i = 0; i < PRIVATE_ACKS_MAX; i++) {
		char json[200];
		snprintf(json, sizeof json,
			 "[{\"name\":\"n%d\",\"element\":\"e\",\"namespace\":\"x\","
			 "\"means\":\"delivered\"}]",
			 i);
		number_acks(realm.id, json, &rules);
		assert_int_equal(rules.acks[0].number, i);
		realm_settings_free(&rules);
	}
	JSON_AUTO *object = json_loads("{\"private_acks\":[" ACK("late") "]}", 0, NULL);
	assert_true(realm_settings_from_json(object, &rules, &err));
	assert_false(store_private_acks(store, realm.id, &rules, &err));
	assert_int_equal(err.kind, ERR_USAGE);
	assert_int_equal(fixture_int(store, "SELECT count(*) FROM private_ack WHERE name = 'late'"),
			 0);
	realm_settings_free(&rules);
}

static void a_source_keeps_its_number_when_its_setting_changes(void **state)
{
	(void)state;
	struct realm realm = must_realm("default", NULL);
	int32_t first = 0, second = 0, feed = 0, same = 0;
	const struct source_setup before = {"prosody", "/a", true, 0};
	const struct source_setup after = {"openfire-audit", "/b", true, 0};
	assert_true(store_source(store, realm.id, "log", &before, &first, &err));
	assert_true(store_source(store, realm.id, "log", &after, &second, &err));
	assert_int_equal(first, second);
	assert_int_equal(
		fixture_int(store, "SELECT flush_allowance FROM source WHERE name = 'log'"),
		120000000);
	assert_true(store_feed(store, realm.id, TEXT("log"), &same, &err));
	assert_int_equal(first, same);
	assert_true(store_feed(store, realm.id, TEXT("feed"), &feed, &err));
	assert_int_not_equal(first, feed);
	assert_false(store_feed(store, realm.id, TEXT("a\0b"), &feed, &err));
	assert_string_equal(store->sqlstate, "22021");
}

// F53, M9: what was imported and is then followed is one source, and an import does not end the following.
static void an_import_is_taken_over_by_who_follows_its_file(void **state)
{
	(void)state;
	struct realm realm = must_realm("default", NULL);
	struct source_setup by_hand = {"prosody", "/b", false, 0},
			    live = {"prosody", "/b*", true, 0};
	int32_t import = 0, taken = 0, again = 0, other = 0;
	assert_true(store_source(store, realm.id, "prosody:/b", &by_hand, &import, &err));
	live.of_file = by_hand.of_file = import;
	assert_true(store_source(store, realm.id, "b", &live, &taken, &err));
	assert_int_equal(taken, import);
	assert_true(store_source(store, realm.id, "b", &by_hand, &again, &err));
	assert_int_equal(again, import);
	assert_int_equal(fixture_int(store, "SELECT count(*) FROM source WHERE name = 'b' AND live "
					    "AND path = '/b*'"),
			 1);
	// One that is followed under another name keeps its own.
	assert_true(store_source(store, realm.id, "c", &live, &other, &err));
	assert_int_not_equal(other, import);
}

static void *add_source(void *argument)
{
	struct store *own = fixture_open(&fixture, STORE_WRITE);
	int32_t id;
	char name[32];
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof name, "many-%d-%d", *(int *)argument, i);
		if (!store_source(own, 1, name, &(struct source_setup){"prosody", name, false, 0},
				  &id, NULL))
			print_error("%s\n", name);
	}
	store_close(own);
	return NULL;
}

static void numbers_given_out_at_once_differ(void **state)
{
	(void)state;
	pthread_t threads[3];
	int numbers[3] = {0, 1, 2};
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, add_source, &numbers[i]);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(fixture_int(store, "SELECT count(DISTINCT id) FROM source WHERE name LIKE "
					    "'many-%'"),
			 30);
}

static void generations_come_back_newest_first_with_their_mark(void **state)
{
	(void)state;
	struct realm realm = must_realm("default", NULL);
	struct fingerprint print = {.head_len = 4096, .head = {1, 2, 3}};
	struct generation made[2], list[8];
	int32_t source;
	size_t count;
	const struct source_setup setup = {"prosody", "/g", false, 0};
	assert_true(store_source(store, realm.id, "g", &setup, &source, &err));
	for (int i = 0; i < 2; i++)
		assert_true(store_generation_new(store, source, "/g", &print, &made[i], &err));
	char text[200];
	snprintf(text, sizeof text, "INSERT INTO lane_mark VALUES (0, %d, 77, 2)", made[0].id);
	fixture_sql(store, text);
	assert_true(store_generations(store, realm.id, list, 8, &count, &err));
	assert_int_equal(count, 2);
	assert_int_equal(list[0].id, made[1].id);
	assert_false(list[0].has_mark);
	assert_true(list[1].has_mark);
	assert_int_equal(list[1].mark_offset, 77);
	assert_int_equal(list[1].mark_index, 2);
	assert_int_equal(list[1].print.head_len, 4096);
	assert_memory_equal(list[1].print.head, print.head, 32);
	assert_int_equal(list[1].print.tail_len, 0);
}

static void take_fact(void *self, struct text key, struct text value)
{
	char *said = self;
	size_t used = strlen(said);
	snprintf(said + used, 100 - used, "%.*s=%.*s ", (int)key.n, key.p, (int)value.n, value.p);
}

static void remembered_facts_come_back(void **state)
{
	(void)state;
	char said[100] = "", last[100] = "";
	fixture_sql(
		store,
		"INSERT INTO generation (id, realm, source, reader, path, head_len, head, grown_at)"
		" SELECT i, 1, 7, 70, '/f', 0, '', now() + i * interval '1 s'"
		" FROM generate_series(906, 908) AS i;"
		" INSERT INTO generation (id, realm, source, reader, path, head_len, head)"
		" VALUES (909, 1, 7, 70, '/f', 0, '');"
		" INSERT INTO dialect_fact VALUES (907, false, 'x', 'old'), (908, false, 'a', '1'),"
		" (908, false, 'b', '2'), (908, false, 'c', '3'), (908, true, 'b', '4'),"
		" (908, true, 'c', ''), (909, false, 'x', 'nothing yet')");
	assert_true(store_recall(store, 908, said, take_fact, &err));
	assert_string_equal(said, "a=1 b=2 c=3 ");
	assert_true(store_recall_last(store, 70, last, take_fact, &err));
	assert_string_equal(last, "a=1 b=4 ");
	fixture_sql(store, "DELETE FROM generation WHERE reader = 70");
}

// --- tokens ---

static void add_token(const char *name, unsigned char byte, usec_t expires)
{
	unsigned char hash[32] = {byte};
	struct token token = {.name = text_of(name),
			      .scopes = SCOPE_METRICS | SCOPE_MESSAGES,
			      .created_at = USEC_NONE,
			      .expires_at = expires,
			      .revoked_at = USEC_NONE};
	string_list_add(&token.domains, TEXT("example.org"));
	string_list_add(&token.domains, TEXT("example.net"));
	if (!store_token_add(store, hash, &token, &err))
		fail_msg("%s", err.text);
	string_list_free(&token.domains);
}

static bool token_is_good(unsigned char byte)
{
	unsigned char hash[32] = {byte};
	struct arena *arena = arena_new();
	struct token token;
	bool found;
	assert_true(store_token(store, hash, arena, &token, &found, &err));
	if (found) {
		assert_int_equal(token.scopes, SCOPE_METRICS | SCOPE_MESSAGES);
		assert_int_equal(token.domains.count, 2);
		assert_string_equal(token.domains.items[1], "example.net");
		assert_int_equal(token.revoked_at, USEC_NONE);
	}
	arena_free(arena);
	return found;
}

static void count_token(void *self, const struct token *token)
{
	(void)token;
	(*(int *)self)++;
}

static void tokens_are_good_until_they_expire_or_are_revoked(void **state)
{
	(void)state;
	bool found;
	int count = 0;
	add_token("old", 1, usec_now() - USEC_PER_SEC);
	add_token("good", 2, usec_now() + 1000 * USEC_PER_SEC);
	add_token("ever", 3, USEC_NONE);
	assert_false(token_is_good(1));
	assert_true(token_is_good(2));
	assert_true(token_is_good(3));
	assert_false(token_is_good(4));
	assert_int_equal(fixture_int(store, "SELECT count(*) FROM token WHERE used_at > now() - "
					    "interval '1 minute'"),
			 2);
	assert_true(store_token_revoke(store, TEXT("good"), &found, &err) && found);
	assert_false(token_is_good(2));
	assert_true(store_token_revoke(store, TEXT("nobody"), &found, &err) && !found);
	assert_true(store_tokens(store, &count, count_token, &err));
	assert_int_equal(count, 3);
}

static void a_token_name_is_used_once(void **state)
{
	(void)state;
	unsigned char hash[32] = {99};
	struct token token = {
		.name = TEXT("ever"), .created_at = USEC_NONE, .expires_at = USEC_NONE};
	assert_false(store_token_add(store, hash, &token, &err));
	assert_int_equal(err.kind, ERR_USAGE);
}

static void an_access_is_logged_before_and_after(void **state)
{
	(void)state;
	int64_t access = 0;
	assert_true(store_access(store, TEXT("ever"), TEXT("/v1/messages"), TEXT("limit=1"), true,
				 &access, &err));
	assert_int_equal(fixture_int(store, "SELECT count(*) FROM access_log WHERE rows IS NULL"),
			 1);
	assert_true(store_access_done(store, access, 17, &err));
	assert_int_equal(fixture_int(store, "SELECT rows FROM access_log"), 17);
}

static bool stop_at_once(void *self, const struct rows *row)
{
	assert_int_equal(row->count, 1);
	(*(int *)self)++;
	return false;
}

static void a_stream_can_be_stopped(void **state)
{
	(void)state;
	int count = 0;
	assert_true(sql_each(store, "tokens", NULL, &count, stop_at_once, &err));
	assert_int_equal(count, 1);
	assert_true(sql_run(store, "instance", NULL, NULL, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(realms_share_one_key_and_keep_their_number),
		cmocka_unit_test(given_rules_win_and_are_kept),
		cmocka_unit_test(private_acks_keep_their_numbers),
		cmocka_unit_test(too_many_private_acks_over_the_years_are_refused),
		cmocka_unit_test(an_import_is_taken_over_by_who_follows_its_file),
		cmocka_unit_test(a_source_keeps_its_number_when_its_setting_changes),
		cmocka_unit_test(numbers_given_out_at_once_differ),
		cmocka_unit_test(generations_come_back_newest_first_with_their_mark),
		cmocka_unit_test(remembered_facts_come_back),
		cmocka_unit_test(tokens_are_good_until_they_expire_or_are_revoked),
		cmocka_unit_test(a_token_name_is_used_once),
		cmocka_unit_test(an_access_is_logged_before_and_after),
		cmocka_unit_test(a_stream_can_be_stopped),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
