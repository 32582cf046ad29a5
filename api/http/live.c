// SPDX-License-Identifier: Apache-2.0
// The hub's start, end and door.
#include "api/http/live_parts.h"

#include "api/http/peer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

enum { OTHER_DESCRIPTORS = 1024, SEND_BUFFER = 64 * 1024, QUEUE_SECONDS = 30 };

bool live_owns(struct text target)
{
	return text_starts(target, "/v1/live/");
}

void live_wake(int fd)
{
	const uint64_t one = 1;
	ssize_t ignored = write(fd, &one, sizeof one); // full: it is awake already
	(void)ignored;
}

// ---- start and end

// Idle streams must not take the descriptors that everything else needs (F157).
static size_t places(void)
{
	struct rlimit limit;
	const rlim_t wanted = CLIENTS_MOST + OTHER_DESCRIPTORS;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 128;
	if (limit.rlim_cur < wanted) {
		limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
		setrlimit(RLIMIT_NOFILE, &limit);
		getrlimit(RLIMIT_NOFILE, &limit);
	}
	return limit.rlim_cur / 2 < CLIENTS_MOST ? limit.rlim_cur / 2 : CLIENTS_MOST;
}

static void live_free(struct live *live)
{
	while (live->clients)
		client_end(live, live->clients);
	while (live->questions) {
		struct question *question = live->questions;
		live->questions = question->next;
		question_free(question);
	}
	close(live->wake_hub);
	close(live->wake_watcher);
	free(live->ended);
	pthread_mutex_destroy(&live->lock);
	free(live);
}

struct live *live_start(struct service *service)
{
	struct live *live = xcalloc(1, sizeof *live);
	live->service = service;
	live->most = places();
	live->wake_hub = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	live->wake_watcher = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	pthread_mutex_init(&live->lock, NULL);
	int status = pthread_create(&live->hub, NULL, live_hub_main, live);
	if (status == 0)
		status = pthread_create(&live->watcher, NULL, live_watch_main, live);
	if (status == 0)
		return live;
	if (live->hub) {
		atomic_store(&live->stop_hub, true);
		live_wake(live->wake_hub);
		pthread_join(live->hub, NULL);
	}
	live_free(live);
	errno = status;
	return NULL;
}

// The hub first: what it closes is still counted in the access log by the watcher.
void live_stop(struct live *live)
{
	if (!live)
		return;
	atomic_store(&live->stop_hub, true);
	live_wake(live->wake_hub);
	pthread_join(live->hub, NULL);
	atomic_store(&live->stop_watcher, true);
	live_wake(live->wake_watcher);
	pthread_join(live->watcher, NULL);
	live_free(live);
}

// ---- the door

// A proxy stands for many: those are told apart when the head is read (refuses() in live_watch.c).
static bool has_place(const struct live *live, const struct gate_peer *peer)
{
	int64_t same = 0, most = live->service->app->settings->address_live;
	for (const struct client *c = live->clients; c; c = c->next)
		same += gate_same_host(&c->peer, peer);
	return live->client_count < live->most &&
	       (most == 0 || same < most + OPENING || gate_is_loopback(peer) ||
		proxy_is_trusted(&live->service->proxies, (const struct sockaddr *)&peer->address));
}

// The head has been seen, so it can be read; what comes behind it stays in the socket.
static bool read_head(struct client *client, const struct gate_asked *asked)
{
	const char *end = memmem(asked->bytes.p, asked->bytes.n, "\r\n\r\n", 4);
	size_t n = (size_t)(end - asked->bytes.p) + 4;
	buf_reserve(&client->head, n + 1);
	ssize_t got = recv(asked->fd, client->head.data, n, MSG_DONTWAIT);
	client->head.len = got > 0 ? (size_t)got : 0;
	return client->head.len == n;
}

bool live_take(struct live *live, const struct gate_asked *asked)
{
	const int size = SEND_BUFFER;
	struct client *client = xcalloc(1, sizeof *client);
	client->fd = asked->fd;
	client->peer = *asked->peer;
	client->deadline = usec_monotonic() + QUEUE_SECONDS * USEC_PER_SEC;
	pthread_mutex_lock(&live->lock);
	bool fine = has_place(live, asked->peer) && read_head(client, asked);
	if (fine) {
		// What a slow reader has not read must not pile up in the kernel either.
		setsockopt(client->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
		client->next = live->clients;
		live->clients = client;
		live->client_count++;
	}
	pthread_mutex_unlock(&live->lock);
	if (fine) {
		live_wake(live->wake_hub);
		live_wake(live->wake_watcher);
		return true;
	}
	buf_free(&client->head);
	free(client);
	return false;
}

void live_state(struct live *live, struct live_state *state)
{
	*state = (struct live_state){0};
	if (!live)
		return;
	pthread_mutex_lock(&live->lock);
	*state = (struct live_state){live->client_count, live->question_count, live->opened,
				     live->events, live->dropped};
	pthread_mutex_unlock(&live->lock);
}
