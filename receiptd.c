// SPDX-License-Identifier: Apache-2.0
// The front door: global options, one table of subcommands, signals. The only file with global
// mutable state: the flag that INT and TERM set, the count of HUPs.
#include "api/api.h"
#include "core/app.h"
#include "core/arena.h"
#include "core/no_core.h"
#include "core/terminal.h"
#include "core/watchdog.h"
#include "ingest/feeds.h"
#include "ingest/follow.h"
#include "ingest/ingest.h"
#include "store/store.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static atomic_int stop_requested, reloads;

static command_fn cmd_run;

static const struct command {
	const char *name;
	const char *what;
	command_fn *run;
} commands[] = {
	{"run", "follow the configured sources and serve the HTTP API", cmd_run},
	{"import", "read log files once and store what they show", cmd_import},
	{"serve", "serve the HTTP API only", cmd_serve},
	{"explain", "say what a log file is and what an import would store", cmd_explain},
	{"doctor", "say what is wrong with sources and database", cmd_doctor},
	{"export", "print messages, counters, findings or metrics", cmd_export},
	{"top", "watch rates, sources and the worst domains in a terminal", cmd_top},
	{"report", "make the report of a day, week or month", cmd_report},
	{"token", "add, list and revoke access tokens of the API", cmd_token},
	{"check", "count again what dashboards show, and compare", cmd_check},
	{"reprocess", "drop an interval and read its logs again", cmd_reprocess},
	{"retention", "drop days and bodies that are too old", cmd_retention},
	{"seal", "sign what was stored until the end of a day; proofs of messages", cmd_seal},
	{"verify", "compare what is stored with the seals; check a proof", cmd_verify},
	{"erase", "take a person out of everything that is stored", cmd_erase},
	{"hold", "keep the data of a person from erase and retention", cmd_hold},
	{"migrate", "bring the database schema up to date, or show its state", cmd_migrate},
};

static const size_t command_count = sizeof(commands) / sizeof(commands[0]);

static void print_help(FILE *out)
{
	fprintf(out,
		"usage: receiptd [--config FILE] [--set NAME=VALUE]... COMMAND [options]\n"
		"\n"
		"Pairs the messages in XMPP server logs with their receipts, markers and errors,\n"
		"and answers: do they arrive, how fast, and when are they read.\n"
		"\n"
		"Commands (each with --help):\n");
	for (size_t i = 0; i < command_count; i++)
		fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].what);
	fprintf(out,
		"\n"
		"Everywhere:\n"
		"  --config FILE      settings (default: $RECEIPTD_CONFIG, else none)\n"
		"  --set NAME=VALUE   one setting, wins over the file\n"
		"  --log-level LEVEL  error, warn, info or debug\n"
		"  --raw              to a terminal as it is, control characters of others included\n"
		"  --settings         list all settings;  --sample  print a sample file\n"
		"  --version\n"
		"\n"
		"First steps:\n"
		"  receiptd explain /var/log/prosody/prosody.log\n"
		"  receiptd import  /var/log/prosody/prosody.log\n"
		"  receiptd token add me --scopes metrics,messages && receiptd serve\n");
}

static void on_signal(int number)
{
	(void)number;
	stop_requested = 1;
}

static void on_reload(int number)
{
	(void)number;
	reloads = (reloads + 1) & 0xffff;
}

static void catch_reload(void)
{
	struct sigaction reload = {.sa_handler = on_reload};

	sigaction(SIGHUP, &reload, NULL);
}

static void catch_signals(void)
{
	struct sigaction stop = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN};

	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

// --- run ---

static const char run_help[] =
	"usage: receiptd run\n"
	"\n"
	"Follows every source of the settings file and serves the HTTP API, until INT or TERM.\n"
	"Without sources it serves what was imported.\n";

static void wait_for_stop(const struct app *app)
{
	while (!*app->stop)
		usleep(100000);
}

static int cmd_run(struct app *app, int argc, char **argv)
{
	struct err err = {0};
	struct api *api = NULL;

	if (argc > 1) {
		bool asked = !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h");
		if (asked)
			fputs(run_help, stdout);
		else
			fprintf(stderr,
				"receiptd: run: takes no arguments, but got %s (see --help)\n",
				argv[1]);
		return asked ? ERR_NONE : ERR_USAGE;
	}
	struct retention_loop *retention = NULL;
	struct report_schedule *reports = NULL;
	struct feeds *feeds = NULL;
	if (app->settings->source_count)
		app->watchdog = watchdog_start(app->log, app->settings->stuck_after);
	bool ok = feeds_open(app, &feeds, &err);
	if (ok)
		app->feed = feeds_sink(feeds);
	ok = ok && api_start(app, &api, &err);
	if (ok) {
		retention = retention_start(app);
		reports = report_schedule_start(app);
	}
	if (ok && app->settings->source_count)
		ok = follow_run(app, feeds, &err);
	else if (ok)
		wait_for_stop(app);
	report_schedule_stop(reports);
	retention_stop(retention);
	api_stop(api);
	watchdog_stop(app->watchdog);
	app->watchdog = NULL;
	feeds_close(feeds);
	if (*app->stop && err.kind == ERR_DATABASE)
		ok = true; // asked to stop while the database was not there yet: a clean stop
	if (!ok)
		log_error(app->log, "stopped", LOG_S("error", err.text));
	return ok ? ERR_NONE : (int)err.kind;
}

// --- global options: taken out of argv wherever they stand before "--" ---

struct globals {
	const char *config, *log_level;
	const char **sets;
	size_t set_count;
	bool raw; // to a terminal as it is
};

static bool take_option(const char *name, int argc, char **argv, int *at, const char **value)
{
	size_t n = strlen(name);

	if (strncmp(argv[*at], name, n) != 0)
		return false;
	if (argv[*at][n] == '=') {
		*value = argv[*at] + n + 1;
		return true;
	}
	if (argv[*at][n] != '\0' || *at + 1 >= argc)
		return false;
	*value = argv[++*at];
	return true;
}

static int take_globals(int argc, char **argv, struct globals *globals)
{
	int kept = 1;

	for (int i = 1; i < argc; i++) {
		const char *value = NULL;
		if (!strcmp(argv[i], "--")) {
			while (i < argc)
				argv[kept++] = argv[i++];
		} else if (take_option("--config", argc, argv, &i, &globals->config) ||
			   take_option("--log-level", argc, argv, &i, &globals->log_level)) {
			continue;
		} else if (take_option("--set", argc, argv, &i, &value)) {
			globals->sets[globals->set_count++] = value;
		} else if (!strcmp(argv[i], "--raw")) {
			globals->raw = true;
		} else {
			argv[kept++] = argv[i];
		}
	}
	argv[kept] = NULL;
	return kept;
}

static bool load_settings(const struct globals *globals, struct app *app, struct err *err)
{
	const char *config = globals->config ? globals->config : getenv("RECEIPTD_CONFIG");

	if (!settings_load(config && *config ? config : NULL, &app->settings, err))
		return false;
	for (size_t i = 0; i < globals->set_count; i++)
		if (!settings_set(app->settings, globals->sets[i], err))
			return false;
	enum log_level level = LOG_INFO;
	const char *name = globals->log_level ? globals->log_level : app->settings->log_level;
	if (name && !log_level_parse(name, &level))
		return err_set(err, ERR_USAGE, "log level %s: use error, warn, info or debug",
			       name);
	app->log = log_new(STDERR_FILENO, level);
	return true;
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < command_count; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static const struct {
	const char *option;
	void (*print)(FILE *out);
} printers[] = {
	{"--help", print_help},
	{"-h", print_help},
	{"help", print_help},
	{"--settings", settings_print_help},
	{"--sample", settings_print_sample},
};

static bool print_and_leave(const char *word)
{
	for (size_t i = 0; i < sizeof(printers) / sizeof(printers[0]); i++) {
		if (!strcmp(word, printers[i].option)) {
			printers[i].print(stdout);
			return true;
		}
	}
	if (!strcmp(word, "--version"))
		printf("receiptd %s\n", RECEIPTD_VERSION);
	return !strcmp(word, "--version");
}

static int run_command(const struct globals *globals, int argc, char **argv)
{
	struct app app = {
		.stop = &stop_requested, .reload = &reloads, .tty = isatty(STDERR_FILENO) == 1};
	const struct command *command = find_command(argv[1]);
	struct err err = {0};
	int status = ERR_USAGE;

	if (!command) {
		fprintf(stderr, "receiptd: unknown command '%s'; try: receiptd --help\n", argv[1]);
		return ERR_USAGE;
	}
	if (command->run == cmd_run || command->run == cmd_serve)
		catch_reload(); // of other commands a terminal may take its leave
	bool loaded = load_settings(globals, &app, &err);
	if (loaded && app.settings->core_files)
		core_files_again();
	if (loaded)
		status = command->run(&app, argc - 1, argv + 1);
	else
		fprintf(stderr, "receiptd: %s\n", err.text);
	settings_free(app.settings);
	log_free(app.log);
	return status;
}

// F199: whatever a command prints of what others wrote.
static void mind_the_terminal(void)
{
	FILE *stream = terminal_stream(STDOUT_FILENO);
	if (stream)
		stdout = stream;
}

int main(int argc, char **argv)
{
	struct globals globals = {.sets = xcalloc((size_t)argc + 1, sizeof(char *))};

	no_core_files();
	memory_is_given_back();
	catch_signals();
	argc = take_globals(argc, argv, &globals);
	int status = ERR_NONE;
	if (!globals.raw && isatty(STDOUT_FILENO))
		mind_the_terminal();
	if (argc < 2) {
		print_help(stderr);
		status = ERR_USAGE;
	} else if (!print_and_leave(argv[1])) {
		status = run_command(&globals, argc, argv);
	}
	free(globals.sets);
	if (fflush(stdout) == EOF && status == ERR_NONE)
		status = ERR_STORAGE;
	return status;
}
