// SPDX-License-Identifier: Apache-2.0
// What is at the path of a followed log: the file that is open, another one, a copy of it, nothing; and for which
// of them a descriptor is worth keeping.
#include "ingest/tail_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { COPY_BYTES = 4096 };

bool tail_look(const struct tail *tail, struct stat *st)
{
	return tail->fd >= 0 ? !fstat(tail->fd, st) : !stat(tail->path, st);
}

bool tail_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool is_untouched(const struct stat *a, const struct stat *b)
{
	return tail_same_file(a, b) && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

bool tail_was_replaced(const struct tail *tail)
{
	struct stat st;
	return stat(tail->path, &st) || st.st_dev != tail->device || st.st_ino != tail->inode;
}

static bool is_there(const struct tail *tail, struct stat *st)
{
	return !tail->stream && tail_look(tail, st) && S_ISREG(st->st_mode) && st->st_size > 0 &&
	       !packed_is_over(&tail->look, st) &&
	       !(tail->parked && is_untouched(&tail->parked_as, st));
}

bool tail_is_there(const struct tail *tail)
{
	struct stat st;
	return is_there(tail, &st);
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
	       tail_was_truncated(open_one);
}

bool tail_is_read_by(const struct tail *tail, struct tail *const *others, size_t count)
{
	struct stat st;

	if (!is_there(tail, &st))
		return false;
	bool is_first = tail->fd < 0 || tail->was_empty; // nothing of it was read
	for (size_t i = 0; i < count; i++) {
		struct tail *other = others[i];
		bool same =
			other->fd >= 0 && st.st_dev == other->device && st.st_ino == other->inode;
		if (other == tail || other->fd < 0)
			continue;
		if (same && !other->stream && tail_was_replaced(other))
			tail_release(other); // held, and here is its new name
		else if (same && other->stream)
			return other->handed_on = true;
		else if (is_first && is_begun_anew(tail, other))
			return true;
		else if (is_first && is_copy(tail, &st, other))
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

usec_t tail_waits(struct tail *tail)
{
	if (!tail->waits_since)
		tail->waits_since = usec_monotonic();
	return usec_monotonic() - tail->waits_since;
}

static usec_t written_at(const struct stat *st)
{
	return (usec_t)st->st_mtim.tv_sec * USEC_PER_SEC + st->st_mtim.tv_nsec / 1000;
}

usec_t tail_written_at(const struct tail *tail)
{
	struct stat st;
	return tail_look(tail, &st) ? written_at(&st) : USEC_NONE;
}

usec_t tail_take_turn(struct tail *tail)
{
	tail->has_turn = true;
	if (tail_look(tail, &tail->turn_of))
		return written_at(&tail->turn_of);
	tail->turn_of = (struct stat){0};
	return USEC_NONE;
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
		    !stream_is_behind(tail->stream) && !tail_was_replaced(tail);
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
