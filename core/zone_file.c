// SPDX-License-Identifier: Apache-2.0
// TZif files: RFC 8536 section 3, of which only transition times, types and the footer matter here.
#include "core/zone_table.h"

#include "core/arena.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { FILE_MAX = 256 * 1024, HEADER_SIZE = 44, TYPE_SIZE = 6 };

struct header {
	char version;
	size_t isut, isstd, leap, times, types, chars;
};

struct bytes {
	const unsigned char *p;
	size_t n;
};

static bool take(struct bytes *in, size_t size, struct bytes *out)
{
	if (size > in->n)
		return false;
	if (out)
		*out = (struct bytes){in->p, size};
	in->p += size;
	in->n -= size;
	return true;
}

static uint32_t be32_at(const unsigned char *p)
{
	uint32_t value;
	memcpy(&value, p, sizeof value);
	return be32toh(value);
}

static int64_t signed64_at(const unsigned char *p)
{
	uint64_t value;
	memcpy(&value, p, sizeof value);
	value = be64toh(value);
	int64_t number;
	memcpy(&number, &value, sizeof number);
	return number;
}

static bool take_header(struct bytes *in, struct header *header)
{
	struct bytes head;
	if (!take(in, HEADER_SIZE, &head) || memcmp(head.p, "TZif", 4) != 0)
		return false;
	header->version = (char)head.p[4];
	size_t *const counts[] = {&header->isut,  &header->isstd, &header->leap,
				  &header->times, &header->types, &header->chars};
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		*counts[i] = be32_at(head.p + 20 + 4 * i);
		if (*counts[i] > FILE_MAX)
			return false;
	}
	return true;
}

static size_t body_size(const struct header *h, size_t time_size)
{
	return h->times * (time_size + 1) + h->types * TYPE_SIZE + h->chars +
	       h->leap * (time_size + 4) + h->isstd + h->isut;
}

// Type 0 holds before the first transition (RFC 8536 3.2).
static bool take_changes(struct bytes *in, const struct header *header, struct zone *zone)
{
	struct bytes times, kinds, types;
	if (header->types == 0 || header->leap != 0 || !take(in, header->times * 8, &times) ||
	    !take(in, header->times, &kinds) || !take(in, header->types * TYPE_SIZE, &types) ||
	    !take(in, header->chars + header->isstd + header->isut, NULL))
		return false;
	zone_table_add(zone, INT64_MIN, (int32_t)be32_at(types.p));
	for (size_t i = 0; i < header->times; i++) {
		int64_t at = signed64_at(times.p + 8 * i);
		if (kinds.p[i] >= header->types || (i > 0 && at <= zone->changes[i].at))
			return false;
		zone_table_add(zone, at, (int32_t)be32_at(types.p + TYPE_SIZE * kinds.p[i]));
	}
	return true;
}

// "\n<TZ string>\n"; the text between may be empty (no rule for the future).
static bool take_footer(struct bytes *in, struct zone *zone)
{
	if (in->n < 2 || in->p[0] != '\n')
		return false;
	const unsigned char *end = memchr(in->p + 1, '\n', in->n - 1);
	if (!end)
		return false;
	struct text footer = {(const char *)in->p + 1, (size_t)(end - in->p) - 1};
	return footer.n == 0 || zone_footer_apply(zone, footer);
}

static bool parse(struct bytes in, struct zone *zone)
{
	struct header old, header;
	return take_header(&in, &old) && old.version >= '2' && // version 1 has 32-bit times only
	       take(&in, body_size(&old, 4), NULL) && take_header(&in, &header) &&
	       take_changes(&in, &header, zone) && take_footer(&in, zone);
}

static ssize_t read_whole(const char *path, unsigned char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -1;
	size_t done = 0;
	while (done < size) {
		ssize_t n = read(fd, out + done, size - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int saved = errno;
			close(fd);
			errno = saved;
			return -1;
		}
		if (n == 0)
			break;
		done += (size_t)n;
	}
	close(fd);
	return (ssize_t)done;
}

bool zone_file_read(const char *path, struct zone *zone, struct err *err)
{
	unsigned char *data = xcalloc(1, FILE_MAX);
	ssize_t size = read_whole(path, data, FILE_MAX);
	bool good = false;
	if (size < 0 && (errno == ENOENT || errno == ENOTDIR))
		err_set(err, ERR_USAGE, "unknown (there is no such file in the zone database)");
	else if (size < 0)
		err_set(err, ERR_USAGE, "cannot read its file: %s", strerror(errno));
	else if (!(good = parse((struct bytes){data, (size_t)size}, zone)))
		err_set(err, ERR_USAGE, "its file is not a zone file of a known form");
	free(data);
	return good;
}
