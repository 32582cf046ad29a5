// SPDX-License-Identifier: Apache-2.0
#include "ingest/tail.h"

#include "core/arena.h"
#include "ingest/join.h"
#include "ingest/packed.h"
#include "ingest/sources/decode.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD_BYTES = 65536, CHUNK = 262144, COPY_BYTES = 4096 };
#define GRACE (3 * USEC_PER_SEC) // a renamed file is followed until idle for so long (F2)
#define RETRY USEC_PER_SEC       // after a read that failed (F37)

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
	char *buffer;    // while a file is open
	int read_errno;  // of the last read
	usec_t retry_at; // not read before, after an error
	bool stale;      // F38: to be opened anew
	bool parked;     // closed, though it is read to its end: as it was then
	struct stat parked_as;
	int32_t parked_generation;
	uint64_t skip; // F26: bytes of the next file that were read as the end of this one
	struct stat skip_of;
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

// What the next read would open, or has open.
static bool look(const struct tail *tail, struct stat *st)
{
	return tail->fd >= 0 ? !fstat(tail->fd, st) : !stat(tail->path, st);
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool is_untouched(const struct stat *a, const struct stat *b)
{
	return is_same_file(a, b) && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

// The path leads elsewhere or nowhere: what is open was renamed or removed.
static bool was_replaced(const struct tail *tail)
{
	struct stat st;
	return stat(tail->path, &st) || st.st_dev != tail->device || st.st_ino != tail->inode;
}

static bool is_there(const struct tail *tail, struct stat *st)
{
	return !tail->stream && look(tail, st) && S_ISREG(st->st_mode) && st->st_size > 0 &&
	       !packed_is_over(&tail->look, st) &&
	       !(tail->parked && is_untouched(&tail->parked_as, st));
}

bool tail_is_there(const struct tail *tail)
{
	struct stat st;
	return is_there(tail, &st);
}

static bool read_at(void *self, uint64_t offset, size_t size, unsigned char *out)
{
	struct tail *tail = self;
	ssize_t got = pread(tail->fd, out, size, (off_t)offset);
	if (got < 0)
		tail->read_errno = errno;
	return got == (ssize_t)size;
}

// F8: shorter than what was read: another life of the file began.
static bool was_truncated(struct tail *tail)
{
	struct stat st;

	if (fstat(tail->fd, &st)) {
		tail->read_errno = errno;
		return false;
	}
	stream_saw_size(tail->stream, (uint64_t)st.st_size);
	if ((uint64_t)st.st_size <= stream_offset(tail->stream))
		return (uint64_t)st.st_size < stream_offset(tail->stream);
	struct stream_file file = {tail, read_at, (uint64_t)st.st_size};
	return !stream_still_there(tail->stream, &file) && !tail->read_errno;
}

// A log of which a copy was begun, to be truncated then (F6, F7): its bytes are those of the open file.
static bool is_copy(const struct tail *tail, const struct stat *st, const struct tail *open_one)
{
	unsigned char ours[COPY_BYTES], theirs[COPY_BYTES];
	struct stat other;
	off_t places[] = {0, st->st_size - COPY_BYTES};

	if (st->st_size < COPY_BYTES || tail->setting != open_one->setting || open_one->packed ||
	    fstat(open_one->fd, &other) || other.st_size < st->st_size)
		return false;
	int fd = open(tail->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	bool same = fd >= 0;
	for (size_t i = 0; i < sizeof places / sizeof *places && same; i++)
		same = pread(fd, ours, sizeof ours, places[i]) == COPY_BYTES &&
		       pread(open_one->fd, theirs, sizeof theirs, places[i]) == COPY_BYTES &&
		       !memcmp(ours, theirs, sizeof ours);
	if (fd >= 0)
		close(fd);
	return same;
}

// F6: it was truncated since its last turn. What was read of it is its copy's from its next turn on; a copy
// that is opened before would be taken for another log.
static bool is_begun_anew(const struct tail *tail, struct tail *open_one)
{
	return tail->setting == open_one->setting && open_one->stream && !open_one->packed &&
	       was_truncated(open_one);
}

bool tail_is_read_by(const struct tail *tail, struct tail *const *others, size_t count)
{
	struct stat st;

	if (!is_there(tail, &st))
		return false;
	for (size_t i = 0; i < count; i++) {
		struct tail *other = others[i];
		bool same =
			other->fd >= 0 && st.st_dev == other->device && st.st_ino == other->inode;
		if (other == tail || other->fd < 0)
			continue;
		if (same && !other->stream && was_replaced(other))
			tail_release(other); // held, and here is its new name
		else if (same && other->stream)
			return other->handed_on = true;
		else if (tail->fd < 0 && is_begun_anew(tail, other))
			return true;
		else if (tail->fd < 0 && is_copy(tail, &st, other))
			return true;
	}
	return false;
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

bool tail_is_nothing(const struct tail *tail)
{
	struct stat st;
	return tail->fd < 0 && !tail->stream && !tail->parked && !tail->skip &&
	       lstat(tail->path, &st) && errno == ENOENT;
}

usec_t tail_written_at(const struct tail *tail)
{
	struct stat st;

	return look(tail, &st)
		       ? (usec_t)st.st_mtim.tv_sec * USEC_PER_SEC + st.st_mtim.tv_nsec / 1000
		       : USEC_NONE;
}

// --- descriptors ---

bool tail_has_file(const struct tail *tail)
{
	return tail->fd >= 0;
}

bool tail_is_followed(const struct tail *tail)
{
	return tail->stream || tail->parked;
}

usec_t tail_idle_since(const struct tail *tail)
{
	bool idle = tail->stream && !tail->packed && !stream_is_dirty(tail->stream) &&
		    !stream_is_behind(tail->stream) && !was_replaced(tail);
	return idle ? tail->idle_since : USEC_NONE;
}

// Opened again when it changes, at its mark.
void tail_park(struct tail *tail)
{
	struct stat st;
	int32_t generation = stream_generation(tail->stream);

	bool known = !fstat(tail->fd, &st) && (uint64_t)st.st_size == stream_offset(tail->stream);
	tail_release(tail);
	if (!known)
		return; // it has just grown
	tail->parked = true;
	tail->parked_as = st;
	tail->parked_generation = generation;
}

int32_t tail_generation(const struct tail *tail)
{
	if (tail->stream)
		return stream_generation(tail->stream);
	return tail->parked ? tail->parked_generation : 0;
}

// What only this descriptor keeps on the disk.
uint64_t tail_held(const struct tail *tail)
{
	struct stat st;
	bool deleted = tail->fd >= 0 && !fstat(tail->fd, &st) && st.st_nlink == 0;
	return deleted ? (uint64_t)st.st_blocks * 512 : 0;
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
	if (tail->skip && is_same_file(st, &tail->skip_of))
		options.skip = tail->skip;
	struct stream_file file = {tail, read_at, (uint64_t)st->st_size};
	if (tail->packed)
		file = packed_file(tail->packed);
	if (!stream_open(batcher, &options, &file, &tail->stream, err))
		return false;
	tail->skip = 0;
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
	tail->device = st.st_dev;
	tail->inode = st.st_ino;
	if (st.st_size == 0)
		return true; // an empty file has no identity yet
	if (!is_ready(tail, &st)) {
		tail_release(tail);
		return true;
	}
	tail->complained = tail->complained && tail->look.state == PACKED_DAMAGED;
	return open_stream(tail, batcher, others, other_count, &st, err);
}

bool tail_is_leaving(const struct tail *tail)
{
	return tail->stream && (tail->packed || was_replaced(tail));
}

// F26: the rotation fell into a record, and the file that is at the path now goes on with it.
static void join_next(struct tail *tail)
{
	int next = open(tail->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (next >= 0 && !fstat(next, &tail->skip_of) && S_ISREG(tail->skip_of.st_mode) &&
	    join_is_direct(tail->fd, next, tail->path)) {
		ssize_t got = pread(next, tail->buffer, CHUNK, 0);
		if (got > 0)
			tail->skip = stream_join(tail->stream,
						 (struct text){tail->buffer, (size_t)got}, 0);
	}
	if (next >= 0)
		close(next);
}

bool tail_finish(struct tail *tail, struct err *err)
{
	if (!tail->packed && was_replaced(tail) && !tail->read_errno)
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
		else if (tail->fd >= 0 && was_replaced(tail))
			tail_release(tail);
		return true;
	}
	if (tail->packed) {
		bool ok = tail->ended || packed_read(tail->packed, tail->stream, most, more, err);
		tail->ended = ok && !*more;
		return ok;
	}
	if (was_truncated(tail))
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
	if (was_truncated(tail)) {
		log_warn(tail->app->log, "file-truncated", LOG_S("file", tail->path),
			 LOG_S("next", "it is read from its beginning"));
		stream_gap(tail->stream, "truncated", stream_offset(tail->stream));
		return true;
	}
	return was_replaced(tail) &&
	       (tail->handed_on || usec_monotonic() - tail->idle_since > GRACE);
}

bool tail_is_stale(const struct tail *tail)
{
	return tail->stream && tail->stale;
}
