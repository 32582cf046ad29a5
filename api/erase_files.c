// SPDX-License-Identifier: Apache-2.0
#include "api/erase_files.h"

#include "core/arena.h"
#include "core/buf.h"
#include "core/settings_table.h"

#include <ctype.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct search {
	struct text jid;
	bool dry_run, left;
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

// A segment is written and read by whoever runs the feed: it is not ours to change.
static void take_spool(struct search *search, const char *path)
{
	printf("%s names it: it goes when all of it is stored and the next segment has begun (a start of "
	       "receiptd run begins one)\n",
	       path);
	search->left = true;
}

static void take_report(struct search *search, const char *path)
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
			if (file_names(found.gl_pathv[i], search->jid))
				take(search, found.gl_pathv[i]);
		globfree(&found);
	}
	buf_free(&whole);
}

// Where reports are, if there is a setting for it.
static void look_at_reports(struct search *search, const struct settings *settings)
{
	const struct setting_row *row = setting_find("report_dir", strlen("report_dir"));
	const char *folder = NULL;
	if (row)
		memcpy(&folder, (const char *)settings + row->offset, sizeof folder);
	if (folder)
		look(search, folder, "*", take_report);
	else
		look(search, settings->data_dir, "reports/*", take_report);
}

bool erase_files(const struct app *app, struct text jid, bool dry_run)
{
	struct search search = {jid, dry_run, false};
	look(&search, app->settings->data_dir, "spool/*/*", take_spool);
	look_at_reports(&search, app->settings);
	return search.left;
}
