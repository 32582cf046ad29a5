// SPDX-License-Identifier: Apache-2.0
// The only file that includes libmicrohttpd.
#include "api/http/server.h"

#include "api/http/gate.h"
#include "api/http/gzip.h"
#include "api/http/live.h"
#include "api/http/peer.h"
#include "api/http/refusal.h"
#include "api/http/routes.h"
#include "core/feed_sink.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	RUNNING_MAX = 64,   // requests that are being answered
	RUNNING_URGENT = 8, // and so many probes on top
	IDLE_SECONDS = 10,
	BODIES_MOST = 64 << 20,   // of all requests together
	SEND_BUFFER = 256 * 1024, // of the kernel, else it grows to megabytes for who does not read
	CONNECTION_MEMORY =
		32 * 1024, // no more: the library would map and unmap larger ones for each request
	THREAD_STACK = 1024 * 1024,
	PIECE = 32 * 1024 // of an answer that is made while it is read
};

struct running {               // a connection inside libmicrohttpd
	int fd;                // -1 = free
	usec_t deadline;       // monotonic
	struct outlet *outlet; // of an answer that has its own deadlines
};

struct server {
	struct service *service;
	struct MHD_Daemon *daemon;
	struct gate *gate;
	struct live *live;
	atomic_int count;    // handed over and not closed yet
	atomic_llong bodies; // bytes of bodies that are held
	pthread_mutex_t lock;
	bool stopping;
	struct running running[RUNNING_MAX + RUNNING_URGENT];
};

struct exchange { // one request; made by on_uri, freed by on_completed
	struct request request;
	struct holds holds;
	bool begun;           // its head has been read
	struct buf body;      // of a route that takes one
	usec_t started;       // monotonic
	int64_t access, rows; // as in struct reply
};

// ---- deadlines

static void on_connection(void *self, struct MHD_Connection *connection, void **context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct server *server = self;
	pthread_mutex_lock(&server->lock);
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		struct running *slot = server->running;
		while (slot->fd >= 0)
			slot++; // there is one: count is bounded by the same numbers
		slot->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)
				   ->connect_fd;
		slot->outlet = NULL;
		slot->deadline = usec_monotonic() + server->service->app->settings->request_time;
		*context = slot;
	} else if (*context) {
		((struct running *)*context)->fd = -1; // before the library closes it
		atomic_fetch_sub(&server->count, 1);
	}
	pthread_mutex_unlock(&server->lock);
}

// A client that takes one byte a second is never idle; shutdown wakes its thread, which ends.
static void cut_late(void *self, usec_t now)
{
	struct server *server = self;
	pthread_mutex_lock(&server->lock);
	for (size_t i = 0; i < RUNNING_MAX + RUNNING_URGENT; i++) {
		struct running *slot = &server->running[i];
		bool late = slot->outlet ? outlet_is_late(slot->outlet, now) : now > slot->deadline;
		if (slot->fd >= 0 && late)
			shutdown(slot->fd, SHUT_RDWR);
	}
	pthread_mutex_unlock(&server->lock);
}

static bool is_probe(const struct head *head)
{
	return text_is(head->target, "/healthz") || text_is(head->target, "/readyz");
}

// Live streams are the hub's (live.h); probes are served also when all others must wait.
static bool pass(void *self, const struct gate_asked *asked)
{
	struct server *server = self;
	const struct gate_peer *peer = asked->peer;
	int limit = RUNNING_MAX + (is_probe(asked->head) ? RUNNING_URGENT : 0);
	if (live_owns(asked->head->target))
		return live_take(server->live, asked);
	if (atomic_fetch_add(&server->count, 1) >= limit) {
		atomic_fetch_sub(&server->count, 1);
		return false;
	}
	const struct sockaddr *address = (const struct sockaddr *)&peer->address;
	const int bytes = SEND_BUFFER;
	setsockopt(asked->fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
	if (MHD_add_connection(server->daemon, asked->fd, address, peer->length) != MHD_YES)
		atomic_fetch_sub(&server->count, 1); // the library has closed it
	return true;
}

// ---- one request

// Sees the address as it was sent, before the library decodes and cuts it (F140).
static void *on_uri(void *self, const char *uri, struct MHD_Connection *connection)
{
	(void)self;
	(void)connection;
	struct arena *arena = arena_new();
	struct exchange *exchange = arena_alloc(arena, sizeof *exchange);
	struct text sent = arena_text(arena, text_of(uri));
	const char *mark = memchr(sent.p, '?', sent.n);
	size_t n = mark ? (size_t)(mark - sent.p) : sent.n;
	exchange->started = usec_monotonic();
	exchange->request =
		(struct request){.path = {sent.p, n},
				 .query = mark ? (struct text){mark + 1, sent.n - n - 1} : TEXT(""),
				 .holds = &exchange->holds,
				 .arena = arena};
	request_id_make(exchange->request.id);
	return exchange;
}

static void on_completed(void *self, struct MHD_Connection *connection, void **context,
			 enum MHD_RequestTerminationCode code)
{
	struct server *server = self;
	(void)connection;
	(void)code;
	struct exchange *exchange = *context;
	*context = NULL;
	if (!exchange)
		return;
	if (exchange->access)
		access_count(server->service, exchange->request.id, exchange->access,
			     exchange->rows);
	limit_leave(server->service->addresses, &exchange->holds.address);
	limit_leave(server->service->tokens, &exchange->holds.token);
	atomic_fetch_sub(&server->bodies, (long long)exchange->body.len);
	buf_free(&exchange->body);
	arena_free(exchange->request.arena);
}

struct forwarded {
	struct text last;
};

// A proxy that does not add to the field of its client may send a second one: the last is its own.
static enum MHD_Result note_forwarded(void *self, enum MHD_ValueKind kind, const char *key,
				      const char *value)
{
	(void)kind;
	struct forwarded *forwarded = self;
	if (strcasecmp(key, "X-Forwarded-For") == 0)
		forwarded->last = text_of(value);
	return MHD_YES;
}

static void find_client(const struct server *server, struct request *request,
			struct MHD_Connection *connection)
{
	struct forwarded forwarded = {TEXT_NONE};
	MHD_get_connection_values(connection, MHD_HEADER_KIND, note_forwarded, &forwarded);
	client_find(&server->service->proxies,
		    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
			    ->client_addr,
		    forwarded.last, &request->client);
	request->fd =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

static enum MHD_Result count_authorization(void *self, enum MHD_ValueKind kind, const char *key,
					   const char *value)
{
	(void)kind;
	(void)value;
	struct request *request = self;
	if (strcasecmp(key, "Authorization") == 0)
		request->authorizations++;
	return MHD_YES;
}

static void read_headers(struct request *request, struct MHD_Connection *connection)
{
	const struct {
		const char *name;
		struct text *to;
	} wanted[] = {
		{"Authorization", &request->authorization},
		{"Accept", &request->accept},
		{"Accept-Encoding", &request->accept_encoding},
		{"Origin", &request->origin},
		{"Host", &request->host},
		{"Content-Type", &request->type},
		{"Content-Encoding", &request->encoding},
		{"webhook-id", &request->delivery},
		{"webhook-timestamp", &request->timestamp},
		{"webhook-signature", &request->signature},
		{"feed-stream", &request->stream},
		{"If-None-Match", &request->known},
	};
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		*wanted[i].to = text_of(
			MHD_lookup_connection_value(connection, MHD_HEADER_KIND, wanted[i].name));
	MHD_get_connection_values(connection, MHD_HEADER_KIND, count_authorization, request);
	const char *length =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
	request->length = length ? strtoull(length, NULL, 10) : 0;
	request->has_body =
		request->length > 0 ||
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Transfer-Encoding");
}

// ---- answers that are made while they are read

struct streaming { // holds the outlet until the library lets go of the answer
	struct server *server;
	struct running *slot;
	struct outlet *outlet;
};

static ssize_t read_outlet(void *self, uint64_t position, char *out, size_t most)
{
	(void)position;
	struct streaming *streaming = self;
	long n = outlet_read(streaming->outlet, out, most);
	return n > 0    ? n
	       : n == 0 ? MHD_CONTENT_READER_END_OF_STREAM
			: MHD_CONTENT_READER_END_WITH_ERROR; // no last chunk (F156)
}

static void free_streaming(void *self)
{
	struct streaming *streaming = self;
	struct server *server = streaming->server;
	pthread_mutex_lock(&server->lock);
	streaming->slot->outlet = NULL;
	pthread_mutex_unlock(&server->lock);
	outlet_free(streaming->outlet);
	free(streaming);
}

// The idle timer of the library would end an answer whose first row takes long: the outlet has limits of
// its own.
static struct MHD_Response *stream_response(struct server *server,
					    struct MHD_Connection *connection, struct reply *reply,
					    bool gzip)
{
	const union MHD_ConnectionInfo *context =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct running *slot = context ? context->socket_context : NULL;
	struct producer producer = reply->producer;
	reply->producer = (struct producer){0}; // the outlet's now
	struct outlet *outlet = slot ? outlet_start(&producer, slot->fd, gzip) : NULL;
	if (!slot)
		producer.free(producer.self);
	if (!outlet)
		return NULL;
	MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, 0u);
	struct streaming *streaming = xcalloc(1, sizeof *streaming);
	*streaming = (struct streaming){server, slot, outlet};
	pthread_mutex_lock(&server->lock);
	slot->outlet = outlet;
	if (server->stopping)
		outlet_close(outlet);
	pthread_mutex_unlock(&server->lock);
	struct MHD_Response *response = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, PIECE, read_outlet, streaming, free_streaming);
	if (!response)
		free_streaming(streaming);
	return response;
}

static void close_outlets(struct server *server)
{
	pthread_mutex_lock(&server->lock);
	server->stopping = true;
	for (size_t i = 0; i < RUNNING_MAX + RUNNING_URGENT; i++)
		if (server->running[i].outlet)
			outlet_close(server->running[i].outlet);
	pthread_mutex_unlock(&server->lock);
}

// ---- responses

static struct MHD_Response *make_response(struct server *server, struct MHD_Connection *connection,
					  struct reply *reply, struct text accept_encoding)
{
	struct MHD_Response *response;
	reply_compress(reply, accept_encoding);
	if (reply->producer.run) {
		response =
			stream_response(server, connection, reply,
					reply->producer.compress && gzip_accepted(accept_encoding));
	} else if (reply->fixed.p) {
		response = MHD_create_response_from_buffer(
			reply->fixed.n, (void *)(uintptr_t)reply->fixed.p, MHD_RESPMEM_PERSISTENT);
	} else {
		response = MHD_create_response_from_buffer(reply->body.len, reply->body.data,
							   MHD_RESPMEM_MUST_FREE);
		if (response)
			reply->body = (struct buf){0}; // the library's now
	}
	if (!response)
		return NULL;
	MHD_add_response_header(response, "Content-Type", reply->type);
	MHD_add_response_header(response, "Connection", "close");
	for (size_t i = 0; i < reply->header_count; i++)
		MHD_add_response_header(response, reply->headers[i].name, reply->headers[i].value);
	return response;
}

static void log_request(const struct server *server, const struct exchange *exchange,
			const struct reply *reply, struct text token)
{
	enum log_level level = reply->status >= 500   ? LOG_WARN
			       : reply->status >= 400 ? LOG_INFO
						      : LOG_DEBUG;
	char client[ADDRESS_TEXT];
	int64_t ms = (usec_monotonic() - exchange->started) / 1000;
	LOG_AT(server->service->app->log, level, "request", LOG_S("request", exchange->request.id),
	       LOG_T("path", exchange->request.path), LOG_I("status", reply->status),
	       LOG_I("ms", ms), LOG_T("token", token.p ? token : TEXT("-")),
	       LOG_S("client", address_format(&exchange->request.client.address, client)));
}

// ---- bodies

static const char too_large[] = "The body is too large.";

static bool takes_body(const struct request *request)
{
	const struct route *route = route_find(request->path, NULL);
	return request->has_body && route && route_takes_body(route) &&
	       text_is(request->method, route->method);
}

static size_t body_most(const struct server *server)
{
	const struct feed_sink *sink = server->service->app->feed;
	return sink ? sink->body_most : 0;
}

// What is too much is not read further (F138). The library answers only whole requests, so the words go
// straight to the socket, and the connection ends.
static enum MHD_Result cut_off(struct server *server, struct MHD_Connection *connection, int status,
			       const char *detail)
{
	int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	refusal_send(fd, status, detail, server->service->app->log);
	return MHD_NO;
}

static enum MHD_Result add_to_body(struct server *server, struct exchange *exchange,
				   struct MHD_Connection *connection, struct text piece)
{
	if (exchange->body.len + piece.n > body_most(server))
		return cut_off(server, connection, 413, too_large);
	if (atomic_fetch_add(&server->bodies, (long long)piece.n) > BODIES_MOST) {
		atomic_fetch_sub(&server->bodies, (long long)piece.n);
		return cut_off(server, connection, 503, "Too many requests are being read.");
	}
	buf_text(&exchange->body, piece);
	return MHD_YES;
}

// ---- answering

static enum MHD_Result answer(struct server *server, struct exchange *exchange,
			      struct MHD_Connection *connection)
{
	struct request *request = &exchange->request;
	struct reply reply;
	struct text token = TEXT_NONE;
	request->body = buf_view(&exchange->body);
	reply_begin(&reply, request->arena);
	dispatch(server->service, request, &reply, &token);
	service_count(server->service, reply.status);
	exchange->access = reply.access;
	exchange->rows = reply.rows;
	log_request(server, exchange, &reply, token);
	struct MHD_Response *response =
		make_response(server, connection, &reply, request->accept_encoding);
	enum MHD_Result result = MHD_NO;
	if (response)
		result = MHD_queue_response(connection, (unsigned)reply.status, response);
	if (response)
		MHD_destroy_response(response);
	reply_free(&reply);
	return result;
}

static enum MHD_Result begin(struct server *server, struct exchange *exchange,
			     struct MHD_Connection *connection, const char *method)
{
	struct request *request = &exchange->request;
	exchange->begun = true;
	request->method = text_of(method);
	read_headers(request, connection);
	find_client(server, request, connection);
	request->too_large = takes_body(request) && request->length > body_most(server);
	if (takes_body(request) && !request->too_large)
		return MHD_YES;
	return answer(server, exchange, connection);
}

// Called first with the head, then with each piece of the body, then once more. Without a route that takes
// a body it is answered at once: a body, if there is one, is not read (F138), and the connection ends.
static enum MHD_Result on_request(void *self, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_size, void **context)
{
	(void)url;
	(void)version;
	struct server *server = self;
	struct exchange *exchange = *context;
	if (!exchange->begun)
		return begin(server, exchange, connection, method);
	if (!*upload_size)
		return answer(server, exchange, connection);
	struct text piece = {upload, *upload_size};
	*upload_size = 0;
	return add_to_body(server, exchange, connection, piece);
}

// ---- start and stop

static void on_log(void *self, const char *format, va_list args)
{
	struct server *server = self;
	char text[200];
	int n = vsnprintf(text, sizeof text, format, args);
	if (n > 0)
		log_debug(server->service->app->log, "http_library", LOG_S("text", text));
}

static struct MHD_Daemon *start_daemon(struct server *server)
{
	return MHD_start_daemon(
		MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL |
			MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC | MHD_USE_ERROR_LOG,
		0, NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER, on_log, server,
		MHD_OPTION_CONNECTION_LIMIT, 2u * (RUNNING_MAX + RUNNING_URGENT),
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_THREAD_STACK_SIZE, (size_t)THREAD_STACK, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_URI_LOG_CALLBACK, on_uri, server, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, server, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
		MHD_OPTION_END);
}

bool server_start(struct service *service, int listener, struct server **started, struct err *err)
{
	struct server *server = xcalloc(1, sizeof *server);
	server->service = service;
	pthread_mutex_init(&server->lock, NULL);
	for (size_t i = 0; i < RUNNING_MAX + RUNNING_URGENT; i++)
		server->running[i].fd = -1;
	server->daemon = start_daemon(server);
	struct gate_options options = {.listener = listener,
				       .take = service->take,
				       .log = service->app->log,
				       .self = server,
				       .pass = pass,
				       .tick = cut_late};
	server->live = service->live = live_start(service);
	server->gate = server->daemon && server->live ? gate_start(&options) : NULL;
	if (server->gate) {
		*started = server;
		return true;
	}
	close(listener);
	server_stop(server);
	return err_set(err, ERR_INTERNAL, "cannot start the HTTP server: %s", strerror(errno));
}

void server_stop(struct server *server)
{
	if (!server)
		return;
	gate_stop(server->gate);
	close_outlets(server);
	if (server->daemon)
		MHD_stop_daemon(server->daemon);
	live_stop(server->live); // last: what is answered may ask how it does
	pthread_mutex_destroy(&server->lock);
	free(server);
}
