// SPDX-License-Identifier: Apache-2.0
// One TLS connection of the front: its handshake, the head of its request, and the bytes carried between
// it and a socket pair. Nothing here blocks.
#ifndef API_HTTP_WIRE_H
#define API_HTTP_WIRE_H

#include "api/http/gate.h"

#include <openssl/ssl.h>
#include <poll.h>

enum wire_stage {
	WIRE_HANDSHAKE,
	WIRE_HEAD,  // decrypted bytes are kept until they are a whole head, or a wrong one
	WIRE_READY, // they are: it may be handed on
	WIRE_RELAY,
	WIRE_LINGER, // all was sent; what still comes is thrown away
	WIRE_OVER
};

struct wire_bytes { // on their way; memory is held only while there are some
	char *data;
	size_t from, len;
};

struct wire {
	SSL *ssl;
	int fd;      // of the client
	int inner;   // our end of the pair, -1 before WIRE_RELAY
	short wants; // events of fd that OpenSSL waits for besides
	bool inner_ended;
	enum wire_stage stage;
	usec_t since, deadline; // monotonic; deadline 0 = none
	struct wire_bytes up, down;
	struct gate_peer peer;
};

// fd is the wire's from here on. NULL: no memory for it.
struct wire *wire_new(SSL_CTX *context, int fd, const struct gate_peer *peer);
void wire_free(struct wire *wire); // closes both

// Which events to wait for, of the client and of the pair; fd -1 = none.
void wire_polls(const struct wire *wire, struct pollfd polls[2]);
// Does what can be done. True: there is more to do at once (OpenSSL holds bytes that poll cannot see).
bool wire_work(struct wire *wire);
// WIRE_READY: makes the pair. Returns the other end with the head in it, -1: none to be had.
int wire_join(struct wire *wire);
// Its deadline is over: WIRE_OVER, or a 408 is on its way.
void wire_expire(struct wire *wire, struct log *log);

#endif
