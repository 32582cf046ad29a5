// SPDX-License-Identifier: Apache-2.0
#include "ingest/spool_files.h"

#include "core/arena.h"
#include "ingest/spool_veil.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char suffix[] = ".spool";

void spool_segment_path(const char *dir, uint64_t number, char *path, size_t size)
{
	snprintf(path, size, "%s/%012" PRIu64 "%s", dir, number, suffix);
}

// 0: the name is not that of a segment.
static uint64_t number_of(const char *name)
{
	char *end;
	if (name[0] < '0' || name[0] > '9')
		return 0;
	uint64_t number = strtoull(name, &end, 10);
	return strcmp(end, suffix) == 0 ? number : 0;
}

static bool make_one(const char *path, mode_t mode, struct err *err)
{
	if (mkdir(path, mode) == 0 || errno == EEXIST)
		return true;
	return err_set(err, ERR_STORAGE, "%.300s: %s", path, strerror(errno));
}

// The folder and the one above it, ours alone; data_dir is there already or is made too, and must let
// the database's user pass when we are root.
bool spool_folder_make(const char *dir, struct err *err)
{
	const char *last = strrchr(dir, '/');
	mode_t above = geteuid() == 0 ? 0755 : 0700;
	char path[PATH_MAX];
	size_t n = strlen(dir);
	if (n >= sizeof path)
		return err_set(err, ERR_STORAGE, "%.300s: %s", dir, strerror(ENAMETOOLONG));
	for (size_t i = 1; i < n; i++) {
		if (dir[i] != '/')
			continue;
		memcpy(path, dir, i);
		path[i] = '\0';
		if (access(path, F_OK) != 0 && !make_one(path, dir + i == last ? 0700 : above, err))
			return false;
	}
	return make_one(dir, 0700, err);
}

static bool is_ours_alone(int fd)
{
	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EINTR)
			return false;
	}
	return true;
}

static void tell_not_ours(const char *dir, int why, struct err *err)
{
	if (why == EWOULDBLOCK)
		err_set(err, ERR_USAGE,
			"%.300s: another receiptd uses it; stop that one, or give this one a "
			"data_dir of its own",
			dir);
	else
		err_set(err, ERR_STORAGE, "%.300s/lock: %s", dir, strerror(why));
}

// The file is never removed: who comes next would lock a new one beside the process that has the old one.
int spool_folder_lock(const char *dir, struct err *err)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%.4000s/lock", dir);
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0 && is_ours_alone(fd))
		return fd;
	tell_not_ours(dir, errno, err);
	if (fd >= 0)
		close(fd);
	return -1;
}

int64_t spool_folder_size(const char *dir, uint64_t *newest)
{
	int64_t size = 0;
	DIR *folder = opendir(dir);
	*newest = 0;
	for (struct dirent *entry; folder && (entry = readdir(folder));) {
		struct stat st;
		uint64_t number = number_of(entry->d_name);
		if (!number || fstatat(dirfd(folder), entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		size += st.st_size;
		*newest = number > *newest ? number : *newest;
	}
	if (folder)
		closedir(folder);
	return size;
}

// ---- what a process before this one left

static bool ends_in(const char *name, const char *ending)
{
	size_t n = strlen(name), m = strlen(ending);
	return n > m && strcmp(name + n - m, ending) == 0;
}

// Keys whose segment is gone (or was put aside, and is never read again), and a segment that got no name.
static void tidy(const char *dir)
{
	DIR *folder = opendir(dir);
	for (struct dirent *entry; folder && (entry = readdir(folder));) {
		char path[PATH_MAX];
		struct stat st;
		uint64_t number = strtoull(entry->d_name, NULL, 10);
		spool_segment_path(dir, number, path, sizeof path);
		if (number && ends_in(entry->d_name, ".key") && lstat(path, &st) && errno == ENOENT)
			spool_key_remove(path);
		else if (strcmp(entry->d_name, "new") == 0)
			unlinkat(dirfd(folder), entry->d_name, 0);
	}
	if (folder)
		closedir(folder);
}

static void load_block(struct spool_memory *memory, const struct spool_block *block,
		       const struct spool_key *key, usec_t at)
{
	struct spool_block open = *block;
	struct buf plain = {0};
	if (spool_is_veiled(block->payload) &&
	    !spool_unveil(key, block->payload, &plain, &open.payload))
		open.payload = TEXT("");
	spool_memory_load(memory, &open, at);
	buf_free(&plain);
}

// Up to the end of the last whole block or mark; what is damaged before it stays where it is.
static size_t load_blocks(struct text bytes, struct spool_memory *memory,
			  const struct spool_key *key, usec_t at, bool *marked)
{
	size_t good = 0;
	*marked = true;
	for (size_t from = 0; from < bytes.n;) {
		struct spool_block block;
		enum spool_found found =
			spool_look((struct text){bytes.p + from, bytes.n - from}, &block);
		if (found == SPOOL_MORE)
			break;
		from += block.size;
		if (found == SPOOL_DAMAGED)
			continue;
		if (found == SPOOL_BLOCK)
			load_block(memory, &block, key, at);
		*marked = found == SPOOL_MARK && block.upto >= (int64_t)(from - block.size);
		good = from;
	}
	return good;
}

// What is whole was durable, or is now; so it counts.
static bool end_segment(int fd, size_t good, size_t size, bool marked)
{
	if (good == size && marked)
		return true;
	struct buf mark = {0};
	spool_mark_write(&mark, (int64_t)good);
	bool ok = (good == size || ftruncate(fd, (off_t)good) == 0) && fsync(fd) == 0 &&
		  lseek(fd, 0, SEEK_END) >= 0 && spool_write_all(fd, buf_view(&mark)) &&
		  fsync(fd) == 0;
	buf_free(&mark);
	return ok;
}

static bool recover(int fd, const char *path, struct spool_memory *memory, struct log *log)
{
	struct stat st;
	bool marked = true;
	if (fstat(fd, &st))
		return false;
	size_t size = (size_t)st.st_size, good = 0;
	if (size) {
		void *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (map == MAP_FAILED)
			return false;
		usec_t at = (usec_t)st.st_mtime * USEC_PER_SEC;
		struct spool_key key;
		spool_key_load(path, &key);
		good = load_blocks((struct text){map, size}, memory, &key, at, &marked);
		spool_key_forget(&key);
		munmap(map, size);
	}
	if (good < size)
		log_warn(log, "spool-tail-cut", LOG_S("file", path), LOG_I("bytes", size - good),
			 LOG_S("next", "it was not whole, so its sender was never told that it was "
				       "taken and sends it again"));
	return end_segment(fd, good, size, marked);
}

bool spool_folder_recover(const char *dir, uint64_t newest, struct spool_memory *memory,
			  struct log *log, struct err *err)
{
	char path[PATH_MAX];
	tidy(dir);
	spool_segment_path(dir, newest, path, sizeof path);
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	bool ok = fd >= 0 && recover(fd, path, memory, log);
	if (!ok)
		err_set(err, ERR_STORAGE, "%.300s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return ok;
}

// ---- a new one

static bool sync_folder(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

int spool_segment_make(const char *dir, uint64_t number, struct text head)
{
	char path[PATH_MAX], made[PATH_MAX];
	spool_segment_path(dir, number, path, sizeof path);
	snprintf(made, sizeof made, "%.4000s/new", dir);
	unlink(made); // of a process that died, or planted
	int fd = open(made, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || (spool_write_all(fd, head) && fsync(fd) == 0 && rename(made, path) == 0 &&
		       sync_folder(dir)))
		return fd;
	int why = errno;
	close(fd);
	unlink(made);
	errno = why;
	return -1;
}

bool spool_write_all(int fd, struct text bytes)
{
	while (bytes.n) {
		ssize_t n = write(fd, bytes.p, bytes.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n ? errno : EIO;
			return false;
		}
		bytes = (struct text){bytes.p + n, bytes.n - (size_t)n};
	}
	return true;
}

// ---- done with

bool spool_is_left(const char *path)
{
	const char *slash = strrchr(path, '/');
	uint64_t newest, number = number_of(slash ? slash + 1 : path);
	if (!slash || !number)
		return false;
	char *dir = xstrdup(path);
	dir[slash - path] = '\0';
	spool_folder_size(dir, &newest);
	free(dir);
	return number < newest;
}

// The segment first: without its key it would be damage to whoever reads it.
void spool_remove(const char *path)
{
	unlink(path);
	spool_key_remove(path);
}
