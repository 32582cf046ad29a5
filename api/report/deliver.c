// SPDX-License-Identifier: Apache-2.0
#include "api/report/deliver.h"

#include "api/report/program.h"
#include "api/report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	FIRST_PAUSE_SECONDS = 60,
	LONGEST_PAUSE_HOURS = 6,
	TRIES_MAX = 24,
	LIMIT_SECONDS = 60,
	LEASE_SECONDS = 300
};

// A minute, two, four, ... six hours: four days in all.
usec_t report_next_try(usec_t now, int64_t tries)
{
	const usec_t longest = LONGEST_PAUSE_HOURS * 3600 * USEC_PER_SEC;
	usec_t pause = FIRST_PAUSE_SECONDS * USEC_PER_SEC;
	for (int64_t i = 1; i < tries && pause < longest; i++)
		pause *= 2;
	return tries >= TRIES_MAX ? USEC_NONE : now + (pause < longest ? pause : longest);
}

// The hook is given a path, so the file must be there, wherever it was written first.
static bool put_in_place(const char *folder, const struct report_due *due, char **path,
			 struct err *err)
{
	struct out_file file = {.bytes = due->content};
	int fd = files_open(folder, err);
	if (fd < 0)
		return false;
	if (asprintf(&file.name, "%.*s", (int)due->name.n, due->name.p) < 0 ||
	    asprintf(path, "%s/%s", folder, file.name) < 0)
		abort();
	bool fine = files_prepare(fd, &file, 1, err) && files_publish(fd, &file, 1, err);
	files_drop(fd, &file, 1);
	close(fd);
	return fine;
}

static bool is_hook(const struct report_due *due)
{
	return text_is(due->way, report_ways[0]);
}

static bool is_wanted(const struct settings *settings, const struct report_due *due,
		      struct err *err)
{
	if (is_hook(due))
		return settings->report_hook ||
		       err_set(err, ERR_USAGE, "report_hook is not set any more");
	return settings->report_mail.count ||
	       err_set(err, ERR_USAGE, "report_mail is not set any more");
}

static bool read_page(struct store *store, const char *folder, struct report_due *due,
		      struct arena *arena, char **path, struct err *err)
{
	int revision;
	if (!store_report_content(store, &due->key, "html", arena, &revision, &due->content, err))
		return false;
	if (!due->content.p)
		return err_set(err, ERR_STORAGE, "its bytes are not kept any more");
	return !is_hook(due) || put_in_place(folder, due, path, err);
}

// Under the lock of reports: whoever erases has taken the bytes out before, or finds the file afterwards. It is not held
// while a program runs.
static bool fetch(struct store *store, const char *folder, struct report_due *due,
		  struct arena *arena, char **path, struct err *err)
{
	if (!store_report_wait(store, err))
		return false;
	bool fine = read_page(store, folder, due, arena, path, err);
	store_report_unlock(store);
	return fine;
}

static bool call_hook(struct app *app, const char *path, const struct report_due *due,
		      struct err *err)
{
	const char *const argv[] = {app->settings->report_hook, path, NULL};
	const char *const more[] = {
		due->incomplete ? "RECEIPTD_REPORT=incomplete" : "RECEIPTD_REPORT=complete", NULL};
	const struct program program = {argv, more, TEXT_NONE, LIMIT_SECONDS * USEC_PER_SEC,
					app->stop};
	return program_run(&program, err);
}

static bool send_mail(struct app *app, const struct report_due *due, struct err *err)
{
	struct buf mail = {0};
	const char *const argv[] = {app->settings->report_sendmail, "-t", "-i", NULL};
	bool fine = report_mail(&mail, app->settings, due, err);
	if (fine) {
		const struct program program = {argv, NULL, buf_view(&mail),
						LIMIT_SECONDS * USEC_PER_SEC, app->stop};
		fine = program_run(&program, err);
	}
	buf_free(&mail);
	return fine;
}

static bool deliver(struct app *app, struct store *store, const char *folder,
		    struct report_due *due, struct arena *arena, struct err *err)
{
	char *path = NULL;
	bool fine = is_wanted(app->settings, due, err) &&
		    fetch(store, folder, due, arena, &path, err) &&
		    (is_hook(due) ? call_hook(app, path, due, err) : send_mail(app, due, err));
	free(path);
	return fine;
}

// The first failure and the last one are said; those between are to be seen where it waits.
static void say_failure(struct app *app, const struct report_due *due, usec_t next,
			const struct err *why)
{
	char at[USEC_TEXT] = "never";
	if (due->tries > 0 && next != USEC_NONE)
		return;
	if (next != USEC_NONE)
		usec_format(next, 0, at);
	log_warn(app->log, "report-not-delivered", LOG_T("report", due->name),
		 LOG_T("way", due->way), LOG_S("error", why->text), LOG_S("next", at));
}

// By the clock, whatever "now" a report was made for: longer than waiting for the lock and running the program take.
static usec_t lease_end(usec_t now)
{
	usec_t clock = usec_now();
	return (clock > now ? clock : now) + LEASE_SECONDS * USEC_PER_SEC;
}

// It is ours before the program runs: another process that looks now leaves it alone. Of one that died with it, it is
// delivered again.
static bool deliver_next(struct app *app, struct store *store, int32_t realm, const char *folder,
			 usec_t now, bool *found, bool *sent, struct err *err)
{
	struct err why = {0};
	struct report_due due;
	struct arena *arena = arena_new();
	bool fine = store_report_claim(store, realm, now, lease_end(now), arena, &due, found, err);
	if (fine && *found) {
		*sent = deliver(app, store, folder, &due, arena, &why);
		usec_t next = *sent ? USEC_NONE : report_next_try(now, due.tries + 1);
		if (!*sent)
			say_failure(app, &due, next, &why);
		fine = store_report_sent(store, &due, now, next,
					 *sent ? TEXT_NONE : text_of(why.text), err);
	}
	arena_free(arena);
	return fine;
}

bool report_deliver(struct app *app, struct store *store, int32_t realm, const char *folder,
		    usec_t now, size_t *failed, struct err *err)
{
	char *own = folder ? NULL : report_folder(app->settings);
	bool fine = true, found = true;
	*failed = 0;
	while (fine && found && !*app->stop) {
		bool sent = true;
		fine = deliver_next(app, store, realm, folder ? folder : own, now, &found, &sent,
				    err);
		*failed += !sent;
	}
	free(own);
	return fine;
}
