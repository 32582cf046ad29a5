// SPDX-License-Identifier: Apache-2.0
#include "api/http/auth.h"

#include "api/token.h"

#include <strings.h>

enum { WINDOW_SECONDS = 60, FAILURES_ALLOWED = 60 };

static const char scheme[] = "Bearer ";

struct text auth_bearer(const struct request *request)
{
	struct text header = request->authorization;
	size_t n = sizeof scheme - 1;
	if (request->authorizations != 1 || !header.p || header.n <= n ||
	    strncasecmp(header.p, scheme, n) != 0)
		return TEXT_NONE;
	return (struct text){header.p + n, header.n - n};
}

static struct text token_of(const struct request *request)
{
	struct text token = auth_bearer(request);
	return token_looks_right(token) ? token : TEXT_NONE;
}

// Counts a wrong token; false when there were too many in this minute. Right tokens are not
// affected, so nobody can lock others out.
static bool may_try_again(struct throttle *throttle)
{
	usec_t now = usec_monotonic();
	pthread_mutex_lock(&throttle->lock);
	if (throttle->failures == 0 || now - throttle->since > WINDOW_SECONDS * USEC_PER_SEC) {
		throttle->since = now;
		throttle->failures = 0;
	}
	bool may = ++throttle->failures <= FAILURES_ALLOWED;
	pthread_mutex_unlock(&throttle->lock);
	return may;
}

static enum auth refuse(struct call *call)
{
	if (may_try_again(&call->service->throttle))
		call_problem(call, 401, "A valid bearer token is needed.", NULL);
	else
		call_problem(call, 429, "Too many wrong tokens.", NULL);
	return AUTH_REFUSED;
}

// F191: where the database does not keep rows of other domains back, a mistake of ours would show them.
static enum auth refuse_unguarded(struct call *call)
{
	log_error(call->service->app->log, "rows_not_guarded", LOG_T("token", call->token.name),
		  LOG_S("next",
			"tokens limited to domains need a database connection that is a member of "
			"receiptd_read and not the owner's: docs/API.md, Roles of the database"));
	call_problem(call, 503,
		     "This token is limited to domains, and the database connection does not keep "
		     "rows of other domains back (its role is not receiptd_read).",
		     NULL);
	return AUTH_REFUSED;
}

static enum auth check_scope(struct call *call, unsigned needed)
{
	if ((call->token.scopes & needed) == needed)
		return AUTH_GOOD;
	unsigned missing = needed & ~call->token.scopes;
	struct text detail = arena_printf(call->request->arena, "This needs the scope %s.",
					  scope_name(missing & (0 - missing))); // one of them
	call_problem(call, 403, arena_zstr(call->request->arena, detail), NULL);
	return AUTH_REFUSED;
}

static enum auth judge(struct call *call, unsigned scope)
{
	if (call->token.domains.count > 0 && scope != SCOPE_FEED &&
	    !store_is_guarded(call->db->store))
		return refuse_unguarded(call);
	return check_scope(call, scope);
}

// A missing or malformed token is looked up too (as the hash of nothing): same time, same answer.
// The comparison is one of hashes, in the database.
enum auth auth_scope(struct call *call, unsigned scope, struct err *err)
{
	struct text token = token_of(call->request);
	unsigned char hash[TOKEN_HASH];
	bool found = false;
	token_hash(token, hash);
	if (!store_token(call->db->store, hash, call->request->arena, &call->token, &found, err))
		return AUTH_FAILED;
	if (!found || !token.p)
		return refuse(call);
	token_keep(&call->service->known_tokens, hash, &call->token);
	return judge(call, scope);
}

// Only where the answer is of nobody but who asks: figures may be shared between those who do.
static bool expect(struct call *call)
{
	unsigned char hash[TOKEN_HASH];
	token_hash(token_of(call->request), hash);
	if (!call->route->audited || call->request->live || call->doubted ||
	    !token_expect(&call->service->known_tokens, hash, call->request->arena, &call->token))
		return false;
	store_token_ahead(call->db->store, hash, call->token.domains.count == 0);
	call->expected = true;
	return true;
}

enum auth auth_check(struct call *call, struct err *err)
{
	return expect(call) ? judge(call, call->route->scope)
			    : auth_scope(call, call->route->scope, err);
}

void auth_doubt(struct call *call)
{
	unsigned char hash[TOKEN_HASH];
	token_hash(token_of(call->request), hash);
	token_forget(&call->service->known_tokens, hash);
	call->token = (struct token){0};
	call->expected = false;
	call->doubted = true;
}

enum auth auth_confirm(struct call *call, struct err *err)
{
	unsigned char hash[TOKEN_HASH];
	struct token token = {0};
	bool found = false;
	token_hash(token_of(call->request), hash);
	bool asked = store_token(call->db->store, hash, call->request->arena, &token, &found, err);
	if (asked && found && token_same(&token, &call->token))
		return AUTH_GOOD;
	auth_doubt(call);
	return asked ? AUTH_REFUSED : AUTH_FAILED;
}

static bool is_told(struct token_uses *uses, const unsigned char *hash)
{
	usec_t now = usec_monotonic();
	size_t i = (size_t)(hash[0] ^ hash[1]) % TOKEN_USES;
	pthread_mutex_lock(&uses->lock);
	bool told = uses->list[i].told && now - uses->list[i].told < 60 * USEC_PER_SEC &&
		    memcmp(uses->list[i].hash, hash, TOKEN_HASH) == 0;
	memcpy(uses->list[i].hash, hash, TOKEN_HASH);
	if (!told)
		uses->list[i].told = now;
	pthread_mutex_unlock(&uses->lock);
	return told;
}

void auth_note_use(struct call *call)
{
	struct err err = {0};
	struct pool *pool = call->service->access;
	unsigned char hash[TOKEN_HASH];
	if (!call->token.name.p)
		return;
	token_hash(auth_bearer(call->request), hash);
	if (is_told(&call->service->token_uses, hash))
		return;
	struct pool_slot *slot = pool_take(pool, &err);
	bool ok = slot && store_token_used(slot->store, hash, &err);
	if (slot)
		pool_give(pool, slot, !ok && err.kind == ERR_DATABASE);
	if (!ok)
		log_debug(call->service->app->log, "token_use_lost", LOG_S("error", err.text));
}

// Origin is sent by browsers for requests from other pages: scheme "://" host [":" port].
bool auth_same_origin(const struct request *request)
{
	struct text origin = request->origin;
	if (!origin.p)
		return true;
	const char *host = memmem(origin.p, origin.n, "://", 3);
	if (!host || !request->host.p)
		return false;
	host += 3;
	size_t n = origin.n - (size_t)(host - origin.p);
	return n == request->host.n && strncasecmp(host, request->host.p, n) == 0;
}
