// SPDX-License-Identifier: Apache-2.0
#include "ingest/packed.h"

#include "core/arena.h"
#include "ingest/sources/decode.h"

#include <stdlib.h>

enum { CHUNK = 65536 };
#define QUIET (2 * USEC_PER_SEC)     // not written to for so long: it may be complete
#define PATIENCE (60 * USEC_PER_SEC) // nor for so long: it will not be completed

struct packed {
	char *path;
	struct decoder *decoder;
	uint64_t skip;
	char buffer[CHUNK];
};

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

bool packed_is_over(const struct packed_look *look, const struct stat *st)
{
	return look->over && is_same(&look->st, st);
}

// Of the inode: gzip gives its file the log's own time of writing.
static bool is_quiet(const struct stat *st, usec_t span)
{
	usec_t changed = (usec_t)st->st_ctim.tv_sec * USEC_PER_SEC + st->st_ctim.tv_nsec / 1000;
	usec_t now = usec_now();
	return now < changed || now - changed >= span; // a clock set back is no reason to wait
}

static bool is_plain(const char *path)
{
	struct decoder *decoder = decode_open(path, NULL);
	bool plain = decoder && !decode_is_compressed(decoder);
	decode_close(decoder);
	return plain;
}

// A plain file grows, and stays what it is.
static bool is_grown_plain(const struct packed_look *look, const struct stat *st)
{
	return look->state == PACKED_NOT && look->st.st_ino == st->st_ino &&
	       look->st.st_dev == st->st_dev && st->st_size >= look->st.st_size;
}

enum packed_state packed_look(struct packed_look *look, const char *path, const struct stat *st)
{
	if (is_grown_plain(look, st))
		return PACKED_NOT;
	if (!is_same(&look->st, st))
		*look = (struct packed_look){.st = *st,
					     .state = is_plain(path) ? PACKED_NOT : PACKED_WAIT};
	if (look->state != PACKED_WAIT || !is_quiet(st, QUIET))
		return look->state;
	if (!look->tried && decode_is_whole(path))
		look->state = PACKED_READY;
	else if (is_quiet(st, PATIENCE))
		look->state = PACKED_DAMAGED;
	look->tried = true;
	return look->state;
}

struct packed *packed_open(const char *path, struct err *err)
{
	struct decoder *decoder = decode_open(path, err);
	if (!decoder)
		return NULL;
	struct packed *packed = xcalloc(1, sizeof *packed);
	packed->path = xstrdup(path);
	packed->decoder = decoder;
	return packed;
}

void packed_close(struct packed *packed)
{
	if (!packed)
		return;
	decode_close(packed->decoder);
	free(packed->path);
	free(packed);
}

static size_t read_at(void *self, uint64_t offset, size_t size, unsigned char *out)
{
	const struct packed *packed = self;
	return decode_at(packed->path, offset, size, out);
}

struct stream_file packed_file(struct packed *packed)
{
	return (struct stream_file){packed, read_at, decode_length(packed->decoder), NULL};
}

void packed_start(struct packed *packed, uint64_t offset)
{
	packed->skip = offset;
}

static bool give(struct packed *packed, struct stream *stream, size_t n, struct err *err)
{
	size_t skip = packed->skip < n ? (size_t)packed->skip : n;
	packed->skip -= skip;
	return skip == n ||
	       stream_bytes(stream, (struct text){packed->buffer + skip, n - skip}, err);
}

bool packed_read(struct packed *packed, struct stream *stream, size_t most, bool *more,
		 struct err *err)
{
	*more = true;
	for (size_t given = 0; given < most;) {
		long got = decode_read(packed->decoder, packed->buffer, CHUNK, NULL);
		if (got < 0)
			stream_gap(stream, decode_damage(packed->decoder), 0);
		if (got <= 0) {
			*more = false;
			return true;
		}
		if (!give(packed, stream, (size_t)got, err))
			return false;
		given += (size_t)got;
	}
	return true;
}
