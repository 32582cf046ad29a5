// SPDX-License-Identifier: Apache-2.0
#include "api/report/files.h"

#include "core/arena.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MODE = 0640, FOLDER_MODE = 0750 };

void file_name_part(struct buf *name, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c < 128 && (isalnum(c) || strchr("-_+", c)))
			buf_char(name, (char)c);
		else if (c == '/')
			buf_char(name, '~');
		else
			buf_printf(name, "=%02X", c);
	}
}

static bool failed(struct err *err, const char *name)
{
	return err_set(err, ERR_STORAGE, "report file %.200s: %s", name, strerror(errno));
}

int files_open(const char *folder, struct err *err)
{
	if (mkdir(folder, FOLDER_MODE) != 0 && errno != EEXIST) {
		failed(err, folder);
		return -1;
	}
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		failed(err, folder);
	return fd;
}

// ---- what is there

enum there { THERE_NOT, THERE_SAME, THERE_OTHER };

static bool holds(int fd, struct text bytes)
{
	char chunk[8192];
	while (true) {
		ssize_t n = read(fd, chunk, sizeof chunk);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0 && bytes.n == 0;
		if ((size_t)n > bytes.n || memcmp(chunk, bytes.p, (size_t)n) != 0)
			return false;
		bytes = (struct text){bytes.p + n, bytes.n - (size_t)n};
	}
}

// A symbolic link, a pipe or a device is never opened for reading to its end.
static enum there look(int folder, const char *name, struct text bytes)
{
	struct stat stat;
	if (fstatat(folder, name, &stat, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? THERE_NOT : THERE_OTHER;
	if (!S_ISREG(stat.st_mode))
		return THERE_OTHER;
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	bool same = fd >= 0 && holds(fd, bytes);
	if (fd >= 0)
		close(fd);
	return same ? THERE_SAME : THERE_OTHER;
}

static bool occupied(struct err *err, const char *name)
{
	return err_set(err, ERR_STORAGE,
		       "report file %.200s: something else is there under that name; it was not "
		       "touched: look at it and move it away",
		       name);
}

// ---- writing

static void temporary(const char *name, char out[NAME_MAX + 1])
{
	snprintf(out, NAME_MAX + 1, ".%.240s.tmp", name);
}

static bool write_all(int fd, struct text bytes)
{
	while (bytes.n) {
		ssize_t n = write(fd, bytes.p, bytes.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes = (struct text){bytes.p + n, bytes.n - (size_t)n};
	}
	return true;
}

// One maker at a time holds the lock of the database, so what is there under this name is left of a killed one.
static bool write_temporary(int folder, const char *name, struct text bytes, struct err *err)
{
	char made[NAME_MAX + 1];
	temporary(name, made);
	unlinkat(folder, made, 0);
	int fd = openat(folder, made, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			FILE_MODE);
	if (fd < 0)
		return failed(err, name);
	bool fine = fchmod(fd, FILE_MODE) == 0 && write_all(fd, bytes) && fsync(fd) == 0;
	int why = errno;
	if (close(fd) != 0 && fine) {
		why = errno;
		fine = false;
	}
	if (fine)
		return true;
	unlinkat(folder, made, 0);
	errno = why;
	return failed(err, name);
}

bool files_prepare(int folder, struct out_file *files, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		enum there there = look(folder, files[i].name, files[i].bytes);
		if (there == THERE_OTHER)
			return occupied(err, files[i].name);
		if (there == THERE_SAME)
			continue;
		if (!write_temporary(folder, files[i].name, files[i].bytes, err))
			return false;
		files[i].waits = true;
	}
	return true;
}

// Never over something: a name that appeared meanwhile is somebody else's.
static bool publish(int folder, const struct out_file *file, struct err *err)
{
	char made[NAME_MAX + 1];
	temporary(file->name, made);
	int status = renameat2(folder, made, folder, file->name, RENAME_NOREPLACE);
	if (status != 0 && (errno == EINVAL || errno == ENOSYS)) { // not every file system can
		status = linkat(folder, made, folder, file->name, 0);
		if (status == 0)
			unlinkat(folder, made, 0);
	}
	if (status == 0)
		return true;
	return errno == EEXIST ? occupied(err, file->name) : failed(err, file->name);
}

static bool sync_folder(int folder, struct err *err)
{
	return fsync(folder) == 0 || failed(err, "folder");
}

bool files_publish(int folder, struct out_file *files, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		if (files[i].waits && !publish(folder, &files[i], err))
			return false;
		files[i].waits = false;
	}
	return sync_folder(folder, err);
}

void files_drop(int folder, struct out_file *files, size_t count)
{
	char made[NAME_MAX + 1];
	for (size_t i = 0; i < count; i++) {
		temporary(files[i].name ? files[i].name : "", made);
		if (files[i].waits)
			unlinkat(folder, made, 0);
		free(files[i].name);
		files[i] = (struct out_file){0};
	}
}

bool files_replace(int folder, const char *name, struct text bytes, struct err *err)
{
	char made[NAME_MAX + 1];
	struct stat stat;
	if (fstatat(folder, name, &stat, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(stat.st_mode))
		return occupied(err, name);
	if (look(folder, name, bytes) == THERE_SAME)
		return true;
	temporary(name, made);
	return write_temporary(folder, name, bytes, err) &&
	       (renameat(folder, made, folder, name) == 0 || failed(err, name)) &&
	       sync_folder(folder, err);
}

// Other files of the folder are not ours.
static bool is_temporary(const char *name)
{
	size_t n = strlen(name);
	return name[0] == '.' && n > 5 && strcmp(name + n - 4, ".tmp") == 0 &&
	       (strstr(name, ".r") || strncmp(name, ".index.", 7) == 0);
}

void files_tidy(int folder)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
	for (struct dirent *entry; entries && (entry = readdir(entries));)
		if (is_temporary(entry->d_name))
			unlinkat(folder, entry->d_name, 0);
	if (entries)
		closedir(entries);
	else if (fd >= 0)
		close(fd);
}
