// SPDX-License-Identifier: Apache-2.0
// Tables of XML and the facts, or the refusal ("BAD reason"), that the parser must make of it.
#ifndef TESTS_UNIT_STANZA_CHECK_H
#define TESTS_UNIT_STANZA_CHECK_H

#include "ingest/stanza.h"
#include "tests/unit/stanza_describe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define M(inside) "<message>" inside "</message>"

struct row {
	const char *rule;
	const char *xml;
	const char *facts; // for bad input: the reason
};

static inline struct text parse(struct stanza_parser *parser, struct text xml, struct buf *out)
{
	struct arena *arena = arena_new();
	struct stanza *stanza = NULL;
	const char *reason = NULL;
	if (stanza_parse(parser, xml, arena, &stanza, &reason) == STANZA_OK)
		describe(out, stanza);
	else
		buf_printf(out, "BAD %s", reason);
	arena_free(arena);
	return buf_view(out);
}

static inline bool says(struct stanza_parser *parser, struct text xml, const char *rule,
			const char *expected, const char *prefix)
{
	struct buf got = {0}, want = {0};
	buf_printf(&want, "%s%s", prefix, expected);
	parse(parser, xml, &got);
	bool same = text_same(buf_view(&got), buf_view(&want));
	if (!same)
		print_error("%s\n  want %s\n  got  %s\n", rule, want.data, got.data);
	buf_free(&got);
	buf_free(&want);
	return same;
}

static inline void check(struct stanza_parser *parser, struct text xml, const char *rule,
			 const char *expected)
{
	assert_true(says(parser, xml, rule, expected, ""));
}

// Each way of reading says the same.
static inline void check_rows(const struct row *rows, size_t count, const char *prefix)
{
	struct stanza_parser *parser = stanza_parser_new(), *libxml2 = stanza_parser_new();
	size_t wrong = 0;
	stanza_parser_only_libxml2(libxml2);
	for (size_t i = 0; i < count; i++) {
		struct text xml = text_of(rows[i].xml);
		wrong += !says(parser, xml, rows[i].rule, rows[i].facts, prefix);
		wrong += !says(libxml2, xml, rows[i].rule, rows[i].facts, prefix);
	}
	stanza_parser_free(parser);
	stanza_parser_free(libxml2);
	assert_int_equal(wrong, 0);
}

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define ROWS_TEST(name, rows, prefix)                                                              \
	static void name(void **state)                                                             \
	{                                                                                          \
		(void)state;                                                                       \
		check_rows(rows, COUNT(rows), prefix);                                             \
	}

#endif
