// SPDX-License-Identifier: Apache-2.0
// The parts of api/http that need neither socket nor database: heads, cursors, forms, tokens.
#include "api/http/cursor.h"
#include "api/http/head.h"
#include "api/http/reply.h"
#include "api/token.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#define LINE "GET / HTTP/1.1\r\n"
#define HOST "Host: x\r\n"

static const struct judged {
	const char *head;
	int status; // 0 = good, -1 = more
} heads[] = {
	{LINE HOST "\r\n", 0},
	{"GET / HTTP/1.0\r\n\r\n", 0},
	{LINE HOST "A: b\r\n\r\nrest that is not looked at \n", 0},
	{LINE HOST "Content-Length: 12 \r\n\r\n", 0},
	{LINE HOST "Transfer-Encoding: chunked\r\n\r\n", 0},
	{"", -1},
	{LINE HOST, -1},
	{LINE HOST "\r", -1},
	{"\r\n\r\n", 400},
	{"GET /\r\n\r\n", 400},
	{"GET  / HTTP/1.1\r\n" HOST "\r\n", 400},
	{" GET / HTTP/1.1\r\n" HOST "\r\n", 400},
	{"GET / HTTP/1.1 \r\n" HOST "\r\n", 400},
	{"GET / FTP/1.1\r\n" HOST "\r\n", 400},
	{"GET / HTTP/2.0\r\n" HOST "\r\n", 505},
	{"GET x HTTP/1.1\r\n" HOST "\r\n", 400},
	{"GET http://x/ HTTP/1.1\r\n" HOST "\r\n", 400},
	{"OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 400},
	{"GET /%00 HTTP/1.1\r\n" HOST "\r\n", 400},
	{"GET /a#b HTTP/1.1\r\n" HOST "\r\n", 400},
	{"GET /\xc3\xbc HTTP/1.1\r\n" HOST "\r\n", 400},
	{"G(T / HTTP/1.1\r\n" HOST "\r\n", 400},
	{LINE "\r\n", 400},
	{LINE HOST HOST "\r\n", 400},
	{LINE HOST "A : b\r\n\r\n", 400},
	{LINE HOST "A\r\n\r\n", 400},
	{LINE HOST ": b\r\n\r\n", 400},
	{LINE HOST " b: c\r\n\r\n", 400},
	{LINE HOST "\tb: c\r\n\r\n", 400},
	{LINE HOST "A: b\x01\r\n\r\n", 400},
	{LINE HOST "A: b\rB: c\r\n\r\n", 400},
	{LINE HOST "A: b\n", 400},
	{"GET / HTTP/1.1\n", 400},
	{LINE HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 400},
	{LINE HOST "Content-Length: 1, 1\r\n\r\n", 400},
	{LINE HOST "Content-Length: +1\r\n\r\n", 400},
	{LINE HOST "Content-Length: -1\r\n\r\n", 400},
	{LINE HOST "Content-Length:\r\n\r\n", 400},
	{LINE HOST "content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n", 400},
	{"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
};

static int judge(struct text bytes)
{
	struct head head;
	enum head_state state = head_check(bytes, &head);
	return state == HEAD_GOOD ? 0 : state == HEAD_MORE ? -1 : head.status;
}

static void heads_have_one_reading_or_are_refused(void **self)
{
	(void)self;
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		int status = judge(text_of(heads[i].head));
		if (status != heads[i].status)
			fail_msg("%d instead of %d: %s", status, heads[i].status, heads[i].head);
	}
	assert_int_equal(judge(TEXT(LINE HOST "A: b\0c\r\n\r\n")), 400);
	assert_int_equal(judge(TEXT("GET /\0 HTTP/1.1\r\n" HOST "\r\n")), 400);
}

static void a_good_head_says_method_and_target(void **self)
{
	(void)self;
	struct head head;
	assert_int_equal(head_check(TEXT("PUT /a?b=c HTTP/1.1\r\n" HOST "\r\n"), &head), HEAD_GOOD);
	assert_true(text_is(head.method, "PUT"));
	assert_true(text_is(head.target, "/a?b=c"));
}

// Any cut of a good head asks for more, never for something else.
static void a_head_may_come_byte_by_byte(void **self)
{
	(void)self;
	static const char whole[] = LINE HOST "Accept: */*\r\n\r\n";
	for (size_t n = 0; n + 1 < sizeof whole; n++)
		assert_int_equal(judge((struct text){whole, n}), -1);
	assert_int_equal(judge(TEXT(whole)), 0);
}

static void heads_are_bounded(void **self)
{
	(void)self;
	static char bytes[HEAD_MAX];
	memset(bytes, 'a', sizeof bytes);
	memcpy(bytes, "GET /", 5);
	assert_int_equal(judge((struct text){bytes, sizeof bytes - 1}), -1);
	assert_int_equal(judge((struct text){bytes, sizeof bytes}), 414);
	memcpy(bytes, LINE, sizeof LINE - 1);
	assert_int_equal(judge((struct text){bytes, sizeof bytes}), 431);
	struct buf many = {0};
	buf_zstr(&many, LINE HOST);
	for (int i = 0; i < HEAD_LINES_MAX; i++)
		buf_zstr(&many, "A: b\r\n");
	buf_zstr(&many, "\r\n");
	assert_int_equal(judge(buf_view(&many)), 431);
	buf_free(&many);
}

static void cursors_come_back_only_unaltered(void **self)
{
	(void)self;
	const struct hash_key key = {{1, 2, 3}}, other = {{3, 2, 1}};
	const struct cursor cursor = {INT64_C(1772445600123456), -7, INT64_MAX, 3};
	struct cursor back;
	char text[CURSOR_TEXT];
	cursor_encode(&key, 99, &cursor, text);
	assert_true(cursor_decode(&key, 99, text_of(text), &back));
	assert_true(back.at == cursor.at && back.conv == cursor.conv && back.key == cursor.key &&
		    back.n == cursor.n);
	assert_false(cursor_decode(&key, 98, text_of(text), &back));
	assert_false(cursor_decode(&other, 99, text_of(text), &back));
	size_t n = strlen(text);
	for (size_t i = 0; i < n; i++) {
		char kept = text[i];
		text[i] = kept == 'A' ? 'B' : 'A';
		assert_false(cursor_decode(&key, 99, text_of(text), &back));
		text[i] = kept;
	}
	assert_false(cursor_decode(&key, 99, (struct text){text, n - 1}, &back));
	assert_false(cursor_decode(&key, 99, TEXT(""), &back));
	assert_false(cursor_decode(&key, 99, TEXT("****"), &back));
}

static const struct accepted {
	const char *accept;
	int format; // -1 = none
} accepted[] = {
	{"", TABLE_JSON},
	{"*/*", TABLE_JSON},
	{"application/json", TABLE_JSON},
	{"Text/CSV", TABLE_CSV},
	{"application/x-ndjson;q=0.9, */*", TABLE_NDJSON},
	{"text/html, application/xhtml+xml, */*;q=0.8", TABLE_JSON},
	{"image/png", -1},
	{", ,", -1},
};

static void the_form_is_negotiated(void **self)
{
	(void)self;
	enum table_format format;
	for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
		bool ok = reply_format(-1, text_of(accepted[i].accept), &format);
		assert_int_equal(ok ? (int)format : -1, accepted[i].format);
	}
	assert_true(reply_format(TABLE_CSV, TEXT("image/png"), &format));
	assert_int_equal(format, TABLE_CSV);
	assert_true(reply_format(-1, TEXT_NONE, &format));
}

static void no_header_is_added_by_a_value(void **self)
{
	(void)self;
	struct arena *arena = arena_new();
	struct reply reply;
	reply_begin(&reply, arena);
	reply_header(&reply, "X", TEXT("a\r\nY: b\xc3"));
	assert_string_equal(reply.headers[0].value, "a??Y: b?");
	reply_free(&reply);
	arena_free(arena);
}

static void tokens_have_a_form_and_a_hash(void **self)
{
	(void)self;
	char a[TOKEN_TEXT], b[TOKEN_TEXT];
	unsigned char hash[TOKEN_HASH];
	token_make(a);
	token_make(b);
	assert_string_not_equal(a, b);
	assert_true(token_looks_right(text_of(a)));
	assert_false(token_looks_right((struct text){a, strlen(a) - 1}));
	a[10] = '+';
	assert_false(token_looks_right(text_of(a)));
	assert_false(token_looks_right(TEXT_NONE));
	static const unsigned char of_abc[] = {0xba, 0x78, 0x16, 0xbf};
	token_hash(TEXT("abc"), hash);
	assert_memory_equal(hash, of_abc, sizeof of_abc);
}

static void scopes_are_a_list_of_names(void **self)
{
	(void)self;
	unsigned scopes = 0;
	assert_true(scopes_parse("metrics,bodies", &scopes));
	assert_int_equal(scopes, SCOPE_METRICS | SCOPE_BODIES);
	assert_false(scopes_parse("", &scopes));
	assert_false(scopes_parse("metrics,", &scopes));
	assert_false(scopes_parse("Metrics", &scopes));
	assert_false(scopes_parse("metric", &scopes));
	assert_int_equal(scopes, SCOPE_METRICS | SCOPE_BODIES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads_have_one_reading_or_are_refused),
		cmocka_unit_test(a_good_head_says_method_and_target),
		cmocka_unit_test(a_head_may_come_byte_by_byte),
		cmocka_unit_test(heads_are_bounded),
		cmocka_unit_test(cursors_come_back_only_unaltered),
		cmocka_unit_test(the_form_is_negotiated),
		cmocka_unit_test(no_header_is_added_by_a_value),
		cmocka_unit_test(tokens_have_a_form_and_a_hash),
		cmocka_unit_test(scopes_are_a_list_of_names),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
