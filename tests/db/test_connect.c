// SPDX-License-Identifier: Apache-2.0
#include "tests/db/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
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

// Opens another database than the embedded one; NULL and *err when it is refused.
static struct store *try_open(const char *database, enum store_role role, struct err *err)
{
	struct store *store = NULL;
	struct settings other = *fixture.app.settings;
	struct app app = fixture.app;
	char *copy = xstrdup(database);
	other.database = copy;
	other.database_wait = 2 * USEC_PER_SEC;
	app.settings = &other;
	*err = (struct err){0};
	if (store_open(&app, role, &store, err))
		store_close(store);
	free(copy);
	return store;
}

static void assert_refused(const char *database, enum err_kind kind, const char *part)
{
	struct err err;
	assert_null(try_open(database, STORE_WRITE, &err));
	if (!strstr(err.text, part))
		fail_msg("\"%s\" does not say \"%s\"", err.text, part);
	if (strstr(err.text, "canary"))
		fail_msg("the password is in \"%s\"", err.text);
	assert_int_equal(err.kind, kind);
}

static char *on_cluster(const char *rest)
{
	struct buf text = {0};
	buf_printf(&text, "%s %s", cluster_conninfo(fixture.cluster), rest);
	return text.data;
}

static void refused_on_cluster(const char *rest, enum err_kind kind, const char *part)
{
	char *database = on_cluster(rest);
	assert_refused(database, kind, part);
	free(database);
}

static void a_bad_setting_is_a_usage_error_without_its_text(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"embeded",
		"postgresql://user:canary@@host/db",
		"postgresql://user:can@canary@host/db",
		"postgresql://user:canary/1@host/db",
		"postgresql://user:1/canary@host/db",
		"password=canary host=x nonsense",
		"password='canary",
		"host=x port=canary",
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_refused(bad[i], ERR_USAGE, "setting database");
}

static void an_unreachable_server_ends_after_the_wait(void **state)
{
	(void)state;
	usec_t before = usec_monotonic();
	assert_refused("host=/nonexistent dbname=x password=canary", ERR_DATABASE, "/nonexistent");
	assert_refused("host=127.0.0.1 port=1 dbname=x password=canary", ERR_DATABASE, "refused");
	assert_true(usec_monotonic() - before < 10 * USEC_PER_SEC);
}

static void a_silent_server_ends_after_the_wait(void **state)
{
	(void)state;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char database[200];
	snprintf(address.sun_path, sizeof address.sun_path, "%.80s/.s.PGSQL.1", fixture.folder);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(fd, 8), 0);
	snprintf(database, sizeof database, "host=%s port=1 dbname=x password=canary",
		 fixture.folder);
	assert_refused(database, ERR_DATABASE, "no answer");
	close(fd);
}

static void refusals_of_the_server_have_their_sqlstate(void **state) // F104, F94
{
	(void)state;
	refused_on_cluster("dbname=nowhere", ERR_DATABASE, "3D000");
	refused_on_cluster("user=somebody password=canary", ERR_DATABASE, "28000");
}

static void only_utf8_databases_are_used(void **state)
{
	(void)state;
	struct store *store = fixture_open(&fixture, STORE_ADMIN);
	fixture_sql(store, "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
	fixture_sql(store,
		    "CREATE DATABASE ascii ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0");
	store_close(store);
	refused_on_cluster("dbname=latin", ERR_USAGE, "LATIN1");
	refused_on_cluster("dbname=ascii", ERR_USAGE, "SQL_ASCII");
}

static void an_outside_database_is_not_migrated_by_itself(void **state)
{
	(void)state;
	struct store *store = fixture_open(&fixture, STORE_ADMIN);
	fixture_sql(store, "CREATE DATABASE outside");
	store_close(store);
	refused_on_cluster("dbname=outside", ERR_USAGE, "receiptd migrate");
}

static void reading_cannot_write(void **state)
{
	(void)state;
	struct err err = {0};
	struct store *store = fixture_open(&fixture, STORE_READ);
	assert_false(sql_script(store, "UPDATE lane SET commit = 1", &err));
	assert_int_equal(err.kind, ERR_DATABASE);
	assert_non_null(strstr(err.text, "25006"));
	store_close(store);
}

static void a_silent_statement_ends_at_the_deadline(void **state)
{
	(void)state;
	struct err err = {0};
	struct store *store = fixture_open(&fixture, STORE_WRITE);
	store->patience = USEC_PER_SEC / 5;
	assert_false(sql_script(store, "SELECT pg_sleep(20)", &err));
	assert_int_equal(err.kind, ERR_DATABASE);
	assert_false(store_alive(store));
	assert_false(sql_run(store, "instance", NULL, NULL, &err));
	store->patience = 60 * USEC_PER_SEC;
	assert_true(store_reconnect(store, &err));
	assert_true(store_alive(store));
	assert_true(sql_run(store, "instance", NULL, NULL, &err));
	store_close(store);
}

static void a_terminated_session_can_be_had_again(void **state)
{
	(void)state;
	struct err err = {0};
	struct store *store = fixture_open(&fixture, STORE_WRITE);
	assert_true(txn_begin(store, TXN_WRITE, &err));
	assert_false(sql_script(store, "SELECT pg_terminate_backend(pg_backend_pid())", &err));
	assert_int_equal(err.kind, ERR_DATABASE);
	txn_rollback(store);
	assert_false(txn_commit(store, &err));
	assert_true(store_reconnect(store, &err));
	assert_true(sql_run(store, "instance", NULL, NULL, &err));
	store_close(store);
}

static void a_failed_transaction_does_not_commit(void **state)
{
	(void)state;
	struct err err = {0};
	struct store *store = fixture_open(&fixture, STORE_WRITE);
	assert_true(txn_begin(store, TXN_WRITE, &err));
	assert_false(sql_script(store, "SELECT 1 / 0", &err));
	assert_int_equal(err.kind, ERR_INTERNAL);
	assert_false(txn_commit(store, &err));
	assert_true(sql_run(store, "instance", NULL, NULL, &err));
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bad_setting_is_a_usage_error_without_its_text),
		cmocka_unit_test(an_unreachable_server_ends_after_the_wait),
		cmocka_unit_test(a_silent_server_ends_after_the_wait),
		cmocka_unit_test(refusals_of_the_server_have_their_sqlstate),
		cmocka_unit_test(only_utf8_databases_are_used),
		cmocka_unit_test(an_outside_database_is_not_migrated_by_itself),
		cmocka_unit_test(reading_cannot_write),
		cmocka_unit_test(a_silent_statement_ends_at_the_deadline),
		cmocka_unit_test(a_terminated_session_can_be_had_again),
		cmocka_unit_test(a_failed_transaction_does_not_commit),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
