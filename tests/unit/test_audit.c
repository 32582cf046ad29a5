// SPDX-License-Identifier: Apache-2.0
// What was known when (PAIRING K19, E4; section 8: ACK-LEAK, ACK-TO-BLOCKED, ACK-ARCHIVED,
// ACK-MISSING, MARK-STUCK): short histories in, findings out, in the order of arrival and backwards.
#include "core/buf.h"
#include "ingest/stanza.h"
#include "pairing/audit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define START INT64_C(1772445600000000) // 2026-03-02T10:00:00Z
#define DAY 86400
#define ADA "ada@a.example"
#define BEN "ben@b.example"
#define ADA_1 ADA "/1"
#define BEN_1 BEN "/1"
#define BEN_2 BEN "/2"

struct line {
	int at; // seconds
	enum direction dir;
	const char *session, *xml;
};

#define ASK(id)                                                                                    \
	"<message from='" ADA_1 "' to='" BEN "' id='" id "' type='chat'><body>x</body>"            \
	"<request xmlns='urn:xmpp:receipts'/></message>"
#define RECEIPT(id)                                                                                \
	"<message from='" BEN_1 "' to='" ADA_1 "' id='r" id "'>"                                   \
	"<received xmlns='urn:xmpp:receipts' id='" id "'/></message>"
#define DISPLAYED(id)                                                                              \
	"<message from='" BEN_1 "' to='" ADA_1 "' id='d" id "'>"                                   \
	"<displayed xmlns='urn:xmpp:chat-markers:0' id='" id "'/></message>"
#define ROSTER(items) "<iq type='result'><query xmlns='jabber:iq:roster'>" items "</query></iq>"
#define PUSH(items) "<iq type='set'><query xmlns='jabber:iq:roster'>" items "</query></iq>"
#define ITEM(jid, subscription) "<item jid='" jid "' subscription='" subscription "'/>"
#define BLOCK(jid)                                                                                 \
	"<iq type='set'><block xmlns='urn:xmpp:blocking'><item jid='" jid "'/></block></iq>"
#define UNBLOCK(inside)                                                                            \
	"<iq type='set'><unblock xmlns='urn:xmpp:blocking'>" inside "</unblock></iq>"
#define CAPS(node)                                                                                 \
	"<presence><c xmlns='http://jabber.org/protocol/caps' node='" node "' ver='v'/></presence>"
#define DISCO(attribute, inside)                                                                   \
	"<iq type='result' to='x.example'><query xmlns='http://jabber.org/protocol/disco#info'"    \
	" " attribute ">" inside "</query></iq>"
#define FEATURE "<feature var='urn:xmpp:receipts'/>"
#define ARCHIVED(id)                                                                               \
	"<message from='" BEN "'><result xmlns='urn:xmpp:mam:2'><forwarded "                       \
	"xmlns='urn:xmpp:forward:0'>" ASK(id) "</forwarded></result></message>"

// --- a store of lists ---

struct world {
	struct pairing *pairing;
	struct row rows[16];
	size_t row_count;
	struct stored_evidence evidence[32];
	size_t evidence_count;
	struct audit *audit;
	struct buf said;
};

static void take_change(void *self, const struct entry_change *change)
{
	struct world *world = self;
	for (size_t i = 0; i < change->row_count; i++)
		world->rows[world->row_count++] = change->rows[i];
	for (size_t i = 0; i < change->evidence_count; i++)
		world->evidence[world->evidence_count++] = change->evidence[i];
	assert_true(world->row_count < 16 && world->evidence_count < 32);
}

static void take_known(void *self, const struct known *fact)
{
	audit_learn(((struct world *)self)->audit, fact);
}

static void take_found(void *self, const struct finding *finding)
{
	struct world *world = self;
	struct buf line = {0};
	buf_printf(&line, "%s %.*s %.*s; ", finding->rule, (int)finding->by.n, finding->by.p,
		   (int)finding->ref.n, finding->ref.p);
	if (!world->said.data || !strstr(world->said.data, line.data))
		buf_text(&world->said, buf_view(&line));
	buf_free(&line);
}

static const struct row *row_of(const struct world *world, const struct stored_evidence *stored)
{
	for (size_t i = 0; i < world->row_count; i++)
		if (world->rows[i].key == stored->key && world->rows[i].n == stored->evidence.n)
			return &world->rows[i];
	return NULL;
}

static void judge(struct world *world, int now)
{
	world->audit = audit_new(&(struct audit_options){.hashes = world->pairing,
							 .now = START + now * USEC_PER_SEC,
							 .t_expire = 7 * USEC_PER_DAY,
							 .self = world,
							 .found = take_found});
	pairing_changes(world->pairing, world, take_change);
	pairing_known(world->pairing, world, take_known);
	audit_ready(world->audit);
	for (size_t i = 0; i < world->row_count; i++) {
		audit_plain_acks(world->audit, &world->rows[i]);
		audit_silence(world->audit, &world->rows[i]);
	}
	for (size_t i = 0; i < world->evidence_count; i++)
		audit_evidence(world->audit, &world->evidence[i],
			       row_of(world, &world->evidence[i]));
	audit_free(world->audit);
}

static void observe(struct world *world, const struct line *line, size_t place)
{
	struct stanza_parser *parser = stanza_parser_new();
	struct arena *arena = arena_new();
	struct stanza *stanza = NULL;
	const char *reason = NULL;
	assert_int_equal(stanza_parse(parser, text_of(line->xml), arena, &stanza, &reason),
			 STANZA_OK);
	pairing_observe(world->pairing, &(struct observation){.at = START + line->at * USEC_PER_SEC,
							      .source = 1,
							      .feed = TEXT("log"),
							      .dir = line->dir,
							      .session = text_of(line->session),
							      .raw = text_of(line->xml),
							      .stanza = stanza,
							      .position = (position_t)place + 1});
	arena_free(arena);
	stanza_parser_free(parser);
}

static void run(const struct line *lines, size_t count, bool backwards, int now, const char *want)
{
	struct realm_settings rules = {0};
	realm_settings_default(&rules);
	struct world world = {.pairing = pairing_new(&(struct pairing_options){
				      .rules = &rules, .realm = TEXT("test")})};
	struct pairing_wants wants;
	for (size_t i = 0; i < count; i++) {
		size_t at = backwards ? count - 1 - i : i;
		observe(&world, &lines[at], at);
	}
	while (pairing_wants(world.pairing, &wants))
		;
	judge(&world, now);
	assert_string_equal(world.said.data ? world.said.data : "", want);
	buf_free(&world.said);
	pairing_free(world.pairing);
	realm_settings_free(&rules);
}

#define SAYS(now, want, ...)                                                                       \
	do {                                                                                       \
		const struct line lines_[] = {__VA_ARGS__};                                        \
		run(lines_, sizeof lines_ / sizeof *lines_, false, now, want);                     \
		run(lines_, sizeof lines_ / sizeof *lines_, true, now, want);                      \
	} while (0)

#define LEAK "ACK-LEAK " BEN_1 " m; "
#define BLOCKED "ACK-TO-BLOCKED " BEN_1 " m; "
#define SENT                                                                                       \
	{                                                                                          \
		0, DIR_IN, ADA_1, ASK("m")                                                         \
	}
#define ACKED(at)                                                                                  \
	{                                                                                          \
		at, DIR_IN, BEN_1, RECEIPT("m")                                                    \
	}
#define HEARD(at)                                                                                  \
	{                                                                                          \
		at, DIR_OUT, ADA_1, RECEIPT("m")                                                   \
	}

// --- rosters ---

static void ACK_LEAK_the_newest_roster_before_the_ack_counts(void **state)
{
	(void)state;
	SAYS(60, LEAK, SENT, {-5, DIR_OUT, BEN_2, ROSTER(ITEM(ADA, "to"))}, ACKED(5));
	SAYS(60, LEAK, SENT, {-5, DIR_OUT, BEN_2, ROSTER("")}, ACKED(5));
	SAYS(60, "", SENT, {-5, DIR_OUT, BEN_2, ROSTER(ITEM(ADA, "from"))}, ACKED(5));
	SAYS(60, "", SENT, {-5, DIR_OUT, BEN_2, ROSTER(ITEM(ADA, "both"))}, ACKED(5));
	SAYS(60, "", SENT, {9, DIR_OUT, BEN_2, ROSTER("")}, ACKED(5));
	SAYS(60, "", SENT, {-9, DIR_OUT, BEN_2, ROSTER("")},
	     {-5, DIR_OUT, BEN_1, ROSTER(ITEM(ADA, "both"))}, ACKED(5));
	SAYS(60, LEAK, SENT, {-9, DIR_OUT, BEN_2, ROSTER(ITEM(ADA, "both"))},
	     {-5, DIR_OUT, BEN_1, ROSTER("")}, ACKED(5));
	// The same list again after another one.
	SAYS(60, LEAK, SENT, {-9, DIR_OUT, BEN_2, ROSTER("")},
	     {-7, DIR_OUT, BEN_1, ROSTER(ITEM(ADA, "both"))}, {-5, DIR_OUT, BEN_1, ROSTER("")},
	     ACKED(5));
	SAYS(60, "", SENT, ACKED(5));
}

static void ACK_LEAK_pushes_change_one_item(void **state)
{
	(void)state;
	SAYS(60, "", SENT, {-9, DIR_OUT, BEN_2, ROSTER("")},
	     {-5, DIR_OUT, BEN_2, PUSH(ITEM(ADA, "from"))}, ACKED(5));
	SAYS(60, LEAK, SENT, {-9, DIR_OUT, BEN_2, ROSTER(ITEM(ADA, "both"))},
	     {-5, DIR_OUT, BEN_2, PUSH(ITEM(ADA, "remove"))}, ACKED(5));
	SAYS(60, "", SENT, {-9, DIR_OUT, BEN_2, ROSTER(ITEM(ADA, "both"))},
	     {-5, DIR_OUT, BEN_2, PUSH(ITEM("cleo@c", "none"))}, ACKED(5));
	// Without a whole list only the pushed items are known.
	SAYS(60, LEAK, SENT, {-5, DIR_OUT, BEN_2, PUSH(ITEM(ADA, "none"))}, ACKED(5));
	SAYS(60, "", SENT, {-5, DIR_OUT, BEN_2, PUSH(ITEM("cleo@c", "none"))}, ACKED(5));
	// A whole list after the push replaces it.
	SAYS(60, "", SENT, {-9, DIR_OUT, BEN_2, PUSH(ITEM(ADA, "none"))},
	     {-5, DIR_OUT, BEN_2, ROSTER(ITEM(ADA, "both"))}, ACKED(5));
}

static void ACK_LEAK_only_the_server_says_what_the_roster_is(void **state)
{
	(void)state;
#define FROM(who) "<iq type='result' from='" who "'><query xmlns='jabber:iq:roster'/></iq>"
	SAYS(60, LEAK, SENT, {-5, DIR_OUT, BEN_2, FROM(BEN)}, ACKED(5));
	SAYS(60, LEAK, SENT, {-5, DIR_OUT, BEN_2, FROM("B.Example")}, ACKED(5));
	SAYS(60, "", SENT, {-5, DIR_OUT, BEN_2, FROM("eve@c.example/x")}, ACKED(5));
	SAYS(60, "", SENT, {-5, DIR_IN, BEN_2, ROSTER("")}, ACKED(5));
	SAYS(60, "", SENT, {-5, DIR_OUT, ADA_1, ROSTER("")}, ACKED(5));
	// As before (RFC 6121 2.6.3): no list at all.
	SAYS(60, "", SENT, {-5, DIR_OUT, BEN_2, "<iq type='result' id='1'/>"}, ACKED(5));
}

static void ACK_LEAK_is_about_receipts_and_displayed_markers(void **state)
{
	(void)state;
#define MARKABLE                                                                                   \
	"<message to='" BEN "' id='m'><body>x</body><markable xmlns='urn:xmpp:chat-markers:0'/>"   \
	"</message>"
	SAYS(60, LEAK, {0, DIR_IN, ADA_1, MARKABLE}, {-5, DIR_OUT, BEN_2, ROSTER("")},
	     {5, DIR_IN, BEN_1, DISPLAYED("m")});
	SAYS(60, "", {0, DIR_IN, ADA_1, MARKABLE}, {-5, DIR_OUT, BEN_2, ROSTER("")},
	     {5, DIR_IN, BEN_1,
	      "<message to='" ADA_1 "'><received xmlns='urn:xmpp:chat-markers:0' id='m'/>"
	      "</message>"});
	// Also where it names nothing that is known (P3): S was told all the same.
	SAYS(60, LEAK, {-5, DIR_OUT, BEN_2, ROSTER("")}, ACKED(5));
}

// --- blocks ---

static void ACK_TO_BLOCKED_while_it_is_blocked(void **state)
{
	(void)state;
	SAYS(60, BLOCKED, SENT, {1, DIR_IN, BEN_2, BLOCK(ADA)}, ACKED(5), HEARD(6));
	SAYS(60, BLOCKED, SENT, {1, DIR_IN, BEN_2, BLOCK("A.example")}, ACKED(5), HEARD(6));
	SAYS(60, "", SENT, {1, DIR_IN, BEN_2, BLOCK("b.example")}, ACKED(5), HEARD(6));
	SAYS(60, "", SENT, {7, DIR_IN, BEN_2, BLOCK(ADA)}, ACKED(5), HEARD(6));
	SAYS(60, "", SENT, {1, DIR_IN, BEN_2, BLOCK(ADA)}, ACKED(5)); // the server kept it
	SAYS(60, "", SENT, {1, DIR_IN, ADA_1, BLOCK(ADA)}, ACKED(5), HEARD(6));
	SAYS(60, "", SENT, {1, DIR_OUT, BEN_2, BLOCK(ADA)}, ACKED(5), HEARD(6));
}

static void ACK_TO_BLOCKED_not_after_it_was_lifted(void **state)
{
	(void)state;
	SAYS(60, "", SENT, {1, DIR_IN, BEN_2, BLOCK(ADA)},
	     {2, DIR_IN, BEN_1, UNBLOCK(ITEM(ADA, ""))}, ACKED(5), HEARD(6));
	SAYS(60, "", SENT, {1, DIR_IN, BEN_2, BLOCK(ADA)}, {2, DIR_IN, BEN_1, UNBLOCK("")},
	     ACKED(5), HEARD(6));
	SAYS(60, BLOCKED, SENT, {1, DIR_IN, BEN_2, BLOCK(ADA)}, {2, DIR_IN, BEN_1, UNBLOCK("")},
	     {3, DIR_IN, BEN_2, BLOCK(ADA)}, ACKED(5), HEARD(6));
	SAYS(60, BLOCKED, SENT, {1, DIR_IN, BEN_2, BLOCK("a.example")},
	     {2, DIR_IN, BEN_1, UNBLOCK(ITEM(ADA, ""))}, ACKED(5), HEARD(6));
}

// A copy for the sender's own devices does not reach S.
static void ACK_TO_BLOCKED_a_sent_carbon_is_not_on_its_way_to_S(void **state)
{
	(void)state;
	SAYS(60, "", SENT, {1, DIR_IN, BEN_2, BLOCK(ADA)}, ACKED(5),
	     {6, DIR_OUT, BEN_2,
	      "<message from='" BEN "' to='" BEN_2 "'><sent xmlns='urn:xmpp:carbons:2'>"
	      "<forwarded xmlns='urn:xmpp:forward:0'>" RECEIPT(
		      "m") "</forwarded></sent></message>"});
}

// --- archives ---

static void ACK_ARCHIVED_what_the_device_saw_in_the_archive_only(void **state)
{
	(void)state;
	const char *archived = "ACK-ARCHIVED " BEN_1 " m; ";
	SAYS(60, archived, SENT, {1, DIR_OUT, BEN_2, ASK("m")}, {2, DIR_OUT, BEN_1, ARCHIVED("m")},
	     ACKED(5));
	SAYS(60, "", SENT, {1, DIR_OUT, BEN_2, ASK("m")}, {6, DIR_OUT, BEN_1, ARCHIVED("m")},
	     ACKED(5));
	SAYS(60, "", SENT, {1, DIR_OUT, BEN_2, ASK("m")}, {1, DIR_OUT, BEN_1, ASK("m")},
	     {2, DIR_OUT, BEN_1, ARCHIVED("m")}, ACKED(5));
	SAYS(60, "", SENT, {2, DIR_OUT, BEN_1, ARCHIVED("m")}, ACKED(5)); // nobody had it live
	SAYS(60, "", SENT, {1, DIR_OUT, BEN_2, ASK("m")}, {2, DIR_OUT, BEN_1, ARCHIVED("other")},
	     ACKED(5));
	SAYS(60, "", SENT, {1, DIR_OUT, BEN_2, ASK("m")}, {2, DIR_OUT, BEN_2, ARCHIVED("m")},
	     ACKED(5));
}

// --- features ---

#define MISSING "ACK-MISSING " BEN_1 " m; "
#define ROUTED                                                                                     \
	{                                                                                          \
		1, DIR_OUT, BEN_1, ASK("m")                                                        \
	}

static void ACK_MISSING_from_a_device_that_can(void **state)
{
	(void)state;
	const struct line node = {-8, DIR_IN, BEN_2, DISCO("node='app#v'", FEATURE)};
	const struct line lacks = {-8, DIR_IN, BEN_2, DISCO("node='old#v'", "")};
	SAYS(8 * DAY, MISSING, SENT, ROUTED, node, {-5, DIR_IN, BEN_1, CAPS("app")});
	SAYS(8 * DAY, MISSING, SENT, ROUTED, {-5, DIR_IN, BEN_1, DISCO("", FEATURE)});
	SAYS(8 * DAY, "", SENT, ROUTED, {-5, DIR_IN, BEN_1, DISCO("", "")});
	SAYS(8 * DAY, "", SENT, ROUTED, lacks, {-5, DIR_IN, BEN_1, CAPS("old")});
	SAYS(8 * DAY, "", SENT, ROUTED, {-5, DIR_IN, BEN_1, CAPS("app")});       // features unknown
	SAYS(8 * DAY, "", SENT, ROUTED, node, {-5, DIR_IN, BEN_2, CAPS("app")}); // not routed there
	SAYS(8 * DAY, "", SENT, node, {-5, DIR_IN, BEN_1, CAPS("app")});
	SAYS(8 * DAY, "", SENT, ROUTED, node, {-5, DIR_IN, BEN_1, CAPS("app")}, ACKED(9));
	SAYS(6 * DAY, "", SENT, ROUTED, node, {-5, DIR_IN, BEN_1, CAPS("app")});
	// What the device had when the message came counts; known later only: that.
	SAYS(8 * DAY, "", SENT, ROUTED, node, lacks, {-5, DIR_IN, BEN_1, CAPS("old")},
	     {50, DIR_IN, BEN_1, CAPS("app")});
	SAYS(8 * DAY, MISSING, SENT, ROUTED, node, lacks, {-7, DIR_IN, BEN_1, CAPS("old")},
	     {-5, DIR_IN, BEN_1, CAPS("app")});
	SAYS(8 * DAY, MISSING, SENT, ROUTED, node, {50, DIR_IN, BEN_1, CAPS("app")});
}

static void ACK_MISSING_names_each_such_device(void **state)
{
	(void)state;
	struct line lines[] = {SENT,
			       ROUTED,
			       {1, DIR_OUT, BEN_2, ASK("m")},
			       {1, DIR_OUT, BEN "/3", ASK("m")},
			       {-5, DIR_IN, BEN_1, DISCO("", FEATURE)},
			       {-5, DIR_IN, BEN_2, DISCO("", FEATURE)},
			       {-5, DIR_IN, BEN "/3", DISCO("", "")}};
	struct buf want = {0};
	buf_printf(&want, "ACK-MISSING %s m; ACK-MISSING %s m; ", BEN_1, BEN_2);
	run(lines, 6, false, 8 * DAY, want.data);
	buf_free(&want);
}

// --- reading ---

static struct row read_row(void)
{
	return (struct row){.from = TEXT(ADA),
			    .to = TEXT(BEN),
			    .id = TEXT("m"),
			    .class_ = CLASS_CHAT,
			    .state = STATE_DELIVERED,
			    .flags = FLAG_MARKABLE,
			    .sent_at = START,
			    .routed_at = USEC_NONE,
			    .delivered_at = START + USEC_PER_SEC,
			    .displayed_at = USEC_NONE,
			    .failed_at = USEC_NONE,
			    .retracted_at = USEC_NONE,
			    .read_inferred_at = START + 9 * USEC_PER_SEC};
}

static bool is_stuck(struct row row, usec_t now)
{
	struct world world = {.pairing =
				      pairing_new(&(struct pairing_options){.realm = TEXT("t")})};
	world.audit = audit_new(&(struct audit_options){.hashes = world.pairing,
							.now = now,
							.t_expire = 7 * USEC_PER_DAY,
							.self = &world,
							.found = take_found});
	audit_ready(world.audit);
	audit_plain_acks(world.audit, &row);
	audit_silence(world.audit, &row);
	bool stuck = world.said.data && !strcmp(world.said.data, "MARK-STUCK " BEN " m; ");
	audit_free(world.audit);
	buf_free(&world.said);
	pairing_free(world.pairing);
	return stuck;
}

static void MARK_STUCK_read_without_a_word(void **state)
{
	(void)state;
	const usec_t late = START + 7 * USEC_PER_DAY + 1; // "older than"
	assert_true(is_stuck(read_row(), late));
	assert_false(is_stuck(read_row(), late - 1));
	struct row row = read_row();
	row.read_inferred_at = USEC_NONE;
	assert_false(is_stuck(row, late));
	row = read_row();
	row.displayed_at = START + USEC_PER_SEC;
	assert_false(is_stuck(row, late));
	row = read_row();
	row.delivered_at = USEC_NONE;
	row.state = STATE_ROUTED;
	assert_false(is_stuck(row, late));
	row = read_row();
	row.flags = FLAG_RECEIPT_REQUEST;
	assert_false(is_stuck(row, late));
}

// --- the list of facts ---

static void count_known(void *self, const struct known *fact)
{
	size_t *counts = self;
	counts[fact->kind]++;
	assert_true(fact->first <= fact->last);
}

static void K19_each_fact_is_kept_once(void **state)
{
	(void)state;
	struct world world = {.pairing =
				      pairing_new(&(struct pairing_options){.realm = TEXT("t")})};
	size_t counts[KNOWN_KINDS] = {0};
	const struct line lines[] = {
		{1, DIR_IN, BEN_1, CAPS("app")},
		{3, DIR_OUT, ADA_1,
		 "<presence from='" BEN_1 "'><c xmlns='http://jabber.org/protocol/caps' node='app' "
		 "ver='v'/></presence>"},
		{4, DIR_IN, BEN_1, "<presence type='unavailable'/>"},
		{5, DIR_OUT, BEN_1, ROSTER(ITEM(ADA, "both"))},
		{6, DIR_OUT, BEN_1, ROSTER(ITEM(ADA, "both") ITEM("x@y", "to"))},
		{7, DIR_IN, BEN_1,
		 "<iq type='result'><query xmlns='jabber:iq:version'><name>Hark"
		 "</name><version>1</version></query></iq>"},
		{8, DIR_IN, BEN, CAPS("no-device")},
	};
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		observe(&world, &lines[i], i);
	pairing_known(world.pairing, counts, count_known);
	assert_int_equal(counts[KNOWN_CAPS], 1);
	assert_int_equal(counts[KNOWN_ROSTER], 2);
	assert_int_equal(counts[KNOWN_LIST], 1); // who may see presence is the same
	assert_int_equal(counts[KNOWN_VERSION], 1);
	pairing_reset(world.pairing);
	memset(counts, 0, sizeof counts);
	pairing_known(world.pairing, counts, count_known);
	assert_int_equal(counts[KNOWN_CAPS] + counts[KNOWN_ROSTER], 0);
	pairing_free(world.pairing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ACK_LEAK_the_newest_roster_before_the_ack_counts),
		cmocka_unit_test(ACK_LEAK_pushes_change_one_item),
		cmocka_unit_test(ACK_LEAK_only_the_server_says_what_the_roster_is),
		cmocka_unit_test(ACK_LEAK_is_about_receipts_and_displayed_markers),
		cmocka_unit_test(ACK_TO_BLOCKED_while_it_is_blocked),
		cmocka_unit_test(ACK_TO_BLOCKED_not_after_it_was_lifted),
		cmocka_unit_test(ACK_TO_BLOCKED_a_sent_carbon_is_not_on_its_way_to_S),
		cmocka_unit_test(ACK_ARCHIVED_what_the_device_saw_in_the_archive_only),
		cmocka_unit_test(ACK_MISSING_from_a_device_that_can),
		cmocka_unit_test(ACK_MISSING_names_each_such_device),
		cmocka_unit_test(MARK_STUCK_read_without_a_word),
		cmocka_unit_test(K19_each_fact_is_kept_once),
	};
	return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
