// SPDX-License-Identifier: Apache-2.0
// K19, F9: iq and presence in, what they say about devices and accounts out.
#include "core/buf.h"
#include "ingest/stanza.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void say(struct buf *out, const char *name, struct text text)
{
	if (text.p)
		buf_printf(out, " %s=%.*s", name, (int)text.n, text.p);
}

static void describe_known(struct buf *out, const struct stanza_known *known)
{
	if (known->has_caps)
		buf_zstr(out, " caps");
	say(out, "node", known->caps_node);
	say(out, "ver", known->caps_ver);
	if (known->has_disco)
		buf_zstr(out, " disco");
	say(out, "about", known->disco_node);
	if (known->disco_receipts)
		buf_zstr(out, " receipts");
	if (known->has_identity)
		buf_zstr(out, " identity");
	say(out, "category", known->category);
	say(out, "type", known->type);
	say(out, "name", known->name);
	if (known->has_version)
		buf_zstr(out, " version");
	say(out, "software", known->software);
	say(out, "release", known->release);
	if (known->has_roster)
		buf_zstr(out, known->roster_push ? " push" : " roster");
	for (size_t i = 0; i < known->item_count; i++) {
		say(out, "item", known->items[i].jid);
		say(out, "subscription", known->items[i].subscription);
	}
	if (known->block)
		buf_zstr(out, known->block == BLOCK_ADD ? " block" : " unblock");
	for (size_t i = 0; i < known->blocked_count; i++)
		say(out, "item", known->blocked[i]);
}

#define CAPS(attributes) "<c xmlns='http://jabber.org/protocol/caps' " attributes "/>"
#define DISCO(attributes, inside)                                                                  \
	"<query xmlns='http://jabber.org/protocol/disco#info' " attributes ">" inside "</query>"
#define ROSTER(inside) "<query xmlns='jabber:iq:roster'>" inside "</query>"
#define BLOCKING(name, inside) "<" name " xmlns='urn:xmpp:blocking'>" inside "</" name ">"
#define RESULT(inside) "<iq type='result'>" inside "</iq>"
#define SET(inside) "<iq type='set'>" inside "</iq>"
#define FEATURE "<feature var='urn:xmpp:receipts'/>"

static const struct {
	const char *rule, *xml, *facts;
} cases[] = {
	{"K19 caps", "<presence>" CAPS("hash='sha-1' node='http://a' ver='V='") "</presence>",
	 " caps node=http://a ver=V="},
	{"K19 first caps", "<presence>" CAPS("node='a'") CAPS("node='b'") "</presence>",
	 " caps node=a"},
	{"K19 caps elsewhere", "<presence><c node='a' ver='b'/></presence>", NULL},
	{"K19 presence without", "<presence><show>away</show></presence>", NULL},
	{"K19 caps in a message", "<message>" CAPS("node='a' ver='b'") "</message>", NULL},

	{"K19 disco of a node",
	 RESULT(DISCO("node='a#b'", "<identity category='client' type='phone' name='Hark'/>" FEATURE
				    "<feature var='x'/>")),
	 " disco about=a#b receipts identity category=client type=phone name=Hark"},
	{"K19 disco of the entity", RESULT(DISCO("", "<feature var='urn:xmpp:receipts:0'/>")),
	 " disco"},
	{"F9 client goes first",
	 RESULT(DISCO("", "<identity category='automation' name='1'/>"
			  "<identity category='client' name='2'/>"
			  "<identity category='client' name='3'/>")),
	 " disco identity category=client name=2"},
	{"K19 asked, not answered", "<iq type='get'>" DISCO("node='a'", "") "</iq>", NULL},
	{"K19 refused", "<iq type='error'>" DISCO("node='a'", FEATURE) "</iq>", NULL},
	{"K19 feature deeper", RESULT(DISCO("", "<x>" FEATURE "</x>")), " disco"},

	{"F9 version",
	 RESULT("<query xmlns='jabber:iq:version'><name>Hark</name><version>1.2</version>"
		"<os>x</os></query>"),
	 " version software=Hark release=1.2"},
	{"F9 version asked", "<iq type='get'><query xmlns='jabber:iq:version'/></iq>", NULL},

	{"K19 roster",
	 RESULT(ROSTER(
		 "<item jid='a@b' subscription='both'/><item jid='c@d'><group>g</group></item>")),
	 " roster item=a@b subscription=both item=c@d"},
	{"K19 empty roster", RESULT(ROSTER("")), " roster"},
	{"K19 roster as before", RESULT(""), NULL},
	{"K19 push", SET(ROSTER("<item jid='a@b' subscription='remove'/>")),
	 " push item=a@b subscription=remove"},
	{"K19 roster asked", "<iq type='get'>" ROSTER("") "</iq>", NULL},
	{"K19 the first roster", RESULT(ROSTER("<item jid='a@b'/>") ROSTER("<item jid='c@d'/>")),
	 " roster item=a@b"},
	{"K19 roster in a message", "<message>" ROSTER("<item jid='a@b'/>") "</message>", NULL},
	{"K19 item of another namespace", RESULT(ROSTER("<item xmlns='x' jid='a@b'/>")), " roster"},

	{"K19 block", SET(BLOCKING("block", "<item jid='a@b'/><item jid='c'/>")),
	 " block item=a@b item=c"},
	{"K19 unblock", SET(BLOCKING("unblock", "<item jid='a@b'/>")), " unblock item=a@b"},
	{"K19 unblock all", SET(BLOCKING("unblock", "")), " unblock"},
	{"K19 block list", RESULT(BLOCKING("blocklist", "<item jid='a@b'/>")), NULL},
	{"K19 block answered", RESULT(BLOCKING("block", "<item jid='a@b'/>")), NULL},
};

static bool says_right(struct stanza_parser *parser, size_t i)
{
	struct arena *arena = arena_new();
	struct stanza *stanza = NULL;
	const char *reason = NULL;
	struct buf got = {0};
	const char *want = cases[i].facts ? cases[i].facts : "nothing";

	if (stanza_parse(parser, text_of(cases[i].xml), arena, &stanza, &reason) != STANZA_OK)
		buf_zstr(&got, reason);
	else if (stanza->known)
		describe_known(&got, stanza->known);
	else
		buf_zstr(&got, "nothing");
	// What is skipped may leave an empty struct behind: it says nothing.
	bool same = text_is(buf_view(&got), want) || (!cases[i].facts && !got.len);
	if (!same)
		print_error("%s\n  want %s\n  got  %s\n", cases[i].rule, want, got.data);
	buf_free(&got);
	arena_free(arena);
	return same;
}

static void K19_facts_of_iq_and_presence(void **state)
{
	(void)state;
	struct stanza_parser *parser = stanza_parser_new();
	size_t wrong = 0;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		wrong += !says_right(parser, i);
	stanza_parser_free(parser);
	assert_int_equal(wrong, 0);
}

static void K19_long_lists_are_kept_whole(void **state)
{
	(void)state;
	struct stanza_parser *parser = stanza_parser_new();
	struct arena *arena = arena_new();
	struct stanza *stanza = NULL;
	const char *reason = NULL;
	struct buf xml = {0};
	buf_zstr(&xml, "<iq type='result'><query xmlns='jabber:iq:roster'>");
	for (int i = 0; i < 5000; i++)
		buf_printf(&xml, "<item jid='u%d@x' subscription='from'/>", i);
	buf_zstr(&xml, "</query></iq>");
	assert_int_equal(stanza_parse(parser, buf_view(&xml), arena, &stanza, &reason), STANZA_OK);
	assert_int_equal(stanza->known->item_count, 5000);
	assert_true(text_is(stanza->known->items[4999].jid, "u4999@x"));
	buf_free(&xml);
	arena_free(arena);
	stanza_parser_free(parser);
}

// K19 in E5: what a wrapping feed holds is read by the same rules.
static void K19_facts_inside_a_wrapper(void **state)
{
	(void)state;
	struct stanza_parser *parser = stanza_parser_new();
	struct arena *arena = arena_new();
	struct stanza *stanza = NULL;
	const char *reason = NULL;
	struct text xml = TEXT("<message><forwarded xmlns='urn:xmpp:forward:0'><presence "
			       "xmlns='jabber:client' from='a@b/c'>" CAPS(
				       "node='n' ver='v'") "</presence></forwarded></message>");
	assert_int_equal(stanza_parse(parser, xml, arena, &stanza, &reason), STANZA_OK);
	assert_null(stanza->known);
	assert_non_null(stanza->inner);
	assert_true(stanza->inner->known && stanza->inner->known->has_caps);
	arena_free(arena);
	stanza_parser_free(parser);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(K19_facts_of_iq_and_presence),
		cmocka_unit_test(K19_long_lists_are_kept_whole),
		cmocka_unit_test(K19_facts_inside_a_wrapper),
	};
	return cmocka_run_group_tests_name("stanza known", tests, NULL, NULL);
}
