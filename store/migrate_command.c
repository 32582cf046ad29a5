// SPDX-License-Identifier: Apache-2.0
// receiptd migrate: brings the schema up to date, or says what it would do.
#include "store/internal.h"

#include "core/embedded.h"

#include <getopt.h>
#include <stdio.h>

enum mode { MODE_APPLY, MODE_STATUS, MODE_DRY_RUN, MODE_HELP };

static void print_help(void)
{
	puts("usage: receiptd migrate [--status | --dry-run]\n"
	     "\n"
	     "Brings the schema of the database up to this version of receiptd.\n"
	     "\n"
	     "  --status   list the migrations and when each was applied; changes nothing\n"
	     "  --dry-run  name what would be applied; changes nothing\n"
	     "  --help     this text\n"
	     "\n"
	     "Exit status: 0 done or nothing to do, 2 the schema is not one this receiptd can use,\n"
	     "3 (--status only) migrations are missing, 4 the database is not available.");
}

static bool parse(int argc, char **argv, enum mode *mode, struct err *err)
{
	static const struct option options[] = {{"status", no_argument, NULL, MODE_STATUS},
						{"dry-run", no_argument, NULL, MODE_DRY_RUN},
						{"help", no_argument, NULL, MODE_HELP},
						{NULL, 0, NULL, 0}};
	int option;
	*mode = MODE_APPLY;
	optind = 0; // the front door used getopt too
	opterr = 0;
	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (option == '?')
			return err_set(err, ERR_USAGE, "migrate: unknown option %s",
				       argv[optind - 1]);
		*mode = (enum mode)option;
	}
	if (optind < argc)
		return err_set(err, ERR_USAGE, "migrate: unexpected argument %s", argv[optind]);
	return true;
}

static bool print_status(struct store *store, bool *behind, struct err *err)
{
	ROWS_AUTO rows = {0};
	int missing;
	if (!schema_migrate(store, true, &missing, err))
		return false;
	int applied = (int)migration_file_count - missing;
	if (applied && !sql_run(store, "ledger", NULL, &rows, err))
		return false;
	for (int i = 0; i < (int)migration_file_count; i++) {
		char at[USEC_TEXT];
		bool done = i < applied && i < rows.count;
		printf("%-24s %s\n", migration_files[i].name,
		       done ? usec_format(row_usec(&rows, i, 3), 0, at) : "missing");
	}
	*behind = missing > 0;
	return true;
}

static bool print_plan(struct store *store, struct err *err)
{
	int missing;
	if (!schema_migrate(store, true, &missing, err))
		return false;
	for (size_t i = migration_file_count - (size_t)missing; i < migration_file_count; i++)
		printf("would apply %s\n", migration_files[i].name);
	if (!missing)
		puts("nothing to do");
	return true;
}

static bool apply(struct store *store, struct err *err)
{
	int applied;
	if (!schema_migrate(store, false, &applied, err))
		return false;
	if (applied)
		printf("applied %d, the schema is now %s\n", applied,
		       migration_files[migration_file_count - 1].name);
	else
		puts("nothing to do");
	return true;
}

static int report(struct app *app, const struct err *err)
{
	log_error(app->log, "migrate", LOG_S("error", err->text));
	return (int)err->kind;
}

int cmd_migrate(struct app *app, int argc, char **argv)
{
	struct err err = {0};
	struct store *store = NULL;
	enum mode mode;
	bool behind = false;
	if (!parse(argc, argv, &mode, &err))
		return report(app, &err);
	if (mode == MODE_HELP) {
		print_help();
		return 0;
	}
	if (!store_open(app, STORE_ADMIN, &store, &err))
		return report(app, &err);
	bool fine = mode == MODE_STATUS    ? print_status(store, &behind, &err)
		    : mode == MODE_DRY_RUN ? print_plan(store, &err)
					   : apply(store, &err);
	store_close(store);
	if (!fine)
		return report(app, &err);
	return behind ? ERR_DIFFERS : 0;
}
