// SPDX-License-Identifier: Apache-2.0
// Compares rows with their evidence, and roll-ups with what the rows come to by the SQL functions of
// migration 0007, which share nothing with the code that wrote them.
#include "store/check.h"

#include "core/keyed.h"
#include "store/message_row.h"
#include "store/read.h"
#include "store/rollup.h"

#include <stdlib.h>

// Days are looked at together until they have so many rows.
enum { ROWS_AT_ONCE = 500000 };

// Each takes realm, since, until, limit and gives (what, at, column, stored, made).
static const char *const comparisons[] = {"check_rows",    "check_marks", "check_rollup",
					  "check_latency", "check_users", "check_alone"};

struct span {
	usec_t since, until;
	int64_t rows;
	int first, count; // of the listed days: what lies between them holds nothing
};

// One contradiction may be seen in several ways.
void check_tell(struct check *check, const struct check_difference *difference)
{
	const struct hash_key key = {{0}};
	struct text at = {(const char *)&difference->at, sizeof difference->at};
	void **place = map_put(&check->told, KEYED(&key, difference->what, difference->column, at));
	if (*place || check_is_enough(check))
		return;
	*place = check;
	check->result->differences++;
	check->request->difference(check->request->self, difference);
}

static bool take_difference(void *self, const struct rows *rows)
{
	struct check *check = self;
	const struct check_difference difference = {
		.what = row_text(rows, 0, 0),
		.at = row_usec(rows, 0, 1),
		.column = row_text(rows, 0, 2),
		.stored = row_text(rows, 0, 3),
		.made = row_text(rows, 0, 4),
	};
	check_tell(check, &difference);
	return true;
}

bool check_is_enough(const struct check *check)
{
	const struct check_request *request = check->request;
	return check->result->differences >= request->limit || (request->stop && *request->stop);
}

// What is derived looks around itself: where a day was dropped, its neighbours would come out otherwise.
static bool look_again(struct check *check, usec_t day)
{
	const struct realm_settings *rules = check->request->rules;
	usec_t reach = rules->w_match + rules->w_upto + USEC_PER_DAY;
	if (check->dropped != USEC_NONE && day <= check->dropped + reach) {
		check->result->underived++;
		return true;
	}
	check->result->looked_at++;
	return check_derive(check, day, day + USEC_PER_DAY) &&
	       check_settled(check, day, day + USEC_PER_DAY);
}

static bool compare_span(struct check *check, const struct rows *days, const struct span *span)
{
	const struct check_request *request = check->request;
	for (size_t i = 0; i < sizeof comparisons / sizeof *comparisons; i++) {
		FIELDS_AUTO params = {0};
		if (check_is_enough(check))
			return true;
		put_span(&params, request->realm, span->since, span->until);
		put_int8(&params, request->limit - check->result->differences);
		if (!sql_each(check->store, comparisons[i], &params, check, take_difference,
			      check->err))
			return err_wrap(check->err, "%s", comparisons[i]);
	}
	for (int i = 0; i < span->count && !check_is_enough(check); i++)
		if (!look_again(check, row_usec(days, span->first + i, 0)))
			return false;
	check->result->rows += span->rows;
	if (request->progress)
		request->progress(request->self, check->result->rows, check->total);
	return true;
}

static bool list_days(struct check *check, struct rows *days)
{
	const struct check_request *request = check->request;
	FIELDS_AUTO params = {0};
	usec_t since = request->since, until = request->until;
	put_span(&params, request->realm, since == USEC_NONE ? since : rollup_day(since),
		 until == USEC_NONE ? until : rollup_day(until + USEC_PER_DAY - 1));
	if (!sql_run(check->store, "check_days", &params, days, check->err))
		return false;
	for (int i = 0; i < days->count; i++)
		check->total += row_int(days, i, 1);
	ROWS_AUTO known = {0};
	if (!sql_run(check->store, "check_state", NULL, &known, check->err))
		return false;
	check->commit = row_int(&known, 0, 0);
	check->dropped = row_usec(&known, 0, 1);
	return true;
}

// A day whose rows were given up cannot be recomputed: it ends a span and is passed over.
static bool compare_days(struct check *check, const struct rows *days)
{
	struct span span = {.since = USEC_NONE};
	for (int i = 0; i < days->count; i++) {
		usec_t day = row_usec(days, i, 0);
		bool dropped = row_bool(days, i, 2);
		bool full = span.rows + row_int(days, i, 1) > ROWS_AT_ONCE;
		if (span.since != USEC_NONE && (dropped || full)) {
			if (!compare_span(check, days, &span))
				return false;
			span = (struct span){.since = USEC_NONE};
		}
		check->result->days += !dropped && row_bool(days, i, 3);
		check->result->dropped_days += dropped;
		if (dropped)
			continue;
		if (span.since == USEC_NONE)
			span = (struct span){.since = day, .first = i};
		span.count++;
		span.until = day + USEC_PER_DAY;
		span.rows += row_int(days, i, 1);
	}
	return span.since == USEC_NONE || compare_span(check, days, &span);
}

bool store_check(struct store *store, const struct check_request *request,
		 struct check_result *result, struct err *err)
{
	struct check check = {.store = store, .request = request, .result = result, .err = err};
	ROWS_AUTO days = {0};
	*result = (struct check_result){0};
	if (!txn_begin(store, TXN_SNAPSHOT, err))
		return false;
	bool fine = sql_run(store, "plan_known", NULL, NULL, err) && list_days(&check, &days) &&
		    compare_days(&check, &days);
	txn_rollback(store);
	map_free(&check.told);
	return fine;
}
