// SPDX-License-Identifier: Apache-2.0
#include "ingest/tail_internal.h"

#include "core/arena.h"
#include "ingest/join.h"
#include "ingest/seam.h"
#include "ingest/sources/decode.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { HEAD_BYTES = 65536, CHUNK = 262144 };
#define GRACE (3 * USEC_PER_SEC) // a renamed file is followed until idle for so long (F2)
#define RETRY USEC_PER_SEC       // after a read that failed (F37)

struct tail *tail_new(struct app *app, const struct source_setting *setting, const char *path,
		      const struct realm_settings *rules)
{
	struct tail *tail = xcalloc(1, sizeof(*tail));
	struct err err = {0};

	tail->app = app;
	tail->setting = setting;
	tail->path = xstrdup(path);
	tail->rules = rules;
	tail->fd = -1;
	tail->idle_since = usec_monotonic();
	tail->zone = zone_open(setting->zone, &err);
	if (!tail->zone) {
		log_error(app->log, "zone-unknown", LOG_S("source", setting->name),
			  LOG_S("error", err.text), LOG_S("next", "UTC is taken"));
		tail->zone = zone_open("UTC", NULL);
	}
	return tail;
}

void tail_release(struct tail *tail)
{
	stream_close(tail->stream);
	tail->stream = NULL;
	tail->handed_on = tail->ended = tail->stale = tail->parked = false;
	packed_close(tail->packed);
	tail->packed = NULL;
	free(tail->buffer);
	tail->buffer = NULL;
	if (tail->fd >= 0)
		close(tail->fd);
	tail->fd = -1;
}

// The descriptor of a plain file stays: it may be the last way to what was not stored yet (F14).
void tail_rewind(struct tail *tail)
{
	if (!tail->stream || tail->packed) {
		bool waits = !tail->packed && tail->fd >= 0;
		if (!waits)
			tail_release(tail);
		return;
	}
	stream_close(tail->stream);
	tail->stream = NULL;
	tail->handed_on = tail->ended = false;
}

void tail_free(struct tail *tail)
{
	if (!tail)
		return;
	tail_release(tail);
	zone_free(tail->zone);
	free(tail->path);
	free(tail);
}

const char *tail_path(const struct tail *tail)
{
	return tail->path;
}

const struct source_setting *tail_setting(const struct tail *tail)
{
	return tail->setting;
}

static size_t read_at(void *self, uint64_t offset, size_t size, unsigned char *out)
{
	struct tail *tail = self;
	ssize_t got = pread(tail->fd, out, size, (off_t)offset);
	if (got < 0)
		tail->read_errno = errno;
	return got > 0 ? (size_t)got : 0;
}

bool tail_was_truncated(struct tail *tail)
{
	struct stat st;

	if (fstat(tail->fd, &st)) {
		tail->read_errno = errno;
		return false;
	}
	stream_saw_size(tail->stream, (uint64_t)st.st_size);
	if ((uint64_t)st.st_size <= stream_offset(tail->stream))
		return (uint64_t)st.st_size < stream_offset(tail->stream);
	struct stream_file file = {tail, read_at, (uint64_t)st.st_size, NULL};
	return !stream_still_there(tail->stream, &file) && !tail->read_errno;
}

struct stream *tail_stream(const struct tail *tail)
{
	return tail->stream;
}

const char *tail_trouble(const struct tail *tail)
{
	return tail->complained ? tail->trouble : NULL;
}

static void complain(struct tail *tail, const char *event, const char *detail)
{
	snprintf(tail->trouble, sizeof tail->trouble, "%s: %s", event, detail);
	if (!tail->complained)
		log_warn(tail->app->log, event, LOG_S("source", tail->setting->name),
			 LOG_S("file", tail->path), LOG_S("detail", detail),
			 LOG_S("next", "tried again until it can be read"));
	tail->complained = true;
}

// F37: nothing was read, so nothing is known: neither the end of the file nor that it is another one.
// F38: a file that a network file system gave another handle is opened anew, by path.
static void read_failed(struct tail *tail)
{
	complain(tail, "read-failed", strerror(tail->read_errno));
	tail->stale = tail->read_errno == ESTALE;
	tail->retry_at = usec_monotonic() + RETRY;
}

static bool is_resting(const struct tail *tail)
{
	return tail->read_errno && usec_monotonic() < tail->retry_at;
}

static const struct dialect_type *dialect_of(struct tail *tail)
{
	if (tail->setting->dialect)
		return dialect_by_name(text_of(tail->setting->dialect));
	struct decoder *decoder = decode_open(tail->path, NULL);
	long got = tail->packed && decoder ? decode_read(decoder, tail->buffer, HEAD_BYTES, NULL)
					   : pread(tail->fd, tail->buffer, HEAD_BYTES, 0);
	decode_close(decoder);
	if (got <= 0)
		return NULL;
	return dialect_detect((struct text){tail->buffer, (size_t)got}, NULL, NULL);
}

static struct stream_options options_of(const struct tail *tail, const struct dialect_type *dialect,
					const struct stat *st)
{
	return (struct stream_options){.path = tail->path,
				       .source = tail->setting->name,
				       .dialect = dialect,
				       .zone = tail->zone,
				       .modified = (usec_t)st->st_mtime * USEC_PER_SEC,
				       .rules = tail->rules,
				       .format = &tail->setting->format,
				       .live = true,
				       .witness = tail->setting->witness};
}

static bool open_stream(struct tail *tail, struct batcher *batcher, struct stream *const *others,
			size_t other_count, const struct stat *st, struct err *err)
{
	const struct dialect_type *dialect = dialect_of(tail);

	if (!dialect) {
		if (st->st_size >= HEAD_BYTES)
			complain(tail, "dialect-unknown", "set the dialect of this source");
		return true;
	}
	struct stream_options options = options_of(tail, dialect, st);
	options.others = others;
	options.other_count = other_count;
	if (tail->skip && tail_same_file(st, &tail->skip_of))
		options.skip = tail->skip;
	struct stream_file file = {tail, read_at, (uint64_t)st->st_size, &tail->read_errno};
	if (tail->packed)
		file = packed_file(tail->packed);
	if (!options.skip && !seam_begin(batcher, &options, &file, &options.skip, err))
		return false;
	if (tail->read_errno)
		return true; // F37
	if (!stream_open(batcher, &options, &file, &tail->stream, err)) {
		if (!tail->read_errno || err->kind != ERR_INPUT)
			return false;
		*err = (struct err){0};
		return true;
	}
	tail->skip = 0;
	tail->waits_since = 0;
	if (tail->packed)
		packed_start(tail->packed, stream_start(tail->stream));
	log_info(tail->app->log, "following", LOG_S("source", tail->setting->name),
		 LOG_S("file", tail->path), LOG_S("dialect", dialect->name),
		 LOG_I("from", stream_start(tail->stream)));
	return true;
}

// A compressed one is opened when it is complete. False: not now.
static bool is_ready(struct tail *tail, const struct stat *st)
{
	struct err why = {0};

	if (packed_is_over(&tail->look, st))
		return false;
	switch (packed_look(&tail->look, tail->path, st)) {
	case PACKED_NOT:
		return true;
	case PACKED_WAIT:
		return false;
	case PACKED_DAMAGED:
		complain(tail, "file-damaged", "what can be read of it is read");
		break;
	case PACKED_READY:
		break;
	}
	tail->packed = packed_open(tail->path, &why);
	if (!tail->packed)
		complain(tail, "file-not-readable", why.text);
	return tail->packed != NULL;
}

static bool open_file(struct tail *tail, struct batcher *batcher, struct stream *const *others,
		      size_t other_count, struct err *err)
{
	struct stat st;

	if (!tail->buffer)
		tail->buffer = xcalloc(1, CHUNK);
	if (tail->fd < 0) {
		// F36: a device must not even be opened.
		if (!stat(tail->path, &st) && !S_ISREG(st.st_mode)) {
			complain(tail, "not-a-file", "only regular files are followed");
			return true;
		}
		tail->fd = open(tail->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		if (tail->fd < 0) {
			complain(tail, "file-not-readable", strerror(errno));
			return true;
		}
	}
	if (fstat(tail->fd, &st) || !S_ISREG(st.st_mode)) {
		complain(tail, "not-a-file", "only regular files are followed");
		tail_release(tail);
		return true;
	}
	if (tail->has_turn && !tail_same_file(&st, &tail->turn_of)) {
		close(tail->fd); // renamed since: an older file may wait under a new name (F1)
		tail->fd = -1;
		return true;
	}
	tail->device = st.st_dev;
	tail->inode = st.st_ino;
	// An empty file has no identity yet. One that was empty when it was its turn may be a copy that was just begun.
	tail->was_empty = st.st_size == 0 || (tail->has_turn && tail->turn_of.st_size == 0);
	if (tail->was_empty)
		return true;
	if (!is_ready(tail, &st)) {
		tail_release(tail);
		return true;
	}
	tail->complained = tail->complained && tail->look.state == PACKED_DAMAGED;
	return open_stream(tail, batcher, others, other_count, &st, err);
}

bool tail_is_leaving(const struct tail *tail)
{
	return tail->stream && (tail->packed || tail_was_replaced(tail));
}

// F26: the rotation fell into a record, and the file that is at the path now goes on with it.
static void join_next(struct tail *tail)
{
	int next = open(tail->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (next >= 0 && stream_is_torn(tail->stream) && !fstat(next, &tail->skip_of) &&
	    S_ISREG(tail->skip_of.st_mode) && join_is_direct(tail->fd, next, tail->path)) {
		char *head = xcalloc(1, JOIN_MOST);
		ssize_t got = pread(next, head, JOIN_MOST, 0);
		if (got > 0)
			tail->skip = stream_join(tail->stream, (struct text){head, (size_t)got}, 0);
		free(head);
	}
	if (next >= 0)
		close(next);
}

bool tail_is_archive(const struct tail *tail)
{
	return tail->packed && tail->look.state == PACKED_READY;
}

bool tail_finish(struct tail *tail, struct err *err)
{
	if (!tail->packed && tail_was_replaced(tail) && !tail->read_errno)
		join_next(tail);
	tail->look.over = tail->packed != NULL;
	return stream_end(tail->stream, true, err);
}

static bool read_some(struct tail *tail, size_t most, bool *more, struct err *err)
{
	while (most > 0 && !*tail->app->stop) {
		ssize_t got =
			pread(tail->fd, tail->buffer, CHUNK, (off_t)stream_offset(tail->stream));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			tail->read_errno = errno;
			read_failed(tail);
			return true;
		}
		if (got == 0)
			return stream_end(tail->stream, false, err);
		*more = true;
		tail->idle_since = usec_monotonic();
		if (!stream_bytes(tail->stream, (struct text){tail->buffer, (size_t)got}, err))
			return false;
		most -= (size_t)got < most ? (size_t)got : most;
	}
	return true;
}

bool tail_read(struct tail *tail, struct batcher *batcher, struct stream *const *others,
	       size_t other_count, size_t most, bool *more, struct err *err)
{
	*more = false;
	if (is_resting(tail))
		return true;
	tail->complained = tail->complained && !(tail->stream && tail->read_errno);
	tail->read_errno = 0;
	if (tail->parked && !tail_is_there(tail))
		return true;
	if (!tail->stream && !open_file(tail, batcher, others, other_count, err))
		return false;
	if (!tail->stream) {
		if (tail->read_errno)
			read_failed(tail);
		else if (tail->fd >= 0 && tail_was_replaced(tail))
			tail_release(tail);
		return true;
	}
	if (tail->packed) {
		bool ok = tail->ended || packed_read(tail->packed, tail->stream, most, more, err);
		tail->ended = ok && !*more;
		return ok;
	}
	if (tail_was_truncated(tail))
		return true; // tail_is_over() says so too
	if (tail->read_errno) {
		read_failed(tail);
		return true;
	}
	return read_some(tail, most, more, err);
}

bool tail_is_over(struct tail *tail)
{
	if (!tail->stream || tail->packed)
		return tail->ended;
	if (tail->read_errno)
		return false;
	if (tail_was_truncated(tail)) {
		log_warn(tail->app->log, "file-truncated", LOG_S("file", tail->path),
			 LOG_S("next", "it is read from its beginning"));
		stream_gap(tail->stream, "truncated", stream_offset(tail->stream));
		return true;
	}
	return tail_was_replaced(tail) &&
	       (tail->handed_on || usec_monotonic() - tail->idle_since > GRACE);
}

bool tail_is_stale(const struct tail *tail)
{
	return tail->stream && tail->stale;
}
