// SPDX-License-Identifier: Apache-2.0
// receiptd top: how delivery does, looked at every two seconds. Reads only.
#include "api/api.h"
#include "api/options.h"
#include "api/top_screen.h"
#include "api/top_text.h"
#include "api/top_worker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const char help[] =
	"usage: receiptd top [option...]\n"
	"\n"
	"Shows how delivery does now, drawn anew every two seconds, also over ssh: what the figures stand\n"
	"on, delivery of the last 15 minutes, hour and day, sources, and the domains that do worst. It only\n"
	"reads the database, so it can look at one that a running \"receiptd run\" writes to.\n"
	"\n"
	"  --interval SECONDS  time between two looks, 0.2 to 3600 (default 2)\n"
	"  --once              print one frame as plain text; so it is without a terminal, too\n"
	"  --count N           leave after so many looks\n"
	"  --realm NAME        default: the realm of the settings\n"
	"  --now TIME|last     what counts as now: the clock, a time (RFC 3339), or the newest event\n"
	"  --ascii             no other characters, whatever the locale says\n"
	"\n"
	"Keys: q leave, p pause, up and down scroll, space look now, ? what the columns mean.\n"
	"A line that begins with INCOMPLETE comes before figures that may be too small, and says why. \"-\" is\n"
	"shown where there is nothing to count, never 0 % or 100 %. NO_COLOR=1 turns colours off.\n"
	"\n"
	"  receiptd top                                      look, q to leave\n"
	"  receiptd top --once --now last                    what an import of old logs came to\n"
	"  receiptd top --count 60 --interval 60 >>top.txt   a frame a minute, for an hour\n"
	"\n"
	"Exit status: 0 done; 2 usage, no such realm or an old schema; 4 the database is not available: that\n"
	"ends --once, a screen says so and tries again.\n";

// What redirected output is cut to when COLUMNS does not say.
enum { PLAIN_COLUMNS = 120 };

enum option_name {
	OPT_INTERVAL,
	OPT_COUNT,
	OPT_REALM,
	OPT_NOW,
	OPT_ONCE,
	OPT_ASCII,
	OPT_HELP,
	OPTIONS
};

struct request {
	const char *given[OPTIONS]; // option texts, NULL = not given
	bool once, ascii;
	usec_t interval;
	int count; // 0: no end
};

// --- options ---

static bool read_number(const char *name, const char *value, double least, double most, double *out,
			struct err *err)
{
	char *end = NULL;
	double number = value ? strtod(value, &end) : *out;
	if (value && (end == value || *end || !(number >= least && number <= most)))
		return err_set(err, ERR_USAGE, "top: --%s \"%s\" is not a number from %g to %g",
			       name, value, least, most);
	*out = number;
	return true;
}

static bool check_request(struct request *request, struct err *err)
{
	double interval = 2, count = 0;
	usec_t at;
	const char *const *given = request->given;
	if (!read_number("interval", given[OPT_INTERVAL], 0.2, 3600, &interval, err) ||
	    !read_number("count", given[OPT_COUNT], 1, 1e9, &count, err))
		return false;
	request->interval = (usec_t)(interval * 1e6);
	request->count = (int)count;
	return !given[OPT_NOW] || text_is(text_of(given[OPT_NOW]), "last") ||
	       usec_parse(text_of(given[OPT_NOW]), &at) ||
	       err_set(err, ERR_USAGE, "top: --now \"%s\" is not a time (nor \"last\")",
		       given[OPT_NOW]);
}

static bool read_request(int argc, char **argv, struct request *request, struct err *err)
{
	static const struct option options[] = {
		{"interval", required_argument, NULL, OPT_INTERVAL},
		{"count", required_argument, NULL, OPT_COUNT},
		{"realm", required_argument, NULL, OPT_REALM},
		{"now", required_argument, NULL, OPT_NOW},
		{"once", no_argument, NULL, OPT_ONCE},
		{"ascii", no_argument, NULL, OPT_ASCII},
		{"help", no_argument, NULL, OPT_HELP},
		{NULL, 0, NULL, 0},
	};
	if (!options_read("top", argc, argv, options, request->given, err))
		return false;
	if (request->given[OPT_HELP])
		return true;
	request->once = request->given[OPT_ONCE] != NULL;
	request->ascii = request->given[OPT_ASCII] != NULL;
	if (optind != argc)
		return err_set(err, ERR_USAGE, "top: takes no arguments (see --help)");
	return check_request(request, err);
}

// --- plain text ---

static int plain_columns(void)
{
	int columns = 0, rows;
	const char *given = getenv("COLUMNS");
	if (given)
		columns = (int)strtol(given, NULL, 10);
	else if (isatty(STDOUT_FILENO))
		top_screen_size(&columns, &rows);
	return columns >= 40 && columns <= 1000 ? columns : PLAIN_COLUMNS;
}

static bool print_frame(const struct top_frame *frame, struct err *err)
{
	struct buf out = {0};
	for (size_t i = 0; i < frame->count; i++) {
		top_cut(&out, top_frame_line(frame, i), frame->columns, frame->utf8);
		while (out.len > 0 && out.data[out.len - 1] == ' ')
			out.len--;
		buf_char(&out, '\n');
	}
	bool ok = fwrite(out.data, 1, out.len, stdout) == out.len && fflush(stdout) == 0;
	buf_free(&out);
	return ok || err_set(err, ERR_STORAGE, "top: cannot write: %s", strerror(errno));
}

// One look and one frame; with several a failure is a frame, too.
static bool print_look(struct top_asker *asker, const struct request *request,
		       struct top_frame *frame, struct err *err)
{
	struct top_look *look = NULL;
	struct top_view view = {.columns = plain_columns(),
				.utf8 = top_utf8() && !request->ascii,
				.now = usec_now(),
				.trouble_since = usec_now()};
	bool ok = top_ask(asker, &look, err);
	view.trouble = ok ? NULL : err->text;
	top_frame_make(frame, &view, look);
	struct err broken = {0};
	bool shown = (!ok && request->count <= 1) || print_frame(frame, &broken);
	top_look_free(look);
	if (!shown)
		*err = broken;
	return ok && shown;
}

static void nap(const struct app *app, usec_t time)
{
	usec_t end = usec_monotonic() + time;
	while (usec_monotonic() < end && !*app->stop)
		poll(NULL, 0, 50);
}

static bool run_plain(struct top_asker *asker, const struct request *request, struct err *err)
{
	struct top_frame *frame = xcalloc(1, sizeof *frame);
	int count = request->once || !request->count ? 1 : request->count;
	bool ok = true;
	for (int i = 0; i < count && !*asker->app->stop && (ok || err->kind == ERR_DATABASE); i++) {
		if (i > 0)
			nap(asker->app, request->interval);
		*err = (struct err){0};
		ok = print_look(asker, request, frame, err);
	}
	top_frame_free(frame);
	free(frame);
	return ok;
}

// --- the screen ---

#define SILENCE (3 * USEC_PER_SEC) // of the database, until it is told

struct watch { // what is on the screen
	struct app *app;
	const struct request *request;
	struct top_screen screen;
	struct top_worker *worker;
	struct top_look *look;
	struct top_news news;
	struct top_view view;
	struct top_frame frame;
	int signals;
	bool over;
};

static void press(struct watch *watch, enum top_key key)
{
	static const int steps[] = {
		[KEY_UP] = -1, [KEY_DOWN] = 1, [KEY_PAGE_UP] = -10, [KEY_PAGE_DOWN] = 10};
	struct top_view *view = &watch->view;
	size_t most = TOP_DOMAINS;
	if (watch->look && watch->look->source_count > most)
		most = watch->look->source_count;
	if (key == KEY_QUIT)
		watch->over = true;
	else if (key == KEY_HELP)
		view->help = !view->help;
	else if (key == KEY_LOOK)
		top_worker_look(watch->worker);
	else if (key == KEY_PAUSE)
		top_worker_pause(watch->worker, view->paused = !view->paused);
	else if (key == KEY_HOME)
		view->scroll = 0;
	else if (key >= KEY_UP && key <= KEY_PAGE_DOWN)
		view->scroll += steps[key];
	view->scroll = view->scroll < 0 ? 0 : view->scroll;
	view->scroll = view->scroll > (int)most ? (int)most : view->scroll;
}

// End of input: the terminal was closed.
static void read_keys(struct watch *watch)
{
	char bytes[64];
	ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);
	watch->over |= n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN);
	for (ssize_t i = 0; i < n; i++)
		press(watch, top_screen_key(&watch->screen, bytes[i]));
}

// Ctrl-Z gives the terminal back as it was, and takes it again when it goes on.
static void read_signals(struct watch *watch)
{
	struct signalfd_siginfo signal;
	while (read(watch->signals, &signal, sizeof signal) == (ssize_t)sizeof signal) {
		if (signal.ssi_signo == SIGHUP || signal.ssi_signo == SIGQUIT)
			watch->over = true;
		if (signal.ssi_signo != SIGTSTP)
			continue;
		top_screen_pause(&watch->screen);
		raise(SIGSTOP);
		top_screen_resume(&watch->screen);
	}
}

static void take_news(struct watch *watch)
{
	struct top_news news;
	top_worker_take(watch->worker, &news);
	if (news.look) {
		top_look_free(watch->look);
		watch->look = news.look;
	}
	news.look = NULL;
	watch->news = news;
	watch->over |= news.fatal || (watch->request->count && news.looks >= watch->request->count);
}

static void find_trouble(struct watch *watch)
{
	struct top_view *view = &watch->view;
	const struct top_news *news = &watch->news;
	bool silent = news->asking_since && view->now - news->asking_since > SILENCE;
	const char *was = view->trouble;
	view->trouble = news->err.kind ? news->err.text
			: silent       ? "the database has not answered yet"
				       : NULL;
	if (view->trouble && !was)
		view->trouble_since = silent ? news->asking_since : view->now;
}

static void draw(struct watch *watch)
{
	struct top_view *view = &watch->view;
	view->now = usec_now();
	top_screen_size(&view->columns, &view->rows);
	find_trouble(watch);
	top_frame_make(&watch->frame, view, watch->look);
	watch->over |= !top_screen_draw(&watch->screen, &watch->frame);
}

static void watch_on(struct watch *watch)
{
	struct pollfd fds[] = {{STDIN_FILENO, POLLIN, 0},
			       {watch->signals, POLLIN, 0},
			       {top_worker_fd(watch->worker), POLLIN, 0}};
	while (!watch->over && !*watch->app->stop) {
		draw(watch);
		if (poll(fds, 3, 1000) > 0 && fds[0].revents)
			read_keys(watch);
		read_signals(watch);
		take_news(watch);
	}
}

// A change of size and Ctrl-Z are read like keys, so that no handler needs to know of the screen.
static int open_signals(void)
{
	static const int numbers[] = {SIGWINCH, SIGTSTP, SIGHUP, SIGQUIT};
	sigset_t set;
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		sigaddset(&set, numbers[i]);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static bool run_screen(const struct top_asker *asker, const struct request *request,
		       struct err *err)
{
	struct watch *watch = xcalloc(1, sizeof *watch);
	*watch = (struct watch){.app = asker->app, .request = request};
	watch->view.utf8 = top_utf8() && !request->ascii;
	if (!top_screen_enter(&watch->screen, err)) {
		free(watch);
		return false;
	}
	watch->signals = open_signals();
	watch->worker = top_worker_start(asker, request->interval, err);
	bool joined = true;
	if (watch->worker) {
		watch_on(watch);
		top_screen_leave(&watch->screen);
		joined = top_worker_stop(watch->worker);
	} else {
		top_screen_leave(&watch->screen);
	}
	bool fatal = watch->news.fatal;
	if (fatal)
		*err = watch->news.err;
	if (!joined) // it only reads: nothing is lost when it is ended by the end of the process
		_exit(ERR_NONE);
	close(watch->signals);
	top_look_free(watch->look);
	top_frame_free(&watch->frame);
	free(watch);
	return !fatal && err->kind == ERR_NONE;
}

int cmd_top(struct app *app, int argc, char **argv)
{
	struct err err = {0};
	struct request request = {0};
	bool ok = read_request(argc, argv, &request, &err);
	if (ok && request.given[OPT_HELP]) {
		fputs(help, stdout);
		return ERR_NONE;
	}
	struct top_asker asker = {.app = app,
				  .realm = request.given[OPT_REALM] ? request.given[OPT_REALM]
								    : app->settings->realm,
				  .now = text_of(request.given[OPT_NOW])};
	if (ok && !request.once && top_screen_possible())
		ok = run_screen(&asker, &request, &err);
	else if (ok)
		ok = run_plain(&asker, &request, &err);
	top_asker_close(&asker);
	if (!ok)
		fprintf(stderr, "receiptd: %s\n", err.text);
	return ok ? ERR_NONE : (int)err.kind;
}
