// SPDX-License-Identifier: Apache-2.0
// What is written straight is byte for byte what jansson writes of the same values.
#include "api/table.h"
#include "core/json_out.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

static void assert_same(const struct buf *straight, json_t *value)
{
	struct buf wanted = {0};
	table_json(&wanted, value);
	json_decref(value);
	assert_int_equal(straight->len, wanted.len);
	assert_memory_equal(straight->data, wanted.data, wanted.len);
	buf_free(&wanted);
}

static void assert_text(struct text text)
{
	struct buf out = {0};
	json_out_text(&out, text);
	assert_same(&out, json_text(text));
	buf_free(&out);
}

static void every_byte_alone_and_among_others(void **self)
{
	(void)self;
	for (int c = 0; c < 256; c++) {
		for (size_t n = 1; n <= 24; n++) {
			char bytes[24];
			memset(bytes, 'x', sizeof bytes);
			bytes[n / 2] = (char)c;
			assert_text((struct text){bytes, n});
		}
	}
	assert_text(TEXT_NONE);
	assert_text(TEXT(""));
}

// Pieces of texts: plain ones, what must be escaped, characters of each length, the edges of what is one, and
// what looks like one and is none.
#define PIECE(literal)                                                                             \
	{                                                                                          \
		(literal), sizeof(literal) - 1                                                     \
	}

static const struct text pieces[] = {
	PIECE("a"),
	PIECE("plain words of some length"),
	PIECE("\""),
	PIECE("\\"),
	PIECE("/"),
	PIECE("\b\f\n\r\t"),
	PIECE("\x01\x1f\x7f"),
	PIECE("\0"),
	PIECE("\xc2\x80"),
	PIECE("\xc3\xa9"),
	PIECE("\xe2\x80\xa8"), // U+2028
	PIECE("\xed\x9f\xbf"),
	PIECE("\xee\x80\x80"),
	PIECE("\xef\xbf\xbe"), // U+FFFE
	PIECE("\xf0\x9f\x98\x80"),
	PIECE("\xf4\x8f\xbf\xbf"),
	PIECE("\xed\xa0\x80"),             // half of a surrogate pair
	PIECE("\xed\xa0\xbd\xed\xb8\x80"), // both halves
	PIECE("\xf4\x90\x80\x80"),         // beyond U+10FFFF
	PIECE("\xc0\x80"),                 // too long for what it is
	PIECE("\xe0\x80\xaf"),
	PIECE("\xf0\x80\x80\xaf"),
	PIECE("\x80"),
	PIECE("\xff"),
	PIECE("\xe2\x80"), // cut
	PIECE("\xf0\x9f\x98"),
};

enum { PIECES = sizeof pieces / sizeof *pieces, VALID = 16, ROUNDS = 20000 };

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void texts_of_any_pieces(void **self)
{
	(void)self;
	uint64_t state = 88172645463325252U;
	struct buf text = {0};
	for (int round = 0; round < ROUNDS; round++) {
		size_t kinds = round % 2 ? PIECES : VALID;
		buf_drop(&text, text.len);
		for (uint64_t n = next_random(&state) % 12; n > 0; n--)
			buf_text(&text, pieces[next_random(&state) % kinds]);
		assert_text(buf_view(&text));
	}
	buf_free(&text);
}

static void bytes_at_random(void **self)
{
	(void)self;
	uint64_t state = 2463534242U;
	for (int round = 0; round < ROUNDS; round++) {
		unsigned char bytes[40];
		for (size_t i = 0; i < sizeof bytes; i++)
			bytes[i] = (unsigned char)(next_random(&state) >> 24);
		assert_text((struct text){(const char *)bytes, next_random(&state) % sizeof bytes});
	}
}

static void long_texts(void **self)
{
	(void)self;
	struct buf text = {0};
	for (int i = 0; i < 300000; i++)
		buf_char(&text, (char)(' ' + i % 95));
	assert_text(buf_view(&text));
	buf_zstr(&text, "\xe2\x80\xa8\n");
	assert_text(buf_view(&text));
	buf_char(&text, '\xff');
	assert_text(buf_view(&text));
	buf_free(&text);
}

static void numbers(void **self)
{
	(void)self;
	uint64_t state = 362436069U;
	int64_t given[64] = {0, 1, -1, 9, 10, -10, INT64_MAX, INT64_MIN, INT64_MIN + 1};
	for (size_t i = 9; i < 64; i++)
		given[i] = (int64_t)(next_random(&state) >> i) * (i % 2 ? 1 : -1);
	for (size_t i = 0; i < 64; i++) {
		struct buf out = {0};
		json_out_integer(&out, given[i]);
		assert_same(&out, json_integer(given[i]));
		buf_free(&out);
	}
}

static void times(void **self)
{
	(void)self;
	static const usec_t given[] = {USEC_NONE,
				       0,
				       -1,
				       INT64_C(1772445600123456),
				       INT64_C(253402300799999999),
				       INT64_C(-62135596800000000),
				       INT64_C(9000000000000000000)};
	for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
		for (int digits = 0; digits <= 6; digits += 3) {
			struct buf out = {0};
			json_out_usec(&out, given[i], digits);
			assert_same(&out, json_usec(given[i], digits));
			buf_free(&out);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_alone_and_among_others),
		cmocka_unit_test(texts_of_any_pieces),
		cmocka_unit_test(bytes_at_random),
		cmocka_unit_test(long_texts),
		cmocka_unit_test(numbers),
		cmocka_unit_test(times),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
