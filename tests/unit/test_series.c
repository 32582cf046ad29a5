// SPDX-License-Identifier: Apache-2.0
// Which names are one log, and which lie side by side.
#include "ingest/import_order.h"
#include "ingest/series.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void names_of_one_log(void **state)
{
	(void)state;
	assert_true(series_is_one("/a/log", "/a/log.1"));
	assert_true(series_is_one("/a/log.12.gz", "/a/log"));
	assert_true(series_is_one("/a/log.2", "/a/log.1.zst"));
	assert_true(series_is_one("debug.log", "debug-20261122.log"));
	assert_true(series_is_one("audit-20261122-000.log", "audit-20261122-001.log"));
	assert_true(series_is_one("x-2026-11-30.log", "x-2026-12-01.log.gz"));
	assert_false(series_is_one("/a/log", "/b/log.1"));
	assert_false(series_is_one("/a/log.1", "/a/other.1"));
	assert_false(series_is_one("/a/log", "/a/other"));
	assert_false(series_is_one("/a/log.1", "/a/log.err"));
}

// "names: beside" of each case; the first name is the one asked for.
static void check(const char *const names[], const char *wanted)
{
	char folder[] = "/tmp/receiptd-series-XXXXXX", path[256], got[256] = "";
	assert_non_null(mkdtemp(folder));
	for (size_t i = 0; names[i]; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		fclose(fopen(path, "w"));
	}
	snprintf(path, sizeof path, "%s/%s", folder, names[0]);
	struct series_files files;
	series_beside(path, &files);
	for (size_t i = 0; names[i]; i++) // in the order of the list
		for (size_t j = 0; j < files.count; j++)
			if (!strcmp(strrchr(files.paths[j], '/') + 1, names[i]))
				snprintf(got + strlen(got), sizeof got - strlen(got), "%s ",
					 names[i]);
	series_free(&files);
	for (size_t i = 0; names[i]; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
	assert_string_equal(got, wanted);
}

#define CHECK(wanted, ...) check((const char *const[]){__VA_ARGS__, NULL}, wanted)

static void side_by_side(void **state)
{
	(void)state;
	CHECK("log.1 ", "log", "log.1", "log.2", "other", "log.err");
	CHECK("log.0 ", "log", "log.1", "log.0");
	CHECK("", "log", "log.2", "log.3");
	CHECK("log log.2.gz ", "log.1", "log", "log.2.gz", "log.3.gz");
	CHECK("log.1 log.3 ", "log.2", "log", "log.1", "log.3", "log.4");
	CHECK("", "log.3", "log.1", "log");
	CHECK("x-20261121.log ", "x.log", "x-20261120.log", "x-20261121.log");
	CHECK("x-20261121.log x-20261130.log ", "x-20261122.log", "x-20261120.log",
	      "x-20261121.log", "x-20261130.log", "x.log");
	CHECK("x.log ", "x-20261122.log", "x.log");
	CHECK("a-20261122-001.log ", "a-20261122-000.log", "a-20261122-001.log",
	      "a-20261122-002.log");
}

// --- the order of one command (F26, F52) ---

static void look(void *self, const char *path, usec_t *first, usec_t *last)
{
	const char *const *times = self; // "name=time", what is not in it shows none
	*first = *last = USEC_NONE;
	for (size_t i = 0; times[i]; i++)
		if (!strncmp(times[i], path, strlen(path)) && times[i][strlen(path)] == '=')
			*first = *last = strtoll(times[i] + strlen(path) + 1, NULL, 10);
}

static void check_order(const char *const times[], char *paths[], const char *wanted)
{
	char got[256] = "";
	size_t count = 0;
	while (paths[count])
		count++;
	import_order(paths, count, look, (void *)(uintptr_t)times);
	for (size_t i = 0; i < count; i++)
		snprintf(got + strlen(got), sizeof got - strlen(got), i ? " %s" : "%s", paths[i]);
	assert_string_equal(got, wanted);
}

#define GIVEN(...) ((char *[]){__VA_ARGS__, NULL})
#define TIMES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void oldest_first(void **state)
{
	(void)state;
	check_order(TIMES("log=9", "log.1=8", "log.2=7"), GIVEN("log", "log.1", "log.2"),
		    "log.2 log.1 log");
	check_order(TIMES("log.1=1", "log.2=2"), GIVEN("log.2", "log.1"), "log.1 log.2");
	check_order(TIMES("x=1", "log.1=2", "log.2=1"), GIVEN("log.1", "x", "log.2"),
		    "log.2 x log.1");
	// Those without a time stand where the names of the others say.
	check_order(TIMES("log.5=1", "log.1=9"), GIVEN("log.1", "log.3", "log.5", "log", "log.4"),
		    "log.5 log.4 log.3 log.1 log");
	check_order(TIMES("a-1.log=1", "a-4.log=9"),
		    GIVEN("a-4.log", "a-3.log", "a-2.log", "a-1.log"),
		    "a-1.log a-2.log a-3.log a-4.log");
	// Names that contradict the times say nothing; those without time keep their places.
	check_order(TIMES("log.1=3", "log.2=1", "log.3=2"), GIVEN("log.1", "log.2", "log.3"),
		    "log.2 log.3 log.1");
	check_order(TIMES("log=9"), GIVEN("log", "log.1"), "log.1 log");
	check_order(TIMES("other"), GIVEN("log.1", "log.2"), "log.1 log.2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_one_log),
		cmocka_unit_test(side_by_side),
		cmocka_unit_test(oldest_first),
	};
	return cmocka_run_group_tests_name("series", tests, NULL, NULL);
}
