// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/dialect_harness.h"

#include "ingest/dialects/openfire_debugger.h"

#define DEBUGGER "openfire-debugger"
#define BIND_XML(jid)                                                                              \
	"<iq type=\"result\" id=\"b\" to=\"of.test/s1\"><bind "                                    \
	"xmlns=\"urn:ietf:params:xml:ns:xmpp-bind\"><jid>" jid "</jid></bind></iq>\n"
#define HELLO "<message to='bob@of.test' id='m1' type='chat'><body>hello</body></message>\n"
#define FROM_BOB(id, inner)                                                                        \
	"<message to=\"anna@of.test/a\" from=\"bob@of.test/b\" id=\"" id "\">" inner "</message>\n"

// What a record is printed as, by generation of the plugin: up to 1.5, 1.6, 1.7, from 1.7.4, 1.9.
#define P15(kind, id) "C2S - " kind " (" id "): "
#define P16(kind, id) "C2S - " kind " - (  " id "): "
#define P17(kind, id) "C2S /127.0.0.1:54184 - " kind " - ( " id "): "
#define P176(kind, id)                                                                             \
	"2026-11-22T11:01:30.276897821Z - C2S /127.0.0.1:55176 - " kind " - ( " id "): "
#define P19(kind, port)                                                                            \
	"2026-11-22T11:01:30.276897821Z - C2S-STARTTLS /127.0.0.1:" port " - " kind                \
	" - (rawDebugger): "
#define INT(kind, id) "INT /127.0.0.1:????? - " kind " - ( " id "): "

static struct run *debugger(const char *text)
{
	return run_text(DEBUGGER, "UTC", 0, text_of(text), 100);
}

static void lines_of_all_versions(void **state)
{
	static const struct {
		const char *text;
		enum debug_kind kind;
		enum debug_printer printer;
		const char *id, *xml;
		bool whole;
	} table[] = {
		{"C2S - RECV (66271337): <a/>", DEBUG_RECV, DEBUG_RAW, "66271337", "<a/>", false},
		{"C2S - SENT (66271337): <a/>", DEBUG_SENT, DEBUG_RAW, "66271337", "<a/>", true},
		{"CLOSED (66271337) ", DEBUG_CLOSED, DEBUG_RAW, "66271337", NULL, false},
		{"INTERPRETED: <a/>", DEBUG_RECV, DEBUG_INTERPRETED, "", "<a/>", true},
		{"C2S - RECV - (  110145164): <a/>", DEBUG_RECV, DEBUG_RAW, "110145164", "<a/>",
		 false},
		{"C2S - OPEN - (  -10145164)", DEBUG_OPEN, DEBUG_RAW, "-10145164", NULL, false},
		{"ExComp - CLSD - (  110145164)", DEBUG_CLOSED, DEBUG_RAW, "110145164", NULL,
		 false},
		{"C2S /127.0.0.1:54184 - SENT - ( 1153015040): ", DEBUG_SENT, DEBUG_RAW,
		 "1153015040", "", true},
		{"C2S /127.0.0.1:54184 - SENT - ( 1153015040):", DEBUG_SENT, DEBUG_RAW,
		 "1153015040", "", true},
		{"SSL /10.0.0.1:5     - RECV - ( 1153015040): <a/>", DEBUG_RECV, DEBUG_RAW,
		 "1153015040", "<a/>", true},
		{"INT /127.0.0.1:????? - RECV - ( 6lf2y7brhc): <a/>", DEBUG_RECV, DEBUG_INT,
		 "6lf2y7brhc", "<a/>", true},
		{"INT                  - SENT - (           ): <a/>", DEBUG_SENT, DEBUG_INT, "",
		 "<a/>", true},
		{"2026-11-22T10:51:24Z - C2S /[::1]:1 - OPEN - ( 18722186)", DEBUG_OPEN, DEBUG_RAW,
		 "18722186", NULL, true},
		{"2026-11-22T10:51:24.600501245Z - C2S-DIRECTTLS /1.2.3.4:5678 - RECV - "
		 "(rawDebugger): <a/>",
		 DEBUG_RECV, DEBUG_RAW, "/1.2.3.4:5678", "<a/>", false},
		{"2026-11-22T10:51:24.6Z - S2S-STARTTLS /1.2.3.4:5678 - SENT - (rawDebugger): <a/>",
		 DEBUG_SENT, DEBUG_RAW, "/1.2.3.4:5678", "<a/>", true},
		{"2026.11.22 11:12:23 org.jivesoftware.openfire.plugin.DebuggerPlugin - C2S "
		 "/1.2.3.4:5 - RECV - ( 18722186): <a/>",
		 DEBUG_RECV, DEBUG_RAW, "18722186", "<a/>", true},
		{"2026.11.22 11:01:30.276 \x1b[32mINFO \x1b[m [socket_c2s-thread-2]: "
		 "org.jivesoftware.openfire.plugin.DebuggerPlugin - INT /127.0.0.1:????? - SENT - "
		 "(  gh5q8u2pe): <a/>",
		 DEBUG_SENT, DEBUG_INT, "gh5q8u2pe", "<a/>", true},
		{"2026-11-22 11:01:30,276 INFO  [DebuggerPlugin] - CLOSED (18722186) ",
		 DEBUG_CLOSED, DEBUG_RAW, "18722186", NULL, false},
		{"2026.11.22 11:12:23 org.jivesoftware.openfire.XMPPServer - C2S - RECV (1): <a/>",
		 DEBUG_OTHER, DEBUG_RAW, "", NULL, false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct debug_line line;
		debug_line_read(text_of(table[i].text), &line);
		if (line.kind != table[i].kind || line.printer != table[i].printer)
			fail_msg("%s", table[i].text);
		assert_true(text_is(line.id.p ? line.id : TEXT(""), table[i].id));
		assert_true(text_same(line.xml, text_of(table[i].xml)));
		assert_int_equal(line.whole, table[i].whole);
	}
}

static void what_is_no_line_is_none(void **state)
{
	static const char *const nothing[] = {"",
					      "C2S",
					      "C2S - RECV",
					      "C2S - RECV (1: <a/>",
					      "C2S - READ (1): <a/>",
					      " C2S - RECV (1): <a/>",
					      "C2S - RECV - (1)",
					      "XC2S - RECV (1): <a/>",
					      "CLOSED (1) <a/>",
					      "2026-11-22 - C2S /1:2 - RECV - (1): <a/>",
					      "Openfire 4.1.6 [x]"};
	(void)state;
	for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
		struct debug_line line;
		debug_line_read(text_of(nothing[i]), &line);
		if (line.kind != DEBUG_NOTHING)
			fail_msg("%s", nothing[i]);
	}
}

static void session_is_told_by_the_bind_result(void **state)
{
	static const char *const logs[] = {
		P15("SENT", "7") BIND_XML("anna@of.test/a") P15("RECV", "7") HELLO,
		P16("SENT", "7") BIND_XML("anna@of.test/a") P16("RECV", "7") HELLO,
		P176("SENT", "7") BIND_XML("anna@of.test/a") P176("RECV", "7") HELLO,
		P19("SENT", "55") BIND_XML("anna@of.test/a") P19("RECV", "55") HELLO,
	};
	(void)state;
	for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
		struct run *run = debugger(logs[i]);
		assert_int_equal(run->stanzas, 1);
		assert_true(says(run, "stanza in anna@of.test/a @"));
		run_free(run);
	}
}

static void a_result_of_another_user_binds_nothing(void **state)
{
	(void)state;
	struct run *run = debugger(P16("SENT", "7") BIND_XML("anna@of.test/a") P16(
		"SENT",
		"7") "<iq type=\"result\" from=\"eve@of.test/e\" to=\"anna@of.test/a\"><bind "
		     "xmlns=\"urn:ietf:params:xml:ns:xmpp-bind\"><jid>bob@of.test/x</jid>"
		     "</bind></iq>\n" P16("RECV", "7") HELLO);
	assert_true(says(run, "stanza in anna@of.test/a @"));
	run_free(run);
}

static void interpreted_lines_repeat_raw_ones(void **state)
{
	(void)state;
	struct run *run =
		debugger(P16("SENT", "7") BIND_XML("anna@of.test/a") P16("RECV", "7") HELLO
			 "INTERPRETED: <message to=\"bob@of.test\" id=\"m1\" "
			 "from=\"anna@of.test/a\"><body>hello</body></message>\n");
	assert_int_equal(run->stanzas, 1);
	run_free(run);
	run = debugger(P176("SENT", "7") "<?xml version='1.0'?><stream:stream id=\"s1\" "
					 "from=\"of.test\">\n" P176("SENT", "7") BIND_XML(
						 "anna@of.test/a") INT("SENT", "s1")
						 FROM_BOB("m2", "<body>x</body>") P176("SENT", "7")
							 FROM_BOB("m2", "<body>x</body>"));
	assert_int_equal(run->stanzas, 1);
	run_free(run);
}

// 1.7.1-1.7.3 print nothing that is written, 1.7.0 empty lines, 1.8.0 no XML at all.
static void interpreted_lines_count_where_raw_ones_are_defective(void **state)
{
#define UNDERSTOOD                                                                                 \
	INT("SENT", "s1")                                                                          \
	BIND_XML("anna@of.test/a")                                                                 \
	INT("RECV", "s1")                                                                          \
	"<message from=\"anna@of.test/a\" id=\"m1\" "                                              \
	"to=\"bob@of.test\"/>\n" INT("SENT", "s1") FROM_BOB("m2", "<body>x</body>")
	static const char *const logs[] = {
		P17("RECV", "7") HELLO UNDERSTOOD,
		P176("RECV",
		     "7") "PooledUnsafeDirectByteBuf(ridx: 0, widx: 9, cap: 2048)\n" UNDERSTOOD
			P176("SENT",
			     "7") "PooledUnsafeDirectByteBuf(ridx: 0, widx: 9, cap: 2048)\n",
		UNDERSTOOD, // WebSocket
	};
	(void)state;
	for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
		struct run *run = debugger(logs[i]);
		assert_true(says(run, "stanza in anna@of.test/a @"));
		assert_true(says(run, "stanza out anna@of.test/a @"));
		assert_int_equal(run->gaps, 0);
		run_free(run);
	}
}

#define EMPTY P17("SENT", "7") "\n"

static void what_a_version_does_not_print_is_a_gap(void **state)
{
	(void)state;
	struct run *run = debugger(
		"C2S /127.0.0.1:54184 - OPEN - (7)\n" EMPTY EMPTY EMPTY
		"INTERPRETED: <iq type=\"set\" from=\"of.test/s1\"><bind "
		"xmlns=\"urn:ietf:params:xml:ns:xmpp-bind\"/></iq>\n"
		"INTERPRETED: <message from=\"anna@of.test/a\" id=\"m1\" to=\"bob@of.test\"/>\n"
		"INTERPRETED: <message from=\"eve@far.test/e\" id=\"m2\" to=\"bob@of.test\"/>\n"
		"C2S /127.0.0.1:54184 - CLSD - (7)\n");
	assert_true(says(run, "stanza in anna@of.test/a @"));
	assert_true(says(run, "stanza route - @"));
	assert_int_equal(run->stanzas, 2);
	assert_int_equal(run->gaps, 1);
	run_free(run);
	run = debugger(P17("RECV", "7") HELLO P17("RECV", "7") HELLO
		       "C2S /127.0.0.1:1 - CLSD - (7)\n");
	assert_int_equal(run->stanzas, 0);
	assert_int_equal(run->quarantined, 2);
	assert_true(says(run, "[sender not known]"));
	assert_int_equal(run->gaps, 1);
	run_free(run);
}

static void reads_are_put_together_by_connection(void **state)
{
	(void)state;
	struct run *run = debugger(
		P16("SENT", "7") BIND_XML("anna@of.test/a") P16("SENT",
								"8") BIND_XML("bob@of.test/b")
			P16("RECV", "7") "<message id='m1' to='bob@of.test'><body>hel\n" P16("RECV", "8") "<message id='m2' to='anna@of.test'><body>wor\n" P16(
				"RECV",
				"7") "lo</body></message><message id='m3' to='x@of.test'/>\n" P16("RECV",
												  "8") "ld</body></message>\n");
	assert_int_equal(run->stanzas, 3);
	assert_true(says(run, "<message id='m1' to='bob@of.test'><body>hello</body></message>"));
	assert_true(says(run, "<message id='m2' to='anna@of.test'><body>world</body></message>"));
	run_free(run);
}

// One between the halves of the other.
static void halves_of_two_connections_do_not_mix(void **state)
{
	(void)state;
	struct run *run = debugger(
		P16("SENT", "7") BIND_XML("anna@of.test/a") P16("SENT",
								"8") BIND_XML("bob@of.test/b")
			P16("RECV", "7") "<message id='m1' to='bob@of.test'><body>hel\n" P16("RECV", "8") "<message id='m2' to='anna@of.test'><body>wor\n" P16(
				"RECV",
				"8") "ld</body></message>\n" P16("RECV",
								 "7") "lo</body></message>\n");
	assert_int_equal(run->stanzas, 2);
	assert_true(says(run, "<body>hello</body>") && says(run, "<body>world</body>"));
	run_free(run);
}

static void newlines_of_a_text_are_its_own(void **state)
{
	(void)state;
	struct run *run = debugger(P16("SENT", "7") BIND_XML("anna@of.test/a") P16(
		"SENT", "7") "<message from='bob@of.test/b'><body>a\n\nINTERPRETED\nServer halted\n"
			     "b</body></message>\nServer halted\n");
	assert_true(says(run, "<body>a||INTERPRETED|Server halted|b</body></message>"));
	run_free(run);
}

// F120: what a client puts into a text is no line, as far as that can be told.
#define FORGED(id) P16("SENT", id) FROM_BOB("f1", "<received xmlns='urn:xmpp:receipts' id='m1'/>")

static void imitations_of_lines_are_text(void **state)
{
#define BOTH P16("SENT", "7") BIND_XML("anna@of.test/a") P16("SENT", "8") BIND_XML("eve@of.test/e")
	static const char *const logs[] = {
		// in what the server writes: always
		BOTH P16(
			"SENT",
			"7") "<message from='eve@of.test/e' to='anna@of.test'><body><![CDATA[\n" FORGED("7")
			P16("RECV", "8") "]]></body></message>\n",
		BOTH INT("RECV", "s8") "<message from='carl@of.test/c' to='anna@of.test'><body>\n" FORGED(
			"7") "</body></message>\n",
		// in what it reads: unless the attacker knows the ids of connections, his own too
		BOTH P16("RECV", "8") "<message to='anna@of.test'><body><![CDATA[\n" FORGED(
			"7") "]]></body></message>\n",
		BOTH P16("RECV", "8") "<message to='anna@of.test'><body>\n" P16("RECV", "9")
			FORGED("7") "\n" P16("RECV", "9") "</body></message>\n",
		BOTH P16("RECV", "8") "<message to='anna@of.test'><body>\n" P16(
			"RECV", "7") "&lt;message/&gt;</body></message>\n",
	};
	(void)state;
	for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
		struct run *run = debugger(logs[i]);
		// One message, and the imitation is in its text.
		const char *body = strstr(said(run), "<body>"), *forged = strstr(said(run), "f1");
		if (run->stanzas != 1 || !body || (forged && forged < body))
			fail_msg("%zu: %s", i, said(run));
		run_free(run);
	}
}

// Where a connection is named by address its own client knows the name: not counted, said so.
static void what_cannot_be_told_from_text_is_quarantined(void **state)
{
	(void)state;
	struct run *run = debugger(P19("SENT", "55") BIND_XML("eve@of.test/e") P19(
		"RECV", "55") "<message to='anna@of.test'><body><![CDATA[\n" P19("SENT", "55")
					   FROM_BOB("f1", "<received/>")
						   P19("RECV", "55") "]]></body></message>\n");
	assert_int_equal(run->quarantined, 1);
	assert_true(says(run, "[may be text of a stanza, not a line]"));
	assert_int_equal(run->stanzas, 1);
	assert_true(says(run, "stanza in eve@of.test/e @"));
	run_free(run);
}

static void a_cut_character_spoils_its_stanza(void **state)
{
#define HALF                                                                                       \
	P16("SENT", "7")                                                                           \
	BIND_XML("anna@of.test/a")                                                                 \
	P16("RECV", "7")                                                                           \
	"<message id='m&amp;1' to='bob@of.test'><body>"                                            \
	"\xef\xbf\xbd\n" P16("RECV", "7") "\xef\xbf\xbd</body></message>\n"
	(void)state;
	struct run *run = debugger(HALF);
	assert_int_equal(run->stanzas, 0);
	assert_true(says(run, "[a character was cut between two reads]"));
	run_free(run);
	// What the server understood is whole.
	run = debugger(
		"INTERPRETED: <presence from=\"anna@of.test/a\"/>\n" HALF
		"INTERPRETED: <message id=\"m&amp;2\" from=\"anna@of.test/a\"/>\n"
		"INTERPRETED: <message id=\"m&amp;1\" to=\"bob@of.test\" from=\"anna@of.test/a\">"
		"<body>\xc3\xa9</body></message>\n");
	assert_int_equal(run->stanzas, 1);
	assert_int_equal(run->quarantined, 0);
	assert_true(says(run, "stanza in anna@of.test/a @"));
	run_free(run);
	// A client may write that character itself.
	run = debugger(P16("SENT", "7") BIND_XML("anna@of.test/a") P16(
		"RECV", "7") "<message id='m1' to='b@c'><body>\xef\xbf\xbd</body></message>\n");
	assert_int_equal(run->stanzas, 1);
	run_free(run);
}

static void no_password_comes_out(void **state)
{
	static const char log[] = P16("RECV", "7") "<auth mechanism='PLAIN'>c2VjcmV0\n" P16(
		"RECV",
		"8") "<auth mechanism='PLAIN'>c2VjcmV0</oops>\n" P16("RECV",
								     "9") "<response>c2VjcmV0</response><iq type='set'><query "
									  "xmlns='jabber:iq:auth'><password>c2VjcmV0</password></query></iq>\n"
									  "C2S - CLSD - (7)\n" P16(
										  "RECV",
										  "7") "<auth>c2VjcmV0";
	(void)state;
	struct run *run = debugger(log);
	assert_false(says(run, "c2VjcmV0"));
	assert_true(says(run, "[connection ended inside a stanza]"));
	assert_true(says(run, "[unterminated at end of file]"));
	for (size_t i = 0; i < run->fact_count; i++)
		assert_true(!run->facts[i].value || !strstr(run->facts[i].value, "c2VjcmV0"));
	run_free(run);
}

#define ONE(stamp) stamp "C2S - RECV - (  7): " HELLO
#define LOGGER " org.jivesoftware.openfire.plugin.DebuggerPlugin - "
#define BOUND "2026-11-22T11:01:30.276897821Z - " P17("SENT", "7") BIND_XML("anna@of.test/a")

static void times_are_the_lines_own_or_those_before(void **state)
{
	(void)state;
	struct run *run = debugger(P16("SENT", "7") BIND_XML("anna@of.test/a") ONE(""));
	assert_true(says(run, "t=-9223372036854775808 "));
	run_free(run);
	run = debugger(P176("SENT", "7") BIND_XML("anna@of.test/a") P176("SENT", "7") FROM_BOB(
		"1", "") INT("SENT", "w") BIND_XML("carl@of.test/c")
			       INT("RECV", "w") "<message from=\"carl@of.test/c\" to=\"b@c\"/>\n");
	assert_int_equal(run->stanzas, 2);
	assert_true(says(run, "t=1795345290276898 ")); // the second record of that microsecond
	assert_true(says(run, "t=1795345290276900 ")); // the fourth
	run_free(run);
	run = run_text(DEBUGGER, "Asia/Shanghai", 0,
		       TEXT("2026.11.22 19:01:30" LOGGER P16("SENT", "7") BIND_XML(
			       "anna@of.test/a") "2026.11.22 19:01:30" LOGGER ONE("")),
		       100);
	assert_true(says(run, "t=1795345290000001 "));
	run_free(run);
}

static void components_have_their_own_direction(void **state)
{
	(void)state;
	struct run *run = debugger(
		"ExComp - SENT - (  5): <stream:stream from=\"robot.of.test\" id=\"s5\">\n"
		"ExComp - RECV - (  5): <message from='robot.of.test' to='anna@of.test/a'/>\n"
		"ExComp - SENT - (  5): <message to='robot.of.test' from='anna@of.test/a'/>\n"
		"INTERPRETED: <message from=\"robot.of.test\" to=\"anna@of.test/a\"/>\n");
	assert_true(says(run, "stanza comp-in - @"));
	assert_true(says(run, "stanza comp-out - @"));
	assert_int_equal(run->stanzas, 2);
	run_free(run);
}

static void a_resumed_session_goes_on_under_its_name(void **state)
{
	(void)state;
	struct run *run = debugger(
		P16("SENT", "7") "<stream:stream from=\"of.test\" id=\"s1\">\n" P16("SENT", "7")
			BIND_XML("anna@of.test/a") "C2S - CLSD - (  7)\n" P16("SENT", "8") "<stream:stream from=\"of.test\" id=\"s2\">\n" P16(
				"SENT",
				"8") "<resumed xmlns='urn:xmpp:sm:3' previd='YQBzMQ=='/>\n" P16("RECV",
												"8")
				HELLO);
	assert_true(says(run, "stanza in anna@of.test/a @"));
	run_free(run);
}

// A crash: the half stanza of a dead connection must not hold the log back for ever.
static void a_half_stanza_is_given_up(void **state)
{
	struct buf log = {0};
	(void)state;
	buf_zstr(&log, P16("RECV", "7") "<message><body>\n");
	while (log.len < 9 << 20)
		buf_zstr(&log, P16("SENT", "8") "<iq type='result' id='abcdefgh' to='of.test'/>\n");
	struct run *run = run_new(DEBUGGER, "UTC", 0);
	run_give(run, buf_view(&log), 1 << 16);
	assert_true(says(run, "[stanza not finished]"));
	assert_int_equal(run->type->low_water(run->dialect), log.len);
	run_free(run);
	buf_free(&log);
}

static void a_quiet_log_is_not_waited_for(void **state)
{
	static const char log[] = P16("SENT", "8") BIND_XML("bob@of.test/b")
		P16("RECV", "7") "<message><body>\n" P16("RECV", "8") HELLO;
	(void)state;
	struct run *run = run_new(DEBUGGER, "UTC", 0);
	run_give(run, text_of(log), 50);
	run_end(run, false);
	assert_int_equal(run->stanzas, 0);
	run_end(run, false);
	assert_int_equal(run->stanzas, 1);
	run_free(run);
}

static void holes_and_long_lines_are_told(void **state)
{
	static const char log[] =
		P16("SENT", "8") BIND_XML("bob@of.test/b") "\0\0\0" P16("RECV", "8") HELLO;
	(void)state;
	struct run *run = run_text(DEBUGGER, "UTC", 0, (struct text){log, sizeof log - 1}, 10);
	assert_int_equal(run->gaps, 1);
	assert_int_equal(run->stanzas, 1);
	run_free(run);
}

static const char *const samples[] = {
	"tests/data/openfire/of416-messages-only/nohup.out.gz",
	"tests/data/openfire/of371-zh-java8names/nohup.out.gz",
	"tests/data/openfire/of424-logfile/info.log.gz",
	"tests/data/openfire/constructed/xmldebugger-1.7.2.log.gz",
	"tests/data/openfire/constructed/xmldebugger-1.9.0-netty.log.gz",
};

static void real_logs_read_the_same_in_any_chunks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		struct buf log = file_bytes(samples[i]);
		same_in_any_chunks(DEBUGGER, "UTC", 0, buf_view(&log));
		buf_free(&log);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_all_versions),
		cmocka_unit_test(what_is_no_line_is_none),
		cmocka_unit_test(session_is_told_by_the_bind_result),
		cmocka_unit_test(a_result_of_another_user_binds_nothing),
		cmocka_unit_test(interpreted_lines_repeat_raw_ones),
		cmocka_unit_test(interpreted_lines_count_where_raw_ones_are_defective),
		cmocka_unit_test(what_a_version_does_not_print_is_a_gap),
		cmocka_unit_test(reads_are_put_together_by_connection),
		cmocka_unit_test(halves_of_two_connections_do_not_mix),
		cmocka_unit_test(newlines_of_a_text_are_its_own),
		cmocka_unit_test(imitations_of_lines_are_text),
		cmocka_unit_test(what_cannot_be_told_from_text_is_quarantined),
		cmocka_unit_test(a_cut_character_spoils_its_stanza),
		cmocka_unit_test(no_password_comes_out),
		cmocka_unit_test(times_are_the_lines_own_or_those_before),
		cmocka_unit_test(components_have_their_own_direction),
		cmocka_unit_test(a_resumed_session_goes_on_under_its_name),
		cmocka_unit_test(a_half_stanza_is_given_up),
		cmocka_unit_test(a_quiet_log_is_not_waited_for),
		cmocka_unit_test(holes_and_long_lines_are_told),
		cmocka_unit_test(real_logs_read_the_same_in_any_chunks),
	};
	return cmocka_run_group_tests_name("dialect openfire-debugger", tests, NULL, NULL);
}
