// SPDX-License-Identifier: Apache-2.0
#include "api/api.h"

#include "api/http/again.h"
#include "api/http/scrape.h"
#include "api/http/front.h"
#include "api/http/peer.h"
#include "api/http/server.h"
#include "api/http/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

// Each answer of a reader waits for a row of the access log meanwhile; one more for what is counted afterwards.
enum {
	READ_CONNECTIONS = 2,
	ACCESS_CONNECTIONS = READ_CONNECTIONS + 1,
	STREAM_CONNECTIONS = 2,
	BACKLOG = 511
};

struct api {
	struct service service;
	struct front *front; // NULL: no TLS
	struct server *server;
	int port;
};

union listen_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

// Literal addresses only: what a name resolves to is not ours to decide (F154).
static bool parse_address(const struct settings *settings, union listen_address *address,
			  socklen_t *length, bool *loopback)
{
	const char *listen = settings->listen;
	if (strcmp(listen, "localhost") == 0)
		listen = "127.0.0.1";
	*address = (union listen_address){0};
	if (inet_pton(AF_INET, listen, &address->v4.sin_addr) == 1) {
		address->v4.sin_family = AF_INET;
		address->v4.sin_port = htons((uint16_t)settings->port);
		*length = sizeof address->v4;
		*loopback = ntohl(address->v4.sin_addr.s_addr) >> 24 == 127;
		return true;
	}
	if (inet_pton(AF_INET6, listen, &address->v6.sin6_addr) == 1) {
		address->v6.sin6_family = AF_INET6;
		address->v6.sin6_port = htons((uint16_t)settings->port);
		*length = sizeof address->v6;
		*loopback = IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
		return true;
	}
	return false;
}

static int bind_socket(const union listen_address *address, socklen_t length)
{
	int yes = 1;
	int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (address->any.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
	if (bind(fd, &address->any, length) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	int saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static bool open_listener(const struct settings *settings, bool tls, int *listener, int *port,
			  struct err *err)
{
	union listen_address address;
	socklen_t length;
	bool loopback;
	if (!parse_address(settings, &address, &length, &loopback))
		return err_set(err, ERR_USAGE, "listen: \"%s\" is not an IP address",
			       settings->listen);
	if (!loopback && !tls && !settings->allow_remote)
		return err_set(
			err, ERR_USAGE,
			"listen: %s can be reached from other machines without TLS; set "
			"tls_cert and tls_key, put a proxy in front or set allow_remote = true",
			settings->listen);
	int fd = bind_socket(&address, length);
	if (fd < 0)
		return err_set(err, ERR_USAGE, "cannot listen on %s port %d: %s", settings->listen,
			       settings->port, strerror(errno));
	length = sizeof address;
	getsockname(fd, &address.any, &length);
	*port = ntohs(address.any.sa_family == AF_INET ? address.v4.sin_port
						       : address.v6.sin6_port);
	*listener = fd;
	return true;
}

// A wrong schema stops the start; a database that is away does not (F146). The connection is kept:
// with the embedded database it is what keeps the server running.
static bool look_at_database(struct app *app, struct store **store, struct err *err)
{
	struct err seen = {0};
	if (store_open(app, STORE_SERVE, store, &seen))
		return true;
	*store = NULL;
	if (seen.kind != ERR_DATABASE) {
		if (err)
			*err = seen;
		return false;
	}
	log_warn(app->log, "database_unreachable", LOG_S("error", seen.text),
		 LOG_S("next", "serving 503 until it answers"));
	return true;
}

static void give_up(int listener, SSL_CTX *context)
{
	if (listener >= 0)
		close(listener);
	SSL_CTX_free(context);
}

static void free_service(struct service *service)
{
	pool_free(service->read);
	pool_free(service->access);
	pool_free(service->streams);
	again_free(service->again);
	limiter_free(service->addresses);
	limiter_free(service->tokens);
	free(service->proxies.ranges);
	pthread_mutex_destroy(&service->throttle.lock);
	scrape_free(service->scrape);
	pthread_mutex_destroy(&service->token_uses.lock);
	known_tokens_end(&service->known_tokens);
}

// With TLS the server takes its connections from the front. listener and context are given away.
static bool start_server(struct api *api, int listener, SSL_CTX *context, struct err *err)
{
	if (context) {
		api->service.take = front_take;
		api->front = front_start(api->service.app, listener, context, &listener);
		if (!api->front)
			return err_set(err, ERR_INTERNAL, "cannot start a thread: %s",
				       strerror(errno));
	}
	if (server_start(&api->service, listener, &api->server, err))
		return true;
	front_stop(api->front);
	return false;
}

// INT and TERM belong to the main thread: those made here must not take them away from it.
static bool start_threads(struct api *api, int listener, SSL_CTX *context, bool connected,
			  struct err *err)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	bool ok = pool_start(api->service.read, connected) &&
		  pool_start(api->service.access, connected) &&
		  pool_start(api->service.streams, false);
	if (!ok)
		err_set(err, ERR_INTERNAL, "cannot start a thread: %s", strerror(errno));
	if (ok)
		ok = start_server(api, listener, context, err);
	else
		give_up(listener, context);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return ok;
}

static struct api *make_api(struct app *app, struct store *store, int port)
{
	struct api *api = xcalloc(1, sizeof *api);
	api->port = port;
	api->service.app = app;
	api->service.read = pool_new(app, STORE_SERVE, READ_CONNECTIONS);
	api->service.access = pool_new(app, STORE_ACCESS, ACCESS_CONNECTIONS);
	api->service.addresses = limiter_new(
		(struct limit){app->settings->address_rate, app->settings->address_running});
	api->service.tokens = limiter_new(
		(struct limit){app->settings->token_rate, app->settings->token_running});
	api->service.streams = pool_new(app, STORE_SERVE, STREAM_CONNECTIONS);
	pool_without_time_limit(api->service.streams);
	pthread_mutex_init(&api->service.throttle.lock, NULL);
	pthread_mutex_init(&api->service.token_uses.lock, NULL);
	known_tokens_start(&api->service.known_tokens);
	api->service.again = again_new();
	api->service.scrape = scrape_new();
	api->service.started_at = usec_now();
	if (store)
		pool_adopt(api->service.read, store);
	return api;
}

bool api_start(struct app *app, struct api **started, struct err *err)
{
	int listener = -1, port = 0;
	bool tls;
	SSL_CTX *context = NULL;
	struct proxies proxies = {NULL, 0};
	struct store *store = NULL;
	if (sodium_init() < 0)
		return err_set(err, ERR_INTERNAL, "libsodium does not start");
	if (!tls_wanted(app->settings, &tls, err) ||
	    (tls && !tls_open(app->settings, &context, err)))
		return false;
	if (!proxies_read(app->settings, &proxies, err) ||
	    !open_listener(app->settings, tls, &listener, &port, err) ||
	    !look_at_database(app, &store, err)) {
		give_up(listener, context);
		free(proxies.ranges);
		return false;
	}
	struct api *api = make_api(app, store, port);
	api->service.proxies = proxies;
	if (!start_threads(api, listener, context, store != NULL, err)) {
		free_service(&api->service);
		free(api);
		return false;
	}
	log_info(app->log, "listening", LOG_S("address", app->settings->listen),
		 LOG_I("port", port), LOG_S("tls", tls ? "yes" : "no"));
	*started = api;
	return true;
}

void api_stop(struct api *api)
{
	if (!api)
		return;
	server_stop(api->server);
	front_stop(api->front);
	free_service(&api->service);
	free(api);
}
