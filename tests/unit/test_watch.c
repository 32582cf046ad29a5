// SPDX-License-Identifier: Apache-2.0
// What is told of files that change, and what is not.
#include "ingest/watch.h"

#include "core/settings.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SHORT (USEC_PER_SEC / 50)
#define LONG (5 * USEC_PER_SEC)

static atomic_int stop;
static struct app app = {.stop = &stop};
static struct watch *watch;
static char folder[64], path[128];

static const char *in_folder(const char *name)
{
	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static void append(const char *name)
{
	FILE *file = fopen(in_folder(name), "a");
	assert_non_null(file);
	fputs("x\n", file);
	fclose(file);
}

static int start(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/receiptd-watch-XXXXXX");
	assert_non_null(mkdtemp(folder));
	watch = watch_new(&app);
	return 0;
}

static int take_away(const char *name, const struct stat *st, int type, struct FTW *place)
{
	(void)st, (void)type, (void)place;
	return remove(name);
}

static int finish(void **state)
{
	(void)state;
	watch_free(watch);
	return nftw(folder, take_away, 8, FTW_DEPTH | FTW_PHYS);
}

static void again(const char *pattern)
{
	watch_begin(watch);
	watch_pattern(watch, in_folder(pattern));
}

static void files_of_the_pattern_are_told(void **state)
{
	(void)state;
	again("log*");
	assert_true(watch_works(watch));
	assert_int_equal(watch_wait(watch, SHORT), WATCH_NOTHING);
	append("log");
	assert_int_equal(watch_wait(watch, LONG), WATCH_NAMES);
	append("log");
	assert_int_equal(watch_wait(watch, LONG), WATCH_WRITTEN);
	append("other");
	assert_int_equal(watch_wait(watch, SHORT), WATCH_NOTHING);
	char from[128];
	snprintf(from, sizeof from, "%s", in_folder("log"));
	assert_int_equal(rename(from, in_folder("log.1")), 0);
	assert_int_equal(watch_wait(watch, LONG), WATCH_NAMES);
}

static void a_folder_that_is_made_again_is_watched_again(void **state)
{
	(void)state;
	again("in/log");
	assert_false(watch_works(watch)); // it is not there
	assert_int_equal(mkdir(in_folder("in"), 0700), 0);
	again("in/log");
	assert_true(watch_works(watch));
	assert_int_equal(rmdir(in_folder("in")), 0);
	assert_int_equal(watch_wait(watch, LONG), WATCH_NAMES);
	again("in/log");
	assert_false(watch_works(watch));
	assert_int_equal(mkdir(in_folder("in"), 0700), 0);
	again("in/log");
	assert_true(watch_works(watch));
	append("in/log");
	assert_int_equal(watch_wait(watch, LONG), WATCH_NAMES);
}

static void the_file_behind_a_link_is_told(void **state)
{
	(void)state;
	assert_int_equal(mkdir(in_folder("in"), 0700), 0);
	append("in/real");
	assert_int_equal(symlink("in/real", in_folder("log")), 0);
	again("log");
	watch_target(watch, in_folder("log"));
	append("in/real");
	assert_int_equal(watch_wait(watch, LONG), WATCH_WRITTEN);
	append("in/other");
	assert_int_equal(watch_wait(watch, SHORT), WATCH_NOTHING);
}

static void wildcards_in_folders(void **state)
{
	(void)state;
	assert_int_equal(mkdir(in_folder("a"), 0700), 0);
	assert_int_equal(mkdir(in_folder("b"), 0700), 0);
	again("*/log");
	append("b/log");
	assert_int_equal(watch_wait(watch, LONG), WATCH_NAMES);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, start, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(files_of_the_pattern_are_told),
		IN_FOLDER(a_folder_that_is_made_again_is_watched_again),
		IN_FOLDER(the_file_behind_a_link_is_told),
		IN_FOLDER(wildcards_in_folders),
	};
	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
