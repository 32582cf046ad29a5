// SPDX-License-Identifier: Apache-2.0
#include "api/erase_files.h"

#include "api/erase_spool.h"
#include "api/report/report.h"
#include "core/arena.h"
#include "core/buf.h"

#include <ctype.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct search {
	const struct app *app;
	struct text jid;
	bool dry_run, left, reports;
	struct erase_spool *spool;
};

static bool is_of_address(char c)
{
	return isalnum((unsigned char)c) || strchr("._+-@", c) != NULL;
}

// Not only as a part of another address; letters of the ASCII range in any case.
static bool names(struct text bytes, struct text jid)
{
	for (size_t at = 0; at + jid.n <= bytes.n; at++) {
		const char *found = bytes.p + at;
		if (strncasecmp(found, jid.p, jid.n) == 0 &&
		    (at == 0 || !is_of_address(found[-1])) &&
		    (at + jid.n == bytes.n || !is_of_address(found[jid.n])))
			return true;
	}
	return false;
}

static bool file_names(const char *path, struct text jid)
{
	struct stat st;
	bool found = false;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
		void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (map != MAP_FAILED) {
			found = names((struct text){map, (size_t)st.st_size}, jid);
			munmap(map, (size_t)st.st_size);
		}
	}
	if (fd >= 0)
		close(fd);
	return found;
}

static void remove_file(struct search *search, const char *path)
{
	bool gone = search->dry_run || unlink(path) == 0;
	printf("%s names it: %s\n", path,
	       search->dry_run ? "would be removed"
	       : gone          ? "removed"
			       : "could not be removed");
	search->left |= !gone;
}

static void look(struct search *search, const char *folder, const char *pattern,
		 void (*take)(struct search *search, const char *path))
{
	glob_t found;
	struct buf whole = {0};
	buf_printf(&whole, "%s/%s", folder, pattern);
	buf_char(&whole, '\0');
	if (glob(whole.data, 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			if (file_names(found.gl_pathv[i], search->jid) ||
			    erase_spool_is_veiled(found.gl_pathv[i]))
				take(search, found.gl_pathv[i]);
		globfree(&found);
	}
	buf_free(&whole);
}

static void take_spool(struct search *search, const char *path)
{
	if (search->dry_run)
		printf("%s names it: it would go as soon as it is stored\n", path);
	else
		erase_spool_add(search->spool, path);
}

// What an encrypted one holds cannot be seen here: it is treated as if it named everybody. Those that were put aside
// when a disk failed are read by nobody any more.
static void look_at_spools(struct search *search)
{
	look(search, search->app->settings->data_dir, "spool/*/*.spool", take_spool);
	look(search, search->app->settings->data_dir, "spool/*/*.failed", remove_file);
}

static void take_report(struct search *search, const char *path)
{
	remove_file(search, path);
	search->reports = true;
}

// Also temporary ones, of a run that was killed.
static void look_at_reports(struct search *search)
{
	char *folder = report_folder(search->app->settings);
	look(search, folder, "*.r[0-9]*.[chj]*", take_report);
	look(search, folder, ".*.r[0-9]*.[chj]*", take_report);
	free(folder);
}

bool erase_files(struct app *app, struct store *store, struct text jid, bool dry_run, bool *left,
		 struct err *err)
{
	struct search search = {
		.app = app, .jid = jid, .dry_run = dry_run, .spool = erase_spool_new()};
	look_at_spools(&search);
	look_at_reports(&search);
	bool fine = dry_run || !search.reports || report_index_anew(app, store, err);
	*left = !erase_spool_wait(search.spool) || search.left;
	erase_spool_free(search.spool);
	return fine;
}
