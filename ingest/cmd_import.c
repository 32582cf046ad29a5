// SPDX-License-Identifier: Apache-2.0
#include "core/arena.h"
#include "core/buf.h"
#include "ingest/assume.h"
#include "ingest/import_order.h"
#include "ingest/ingest.h"
#include "ingest/seam.h"
#include "ingest/sources/decode.h"
#include "ingest/stream.h"

#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHUNK = 262144 };
#define DRAW_EVERY (USEC_PER_SEC / 4)
#define LOOK_LIMIT (UINT64_C(64) << 20)
#define FIRST_LOOK (UINT64_C(1) << 18)

struct import {
	struct app *app;
	struct store *store;
	struct batcher *batcher;
	struct realm_settings rules;
	const char *realm, *dialect, *zone, *source; // as asked for
	bool strict;
	char *buffer;
	usec_t started, drawn;
	uint64_t care;    // records to be read with care after a failure (F98)
	bool lost;        // the database, while what was read was settled
	uint64_t read_to; // offset from which the file was read last
};

struct file {
	const char *path;
	const struct source_setting *source; // that it is of, NULL: of none
	struct decoder *decoder;
	struct stream *stream;
	const struct dialect_type *dialect;
	bool damaged;
	uint64_t skip; // decoded bytes before the stream's start
};

static const char help[] =
	"usage: receiptd import [options] FILE...\n"
	"\n"
	"Reads logs of XMPP servers (plain or compressed) once and stores what they show. A file that\n"
	"was read before, under any name, adds nothing; one that has grown is read on from where it was.\n"
	"Files of one rotated log are read oldest first.\n"
	"\n"
	"  --realm NAME     the XMPP world the files belong to (default: the realm setting)\n"
	"  --dialect NAME   do not detect; see receiptd explain FILE\n"
	"  --zone ZONE      time zone of stamps that name none (default: the system's)\n"
	"  --source NAME    name of the source (default: the configured one whose path is that of the\n"
	"                   file, with its dialect and zone; else dialect, folder and stem of the file)\n"
	"  --strict         exit 3 when something could not be read\n"
	"\n"
	"Exit status: 0 all was read, 2 usage, 3 interrupted, or (--strict) something is in quarantine,\n"
	"4 database not available, 5 a file could not be read.\n";

// --- progress ---

static void draw(struct import *import, const struct file *file, bool last)
{
	usec_t now = usec_monotonic();

	if (!import->app->tty || (!last && now - import->drawn < DRAW_EVERY))
		return;
	import->drawn = now;
	double seconds = (double)(now - import->started) / (double)USEC_PER_SEC + 0.001;
	double used = (double)decode_used(file->decoder), size = (double)decode_size(file->decoder);
	double share = size > 0 ? used / size : 1;
	double left = share > 0 ? seconds / share - seconds : 0;
	struct batcher_totals totals = batcher_totals(import->batcher);
	fprintf(stderr, "\r\033[K%3.0f %%  %.0f stanzas, %.0f/s, %.1f MB/s, %.0f s left  %s%s",
		share * 100, (double)totals.stanzas, (double)totals.stanzas / seconds,
		used / seconds / 1e6, last ? 0.0 : left, file->path, last ? "\n" : "");
}

// --- one file ---

static size_t read_at(void *self, uint64_t offset, size_t size, unsigned char *out)
{
	const struct file *file = self;
	return decode_at(file->path, offset, size, out);
}

static bool open_stream(struct import *import, struct file *file, const struct look *look,
			struct err *err)
{
	const char *given = import->source ? import->source
			    : file->source ? file->source->name
					   : NULL;
	char *name = given ? xstrdup(given) : assume_source_name(look->dialect->name, file->path);
	struct stream_options options = {.path = file->path,
					 .source = name,
					 .dialect = look->dialect,
					 .zone = look->zone,
					 .modified = decode_modified(file->decoder),
					 .rules = &import->rules,
					 .format = file->source ? &file->source->format : NULL};
	struct stream_file bytes = {file, read_at, decode_length(file->decoder), NULL};
	bool ok = seam_begin(import->batcher, &options, &bytes, &options.skip, err) &&
		  stream_open(import->batcher, &options, &bytes, &file->stream, err);

	free(name);
	if (ok)
		import->read_to = file->skip = stream_start(file->stream);
	return ok;
}

static bool flush(struct import *import, struct file *file, struct err *err)
{
	struct batch_result result;
	return batcher_flush(import->batcher, &file->stream, 1, &result, err);
}

static bool take(struct import *import, struct file *file, struct text data, struct err *err)
{
	if (file->skip >= data.n) {
		file->skip -= data.n;
		return true;
	}
	data.p += file->skip;
	data.n -= (size_t)file->skip;
	file->skip = 0;
	if (!stream_bytes(file->stream, data, err))
		return false;
	return !batcher_is_due(import->batcher, false) ||
	       batcher_flush_later(import->batcher, &file->stream, 1, err);
}

static bool end_file(struct import *import, struct file *file, struct err *err)
{
	bool joined;
	return (file->damaged ||
		seam_end(import->batcher, file->stream, file->path, &joined, err)) &&
	       stream_end(file->stream, true, err);
}

static bool read_file(struct import *import, struct file *file, struct err *err)
{
	while (!*import->app->stop) {
		long got = decode_read(file->decoder, import->buffer, CHUNK, err);
		if (got < 0) { // F21: what came before the damage is kept, the rest is a gap
			log_error(import->app->log, "file-damaged", LOG_S("file", file->path),
				  LOG_S("error", err->text), LOG_S("next", "the rest is a gap"));
			stream_gap(file->stream, decode_damage(file->decoder), 0);
			file->damaged = true;
			break;
		}
		if (got == 0)
			break;
		if (!take(import, file, (struct text){import->buffer, (size_t)got}, err))
			return false;
		draw(import, file, false);
	}
	if (!*import->app->stop && !end_file(import, file, err))
		return false;
	if (!flush(import, file, err))
		return false;
	if (*import->app->stop) // what was read is stored; the same command goes on from there
		return err_set(err, ERR_DIFFERS, "interrupted at %llu of %llu bytes of the file",
			       (unsigned long long)decode_used(file->decoder),
			       (unsigned long long)decode_size(file->decoder));
	return true;
}

static void report(const struct import *import, const struct file *file,
		   const struct batcher_totals *before)
{
	struct batcher_totals now = batcher_totals(import->batcher);

	printf("%s: %s, %llu stanzas, %llu rows added, %llu changed", file->path,
	       file->dialect->name, (unsigned long long)(now.stanzas - before->stanzas),
	       (unsigned long long)(now.inserted - before->inserted),
	       (unsigned long long)(now.updated - before->updated));
	if (now.quarantined > before->quarantined)
		printf(", %llu in quarantine",
		       (unsigned long long)(now.quarantined - before->quarantined));
	if (now.gaps > before->gaps)
		printf(", %llu gaps", (unsigned long long)(now.gaps - before->gaps));
	if (!stream_is_new(file->stream))
		printf(now.stanzas == before->stanzas ? " (was read before)" : " (read on)");
	printf("\n");
	fflush(stdout);
}

static void close_batcher(struct import *import)
{
	if (import->batcher)
		import->care = batcher_care(import->batcher);
	batcher_close(import->batcher);
	import->batcher = NULL;
}

// The realm learns MUC domains and hosts from each file before its first line is judged.
static bool open_realm(struct import *import, const char *path, const struct look *look,
		       struct err *err)
{
	size_t known = import->rules.muc_domains.count + import->rules.hosts.count;

	assume_rules(import->app, path, look, &import->rules);
	if (import->batcher && known == import->rules.muc_domains.count + import->rules.hosts.count)
		return true;
	close_batcher(import);
	if (!batcher_open(import->app, import->store, import->realm, &import->rules,
			  &import->batcher, err))
		return false;
	batcher_be_careful(import->batcher, import->care);
	return true;
}

// M9: an import of a file of a configured source is that source's, and read as its settings say.
static const struct source_setting *source_of(const struct import *import, const char *path)
{
	bool own = !strcmp(import->realm, import->app->settings->realm);
	return own && !import->source ? assume_source(import->app->settings, path) : NULL;
}

static struct look_options how_to_look(const struct import *import,
				       const struct source_setting *source, uint64_t limit)
{
	return (struct look_options){.dialect = import->dialect ? import->dialect
						: source        ? source->dialect
								: NULL,
				     .zone = import->zone ? import->zone
					     : source     ? source->zone
							  : NULL,
				     .rules = &import->rules,
				     .format = source ? &source->format : NULL,
				     .limit = limit};
}

static bool import_file(struct import *import, const char *path, struct err *err)
{
	struct file file = {.path = path, .source = source_of(import, path)};
	struct look look;
	struct look_options options = how_to_look(import, file.source, LOOK_LIMIT);
	bool ok = (look_at(path, &options, &look, err) || look.damaged) &&
		  (file.decoder = decode_open(path, err)) != NULL &&
		  open_realm(import, path, &look, err);

	if (ok) {
		struct batcher_totals before = batcher_totals(import->batcher);
		file.dialect = look.dialect;
		import->started = usec_monotonic();
		ok = open_stream(import, &file, &look, err) && read_file(import, &file, err);
		if (ok) {
			draw(import, &file, true);
			report(import, &file, &before);
			if (file.damaged)
				ok = err_set(err, ERR_INPUT,
					     "%s: damaged or cut: the rest is a gap", path);
			else if (import->strict && batcher_totals(import->batcher).quarantined)
				ok = err_set(err, ERR_DIFFERS, "%s: some records are in quarantine",
					     path);
		}
	}
	stream_close(file.stream);
	decode_close(file.decoder);
	look_free(&look);
	return ok;
}

static const struct option options_table[] = {
	{"realm", required_argument, NULL, 'r'},
	{"dialect", required_argument, NULL, 'd'},
	{"zone", required_argument, NULL, 'z'},
	{"source", required_argument, NULL, 's'},
	{"strict", no_argument, NULL, 'S'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static bool parse(struct import *import, int argc, char **argv, int *status)
{
	int option;

	optind = 0;
	while ((option = getopt_long(argc, argv, "h", options_table, NULL)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			*status = ERR_NONE;
			return false;
		}
		const char **place = option == 'r'   ? &import->realm
				     : option == 'd' ? &import->dialect
				     : option == 'z' ? &import->zone
				     : option == 's' ? &import->source
						     : NULL;
		if (place)
			*place = optarg;
		else if (option == 'S')
			import->strict = true;
		else
			goto usage;
	}
	if (optind < argc)
		return true;
	fprintf(stderr, "receiptd import: no file named\n");
usage:
	fprintf(stderr, "try: receiptd import --help\n");
	*status = ERR_USAGE;
	return false;
}

enum { TRIES = 8, PAUSE_MS = 20 }; // in vain, at least; the pauses double

static void pause_before(const struct import *import, int try)
{
	int64_t ms = ((int64_t)PAUSE_MS << (try < 6 ? try : 6)) + usec_monotonic() % PAUSE_MS;
	usec_t end = usec_monotonic() + (ms < 1000 ? ms : 1000) * 1000;

	while (usec_monotonic() < end && !*import->app->stop)
		poll(NULL, 0, PAUSE_MS);
}

// Somebody else moved the marks (a daemon that follows the same file), or the connection went away: the
// file is opened again at the marks that the database has (F53, F78). As long as somebody makes progress
// there is no end to it.
static bool read_again(struct import *import, const char *path, struct err *err)
{
	uint64_t before = import->read_to;

	usec_t since = usec_monotonic(), wait = import->app->settings->database_wait;

	for (int i = 0; err->kind == ERR_DATABASE && !*import->app->stop; i++) {
		if (i >= TRIES && usec_monotonic() - since > wait)
			return false;
		log_warn(import->app->log, "batch-not-stored", LOG_S("error", err->text),
			 LOG_S("next", "what the database does not have is read again"));
		close_batcher(import);
		pause_before(import, i);
		if (!store_reconnect(import->store, err))
			continue;
		*err = (struct err){0};
		if (import_file(import, path, err))
			return true;
		if (import->read_to > before) { // i is 0 in the next round
			since = usec_monotonic();
			i = -1;
		}
		before = import->read_to;
	}
	return false;
}

static void look_when(void *self, const char *path, usec_t *first, usec_t *last)
{
	const struct import *import = self;
	struct look look;
	struct look_options options = how_to_look(import, source_of(import, path), FIRST_LOOK);

	bool known = look_at(path, &options, &look, NULL);
	*first = known ? look.first : USEC_NONE;
	*last = known ? look.last : USEC_NONE;
	look_free(&look);
}

// One file that cannot be read does not keep the others from being read; the worst status is told.
static int import_all(struct import *import, int argc, char **argv)
{
	int status = ERR_NONE;

	import_order(argv + optind, (size_t)(argc - optind), look_when, import);
	for (int i = optind; i < argc && !*import->app->stop; i++) {
		struct err err = {0};
		if (import_file(import, argv[i], &err) || read_again(import, argv[i], &err))
			continue;
		log_error(import->app->log, "import-failed", LOG_S("file", argv[i]),
			  LOG_S("error", err.text));
		status = (int)err.kind > status ? (int)err.kind : status;
		if (err.kind == ERR_DATABASE)
			break;
	}
	return status;
}

// What a lost connection kept from being settled waits still: it is settled again (F78).
static bool settle_some(struct import *import, struct settle_result *result, struct err *err)
{
	usec_t since = usec_monotonic(), wait = import->app->settings->database_wait;
	bool fine = batcher_settle(import->batcher, USEC_PER_SEC / 5, result, err);

	for (int i = 0; !fine && err->kind == ERR_DATABASE && !*import->app->stop; i++) {
		import->lost = true;
		if (i >= TRIES && usec_monotonic() - since > wait)
			return false;
		log_warn(import->app->log, "settling-not-stored", LOG_S("error", err->text),
			 LOG_S("next", "what waits is settled again"));
		pause_before(import, i);
		*err = (struct err){0};
		fine = store_reconnect(import->store, err) &&
		       batcher_settle(import->batcher, USEC_PER_SEC / 5, result, err);
	}
	return fine;
}

// What was read is settled before the command ends.
static int settle_all(struct import *import, int status)
{
	struct err err = {0};
	struct settle_result result = {0};

	while (import->batcher && status != ERR_DATABASE && !*import->app->stop && !result.empty) {
		if (settle_some(import, &result, &err))
			continue;
		log_error(import->app->log, "settle-failed", LOG_S("error", err.text));
		return (int)err.kind > status ? (int)err.kind : status;
	}
	return status;
}

// A server that crashed while this settled may have forgotten what it had confirmed (F93): so the files are
// read again, of which it adds only what is missing.
static int import_and_settle(struct import *import, int argc, char **argv)
{
	int status = ERR_NONE;

	do {
		if (import->lost)
			close_batcher(import);
		import->lost = false;
		status = settle_all(import, import_all(import, argc, argv));
	} while (import->lost && status == ERR_NONE && !*import->app->stop);
	return status;
}

// So that pages of what was read are quick at once. Nothing is wrong without it: not worth an exit status.
static void list_days(const struct import *import)
{
	struct err err = {0};
	int64_t listed;
	if (!store_list_days(import->store, &listed, &err))
		log_warn(import->app->log, "days-not-listed", LOG_S("error", err.text),
			 LOG_S("next", "pages are slower; receiptd run does it every hour"));
}

int cmd_import(struct app *app, int argc, char **argv)
{
	struct import import = {.app = app, .realm = app->settings->realm};
	struct err err = {0};
	int status = ERR_NONE;

	if (!parse(&import, argc, argv, &status))
		return status;
	import.buffer = xcalloc(1, CHUNK);
	realm_settings_copy(&import.rules, &app->settings->rules);
	if (store_open(app, STORE_INGEST, &import.store, &err) &&
	    assume_known(app, import.store, import.realm, &import.rules, &err)) {
		status = import_and_settle(&import, argc, argv);
		if (status != ERR_DATABASE && !*app->stop)
			list_days(&import);
	} else {
		log_error(app->log, "database", LOG_S("error", err.text));
		status = (int)err.kind;
	}
	close_batcher(&import);
	store_close(import.store);
	realm_settings_free(&import.rules);
	free(import.buffer);
	return status;
}
