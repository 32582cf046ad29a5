// SPDX-License-Identifier: Apache-2.0
// What the benches stand on: a cluster, an empty schema, legs in processes of their own.
#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

// --- legs in children ---

static void child(struct bench *bench,
		  bool (*run)(struct bench *, struct store *, struct run_result *), int out)
{
	struct run_result leg = {0};
	struct err err = {0};
	struct store *store = NULL;
	if (!store_open(&bench->fixture.app, STORE_WRITE, &store, &err))
		bench_fail("store_open", err.text);
	bool fine = run(bench, store, &leg) && write(out, &leg, sizeof leg) == sizeof leg;
	store_close(store);
	_exit(fine ? 0 : 1);
}

void run_leg(struct bench *bench, bool (*run)(struct bench *, struct store *, struct run_result *),
	     struct run_result *leg)
{
	int ends[2], status = 0;
	if (pipe(ends) != 0)
		bench_fail("pipe", "cannot be made");
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0)
		child(bench, run, ends[1]);
	close(ends[1]);
	bool got = pid > 0 && read(ends[0], leg, sizeof *leg) == sizeof *leg;
	close(ends[0]);
	if (waitpid(pid, &status, 0) != pid || status != 0 || !got)
		bench_fail("leg", "failed");
}

// --- an empty schema ---

// Keys are those of an instance; with the same key every run must leave the same rows.
struct store *bench_fresh(struct bench *bench)
{
	fixture_drop(&bench->fixture);
	struct store *store = fixture_open(&bench->fixture, STORE_ADMIN);
	struct err err = {0};
	int applied;
	if (!schema_migrate(store, false, &applied, &err))
		bench_fail("migrate", err.text);
	fixture_sql(store, "UPDATE receiptd.instance SET pairing_key = '\\x"
			   "000102030405060708090a0b0c0d0e0f'");
	fixture_sql(store, "CHECKPOINT");
	return store;
}

// --- the whole ---

void bench_start(struct bench *bench)
{
	struct err err = {0};
	char path[256], text[32] = "";
	fixture_folder(&bench->fixture);
	snprintf(bench->events, sizeof bench->events, "%s/events", bench->fixture.folder);
	snprintf(bench->dump, sizeof bench->dump, "%s/dump", bench->fixture.folder);
	if (mkdir(bench->dump, 0700) != 0)
		bench_fail(bench->dump, "cannot be made");
	if (!cluster_start(&bench->fixture.app, &bench->fixture.cluster, &err))
		bench_fail("cluster", err.text);
	snprintf(path, sizeof path, "%s/pg/postmaster.pid", bench->fixture.folder);
	FILE *file = fopen(path, "re");
	if (!file || !fgets(text, sizeof text, file))
		bench_fail(path, "cannot be read");
	fclose(file);
	bench->postmaster = (pid_t)strtol(text, NULL, 10);
	if (getenv("BENCH_LOG")) { // how long each statement took, for whoever looks for time
		struct store *store = fixture_open(&bench->fixture, STORE_ADMIN);
		fixture_sql(store, "ALTER SYSTEM SET log_min_duration_statement = 0");
		fixture_sql(store, "SELECT pg_reload_conf()");
		store_close(store);
	}
	free(bench->fixture.app.settings->database); // children use it, they do not own it
	bench->fixture.app.settings->database = xstrdup(cluster_conninfo(bench->fixture.cluster));
}

void bench_line(const char *what, double got, const char *target, bool fine)
{
	printf("  %-52s %8.2f   %-10s %s\n", what, got, target,
	       *target ? fine ? "ok" : "MISSED" : "");
}
