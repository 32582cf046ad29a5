// SPDX-License-Identifier: Apache-2.0
// GET /v1/live/messages, /v1/live/unacknowledged, /v1/live/funnel: what is asked. A handler checks the
// question as any other; the stream itself is the hub's.
#include "api/http/handlers.h"

#include "api/http/auth.h"
#include "api/http/live.h"
#include "pairing/jid.h"

static const char *const switches[] = {"0", "1", NULL};
static const char *const windows[] = {"15m", "1h", "6h", "24h", NULL};
static const usec_t window_widths[] = {900 * USEC_PER_SEC, 3600 * USEC_PER_SEC,
				       6 * 3600 * USEC_PER_SEC, USEC_PER_DAY};

#define AFTER_MOST INT64_C(999999999999)

// ---- what the views share

static bool read_number(struct text text, int64_t *number)
{
	*number = 0;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		*number = *number * 10 + (text.p[i] - '0');
	}
	return text.n > 0 && text.n <= 12;
}

// What a browser says when it comes back counts for more than what its address says.
static bool read_after(struct call *call, const struct param *after, int64_t *out)
{
	struct text last = call->request->last_event;
	*out = after->number;
	if (!last.p || last.n == 0)
		return true;
	if (read_number(last, out))
		return true;
	call_problem(call, 400, "Last-Event-ID is not an id of an event of this stream.",
		     "Last-Event-ID");
	return false;
}

// Equal questions have equal keys: what else is given (after) is no part of the question.
static struct text key_of(struct call *call, const char *view, const struct text *parts,
			  size_t count)
{
	struct buf key = {0};
	buf_zstr(&key, view);
	for (size_t i = 0; i < count; i++) {
		buf_printf(&key, "|%lld:", parts[i].p ? (long long)parts[i].n : -1);
		if (parts[i].p)
			buf_text(&key, parts[i]);
	}
	struct text text = arena_text(call->request->arena, buf_view(&key));
	buf_free(&key);
	return text;
}

static bool take_up(struct call *call, unsigned scopes, const struct live_query *query,
		    struct text key, int64_t after)
{
	struct live_ask *ask = call->request->live;
	call->reply->type = "text/event-stream";
	ask->accepted = true;
	ask->query = *query;
	ask->key = key;
	ask->after = after;
	ask->scopes = scopes;
	token_hash(auth_bearer(call->request), ask->token);
	return true;
}

static bool word_in(struct text accept, const char *word)
{
	return memmem(accept.p, accept.n, word, strlen(word)) != NULL;
}

// False: the problem is in the reply.
static bool is_wanted(struct call *call)
{
	struct text accepted = call->request->accept;
	if (call->request->live)
		call->request->live->accepted = false; // a second try begins anew
	if (!call->request->live)
		return !call_problem(call, 500, "Something went wrong here.", NULL);
	if (!accepted.p || accepted.n == 0 || word_in(accepted, "text/event-stream") ||
	    word_in(accepted, "text/*") || word_in(accepted, "*/*"))
		return true;
	return !call_problem(call, 406, "Only text/event-stream is spoken here.", NULL);
}

// ---- messages

enum {
	M_PARTICIPANT,
	M_PEER,
	M_FROM,
	M_TO,
	M_ID,
	M_STATE,
	M_CLASS,
	M_DOMAIN,
	M_BODY,
	M_AFTER,
	M_COUNT
};

// Those that are shown: message_class_names has one more.
static const char *const classes[] = {"chat",  "pm",       "correction", "self", "pm-mirror",
				      "group", "headline", "service",    NULL};

static const struct param_spec message_specs[M_COUNT] = {
	[M_PARTICIPANT] = {"participant", PARAM_JID, NULL, NULL, 0, 0, false, false},
	[M_PEER] = {"peer", PARAM_JID, NULL, NULL, 0, 0, false, false},
	[M_FROM] = {"from", PARAM_JID, NULL, NULL, 0, 0, false, false},
	[M_TO] = {"to", PARAM_JID, NULL, NULL, 0, 0, false, false},
	[M_ID] = {"id", PARAM_TEXT, NULL, NULL, 0, 0, false, false},
	[M_STATE] = {"state", PARAM_WORD, NULL, message_state_names, 0, 0, false, false},
	[M_CLASS] = {"class", PARAM_WORD, NULL, classes, 0, 0, false, false},
	[M_DOMAIN] = {"domain", PARAM_DOMAIN, NULL, NULL, 0, 0, false, false},
	[M_BODY] = {"body", PARAM_WORD, "0", switches, 0, 0, false, true},
	[M_AFTER] = {"after", PARAM_NUMBER, NULL, NULL, 0, AFTER_MOST, false, true},
};

const struct param_table live_messages_params = {message_specs, M_COUNT};

// A full JID names an occupant on a MUC domain; elsewhere the resource does not matter (M1, M7).
static struct text party(struct call *call, const struct param *param)
{
	struct jid jid;
	if (!param->text.p || !jid_parse(param->text, call->request->arena, &jid))
		return TEXT_NONE;
	return jid_party(&jid, &call->db->rules);
}

static struct message_filter no_filter(void)
{
	return (struct message_filter){.since = USEC_NONE,
				       .until = USEC_NONE,
				       .state = -1,
				       .class_ = -1,
				       .verdict = -1,
				       .with_devices = true};
}

bool handle_live_messages(struct call *call, struct err *err)
{
	(void)err;
	const struct param *params = call->params;
	struct live_query query = {.view = LIVE_MESSAGES, .filter = no_filter()};
	struct message_filter *filter = &query.filter;
	int64_t after;
	filter->with_body = params[M_BODY].number == 1;
	if (filter->with_body && !(call->token.scopes & SCOPE_BODIES))
		return call_problem(call, 403, "This needs the scope bodies.", "body");
	if (params[M_PEER].given && !params[M_PARTICIPANT].given)
		return call_problem(call, 400, "peer needs participant.", "peer");
	if (!is_wanted(call) || !read_after(call, &params[M_AFTER], &after) ||
	    !call_domain(call, &params[M_DOMAIN], "domain", &filter->domain))
		return true;
	filter->participant = party(call, &params[M_PARTICIPANT]);
	filter->peer = party(call, &params[M_PEER]);
	filter->from = party(call, &params[M_FROM]);
	filter->to = party(call, &params[M_TO]);
	filter->id = params[M_ID].text;
	filter->state = (int)params[M_STATE].number;
	filter->class_ = (int)params[M_CLASS].number;
	const struct text parts[] = {
		filter->participant,  filter->peer,         filter->from,
		filter->to,           filter->id,           filter->domain,
		params[M_STATE].text, params[M_CLASS].text, params[M_BODY].text};
	unsigned scopes = SCOPE_MESSAGES | (filter->with_body ? SCOPE_BODIES : 0u);
	return take_up(call, scopes, &query,
		       key_of(call, "messages", parts, sizeof parts / sizeof *parts), after);
}

// ---- unacknowledged

enum { U_DOMAIN, U_AFTER, U_COUNT };

static const struct param_spec unacknowledged_specs[U_COUNT] = {
	[U_DOMAIN] = {"domain", PARAM_DOMAIN, NULL, NULL, 0, 0, false, false},
	[U_AFTER] = {"after", PARAM_NUMBER, NULL, NULL, 0, AFTER_MOST, false, true},
};

const struct param_table live_unacknowledged_params = {unacknowledged_specs, U_COUNT};

bool handle_live_unacknowledged(struct call *call, struct err *err)
{
	(void)err;
	struct live_query query = {.view = LIVE_UNACKNOWLEDGED, .filter = no_filter()};
	int64_t after;
	if (!is_wanted(call) || !read_after(call, &call->params[U_AFTER], &after) ||
	    !call_domain(call, &call->params[U_DOMAIN], "domain", &query.filter.domain))
		return true;
	return take_up(call, SCOPE_MESSAGES, &query,
		       key_of(call, "unacknowledged", &query.filter.domain, 1), after);
}

// ---- funnel

enum { F_WINDOW, F_FROM_DOMAIN, F_TO_DOMAIN, F_AFTER, F_COUNT };

static const struct param_spec funnel_specs[F_COUNT] = {
	[F_WINDOW] = {"window", PARAM_WORD, "1h", windows, 0, 0, false, false},
	[F_FROM_DOMAIN] = {"from_domain", PARAM_DOMAIN, NULL, NULL, 0, 0, false, false},
	[F_TO_DOMAIN] = {"to_domain", PARAM_DOMAIN, NULL, NULL, 0, 0, false, false},
	[F_AFTER] = {"after", PARAM_NUMBER, NULL, NULL, 0, AFTER_MOST, false, true},
};

const struct param_table live_funnel_params = {funnel_specs, F_COUNT};

// A token limited to domains needs one of its own at either end (F134).
static bool check_domains(struct call *call, struct live_query *query)
{
	query->from_domain = call->params[F_FROM_DOMAIN].text;
	query->to_domain = call->params[F_TO_DOMAIN].text;
	if (query->to_domain.p && call->token.domains.count > 0 &&
	    token_sees(&call->token, query->to_domain))
		return true;
	return call_domain(call, &call->params[F_FROM_DOMAIN], "from_domain", &query->from_domain);
}

bool handle_live_funnel(struct call *call, struct err *err)
{
	(void)err;
	const struct param *params = call->params;
	struct live_query query = {.view = LIVE_FUNNEL,
				   .filter = no_filter(),
				   .window = window_widths[params[F_WINDOW].number]};
	int64_t after;
	if (!is_wanted(call) || !read_after(call, &params[F_AFTER], &after) ||
	    !check_domains(call, &query))
		return true;
	const struct text parts[] = {params[F_WINDOW].text, query.from_domain, query.to_domain};
	return take_up(call, SCOPE_METRICS, &query, key_of(call, "funnel", parts, 3), after);
}
