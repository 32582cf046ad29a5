// SPDX-License-Identifier: Apache-2.0
// POST /v1/feed: who may, and what comes of it. What is stored, and how, is the sink's (core/feed_sink.h).
#include "api/http/auth.h"
#include "api/http/handlers.h"
#include "core/feed_sink.h"

#define FRESH (60 * USEC_PER_SEC)

enum { FEED, DIR, SESSION };

static const struct param_spec specs[] = {
	[FEED] = {.name = "feed", .type = PARAM_TEXT},
	[DIR] = {.name = "dir", .type = PARAM_TEXT},
	[SESSION] = {.name = "session", .type = PARAM_JID},
};

const struct param_table feed_params = {specs, sizeof specs / sizeof *specs};

// ---- who may

static const struct feed_sink *sink_of(const struct call *call)
{
	return call->service->app->feed;
}

static bool signed_rightly(struct call *call)
{
	const struct request *request = call->request;
	struct feed_signature signature = {.id = request->delivery,
					   .timestamp = request->timestamp,
					   .signature = request->signature,
					   .body = request->body,
					   .now = call->now};
	return request->signature.p &&
	       sink_of(call)->knows_signature(sink_of(call)->self, call->params[FEED].raw,
					      &signature);
}

static enum auth token_in_database(struct call *call, struct err *err)
{
	struct pool *pool = call->service->read;
	struct pool_slot *slot = pool_take(pool, err);
	if (!slot)
		return AUTH_FAILED;
	call->db = slot;
	enum auth auth = auth_scope(call, SCOPE_FEED, err);
	call->db = NULL;
	pool_give(pool, slot, auth == AUTH_FAILED && err->kind == ERR_DATABASE);
	return auth;
}

static struct feed_token *known_token(struct feed_tokens *tokens, const unsigned char *hash)
{
	for (size_t i = 0; i < FEED_TOKENS; i++)
		if (tokens->list[i].until && !memcmp(tokens->list[i].hash, hash, TOKEN_HASH))
			return &tokens->list[i];
	return NULL;
}

static void keep_token(struct feed_tokens *tokens, const unsigned char *hash, bool good)
{
	pthread_mutex_lock(&tokens->lock);
	struct feed_token *known = known_token(tokens, hash);
	if (!known && good)
		known = &tokens->list[tokens->next++ % FEED_TOKENS];
	if (known) {
		memcpy(known->hash, hash, TOKEN_HASH);
		known->until = good ? usec_monotonic() + FRESH : 0;
	}
	pthread_mutex_unlock(&tokens->lock);
}

// *fresh: it was found good less than a minute ago. A token that was revoked is so within that minute.
static bool is_known(struct feed_tokens *tokens, const unsigned char *hash, bool *fresh)
{
	pthread_mutex_lock(&tokens->lock);
	struct feed_token *known = known_token(tokens, hash);
	*fresh = known && usec_monotonic() < known->until;
	pthread_mutex_unlock(&tokens->lock);
	return known != NULL;
}

// While the database is away a token counts that was good before (F58).
static enum auth check_token(struct call *call, struct err *err)
{
	unsigned char hash[TOKEN_HASH];
	bool fresh;
	token_hash(auth_bearer(call->request), hash);
	bool known = is_known(&call->service->feed_tokens, hash, &fresh);
	if (fresh)
		return AUTH_GOOD;
	enum auth auth = token_in_database(call, err);
	if (auth == AUTH_FAILED && known) {
		*err = (struct err){0};
		return AUTH_GOOD;
	}
	if (auth != AUTH_FAILED)
		keep_token(&call->service->feed_tokens, hash, auth == AUTH_GOOD);
	return auth;
}

static enum auth check(struct call *call, struct err *err)
{
	struct text bearer = auth_bearer(call->request);
	if (signed_rightly(call) ||
	    (bearer.n &&
	     sink_of(call)->knows_bearer(sink_of(call)->self, call->params[FEED].raw, bearer)))
		return AUTH_GOOD;
	return check_token(call, err);
}

// ---- the answer

static void answer_taken(struct call *call, struct feed_answer *answer)
{
	JSON_AUTO *body =
		json_pack("{s:I, s:I, s:I, s:O?}", "accepted", (json_int_t)answer->accepted,
			  "duplicates", (json_int_t)answer->duplicates, "quarantined",
			  (json_int_t)answer->quarantined, "items", answer->items);
	if (!answer->items)
		json_object_set_new(body, "items", json_array());
	reply_json(call->reply, body);
}

static const struct feed_refusal {
	int status;
	const char *detail; // NULL: the sink's
} refusals[] = {
	[FEED_BUSY] = {503, "The spool is full; come again."},
	[FEED_LARGE] = {413, "Send it in smaller deliveries."},
	[FEED_BROKEN] = {503, "This could not be made durable; send it again."},
	[FEED_UNKNOWN] = {404, "There is no webhook feed of this name, or several and none named."},
	[FEED_TYPE] = {415, NULL},
	[FEED_BAD] = {400, NULL},
};

static void answer_refused(struct call *call, enum feed_status status, struct feed_answer *answer)
{
	const struct feed_refusal *refusal = &refusals[status];
	if (status == FEED_BROKEN)
		log_error(call->service->app->log, "feed-not-taken",
			  LOG_S("request", call->request->id), LOG_S("error", answer->err.text));
	call_problem(call, refusal->status, refusal->detail ? refusal->detail : answer->detail,
		     NULL);
}

static void take(struct call *call)
{
	const struct request *request = call->request;
	const struct param *session = &call->params[SESSION];
	struct feed_answer answer = {0};
	struct feed_delivery delivery = {.feed = call->params[FEED].raw,
					 .id = request->delivery,
					 .stream = request->stream,
					 .type = request->type,
					 .dir = call->params[DIR].raw,
					 .session = session->given ? session->text : TEXT_NONE,
					 .body = request->body,
					 .now = call->now};
	enum feed_status status = sink_of(call)->take(sink_of(call)->self, &delivery, &answer);
	if (status == FEED_TAKEN)
		answer_taken(call, &answer);
	else
		answer_refused(call, status, &answer);
	json_decref(answer.items);
}

bool handle_feed(struct call *call, struct err *err)
{
	if (!sink_of(call))
		return call_problem(call, 404, "No feed is configured here.", NULL);
	enum auth auth = check(call, err);
	if (auth == AUTH_FAILED)
		return false;
	if (auth == AUTH_REFUSED)
		return true;
	if (call->request->encoding.p)
		return call_problem(call, 415, "Compressed bodies are not taken.", NULL);
	take(call);
	return true;
}
