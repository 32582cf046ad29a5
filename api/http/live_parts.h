// SPDX-License-Identifier: Apache-2.0
// Inside of live*.c.
#ifndef API_HTTP_LIVE_PARTS_H
#define API_HTTP_LIVE_PARTS_H

#include "api/http/live.h"

enum {
	CLIENTS_MOST = 2048,
	OPENING = 32,         // connections of one address beyond its streams: they are told so
	QUESTIONS_MOST = 128, // distinct ones: each costs a query for each commit
	RING_FRAMES = 256,
	RING_BYTES = 1024 * 1024, // of one question; a newest frame may be as large alone
	FRAME_BYTES = RING_BYTES,
	FRAME_ROWS = 2000,
	BACK_COMMITS =
		3600, // how far behind somebody may come back whose question nobody asked meanwhile
	LINGER_SECONDS = 60 // a question that nobody asks any more keeps its ring so long
};

struct frame { // an event as it is sent, shared by all who get it
	int refs;
	int64_t id, rows;
	size_t n;
	char bytes[];
};

struct question {
	struct question *next;
	struct arena *arena;
	struct text key;
	struct live_query query;
	size_t clients;
	usec_t left_at;       // monotonic: since when nobody asks
	int64_t since, done;  // the ring holds all events after since up to done
	uint64_t first, last; // numbers of its frames: first <= i < last, at i % RING_FRAMES
	size_t bytes;
	usec_t answered_at; // monotonic; 0 = never
	struct frame *frames[RING_FRAMES];
};

enum client_state {
	CLIENT_QUEUED,  // its head is there
	CLIENT_OPENING, // the watcher works on it, and nobody else
	CLIENT_STREAM,
	CLIENT_CLOSING, // gets what is in out, nothing more
	CLIENT_DRAINING // all is sent; what still comes is thrown away
};

struct client {
	struct client *next;
	int fd;
	enum client_state state;
	bool gone; // while others work on it
	struct gate_peer peer;
	struct buf head; // of the request, until it is answered
	struct buf out;  // of its own, before any frame
	struct question *question;
	uint64_t place;      // number of the frame that comes next
	struct frame *frame; // the one under way, or NULL
	size_t sent;         // bytes of it
	usec_t deadline;     // monotonic, of what is under way; 0 = nothing is
	usec_t spoke_at;     // monotonic: last byte that was sent
	short events;        // what its socket was polled for
	char id[REQUEST_ID];
	unsigned scopes;
	unsigned char token[TOKEN_HASH];
	bool known;         // its token is
	struct asker asker; // for whom it is, behind proxies; set with the stream
	int64_t access, rows;
};

struct ended { // for the access log
	int64_t access, rows;
};

struct live {
	struct service *service;
	pthread_t hub, watcher;
	atomic_bool stop_hub, stop_watcher;
	int wake_hub, wake_watcher; // eventfd
	size_t most;                // clients, as descriptors allow

	pthread_mutex_t lock; // of all that follows
	struct client *clients;
	size_t client_count;
	struct question *questions;
	size_t question_count;
	struct ended *ended;
	size_t ended_count, ended_cap;
	long long opened, events, dropped;
};

void live_wake(int fd);

// --- live_ring.c: under the lock ---
struct frame *frame_new(const char *event, int64_t id, int64_t rows, struct text data);
void frame_drop(struct frame *frame); // NULL is fine
void frame_text(struct buf *out, const char *event, int64_t id, struct text data);
struct question *question_find(struct live *live, struct text key);
struct question *question_add(struct live *live, const struct live_ask *ask, int64_t since);
void question_publish(struct question *question, struct frame *frame); // takes it over
void question_leave(struct question *question, usec_t now);
void questions_sweep(struct live *live, usec_t now); // drops those that nobody asked for long
void question_free(struct question *question);
// Where somebody goes on who has seen a commit; false: the ring does not say.
bool question_place(const struct question *question, int64_t after, uint64_t *place);

// --- live_http.c ---
// Points into head and the arena.
void live_request(struct text head, struct arena *arena, struct request *request);
void live_reply(struct buf *out, struct reply *reply); // the whole of an answer that is no stream
void live_stream_head(struct buf *out, const struct reply *reply);

// --- live_hub.c ---
void *live_hub_main(void *self);
void client_end(struct live *live, struct client *client); // under the lock: closed and freed

// --- live_watch.c ---
void *live_watch_main(void *self);

// --- live_answer.c: asks the database, outside of the lock ---
struct live_span {
	int64_t after, upto;
	const struct honesty *honesty;
	usec_t now;
};
// NULL with *err kind 0: nothing that concerns this question.
struct frame *live_answer(struct pool_slot *db, const char *realm, const struct live_query *query,
			  const struct live_span *span, struct err *err);

#endif
