// SPDX-License-Identifier: Apache-2.0
// For whom a request is, and whether we are who is asked: addresses behind proxies (F159), names of this
// server (F150), limits of one address and of one token.
#ifndef API_HTTP_PEER_H
#define API_HTTP_PEER_H

#include "api/http/call.h"

// Reads trusted_proxies. ERR_USAGE: something in there is no address.
bool proxies_read(const struct settings *settings, struct proxies *proxies, struct err *err);

bool proxy_is_trusted(const struct proxies *proxies, const struct sockaddr *peer);

// The address of the peer, or when that is a trusted proxy, the last one in X-Forwarded-For that is not.
void client_find(const struct proxies *proxies, const struct sockaddr *peer, struct text forwarded,
		 struct asker *client);

// Each false: the refusal is in the reply.
bool host_is_ours(struct call *call);
bool address_may_ask(struct call *call);
bool token_may_ask(struct call *call); // good or not; who sends none may

#endif
