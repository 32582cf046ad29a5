// SPDX-License-Identifier: Apache-2.0
// The one thread that asks the database for all live streams: who may open one, what each commit brought,
// whose token is still good. It is woken by the commit (LISTEN); on a standby, where nobody can listen, it
// looks at the commit number twice a second.
#include "api/http/live_parts.h"

#include "api/http/peer.h"
#include "api/http/routes.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#define MS (USEC_PER_SEC / 1000)

enum {
	LOOK_MS = 500,         // when nothing tells of commits
	LOOK_ANYWAY_MS = 5000, // when something does: a pooler between may swallow it
	EVERY_MS = 200,        // between two rounds of questions, however many commits there are
	TICK_MS = 500,
	TOKENS_SECONDS = 10, // a revoked token is noticed so soon (F200)
	FUNNEL_SECONDS = 15, // its window moves also when nothing comes
	SWEEP_SECONDS = 5,
	OPEN_AT_ONCE = 32,
	ENDED_AT_ONCE = 1000
};

struct watch {
	struct live *live;
	struct pool *pool; // one connection, made when the first client comes
	int socket;        // of that connection, to be woken by; -1 = none
	unsigned told_on;  // store_connections() that is told of commits
	bool told, pending, stale, more;
	int64_t commit;
	usec_t looked_at, asked_at, tokens_at, swept_at;
};

static struct pool_slot *take(struct watch *watch, struct err *err)
{
	if (!watch->pool) {
		watch->pool = pool_new(watch->live->service->app, STORE_SERVE, 1);
		pool_start(watch->pool, true);
	}
	watch->socket = -1;
	struct pool_slot *slot = pool_take(watch->pool, err);
	if (slot && !store_see_nothing(slot->store, err)) { // live_answer() says more
		pool_give(watch->pool, slot, err->kind == ERR_DATABASE);
		return NULL;
	}
	if (slot)
		*err = (struct err){0}; // a realm that is not there yet is no error
	return slot;
}

static void give(struct watch *watch, struct pool_slot *slot, bool fine, const struct err *err)
{
	bool broken = !fine && err->kind == ERR_DATABASE;
	if (!broken) {
		watch->pending |= store_notified(slot->store);
		watch->socket = store_socket(slot->store);
	}
	pool_give(watch->pool, slot, broken);
}

// ---- answers

static void publish(struct watch *watch, struct question *question, struct frame *frame,
		    int64_t upto, usec_t now)
{
	struct live *live = watch->live;
	pthread_mutex_lock(&live->lock);
	if (frame)
		question_publish(question, frame);
	question->done = upto;
	question->answered_at = now;
	pthread_mutex_unlock(&live->lock);
}

static bool is_due(struct watch *watch, const struct question *question, int64_t commit, usec_t now)
{
	pthread_mutex_lock(&watch->live->lock);
	bool wanted = question->clients > 0;
	pthread_mutex_unlock(&watch->live->lock);
	if (!wanted)
		return false;
	if (question->query.view == LIVE_FUNNEL &&
	    (question->answered_at == 0 ||
	     now - question->answered_at >= FUNNEL_SECONDS * USEC_PER_SEC))
		return true;
	return question->done != commit;
}

static bool answer(struct watch *watch, struct pool_slot *slot, struct question *question,
		   const struct honesty *honesty, struct err *err)
{
	const char *realm = watch->live->service->app->settings->realm;
	const struct live_span span = {question->done, honesty->commit, honesty, usec_now()};
	struct frame *frame = live_answer(slot, realm, &question->query, &span, err);
	if (!frame && err->kind != ERR_NONE)
		return false;
	publish(watch, question, frame, honesty->commit, usec_monotonic());
	return true;
}

// What was not complete or had a gap in the last day is said with each event.
static bool read_honesty(struct pool_slot *slot, struct honesty *honesty, struct err *err)
{
	return store_honesty(slot->store, slot->realm.id, usec_now() - USEC_PER_DAY, USEC_NONE,
			     honesty, err);
}

static bool answer_all(struct watch *watch, struct pool_slot *slot, struct err *err)
{
	struct honesty honesty;
	bool read = false;
	usec_t now = usec_monotonic();
	watch->pending = false;
	watch->asked_at = now;
	for (struct question *q = watch->live->questions; q; q = q->next) {
		if (!is_due(watch, q, watch->commit, now))
			continue;
		if (!read && !read_honesty(slot, &honesty, err))
			return false;
		read = true;
		if (!answer(watch, slot, q, &honesty, err))
			return false;
	}
	return true;
}

// ---- is there something new?

static bool listen_if_new(struct watch *watch, struct pool_slot *slot, struct err *err)
{
	unsigned connection = store_connections(slot->store);
	if (watch->told_on == connection)
		return true;
	if (!store_listen(slot->store, &watch->told, err))
		return false;
	watch->told_on = connection;
	watch->looked_at = 0; // what was committed before is told by nobody
	return true;
}

static bool look(struct watch *watch, struct pool_slot *slot, struct err *err)
{
	usec_t now = usec_monotonic();
	usec_t every = (watch->told ? LOOK_ANYWAY_MS : LOOK_MS) * MS;
	watch->pending |= store_notified(slot->store);
	if (!watch->pending && watch->looked_at > 0 && now - watch->looked_at < every)
		return true;
	watch->looked_at = now;
	return store_newest_commit(slot->store, &watch->commit, err);
}

// ---- tokens

struct seen_token {
	unsigned char hash[TOKEN_HASH];
	unsigned scopes;
};

static size_t list_tokens(struct live *live, struct seen_token **list)
{
	size_t count = 0;
	pthread_mutex_lock(&live->lock);
	*list = xcalloc(live->client_count + 1, sizeof **list);
	for (const struct client *c = live->clients; c; c = c->next) {
		size_t i = 0;
		while (i < count && memcmp((*list)[i].hash, c->token, TOKEN_HASH) != 0)
			i++;
		if (i == count && c->state == CLIENT_STREAM)
			memcpy((*list)[count++].hash, c->token, TOKEN_HASH);
	}
	pthread_mutex_unlock(&live->lock);
	return count;
}

// In the middle of an event nothing else can be said.
static void send_away(struct live *live, const struct seen_token *token)
{
	pthread_mutex_lock(&live->lock);
	for (struct client *c = live->clients; c; c = c->next) {
		if (c->state != CLIENT_STREAM || memcmp(c->token, token->hash, TOKEN_HASH) != 0 ||
		    (token->scopes & c->scopes) == c->scopes)
			continue;
		c->gone = c->frame || c->out.len > 0;
		frame_text(&c->out, "end", -1, TEXT("{\"reason\":\"token\"}"));
		c->state = CLIENT_CLOSING;
	}
	pthread_mutex_unlock(&live->lock);
	live_wake(live->wake_hub);
}

static bool check_tokens(struct watch *watch, struct pool_slot *slot, struct err *err)
{
	struct seen_token *list;
	bool fine = true;
	usec_t now = usec_monotonic();
	if (now - watch->tokens_at < TOKENS_SECONDS * USEC_PER_SEC)
		return true;
	watch->tokens_at = now;
	size_t count = list_tokens(watch->live, &list);
	struct arena *arena = arena_new();
	for (size_t i = 0; i < count && fine; i++) {
		struct token token = {0};
		bool found = false;
		fine = store_token(slot->store, list[i].hash, arena, &token, &found, err);
		list[i].scopes = found ? token.scopes : 0;
		if (fine)
			send_away(watch->live, &list[i]);
	}
	arena_free(arena);
	free(list);
	return fine;
}

// ---- opening

static void log_opened(const struct live *live, const struct request *request,
		       const struct reply *reply, struct text token)
{
	char client[ADDRESS_TEXT];
	LOG_AT(live->service->app->log, reply->status >= 400 ? LOG_INFO : LOG_DEBUG, "request",
	       LOG_S("request", request->id), LOG_T("path", request->path),
	       LOG_I("status", reply->status), LOG_T("token", token.p ? token : TEXT("-")),
	       LOG_S("client", address_format(&request->client.address, client)));
}

static bool is_full(int64_t count, int64_t most)
{
	return most > 0 && count >= most;
}

// NULL, or why there is no place. As for other requests, loopback addresses have no limit of their own.
static const char *refuses(struct live *live, const struct live_ask *ask, const struct asker *asker)
{
	const struct settings *settings = live->service->app->settings;
	bool bounded = asker->known && !address_is_loopback(&asker->address);
	int64_t token = 0, address = 0;
	for (const struct client *c = live->clients; c; c = c->next) {
		if (c->state != CLIENT_STREAM)
			continue;
		token += memcmp(c->token, ask->token, TOKEN_HASH) == 0;
		address += bounded && address_same(&c->asker.address, &asker->address);
	}
	if (is_full(token, settings->token_live))
		return "This token has too many live streams.";
	if (is_full(address, settings->address_live))
		return "This address has too many live streams.";
	if (live->question_count >= QUESTIONS_MOST && !question_find(live, ask->key))
		return "Too many different questions are being answered live.";
	return NULL;
}

static struct question *question_for(struct watch *watch, const struct live_ask *ask)
{
	struct live *live = watch->live;
	struct question *question = question_find(live, ask->key);
	bool near = ask->after >= 0 && ask->after <= watch->commit &&
		    watch->commit - ask->after <= BACK_COMMITS;
	if (!question)
		question = question_add(live, ask, near ? ask->after : watch->commit);
	question->clients++;
	return question;
}

static void attach(struct client *client, const struct live_ask *ask, const struct reply *reply)
{
	struct question *question = client->question;
	char text[64];
	bool funnel = question->query.view == LIVE_FUNNEL;
	bool goes_on = question_place(question, ask->after, &client->place);
	int64_t at = goes_on && !funnel ? ask->after : question->done;
	if (!goes_on)
		client->place = funnel ? question->first : question->last;
	live_stream_head(&client->out, reply);
	snprintf(text, sizeof text, "{\"commit\":%lld}", (long long)at);
	frame_text(&client->out, ask->after >= 0 && !goes_on && !funnel ? "resync" : "start", at,
		   text_of(text));
	client->state = CLIENT_STREAM;
	client->spoke_at = usec_monotonic();
	memcpy(client->token, ask->token, TOKEN_HASH);
	client->scopes = ask->scopes;
	client->access = ask->access;
}

// Its question is brought up to now first, so that all that the client may have seen is behind it.
static bool answer_first(struct watch *watch, struct client *client, struct err *err)
{
	struct honesty honesty;
	if (client->question->done == watch->commit && client->question->answered_at > 0)
		return true;
	struct pool_slot *slot = take(watch, err);
	if (!slot)
		return false;
	bool fine = read_honesty(slot, &honesty, err);
	if (fine &&
	    (honesty.commit != client->question->done || client->question->answered_at == 0))
		fine = answer(watch, slot, client->question, &honesty, err);
	give(watch, slot, fine, err);
	return fine;
}

static bool read_commit(struct watch *watch, struct err *err)
{
	struct pool_slot *slot = take(watch, err);
	if (!slot)
		return false;
	bool fine = store_newest_commit(slot->store, &watch->commit, err);
	give(watch, slot, fine, err);
	return fine;
}

// The lock is held on return.
static void stream(struct watch *watch, struct client *client, const struct request *request,
		   struct reply *reply)
{
	struct live *live = watch->live;
	const struct live_ask *ask = request->live;
	struct err err = {0};
	bool fine = read_commit(watch, &err);
	pthread_mutex_lock(&live->lock);
	const char *full = fine ? refuses(live, ask, &request->client) : NULL;
	if (fine && !full) {
		client->question = question_for(watch, ask);
		pthread_mutex_unlock(&live->lock);
		fine = answer_first(watch, client, &err);
		pthread_mutex_lock(&live->lock);
	}
	if (fine && !full) {
		attach(client, ask, reply);
		client->asker = request->client;
		live->opened++;
		return;
	}
	question_leave(client->question, usec_monotonic());
	client->question = NULL;
	client->access = ask->access;
	reply_problem(reply, 503, full ? full : "The database cannot be asked at the moment.",
		      TEXT_NONE, request->id);
	reply_header(reply, "Cache-Control", TEXT("no-store"));
	reply_header(reply, "Request-Id", text_of(request->id));
	live_reply(&client->out, reply);
	client->state = CLIENT_CLOSING;
}

static void open_client(struct watch *watch, struct client *client)
{
	struct live *live = watch->live;
	struct arena *arena = arena_new();
	struct live_ask ask = {.after = -1};
	struct request request;
	struct reply reply;
	struct text token = TEXT_NONE;
	struct holds holds = {0}; // of the limits, while it is opened
	live_request(buf_view(&client->head), arena, &request);
	client_find(&live->service->proxies, (const struct sockaddr *)&client->peer.address,
		    request.forwarded, &request.client);
	request.live = &ask;
	request.holds = &holds;
	reply_begin(&reply, arena);
	dispatch(live->service, &request, &reply, &token);
	limit_leave(live->service->addresses, &holds.address);
	limit_leave(live->service->tokens, &holds.token);
	if (reply.status == 200 && ask.accepted) {
		stream(watch, client, &request, &reply);
	} else {
		pthread_mutex_lock(&live->lock);
		live_reply(&client->out, &reply);
		client->state = CLIENT_CLOSING;
	}
	client->deadline = 0;
	pthread_mutex_unlock(&live->lock);
	service_count(live->service, reply.status);
	log_opened(live, &request, &reply, token);
	reply_free(&reply);
	arena_free(arena);
}

static struct client *next_queued(struct live *live)
{
	pthread_mutex_lock(&live->lock);
	struct client *client = NULL;
	for (struct client *c = live->clients; c; c = c->next) {
		if (c->state == CLIENT_QUEUED)
			client = c; // the oldest is the last
	}
	if (client)
		client->state = CLIENT_OPENING;
	pthread_mutex_unlock(&live->lock);
	return client;
}

static void open_some(struct watch *watch)
{
	struct client *client = NULL;
	int count = 0;
	while (count < OPEN_AT_ONCE && !atomic_load(&watch->live->stop_watcher) &&
	       (client = next_queued(watch->live))) {
		open_client(watch, client);
		count++;
	}
	watch->more = count == OPEN_AT_ONCE;
	if (count > 0)
		live_wake(watch->live->wake_hub);
}

// ---- the access log

static size_t take_ended(struct live *live, int64_t *ids, int64_t *rows)
{
	pthread_mutex_lock(&live->lock);
	size_t count = live->ended_count < ENDED_AT_ONCE ? live->ended_count : ENDED_AT_ONCE;
	live->ended_count -= count;
	for (size_t i = 0; i < count; i++) {
		ids[i] = live->ended[live->ended_count + i].access;
		rows[i] = live->ended[live->ended_count + i].rows;
	}
	pthread_mutex_unlock(&live->lock);
	return count;
}

static void count_ended(struct watch *watch)
{
	int64_t ids[ENDED_AT_ONCE], rows[ENDED_AT_ONCE];
	struct err err = {0};
	struct pool *pool = watch->live->service->access;
	size_t count = take_ended(watch->live, ids, rows);
	if (count == 0)
		return;
	struct pool_slot *slot = pool_take(pool, &err);
	bool ok = slot && store_access_done_all(slot->store, ids, rows, count, &err);
	if (slot)
		pool_give(pool, slot, !ok && err.kind == ERR_DATABASE);
	if (!ok)
		log_error(watch->live->service->app->log, "access_count_lost",
			  LOG_I("streams", count), LOG_S("error", err.text));
}

// ---- the loop

// F146: those who look at numbers that do not move must know why they do not.
static void tell_all(struct watch *watch, bool stale)
{
	struct live *live = watch->live;
	if (watch->stale == stale)
		return;
	watch->stale = stale;
	pthread_mutex_lock(&live->lock);
	for (struct question *q = live->questions; q; q = q->next) {
		struct frame *frame = frame_new(stale ? "stale" : "fresh", -1, 0, TEXT("{}"));
		frame->id = q->done;
		question_publish(q, frame);
		q->answered_at = 0;
	}
	pthread_mutex_unlock(&live->lock);
	log_warn(live->service->app->log, stale ? "live_stale" : "live_fresh",
		 LOG_S("why", stale ? "the database cannot be asked" : "it answers again"));
}

static bool asks(struct watch *watch, struct pool_slot *slot, struct err *err)
{
	if (!listen_if_new(watch, slot, err) || !look(watch, slot, err))
		return false;
	if (usec_monotonic() - watch->asked_at >= EVERY_MS * MS && !answer_all(watch, slot, err))
		return false;
	return check_tokens(watch, slot, err);
}

static void round_of_questions(struct watch *watch)
{
	struct err err = {0};
	struct pool_slot *slot = take(watch, &err);
	bool fine = slot && asks(watch, slot, &err);
	if (slot)
		give(watch, slot, fine, &err);
	if (!fine)
		log_debug(watch->live->service->app->log, "live_failed", LOG_S("error", err.text));
	tell_all(watch, !fine);
	live_wake(watch->live->wake_hub);
}

static bool anybody(struct watch *watch)
{
	struct live *live = watch->live;
	usec_t now = usec_monotonic();
	bool any = false;
	pthread_mutex_lock(&live->lock);
	if (now - watch->swept_at >= SWEEP_SECONDS * USEC_PER_SEC) {
		watch->swept_at = now;
		questions_sweep(live, now);
	}
	for (const struct question *q = live->questions; q; q = q->next)
		any |= q->clients > 0;
	pthread_mutex_unlock(&live->lock);
	return any;
}

static void pause_round(struct watch *watch)
{
	struct pollfd polls[] = {{watch->live->wake_watcher, POLLIN, 0},
				 {watch->socket, POLLIN, 0}};
	uint64_t ignored;
	if (watch->more)
		return;
	if (watch->pending)
		polls[1].fd = -1; // told already: the pause between two rounds is all that is left
	poll(polls, 2, watch->pending ? EVERY_MS : TICK_MS);
	while (polls[0].revents && read(watch->live->wake_watcher, &ignored, sizeof ignored) > 0)
		continue;
}

void *live_watch_main(void *self)
{
	struct watch watch = {.live = self, .socket = -1};
	struct live *live = self;
	while (!atomic_load(&live->stop_watcher)) {
		open_some(&watch);
		if (anybody(&watch))
			round_of_questions(&watch);
		count_ended(&watch);
		pause_round(&watch);
	}
	pthread_mutex_lock(&live->lock);
	for (struct client *c = live->clients; c; c = c->next)
		c->state = CLIENT_CLOSING; // that were being opened
	while (live->clients)
		client_end(live, live->clients);
	pthread_mutex_unlock(&live->lock);
	for (size_t left = 1; left > 0;) {
		count_ended(&watch);
		pthread_mutex_lock(&live->lock);
		left = live->ended_count;
		pthread_mutex_unlock(&live->lock);
	}
	pool_free(watch.pool);
	return NULL;
}
