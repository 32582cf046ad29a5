// SPDX-License-Identifier: Apache-2.0
#include "ingest/series.h"

#include "core/arena.h"
#include "core/buf.h"
#include "core/text.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>

enum { DATE_DIGITS = 6, NUMBER_MOST = 20 };

// A name as "head number tail": the number is the last run of digits, those of a date or of a time and
// what stands between them taken as one. Without one it is the file that is written now.
struct name {
	struct text head, tail;
	char number[NUMBER_MOST];
	size_t digits; // 0: there is none
};

static bool is_digit(char c)
{
	return isdigit((unsigned char)c) != 0;
}

static struct text without_packing(struct text name)
{
	static const char *const ends[] = {".gz", ".xz", ".zst", ".bz2", ".lz4"};
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		size_t n = strlen(ends[i]);
		if (name.n > n && !memcmp(name.p + name.n - n, ends[i], n))
			return (struct text){name.p, name.n - n};
	}
	return name;
}

static struct name parse(const char *file)
{
	struct text all = without_packing(text_of(file));
	struct name name = {.head = all, .tail = {all.p + all.n, 0}};
	size_t end = all.n;
	while (end && !is_digit(all.p[end - 1]))
		end--;
	size_t begin = end;
	while (begin &&
	       (is_digit(all.p[begin - 1]) || (begin > 1 && strchr("-_T:", all.p[begin - 1]) &&
					       is_digit(all.p[begin - 2]) && begin < end)))
		begin--;
	for (size_t i = begin; i < end && name.digits < NUMBER_MOST; i++)
		if (is_digit(all.p[i]))
			name.number[name.digits++] = all.p[i];
	if (name.digits == NUMBER_MOST)
		name.digits = 0; // nothing that counts
	if (!name.digits)
		return name;
	name.head.n = begin;
	name.tail = (struct text){all.p + end, all.n - end};
	return name;
}

// The file that is written now, of which this one was: "log" of "log.1", "debug.log" of "debug-20261122.log".
static bool is_archive_of(const struct name *archive, const char *file)
{
	struct text live = without_packing(text_of(file)), head = archive->head;
	if (head.n && strchr(".-_", head.p[head.n - 1]))
		head.n--;
	return archive->digits && head.n && live.n == head.n + archive->tail.n &&
	       !memcmp(live.p, head.p, head.n) &&
	       !memcmp(live.p + head.n, archive->tail.p, archive->tail.n);
}

static bool is_alike(const struct name *a, const struct name *b)
{
	return a->digits && b->digits && text_same(a->head, b->head) && text_same(a->tail, b->tail);
}

static int by_number(const struct name *a, const struct name *b)
{
	unsigned long long x = strtoull(a->number, NULL, 10), y = strtoull(b->number, NULL, 10);
	return (x > y) - (x < y);
}

static const char *file_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static bool is_one(const char *a, const char *b)
{
	struct name x = parse(a), y = parse(b);
	return is_alike(&x, &y) || is_archive_of(&x, b) || is_archive_of(&y, a);
}

bool series_is_one(const char *a, const char *b)
{
	const char *x = file_of(a), *y = file_of(b);
	return x - a == y - b && !memcmp(a, b, (size_t)(x - a)) && is_one(x, y);
}

int series_order(const char *a, const char *b, bool rising)
{
	struct name x = parse(file_of(a)), y = parse(file_of(b));
	if (!is_alike(&x, &y))
		return is_archive_of(&y, file_of(a)) - is_archive_of(&x, file_of(b));
	return rising ? by_number(&x, &y) : by_number(&y, &x);
}

// --- which of a folder lie beside a name ---

struct folder {
	struct name *names; // of one series, but for the file in question
	char **files;
	size_t count;
};

static void read_folder(const char *path, const char *file, struct folder *folder)
{
	struct buf where = {0};
	buf_printf(&where, "%.*s.", (int)(file - path), path);
	DIR *listing = opendir(where.data);
	struct dirent *entry;
	while (listing && (entry = readdir(listing))) {
		if (!strcmp(entry->d_name, file) || !is_one(entry->d_name, file))
			continue;
		folder->names =
			xrealloc(folder->names, (folder->count + 1) * sizeof *folder->names);
		folder->files =
			xrealloc(folder->files, (folder->count + 1) * sizeof *folder->files);
		folder->files[folder->count] = xstrdup(entry->d_name);
		folder->names[folder->count] = parse(folder->files[folder->count]);
		folder->count++;
	}
	if (listing)
		closedir(listing);
	buf_free(&where);
}

static bool is_dated(const struct name *name)
{
	return name->digits >= DATE_DIGITS;
}

static bool is_next_counter(const struct name *a, const struct name *b)
{
	long x = strtol(a->number, NULL, 10), y = strtol(b->number, NULL, 10);
	return x - y == 1 || y - x == 1;
}

// The newest archive of the file that is written now: the first counter, or the last date.
static bool is_newest(const struct folder *folder, const struct name *name)
{
	if (!is_dated(name) && strtol(name->number, NULL, 10) > 1)
		return false;
	for (size_t i = 0; i < folder->count; i++) {
		const struct name *other = &folder->names[i];
		int order = is_alike(other, name) ? by_number(other, name) : 0;
		if (is_dated(name) ? order > 0 : order < 0)
			return false;
	}
	return true;
}

static bool is_none_between(const struct folder *folder, const struct name *a, const struct name *b)
{
	for (size_t i = 0; i < folder->count; i++)
		if (is_alike(&folder->names[i], a) &&
		    by_number(&folder->names[i], a) * by_number(&folder->names[i], b) < 0)
			return false;
	return true;
}

static bool is_beside(const struct folder *folder, size_t at, const char *file,
		      const struct name *own)
{
	const struct name *name = &folder->names[at];
	if (is_archive_of(name, file))
		return is_newest(folder, name);
	if (is_archive_of(own, folder->files[at])) // that is the one that is written now
		return is_newest(folder, own);
	return is_dated(own) ? is_none_between(folder, own, name) : is_next_counter(own, name);
}

void series_beside(const char *path, struct series_files *files)
{
	const char *file = file_of(path);
	struct name own = parse(file);
	struct folder folder = {0};
	struct buf full = {0};

	*files = (struct series_files){0};
	read_folder(path, file, &folder);
	for (size_t i = 0; i < folder.count; i++) {
		if (files->count < SERIES_MOST && is_beside(&folder, i, file, &own)) {
			full.len = 0;
			buf_printf(&full, "%.*s%s", (int)(file - path), path, folder.files[i]);
			files->paths[files->count++] = xstrdup(full.data);
		}
	}
	for (size_t i = 0; i < folder.count; i++)
		free(folder.files[i]);
	free(folder.files);
	free(folder.names);
	buf_free(&full);
}

void series_free(struct series_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		free(files->paths[i]);
	files->count = 0;
}
