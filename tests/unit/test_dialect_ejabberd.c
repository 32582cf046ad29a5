// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/dialect_harness.h"

#include "ingest/dialects/ejabberd.h"

#define AT(second) "2026-11-22 10:00:" second "+00:00 "
#define PID "<0.652.0>"
#define INFO(second, text)                                                                         \
	AT(second) "[info] " PID "@ejabberd_c2s:bind/2:450 (tcp|" PID ") " text "\n"
#define READ(second, text)                                                                         \
	AT(second) "[notice] " PID " (tcp|" PID ") Received XML on stream = <<\"" text "\">>\n"
#define SENT(second, text)                                                                         \
	AT(second) "[notice] " PID " (tcp|" PID ") Send XML on stream = <<\"" text "\">>\n"
#define HOOK(second)                                                                               \
	AT(second)                                                                                 \
	"[debug] " PID "@ejabberd_hooks:safe_apply/4:315 Running hook c2s_handle_recv: "           \
	"mod_stream_mgmt:c2s_handle_recv/3\n"
#define OPENED INFO("00.000001", "Opened c2s session for anna@acme.test/phone")
#define HELLO(id) "<message to='bob@acme.test' id='" id "'><body>hello</body></message>"

static struct run *ejabberd(const char *text)
{
	return run_text("ejabberd-debug", "UTC", 0, text_of(text), 64);
}

static void check(const char *log, size_t stanzas, size_t quarantined, size_t gaps)
{
	struct run *run = ejabberd(log);
	if (run->stanzas != stanzas || run->quarantined != quarantined || run->gaps != gaps)
		fail_msg("%s", said(run));
	run_free(run);
}

static const char *term(const char *text, enum ejabberd_term wanted)
{
	static char out[256];
	struct buf bytes = {0};
	enum ejabberd_term got = ejabberd_term(text_of(text), &bytes);
	if (got != wanted)
		fail_msg("%s is %d", text, (int)got);
	snprintf(out, sizeof out, "%.*s", (int)bytes.len, bytes.data ? bytes.data : "");
	buf_free(&bytes);
	return out;
}

static void both_forms_of_a_binary(void **state)
{
	(void)state;
	assert_string_equal(term("<<\"a\">>\n", TERM_WHOLE), "a");
	assert_string_equal(term("<<>>", TERM_WHOLE), "");
	assert_string_equal(term("<<\"\">>", TERM_WHOLE), "");
	assert_string_equal(term("<<60,109,\n    101,10,\n   62>>\n", TERM_WHOLE), "<me\n>");
	assert_string_equal(
		term("<<\"q\\\"b\\\\n\\nt\\tr\\re\\e\\x41\\x{42}\\103\\^a\">>", TERM_WHOLE),
		"q\"b\\n\nt\tr\re\x1b"
		"ABC\x01");
	// Each byte of UTF-8 is a character of Latin-1, which the log writes as UTF-8.
	assert_string_equal(term("<<\"\xc3\x83\xc2\xa9\">>", TERM_WHOLE), "\xc3\xa9");
	assert_string_equal(term("<<\"\xe9t\xe9\">>", TERM_WHOLE), "\xe9t\xe9"); // a Latin-1 log
	assert_string_equal(term("<<\"\xd0\x96 \\x{2713}\"/utf8>>", TERM_WHOLE),
			    "\xd0\x96 \xe2\x9c\x93");
	assert_string_equal(term("<<\"looks like >> and <<\\\"x\\\">> inside\">>", TERM_WHOLE),
			    "looks like >> and <<\"x\">> inside");
	assert_string_equal(term("<<\"ends in dots...\">>", TERM_WHOLE), "ends in dots...");
}

static void what_is_cut_keeps_what_is_certain(void **state)
{
	(void)state;
	assert_string_equal(term("<<\"abc...", TERM_CUT), "abc");
	assert_string_equal(term("<<\"abc\\...", TERM_CUT), "abc");
	assert_string_equal(term("<<\"abc\\x{4...", TERM_CUT), "abc");
	assert_string_equal(term("<<\"abc\xc3...", TERM_CUT), "abc");
	assert_string_equal(term("<<97,98,9...", TERM_CUT), "ab"); // 9, or the beginning of 99
	assert_string_equal(term("<<97,98,99,...", TERM_CUT), "abc");
	assert_string_equal(term("<<97,98,\n   ...", TERM_CUT), "ab");
	assert_string_equal(term("<<97,256,99>>", TERM_CUT), "a");
	assert_string_equal(term("<<97,98>>,99>>", TERM_CUT), "ab");
	assert_string_equal(term("<<\"a\"x>>", TERM_CUT), "a");
	assert_string_equal(term("<<\"a\nb\">>", TERM_CUT), "a");
	assert_string_equal(term("\"<a/>\"", TERM_UNKNOWN), ""); // not escaped by all servers
	assert_string_equal(term("[60,97]", TERM_UNKNOWN), "");
	assert_string_equal(term("", TERM_UNKNOWN), "");
	assert_string_equal(term("...", TERM_UNKNOWN), "");
}

static void reads_are_put_together(void **state)
{
	(void)state;
	struct run *run =
		ejabberd(OPENED READ("01.000001", "<message to='b@c'><body>one")
				 READ("01.000002", "two</body></message><message to='d@e'/> <mess")
					 READ("01.000003", "age to='f@g'/>"));
	assert_int_equal(run->stanzas, 3);
	assert_true(says(run, "stanza in anna@acme.test/phone @"));
	assert_true(
		says(run, "t=1795341601000002 [] <message to='b@c'><body>onetwo</body></message>"));
	assert_true(says(run, "t=1795341601000003 [] <message to='f@g'/>"));
	run_free(run);
}

static void a_claimed_sender_is_never_believed(void **state)
{
	(void)state;
	struct run *run = ejabberd(
		READ("00.000001", "<message from='eve@acme.test' to='b@c'/>")
			READ("00.000002", "<message to='b@c'/>")
				OPENED READ("02.000001", "<message from='eve@x' to='b@c'/>"));
	assert_true(says(run, "stanza route - @")); // nobody says that it is a client's
	assert_true(says(run, "stanza in - @"));
	assert_true(says(run, "stanza in anna@acme.test/phone @"));
	run_free(run);
	run = ejabberd(READ("00.000001", "<stream:stream xmlns='jabber:client'>")
			       READ("00.000002", "<message from='eve@acme.test' to='b@c'/>"));
	assert_true(says(run, "[sender not known]"));
	run_free(run);
}

static void what_may_hold_a_password_stays_inside(void **state)
{
	(void)state;
	struct run *run =
		ejabberd(READ("00.000001", "<auth mechanism='PLAIN'>AHNlY3JldA==</auth>")
				 READ("00.000002", "<response>AHNlY3JldA")
					 READ("00.000003", "==</response><message to='b@c'><bo")
						 READ("00.000004", "dy></x>secret"));
	assert_false(says(run, "NlY3JldA"));
	assert_false(says(run, "secret"));
	assert_int_equal(run->stanzas, 0);
	assert_int_equal(run->quarantined, 1);
	run_free(run);
}

static void a_hole_costs_one_stanza(void **state)
{
	(void)state;
	// The rest never came; the server's own report of the next one tells it.
	struct run *run = ejabberd(OPENED READ("01.000001", "<message to='b@c'><body>lost")
					   READ("02.000001", HELLO("2")) HOOK("02.000002")
						   READ("03.000001", HELLO("3")) HOOK("03.000002"));
	assert_int_equal(run->stanzas, 2);
	assert_int_equal(run->quarantined, 1);
	assert_true(says(run, "[the server went on without its rest]"));
	assert_true(says(run, "gap in - ") || says(run, "gap in anna"));
	run_free(run);
	// The beginning is missing.
	check(OPENED READ("01.000001", "lost</body></message>") READ("02.000001", HELLO("2")), 1, 1,
	      0);
	// A whole record is missing.
	check(OPENED READ("01.000001", HELLO("1")) HOOK("01.000002") HOOK("02.000002")
		      READ("04.000001", HELLO("2")) HOOK("04.000002"),
	      2, 0, 1);
	// Ten minutes, and the end of the connection.
	check(OPENED READ("01.000001", "<message><body>") READ(
		      "02.000001",
		      HELLO("2")) "2026-11-22 10:11:00.000001+00:00 [notice] <0.1.0> (tcp|<0.1.0>) Received XML on "
				  "stream = <<\" \">>\n" READ("03.000001", HELLO("3")),
	      2, 1, 1);
	check(OPENED READ("01.000001", "<message><body>") READ("02.000001", HELLO("2"))
		      INFO("03.000001", "Closing c2s session for anna@acme.test/phone: gone"),
	      1, 1, 1);
}

static void a_stanza_inside_a_stanza_is_not_taken_out(void **state)
{
	(void)state;
	// Its reads begin like stanzas of their own, and nothing was lost.
	struct run *run =
		ejabberd(OPENED READ("01.000001", "<message to='b@c' id='outer'><body>")
				 READ("01.000002", HELLO("inner"))
					 READ("01.000003", "</body></message>") HOOK("01.000004"));
	assert_int_equal(run->stanzas, 1);
	assert_true(says(run, "id='outer'"));
	run_free(run);
	// The beginning is missing: what closes behind the inner one says that it was not whole.
	check(OPENED READ("01.000001", "<iq/></oh></message>")
		      READ("01.000002", "x</body></message>")
			      READ("01.000003", HELLO("inner") "</forwarded></message>"),
	      0, 3, 0);
}

static void lines_that_are_cut(void **state)
{
	(void)state;
	struct buf log = {0};
	buf_zstr(&log,
		 OPENED AT("01.000001") "[notice] " PID " (tcp|" PID ") Received XML on stream = "
					"<<\"<message to='b@c'><body>long...\n");
	buf_zstr(&log, READ("02.000001", "rest</body></message>") READ("03.000001", HELLO("2")));
	buf_zstr(&log,
		 AT("04.000001") "[notice] " PID " (tcp|" PID ") Send XML on stream = "
				 "<<60,109,101,115,\n  115,97,...\n" SENT("05.000001", HELLO("3")));
	struct run *run = run_text("ejabberd-debug", "UTC", 0, buf_view(&log), 64);
	assert_int_equal(run->stanzas, 2);
	assert_int_equal(run->gaps, 2);
	assert_int_equal(run->quarantined, 3);
	same_in_any_chunks("ejabberd-debug", "UTC", 0, buf_view(&log));
	run_free(run);
	buf_free(&log);
}

static void the_logger_says_that_it_dropped_lines(void **state)
{
	(void)state;
	struct run *run = ejabberd(OPENED READ("01.000001", "<message to='b@c'><body>half") AT(
		"02.000001") "[warning] <0.60.0> lager_file_backend dropped 37 messages in the "
			     "last second that exceeded the limit of 100 messages/sec\n" READ(
				     "03.000001", HELLO("2")));
	assert_int_equal(run->stanzas, 1);
	assert_int_equal(run->gaps, 2);
	assert_true(says(run, "[the server's logger dropped lines]"));
	run_free(run);
	check(AT("02.000001") "[notice] <0.60.0> Handler ejabberd_log flushed 12 log events\n" OPENED,
	      0, 0, 1);
	check(AT("02.000001") "[notice] <0.60.0> Handler x switched from sync to drop mode\n" OPENED,
	      0, 0, 1);
	// What others write is no notice.
	check(AT("02.000001") "[info] <0.60.0>@mod_x:f/1:2 user lager_file_backend dropped 1 messages\n",
	      0, 0, 0);
}

// F120: a body that holds a newline and an imitation is escaped, or in numbers.
static void no_body_imitates_a_line(void **state)
{
	(void)state;
	struct run *run = ejabberd(OPENED READ(
		"01.000001",
		"<message to='b@c'><body>\\n" AT(
			"01.000001") "[notice] &lt;0.652.0> (tcp|&lt;0.652.0>) Received XML on stream = "
				     "&lt;&lt;\\\"&lt;message to='x@y'/>\\\">>\\n\\r</body></message>"));
	assert_int_equal(run->stanzas, 1);
	assert_true(says(run, "<body>|2026-11-22 10:00:01.000001+00:00 [notice]"));
	run_free(run);
}

static void sessions_end_and_sleep_and_resume(void **state)
{
	(void)state;
	struct run *run = ejabberd(
		OPENED SENT("01.000001", "<message from='b@c/d' to='anna@acme.test'/>") INFO(
			"02.000001",
			"Closing c2s connection for anna@acme.test/phone: gone; waiting 20 seconds "
			"for stream resumption") SENT("03.000001",
						      "<message from='b@c/d' to='anna@acme.test'/>")
			AT("04.000001") "[info] <0.7.0>@mod_stream_mgmt:handle_resume/2:1 "
					"(tls|<0.7.0>) Resumed session for anna@acme.test/phone\n" AT(
						"05.000001") "[notice] <0.7.0> (tls|<0.7.0>) "
							     "Received XML on stream = <<\"<message "
							     "to='b@c'/>\">>\n" INFO(
								     "06.000001",
								     "Closing c2s session for anna@acme.test/phone: gone")
								     READ("07.000001",
									  "<message to='x@y'/>"));
	assert_int_equal(run->stanzas, 4);
	assert_true(says(run, "stanza out anna@acme.test/phone"));
	assert_true(says(run, "stanza route - "));
	assert_true(says(run, "stanza in anna@acme.test/phone"));
	assert_true(says(run, "stanza in - "));
	run_free(run);
}

// What is read to its end must count as complete, though the server's reports are waited for.
static void a_quiet_log_is_read_to_its_end(void **state)
{
	static const char log[] = OPENED READ("01.000001", HELLO("1"));
	(void)state;
	struct run *run = run_new("ejabberd-debug", "UTC", 0);
	run_give(run, TEXT(log), 64);
	assert_int_equal(run->stanzas, 1);
	run_end(run, false);
	// What may still be reported is read again, from a place where all is known of time.
	assert_true(run->type->low_water(run->dialect) <= sizeof OPENED - 1);
	run_end(run, false);
	assert_int_equal(run->type->low_water(run->dialect), sizeof log - 1);
	run_give(run, TEXT(HOOK("01.000002") READ("02.000001", "<message><body>half")), 64);
	run_end(run, false);
	run_end(run, false);
	assert_int_equal(run->gaps, 0);
	assert_in_range(run->type->low_water(run->dialect), sizeof log - 1,
			sizeof log - 1 + sizeof HOOK("01.000002") - 1);
	run_free(run);
}

// XEP-0198: what the server has counted and the log does not show.
static void counts_of_the_server(void **state)
{
	(void)state;
#define ENABLED                                                                                    \
	OPENED READ("01.000001", "<enable xmlns='urn:xmpp:sm:3' resume='true'/>")                  \
		SENT("01.000002", "<enabled xmlns='urn:xmpp:sm:3' id='x'/>")
#define ACKNOWLEDGED(second, count)                                                                \
	AT(second)                                                                                 \
	"[debug] " PID "@mod_stream_mgmt:check_h_attribute/2:480 anna@acme.test/phone "            \
	"acknowledged 1 of " count " stanzas\n"
	struct run *run = ejabberd(
		ENABLED READ("02.000001", HELLO("1")) SENT("02.000002",
							   "<a xmlns='urn:xmpp:sm:3' h='1'/>")
			READ("03.000001", HELLO("4")) SENT("03.000002",
							   "<a h='4' xmlns='urn:xmpp:sm:3'/>")
				READ("04.000001", HELLO("5"))
					SENT("04.000002", "<a h='5' xmlns='urn:xmpp:sm:3'/>"));
	assert_int_equal(run->gaps, 1);
	assert_true(says(run, "[stanzas that the server has counted are not in the log] since "
			      "1795341602000002"));
	run_free(run);
	run = ejabberd(ENABLED SENT("02.000001", "<message to='anna@acme.test'/>")
			       ACKNOWLEDGED("02.000002", "1") ACKNOWLEDGED("03.000002", "3")
				       SENT("04.000001", "<message to='anna@acme.test'/>")
					       ACKNOWLEDGED("04.000002", "4"));
	assert_int_equal(run->gaps, 1);
	run_free(run);
	// From the middle the first number only says where to begin; a body is no number.
	check(INFO("01.000001", "Resumed session for anna@acme.test/phone")
		      ACKNOWLEDGED("01.000002", "7")
			      SENT("02.000001", "<a xmlns='urn:xmpp:sm:3' h='9'/>")
				      READ("03.000001", "<a xmlns='urn:xmpp:sm:3' h='99'/>"),
	      0, 0, 0);
}

static void the_server_starts_anew(void **state)
{
	(void)state;
	struct run *run = ejabberd(
		OPENED AT("02.000001") "[info] <0.124.0>@ejabberd_config:load/1:82 Loading "
				       "configuration from /etc/ejabberd/ejabberd.yml\n" READ(
					       "03.000001", "<message to='b@c'/>"));
	assert_true(says(run, "stanza in - "));
	run_free(run);
}

static void other_streams_have_their_directions(void **state)
{
	(void)state;
	struct run *run =
		ejabberd(READ("01.000001", "<stream:stream xmlns='jabber:server' to='a'>")
				 READ("01.000002", "<message from='a@b' to='c@d'/>")
					 SENT("01.000003", "<message from='a@b' to='c@d'/>"));
	assert_true(says(run, "stanza s2s-in - "));
	assert_true(says(run, "stanza s2s-out - "));
	run_free(run);
	run = ejabberd(SENT("01.000001", "<?xml version='1.0'?><stream:stream "
					 "xmlns='jabber:component:accept' from='a'>")
			       READ("01.000002", "<message from='a@b' to='c@d'/>")
				       SENT("01.000003", "<message from='a@b' to='c@d'/>"));
	assert_true(says(run, "stanza comp-in - "));
	assert_true(says(run, "stanza comp-out - "));
	run_free(run);
}

static void a_log_from_the_middle_learns_whose_it_is(void **state)
{
	static const char *const ways[] = {
		AT("01.000001") "[debug] " PID "@mod_stream_mgmt:check_h_attribute/2:480 "
				"anna@acme.test/phone acknowledged 1 of 1 stanzas\n",
		AT("01.000001") "[debug] " PID "@mod_client_state:filter_other/1:314 Won't add "
				"stanza for anna@acme.test/phone to CSI queue\n",
		SENT("01.000001",
		     "<iq type='result' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
		     "<jid>anna@acme.test/phone</jid></bind></iq>"),
		SENT("01.000001", "<stream:stream xmlns='jabber:client' from='acme.test'>")
			SENT("01.000002", "<presence from='b@c/d' to='anna@acme.test/phone'/>"),
		INFO("01.000001", "Resumed session for anna@acme.test/phone"),
	};
	(void)state;
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		struct buf log = {0};
		buf_printf(&log, "%s%s", ways[i], READ("02.000001", HELLO("1")));
		struct run *run = ejabberd(log.data);
		if (!says(run, "stanza in anna@acme.test/phone"))
			fail_msg("%zu: %s", i, said(run));
		run_free(run);
		buf_free(&log);
	}
}

// To 16.x: reader and writer are two processes, stamps have milliseconds and no zone.
static void lager_of_old_versions(void **state)
{
	(void)state;
	const char *log =
		"2016-12-16 13:45:37.323 [info] <0.2298.20>@ejabberd_c2s:open_session:1153 "
		"({socket_state,fast_tls,{tlssock,#Port<0.2>,#Port<0.3>},<0.2297.20>}) Opened session "
		"for anna@acme.test/phone\n"
		"2016-12-16 13:45:37.323 [debug] <0.2297.20>@ejabberd_receiver:process_data:284 "
		"Received XML on stream = <<\"<message to='b@c'/>\">>\n"
		"2016-12-16 13:45:37.323 [debug] <0.2298.20>@ejabberd_c2s:send_text:1924 Send XML on "
		"stream = <<\"<message from='b@c/d' to='anna@acme.test'/>\">>\n";
	struct run *run = run_text("ejabberd-lager", "Europe/Berlin", 0, text_of(log), 7);
	assert_int_equal(run->stanzas, 2);
	assert_true(says(run, "stanza in anna@acme.test/phone"));
	assert_true(says(run, "stanza out anna@acme.test/phone"));
	assert_true(says(run, "t=1481892337323001 ")); // T1b: the second record of its millisecond
	assert_true(says(run, "t=1481892337323002 "));
	run_free(run);
	assert_ptr_equal(dialect_detect(text_of(log), NULL, NULL),
			 dialect_by_name(TEXT("ejabberd-lager")));
}

static void detection_and_its_reasons(void **state)
{
	const char *why;
	int certainty;
	(void)state;
	struct buf debug = file_bytes("tests/data/ejabberd/debug/ejabberd.log.gz");
	struct text head = {debug.data, 65536};
	assert_ptr_equal(dialect_detect(head, &certainty, &why),
			 dialect_by_name(TEXT("ejabberd-debug")));
	assert_true(certainty > 90);
	buf_free(&debug);
	struct buf info = file_bytes("tests/data/ejabberd/info/ejabberd.log");
	assert_null(dialect_detect(buf_view(&info), &certainty, &why));
	assert_non_null(strstr(why, "no stanzas here, set loglevel debug"));
	buf_free(&info);
}

static void iq_and_presence_only_for_facts(void **state)
{
	(void)state;
	check(OPENED READ("01.000001",
			  "<iq type='set'><query xmlns='jabber:iq:register'><password>x"
			  "</password></query></iq><presence/>")
		      READ("01.000002",
			   "<presence><c xmlns='http://jabber.org/protocol/caps' node='n' "
			   "ver='v'/></presence>"),
	      1, 0, 0);
}

// --- real logs ---

static const char *const logs[] = {"tests/data/ejabberd/debug/ejabberd.log.gz",
				   "tests/data/ejabberd/lossy/ejabberd.log.gz"};

static void real_logs_read_the_same_in_any_chunks(void **state)
{
	(void)state;
	struct buf log = file_bytes(logs[1]);
	same_in_any_chunks("ejabberd-debug", "UTC", 0, buf_view(&log));
	buf_free(&log);
}

static void real_logs_go_on_after_a_restart(void **state)
{
	(void)state;
	// What the server had counted at the restart is not known.
	run_passed_over = "stanzas that the server has counted are not in the log";
	for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
		struct buf log = file_bytes(logs[i]);
		struct text data = buf_view(&log);
		for (size_t k = 1; k < 16; k++)
			same_after_restart_by_marks("ejabberd-debug", "UTC", data,
						    data.n / 16 * k + k * 37, 1000 + k * 777);
		buf_free(&log);
	}
	run_passed_over = NULL;
}

static uint32_t next_number(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

// A log of several connections whose reads are cut anywhere, with lines that are missing.
static struct buf made_log(uint32_t seed, bool holes, const char *fraction)
{
	struct buf log = {0}, stream[3] = {0};
	for (int c = 0; c < 3; c++) {
		buf_printf(&log,
			   "2026-11-22 10:00:00.%s%d%s [info] <0.%d.0>@ejabberd_c2s:bind/2:450 "
			   "(tcp|<0.%d.0>) Opened c2s session for u%d@acme.test/r\n",
			   fraction, c, *fraction ? "+00:00" : "", c + 1, c + 1, c);
		for (int i = 0; i < 40; i++)
			buf_printf(
				&stream[c],
				i % 3 ? "<message to='b@c' id='%d-%d'><body>%0*d</body></message>"
				      : "<message to='b@c' id='%d-%d'><f><message>%0*d</message></f></message> ",
				c, i, (int)(next_number(&seed) % 200), 7);
	}
	for (int tick = 1; stream[0].len || stream[1].len || stream[2].len; tick++) {
		int c = (int)(next_number(&seed) % 3);
		size_t n = next_number(&seed) % 150 + 1;
		n = n < stream[c].len ? n : stream[c].len;
		if (!n)
			continue;
		if (!holes || next_number(&seed) % 12)
			buf_printf(
				&log,
				"2026-11-22 10:%02d:%02d.%s%d%s [notice] <0.%d.0> (tcp|<0.%d.0>) "
				"Received XML on stream = <<\"%.*s\">>\n",
				tick / 600, tick / 10 % 60, fraction, tick % 10,
				*fraction ? "+00:00" : "", c + 1, c + 1, (int)n, stream[c].data);
		buf_drop(&stream[c], n);
	}
	for (int c = 0; c < 3; c++)
		buf_free(&stream[c]);
	return log;
}

static void any_restart_gives_the_same(void **state)
{
	static const struct {
		const char *dialect, *fraction;
		bool holes;
	} kinds[] = {{"ejabberd-debug", "00000", false},
		     {"ejabberd-debug", "00000", true},
		     {"ejabberd-lager", "", false},
		     {"ejabberd-lager", "", true}};
	(void)state;
	for (uint32_t seed = 1; seed <= 12; seed++) {
		size_t k = seed % 4;
		struct buf log = made_log(seed, kinds[k].holes, kinds[k].fraction);
		struct text data = buf_view(&log);
		same_in_any_chunks(kinds[k].dialect, "UTC", 0, data);
		for (size_t cut = 1; cut < data.n; cut += data.n / 60 + seed)
			same_after_restart_by_marks(kinds[k].dialect, "UTC", data, cut,
						    50 + seed * 31);
		struct run *run = run_text(kinds[k].dialect, "UTC", 0, data, data.n);
		if (!kinds[k].holes)
			assert_int_equal(run->stanzas, 120);
		else
			assert_in_range(run->stanzas, 5, 119);
		run_free(run);
		buf_free(&log);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_forms_of_a_binary),
		cmocka_unit_test(what_is_cut_keeps_what_is_certain),
		cmocka_unit_test(reads_are_put_together),
		cmocka_unit_test(a_claimed_sender_is_never_believed),
		cmocka_unit_test(what_may_hold_a_password_stays_inside),
		cmocka_unit_test(a_hole_costs_one_stanza),
		cmocka_unit_test(a_stanza_inside_a_stanza_is_not_taken_out),
		cmocka_unit_test(lines_that_are_cut),
		cmocka_unit_test(the_logger_says_that_it_dropped_lines),
		cmocka_unit_test(no_body_imitates_a_line),
		cmocka_unit_test(sessions_end_and_sleep_and_resume),
		cmocka_unit_test(a_quiet_log_is_read_to_its_end),
		cmocka_unit_test(counts_of_the_server),
		cmocka_unit_test(the_server_starts_anew),
		cmocka_unit_test(other_streams_have_their_directions),
		cmocka_unit_test(a_log_from_the_middle_learns_whose_it_is),
		cmocka_unit_test(lager_of_old_versions),
		cmocka_unit_test(detection_and_its_reasons),
		cmocka_unit_test(iq_and_presence_only_for_facts),
		cmocka_unit_test(real_logs_read_the_same_in_any_chunks),
		cmocka_unit_test(real_logs_go_on_after_a_restart),
		cmocka_unit_test(any_restart_gives_the_same),
	};
	return cmocka_run_group_tests_name("dialect ejabberd", tests, NULL, NULL);
}
