// SPDX-License-Identifier: Apache-2.0
// receiptd reprocess: finds the files of an interval and proves that they still hold what was read,
// lets the store forget the interval, and imports the files again. Nothing is dropped before every
// file is proven.
#include "core/arena.h"
#include "ingest/ingest.h"
#include "ingest/sources/decode.h"
#include "store/store.h"

#include <getopt.h>
#include <glob.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum { PRINT_BYTES = 4096, CHUNK = 65536 };

struct reprocess_command {
	struct app *app;
	struct store *store;
	struct arena *arena;
	const char *realm, *zone, *source;
	const char *since_text, *until_text;
	usec_t since, until;
	bool dry_run, asked;
	struct realm found;
	struct string_list places; // where files may be
};

static const char help[] =
	"usage: receiptd reprocess [--since T] [--until T] [--realm R] [--source NAME] [FILE...]\n"
	"\n"
	"After a dialect, a zone or a setting was put right: drops an interval with the positions of\n"
	"its sources, reads their logs again and states everything anew.\n"
	"\n"
	"The interval is widened to whole UTC days and until nothing crosses its ends: no source, no\n"
	"conversation, no id. So the result is what a first import would give; often it is all of a\n"
	"busy server's logs (--dry-run says). Every file that was read of it must still be there with\n"
	"the same content: under its old path, in the pattern of its source, or as a FILE; otherwise\n"
	"nothing is dropped, and the file is named.\n"
	"\n"
	"  --since T, --until T  the interval, RFC 3339: 2026-03-02T00:00:00Z\n"
	"  --source NAME    the interval is the time of this source\n"
	"  --realm NAME     default: the realm setting\n"
	"  --zone ZONE      time zone of stamps that name none, where the settings have none\n"
	"  --dry-run        say what would be dropped and read; changes nothing\n"
	"\n"
	"Stop a daemon that follows these sources first. If it is interrupted, run it again: until it\n"
	"is through, all numbers of the interval count as incomplete (a gap says so).\n"
	"\n"
	"Exit status: 0 done, 2 usage, 3 refused or unfinished, 4 database not available, 5 a file is\n"
	"gone, changed or not readable.\n";

// --- where files may be ---

static void add_place(struct reprocess_command *command, const char *path)
{
	char full[PATH_MAX];
	if (realpath(path, full) && !string_list_has(&command->places, text_of(full)))
		string_list_add(&command->places, text_of(full));
}

static void add_patterns(struct reprocess_command *command)
{
	const struct settings *settings = command->app->settings;
	for (size_t i = 0; i < settings->source_count; i++) {
		glob_t found;
		if (glob(settings->sources[i].path, 0, NULL, &found))
			continue;
		for (size_t j = 0; j < found.gl_pathc; j++)
			add_place(command, found.gl_pathv[j]);
		globfree(&found);
	}
}

static void list_places(struct reprocess_command *command, const struct reprocess *plan, int argc,
			char **argv)
{
	for (int i = optind; i < argc; i++)
		add_place(command, argv[i]);
	for (size_t i = 0; i < plan->file_count; i++)
		add_place(command, arena_zstr(command->arena, plan->files[i].path));
	add_patterns(command);
}

// --- proof: the head, and the bytes before low water ---

struct proof {
	unsigned char head[PRINT_BYTES], tail[PRINT_BYTES];
	size_t head_size;
	uint64_t seen, want; // bytes so far, low water
	size_t tail_len;
};

static void take(struct proof *proof, const unsigned char *data, size_t size)
{
	uint64_t tail_at = proof->want - proof->tail_len;
	for (size_t i = 0; i < size && proof->head_size < PRINT_BYTES; i++)
		proof->head[proof->head_size++] = data[i];
	if (proof->seen + size > tail_at && proof->seen < proof->want) {
		uint64_t from = proof->seen > tail_at ? proof->seen : tail_at;
		uint64_t to = proof->seen + size < proof->want ? proof->seen + size : proof->want;
		memcpy(proof->tail + (from - tail_at), data + (from - proof->seen),
		       (size_t)(to - from));
	}
	proof->seen += size;
}

static bool is_hash_of(const unsigned char hash[32], const unsigned char *data, size_t size)
{
	unsigned char now[32];
	crypto_hash_sha256(now, data, size);
	return memcmp(now, hash, sizeof now) == 0;
}

static bool head_fits(const struct proof *proof, const struct fingerprint *print)
{
	return proof->head_size >= print->head_len &&
	       is_hash_of(print->head, proof->head, print->head_len);
}

static bool is_there(const char *path, const struct reprocess_file *file)
{
	static const size_t least = 1;
	struct proof *proof = xcalloc(least, sizeof *proof);
	struct decoder *decoder = decode_open(path, NULL);
	unsigned char *buffer = xcalloc(least, CHUNK);
	bool fits = decoder != NULL && file->print.tail_len <= PRINT_BYTES &&
		    file->print.tail_len <= file->low_water;
	long got = 0;

	proof->want = file->low_water;
	proof->tail_len = file->print.tail_len;
	while (fits && proof->seen < proof->want &&
	       (got = decode_read(decoder, buffer, CHUNK, NULL)) > 0) {
		bool first = proof->head_size < PRINT_BYTES;
		take(proof, buffer, (size_t)got);
		if (first && proof->head_size >= file->print.head_len)
			fits = head_fits(proof, &file->print);
	}
	fits = fits && proof->seen >= proof->want && head_fits(proof, &file->print) &&
	       is_hash_of(file->print.tail, proof->tail, proof->tail_len);
	decode_close(decoder);
	free(buffer);
	free(proof);
	return fits;
}

static bool find_file(const struct reprocess_command *command, struct reprocess_file *file)
{
	for (size_t i = 0; i < command->places.count; i++) {
		if (is_there(command->places.items[i], file)) {
			file->path = arena_text(command->arena, text_of(command->places.items[i]));
			return true;
		}
	}
	return false;
}

// --- what forbids it ---

static bool find_all(struct reprocess_command *command, struct reprocess *plan, struct err *err)
{
	size_t missing = 0;
	for (size_t i = 0; i < plan->file_count; i++) {
		struct reprocess_file *file = &plan->files[i];
		if (!file->low_water || find_file(command, file))
			continue;
		missing++;
		fprintf(stderr, "missing or changed: %.*s (source %.*s)\n", (int)file->path.n,
			file->path.p, (int)file->source_name.n, file->source_name.p);
	}
	return !missing || err_set(err, ERR_INPUT,
				   "%zu of %zu files cannot be read again, so nothing was dropped: "
				   "name where they are now",
				   missing, plan->file_count);
}

static bool check_plan(const struct reprocess *plan, struct err *err)
{
	for (size_t i = 0; i < plan->file_count; i++) {
		if (plan->files[i].followed)
			return err_set(err, ERR_DIFFERS,
				       "source %.*s is being followed: stop the daemon, wait ten "
				       "seconds and run this again",
				       (int)plan->files[i].source_name.n,
				       plan->files[i].source_name.p);
	}
	return !plan->dropped_days ||
	       err_set(err, ERR_DIFFERS,
		       "%lld days of it were dropped by retention: they cannot be made again",
		       (long long)plan->dropped_days);
}

static void print_plan(const struct reprocess_command *command, const struct reprocess *plan)
{
	char since[USEC_TEXT], until[USEC_TEXT];
	printf("%s %s to %s: %lld messages, %lld acknowledgements of their own, %lld findings\n",
	       command->dry_run ? "would drop" : "dropping", usec_format(plan->since, 0, since),
	       usec_format(plan->until, 0, until), (long long)plan->messages,
	       (long long)plan->evidence, (long long)plan->findings);
	for (size_t i = 0; i < plan->file_count; i++) {
		if (plan->files[i].low_water)
			printf("%s %.*s\n", command->dry_run ? "would read" : "to read",
			       (int)plan->files[i].path.n, plan->files[i].path.p);
	}
	fflush(stdout);
}

// --- reading again ---

static const char *zone_of(const struct reprocess_command *command, const char *source)
{
	const struct settings *settings = command->app->settings;
	for (size_t i = 0; i < settings->source_count; i++) {
		if (!strcmp(settings->sources[i].name, source) && settings->sources[i].zone)
			return settings->sources[i].zone;
	}
	return command->zone;
}

static int read_file(const struct reprocess_command *command, const struct reprocess_file *file)
{
	char *source = arena_zstr(command->arena, file->source_name);
	const char *words[12] = {"import",
				 "--realm",
				 command->realm,
				 "--source",
				 source,
				 "--dialect",
				 arena_zstr(command->arena, file->dialect)};
	int count = 7;
	const char *zone = zone_of(command, source);
	if (zone) {
		words[count++] = "--zone";
		words[count++] = zone;
	}
	words[count++] = "--";
	words[count++] = arena_zstr(command->arena, file->path);
	char *argv[13] = {0};
	for (int i = 0; i < count; i++)
		argv[i] = xstrdup(words[i]);
	char *owned[13];
	memcpy(owned, argv, sizeof owned); // getopt may change the order
	int status = cmd_import(command->app, count, argv);
	for (int i = 0; i < count; i++)
		free(owned[i]);
	return status;
}

// A damaged archive is read up to its damage every time (F21): its status alone is no failure.
static bool read_files(const struct reprocess_command *command, const struct reprocess *plan,
		       struct err *err)
{
	for (size_t i = 0; i < plan->file_count && !*command->app->stop; i++) {
		if (plan->files[i].is_read)
			continue;
		int status = read_file(command, &plan->files[i]);
		if (status != ERR_NONE && status != ERR_INPUT)
			return err_set(err, (enum err_kind)status,
				       "unfinished, the interval is marked incomplete: run this "
				       "again");
	}
	return true;
}

// What a killed run had read may wait to be settled still: it is not done before that.
static bool settle_rest(struct reprocess_command *command, struct err *err)
{
	struct realm_settings rules;
	struct realm realm;
	struct settle_result result = {0};
	bool fine = true;

	if (!store_realm_rules(command->store, command->realm, &realm, &rules, err))
		return false;
	while (fine && !result.empty && !*command->app->stop)
		fine = store_settle(command->store, realm.id, &rules, USEC_PER_SEC, &result, err);
	realm_settings_free(&rules);
	if (fine && !result.empty)
		return err_set(err, ERR_DIFFERS, "stopped before all was settled: run this again");
	return fine;
}

static bool finish(struct reprocess_command *command, struct err *err)
{
	struct reprocess left;
	size_t unread = 0;
	if (!store_reprocess_left(command->store, command->found.id, command->arena, &left, err) ||
	    !read_files(command, &left, err) ||
	    !store_reprocess_left(command->store, command->found.id, command->arena, &left, err))
		return false;
	for (size_t i = 0; i < left.file_count; i++)
		unread += !left.files[i].is_read;
	if (unread)
		return err_set(err, *command->app->stop ? ERR_DIFFERS : ERR_INPUT,
			       "%zu files are not read again yet, the interval is marked "
			       "incomplete: run this again",
			       unread);
	return settle_rest(command, err) &&
	       store_reprocess_end(command->store, command->found.id, err);
}

// --- the command ---

static bool is_unfinished(struct reprocess_command *command, bool *unfinished, struct err *err)
{
	struct reprocess left;
	if (!store_reprocess_left(command->store, command->found.id, command->arena, &left, err))
		return false;
	*unfinished = left.since != USEC_NONE;
	if (*unfinished && !command->dry_run)
		puts("going on with the one that was interrupted");
	fflush(stdout);
	return true;
}

static bool begin(struct reprocess_command *command, int argc, char **argv, bool *nothing,
		  struct err *err)
{
	struct reprocess plan;
	if (!store_reprocess_plan(command->store, command->found.id, command->since, command->until,
				  text_of(command->source), command->arena, &plan, err))
		return false;
	*nothing = plan.since == USEC_NONE;
	if (*nothing)
		puts("nothing to do: nothing is stored of that interval");
	if (*nothing)
		return true;
	list_places(command, &plan, argc, argv);
	if (!check_plan(&plan, err) || !find_all(command, &plan, err))
		return false;
	print_plan(command, &plan);
	return command->dry_run ||
	       store_reprocess_begin(command->store, command->found.id, &plan, err);
}

static bool run(struct reprocess_command *command, int argc, char **argv, struct err *err)
{
	struct realm_settings rules = {0};
	bool unfinished = false, nothing = false;
	if (!store_open(command->app, STORE_WRITE, &command->store, err) ||
	    !store_realm_rules(command->store, command->realm, &command->found, &rules, err))
		return false;
	realm_settings_free(&rules);
	if (!is_unfinished(command, &unfinished, err))
		return false;
	if (unfinished && command->dry_run)
		return err_set(err, ERR_DIFFERS, "one is unfinished: run it again first");
	if (!unfinished && !begin(command, argc, argv, &nothing, err))
		return false;
	return command->dry_run || nothing || finish(command, err);
}

static const struct option options_table[] = {
	{"since", required_argument, NULL, 's'}, {"until", required_argument, NULL, 'u'},
	{"realm", required_argument, NULL, 'r'}, {"source", required_argument, NULL, 'S'},
	{"zone", required_argument, NULL, 'z'},  {"dry-run", no_argument, NULL, 'n'},
	{"help", no_argument, NULL, 'h'},        {NULL, 0, NULL, 0},
};

static bool read_time(const char *name, const char *text, usec_t *at, struct err *err)
{
	*at = USEC_NONE;
	return !text || usec_parse(text_of(text), at) ||
	       err_set(err, ERR_USAGE, "--%s \"%s\" is not a time (2026-03-02T00:00:00Z)", name,
		       text);
}

static bool parse(struct reprocess_command *command, int argc, char **argv, struct err *err)
{
	int option;
	optind = 0;
	while ((option = getopt_long(argc, argv, "h", options_table, NULL)) != -1) {
		const char **place = option == 's'   ? &command->since_text
				     : option == 'u' ? &command->until_text
				     : option == 'r' ? &command->realm
				     : option == 'S' ? &command->source
				     : option == 'z' ? &command->zone
						     : NULL;
		if (place)
			*place = optarg;
		else if (option == '?')
			return err_set(err, ERR_USAGE, "see receiptd reprocess --help");
		command->dry_run |= option == 'n';
		command->asked |= option == 'h';
	}
	if (!command->asked && !command->since_text && !command->until_text && !command->source)
		return err_set(err, ERR_USAGE, "say which interval: --since, --until or --source");
	return read_time("since", command->since_text, &command->since, err) &&
	       read_time("until", command->until_text, &command->until, err);
}

int cmd_reprocess(struct app *app, int argc, char **argv)
{
	struct reprocess_command command = {.app = app, .realm = app->settings->realm};
	struct err err = {0};
	bool fine = parse(&command, argc, argv, &err);

	if (fine && command.asked) {
		fputs(help, stdout);
		return ERR_NONE;
	}
	command.arena = arena_new();
	fine = fine && run(&command, argc, argv, &err);
	store_close(command.store);
	arena_free(command.arena);
	string_list_free(&command.places);
	if (fine)
		return ERR_NONE;
	log_error(app->log, "reprocess", LOG_S("error", err.text));
	return (int)err.kind;
}
