// SPDX-License-Identifier: Apache-2.0
// receiptd retention, and the thread that does the same every hour.
#include "core/arena.h"
#include "store/internal.h"

#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static const char help[] =
	"usage: receiptd retention [--dry-run]\n"
	"\n"
	"Drops what is too old, as the settings say, and lists which conversations each day has, by which\n"
	"pages of the chat log are found sooner; \"receiptd run\" does the same every hour.\n"
	"\n"
	"  keep_days = 400         messages, evidence and findings of older days are dropped\n"
	"  keep_bodies_days = 30   older bodies are taken out; who, when and whether it came stays\n"
	"  keep_disk = 50GB        the oldest days are dropped until all tables take less\n"
	"\n"
	"  keep_known_days, keep_typing_days, keep_quarantine_days, keep_access_days: tables that are not cut\n"
	"  into days; see receiptd --settings\n"
	"\n"
	"All are off by default. Days are UTC. Roll-ups stay, so metrics of dropped days are still\n"
	"there. A dropped day is never made again: what comes late for it is counted (late_dropped\n"
	"in \"receiptd export counters\"). A day younger than w_match + t_expire is kept while it has\n"
	"gaps or messages that may still be answered, and a day with messages of somebody under legal\n"
	"hold (receiptd hold) with its bodies until the hold ends.\n"
	"\n"
	"  --dry-run   say what would go; changes nothing\n"
	"\n"
	"Exit status: 0 done or nothing to do, 2 usage, 3 a day was too busy or must be kept yet (it is\n"
	"named), 4 database not available.\n";

// --- the command ---

struct command {
	bool dry_run;
	bool left; // something is still there that a setting wants gone
	int64_t days;
};

static void print_step(void *self, const struct retention_step *step)
{
	struct command *command = self;
	char text[USEC_TEXT];
	const char *would = command->dry_run ? "would be " : "";
	usec_format(step->day, 0, text);
	text[10] = '\0';
	command->left |= step->what == RETENTION_KEPT || step->what == RETENTION_BUSY ||
			 step->what == RETENTION_HELD;
	command->days++;
	if (step->what == RETENTION_DROP)
		printf("%s: %sdropped (%s), %.1f MB", text, would, step->reason,
		       (double)step->bytes / 1e6);
	else if (step->what == RETENTION_STRIP)
		printf("%s: bodies %staken out (%s)", text, would, step->reason);
	else if (step->what == RETENTION_KEPT)
		printf("%s: kept: it has %s; %s", text, step->reason,
		       strstr(step->reason, "sealed")
			       ? "run receiptd seal first"
			       : "shorten w_match or t_expire, or raise keep_days or keep_disk");
	else if (step->what == RETENTION_OLD)
		printf("before %s: %s%lld rows gone (%s)", text, would, (long long)step->rows,
		       step->reason);
	else if (step->what == RETENTION_HELD)
		printf("%s: kept: it has %s (receiptd hold list)", text, step->reason);
	else
		printf("%s: kept: it was in use for too long; run this again", text);
	if (step->rows && step->what != RETENTION_OLD)
		printf(", %lld %s", (long long)step->rows,
		       step->what == RETENTION_STRIP ? "bodies" : "messages");
	putchar('\n');
	fflush(stdout);
}

static bool parse(int argc, char **argv, bool *dry_run, bool *asked)
{
	static const struct option options[] = {{"dry-run", no_argument, NULL, 'n'},
						{"help", no_argument, NULL, 'h'},
						{NULL, 0, NULL, 0}};
	int option;
	optind = 0;
	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		*dry_run |= option == 'n';
		*asked |= option == 'h';
		if (option == '?')
			return false;
	}
	return optind == argc;
}

static bool is_wanted(const struct settings *settings)
{
	return settings->keep_days || settings->keep_bodies_days || settings->keep_disk ||
	       settings->keep_known_days || settings->keep_typing_days ||
	       settings->keep_quarantine_days || settings->keep_access_days;
}

static int conclude(const struct app *app, const struct command *command)
{
	if (!is_wanted(app->settings))
		puts("nothing to do: keep_days, keep_bodies_days, keep_disk and the other keep_ settings are off");
	else if (!command->days)
		puts("nothing to do");
	return command->left ? ERR_DIFFERS : ERR_NONE;
}

int cmd_retention(struct app *app, int argc, char **argv)
{
	struct command command = {0};
	struct err err = {0};
	struct store *store = NULL;
	bool asked = false;
	if (!parse(argc, argv, &command.dry_run, &asked)) {
		fputs("try: receiptd retention --help\n", stderr);
		return ERR_USAGE;
	}
	if (asked) {
		fputs(help, stdout);
		return ERR_NONE;
	}
	int64_t listed;
	bool fine = store_open(app, STORE_WRITE, &store, &err) &&
		    store_retention(store, command.dry_run, &command, print_step, &err) &&
		    (command.dry_run || store_list_days(store, &listed, &err));
	store_close(store);
	if (fine)
		return conclude(app, &command);
	log_error(app->log, "retention", LOG_S("error", err.text));
	return (int)err.kind;
}

// --- the thread ---

#define HOUR (3600 * USEC_PER_SEC)
enum { SLICE_MS = 200 };

struct retention_loop {
	struct app *app;
	pthread_t thread;
	atomic_bool stop;
};

static void log_step(void *self, const struct retention_step *step)
{
	static const char *const events[] = {
		[RETENTION_DROP] = "day-dropped", [RETENTION_STRIP] = "bodies-taken-out",
		[RETENTION_KEPT] = "day-kept",    [RETENTION_HELD] = "day-held",
		[RETENTION_OLD] = "rows-expired", [RETENTION_BUSY] = "day-busy"};
	struct app *app = self;
	char day[USEC_TEXT];
	usec_format(step->day, 0, day);
	day[10] = '\0';
	log_info(app->log, events[step->what], LOG_S("day", day), LOG_I("rows", step->rows),
		 LOG_S("because", step->reason));
}

// A connection for each pass: an hour between two is long for an idle one.
static void drop_what_is_old(struct app *app)
{
	struct err err = {0};
	struct store *store = NULL;
	if (!store_open(app, STORE_WRITE, &store, &err) ||
	    !store_retention(store, false, app, log_step, &err))
		log_warn(app->log, "retention-failed", LOG_S("error", err.text),
			 LOG_S("next", "tried again in an hour"));
	store_close(store);
}

// It needs no owner: a daemon that keeps everything may be none.
static void list_days(struct app *app)
{
	struct err err = {0};
	struct store *store = NULL;
	int64_t listed = 0;
	if (!store_open(app, STORE_INGEST, &store, &err) || !store_list_days(store, &listed, &err))
		log_warn(app->log, "days-not-listed", LOG_S("error", err.text),
			 LOG_S("next", "tried again in an hour; until then pages are slower"));
	if (listed)
		log_info(app->log, "days-listed", LOG_I("days", listed));
	store_close(store);
}

static void make_pass(struct app *app)
{
	if (is_wanted(app->settings))
		drop_what_is_old(app);
	if (!*app->stop)
		list_days(app);
}

static bool is_over(const struct retention_loop *loop)
{
	return atomic_load(&loop->stop) || *loop->app->stop;
}

// Up to six minutes of jitter: several daemons of one database do not meet.
static void *keep_passing(void *self)
{
	struct retention_loop *loop = self;
	while (!is_over(loop)) {
		make_pass(loop->app);
		usec_t until = usec_monotonic() + HOUR + usec_now() % (HOUR / 10);
		while (!is_over(loop) && usec_monotonic() < until)
			poll(NULL, 0, SLICE_MS);
	}
	return NULL;
}

struct retention_loop *retention_start(struct app *app)
{
	struct retention_loop *loop = xcalloc(1, sizeof *loop);
	loop->app = app;
	if (pthread_create(&loop->thread, NULL, keep_passing, loop) == 0)
		return loop;
	log_error(app->log, "retention-failed", LOG_S("error", "no thread could be made"));
	free(loop);
	return NULL;
}

void retention_stop(struct retention_loop *loop)
{
	if (!loop)
		return;
	atomic_store(&loop->stop, true);
	pthread_join(loop->thread, NULL);
	free(loop);
}
