// SPDX-License-Identifier: Apache-2.0
// A component's stream: any cut gives the same events (F56), limits, what ends the stream, the handshake.
#include "core/buf.h"
#include "ingest/sources/component_stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define HEADER                                                                                     \
	"<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "                     \
	"xmlns:stream='http://etherx.jabber.org/streams' id='a&amp;b>' from='log.example'>"

static const char *const names[] = {"opened",     "accepted", "stanza", "other",
				    "unreadable", "error",    "closed"};

static void keep(void *self, const struct component_event *event)
{
	struct buf *out = self;
	buf_printf(out, "%s ", names[event->kind]);
	buf_text(out, (struct text){event->text.p, event->text.n < 80 ? event->text.n : 80});
	if (event->detail.n)
		buf_printf(out, " (%.*s)", (int)event->detail.n, event->detail.p);
	buf_char(out, '\n');
}

// All bytes in pieces of the given size. What ended it, if anything, is the last line.
static void read_in_pieces(struct text all, size_t piece, struct buf *out)
{
	struct component_stream *stream = component_stream_new(0, out, keep);
	const char *broken = NULL;
	bool heard;
	for (size_t at = 0; at < all.n && !broken; at += piece) {
		// A copy of exactly its size: reading beyond it is found.
		size_t n = all.n - at < piece ? all.n - at : piece;
		char *bytes = malloc(n);
		memcpy(bytes, all.p + at, n);
		broken = component_stream_bytes(stream, (struct text){bytes, n}, &heard);
		free(bytes);
	}
	if (broken)
		buf_printf(out, "broken %s\n", broken);
	component_stream_free(stream);
}

static void expect(const char *bytes, const char *events)
{
	static const size_t pieces[] = {1, 2, 7, 64, 1 << 20};
	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		struct buf out = {0};
		read_in_pieces(text_of(bytes), pieces[i], &out);
		assert_string_equal(out.data ? out.data : "", events);
		buf_free(&out);
	}
}

static void test_any_cut_gives_the_same(void **state)
{
	(void)state;
	expect(HEADER
	       "<handshake/> \n<message from='a'><body>&lt;/message> <![CDATA[</message>]]>"
	       "</body></message><iq id='&#39;>'/><presence></presence> <route><message/></route>"
	       "<stream:features><x/></stream:features></stream:stream>",
	       "opened a&b>\naccepted \n"
	       "stanza <message from='a'><body>&lt;/message> <![CDATA[</message>]]></body></message>\n"
	       "stanza <iq id='&#39;>'/>\nstanza <presence></presence>\n"
	       "stanza <route><message/></route>\nother <stream:features><x/></stream:features>\n"
	       "closed \n");
}

static void test_stream_errors(void **state)
{
	(void)state;
	expect(HEADER "<stream:error><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
		      "<text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>no</text></stream:error>"
		      "</stream:stream>",
	       "opened a&b>\nerror not-authorized (no)\nclosed \n");
	expect(HEADER
	       "<stream:error><text xml:lang='en'>x</text><conflict></conflict></stream:error>",
	       "opened a&b>\nerror conflict (x)\n");
	expect(HEADER "<stream:error>Invalid handshake</stream:error>",
	       "opened a&b>\nerror undefined-condition (Invalid handshake)\n");
	expect(HEADER "<stream:error/>", "opened a&b>\nerror undefined-condition\n");
}

static void test_what_is_no_stream(void **state)
{
	(void)state;
	expect("HTTP/1.1 400 Bad Request\r\n\r\n", "broken not an XMPP stream\n");
	expect("\x15\x03\x01", "broken the port speaks TLS: set tls\n");
	expect("<!DOCTYPE x [<!ENTITY a 'b'>]><stream:stream id='1'>",
	       "broken not an XMPP stream\n");
	expect("<html><body/>", "broken not an XMPP stream\n");
	expect("<stream:stream xmlns='jabber:client' id='1'>",
	       "broken the port is none for components\n");
	expect("  <stream xmlns='jabber:component:accept'><handshake/>",
	       "opened \naccepted \n"); // without id: whoever asked judges
}

static void test_what_xmpp_does_not_allow(void **state)
{
	(void)state;
	expect(HEADER "<!DOCTYPE a>", "opened a&b>\nbroken markup that XMPP does not allow\n");
	expect(HEADER "<!-- x --><iq/>", "opened a&b>\nbroken markup that XMPP does not allow\n");
	expect(HEADER "<?pi ?><iq/>", "opened a&b>\nbroken markup that XMPP does not allow\n");
	expect(HEADER "text<iq/>", "opened a&b>\nbroken text between stanzas\n");
	expect(HEADER "<message><body></message>", "opened a&b>\nbroken not well-formed\n");
	expect(HEADER "<message><!DOCTYPE a></message>", "opened a&b>\nbroken not well-formed\n");
	expect(HEADER "</stream:stream>garbage", "opened a&b>\nclosed \n");
}

// --- limits ---

static void fill(struct buf *out, const char *what, size_t size)
{
	for (size_t n = strlen(what); size > n; size -= n)
		buf_zstr(out, what);
}

// A stanza too long, in each of the ways in which it may be; the next one is read.
static void test_a_long_stanza_is_passed_over(void **state)
{
	static const struct {
		const char *begin, *what, *end;
	} ways[] = {
		{"<message><body>", "x", "</body></message>"},
		{"<message><body>", "<a b='c'/>", "</body></message>"},
		{"<message><body>", "]] > </message", "></body></message>"}, // not well-formed
		{"<message><body><![CDATA[", "]]</message>", "]]></body></message>"},
		{"<message><!--", "- </message> ", "--></message>"},
		{"<message a='", ">/ ", "'/>"},
		{"<message a='", "/", "'></message>"},
	};
	static const size_t pieces[] = {1000, 4096, 64 << 10, 1 << 22};
	(void)state;
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
		for (size_t j = 0; j < sizeof pieces / sizeof *pieces; j++) {
			struct buf bytes = {0}, out = {0};
			buf_zstr(&bytes, HEADER);
			buf_zstr(&bytes, ways[i].begin);
			fill(&bytes, ways[i].what, 1 << 20);
			buf_zstr(&bytes, ways[i].end);
			buf_zstr(&bytes, "<iq id='after'/>");
			read_in_pieces(buf_view(&bytes), pieces[j], &out);
			bool broken = i == 2;
			assert_int_equal(strstr(out.data, "not well-formed") != NULL, broken);
			assert_int_equal(strstr(out.data, "stanza longer than the limit") != NULL,
					 !broken);
			assert_int_equal(strstr(out.data, "stanza <iq id='after'/>") != NULL,
					 !broken);
			buf_free(&bytes);
			buf_free(&out);
		}
}

static void count_head(void *self, const struct component_event *event)
{
	if (event->kind == COMPONENT_UNREADABLE)
		*(size_t *)self = event->text.n;
}

// 256 MB are passed over in the memory of one stanza.
static void test_passing_over_is_bounded(void **state)
{
	size_t head = 0, size = 64 << 10;
	bool heard;
	(void)state;
	struct component_stream *stream = component_stream_new(0, &head, count_head);
	char *block = malloc(size);
	memset(block, 'x', size);
	component_stream_bytes(stream, text_of(HEADER "<message a='"), &heard);
	for (int i = 0; i < 4096; i++)
		assert_null(component_stream_bytes(stream, (struct text){block, size}, &heard));
	assert_null(component_stream_bytes(stream, TEXT("'/>"), &heard));
	assert_int_equal(head, COMPONENT_HEAD_MAX);
	component_stream_free(stream);
	free(block);
}

static void test_the_limit_itself(void **state)
{
	(void)state;
	for (size_t more = 0; more < 2; more++) {
		struct buf bytes = {0}, out = {0};
		buf_zstr(&bytes, HEADER "<message>");
		size_t around = strlen("<message></message>");
		for (size_t i = 0; i < COMPONENT_STANZA_MAX - around + more; i++)
			buf_char(&bytes, 'x');
		buf_zstr(&bytes, "</message>");
		read_in_pieces(buf_view(&bytes), 5000, &out);
		assert_int_equal(strstr(out.data, "unreadable") != NULL, more == 1);
		buf_free(&bytes);
		buf_free(&out);
	}
}

static void test_depth(void **state)
{
	(void)state;
	for (int depth = COMPONENT_DEPTH_MAX; depth <= COMPONENT_DEPTH_MAX + 1; depth++) {
		struct buf bytes = {0}, out = {0};
		buf_zstr(&bytes, HEADER "<message>");
		for (int i = 1; i < depth; i++)
			buf_zstr(&bytes, "<a>");
		for (int i = 1; i < depth; i++)
			buf_zstr(&bytes, "</a>");
		buf_zstr(&bytes, "</message><iq/>");
		read_in_pieces(buf_view(&bytes), 10, &out);
		assert_int_equal(strstr(out.data, "nested too deeply") != NULL,
				 depth > COMPONENT_DEPTH_MAX);
		assert_non_null(strstr(out.data, "stanza <iq/>"));
		buf_free(&bytes);
		buf_free(&out);
	}
}

static void test_white_space_is_no_sign_of_life(void **state)
{
	struct buf out = {0};
	bool heard;
	(void)state;
	struct component_stream *stream = component_stream_new(0, &out, keep);
	component_stream_bytes(stream, TEXT(HEADER), &heard);
	assert_true(heard);
	component_stream_bytes(stream, TEXT(" \n "), &heard);
	assert_false(heard);
	component_stream_bytes(stream, TEXT(" <"), &heard);
	assert_true(heard);
	component_stream_bytes(stream, TEXT("message"), &heard);
	component_stream_bytes(stream, TEXT(" "), &heard);
	assert_true(heard);
	component_stream_free(stream);
	buf_free(&out);
}

// The example of XEP-0114, whose secret it does not tell, cannot be used; RFC 3174 has "abc".
static void test_handshake(void **state)
{
	char digest[COMPONENT_HANDSHAKE];
	(void)state;
	assert_true(component_handshake(TEXT("a"), TEXT("bc"), digest));
	assert_string_equal(digest, "a9993e364706816aba3e25717850c26c9cd0d89d");
	assert_true(component_handshake(TEXT(""), TEXT_NONE, digest));
	assert_string_equal(digest, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_cut_gives_the_same),
		cmocka_unit_test(test_stream_errors),
		cmocka_unit_test(test_what_is_no_stream),
		cmocka_unit_test(test_what_xmpp_does_not_allow),
		cmocka_unit_test(test_a_long_stanza_is_passed_over),
		cmocka_unit_test(test_passing_over_is_bounded),
		cmocka_unit_test(test_the_limit_itself),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_white_space_is_no_sign_of_life),
		cmocka_unit_test(test_handshake),
	};
	return cmocka_run_group_tests_name("component_stream", tests, NULL, NULL);
}
