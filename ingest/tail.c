// SPDX-License-Identifier: Apache-2.0
#include "ingest/tail.h"

#include "core/arena.h"
#include "ingest/packed.h"
#include "ingest/sources/decode.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD_BYTES = 65536, CHUNK = 262144 };
#define GRACE (3 * USEC_PER_SEC) // a renamed file is followed until idle for so long (F2)

struct tail {
	struct app *app;
	const struct source_setting *setting;
	char *path;
	const struct realm_settings *rules;
	struct zone *zone;
	int fd;
	dev_t device;
	ino_t inode;
	struct stream *stream;
	struct packed *packed; // what is open is compressed
	struct packed_look look;
	bool ended;      // all of it was read
	bool handed_on;  // another tail waits for the file under its new name
	bool complained; // about the trouble that lasts
	char trouble[160];
	dev_t looked_device; // the file that was last looked at for hosts and MUC domains
	ino_t looked_inode;
	usec_t idle_since;
	char *buffer;
};

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
	tail->buffer = xcalloc(1, CHUNK);
	tail->zone = zone_open(setting->zone, &err);
	if (!tail->zone) {
		log_error(app->log, "zone-unknown", LOG_S("source", setting->name),
			  LOG_S("error", err.text), LOG_S("next", "UTC is taken"));
		tail->zone = zone_open("UTC", NULL);
	}
	return tail;
}

void tail_rewind(struct tail *tail)
{
	stream_close(tail->stream);
	tail->stream = NULL;
	tail->handed_on = tail->ended = false;
	packed_close(tail->packed);
	tail->packed = NULL;
	if (tail->fd >= 0)
		close(tail->fd);
	tail->fd = -1;
}

void tail_free(struct tail *tail)
{
	if (!tail)
		return;
	tail_rewind(tail);
	zone_free(tail->zone);
	free(tail->path);
	free(tail->buffer);
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

bool tail_is_same_file(const struct tail *tail, struct tail *open_one)
{
	struct stat st;

	if (tail->stream || !open_one->stream || stat(tail->path, &st) ||
	    st.st_ino != open_one->inode || st.st_dev != open_one->device)
		return false;
	open_one->handed_on = true;
	return true;
}

static bool is_there(const struct tail *tail, struct stat *st)
{
	return !tail->stream && !stat(tail->path, st) && S_ISREG(st->st_mode) && st->st_size > 0 &&
	       !packed_is_over(&tail->look, st);
}

bool tail_is_there(const struct tail *tail)
{
	struct stat st;
	return is_there(tail, &st);
}

bool tail_is_waiting(struct tail *tail)
{
	struct stat st;

	if (!is_there(tail, &st))
		return false;
	bool seen = st.st_ino == tail->looked_inode && st.st_dev == tail->looked_device;
	tail->looked_inode = st.st_ino;
	tail->looked_device = st.st_dev;
	return !seen;
}

usec_t tail_written_at(const struct tail *tail)
{
	struct stat st;
	bool there = tail->stream ? !fstat(tail->fd, &st) : !stat(tail->path, &st);

	return there ? (usec_t)st.st_mtim.tv_sec * USEC_PER_SEC + st.st_mtim.tv_nsec / 1000
		     : USEC_NONE;
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

static bool read_at(void *self, uint64_t offset, size_t size, unsigned char *out)
{
	const struct tail *tail = self;
	return pread(tail->fd, out, size, (off_t)offset) == (ssize_t)size;
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

static bool open_stream(struct tail *tail, struct batcher *batcher, struct stream *const *others,
			size_t other_count, const struct stat *st, struct err *err)
{
	const struct dialect_type *dialect = dialect_of(tail);

	if (!dialect) {
		if (st->st_size >= HEAD_BYTES)
			complain(tail, "dialect-unknown", "set the dialect of this source");
		return true;
	}
	struct stream_options options = {.path = tail->path,
					 .source = tail->setting->name,
					 .dialect = dialect,
					 .zone = tail->zone,
					 .modified = (usec_t)st->st_mtime * USEC_PER_SEC,
					 .rules = tail->rules,
					 .format = &tail->setting->format,
					 .live = true,
					 .others = others,
					 .other_count = other_count};
	struct stream_file file = {tail, read_at, (uint64_t)st->st_size};
	if (tail->packed)
		file = packed_file(tail->packed);
	if (!stream_open(batcher, &options, &file, &tail->stream, err))
		return false;
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
		tail_rewind(tail);
		return true;
	}
	tail->device = st.st_dev;
	tail->inode = st.st_ino;
	if (st.st_size == 0)
		return true; // an empty file has no identity yet
	if (!is_ready(tail, &st)) {
		tail_rewind(tail);
		return true;
	}
	tail->complained = tail->complained && tail->look.state == PACKED_DAMAGED;
	return open_stream(tail, batcher, others, other_count, &st, err);
}

// The path leads elsewhere or nowhere: what is open was renamed or removed.
static bool was_replaced(const struct tail *tail)
{
	struct stat st;
	return stat(tail->path, &st) || st.st_dev != tail->device || st.st_ino != tail->inode;
}

bool tail_is_leaving(const struct tail *tail)
{
	return tail->stream && (tail->packed || was_replaced(tail));
}

bool tail_finish(struct tail *tail, struct err *err)
{
	tail->look.over = tail->packed != NULL;
	return stream_end(tail->stream, true, err);
}

// F8: shorter than what was read: another life of the file began.
static bool was_truncated(struct tail *tail)
{
	struct stat st;

	if (fstat(tail->fd, &st))
		return false;
	stream_saw_size(tail->stream, (uint64_t)st.st_size);
	if ((uint64_t)st.st_size <= stream_offset(tail->stream))
		return (uint64_t)st.st_size < stream_offset(tail->stream);
	struct stream_file file = {tail, read_at, (uint64_t)st.st_size};
	return !stream_still_there(tail->stream, &file);
}

static bool read_some(struct tail *tail, size_t most, bool *more, struct err *err)
{
	while (most > 0 && !*tail->app->stop) {
		ssize_t got =
			pread(tail->fd, tail->buffer, CHUNK, (off_t)stream_offset(tail->stream));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			complain(tail, "read-failed", strerror(errno));
		if (got <= 0)
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
	if (!tail->stream && !open_file(tail, batcher, others, other_count, err))
		return false;
	if (!tail->stream) {
		if (tail->fd >= 0 && was_replaced(tail))
			tail_rewind(tail);
		return true;
	}
	if (tail->packed) {
		bool ok = tail->ended || packed_read(tail->packed, tail->stream, most, more, err);
		tail->ended = ok && !*more;
		return ok;
	}
	if (was_truncated(tail))
		return true; // tail_is_over() says so too
	return read_some(tail, most, more, err);
}

bool tail_is_over(struct tail *tail)
{
	if (!tail->stream || tail->packed)
		return tail->ended;
	if (was_truncated(tail)) {
		log_warn(tail->app->log, "file-truncated", LOG_S("file", tail->path),
			 LOG_S("next", "it is read from its beginning"));
		stream_gap(tail->stream, "truncated", stream_offset(tail->stream));
		return true;
	}
	return was_replaced(tail) &&
	       (tail->handed_on || usec_monotonic() - tail->idle_since > GRACE);
}
