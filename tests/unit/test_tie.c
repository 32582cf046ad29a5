// SPDX-License-Identifier: Apache-2.0
// What is kept of a stanza for the order of one instant (PAIRING T1), and what must not be.
#include "core/buf.h"
#include "ingest/stanza.h"
#include "pairing/tie.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define START INT64_C(1772445600000000) // 2026-03-02T10:00:00Z
#define ADA "ada@a.example"
#define BEN "ben@b.example"
#define STATE "<active xmlns='http://jabber.org/protocol/chatstates'/>"
#define START_TAG "<message to='" BEN "' id='1' type='chat'>"
#define SECRET START_TAG "<body>secret</body>" STATE "</message>"
#define ALONE START_TAG STATE "</message>"

struct world {
	struct pairing *pairing;
	char message[4096], state[4096]; // their ties, 0x00 and 0x01 shown as "|" and "/"
};

static void show(char *out, struct text tie)
{
	assert_true(tie.n < 4096);
	for (size_t i = 0; i < tie.n; i++)
		out[i] = tie.p[i] == 0 ? '|' : tie.p[i];
	for (size_t i = 0; i < tie.n; i++)
		out[i] = tie.p[i] == 1 ? '/' : out[i];
	out[tie.n] = '\0';
}

static void take_change(void *self, const struct entry_change *change)
{
	struct world *world = self;
	show(world->message, change->rows[0].tie);
}

static void take_state(void *self, const struct chat_state_seen *seen)
{
	struct world *world = self;
	show(world->state, seen->tie);
}

static void observe(struct world *world, bool exact, enum direction dir, const char *session,
		    const char *xml)
{
	struct stanza_parser *parser = stanza_parser_new();
	struct arena *arena = arena_new();
	struct stanza *stanza = NULL;
	const char *reason = NULL;
	assert_int_equal(stanza_parse(parser, text_of(xml), arena, &stanza, &reason), STANZA_OK);
	pairing_observe(world->pairing, &(struct observation){.at = START,
							      .source = 1,
							      .feed = TEXT("log"),
							      .dir = dir,
							      .session = text_of(session),
							      .raw = text_of(xml),
							      .exact = exact,
							      .stanza = stanza,
							      .position = 1});
	arena_free(arena);
	stanza_parser_free(parser);
}

static struct world begin(enum bodies_mode bodies)
{
	return (struct world){.pairing = pairing_new(&(struct pairing_options){
				      .realm = TEXT("test"), .bodies = bodies})};
}

static void end(struct world *world)
{
	pairing_changes(world->pairing, world, take_change);
	pairing_chat_states(world->pairing, world, take_state);
	pairing_free(world->pairing);
}

static void direction_kind_text_and_session_are_kept(void **state)
{
	(void)state;
	struct world world = begin(BODIES_FULL);
	observe(&world, true, DIR_IN, "Ada@A.example/Desk", SECRET);
	end(&world);
	assert_string_equal(world.message, "10" SECRET "|" ADA "/Desk");
	world = begin(BODIES_FULL);
	observe(&world, true, DIR_IN, ADA "/Desk", ALONE);
	end(&world);
	assert_string_equal(world.state, "12" ALONE "|" ADA "/Desk");
}

static void nothing_is_kept_where_the_clock_keeps_lines_apart(void **state)
{
	(void)state;
	struct world world = begin(BODIES_FULL);
	observe(&world, false, DIR_IN, ADA "/Desk", SECRET);
	end(&world);
	assert_string_equal(world.message, "");
	assert_string_equal(world.state, "");
}

static void no_content_is_kept_when_bodies_are_not(void **state)
{
	(void)state;
	static const enum bodies_mode modes[] = {BODIES_HMAC, BODIES_NONE};
	for (size_t i = 0; i < 2; i++) {
		struct world world = begin(modes[i]);
		observe(&world, true, DIR_IN, ADA "/Desk", SECRET);
		end(&world);
		assert_string_equal(world.message, "10" START_TAG "|" ADA "/Desk");
		assert_string_equal(world.state, "10" START_TAG "|" ADA "/Desk");
	}
}

// Retention of bodies looks at messages, not at chat states.
static void a_chat_state_never_keeps_a_body(void **state)
{
	(void)state;
	struct world world = begin(BODIES_FULL);
	observe(&world, true, DIR_IN, ADA "/Desk", SECRET);
	end(&world);
	assert_string_equal(world.state, "10" START_TAG "|" ADA "/Desk");
}

static void a_long_stanza_is_cut(void **state)
{
	(void)state;
	struct buf xml = {0};
	struct world world = begin(BODIES_FULL);
	buf_zstr(&xml, START_TAG "<body>");
	for (int i = 0; i < 5000; i++)
		buf_char(&xml, 'x');
	buf_zstr(&xml, "</body></message>");
	buf_char(&xml, '\0');
	observe(&world, true, DIR_IN, ADA "/Desk", xml.data);
	end(&world);
	assert_int_equal(strlen(world.message), 2 + 1024 + strlen("|" ADA "/Desk"));
	buf_free(&xml);
}

// What gave the time, and what named the sender, may be two lines.
static void a_second_line_is_kept_when_it_named_the_sender(void **state)
{
	(void)state;
	struct world world = begin(BODIES_NONE);
	observe(&world, true, DIR_ROUTE, NULL,
		"<message from='" ADA "' id='1' to='" BEN "'><body>x</body></message>");
	observe(&world, true, DIR_ROUTE, NULL,
		"<message id='1' from='" ADA "/Desk' to='" BEN "'><body>x</body></message>");
	end(&world);
	assert_string_equal(world.message, "20<message from='" ADA "' id='1' to='" BEN "'>|/"
					   "20<message from='" ADA "' id='1' to='" BEN "'>|/"
					   "20<message id='1' from='" ADA "/Desk' to='" BEN "'>|");
}

#define TIE(text) "10" text "\0" ADA

static void ties_come_back_as_they_were(void **state)
{
	(void)state;
	struct text a = TEXT(TIE("a")), b = TEXT(TIE("b")), who = TEXT("Desk");
	struct incarnation all[] = {
		{.tie = a, .from_tie = a, .from_resource = who},
		{.tie = b, .from_tie = a, .from_resource = who},
		{.tie = TEXT_NONE, .from_tie = TEXT_NONE},
		{.tie = b, .from_tie = TEXT_NONE, .from_account = who},
	};
	for (size_t count = 1; count <= 4; count++) {
		struct buf out = {0};
		struct incarnation back[4] = {{0}};
		ties_encode(&out, a, all, count);
		assert_true(text_same(tie_own(buf_view(&out)), a));
		ties_decode(buf_view(&out), back, count);
		for (size_t i = 0; i < count; i++) {
			assert_true(text_same(back[i].tie, all[i].tie));
			assert_true(text_same(back[i].from_tie, all[i].from_tie));
		}
		buf_free(&out);
	}
}

static void what_was_taken_out_leaves_none(void **state)
{
	(void)state;
	struct incarnation back[2] = {{.tie = TEXT("x")}, {.tie = TEXT("x")}};
	ties_decode(TEXT_NONE, back, 2);
	assert_null(back[0].tie.p);
	assert_null(back[1].from_tie.p);
	assert_null(tie_own(TEXT_NONE).p);
	ties_decode(TEXT("10a\1"), back, 2); // cut short
	assert_null(back[1].tie.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(direction_kind_text_and_session_are_kept),
		cmocka_unit_test(nothing_is_kept_where_the_clock_keeps_lines_apart),
		cmocka_unit_test(no_content_is_kept_when_bodies_are_not),
		cmocka_unit_test(a_chat_state_never_keeps_a_body),
		cmocka_unit_test(a_long_stanza_is_cut),
		cmocka_unit_test(a_second_line_is_kept_when_it_named_the_sender),
		cmocka_unit_test(ties_come_back_as_they_were),
		cmocka_unit_test(what_was_taken_out_leaves_none),
	};
	return cmocka_run_group_tests_name("ties", tests, NULL, NULL);
}
