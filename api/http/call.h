// SPDX-License-Identifier: Apache-2.0
// What a handler works with: the request as checked, the database connection, the answer.
#ifndef API_HTTP_CALL_H
#define API_HTTP_CALL_H

#include "api/http/known_tokens.h"
#include "api/http/limit.h"
#include "api/http/params.h"
#include "api/http/reply.h"
#include "api/pool.h"
#include "api/token.h"
#include "core/address.h"

#include <pthread.h>
#include <stdatomic.h>

struct throttle { // wrong tokens in the running minute (F135)
	pthread_mutex_t lock;
	usec_t since; // monotonic
	int failures;
};

enum { FEED_TOKENS = 16 };

struct feed_token { // a token with scope feed that was good
	unsigned char hash[TOKEN_HASH];
	usec_t until; // monotonic: then it is asked for again
};

struct feed_tokens { // F58: a feed goes on while the database is away
	pthread_mutex_t lock;
	struct feed_token list[FEED_TOKENS];
	size_t next;
};

struct proxies { // whose X-Forwarded-For is believed
	struct address_range *ranges;
	size_t count;
};

struct asker { // for whom a request is (peer.h)
	struct address address;
	bool known;     // false: no IP connection
	bool forwarded; // a trusted proxy said so
};

struct holds { // of the limits, from the head of a request to the end of its answer
	struct limit_hold address, token;
};

struct gate_peer;

enum { TOKEN_USES = 256 };

struct token_uses { // so that the database is not told more often than once a minute
	pthread_mutex_t lock;
	struct {
		unsigned char hash[TOKEN_HASH];
		usec_t told; // monotonic
	} list[TOKEN_USES];
};

struct service { // one per server, shared by all threads
	struct app *app;
	int (*take)(int listener, struct gate_peer *peer); // of the gate; NULL: accept
	struct pool *read;
	struct pool *access;
	struct pool *streams; // of answers of any length: as many at once as it has connections
	struct throttle throttle;
	struct proxies proxies;
	struct limiter *addresses, *tokens;
	struct feed_tokens feed_tokens;
	struct token_uses token_uses;
	struct known_tokens known_tokens;
	struct again *again;
	struct live *live;     // live.h
	struct scrape *scrape; // scrape.h
	usec_t started_at;
	atomic_llong answered[6]; // by class of the status: [2] is 2xx
};

static inline void service_count(struct service *service, int status)
{
	atomic_fetch_add(&service->answered[status / 100 % 6], 1);
}

struct request { // as sent; the head has been checked (head.h)
	char id[REQUEST_ID];
	struct text method, path, query;
	struct text authorization, accept, origin, host; // absent when not sent
	struct text accept_encoding;
	struct text type, encoding, delivery, timestamp, signature, stream; // of a feed
	struct text known; // If-None-Match: one tag that the client has
	int authorizations;
	struct asker client;
	struct holds *holds; // NULL: no limits here
	int fd; // of the connection, 0 = none: to see whether anybody still waits for the answer
	bool has_body;
	unsigned long long length; // of the body as told, 0 = not told
	bool too_large;            // so it was not read
	struct text body;          // read when the route takes one
	struct text last_event;    // Last-Event-ID
	struct text forwarded;     // the last X-Forwarded-For, of a live path
	struct live_ask *live;     // of a live path: what its handler makes of it (live.h)
	struct arena *arena;
};

struct call {
	struct service *service;
	const struct request *request;
	const struct route *route;
	const struct text *parts;   // what stands in the path for {…}, in order
	const struct param *params; // in the order of the route's table
	struct token token;
	bool expected; // the token is known from before, and the database has still to say so
	bool doubted;  // that went wrong once: it is looked up first
	struct pool_slot *db; // NULL for routes without database
	struct reply *reply;
	usec_t now;
	int64_t rows;   // shown, for the access log
	bool cut_short; // its query was cancelled: too long, or nobody waits for it (F145)
	int64_t access; // its intent row; 0 = the route has none
};

// Fills the reply. False with err: the caller makes a problem of it (503, 500) or tries again.
typedef bool route_fn(struct call *call, struct err *err);

struct param_table {
	const struct param_spec *specs;
	size_t count;
};

enum { PARAMS_MAX = PARAM_MAX_COUNT };

enum { ROUTE_PARTS = 2 };

struct route {
	// {name} in the path stands for one part of it, of letters, digits and -._ only (never empty
	// or starting with a dot); of two routes the first that fits is taken.
	const char *method, *path;
	unsigned scope; // of enum scope_bits; 0 = no token asked for
	bool database;
	bool audited;      // leaves an intent and a count row in the access log (F192)
	const char *cache; // Cache-Control
	route_fn *handle;
	const struct param_table *params;
};

static inline bool route_takes_body(const struct route *route)
{
	return strcmp(route->method, "POST") == 0;
}

// All of them one after the other, then NULL.
const struct route *route_at(size_t i);

// NULL: nothing is at this path. parts has room for ROUTE_PARTS; NULL = not wanted.
const struct route *route_find(struct text path, struct text *parts);

// Answers with a problem; always true, so that a handler can return it.
bool call_problem(struct call *call, int status, const char *detail, const char *parameter);

// The count row of an access, after the answer (F192). A handler that leaves a producer has it call
// this; all others have it done for them.
void access_count(struct service *service, const char *request_id, int64_t access, int64_t rows);

// Which single domain this call is about. A token limited to domains sees only those: with one it is
// taken by itself, with more the client must say which. False: the problem is in the reply (F134).
bool call_domain(struct call *call, const struct param *asked, const char *name,
		 struct text *domain);
bool token_sees(const struct token *token, struct text domain);

// A full JID names an occupant on a MUC domain; elsewhere the resource does not matter (M1, M7).
struct text call_party(struct call *call, const struct param *param);

// NULL: there is no such zone. Absent: the reporting zone of the settings. Freed by the caller.
struct zone *call_zone(struct call *call, const struct param *tz);

// Hash of everything that says which rows are meant, and in which order; a cursor belongs to it (F147).
int64_t call_question(const struct call *call);
struct cursor;
bool call_cursor(struct call *call, const struct param *param, struct cursor *cursor);

// since < until, where both are given; the problem names since (F144).
bool call_range(struct call *call, usec_t since, usec_t until);

// F8: nothing that is still to come can change the rates up to end, but for late acks.
bool is_final(const struct honesty *honesty, usec_t end, usec_t t_expire);

#endif
