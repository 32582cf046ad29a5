// SPDX-License-Identifier: Apache-2.0
// receiptd export messages|counters|findings|...
#include "api/api.h"
#include "api/options.h"
#include "api/export.h"
#include "api/settle_all.h"
#include "api/export_person.h"

#define SUBJECTS "messages, counters, findings, metrics, typing, gaps, sources, quarantine, person"

typedef bool export_fn(struct store *store, const struct export_options *options, FILE *out,
		       struct err *err);

static const struct subject {
	const char *name;
	export_fn *write;
} subjects[] = {
	{"messages", export_messages}, {"counters", export_counters},
	{"findings", export_findings}, {"metrics", export_metrics},
	{"typing", export_typing},     {"gaps", export_gaps},
	{"sources", export_sources},   {"quarantine", export_quarantine},
};

enum option_name {
	OPT_FORMAT,
	OPT_REALM,
	OPT_SINCE,
	OPT_UNTIL,
	OPT_NOW,
	OPT_JID,
	OPT_PSEUDONYMISE,
	OPT_HELP,
	OPTIONS
};

struct request {
	export_fn *write;
	const char *given[OPTIONS]; // option texts, NULL = not given
	enum table_format format;
	usec_t since, until;
	bool pseudonymise, person;
};

static void usage(FILE *out)
{
	fputs("usage: receiptd export messages|counters|findings|metrics|typing|gaps|sources|quarantine\n"
	      "                       [option...]\n"
	      "       receiptd export person --jid JID\n"
	      "Writes what is stored about a realm to standard output.\n\n"
	      "  --format ndjson|json|csv  default ndjson: one object a line\n"
	      "  --realm NAME              default: the realm of the settings\n"
	      "  --since TIME              only what was sent at or after TIME\n"
	      "  --until TIME              only what was sent before TIME\n"
	      "  --now TIME|last           evaluation time (pending or expired): default the clock;\n"
	      "                            last = newest event of the realm\n\n"
	      "  --pseudonymise            persons, devices, nicks and ids by other names; domains stay. Within\n"
	      "                            one export the same one has the same name, in the next another\n\n"
	      "person writes all that is held on one bare JID, bodies too, one JSON object a line and table; that\n"
	      "it was read is in the access log. receiptd erase takes the same away.\n\n"
	      "Times are RFC 3339: 2026-03-02T10:00:00Z. Else bodies are never exported.\n"
	      "In CSV, text that could be taken for a formula has an apostrophe in front.\n",
	      out);
}

static bool find_subject(const char *name, export_fn **write, struct err *err)
{
	for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
		if (strcmp(subjects[i].name, name) == 0) {
			*write = subjects[i].write;
			return true;
		}
	}
	err_set(err, ERR_USAGE, "export: \"%s\" is not one of " SUBJECTS, name);
	return false;
}

static bool read_options(int argc, char **argv, struct request *request, struct err *err)
{
	static const struct option options[] = {
		{"format", required_argument, NULL, OPT_FORMAT},
		{"realm", required_argument, NULL, OPT_REALM},
		{"since", required_argument, NULL, OPT_SINCE},
		{"until", required_argument, NULL, OPT_UNTIL},
		{"now", required_argument, NULL, OPT_NOW},
		{"jid", required_argument, NULL, OPT_JID},
		{"pseudonymise", no_argument, NULL, OPT_PSEUDONYMISE},
		{"help", no_argument, NULL, OPT_HELP},
		{NULL, 0, NULL, 0},
	};
	if (!options_read("export", argc, argv, options, request->given, err))
		return false;
	if (request->given[OPT_HELP])
		return true;
	request->pseudonymise = request->given[OPT_PSEUDONYMISE] != NULL;
	request->person = optind + 1 == argc && !strcmp(argv[optind], "person");
	if (request->given[OPT_JID] && !request->person)
		return err_set(err, ERR_USAGE, "export: --jid goes with \"export person\"");
	if (request->person)
		return true;
	if (optind + 1 == argc)
		return find_subject(argv[optind], &request->write, err);
	err_set(err, ERR_USAGE, "export: say one of " SUBJECTS " (see --help)");
	return false;
}

static bool read_time(const char *name, const char *value, usec_t *at, struct err *err)
{
	*at = USEC_NONE;
	return !value || usec_parse(text_of(value), at) ||
	       err_set(err, ERR_USAGE, "export: --%s \"%s\" is not a time", name, value);
}

static bool read_format(const char *value, enum table_format *format, struct err *err)
{
	*format = TABLE_NDJSON;
	for (int i = 0; value && i < TABLE_FORMATS; i++) {
		if (strcmp(value, table_format_names[i]) == 0) {
			*format = (enum table_format)i;
			return true;
		}
	}
	return !value || err_set(err, ERR_USAGE, "export: --format is ndjson, json or csv");
}

// Everything that can be wrong without looking into the database.
static bool read_request(int argc, char **argv, struct request *request, struct err *err)
{
	if (!read_options(argc, argv, request, err) || request->given[OPT_HELP])
		return request->given[OPT_HELP] != NULL;
	const char *const *given = request->given;
	usec_t now;
	return read_format(given[OPT_FORMAT], &request->format, err) &&
	       read_time("since", given[OPT_SINCE], &request->since, err) &&
	       read_time("until", given[OPT_UNTIL], &request->until, err) &&
	       (text_is(text_of(given[OPT_NOW]), "last") ||
		read_time("now", given[OPT_NOW], &now, err));
}

// Of the key that the database has; one that has none gets it by who may write.
static bool learn_pseudonyms(struct app *app, struct pseudonyms *pseudonyms, struct err *err)
{
	struct privacy_key key;
	struct store *writer = NULL;
	bool fine = store_open(app, STORE_WRITE, &writer, err) &&
		    store_privacy(writer, true, &key, err);
	store_close(writer);
	if (fine)
		pseudonyms_begin(pseudonyms, &key);
	return fine;
}

static bool export_all(struct app *app, struct store *store, const struct request *request,
		       struct err *err)
{
	struct export_options options;
	const char *realm = request->given[OPT_REALM];
	realm = realm ? realm : app->settings->realm;
	if (!export_prepare(store, realm, text_of(request->given[OPT_NOW]), &options, err) ||
	    !settle_all(app, store, realm, options.realm, err))
		return false;
	options.since = request->since;
	options.until = request->until;
	options.format = request->format;
	struct pseudonyms pseudonyms;
	if (request->pseudonymise) {
		if (!learn_pseudonyms(app, &pseudonyms, err))
			return false;
		options.pseudonyms = &pseudonyms;
	}
	return request->write(store, &options, stdout, err);
}

int cmd_export(struct app *app, int argc, char **argv)
{
	struct err err = {0};
	struct request request = {0};
	struct store *store = NULL;
	bool ok = read_request(argc, argv, &request, &err);
	if (ok && request.given[OPT_HELP]) {
		usage(stdout);
		return ERR_NONE;
	}
	if (ok && request.person)
		ok = export_person(app, request.given[OPT_JID], stdout, &err);
	else
		ok = ok && store_open(app, STORE_READ, &store, &err) &&
		     export_all(app, store, &request, &err);
	store_close(store);
	if (!ok)
		fprintf(stderr, "receiptd: %s\n", err.text);
	return ok ? ERR_NONE : (int)err.kind;
}
