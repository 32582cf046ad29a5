// SPDX-License-Identifier: Apache-2.0
#include "tests/db/fixture.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static _Noreturn void give_up(const char *what, const char *why)
{
	fprintf(stderr, "fixture: %s: %s\n", what, why);
	exit(1);
}

static void kill_server(const char *folder)
{
	char path[160], line[32] = "";
	snprintf(path, sizeof path, "%s/pg/postmaster.pid", folder);
	FILE *file = fopen(path, "re");
	long pid = file && fgets(line, sizeof line, file) ? strtol(line, NULL, 10) : 0;
	if (file)
		fclose(file);
	if (pid > 1 && kill((pid_t)pid, SIGQUIT) == 0) { // at once, without a checkpoint
		for (int i = 0; i < 50 && access(path, F_OK) == 0; i++)
			usleep(100000);
	}
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *at)
{
	(void)status;
	(void)kind;
	(void)at;
	return remove(path);
}

// A test that is killed or fails an assertion must not leave its server behind: a process that
// outlives it notices the end of the pipe.
static void watch(struct fixture *fixture)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		give_up("pipe", "cannot be made");
	fixture->watched = ends[1];
	if (fork() != 0) {
		close(ends[0]);
		return;
	}
	char byte;
	setsid();
	close_range(0, (unsigned)ends[0] - 1, 0);
	close_range((unsigned)ends[0] + 1, ~0U, 0);
	while (read(ends[0], &byte, 1) < 0) {
	}
	kill_server(fixture->folder);
	nftw(fixture->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	_exit(0);
}

void fixture_folder(struct fixture *fixture)
{
	struct err err = {0};
	const char *top = getenv("TMPDIR");
	*fixture = (struct fixture){0};
	snprintf(fixture->folder, sizeof fixture->folder, "%s/receiptd-test-XXXXXX",
		 top && *top == '/' ? top : "/tmp");
	// As root the server runs as another user, who must get in.
	if (!mkdtemp(fixture->folder) || chmod(fixture->folder, 0755) != 0)
		give_up(fixture->folder, "cannot be made");
	if (!settings_load(NULL, &fixture->app.settings, &err))
		give_up("settings", err.text);
	struct settings *settings = fixture->app.settings;
	free(settings->data_dir);
	settings->data_dir = xstrdup(fixture->folder);
	free(settings->database);
	settings->database = xstrdup("embedded");
	settings->database_wait = 10 * USEC_PER_SEC;
	watch(fixture);
}

void fixture_remove(struct fixture *fixture)
{
	close(fixture->watched);
	nftw(fixture->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	settings_free(fixture->app.settings);
	*fixture = (struct fixture){0};
}

// What initdb and the server said, before it is removed.
static void show_log(const struct fixture *fixture)
{
	char path[160], line[512];
	snprintf(path, sizeof path, "%s/pg.log", fixture->folder);
	FILE *log = fopen(path, "re");
	while (log && fgets(line, sizeof line, log))
		fprintf(stderr, "# %s", line);
	if (log)
		fclose(log);
}

void fixture_start(struct fixture *fixture)
{
	struct err err = {0};
	fixture_folder(fixture);
	if (!cluster_start(&fixture->app, &fixture->cluster, &err)) {
		show_log(fixture);
		fixture_remove(fixture);
		give_up("cluster", err.text);
	}
	struct store *store = fixture_open(fixture, STORE_ADMIN);
	fixture_sql(store, "ALTER SYSTEM SET fsync = off");
	fixture_sql(store, "SELECT pg_reload_conf()");
	store_close(store);
}

void fixture_stop(struct fixture *fixture)
{
	cluster_release(fixture->cluster);
	fixture_remove(fixture);
}

struct store *fixture_open(struct fixture *fixture, enum store_role role)
{
	struct err err = {0};
	struct store *store = NULL;
	if (!store_open(&fixture->app, role, &store, &err))
		give_up("store_open", err.text);
	return store;
}

void fixture_sql(struct store *store, const char *text)
{
	struct err err = {0};
	if (!sql_script(store, text, &err))
		give_up(text, err.text);
}

void fixture_drop(struct fixture *fixture)
{
	struct store *store = fixture_open(fixture, STORE_ADMIN);
	fixture_sql(store, "DROP SCHEMA IF EXISTS receiptd CASCADE");
	store_close(store);
}

char *fixture_text(struct store *store, const char *query)
{
	PQsetnonblocking(store->conn, 0);
	PGresult *result = PQexec(store->conn, query);
	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		give_up(query, PQerrorMessage(store->conn));
	char *text = xstrdup(PQntuples(result) ? PQgetvalue(result, 0, 0) : "");
	PQclear(result);
	PQsetnonblocking(store->conn, 1);
	return text;
}

int64_t fixture_int(struct store *store, const char *query)
{
	char *text = fixture_text(store, query);
	int64_t number = strtoll(text, NULL, 10);
	free(text);
	return number;
}
