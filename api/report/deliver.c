// SPDX-License-Identifier: Apache-2.0
#include "api/report/deliver.h"

#include "api/report/program.h"
#include "api/report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FIRST_PAUSE_SECONDS = 60, LONGEST_PAUSE_HOURS = 6, TRIES_MAX = 24, LIMIT_SECONDS = 60 };

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

static bool call_hook(struct app *app, const char *folder, const struct report_due *due,
		      struct err *err)
{
	char *path = NULL;
	bool fine = put_in_place(folder, due, &path, err);
	if (fine) {
		const char *const argv[] = {app->settings->report_hook, path, NULL};
		const char *const more[] = {due->incomplete ? "RECEIPTD_REPORT=incomplete"
							    : "RECEIPTD_REPORT=complete",
					    NULL};
		const struct program program = {argv, more, TEXT_NONE, LIMIT_SECONDS * USEC_PER_SEC,
						app->stop};
		fine = program_run(&program, err);
	}
	free(path);
	return fine;
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

static bool deliver(struct app *app, const char *folder, const struct report_due *due,
		    struct err *err)
{
	if (!due->content.p)
		return err_set(err, ERR_STORAGE, "its bytes are not kept any more");
	if (text_is(due->way, report_ways[0]))
		return app->settings->report_hook
			       ? call_hook(app, folder, due, err)
			       : err_set(err, ERR_USAGE, "report_hook is not set any more");
	return app->settings->report_mail.count
		       ? send_mail(app, due, err)
		       : err_set(err, ERR_USAGE, "report_mail is not set any more");
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

bool report_deliver(struct app *app, struct store *store, int32_t realm, const char *folder,
		    usec_t now, size_t *failed, struct err *err)
{
	struct arena *arena = arena_new();
	struct report_due *list;
	size_t count = 0;
	char *own = folder ? NULL : report_folder(app->settings);
	bool fine = store_report_due(store, realm, now, arena, &list, &count, err);
	*failed = 0;
	for (size_t i = 0; fine && i < count && !*app->stop; i++) {
		struct err why = {0};
		bool sent = deliver(app, folder ? folder : own, &list[i], &why);
		usec_t next = sent ? USEC_NONE : report_next_try(now, list[i].tries + 1);
		if (!sent)
			say_failure(app, &list[i], next, &why);
		*failed += !sent;
		fine = store_report_sent(store, &list[i], now, next,
					 sent ? TEXT_NONE : text_of(why.text), err);
	}
	free(own);
	arena_free(arena);
	return fine;
}
