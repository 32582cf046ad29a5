// SPDX-License-Identifier: Apache-2.0
// Settings of a realm that were changed: what is stored stays as it was made, so it is said, once.
#include "tests/db/fixture.h"
#include "tests/db/sample.h"

#include "core/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct fixture fixture;
static struct store *store;
static FILE *said;

static int start(void **state)
{
	(void)state;
	said = tmpfile();
	fixture_start(&fixture);
	fixture.app.log = log_new(fileno(said), LOG_INFO);
	store = fixture_open(&fixture, STORE_WRITE);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	store_close(store);
	log_free(fixture.app.log);
	fixture.app.log = NULL;
	fixture_stop(&fixture);
	fclose(said);
	return 0;
}

// What a start with these settings says of them; "" = nothing.
static const char *start_with(const char *realm, struct realm_settings *rules)
{
	static char text[4096];
	struct err err = {0};
	struct realm found;
	assert_int_equal(ftruncate(fileno(said), 0), 0);
	assert_int_equal(lseek(fileno(said), 0, SEEK_SET), 0);
	if (!store_realm(store, realm, rules, &found, &err))
		fail_msg("%s", err.text);
	ssize_t n = pread(fileno(said), text, sizeof text - 1, 0);
	text[n > 0 ? n : 0] = 0;
	return text;
}

static void a_change_is_said_once_with_what_to_do(void **state)
{
	(void)state;
	struct sample sample;
	sample_start(&sample, store, "one");
	sample_message(&sample, NOON, "k1");
	sample_commit(&sample);
	assert_string_equal(start_with("one", &sample.rules), "");
	sample.rules.w_match = 86400 * SEC;
	const char *text = start_with("one", &sample.rules);
	assert_non_null(strstr(text, "realm-settings-changed realm=one"));
	assert_non_null(strstr(text, "w_match 2592000 -> 86400"));
	assert_non_null(strstr(text, "receiptd reprocess --realm one --since 2026-03-02T00:00:00Z "
				     "--until 2026-03-02T23:59:59Z"));
	assert_string_equal(start_with("one", &sample.rules), "");
	assert_string_equal(start_with("one", NULL), "");
	sample_stop(&sample);
}

static void what_is_judged_when_read_is_no_change(void **state)
{
	(void)state;
	struct sample sample;
	sample_start(&sample, store, "two");
	sample_message(&sample, NOON, "k2");
	sample_commit(&sample);
	sample.rules.t_expire = 3600 * SEC;
	assert_string_equal(start_with("two", &sample.rules), "");
	// Taken from a log: nobody changed a setting. Then an operator does.
	string_list_add(&sample.rules.muc_domains, TEXT("rooms.a.example"));
	assert_string_equal(start_with("two", &sample.rules), "");
	struct string_list *configured = &fixture.app.settings->rules.muc_domains;
	string_list_add(&sample.rules.muc_domains, TEXT("rooms.b.example"));
	string_list_add(configured, TEXT("rooms.b.example"));
	assert_non_null(strstr(start_with("two", &sample.rules), "muc_domains"));
	string_list_free(configured);
	sample_stop(&sample);
}

static struct realm_settings learnt(const char *muc_domain, const char *host)
{
	struct realm_settings rules;
	realm_settings_default(&rules);
	string_list_add(&rules.muc_domains, text_of(muc_domain));
	string_list_add(&rules.hosts, text_of(host));
	return rules;
}

static void assert_stored(const char *realm, const char *muc_domains, const char *hosts)
{
	char query[160];
	snprintf(query, sizeof query,
		 "SELECT concat(rules->'muc_domains', ' ', rules->'hosts') FROM realm WHERE name = "
		 "'%s'",
		 realm);
	char wanted[160];
	snprintf(wanted, sizeof wanted, "%s %s", muc_domains, hosts);
	char *stored = fixture_text(store, query);
	assert_string_equal(stored, wanted);
	free(stored);
}

// Two imports side by side: each knows only what its own files show, and neither knows of the other's rules.
static void what_two_writers_learn_is_united(void **state)
{
	(void)state;
	struct sample sample;
	struct realm_settings one = learnt("rooms.a.example", "a.example");
	struct realm_settings two = learnt("rooms.b.example", "b.example");
	sample_start(&sample, store, "five");
	sample_message(&sample, NOON, "k5");
	sample_commit(&sample);
	assert_string_equal(start_with("five", &one), "");
	assert_string_equal(start_with("five", &two), "");
	assert_stored("five", "[\"rooms.a.example\", \"rooms.b.example\"]",
		      "[\"a.example\", \"b.example\"]");
	assert_true(string_list_has(&two.muc_domains, TEXT("rooms.a.example")));
	assert_true(string_list_has(&two.hosts, TEXT("a.example")));
	assert_string_equal(start_with("five", &one), "");
	assert_stored("five", "[\"rooms.a.example\", \"rooms.b.example\"]",
		      "[\"a.example\", \"b.example\"]");
	realm_settings_free(&one);
	realm_settings_free(&two);
	sample_stop(&sample);
}

static void a_list_that_the_setting_names_replaces_what_was_learnt(void **state)
{
	(void)state;
	struct realm_settings one = learnt("rooms.a.example", "a.example");
	struct realm_settings two = learnt("rooms.b.example", "b.example");
	struct realm_settings *configured = &fixture.app.settings->rules;
	start_with("six", &one);
	string_list_add(&configured->muc_domains, TEXT("rooms.b.example"));
	start_with("six", &two);
	assert_stored("six", "[\"rooms.b.example\"]", "[\"a.example\", \"b.example\"]");
	string_list_free(&configured->muc_domains);
	realm_settings_free(&one);
	realm_settings_free(&two);
}

static void of_a_realm_without_rows_nothing_is_said(void **state)
{
	(void)state;
	struct realm_settings rules;
	realm_settings_default(&rules);
	assert_string_equal(start_with("three", &rules), "");
	rules.w_skew = SEC;
	assert_string_equal(start_with("three", &rules), "");
	realm_settings_free(&rules);
}

// Which settings a row was written with: by its batch.
static void the_settings_of_each_batch_are_kept(void **state)
{
	(void)state;
	struct sample sample;
	sample_start(&sample, store, "four");
	sample_message(&sample, NOON, "k4");
	sample_commit(&sample);
	int64_t last = fixture_int(store, "SELECT max(commit) FROM batch");
	sample.rules.w_noid = 9 * SEC;
	start_with("four", &sample.rules);
	sample.rules.w_noid = 7 * SEC; // nothing was written with 9
	start_with("four", &sample.rules);
	assert_int_equal(fixture_int(store, "SELECT count(*) FROM realm_rules AS u JOIN realm AS r"
					    " ON r.id = u.realm WHERE r.name = 'four'"),
			 2);
	assert_int_equal(fixture_int(store, "SELECT (u.rules->>'w_noid')::int FROM realm_rules AS u"
					    " JOIN realm AS r ON r.id = u.realm"
					    " WHERE r.name = 'four' ORDER BY after_commit DESC"),
			 7);
	assert_int_equal(fixture_int(store, "SELECT max(after_commit) FROM realm_rules AS u"
					    " JOIN realm AS r ON r.id = u.realm"
					    " WHERE r.name = 'four'"),
			 last);
	sample_stop(&sample);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_is_said_once_with_what_to_do),
		cmocka_unit_test(what_is_judged_when_read_is_no_change),
		cmocka_unit_test(what_two_writers_learn_is_united),
		cmocka_unit_test(a_list_that_the_setting_names_replaces_what_was_learnt),
		cmocka_unit_test(of_a_realm_without_rows_nothing_is_said),
		cmocka_unit_test(the_settings_of_each_batch_are_kept),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
