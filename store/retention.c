// SPDX-License-Identifier: Apache-2.0
// Retention: the oldest days go by age and by size, bodies by age. The work is done by functions of
// the schema (drop_day, strip_day), a day at a time; here is decided which, and tried again when
// readers are in the way.
#include "store/internal.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

enum { ATTEMPTS = 10, PAUSE_MS = 200, REASON = 128 };
#define REWRITE_PATIENCE (30 * 60 * USEC_PER_SEC)

struct pass {
	struct store *store;
	const struct settings *settings;
	bool dry_run;
	void *self;
	void (*each)(void *self, const struct retention_step *step);
};

static void say(const struct pass *pass, const struct retention_step *step)
{
	pass->each(pass->self, step);
}

// 55P03: a lock was not free in time. Whoever holds it is left in peace and asked again.
static bool try_again(const struct store *store)
{
	return strcmp(store->sqlstate, "55P03") == 0 || sql_again(store);
}

static bool copy_reason(const struct rows *rows, int row, int column, char reason[REASON])
{
	struct text text = row_text(rows, row, column);
	snprintf(reason, REASON, "%.*s", (int)text.n, text.p ? text.p : "");
	return text.p;
}

// A hold that was made, or rows that came, after the days were listed: the answer says it of a day that was
// to go. reason: room for why.
static void read_answer(const struct rows *rows, struct retention_step *step, char reason[REASON])
{
	step->rows = row_int(rows, 0, 0);
	if (copy_reason(rows, 0, 1, reason))
		step->what = RETENTION_HELD;
	else if (copy_reason(rows, 0, 2, reason))
		step->what = RETENTION_KEPT;
	else
		return;
	step->reason = reason;
}

// name: retention_drop or retention_strip. It is RETENTION_BUSY when the day could not be had in time.
static bool run_patiently(const struct pass *pass, const char *name, const struct fields *params,
			  struct retention_step *step, char reason[REASON], struct err *err)
{
	for (int i = 0; i < ATTEMPTS && !*pass->store->app->stop; i++) {
		ROWS_AUTO rows = {0};
		struct err why = {0};
		if (sql_run(pass->store, name, params, &rows, &why)) {
			read_answer(&rows, step, reason);
			return true;
		}
		if (!try_again(pass->store))
			return err_set(err, why.kind, "%s", why.text);
		poll(NULL, 0, PAUSE_MS);
	}
	step->what = RETENTION_BUSY;
	return true;
}

// *total shrinks by what went, or will with the next pass.
static bool drop(const struct pass *pass, struct retention_step step, int64_t *total,
		 struct err *err)
{
	char reason[REASON];
	FIELDS_AUTO params = {0};
	put_date(&params, step.day);
	put_zstr(&params, step.reason);
	put_usec(&params, usec_now());
	step.what = RETENTION_DROP;
	if (!pass->dry_run && !run_patiently(pass, "retention_drop", &params, &step, reason, err))
		return false;
	if (step.what == RETENTION_DROP || step.what == RETENTION_BUSY)
		*total -= step.bytes;
	say(pass, &step);
	return true;
}

// --- by age and by size ---

static bool total_size(const struct pass *pass, int64_t *bytes, struct err *err)
{
	ROWS_AUTO rows = {0};
	if (!sql_run(pass->store, "retention_size", NULL, &rows, err))
		return false;
	*bytes = row_int(&rows, 0, 0);
	return true;
}

static const char *asked_by(const struct pass *pass, bool too_old, int64_t total)
{
	if (too_old)
		return "keep_days";
	return pass->settings->keep_disk && total > pass->settings->keep_disk ? "keep_disk" : NULL;
}

// Without this there would be nothing left when one day alone is too large.
static bool is_recent(usec_t day)
{
	return day + 2 * USEC_PER_DAY > usec_now();
}

// A legal hold (F170): neither the day nor its bodies go, whatever the settings say.
static bool is_held(const struct pass *pass, const struct rows *rows, int row, int column,
		    struct retention_step step)
{
	char reason[REASON];
	if (!copy_reason(rows, row, column, reason))
		return false;
	step.what = RETENTION_HELD;
	step.reason = reason;
	say(pass, &step);
	return true;
}

// One day of the list; *total shrinks by what went.
static bool judge_day(const struct pass *pass, const struct rows *rows, int row, int64_t *total,
		      struct err *err)
{
	char holds[REASON];
	bool too_old = row_bool(rows, row, 3);
	struct retention_step step = {.what = RETENTION_KEPT,
				      .day = row_usec(rows, row, 0),
				      .bytes = row_int(rows, row, 1),
				      .reason = asked_by(pass, too_old, *total)};
	if (!step.reason || (!too_old && is_recent(step.day)))
		return true;
	if (is_held(pass, rows, row, 4, step))
		return true;
	if (!copy_reason(rows, row, 2, holds))
		return drop(pass, step, total, err);
	step.reason = holds;
	say(pass, &step);
	return true;
}

static bool drop_days(const struct pass *pass, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	int64_t total = 0;
	put_int8(&params, pass->settings->keep_days);
	put_usec(&params, usec_now());
	if (!total_size(pass, &total, err) ||
	    !sql_run(pass->store, "retention_days", &params, &rows, err))
		return false;
	for (int i = 0; i < rows.count && !*pass->store->app->stop; i++) {
		if (!judge_day(pass, &rows, i, &total, err))
			return false;
	}
	return true;
}

// --- bodies ---

static bool strip(const struct pass *pass, usec_t day, struct err *err)
{
	struct retention_step step = {
		.what = RETENTION_STRIP, .day = day, .reason = "keep_bodies_days"};
	char reason[REASON];
	FIELDS_AUTO params = {0};
	put_date(&params, day);
	put_usec(&params, usec_now());
	if (!pass->dry_run && !run_patiently(pass, "retention_strip", &params, &step, reason, err))
		return false;
	say(pass, &step);
	return true;
}

static bool strip_days(const struct pass *pass, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_int8(&params, pass->settings->keep_bodies_days);
	put_usec(&params, usec_now());
	if (!sql_run(pass->store, "retention_bodies", &params, &rows, err))
		return false;
	for (int i = 0; i < rows.count && !*pass->store->app->stop; i++) {
		const struct retention_step day = {.day = row_usec(&rows, i, 0)};
		if (!is_held(pass, &rows, i, 1, day) && !strip(pass, day.day, err))
			return false;
	}
	return true;
}

// --- tables that are not cut into days ---

static const struct old {
	const char *table, *setting;
	size_t days; // in struct settings
} olds[] = {
	{"known", "keep_known_days", offsetof(struct settings, keep_known_days)},
	{"typing", "keep_typing_days", offsetof(struct settings, keep_typing_days)},
	{"quarantine", "keep_quarantine_days", offsetof(struct settings, keep_quarantine_days)},
	{"access_log", "keep_access_days", offsetof(struct settings, keep_access_days)},
};

static bool expire(const struct pass *pass, const struct old *old, int64_t days, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	usec_t now = usec_now();
	put_zstr(&params, old->table);
	put_int8(&params, days);
	put_usec(&params, now);
	put_bool(&params, pass->dry_run);
	if (!sql_run(pass->store, "retention_old", &params, &rows, err))
		return false;
	struct retention_step step = {.what = RETENTION_OLD,
				      .day = now - days * USEC_PER_DAY,
				      .rows = row_int(&rows, 0, 0),
				      .reason = old->setting};
	if (step.rows)
		say(pass, &step);
	return true;
}

static bool expire_old(const struct pass *pass, struct err *err)
{
	for (size_t i = 0; i < sizeof olds / sizeof *olds; i++) {
		int64_t days;
		memcpy(&days, (const char *)pass->settings + olds[i].days, sizeof days);
		if (days && !*pass->store->app->stop && !expire(pass, &olds[i], days, err))
			return false;
	}
	return true;
}

bool store_retention(struct store *store, bool dry_run, void *self,
		     void (*each)(void *self, const struct retention_step *step), struct err *err)
{
	const struct settings *settings = store->app->settings;
	struct pass pass = {store, settings, dry_run, self, each};
	usec_t patience = store->patience;
	store->patience = REWRITE_PATIENCE;
	bool fine = ((!settings->keep_days && !settings->keep_disk) || drop_days(&pass, err)) &&
		    (!settings->keep_bodies_days || strip_days(&pass, err)) &&
		    expire_old(&pass, err);
	store->patience = patience;
	return fine;
}
