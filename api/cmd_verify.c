// SPDX-License-Identifier: Apache-2.0
// receiptd verify: what is stored beside what was sealed; or one proof, without a database.
#include "api/api.h"
#include "api/options.h"
#include "core/arena.h"
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum option_name { OPT_DAY, OPT_HEAD, OPT_KEY, OPT_PROOF, OPT_HELP, OPTIONS };
enum { SHOWN_MAX = 50 }; // of each table

static void usage(FILE *out)
{
	fputs("usage: receiptd verify [--day DAY] [--head FILE] [--key FILE]\n"
	      "       receiptd verify --proof FILE [--key FILE]\n"
	      "\n"
	      "Makes the leaf of every sealed row again and compares: what was changed, added, removed or\n"
	      "moved behind the back of receiptd is named, a line each, by seal, day, table and row.\n"
	      "Changes nothing; may run beside an ingester.\n"
	      "\n"
	      "  --day DAY     only messages and evidence of this UTC day (2026-03-02), and all heads\n"
	      "  --head FILE   a head that was kept elsewhere (NNNNNN.head): finds a chain that was made\n"
	      "                anew, and days that were cut off\n"
	      "  --key FILE    public key (PEM) that the first head must be signed with\n"
	      "  --proof FILE  a proof of receiptd seal --proof or --consistency; needs no database\n"
	      "\n"
	      "The same without this program: docs/VERIFY.md.\n"
	      "\n"
	      "Exit status: 0 all as it was sealed; 3 something is not; 2 usage; 4 database not available;\n"
	      "5 a file that was named cannot be read.\n",
	      out);
}

struct request {
	const char *given[OPTIONS];
	usec_t day;
};

static bool read_day(const char *text, usec_t *day)
{
	char time[40];
	snprintf(time, sizeof time, "%.16sT00:00:00Z", text);
	return strlen(text) == 10 && usec_parse(text_of(time), day);
}

static bool read_request(int argc, char **argv, struct request *request, struct err *err)
{
	static const struct option options[] = {{"day", required_argument, NULL, OPT_DAY},
						{"head", required_argument, NULL, OPT_HEAD},
						{"key", required_argument, NULL, OPT_KEY},
						{"proof", required_argument, NULL, OPT_PROOF},
						{"help", no_argument, NULL, OPT_HELP},
						{NULL, 0, NULL, 0}};
	*request = (struct request){.day = USEC_NONE};
	if (!options_read("verify", argc, argv, options, request->given, err))
		return false;
	if (request->given[OPT_HELP])
		return true;
	if (optind < argc)
		return err_set(err, ERR_USAGE, "verify: unexpected argument %s", argv[optind]);
	if (request->given[OPT_PROOF] && (request->given[OPT_DAY] || request->given[OPT_HEAD]))
		return err_set(err, ERR_USAGE, "verify: --proof goes with --key only");
	return !request->given[OPT_DAY] || read_day(request->given[OPT_DAY], &request->day) ||
	       err_set(err, ERR_USAGE, "verify: --day %s: not a day (2026-03-02)",
		       request->given[OPT_DAY]);
}

// --- a proof ---

static bool read_file(const char *path, struct buf *out, struct err *err)
{
	char bytes[4096];
	size_t n;
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	if (!file)
		return err_set(err, ERR_INPUT, "%s: %s", path, strerror(errno));
	while ((n = fread(bytes, 1, sizeof bytes, file)) > 0 && out->len < 1 << 24)
		buf_add(out, bytes, n);
	bool fine = !ferror(file);
	if (file != stdin)
		fclose(file);
	return fine || err_set(err, ERR_INPUT, "%s: cannot be read", path);
}

static bool check_proof(const struct request *request, struct err *err)
{
	struct buf json = {0}, said = {0};
	bool fine = read_file(request->given[OPT_PROOF], &json, err) &&
		    seal_proof_check(buf_view(&json), request->given[OPT_KEY], &said, err);
	if (fine)
		fputs(said.data, stdout);
	buf_free(&json);
	buf_free(&said);
	return fine;
}

// --- the database ---

struct telling {
	bool tty;
	const char *table;
	int64_t shown, more;
	usec_t started, told;
};

static void complain(void *self, const struct seal_complaint *it)
{
	struct telling *telling = self;
	char day[USEC_TEXT] = "";
	if (!telling->table || strcmp(telling->table, it->table) != 0)
		telling->shown = 0;
	telling->table = it->table;
	if (telling->shown++ >= SHOWN_MAX) {
		telling->more++;
		return;
	}
	if (telling->tty)
		fputs("\r\033[K", stderr);
	if (it->day != USEC_NONE)
		usec_format(it->day, 0, day);
	if (it->number)
		printf("seal %d%s%.10s: ", it->number, *day ? " of " : "", day);
	printf("%s%s%s: %s\n", it->table, it->row ? " " : "", it->row ? it->row : "", it->what);
}

static void progress(void *self, int64_t done, int64_t of)
{
	struct telling *telling = self;
	usec_t now = usec_monotonic(), passed = now - telling->started;
	if (now - telling->told < USEC_PER_SEC / 4 || passed < USEC_PER_SEC)
		return;
	telling->told = now;
	int64_t rate = done * USEC_PER_SEC / passed;
	fprintf(stderr, "\r\033[K%lld of about %lld rows, %lld/s, %lld s left", (long long)done,
		(long long)of, (long long)rate,
		(long long)(rate && of > done ? (of - done) / rate : 0));
}

static void conclude(const struct telling *telling, const struct verify_result *result)
{
	if (telling->more)
		printf("... and %lld more\n", (long long)telling->more);
	if (!result->seals)
		puts("nothing is sealed");
	else
		printf("%s: %d seals, %lld leaves, %lld rows compared, %lld not sealed yet\n",
		       result->complaints ? "DIFFERENT" : "as sealed", result->seals,
		       (long long)result->leaves, (long long)result->rows,
		       (long long)result->pending);
}

static bool verify(struct app *app, const struct request *request, struct verify_result *result,
		   struct err *err)
{
	struct telling telling = {.tty = app->tty, .started = usec_monotonic()};
	const struct verify_request what = {.day = request->day,
					    .head_file = request->given[OPT_HEAD],
					    .key_file = request->given[OPT_KEY],
					    .self = &telling,
					    .complain = complain,
					    .progress = app->tty ? progress : NULL};
	struct store *store = NULL;
	bool fine = store_open(app, STORE_WRITE, &store, err) &&
		    store_verify(app, store, &what, result, err);
	store_close(store);
	if (app->tty)
		fputs("\r\033[K", stderr);
	if (fine)
		conclude(&telling, result);
	return fine;
}

int cmd_verify(struct app *app, int argc, char **argv)
{
	struct err err = {0};
	struct request request;
	struct verify_result result = {0};
	bool fine = read_request(argc, argv, &request, &err);
	if (fine && request.given[OPT_HELP])
		usage(stdout);
	else if (fine)
		fine = request.given[OPT_PROOF] ? check_proof(&request, &err)
						: verify(app, &request, &result, &err);
	if (!fine)
		fprintf(stderr, "receiptd: %s\n", err.text);
	return !fine ? (int)err.kind : result.complaints ? ERR_DIFFERS : ERR_NONE;
}
