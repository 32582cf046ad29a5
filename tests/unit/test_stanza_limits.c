// SPDX-License-Identifier: Apache-2.0
// What must be refused: one row per bad input of FAULTS F108-F119, the limits, and F128. The stanza
// behind it must not notice.
#include "tests/unit/stanza_check.h"

#include <time.h>

#include <libxml/parser.h>
#include <libxml/xmlmemory.h>

static const struct row bad[] = {
	{"E1 empty", " \n", "empty"},
	{"E1 text", "hello", "not XML"},
	{"F108 cut", "<message><body>x</body>", "cut"},
	{"F108 cut in a tag", "<message id='1", "malformed tag"},
	{"F108 cut after a name", "<message", "malformed tag"},
	{"F108 mismatch", "<message><body>x</message>", "mismatched end tag"},
	{"F108 two roots", "<message/><message/>", "something behind the stanza"},
	{"F108 junk behind", "<message/>x", "something behind the stanza"},
	{"F108 lone end", "</message>", "malformed reference or name"},
	{"F108 same attribute", "<message id='1' id='2'/>", "duplicate attribute"},
	{"F108 same attribute, two prefixes",
	 "<message xmlns:a='urn:a' xmlns:b='urn:a' a:x='1' b:x='2'/>", "duplicate attribute"},
	{"F108 bare &", M("<body>a & b</body>"), "malformed reference or name"},
	{"F108 bare & in a value", "<message id='a&b'/>", "malformed reference or name"},
	{"F108 < in a value", "<message id='a<b'/>", "malformed tag"},
	{"F108 ]]> in text", M("<body>a]]>b</body>"), "not well-formed"},
	{"F108 no quotes", "<message id=1/>", "not well-formed"},
	{"F109 DOCTYPE", "<!DOCTYPE m [<!ENTITY a 'b'>]><message>&a;</message>",
	 "document type declaration"},
	{"F109 DOCTYPE later", "<?go on?><!-- x --><!DOCTYPE message><message/>",
	 "document type declaration"},
	{"F109 entity", M("<body>&nbsp;</body>"), "undeclared entity"},
	{"F109 entity in a value", "<message id='&nbsp;'/>", "undeclared entity"},
	{"F110 external", "<!DOCTYPE m SYSTEM 'file:///etc/passwd'><m/>",
	 "document type declaration"},
	{"F114", M("<r:received id='a'/>"), "undeclared prefix"},
	{"F114 attribute", "<message a:id='a'/>", "undeclared prefix"},
	{"F114 prefix set free", "<message xmlns:a=''/>", "not well-formed"},
	{"F117 UTF-16", "<?xml version='1.0' encoding='UTF-16'?><message/>", "foreign encoding"},
	{"F117 UTF-7", "<?xml version='1.0' encoding='UTF-7'?><message/>", "foreign encoding"},
	{"F117 Latin 1", "<?xml version=\"1.0\" encoding = \"ISO-8859-1\" ?><message/>",
	 "foreign encoding"},
	{"F117 nearly", "<?xml version='1.0' encoding='UTF-8-but'?><message/>", "foreign encoding"},
	{"F117 inside", M("<?xml version='1.0' encoding='UTF-7'?>"), "not well-formed"},
	{"F119 control", M("<body>\001</body>"), "forbidden control character"},
	{"F119 &#0;", M("<body>&#0;</body>"), "forbidden character"},
	{"F119 &#1;", "<message id='&#1;'/>", "forbidden character"},
	{"F119 &#xD800;", M("<body>&#xD800;</body>"), "forbidden character"},
	{"F119 lone surrogate", M("<body>\355\240\200</body>"), "not UTF-8"},
	{"F119 U+FFFE", M("<body>\357\277\276</body>"), "forbidden control character"},
	{"F119 overlong", M("<body>\300\257</body>"), "not UTF-8"},
	{"F119 overlong, three", M("<body>\340\200\257</body>"), "not UTF-8"},
	{"F119 overlong, four", M("<body>\360\200\200\257</body>"), "not UTF-8"},
	{"F119 beyond", M("<body>\364\220\200\200</body>"), "not UTF-8"},
	{"F119 Latin 1", M("<body>Gr\374n</body>"), "not UTF-8"},
	{"F119 cut character", "<message>\342\202", "not UTF-8"},
};

ROWS_TEST(bad_input_is_refused_with_a_reason, bad, "BAD ")

static void repeat(struct buf *out, const char *piece, size_t times)
{
	for (size_t i = 0; i < times; i++)
		buf_zstr(out, piece);
}

static void check_nested(struct stanza_parser *parser, size_t levels, const char *expected)
{
	struct buf xml = {0};
	buf_zstr(&xml, "<message>");
	repeat(&xml, "<a>", levels - 1);
	repeat(&xml, "</a>", levels - 1);
	buf_zstr(&xml, "</message>");
	check(parser, buf_view(&xml), "F111", expected);
	buf_free(&xml);
}

static void depth_is_limited(void **state) // F111
{
	(void)state;
	struct stanza_parser *parser = stanza_parser_new();
	check_nested(parser, 64, "message other");
	check_nested(parser, 65, "BAD nested too deep");
	check_nested(parser, 30000, "BAD nested too deep");
	check_nested(parser, 1000000, "BAD too large");
	stanza_parser_free(parser);
}

static void check_attributes(struct stanza_parser *parser, const char *format, int count,
			     const char *expected)
{
	struct buf xml = {0};
	buf_zstr(&xml, "<message ");
	for (int i = 0; i < count; i++) {
		buf_zstr(&xml, format);
		buf_printf(&xml, "%d='u:%d' ", i, i);
	}
	buf_zstr(&xml, "/>");
	check(parser, buf_view(&xml), "F112", expected);
	buf_free(&xml);
}

static void attributes_are_limited(void **state) // F112
{
	(void)state;
	struct stanza_parser *parser = stanza_parser_new();
	check_attributes(parser, "a", 256, "message");
	check_attributes(parser, "a", 257, "BAD too many attributes");
	check_attributes(parser, "xmlns:a", 256, "message");
	check_attributes(parser, "xmlns:a", 257, "BAD too many attributes");
	check_attributes(parser, "a", 15000, "BAD too many attributes");
	stanza_parser_free(parser);
}

static void namespaces_in_scope_are_limited(void **state) // F112, spread over elements
{
	(void)state;
	struct stanza_parser *parser = stanza_parser_new();
	struct buf xml = {0};
	buf_zstr(&xml, "<message>");
	for (int element = 0; element < 3; element++) {
		buf_zstr(&xml, "<a ");
		for (int i = 0; i < 200; i++)
			buf_printf(&xml, "xmlns:n%d-%d='u:n' ", element, i);
		buf_zstr(&xml, ">");
	}
	buf_zstr(&xml, "</a></a></a></message>");
	check(parser, buf_view(&xml), "F112", "BAD too many namespaces");
	stanza_parser_free(parser);
	buf_free(&xml);
}

static void size_is_limited(void **state) // F113
{
	(void)state;
	struct stanza_parser *parser = stanza_parser_new();
	struct buf xml = {0}, out = {0};
	buf_zstr(&xml, "<message><body>");
	repeat(&xml, "x", 256 * 1024 - 32);
	buf_zstr(&xml, "</body></message>");
	assert_int_equal(xml.len, 256 * 1024);
	assert_true(text_starts(parse(parser, buf_view(&xml), &out), "message body=xxx"));
	buf_zstr(&xml, " \n");
	out.len = 0;
	assert_true(text_starts(parse(parser, buf_view(&xml), &out), "message body=xxx"));
	xml.data[xml.len - 1] = 'x';
	check(parser, buf_view(&xml), "F113", "BAD too large");
	stanza_parser_free(parser);
	buf_free(&xml);
	buf_free(&out);
}

// F129: CPU time of the worst inputs grows with their size, not with its square: eight times as much must
// not take 32 times as long. Just under the limit, and a MiB, which is refused unread.
static double cpu_of(struct stanza_parser *parser, const char *piece, size_t size)
{
	struct buf xml = {0};
	buf_zstr(&xml, "<message ");
	while (xml.len < size)
		buf_zstr(&xml, piece);
	clock_t before = clock();
	for (int i = 0; i < 4; i++) {
		struct buf out = {0};
		parse(parser, buf_view(&xml), &out);
		buf_free(&out);
	}
	buf_free(&xml);
	return (double)(clock() - before) / CLOCKS_PER_SEC;
}

static void worst_input_takes_linear_time(void **state) // F129
{
	(void)state;
	static const char *const pieces[] = {"<",    "\"",  "'",    "a:", "a:b='' ", "&",
					     "&lt;", "<a>", "<!--", "=",  "]]>"};
	struct stanza_parser *parser = stanza_parser_new();
	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		double small = cpu_of(parser, pieces[i], 30000);
		double large = cpu_of(parser, pieces[i], 240000);
		double refused = cpu_of(parser, pieces[i], 1 << 20);
		assert_true(large < 32 * small + 0.1);
		assert_true(refused < 0.1);
	}
	stanza_parser_free(parser);
}

static void nul_bytes_are_refused(void **state) // F119
{
	(void)state;
	struct stanza_parser *parser = stanza_parser_new();
	check(parser, TEXT("<message><body>a\0b</body></message>"), "F119", "BAD NUL byte");
	stanza_parser_free(parser);
}

// Nothing may be carried over: names of the last stanza, its namespaces, its half-read text.
static void an_error_leaves_no_trace(void **state) // F108
{
	(void)state;
	struct stanza_parser *parser = stanza_parser_new();
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_true(says(parser, text_of(bad[i].xml), bad[i].rule, bad[i].facts, "BAD "));
		check(parser, TEXT(M("<p:x xmlns:p='urn:p'/><body>x</body>")), bad[i].rule,
		      "message body=x part=x other");
		check(parser, TEXT(M("<p:x/>")), bad[i].rule, "BAD undeclared prefix");
	}
	stanza_parser_free(parser);
}

static void many_stanzas_with_ever_new_names(void **state)
{
	(void)state;
	struct stanza_parser *parser = stanza_parser_new();
	struct buf xml = {0};
	for (int i = 0; i < 21000; i++) {
		xml.len = 0;
		buf_printf(&xml, "<message id='%d'><n%d xmlns='urn:n:%d'/><body>x</body></message>",
			   i, i, i);
		if (i % 3000 == 0)
			repeat(&xml, " ", 70000);
		struct buf out = {0};
		assert_true(text_starts(parse(parser, buf_view(&xml), &out), "message id="));
		assert_non_null(strstr(out.data, " body=x part=x other"));
		buf_free(&out);
	}
	stanza_parser_free(parser);
	buf_free(&xml);
}

static void prefilter_finds_messages_under_any_prefix(void **state)
{
	(void)state;
	assert_true(stanza_maybe_message(TEXT("<message/>")));
	assert_true(stanza_maybe_message(TEXT(" <m:message\n id='1'/>")));
	assert_true(stanza_maybe_message(TEXT("<route><x/></route>")));
	assert_true(stanza_maybe_message(TEXT("<iq><a><message></message></a></iq>")));
	assert_false(stanza_maybe_message(TEXT("<iq><messages/></iq>")));
	assert_false(stanza_maybe_message(TEXT("<presence>message</presence>")));
	assert_false(stanza_maybe_message(TEXT("")));
	assert_false(stanza_maybe_message(TEXT_NONE));
	assert_false(stanza_maybe_message(TEXT("<")));
}

// F128: libxml2's allocations fail from the n-th on, or only the n-th, until one parse needs fewer.
static long fail_at, allocations;
static bool fail_all;

static bool allocation_fails(void)
{
	allocations++;
	return fail_at > 0 && (allocations == fail_at || (fail_all && allocations > fail_at));
}

static void *failing_malloc(size_t size)
{
	return allocation_fails() ? NULL : malloc(size);
}

static void *failing_realloc(void *pointer, size_t size)
{
	return allocation_fails() ? NULL : realloc(pointer, size);
}

static char *failing_strdup(const char *zstr)
{
	return allocation_fails() ? NULL : strdup(zstr);
}

static void quiet(void *self, const char *format, ...)
{
	(void)self;
	(void)format;
}

static const char allocation_xml[] =
	"<m:message xmlns:m='jabber:client' id='a&amp;b' to='long.enough.to.be.copied@example.org'>"
	"<m:body xml:lang='en'>one &lt; two<![CDATA[ & three ]]></m:body>"
	"<received xmlns='urn:xmpp:receipts' id='i'/><sent xmlns='urn:xmpp:carbons:2'>"
	"<forwarded xmlns='urn:xmpp:forward:0'><message><body>x</body></message></forwarded></sent>"
	"<unheard xmlns='urn:of' a='1' b='2' c='3' d='4' e='5' f='6' g='7' h='8' i='9' j='10'/>"
	"</m:message>";

static const char allocation_facts[] =
	"message to=long.enough.to.be.copied@example.org id=a&b body=one < two & three "
	" part=one<two&three receipt=i other wrap=sent [message body=x part=x]";

static bool survives_failure(long at)
{
	struct stanza_parser *parser = stanza_parser_new();
	struct buf out = {0};
	allocations = 0;
	fail_at = at;
	parse(parser, TEXT(allocation_xml), &out);
	bool reached = allocations >= at;
	fail_at = 0;
	if (!text_starts(buf_view(&out), "BAD "))
		assert_string_equal(out.data, allocation_facts);
	out.len = 0;
	parse(parser, TEXT(allocation_xml), &out); // with memory again
	assert_string_equal(out.data, allocation_facts);
	buf_free(&out);
	stanza_parser_free(parser);
	return reached;
}

static void no_fact_is_lost_when_memory_runs_out(void **state) // F128
{
	(void)state;
	xmlSetGenericErrorFunc(NULL, quiet);
	for (int all = 0; all < 2; all++) {
		fail_all = all;
		long at = 1;
		while (survives_failure(at))
			at++;
		assert_true(at > 20);
	}
}

int main(void)
{
	xmlMemSetup(free, failing_malloc, failing_realloc, failing_strdup);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_input_is_refused_with_a_reason),
		cmocka_unit_test(depth_is_limited),
		cmocka_unit_test(attributes_are_limited),
		cmocka_unit_test(namespaces_in_scope_are_limited),
		cmocka_unit_test(size_is_limited),
		cmocka_unit_test(worst_input_takes_linear_time),
		cmocka_unit_test(nul_bytes_are_refused),
		cmocka_unit_test(an_error_leaves_no_trace),
		cmocka_unit_test(many_stanzas_with_ever_new_names),
		cmocka_unit_test(prefilter_finds_messages_under_any_prefix),
		cmocka_unit_test(no_fact_is_lost_when_memory_runs_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
