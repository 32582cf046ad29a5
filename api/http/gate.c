// SPDX-License-Identifier: Apache-2.0
#include "api/http/gate.h"

#include "api/http/refusal.h"
#include "core/arena.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	PLACES = 512,      // connections whose head is not complete yet
	PER_ADDRESS = 64,  // of these from one address that is not this machine
	HEAD_SECONDS = 10, // absolute, from accept to the end of the head
	LINGER_SECONDS = 1,
	TICK_MS = 200
};

struct place {
	int fd;
	bool lingering;  // refused; what still comes is thrown away
	usec_t deadline; // monotonic
	size_t seen;     // bytes that have been looked at
	struct gate_peer peer;
};

struct gate {
	struct gate_options options;
	pthread_t thread;
	atomic_bool stop;
	usec_t accept_after; // no descriptor was left: a pause instead of a busy loop (F157)
	size_t count;
	struct place places[PLACES]; // oldest first
	struct pollfd polls[PLACES + 1];
	char head[HEAD_MAX];
};

// ---- places

static void set_low_water(int fd, size_t bytes)
{
	int value = (int)bytes;
	setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &value, sizeof value);
}

static void drop_place(struct gate *gate, size_t i)
{
	gate->count--;
	memmove(&gate->places[i], &gate->places[i + 1], (gate->count - i) * sizeof gate->places[0]);
}

static void close_place(struct gate *gate, size_t i)
{
	close(gate->places[i].fd);
	drop_place(gate, i);
}

bool gate_is_loopback(const struct gate_peer *peer)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&peer->address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&peer->address;
	if (peer->address.ss_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	return peer->address.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

bool gate_same_host(const struct gate_peer *a, const struct gate_peer *b)
{
	if (a->address.ss_family != b->address.ss_family)
		return false;
	if (a->address.ss_family == AF_INET)
		return ((const struct sockaddr_in *)&a->address)->sin_addr.s_addr ==
		       ((const struct sockaddr_in *)&b->address)->sin_addr.s_addr;
	return memcmp(&((const struct sockaddr_in6 *)&a->address)->sin6_addr,
		      &((const struct sockaddr_in6 *)&b->address)->sin6_addr,
		      sizeof(struct in6_addr)) == 0;
}

static bool has_too_many(const struct gate *gate, const struct gate_peer *peer)
{
	size_t count = 0;
	if (gate_is_loopback(peer))
		return false; // a proxy on this machine stands for many
	for (size_t i = 0; i < gate->count; i++)
		count += gate_same_host(&gate->places[i].peer, peer);
	return count >= PER_ADDRESS;
}

static void add_place(struct gate *gate, int fd, const struct gate_peer *peer)
{
	if (has_too_many(gate, peer)) {
		close(fd);
		return;
	}
	if (gate->count == PLACES)
		close_place(gate, 0);
	gate->places[gate->count++] = (struct place){
		.fd = fd,
		.peer = *peer,
		.deadline = usec_monotonic() + HEAD_SECONDS * USEC_PER_SEC,
	};
}

static int take_accepted(int listener, struct gate_peer *peer)
{
	*peer = (struct gate_peer){.length = sizeof peer->address};
	return accept4(listener, (struct sockaddr *)&peer->address, &peer->length,
		       SOCK_NONBLOCK | SOCK_CLOEXEC);
}

static void accept_all(struct gate *gate)
{
	for (int i = 0; i < PLACES; i++) {
		struct gate_peer peer;
		int fd = gate->options.take(gate->options.listener, &peer);
		if (fd >= 0) {
			add_place(gate, fd, &peer);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			gate->accept_after = usec_monotonic() + USEC_PER_SEC / 2;
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

// ---- judging

// The answer is small: what the socket does not take at once is lost, the connection ends anyway.
// Closing at once could reset it before the client has read; so it lingers.
static void refuse(struct gate *gate, struct place *place, int status, const char *detail)
{
	refusal_send(place->fd, status, detail, gate->options.log);
	shutdown(place->fd, SHUT_WR);
	set_low_water(place->fd, 1);
	place->lingering = true;
	place->deadline = usec_monotonic() + LINGER_SECONDS * USEC_PER_SEC;
}

// True: the place is free again.
static bool hand_over(struct gate *gate, struct place *place, const struct head *head)
{
	struct gate_asked asked = {place->fd, &place->peer, head, {gate->head, place->seen}};
	set_low_water(place->fd, 1);
	if (gate->options.pass(gate->options.self, &asked))
		return true;
	refuse(gate, place, 503, "Too many requests are being answered.");
	return false;
}

// True: the connection is no longer here. Bytes are only peeked at: the next reader gets them all.
static bool read_head(struct gate *gate, struct place *place, short events)
{
	ssize_t got = recv(place->fd, gate->head, sizeof gate->head, MSG_PEEK | MSG_DONTWAIT);
	bool ended = got == 0 || (events & (POLLERR | POLLHUP | POLLRDHUP));
	if (got <= 0 || ((size_t)got == place->seen && ended)) {
		if (got < 0 && (errno == EAGAIN || errno == EINTR) && !ended)
			return false;
		close(place->fd);
		return true;
	}
	struct head head;
	place->seen = (size_t)got;
	switch (head_check((struct text){gate->head, place->seen}, &head)) {
	case HEAD_GOOD:
		return hand_over(gate, place, &head);
	case HEAD_BAD:
		refuse(gate, place, head.status, head.detail);
		return false;
	case HEAD_MORE:
		break;
	}
	set_low_water(place->fd, place->seen + 1); // woken by the next byte, not by the old ones
	return false;
}

static bool drain(struct gate *gate, struct place *place)
{
	ssize_t got = recv(place->fd, gate->head, sizeof gate->head, MSG_DONTWAIT);
	if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)))
		return false;
	close(place->fd);
	return true;
}

// True: the place is free again.
static bool expire(struct gate *gate, struct place *place, usec_t now)
{
	if (now < place->deadline)
		return false;
	if (!place->lingering && place->seen > 0) {
		refuse(gate, place, 408, "The request did not come in time.");
		return false;
	}
	close(place->fd);
	return true;
}

// ---- the loop

static void wait_for_events(struct gate *gate)
{
	bool accepting = usec_monotonic() >= gate->accept_after;
	gate->polls[0] = (struct pollfd){accepting ? gate->options.listener : -1, POLLIN, 0};
	for (size_t i = 0; i < gate->count; i++)
		gate->polls[i + 1] = (struct pollfd){gate->places[i].fd, POLLIN | POLLRDHUP, 0};
	if (poll(gate->polls, gate->count + 1, TICK_MS) < 0)
		memset(gate->polls, 0, sizeof gate->polls); // EINTR: as if nothing had come
}

// From the last to the first: places move up when one is freed, and polls[] does not.
static void serve_places(struct gate *gate)
{
	usec_t now = usec_monotonic();
	for (size_t i = gate->count; i-- > 0;) {
		struct place *place = &gate->places[i];
		short events = gate->polls[i + 1].revents;
		bool gone = false;
		if (events)
			gone = place->lingering ? drain(gate, place)
						: read_head(gate, place, events);
		if (gone || expire(gate, place, now))
			drop_place(gate, i);
	}
}

static void *gate_main(void *self)
{
	struct gate *gate = self;
	while (!atomic_load(&gate->stop)) {
		wait_for_events(gate);
		serve_places(gate);
		if (gate->polls[0].revents)
			accept_all(gate);
		gate->options.tick(gate->options.self, usec_monotonic());
	}
	return NULL;
}

struct gate *gate_start(const struct gate_options *options)
{
	struct gate *gate = xcalloc(1, sizeof *gate);
	gate->options = *options;
	if (!gate->options.take)
		gate->options.take = take_accepted;
	int status = pthread_create(&gate->thread, NULL, gate_main, gate);
	if (status == 0)
		return gate;
	free(gate);
	errno = status;
	return NULL;
}

void gate_stop(struct gate *gate)
{
	if (!gate)
		return;
	atomic_store(&gate->stop, true);
	pthread_join(gate->thread, NULL);
	while (gate->count > 0)
		close_place(gate, 0);
	close(gate->options.listener);
	free(gate);
}
