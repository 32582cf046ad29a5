// SPDX-License-Identifier: Apache-2.0
#include "ingest/sources/component_link.h"

#include "core/arena.h"
#include "core/buf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct component_link {
	int fd;
	int wake;
	SSL_CTX *context;
	SSL *tls; // NULL: plain
	bool reading_wants_write;
	struct buf out;
};

// --- waiting ---

// False: the time is over, or the wake descriptor said so.
static bool wait_for(int fd, short events, int wake, usec_t until)
{
	struct pollfd polled[] = {{fd, events, 0}, {wake, POLLIN, 0}};
	for (;;) {
		usec_t left = until - usec_monotonic();
		if (left <= 0)
			return false;
		int ready = poll(polled, 2, (int)((left + 999) / 1000));
		if (ready < 0 && errno == EINTR)
			continue;
		return ready > 0 && !polled[1].revents && polled[0].revents;
	}
}

void component_link_wait(struct component_link *link, bool read, usec_t timeout)
{
	bool write = link->out.len || link->reading_wants_write;
	if (read && link->tls && SSL_pending(link->tls) > 0)
		return;
	short events = (short)((read ? POLLIN : 0) | (write ? POLLOUT : 0));
	// Without anything to wait for, a peer that is gone would end each wait at once.
	wait_for(events ? link->fd : -1, events, link->wake, usec_monotonic() + timeout);
}

// --- connecting ---

static int connect_to(const struct addrinfo *address, int wake, usec_t until)
{
	int one = 1, failure = 0;
	socklen_t size = sizeof failure;
	int fd = socket(address->ai_family, address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
			address->ai_protocol);
	if (fd < 0)
		return -1;
	if (connect(fd, address->ai_addr, address->ai_addrlen) != 0 && errno != EINPROGRESS)
		failure = errno;
	else if (!wait_for(fd, POLLOUT, wake, until))
		failure = ETIMEDOUT;
	else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size) != 0)
		failure = errno;
	if (!failure) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		return fd;
	}
	close(fd);
	errno = failure;
	return -1;
}

// An address that does not answer leaves time for those after it.
static usec_t share_of(const struct addrinfo *address, usec_t until)
{
	usec_t now = usec_monotonic();
	int left = 0;
	for (; address; address = address->ai_next)
		left++;
	return now + (until - now) / left;
}

static int connect_any(const struct component_link_options *options, usec_t until, struct err *err)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found = NULL;
	char port[16];
	int fd = -1;

	snprintf(port, sizeof port, "%d", options->port);
	int status = getaddrinfo(options->host, port, &hints, &found);
	if (status != 0) {
		err_set(err, ERR_INPUT, "%s: %s", options->host, gai_strerror(status));
		return -1;
	}
	for (struct addrinfo *at = found; at && fd < 0; at = at->ai_next)
		fd = connect_to(at, options->wake, share_of(at, until));
	if (fd < 0)
		err_set(err, ERR_INPUT, "%s port %s: %s", options->host, port, strerror(errno));
	freeaddrinfo(found);
	return fd;
}

// --- TLS ---

static bool tls_failed(struct err *err, const char *what)
{
	char text[160] = "closed by the server";
	unsigned long code = ERR_peek_last_error();
	if (code)
		ERR_error_string_n(code, text, sizeof text);
	ERR_clear_error();
	return err_set(err, ERR_INPUT, "%s: %s", what, text);
}

static bool expect_host(SSL *tls, const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];
	bool numeric =
		inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
	if (numeric)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host) == 1;
	return SSL_set1_host(tls, host) == 1 && SSL_set_tlsext_host_name(tls, host) == 1;
}

static bool tls_begin(struct component_link *link, const struct component_link_options *options,
		      struct err *err)
{
	link->context = SSL_CTX_new(TLS_client_method());
	bool ok =
		link->context && SSL_CTX_set_min_proto_version(link->context, TLS1_2_VERSION) == 1;
	if (ok && options->ca_file)
		ok = SSL_CTX_load_verify_locations(link->context, options->ca_file, NULL) == 1;
	else if (ok)
		ok = SSL_CTX_set_default_verify_paths(link->context) == 1;
	if (!ok)
		return tls_failed(err, options->ca_file ? options->ca_file : "TLS");
	SSL_CTX_set_verify(link->context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(link->context,
			 SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	link->tls = SSL_new(link->context);
	if (!link->tls || !expect_host(link->tls, options->host) ||
	    SSL_set_fd(link->tls, link->fd) != 1)
		return tls_failed(err, "TLS");
	return true;
}

static bool tls_connect(struct component_link *link, const struct component_link_options *options,
			usec_t until, bool *refused, struct err *err)
{
	ERR_clear_error();
	for (;;) {
		int status = SSL_connect(link->tls);
		if (status == 1)
			return true;
		int why = SSL_get_error(link->tls, status);
		if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
			break;
		if (!wait_for(link->fd, why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, link->wake,
			      until))
			return err_set(err, ERR_INPUT, "%s: no answer in TLS", options->host);
	}
	long verdict = SSL_get_verify_result(link->tls);
	*refused = verdict != X509_V_OK;
	if (*refused)
		return err_set(err, ERR_INPUT, "the certificate of %s is not good: %s",
			       options->host, X509_verify_cert_error_string(verdict));
	return tls_failed(err, "TLS");
}

struct component_link *component_link_open(const struct component_link_options *options,
					   bool *refused, struct err *err)
{
	usec_t until = usec_monotonic() + options->deadline;
	struct component_link *link = xcalloc(1, sizeof *link);

	*refused = false;
	link->wake = options->wake;
	link->fd = connect_any(options, until, err);
	if (link->fd >= 0 && (!options->tls || (tls_begin(link, options, err) &&
						tls_connect(link, options, until, refused, err))))
		return link;
	component_link_close(link);
	return NULL;
}

void component_link_close(struct component_link *link)
{
	if (!link)
		return;
	if (link->tls && SSL_is_init_finished(link->tls))
		SSL_shutdown(link->tls);
	SSL_free(link->tls);
	SSL_CTX_free(link->context);
	ERR_clear_error();
	if (link->fd >= 0)
		close(link->fd);
	buf_free(&link->out);
	free(link);
}

// --- bytes ---

static long is_over(struct err *err, const char *why)
{
	err_set(err, ERR_INPUT, "%s", why);
	return -1;
}

static long tls_read(struct component_link *link, char *bytes, size_t size, struct err *err)
{
	size_t got = 0;
	ERR_clear_error();
	link->reading_wants_write = false;
	int status = SSL_read_ex(link->tls, bytes, size, &got);
	if (status == 1)
		return (long)got;
	int why = SSL_get_error(link->tls, status);
	link->reading_wants_write = why == SSL_ERROR_WANT_WRITE;
	if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
		return 0;
	if (why == SSL_ERROR_ZERO_RETURN)
		return is_over(err, "the server closed the connection");
	tls_failed(err, "TLS");
	return -1;
}

long component_link_read(struct component_link *link, char *bytes, size_t size, struct err *err)
{
	if (link->tls)
		return tls_read(link, bytes, size, err);
	ssize_t got = recv(link->fd, bytes, size, 0);
	if (got > 0)
		return got;
	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return 0;
	return is_over(err, got == 0 ? "the server closed the connection" : strerror(errno));
}

static long write_some(struct component_link *link, struct err *err)
{
	size_t sent = 0;
	if (!link->tls) {
		ssize_t n = send(link->fd, link->out.data, link->out.len, MSG_NOSIGNAL);
		if (n >= 0)
			return n;
		bool later = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
		return later ? 0 : is_over(err, strerror(errno));
	}
	ERR_clear_error();
	int status = SSL_write_ex(link->tls, link->out.data, link->out.len, &sent);
	if (status == 1)
		return (long)sent;
	int why = SSL_get_error(link->tls, status);
	if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
		return 0;
	tls_failed(err, "TLS");
	return -1;
}

bool component_link_flush(struct component_link *link, struct err *err)
{
	while (link->out.len) {
		long sent = write_some(link, err);
		if (sent < 0)
			return false;
		if (!sent)
			break;
		buf_drop(&link->out, (size_t)sent);
	}
	return true;
}

bool component_link_send(struct component_link *link, struct text bytes, struct err *err)
{
	buf_text(&link->out, bytes);
	return component_link_flush(link, err);
}

size_t component_link_waiting(const struct component_link *link)
{
	return link->out.len;
}
