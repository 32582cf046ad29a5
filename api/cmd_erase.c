// SPDX-License-Identifier: Apache-2.0
// receiptd erase: takes a person out of everything that is stored, and keeps it out.
#include "api/api.h"
#include "api/options.h"
#include "api/erase_files.h"
#include "api/operator.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>

enum option_name {
	OPT_JID,
	OPT_REALM,
	OPT_REASON,
	OPT_DRY_RUN,
	OPT_SCRUB,
	OPT_LIST,
	OPT_ALLOW,
	OPT_HELP,
	OPTIONS
};

struct request {
	const char *given[OPTIONS];
	struct text jid;
};

static const char help[] =
	"usage: receiptd erase --jid JID [--dry-run] [--scrub] [--reason TEXT] [--realm NAME]\n"
	"       receiptd erase --allow --jid JID [--dry-run] [--reason TEXT]\n"
	"       receiptd erase --scrub\n"
	"       receiptd erase --list\n"
	"\n"
	"Takes one person out of everything that is stored. Messages from and to the address stay as rows\n"
	"with their times and states, so that every count stays true; bodies, ids, devices, nicks and the\n"
	"address itself go, in both directions. What was known of devices, contacts, sessions and places in\n"
	"rosters goes as a whole. docs/PRIVACY.md says it table by table, and what is not erased.\n"
	"\n"
	"The address is put on a list (as an HMAC with the privacy key): what is read of it later, from any\n"
	"log, feed, import or reprocess, is counted (\"suppressed\" in receiptd export counters) and not\n"
	"stored. The erasure itself is on record, without what was erased.\n"
	"\n"
	"  --jid JID      whom: a bare JID; its nicks in rooms are found and go with it\n"
	"  --dry-run      say the same counts; changes nothing (waits for others as the erasure does)\n"
	"  --scrub        write the tables anew afterwards, so that no old row is left in the files of the\n"
	"                 database; takes time, and stops other readers of each table meanwhile. Without it\n"
	"                 old rows stay readable in those files until the database uses their place again\n"
	"  --reason TEXT  kept with the record; do not name the person\n"
	"  --realm NAME   refuse when another realm holds the address too\n"
	"  --allow        takes the address off that list again, which is on record too: what is read of it from\n"
	"                 now on is stored. What was erased stays erased\n"
	"  --list         erasures so far\n"
	"\n"
	"Can be repeated: what was done is not done again. Logs, backups, archives of WAL and exported files\n"
	"are yours to clean; an address under legal hold (receiptd hold) is left alone.\n"
	"\n"
	"Exit status: 0 done or nothing to do, 2 usage or wrong privacy key, 3 under legal hold, or something\n"
	"is left (it is named), 4 database not available.\n";

static bool read_options(int argc, char **argv, struct request *request, struct err *err)
{
	static const struct option options[] = {
		{"jid", required_argument, NULL, OPT_JID},
		{"realm", required_argument, NULL, OPT_REALM},
		{"reason", required_argument, NULL, OPT_REASON},
		{"dry-run", no_argument, NULL, OPT_DRY_RUN},
		{"scrub", no_argument, NULL, OPT_SCRUB},
		{"list", no_argument, NULL, OPT_LIST},
		{"allow", no_argument, NULL, OPT_ALLOW},
		{"help", no_argument, NULL, OPT_HELP},
		{NULL, 0, NULL, 0},
	};
	if (!options_read("erase", argc, argv, options, request->given, err))
		return false;
	return request->given[OPT_HELP] || optind == argc ||
	       err_set(err, ERR_USAGE, "erase: takes no \"%s\"; say whom with --jid JID",
		       argv[optind]);
}

static bool goes_together(const struct request *request, struct err *err)
{
	return !request->given[OPT_ALLOW] ||
	       !(request->given[OPT_SCRUB] || request->given[OPT_LIST]) ||
	       err_set(err, ERR_USAGE,
		       "erase: --allow goes with --jid, --dry-run and --reason only");
}

static bool needs_jid(const struct request *request)
{
	return !request->given[OPT_LIST] &&
	       !(request->given[OPT_SCRUB] && !request->given[OPT_JID]);
}

static bool read_request(int argc, char **argv, struct arena *arena, struct request *request,
			 struct err *err)
{
	if (!read_options(argc, argv, request, err) || !goes_together(request, err))
		return false;
	return request->given[OPT_HELP] || !needs_jid(request) ||
	       operator_jid("erase", request->given[OPT_JID], arena, &request->jid, err);
}

// --- erasing ---

static void print_table(void *self, struct text table, int64_t rows)
{
	(void)self;
	if (rows)
		printf("%-14.*s %lld\n", (int)table.n, table.p, (long long)rows);
}

static void print_date(const char *before, usec_t at, const char *after)
{
	char text[USEC_TEXT];
	usec_format(at, 0, text);
	text[10] = '\0';
	printf("%s%s%s", before, text, after);
}

static int say_hold(const struct erase_result *result)
{
	print_date("nothing was erased: under legal hold until ", result->held_until, " (");
	operator_print(buf_view(&result->held_by));
	puts("); see receiptd hold list");
	return ERR_DIFFERS;
}

static void say_result(const struct request *request, const struct erase_result *result)
{
	if (request->given[OPT_DRY_RUN])
		printf("%lld rows would lose something or go; nothing was changed\n",
		       (long long)result->rows);
	else if (!result->rows)
		printf("nothing is stored of it; %s\n", result->was_done
								? "it was on the list already"
								: "it is on the list from now on");
	else
		printf("%lld rows lost something or went; erasure %016llx\n",
		       (long long)result->rows, (unsigned long long)result->erasure);
}

static bool say_and_clean(struct app *app, struct store *store, const struct request *request,
			  const struct erase_result *result, int *status, struct err *err)
{
	bool left = false;
	if (result->held_until != USEC_NONE) {
		*status = say_hold(result);
		return true;
	}
	say_result(request, result);
	if (!erase_files(app, store, request->jid, request->given[OPT_DRY_RUN], &left, err))
		return false;
	if (left)
		*status = ERR_DIFFERS;
	return true;
}

static bool erase(struct app *app, struct store *store, const struct request *request,
		  struct arena *arena, int *status, struct err *err)
{
	struct erase_result result;
	const struct erase_request what = {.jid = request->jid,
					   .realm = request->given[OPT_REALM],
					   .reason = request->given[OPT_REASON],
					   .by = operator_name(arena),
					   .dry_run = request->given[OPT_DRY_RUN]};
	if (!store_erase_begin(store, err))
		return false;
	bool fine = store_erase(store, &what, NULL, print_table, &result, err) &&
		    say_and_clean(app, store, request, &result, status, err);
	store_erase_end(store);
	buf_free(&result.held_by);
	return fine;
}

static bool allow(struct store *store, const struct request *request, struct arena *arena,
		  struct err *err)
{
	struct erase_result result;
	const struct erase_request what = {.jid = request->jid,
					   .reason = request->given[OPT_REASON],
					   .by = operator_name(arena),
					   .dry_run = request->given[OPT_DRY_RUN]};
	if (!store_erase_allow(store, &what, &result, err))
		return false;
	if (!result.rows)
		puts("it is not on the list: nothing was changed");
	else if (request->given[OPT_DRY_RUN])
		puts("it would be taken off the list; nothing was changed");
	else
		printf("it may come back; record %016llx\n", (unsigned long long)result.erasure);
	return true;
}

// --- scrubbing ---

static void print_scrubbed(void *self, struct text table, int64_t done, int64_t of)
{
	const struct app *app = self;
	if (app->tty)
		fprintf(stderr, "\r\033[Kwritten anew: %lld of %lld (%.*s)%s", (long long)done,
			(long long)of, (int)table.n, table.p, done == of ? "\n" : "");
}

static bool scrub(struct app *app, struct store *store, int *status, struct err *err)
{
	bool wal;
	if (!store_scrub(store, app, print_scrubbed, &wal, err))
		return false;
	puts(wal ? "old rows were written over in tables, statistics and WAL"
		 : "old rows were written over in the tables; statistics and WAL of the database are "
		   "left, because this role is no superuser");
	if (!wal)
		*status = ERR_DIFFERS;
	return true;
}

static bool say_unscrubbed(struct store *store, struct err *err)
{
	int64_t count;
	if (!store_unscrubbed(store, &count, err))
		return false;
	if (count)
		puts("old rows may still be in the files of the database: receiptd erase --scrub");
	return true;
}

// --- the list ---

static void print_erasure(void *self, const struct erasure *erasure)
{
	char at[USEC_TEXT];
	(void)self;
	printf("%016llx %s by ", (unsigned long long)erasure->id, usec_format(erasure->at, 0, at));
	operator_print(erasure->by);
	printf(" %.*s", (int)erasure->tables.n, erasure->tables.p);
	if (erasure->reason.p) {
		fputs(" reason: ", stdout);
		operator_print(erasure->reason);
	}
	puts(erasure->allow                      ? " (may come back)"
	     : erasure->scrubbed_at == USEC_NONE ? " (not scrubbed)"
						 : "");
}

static bool list(struct store *store, struct err *err)
{
	int64_t count;
	if (!store_erasures(store, NULL, print_erasure, err) ||
	    !store_suppressed_count(store, &count, err))
		return false;
	printf("%lld addresses must not come back\n", (long long)count);
	return true;
}

// --- the command ---

static bool run(struct app *app, struct store *store, const struct request *request,
		struct arena *arena, int *status, struct err *err)
{
	if (request->given[OPT_LIST])
		return list(store, err);
	if (request->given[OPT_ALLOW])
		return allow(store, request, arena, err);
	if (request->jid.p && !erase(app, store, request, arena, status, err))
		return false;
	if (request->given[OPT_DRY_RUN])
		return true;
	return request->given[OPT_SCRUB] ? scrub(app, store, status, err)
					 : say_unscrubbed(store, err);
}

int cmd_erase(struct app *app, int argc, char **argv)
{
	struct err err = {0};
	struct request request = {0};
	struct store *store = NULL;
	struct arena *arena = arena_new();
	int status = ERR_NONE;
	bool ok = read_request(argc, argv, arena, &request, &err);
	if (ok && request.given[OPT_HELP])
		fputs(help, stdout);
	else
		ok = ok && store_open(app, STORE_WRITE, &store, &err) &&
		     run(app, store, &request, arena, &status, &err);
	store_close(store);
	arena_free(arena);
	if (!ok)
		fprintf(stderr, "receiptd: %s\n", err.text);
	return ok ? status : (int)err.kind;
}
