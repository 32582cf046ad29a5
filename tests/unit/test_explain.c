// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ingest/explain.h"
#include "ingest/ingest.h"

#include <sys/stat.h>
#include <unistd.h>

#define AUDIT "tests/data/openfire/of416-en/jive.audit-20261122-001.log.gz"

static void look_sees_what_an_import_needs(void **state)
{
	const struct look_options options = {.zone = "UTC"};
	struct look look;
	struct err err = {0};
	(void)state;
	if (!look_at(AUDIT, &options, &look, &err))
		fail_msg("%s", err.text);
	assert_string_equal(look.dialect->name, "openfire-audit");
	assert_true(look.compressed && look.whole);
	assert_int_equal(look.sessions, 9);
	assert_int_equal(look.hosts.count, 1);
	assert_string_equal(look.hosts.items[0], "of.test");
	assert_int_equal(look.muc_domains.count, 1);
	assert_string_equal(look.muc_domains.items[0], "conference.of.test");
	assert_int_equal(look.stanzas[DIR_IN], 117);
	assert_int_equal(look.stanzas[DIR_OUT], 166);
	assert_null(look.gaps[0].what);
	assert_null(look.unread[0].what);
	assert_true(look.first < look.last);
	look_free(&look);
}

static void look_can_stop_early(void **state)
{
	const struct look_options options = {.zone = "UTC", .limit = 1};
	struct look look;
	struct err err = {0};
	(void)state;
	assert_true(
		look_at("tests/data/prosody/stanza-debug/debug-iso.log.gz", &options, &look, &err));
	assert_false(look.whole);
	assert_int_equal(look.bytes, 64 << 10);
	look_free(&look);
}

static void refused(const char *path, const char *text)
{
	const struct look_options options = {0};
	struct look look;
	struct err err = {0};
	assert_false(look_at(path, &options, &look, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	if (!strstr(err.text, text))
		fail_msg("%s does not say %s", err.text, text);
	look_free(&look);
}

static char *write_file(char *path, const void *bytes, size_t size)
{
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
	return path;
}

static void unreadable_files_are_named_with_the_reason(void **state)
{
	char folder[] = "/tmp/explain-XXXXXX", fifo[64], other[] = "/tmp/explain-XXXXXX";
	char utf16[] = "/tmp/explain-XXXXXX", broken[] = "/tmp/explain-XXXXXX";
	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(fifo, sizeof fifo, "%s/fifo", folder);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	refused("/nonexistent/file", "No such file");
	refused(folder, "a directory");
	refused(fifo, "a pipe"); // F36: opening it would hang
	refused("/dev/null", "a character device");
	refused("tests/data/openfire/constructed/empty.log", "the file is empty");
	refused(write_file(other, "hello\nworld\n", 12),
		"known dialects: openfire-audit, prosody,");
	refused(write_file(utf16, "\xff\xfe<\0j\0", 6), "UTF-16"); // F34
	refused(write_file(broken, "\x1f\x8b\x08\0\0\0\0\0\0\3garbage", 17), "cannot decompress");
	refused("tests/data/prosody/plain-debug/debug-default.log.gz", "enable mod_stanza_debug");
	unlink(other);
	unlink(utf16);
	unlink(broken);
	unlink(fifo);
	rmdir(folder);
}

static void cut_archives_give_what_is_there(void **state)
{
	const struct look_options options = {.zone = "UTC"};
	char path[] = "/tmp/explain-XXXXXX", bytes[8000];
	struct look look;
	struct err err = {0};
	(void)state;
	FILE *in = fopen(AUDIT, "rb");
	assert_non_null(in);
	assert_int_equal(fread(bytes, 1, sizeof bytes, in), sizeof bytes);
	(void)fclose(in);
	(void)write_file(path, bytes, sizeof bytes);
	assert_false(look_at(path, &options, &look, &err)); // F21
	assert_int_equal(err.kind, ERR_INPUT);
	assert_non_null(strstr(err.text, "damaged or cut"));
	assert_true(look.stanzas[DIR_IN] > 0);
	assert_false(look.whole);
	look_free(&look);
	unlink(path);
}

static int explain(char **argv)
{
	int argc = 0;
	while (argv[argc])
		argc++;
	return cmd_explain(NULL, argc, argv);
}

static void exit_status_tells_usage_from_input(void **state)
{
	(void)state;
	assert_int_equal(explain((char *[]){"explain", "--wrong", NULL}), 2);
	assert_int_equal(explain((char *[]){"explain", NULL}), 2);
	assert_int_equal(explain((char *[]){"explain", "--dialect", "nonsense", "x", NULL}), 2);
	assert_int_equal(explain((char *[]){"explain", "--year", "20x6", "x", NULL}), 2);
	assert_int_equal(explain((char *[]){"explain", "--zone", "Mars/Olympus", AUDIT, NULL}), 2);
	assert_int_equal(explain((char *[]){"explain", "/nonexistent", NULL}), 5);
}

static void json_holds_the_same(void **state)
{
	const struct look_options options = {.zone = "UTC"};
	struct look look;
	(void)state;
	assert_true(look_at(AUDIT, &options, &look, NULL));
	json_t *object = explain_json("a\x1b[31m", &look);
	const json_t *stanzas = json_object_get(object, "stanzas");
	assert_int_equal(json_integer_value(json_object_get(stanzas, "in")), 117);
	assert_int_equal(json_array_size(json_object_get(object, "sessions")), 9);
	assert_string_equal(json_string_value(json_object_get(object, "last")),
			    "2026-11-22T10:58:23.719000Z");
	json_decref(object);
	look_free(&look);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(look_sees_what_an_import_needs),
		cmocka_unit_test(look_can_stop_early),
		cmocka_unit_test(unreadable_files_are_named_with_the_reason),
		cmocka_unit_test(cut_archives_give_what_is_there),
		cmocka_unit_test(exit_status_tells_usage_from_input),
		cmocka_unit_test(json_holds_the_same),
	};
	return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}
