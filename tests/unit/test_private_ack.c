// SPDX-License-Identifier: Apache-2.0
// Private acknowledgements: what may be declared, and what the parser makes of it.
#include "tests/unit/dialect_harness.h"

#include "core/json.h"
#include "core/settings.h"
#include "ingest/stanza.h"

#include <sys/stat.h>
#include <unistd.h>

static struct settings *load(const char *content, struct err *err)
{
	char path[] = "private-test-XXXXXX";
	struct settings *settings = NULL;
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	close(fd);
	settings_load(path, &settings, err);
	unlink(path);
	return settings;
}

#define GOOD "element = seen\n namespace = \"app:b\"\n means = delivered\n"

static void a_section_says_everything(void **state)
{
	(void)state;
	struct err err = {0};
	struct settings *s =
		load("ack bluebird {\n " GOOD "}\n"
		     "ack talker-2 { element = \"x/read\" namespace = \"app:t\"\n on = both\n"
		     " ref = \"msg/@id\" means = displayed request_element = ask }\n",
		     &err);
	if (!s)
		fail_msg("%s", err.text);
	assert_int_equal(s->rules.ack_count, 2);
	const struct private_ack *a = &s->rules.acks[0], *b = &s->rules.acks[1];
	assert_string_equal(a->name, "bluebird");
	assert_true(text_is(a->ack.name, "seen") && !a->ack.outer.p && text_is(a->ack.ns, "app:b"));
	assert_true(a->on_message && !a->on_iq && !a->displayed && !a->request.name.p);
	assert_true(text_is(a->attribute, "id") && !a->child.p && !a->own_id);
	assert_true(text_is(b->ack.outer, "x") && text_is(b->ack.name, "read"));
	assert_true(b->on_message && b->on_iq && b->displayed);
	assert_true(text_is(b->child, "msg") && text_is(b->attribute, "id"));
	assert_true(text_is(b->request.name, "ask") && text_is(b->request.ns, "app:t"));
	settings_free(s);
}

#define ACK(name, more) "ack " name " {\n " GOOD more "}\n"

static void wrong_declarations_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *content, *line, *key, *advice;
	} rows[] = {
		{"ack a {\n " GOOD " where = \"@id\"\n}\n", "line 5", "where", "no such option"},
		{"ack a {\n namespace = x\n means = delivered\n}\n", "line", "element", "add it"},
		{"ack a { element = e means = delivered }\n", "line 1", "namespace", "add it"},
		{"ack a { element = e namespace = x }\n", "line 1", "means", "add it"},
		{"\nack a { element = \"p:e\" }\n", "line 2", "element", "without a prefix"},
		{"ack a { element = \"a/b/c\" }\n", "line 1", "element", "outer/inner"},
		{"ack a { element = \"1\" }\n", "line 1", "element", "is no element"},
		{"ack a {\n namespace = \"urn:xmpp:receipts\" }\n", "line 2", "namespace",
		 "leave this one out"},
		{"ack a { namespace = \"jabber:client\" }\n", "line 1", "namespace", "XMPP's own"},
		{"ack a { namespace = \"urn:xmpp:mam:2\" }\n", "line 1", "namespace", "XMPP's own"},
		{"ack a { namespace = \"\" }\n", "line 1", "namespace", "xmlns"},
		{"ack a { namespace = \"a&b\" }\n", "line 1", "namespace", "not supported"},
		{"ack a { request_namespace = \"jabber:x:event\" }\n", "line 1",
		 "request_namespace", "XMPP's own"},
		{"ack a {\n\n on = presence }\n", "line 3", "on", "message, iq, both"},
		{"ack a { means = read }\n", "line 1", "means", "delivered, displayed"},
		{"ack a { ref = \"@\" }\n", "line 1", "ref", "child/@attr"},
		{"ack a { ref = \"\" }\n", "line 1", "ref", "is expected"},
		{"ack a { ref = \"a/b\" }\n", "line 1", "ref", "is expected"},
		{"ack a { ref = \"a/@b/@c\" }\n", "line 1", "ref", "is expected"},
		{"ack a { ref = \"@a:b\" }\n", "line 1", "ref", "is expected"},
		{"ack a {\n means = delivered\n means = displayed\n}\n", "line 3", "means",
		 "twice"},
		{ACK("Bluebird", ""), "line", "Bluebird", "a-z"},
		{ACK("\"\"", ""), "line", "name", "a-z"},
		{ACK("a", "") ACK("a", ""), "line", "a", "dupli"},
		{ACK("a", "") ACK("b", "ref = text\n"), "line", "ack b", "taken by ack a"},
		{ACK("a",
		     "") "ack b { element = \"seen/x\" namespace = \"app:b\" means = displayed }\n",
		 "line", "ack b", "taken by ack a"},
		{ACK("a", "request_element = seen\n"), "line", "request_element", "that asks"},
		{ACK("a", "request_namespace = y\n"), "line", "request_namespace", "add that"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct err err = {0};
		struct settings *s = load(rows[i].content, &err);
		if (s || err.kind != ERR_USAGE || !strstr(err.text, rows[i].line) ||
		    !strstr(err.text, rows[i].key) || !strstr(err.text, rows[i].advice) ||
		    !strstr(err.text, "private-test-"))
			fail_msg("%s -> %s", rows[i].content, s ? "accepted" : err.text);
	}
}

static void more_than_sixty_are_refused(void **state)
{
	(void)state;
	struct buf file = {0};
	struct err err = {0};
	for (int i = 0; i <= PRIVATE_ACKS_MAX; i++)
		buf_printf(&file, "ack a%d { element = e%d namespace = x means = delivered }\n", i,
			   i);
	assert_null(load(file.data, &err));
	assert_non_null(strstr(err.text, "more than 60"));
	buf_free(&file);
}

static void bad_json_names_the_key(void **state)
{
	(void)state;
	static const struct {
		const char *json, *key;
	} rows[] = {
		{"{}", "private_acks"},
		{"[{}]", "name"},
		{"[{\"name\": \"a\", \"element\": 1}]", "element"},
		{"[{\"name\": \"a\", \"element\": \"e\", \"namespace\": \"urn:xmpp:receipts\"}]",
		 "namespace"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		JSON_AUTO *object = json_object();
		struct realm_settings rules;
		struct err err = {0};
		json_object_set_new(object, "private_acks", json_loads(rows[i].json, 0, NULL));
		if (realm_settings_from_json(object, &rules, &err))
			fail_msg("accepted: %s", rows[i].json);
		if (err.kind != ERR_USAGE || !strstr(err.text, rows[i].key))
			fail_msg("%s -> %s", rows[i].json, err.text);
	}
}

// --- the parser ---

static const char declared[] =
	"{\"private_acks\": ["
	"{\"name\": \"attr\", \"element\": \"seen\", \"namespace\": \"a\", \"means\": \"delivered\","
	" \"request_element\": \"ask\"},"
	"{\"name\": \"text\", \"element\": \"x/read\", \"namespace\": \"b\", \"means\": \"displayed\","
	" \"ref\": \"msg\", \"request_element\": \"ask\", \"request_namespace\": \"a\"},"
	"{\"name\": \"iq\", \"element\": \"q\", \"namespace\": \"app:c\", \"means\": \"delivered\","
	" \"on\": \"iq\", \"ref\": \"item/@mid\"},"
	"{\"name\": \"own\", \"element\": \"got\", \"namespace\": \"app:d\", \"means\": \"delivered\","
	" \"on\": \"both\", \"ref\": \"stanza\"},"
	"{\"name\": \"plain\", \"element\": \"ok\", \"namespace\": \"app:d\", \"means\": \"delivered\","
	" \"ref\": \"text\"}]}";

static void rules_of(struct realm_settings *rules)
{
	JSON_AUTO *object = json_loads(declared, 0, NULL);
	struct err err = {0};
	if (!realm_settings_from_json(object, rules, &err))
		fail_msg("%s", err.text);
}

static void declarations_travel_as_json(void **state)
{
	(void)state;
	struct realm_settings rules, copy;
	rules_of(&rules);
	realm_settings_copy(&copy, &rules);
	JSON_AUTO *one = realm_settings_to_json(&rules);
	realm_settings_free(&rules);
	JSON_AUTO *two = realm_settings_to_json(&copy);
	assert_true(json_equal(one, two));
	assert_true(text_is(copy.acks[2].child, "item")); // points into the copy
	assert_int_equal(json_array_size(json_object_get(two, "private_acks")), 5);
	realm_settings_free(&copy);
}

static void describe_hits(struct buf *out, const struct stanza *stanza)
{
	for (size_t i = 0; i < stanza->private_count; i++) {
		const struct private_hit *hit = &stanza->private_hits[i];
		buf_printf(out, "%u%s", hit->index, hit->request ? "?" : "=");
		buf_printf(out, "%.*s ", hit->id.p ? (int)hit->id.n : 1,
			   hit->id.p ? hit->id.p : "-");
	}
	if (stanza->inner)
		describe_hits(out, stanza->inner);
}

#define IN(inside) "<message id='i'>" inside "</message>"
#define CARBON(inside)                                                                             \
	"<message><sent xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>" inside  \
	"</forwarded></sent></message>"

static const struct {
	const char *xml, *hits;
} stanzas[] = {
	{IN("<seen xmlns='a' id='1'/>"), "0=1 "},
	{IN("<p:seen xmlns:p='a' id='&amp;1'/>"), "0=&1 "},
	{IN("<seen xmlns='a' p:id='1' xmlns:p='x'/>"), "0=- "},
	{IN("<seen xmlns='a' id=''/>"), "0= "},
	{IN("<seen xmlns='b' id='1'/><seen id='1'/><sean xmlns='a' id='1'/>"), ""},
	{IN("<y xmlns='z'><seen xmlns='a' id='1'/></y>"), ""},
	{IN("<seen xmlns='a' id='1'/><seen xmlns='a' id='2'/><seen xmlns='a' id='3'/>"
	    "<seen xmlns='a' id='4'/><seen xmlns='a' id='5'/>"),
	 "0=1 0=2 0=3 0=4 0=5 "},
	{IN("<ask xmlns='a'/>"), "0?- 1?- "},
	{"<iq type='set' id='i'><ask xmlns='a'/><seen xmlns='a' id='1'/></iq>", ""},
	{IN("<x xmlns='b'><read><msg>\n\t1 2 \n</msg><msg>3</msg></read></x>"), "1=1 2 "},
	{IN("<x xmlns='b'><read><m>1</m></read></x>"), "1=- "},
	{IN("<x xmlns='b'><read><msg>1<b>no</b></msg></read><read/></x>"), "1=1 1=- "},
	{IN("<x xmlns='b'><y><read><msg>1</msg></read></y></x><read xmlns='b'/>"), ""},
	{IN("<x xmlns='b'><read xmlns='a'><msg>1</msg></read></x>"), ""},
	{"<iq type='set' id='i'><q xmlns='app:c'><item mid='1'/></q></iq>", "2=1 "},
	{IN("<q xmlns='app:c'><item mid='1'/></q>"), ""},
	{"<iq type='set' id='i'><got xmlns='app:d'/></iq>", "3=i "},
	{IN("<got xmlns='app:d'><a/></got>"), "3=i "},
	{"<message><got xmlns='app:d'/></message>", "3=- "},
	{IN("<ok xmlns='app:d'> 1<![CDATA[<]]>\n</ok>"), "4=1< "},
	{IN("<body>x</body><seen xmlns='a' id='1'/>"), "0=1 "},
	{CARBON(IN("<seen xmlns='a' id='1'/>")), "0=1 "},
	{"<presence><seen xmlns='a' id='1'/></presence>", ""},
};

static void the_parser_finds_what_is_declared(void **state)
{
	(void)state;
	struct realm_settings rules;
	struct stanza_parser *parser = stanza_parser_new(), *without = stanza_parser_new();
	struct arena *arena = arena_new();
	rules_of(&rules);
	stanza_parser_declare(parser, rules.acks, rules.ack_count);
	for (size_t i = 0; i < sizeof stanzas / sizeof *stanzas; i++) {
		struct stanza *stanza = NULL;
		const char *reason = "";
		struct buf got = {0};
		buf_printf(&got, "%s", "");
		if (stanza_parse(parser, text_of(stanzas[i].xml), arena, &stanza, &reason))
			fail_msg("%s: %s", stanzas[i].xml, reason);
		describe_hits(&got, stanza);
		if (!text_is(buf_view(&got), stanzas[i].hits))
			fail_msg("%s -> %.*s", stanzas[i].xml, (int)got.len, got.data);
		buf_free(&got);
		assert_int_equal(
			stanza_parse(without, text_of(stanzas[i].xml), arena, &stanza, &reason),
			STANZA_OK);
		assert_int_equal(stanza->private_count, 0);
	}
	arena_free(arena);
	stanza_parser_free(parser);
	stanza_parser_free(without);
	realm_settings_free(&rules);
}

static void only_declared_iqs_pass_the_dialects(void **state)
{
	(void)state;
#define RECV(xml) "2026-11-22T10:00:00+0000 c2saa01\tdebug\tRECV: " xml "\n"
	static const char log[] =
		RECV("<iq type='set' id='1' to='b@c'><q xmlns='app:c'><item mid='1'/></q></iq>")
			RECV("<iq type='set' id='2' to='b@c'><seen xmlns='a' id='1'/></iq>")
				RECV("<iq type='set' id='3' to='b@c'><got xmlns='app:d'/></iq>");
	struct realm_settings rules;
	rules_of(&rules);
	for (int with = 0; with < 2; with++) {
		struct run *run = run_new("prosody", "UTC", 2026);
		const struct dialect_sink sink = {run, run_record, run_remember, run_ignored};
		const struct dialect_options options = {
			.zone = run->zone, .modified = USEC_NONE, .rules = with ? &rules : NULL};
		run->type->close(run->dialect);
		run->dialect = run->type->open(&options, &sink);
		run_give(run, text_of(log), 64);
		run_end(run, true);
		assert_int_equal(run->stanzas, with ? 2 : 0);
		assert_int_equal(run->ignored, with ? 1 : 3);
		run_free(run);
	}
	realm_settings_free(&rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_section_says_everything),
		cmocka_unit_test(wrong_declarations_are_refused),
		cmocka_unit_test(more_than_sixty_are_refused),
		cmocka_unit_test(bad_json_names_the_key),
		cmocka_unit_test(declarations_travel_as_json),
		cmocka_unit_test(the_parser_finds_what_is_declared),
		cmocka_unit_test(only_declared_iqs_pass_the_dialects),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
