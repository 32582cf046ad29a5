// SPDX-License-Identifier: Apache-2.0
// store_commit(): batches that fail, answers that are lost, writers that meet.
#include "tests/db/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

// F87: the sequence counts across rollbacks, so the first two attempts fail.
static void a_transaction_that_cannot_be_serialized_is_done_again(void **state)
{
	(void)state;
	fixture_sql(store,
		    "CREATE SEQUENCE receiptd.tries;"
		    "CREATE FUNCTION receiptd.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
		    " IF nextval('tries') <= 2 THEN RAISE EXCEPTION 'x' USING ERRCODE = '40001';"
		    " END IF; RETURN NEW; END $$;"
		    "CREATE TRIGGER refuse BEFORE INSERT ON batch"
		    " FOR EACH ROW EXECUTE FUNCTION refuse()");
	sample_message(&sample, NOON, "m1");
	sample_receipt(&sample, NOON + SEC, "m1", "r1");
	sample_commit(&sample);
	assert_int_equal(fixture_int(store, "SELECT last_value FROM tries"), 3);
	fixture_sql(store, "DROP TRIGGER refuse ON batch; DROP FUNCTION refuse;"
			   "DROP SEQUENCE tries");
	assert_int_equal(count("message", "state = 5"), 1);
	assert_int_equal(count("batch", "true"), 1);
	assert_int_equal(count("generation", "records = 3"), 1);
}

static void what_the_database_refuses_leaves_nothing_behind(void **state)
{
	(void)state;
	struct batch_result result;
	struct err err = {0};
	fixture_sql(store, "ALTER TABLE batch ADD CONSTRAINT never CHECK (events <> 2) NOT VALID");
	sample_message(&sample, NOON, "m1");
	assert_false(sample_try(&sample, &result, &err));
	assert_int_equal(err.kind, ERR_INTERNAL);
	fixture_sql(store, "ALTER TABLE batch DROP CONSTRAINT never");
	assert_int_equal(count("message", "true"), 0);
	assert_int_equal(count("generation", "records = 0"), 1);
	sample_message(&sample, NOON, "m1");
	sample_commit(&sample);
	assert_int_equal(count("message", "true"), 1);
	assert_value("(SELECT jid FROM jid WHERE id = from_jid)", ADA);
}

// F98, F126: one record that PostgreSQL would refuse does not cost the batch.
static void what_postgresql_would_refuse_is_made_storable(void **state)
{
	(void)state;
	sample_message(&sample, NOON, "m1");
	sample_line(&sample, (struct sample_line){.at = NOON + SEC,
						  .dir = DIR_IN,
						  .session = ADA "/phone",
						  .to = BEN,
						  .id = "bad \xff",
						  .body = "cut \xf0\x9f\x98",
						  .asks = true});
	sample_line(&sample, (struct sample_line){.at = NOON * 300, // after the year 9999
						  .dir = DIR_IN,
						  .session = ADA "/phone",
						  .to = BEN,
						  .id = "late",
						  .body = "far"});
	assert_int_equal(sample_commit(&sample).inserted, 3);
	assert_int_equal(count("message", "id = 'bad \xef\xbf\xbd' AND body = "
					  "'cut \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd'"),
			 1);
	assert_int_equal(count("message", "id = 'late' AND extract(year FROM sent_at) = 9999"), 1);
}

// F78: the connection is lost in COMMIT. Here the batch was not stored; only the marks can tell.
static void a_lost_commit_is_told_and_can_be_repeated(void **state)
{
	(void)state;
	struct batch_result result;
	struct err err = {0};
	struct generation list[1];
	size_t found;
	fixture_sql(store,
		    "CREATE FUNCTION receiptd.cut() RETURNS trigger LANGUAGE plpgsql AS"
		    " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;"
		    "CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON batch DEFERRABLE"
		    " INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cut()");
	sample_message(&sample, NOON, "m1");
	assert_false(sample_try(&sample, &result, &err));
	assert_int_equal(err.kind, ERR_DATABASE);
	assert_false(store_alive(store));
	assert_true(store_reconnect(store, &err));
	fixture_sql(store, "DROP TRIGGER cut ON batch; DROP FUNCTION cut");
	assert_true(store_generations(store, sample.realm.id, list, 1, &found, &err));
	assert_false(list[0].has_mark);
	sample.offset -= 200;
	sample_message(&sample, NOON, "m1");
	sample_commit(&sample);
	assert_int_equal(count("message", "true"), 1);
	assert_value("(SELECT jid FROM jid WHERE id = from_jid)", ADA);
}

static void start_other(struct sample *other, struct store *second)
{
	char name[32];
	snprintf(name, sizeof name, "realm-%d", realms);
	sample_start(other, second, name);
}

static void assert_refused(struct sample *one, const char *why)
{
	struct batch_result result;
	struct err err = {0};
	assert_false(sample_try(one, &result, &err));
	assert_int_equal(err.kind, ERR_DATABASE);
	assert_non_null(strstr(err.text, why));
}

// F84, F85: the second one raises the fence; the first one looks once and both go on.
static void two_writers_meet_in_one_conversation(void **state)
{
	(void)state;
	struct sample other;
	struct store *second = fixture_open(&fixture, STORE_WRITE);
	sample_message(&sample, NOON, "m1");
	start_other(&other, second);
	assert_refused(&sample, "another process began to write");
	sample.offset -= 200;
	sample_look(&sample);
	sample_message(&sample, NOON, "m1");
	sample_commit(&sample);
	assert_int_equal(count("message", "resends = 0"), 1);
	sample_look(&other); // else its first record could be the one that was just stored
	sample_receipt(&other, NOON + SEC, "m1", "r1");
	sample_commit(&other);
	sample_line(&sample, (struct sample_line){.at = NOON + 2 * SEC,
						  .dir = DIR_IN,
						  .session = BEN "/tablet",
						  .to = ADA "/phone",
						  .id = "d1",
						  .displayed = "m1"});
	sample_commit(&sample);
	assert_int_equal(count("message", "state = 6 AND acks = 2 AND receipt_own = 'r1'"), 1);
	// A mark that another one moved: what this one holds may be stored already.
	fixture_sql(second, "UPDATE lane_mark SET mark_offset = mark_offset + 1");
	sample_message(&sample, NOON + 5 * SEC, "m2");
	assert_refused(&sample, "mark moved");
	sample_stop(&other);
	store_close(second);
}

// F53, F84: both opened the same new file before either had stored anything of it.
static void the_first_records_of_a_file_wait_for_a_look_at_what_others_began(void **state)
{
	(void)state;
	struct sample other;
	struct store *second = fixture_open(&fixture, STORE_WRITE);
	start_other(&other, second);
	sample_look(&sample);
	sample_message(&other, NOON, "m1");
	sample_commit(&other);
	sample_message(&sample, NOON, "m1");
	assert_refused(&sample, "it may be the same");
	assert_int_equal(count("message", "resends = 0"), 1);
	sample_look(&sample); // and proves that it is another one
	sample_message(&sample, NOON + SEC, "m2");
	sample_commit(&sample);
	sample_message(&sample, NOON + 2 * SEC, "m3");
	sample_commit(&sample);
	assert_int_equal(count("message", "resends = 0"), 3);
	sample_stop(&other);
	store_close(second);
}

// F91: a server that lost the last commits, or a backup: what it lacks is read again.
static void a_mark_that_went_back_is_noticed(void **state)
{
	(void)state;
	sample_message(&sample, NOON, "m1");
	sample_commit(&sample);
	fixture_sql(store, "DELETE FROM lane_mark");
	sample_message(&sample, NOON + SEC, "m2");
	assert_refused(&sample, "mark moved");
}

// F98: the same batch without its COMMIT.
static void a_trial_leaves_nothing_and_tells_what_is_refused(void **state)
{
	(void)state;
	struct batch_result result;
	struct err err = {0};
	struct batch batch = {.realm = sample.realm.id, .pairing = sample.pairing, .trial = true};
	sample_message(&sample, NOON, "m1");
	assert_true(store_commit(store, &batch, &result, &err));
	assert_int_equal(count("message", "true"), 0);
	fixture_sql(store, "ALTER TABLE message ADD CONSTRAINT no_poison CHECK (id <> 'poison')");
	pairing_reset(sample.pairing);
	sample_message(&sample, NOON, "poison");
	assert_false(store_commit(store, &batch, &result, &err));
	assert_string_equal(store_refused(store), "23514");
	fixture_sql(store, "ALTER TABLE message DROP CONSTRAINT no_poison");
	pairing_reset(sample.pairing);
	sample_message(&sample, NOON, "m1");
	sample_commit(&sample);
	assert_null(store_refused(store));
	assert_value("(SELECT jid FROM jid WHERE id = from_jid)", ADA);
}

// DESIGN section 5: the text is compared on every hash hit.
static void two_texts_of_one_hash_are_refused(void **state)
{
	(void)state;
	struct batch_result result;
	struct err err = {0};
	struct store *fresh = fixture_open(&fixture, STORE_WRITE); // remembers no JIDs
	sample_message(&sample, NOON, "m1");
	sample_commit(&sample);
	fixture_sql(store, "UPDATE jid SET jid = 'eve@a.example' WHERE jid = '" ADA "'");
	sample_stop(&sample);
	start_other(&sample, fresh);
	sample_message(&sample, NOON + SEC, "m2");
	assert_false(sample_try(&sample, &result, &err));
	assert_string_equal(store_refused(fresh), "hash collision");
	fixture_sql(store, "UPDATE jid SET jid = '" ADA "' WHERE jid = 'eve@a.example'");
	assert_int_equal(count("message", "true"), 1);
	sample.offset -= 200;
	sample_message(&sample, NOON + SEC, "m2");
	sample_commit(&sample);
	store_close(fresh);
}

static void a_look_at_a_quiet_file_gets_no_commit_number(void **state)
{
	(void)state;
	struct batch_result first = sample_commit(&sample);
	assert_int_equal(count("batch", "true"), 0);
	assert_int_equal(count("generation", "read_at IS NOT NULL"), 1);
	assert_int_equal(count("source", "checked_at IS NOT NULL"), 1);
	sample_message(&sample, NOON, "m1");
	assert_int_equal(sample_commit(&sample).commit, first.commit + 1);
	assert_int_equal(sample_commit(&sample).commit, first.commit + 1);
}

static void an_older_holder_of_the_lane_is_refused(void **state)
{
	(void)state;
	struct batch_result result;
	struct err err = {0};
	sample_message(&sample, NOON, "m1");
	sample_commit(&sample);
	fixture_sql(store, "UPDATE lane SET fence = fence + 1");
	sample_message(&sample, NOON + SEC, "m2");
	assert_false(sample_try(&sample, &result, &err));
	assert_int_equal(err.kind, ERR_DATABASE);
	fixture_sql(store, "UPDATE lane SET fence = fence - 1");
	assert_int_equal(count("message", "true"), 1);
}

// --- what is done beside batches, between two attempts of one ---

#define PAST (NOON - 30 * USEC_PER_DAY) // 2026-01-31, a day of no other test

// From now on a batch fails and is repeated until what was sent to the other connection is done; that begins as
// soon as the batch has everything loaded and written, and gets the lanes when it is rolled back.
static void disturb(struct store *other, const char *work)
{
	char query[512];
	fixture_sql(store,
		    "CREATE SEQUENCE receiptd.tries; CREATE TABLE receiptd.done (x int);"
		    "CREATE FUNCTION receiptd.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
		    " IF EXISTS (SELECT FROM done) THEN RETURN NEW; END IF;"
		    " PERFORM nextval('tries');"
		    " FOR i IN 1..1000 LOOP"
		    "  EXIT WHEN EXISTS (SELECT FROM pg_locks WHERE NOT granted);"
		    "  PERFORM pg_sleep(0.01);"
		    " END LOOP;"
		    " RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$;"
		    "CREATE TRIGGER refuse BEFORE INSERT ON batch"
		    " FOR EACH ROW EXECUTE FUNCTION refuse()");
	snprintf(query, sizeof query,
		 "DO $$ BEGIN FOR i IN 1..1000 LOOP EXIT WHEN (SELECT is_called FROM tries);"
		 " PERFORM pg_sleep(0.01); END LOOP; PERFORM FROM lane ORDER BY id FOR UPDATE;"
		 " PERFORM %s; INSERT INTO done VALUES (1); END $$",
		 work);
	PQsetnonblocking(other->conn, 0);
	assert_true(PQsendQuery(other->conn, query));
}

static void calm(struct store *other)
{
	PGresult *result = PQgetResult(other->conn);
	assert_string_equal(PQresultErrorMessage(result), "");
	PQclear(result);
	assert_null(PQgetResult(other->conn));
	assert_int_equal(fixture_int(store, "SELECT count(*) FROM done"), 1);
	fixture_sql(store,
		    "DROP TRIGGER refuse ON batch; DROP FUNCTION refuse; DROP SEQUENCE tries;"
		    "DROP TABLE done");
	store_close(other);
}

static void assert_not_repeated_after(const char *work)
{
	struct batch_result result;
	struct err err = {0};
	struct store *other = fixture_open(&fixture, STORE_WRITE);
	sample_message(&sample, PAST, "m1");
	sample_commit(&sample);
	sample_message(&sample, PAST + SEC, "m2");
	sample_receipt(&sample, PAST + 2 * SEC, "m1", "r1");
	disturb(other, work);
	bool stored = sample_try(&sample, &result, &err);
	calm(other); // whatever came of it
	assert_false(stored);
	assert_int_equal(err.kind, ERR_DATABASE);
	assert_non_null(strstr(err.text, "wrote while this batch was repeated"));
	assert_int_equal(count("message", "id = 'm2'"), 0);
}

static void a_batch_is_not_repeated_after_its_bodies_went(void **state)
{
	(void)state;
	assert_not_repeated_after("strip_day('2026-01-31', '2100-01-01')");
	assert_int_equal(count("message", "tie IS NULL AND body IS NULL"), 1);
}

static void a_batch_is_not_repeated_after_what_it_stands_on_is_read_again(void **state)
{
	(void)state;
	char work[128];
	snprintf(work, sizeof work, "forget_interval(%d, '2026-01-31', '2026-02-01', '{}')",
		 (int)sample.realm.id);
	assert_not_repeated_after(work);
	assert_int_equal(count("message", "true"), 0);
}

static void a_batch_is_not_repeated_after_its_day_was_dropped(void **state)
{
	(void)state;
	assert_not_repeated_after("drop_day('2026-01-31', 'test', '2100-01-01')");
	assert_int_equal(count("message", "true"), 0);
	assert_int_equal(count("line_counter", "name = 'late_dropped'"), 0);
	sample_look(&sample);
	sample.offset -= 300;
	sample_message(&sample, PAST + SEC, "m2");
	sample_commit(&sample);
	assert_int_equal(count("message", "true"), 0);
	assert_int_equal(count("line_counter", "name = 'late_dropped' AND n = 1"), 1);
}

#define WITH_SAMPLE(test) cmocka_unit_test_setup_teardown(test, start_sample, stop_sample)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SAMPLE(a_transaction_that_cannot_be_serialized_is_done_again),
		WITH_SAMPLE(what_the_database_refuses_leaves_nothing_behind),
		WITH_SAMPLE(what_postgresql_would_refuse_is_made_storable),
		WITH_SAMPLE(a_lost_commit_is_told_and_can_be_repeated),
		WITH_SAMPLE(two_writers_meet_in_one_conversation),
		WITH_SAMPLE(the_first_records_of_a_file_wait_for_a_look_at_what_others_began),
		WITH_SAMPLE(a_mark_that_went_back_is_noticed),
		WITH_SAMPLE(a_trial_leaves_nothing_and_tells_what_is_refused),
		WITH_SAMPLE(two_texts_of_one_hash_are_refused),
		WITH_SAMPLE(a_look_at_a_quiet_file_gets_no_commit_number),
		WITH_SAMPLE(an_older_holder_of_the_lane_is_refused),
		WITH_SAMPLE(a_batch_is_not_repeated_after_its_bodies_went),
		WITH_SAMPLE(a_batch_is_not_repeated_after_what_it_stands_on_is_read_again),
		WITH_SAMPLE(a_batch_is_not_repeated_after_its_day_was_dropped), // for good
	};
	return cmocka_run_group_tests(tests, start, stop);
}
