// SPDX-License-Identifier: Apache-2.0
// What is read without libxml2 (stanza_plain.c) is read as libxml2 does: stanzas put together by chance,
// of what clients write and of what they should not.
#include "tests/unit/stanza_check.h"

enum { STANZAS = 20000, NAMES = 2000 };

struct chance {
	uint64_t seed;
	struct buf xml;
};

static unsigned draw(struct chance *chance, unsigned of)
{
	chance->seed = chance->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(chance->seed >> 33) % of;
}

static const char *one_of(struct chance *chance, const char *const *list, size_t count)
{
	return list[draw(chance, (unsigned)count)];
}
#define ONE_OF(chance, list) one_of(chance, list, COUNT(list))

static const char *const spaces[] = {" ", " ", " ", " ", " ", "  ", "\n", "\t", "\r\n", ""};

static void add_attribute(struct chance *chance)
{
	static const char *const names[] = {
		"id",       "from", "to",    "type", "stamp",  "by",       "xmlns", "xmlns",
		"xml:lang", "lang", "a.b-c", "_x",   "1x",     "xmlns:a",  "a:id",  "xml:id",
		"xmlns:",   ":id",  "node",  "ver",  "status", "xml:space"};
	static const char *const values[] = {"1",
					     "a@b/c",
					     "",
					     "chat",
					     "groupchat",
					     "jabber:client",
					     "urn:xmpp:receipts",
					     "urn:xmpp:chat-markers:0",
					     "http://jabber.org/protocol/chatstates",
					     "urn:xmpp:carbons:2",
					     "urn:xmpp:forward:0",
					     "http://www.w3.org/XML/1998/namespace",
					     "http://www.w3.org/2000/xmlns/",
					     "relative",
					     "no uri at all %",
					     "2026-03-01T00:00:00Z",
					     "a&amp;b",
					     "&#38;",
					     "a\tb",
					     "a\nb",
					     "de",
					     "not a language",
					     "Grün 👍",
					     "it is long enough for words of eight",
					     "it is long enough & has one"};
	char quote = draw(chance, 2) ? '\'' : '"';
	buf_zstr(&chance->xml, ONE_OF(chance, spaces));
	buf_zstr(&chance->xml, ONE_OF(chance, names));
	buf_zstr(&chance->xml, draw(chance, 30) ? "=" : " = ");
	buf_char(&chance->xml, quote);
	buf_zstr(&chance->xml, ONE_OF(chance, values));
	buf_char(&chance->xml, quote);
}

static void add_text(struct chance *chance)
{
	static const char *const texts[] = {
		"x",      " ",      "hello there", "it&apos;s",     "&lt;a&gt;",  "&amp;amp;",
		"&quot;", "&nbsp;", "&#65;",       "a\r\nb",        "a\nb",       "]]",
		"]",      "]]>",    "]]&gt;",      "<![CDATA[x]]>", "<!-- x -->", "<?go on?>",
		"👍 Grün", "&",      "a > b",       "\xef\xbf\xbd",  "&apos",      "\xc2\x85"};
	buf_zstr(&chance->xml, ONE_OF(chance, texts));
}

static void add_element(struct chance *chance, unsigned depth)
{
	static const char *const names[] = {
		"message",   "body",   "request",   "received",  "displayed", "markable", "active",
		"delay",     "thread", "sent",      "forwarded", "x",         "id",       "error",
		"a:b",       "gone",   "iq",        "presence",  "query",     "c",        "1",
		"origin-id", "result", "composing", "payload",   "encrypted"};
	const char *name = depth ? ONE_OF(chance, names) : names[0];
	unsigned attributes = draw(chance, depth ? 3 : 5),
		 children = draw(chance, depth < 4 ? 4 : 1);
	buf_printf(&chance->xml, "<%s", name);
	while (attributes--)
		add_attribute(chance);
	buf_zstr(&chance->xml, draw(chance, 4) ? "" : ONE_OF(chance, spaces));
	if (!children) {
		buf_zstr(&chance->xml, "/>");
		return;
	}
	buf_char(&chance->xml, '>');
	while (children--) {
		if (draw(chance, 3))
			add_element(chance, depth + 1);
		else
			add_text(chance);
	}
	buf_printf(&chance->xml, "</%s%s>", draw(chance, 200) ? name : "other",
		   draw(chance, 20) ? "" : ONE_OF(chance, spaces));
}

static void both_ways_say_the_same(void **state)
{
	struct stanza_parser *parser = stanza_parser_new(), *libxml2 = stanza_parser_new();
	struct chance chance = {.seed = 1};
	size_t wrong = 0, good = 0;
	(void)state;
	stanza_parser_only_libxml2(libxml2);
	for (size_t i = 0; i < STANZAS; i++) {
		struct buf want = {0};
		chance.xml.len = 0;
		add_element(&chance, 0);
		if (!draw(&chance, 100))
			chance.xml.len -= draw(&chance, 9);
		struct text said = parse(libxml2, buf_view(&chance.xml), &want);
		good += !text_starts(said, "BAD");
		wrong += !says(parser, buf_view(&chance.xml), chance.xml.data, want.data, "");
		buf_free(&want);
	}
	assert_int_equal(wrong, 0);
	assert_true(good > STANZAS / 10 && good < STANZAS);
	buf_free(&chance.xml);
	stanza_parser_free(parser);
	stanza_parser_free(libxml2);
}

// Names are kept; a flood of invented ones is forgotten, and the rules still know theirs.
static void invented_names_are_forgotten(void **state)
{
	struct stanza_parser *parser = stanza_parser_new();
	(void)state;
	for (int i = 0; i < NAMES; i++) {
		struct buf xml = {0};
		buf_printf(&xml,
			   "<message id%d='1'><a%d xmlns='urn:%d'/><body>x</body>"
			   "<request xmlns='urn:xmpp:receipts'/></message>",
			   i, i, i);
		check(parser, buf_view(&xml), "names", "message body=x part=x request other");
		buf_free(&xml);
	}
	stanza_parser_free(parser);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways_say_the_same),
		cmocka_unit_test(invented_names_are_forgotten),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
