// SPDX-License-Identifier: Apache-2.0
// Roll-ups by acknowledging device and by condition of failures (F9, P11), and what is read from them: the
// same whatever the order and the batches, and whether the software of a device was learnt before or after
// it acknowledged.
#include "tests/db/recompute.h"
#include "tests/db/stage.h"

#include "ingest/stanza.h"
#include "store/rollup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define MINUTE (60 * SEC)
#define HOUR (60 * MINUTE)
#define TABLET BEN "/tablet"
#define DESK BEN "/desk"
#define CAPS(node)                                                                                 \
	"<presence><c xmlns='http://jabber.org/protocol/caps' node='" node "' ver='v'/></presence>"
#define DISCO(node, name)                                                                          \
	"<iq type='result' to='b.example'><query " node                                            \
	" xmlns='http://jabber.org/protocol/disco#info'><identity category='client' "              \
	"type='phone' name='" name "'/></query></iq>"
#define VERSION(name, release)                                                                     \
	"<iq type='result' to='b.example'><query xmlns='jabber:iq:version'><name>" name            \
	"</name><version>" release "</version></query></iq>"

static uint32_t seed = 20261128;

static int below(int n)
{
	seed = seed * 1664525u + 1013904223u;
	return (int)((seed >> 8) % (uint32_t)n);
}

static void learn(usec_t at, const char *session, const char *xml)
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
				      .dir = DIR_IN,
				      .session = text_of(session),
				      .raw = text_of(xml),
				      .stanza = stanza,
				      .position = position_pack((uint32_t)sample.generation.id,
								sample.offset, 0)});
	stanza_parser_free(parser);
}

static char *realm_text(const char *format)
{
	char query[600];
	snprintf(query, sizeof query, format, (int)sample.realm.id);
	return fixture_text(store, query);
}

static void assert_sums(const char *format, const char *expected)
{
	char *text = realm_text(format);
	assert_string_equal(text ? text : "", expected);
	free(text);
}

#define FAILURES                                                                                   \
	"SELECT string_agg(x, '; ' ORDER BY x) FROM (SELECT from_domain || '>' || to_domain || "   \
	"' ' || condition || ' ' || sum(failed) || ' ' || sum(requested) AS x "                    \
	"FROM rollup_failure WHERE realm = %d GROUP BY from_domain, to_domain, condition "         \
	"HAVING sum(failed) <> 0) AS s"
#define DEVICES                                                                                    \
	"SELECT string_agg(x, '; ' ORDER BY x) FROM (SELECT (r.device <> 0) || ' ' || "            \
	"sum(sent) || ' ' || sum(requested) || ' ' || sum(confirmed) AS x "                        \
	"FROM rollup_device AS r WHERE realm = %d GROUP BY r.device HAVING sum(sent) <> 0) AS s"

// --- which device ---

static void sent(usec_t at, const char *id)
{
	sample_line(&sample, (struct sample_line){.at = at,
						  .dir = DIR_IN,
						  .session = ADA "/phone",
						  .to = BEN,
						  .id = id,
						  .body = "x",
						  .asks = true});
}

static void written(usec_t at, const char *id, const char *device)
{
	sample_line(&sample, (struct sample_line){.at = at,
						  .dir = DIR_OUT,
						  .session = device,
						  .from = ADA "/phone",
						  .to = BEN,
						  .id = id,
						  .body = "x",
						  .asks = true});
}

static void received(usec_t at, const char *id, const char *device)
{
	sample_line(&sample, (struct sample_line){.at = at,
						  .dir = DIR_IN,
						  .session = device,
						  .to = ADA "/phone",
						  .id = "ack",
						  .receipt = id});
}

static void failed(usec_t at, const char *id, const char *condition)
{
	sample_line(&sample, (struct sample_line){.at = at,
						  .dir = DIR_OUT,
						  .session = ADA "/phone",
						  .from = BEN,
						  .to = ADA "/phone",
						  .id = id,
						  .error = condition});
}

static void a_message_counts_for_who_acknowledged_else_for_who_alone_got_it(void **state)
{
	(void)state;
	sent(NOON, "m1");
	sample_commit(&sample);
	assert_sums(DEVICES, "false 1 1 0");
	written(NOON + SEC, "m1", TABLET);
	sample_commit(&sample);
	assert_sums(DEVICES, "true 1 1 0");
	written(NOON + SEC, "m1", DESK); // of two nobody knows
	sample_commit(&sample);
	assert_sums(DEVICES, "false 1 1 0");
	received(NOON + 3 * SEC, "m1", DESK);
	sample_commit(&sample);
	assert_sums(DEVICES, "true 1 1 1");
	assert_recomputed_equal(&sample, "desk");
	char *desk =
		realm_text("SELECT string_agg(device::text, ' ') FROM message WHERE realm = %d");
	received(NOON + 2 * SEC, "m1", TABLET); // the first that acknowledged
	sample_commit(&sample);
	char *tablet =
		realm_text("SELECT string_agg(device::text, ' ') FROM message WHERE realm = %d");
	assert_string_not_equal(desk, tablet);
	assert_sums(DEVICES, "true 1 1 1");
	assert_recomputed_equal(&sample, "tablet");
	free(desk);
	free(tablet);
}

static void a_marker_counts_only_where_no_receipt_came(void **state)
{
	(void)state;
	struct sample_line line = {.at = NOON + SEC,
				   .dir = DIR_IN,
				   .session = DESK,
				   .to = ADA "/phone",
				   .id = "shown",
				   .displayed = "m1"};
	sent(NOON, "m1");
	sample_line(&sample, line);
	sample_commit(&sample);
	char *desk = realm_text("SELECT device::text FROM message WHERE realm = %d");
	received(NOON + 2 * SEC, "m1", TABLET);
	sample_commit(&sample);
	char *tablet = realm_text("SELECT device::text FROM message WHERE realm = %d");
	assert_string_not_equal(desk, tablet);
	assert_string_not_equal(desk, "0");
	assert_recomputed_equal(&sample, "both");
	free(desk);
	free(tablet);
}

// --- failures ---

static void a_failure_counts_by_the_condition_of_its_earliest_error(void **state)
{
	(void)state;
	sent(NOON, "m1");
	sent(NOON + MINUTE, "m2");
	failed(NOON + 10 * SEC, "m1", "gone");
	failed(NOON + 2 * MINUTE, "m2", "made-up");
	sample_commit(&sample);
	assert_sums(FAILURES, "a.example>b.example gone 1 1; a.example>b.example other 1 1");
	failed(NOON + 5 * SEC, "m1", "service-unavailable");
	sample_commit(&sample);
	assert_sums(FAILURES,
		    "a.example>b.example other 1 1; a.example>b.example service-unavailable 1 1");
	assert_recomputed_equal(&sample, "an earlier error");
	received(NOON + 20 * SEC, "m1", TABLET);
	sample_commit(&sample);
	assert_sums(FAILURES, "a.example>b.example other 1 1");
	assert_recomputed_equal(&sample, "delivered after all");
}

static void conditions_are_a_closed_list_that_both_sides_know(void **state)
{
	(void)state;
	static const char *const names[] = {"amp",  "gone", "service-unavailable",
					    "text", "Gone", "unexpected-request"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char id[16];
		snprintf(id, sizeof id, "m%zu", i);
		sent(NOON + (usec_t)i * MINUTE, id);
		failed(NOON + (usec_t)i * MINUTE + SEC, id, names[i]);
	}
	sample_commit(&sample);
	assert_recomputed_equal(&sample, "conditions");
	assert_sums("SELECT sum(failed)::text FROM rollup_failure WHERE realm = %d "
		    "AND condition = 'other'",
		    "2");
}

// --- hostile histories ---

static const char *const users[] = {ADA, BEN, "cy@a.example", "dora@c.example"};
static const char *const devices[] = {"phone", "tablet", "desk"};
static const char *const errors[] = {"gone", "service-unavailable", "no-such-thing"};

static void any_line(void)
{
	char from[64], to[64], id[16];
	const char *receiver = users[below(4)];
	snprintf(from, sizeof from, "%s/phone", users[below(4)]);
	snprintf(to, sizeof to, "%s/%s", receiver, devices[below(3)]);
	snprintf(id, sizeof id, "m%d", below(10));
	usec_t at = NOON + (usec_t)below(3 * 24 * 60) * MINUTE + below(3) * 400000;
	struct sample_line line = {
		.at = at, .dir = DIR_IN, .session = from, .to = receiver, .id = id};
	switch (below(8)) {
	case 0:
	case 1:
	case 2:
		line.body = below(4) ? "one" : "two";
		line.asks = below(4);
		line.markable = below(2);
		break;
	case 3:
	case 4: // written to a device
		line.dir = DIR_OUT;
		line.session = to;
		line.from = from;
		line.body = "one";
		line.asks = below(4);
		break;
	case 5:
		line.session = to;
		line.to = from;
		line.receipt = id;
		line.id = "own";
		break;
	case 6:
		line.session = to;
		line.to = from;
		line.displayed = id;
		line.id = "own";
		break;
	default:
		line.dir = DIR_OUT;
		line.session = line.to = from;
		line.from = receiver;
		line.error = errors[below(3)];
	}
	sample_line(&sample, line);
}

static void sums_equal_a_recompute_after_every_commit(void **state)
{
	(void)state;
	struct err err = {0};
	for (int batch = 0; batch < 40; batch++) {
		char when[32];
		for (int n = 1 + below(12); n > 0; n--)
			any_line();
		sample_commit(&sample);
		snprintf(when, sizeof when, "batch %d", batch);
		assert_recomputed_equal(&sample, when);
	}
	fixture_sql(store, "BEGIN");
	assert_true(
		rollups_restate(store, sample.realm.id, NOON - 48 * HOUR, NOON + 96 * HOUR, &err));
	fixture_sql(store, "COMMIT");
	assert_recomputed_equal(&sample, "restated");
	any_line();
	sample_commit(&sample);
	assert_recomputed_equal(&sample, "and moved on");
	assert_sums("SELECT (count(*) > 5 AND count(DISTINCT condition) = 3)::text "
		    "FROM rollup_failure WHERE realm = %d",
		    "true");
	assert_sums("SELECT (count(DISTINCT device) > 5)::text FROM rollup_device WHERE realm = %d",
		    "true");
}

// --- clients, in any order ---

static char *clients(void)
{
	struct buf text = {0};
	struct err err = {0};
	struct arena *arena = arena_new();
	struct metric_groups groups;
	const struct group_query query = {.realm = sample.realm.id,
					  .by = GROUP_CLIENTS,
					  .order = GROUP_NAME,
					  .limit = 100,
					  .since = usec_floor(NOON, USEC_PER_DAY),
					  .until =
						  usec_floor(NOON, USEC_PER_DAY) + 4 * USEC_PER_DAY,
					  .now = NOON + 9 * USEC_PER_DAY,
					  .t_expire = 7 * USEC_PER_DAY};
	if (!store_groups(store, &query, arena, &groups, &err))
		fail_msg("%s", err.text);
	for (size_t i = 0; i <= groups.count + 1; i++) {
		const struct metric_group *group = i < groups.count    ? &groups.items[i]
						   : i == groups.count ? &groups.no_software
								       : &groups.no_device;
		buf_text(&text, i < groups.count    ? group->name
				: i == groups.count ? TEXT("unknown")
						    : TEXT("none"));
		buf_char(&text, ' ');
		buf_text(&text, i < groups.count && group->detail.p ? group->detail : TEXT("-"));
		buf_printf(&text, " %d/%d/%d+%d+%d %d; ", (int)group->sent, (int)group->requested,
			   (int)group->confirmed, (int)group->pending, (int)group->expired,
			   (int)group->ttd_n);
	}
	arena_free(arena);
	return text.data;
}

static void assert_clients(const char *expected)
{
	char *text = clients();
	assert_string_equal(text, expected);
	free(text);
}

enum { STORY_LINES = 16 };

// Tells one line of the story: messages, acknowledgements, and what devices say of themselves.
static void tell(int line)
{
	usec_t next_day = NOON + USEC_PER_DAY, third = NOON + 2 * USEC_PER_DAY;
	switch (line) {
	case 0:
		sent(NOON, "m1");
		break;
	case 1:
		written(NOON + SEC, "m1", TABLET);
		break;
	case 2:
		received(NOON + 2 * SEC, "m1", TABLET);
		break;
	case 3:
		sent(next_day, "m2");
		break;
	case 4:
		written(next_day + SEC, "m2", TABLET);
		break;
	case 5:
		sent(third, "m3");
		break;
	case 6:
		received(third + SEC, "m3", TABLET);
		break;
	case 7:
		sent(third + HOUR, "m4");
		break;
	case 8:
		received(third + HOUR + SEC, "m4", DESK);
		break;
	case 9:
		sent(third + 2 * HOUR, "m5");
		break;
	case 10:
		learn(NOON - HOUR, TABLET, CAPS("http://gull.example"));
		break;
	case 11:
		learn(NOON - HOUR, TABLET, DISCO("node='http://gull.example#v'", "Gull"));
		break;
	case 12:
		learn(third - HOUR, TABLET, CAPS("http://tern.example"));
		break;
	case 13:
		learn(NOON + SEC, DESK, VERSION("Auk", "0.3"));
		break;
	case 14:
		received(third + 3 * HOUR, "m5", BEN "/other");
		break;
	default:
		learn(next_day, TABLET, VERSION("Gull", "2.1"));
	}
}

static const char story_end[] = "Auk 0.3 1/1/1+0+0 1; Gull 2.1 2/2/1+0+1 1; "
				"http://tern.example - 1/1/1+0+0 1; unknown - 1/1/1+0+0 1; "
				"none - 0/0/0+0+0 0; ";

static void software_may_be_known_before_or_after_the_acknowledgement(void **state)
{
	(void)state;
	for (int line = 0; line < 10; line++)
		tell(line);
	tell(14);
	sample_commit(&sample);
	assert_clients("unknown - 5/5/4+0+1 4; none - 0/0/0+0+0 0; ");
	char *before = realm_text("SELECT string_agg(ctid::text, ' ' ORDER BY ctid) "
				  "FROM rollup_device WHERE realm = %d");
	for (int line = 10; line < STORY_LINES; line++)
		tell(line);
	sample_commit(&sample);
	assert_clients(story_end);
	assert_recomputed_equal(&sample, "known later");
	char *after = realm_text("SELECT string_agg(ctid::text, ' ' ORDER BY ctid) "
				 "FROM rollup_device WHERE realm = %d");
	assert_string_equal(before, after); // nothing was restated
	free(before);
	free(after);
}

static void any_order_in_any_batches_gives_the_same(void **state)
{
	(void)state;
	for (int round = 0; round < 12; round++) {
		int order[STORY_LINES];
		stop_sample(NULL);
		start_sample(NULL);
		for (int i = 0; i < STORY_LINES; i++)
			order[i] = i;
		for (int i = STORY_LINES - 1; i > 0; i--) {
			int other = below(i + 1), line = order[i];
			order[i] = order[other];
			order[other] = line;
		}
		for (int i = 0; i < STORY_LINES; i++) {
			tell(order[i]);
			if (!below(3) || i == STORY_LINES - 1)
				sample_commit(&sample);
		}
		assert_clients(story_end);
	}
	assert_recomputed_equal(&sample, "shuffled");
}

// What is asked and not answered is pending or expired by the moment of the question, also within the day
// in which one turns to the other.
static void pending_turns_to_expired_within_a_day(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		char id[8];
		snprintf(id, sizeof id, "m%d", i);
		sent(NOON + USEC_PER_DAY + i * HOUR, id);
		written(NOON + USEC_PER_DAY + i * HOUR + SEC, id, DESK);
	}
	learn(NOON, DESK, VERSION("Auk", "0.3"));
	sample_commit(&sample);
	struct arena *arena = arena_new();
	static const enum group_by by[] = {GROUP_CLIENTS, GROUP_PEERS_TO, GROUP_TYPE, GROUP_STORED,
					   GROUP_TO_DOMAIN};
	for (size_t k = 0; k < sizeof by / sizeof *by; k++) {
		for (int passed = -1; passed < 5; passed++) {
			struct err err = {0};
			struct metric_groups groups;
			struct group_query query = {.realm = sample.realm.id,
						    .by = by[k],
						    .limit = 10,
						    .since = usec_floor(NOON, USEC_PER_DAY),
						    .until = usec_floor(NOON, USEC_PER_DAY) +
							     4 * USEC_PER_DAY,
						    .now = NOON + 8 * USEC_PER_DAY + passed * HOUR,
						    .t_expire = 7 * USEC_PER_DAY};
			assert_true(store_groups(store, &query, arena, &groups, &err));
			assert_int_equal(groups.count, 1);
			int expired = passed < 0 ? 0 : passed > 3 ? 4 : passed + 1;
			assert_int_equal(groups.items[0].expired, expired);
			assert_int_equal(groups.items[0].pending, 4 - expired);
		}
	}
	arena_free(arena);
}

// --- check ---

static void spoil(const char *statement, const char *expected)
{
	char query[300];
	struct buf text = {0};
	snprintf(query, sizeof query, statement, (int)sample.realm.id);
	fixture_sql(store, query);
	struct check_result result = recompute(&sample, USEC_NONE, USEC_NONE, &text);
	assert_true(result.differences > 0);
	if (!strstr(text.data, expected))
		fail_msg("%s\n%s", query, text.data);
	buf_free(&text);
	struct err err = {0};
	fixture_sql(store, "BEGIN");
	assert_true(
		rollups_restate(store, sample.realm.id, NOON - 48 * HOUR, NOON + 96 * HOUR, &err));
	fixture_sql(store, "COMMIT");
	assert_recomputed_equal(&sample, "restated");
}

static void check_finds_what_was_spoiled(void **state)
{
	(void)state;
	sent(NOON, "m1");
	received(NOON + SEC, "m1", TABLET);
	sent(NOON + MINUTE, "m2");
	failed(NOON + 2 * MINUTE, "m2", "gone");
	sample_commit(&sample);
	assert_recomputed_equal(&sample, "as it was");
	spoil("UPDATE rollup_device SET confirmed = confirmed + 1 WHERE realm = %d AND device <> 0",
	      "confirmed 2, recomputed 1");
	spoil("UPDATE rollup_device SET bins = '{77}' WHERE realm = %d AND device <> 0", "bin 77");
	spoil("DELETE FROM rollup_device WHERE realm = %d", "sent 0, recomputed 1");
	spoil("UPDATE rollup_failure SET condition = 'forbidden' WHERE realm = %d", "forbidden");
	spoil("UPDATE rollup_failure SET requested = 0 WHERE realm = %d",
	      "requested 0, recomputed 1");
	fixture_sql(store, "BEGIN");
	char query[120];
	snprintf(query, sizeof query,
		 "UPDATE message SET device = 5 WHERE realm = %d AND id = 'm1'",
		 (int)sample.realm.id);
	fixture_sql(store, query);
	fixture_sql(store, "COMMIT");
	struct buf text = {0};
	recompute(&sample, USEC_NONE, USEC_NONE, &text);
	assert_non_null(strstr(text.data, ": device 5, recomputed "));
	buf_free(&text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start_sample, stop_sample)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_message_counts_for_who_acknowledged_else_for_who_alone_got_it),
		TEST(a_marker_counts_only_where_no_receipt_came),
		TEST(a_failure_counts_by_the_condition_of_its_earliest_error),
		TEST(conditions_are_a_closed_list_that_both_sides_know),
		TEST(sums_equal_a_recompute_after_every_commit),
		TEST(software_may_be_known_before_or_after_the_acknowledgement),
		TEST(any_order_in_any_batches_gives_the_same),
		TEST(pending_turns_to_expired_within_a_day),
		TEST(check_finds_what_was_spoiled),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
