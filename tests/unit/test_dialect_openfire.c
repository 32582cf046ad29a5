// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/dialect_harness.h"

#include "ingest/dialects/openfire_audit.h"

#define OPEN "<jive xmlns=\"http://www.jivesoftware.org\">"
#define PACKET(stream, status, stamp, stanza)                                                      \
	"<packet xmlns=\"http://www.jivesoftware.org\"" stream " status=\"" status                 \
	"\" timestamp=\"" stamp "\">" stanza "</packet>"
#define T1 "Nov 22, 2026 10:00:00:001 AM"
#define T2 "Nov 22, 2026 10:00:00:002 AM"
#define T9 "Nov 22, 2026 10:00:09:000 AM"
#define ON(id) " streamID=\"" id "\""
#define BIND(id, jid)                                                                              \
	PACKET(ON(id), "auth", T1,                                                                 \
	       "<iq xmlns=\"\" type=\"result\" id=\"b\" to=\"of.test/" id                          \
	       "\"><bind xmlns=\"urn:ietf:params:xml:ns:xmpp-bind\"><jid>" jid                     \
	       "</jid></bind></iq>")
#define MESSAGE(from, to, inner)                                                                   \
	"<message xmlns=\"\" to=\"" to "\" type=\"chat\" id=\"1\" from=\"" from "\">" inner        \
	"</message>"
#define HELLO "<body>hello</body>"

static struct run *audit(const char *text)
{
	return run_text("openfire-audit", "UTC", 0, text_of(text), 100);
}

static void direction_is_that_of_the_bound_session(void **state)
{
	(void)state;
	struct run *run =
		audit(OPEN BIND("s1", "anna@of.test/a") BIND("s2", "bob@of.test/b") PACKET(
			ON("s1"), "auth", T2, MESSAGE("anna@of.test/a", "bob@of.test", HELLO))
			      PACKET(ON("s2"), "auth", T2,
				     MESSAGE("anna@of.test/a", "bob@of.test", HELLO)));
	assert_int_equal(run->stanzas, 2);
	assert_true(says(run, "stanza in anna@of.test/a @"));
	assert_true(says(run, "stanza out bob@of.test/b @"));
	run_free(run);
}

static void ordinals_keep_the_order_within_a_millisecond(void **state)
{
	(void)state;
	struct run *run = audit(OPEN BIND("s1", "anna@of.test/a") PACKET(
		ON("s1"), "auth", T1, MESSAGE("anna@of.test/a", "bob@of.test", HELLO)));
	assert_true(says(run, "t=1795341600001001 "));
	run_free(run);
}

static void note_to_self_is_read_first_and_written_then(void **state)
{
	(void)state;
	struct run *run = audit(OPEN BIND("s1", "anna@of.test/a") PACKET(
		ON("s1"), "auth", T2, MESSAGE("anna@of.test/a", "anna@of.test", HELLO))
					PACKET(ON("s1"), "auth", T2,
					       MESSAGE("anna@of.test/a", "anna@of.test", HELLO)));
	const char *in = strstr(said(run), "stanza in anna@of.test/a");
	const char *out = strstr(said(run), "stanza out anna@of.test/a");
	assert_true(in && out && in < out);
	run_free(run);
}

// Found by fuzzing (F132): what decided about the records before is known after a restart, too.
static void restart_between_any_two_packets_changes_nothing(void **state)
{
	(void)state;
	static const char log[] = OPEN BIND("s1", "anna@of.test/a") PACKET(
		ON("s1"), "auth", T9, MESSAGE("anna@of.test/a", "bob@of.test/b", HELLO))
		PACKET(ON("s1"), "auth", T1, MESSAGE("anna@of.test/a", "anna@of.test", HELLO))
			PACKET(ON("s1"), "auth", T2,
			       MESSAGE("anna@of.test/a", "anna@of.test", HELLO)) "<packet ";
	for (size_t cut = 1; cut < sizeof log - 1; cut += 7)
		same_after_restart("openfire-audit", "UTC", TEXT(log), cut);
}

static void stanza_routed_again_by_the_server_is_route(void **state)
{
	(void)state;
	struct run *run = audit(OPEN BIND("s1", "anna@of.test/a") PACKET(
		ON("s1"), "auth", T2,
		MESSAGE("anna@of.test/a", "bob@of.test",
			HELLO "<delay xmlns=\"urn:xmpp:delay\" from=\"of.test\" stamp=\"x\"/>")));
	assert_true(says(run, "stanza route - @"));
	run_free(run);
}

static void entries_without_stream_are_route(void **state)
{
	(void)state;
	struct run *run = audit(OPEN BIND("s1", "anna@of.test/a") PACKET(
		"", "unknown", T2, MESSAGE("room@conference.of.test", "anna@of.test/a", HELLO)));
	assert_true(says(run, "stanza route - @"));
	run_free(run);
}

static void component_stream_is_told_by_its_domain(void **state)
{
	(void)state;
	struct run *run = audit(
		OPEN BIND("s1", "anna@of.test/a")
			PACKET(ON("c"), "auth", T1,
			       "<iq xmlns=\"\" type=\"get\" from=\"component.of.test\" "
			       "to=\"robot.of.test\"/>")
				PACKET(ON("c"), "auth", T2,
				       MESSAGE("anna@of.test/a", "svc@robot.of.test", HELLO))
					PACKET("", "unknown", T2,
					       MESSAGE("robot.of.test", "anna@of.test/a", HELLO)));
	assert_true(says(run, "stanza comp-out - @"));
	assert_true(says(run, "stanza comp-in - @"));
	run_free(run);
}

static void log_from_the_middle_waits_for_proof(void **state)
{
	(void)state;
	struct run *run = audit(
		PACKET(ON("s1"), "auth", T1, MESSAGE("anna@of.test/a", "bob@of.test/b", HELLO))
			PACKET(ON("s2"), "auth", T1,
			       MESSAGE("anna@of.test/a", "bob@of.test/b", HELLO))
				PACKET(ON("s1"), "auth", T2,
				       "<presence xmlns=\"\" from=\"anna@of.test/a\"/>")
					PACKET(ON("s2"), "auth", T2,
					       "<iq xmlns=\"\" type=\"get\" to=\"of.test\" "
					       "from=\"bob@of.test/b\"/>"));
	const char *in = strstr(said(run), "stanza in anna@of.test/a");
	const char *out = strstr(said(run), "stanza out bob@of.test/b");
	assert_true(in && out && in < out);
	run_free(run);
}

#define LATER "Nov 22, 2026 10:00:01:000 AM"
#define COPY(stream, stamp, from, to) PACKET(stream, "auth", stamp, MESSAGE(from, to, HELLO))

// The server writes down what it reads before what it writes of it.
static void first_copy_of_a_message_was_read(void **state)
{
	(void)state;
	struct run *run = audit(
		OPEN COPY(ON("s1"), T1, "anna@of.test/a", "bob@of.test/b")
			COPY(ON("s2"), T1, "anna@of.test/a", "bob@of.test/b")
				COPY(ON("s2"), LATER, "bob@of.test/b", "anna@of.test")
					COPY(ON("s1"), LATER, "bob@of.test/b", "anna@of.test"));
	assert_int_equal(run->stanzas, 4);
	assert_true(says(run, "stanza in anna@of.test/a @"));
	assert_true(says(run, "stanza out bob@of.test/b @"));
	assert_true(says(run, "stanza in bob@of.test/b @"));
	assert_true(says(run, "stanza out anna@of.test/a @"));
	run_free(run);
	// Nothing tells who is behind a stream that only gets copies, but that it gets them.
	run = audit(OPEN COPY(ON("s1"), T1, "anna@of.test/a", "bob@of.test/b")
			    COPY(ON("s1"), LATER, "anna@of.test/a", "bob@of.test")
				    COPY(ON("s2"), LATER, "anna@of.test/a", "bob@of.test"));
	assert_true(says(run, "stanza out - @"));
	run_free(run);
}

static void what_a_component_sends_is_read_without_a_stream(void **state)
{
	(void)state;
	struct run *run = audit(OPEN COPY(ON("s1"), T1, "anna@of.test/a", "bob@of.test/b") PACKET(
		"", "unknown", LATER, MESSAGE("x@of.test/y", "bob@of.test/b", HELLO))
					COPY(ON("s3"), LATER, "x@of.test/y", "bob@of.test/b"));
	assert_false(says(run, "stanza in x@of.test/y"));
	run_free(run);
}

static void what_stays_undecided_is_route(void **state)
{
	(void)state;
	struct run *run = audit(
		PACKET(ON("s1"), "auth", T1, MESSAGE("anna@of.test/a", "bob@of.test/b", HELLO))
			PACKET(ON("s9"), "auth", T9, "<presence xmlns=\"\" from=\"x@of.test/z\"/>")
				PACKET(ON("s1"), "auth", T9,
				       "<presence xmlns=\"\" from=\"anna@of.test/a\"/>"));
	assert_int_equal(run->stanzas, 1); // two seconds are over when the proof comes
	assert_true(says(run, "stanza route - @"));
	run_free(run);
}

static void held_entries_hold_low_water_and_come_in_order(void **state)
{
	static const char log[] =
		PACKET(ON("x"), "auth", T1, MESSAGE("anna@of.test/a", "bob@of.test/b", HELLO))
			BIND("s2", "bob@of.test/b")
				PACKET(ON("s2"), "auth", T2,
				       MESSAGE("anna@of.test/a", "bob@of.test/b", HELLO));
	(void)state;
	struct run *run = run_new("openfire-audit", "UTC", 0);
	run_give(run, text_of(log), 50);
	assert_int_equal(run->stanzas, 0);
	assert_int_equal(run->type->low_water(run->dialect), 0);
	run_end(run, false);
	assert_int_equal(run->stanzas, 0);
	run_end(run, false); // nothing came: no use waiting longer
	assert_int_equal(run->stanzas, 2);
	assert_int_equal(run->type->low_water(run->dialect), sizeof log - 1);
	assert_true(strstr(said(run), "stanza route") < strstr(said(run), "stanza out"));
	run_free(run);
}

static void text_that_looks_like_a_packet_is_text(void **state)
{
	(void)state;
	struct run *run = audit(OPEN BIND("s1", "anna@of.test/a") PACKET(
		ON("s1"), "auth", T2,
		MESSAGE("anna@of.test/a", "bob@of.test",
			"<body>&lt;/packet><![CDATA[</message></packet><packet "
			"xmlns=\"http://www.jivesoftware.org\" "
			"status=\"auth\"><message/>]]></body><!-- </packet> -->"
			"<x a='</packet'/>")) "</jive>");
	// "<" inside an attribute is not XML: that packet is damaged, the forged one still no record.
	assert_int_equal(run->stanzas, 0);
	assert_int_equal(run->quarantined, 1);
	run_free(run);
	run = audit(OPEN BIND("s1", "anna@of.test/a") PACKET(
		ON("s1"), "auth", T2,
		MESSAGE("anna@of.test/a", "bob@of.test",
			"<body>&lt;/packet><![CDATA[</message></packet><packet "
			"xmlns=\"http://www.jivesoftware.org\" "
			"status=\"auth\"><message/>]]></body><!-- </packet> --><x a=' > />'/>")) "</jive>");
	assert_int_equal(run->stanzas, 1);
	assert_int_equal(run->quarantined, 0);
	run_free(run);
}

// F120: a client may send any element, also a perfect packet with a forged receipt.
static void packet_inside_a_stanza_is_not_a_record(void **state)
{
	(void)state;
	struct run *run =
		audit(OPEN BIND("s1", "anna@of.test/a") BIND("s2", "bob@of.test/b") PACKET(
			ON("s1"), "auth", T2,
			MESSAGE("anna@of.test/a", "bob@of.test",
				PACKET(ON("s2"), "auth", T2,
				       MESSAGE("bob@of.test/b", "anna@of.test", "<received/>")))));
	assert_int_equal(run->stanzas, 1);
	assert_false(says(run, "stanza in bob"));
	run_free(run);
	// Cut behind it by a crash: still nothing of it is believed.
	run = audit(OPEN BIND("s1", "anna@of.test/a") BIND(
		"s2",
		"bob@of.test/b") "<packet xmlns=\"http://www.jivesoftware.org\" streamID=\"s1\" status=\"auth\" "
				 "timestamp=\"" T2
				 "\"><message xmlns=\"\" from=\"anna@of.test/a\" to=\"bob@of.test\">" PACKET(
					 ON("s2"), "auth", T2,
					 MESSAGE("bob@of.test/b", "anna@of.test",
						 "<received/>")) "<bo" OPEN BIND("s3",
										 "carl@of.test/c"));
	assert_int_equal(run->stanzas, 0);
	assert_int_equal(run->quarantined, 1);
	run_free(run);
}

static void damage_costs_only_itself(void **state)
{
	static const char good[] =
		PACKET(ON("s1"), "auth", T2, MESSAGE("anna@of.test/a", "bob@of.test", HELLO));
	static const char *const bad[] = {
		"junk",
		"<packet xmlns=\"http://www.jivesoftware.org\" status=\"auth\"><message></packet>",
		"<packet xmlns=\"http://www.jivesoftware.org\" status=\"auth\"><message to=\"a",
		("<packet xmlns=\"http://www.jivesoftware.org\" status=\"auth\"><message>te" OPEN),
		"<packet xmlns=\"http://www.jivesoftware.org\"><!DOCTYPE a></packet>",
	};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct buf log = {0};
		buf_printf(&log, "%s%s%s%s%s", OPEN, BIND("s1", "anna@of.test/a"), good, bad[i],
			   good);
		struct run *run = run_text("openfire-audit", "UTC", 0, buf_view(&log), 3);
		assert_int_equal(run->stanzas, 2);
		assert_int_equal(run->quarantined, 1);
		same_in_any_chunks("openfire-audit", "UTC", 0, buf_view(&log));
		run_free(run);
		buf_free(&log);
	}
}

static void holes_are_gaps(void **state)
{
	static const char good[] =
		PACKET(ON("s1"), "auth", T2, MESSAGE("anna@of.test/a", "bob@of.test", HELLO));
	static const char zeros[10000];
	(void)state;
	struct buf log = {0};
	buf_zstr(&log, OPEN BIND("s1", "anna@of.test/a"));
	buf_zstr(&log, good);
	buf_add(&log, zeros, sizeof zeros);
	buf_add(&log, good, sizeof good - 30); // cut by the next hole
	buf_add(&log, zeros, 5);
	buf_zstr(&log, good);
	struct run *run = run_text("openfire-audit", "UTC", 0, buf_view(&log), 4096);
	assert_int_equal(run->stanzas, 2);
	assert_int_equal(run->gaps, 2);
	assert_int_equal(run->quarantined, 1);
	same_in_any_chunks("openfire-audit", "UTC", 0, buf_view(&log));
	run_free(run);
	buf_free(&log);
}

static void packet_above_the_limit_is_named_and_left(void **state)
{
	enum { SIZE = 40 << 20 };
	(void)state;
	struct buf log = {0};
	buf_zstr(&log, OPEN BIND("s1", "anna@of.test/a"));
	buf_zstr(&log, "<packet xmlns=\"http://www.jivesoftware.org\" status=\"auth\"><m>");
	buf_reserve(&log, SIZE);
	memset(log.data + log.len, 'a', SIZE);
	log.len += SIZE;
	buf_zstr(&log, "</m></packet>");
	buf_zstr(&log,
		 PACKET(ON("s1"), "auth", T2, MESSAGE("anna@of.test/a", "bob@of.test", HELLO)));
	struct run *run = run_text("openfire-audit", "UTC", 0, buf_view(&log), 1 << 16);
	assert_int_equal(run->stanzas, 1);
	assert_int_equal(run->quarantined, 3); // pieces of 16 MiB
	assert_true(says(run, "[packet longer than the limit]"));
	run_free(run);
	buf_free(&log);
}

static void unfinished_tail_waits_and_is_judged_at_the_end(void **state)
{
	static const char head[] = OPEN BIND("s1", "anna@of.test/a");
	static const char tail[] =
		PACKET(ON("s1"), "auth", T2, MESSAGE("anna@of.test/a", "bob@of.test", HELLO));
	(void)state;
	struct run *run = run_new("openfire-audit", "UTC", 0);
	run_give(run, text_of(head), 9);
	run_give(run, (struct text){tail, 40}, 9);
	run_end(run, false);
	run_end(run, false);
	assert_int_equal(run->stanzas + run->quarantined, 0);
	assert_int_equal(run->type->low_water(run->dialect), sizeof head - 1);
	run_give(run, (struct text){tail + 40, sizeof tail - 41}, 9);
	assert_int_equal(run->stanzas, 1);
	run_give(run, (struct text){tail, 40}, 9);
	run_end(run, true);
	assert_true(says(run, "[unterminated at end of file]"));
	run_free(run);
}

static void stamps_of_known_languages(void **state)
{
	static const struct {
		const char *text;
		int month, hour, micros;
	} table[] = {{"Nov 22, 2026 10:37:59:519 AM", 11, 10, 519000},
		     {"Jan 01, 2026 12:00:00:000 AM", 1, 0, 0},
		     {"Dec 31, 2026 12:00:00:001 PM", 12, 12, 1000},
		     {"11月 22, 2026 07:06:55:156 下午", 11, 19, 156000},
		     {"十一月 22, 2026 07:07:20:753 下午", 11, 19, 753000},
		     {"一月 02, 2026 07:07:20:753 上午", 1, 7, 753000}};
	static const char *const bad[] = {"",
					  "Nov 22, 2026",
					  "Nov 31, 2026 10:37:59:519 AM",
					  "Nov 22, 2026 13:37:59:519 AM",
					  "Nov 22, 2026 00:37:59:519 AM",
					  "Nov 22, 2026 10:37:59:519",
					  "Nov 22, 2026 10:37:59",
					  "Now 22, 2026 10:37:59:519 AM"};
	struct audit_time time;
	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		assert_true(audit_stamp(text_of(table[i].text), &time));
		assert_int_equal(time.civil.month, table[i].month);
		assert_int_equal(time.civil.hour, table[i].hour);
		assert_int_equal(time.civil.micros, table[i].micros);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(audit_stamp(text_of(bad[i]), &time));
	assert_false(audit_stamp(TEXT_NONE, &time));
}

// 672 stamps made by the server's own formatter: 14 languages, both sets of names.
static void stamps_of_the_real_formatter(void **state)
{
	struct buf rows = file_bytes("tests/data/openfire/locale-timestamps.tsv");
	int read = 0;
	(void)state;
	buf_char(&rows, 0);
	for (char *row = strchr(rows.data, '\n') + 1; *row; row = strchr(row, '\n') + 1) {
		char locale[32], zone[64], stamp[64];
		long long millis;
		int n = sscanf(row, "%*[^\t]\t%*[^\t]\t%31[^\t]\t%63[^\t]\t%lld\t%63[^\n]", locale,
			       zone, &millis, stamp);
		assert_int_equal(n, 4);
		struct audit_time time;
		struct zone *at = zone_open(zone, NULL);
		if (!audit_stamp(text_of(stamp), &time))
			fail_msg("%s", stamp);
		assert_int_equal(zone_to_utc(at, &time.civil, USEC_NONE, NULL), millis * 1000);
		zone_free(at);
		read++;
	}
	assert_int_equal(read, 672);
	buf_free(&rows);
}

#define AT(stamp) PACKET("", "unknown", stamp, MESSAGE("anna@of.test/a", "bob@of.test", "<b/>"))

// F46: 02:00-03:00 comes twice; milliseconds back are no change of the hour.
static void repeated_hour_is_resolved_by_order(void **state)
{
	static const char log[] =
		AT("Oct 25, 2026 02:59:59:005 AM") AT("Oct 25, 2026 02:59:59:003 AM")
			AT("Oct 25, 2026 02:00:01:000 AM") AT("Oct 25, 2026 03:00:00:000 AM");
	(void)state;
	struct run *run = run_text("openfire-audit", "Europe/Berlin", 0, text_of(log), 99);
	assert_true(says(run, "t=1792889999005000 odd"));
	assert_true(says(run, "t=1792889999003000 odd"));
	assert_true(says(run, "t=1792890001000000 odd"));
	assert_true(says(run, "t=1792893600000000 ["));
	run_free(run);
}

static void unknown_stamp_is_quarantined(void **state)
{
	(void)state;
	struct run *run = audit(BIND("s1", "anna@of.test/a") AT("Wednesday 6th"));
	assert_int_equal(run->stanzas, 0);
	assert_true(says(run, "[stamp not understood]"));
	run_free(run);
}

static void older_stamps(void **state)
{
	static const struct {
		const char *text;
		int year, month, day, hour, second, offset;
		bool has_offset;
	} table[] = {
		{"Wed Jul 06 09:05:01 PDT 2005", 2005, 7, 6, 9, 1, 0, false},
		{"Sun Nov 22 10:57:42 UTC 2026", 2026, 11, 22, 10, 42, 0, true},
		{"Sun Nov 22 10:57:42 GMT+08:00 2026", 2026, 11, 22, 10, 42, 28800, true},
		{"Mar 5, 2007 9:05:01 AM", 2007, 3, 5, 9, 1, 0, false},
		{"Mar 5, 2007 12:05:01 AM", 2007, 3, 5, 0, 1, 0, false},
		{"05.03.2007 19:05:01", 2007, 3, 5, 19, 1, 0, false},
		{"5 mars 2007 19:05:01", 2007, 3, 5, 19, 1, 0, false},
		{"2007-3-5 19:05:01", 2007, 3, 5, 19, 1, 0, false},
		{"2007/03/05 19:05:01", 2007, 3, 5, 19, 1, 0, false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct audit_time time;
		if (!audit_stamp(text_of(table[i].text), &time))
			fail_msg("%s", table[i].text);
		assert_int_equal(time.civil.year, table[i].year);
		assert_int_equal(time.civil.month, table[i].month);
		assert_int_equal(time.civil.day, table[i].day);
		assert_int_equal(time.civil.hour, table[i].hour);
		assert_int_equal(time.civil.second, table[i].second);
		assert_int_equal(time.has_offset, table[i].has_offset);
		assert_int_equal(time.offset, table[i].offset);
		assert_int_equal(time.step, USEC_PER_SEC);
	}
}

static usec_t next_stamp(const char **at)
{
	struct audit_time time;
	const char *begin = strstr(*at, "timestamp=\""),
		   *end = begin ? strchr(begin + 11, '"') : NULL;
	if (!end)
		return USEC_NONE;
	*at = end;
	if (!audit_stamp((struct text){begin + 11, (size_t)(end - begin) - 11}, &time))
		fail_msg("%.40s", begin);
	return civil_to_utc(&time.civil);
}

// The same packets with the stamps of three eras.
static void logs_of_all_eras(void **state)
{
	static const char *const logs[] = {
		"tests/data/openfire/constructed/two-closed-roots.log",
		"tests/data/openfire/constructed/jive.audit-0.log",
		"tests/data/openfire/constructed/jive.audit-20061122-000.log",
	};
	struct buf first = file_bytes(logs[0]);
	(void)state;
	for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
		struct buf log = file_bytes(logs[i]);
		struct run *run = run_text("openfire-audit", "UTC", 0, buf_view(&log), 999);
		const char *a = first.data, *b = log.data;
		usec_t at;
		while ((at = next_stamp(&a)) != USEC_NONE)
			assert_int_equal(next_stamp(&b) / USEC_PER_SEC, at / USEC_PER_SEC);
		assert_int_equal(run->quarantined, 0);
		assert_int_equal(run->ignored + run->stanzas, 103);
		run_free(run);
		buf_free(&log);
	}
	buf_free(&first);
}

static const char *const samples[] = {
	"tests/data/openfire/of416-en/jive.audit-20261122-001.log.gz",
	"tests/data/openfire/of371-en/jive.audit-20261122-001.log.gz",
	"tests/data/openfire/of416-messages-only/jive.audit-20261122-000.log.gz",
	"tests/data/openfire/constructed/two-closed-roots.log",
	"tests/data/openfire/constructed/two-roots-after-restart-at-999.log",
	"tests/data/openfire/constructed/cut-inside-a-character.log",
	"tests/data/openfire/constructed/cut-inside-an-element.log",
	"tests/data/openfire/constructed/header-only.log",
};

static void real_logs_read_the_same_in_any_chunks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		struct buf log = file_bytes(samples[i]);
		same_in_any_chunks("openfire-audit", "UTC", 0, buf_view(&log));
		buf_free(&log);
	}
}

static void real_logs_go_on_after_a_restart(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct buf log = file_bytes(samples[i]);
		for (size_t cut = 5000; cut < log.len; cut += log.len / 9)
			same_after_restart("openfire-audit", "UTC", buf_view(&log), cut);
		buf_free(&log);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(direction_is_that_of_the_bound_session),
		cmocka_unit_test(ordinals_keep_the_order_within_a_millisecond),
		cmocka_unit_test(note_to_self_is_read_first_and_written_then),
		cmocka_unit_test(restart_between_any_two_packets_changes_nothing),
		cmocka_unit_test(stanza_routed_again_by_the_server_is_route),
		cmocka_unit_test(entries_without_stream_are_route),
		cmocka_unit_test(component_stream_is_told_by_its_domain),
		cmocka_unit_test(log_from_the_middle_waits_for_proof),
		cmocka_unit_test(first_copy_of_a_message_was_read),
		cmocka_unit_test(what_a_component_sends_is_read_without_a_stream),
		cmocka_unit_test(what_stays_undecided_is_route),
		cmocka_unit_test(held_entries_hold_low_water_and_come_in_order),
		cmocka_unit_test(text_that_looks_like_a_packet_is_text),
		cmocka_unit_test(packet_inside_a_stanza_is_not_a_record),
		cmocka_unit_test(damage_costs_only_itself),
		cmocka_unit_test(holes_are_gaps),
		cmocka_unit_test(packet_above_the_limit_is_named_and_left),
		cmocka_unit_test(unfinished_tail_waits_and_is_judged_at_the_end),
		cmocka_unit_test(stamps_of_known_languages),
		cmocka_unit_test(stamps_of_the_real_formatter),
		cmocka_unit_test(older_stamps),
		cmocka_unit_test(logs_of_all_eras),
		cmocka_unit_test(repeated_hour_is_resolved_by_order),
		cmocka_unit_test(unknown_stamp_is_quarantined),
		cmocka_unit_test(real_logs_read_the_same_in_any_chunks),
		cmocka_unit_test(real_logs_go_on_after_a_restart),
	};
	return cmocka_run_group_tests_name("dialect openfire-audit", tests, NULL, NULL);
}
