// SPDX-License-Identifier: Apache-2.0
// The one thread that sends to all live clients and notices when they leave. It never asks the database.
#include "api/http/live_parts.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	TICK_MS = 500,
	HEARTBEAT_SECONDS = 15,
	SEND_SECONDS = 60, // absolute, for one event (F136)
	REPLY_SECONDS = 10,
	DRAIN_SECONDS = 1
};

// ---- one client

static void note_ended(struct live *live, const struct client *client)
{
	if (!client->access)
		return;
	if (live->ended_count == live->ended_cap) {
		live->ended_cap = live->ended_cap ? live->ended_cap * 2 : 16;
		live->ended = xrealloc(live->ended, live->ended_cap * sizeof *live->ended);
	}
	live->ended[live->ended_count++] = (struct ended){client->access, client->rows};
}

void client_end(struct live *live, struct client *client)
{
	struct client **at = &live->clients;
	while (*at != client)
		at = &(*at)->next;
	*at = client->next;
	live->client_count--;
	note_ended(live, client);
	question_leave(client->question, usec_monotonic());
	frame_drop(client->frame);
	buf_free(&client->head);
	buf_free(&client->out);
	close(client->fd);
	free(client);
}

// The next frame, if there is one. False: it has fallen out of the ring, the client is too slow.
static bool take_frame(struct live *live, struct client *client)
{
	struct question *question = client->question;
	if (client->place < question->first) {
		if (question->query.view != LIVE_FUNNEL) // there only the newest counts
			return false;
		client->place = question->first;
	}
	if (client->place == question->last)
		return true;
	client->frame = question->frames[client->place++ % RING_FRAMES];
	client->frame->refs++;
	client->sent = 0;
	live->events++;
	return true;
}

static void frame_is_sent(struct client *client)
{
	client->rows += client->frame->rows;
	frame_drop(client->frame);
	client->frame = NULL;
	client->deadline = 0;
}

// True: the socket takes more. *alive false: it is broken.
static bool send_some(struct client *client, const char *bytes, size_t n, size_t *sent, bool *alive)
{
	ssize_t got = send(client->fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (got < 0) {
		*alive = errno == EAGAIN || errno == EINTR;
		return false;
	}
	*sent += (size_t)got;
	client->spoke_at = usec_monotonic();
	return (size_t)got == n;
}

// Sends what there is. False: the client must go.
static bool send_all(struct live *live, struct client *client)
{
	bool alive = true;
	for (;;) {
		size_t sent = 0;
		if (client->out.len > 0) {
			bool more =
				send_some(client, client->out.data, client->out.len, &sent, &alive);
			buf_drop(&client->out, sent);
			if (!more)
				return alive;
			buf_free(&client->out);
			client->deadline = 0;
		} else if (client->frame) {
			struct frame *frame = client->frame;
			if (!send_some(client, frame->bytes + client->sent, frame->n - client->sent,
				       &client->sent, &alive))
				return alive;
			frame_is_sent(client);
		} else {
			if (client->state != CLIENT_STREAM)
				return true;
			if (!take_frame(live, client)) {
				live->dropped++;
				return false;
			}
			if (!client->frame)
				return true;
		}
		if (client->deadline == 0 && (client->frame || client->out.len > 0))
			client->deadline = usec_monotonic() + SEND_SECONDS * USEC_PER_SEC;
	}
}

static bool has_more(const struct client *client)
{
	return client->out.len > 0 || client->frame;
}

// An id without data: the client remembers how far it is, and no event is seen.
static void heartbeat(struct client *client, usec_t now)
{
	const struct question *question = client->question;
	if (client->state != CLIENT_STREAM || has_more(client) ||
	    now - client->spoke_at < HEARTBEAT_SECONDS * USEC_PER_SEC)
		return;
	if (client->place == question->last)
		buf_printf(&client->out, "id: %lld\n", (long long)question->done);
	buf_zstr(&client->out, ": alive\n\n");
}

static void refuse_late(struct client *client)
{
	buf_zstr(&client->out,
		 "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nCache-Control: no-store\r\n"
		 "Content-Length: 0\r\nConnection: close\r\n\r\n");
	client->state = CLIENT_CLOSING;
	client->deadline = 0;
}

// False: it must go.
static bool turn(struct live *live, struct client *client, usec_t now)
{
	if (client->state == CLIENT_DRAINING)
		return now < client->deadline;
	if (client->state == CLIENT_QUEUED && now >= client->deadline)
		refuse_late(client);
	if (client->state == CLIENT_QUEUED)
		return true;
	heartbeat(client, now);
	if (!send_all(live, client))
		return false;
	if (client->state == CLIENT_CLOSING && !has_more(client)) {
		shutdown(client->fd, SHUT_WR); // closing at once could reset it before it is read
		client->state = CLIENT_DRAINING;
		client->deadline = now + DRAIN_SECONDS * USEC_PER_SEC;
		return true;
	}
	if (client->state == CLIENT_CLOSING && client->deadline == 0)
		client->deadline = now + REPLY_SECONDS * USEC_PER_SEC;
	bool late = has_more(client) && client->deadline > 0 && now >= client->deadline;
	live->dropped += late;
	return !late;
}

// What clients send after their request is nobody's; their end is what counts.
static bool is_there(struct client *client, short revents)
{
	char ignored[4096];
	if (revents & (POLLERR | POLLNVAL))
		return false;
	if (!(revents & (POLLIN | POLLHUP | POLLRDHUP)))
		return true;
	ssize_t got = recv(client->fd, ignored, sizeof ignored, MSG_DONTWAIT);
	return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

// ---- the loop

struct polls {
	struct pollfd *items;
	struct client **clients;
	size_t count, cap;
};

static void add_poll(struct polls *polls, int fd, short events, struct client *client)
{
	if (polls->count == polls->cap) {
		polls->cap = polls->cap ? polls->cap * 2 : 64;
		polls->items = xrealloc(polls->items, polls->cap * sizeof *polls->items);
		polls->clients = xrealloc(polls->clients, polls->cap * sizeof *polls->clients);
	}
	polls->items[polls->count] = (struct pollfd){fd, events, 0};
	polls->clients[polls->count++] = client;
}

static void fill_polls(struct live *live, struct polls *polls)
{
	polls->count = 0;
	add_poll(polls, live->wake_hub, POLLIN, NULL);
	for (struct client *c = live->clients; c; c = c->next) {
		if (c->state == CLIENT_QUEUED || c->state == CLIENT_OPENING)
			continue; // its head is looked at; a client that leaves is noticed then
		short events = (short)(POLLIN | POLLRDHUP | (has_more(c) ? POLLOUT : 0));
		add_poll(polls, c->fd, events, c);
	}
}

static void drop_gone(struct live *live, const struct polls *polls)
{
	for (size_t i = 1; i < polls->count; i++) { // only this thread ends clients
		if (!is_there(polls->clients[i], polls->items[i].revents))
			client_end(live, polls->clients[i]);
	}
}

static void turn_all(struct live *live)
{
	usec_t now = usec_monotonic();
	struct client *next;
	for (struct client *c = live->clients; c; c = next) {
		next = c->next;
		if (c->state != CLIENT_OPENING && (c->gone || !turn(live, c, now)))
			client_end(live, c);
	}
}

static void end_all(struct live *live)
{
	struct client *next;
	for (struct client *c = live->clients; c; c = next) {
		next = c->next;
		if (c->state != CLIENT_OPENING)
			client_end(live, c);
	}
}

void *live_hub_main(void *self)
{
	struct live *live = self;
	struct polls polls = {0};
	uint64_t ignored;
	pthread_mutex_lock(&live->lock);
	while (!atomic_load(&live->stop_hub)) {
		fill_polls(live, &polls);
		pthread_mutex_unlock(&live->lock);
		if (poll(polls.items, polls.count, TICK_MS) < 0)
			polls.count = 1; // EINTR: as if nothing had come
		while (polls.items[0].revents && read(live->wake_hub, &ignored, sizeof ignored) > 0)
			continue;
		pthread_mutex_lock(&live->lock);
		drop_gone(live, &polls);
		turn_all(live);
	}
	end_all(live);
	pthread_mutex_unlock(&live->lock);
	free(polls.items);
	free(polls.clients);
	return NULL;
}
