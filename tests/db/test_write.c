// SPDX-License-Identifier: Apache-2.0
// store_commit(): batches of hand-made lines, and what is in the tables after them.
#include "tests/db/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void a_message_and_its_receipt_in_one_batch_are_one_row(void **state)
{
	(void)state;
	sample_message(&sample, NOON, "m1");
	sample_receipt(&sample, NOON + SEC, "m1", "r1");
	struct batch_result result = sample_commit(&sample);
	assert_int_equal(result.inserted, 1);
	assert_int_equal(result.updated, 0);
	assert_int_equal(count("message", "state = 5 AND delivered_via = 1 AND body = 'lunch?'"),
			 1);
	assert_int_equal(count("ack", "true"), 0);
	assert_value("ack_resource", "tablet");
	assert_value("to_char(delivered_at - sent_at, 'SS.MS')", "01.000");
	assert_value("(SELECT jid FROM jid WHERE id = from_jid)", ADA);
	assert_value("(SELECT domain FROM jid WHERE id = to_jid)", "b.example");
	assert_value("tableoid::regclass", "message_20260302");
}

static void a_receipt_in_a_later_batch_updates_the_row_and_keeps_its_body(void **state)
{
	(void)state;
	sample_message(&sample, NOON, "m1");
	assert_int_equal(sample_commit(&sample).inserted, 1);
	sample_receipt(&sample, NOON + 2 * SEC, "m1", "r1");
	struct batch_result result = sample_commit(&sample);
	assert_int_equal(result.inserted, 0);
	assert_int_equal(result.updated, 1);
	assert_int_equal(count("message", "state = 5 AND body = 'lunch?'"), 1);
	assert_int_equal(count("message", "true"), 1);
}

static void a_receipt_that_comes_first_waits_and_is_taken_in(void **state)
{
	(void)state;
	sample_receipt(&sample, NOON + SEC, "m1", "r1");
	sample_commit(&sample);
	assert_int_equal(count("message", "true"), 0);
	assert_int_equal(count("ack", "class <> 0"), 1);
	sample_message(&sample, NOON, "m1");
	sample_commit(&sample);
	assert_int_equal(count("message", "state = 5"), 1);
	assert_int_equal(count("ack", "true"), 0);
}

static void earlier_evidence_moves_a_row_to_another_day(void **state)
{
	(void)state;
	struct sample_line line = {.at = NOON + 12 * 3600 * SEC + SEC, // the next day
				   .dir = DIR_OUT,
				   .session = BEN "/tablet",
				   .from = ADA "/phone",
				   .to = BEN,
				   .id = "m1",
				   .body = "late"};
	sample_line(&sample, line);
	sample_commit(&sample);
	assert_value("tableoid::regclass", "message_20260303");
	line.at -= 2 * SEC;
	line.dir = DIR_IN;
	line.session = ADA "/phone";
	sample_line(&sample, line);
	struct batch_result result = sample_commit(&sample);
	assert_int_equal(result.moved, 1);
	assert_int_equal(count("message", "true"), 1);
	assert_value("tableoid::regclass", "message_20260302");
	assert_value("body", "late");
}

static void a_second_device_makes_the_key_complex(void **state)
{
	(void)state;
	sample_message(&sample, NOON, "m1");
	sample_receipt(&sample, NOON + SEC, "m1", "r1");
	sample_commit(&sample);
	sample_line(&sample, (struct sample_line){.at = NOON + 3 * SEC,
						  .dir = DIR_IN,
						  .session = BEN "/laptop",
						  .to = ADA "/phone",
						  .id = "r2",
						  .receipt = "m1"});
	sample_commit(&sample);
	assert_int_equal(count("message", "marks & 32 <> 0 AND acks = 2"), 1);
	assert_int_equal(count("ack", "class = 0 AND n = 1"), 2);
	sample_receipt(&sample, NOON + 5 * SEC, "m1", "r3");
	sample_commit(&sample);
	assert_int_equal(count("ack", "class = 0"), 3);
	assert_int_equal(count("message", "acks = 3 AND acks_dup = 1"), 1);
	assert_int_equal(count("finding", "rule = 'ACK-DUP' AND NOT withdrawn"), 1);
}

static void a_used_id_is_another_row_and_both_can_move(void **state)
{
	(void)state;
	sample_message(&sample, NOON + 7200 * SEC, "m1");
	sample_commit(&sample);
	sample_message(&sample, NOON, "m1"); // earlier: becomes n = 1
	sample_commit(&sample);
	assert_int_equal(count("message", "n IN (1, 2)"), 2);
	assert_int_equal(count("finding", "rule = 'ID-REUSE' AND NOT withdrawn"), 1);
	assert_value("n", "1");
	assert_value("to_char(sent_at, 'HH24')", "12");
}

static void a_finding_that_facts_take_back_is_withdrawn(void **state)
{
	(void)state;
	sample_receipt(&sample, NOON + SEC, "m1", "r1");
	sample_commit(&sample);
	assert_int_equal(count("finding", "rule = 'ACK-UNKNOWN-ID' AND NOT withdrawn"), 1);
	sample_message(&sample, NOON, "m1");
	sample_commit(&sample);
	assert_int_equal(count("finding", "rule = 'ACK-UNKNOWN-ID' AND withdrawn"), 1);
}

static void batches_are_numbered_and_marks_are_kept(void **state)
{
	(void)state;
	struct generation list[4];
	struct err err = {0};
	size_t found;
	sample_message(&sample, NOON, "m1");
	struct batch_result first = sample_commit(&sample);
	sample_message(&sample, NOON + SEC, "m2");
	struct batch_result second = sample_commit(&sample);
	assert_int_equal(second.commit, first.commit + 1);
	assert_true(store_generations(store, sample.realm.id, list, 4, &found, &err));
	assert_int_equal(found, 1);
	assert_true(list[0].has_mark);
	assert_int_equal(list[0].mark_offset, sample.offset);
	assert_int_equal(list[0].low_water, sample.offset + 100);
	assert_int_equal(count("batch", "true"), 2);
	assert_int_equal(count("generation", "records = 4 AND last_at IS NOT NULL"), 1);
}

static void what_is_stored_already_is_refused(void **state)
{
	(void)state;
	struct batch_result result;
	struct err err = {0};
	sample_message(&sample, NOON, "m1");
	sample_commit(&sample);
	sample.offset -= 200;
	sample_message(&sample, NOON, "m1"); // the same records again
	assert_false(sample_try(&sample, &result, &err));
	assert_int_equal(err.kind, ERR_DATABASE);
	assert_non_null(strstr(err.text, "mark moved"));
	assert_int_equal(count("batch", "true"), 1);
	assert_int_equal(count("message", "resends = 0"), 1);
	sample_message(&sample, NOON + SEC, "m2"); // the connection is of use after it
	sample_commit(&sample);
	assert_int_equal(count("message", "true"), 2);
}

static void facts_gaps_and_quarantine_go_with_the_batch(void **state)
{
	(void)state;
	struct batch_result result;
	struct err err = {0};
	struct batch_checkpoint point = sample_checkpoint(&sample);
	const struct batch_fact facts[] = {
		{sample.generation.id, false, TEXT("c2s1"), TEXT("ada@a.example/a")},
		{sample.generation.id, false, TEXT("c2s1"), TEXT("ada@a.example/b")},
		{sample.generation.id, false, TEXT("c2s2"), TEXT("x\0y")},
		{sample.generation.id, false, TEXT("c2s3"), TEXT_NONE},
		{sample.generation.id, true, TEXT("c2s2"), TEXT_NONE},
		{sample.generation.id, true, TEXT("c2s1"), TEXT("none")},
	};
	const struct batch_gap gap = {sample.source, 1,         10, 20,   NOON,
				      USEC_NONE,     "dropped", 37, false};
	const struct batch_quarantine bad = {
		sample.source,     sample.generation.id, 30,    0,    4, NOON,
		"not well-formed", TEXT("<a\0b"),        false, false};
	struct batch batch = {.realm = sample.realm.id,
			      .pairing = sample.pairing,
			      .checkpoints = &point,
			      .checkpoint_count = 1,
			      .facts = facts,
			      .fact_count = 6,
			      .gaps = &gap,
			      .gap_count = 1,
			      .quarantine = &bad,
			      .quarantine_count = 1};
	for (int i = 0; i < 2; i++) // found again: once
		assert_true(store_commit(store, &batch, &result, &err));
	assert_int_equal(count("gap", "lost = 37 AND to_at IS NULL"), 1);
	assert_int_equal(count("quarantine", "length(raw) = 4"), 1);
	char query[128];
	snprintf(query, sizeof query,
		 "SELECT string_agg(value, ' ' ORDER BY at_end, key) FROM "
		 "dialect_fact WHERE generation = %d",
		 (int)sample.generation.id);
	char *stored = fixture_text(store, query);
	assert_string_equal(stored, "ada@a.example/b x\xef\xbf\xbdy none ");
	free(stored);
}

// A file of which nothing is stored but that it ended inside a record.
static struct batch_checkpoint end_inside_a_record(void)
{
	struct batch_result result;
	struct err err = {0};
	struct batch_checkpoint point = sample_checkpoint(&sample);
	const struct batch_quarantine half = {.source = sample.source,
					      .generation = sample.generation.id,
					      .offset = 30,
					      .length = 4,
					      .at = NOON,
					      .reason = "unterminated at end of file",
					      .raw = TEXT("half"),
					      .at_end = true};
	const struct batch_gap gap = {.source = sample.source,
				      .generation = sample.generation.id,
				      .from_offset = 30,
				      .to_offset = 34,
				      .from_at = NOON,
				      .to_at = USEC_NONE,
				      .cause = "half",
				      .at_end = true};
	const struct batch_fact fact = {sample.generation.id, true, TEXT("c2s1"), TEXT("none")};
	point.finished = true;
	const struct batch batch = {.realm = sample.realm.id,
				    .pairing = sample.pairing,
				    .checkpoints = &point,
				    .checkpoint_count = 1,
				    .facts = &fact,
				    .fact_count = 1,
				    .gaps = &gap,
				    .gap_count = 1,
				    .quarantine = &half,
				    .quarantine_count = 1};
	assert_true(store_commit(store, &batch, &result, &err));
	return point;
}

static void look_at(struct batch_checkpoint *point)
{
	struct batch_result result;
	struct err err = {0};
	const struct batch batch = {.realm = sample.realm.id,
				    .pairing = sample.pairing,
				    .checkpoints = point,
				    .checkpoint_count = 1};
	if (!store_commit(store, &batch, &result, &err))
		fail_msg("%s", err.text);
}

static void assert_set_aside(int records)
{
	struct err err = {0};
	bool waits = false;
	assert_int_equal(count("quarantine", "at_end"), records);
	assert_int_equal(count("gap", "at_end"), records);
	assert_int_equal(fixture_int(store,
				     "SELECT count(*) FROM dialect_fact AS d"
				     " JOIN generation AS g ON g.id = d.generation"
				     " WHERE d.at_end AND g.realm = (SELECT max(id) FROM realm)"),
			 records);
	assert_int_equal(count("generation", "finished"), records);
	assert_true(store_half_waits(store, sample.source, &waits, &err));
	assert_int_equal(waits, records);
}

static void what_was_set_aside_at_an_end_goes_when_the_file_goes_on(void **state)
{
	(void)state;
	struct batch_checkpoint point = end_inside_a_record();
	assert_set_aside(1);
	look_at(&point);
	assert_set_aside(1);
	int64_t batches = count("batch", "true");
	point.offset++;
	point.finished = false;
	look_at(&point);
	assert_set_aside(0);
	assert_int_equal(count("batch", "true"), batches + 1); // answers are others now
}

// Another process read the file to its end after this one had opened it.
static void an_end_stays_while_nobody_reads_behind_it(void **state)
{
	(void)state;
	struct batch_checkpoint point = end_inside_a_record();
	uint64_t end = point.offset;
	char grown[64];
	point.finished = false;
	point.offset = end - 20;
	look_at(&point);
	assert_set_aside(1);
	point.offset = end;
	point.size = end + 50; // seen, not read
	look_at(&point);
	assert_set_aside(1);
	point.offset = end + 10;
	look_at(&point);
	assert_set_aside(0);
	snprintf(grown, sizeof grown, "size = %d", (int)end + 50);
	assert_int_equal(count("generation", grown), 1);
}

static void a_file_goes_on_in_the_first_bytes_of_the_next_one(void **state)
{
	(void)state;
	struct batch_checkpoint point = end_inside_a_record();
	point.next_bytes = 3;
	look_at(&point);
	assert_int_equal(count("quarantine", "true"), 0);
	assert_int_equal(count("generation", "finished"), 1);
}

static void many_batches_equal_one(void **state)
{
	(void)state;
	char id[16], own[16];
	for (int i = 0; i < 50; i++) {
		snprintf(id, sizeof id, "m%d", i);
		sample_message(&sample, NOON + i * SEC, id);
		if (i % 7 == 3)
			sample_commit(&sample);
	}
	for (int i = 49; i >= 0; i--) {
		snprintf(id, sizeof id, "m%d", i);
		snprintf(own, sizeof own, "r%d", i);
		sample_receipt(&sample, NOON + (60 + i) * SEC, id, own);
		if (i % 5 == 0)
			sample_commit(&sample);
	}
	assert_int_equal(count("message", "state = 5 AND acks = 1"), 50);
	assert_int_equal(count("message", "delivered_at - sent_at = interval '60 s'"), 50);
	assert_int_equal(count("ack", "true"), 0);
	assert_int_equal(count("sent_id", "what = 0"), 50);
}

#define WITH_SAMPLE(test) cmocka_unit_test_setup_teardown(test, start_sample, stop_sample)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SAMPLE(a_message_and_its_receipt_in_one_batch_are_one_row),
		WITH_SAMPLE(a_receipt_in_a_later_batch_updates_the_row_and_keeps_its_body),
		WITH_SAMPLE(a_receipt_that_comes_first_waits_and_is_taken_in),
		WITH_SAMPLE(earlier_evidence_moves_a_row_to_another_day),
		WITH_SAMPLE(a_second_device_makes_the_key_complex),
		WITH_SAMPLE(a_used_id_is_another_row_and_both_can_move),
		WITH_SAMPLE(a_finding_that_facts_take_back_is_withdrawn),
		WITH_SAMPLE(batches_are_numbered_and_marks_are_kept),
		WITH_SAMPLE(what_is_stored_already_is_refused),
		WITH_SAMPLE(facts_gaps_and_quarantine_go_with_the_batch),
		WITH_SAMPLE(what_was_set_aside_at_an_end_goes_when_the_file_goes_on),
		WITH_SAMPLE(an_end_stays_while_nobody_reads_behind_it),
		WITH_SAMPLE(a_file_goes_on_in_the_first_bytes_of_the_next_one),
		WITH_SAMPLE(many_batches_equal_one),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
