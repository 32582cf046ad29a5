// SPDX-License-Identifier: Apache-2.0
// Lists the conversations of whole days (migration 0017), so that a page opens the days that can hold it and no
// others. Batches go on meanwhile, and wait only while the list is put in place; a day that one of them wrote to is left
// to the next pass.
#include "store/internal.h"

// Days of which more is to come all the time are not listed.
#define YOUNG (2 * USEC_PER_DAY)
// A row is there already: another daemon listed the day, and a batch took it off again, while this one began.
#define LISTED_MEANWHILE "23505"

static bool newest_commit(struct store *store, int64_t *commit, struct err *err)
{
	ROWS_AUTO rows = {0};
	if (!sql_run(store, "day_list_commit", NULL, &rows, err))
		return false;
	*commit = row_int(&rows, 0, 0);
	return true;
}

struct day_fields {
	struct fields lock, day, span, made;
};

static void free_fields(struct day_fields *fields)
{
	fields_free(&fields->lock);
	fields_free(&fields->day);
	fields_free(&fields->span);
	fields_free(&fields->made);
}

static void put_day(struct day_fields *fields, usec_t day, int64_t commit)
{
	put_int4(&fields->lock, LOCK_SPACE);
	put_int4(&fields->lock, LOCK_DAY_LIST);
	put_date(&fields->day, day);
	put_date(&fields->span, day);
	put_usec(&fields->span, day);
	put_usec(&fields->span, day + USEC_PER_DAY);
	put_date(&fields->made, day);
	put_int8(&fields->made, commit);
}

// Planned with the day known: a plan for any day opens all of them. Each statement sees what was committed before it
// began, thus all up to the commit that was read first.
static bool list_day(struct store *store, usec_t day, int64_t *listed, struct err *err)
{
	__attribute__((cleanup(free_fields))) struct day_fields fields = {0};
	ROWS_AUTO held = {0};
	ROWS_AUTO made = {0};
	int64_t commit;
	if (!newest_commit(store, &commit, err))
		return false;
	put_day(&fields, day, commit);
	const struct statement all[] = {
		{"lock", &fields.lock, NULL}, // another daemon may do the same
		{"day_list_clear", &fields.day, NULL}, {"day_list_fill", &fields.span, NULL},
		{"day_list_commit", NULL, &held},      {"day_list_add", &fields.made, &made},
	};
	struct err why = {0};
	if (!sql_together(store, "plan_known", all, sizeof all / sizeof *all, &why))
		return strcmp(store->sqlstate, LISTED_MEANWHILE) == 0 ||
		       err_set(err, why.kind, "%s", why.text);
	*listed += made.changed;
	return true;
}

static bool forget_gone(struct store *store, struct err *err)
{
	FIELDS_AUTO days = {0};
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	if (!sql_run(store, "day_list_gone", NULL, &rows, err))
		return false;
	for (int i = 0; i < rows.count; i++)
		put_date(&days, row_usec(&rows, i, 0));
	put_array(&params, OF_DATE, &days);
	return !rows.count || sql_run(store, "day_list_forget", &params, NULL, err);
}

bool store_list_days(struct store *store, int64_t *listed, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	*listed = 0;
	put_date(&params, usec_now() - YOUNG + USEC_PER_DAY);
	if (!forget_gone(store, err) || !sql_run(store, "day_list_due", &params, &rows, err))
		return false;
	for (int i = 0; i < rows.count && !*store->app->stop; i++) {
		if (!list_day(store, row_usec(&rows, i, 0), listed, err))
			return false;
	}
	return true;
}
