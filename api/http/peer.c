// SPDX-License-Identifier: Apache-2.0
#include "api/http/peer.h"

#include "api/http/auth.h"
#include "core/arena.h"

#include <strings.h>

// ---- proxies

bool proxies_read(const struct settings *settings, struct proxies *proxies, struct err *err)
{
	const struct string_list *list = &settings->trusted_proxies;
	*proxies = (struct proxies){xcalloc(list->count + 1, sizeof *proxies->ranges), 0};
	for (size_t i = 0; i < list->count; i++) {
		if (!address_range_parse(text_of(list->items[i]),
					 &proxies->ranges[proxies->count++]))
			return err_set(err, ERR_USAGE,
				       "trusted_proxies: \"%.100s\" is not an address such as "
				       "192.0.2.1 or 10.0.0.0/8",
				       list->items[i]);
	}
	return true;
}

static bool is_trusted(const struct proxies *proxies, const struct address *address)
{
	for (size_t i = 0; i < proxies->count; i++) {
		if (address_in(address, &proxies->ranges[i]))
			return true;
	}
	return false;
}

bool proxy_is_trusted(const struct proxies *proxies, const struct sockaddr *peer)
{
	struct address address;
	return address_of(peer, &address) && is_trusted(proxies, &address);
}

// Takes the last item of a list off.
static struct text take_last(struct text *list)
{
	size_t at = list->n;
	while (at > 0 && list->p[at - 1] != ',')
		at--;
	struct text item = {list->p + at, list->n - at};
	list->n = at > 0 ? at - 1 : 0;
	while (item.n > 0 && (*item.p == ' ' || *item.p == '\t'))
		item = (struct text){item.p + 1, item.n - 1};
	while (item.n > 0 && (item.p[item.n - 1] == ' ' || item.p[item.n - 1] == '\t'))
		item.n--;
	return item;
}

// Each proxy puts the address of who asked it at the end, so the list is believed from its end on, as far
// as proxies of ours wrote it.
void client_find(const struct proxies *proxies, const struct sockaddr *peer, struct text forwarded,
		 struct asker *client)
{
	struct address next;
	client->known = address_of(peer, &client->address);
	while (client->known && forwarded.p && forwarded.n > 0 &&
	       is_trusted(proxies, &client->address)) {
		if (!address_parse(take_last(&forwarded), &next))
			return;
		client->address = next;
		client->forwarded = true;
	}
}

// ---- names

bool host_is_ours(struct call *call)
{
	const struct string_list *names = &call->service->app->settings->server_names;
	struct text host = call->request->host;
	const char *port = host.n ? memrchr(host.p, ':', host.n) : NULL;
	if (port && !memchr(port, ']', host.n - (size_t)(port - host.p)))
		host.n = (size_t)(port - host.p);
	for (size_t i = 0; i < names->count; i++) {
		if (host.n == strlen(names->items[i]) &&
		    strncasecmp(host.p, names->items[i], host.n) == 0)
			return true;
	}
	if (names->count == 0)
		return true;
	return !call_problem(call, 421, "This server has another name.", NULL);
}

// ---- limits

static bool allowed(struct call *call, enum limit_verdict verdict, int wait, const char *whose)
{
	struct arena *arena = call->request->arena;
	if (verdict == LIMIT_GOOD)
		return true;
	struct text detail =
		verdict == LIMIT_RATE
			? arena_printf(arena, "Too many requests %s.", whose)
			: arena_printf(arena, "Too many requests %s at a time.", whose);
	call_problem(call, 429, arena_zstr(arena, detail), NULL);
	reply_retry(call->reply, wait);
	return false;
}

// A proxy on this machine that does not say for whom it asks stands for many.
bool address_may_ask(struct call *call)
{
	const struct asker *client = &call->request->client;
	int wait = 0;
	if (!call->request->holds || !client->known || address_is_loopback(&client->address))
		return true;
	struct text who = {(const char *)client->address.bytes, sizeof client->address.bytes};
	enum limit_verdict verdict = limit_enter(call->service->addresses, who, usec_monotonic(),
						 &call->request->holds->address, &wait);
	return allowed(call, verdict, wait, "from this address");
}

// Before anybody knows whether it is a good one: who may not run must not wait for a connection to the
// database either.
bool token_may_ask(struct call *call)
{
	int wait = 0;
	unsigned char hash[TOKEN_HASH];
	struct text bearer = auth_bearer(call->request);
	if (!call->request->holds || !token_looks_right(bearer))
		return true;
	token_hash(bearer, hash);
	struct text who = {(const char *)hash, sizeof hash};
	enum limit_verdict verdict = limit_enter(call->service->tokens, who, usec_monotonic(),
						 &call->request->holds->token, &wait);
	return allowed(call, verdict, wait, "with this token");
}
