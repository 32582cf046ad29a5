// SPDX-License-Identifier: Apache-2.0
#include "ingest/sources/decode.h"

#include "core/arena.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 64 << 10, HEAD = 6 };
// F22: no log is that much larger than its archive; zeros are a thousand times. Small ones do not matter.
enum { LIMIT_FREE = 512 << 20, LIMIT_TIMES = 100 };

struct decoder {
	int fd;
	char *path;
	struct archive *archive; // NULL: plain
	const char *block;       // the archive's, not given out yet
	size_t block_size;
	usec_t modified;
	uint64_t used, size;
	uint64_t given; // decoded bytes
	bool over;      // there are more of them than a log can have
};

static const char *not_regular(mode_t mode)
{
	static const struct {
		mode_t type;
		const char *name;
	} table[] = {{S_IFDIR, "a directory"},
		     {S_IFIFO, "a pipe"},
		     {S_IFSOCK, "a socket"},
		     {S_IFCHR, "a character device"},
		     {S_IFBLK, "a block device"}};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if ((mode & S_IFMT) == table[i].type)
			return table[i].name;
	return NULL;
}

static bool is_compressed(int fd)
{
	static const struct {
		const char *magic;
		size_t n;
	} table[] = {{"\x1f\x8b", 2},
		     {"\xfd"
		      "7zXZ\0",
		      6},
		     {"\x28\xb5\x2f\xfd", 4},
		     {"BZh", 3},
		     {"\x04\x22\x4d\x18", 4}};
	char head[HEAD];
	ssize_t have = pread(fd, head, sizeof head, 0);
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (have >= (ssize_t)table[i].n && !memcmp(head, table[i].magic, table[i].n))
			return true;
	return false;
}

// gzip keeps the time of the file that it was made of, which is the log's own (years, F47).
static void take_time(struct archive_entry *entry, usec_t *modified)
{
	if (archive_entry_mtime_is_set(entry) && archive_entry_mtime(entry) > 0)
		*modified = (usec_t)archive_entry_mtime(entry) * USEC_PER_SEC;
}

static struct archive *open_archive(int fd, const char *path, usec_t *modified, struct err *err)
{
	struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	if (archive && archive_read_support_filter_gzip(archive) >= ARCHIVE_WARN &&
	    archive_read_support_filter_xz(archive) >= ARCHIVE_WARN &&
	    archive_read_support_filter_zstd(archive) >= ARCHIVE_WARN &&
	    archive_read_support_filter_bzip2(archive) >= ARCHIVE_WARN &&
	    archive_read_support_filter_lz4(archive) >= ARCHIVE_WARN &&
	    archive_read_support_format_raw(archive) == ARCHIVE_OK &&
	    archive_read_support_format_empty(archive) == ARCHIVE_OK &&
	    archive_read_open_fd(archive, fd, BLOCK) == ARCHIVE_OK) {
		int status = archive_read_next_header(archive, &entry);
		if (status == ARCHIVE_OK)
			take_time(entry, modified);
		if (status == ARCHIVE_OK || status == ARCHIVE_EOF)
			return archive;
	}
	err_set(err, ERR_INPUT, "%s: cannot decompress: %s", path,
		archive ? archive_error_string(archive) : "out of memory");
	archive_read_free(archive);
	return NULL;
}

static int open_file(const char *path, struct stat *st, struct err *err)
{
	int fd = -1;
	const char *what;
	if (stat(path, st) != 0) {
		err_set(err, ERR_INPUT, "%s: %s", path, strerror(errno));
		return -1;
	}
	what = not_regular(st->st_mode);
	if (!what)
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0) {
		err_set(err, ERR_INPUT, "%s: %s%s", path, what ? what : strerror(errno),
			what ? ", not a log file" : "");
		return -1;
	}
	// Again on what was really opened: the name may have been switched.
	if (fstat(fd, st) == 0 && S_ISREG(st->st_mode))
		return fd;
	close(fd);
	err_set(err, ERR_INPUT, "%s: not a regular file", path);
	return -1;
}

struct decoder *decode_open(const char *path, struct err *err)
{
	struct stat st;
	int fd = open_file(path, &st, err);
	if (fd < 0)
		return NULL;
	struct decoder *decoder = xcalloc(1, sizeof *decoder);
	decoder->fd = fd;
	decoder->path = xstrdup(path);
	decoder->size = (uint64_t)st.st_size;
	decoder->modified = (usec_t)st.st_mtim.tv_sec * USEC_PER_SEC + st.st_mtim.tv_nsec / 1000;
	if (is_compressed(fd)) {
		decoder->archive = open_archive(fd, path, &decoder->modified, err);
		if (!decoder->archive) {
			decode_close(decoder);
			return NULL;
		}
	}
	return decoder;
}

void decode_close(struct decoder *decoder)
{
	if (!decoder)
		return;
	if (decoder->archive)
		archive_read_free(decoder->archive);
	close(decoder->fd);
	free(decoder->path);
	free(decoder);
}

static long read_plain(struct decoder *decoder, void *buffer, size_t size, struct err *err)
{
	ssize_t n;
	do
		n = read(decoder->fd, buffer, size);
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		err_set(err, ERR_INPUT, "%s: %s", decoder->path, strerror(errno));
		return -1;
	}
	decoder->used += (uint64_t)n;
	return n;
}

// By blocks: archive_read_data() would throw away what it has when damage follows (F21).
static bool next_block(struct decoder *decoder, bool *end, struct err *err)
{
	const void *block;
	la_int64_t offset;
	int status =
		archive_read_data_block(decoder->archive, &block, &decoder->block_size, &offset);
	decoder->used = (uint64_t)archive_filter_bytes(decoder->archive, -1);
	*end = status == ARCHIVE_EOF;
	if (*end)
		decoder->block_size = 0;
	decoder->block = block;
	if (status == ARCHIVE_OK || *end)
		return true;
	decoder->block_size = 0;
	return err_set(err, ERR_INPUT, "%s: compressed data is damaged or cut: %s", decoder->path,
		       archive_error_string(decoder->archive));
}

long decode_read(struct decoder *decoder, void *buffer, size_t size, struct err *err)
{
	bool end = false;
	if (!decoder->archive)
		return read_plain(decoder, buffer, size, err);
	uint64_t limit = LIMIT_FREE + LIMIT_TIMES * decoder->size;
	if (decoder->given >= limit) {
		decoder->over = true;
		err_set(err, ERR_INPUT, "%s: decoded size limit after %llu bytes", decoder->path,
			(unsigned long long)decoder->given);
		return -1;
	}
	while (!decoder->block_size) {
		if (!next_block(decoder, &end, err))
			return -1;
		if (end)
			return 0;
	}
	size_t n = decoder->block_size < size ? decoder->block_size : size;
	n = n < limit - decoder->given
		    ? n
		    : (size_t)(limit - decoder->given); // in the same place each time
	memcpy(buffer, decoder->block, n);
	decoder->block += n;
	decoder->block_size -= n;
	decoder->given += n;
	return (long)n;
}

bool decode_is_compressed(const struct decoder *decoder)
{
	return decoder->archive != NULL;
}

const char *decode_damage(const struct decoder *decoder)
{
	return decoder->over ? "decoded size limit" : "compressed file damaged";
}

usec_t decode_modified(const struct decoder *decoder)
{
	return decoder->modified;
}

uint64_t decode_used(const struct decoder *decoder)
{
	return decoder->used;
}

uint64_t decode_size(const struct decoder *decoder)
{
	return decoder->size;
}

uint64_t decode_length(const struct decoder *decoder)
{
	return decode_is_compressed(decoder) ? UINT64_MAX : decoder->size;
}

// --- proofs ---

enum { SKIP = 16384 };

static bool skip_to(struct decoder *decoder, uint64_t offset)
{
	char skipped[SKIP];
	while (offset > 0) {
		size_t want = offset < sizeof skipped ? (size_t)offset : sizeof skipped;
		long got = decode_read(decoder, skipped, want, NULL);
		if (got <= 0)
			return false;
		offset -= (uint64_t)got;
	}
	return true;
}

size_t decode_at(const char *path, uint64_t offset, size_t size, unsigned char *out)
{
	struct decoder *again = decode_open(path, NULL);
	size_t have = 0;
	bool there = again && skip_to(again, offset);
	while (there && have < size) {
		long got = decode_read(again, out + have, size - have, NULL);
		if (got <= 0)
			break;
		have += (size_t)got;
	}
	decode_close(again);
	return have;
}

bool decode_is_whole(const char *path)
{
	char skipped[SKIP];
	struct decoder *again = decode_open(path, NULL);
	long got = again ? 1 : -1;
	while (got > 0)
		got = decode_read(again, skipped, sizeof skipped, NULL);
	bool whole = got == 0 || (again && again->over); // it will not get better
	decode_close(again);
	return whole;
}
