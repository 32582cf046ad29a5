// SPDX-License-Identifier: Apache-2.0
// Taking deliveries: each gets a ticket when its block is written, and is answered when an fsync has
// covered that ticket. Whoever finds no fsync under way makes the next one, for all that wait (F58).
#include "ingest/spool.h"

#include "core/arena.h"
#include "ingest/spool_files.h"
#include "ingest/spool_veil.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEGMENT = 16 << 20, SIZE_AGAIN = 1 /* s */, PARTS = 8, HEAD_SHARE = 4, ID_BYTES = 40 };

struct spool {
	struct spool_options options;
	char *dir;
	int folder_lock; // -1: not ours (yet)
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct spool_memory memory;
	struct spool_key key;    // of the newest segment, where it is veiled
	uint64_t segment;        // number of the newest
	int fd;                  // of it, -1: the next delivery begins one
	int64_t written, sure;   // bytes of it, and how many of them are durable
	int64_t size;            // of all segments, looked at now and then
	usec_t size_at;          // monotonic
	uint64_t taken, durable; // tickets
	uint64_t epoch;          // raised when a segment is abandoned;
	uint64_t kept;           // then tickets above this one were lost
	bool syncing, broken, told_full;
	int why;                   // errno of what failed last
	struct buf block, payload; // of the delivery that is being written
};

static bool is_full_disk(int why)
{
	return why == ENOSPC || why == EDQUOT || why == EMFILE || why == ENFILE;
}

static bool begin_segment(struct spool *spool, struct err *err);

// A segment of the time when bodies were stored goes as soon as it can.
static bool veil_from_now_on(struct spool *spool, struct err *err)
{
	char path[PATH_MAX];
	struct spool_key key;
	if (!spool->options.veil || !spool->segment)
		return true;
	spool_segment_path(spool->dir, spool->segment, path, sizeof path);
	spool_key_load(path, &key);
	bool veiled = key.there;
	spool_key_forget(&key);
	return veiled || begin_segment(spool, err) || is_full_disk(spool->why);
}

// The lock comes first: what another process is writing looks like what a dead one has left.
static bool take_over(struct spool *spool, struct err *err)
{
	if (!spool_folder_make(spool->dir, err))
		return false;
	spool->folder_lock = spool_folder_lock(spool->dir, err);
	if (spool->folder_lock < 0)
		return false;
	spool->size = spool_folder_size(spool->dir, &spool->segment);
	if (spool->segment && !spool_folder_recover(spool->dir, spool->segment, &spool->memory,
						    spool->options.log, err))
		return false;
	return veil_from_now_on(spool, err);
}

bool spool_open(const struct spool_options *options, struct spool **spool, struct err *err)
{
	struct spool *made = xcalloc(1, sizeof *made);
	made->options = *options;
	made->dir = xstrdup(options->dir);
	made->fd = made->folder_lock = -1;
	made->size_at = USEC_NONE;
	pthread_mutex_init(&made->lock, NULL);
	pthread_cond_init(&made->changed, NULL);
	spool_memory_init(&made->memory);
	if (!take_over(made, err)) {
		spool_close(made);
		return false;
	}
	*spool = made;
	return true;
}

void spool_close(struct spool *spool)
{
	if (!spool)
		return;
	if (spool->fd >= 0)
		close(spool->fd);
	if (spool->folder_lock >= 0)
		close(spool->folder_lock);
	pthread_mutex_destroy(&spool->lock);
	pthread_cond_destroy(&spool->changed);
	spool_memory_free(&spool->memory);
	buf_free(&spool->block);
	buf_free(&spool->payload);
	spool_key_forget(&spool->key);
	free(spool->dir);
	free(spool);
}

// ---- segments

// What was written and is not durable must never be believed: it is cut off, or the whole file is put
// aside (F62).
static bool cut_to_durable(int fd, int64_t sure)
{
	struct buf mark = {0};
	spool_mark_write(&mark, sure); // the one that was there may have been behind it
	bool ok = ftruncate(fd, (off_t)sure) == 0 && spool_write_all(fd, buf_view(&mark));
	buf_free(&mark);
	return ok;
}

// Somebody's fsync may be under way: his file stays open until it has ended. Meanwhile others may begin the
// next segment, so the sizes of this one are taken before.
static void close_abandoned(struct spool *spool, int fd, const char *path)
{
	char aside[PATH_MAX + 8];
	int64_t sure = spool->sure, written = spool->written;
	while (spool->syncing)
		pthread_cond_wait(&spool->changed, &spool->lock);
	snprintf(aside, sizeof aside, "%s.failed", path);
	if (sure < written && !cut_to_durable(fd, sure) && rename(path, aside))
		log_error(spool->options.log, "spool-segment-stays", LOG_S("file", path),
			  LOG_S("next", "what was not durable may be stored though its sender "
					"was not told so"));
	close(fd);
}

static void abandon(struct spool *spool, int why, struct err *err)
{
	char path[PATH_MAX];
	int fd = spool->fd;
	spool_segment_path(spool->dir, spool->segment, path, sizeof path);
	err_set(err, ERR_STORAGE, "%.300s: %s", path, strerror(why));
	log_error(spool->options.log, "spool-segment-abandoned", LOG_S("file", path),
		  LOG_S("error", strerror(why)),
		  LOG_S("next", "senders are told to come again; the next delivery begins a new "
				"segment"));
	spool->fd = -1;
	spool->why = why;
	spool->epoch++;
	spool->kept = spool->durable;
	spool_memory_undo(&spool->memory, spool->durable);
	pthread_cond_broadcast(&spool->changed);
	close_abandoned(spool, fd, path);
}

// Only what lies in segments before the newest can be given back, so they are small beside the limit.
static int64_t segment_limit(const struct spool *spool)
{
	int64_t size = spool->options.segment ? spool->options.segment : SEGMENT;
	return size < spool->options.limit / PARTS ? size : spool->options.limit / PARTS;
}

// The head makes it unlike any other file, and says what older ones knew.
static void segment_head(struct spool *spool, struct buf *head)
{
	struct buf payload = {0};
	char unique[24];
	snprintf(unique, sizeof unique, "%08x%08x", randombytes_random(), randombytes_random());
	spool_memory_write(&spool->memory, usec_now(),
			   (size_t)(segment_limit(spool) / HEAD_SHARE / ID_BYTES), &payload);
	spool_block_write(head, spool_hash(text_of(unique)), buf_view(&payload));
	spool_mark_write(head, (int64_t)head->len);
	buf_free(&payload);
}

// The key is durable before its segment is.
static int make_segment(struct spool *spool, struct text head)
{
	char path[PATH_MAX];
	spool_segment_path(spool->dir, spool->segment + 1, path, sizeof path);
	spool_key_forget(&spool->key);
	if (spool->options.veil && !spool_key_make(path, &spool->key))
		return -1;
	return spool_segment_make(spool->dir, spool->segment + 1, head);
}

static bool begin_segment(struct spool *spool, struct err *err)
{
	struct buf head = {0};
	segment_head(spool, &head);
	spool->fd = make_segment(spool, buf_view(&head));
	int why = spool->why = errno;
	spool->written = spool->sure = (int64_t)head.len;
	spool->size += (int64_t)head.len;
	buf_free(&head);
	spool->broken = spool->fd < 0 && !is_full_disk(why);
	if (spool->fd >= 0) {
		spool->segment++;
		return true;
	}
	return err_set(err, ERR_STORAGE, "%.300s: no segment can be made: %s", spool->dir,
		       strerror(why));
}

// ---- durability

static void mark_durable(struct spool *spool, uint64_t ticket, int64_t size)
{
	spool->durable = ticket;
	spool->sure = size;
	spool_memory_durable(&spool->memory, ticket);
}

static bool write_mark(struct spool *spool, int64_t upto)
{
	struct buf mark = {0};
	spool_mark_write(&mark, upto);
	bool ok = spool_write_all(spool->fd, buf_view(&mark));
	spool->written += (int64_t)mark.len;
	spool->size += (int64_t)mark.len;
	buf_free(&mark);
	return ok;
}

// Durable in a file that has no name any more is not durable (F63).
static int sync_file(int fd)
{
	struct stat st;
	if (fdatasync(fd) || fstat(fd, &st))
		return errno;
	return st.st_nlink ? 0 : ENOENT;
}

// With the lock, which is given up while the disk works. The mark itself need not be durable: after a
// crash the next process marks what is whole.
static void sync_once(struct spool *spool, struct err *err)
{
	uint64_t ticket = spool->taken;
	int64_t size = spool->written;
	int fd = spool->fd;
	spool->syncing = true;
	pthread_mutex_unlock(&spool->lock);
	int why = sync_file(fd);
	pthread_mutex_lock(&spool->lock);
	spool->syncing = false;
	if (spool->fd == fd) { // else it was abandoned meanwhile
		if (!why && !write_mark(spool, size))
			why = errno;
		if (why)
			abandon(spool, why, err);
		else
			mark_durable(spool, ticket, size);
	}
	pthread_cond_broadcast(&spool->changed);
}

static enum spool_result wait_durable(struct spool *spool, uint64_t ticket, struct err *err)
{
	uint64_t epoch = spool->epoch;
	while (spool->epoch == epoch && spool->durable < ticket) {
		if (spool->syncing)
			pthread_cond_wait(&spool->changed, &spool->lock);
		else
			sync_once(spool, err);
	}
	if (spool->epoch == epoch || (spool->epoch == epoch + 1 && ticket <= spool->kept))
		return SPOOL_DONE;
	err_set(err, ERR_STORAGE, "spool %.300s: %s", spool->dir, strerror(spool->why));
	return SPOOL_FAILED;
}

// A segment is left only when all of it is durable; who wants to go on in a new one sees to that.
static void leave_segment(struct spool *spool, int64_t above, struct err *err)
{
	while (spool->fd >= 0 && spool->written >= above &&
	       (spool->syncing || spool->durable < spool->taken)) {
		if (spool->syncing)
			pthread_cond_wait(&spool->changed, &spool->lock);
		else
			sync_once(spool, err);
	}
	if (spool->fd >= 0 && spool->written >= above) {
		close(spool->fd);
		spool->fd = -1;
	}
}

static bool have_segment(struct spool *spool, struct err *err)
{
	leave_segment(spool, segment_limit(spool), err);
	return spool->fd >= 0 || begin_segment(spool, err);
}

bool spool_leave(struct spool *spool, struct err *err)
{
	pthread_mutex_lock(&spool->lock);
	leave_segment(spool, 0, err);
	bool begun = !spool->segment || begin_segment(spool, err);
	pthread_mutex_unlock(&spool->lock);
	return begun;
}

// ---- a delivery

// Marks, numbers of streams, and the head of a segment that may have to be begun.
static int64_t beside(const struct spool *spool)
{
	int64_t head = (int64_t)spool->memory.seen_count * ID_BYTES;
	int64_t most = segment_limit(spool) / HEAD_SHARE;
	return 1024 + (head < most ? head : most);
}

static bool has_room(struct spool *spool, size_t delivery)
{
	usec_t now = usec_monotonic();
	int64_t bytes = (int64_t)delivery + beside(spool);
	uint64_t newest;
	if (spool->size_at == USEC_NONE || now - spool->size_at > SIZE_AGAIN * USEC_PER_SEC ||
	    spool->size + bytes > spool->options.limit) {
		spool->size = spool_folder_size(spool->dir, &newest);
		spool->size_at = now;
	}
	return spool->size + bytes <= spool->options.limit;
}

// F71: what lies between two numbers of a stream was lost before it came here.
static void put_hole(struct spool *spool, const struct spool_item *item, int64_t lost)
{
	spool_item_write(&spool->payload,
			 &(struct spool_item){.kind = SPOOL_GAP,
					      .at = item->at,
					      .reason = TEXT("numbers were skipped"),
					      .lost = lost});
}

static void put_item(struct spool *spool, struct spool_stream *stream,
		     const struct spool_item *item, struct spool_outcome *outcome)
{
	if (item->number && item->number <= stream->taken) {
		outcome->duplicates++;
		return;
	}
	if (item->number && stream->taken && item->number > stream->taken + 1) {
		int64_t lost = item->number - stream->taken - 1;
		put_hole(spool, item, lost);
		outcome->lost += lost;
	}
	if (item->number)
		stream->taken = item->number;
	spool_item_write(&spool->payload, item);
	if (item->kind == SPOOL_STANZA)
		spool_memory_newest(&spool->memory, item->at);
}

static void put_items(struct spool *spool, const struct spool_delivery *delivery,
		      struct spool_outcome *outcome)
{
	struct spool_stream *stream = spool_memory_stream(&spool->memory, delivery->stream);
	int64_t before = stream->taken;
	spool->payload.len = 0;
	for (size_t i = 0; i < delivery->count; i++)
		put_item(spool, stream, &delivery->items[i], outcome);
	stream->ticket = stream->taken > before ? spool->taken + 1 : stream->ticket;
	if (stream->taken > before)
		spool_stream_write(&spool->payload, text_of(stream->name), stream->taken);
}

// Its place is taken in the file and in the memory; it is not durable yet.
static enum spool_result write_delivery(struct spool *spool, uint64_t hash, struct err *err)
{
	spool->block.len = 0;
	spool_block_write(&spool->block, hash, buf_view(&spool->payload));
	if (!spool_write_all(spool->fd, buf_view(&spool->block))) {
		int why = errno;
		spool->written++; // some of it may be there
		abandon(spool, why, err);
		return SPOOL_FAILED;
	}
	spool->written += (int64_t)spool->block.len;
	spool->size += (int64_t)spool->block.len;
	spool->taken++;
	if (hash)
		spool_memory_add(&spool->memory, &(struct seen){hash, usec_now(), spool->taken});
	return SPOOL_DONE;
}

static size_t bytes_of(const struct spool_delivery *delivery)
{
	size_t bytes = SPOOL_HEAD_MOST + SPOOL_VEIL;
	for (size_t i = 0; i < delivery->count; i++)
		bytes += SPOOL_HEAD_MOST + delivery->items[i].session.n + delivery->items[i].xml.n +
			 delivery->items[i].reason.n;
	return bytes;
}

// Once for each time that it happens: senders come again and again.
static void tell_full(struct spool *spool)
{
	if (!spool->told_full)
		log_warn(spool->options.log, "spool-full", LOG_S("spool", spool->dir),
			 LOG_I("bytes", spool->size),
			 LOG_S("next", "senders are told to come again until the database has "
				       "taken some of it; spool_limit is the setting"));
	spool->told_full = true;
}

static enum spool_result take(struct spool *spool, const struct spool_delivery *delivery,
			      uint64_t hash, struct spool_outcome *outcome, struct err *err)
{
	size_t bytes = bytes_of(delivery);
	if (bytes > SPOOL_PAYLOAD_MOST || (int64_t)bytes > spool->options.limit / 2)
		return SPOOL_LARGE;
	if (!has_room(spool, bytes)) {
		tell_full(spool);
		err_set(err, ERR_STORAGE, "spool %.300s: full (spool_limit)", spool->dir);
		return SPOOL_FULL;
	}
	spool->told_full = false;
	if (!have_segment(spool, err))
		return is_full_disk(spool->why) ? SPOOL_FULL : SPOOL_FAILED;
	uint64_t ticket = spool->taken;
	put_items(spool, delivery, outcome);
	if (spool->payload.len) {
		if (spool->key.there)
			spool_veil(&spool->key, &spool->payload);
		if (write_delivery(spool, hash, err) != SPOOL_DONE)
			return SPOOL_FAILED;
		ticket = spool->taken;
	}
	return wait_durable(spool, ticket, err);
}

enum spool_result spool_deliver(struct spool *spool, const struct spool_delivery *delivery,
				struct spool_outcome *outcome, struct err *err)
{
	uint64_t hash = delivery->id.n ? spool_hash(delivery->id) : 0;
	enum spool_result result = SPOOL_FAILED;
	*outcome = (struct spool_outcome){0};
	pthread_mutex_lock(&spool->lock);
	const struct seen *seen = hash ? spool_memory_find(&spool->memory, hash) : NULL;
	if (seen) { // F65: the other one may still be on its way to the disk
		result = wait_durable(spool, seen->ticket, err);
		outcome->duplicates = delivery->count;
	} else if (delivery->count) {
		result = take(spool, delivery, hash, outcome, err);
	} else {
		result = SPOOL_DONE;
	}
	pthread_mutex_unlock(&spool->lock);
	return result;
}

enum spool_result spool_put(struct spool *spool, const struct spool_item *items, size_t count,
			    struct err *err)
{
	struct spool_outcome outcome;
	return spool_deliver(spool, &(struct spool_delivery){.items = items, .count = count},
			     &outcome, err);
}

usec_t spool_last_at(struct spool *spool)
{
	pthread_mutex_lock(&spool->lock);
	usec_t at = spool->memory.last_at;
	pthread_mutex_unlock(&spool->lock);
	return at;
}

bool spool_is_broken(struct spool *spool)
{
	pthread_mutex_lock(&spool->lock);
	bool broken = spool->broken;
	pthread_mutex_unlock(&spool->lock);
	return broken;
}
