// SPDX-License-Identifier: Apache-2.0
// Which names are one log, and which lie side by side.
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_one_log),
		cmocka_unit_test(side_by_side),
	};
	return cmocka_run_group_tests_name("series", tests, NULL, NULL);
}
