// SPDX-License-Identifier: Apache-2.0
#include "api/http/wire.h"

#include "api/http/head.h"
#include "api/http/refusal.h"
#include "core/arena.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	HELLO_SECONDS = 10, // absolute, from accept to the end of the head
	REST_SECONDS = 10,  // for the client to take what is left once the server has closed
	LINGER_SECONDS = 1,
	CHUNK = HEAD_MAX,
	ROUNDS = 8 // of one wire before others have their turn
};

struct wire *wire_new(SSL_CTX *context, int fd, const struct gate_peer *peer)
{
	SSL *ssl = SSL_new(context);
	if (!ssl || SSL_set_fd(ssl, fd) != 1) {
		SSL_free(ssl);
		ERR_clear_error();
		close(fd);
		return NULL;
	}
	SSL_set_accept_state(ssl);
	struct wire *wire = xcalloc(1, sizeof *wire);
	*wire = (struct wire){.ssl = ssl,
			      .fd = fd,
			      .inner = -1,
			      .wants = POLLIN,
			      .since = usec_monotonic(),
			      .peer = *peer};
	wire->deadline = wire->since + HELLO_SECONDS * USEC_PER_SEC;
	return wire;
}

void wire_free(struct wire *wire)
{
	SSL_free(wire->ssl);
	close(wire->fd);
	if (wire->inner >= 0)
		close(wire->inner);
	free(wire->up.data);
	free(wire->down.data);
	free(wire);
}

// ---- bytes

static size_t room(struct wire_bytes *bytes)
{
	if (!bytes->data)
		*bytes = (struct wire_bytes){.data = xcalloc(1, CHUNK)};
	return CHUNK - bytes->len;
}

static void took(struct wire_bytes *bytes, size_t n)
{
	bytes->from += n;
	if (bytes->from < bytes->len)
		return;
	free(bytes->data);
	*bytes = (struct wire_bytes){0};
}

static void drop_empty(struct wire_bytes *bytes)
{
	if (bytes->len == 0)
		took(bytes, 0);
}

static bool passes(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

// ---- the client

// What OpenSSL waits for; anything else that went wrong is the end.
static void after_ssl(struct wire *wire, int result)
{
	switch (SSL_get_error(wire->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		wire->wants = POLLIN;
		break;
	case SSL_ERROR_WANT_WRITE:
		wire->wants = POLLOUT;
		break;
	default:
		wire->stage = WIRE_OVER;
	}
	ERR_clear_error();
}

static bool shake(struct wire *wire)
{
	int result = SSL_do_handshake(wire->ssl);
	wire->wants = 0;
	if (result != 1) {
		after_ssl(wire, result);
		return false;
	}
	wire->stage = WIRE_HEAD;
	return true;
}

static bool read_client(struct wire *wire)
{
	size_t n = 0, space = room(&wire->up);
	if (space == 0)
		return false;
	int result = SSL_read_ex(wire->ssl, wire->up.data + wire->up.len, space, &n);
	wire->wants = 0;
	if (result == 1)
		wire->up.len += n;
	else
		after_ssl(wire, result);
	drop_empty(&wire->up);
	return result == 1;
}

static bool write_client(struct wire *wire)
{
	size_t n = 0;
	if (!wire->down.data)
		return false;
	int result = SSL_write_ex(wire->ssl, wire->down.data + wire->down.from,
				  wire->down.len - wire->down.from, &n);
	wire->wants = 0;
	if (result == 1)
		took(&wire->down, n);
	else
		after_ssl(wire, result);
	return result == 1;
}

// ---- the pair

static bool write_inner(struct wire *wire)
{
	if (!wire->up.data)
		return false;
	ssize_t n = send(wire->inner, wire->up.data + wire->up.from, wire->up.len - wire->up.from,
			 MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n > 0) {
		took(&wire->up, (size_t)n);
		return true;
	}
	if (n < 0 && !passes(errno)) // nobody reads it there: an answer may still be on its way
		took(&wire->up, wire->up.len - wire->up.from);
	return false;
}

static bool read_inner(struct wire *wire)
{
	if (wire->inner_ended || wire->down.data)
		return false;
	size_t space = room(&wire->down);
	ssize_t n = recv(wire->inner, wire->down.data, space, MSG_DONTWAIT);
	if (n > 0)
		wire->down.len = (size_t)n;
	drop_empty(&wire->down);
	if (n > 0 || (n < 0 && passes(errno)))
		return n > 0;
	wire->inner_ended = true;
	wire->deadline = usec_monotonic() + REST_SECONDS * USEC_PER_SEC;
	return true;
}

// ---- stages

static void look_at_head(struct wire *wire)
{
	struct head head;
	struct text bytes = {wire->up.data, wire->up.len};
	if (wire->stage == WIRE_HEAD && bytes.p && head_check(bytes, &head) != HEAD_MORE)
		wire->stage = WIRE_READY;
}

static void say_goodbye(struct wire *wire)
{
	(void)SSL_shutdown(wire->ssl);
	ERR_clear_error();
	shutdown(wire->fd, SHUT_WR);
	wire->stage = WIRE_LINGER;
	wire->deadline = usec_monotonic() + LINGER_SECONDS * USEC_PER_SEC;
}

static bool relay(struct wire *wire)
{
	bool moved = false;
	if (!wire->up.data)
		moved |= read_client(wire);
	if (wire->stage == WIRE_RELAY) { // all three, whatever moved before
		moved = write_inner(wire) || moved;
		moved = read_inner(wire) || moved;
		moved = write_client(wire) || moved;
	}
	if (wire->stage == WIRE_RELAY && wire->inner_ended && !wire->down.data)
		say_goodbye(wire);
	return moved;
}

static bool linger(struct wire *wire)
{
	char dropped[4096];
	ssize_t n = recv(wire->fd, dropped, sizeof dropped, MSG_DONTWAIT);
	if (n == 0 || (n < 0 && !passes(errno)))
		wire->stage = WIRE_OVER;
	return n > 0;
}

static bool step(struct wire *wire)
{
	bool moved = false;
	switch (wire->stage) {
	case WIRE_HANDSHAKE:
		return shake(wire);
	case WIRE_HEAD:
		moved = read_client(wire);
		look_at_head(wire);
		return moved && wire->stage == WIRE_HEAD;
	case WIRE_RELAY:
		return relay(wire);
	case WIRE_LINGER:
		return linger(wire);
	case WIRE_READY:
	case WIRE_OVER:
		break;
	}
	return false;
}

bool wire_work(struct wire *wire)
{
	int rounds = 0;
	ERR_clear_error();
	while (rounds < ROUNDS && step(wire))
		rounds++;
	return rounds == ROUNDS;
}

static short client_events(const struct wire *wire)
{
	switch (wire->stage) {
	case WIRE_HANDSHAKE:
		return wire->wants;
	case WIRE_RELAY:
		return (short)(wire->wants | (wire->up.data ? 0 : POLLIN) |
			       (wire->down.data ? POLLOUT : 0));
	case WIRE_HEAD:
	case WIRE_LINGER:
		return POLLIN;
	case WIRE_READY:
	case WIRE_OVER:
		break;
	}
	return 0;
}

// An end that was hung up is told without being asked for: so it is left out while nothing can be done.
void wire_polls(const struct wire *wire, struct pollfd polls[2])
{
	short client = client_events(wire), inner = 0;
	if (wire->stage == WIRE_RELAY && wire->up.data)
		inner |= POLLOUT;
	if (wire->stage == WIRE_RELAY && !wire->down.data && !wire->inner_ended)
		inner |= POLLIN;
	polls[0] = (struct pollfd){client ? wire->fd : -1, client, 0};
	polls[1] = (struct pollfd){inner ? wire->inner : -1, inner, 0};
}

static int make_pair(struct wire *wire)
{
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
		wire->stage = WIRE_OVER;
		return -1;
	}
	wire->inner = ends[0];
	wire->stage = WIRE_RELAY;
	wire->deadline = 0; // whoever has the other end cuts it in time
	return ends[1];
}

// The pair holds more than a head, so the gate finds all of it at once.
int wire_join(struct wire *wire)
{
	int other = make_pair(wire);
	if (other >= 0)
		write_inner(wire);
	return other;
}

void wire_expire(struct wire *wire, struct log *log)
{
	bool asked = wire->stage == WIRE_HEAD && wire->up.data;
	int other = asked ? make_pair(wire) : -1;
	if (other < 0) {
		wire->stage = WIRE_OVER;
		return;
	}
	took(&wire->up, wire->up.len);
	refusal_send(other, 408, "The request did not come in time.", log);
	close(other);
	wire_work(wire);
}
