// SPDX-License-Identifier: Apache-2.0
// Every embedded statement is prepared and explained on a fresh schema; every object of the
// schema says what it is for.
#include "tests/db/fixture.h"

#include "core/embedded.h"
#include "store/read_messages.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct fixture fixture;
static struct store *store;

static int start(void **state)
{
	(void)state;
	fixture_start(&fixture);
	store = fixture_open(&fixture, STORE_WRITE);
	fixture_sql(store, "SELECT make_day(current_date), make_day(current_date - 1)");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	store_close(store);
	fixture_stop(&fixture);
	return 0;
}

static bool failed(const char *name, PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);
	bool bad = status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK;
	if (bad)
		print_error("%s: %s", name, PQresultErrorMessage(result));
	PQclear(result);
	return bad;
}

static bool take_one(void *self, int columns, struct text row)
{
	(void)columns;
	(void)row;
	++*(int *)self;
	return false;
}

// Also when more of it is on its way than fits between server and program.
static void a_copy_is_stopped_at_its_first_row(void **state)
{
	(void)state;
	struct err err = {0};
	int rows = 0;
	assert_true(
		copy_out(store, "copy",
			 "COPY (SELECT g, repeat('x', 500) FROM generate_series(1, 200000) AS g) "
			 "TO STDOUT (FORMAT binary)",
			 &rows, take_one, &err));
	assert_int_equal(rows, 1);
	assert_int_equal(fixture_int(store, "SELECT 7"), 7);
}

// --- several in one trip ---

static void assert_seen(const char *wanted)
{
	char *seen = fixture_text(store, "SELECT current_setting('receiptd.domains', true)");
	assert_string_equal(seen, wanted);
	free(seen);
}

static struct fields one_text(const char *text)
{
	struct fields fields = {0};
	put_zstr(&fields, text);
	return fields;
}

static void statements_of_one_trip_run_in_their_order(void **state)
{
	(void)state;
	FIELDS_AUTO x = one_text("x.example");
	FIELDS_AUTO y = one_text("y.example");
	ROWS_AUTO first = {0};
	ROWS_AUTO last = {0};
	struct err err = {0};
	const struct statement list[] = {
		{"see", &x, &first}, {"see", &y, NULL}, {"see", &x, NULL}, {"see", &y, &last}};
	assert_true(sql_together(store, "plan_kept", list, 4, &err));
	assert_true(text_same(row_text(&first, 0, 0), TEXT("x.example")));
	assert_true(text_same(row_text(&last, 0, 0), TEXT("y.example")));
	assert_seen("y.example");
	assert_string_equal(store->plan, "plan_kept");
	assert_true(sql_plan(store, "plan_known", &err));
}

// Nothing of it is done, the first one that failed says why, and the connection goes on.
static void one_that_fails_ends_its_trip(void **state)
{
	(void)state;
	FIELDS_AUTO x = one_text("x.example");
	FIELDS_AUTO z = one_text("z.example");
	FIELDS_AUTO bad = one_text("not a time");
	ROWS_AUTO first = {0};
	ROWS_AUTO last = {0};
	struct err err = {0};
	const struct statement list[] = {
		{"see", &x, &first}, {"time_limit", &bad, NULL}, {"see", &z, &last}};
	fixture_sql(store, "SELECT set_config('receiptd.domains', 'before', false)");
	assert_false(sql_together(store, "plan_kept", list, 3, &err));
	assert_non_null(strstr(err.text, "time_limit"));
	assert_string_equal(store->sqlstate, "22023");
	assert_int_equal(last.count, 0);
	assert_null(store->plan);
	assert_false(store->broken);
	assert_seen("before");
	assert_int_equal(fixture_int(store, "SELECT 7"), 7);
	rows_free(&first);
	first = (struct rows){0};
	assert_true(sql_together(store, NULL, list, 1, &err));
	assert_seen("x.example");
	fixture_sql(store, "SELECT set_config('receiptd.domains', '*', false)");
}

static void a_lost_connection_ends_a_trip(void **state)
{
	(void)state;
	FIELDS_AUTO x = one_text("x.example");
	struct err err = {0};
	struct store *other = fixture_open(&fixture, STORE_READ);
	const struct statement list[] = {{"see", &x, NULL}, {"see", &x, NULL}};
	assert_true(sql_together(other, NULL, list, 2, &err));
	char query[64];
	snprintf(query, sizeof query, "SELECT pg_terminate_backend(%d)", PQbackendPID(other->conn));
	fixture_sql(store, query);
	assert_false(sql_together(other, NULL, list, 2, &err));
	assert_int_equal(err.kind, ERR_DATABASE);
	assert_true(other->broken);
	store_close(other);
}

static int parameter_count(const char *name)
{
	PGresult *result = PQdescribePrepared(store->conn, name);
	int count = PQnparams(result);
	PQclear(result);
	return count;
}

// The plan for any parameters: what a prepared statement comes to after a few uses.
static bool explain(const char *name)
{
	struct buf text = {0};
	int count = parameter_count(name);
	buf_printf(&text, "EXPLAIN EXECUTE %s", name);
	for (int i = 0; i < count; i++)
		buf_printf(&text, "%sNULL", i ? ", " : " (");
	buf_zstr(&text, count ? ")" : "");
	bool bad = failed(name, PQexec(store->conn, text.data));
	buf_free(&text);
	return !bad;
}

static bool is_copy(const struct sql_file *file)
{
	return strncmp(file->name, "copy_", 5) == 0;
}

static void every_statement_can_be_prepared_and_explained(void **state)
{
	(void)state;
	int bad = 0;
	PQsetnonblocking(store->conn, 0);
	failed("settings",
	       PQexec(store->conn, "DEALLOCATE ALL; SET plan_cache_mode = force_generic_plan"));
	for (size_t i = 0; i < sql_file_count; i++) {
		const struct sql_file *file = &sql_files[i];
		if (is_copy(file))
			continue;
		if (failed(file->name, PQprepare(store->conn, file->name, file->text, 0, NULL)) ||
		    !explain(file->name))
			bad++;
	}
	failed("settings", PQexec(store->conn, "DEALLOCATE ALL; RESET plan_cache_mode"));
	memset(store->prepared, 0, sql_file_count * sizeof *store->prepared);
	PQsetnonblocking(store->conn, 1);
	assert_int_equal(bad, 0);
}

// --- days: a statement of a batch or a settling opens those that it looks at ---

static bool begins_with(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strncmp(name, list[i], strlen(list[i])) == 0)
			return true;
	return false;
}

static bool is_of_a_writer(const char *name)
{
	static const char *const kinds[] = {"load_",        "settle_",      "message_delete",
					    "message_mark", "message_park", "message_update",
					    "ack_delete"};
	// load_sent: who sent an id is asked of all days. settle_event: of all from a time on.
	static const char *const others[] = {"load_sent", "settle_lag", "settle_event"};
	return begins_with(name, kinds, sizeof kinds / sizeof *kinds) &&
	       !begins_with(name, others, sizeof others / sizeof *others);
}

// A span is null: then no day is left, also of a kept plan.
static bool opens_a_day(const char *name)
{
	struct buf text = {0};
	int count = parameter_count(name);
	bool opens = false;
	buf_printf(&text, "EXPLAIN EXECUTE %s", name);
	for (int i = 0; i < count; i++)
		buf_printf(&text, "%sNULL", i ? ", " : " (");
	buf_zstr(&text, count ? ")" : "");
	PGresult *plan = PQexec(store->conn, text.data);
	for (int i = 0; i < PQntuples(plan); i++) {
		const char *line = PQgetvalue(plan, i, 0);
		opens |= strstr(line, "Scan") &&
			 (strstr(line, " message_2") || strstr(line, " ack_2") ||
			  strstr(line, " chat_state_2"));
	}
	PQclear(plan);
	buf_free(&text);
	return opens;
}

static void a_statement_of_a_writer_opens_the_days_of_its_spans_alone(void **state)
{
	(void)state;
	int bad = 0, seen = 0;
	PQsetnonblocking(store->conn, 0);
	failed("settings",
	       PQexec(store->conn, "DEALLOCATE ALL; SET plan_cache_mode = force_generic_plan;"
				   " SET enable_seqscan = off; SET enable_hashjoin = off;"
				   " SET enable_mergejoin = off; SET enable_bitmapscan = off"));
	for (size_t i = 0; i < sql_file_count; i++) {
		const struct sql_file *file = &sql_files[i];
		if (!is_of_a_writer(file->name))
			continue;
		seen++;
		if (failed(file->name, PQprepare(store->conn, file->name, file->text, 0, NULL)) ||
		    opens_a_day(file->name)) {
			print_error("%s opens all days\n", file->name);
			bad++;
		}
	}
	failed("settings",
	       PQexec(store->conn, "DEALLOCATE ALL; RESET plan_cache_mode; RESET enable_seqscan;"
				   " RESET enable_hashjoin; RESET enable_mergejoin;"
				   " RESET enable_bitmapscan"));
	memset(store->prepared, 0, sql_file_count * sizeof *store->prepared);
	PQsetnonblocking(store->conn, 1);
	assert_int_equal(bad, 0);
	assert_true(seen > 15);
}

enum { PARAMETERS = 4 };

static PGresult *query_with(const char *query, const struct fields *params)
{
	const char *values[PARAMETERS], *at = params->bytes.data;
	int lengths[PARAMETERS], binary[PARAMETERS] = {1, 1, 1, 1};
	for (size_t i = 0; i < PARAMETERS; i++) {
		uint32_t length;
		memcpy(&length, at, sizeof length);
		lengths[i] = (int)ntohl(length);
		values[i] = at + sizeof length;
		at = values[i] + lengths[i];
	}
	PQsetnonblocking(store->conn, 0);
	PGresult *result =
		PQexecParams(store->conn, query, PARAMETERS, NULL, values, lengths, binary, 0);
	PQsetnonblocking(store->conn, 1);
	return result;
}

// Many pairs in no order, far apart, some of them empty: all that they hold is held, in few spans.
static void few_spans_hold_all_days(void **state)
{
	(void)state;
	unsigned seed = 7;
	for (int round = 0; round < 60; round++) {
		FIELDS_AUTO lo = {0};
		FIELDS_AUTO hi = {0};
		FIELDS_AUTO params = {0};
		for (int i = 0; i < round; i++) {
			usec_t at = (usec_t)(rand_r(&seed) % 4000) * USEC_PER_DAY;
			usec_t width = (usec_t)(rand_r(&seed) % 3) * USEC_PER_DAY;
			put_usec(&lo, i % 7 == 3 ? USEC_NONE : at);
			put_usec(&hi, i % 11 == 5 ? at - 1 : at + width);
		}
		put_array(&params, OF_TIMESTAMPTZ, &lo);
		put_array(&params, OF_TIMESTAMPTZ, &hi);
		put_in_days(&params, &lo, &hi);
		put_int4(&params, IN_DAYS_SPANS);
		PGresult *result = query_with(
			"SELECT count(*) FILTER (WHERE lo <= hi AND (NOT in_days(lo, $3) OR NOT"
			" in_days(hi, $3))), coalesce(cardinality($3), 0) <= 2 * $4::int4,"
			" coalesce(in_days('infinity', $3), false)"
			" FROM unnest($1::timestamptz[], $2::timestamptz[]) AS w (lo, hi)",
			&params);
		assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
		assert_string_equal(PQgetvalue(result, 0, 0), "0");
		assert_string_equal(PQgetvalue(result, 0, 1), "t");
		assert_string_equal(PQgetvalue(result, 0, 2), "f");
		PQclear(result);
	}
}

// A binary COPY tells no names: what is taken for which column is said beside the statement.
static void the_export_has_the_columns_that_are_taken_from_it(void **state)
{
	(void)state;
	PQclear(PQprepare(store->conn, "columns", sql_text("messages_export"), 0, NULL));
	PGresult *result = PQdescribePrepared(store->conn, "columns");
	assert_int_equal(PQnfields(result), SHOWN_COLUMNS + COL_RECEIVED + 1 - COL_FROM);
	for (int i = 0; i < SHOWN_COLUMNS; i++)
		assert_string_equal(PQfname(result, i), shown_columns[i]);
	PQclear(result);
}

static void every_copy_is_accepted(void **state)
{
	(void)state;
	int bad = 0;
	for (size_t i = 0; i < sql_file_count; i++) {
		struct copy copy;
		struct err err = {0};
		if (!is_copy(&sql_files[i]))
			continue;
		if (copy_begin(&copy, store, sql_files[i].name, &err) && copy_end(&copy, &err))
			continue;
		print_error("%s\n", err.text);
		bad++;
	}
	assert_int_equal(bad, 0);
	assert_true(store_alive(store));
}

static void every_statement_says_its_licence_and_names_its_columns(void **state)
{
	(void)state;
	static const char spdx[] = "-- SPDX-License-Identifier: Apache-2.0\n";
	for (size_t i = 0; i < sql_file_count; i++) {
		assert_int_equal(strncmp(sql_files[i].text, spdx, sizeof spdx - 1), 0);
		assert_null(strstr(sql_files[i].text, "SELECT *"));
	}
}

static void assert_none(const char *query)
{
	char *first = fixture_text(store, query);
	if (*first)
		fail_msg("%s", first);
	free(first);
}

static void everything_has_a_comment(void **state)
{
	(void)state;
	assert_none("SELECT relname FROM pg_class WHERE relnamespace = 'receiptd'::regnamespace "
		    "AND relkind IN ('r', 'p', 'i', 'I', 'v', 'm') AND obj_description(oid, "
		    "'pg_class') IS NULL LIMIT 1");
	assert_none(
		"SELECT attrelid::regclass || '.' || attname FROM pg_attribute WHERE attnum > 0 "
		"AND NOT attisdropped AND col_description(attrelid, attnum) IS NULL AND attrelid "
		"IN (SELECT oid FROM pg_class WHERE relnamespace = 'receiptd'::regnamespace AND "
		"relkind IN ('r', 'p', 'v')) LIMIT 1");
	assert_none("SELECT proname FROM pg_proc WHERE pronamespace = 'receiptd'::regnamespace AND "
		    "obj_description(oid, 'pg_proc') IS NULL LIMIT 1");
}

static void there_are_no_sequences_and_no_foreign_keys(void **state)
{
	(void)state;
	assert_none("SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = "
		    "'receiptd'::regnamespace");
	assert_none("SELECT conname FROM pg_constraint WHERE contype = 'f' AND connamespace = "
		    "'receiptd'::regnamespace");
}

// A row of sent_id for days that have no partition yet: the rest partition keeps it until they
// have.
#define ADD_SENT                                                                                   \
	"INSERT INTO sent_id SELECT d, 1, 0, 1, 1, d, 1, 1, 1 FROM (SELECT current_date - 5 AS d) t"

static void a_day_is_made_once_and_takes_its_rows_from_the_rest(void **state)
{
	(void)state;
	static const char where[] = "SELECT count(*) FROM sent_id_other";
	fixture_sql(store, ADD_SENT);
	assert_int_equal(fixture_int(store, where), 1);
	for (int i = 0; i < 2; i++)
		assert_none("SELECT 'refused' WHERE NOT make_day(current_date - 5)");
	assert_int_equal(fixture_int(store, where), 0);
	assert_int_equal(fixture_int(store, "SELECT count(*) FROM sent_id"), 1);
	fixture_sql(store, "DELETE FROM sent_id");
}

static void days_out_of_bounds_are_not_made(void **state)
{
	(void)state;
	assert_int_equal(
		fixture_int(
			store,
			"SELECT count(*) FROM unnest(ARRAY[date '2014-12-31', date '2100-01-01', "
			"current_date + 3, current_date - 8000, NULL]) AS d WHERE make_day(d)"),
		0);
}

static void a_long_query_does_not_hold_up_a_new_day(void **state)
{
	(void)state;
	struct store *reader = fixture_open(&fixture, STORE_READ);
	fixture_sql(reader, "BEGIN; SELECT count(*) FROM message");
	assert_none("SELECT 'waited' WHERE make_day(current_date - 6)");
	fixture_sql(reader, "COMMIT");
	assert_none("SELECT 'refused' WHERE NOT make_day(current_date - 6)");
	store_close(reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_copy_is_stopped_at_its_first_row),
		cmocka_unit_test(statements_of_one_trip_run_in_their_order),
		cmocka_unit_test(one_that_fails_ends_its_trip),
		cmocka_unit_test(a_lost_connection_ends_a_trip),
		cmocka_unit_test(every_statement_can_be_prepared_and_explained),
		cmocka_unit_test(a_statement_of_a_writer_opens_the_days_of_its_spans_alone),
		cmocka_unit_test(few_spans_hold_all_days),
		cmocka_unit_test(the_export_has_the_columns_that_are_taken_from_it),
		cmocka_unit_test(every_copy_is_accepted),
		cmocka_unit_test(every_statement_says_its_licence_and_names_its_columns),
		cmocka_unit_test(everything_has_a_comment),
		cmocka_unit_test(there_are_no_sequences_and_no_foreign_keys),
		cmocka_unit_test(a_day_is_made_once_and_takes_its_rows_from_the_rest),
		cmocka_unit_test(days_out_of_bounds_are_not_made),
		cmocka_unit_test(a_long_query_does_not_hold_up_a_new_day),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
