// SPDX-License-Identifier: Apache-2.0
// pairing/sequence.h: what the order of a conversation shows, rule by rule.
#include "core/arena.h"
#include "pairing/sequence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define SEC USEC_PER_SEC
#define ADA TEXT("ada@a.example")
#define BEN TEXT("ben@b.example")
#define ROOM TEXT("r@rooms.example")

static struct realm_settings rules;
static struct sequence_row rows[32];
static struct sequence_state states[32];
static struct scene scene;
static struct arena *arena;

static int start(void **state)
{
	(void)state;
	realm_settings_default(&rules);
	scene = (struct scene){.rules = &rules, .rows = rows, .states = states};
	arena = arena_new();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	arena_free(arena);
	realm_settings_free(&rules);
	return 0;
}

static struct sequence_row *row(usec_t at, struct text from, struct text to)
{
	struct sequence_row *it = &rows[scene.row_count++];
	*it = (struct sequence_row){.sent_at = at * SEC,
				    .key = (int64_t)scene.row_count,
				    .n = 1,
				    .from = from,
				    .to = to,
				    .id = TEXT("i"),
				    .resource = TEXT("x"),
				    .delivered_at = USEC_NONE,
				    .displayed_at = USEC_NONE,
				    .reaction_at = USEC_NONE,
				    .reply_at = USEC_NONE,
				    .mds_at = USEC_NONE};
	return it;
}

static struct sequence_state *shows(usec_t at, struct text from, struct text to,
				    enum chat_state what)
{
	struct sequence_state *it = &states[scene.state_count++];
	*it = (struct sequence_state){.at = at * SEC,
				      .party = from,
				      .resource = TEXT("x"),
				      .to = to,
				      .state = what,
				      .used = true,
				      .ingress = true,
				      .own_id = TEXT_NONE};
	return it;
}

static const struct sequence_row *read_row(int64_t key)
{
	scene_sort(&scene);
	states_mark(&scene);
	sequence_read(&scene);
	sequence_response(&scene);
	for (size_t i = 0; i < scene.row_count; i++)
		if (rows[i].key == key)
			return &rows[i];
	fail();
	return NULL;
}

static void assert_read(int64_t key, enum via via, usec_t at)
{
	const struct sequence_row *it = read_row(key);
	assert_int_equal(it->read_via, via);
	assert_true(it->read_inferred_at == (via == VIA_NONE ? USEC_NONE : at * SEC));
}

// --- I ---

static void i1_a_state_after_delivery_infers_reading(void **state)
{
	(void)state;
	row(0, ADA, BEN)->delivered_at = 5 * SEC;
	shows(4, BEN, ADA, STATE_COMPOSING); // before it was delivered
	shows(6, BEN, ADA, STATE_INACTIVE);  // says nothing
	shows(7, BEN, ADA, STATE_ACTIVE)->content = true;
	assert_read(1, VIA_NONE, 0);
	shows(9, BEN, ADA, STATE_PAUSED);
	assert_read(1, VIA_STATE, 9);
	shows(5, BEN, ADA, STATE_ACTIVE); // at the very time
	assert_read(1, VIA_STATE, 5);
}

static void i1_a_late_copy_is_no_sign(void **state)
{
	(void)state;
	row(0, ADA, BEN)->delivered_at = 5 * SEC;
	shows(4, BEN, ADA, STATE_ACTIVE);
	shows(6, BEN, ADA, STATE_ACTIVE); // sent before the delivery
	assert_read(1, VIA_NONE, 0);
	shows(9, BEN, ADA, STATE_ACTIVE)->used = false; // egress of a device with ingress
	assert_read(1, VIA_STATE, 9);
}

static void i1_needs_delivery_and_the_right_direction(void **state)
{
	(void)state;
	row(0, ADA, BEN);
	row(1, ADA, BEN)->delivered_at = 2 * SEC;
	shows(9, BEN, TEXT("cleo@c.example"), STATE_ACTIVE);
	shows(9, ADA, BEN, STATE_ACTIVE);
	assert_read(1, VIA_NONE, 0);
	assert_read(2, VIA_NONE, 0);
}

static void i1_ends_after_t_infer(void **state)
{
	(void)state;
	row(0, ADA, BEN)->delivered_at = 0;
	struct sequence_state *late = shows(0, BEN, ADA, STATE_ACTIVE);
	late->at = rules.t_infer + 1;
	assert_read(1, VIA_NONE, 0);
	late->at = rules.t_infer;
	assert_read(1, VIA_STATE, rules.t_infer / SEC);
}

static void i2_content_needs_delivery_a_reply_does_not(void **state)
{
	(void)state;
	row(0, ADA, BEN);
	row(1, ADA, BEN)->delivered_at = 2 * SEC;
	row(3, BEN, ADA);
	assert_read(1, VIA_NONE, 0);
	assert_read(2, VIA_CONTENT, 3);
	for (size_t i = 0; i < scene.row_count; i++)
		if (rows[i].key == 1)
			rows[i].reply_at = 3 * SEC;
	assert_read(1, VIA_REPLY, 3);
}

static void i3_marks_up_to_within_w_upto(void **state)
{
	(void)state;
	usec_t week = rules.w_upto / SEC;
	row(0, ADA, BEN);
	row(1, ADA, BEN);
	row(2, BEN, ADA);
	row(week + 1, ADA, BEN)->mds_at = (week + 9) * SEC;
	row(week + 1, ADA, BEN);
	row(week + 2, ADA, BEN);
	assert_read(1, VIA_NONE, 0); // too far back
	assert_read(2, VIA_MDS, week + 9);
	assert_read(3, VIA_NONE, 0); // the other direction
	assert_read(5, VIA_MDS, week + 9);
	assert_read(6, VIA_NONE, 0); // later
}

static void i3_the_least_of_several_marks_counts(void **state)
{
	(void)state;
	row(0, ADA, BEN);
	row(1, ADA, BEN)->mds_at = 30 * SEC;
	row(2, ADA, BEN)->mds_at = 20 * SEC;
	row(3, ADA, BEN)->mds_at = 40 * SEC;
	assert_read(1, VIA_MDS, 20);
	assert_read(2, VIA_MDS, 20);
	assert_read(4, VIA_MDS, 40);
}

static void i4_equal_times_have_an_order(void **state)
{
	(void)state;
	struct sequence_row *it = row(0, ADA, BEN);
	it->delivered_at = 5 * SEC;
	row(5, BEN, ADA);
	assert_read(1, VIA_CONTENT, 5);
	shows(5, BEN, ADA, STATE_ACTIVE);
	assert_read(1, VIA_STATE, 5);
	rows[0].reply_at = 5 * SEC;
	assert_read(1, VIA_REPLY, 5);
	rows[0].reaction_at = 5 * SEC;
	assert_read(1, VIA_REACTION, 5);
	rows[0].mds_at = 5 * SEC;
	assert_read(1, VIA_MDS, 5);
	rows[0].displayed_at = 99 * SEC; // explicit reading wins over all
	assert_read(1, VIA_NONE, 0);
}

static void i2_a_note_to_self_does_not_read_itself(void **state)
{
	(void)state;
	row(3, ADA, ADA)->delivered_at = 0;
	rows[0].class_ = CLASS_SELF;
	assert_read(1, VIA_NONE, 0);
	row(4, ADA, ADA)->class_ = CLASS_SELF;
	assert_read(1, VIA_CONTENT, 4);
}

// --- F6 ---

static void f6_the_first_of_a_run_gets_the_response(void **state)
{
	(void)state;
	row(0, ADA, BEN);
	row(1, ADA, BEN);
	row(2, BEN, ADA)->class_ = CLASS_CORRECTION; // is none
	row(3, BEN, ADA);
	row(4, ADA, BEN);
	row(4 + rules.t_infer / SEC + 1, BEN, ADA);
	assert_int_equal(read_row(1)->response_ms, 3000);
	assert_int_equal(read_row(2)->response_ms, -1);
	assert_int_equal(read_row(3)->response_ms, -1);
	assert_int_equal(read_row(4)->response_ms, 1000);
	assert_int_equal(read_row(5)->response_ms, -1); // too late
}

// --- F5 ---

static struct typing found[16];
static size_t found_count;

static void take_typing(void *self, const struct typing *typing)
{
	(void)self;
	found[found_count++] = *typing;
}

static void walk(void)
{
	found_count = 0;
	scene_sort(&scene);
	states_mark(&scene);
	typing_intervals(&scene, NULL, take_typing);
}

static void f5_content_and_states_close_an_interval(void **state)
{
	(void)state;
	shows(0, ADA, BEN, STATE_COMPOSING);
	shows(5, ADA, BEN, STATE_COMPOSING); // is open already
	shows(7, ADA, BEN, STATE_PAUSED);
	shows(10, ADA, BEN, STATE_COMPOSING);
	row(12, ADA, BEN);
	row(11, ADA, BEN)->resource = TEXT("another device");
	walk();
	assert_int_equal(found_count, 2);
	assert_true(found[0].start == 0 && found[0].end == 7 * SEC);
	assert_int_equal(found[0].ended, TYPING_STATE);
	assert_true(found[1].start == 10 * SEC && found[1].end == 12 * SEC);
	assert_int_equal(found[1].ended, TYPING_CONTENT);
}

static void f5_a_late_copy_opens_nothing(void **state)
{
	(void)state;
	shows(0, ADA, BEN, STATE_COMPOSING);
	shows(1, ADA, BEN, STATE_PAUSED);
	shows(2, ADA, BEN, STATE_COMPOSING); // w_state: another sighting of the first one
	walk();
	assert_int_equal(found_count, 1);
	shows(5, ADA, BEN, STATE_COMPOSING); // 3 s after the copy
	walk();
	assert_int_equal(found_count, 2);
	assert_int_equal(found[1].ended, TYPING_OPEN);
}

static void f5_content_comes_before_a_state_of_its_instant(void **state)
{
	(void)state;
	shows(0, ADA, BEN, STATE_COMPOSING);
	shows(4, ADA, BEN, STATE_ACTIVE)->content = true;
	row(4, ADA, BEN)->ingress = true;
	walk();
	assert_int_equal(found_count, 1);
	assert_int_equal(found[0].ended, TYPING_CONTENT);
}

static void f5_ingress_comes_before_egress_of_its_instant(void **state)
{
	(void)state;
	shows(4, ADA, BEN, STATE_COMPOSING);
	row(4, ADA, BEN); // only its egress was seen
	walk();
	assert_int_equal(found_count, 1);
	assert_int_equal(found[0].ended, TYPING_CONTENT);
	rows[0].ingress = true;
	walk();
	assert_int_equal(found[0].ended, TYPING_OPEN);
}

static void f5_egress_of_a_device_with_ingress_is_not_used(void **state)
{
	(void)state;
	shows(0, ADA, BEN, STATE_COMPOSING);
	shows(4, ADA, BEN, STATE_COMPOSING)->used = false;
	shows(3, ADA, BEN, STATE_PAUSED);
	walk();
	assert_int_equal(found_count, 1);
}

static void f5_is_one_to_one_only(void **state)
{
	(void)state;
	shows(0, ADA, ROOM, STATE_COMPOSING)->leg = LEG_UPLOAD;
	walk();
	assert_int_equal(found_count, 0);
}

static void f5_is_capped_and_judged_at_now(void **state)
{
	(void)state;
	struct typing typing = {.start = 0, .end = rules.t_typing, .ended = TYPING_STATE};
	struct typing_judged judged;
	assert_true(typing_judge(&typing, &rules, 0, &judged));
	assert_string_equal(judged.ended_by, "state");
	typing.end++;
	assert_true(typing_judge(&typing, &rules, 0, &judged));
	assert_string_equal(judged.ended_by, "cap");
	assert_int_equal(judged.ms, rules.t_typing / 1000);
	assert_false(judged.composing_open);
	typing = (struct typing){.start = 0, .end = USEC_NONE, .ended = TYPING_OPEN};
	assert_false(typing_judge(&typing, &rules, rules.t_composing_open, &judged));
	assert_true(typing_judge(&typing, &rules, rules.t_composing_open + 1, &judged));
	assert_true(judged.composing_open);
}

// --- findings ---

static struct sequence_finding faults[16];
static size_t fault_count;

static void take_fault(void *self, const struct sequence_finding *finding)
{
	(void)self;
	faults[fault_count++] = *finding;
}

static void judge(void)
{
	fault_count = 0;
	scene_sort(&scene);
	states_mark(&scene);
	states_pair(&scene);
	states_repeats(&scene, arena, NULL, take_fault);
	states_unnegotiated(&scene, NULL, take_fault);
}

static void cs_repeat_needs_the_same_lone_state_of_one_device(void **state)
{
	(void)state;
	shows(0, ADA, BEN, STATE_COMPOSING);
	shows(10, ADA, BEN, STATE_COMPOSING)->resource = TEXT("y");
	shows(20, ADA, BEN, STATE_ACTIVE)->content = true;
	shows(30, ADA, BEN, STATE_COMPOSING);
	judge();
	assert_int_equal(fault_count, 0);
	shows(32, ADA, BEN, STATE_COMPOSING); // a copy
	judge();
	assert_int_equal(fault_count, 0);
	shows(40, ADA, BEN, STATE_COMPOSING);
	judge();
	assert_int_equal(fault_count, 1);
	assert_string_equal(faults[0].rule, "CS-REPEAT");
	assert_string_equal(faults[0].ref, "composing");
	assert_true(text_is(faults[0].by, "ada@a.example/x"));
}

static struct sequence_state *mirror(usec_t at, const char *id)
{
	struct sequence_state *it = shows(at, TEXT("r@rooms.example/Ada"), ROOM, STATE_COMPOSING);
	it->leg = LEG_MIRROR;
	it->resource = TEXT_NONE;
	it->ingress = false;
	it->own_id = text_of(id);
	return it;
}

static void p12_two_legs_are_one_repeat_by_the_real_jid(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct sequence_state *up = shows(10 * i, ADA, ROOM, STATE_COMPOSING);
		up->leg = LEG_UPLOAD;
		up->own_id = i ? TEXT("b") : TEXT("a");
		mirror(10 * i + 1, i ? "b" : "a");
	}
	judge();
	assert_int_equal(fault_count, 1);
	assert_true(text_is(faults[0].by, "ada@a.example/x"));
}

static void p12_only_the_mirror_is_seen(void **state)
{
	(void)state;
	mirror(0, "a");
	mirror(10, "b");
	judge();
	assert_int_equal(fault_count, 1);
	assert_true(text_is(faults[0].by, "r@rooms.example/Ada"));
}

static void p12_an_upload_without_id_takes_the_nearest(void **state)
{
	(void)state;
	mirror(0, "a");
	mirror(40, "b");
	shows(39, ADA, ROOM, STATE_COMPOSING)->leg = LEG_UPLOAD;
	judge(); // the second mirror is ada's: what repeats is not seen on her leg
	assert_int_equal(fault_count, 0);
	states[0].sig = 0;
	for (size_t i = 0; i < scene.state_count; i++)
		states[i].sig = states[i].leg == LEG_UPLOAD; // says something else
	judge();
	assert_int_equal(fault_count, 1);
}

static void cs_unnegotiated_after_a_reply_without_state(void **state)
{
	(void)state;
	shows(0, ADA, BEN, STATE_ACTIVE)->content = true;
	row(5, BEN, ADA);
	judge();
	assert_int_equal(fault_count, 0);
	shows(9, ADA, BEN, STATE_COMPOSING);
	judge();
	assert_int_equal(fault_count, 1);
	assert_string_equal(faults[0].rule, "CS-UNNEGOTIATED");
	assert_true(text_same(faults[0].by, ADA));
	shows(8, BEN, ADA, STATE_ACTIVE); // he did use states
	judge();
	assert_int_equal(fault_count, 0);
}

static void t1_ties_do_not_depend_on_the_order_given(void **state)
{
	(void)state;
	row(1, BEN, ADA);
	row(1, ADA, BEN)->ingress = true;
	assert_int_equal(read_row(2)->response_ms, 0); // ingress first
	assert_int_equal(read_row(1)->response_ms, -1);
	scene.row_count = 0;
	row(1, ADA, BEN)->ingress = true;
	row(1, BEN, ADA);
	assert_int_equal(read_row(1)->response_ms, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(i1_a_state_after_delivery_infers_reading),
		TEST(i1_a_late_copy_is_no_sign),
		TEST(i1_needs_delivery_and_the_right_direction),
		TEST(i1_ends_after_t_infer),
		TEST(i2_content_needs_delivery_a_reply_does_not),
		TEST(i3_marks_up_to_within_w_upto),
		TEST(i3_the_least_of_several_marks_counts),
		TEST(i4_equal_times_have_an_order),
		TEST(i2_a_note_to_self_does_not_read_itself),
		TEST(f6_the_first_of_a_run_gets_the_response),
		TEST(f5_content_and_states_close_an_interval),
		TEST(f5_a_late_copy_opens_nothing),
		TEST(f5_content_comes_before_a_state_of_its_instant),
		TEST(f5_ingress_comes_before_egress_of_its_instant),
		TEST(f5_egress_of_a_device_with_ingress_is_not_used),
		TEST(f5_is_one_to_one_only),
		TEST(f5_is_capped_and_judged_at_now),
		TEST(cs_repeat_needs_the_same_lone_state_of_one_device),
		TEST(p12_two_legs_are_one_repeat_by_the_real_jid),
		TEST(p12_only_the_mirror_is_seen),
		TEST(p12_an_upload_without_id_takes_the_nearest),
		TEST(cs_unnegotiated_after_a_reply_without_state),
		TEST(t1_ties_do_not_depend_on_the_order_given),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
