// SPDX-License-Identifier: Apache-2.0
// How the files of a source are rotated, as far as names beside them and logrotate's files tell.
#include "ingest/doctor.h"

#include "core/buf.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdlib.h>

enum { CONFIG_MOST = 1 << 20 };

static struct text folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? (struct text){path, slash == path ? 1 : (size_t)(slash - path)} : TEXT(".");
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

// "p.log" of "p.log*": what all names of this log begin with.
static size_t stem_of(const char *name)
{
	return strcspn(name, "*?[");
}

// --- names ---

static bool is_left_out(const char *pattern, const char *name)
{
	size_t stem = stem_of(pattern);
	return stem && !strncmp(name, pattern, stem) && strlen(name) > stem &&
	       strchr(".-_", name[stem]) && fnmatch(pattern, name, 0) != 0;
}

static void look_beside(struct doctor *doctor, const struct source_setting *source)
{
	struct buf folder = {0};
	const char *pattern = name_of(source->path);
	char example[256] = "";
	int count = 0;
	buf_text(&folder, folder_of(source->path));
	DIR *listing = opendir(folder.data);
	for (const struct dirent *it; listing && (it = readdir(listing));) {
		if (!is_left_out(pattern, it->d_name))
			continue;
		if (!count++)
			snprintf(example, sizeof example, "%s", it->d_name);
	}
	if (listing)
		closedir(listing);
	if (count)
		doctor_say(
			doctor, DOCTOR_WARN,
			"%d rotated files beside it are not matched, e.g. %s: what is rotated away "
			"unread is lost. Set path = \"%.*s/%.*s*\"",
			count, example, (int)folder.len, folder.data, (int)stem_of(pattern),
			pattern);
	buf_free(&folder);
}

// --- logrotate ---

static char *contents(const char *path)
{
	FILE *file = fopen(path, "re");
	if (!file)
		return NULL;
	char *text = xcalloc(CONFIG_MOST + 1, 1);
	text[fread(text, 1, CONFIG_MOST, file)] = 0;
	fclose(file);
	return text;
}

// One of the names before the brace, which may be patterns too.
static bool names_file(struct text names, const char *path)
{
	while (names.n) {
		size_t skip = 0, n = 0;
		while (skip < names.n && strchr(" \t\n\"'", names.p[skip]))
			skip++;
		names = (struct text){names.p + skip, names.n - skip};
		while (n < names.n && !strchr(" \t\n\"'", names.p[n]))
			n++;
		char *one = xcalloc(n + 1, 1);
		memcpy(one, names.p, n);
		bool found = n && *one == '/' && fnmatch(one, path, 0) == 0;
		free(one);
		if (found)
			return true;
		names = (struct text){names.p + n, names.n - n};
	}
	return false;
}

static bool has_word(struct text block, const char *word)
{
	return block.n && memmem(block.p, block.n, word, strlen(word)) != NULL;
}

static void look_into(struct doctor *doctor, const char *config, const char *path)
{
	char *text = contents(config), *at = text;
	while (at && *at) {
		char *open = strchr(at, '{');
		char *shut = open ? strchr(open, '}') : NULL;
		if (!shut)
			break;
		struct text block = {open, (size_t)(shut - open)};
		if (names_file((struct text){at, (size_t)(open - at)}, path) &&
		    has_word(block, "copytruncate") && !has_word(block, "nocopytruncate"))
			doctor_say(
				doctor, DOCTOR_WARN,
				"%s rotates it with copytruncate, which loses the lines that are "
				"written between the copy and the truncation. Let the server reopen "
				"its log instead (create, and a signal in postrotate)",
				config);
		at = shut + 1;
	}
	free(text);
}

static void look_at_logrotate(struct doctor *doctor, const char *path)
{
	static const char folder[] = "/etc/logrotate.d";
	DIR *listing = opendir(folder);
	struct buf config = {0};
	look_into(doctor, "/etc/logrotate.conf", path);
	for (const struct dirent *it; listing && (it = readdir(listing));) {
		if (it->d_name[0] == '.')
			continue;
		config.len = 0;
		buf_printf(&config, "%s/%s", folder, it->d_name);
		look_into(doctor, config.data, path);
	}
	if (listing)
		closedir(listing);
	buf_free(&config);
}

void doctor_rotation(struct doctor *doctor, const struct source_setting *source)
{
	struct buf first = {0};
	size_t stem = stem_of(name_of(source->path));
	look_beside(doctor, source);
	buf_text(&first, (struct text){source->path,
				       (size_t)(name_of(source->path) - source->path) + stem});
	if (first.len)
		look_at_logrotate(doctor, first.data);
	buf_free(&first);
}
