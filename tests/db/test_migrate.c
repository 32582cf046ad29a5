// SPDX-License-Identifier: Apache-2.0
#include "tests/db/fixture.h"

#include "core/embedded.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct fixture fixture;

static int start(void **state)
{
	(void)state;
	fixture_start(&fixture);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fixture_stop(&fixture);
	return 0;
}

static struct store *empty_database(void)
{
	fixture_drop(&fixture);
	return fixture_open(&fixture, STORE_ADMIN);
}

static int migrate(struct store *store)
{
	struct err err = {0};
	int applied = -1;
	if (!schema_migrate(store, false, &applied, &err))
		fail_msg("%s", err.text);
	return applied;
}

static void assert_refused(struct store *store, const char *part)
{
	struct err err = {0};
	int applied;
	assert_false(schema_check(store, &err));
	assert_int_equal(err.kind, ERR_USAGE);
	if (!strstr(err.text, part))
		fail_msg("\"%s\" does not say \"%s\"", err.text, part);
	assert_false(schema_migrate(store, false, &applied, &err) && applied == 0);
}

static void an_empty_database_names_versions_and_command(void **state) // F95
{
	(void)state;
	struct err err = {0};
	struct store *store = empty_database();
	assert_false(schema_check(store, &err));
	assert_int_equal(err.kind, ERR_USAGE);
	assert_non_null(strstr(err.text, "version 0"));
	assert_non_null(strstr(err.text, "needs version "));
	assert_non_null(strstr(err.text, "receiptd migrate"));
	store_close(store);
}

static void the_second_run_has_nothing_to_do(void **state) // F96
{
	(void)state;
	struct store *store = empty_database();
	assert_int_equal(migrate(store), (int)migration_file_count);
	assert_int_equal(migrate(store), 0);
	assert_true(schema_check(store, NULL));
	assert_int_equal(fixture_int(store, "SELECT count(*) FROM instance"), 1);
	store_close(store);
}

static void a_dry_run_changes_nothing(void **state)
{
	(void)state;
	struct store *store = empty_database();
	int count = -1;
	assert_true(schema_migrate(store, true, &count, NULL));
	assert_int_equal(count, (int)migration_file_count);
	assert_int_equal(
		fixture_int(store, "SELECT count(*) FROM pg_namespace WHERE nspname = 'receiptd'"),
		0);
	store_close(store);
}

static void *migrate_thread(void *argument)
{
	int *applied = argument;
	struct store *store = fixture_open(&fixture, STORE_ADMIN);
	struct err err = {0};
	if (!schema_migrate(store, false, applied, &err)) {
		fprintf(stderr, "# %s\n", err.text);
		*applied = -1000;
	}
	store_close(store);
	return NULL;
}

static void of_two_at_once_one_waits(void **state) // F96
{
	(void)state;
	for (int round = 0; round < 5; round++) {
		fixture_drop(&fixture);
		int applied[2] = {0};
		pthread_t threads[2];
		for (int i = 0; i < 2; i++)
			pthread_create(&threads[i], NULL, migrate_thread, &applied[i]);
		for (int i = 0; i < 2; i++)
			pthread_join(threads[i], NULL);
		assert_int_equal(applied[0] + applied[1], (int)migration_file_count);
	}
}

static void a_kill_leaves_before_or_after(void **state) // F96
{
	(void)state;
	int rounds = getenv("RECEIPTD_LONG") ? 50 : 8;
	for (int round = 0; round < rounds; round++) {
		fixture_drop(&fixture);
		pid_t child = fork();
		if (child == 0) {
			int applied;
			migrate_thread(&applied);
			_exit(0);
		}
		usleep((useconds_t)(5000 + round * 97003 % 60000));
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		struct store *store = fixture_open(&fixture, STORE_ADMIN);
		int applied = migrate(store);
		assert_true(applied >= 0 && applied <= (int)migration_file_count);
		assert_true(schema_check(store, NULL));
		store_close(store);
	}
}

static void drift_is_refused(void **state) // F178
{
	(void)state;
	struct store *store = empty_database();
	migrate(store);
	fixture_sql(store, "UPDATE receiptd.receiptd_migration SET sha256 = sha256('other')");
	assert_refused(store, migration_files[0].name);
	store_close(store);
}

static void a_newer_schema_is_refused(void **state) // F95, F178
{
	(void)state;
	struct store *store = empty_database();
	migrate(store);
	fixture_sql(store, "INSERT INTO receiptd.receiptd_migration (number, name, sha256) "
			   "VALUES (99, '0099_future', sha256('x'))");
	assert_refused(store, "version 99");
	store_close(store);
}

static void a_schema_of_another_product_is_refused(void **state) // F95
{
	(void)state;
	struct store *store = empty_database();
	fixture_sql(store, "CREATE SCHEMA receiptd; CREATE TABLE receiptd.message (id int)");
	assert_refused(store, "did not make");
	store_close(store);
}

static int run_command(const char *option)
{
	char name[] = "migrate", text[32];
	snprintf(text, sizeof text, "%s", option ? option : "");
	char *argv[] = {name, text, NULL};
	return cmd_migrate(&fixture.app, option ? 2 : 1, argv);
}

static void the_command_has_its_exit_statuses(void **state)
{
	(void)state;
	fixture_drop(&fixture);
	assert_int_equal(run_command("--help"), 0);
	assert_int_equal(run_command("--wrong"), ERR_USAGE);
	assert_int_equal(run_command("stray"), ERR_USAGE);
	assert_int_equal(run_command("--dry-run"), 0);
	assert_int_equal(run_command("--status"), ERR_DIFFERS);
	assert_int_equal(run_command(NULL), 0);
	assert_int_equal(run_command("--status"), 0);
	assert_int_equal(run_command(NULL), 0);
}

static void the_embedded_database_migrates_itself(void **state)
{
	(void)state;
	fixture_drop(&fixture);
	struct store *store = fixture_open(&fixture, STORE_READ);
	assert_int_equal(fixture_int(store, "SELECT count(*) FROM message"), 0);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_database_names_versions_and_command),
		cmocka_unit_test(the_second_run_has_nothing_to_do),
		cmocka_unit_test(a_dry_run_changes_nothing),
		cmocka_unit_test(of_two_at_once_one_waits),
		cmocka_unit_test(a_kill_leaves_before_or_after),
		cmocka_unit_test(drift_is_refused),
		cmocka_unit_test(a_newer_schema_is_refused),
		cmocka_unit_test(a_schema_of_another_product_is_refused),
		cmocka_unit_test(the_command_has_its_exit_statuses),
		cmocka_unit_test(the_embedded_database_migrates_itself),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
