// SPDX-License-Identifier: Apache-2.0
// Live streams (server-sent events): GET /v1/live/... Their sockets are no business of libmicrohttpd, which
// needs a thread for each: a hub of two threads serves all of them. One sends and receives (live_hub.c), the
// other asks the database (live_watch.c): once for each commit and distinct question, however many clients
// asked it. What the answers are is said in live_views.c.
//
// An event's id is the number of the last commit that it covers. A client that comes back with the one it had
// last misses nothing and gets nothing twice, or is told to fetch the whole again ("resync").
#ifndef API_HTTP_LIVE_H
#define API_HTTP_LIVE_H

#include "api/http/call.h"
#include "api/http/gate.h"

struct live;

enum live_view { LIVE_MESSAGES, LIVE_UNACKNOWLEDGED, LIVE_FUNNEL };

struct live_query { // what is asked, without who asks
	enum live_view view;
	struct message_filter filter; // realm, now and t_expire are those of the answer
	usec_t window;                // LIVE_FUNNEL
	struct text from_domain, to_domain;
};

struct live_ask { // what a handler makes of a request
	bool accepted;
	struct live_query query; // texts: the arena of the request
	struct text key;         // the same as text: equal for equal questions
	int64_t after;           // commit number that the client has seen, -1 = none
	int64_t access;          // row of the access log, to be counted at the end; 0 = none
	unsigned scopes;         // that its token must go on to have
	unsigned char token[TOKEN_HASH];
};

bool live_owns(struct text target); // by path: all below /v1/live/

struct live *live_start(struct service *service); // NULL: no thread, errno
// Takes over the connection and reads the head off it. False: no place (F137).
bool live_take(struct live *live, const struct gate_asked *asked);
void live_stop(struct live *live); // closes all; NULL is fine

struct live_state {
	size_t clients, questions;
	long long opened, events, dropped; // since the start; events: sent to somebody
};
void live_state(struct live *live, struct live_state *state);

#endif
