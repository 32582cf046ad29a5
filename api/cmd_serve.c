// SPDX-License-Identifier: Apache-2.0
// receiptd serve: only the HTTP interface, e.g. beside a replica; "run" has it built in.
#include "api/api.h"

#include <stdio.h>
#include <time.h>

static const char usage[] =
	"usage: receiptd serve\n"
	"Answers HTTP on the address and port of the settings (127.0.0.1:8480) until INT or TERM.\n"
	"Reads the database only; log files are read by \"receiptd run\" or \"receiptd import\".\n";

static int fail(const char *text, int status)
{
	fprintf(stderr, "receiptd: %s\n", text);
	return status;
}

int cmd_serve(struct app *app, int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return ERR_NONE;
	}
	if (argc != 1)
		return fail("serve: takes no arguments (see --help)", ERR_USAGE);
	struct err err = {0};
	struct api *api = NULL;
	if (!api_start(app, &api, &err))
		return fail(err.text, (int)err.kind);
	// A signal ends the sleep; one that comes just before it is seen after at most its length.
	const struct timespec nap = {0, 100 * 1000 * 1000};
	while (!*app->stop)
		nanosleep(&nap, NULL);
	api_stop(api);
	return ERR_NONE;
}
