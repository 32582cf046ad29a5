// SPDX-License-Identifier: Apache-2.0
// receiptd report
#include "api/api.h"
#include "api/options.h"
#include "api/report/deliver.h"
#include "api/report/report.h"
#include "api/settle_all.h"

#include <stdio.h>
#include <stdlib.h>

static const char help[] =
	"usage: receiptd report [--day YYYY-MM-DD] [option...]\n"
	"\n"
	"Makes the report of a day as HTML, JSON and CSV, and stores it. Nothing changed since the last\n"
	"one: it stays as it is. Something did: the next revision names it, and the last one stays too.\n"
	"\n"
	"  --day YYYY-MM-DD   default: yesterday in the zone\n"
	"  --week, --month    of the week (Monday to Sunday) or month that has that day\n"
	"  --zone ZONE        whose days; default: report_zone, else zone, of the settings\n"
	"  --realm NAME       default: the realm of the settings\n"
	"  --out DIR          folder; default: report_dir, else reports in data_dir\n"
	"  --lang en|zh       language; default: report_language\n"
	"  --now TIME|last    evaluation time (pending or expired): default the clock;\n"
	"                     last = newest event of the realm\n"
	"  --no-delivery      do not call the hook and send no mail\n"
	"\n"
	"Prints one line that says whether it is complete, then the files.\n"
	"\n"
	"Exit status: 0 done, 2 usage (also a day that has not begun), 3 the report was made and is\n"
	"incomplete (a gap or unread input) or unsigned, 4 database not available, 6 a file could not\n"
	"be written, or something else is there under its name.\n";

enum option_name {
	OPT_DAY,
	OPT_ZONE,
	OPT_REALM,
	OPT_OUT,
	OPT_LANG,
	OPT_NOW,
	OPT_WEEK,
	OPT_MONTH,
	OPT_NO_DELIVERY,
	OPT_HELP,
	OPTIONS
};

struct options {
	const char *given[OPTIONS];
};

static bool read_options(int argc, char **argv, struct options *options, struct err *err)
{
	static const struct option table[] = {
		{"day", required_argument, NULL, OPT_DAY},
		{"zone", required_argument, NULL, OPT_ZONE},
		{"realm", required_argument, NULL, OPT_REALM},
		{"out", required_argument, NULL, OPT_OUT},
		{"lang", required_argument, NULL, OPT_LANG},
		{"now", required_argument, NULL, OPT_NOW},
		{"week", no_argument, NULL, OPT_WEEK},
		{"month", no_argument, NULL, OPT_MONTH},
		{"no-delivery", no_argument, NULL, OPT_NO_DELIVERY},
		{"help", no_argument, NULL, OPT_HELP},
		{NULL, 0, NULL, 0},
	};
	if (!options_read(NULL, argc, argv, table, options->given, err))
		return false;
	if (options->given[OPT_HELP])
		return true;
	if (optind < argc)
		return err_set(err, ERR_USAGE, "%s is too much (see --help)", argv[optind]);
	if (options->given[OPT_WEEK] && options->given[OPT_MONTH])
		return err_set(err, ERR_USAGE, "--week or --month, not both");
	return true;
}

// A copy of the settings in which options win; its strings stay those of the settings.
static bool apply(const struct options *options, struct settings *settings, struct err *err)
{
	const char *const *given = options->given;
	if (given[OPT_REALM])
		settings->realm = (char *)(uintptr_t)given[OPT_REALM];
	if (!given[OPT_LANG])
		return true;
	if (strcmp(given[OPT_LANG], "en") != 0 && strcmp(given[OPT_LANG], "zh") != 0)
		return err_set(err, ERR_USAGE, "--lang is en or zh");
	settings->report_language = (char *)(uintptr_t)given[OPT_LANG];
	return true;
}

static bool find_now(struct store *store, int32_t realm, const char *given,
		     struct report_request *request, struct err *err)
{
	struct honesty honesty;
	request->now = request->clock = usec_now();
	if (!given)
		return true;
	if (strcmp(given, "last") != 0) {
		bool fine = usec_parse(text_of(given), &request->now);
		request->clock = request->now;
		return fine || err_set(err, ERR_USAGE,
				       "--now \"%.100s\" is not a time (nor \"last\")", given);
	}
	if (!store_honesty(store, realm, USEC_NONE, USEC_NONE, &honesty, err))
		return false;
	if (honesty.newest != USEC_NONE)
		request->now = honesty.newest;
	return true;
}

static bool find_day(const struct options *options, const struct settings *settings,
		     struct report_request *request, struct err *err)
{
	const char *day = options->given[OPT_DAY];
	request->kind = options->given[OPT_WEEK]    ? PERIOD_WEEK
			: options->given[OPT_MONTH] ? PERIOD_MONTH
						    : PERIOD_DAY;
	request->zone = options->given[OPT_ZONE];
	request->folder = options->given[OPT_OUT];
	if (day)
		return period_parse_day(text_of(day), &request->day) ||
		       err_set(err, ERR_USAGE, "--day \"%.100s\" is not a date (YYYY-MM-DD)", day);
	struct zone *zone = zone_open(request->zone ? request->zone : report_zone(settings), err);
	if (!zone)
		return false;
	request->day = period_civil_day(zone, request->clock) - USEC_PER_DAY;
	zone_free(zone);
	return true;
}

static void print_result(const struct report_result *result)
{
	puts(result->first_line);
	for (size_t i = 0; i < REPORT_FORMATS; i++)
		puts(result->paths[i]);
	if (result->is_unsigned)
		puts("unsigned: it could not be sealed");
}

// A failure is no failure of the report: it waits, and "receiptd run" tries again.
static bool hand_over(struct app *app, struct store *store, const struct options *options,
		      int32_t realm, usec_t now, struct err *err)
{
	size_t failed;
	return options->given[OPT_NO_DELIVERY] ||
	       report_deliver(app, store, realm, options->given[OPT_OUT], now, &failed, err);
}

static bool run(struct app *app, const struct options *options, struct report_result *result,
		struct err *err)
{
	struct settings settings = *app->settings;
	struct app own = *app;
	struct store *store = NULL;
	struct realm realm;
	struct realm_settings rules;
	struct report_request request = {0};
	own.settings = &settings;
	if (!apply(options, &settings, err) || !store_open(&own, STORE_WRITE, &store, err))
		return false;
	bool fine = store_realm_rules(store, settings.realm, &realm, &rules, err);
	if (fine)
		realm_settings_free(&rules);
	fine = fine && find_now(store, realm.id, options->given[OPT_NOW], &request, err) &&
	       find_day(options, &settings, &request, err) &&
	       settle_all(&own, store, settings.realm, realm.id, err) &&
	       report_make(&own, store, &request, result, err) &&
	       hand_over(&own, store, options, realm.id, request.clock, err);
	store_close(store);
	return fine;
}

int cmd_report(struct app *app, int argc, char **argv)
{
	struct err err = {0};
	struct options options = {0};
	struct report_result result = {0};
	bool fine = read_options(argc, argv, &options, &err);
	if (fine && options.given[OPT_HELP]) {
		fputs(help, stdout);
		return ERR_NONE;
	}
	fine = fine && run(app, &options, &result, &err);
	int status = fine ? ERR_NONE : (int)err.kind;
	if (fine) {
		print_result(&result);
		status = result.incomplete || result.is_unsigned ? ERR_DIFFERS : ERR_NONE;
	} else {
		fprintf(stderr, "receiptd: report: %s\n", err.text);
	}
	report_result_free(&result);
	return status;
}
