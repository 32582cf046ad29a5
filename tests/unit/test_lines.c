// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/dialect_harness.h"

#include "ingest/lines.h"
#include "ingest/markup.h"
#include "ingest/ordinal.h"

struct seen {
	struct buf text;
	size_t kinds[LINE_HOLE + 1];
	uint64_t end; // of the last line: lines follow each other without a gap
};

static void on_line(void *self, const struct line *line)
{
	struct seen *seen = self;
	assert_int_equal(line->offset, seen->end);
	seen->end = line->offset + line->length;
	seen->kinds[line->kind]++;
	buf_printf(&seen->text, "%d[%.*s]", line->kind, (int)line->text.n, line->text.p);
}

static void expect(const char *data, size_t size, const char *what)
{
	for (size_t chunk = 1; chunk < 9; chunk++) {
		struct seen seen = {0};
		struct lines lines;
		lines_init(&lines, 10, &seen, on_line);
		for (size_t at = 0; at < size; at += chunk) {
			size_t n = size - at < chunk ? size - at : chunk;
			lines_feed(&lines, at, (struct text){data + at, n});
			assert_int_equal(lines_low_water(&lines), seen.end);
		}
		lines_finish(&lines);
		assert_int_equal(seen.end, size);
		assert_string_equal(buf_view(&seen.text).p, what);
		lines_free(&lines);
		buf_free(&seen.text);
	}
}

static void lines_are_exact_to_the_byte(void **state)
{
	(void)state;
	expect("a\nbb\r\n\n\rc\rd\n", 12, "0[a]0[bb]0[]0[\rc\rd]");
	expect("\xef\xbb\xbf"
	       "a\n\xef\xbb\xbf\n",
	       9, "0[a]0[\xef\xbb\xbf]");
	expect("no end", 6, "1[no end]");
	expect("ab\0\0\0cd\n\0", 9, "1[ab]4[]0[cd]4[]");
	expect("0123456789\n0123456789x\ny\n", 25, "0[0123456789]2[0123456789x]0[y]");
}

// F29: a hole of any length is one gap and does not hold low water back.
static void long_hole_is_one_also_after_a_restart(void **state)
{
	enum { SIZE = 3 << 20 };
	char *zeros = xcalloc(SIZE, 1);
	struct seen seen = {0};
	struct lines lines;
	(void)state;
	lines_init(&lines, 10, &seen, on_line);
	lines_feed(&lines, 0, (struct text){zeros, SIZE});
	assert_int_equal(lines_low_water(&lines), SIZE);
	assert_int_equal(lines_hole(&lines), SIZE);
	uint64_t hole = lines_hole(&lines);
	lines_free(&lines);
	lines_init(&lines, 10, &seen, on_line);
	lines_resume_hole(&lines, hole);
	lines_feed(&lines, SIZE, (struct text){zeros, 5});
	lines_feed(&lines, SIZE + 5, TEXT("a\n"));
	assert_int_equal(seen.kinds[LINE_HOLE], 1);
	assert_int_equal(seen.end, SIZE + 7);
	lines_free(&lines);
	buf_free(&seen.text);
	free(zeros);
}

// F28: memory is bounded, and what follows is never taken for a line of its own.
static void endless_line_comes_in_pieces(void **state)
{
	enum { CHUNK = 1 << 20 };
	char *block = xcalloc(CHUNK, 1);
	struct seen seen = {0};
	struct lines lines;
	(void)state;
	memset(block, 'x', CHUNK);
	lines_init(&lines, 1000, &seen, on_line);
	for (uint64_t i = 0; i < 70; i++)
		lines_feed(&lines, i * CHUNK, (struct text){block, CHUNK});
	lines_feed(&lines, 70 * (uint64_t)CHUNK, TEXT("\nnext\n"));
	assert_int_equal(seen.kinds[LINE_LONG], 1);
	assert_int_equal(seen.kinds[LINE_REST], 2);
	assert_int_equal(seen.kinds[LINE_WHOLE], 1);
	assert_true(lines.tail.cap < 100000);
	lines_free(&lines);
	buf_free(&seen.text);
	free(block);
}

static void ordinals_survive_a_restart(void **state)
{
	struct ordinals a, b;
	struct buf saved = {0};
	(void)state;
	ordinals_init(&a, 3);
	assert_int_equal(ordinals_next(&a, 100), 100);
	assert_int_equal(ordinals_next(&a, 100), 101);
	assert_int_equal(ordinals_next(&a, 97), 97); // stamps may go back a little
	ordinals_save(&a, &saved);
	ordinals_init(&b, 3);
	ordinals_load(&b, buf_view(&saved));
	assert_int_equal(ordinals_next(&b, 100), 102);
	assert_int_equal(ordinals_next(&b, 100), 102); // at most one step less 1 us
	assert_int_equal(ordinals_next(&b, 97), 98);
	assert_int_equal(b.latest, 100);
	assert_int_equal(ordinals_next(&b, USEC_NONE), USEC_NONE);
	ordinals_load(&b, TEXT("nonsense"));
	assert_int_equal(b.latest, 100);
	buf_free(&saved);
}

static void markup_tells_tags_from_text(void **state)
{
	struct arena *arena = arena_new();
	struct text tag = TEXT("<a x='1' to=\"b&amp;&lt;&#x43;&#252;&bad;\" y = '>'/>");
	(void)state;
	assert_true(
		markup_whole(TEXT("<a b='>'><![CDATA[</a>]]><!-- </a> --><?p </a>?><b/></a>\n")));
	assert_false(markup_whole(TEXT("<a></b>")));
	assert_false(markup_whole(TEXT("<a><b></a>")));
	assert_false(markup_whole(TEXT("<a/><b/>")));
	assert_false(markup_whole(TEXT("<a b='<'/>")));
	assert_false(markup_whole(TEXT("<!DOCTYPE a><a/>")));
	assert_true(text_is(tag_value(arena, tag, "to"), "b&<C\xc3\xbc&bad;"));
	assert_true(text_is(tag_attr(tag, "x"), "1"));
	assert_null(tag_attr(tag, "z").p);
	assert_null(tag_attr(tag, "o").p);
	assert_true(jid_is_full(TEXT("a@b/c/d")) && !jid_is_full(TEXT("b/c")));
	assert_true(text_is(jid_domain_of(TEXT("a@b/c@d")), "b"));
	assert_true(jid_same_bare(TEXT("Anna@B/x"), TEXT("anna@b")));
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_exact_to_the_byte),
		cmocka_unit_test(long_hole_is_one_also_after_a_restart),
		cmocka_unit_test(endless_line_comes_in_pieces),
		cmocka_unit_test(ordinals_survive_a_restart),
		cmocka_unit_test(markup_tells_tags_from_text),
	};
	return cmocka_run_group_tests_name("lines, ordinals, markup", tests, NULL, NULL);
}
