// SPDX-License-Identifier: Apache-2.0
// vectors DIR [--seed N] [--mode memory|database|all] [--tap] [--not-yet FILE]
// Runs every *.json of a folder (PAIRING section 9) in order, shuffled and cut into batches,
// through pairing/ alone (memory) or through the database path, and says what differs.
// Exit status: 0 all passed but those listed as not yet, 1 something failed, 2 usage, 4 no
// database.
#include "core/arena.h"
#include "tests/vectors/vector.h"

#include <ftw.h>
#include <getopt.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char own_data[] = "tests/vectors/data";
static const char own_list[] = "tests/vectors/NOT_YET";

struct mode {
	const char *name;
	run_fn *run;
	void *self;
	bool wanted;
};

struct session {
	uint64_t seed;
	bool tap;
	const char *dir, *not_yet_file;
	char *not_yet; // the list's text
	struct mode modes[2];
	int number, passed, failed, waiting;
	uint64_t share; // 0: all
};

// --- the list of what is not yet there ---

// A line "name reason", "mode:name reason" or "~name reason" (may pass by chance). Returns a copy
// of the reason, NULL when not listed.
static char *reason_of(const struct session *session, const char *mode, const char *name,
		       bool *chance)
{
	const char *line = session->not_yet ? session->not_yet : "";
	struct buf qualified = {0};
	char *reason = NULL;

	buf_printf(&qualified, "%s:%s", mode, name);
	while (*line && !reason) {
		size_t length = strcspn(line, "\n");
		*chance = *line == '~';
		const char *start = line + *chance;
		size_t word = strcspn(start, " \t\n");
		struct text listed = {start, word};
		if (text_is(listed, name) || text_is(listed, qualified.data)) {
			size_t rest = (size_t)(line + length - (start + word));
			reason = xcalloc(1, rest + 1);
			memcpy(reason, start + word, rest);
		}
		line += length + (line[length] == '\n');
	}
	buf_free(&qualified);
	return reason;
}

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	struct buf text = {0};
	char piece[4096];
	size_t n;

	if (!file)
		return NULL;
	while ((n = fread(piece, 1, sizeof(piece), file)) > 0)
		buf_add(&text, piece, n);
	fclose(file);
	return text.data ? text.data : xstrdup("");
}

static bool same_folder(const char *a, const char *b)
{
	char x[PATH_MAX], y[PATH_MAX];

	return realpath(a, x) && realpath(b, y) && !strcmp(x, y);
}

// --- one vector in one mode ---

// A file that expects nothing by itself: every path and every order must come to what pairing/ alone
// makes of the lines in order.
static json_t *by_memory(const struct vector *vector, struct err *err)
{
	struct vector_plan plan = vector_plan_make(vector, PLAN_IN_ORDER, 0);
	json_t *result = run_memory(NULL, vector, &plan, err);

	vector_plan_free(&plan);
	return result;
}

static size_t run_plan(const struct session *session, const struct mode *mode,
		       const struct vector *vector, enum plan_kind kind, struct buf *out)
{
	struct vector_plan plan = vector_plan_make(vector, kind, session->seed);
	struct err err = {0};
	struct buf told = {0};
	size_t differences = 1;
	JSON_AUTO *got = mode->run(mode->self, vector, &plan, &err);
	JSON_AUTO *own =
		json_object_get(vector->expected, "messages") ? NULL : by_memory(vector, &err);

	if (got)
		differences = compare_results(own ? own : vector->expected, got, &told);
	else
		buf_printf(&told, "#   %s\n", err.text);
	if (differences)
		buf_printf(out, "# %s, %s:\n%s", mode->name, plan_names[kind], told.data);
	buf_free(&told);
	vector_plan_free(&plan);
	return differences;
}

static void tell(struct session *session, const char *mode, const char *name, bool passed,
		 const char *reason, const struct buf *out)
{
	bool bad = reason ? passed : !passed;
	const char *word = bad ? "FAIL" : passed ? "pass" : "not yet";

	session->number++;
	session->passed += !bad && passed;
	session->waiting += !bad && !passed;
	session->failed += bad;
	if (session->tap)
		printf("%sok %d - %s %s%s%s\n", bad || !passed ? "not " : "", session->number, mode,
		       name, !bad && !passed ? " # TODO not yet:" : "",
		       !bad && !passed ? reason : "");
	else
		printf("%-8s %-8s %s%s\n", word, mode, name, !bad && !passed ? reason : "");
	if (reason && passed)
		printf("# %s passes: remove it from NOT_YET\n", name);
	if (bad && out->data)
		fputs(out->data, stdout);
}

static void run_vector(struct session *session, const struct mode *mode, const char *path)
{
	struct vector vector;
	struct err err = {0};
	struct buf out = {0};
	size_t differences = 0;
	bool loaded = vector_load(path, &vector, &err);
	bool chance = false, passed;
	char *reason = reason_of(session, mode->name, vector.name, &chance);

	if (!loaded)
		buf_printf(&out, "#   %s\n", err.text);
	for (enum plan_kind kind = 0; loaded && kind < PLAN_COUNT; kind++)
		differences += run_plan(session, mode, &vector, kind, &out);
	passed = loaded && !differences;
	tell(session, mode->name, vector.name, passed, passed && chance ? NULL : reason, &out);
	free(reason);
	buf_free(&out);
	vector_free(&vector);
}

static void run_mode(struct session *session, const struct mode *mode, const glob_t *files)
{
	uint64_t share = mode->self && session->share ? session->share : 1;
	for (size_t i = 0; i < files->gl_pathc; i++) {
		if ((i + session->seed) % share)
			continue;
		run_vector(session, mode, files->gl_pathv[i]);
		fflush(stdout);
	}
}

// --- the throw-away folder ---

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	(void)stat, (void)type, (void)ftw;
	return remove(path);
}

static bool run_with_database(struct session *session, struct mode *mode, const glob_t *files)
{
	const char *tmp = getenv("TMPDIR");
	struct buf folder = {0};
	struct err err = {0};

	buf_printf(&folder, "%s/receiptd-vectors-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	// As root the server runs as another user, who must get in.
	if (!mkdtemp(folder.data) || chmod(folder.data, 0755) != 0) {
		perror("vectors: mkdtemp");
		return false;
	}
	struct database *database = database_open(folder.data, &err);
	if (database) {
		mode->self = database;
		run_mode(session, mode, files);
	} else {
		fprintf(stderr, "vectors: %s\n", err.text);
	}
	database_close(database);
	nftw(folder.data, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	buf_free(&folder);
	return database != NULL;
}

// --- command line ---

static int usage(void)
{
	fputs("usage: vectors DIR [--seed N] [--mode memory|database|all] [--tap] "
	      "[--not-yet FILE] [--share N]\n"
	      "--share N: by the database path only every Nth file, another one with each seed\n",
	      stderr);
	return ERR_USAGE;
}

static bool want_mode(struct session *session, const char *name)
{
	bool all = !strcmp(name, "all"), known = all;

	for (int i = 0; i < 2; i++) {
		session->modes[i].wanted = all || !strcmp(name, session->modes[i].name);
		known = known || session->modes[i].wanted;
	}
	return known;
}

static bool read_options(struct session *session, int argc, char **argv)
{
	static const struct option options[] = {
		{"seed", required_argument, NULL, 's'},  {"mode", required_argument, NULL, 'm'},
		{"tap", no_argument, NULL, 't'},         {"not-yet", required_argument, NULL, 'n'},
		{"share", required_argument, NULL, 'd'}, {NULL, 0, NULL, 0},
	};
	char *end = "";

	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == 's')
			session->seed = strtoull(optarg, &end, 10);
		else if (c == 'd')
			session->share = strtoull(optarg, &end, 10);
		else if (c == 't')
			session->tap = true;
		else if (c == 'n')
			session->not_yet_file = optarg;
		else if (c != 'm' || !want_mode(session, optarg))
			return false;
	}
	session->dir = argv[optind];
	return !*end && optind + 1 == argc;
}

static int report(const struct session *session)
{
	if (session->tap)
		printf("1..%d\n", session->number);
	printf("%spassed %d, failed %d, not yet %d\n", session->tap ? "# " : "", session->passed,
	       session->failed, session->waiting);
	return session->failed ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct session session = {.seed = (uint64_t)usec_now() % 1000000007,
				  .modes = {{"memory", run_memory, NULL, false},
					    {"database", run_database, NULL, true}}};
	struct buf pattern = {0};
	glob_t files;

	if (!read_options(&session, argc, argv))
		return usage();
	if (!session.not_yet_file && same_folder(session.dir, own_data))
		session.not_yet_file = own_list;
	session.not_yet = session.not_yet_file ? read_file(session.not_yet_file) : NULL;
	buf_printf(&pattern, "%s/*.json", session.dir);
	if (glob(pattern.data, 0, NULL, &files) != 0) {
		fprintf(stderr, "vectors: no *.json in %s\n", session.dir);
		return ERR_USAGE;
	}
	printf("# %zu files, seed %llu\n", files.gl_pathc, (unsigned long long)session.seed);
	if (session.modes[0].wanted)
		run_mode(&session, &session.modes[0], &files);
	bool ok =
		!session.modes[1].wanted || run_with_database(&session, &session.modes[1], &files);
	globfree(&files);
	buf_free(&pattern);
	free(session.not_yet);
	int status = report(&session);
	return ok ? status : ERR_DATABASE;
}
