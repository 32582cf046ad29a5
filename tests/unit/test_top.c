// SPDX-License-Identifier: Apache-2.0
// receiptd top without terminal and database: text cut to columns, numbers, keys, a frame of hostile names.
#include "api/top_screen.h"
#include "api/top_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

// --- text ---

static const struct {
	const char *text;
	int columns;
	bool utf8;
	const char *shown;
	int used;
} cuts[] = {
	{"", 5, true, "", 0},
	{"harbor", 6, true, "harbor", 6},
	{"harbor", 5, true, "harb\u2026", 5},
	{"harbor", 5, false, "harb~", 5},
	{"harbor", 1, true, "\u2026", 1},
	{"harbor", 0, true, "", 0},
	{"harbor", -3, true, "", 0},
	// Wide ones take two columns and are never halved.
	{"\u6e2f\u53e3", 4, true, "\u6e2f\u53e3", 4},
	{"\u6e2f\u53e3", 3, true, "\u6e2f\u2026", 3},
	{"\u6e2f\u53e3\u6e2f", 4, true, "\u6e2f\u2026", 3},
	{"\U0001f600x", 3, true, "\U0001f600x", 3},
	{"a\u00e4b", 3, true, "a\u00e4b", 3},
	{"a\u00e4b", 12, false, "a\\u{e4}b", 8},
	// An accent belongs to its letter; alone, or as a heap, it is no accent.
	{"e\u0301x", 2, true, "e\u0301x", 2},
	{"e\u0301xy", 2, true, "e\u0301\u2026", 2},
	{"\u0301x", 12, true, "\\u{301}x", 8},
	{"e\u0301\u0301\u0301\u0301", 12, true, "e\u0301\u0301\u0301\\u{301}", 8},
	// What a terminal would obey, and what hides or turns the rest.
	{"\033[2J", 12, true, "\\x1b[2J", 7},
	{"\033]0;x\a", 20, true, "\\x1b]0;x\\x07", 12},
	{"a\nb\tc\rd", 20, true, "a\\x0ab\\x09c\\x0dd", 16},
	{"\x7f", 12, true, "\\x7f", 4},
	{"\xc2\x9b"
	 "31m",
	 12, true, "\\u{9b}31m", 9},
	{"\u202egnp", 12, true, "\\u{202e}gnp", 11},
	{"a\u200bb", 12, true, "a\\u{200b}b", 10},
	{"\u2028", 12, true, "\\u{2028}", 8},
	{"\ufeff", 12, true, "\\u{feff}", 8},
	{"\ue000", 12, true, "\\u{e000}", 8},
	{"\U0010ffff", 12, true, "\\u{10ffff}", 10},
	// No UTF-8: cut short, overlong, a surrogate, any byte.
	{"a\xc3", 12, true, "a\\xc3", 5},
	{"\xc0\x80", 12, true, "\\xc0\\x80", 8},
	{"\xed\xa0\x80", 12, true, "\\xed\\xa0\\x80", 12},
	{"\x9b", 12, true, "\\x9b", 4},
	{"\xff", 12, false, "\\xff", 4},
	// An escape is not shown by halves.
	{"ab\033", 5, true, "ab\u2026", 3},
};

static void test_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
		struct buf out = {0};
		buf_zstr(&out, "|");
		int used = top_cut(&out, text_of(cuts[i].text), cuts[i].columns, cuts[i].utf8);
		if (!text_is(buf_view(&out), "|") || *cuts[i].shown)
			assert_memory_equal(out.data + 1, cuts[i].shown, strlen(cuts[i].shown));
		assert_int_equal(out.len, 1 + strlen(cuts[i].shown));
		assert_int_equal(used, cuts[i].used);
		buf_free(&out);
	}
}

static void test_cut_nul(void **state)
{
	(void)state;
	struct buf out = {0};
	assert_int_equal(top_cut(&out, (struct text){"a\0b", 3}, 9, true), 6);
	assert_string_equal(out.data, "a\\x00b");
	buf_free(&out);
}

static void test_cut_front(void **state)
{
	static const struct {
		const char *text;
		int columns;
		const char *shown;
	} rows[] = {{"/var/log/p.log", 20, "/var/log/p.log"},
		    {"/var/log/p.log", 14, "/var/log/p.log"},
		    {"/var/log/p.log", 6, "\u2026p.log"},
		    {"\u6e2f\u53e3\u6e2f", 4, "\u2026\u6e2f"},
		    {"ab\033[31m", 6, "\u2026[31m"}, // an escape is not shown by halves
		    {"abc", 1, "\u2026"},
		    {"abc", 0, ""}};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buf out = {0};
		int used = top_cut_front(&out, text_of(rows[i].text), rows[i].columns, true);
		assert_string_equal(out.data ? out.data : "", rows[i].shown);
		assert_true(used <= rows[i].columns);
		buf_free(&out);
	}
}

// --- numbers ---

static void test_numbers(void **state)
{
	static const struct {
		int64_t number;
		int columns;
		const char *shown;
	} counts[] = {{0, 6, "0"},
		      {999999, 6, "999999"},
		      {1000000, 6, "1.0M"},
		      {86400000, 6, "86.4M"},
		      {999999999, 6, "999.9M"},
		      {1234567, 6, "1.2M"},
		      {INT64_MAX, 6, "9.2E"},
		      {-1, 6, "-"}};
	char out[TOP_SHORT];
	(void)state;
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		assert_string_equal(top_count(counts[i].number, counts[i].columns, out),
				    counts[i].shown);
	assert_string_equal(top_percent(0, 0, out), "-");
	assert_string_equal(top_percent(0, 7, out), "0.00");
	assert_string_equal(top_percent(7, 7, out), "100.00");
	assert_string_equal(top_percent(999999, 1000000, out), "99.99"); // never rounded to all
	assert_string_equal(top_percent(INT64_MAX / 2, INT64_MAX, out), "49.99");
}

static void test_times(void **state)
{
	static const struct {
		int64_t ms;
		const char *shown;
	} times[] = {{-1, "-"},
		     {0, "0ms"},
		     {999, "999ms"},
		     {1000, "1.0s"},
		     {99999, "99.9s"},
		     {100000, "1.6m"},
		     {5999999, "99.9m"},
		     {6000000, "1.6h"},
		     {359999999, "99.9h"},
		     {360000000, "4d"},
		     {INT64_MAX, "106751991167d"}};
	static const struct {
		usec_t seconds;
		const char *shown;
	} ages[] = {
		{-5, "0s"},           {59, "59s"},       {60, "1m00s"},    {3599, "59m59s"},
		{3600, "1h00m"},      {86399, "23h59m"}, {86400, "1d00h"}, {86400 * 99, "99d00h"},
		{86400 * 100, "100d"}};
	char out[USEC_TEXT];
	(void)state;
	for (size_t i = 0; i < sizeof times / sizeof *times; i++)
		assert_string_equal(top_ms(times[i].ms, out), times[i].shown);
	for (size_t i = 0; i < sizeof ages / sizeof *ages; i++)
		assert_string_equal(top_age(ages[i].seconds * USEC_PER_SEC, out), ages[i].shown);
	assert_string_equal(top_age(USEC_NONE, out), "-");
	assert_string_equal(top_clock(USEC_NONE, out), "-");
	assert_string_equal(top_clock(0, out), "1970-01-01 00:00:00Z");
	assert_string_equal(top_rate(-1, out), "-");
	assert_string_equal(top_rate(2.25, out), "2.2");
	assert_string_equal(top_rate(1234.5, out), "1234");
}

// --- keys ---

static void test_keys(void **state)
{
	static const struct {
		const char *bytes;
		enum top_key last;
	} rows[] = {{"q", KEY_QUIT},
		    {"\033[A", KEY_UP},
		    {"\033OB", KEY_DOWN},
		    {"\033[5~", KEY_PAGE_UP},
		    {"\033[6~", KEY_PAGE_DOWN},
		    {"\033[1~", KEY_HOME},
		    {"\033[H", KEY_HOME},
		    {"\033q", KEY_QUIT},
		    {"\033\033[A", KEY_UP},
		    {"\033[1;5A", KEY_NONE},
		    {"\033[999999999999q", KEY_NONE},
		    {"\033[12~q", KEY_QUIT},
		    {" ", KEY_LOOK},
		    {"\xff", KEY_NONE},
		    {"x", KEY_NONE},
		    {"\003", KEY_QUIT}};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct top_screen screen = {0};
		enum top_key key = KEY_NONE;
		for (const char *at = rows[i].bytes; *at; at++)
			key = top_screen_key(&screen, *at);
		assert_int_equal(key, rows[i].last);
	}
	struct top_screen screen = {0};
	assert_int_equal(top_screen_key(&screen, '\0'), KEY_NONE);
}

// --- frames ---

#define EVIL                                                                                       \
	"\033[2J\033]52;c;AAAA\a\xc2\x9b"                                                          \
	"1m\u202e\r\nforged line\b\b"

static struct source_state source(const char *state, bool live)
{
	return (struct source_state){.name = TEXT("/var/log/" EVIL),
				     .dialect = TEXT(EVIL),
				     .state = text_of(state),
				     .note = TEXT("it says " EVIL),
				     .live = live,
				     .size = 5000,
				     .read_bytes = 1000,
				     .last_at = 1,
				     .complete_until = 1};
}

static struct top_look hostile_look(struct source_state *sources, struct domain_delivery *domains)
{
	struct top_look look = {.realm = TEXT(EVIL),
				.at = INT64_C(1772445600000000),
				.honesty = {.complete_until = 1, .open_gaps = 2},
				.oldest_waiting = USEC_NONE,
				.settle = {.since = USEC_NONE},
				.commits = -1,
				.messages = -1,
				.stanzas = -1};
	for (size_t i = 0; i < 30; i++) {
		sources[i] = source(i ? "following" : EVIL, true);
		domains[i] = (struct domain_delivery){TEXT(EVIL ".example"), 9, 9, 3, 3, 120};
	}
	for (size_t i = 0; i < TOP_WINDOWS; i++)
		look.windows[i].name = "24h";
	look.sources = sources;
	look.domains = domains;
	look.source_count = look.domain_count = 30;
	return look;
}

// Every line holds nothing that a terminal obeys; on a screen there are as many as it has.
static void check_frame(const struct top_frame *frame, const struct top_view *view)
{
	if (view->rows)
		assert_int_equal(frame->count, view->rows);
	for (size_t i = 0; i < frame->count; i++) {
		struct text line = top_frame_line(frame, i);
		for (size_t k = 0; k < line.n; k++)
			assert_true((unsigned char)line.p[k] >= 0x20 && line.p[k] != 0x7f);
		assert_null(memmem(line.p, line.n, "\xc2\x9b", 2));
		assert_null(memmem(line.p, line.n, "\u202e", 3));
		assert_true(view->utf8 || !memchr(line.p, 0xe2, line.n));
	}
}

static void test_frames(void **state)
{
	static const int sizes[][2] = {{80, 0}, {80, 24}, {200, 60}, {40, 10}, {20, 5}, {1, 1}};
	struct source_state sources[30];
	struct domain_delivery domains[30];
	struct top_look look = hostile_look(sources, domains);
	struct top_frame *frame = calloc(1, sizeof *frame);
	(void)state;
	for (size_t i = 0; i < 2 * sizeof sizes / sizeof *sizes; i++) {
		struct top_view view = {.columns = sizes[i / 2][0],
					.rows = sizes[i / 2][1],
					.utf8 = i % 2,
					.scroll = 5,
					.trouble = EVIL};
		top_frame_make(frame, &view, &look);
		check_frame(frame, &view);
		view.help = true;
		top_frame_make(frame, &view, NULL);
		check_frame(frame, &view);
	}
	top_frame_free(frame);
	free(frame);
}

// A screen leaves its last column free: no head of a table may reach into it.
static void test_columns(void **state)
{
	static const int widths[] = {80, 120, 200};
	struct source_state sources[30];
	struct domain_delivery domains[30];
	struct top_look look = hostile_look(sources, domains);
	struct top_frame *frame = calloc(1, sizeof *frame);
	size_t heads = 0;
	(void)state;
	for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
		struct top_view view = {.columns = widths[i], .rows = 40};
		top_frame_make(frame, &view, &look);
		for (size_t k = 0; k < frame->count; k++) {
			struct text line = top_frame_line(frame, k);
			if (line.n < 4 || memcmp(line.p + line.n - 3, "p95", 3) != 0)
				continue;
			assert_true(line.n < (size_t)widths[i]);
			heads++;
		}
	}
	assert_int_equal(heads, 2 * sizeof widths / sizeof *widths);
	top_frame_free(frame);
	free(frame);
}

// What the figures stand on comes before them, also where nobody is to blame for a percentage.
static void test_honest_first(void **state)
{
	struct source_state sources[30];
	struct domain_delivery domains[30];
	struct top_look look = hostile_look(sources, domains);
	struct top_view view = {.columns = 80, .utf8 = true};
	struct top_frame *frame = calloc(1, sizeof *frame);
	(void)state;
	top_frame_make(frame, &view, &look);
	const char *text = frame->text.data;
	const char *incomplete = strstr(text, "INCOMPLETE: 2 gaps in the last 24 hours");
	const char *figures = strstr(text, "requested");
	assert_true(incomplete && figures && incomplete < figures);
	assert_non_null(strstr(text, "      0      -      -     -     -")); // no denominator
	look.honesty = (struct honesty){.complete_until = look.at};
	look.sources[0].state = TEXT("following");
	top_frame_make(frame, &view, &look);
	assert_null(strstr(frame->text.data, "INCOMPLETE"));
	assert_non_null(strstr(frame->text.data, "complete: "));
	top_frame_free(frame);
	free(frame);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),       cmocka_unit_test(test_cut_nul),
		cmocka_unit_test(test_cut_front), cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_times),     cmocka_unit_test(test_keys),
		cmocka_unit_test(test_frames),    cmocka_unit_test(test_honest_first),
		cmocka_unit_test(test_columns),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
