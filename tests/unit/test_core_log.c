// SPDX-License-Identifier: Apache-2.0
// Log lines cannot be forged by what they report; JSON texts are always valid.
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
#include "core/log.h"

struct pipe {
	int ends[2];
	char text[8192];
};

// What a log of this level writes for one field, without the time in front.
static const char *logged(struct pipe *pipe_, struct log_field field)
{
	assert_int_equal(pipe(pipe_->ends), 0);
	struct log *log = log_new(pipe_->ends[1], LOG_INFO);
	log_info(log, "event", field);
	log_debug(log, "hidden", field);
	log_free(log);
	close(pipe_->ends[1]);
	ssize_t n = read(pipe_->ends[0], pipe_->text, sizeof pipe_->text - 1);
	close(pipe_->ends[0]);
	assert_true(n > 25);
	pipe_->text[n] = '\0';
	assert_int_equal(pipe_->text[23], 'Z');
	return pipe_->text + 25;
}

static void values_are_escaped(void **state)
{
	(void)state;
	static const struct {
		struct text value;
		const char *line;
	} rows[] = {
		{{"romeo@example.org/x", 19}, "info event k=romeo@example.org/x\n"},
		{{"", 0}, "info event k=\"\"\n"},
		{{NULL, 0}, "info event k=-\n"},
		{{"-", 1}, "info event k=\"-\"\n"},
		{{"two words", 9}, "info event k=\"two words\"\n"},
		{{"a=b", 3}, "info event k=\"a=b\"\n"},
		{{"a\"b\\c", 5}, "info event k=\"a\\\"b\\\\c\"\n"},
		{{"a\nb\rc\td", 7}, "info event k=\"a\\nb\\rc\\td\"\n"},
		{{"a\0b\x1b[0m\x7f", 8}, "info event k=\"a\\u0000b\\u001b[0m\\u007f\"\n"},
		{{"\xc2\x85\xc2\x9b", 4}, "info event k=\"\\u0085\\u009b\"\n"},
		{{"a\xe2\x80\xae\x62", 5}, "info event k=\"a\\u202eb\"\n"},
		{{"\xe2\x81\xa6\xe2\x80\xa8", 6}, "info event k=\"\\u2066\\u2028\"\n"},
		{{"gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80", 11},
		 "info event k=\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80\"\n"},
		{{"\xff\xc3(\xed\xa0\x80", 6}, "info event k=\"\\xff\\xc3(\\xed\\xa0\\x80\"\n"},
		{{"\xe2\x80", 2}, "info event k=\"\\xe2\\x80\"\n"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct pipe pipe;
		assert_string_equal(logged(&pipe, LOG_T("k", rows[i].value)), rows[i].line);
	}
}

static void numbers_and_strings(void **state)
{
	(void)state;
	struct pipe pipe;
	assert_string_equal(logged(&pipe, LOG_I("n", INT64_MIN)),
			    "info event n=-9223372036854775808\n");
	assert_string_equal(logged(&pipe, LOG_S("s", "x")), "info event s=x\n");
	assert_string_equal(logged(&pipe, LOG_S("s", (const char *)NULL)), "info event s=-\n");
}

static void long_values_are_cut(void **state)
{
	(void)state;
	static char big[100000];
	memset(big, 'x', sizeof big);
	struct pipe pipe;
	const char *line = logged(&pipe, LOG_T("k", ((struct text){big, sizeof big})));
	assert_true(strlen(line) < 1100);
	assert_non_null(strstr(line, "x...\"\n"));
}

static void the_journal_gets_no_time(void **state)
{
	(void)state;
	int ends[2];
	char name[64], text[256];
	struct stat status;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fstat(ends[1], &status), 0);
	snprintf(name, sizeof name, "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
	setenv("JOURNAL_STREAM", name, 1);
	struct log *log = log_new(ends[1], LOG_ERROR);
	log_error(log, "event", LOG_I("n", 1));
	log_warn(log, "hidden", LOG_I("n", 2));
	log_free(log);
	unsetenv("JOURNAL_STREAM");
	close(ends[1]);
	ssize_t n = read(ends[0], text, sizeof text - 1);
	close(ends[0]);
	text[n > 0 ? n : 0] = '\0';
	assert_string_equal(text, "error event n=1\n");
}

static void nobody_and_a_closed_log_are_fine(void **state)
{
	(void)state;
	log_info(NULL, "event", LOG_I("n", 1));
	struct log *log = log_new(-1, LOG_DEBUG);
	log_info(log, "event", LOG_I("n", 1));
	log_free(log);
}

static void levels_have_names(void **state)
{
	(void)state;
	enum log_level level = LOG_ERROR;
	assert_true(log_level_parse("debug", &level));
	assert_int_equal(level, LOG_DEBUG);
	assert_false(log_level_parse("Debug", &level));
	assert_false(log_level_parse("", &level));
	assert_false(log_level_parse(NULL, &level));
}

static void json_texts_are_always_valid(void **state)
{
	(void)state;
	static const struct {
		struct text value;
		const char *json;
	} rows[] = {
		{{NULL, 0}, "null"},
		{{"", 0}, "\"\""},
		{{"a\"b", 3}, "\"a\\\"b\""},
		{{"\xf0\x9f\x98\x80", 4}, "\"\xf0\x9f\x98\x80\""},
		{{"a\xff"
		  "b",
		  3},
		 "\"a\xef\xbf\xbd"
		 "b\""},
		{{"\xed\xa0\x80", 3}, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
		{{"x\xe2\x80", 3}, "\"x\xef\xbf\xbd\xef\xbf\xbd\""},
		{{"a\0b", 3}, "\"a\\u0000b\""},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		JSON_AUTO *value = json_text(rows[i].value);
		char *text = json_dumps(value, JSON_ENCODE_ANY);
		assert_string_equal(text, rows[i].json);
		free(text);
	}
}

static void json_members_come_and_go(void **state)
{
	(void)state;
	JSON_AUTO *object = json_object();
	json_put_text(object, "none", TEXT_NONE);
	json_put_text(object, "some", TEXT("x"));
	json_put_usec(object, "never", USEC_NONE, 3);
	json_put_usec(object, "epoch", 0, 3);
	json_object_set_new(object, "number", json_integer(1));
	assert_int_equal(json_object_size(object), 3);
	assert_true(text_is(json_get_text(object, "some"), "x"));
	assert_true(text_is(json_get_text(object, "epoch"), "1970-01-01T00:00:00.000Z"));
	assert_null(json_get_text(object, "none").p);
	assert_null(json_get_text(object, "number").p);
	assert_null(json_get_text(NULL, "x").p);
	JSON_AUTO *never = json_usec(USEC_NONE, 0);
	assert_true(json_is_null(never));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_escaped),
		cmocka_unit_test(numbers_and_strings),
		cmocka_unit_test(long_values_are_cut),
		cmocka_unit_test(the_journal_gets_no_time),
		cmocka_unit_test(nobody_and_a_closed_log_are_fine),
		cmocka_unit_test(levels_have_names),
		cmocka_unit_test(json_texts_are_always_valid),
		cmocka_unit_test(json_members_come_and_go),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
