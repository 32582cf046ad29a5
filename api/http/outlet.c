// SPDX-License-Identifier: Apache-2.0
#include "api/http/outlet.h"

#include "api/http/gzip.h"
#include "core/arena.h"
#include "core/buf.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { RING = 256 * 1024, LOOK_MS = 250 };

struct outlet {
	struct producer producer;
	pthread_t thread;
	int fd;
	struct gzip *gzip; // of the producer's thread alone
	struct buf packed;
	usec_t deadline;
	pthread_mutex_t lock; // of all that follows
	pthread_cond_t changed;
	size_t at, used;
	bool done, whole; // the producer has ended; with all that it had
	bool closed;      // nobody reads
	usec_t sending;   // since when the last piece is on its way, 0 = it is not
	char ring[RING];
};

// ---- the ring; under the lock

static void wait_a_little(struct outlet *outlet)
{
	usec_t end = usec_monotonic() + LOOK_MS * 1000;
	struct timespec at = {.tv_sec = (time_t)(end / USEC_PER_SEC),
			      .tv_nsec = (long)(end % USEC_PER_SEC) * 1000};
	pthread_cond_timedwait(&outlet->changed, &outlet->lock, &at);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t fill(struct outlet *outlet, struct text bytes)
{
	size_t end = (outlet->at + outlet->used) % RING;
	size_t n = least(least(RING - outlet->used, RING - end), bytes.n);
	memcpy(outlet->ring + end, bytes.p, n);
	outlet->used += n;
	return n;
}

static size_t drain(struct outlet *outlet, char *out, size_t most)
{
	size_t n = least(least(outlet->used, RING - outlet->at), most);
	memcpy(out, outlet->ring + outlet->at, n);
	outlet->at = (outlet->at + n) % RING;
	outlet->used -= n;
	return n;
}

// ---- the producer's side

static bool put_raw(struct outlet *outlet, struct text bytes)
{
	pthread_mutex_lock(&outlet->lock);
	while (bytes.n > 0 && !outlet->closed) {
		size_t n = fill(outlet, bytes);
		bytes = (struct text){bytes.p + n, bytes.n - n};
		if (n > 0)
			pthread_cond_broadcast(&outlet->changed);
		else
			wait_a_little(outlet);
	}
	bool open = !outlet->closed;
	pthread_mutex_unlock(&outlet->lock);
	return open;
}

static bool put_packed(struct outlet *outlet, struct text bytes, enum gzip_end end)
{
	gzip_add(outlet->gzip, bytes, end, &outlet->packed);
	bool open = put_raw(outlet, buf_view(&outlet->packed));
	buf_drop(&outlet->packed, outlet->packed.len);
	return open;
}

bool outlet_put(struct outlet *outlet, struct text bytes)
{
	return outlet->gzip ? put_packed(outlet, bytes, GZIP_MORE) : put_raw(outlet, bytes);
}

bool outlet_flush(struct outlet *outlet)
{
	return !outlet->gzip || put_packed(outlet, TEXT(""), GZIP_FLUSH);
}

bool outlet_closed(struct outlet *outlet)
{
	pthread_mutex_lock(&outlet->lock);
	bool closed = outlet->closed;
	pthread_mutex_unlock(&outlet->lock);
	return closed;
}

static void *producer_main(void *self)
{
	struct outlet *outlet = self;
	bool whole = outlet->producer.run(outlet->producer.self, outlet);
	if (whole && outlet->gzip)
		whole = put_packed(outlet, TEXT(""), GZIP_END);
	pthread_mutex_lock(&outlet->lock);
	outlet->whole = whole;
	outlet->done = true;
	pthread_cond_broadcast(&outlet->changed);
	pthread_mutex_unlock(&outlet->lock);
	return NULL;
}

// ---- the server's side

struct outlet *outlet_start(const struct producer *producer, int fd, bool gzip)
{
	struct outlet *outlet = xcalloc(1, sizeof *outlet);
	int seconds = producer->seconds ? producer->seconds : OUTLET_SECONDS;
	pthread_condattr_t attributes;
	outlet->producer = *producer;
	outlet->fd = fd;
	outlet->gzip = gzip ? gzip_new() : NULL;
	outlet->deadline = usec_monotonic() + seconds * USEC_PER_SEC;
	pthread_mutex_init(&outlet->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&outlet->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	if (pthread_create(&outlet->thread, NULL, producer_main, outlet) == 0)
		return outlet;
	outlet->done = true;
	outlet->thread = pthread_self();
	outlet_free(outlet);
	return NULL;
}

// A client that closed its side will not read to the end: what it asked for is no longer worth the work.
static bool has_left(int fd)
{
	struct pollfd polled = {fd, POLLRDHUP, 0};
	return poll(&polled, 1, 0) > 0 && (polled.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

static long read_some(struct outlet *outlet, char *out, size_t most)
{
	while (!outlet->closed) {
		if (outlet->used > 0) {
			long n = (long)drain(outlet, out, most);
			pthread_cond_broadcast(&outlet->changed);
			return n;
		}
		if (outlet->done)
			return outlet->whole ? 0 : -1;
		wait_a_little(outlet);
		if (has_left(outlet->fd))
			return -1;
	}
	return -1;
}

long outlet_read(struct outlet *outlet, char *out, size_t most)
{
	pthread_mutex_lock(&outlet->lock);
	outlet->sending = 0;
	long n = read_some(outlet, out, most);
	outlet->sending = usec_monotonic();
	pthread_mutex_unlock(&outlet->lock);
	return n;
}

void outlet_close(struct outlet *outlet)
{
	pthread_mutex_lock(&outlet->lock);
	outlet->closed = true;
	pthread_cond_broadcast(&outlet->changed);
	pthread_mutex_unlock(&outlet->lock);
}

bool outlet_is_late(struct outlet *outlet, usec_t now)
{
	pthread_mutex_lock(&outlet->lock);
	usec_t sending = outlet->sending;
	pthread_mutex_unlock(&outlet->lock);
	return now > outlet->deadline ||
	       (sending && now - sending > OUTLET_PIECE_SECONDS * USEC_PER_SEC);
}

void outlet_free(struct outlet *outlet)
{
	outlet_close(outlet);
	if (!pthread_equal(outlet->thread, pthread_self()))
		pthread_join(outlet->thread, NULL);
	outlet->producer.free(outlet->producer.self);
	gzip_free(outlet->gzip);
	buf_free(&outlet->packed);
	pthread_cond_destroy(&outlet->changed);
	pthread_mutex_destroy(&outlet->lock);
	free(outlet);
}
