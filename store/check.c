// SPDX-License-Identifier: Apache-2.0
// Compares rows with their evidence, and roll-ups with what the rows come to by the SQL functions of
// migration 0007, which share nothing with the code that wrote them.
#include "store/check.h"

#include "core/keyed.h"
#include "store/message_row.h"
#include "store/read.h"
#include "store/rollup.h"

#include <stdlib.h>

// Sums are compared by time: days are looked at together until they have so many rows, few enough for
// the server to hold what it sums. What belongs to keys is compared by conversation, so many rows
// together: a key may have rows and evidence on any day.
enum { ROWS_AT_ONCE = 30000, ROWS_OF_SLICE = 100000, SLICES_MAX = 4096 };

// Each takes realm, since, until, limit, the latter also the first and the last conversation; and gives
// (what, at, column, stored, made).
static const char *const by_time[] = {
	"check_rollup",   "check_latency", "check_users", "check_devices",
	"check_failures", "check_lists",   NULL};
static const char *const by_conversation[] = {"check_rows", "check_marks", "check_alone",
					      "check_parties", NULL};

struct span {
	usec_t since, until;
	int64_t conv_lo, conv_hi; // none: by time
	int64_t rows;
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

static bool compare(struct check *check, const char *const *names, const struct span *span)
{
	const struct check_request *request = check->request;
	for (; *names && !check_is_enough(check); names++) {
		FIELDS_AUTO params = {0};
		put_span(&params, request->realm, span->since, span->until);
		put_int8(&params, request->limit - check->result->differences);
		if (span->conv_lo < span->conv_hi) {
			put_int8(&params, span->conv_lo);
			put_int8(&params, span->conv_hi);
		}
		if (!sql_each(check->store, *names, &params, check, take_difference, check->err))
			return err_wrap(check->err, "%s", *names);
	}
	return true;
}

// --- by time ---

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
	if (days->count) {
		check->since = row_usec(days, 0, 0);
		check->until = row_usec(days, days->count - 1, 0) + USEC_PER_DAY;
	}
	return true;
}

// What is derived looks around itself: where a day was dropped, its neighbours would come out otherwise.
static bool read_state(struct check *check)
{
	const struct realm_settings *rules = check->request->rules;
	ROWS_AUTO known = {0};
	if (!sql_run(check->store, "check_state", NULL, &known, check->err))
		return false;
	check->commit = row_int(&known, 0, 0);
	check->dropped = row_usec(&known, 0, 1);
	check->derived_from = check->since;
	usec_t fine = check->dropped + rules->w_match + rules->w_upto + 2 * USEC_PER_DAY;
	if (check->dropped != USEC_NONE && fine > check->since)
		check->derived_from = rollup_day(fine);
	return true;
}

static void count_day(struct check *check, const struct rows *days, int i)
{
	struct check_result *result = check->result;
	bool dropped = row_bool(days, i, 2);
	bool derived = !dropped && row_usec(days, i, 0) >= check->derived_from;
	result->days += !dropped && row_bool(days, i, 3);
	result->dropped_days += dropped;
	result->underived += !dropped && !derived;
	result->looked_at += derived;
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
			if (!compare(check, by_time, &span))
				return false;
			span = (struct span){.since = USEC_NONE};
		}
		count_day(check, days, i);
		if (dropped)
			continue;
		if (span.since == USEC_NONE)
			span.since = day;
		span.until = day + USEC_PER_DAY;
		span.rows += row_int(days, i, 1);
	}
	return span.since == USEC_NONE || compare(check, by_time, &span);
}

// --- by conversation ---

static bool compare_slice(struct check *check, const struct span *slice)
{
	return compare(check, by_conversation, slice);
}

static bool derive_slice(struct check *check, const struct span *slice)
{
	const struct check_request *request = check->request;
	if (!check_pieces(check, slice->conv_lo, slice->conv_hi))
		return false;
	check->result->rows += slice->rows;
	if (request->progress)
		request->progress(request->self, check->result->rows, check->total);
	return true;
}

// Hashes of conversations are spread evenly over all numbers.
static bool each_slice(struct check *check,
		       bool (*look)(struct check *check, const struct span *slice))
{
	int64_t most = check->total / ROWS_OF_SLICE + 1;
	int64_t slices = most < SLICES_MAX ? most : SLICES_MAX, rows = 0;
	uint64_t width = UINT64_MAX / (uint64_t)slices, first = UINT64_C(1) << 63;
	for (int64_t i = 0; i < slices && !check_is_enough(check); i++, first += width) {
		bool last = i + 1 == slices;
		struct span span = {.since = check->since,
				    .until = check->until,
				    .conv_lo = (int64_t)first,
				    .conv_hi = last ? INT64_MAX : (int64_t)(first + width - 1),
				    .rows = last ? check->total - rows : check->total / slices};
		rows += span.rows;
		if (!look(check, &span))
			return false;
	}
	return true;
}

static bool compare_all(struct check *check, const struct rows *days)
{
	return !days->count || (each_slice(check, compare_slice) && compare_days(check, days) &&
				each_slice(check, derive_slice));
}

bool store_check(struct store *store, const struct check_request *request,
		 struct check_result *result, struct err *err)
{
	struct check check = {.store = store, .request = request, .result = result, .err = err};
	ROWS_AUTO days = {0};
	*result = (struct check_result){0};
	if (!txn_begin(store, TXN_SNAPSHOT, err))
		return false;
	bool fine = sql_plan(store, "plan_known", err) && list_days(&check, &days) &&
		    read_state(&check) && compare_all(&check, &days);
	txn_rollback(store);
	map_free(&check.told);
	return fine;
}
