// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/dialect_harness.h"

#define GOOD                                                                                       \
	"{\"ts\":\"2026-11-22T11:00:00.000007+01:00\",\"feed\":\"f1\",\"dir\":\"s2s-in\","         \
	"\"session\":null,\"stanza\":\"<message from='a@b'/>\"}\n"

static void lines_are_records(void **state)
{
	(void)state;
	struct run *run = run_text("observations", "UTC", 0, TEXT("\n" GOOD "\r\n" GOOD), 5);
	assert_int_equal(run->stanzas, 2);
	assert_true(says(run, "stanza s2s-in - @1+"));
	assert_true(says(run, "t=1795341600000007 [] <message from='a@b'/>"));
	same_in_any_chunks("observations", "UTC", 0, TEXT("\n" GOOD "\r\n" GOOD));
	run_free(run);
}

static void bad_lines_are_quarantined_alone(void **state)
{
	static const char *const bad[] = {
		"{",
		"[]",
		"text",
		"{\"ts\":\"2026-11-22T11:00:00\",\"dir\":\"in\",\"stanza\":\"<a/>\"}",
		"{\"ts\":\"2026-11-22T11:00:00Z\",\"dir\":\"up\",\"stanza\":\"<a/>\"}",
		"{\"ts\":\"2026-11-22T11:00:00Z\",\"dir\":\"in\"}",
		"{\"ts\":1,\"ts\":1}"};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct buf log = {0};
		buf_printf(&log, "%s%s\n%s", GOOD, bad[i], GOOD);
		struct run *run = run_text("observations", "UTC", 0, buf_view(&log), 100);
		assert_int_equal(run->stanzas, 2);
		assert_int_equal(run->quarantined, 1);
		run_free(run);
		buf_free(&log);
	}
}

static void last_line_without_newline(void **state)
{
	(void)state;
	struct run *run = run_new("observations", "UTC", 0);
	run_give(run, (struct text){GOOD, sizeof GOOD - 2}, 100);
	run_end(run, false);
	assert_int_equal(run->stanzas, 0);
	assert_int_equal(run->type->low_water(run->dialect), 0);
	run_end(run, true); // complete by itself (F25)
	assert_int_equal(run->stanzas, 1);
	run_free(run);
	run = run_text("observations", "UTC", 0, (struct text){GOOD, 40}, 100);
	assert_true(says(run, "[unterminated at end of file]"));
	run_free(run);
}

static void detection_names_the_dialect_or_the_reason(void **state)
{
	static const struct {
		const char *path, *dialect, *why;
	} table[] = {
		{"tests/data/openfire/of416-en/jive.audit-20261122-001.log.gz", "openfire-audit",
		 "header"},
		{"tests/data/openfire/constructed/header-only.log", "openfire-audit", "no packet"},
		{"tests/data/openfire/constructed/empty.log", NULL, ""},
		{"tests/data/prosody/stanza-debug/debug-default.log.gz", "prosody",
		 "mod_stanza_debug"},
		{"tests/data/prosody/plain-debug/debug-default.log.gz", NULL,
		 "without stanza_debug"},
		{"tests/data/prosody/stanza-debug/stdout.log.gz", "prosody-console", "console"},
		{"tests/data/openfire/of416-en/truth-events.jsonl.gz", NULL, "JSON"},
		{"tests/data/ejabberd/lossy/ejabberd.log.gz", "ejabberd-debug", "level debug"},
		{"tests/data/ejabberd/info/ejabberd.log", NULL, "set loglevel debug"},
		{"tests/data/ejabberd/service-log/feed.ndjson.gz", NULL, "JSON"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct buf file = file_bytes(table[i].path);
		const char *why = "";
		int certainty;
		struct text head = {buf_view(&file).p, file.len < 65536 ? file.len : 65536};
		const struct dialect_type *type = dialect_detect(head, &certainty, &why);
		assert_string_equal(type ? type->name : "none",
				    table[i].dialect ? table[i].dialect : "none");
		assert_non_null(strstr(why, table[i].why));
		buf_free(&file);
	}
	assert_ptr_equal(dialect_detect(TEXT(GOOD), NULL, NULL),
			 dialect_by_name(TEXT("observations")));
	assert_null(dialect_by_name(TEXT("openfire")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_records),
		cmocka_unit_test(bad_lines_are_quarantined_alone),
		cmocka_unit_test(last_line_without_newline),
		cmocka_unit_test(detection_names_the_dialect_or_the_reason),
	};
	return cmocka_run_group_tests_name("dialect observations and detection", tests, NULL, NULL);
}
