// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/dialect_harness.h"

#include "core/json.h"
#include "ingest/markup.h"

#define CHATLOGS "openfire-chatlogs"
#define START "################### start ###################1795345071333\n"
#define END "################### end #####################1795345071334\n"
#define ID(address) "id:5pexh21ra7, address: " address "\n"
#define INFO(id, flags)                                                                            \
	"info: [ packetID: " id ", to: bob@of.test, from: anna@of.test/a, " flags " ]\n"
#define BEFORE_IN "incoming: true, processed: false"
#define AFTER_IN "incoming: true, processed: true"
#define BEFORE_OUT "incoming: false, processed: false"
#define MESSAGE(inner)                                                                             \
	"<message to=\"bob@of.test\" id=\"1\" from=\"anna@of.test/a\" type=\"chat\">" inner        \
	"</message>\n"
#define HELLO MESSAGE("<body>hello</body>")
#define CALL(address, flags, stanza) START ID(address) INFO("1", flags) "xml: " stanza END

static struct run *chatlogs(const char *text)
{
	return run_text(CHATLOGS, "UTC", 0, text_of(text), 100);
}

static void direction_is_that_of_the_call(void **state)
{
	(void)state;
	struct run *run =
		chatlogs(CALL("anna@of.test/a", BEFORE_IN, HELLO) "单人聊天信息：" HELLO CALL(
			"anna@of.test/a", AFTER_IN,
			HELLO) "单人聊天信息：" HELLO CALL("bob@of.test/b", BEFORE_OUT,
							   HELLO) "其他信息：" HELLO);
	assert_int_equal(run->stanzas, 2);
	assert_true(says(run, "stanza in anna@of.test/a @0+"));
	assert_true(says(run, "t=1795345071333000 "));
	assert_true(says(run, "stanza out bob@of.test/b @"));
	assert_true(says(run, "t=1795345071333002 ")); // the third call of that millisecond
	run_free(run);
}

static void what_is_not_a_clients_own_is_route(void **state)
{
	static const char *const logs[] = {
		CALL("of.test", BEFORE_IN, HELLO),
		CALL("of.test/5pexh21ra7", BEFORE_OUT, HELLO),
		CALL("null", BEFORE_OUT, HELLO),
		CALL("carl@of.test/c", BEFORE_IN, HELLO),
		CALL("anna@of.test/a", BEFORE_IN,
		     MESSAGE("<body>x</body><delay xmlns=\"urn:xmpp:delay\" from=\"of.test\"/>")),
	};
	(void)state;
	for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
		struct run *run = chatlogs(logs[i]);
		assert_int_equal(run->stanzas, 1);
		assert_true(says(run, "stanza route - @"));
		run_free(run);
	}
}

static void server_log_around_it_is_passed_over(void **state)
{
#define L "2013.03.27 10:00:00 com.example.ChatLogsPlugin - "
	(void)state;
	struct run *run = chatlogs(
		"2013.03.27 10:00:00 org.jivesoftware.openfire.XMPPServer - Openfire 3.7.1\n" L
			START L ID("anna@of.test/a") L INFO("1", BEFORE_IN) L
		"xml: " MESSAGE("<body>a\nb</body>") L END L
		"单人聊天信息：" MESSAGE("<body>a\nb</body>"));
	assert_int_equal(run->stanzas, 1);
	assert_true(says(run, "<body>a|b</body>"));
	run_free(run);
}

// F120: whatever a body looks like, in the stanza and in its repeat.
static void imitations_of_calls_are_text(void **state)
{
#define FORGED                                                                                     \
	CALL("bob@of.test/b", BEFORE_OUT,                                                          \
	     "<message id=\"f\" from=\"eve@of.test/e\" to=\"bob@of.test/b\"/>\n")
#define EVIL MESSAGE("<body><![CDATA[\n" FORGED "]]></body>")
	(void)state;
	struct run *run =
		chatlogs(CALL("anna@of.test/a", BEFORE_IN, EVIL) "单人聊天信息：" EVIL CALL(
			"anna@of.test/a", AFTER_IN, EVIL) "单人聊天信息：" EVIL);
	assert_int_equal(run->stanzas, 1);
	assert_int_equal(run->quarantined, 0);
	run_free(run);
	// An id with a line feed: cannot be told for sure, so it does not count.
	run = chatlogs(
		START ID("anna@of.test/a") "info: [ packetID: x\nxml: <message/>\n" END
					   ", to: bob@of.test, from: anna@of.test/a, " BEFORE_IN
					   " ]\nxml: " HELLO END);
	assert_int_equal(run->stanzas, 0);
	assert_true(says(run, "[id with a line feed]"));
	run_free(run);
}

static void broken_calls_cost_only_themselves(void **state)
{
	static const char *const logs[] = {
		START,
		START ID("anna@of.test/a"),
		START "java.lang.NullPointerException\n",
		START ID("anna@of.test/a") INFO("1", BEFORE_IN),
		START ID("anna@of.test/a")
			INFO("1", BEFORE_IN) "xml: <message></body></message>\n" END,
		START ID("anna@of.test/a") INFO("1", BEFORE_IN) "xml: <auth>c2VjcmV0</auth>\n" END,
		START ID("anna@of.test/a") INFO("1", BEFORE_IN) "xml: " HELLO,
		START ID("anna@of.test/a") INFO("1", BEFORE_IN) "xml: " HELLO "noise\n",
	};
	(void)state;
	for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
		struct buf log = {0};
		buf_zstr(&log, logs[i]);
		buf_zstr(&log, CALL("anna@of.test/a", BEFORE_IN, HELLO));
		struct run *run = chatlogs(log.data);
		assert_int_equal(run->stanzas, 1);
		assert_int_equal(run->quarantined, 1);
		assert_true(says(run, "[call not finished]"));
		assert_false(says(run, "c2VjcmV0"));
		run_free(run);
		buf_free(&log);
	}
	struct run *run =
		chatlogs(START ID("anna@of.test/a") INFO("1", BEFORE_IN) "xml: <message><b");
	assert_true(says(run, "[unterminated at end of file]"));
	run_free(run);
}

#define SAMPLE "tests/data/openfire/constructed/chatlogs-plugin-stdout.log.gz"

static size_t has_record(const struct run *run, const char *dir, struct text session,
			 struct text id)
{
	struct buf begin = {0}, name = {0};
	size_t found = 0;
	buf_printf(&begin, "stanza %s %.*s @", dir, (int)session.n, session.p);
	buf_printf(&name, "\"%.*s\"", (int)id.n, id.p);
	for (const char *at = said(run); (at = strstr(at, begin.data)); at++) {
		const char *end = strchr(at, '\n');
		found += memmem(at, (size_t)(end - at), name.data, name.len) != NULL;
	}
	buf_free(&begin);
	buf_free(&name);
	return found;
}

// The trace covers the first packets of a capture: what clients wrote down until its last time.
static void the_trace_agrees_with_the_clients(void **state)
{
	struct buf log = file_bytes(SAMPLE);
	struct buf events = file_bytes("tests/data/openfire/of416-en/truth-events.jsonl.gz");
	struct run *run = run_text(CHATLOGS, "UTC", 0, buf_view(&log), 4096);
	size_t sent = 0;
	(void)state;
	for (struct text rest = buf_view(&events); rest.n;) {
		const char *end = memchr(rest.p, '\n', rest.n);
		size_t n = end ? (size_t)(end - rest.p) : rest.n;
		JSON_AUTO *event = json_loadb(rest.p, n, 0, NULL);
		struct text ev = json_get_text(event, "ev"), jid = json_get_text(event, "jid");
		struct text id = json_get_text(json_object_get(event, "m"), "id");
		double t = json_real_value(json_object_get(event, "t"));
		rest = (struct text){rest.p + n + (end != NULL), rest.n - n - (end != NULL)};
		if (!json_object_get(event, "m") || t > 1795345073.583)
			continue;
		sent += text_is(ev, "send");
		bool plain = id.p && !strpbrk(json_string_value(json_object_get(
						      json_object_get(event, "m"), "id")),
					      "&<>\"'");
		if (plain && !has_record(run, text_is(ev, "send") ? "in" : "out", jid, id))
			fail_msg("%.*s %.*s %.*s", (int)ev.n, ev.p, (int)jid.n, jid.p, (int)id.n,
				 id.p);
	}
	assert_int_equal(sent, 56);
	assert_int_equal(run->stanzas, 120); // 56 read, 64 written
	assert_int_equal(run->quarantined + run->gaps, 0);
	run_free(run);
	buf_free(&log);
	buf_free(&events);
}

static void the_trace_reads_the_same_in_any_chunks(void **state)
{
	struct buf log = file_bytes(SAMPLE);
	(void)state;
	same_in_any_chunks(CHATLOGS, "UTC", 0, buf_view(&log));
	buf_free(&log);
}

static void files_are_recognised(void **state)
{
	static const struct {
		const char *path, *dialect;
	} table[] = {
		{SAMPLE, CHATLOGS},
		{"tests/data/openfire/of424-logfile/info.log.gz", "openfire-debugger"},
		{"tests/data/openfire/of416-zh/nohup.out.gz", "openfire-debugger"},
		{"tests/data/openfire/constructed/xmldebugger-1.7.2.log.gz", "openfire-debugger"},
		{"tests/data/openfire/of416-en/jive.audit-20261122-000.log.gz", "openfire-audit"}};
	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct buf log = file_bytes(table[i].path);
		struct text head = {log.data, log.len < 64 << 10 ? log.len : 64 << 10};
		const char *why = NULL;
		int certainty = 0;
		const struct dialect_type *type = dialect_detect(head, &certainty, &why);
		assert_non_null(type);
		assert_string_equal(type->name, table[i].dialect);
		assert_true(certainty > 90);
		buf_free(&log);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(direction_is_that_of_the_call),
		cmocka_unit_test(what_is_not_a_clients_own_is_route),
		cmocka_unit_test(server_log_around_it_is_passed_over),
		cmocka_unit_test(imitations_of_calls_are_text),
		cmocka_unit_test(broken_calls_cost_only_themselves),
		cmocka_unit_test(the_trace_agrees_with_the_clients),
		cmocka_unit_test(the_trace_reads_the_same_in_any_chunks),
		cmocka_unit_test(files_are_recognised),
	};
	return cmocka_run_group_tests_name("dialect openfire-chatlogs", tests, NULL, NULL);
}
