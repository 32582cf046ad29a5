// SPDX-License-Identifier: Apache-2.0
// Arena, buffer, error, map, keyed hash.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/keyed.h"
#include "core/map.h"

static void arena_hands_out_zeroed_aligned_memory(void **state)
{
	(void)state;
	struct arena *arena = arena_new();
	for (size_t round = 0; round < 3; round++) {
		for (size_t size = 0; size < 200000; size = size * 3 + 1) {
			unsigned char *memory = arena_alloc(arena, size);
			assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
			for (size_t i = 0; i < size; i++)
				assert_int_equal(memory[i], 0);
			memset(memory, 0xff, size);
		}
		assert_true(arena_used(arena) > 100000);
		arena_reset(arena);
		assert_int_equal(arena_used(arena), 0);
	}
	arena_free(arena);
	arena_free(NULL);
}

static void arena_texts_keep_absent_and_empty_apart(void **state)
{
	(void)state;
	struct arena *arena = arena_new();
	assert_null(arena_zstr(arena, TEXT_NONE));
	assert_string_equal(arena_zstr(arena, TEXT("")), "");
	assert_null(arena_text(arena, TEXT_NONE).p);
	assert_non_null(arena_text(arena, TEXT("")).p);
	assert_true(text_is(arena_text(arena, TEXT("abc")), "abc"));
	assert_true(text_is(arena_printf(arena, "%s-%d", "x", 7), "x-7"));
	arena_free(arena);
}

static void buffer_grows_and_stays_terminated(void **state)
{
	(void)state;
	struct buf buf = {0};
	assert_true(text_is(buf_view(&buf), ""));
	for (int i = 0; i < 1000; i++)
		buf_printf(&buf, "%d,", i);
	assert_int_equal(buf.data[buf.len], 0);
	assert_int_equal(strlen(buf.data), buf.len);
	buf_drop(&buf, buf.len - 4);
	assert_string_equal(buf.data, "999,");
	buf_drop(&buf, 100);
	assert_int_equal(buf.len, 0);
	buf_be16(&buf, 0x0102);
	buf_be32(&buf, 0x03040506);
	buf_be64(&buf, 0x0708090a0b0c0d0e);
	for (size_t i = 0; i < 14; i++)
		assert_int_equal(buf.data[i], i + 1);
	buf_free(&buf);
	assert_null(buf.data);
}

static void errors_take_context_in_front(void **state)
{
	(void)state;
	struct err err = {0};
	assert_false(err_set(&err, ERR_INPUT, "line %d", 3));
	assert_false(err_wrap(&err, "file %s", "a"));
	assert_int_equal(err.kind, ERR_INPUT);
	assert_string_equal(err.text, "file a: line 3");
	assert_false(err_set(NULL, ERR_INPUT, "nobody listens"));
	assert_false(err_wrap(NULL, "nobody listens"));
}

static void long_context_does_not_push_out_the_cause(void **state)
{
	(void)state;
	char context[2000];
	memset(context, 'c', sizeof context - 1);
	context[sizeof context - 1] = '\0';
	struct err err;
	err_set(&err, ERR_USAGE, "cause");
	err_wrap(&err, "%s", context);
	assert_non_null(strstr(err.text, ": cause"));
	err_set(&err, ERR_USAGE, "%s", context);
	assert_int_equal(strlen(err.text), sizeof err.text - 1);
}

static void map_finds_all_after_growth(void **state)
{
	(void)state;
	enum { COUNT = 5000 };
	static int values[COUNT];
	struct map map = {0};
	assert_null(map_get(&map, 1));
	// Keys that collide in the low bits, negative ones and zero.
	for (int64_t i = 0; i < COUNT; i++) {
		void **place = map_put(&map, (i - COUNT / 2) * 64);
		assert_null(*place);
		*place = &values[i];
	}
	assert_int_equal(map.count, COUNT);
	for (int64_t i = 0; i < COUNT; i++) {
		assert_ptr_equal(map_get(&map, (i - COUNT / 2) * 64), &values[i]);
		assert_ptr_equal(*map_put(&map, (i - COUNT / 2) * 64), &values[i]);
		assert_null(map_get(&map, (i - COUNT / 2) * 64 + 1));
	}
	assert_int_equal(map.count, COUNT);
	map_clear(&map);
	assert_int_equal(map.count, 0);
	assert_null(map_get(&map, 0));
	map_free(&map);
	assert_null(map_get(&map, 0));
}

static void keyed_hash_respects_field_boundaries(void **state)
{
	(void)state;
	struct hash_key key = {{1, 2, 3}};
	const int64_t hashes[] = {
		KEYED(&key, TEXT("ab"), TEXT("c")),
		KEYED(&key, TEXT("a"), TEXT("bc")),
		KEYED(&key, TEXT("abc")),
		KEYED(&key, TEXT("abc"), TEXT("")),
		KEYED(&key, TEXT("abc"), TEXT_NONE),
		KEYED(&key, TEXT_NONE, TEXT("abc")),
		KEYED(&key, TEXT("")),
		KEYED(&key, TEXT_NONE),
		keyed_hash(&key, NULL, 0),
	};
	const size_t count = sizeof hashes / sizeof *hashes;
	for (size_t i = 0; i < count; i++) {
		for (size_t j = i + 1; j < count; j++)
			assert_true(hashes[i] != hashes[j]);
	}
	assert_true(hashes[0] == KEYED(&key, TEXT("ab"), TEXT("c")));
}

static void keyed_hash_depends_on_key_and_takes_any_length(void **state)
{
	(void)state;
	struct hash_key one, two;
	hash_key_random(&one);
	hash_key_random(&two);
	static const char big[100000];
	struct text all = {big, sizeof big};
	struct text most = {big, sizeof big - 1};
	assert_true(KEYED(&one, all) != KEYED(&two, all));
	assert_true(KEYED(&one, all) != KEYED(&one, most));
	assert_true(KEYED(&one, all) == KEYED(&one, all));
}

// SipHash-2-4 with the key 00..0f over the length 7 in eight bytes and the text; computed by another
// program. A change of the encoding would orphan every stored row.
static void keyed_hash_never_changes(void **state)
{
	(void)state;
	struct hash_key key;
	for (size_t i = 0; i < sizeof key.bytes; i++)
		key.bytes[i] = (unsigned char)i;
	assert_true((uint64_t)KEYED(&key, TEXT("romeo@x")) == UINT64_C(0x4054f2748b84071d));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arena_hands_out_zeroed_aligned_memory),
		cmocka_unit_test(arena_texts_keep_absent_and_empty_apart),
		cmocka_unit_test(buffer_grows_and_stays_terminated),
		cmocka_unit_test(errors_take_context_in_front),
		cmocka_unit_test(long_context_does_not_push_out_the_cause),
		cmocka_unit_test(map_finds_all_after_growth),
		cmocka_unit_test(keyed_hash_respects_field_boundaries),
		cmocka_unit_test(keyed_hash_depends_on_key_and_takes_any_length),
		cmocka_unit_test(keyed_hash_never_changes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
