// SPDX-License-Identifier: Apache-2.0
// Facts about devices, accounts and archives (K19, E4) in the database, and the findings that are
// judged by them when somebody asks.
#include "tests/db/stage.h"

#include "ingest/stanza.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define TABLET BEN "/tablet"
#define LAPTOP BEN "/laptop"
#define ROSTER(items) "<iq type='result'><query xmlns='jabber:iq:roster'>" items "</query></iq>"
#define BLOCK "<iq type='set'><block xmlns='urn:xmpp:blocking'><item jid='" ADA "'/></block></iq>"
#define CAPS "<presence><c xmlns='http://jabber.org/protocol/caps' node='app' ver='v'/></presence>"
#define DISCO                                                                                      \
	"<iq type='result' to='b.example'><query node='app#v' "                                    \
	"xmlns='http://jabber.org/protocol/disco#info'><feature var='urn:xmpp:receipts'/>"         \
	"</query></iq>"
#define ARCHIVED(id)                                                                               \
	"<message from='" BEN "' to='" LAPTOP "'><result xmlns='urn:xmpp:mam:2'><forwarded "       \
	"xmlns='urn:xmpp:forward:0'><message from='" ADA "/phone' to='" BEN "' id='" id            \
	"' type='chat'><body>x</body></message></forwarded></result></message>"

static void learn(usec_t at, enum direction dir, const char *session, const char *xml)
{
	struct stanza_parser *parser = stanza_parser_new();
	struct stanza *stanza = NULL;
	const char *reason = NULL;
	assert_int_equal(stanza_parse(parser, text_of(xml), sample.arena, &stanza, &reason),
			 STANZA_OK);
	sample.offset += 100;
	sample.records++;
	sample.first_at = sample.last_at = at;
	pairing_observe(
		sample.pairing,
		&(struct observation){.at = at,
				      .source = sample.source,
				      .feed = TEXT("log"),
				      .dir = dir,
				      .session = text_of(session),
				      .raw = text_of(xml),
				      .stanza = stanza,
				      .position = position_pack((uint32_t)sample.generation.id,
								sample.offset, 0)});
	stanza_parser_free(parser);
}

static bool add_finding(void *self, const struct stored_finding *finding)
{
	buf_text(self, finding->rule);
	buf_char(self, ' ');
	buf_text(self, finding->by);
	buf_char(self, ' ');
	buf_text(self, finding->ref);
	buf_printf(self, " %d; ", (int)finding->count);
	return true;
}

static void assert_within(usec_t since, usec_t until, usec_t now, const char *expected)
{
	struct buf text = {0};
	struct err err = {0};
	struct finding_filter filter = {.realm = sample.realm.id,
					.since = since,
					.until = until,
					.now = now,
					.t_expire = 7 * USEC_PER_DAY,
					.w_match = 30 * USEC_PER_DAY};
	assert_true(store_findings(store, &filter, &text, add_finding, &err));
	assert_string_equal(text.data ? text.data : "", expected);
	buf_free(&text);
}

static void assert_findings(usec_t now, const char *expected)
{
	assert_within(USEC_NONE, USEC_NONE, now, expected);
}

static int64_t count(const char *where)
{
	char query[256];
	snprintf(query, sizeof query, "SELECT count(*) FROM known WHERE realm = %d AND %s",
		 (int)sample.realm.id, where);
	return fixture_int(store, query);
}

static void a_fact_is_the_union_of_its_sightings(void **state)
{
	(void)state;
	learn(NOON + 5 * SEC, DIR_IN, TABLET, CAPS);
	sample_commit(&sample);
	learn(NOON + 9 * SEC, DIR_IN, TABLET, CAPS);
	sample_commit(&sample);
	learn(NOON + SEC, DIR_IN, TABLET, CAPS); // an older log is imported later
	sample_commit(&sample);
	assert_int_equal(count("kind = 0"), 1);
	assert_int_equal(count("first_at = '2026-03-02T12:00:01Z' AND last_at = "
			       "'2026-03-02T12:00:09Z' AND object = 'app#v'"),
			 1);
}

static void a_roster_is_kept_once_and_its_times_all(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		learn(NOON + i * SEC, DIR_OUT, TABLET,
		      ROSTER("<item jid='x@y' subscription='both'/>"));
		sample_commit(&sample);
	}
	assert_int_equal(count("kind = 3"), 3);
	assert_int_equal(count("kind = 4 AND value = E'x@y\\n'"), 1);
	assert_int_equal(count("kind = 4 AND last_at = '2026-03-02T12:00:00Z'"), 1);
	learn(NOON + 2 * USEC_PER_DAY, DIR_OUT, TABLET,
	      ROSTER("<item jid='x@y' subscription='both'/>"));
	sample_commit(&sample);
	assert_int_equal(count("kind = 4 AND last_at = '2026-03-04T12:00:00Z'"), 1);
}

static void what_comes_later_is_judged_as_if_it_had_been_there(void **state)
{
	(void)state;
	sample_message(&sample, NOON, "m1");
	sample_receipt(&sample, NOON + SEC, "m1", "r1");
	sample_commit(&sample);
	assert_findings(NOON + USEC_PER_DAY, "");
	learn(NOON - SEC, DIR_OUT, TABLET, ROSTER(""));
	sample_commit(&sample);
	assert_findings(NOON + USEC_PER_DAY, "ACK-LEAK " TABLET " m1 1; ");
	// And it is taken back when more is known.
	learn(NOON - SEC / 2, DIR_OUT, LAPTOP, ROSTER("<item jid='" ADA "' subscription='from'/>"));
	sample_commit(&sample);
	assert_findings(NOON + USEC_PER_DAY, "");
}

static void acks_of_complex_rows_are_judged_too(void **state)
{
	(void)state;
	learn(NOON - SEC, DIR_IN, TABLET, BLOCK);
	sample_message(&sample, NOON, "m1");
	sample_receipt(&sample, NOON + SEC, "m1", "r1");
	sample_line(&sample, (struct sample_line){.at = NOON + 2 * SEC,
						  .dir = DIR_OUT,
						  .session = ADA "/phone",
						  .from = LAPTOP,
						  .to = ADA "/phone",
						  .id = "r2",
						  .receipt = "m1"});
	sample_commit(&sample);
	assert_findings(NOON + USEC_PER_DAY, "ACK-TO-BLOCKED " LAPTOP " m1 1; ");
}

static void a_blocked_sender_of_a_plain_row(void **state)
{
	(void)state;
	struct sample_line out = {.at = NOON + 2 * SEC,
				  .dir = DIR_OUT,
				  .session = ADA "/phone",
				  .from = TABLET,
				  .to = ADA "/phone",
				  .id = "r1",
				  .receipt = "m1"};
	learn(NOON - SEC, DIR_IN, LAPTOP, BLOCK);
	sample_message(&sample, NOON, "m1");
	sample_receipt(&sample, NOON + SEC, "m1", "r1");
	sample_commit(&sample);
	assert_findings(NOON + USEC_PER_DAY, "");
	sample_line(&sample, out);
	sample_commit(&sample);
	assert_findings(NOON + USEC_PER_DAY, "ACK-TO-BLOCKED " TABLET " m1 1; ");
}

static void what_an_archive_gave_out(void **state)
{
	(void)state;
	sample_message(&sample, NOON, "m1"); // out to the tablet
	sample_line(&sample, (struct sample_line){.at = NOON + 9 * SEC,
						  .dir = DIR_IN,
						  .session = LAPTOP,
						  .to = ADA "/phone",
						  .id = "r1",
						  .receipt = "m1"});
	sample_commit(&sample);
	learn(NOON + 12 * SEC, DIR_OUT, LAPTOP, ARCHIVED("m1"));
	sample_commit(&sample);
	assert_findings(NOON + USEC_PER_DAY, ""); // it had acknowledged before
	learn(NOON + 5 * SEC, DIR_OUT, LAPTOP, ARCHIVED("m1"));
	sample_commit(&sample);
	assert_findings(NOON + USEC_PER_DAY, "ACK-ARCHIVED " LAPTOP " m1 1; ");
	// The same of a row with facts of its own: a second device acknowledges.
	sample_receipt(&sample, NOON + 10 * SEC, "m1", "r2");
	sample_commit(&sample);
	assert_findings(NOON + USEC_PER_DAY, "ACK-ARCHIVED " LAPTOP " m1 1; ");
}

static void a_capable_device_that_is_silent(void **state)
{
	(void)state;
	sample_message(&sample, NOON, "m1");
	sample_commit(&sample);
	learn(NOON - 5 * SEC, DIR_IN, TABLET, CAPS);
	learn(NOON + 50 * SEC, DIR_IN, LAPTOP, DISCO);
	sample_commit(&sample);
	const usec_t expires = NOON + 7 * USEC_PER_DAY;
	assert_findings(expires - 1, "");
	assert_findings(expires, "ACK-MISSING " TABLET " m1 1; ");
	// It is found when it expires.
	assert_within(expires, USEC_NONE, expires, "ACK-MISSING " TABLET " m1 1; ");
	assert_within(USEC_NONE, expires, expires, "");
	assert_within(expires + 1, USEC_NONE, expires, "");
	sample_receipt(&sample, NOON + 8 * USEC_PER_DAY, "m1", "r1");
	sample_commit(&sample);
	assert_findings(expires + USEC_PER_DAY, "");
}

static void read_without_a_word(void **state)
{
	(void)state;
	char query[256];
	sample_line(&sample, (struct sample_line){.at = NOON,
						  .dir = DIR_IN,
						  .session = ADA "/phone",
						  .to = BEN,
						  .id = "m1",
						  .body = "x",
						  .asks = true,
						  .markable = true});
	sample_receipt(&sample, NOON + SEC, "m1", "r1");
	sample_commit(&sample);
	snprintf(query, sizeof query,
		 "UPDATE message SET read_inferred_at = sent_at + interval '9 s', read_via = 7 "
		 "WHERE realm = %d",
		 (int)sample.realm.id);
	fixture_sql(store, query);
	const usec_t expires = NOON + 7 * USEC_PER_DAY;
	// Days whose roll-ups know of none are not read: settling counts what it writes.
	assert_findings(expires + 1, "");
	snprintf(query, sizeof query,
		 "UPDATE rollup SET read_inferred = 1 WHERE realm = %d AND read_requested = 1",
		 (int)sample.realm.id);
	fixture_sql(store, query);
	assert_findings(expires, "");
	assert_findings(expires + 1, "MARK-STUCK " BEN " m1 1; ");
	assert_within(expires, USEC_NONE, expires + 1, "MARK-STUCK " BEN " m1 1; ");
	assert_within(expires, expires + 1, expires + 1, "MARK-STUCK " BEN " m1 1; ");
	assert_within(USEC_NONE, expires, expires + 1, "");
	assert_within(expires + 1, USEC_NONE, expires + 1, "");
}

static void they_stand_among_the_stored_ones_in_order(void **state)
{
	(void)state;
	learn(NOON - SEC, DIR_OUT, TABLET, ROSTER(""));
	sample_message(&sample, NOON, "m2");
	sample_receipt(&sample, NOON + SEC, "m2", "r1");
	sample_receipt(&sample, NOON + 2 * SEC, "m2", "r2"); // ACK-DUP
	sample_line(&sample, (struct sample_line){.at = NOON + 3 * SEC,
						  .dir = DIR_IN,
						  .session = ADA "/phone",
						  .to = BEN,
						  .body = "no id"});
	sample_commit(&sample);
	assert_findings(NOON + USEC_PER_DAY, "ACK-DUP " TABLET " m2 1; ACK-LEAK " TABLET
					     " m2 2; MSG-NO-ID " ADA "/phone  1; ");
	assert_within(NOON + 2 * SEC, NOON + 3 * SEC, NOON,
		      "ACK-DUP " TABLET " m2 1; ACK-LEAK " TABLET " m2 1; ");
}

static bool stop_at_once(void *self, const struct stored_finding *finding)
{
	int *given = self;
	(void)finding;
	++*given;
	return false;
}

static void the_list_can_be_stopped(void **state)
{
	(void)state;
	struct err err = {0};
	int given = 0;
	const struct finding_filter filter = {.realm = 0,
					      .since = USEC_NONE,
					      .until = USEC_NONE,
					      .now = NOON + 9 * USEC_PER_DAY,
					      .t_expire = 7 * USEC_PER_DAY};
	assert_true(store_findings(store, &filter, &given, stop_at_once, &err));
	assert_int_equal(given, 1);
}

// Realms see worlds of their own (PAIRING never crosses them), also when all are asked for.
static void what_one_realm_knows_says_nothing_of_another(void **state)
{
	(void)state;
	sample_message(&sample, NOON, "m1");
	sample_receipt(&sample, NOON + SEC, "m1", "r1");
	sample_commit(&sample);
	assert_findings(NOON + USEC_PER_DAY, ""); // others know an empty roster of ben
	assert_true(fixture_int(store, "SELECT count(*) FROM known WHERE kind = 3") > 0);
}

// A roster whose list went says nothing any more: it must not say "nobody".
static void what_is_too_old_is_forgotten_and_accuses_nobody(void **state)
{
	(void)state;
	struct err err = {0};
	int64_t deleted = 0;
	sample_message(&sample, NOON, "m1");
	sample_receipt(&sample, NOON + 10 * SEC, "m1", "r1");
	learn(NOON - SEC, DIR_OUT, TABLET, ROSTER(""));
	sample_commit(&sample);
	learn(NOON + 5 * SEC, DIR_OUT, TABLET, ROSTER(""));
	learn(NOON + 5 * SEC, DIR_OUT, LAPTOP, ARCHIVED("m1"));
	sample_commit(&sample);
	assert_findings(NOON, "ACK-LEAK " TABLET " m1 1; ");
	assert_true(store_forget_known(store, NOON + 2 * SEC, &deleted, &err));
	assert_true(deleted >= 2);
	assert_int_equal(count("kind = 4"), 0);
	assert_int_equal(count("kind = 3"), 1);
	assert_findings(NOON, "");
	assert_true(store_forget_known(store, NOON + 6 * SEC, &deleted, &err));
	assert_true(deleted >= 2);
	assert_int_equal(count("true"), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start_sample, stop_sample)
	const struct CMUnitTest tests[] = {
		TEST(a_fact_is_the_union_of_its_sightings),
		TEST(a_roster_is_kept_once_and_its_times_all),
		TEST(what_comes_later_is_judged_as_if_it_had_been_there),
		TEST(acks_of_complex_rows_are_judged_too),
		TEST(a_blocked_sender_of_a_plain_row),
		TEST(what_an_archive_gave_out),
		TEST(a_capable_device_that_is_silent),
		TEST(read_without_a_word),
		TEST(they_stand_among_the_stored_ones_in_order),
		TEST(the_list_can_be_stopped),
		TEST(what_one_realm_knows_says_nothing_of_another),
		TEST(what_is_too_old_is_forgotten_and_accuses_nobody),
	};
	return cmocka_run_group_tests_name("known", tests, start, stop);
}
