// SPDX-License-Identifier: Apache-2.0
// Tigase's packets, and MongooseIM's logs, which are refused. The lines are made as docs/formats.md describes
// them; no capture of either server was at hand.
#include "tests/unit/dialect_harness.h"

#define AT(second)                                                                                 \
	"[2026-11-22 10:00:" second                                                                \
	"] [FINEST   ] [        in_8-c2s ] SessionManager.processPacket(): "
#define PACKET(sender, data)                                                                                \
	"Received packet: from=c2s@host/1.2.3.4_5222, to=sess-man@host, serverAuthorisedStanzaFrom=" sender \
	", DATA=" data                                                                                      \
	", SIZE=120, XMLNS=jabber:client, PRIORITY=NORMAL, PERMISSION=AUTH, TYPE=chat, STABLE_ID=1\n"
#define HELLO(id)                                                                                  \
	"<message from=\"anna@acme.test/phone\" to=\"bob@acme.test\" id=\"" id                     \
	"\" type=\"chat\"><body>hello</body>"                                                      \
	"</message>"

static struct run *tigase(const char *text, size_t chunk)
{
	return run_text("tigase", "Europe/Berlin", 0, text_of(text), chunk);
}

static void packets_are_route(void **state)
{
	(void)state;
	struct run *run =
		tigase(AT("01:250") PACKET("anna@acme.test/phone", HELLO("1")) AT("01:250")
			       PACKET("anna@acme.test/phone", HELLO("1")) AT("02.000")
				       PACKET("anna@acme.test/phone", "<iq type=\"get\"/>")
					       AT("03") "A message without a packet\n"
							"java.lang.Exception\n",
		       7);
	assert_int_equal(run->stanzas, 2);
	assert_int_equal(run->quarantined, 0);
	assert_int_equal(run->ignored, 3);
	assert_true(says(run, "stanza route - @0"));
	assert_true(says(run, "t=1795338001250000 ")); // winter time of the zone
	assert_true(says(run, "t=1795338001250001 ")); // T1b
	run_free(run);
}

static void a_sender_is_authorised_by_the_server(void **state)
{
	(void)state;
	struct run *run = tigase(AT("01:250") PACKET("null", HELLO("1")) AT("01:250")
					 PACKET("eve@acme.test/x", HELLO("2")) AT("01:250")
						 PACKET("anna@acme.test", HELLO("3")),
				 64);
	assert_int_equal(run->stanzas, 1);
	assert_true(says(run, "id=\"3\""));
	run_free(run);
}

// F120: only the end of the stanza ends it; what the logger cut is set aside without its text.
static void a_line_inside_a_body_is_text(void **state)
{
	(void)state;
	struct run *run = tigase(
		AT("01:250") PACKET(
			"anna@acme.test/phone",
			"<message from=\"anna@acme.test/phone\" to=\"bob@acme.test\"><body>one\n" AT(
				"01:250") "x, serverAuthorisedStanzaFrom=eve@acme.test/x, DATA=&lt;message/&gt;, SIZE=1\n"
					  "two</body></message>") AT("02:250")
			PACKET("anna@acme.test/phone", HELLO("2")),
		64);
	assert_int_equal(run->stanzas, 2);
	assert_true(says(run, "two</body></message>"));
	run_free(run);
	run = tigase(
		AT("01:250") PACKET(
			"anna@acme.test/phone",
			"<message from=\"anna@acme.test/phone\" to=\"b@c.d\"><body>secret ... ")
			AT("02:250") PACKET("anna@acme.test/phone", HELLO("2")),
		64);
	assert_int_equal(run->stanzas, 1);
	assert_true(says(run, "[cut by the logger]"));
	assert_false(says(run, "secret"));
	run_free(run);
}

static void passwords_are_never_kept(void **state)
{
	(void)state;
	struct run *run = tigase(
		AT("01:250") PACKET("null", "<auth mechanism=\"PLAIN\">AHNlY3JldA==</auth>")
			AT("01:250") PACKET("null", "<auth mechanism=\"PLAIN\">AHNlY3JldA=="),
		64);
	assert_int_equal(run->stanzas, 0);
	assert_false(says(run, "AHNlY3JldA"));
	run_free(run);
}

static void detection(void **state)
{
	int certainty;
	const char *why;
	(void)state;
	assert_ptr_equal(
		dialect_detect(TEXT(AT("01:250") PACKET("null", HELLO("1"))), &certainty, &why),
		dialect_by_name(TEXT("tigase")));
	assert_null(dialect_detect(TEXT(AT("01:250") "nothing of interest\n"), &certainty, &why));
	assert_int_equal(certainty, 45);
	assert_non_null(strstr(why, "packet-debug-full"));
	static const char *const mongoose[] = {
		"when=2026-11-22T10:00:00.123456+00:00 level=debug what=received_xml_on_stream pid=<0.1.0> "
		"at=mongoose_c2s:handle_data/2:312 packet=\"<message to='b@c.d'/>\"\n",
		"{\"when\":\"2026-11-22T10:00:00.123456Z\",\"level\":\"debug\",\"what\":\"received_xml_on_stream\","
		"\"at\":\"mongoose_c2s:handle_data/2:312\",\"packet\":\"<message to='b@c.d'/>\"}\n"};
	for (size_t i = 0; i < 2; i++) {
		assert_null(dialect_detect(text_of(mongoose[i]), &certainty, &why));
		assert_int_equal(certainty, 45);
		assert_non_null(
			strstr(why, "MongooseIM log: it shows no stanzas as they are written"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_are_route),
		cmocka_unit_test(a_sender_is_authorised_by_the_server),
		cmocka_unit_test(a_line_inside_a_body_is_text),
		cmocka_unit_test(passwords_are_never_kept),
		cmocka_unit_test(detection),
	};
	return cmocka_run_group_tests_name("dialect tigase", tests, NULL, NULL);
}
