// SPDX-License-Identifier: Apache-2.0
#include "api/report/schedule.h"

#include "api/api.h"
#include "api/export.h"
#include "api/report/deliver.h"
#include "api/report/files.h"
#include "api/report/report.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	SLICE_MS = 200,
	LOOK_SECONDS = 20,   // how often it is asked whether something is due
	AGAIN_SECONDS = 300, // after a failure
	MISSED_DAYS = 31,    // that are made up for
	RIPE_DAYS = 45,      // how far back reports are made again
	SETTLE_SECONDS = 30,
};

struct report_schedule {
	struct app *app;
	pthread_t thread;
	atomic_bool stop;
	struct zone *zone;
	usec_t first; // due when it began: without any report, only later ones are made
	usec_t done;  // due day up to which all is made
	bool tidy;    // what a killed run left is gone
};

int schedule_seconds(const char *clock)
{
	return ((clock[0] - '0') * 10 + clock[1] - '0') * 3600 +
	       ((clock[3] - '0') * 10 + clock[4] - '0') * 60;
}

usec_t schedule_due(const struct zone *zone, usec_t now, int at)
{
	usec_t today = period_civil_day(zone, now);
	usec_t passed = now - period_day_start(zone, today);
	return today - (passed >= at * USEC_PER_SEC ? 1 : 2) * USEC_PER_DAY;
}

// ---- what is to be made

enum { WORK_MAX = 128 };

struct work {
	const struct report_schedule *schedule;
	usec_t now, due, t_expire;
	int32_t realm;
	enum period_kind kind;
	usec_t last; // newest first day that has a report; USEC_NONE: none
	usec_t days[WORK_MAX];
	size_t count;
};

static void add_day(struct work *work, usec_t day)
{
	if (work->count < WORK_MAX)
		work->days[work->count++] = day;
}

// Newest revisions: an incomplete one may be whole now, one that was not final may be.
static bool each_report(void *self, const struct stored_report *report)
{
	struct work *work = self;
	struct period period = period_of(work->kind, report->key.day, work->schedule->zone);
	bool ripe = !report->final && period.until + work->t_expire <= work->now &&
		    report->made_at < period.until + work->t_expire;
	if (work->last == USEC_NONE || report->key.day > work->last)
		work->last = report->key.day;
	if (report->incomplete || ripe)
		add_day(work, report->key.day);
	return true;
}

// A period is due when its last day is.
static void add_missed(struct work *work)
{
	const struct zone *zone = work->schedule->zone;
	usec_t from = work->last != USEC_NONE ? work->last : work->schedule->first;
	struct period period = period_of(work->kind, from, zone);
	usec_t oldest = work->due - MISSED_DAYS * USEC_PER_DAY;
	for (;;) {
		struct period next = period_step(&period, 1, zone);
		struct period after = period_step(&next, 1, zone);
		if (after.day - USEC_PER_DAY > work->due)
			return;
		if (next.day >= oldest)
			add_day(work, next.day);
		period = next;
	}
}

static bool find_work(struct store *store, struct work *work, struct err *err)
{
	struct arena *arena = arena_new();
	const struct report_filter filter = {
		.realm = work->realm,
		.period = period_words[work->kind],
		.since = work->due - RIPE_DAYS * USEC_PER_DAY,
		.until = USEC_NONE,
		.zone = zone_name(work->schedule->zone),
		.revision = 0,
		.limit = WORK_MAX,
	};
	work->last = USEC_NONE;
	work->count = 0;
	bool fine = store_reports(store, &filter, arena, work, each_report, err);
	if (fine)
		add_missed(work);
	arena_free(arena);
	return fine;
}

// ---- making it

static bool is_over(const struct report_schedule *schedule)
{
	return atomic_load(&schedule->stop) || *schedule->app->stop;
}

static void say_made(struct app *app, const struct report_result *result)
{
	if (result->is_new)
		log_info(app->log, "report-made", LOG_S("report", result->first_line));
}

static bool make_one(struct app *app, struct store *store, const struct work *work, usec_t day,
		     struct err *err)
{
	struct report_result result;
	const struct report_request request = {
		.kind = work->kind, .day = day, .now = work->now, .clock = work->now};
	bool fine = report_make(app, store, &request, &result, err);
	if (fine)
		say_made(app, &result);
	report_result_free(&result);
	return fine;
}

static bool is_wanted(const struct settings *settings, enum period_kind kind)
{
	const struct string_list *periods = &settings->report_periods;
	return periods->count ? string_list_has(periods, text_of(period_words[kind]))
			      : kind == PERIOD_DAY;
}

static bool make_all(struct report_schedule *schedule, struct store *store, struct work *work,
		     struct err *err)
{
	int64_t left;
	bool fine = export_wait(store, work->realm, SETTLE_SECONDS * USEC_PER_SEC, &left, err);
	for (int kind = 0; fine && kind < PERIOD_KINDS; kind++) {
		work->kind = (enum period_kind)kind;
		if (!is_wanted(schedule->app->settings, work->kind))
			continue;
		fine = find_work(store, work, err);
		for (size_t i = 0; fine && i < work->count && !is_over(schedule); i++)
			fine = make_one(schedule->app, store, work, work->days[i], err);
	}
	return fine;
}

// Temporary files name people as reports do. Another process that makes a report has some of its own: not now.
static void tidy(struct report_schedule *schedule, struct store *store)
{
	struct err ignored = {0};
	bool taken = false;
	if (schedule->tidy || !store_report_lock(store, &taken, &ignored) || !taken)
		return;
	char *path = report_folder(schedule->app->settings);
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder >= 0) {
		files_tidy(folder);
		close(folder);
	}
	free(path);
	store_report_unlock(store);
	schedule->tidy = true;
}

// No realm yet: nothing was ever stored, there is nothing to report.
static bool pass(struct report_schedule *schedule, struct store *store, bool make, struct err *err)
{
	struct realm realm;
	struct realm_settings rules;
	struct err unknown = {0};
	size_t failed;
	struct work work = {.schedule = schedule, .now = usec_now()};
	if (!store_realm_rules(store, schedule->app->settings->realm, &realm, &rules, &unknown))
		return unknown.kind == ERR_USAGE || err_set(err, unknown.kind, "%s", unknown.text);
	work.t_expire = rules.t_expire;
	work.realm = realm.id;
	realm_settings_free(&rules);
	work.due = schedule_due(schedule->zone, work.now,
				schedule_seconds(schedule->app->settings->report_at));
	bool fine = !make || make_all(schedule, store, &work, err);
	if (fine && make)
		schedule->done = work.due;
	return fine && report_deliver(schedule->app, store, realm.id, NULL, work.now, &failed, err);
}

// A connection for each look: an idle one would only be another that may be lost.
static bool look(struct report_schedule *schedule, bool make)
{
	struct err err = {0};
	struct store *store = NULL;
	bool fine = store_open(schedule->app, STORE_WRITE, &store, &err);
	if (fine)
		tidy(schedule, store);
	fine = fine && pass(schedule, store, make, &err);
	store_close(store);
	if (!fine && !is_over(schedule))
		log_warn(schedule->app->log, "report-failed", LOG_S("error", err.text),
			 LOG_S("next", "tried again in five minutes"));
	return fine;
}

static void *keep_looking(void *self)
{
	struct report_schedule *schedule = self;
	const struct settings *settings = schedule->app->settings;
	bool delivers = settings->report_hook || settings->report_mail.count;
	int at = schedule_seconds(settings->report_at);
	schedule->done = USEC_NONE; // what was missed while it was down is made first
	usec_t next = usec_monotonic();
	while (!is_over(schedule)) {
		bool make = schedule_due(schedule->zone, usec_now(), at) != schedule->done;
		if (usec_monotonic() >= next && (make || delivers)) {
			bool fine = look(schedule, make);
			next = usec_monotonic() +
			       (fine ? LOOK_SECONDS : AGAIN_SECONDS) * USEC_PER_SEC;
		}
		poll(NULL, 0, SLICE_MS);
	}
	return NULL;
}

struct report_schedule *report_schedule_start(struct app *app)
{
	struct err err = {0};
	if (!app->settings->report_at)
		return NULL;
	struct report_schedule *schedule = xcalloc(1, sizeof *schedule);
	schedule->app = app;
	schedule->zone = zone_open(report_zone(app->settings), &err);
	if (schedule->zone) {
		schedule->first = schedule_due(schedule->zone, usec_now(),
					       schedule_seconds(app->settings->report_at));
		if (pthread_create(&schedule->thread, NULL, keep_looking, schedule) == 0)
			return schedule;
		err_set(&err, ERR_INTERNAL, "no thread could be made");
	}
	log_error(app->log, "report-failed", LOG_S("error", err.text));
	zone_free(schedule->zone);
	free(schedule);
	return NULL;
}

void report_schedule_stop(struct report_schedule *schedule)
{
	if (!schedule)
		return;
	atomic_store(&schedule->stop, true);
	pthread_join(schedule->thread, NULL);
	zone_free(schedule->zone);
	free(schedule);
}
