// SPDX-License-Identifier: Apache-2.0
#include "api/http/front.h"

#include "api/http/tls.h"
#include "api/http/wire.h"
#include "core/address.h"
#include "core/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	WAITING = 512,      // connections whose head is not there yet
	PER_ADDRESS = 64,   // of these from one address that is not this machine
	WIRES = 512 + 4096, // with those that are carried
	FINISH_SECONDS = 2,
	TICK_MS = 200
};

struct handed { // through the pipe to the gate, whole: it is smaller than PIPE_BUF
	int fd;
	struct gate_peer peer;
};

struct front {
	struct app *app;
	int listener, out;
	SSL_CTX *context;
	int reloaded;
	usec_t accept_after; // no descriptor was left: a pause instead of a busy loop (F157)
	pthread_t thread;
	atomic_bool stop;
	size_t count;
	struct wire *wires[WIRES];
	struct pollfd polls[2 * WIRES + 1];
};

// ---- certificates

static void look_for_reload(struct front *front)
{
	struct err err = {0};
	SSL_CTX *fresh = NULL;
	if (!front->app->reload || *front->app->reload == front->reloaded)
		return;
	front->reloaded = *front->app->reload;
	if (!tls_open(front->app->settings, &fresh, &err)) {
		log_error(front->app->log, "certificate_kept", LOG_S("error", err.text),
			  LOG_S("next", "the one from before is used until the next HUP"));
		return;
	}
	SSL_CTX_free(front->context); // connections that use it keep it
	front->context = fresh;
	log_info(front->app->log, "certificate_read",
		 LOG_S("file", front->app->settings->tls_cert));
}

// ---- connections

static void drop(struct front *front, size_t i)
{
	wire_free(front->wires[i]);
	front->count--;
	memmove(&front->wires[i], &front->wires[i + 1],
		(front->count - i) * sizeof front->wires[0]);
}

static bool waits(const struct wire *wire)
{
	return wire->stage == WIRE_HANDSHAKE || wire->stage == WIRE_HEAD;
}

// Too many from one address: this one is not taken. Too many in all: the oldest makes room. They stand
// in the order in which they came.
static bool has_room(struct front *front, const struct gate_peer *peer)
{
	struct address from, other;
	size_t waiting = 0, same = 0, oldest = front->count;
	bool counted = address_of((const struct sockaddr *)&peer->address, &from) &&
		       !address_is_loopback(&from); // a proxy on this machine stands for many
	for (size_t i = 0; i < front->count; i++) {
		const struct wire *wire = front->wires[i];
		if (!waits(wire))
			continue;
		if (waiting++ == 0)
			oldest = i;
		same += counted &&
			address_of((const struct sockaddr *)&wire->peer.address, &other) &&
			address_same(&from, &other);
	}
	if (same >= PER_ADDRESS)
		return false;
	if (waiting == WAITING)
		drop(front, oldest);
	return front->count < WIRES;
}

static void add(struct front *front, int fd, const struct gate_peer *peer)
{
	if (!has_room(front, peer)) {
		close(fd);
		return;
	}
	struct wire *wire = wire_new(front->context, fd, peer);
	if (wire)
		front->wires[front->count++] = wire;
}

static void accept_all(struct front *front)
{
	for (int i = 0; i < WAITING; i++) {
		struct gate_peer peer = {.length = sizeof peer.address};
		int fd = accept4(front->listener, (struct sockaddr *)&peer.address, &peer.length,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			add(front, fd, &peer);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			front->accept_after = usec_monotonic() + USEC_PER_SEC / 2;
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

static void hand_on(struct front *front, struct wire *wire)
{
	struct handed handed = {.peer = wire->peer};
	handed.fd = wire_join(wire);
	if (handed.fd < 0)
		return;
	if (write(front->out, &handed, sizeof handed) == (ssize_t)sizeof handed)
		return;
	close(handed.fd); // the gate does not come after
	wire->stage = WIRE_OVER;
}

int front_take(int ready, struct gate_peer *peer)
{
	struct handed handed;
	ssize_t n = read(ready, &handed, sizeof handed);
	if (n != (ssize_t)sizeof handed) {
		errno = n < 0 ? errno : EAGAIN;
		return -1;
	}
	*peer = handed.peer;
	return handed.fd;
}

// ---- the loop

static void wait_for_events(struct front *front, bool more)
{
	bool accepting = usec_monotonic() >= front->accept_after;
	front->polls[0] = (struct pollfd){accepting ? front->listener : -1, POLLIN, 0};
	for (size_t i = 0; i < front->count; i++)
		wire_polls(front->wires[i], &front->polls[2 * i + 1]);
	if (poll(front->polls, 2 * front->count + 1, more ? 0 : TICK_MS) < 0)
		for (size_t i = 0; i <= 2 * front->count; i++)
			front->polls[i].revents = 0; // EINTR: as if nothing had come
}

// True: one of them has more to do at once. From the last to the first: they move up when one goes, and
// polls[] does not.
static bool serve(struct front *front, bool all)
{
	bool more = false;
	usec_t now = usec_monotonic();
	for (size_t i = front->count; i-- > 0;) {
		struct wire *wire = front->wires[i];
		if (all || front->polls[2 * i + 1].revents || front->polls[2 * i + 2].revents)
			more |= wire_work(wire);
		if (wire->stage == WIRE_READY)
			hand_on(front, wire);
		else if (wire->deadline && now > wire->deadline)
			wire_expire(wire, front->app->log);
		if (wire->stage == WIRE_OVER)
			drop(front, i);
	}
	return more;
}

// What is on its way still gets there: whoever stood behind has closed its ends.
static void finish(struct front *front)
{
	usec_t end = usec_monotonic() + FINISH_SECONDS * USEC_PER_SEC;
	bool more = false;
	front->accept_after = INT64_MAX;
	for (size_t i = front->count; i-- > 0;) {
		if (front->wires[i]->stage != WIRE_RELAY)
			drop(front, i);
	}
	while (front->count > 0 && usec_monotonic() < end) {
		wait_for_events(front, more);
		more = serve(front, more);
	}
}

static void *front_main(void *self)
{
	struct front *front = self;
	bool more = false;
	while (!atomic_load(&front->stop)) {
		wait_for_events(front, more);
		more = serve(front, more);
		if (front->polls[0].revents)
			accept_all(front);
		look_for_reload(front);
	}
	finish(front);
	return NULL;
}

static void free_front(struct front *front)
{
	while (front->count > 0)
		drop(front, front->count - 1);
	SSL_CTX_free(front->context);
	close(front->listener);
	if (front->out >= 0)
		close(front->out);
	free(front);
}

struct front *front_start(struct app *app, int listener, SSL_CTX *context, int *ready)
{
	int ends[2] = {-1, -1};
	struct front *front = xcalloc(1, sizeof *front);
	*front = (struct front){.app = app, .listener = listener, .out = -1, .context = context};
	front->reloaded = app->reload ? *app->reload : 0;
	int status = pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0 ? 0 : errno;
	front->out = ends[1];
	if (status == 0)
		status = pthread_create(&front->thread, NULL, front_main, front);
	if (status == 0) {
		*ready = ends[0];
		return front;
	}
	if (ends[0] >= 0)
		close(ends[0]);
	free_front(front);
	errno = status;
	return NULL;
}

void front_stop(struct front *front)
{
	if (!front)
		return;
	atomic_store(&front->stop, true);
	pthread_join(front->thread, NULL);
	free_front(front);
}
