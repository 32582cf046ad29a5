// SPDX-License-Identifier: Apache-2.0
#include "ingest/explain.h"

#include "core/json.h"
#include "ingest/ingest.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>

static const char help[] =
	"usage: receiptd explain [--json] [--dialect NAME] [--zone ZONE] [--year YEAR] FILE...\n"
	"\n"
	"Reads log files as an import would, but stores nothing, and tells what they are, how sure\n"
	"that is, which stanzas, sessions and rooms they hold, and what could not be read. Files may\n"
	"be plain or compressed (gzip, xz, zstd, bzip2, lz4).\n"
	"\n"
	"  --json          one JSON object a file, for scripts\n"
	"  --dialect NAME  read as this dialect instead of finding it out\n"
	"  --zone ZONE     time zone of stamps that name none (default: the system's)\n"
	"  --year YEAR     year of the first stamp where stamps have none (default: from the file)\n"
	"  --help          this text\n"
	"\n"
	"Dialects:\n";

static void print_help(FILE *out)
{
	fputs(help, out);
	for (size_t i = 0; dialect_types[i]; i++)
		fprintf(out, "  %-15s %s\n", dialect_types[i]->name, dialect_types[i]->title);
	fputs("\nExit status: 0 done, 2 wrong usage, 5 not readable or not recognised.\n", out);
}

// Names come from the log: no control character of theirs reaches the terminal.
static void print_name(FILE *out, const char *name)
{
	for (; *name; name++)
		fputc((unsigned char)*name < 0x20 || *name == 0x7f ? '?' : *name, out);
}

static void print_list(FILE *out, const char *label, const struct string_list *list, size_t total)
{
	enum { SHOWN = 12 };
	fprintf(out, "  %-12s ", label);
	if (!list->count)
		fputs("none seen", out);
	for (size_t i = 0; i < list->count && i < SHOWN; i++) {
		fputs(i ? ", " : "", out);
		print_name(out, list->items[i]);
	}
	if (total > SHOWN)
		fprintf(out, " and %zu more", total - SHOWN);
	fputc('\n', out);
}

static void print_counts(FILE *out, const char *label, const struct look_count *counts, bool offset)
{
	for (size_t i = 0; i < LOOK_KINDS && counts[i].what; i++) {
		fprintf(out, "  %-12s %" PRIu64 " x %s", i ? "" : label, counts[i].count,
			counts[i].what);
		if (offset)
			fprintf(out, ", first at byte %" PRIu64, counts[i].first);
		fputc('\n', out);
	}
	if (!counts[0].what)
		fprintf(out, "  %-12s nothing\n", label);
}

static void print_stanzas(FILE *out, const struct look *look)
{
	uint64_t total = 0;
	fprintf(out, "  %-12s ", "stanzas");
	for (int dir = 0; dir < DIR_COUNT; dir++) {
		if (look->stanzas[dir])
			fprintf(out, "%s%" PRIu64 " %s", total ? ", " : "", look->stanzas[dir],
				direction_names[dir]);
		total += look->stanzas[dir];
	}
	fputs(total ? "\n" : "none\n", out);
	if (look->no_session)
		fprintf(out, "  %-12s %" PRIu64 " of them without a known session\n", "",
			look->no_session);
	if (look->no_time)
		fprintf(out, "  %-12s %" PRIu64 " of them without a time\n", "", look->no_time);
	if (look->odd_time)
		fprintf(out,
			"  %-12s %" PRIu64 " of them in an hour that the zone has twice or not\n",
			"", look->odd_time);
}

void explain_print(FILE *out, const char *path, const struct look *look)
{
	char first[USEC_TEXT], last[USEC_TEXT];
	fprintf(out, "%s\n", path);
	fprintf(out, "  %-12s %s (%s)\n", "dialect", look->dialect->name, look->dialect->title);
	fprintf(out, "  %-12s %d %%: %s\n", "certainty", look->certainty, look->why);
	fprintf(out, "  %-12s %s%s, for stamps that name none\n", "zone", zone_name(look->zone),
		look->zone_assumed ? " (the system's, assumed)" : "");
	fprintf(out, "  %-12s %" PRIu64 " bytes%s%s\n", "read", look->bytes,
		look->compressed ? ", decompressed" : "", look->whole ? "" : ", not to the end");
	if (look->first != USEC_NONE)
		fprintf(out, "  %-12s %s to %s\n", "time", usec_format(look->first, 3, first),
			usec_format(look->last, 3, last));
	print_stanzas(out, look);
	fprintf(out, "  %-12s %zu\n", "sessions", look->sessions);
	print_list(out, "", &look->session_names, look->sessions);
	print_list(out, "hosts", &look->hosts, look->hosts.count);
	print_list(out, "MUC domains", &look->muc_domains, look->muc_domains.count);
	print_counts(out, "ignored", look->ignored, false);
	print_counts(out, "not readable", look->unread, true);
	print_counts(out, "gaps", look->gaps, true);
}

static json_t *counts_json(const struct look_count *counts, bool offset)
{
	json_t *array = json_array();
	for (size_t i = 0; i < LOOK_KINDS && counts[i].what; i++) {
		json_t *object = json_object();
		json_object_set_new(object, "what", json_string(counts[i].what));
		json_object_set_new(object, "count", json_integer((json_int_t)counts[i].count));
		if (offset)
			json_object_set_new(object, "first_offset",
					    json_integer((json_int_t)counts[i].first));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *list_json(const struct string_list *list)
{
	json_t *array = json_array();
	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(array, json_text(text_of(list->items[i])));
	return array;
}

json_t *explain_json(const char *path, const struct look *look)
{
	json_t *object = json_object(), *stanzas = json_object();
	for (int dir = 0; dir < DIR_COUNT; dir++)
		json_object_set_new(stanzas, direction_names[dir],
				    json_integer((json_int_t)look->stanzas[dir]));
	json_object_set_new(object, "file", json_text(text_of(path)));
	json_object_set_new(object, "dialect", json_string(look->dialect->name));
	json_object_set_new(object, "certainty", json_integer(look->certainty));
	json_object_set_new(object, "why", json_string(look->why));
	json_object_set_new(object, "zone", json_string(zone_name(look->zone)));
	json_object_set_new(object, "bytes", json_integer((json_int_t)look->bytes));
	json_object_set_new(object, "compressed", json_boolean(look->compressed));
	json_object_set_new(object, "complete", json_boolean(look->whole));
	json_object_set_new(object, "first", json_usec(look->first, 6));
	json_object_set_new(object, "last", json_usec(look->last, 6));
	json_object_set_new(object, "stanzas", stanzas);
	json_object_set_new(object, "without_session", json_integer((json_int_t)look->no_session));
	json_object_set_new(object, "without_time", json_integer((json_int_t)look->no_time));
	json_object_set_new(object, "odd_time", json_integer((json_int_t)look->odd_time));
	json_object_set_new(object, "session_count", json_integer((json_int_t)look->sessions));
	json_object_set_new(object, "sessions", list_json(&look->session_names));
	json_object_set_new(object, "hosts", list_json(&look->hosts));
	json_object_set_new(object, "muc_domains", list_json(&look->muc_domains));
	json_object_set_new(object, "ignored", counts_json(look->ignored, false));
	json_object_set_new(object, "unreadable", counts_json(look->unread, true));
	json_object_set_new(object, "gaps", counts_json(look->gaps, true));
	return object;
}

static int explain_file(const char *path, const struct look_options *options, bool json)
{
	struct look look;
	struct err err = {0};
	bool ok = look_at(path, options, &look, &err);
	if (look.dialect && json) {
		JSON_AUTO *object = explain_json(path, &look);
		json_dumpf(object, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
		fputc('\n', stdout);
	} else if (look.dialect) {
		explain_print(stdout, path, &look);
	}
	look_free(&look);
	if (ok)
		return ERR_NONE;
	fflush(stdout);
	fprintf(stderr, "receiptd: explain: %s\n", err.text);
	return (int)err.kind;
}

static int usage_error(const char *what, const char *value)
{
	fprintf(stderr, "receiptd: explain: %s%s; see receiptd explain --help\n", what, value);
	return ERR_USAGE;
}

static bool parse_year(const char *value, int *year)
{
	char *end;
	long number = strtol(value, &end, 10);
	if (*end || end == value || number < 1970 || number > 9998)
		return false;
	*year = (int)number;
	return true;
}

int cmd_explain(struct app *app, int argc, char **argv)
{
	static const struct option flags[] = {
		{"json", no_argument, NULL, 'j'},          {"help", no_argument, NULL, 'h'},
		{"dialect", required_argument, NULL, 'd'}, {"zone", required_argument, NULL, 'z'},
		{"year", required_argument, NULL, 'y'},    {NULL, 0, NULL, 0}};
	struct look_options options = {0};
	bool json = false;
	int status = ERR_NONE, flag;
	if (app && app->settings)
		options.rules = &app->settings->rules;
	optind = 0; // getopt's state may be that of receiptd.c
	opterr = 0;
	while ((flag = getopt_long(argc, argv, "", flags, NULL)) != -1) {
		if (flag == 'j')
			json = true;
		else if (flag == 'd' && dialect_by_name(text_of(optarg)))
			options.dialect = optarg;
		else if (flag == 'd')
			return usage_error("unknown dialect ", optarg);
		else if (flag == 'z')
			options.zone = optarg;
		else if (flag == 'y' && !parse_year(optarg, &options.year))
			return usage_error("not a year: ", optarg);
		else if (flag == 'h')
			return print_help(stdout), ERR_NONE;
		else if (flag == '?')
			return usage_error("wrong option or missing value: ", argv[optind - 1]);
	}
	if (optind == argc)
		return usage_error("no file named", "");
	for (; optind < argc; optind++) {
		int one = explain_file(argv[optind], &options, json);
		if (one > status)
			status = one;
	}
	return status;
}
