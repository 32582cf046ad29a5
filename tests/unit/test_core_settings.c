// SPDX-License-Identifier: Apache-2.0
// Settings: every road into them refuses the same things (F160, F196).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/arena.h"
#include "core/json.h"
#include "core/settings.h"

struct file {
	char path[64];
};

static struct file write_file(const char *content, mode_t mode)
{
	struct file file = {"settings-test-XXXXXX"};
	int fd = mkstemp(file.path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
	return file;
}

static struct settings *load(const char *content, mode_t mode, struct err *err)
{
	struct file file = write_file(content, mode);
	struct settings *settings = NULL;
	settings_load(file.path, &settings, err);
	unlink(file.path);
	return settings;
}

static void defaults_are_those_of_the_contract(void **state)
{
	(void)state;
	struct settings *s = NULL;
	assert_true(settings_load(NULL, &s, NULL));
	assert_string_equal(s->database, "embedded");
	assert_string_equal(s->realm, "default");
	assert_string_equal(s->listen, "127.0.0.1");
	assert_int_equal(s->port, 8480);
	assert_false(s->allow_remote);
	assert_null(s->zone);
	assert_null(s->pg_bindir);
	assert_non_null(s->data_dir);
	assert_int_equal(s->bodies, BODIES_FULL);
	assert_int_equal(s->flush_after, USEC_PER_SEC);
	assert_int_equal(s->flush_events, 200000);
	assert_int_equal(s->flush_bytes, 24000000);
	assert_int_equal(s->rules.w_match, 30 * USEC_PER_DAY);
	assert_int_equal(s->rules.t_infer, USEC_PER_DAY);
	assert_true(s->rules.content_digest);
	assert_int_equal(s->rules.hosts.count, 0);
	settings_free(s);
	settings_free(NULL);
}

static void data_dir_follows_the_environment(void **state)
{
	(void)state;
	struct settings *s = NULL;
	setenv("XDG_STATE_HOME", "/some/state", 1);
	assert_true(settings_load(NULL, &s, NULL));
	const char *wanted = geteuid() ? "/some/state/receiptd" : "/var/lib/receiptd";
	assert_string_equal(s->data_dir, wanted);
	settings_free(s);
	unsetenv("XDG_STATE_HOME");
}

static void file_sets_everything(void **state)
{
	(void)state;
	struct err err = {0};
	struct settings *s = load("# comment\n"
				  "port = 9000\n"
				  "bodies = none\n"
				  "zone = \"Europe/Berlin\"\n"
				  "flush_after = 250ms\n"
				  "flush_bytes = 1MiB\n"
				  "w_skew = 2.5\n"
				  "t_expire = \"10min\"\n"
				  "content_digest = no\n"
				  "muc_domains = {\"muc.a\", \"muc.b\"}\n"
				  "hosts = {a}\n"
				  "hosts += {b}\n"
				  "source one {\n"
				  "\tpath = \"/var/log/x/*.log\"\n"
				  "\tauthority = true\n"
				  "}\n"
				  "source two { path = y\n zone = UTC dialect = prosody }\n"
				  "wrapper_feed hook { domains = {\"x.a\", \"x.b\"} }\n",
				  0644, &err);
	if (!s)
		fail_msg("%s", err.text);
	assert_int_equal(s->port, 9000);
	assert_int_equal(s->bodies, BODIES_NONE);
	assert_string_equal(s->zone, "Europe/Berlin");
	assert_int_equal(s->flush_after, 250000);
	assert_int_equal(s->flush_bytes, 1 << 20);
	assert_int_equal(s->rules.w_skew, 2500000);
	assert_int_equal(s->rules.t_expire, 600 * USEC_PER_SEC);
	assert_false(s->rules.content_digest);
	assert_int_equal(s->rules.muc_domains.count, 2);
	assert_true(string_list_has(&s->rules.muc_domains, TEXT("muc.b")));
	assert_false(string_list_has(&s->rules.muc_domains, TEXT("muc.B")));
	assert_int_equal(s->rules.hosts.count, 2);
	assert_int_equal(s->source_count, 2);
	assert_string_equal(s->sources[0].name, "one");
	assert_string_equal(s->sources[0].path, "/var/log/x/*.log");
	assert_true(s->sources[0].authority);
	assert_null(s->sources[0].dialect);
	assert_string_equal(s->sources[1].dialect, "prosody");
	assert_string_equal(s->sources[1].zone, "UTC");
	assert_int_equal(s->rules.wrapper_count, 1);
	assert_string_equal(s->rules.wrappers[0].feed, "hook");
	assert_true(string_list_has(&s->rules.wrappers[0].domains, TEXT("x.b")));
	settings_free(s);
}

static void bad_files_name_line_and_key(void **state)
{
	(void)state;
	static const struct {
		const char *content, *line, *key;
	} rows[] = {
		{"\nprot = 1\n", "line 2", "prot"},
		{"port = x\n", "line 1", "port"},
		{"port = 65536\n", "line 1", "port"},
		{"port = -1\n", "line 1", "port"},
		{"port = {1, 2}\n", "line 1", ""},
		{"port = 1\nport = 1\n", "line 2", "port"},
		{"hosts = {a}\n\nhosts = {b}\n", "line 3", "hosts"},
		{"hosts = {\"\"}\n", "line 1", "hosts"},
		{"\n\nw_skew = 5 s\n", "line 3", ""},
		{"w_skew = 5y\n", "line 1", "w_skew"},
		{"w_skew = -5s\n", "line 1", "w_skew"},
		{"w_skew = 1.2345678s\n", "line 1", "w_skew"},
		{"w_skew = 9999999999999999999d\n", "line 1", "w_skew"},
		{"flush_bytes = 0\n", "line 1", "flush_bytes"},
		{"flush_events = 1e5\n", "line 1", "flush_events"},
		{"bodies = some\n", "line 1", "bodies"},
		{"log_level = loud\n", "line 1", "log_level"},
		{"allow_remote = 2\n", "line 1", "allow_remote"},
		{"zone = Europe/Atlantis\n", "line 1", "zone"},
		{"source a { path = x }\nsource a { path = y }\n", "line 2", "a"},
		{"source a {\n path = x\n path = y\n}\n", "line 3", "path"},
		{"source a {\n path = x\n file = y\n}\n", "line 3", "file"},
		{"source a {\n path = x\n zone = Nowhere\n}\n", "line 3", "zone"},
		{"source a {\n path = x\n authority = perhaps\n}\n", "line 3", "authority"},
		{"source a { dialect = prosody }\n", "line 1", "path"},
		{"wrapper_feed a { }\n", "line 1", "domains"},
		{"feed a { kind = smoke }\n", "line 1", "kind"},
		{"feed a { kind = component }\n", "line 1", "domain"},
		{"feed a { kind = component domain = x secret_file = y }\n", "line 1", "domains"},
		{"feed a/b { kind = webhook }\n", "line 1", "name"},
		{"port\n", "line", ""},
		{"port = \"1\n", "line", ""},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct err err = {0};
		struct settings *s = load(rows[i].content, 0600, &err);
		if (s || err.kind != ERR_USAGE || !strstr(err.text, rows[i].line) ||
		    !strstr(err.text, rows[i].key) || !strstr(err.text, "settings-test-"))
			fail_msg("%s -> %s", rows[i].content, err.text);
	}
}

static void files_that_cannot_be_read(void **state)
{
	(void)state;
	static const char *const paths[] = {"does-not-exist.conf", "."};
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		struct err err = {0};
		struct settings *s = NULL;
		assert_false(settings_load(paths[i], &s, &err));
		assert_null(s);
		assert_int_equal(err.kind, ERR_USAGE);
		assert_non_null(strstr(err.text, paths[i]));
	}
}

static void a_password_must_not_be_readable(void **state)
{
	(void)state;
	static const struct {
		const char *content;
		mode_t mode;
		bool good;
	} rows[] = {
		{"database = \"postgresql://u:geheim@h/db\"\n", 0644, false},
		{"database = \"postgresql://u:geheim@h/db\"\n", 0604, false},
		{"database = \"postgresql://u:geheim@h/db\"\n", 0640, true},
		{"database = \"postgresql://u:geheim@h/db\"\n", 0600, true},
		{"database = \"postgresql://h/db?password=geheim\"\n", 0644, false},
		{"database = \"host=h password=geheim\"\n", 0644, false},
		{"database = \"postgresql://u@h:5432/db\"\n", 0644, true},
		{"database = embedded\n", 0644, true},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct err err = {0};
		struct settings *s = load(rows[i].content, rows[i].mode, &err);
		if ((s != NULL) != rows[i].good)
			fail_msg("%s: %s", rows[i].content, err.text);
		assert_null(strstr(err.text, "geheim"));
		if (!s)
			assert_int_equal(err.kind, ERR_USAGE);
		settings_free(s);
	}
}

static void overrides_win_or_change_nothing(void **state)
{
	(void)state;
	struct settings *s = NULL;
	assert_true(settings_load(NULL, &s, NULL));
	assert_true(settings_set(s, "port=1", NULL));
	assert_true(settings_set(s, "database=", NULL));
	assert_true(settings_set(s, "w_upto=2d", NULL));
	assert_true(settings_set(s, "hosts=a, b,c", NULL));
	assert_true(settings_set(s, "hosts=d,e", NULL));
	assert_int_equal(s->port, 1);
	assert_string_equal(s->database, "");
	assert_int_equal(s->rules.w_upto, 2 * USEC_PER_DAY);
	assert_int_equal(s->rules.hosts.count, 2);
	assert_string_equal(s->rules.hosts.items[1], "e");

	static const char *const bad[] = {"port",      "port=",     "port=1x",     "prot=1",
					  "=1",        "",          "hosts=a,,b",  "hosts=a,",
					  "zone=Mars", "source=x",  "w_upto=1d2h", "w_upto=.5s",
					  "w_upto=1.", "bodies=All"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct err err = {0};
		if (settings_set(s, bad[i], &err))
			fail_msg("accepted: %s", bad[i]);
		assert_int_equal(err.kind, ERR_USAGE);
		assert_non_null(strstr(err.text, "--set"));
	}
	assert_int_equal(s->port, 1);
	assert_int_equal(s->rules.hosts.count, 2);
	assert_true(settings_set(s, "hosts=", NULL));
	assert_int_equal(s->rules.hosts.count, 0);
	settings_free(s);
}

// What the sample shows as defaults are the defaults: its lines without "#" load to the same.
static void the_sample_is_the_default(void **state)
{
	(void)state;
	char *sample = NULL, *active;
	size_t size = 0;
	FILE *out = open_memstream(&sample, &size);
	settings_print_sample(out);
	fclose(out);
	active = xcalloc(1, size + 1);
	char *end = active;
	for (const char *line = sample; *line; line += strcspn(line, "\n") + 1) {
		if (line[0] == '#' && line[1] != ' ')
			end += snprintf(end, size - (size_t)(end - active), "%.*s\n",
					(int)strcspn(line, "\n") - 1, line + 1);
	}
	struct err err = {0};
	struct settings *read = load(active, 0600, &err), *fresh = NULL;
	if (!read)
		fail_msg("%s", err.text);
	assert_true(settings_load(NULL, &fresh, NULL));
	assert_int_equal(read->source_count, 1);
	assert_int_equal(read->feed_count, 2);
	assert_int_equal(read->rules.wrapper_count, 2); // a feed's domains are one too
	assert_int_equal(read->rules.ack_count, 1);
	assert_string_equal(read->data_dir, fresh->data_dir);
	assert_int_equal(read->flush_bytes, fresh->flush_bytes);
	assert_int_equal(read->rules.t_composing_open, fresh->rules.t_composing_open);
	assert_null(read->zone);
	settings_free(read);
	settings_free(fresh);
	free(active);
	free(sample);
}

static void realm_settings_travel_as_json(void **state)
{
	(void)state;
	JSON_AUTO *object = json_loads("{\"now\": \"2026-01-01T00:00:00Z\", \"w_skew\": 7,"
				       " \"w_state\": 0.25, \"content_digest\": false,"
				       " \"muc_domains\": [\"m.a\"], \"hosts\": \"h\","
				       " \"wrapper_feeds\": {\"f\": \"a\", \"g\": [\"b\", \"c\"]}}",
				       0, NULL);
	struct realm_settings rules, copy;
	struct err err = {0};
	if (!realm_settings_from_json(object, &rules, &err))
		fail_msg("%s", err.text);
	assert_int_equal(rules.w_skew, 7 * USEC_PER_SEC);
	assert_int_equal(rules.w_state, 250000);
	assert_int_equal(rules.w_resend, 3600 * USEC_PER_SEC);
	assert_false(rules.content_digest);
	assert_true(string_list_has(&rules.hosts, TEXT("h")));
	assert_int_equal(rules.wrapper_count, 2);

	realm_settings_copy(&copy, &rules);
	JSON_AUTO *one = realm_settings_to_json(&rules);
	realm_settings_free(&rules);
	JSON_AUTO *two = realm_settings_to_json(&copy);
	assert_true(json_equal(one, two));
	realm_settings_free(&copy);
	assert_true(realm_settings_from_json(one, &rules, NULL));
	JSON_AUTO *three = realm_settings_to_json(&rules);
	assert_true(json_equal(one, three));
	realm_settings_free(&rules);
}

static void bad_realm_json_names_the_member(void **state)
{
	(void)state;
	static const struct {
		const char *json, *key;
	} rows[] = {
		{"[]", "object"},
		{"{\"w_skew\": \"5\"}", "w_skew"},
		{"{\"w_skew\": -1}", "w_skew"},
		{"{\"w_skew\": 1e300}", "w_skew"},
		{"{\"content_digest\": 1}", "content_digest"},
		{"{\"hosts\": [1]}", "hosts"},
		{"{\"muc_domains\": {}}", "muc_domains"},
		{"{\"wrapper_feeds\": []}", "wrapper_feeds"},
		{"{\"wrapper_feeds\": {\"f\": 1}}", "f"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		JSON_AUTO *object = json_loads(rows[i].json, 0, NULL);
		struct realm_settings rules;
		struct err err = {0};
		if (realm_settings_from_json(object, &rules, &err))
			fail_msg("accepted: %s", rows[i].json);
		if (err.kind != ERR_USAGE || !strstr(err.text, rows[i].key))
			fail_msg("%s -> %s", rows[i].json, err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_contract),
		cmocka_unit_test(data_dir_follows_the_environment),
		cmocka_unit_test(file_sets_everything),
		cmocka_unit_test(bad_files_name_line_and_key),
		cmocka_unit_test(files_that_cannot_be_read),
		cmocka_unit_test(a_password_must_not_be_readable),
		cmocka_unit_test(overrides_win_or_change_nothing),
		cmocka_unit_test(the_sample_is_the_default),
		cmocka_unit_test(realm_settings_travel_as_json),
		cmocka_unit_test(bad_realm_json_names_the_member),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
