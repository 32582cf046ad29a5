// SPDX-License-Identifier: Apache-2.0
// receiptd check
#include "store/check.h"

#include <getopt.h>
#include <stdio.h>

enum { DIFFERENCES_MAX = 20 };

enum option_name { OPT_REALM, OPT_SINCE, OPT_UNTIL, OPT_HELP };

static void usage(FILE *out)
{
	fputs("usage: receiptd check [--realm NAME] [--since TIME] [--until TIME]\n"
	      "\n"
	      "Dashboards and /v1/metrics read sums that are kept beside the messages. This\n"
	      "command counts the messages again and compares: every sum, every bin of every\n"
	      "histogram, every user's day must be equal. Then it derives everything anew, one\n"
	      "conversation after the other, from the facts that are stored: what each message\n"
	      "is said to be (state, times, number, acks, errors), with which message each\n"
	      "acknowledgement is paired, findings, and what the order of a conversation shows\n"
	      "(inferred reading, answers, typing, CS-REPEAT, CS-UNNEGOTIATED), and that all who\n"
	      "have messages in a conversation are in the list by which they are found. It sees\n"
	      "one moment of the database, changes nothing, and may run beside an ingester.\n"
	      "\n"
	      "  --realm NAME  default: the realm of the settings\n"
	      "  --since TIME  only days from this one on; a day is a UTC day, taken whole\n"
	      "  --until TIME  only days before this time\n"
	      "\n"
	      "Days whose messages were dropped by retention keep their sums; they are counted\n"
	      "and passed over, and the days near them are not derived anew, because what was\n"
	      "dropped would be missing. Parts that wait to be settled are counted, not compared.\n"
	      "Findings that one line shows (CARBON-FORGED, MSG-NO-ID, DELAY-FUTURE, ...) and\n"
	      "the counters of lines (unparsable, carbons, ...) stand on lines that are not\n"
	      "stored: only reading the logs again (receiptd reprocess) could check them.\n"
	      "Findings that are judged when they are read (ACK-MISSING, MARK-STUCK, ACK-LEAK,\n"
	      "CS-COMPOSING-OPEN, ...) are not stored, so there is nothing to compare.\n"
	      "\n"
	      "Exit status: 0 all equal; 3 something differs, the first 20 differences are\n"
	      "printed, one a line: table and key, time, column, stored and recomputed value;\n"
	      "2 usage; 4 the database is not available.\n"
	      "\n"
	      "  receiptd check --since 2026-03-01T00:00:00Z --until 2026-04-01T00:00:00Z\n",
	      out);
}

struct request {
	const char *realm;
	usec_t since, until;
	bool help;
};

static bool read_time(const char *name, const char *value, usec_t *at, struct err *err)
{
	return usec_parse(text_of(value), at) ||
	       err_set(err, ERR_USAGE, "check: --%s \"%s\" is not a time", name, value);
}

static bool read_option(int option, char **argv, struct request *request, struct err *err)
{
	switch (option) {
	case OPT_REALM:
		request->realm = optarg;
		return true;
	case OPT_SINCE:
		return read_time("since", optarg, &request->since, err);
	case OPT_UNTIL:
		return read_time("until", optarg, &request->until, err);
	case OPT_HELP:
		return request->help = true;
	default:
		return err_set(err, ERR_USAGE, "check: unknown option or missing value: %s",
			       argv[optind - 1]);
	}
}

static bool read_request(int argc, char **argv, struct request *request, struct err *err)
{
	static const struct option options[] = {{"realm", required_argument, NULL, OPT_REALM},
						{"since", required_argument, NULL, OPT_SINCE},
						{"until", required_argument, NULL, OPT_UNTIL},
						{"help", no_argument, NULL, OPT_HELP},
						{NULL, 0, NULL, 0}};
	*request = (struct request){.since = USEC_NONE, .until = USEC_NONE};
	optind = 0;
	opterr = 0;
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (!read_option(option, argv, request, err))
			return false;
	}
	if (optind < argc)
		return err_set(err, ERR_USAGE, "check: unexpected argument %s", argv[optind]);
	if (request->since != USEC_NONE && request->until != USEC_NONE &&
	    request->since >= request->until)
		return err_set(err, ERR_USAGE, "check: --since must lie before --until");
	return true;
}

static void print_difference(void *self, const struct check_difference *it)
{
	char at[USEC_TEXT];
	(void)self;
	printf("%.*s at %s: %.*s is %.*s, recomputed %.*s\n", (int)it->what.n, it->what.p,
	       usec_format(it->at, 0, at), (int)it->column.n, it->column.p, (int)it->stored.n,
	       it->stored.p, (int)it->made.n, it->made.p);
}

static void print_progress(void *self, int64_t rows, int64_t of)
{
	(void)self;
	fprintf(stderr, "\r%lld of %lld messages", (long long)rows, (long long)of);
}

static void print_result(const struct check_result *result)
{
	printf("%s: %lld days, %lld messages; derived anew: %lld keys, %lld findings",
	       result->differences ? "DIFFERENT" : "equal", (long long)result->days,
	       (long long)result->rows, (long long)result->keys, (long long)result->findings);
	if (result->unsettled)
		printf("; %lld parts of conversations wait to be settled, not compared",
		       (long long)result->unsettled);
	if (result->erased)
		printf("; %lld conversations of erased persons counted, not derived anew",
		       (long long)result->erased);
	if (result->underived)
		printf("; %lld days not derived anew, too near to dropped ones",
		       (long long)result->underived);
	if (result->dropped_days)
		printf("; %lld days not checked, their messages were dropped",
		       (long long)result->dropped_days);
	if (result->differences >= DIFFERENCES_MAX)
		printf("; the first %d differences, there may be more", DIFFERENCES_MAX);
	putchar('\n');
}

static bool check(struct app *app, struct store *store, const struct request *request,
		  struct check_result *result, struct err *err)
{
	struct realm realm;
	struct realm_settings rules = {0};
	const char *name = request->realm ? request->realm : app->settings->realm;
	if (!store_realm_rules(store, name, &realm, &rules, err))
		return false;
	const struct check_request what = {
		.realm = realm.id,
		.name = text_of(name),
		.rules = &rules,
		.since = request->since,
		.until = request->until,
		.limit = DIFFERENCES_MAX,
		.difference = print_difference,
		.progress = app->tty ? print_progress : NULL,
		.stop = app->stop,
	};
	bool fine = store_check(store, &what, result, err);
	realm_settings_free(&rules);
	if (app->tty)
		fputs("\r\033[K", stderr);
	if (fine && *app->stop)
		return err_set(err, ERR_DIFFERS, "check: stopped before it was done");
	return fine;
}

int cmd_check(struct app *app, int argc, char **argv)
{
	struct err err = {0};
	struct request request;
	struct check_result result = {0};
	struct store *store = NULL;
	bool fine = read_request(argc, argv, &request, &err);
	if (fine && request.help) {
		usage(stdout);
		return ERR_NONE;
	}
	fine = fine && store_open(app, STORE_READ, &store, &err) &&
	       check(app, store, &request, &result, &err);
	store_close(store);
	if (!fine) {
		fprintf(stderr, "receiptd: %s\n", err.text);
		return (int)err.kind;
	}
	print_result(&result);
	return result.differences ? ERR_DIFFERS : ERR_NONE;
}
