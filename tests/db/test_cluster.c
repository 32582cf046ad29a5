// SPDX-License-Identifier: Apache-2.0
#include "tests/db/fixture.h"

#include <glob.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct fixture fixture;

static int start(void **state)
{
	(void)state;
	fixture_folder(&fixture);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fixture_remove(&fixture);
	return 0;
}

static struct cluster *must_start(void)
{
	struct cluster *cluster = NULL;
	struct err err = {0};
	if (!cluster_start(&fixture.app, &cluster, &err))
		fail_msg("%s", err.text);
	return cluster;
}

static pid_t server(void)
{
	char path[200];
	long pid = 0;
	snprintf(path, sizeof path, "%s/pg/postmaster.pid", fixture.folder);
	FILE *file = fopen(path, "re");
	if (file && fscanf(file, "%ld", &pid) != 1)
		pid = 0;
	if (file)
		fclose(file);
	return (pid_t)pid;
}

static struct stat status_of(const char *name)
{
	char path[200];
	struct stat status = {0};
	snprintf(path, sizeof path, "%s/%s", fixture.folder, name);
	assert_int_equal(stat(path, &status), 0);
	return status;
}

static void assert_text(struct store *store, const char *query, const char *expected)
{
	char *text = fixture_text(store, query);
	assert_string_equal(text, expected);
	free(text);
}

static void it_runs_private_and_durable(void **state)
{
	(void)state;
	struct store *store = fixture_open(&fixture, STORE_ADMIN);
	assert_text(store, "SHOW listen_addresses", "");
	assert_text(store, "SHOW fsync", "on");
	assert_text(store, "SHOW synchronous_commit", "on");
	assert_text(store, "SHOW jit", "off");
	assert_text(store, "SHOW server_encoding", "UTF8");
	assert_text(store, "SELECT current_database() || current_user", "receiptdreceiptd");
	assert_int_not_equal(status_of("pg").st_uid, 0);
	assert_int_equal(status_of("pg").st_mode & 0777, 0700);
	assert_int_equal(status_of("run").st_mode & 0777, 0700);
	store_close(store);
	assert_int_equal(server(), 0);
}

static bool file_says(const char *path, const char *text)
{
	bool found = false;
	char line[1024];
	FILE *file = fopen(path, "re");
	while (file && fgets(line, sizeof line, file))
		found |= strstr(line, text) != NULL;
	if (file)
		fclose(file);
	return found;
}

static bool log_says(const char *text)
{
	char pattern[200];
	glob_t files;
	bool found = false;
	snprintf(pattern, sizeof pattern, "%s/pg/log/*", fixture.folder);
	assert_int_equal(glob(pattern, 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++)
		found |= file_says(files.gl_pathv[i], text);
	globfree(&files);
	return found;
}

static void its_log_quotes_no_rows_and_no_statements(void **state)
{
	(void)state;
	struct err err = {0};
	struct store *store = fixture_open(&fixture, STORE_WRITE);
	FIELDS_AUTO params = {0};
	put_zstr(&params, "canary");
	put_zstr(&params, "canary");
	put_zstr(&params, "canary");
	assert_false(sql_run(store, "realm_put", &params, NULL, &err)); // not JSON
	fixture_sql(store, "INSERT INTO dialect_fact VALUES (1, false, 'canary', 'canary')");
	assert_false(sql_script(store,
				"INSERT INTO dialect_fact VALUES (1, false, 'canary', 'canary')",
				&err)); // "Key (...) already exists"
	assert_null(strstr(err.text, "canary"));
	store_close(store);
	assert_true(log_says("dialect_fact_key"));
	assert_false(log_says("canary"));
}

static void the_last_user_stops_it(void **state)
{
	(void)state;
	struct cluster *first = must_start(), *second = must_start();
	pid_t pid = server();
	assert_true(pid > 1);
	cluster_release(first);
	assert_int_equal(server(), pid);
	cluster_release(second);
	assert_int_equal(server(), 0);
}

static void it_has_a_session_of_its_own(void **state)
{
	(void)state;
	struct cluster *cluster = must_start();
	assert_int_equal(getsid(server()), server());
	cluster_release(cluster);
}

static void a_killed_starter_leaves_it_to_the_next(void **state)
{
	(void)state;
	pid_t child = fork();
	if (child == 0) {
		must_start();
		raise(SIGKILL);
	}
	waitpid(child, NULL, 0);
	pid_t pid = server();
	assert_true(pid > 1);
	struct cluster *cluster = must_start();
	assert_int_equal(server(), pid);
	cluster_release(cluster);
	assert_int_equal(server(), 0);
}

static void a_killed_server_is_started_again(void **state)
{
	(void)state;
	struct err err = {0};
	struct store *store = fixture_open(&fixture, STORE_WRITE);
	fixture_sql(store, "CREATE TABLE public.kept AS SELECT 42 AS x");
	pid_t pid = server();
	kill(pid, SIGKILL);
	// Its sessions may live on for a moment.
	for (int i = 0; i < 100 && sql_script(store, "SELECT 1", &err); i++)
		usleep(100000);
	assert_int_equal(err.kind, ERR_DATABASE);
	if (!store_reconnect(store, &err))
		fail_msg("%s", err.text);
	assert_int_not_equal(server(), pid);
	assert_text(store, "SELECT x FROM public.kept", "42");
	fixture_sql(store, "DROP TABLE public.kept");
	store_close(store);
	assert_int_equal(server(), 0);
}

static void two_at_once_share_one(void **state)
{
	(void)state;
	pid_t children[4];
	for (int i = 0; i < 4; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			store_close(fixture_open(&fixture, STORE_READ));
			_exit(0);
		}
	}
	for (int i = 0; i < 4; i++) {
		int status;
		waitpid(children[i], &status, 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(server(), 0);
}

static void a_killed_initdb_does_no_harm(void **state)
{
	(void)state;
	struct fixture kept = fixture;
	fixture_folder(&fixture);
	for (int round = 0; round < 3; round++) {
		pid_t child = fork();
		if (child == 0) {
			must_start();
			_exit(0);
		}
		usleep((useconds_t)(60000 + round * 200000));
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	store_close(fixture_open(&fixture, STORE_READ));
	assert_int_equal(server(), 0);
	fixture_remove(&fixture);
	fixture = kept;
}

static void a_long_path_gets_a_short_socket(void **state)
{
	(void)state;
	struct fixture kept = fixture;
	fixture_folder(&fixture);
	struct buf path = {0};
	buf_printf(&path, "%s/%0100d/a folder", fixture.folder, 0);
	free(fixture.app.settings->data_dir);
	fixture.app.settings->data_dir = xstrdup(path.data);
	struct cluster *cluster = must_start();
	assert_null(strstr(cluster_conninfo(cluster), "a folder"));
	cluster_release(cluster);
	buf_free(&path);
	fixture_remove(&fixture);
	fixture = kept;
}

static void a_missing_server_program_is_named(void **state)
{
	(void)state;
	struct cluster *cluster = NULL;
	struct err err = {0};
	free(fixture.app.settings->pg_bindir);
	fixture.app.settings->pg_bindir = xstrdup("/nonexistent");
	assert_false(cluster_start(&fixture.app, &cluster, &err));
	assert_int_equal(err.kind, ERR_USAGE);
	assert_non_null(strstr(err.text, "pg_bindir"));
	free(fixture.app.settings->pg_bindir);
	fixture.app.settings->pg_bindir = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_runs_private_and_durable),
		cmocka_unit_test(its_log_quotes_no_rows_and_no_statements),
		cmocka_unit_test(the_last_user_stops_it),
		cmocka_unit_test(it_has_a_session_of_its_own),
		cmocka_unit_test(a_killed_starter_leaves_it_to_the_next),
		cmocka_unit_test(a_killed_server_is_started_again),
		cmocka_unit_test(two_at_once_share_one),
		cmocka_unit_test(a_killed_initdb_does_no_harm),
		cmocka_unit_test(a_long_path_gets_a_short_socket),
		cmocka_unit_test(a_missing_server_program_is_named),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
