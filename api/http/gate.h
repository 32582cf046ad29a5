// SPDX-License-Identifier: Apache-2.0
// The gate in front of libmicrohttpd: one thread that accepts connections, waits for the head of the
// request, judges it (head.h) and only then hands the connection on, nothing consumed. Waiting costs no
// thread, has an absolute deadline (F136) and a bounded number of places, of which the oldest is
// given away when all are taken: many idle connections keep nobody out (F137).
#ifndef API_HTTP_GATE_H
#define API_HTTP_GATE_H

#include "api/http/head.h"
#include "core/log.h"
#include "core/ztime.h"

#include <netinet/in.h>
#include <sys/socket.h>

struct gate;

struct gate_peer {
	struct sockaddr_storage address;
	socklen_t length;
};

// The next connection, or -1 with errno as accept has it.
typedef int gate_take_fn(int listener, struct gate_peer *peer);

struct gate_asked { // one whole head, good as head.h says; nothing of it is consumed yet
	int fd;
	const struct gate_peer *peer;
	const struct head *head;
	struct text bytes; // that were seen; the head, and what came behind it
};

struct gate_options {
	int listener;       // listening, non-blocking; the gate closes it
	gate_take_fn *take; // NULL: accept; the front has one of its own (front.h)
	struct log *log;
	void *self;
	// Takes the connection over. False: no place; the socket stays the gate's, which says 503.
	bool (*pass)(void *self, const struct gate_asked *asked);
	void (*tick)(void *self, usec_t now); // several times a second; now is monotonic
};

bool gate_same_host(const struct gate_peer *a, const struct gate_peer *b);
bool gate_is_loopback(const struct gate_peer *peer);

struct gate *gate_start(const struct gate_options *options); // NULL: no thread, errno
void gate_stop(struct gate *gate);                           // closes what waits

#endif
