// SPDX-License-Identifier: Apache-2.0
#include "api/http/routes.h"

#include "api/http/again.h"
#include "api/http/auth.h"
#include "api/http/handlers.h"
#include "api/http/live.h"
#include "api/http/peer.h"

#include <poll.h>

#define NO_STORE "no-store"
#define ASK_AGAIN "no-cache"

enum { AGAIN_SECONDS = 3 };

static const struct param_table none = {NULL, 0};

static const struct route routes[] = {
	{"GET", "/", 0, false, false, ASK_AGAIN, handle_index, &none},
	{"GET", "/openapi.yaml", 0, false, false, ASK_AGAIN, handle_asset, &none},
	{"GET", "/healthz", 0, false, false, NO_STORE, handle_healthz, &none},
	{"GET", "/readyz", 0, true, false, NO_STORE, handle_readyz, &none},
	{"GET", "/v1/metrics/delivery", SCOPE_METRICS, true, false, NO_STORE, handle_delivery,
	 &rated_params},
	{"GET", "/v1/metrics/read", SCOPE_METRICS, true, false, NO_STORE, handle_read,
	 &rated_params},
	{"GET", "/v1/metrics/funnel", SCOPE_METRICS, true, false, NO_STORE, handle_funnel,
	 &rated_params},
	{"GET", "/v1/metrics/typing", SCOPE_METRICS, true, false, NO_STORE, handle_typing,
	 &counted_params},
	{"GET", "/v1/metrics/response", SCOPE_METRICS, true, false, NO_STORE, handle_response,
	 &counted_params},
	{"GET", "/v1/metrics/peers", SCOPE_METRICS, true, false, NO_STORE, handle_peers,
	 &peers_params},
	{"GET", "/v1/metrics/clients", SCOPE_METRICS, true, false, NO_STORE, handle_clients,
	 &clients_params},
	{"GET", "/v1/metrics/breakdown", SCOPE_METRICS, true, false, NO_STORE, handle_breakdown,
	 &breakdown_params},
	// These name people.
	{"GET", "/v1/metrics/users", SCOPE_METRICS | SCOPE_MESSAGES, true, true, NO_STORE,
	 handle_user_metrics, &user_metrics_params},
	{"GET", "/v1/metrics/pairs", SCOPE_METRICS | SCOPE_MESSAGES, true, true, NO_STORE,
	 handle_pair_metrics, &pair_metrics_params},
	{"GET", "/v1/messages", SCOPE_MESSAGES, true, true, NO_STORE, handle_messages,
	 &messages_params},
	{"GET", "/v1/messages/{conv}/{key}", SCOPE_MESSAGES, true, true, NO_STORE,
	 handle_message_detail, &message_detail_params},
	{"GET", "/v1/conversations", SCOPE_MESSAGES, true, true, NO_STORE, handle_conversations,
	 &conversations_params},
	{"GET", "/v1/accounts", SCOPE_MESSAGES, true, true, NO_STORE, handle_accounts,
	 &accounts_params},
	{"GET", "/v1/contacts", SCOPE_MESSAGES, true, true, NO_STORE, handle_contacts,
	 &contacts_params},
	{"GET", "/v1/unacknowledged", SCOPE_MESSAGES, true, true, NO_STORE, handle_unacknowledged,
	 &unacknowledged_params},
	{"GET", "/v1/findings", SCOPE_MESSAGES, true, true, NO_STORE, handle_findings,
	 &window_params},
	{"GET", "/v1/gaps", SCOPE_METRICS, true, false, NO_STORE, handle_gaps, &window_params},
	{"GET", "/v1/sources", SCOPE_METRICS, true, false, NO_STORE, handle_sources, &plain_params},
	{"GET", "/v1/quarantine", SCOPE_METRICS, true, false, NO_STORE, handle_quarantine,
	 &plain_params},
	{"GET", "/v1/reports", SCOPE_REPORTS, true, true, NO_STORE, handle_reports,
	 &reports_params},
	{"GET", "/v1/reports/{report}", SCOPE_REPORTS, true, true, NO_STORE, handle_report,
	 &report_params},
	{"GET", "/v1/live/messages", SCOPE_MESSAGES, true, true, NO_STORE, handle_live_messages,
	 &live_messages_params},
	{"GET", "/v1/live/unacknowledged", SCOPE_MESSAGES, true, true, NO_STORE,
	 handle_live_unacknowledged, &live_unacknowledged_params},
	{"GET", "/v1/live/funnel", SCOPE_METRICS, true, false, NO_STORE, handle_live_funnel,
	 &live_funnel_params},
	{"GET", "/metrics", SCOPE_METRICS, true, false, NO_STORE, handle_metrics, &none},
	{"POST", "/v1/feed", 0, false, false, NO_STORE, handle_feed, &feed_params},
	// Last: what fits no other path may be a file of the page.
	{"GET", "/{file}", 0, false, false, ASK_AGAIN, handle_asset, &none},
	{"GET", "/{folder}/{file}", 0, false, false, ASK_AGAIN, handle_asset, &none},
};

static bool part_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '-' || c == '_' || c == '.';
}

// Takes one part off the front of the path.
static bool take_part(struct text *path, struct text *part)
{
	size_t n = 0;
	while (n < path->n && part_char(path->p[n]))
		n++;
	*part = (struct text){path->p, n};
	*path = (struct text){path->p + n, path->n - n};
	return n > 0 && part->p[0] != '.';
}

static bool path_fits(const char *pattern, struct text path, struct text parts[ROUTE_PARTS])
{
	size_t count = 0;
	while (*pattern) {
		if (*pattern == '{') {
			if (count == ROUTE_PARTS || !take_part(&path, &parts[count++]))
				return false;
			pattern = strchr(pattern, '}') + 1;
		} else if (path.n > 0 && path.p[0] == *pattern) {
			path = (struct text){path.p + 1, path.n - 1};
			pattern++;
		} else {
			return false;
		}
	}
	return path.n == 0;
}

const struct route *route_at(size_t i)
{
	return i < sizeof routes / sizeof *routes ? &routes[i] : NULL;
}

const struct route *route_find(struct text path, struct text *parts)
{
	struct text found[ROUTE_PARTS] = {TEXT_NONE};
	for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
		if (!path_fits(routes[i].path, path, found))
			continue;
		if (parts)
			memcpy(parts, found, sizeof found);
		return &routes[i];
	}
	return NULL;
}

// The whole text stays in the log, where the request id finds it; the client gets a sentence (F153).
static void answer_failure(struct call *call, const struct err *err)
{
	log_error(call->service->app->log, "request_failed", LOG_S("request", call->request->id),
		  LOG_S("path", call->route->path), LOG_S("error", err->text));
	if (call->cut_short)
		call_problem(call, 503, "This takes too long: ask for less.", NULL);
	else if (err->kind == ERR_INTERNAL)
		call_problem(call, 500, "Something went wrong here.", NULL);
	else
		call_problem(call, 503, "The database cannot be asked at the moment.", NULL);
}

// ---- access log

static void add_filter(struct buf *filter, const struct param_spec *spec, const struct param *param)
{
	if (!param->given)
		return;
	buf_printf(filter, "%s%s=", filter->len > 0 ? "&" : "", spec->name);
	if (spec->secret)
		buf_printf(filter, "(%zu bytes)", param->raw.n);
	else
		buf_text(filter, param->raw);
}

static bool wants_bodies(const struct call *call)
{
	const struct param_table *table = call->route->params;
	for (size_t i = 0; i < table->count; i++) {
		const struct param *param = &call->params[i];
		if ((table->specs[i].secret && param->given) ||
		    (strcmp(table->specs[i].name, "body") == 0 && param->number == 1))
			return true;
	}
	return false;
}

// Who, which route, which filter: on its way to the disk while the answer is made (F192).
static struct pool_slot *begin_intent(struct call *call, struct err *err)
{
	struct pool *pool = call->service->access;
	struct pool_slot *slot = pool_take(pool, err);
	if (!slot)
		return NULL;
	struct buf filter = {0};
	for (size_t i = 0; i < call->route->params->count; i++)
		add_filter(&filter, &call->route->params->specs[i], &call->params[i]);
	bool ok = store_access_begin(slot->store, call->token.name, call->request->path,
				     buf_view(&filter), wants_bodies(call), &call->access, err);
	buf_free(&filter);
	if (ok)
		return slot;
	pool_give(pool, slot, err->kind == ERR_DATABASE);
	return NULL;
}

// It is stored: the answer may start.
static bool end_intent(struct call *call, struct pool_slot *slot, struct err *err)
{
	bool ok = store_access_wait(slot->store, err);
	pool_give(call->service->access, slot, !ok && err->kind == ERR_DATABASE);
	return ok;
}

void access_count(struct service *service, const char *request_id, int64_t access, int64_t rows)
{
	struct err err = {0};
	struct pool *pool = service->access;
	struct pool_slot *slot = pool_take(pool, &err);
	bool ok = slot && store_access_done(slot->store, access, rows, &err);
	if (slot)
		pool_give(pool, slot, !ok && err.kind == ERR_DATABASE);
	if (!ok)
		log_error(service->app->log, "access_count_lost", LOG_S("request", request_id),
			  LOG_S("error", err.text));
}

// On a standby alone nothing can be written. That is for ever, so whoever asks is told what would help.
static void answer_unlogged(struct call *call, const struct err *err)
{
	if (err->kind == ERR_INTERNAL) {
		answer_failure(call, err);
		return;
	}
	log_error(call->service->app->log, "access_log_not_writable",
		  LOG_S("request", call->request->id), LOG_S("error", err->text),
		  LOG_S("next",
			"with a standby: name its primary beside it in the setting database"));
	call_problem(call, 503,
		     "Who reads messages is written down first, and the access log cannot be "
		     "written: it needs a database that is no standby (setting database). Metrics "
		     "can be asked.",
		     NULL);
}

// ---- one call

// What was made of an answer whose intent could not be stored goes nowhere.
static bool take_back(struct call *call, const struct err *err)
{
	reply_reset(call->reply);
	answer_unlogged(call, err); // no second try: one intent, one answer
	return true;
}

// The connection that was asked is lost, mostly because the database is away: the intent gets a second, not the patience
// of a connection on top of that which was spent already.
static void leave_intent(struct call *call, struct pool_slot *slot)
{
	struct err ignored = {0};
	store_patience(slot->store, USEC_PER_SEC);
	bool stored = store_access_wait(slot->store, &ignored);
	pool_give(call->service->access, slot, true); // it is made anew, with its patience
	if (stored)
		access_count(call->service, call->request->id, call->access, 0);
}

// A live stream begins with its handler, any other answer when all of this is done.
static bool run_audited(struct call *call, struct err *err)
{
	struct live_ask *live = call->request->live;
	struct err unlogged = {0};
	if (!call->route->audited)
		return call->route->handle(call, err);
	struct pool_slot *slot = begin_intent(call, &unlogged);
	if (!slot || (live && !end_intent(call, slot, &unlogged)))
		return take_back(call, &unlogged);
	bool ok = call->route->handle(call, err);
	if (!ok && !live && !store_alive(call->db->store)) {
		leave_intent(call, slot);
		return false;
	}
	if (!live && !end_intent(call, slot, &unlogged))
		return take_back(call, &unlogged);
	if (ok && live && live->accepted)
		live->access = call->access; // counted when the stream ends
	else if (!ok || live)
		access_count(call->service, call->request->id, call->access, call->rows);
	else if (!call->reply->producer.run) // its producer counts
		call->reply->access = call->access;
	call->reply->rows = call->rows;
	return ok;
}

static bool run_allowed(struct call *call, struct err *err)
{
	const struct param_table *table = call->route->params;
	struct param params[PARAMS_MAX];
	struct param_problem problem;
	if (call->route->scope != 0) {
		enum auth auth = auth_check(call, err);
		if (auth != AUTH_GOOD)
			return auth == AUTH_REFUSED;
	} else if (call->db && !store_see_nothing(call->db->store, err)) {
		return false;
	}
	if (!params_parse(call->request->query, table->specs, table->count, call->request->arena,
			  params, &problem))
		return call_problem(call, 400, problem.detail,
				    problem.name[0] ? problem.name : NULL);
	call->params = params;
	return run_audited(call, err);
}

// What was made for a token that is not what it was is nobody's.
static void throw_away(struct call *call)
{
	if (call->access)
		access_count(call->service, call->request->id, call->access, 0);
	call->access = call->rows = 0;
	reply_reset(call->reply);
}

// The database may say of a token that it is not what it was: then there was no answer, and the question is asked again
// of what it says now. What it could not answer is not asked of a token that nobody looked up.
static bool run_checked(struct call *call, struct err *err)
{
	struct err why = {0};
	call->expected = false;
	call->access = call->rows = 0;
	bool ok = run_allowed(call, err);
	if (!call->expected)
		return ok;
	if (!ok && err->kind == ERR_DATABASE) {
		auth_doubt(call);
		return false;
	}
	enum auth auth = auth_confirm(call, &why);
	if (auth == AUTH_GOOD)
		return ok;
	throw_away(call);
	if (auth == AUTH_REFUSED)
		return run_allowed(call, err);
	*err = why;
	return false;
}

// Also when only their half is closed: a question that takes longer than a look at them is not worth
// finishing.
static bool has_left(void *self)
{
	const struct request *request = self;
	struct pollfd fd = {request->fd, POLLRDHUP, 0};
	return request->fd > 0 && poll(&fd, 1, 0) > 0;
}

// A connection that was cut while nobody used it (the database was restarted) is noticed by the
// first who asks: so once more, with a new one. Nothing has been sent yet. A database that was silent
// for long is not asked twice: the client wants its 503 in time.
static void run(struct call *call)
{
	usec_t started = usec_monotonic();
	struct pool *pool = call->service->read;
	struct err err = {0};
	bool ok = false;
	for (int i = 0; i < 2 && !ok; i++) {
		err = (struct err){.kind = ERR_INTERNAL};
		call->db = call->route->database ? pool_take(pool, &err) : NULL;
		if (call->route->database && !call->db)
			break;
		reply_reset(call->reply);
		if (call->db)
			store_watch(call->db->store, has_left, (void *)(uintptr_t)call->request);
		ok = run_checked(call, &err);
		call->cut_short = !ok && call->db && store_cut_short(call->db->store);
		if (call->db)
			pool_give(pool, call->db,
				  !ok && err.kind == ERR_DATABASE && !call->cut_short);
		if (err.kind != ERR_DATABASE || call->cut_short ||
		    usec_monotonic() - started > AGAIN_SECONDS * USEC_PER_SEC)
			break;
	}
	if (!ok)
		answer_failure(call, &err);
	auth_note_use(call);
}

// Figures name nobody and are recorded nowhere: they may be given again for a second. What begins a live
// stream is no answer yet.
static bool may_repeat(const struct call *call)
{
	return call->route->scope == SCOPE_METRICS && !call->route->audited &&
	       !call->request->live && token_looks_right(auth_bearer(call->request));
}

// A path has no "?" and an address no blank: there is one reading.
static struct text question_of(const struct call *call)
{
	const struct request *request = call->request;
	char *hash = arena_alloc(request->arena, TOKEN_HASH);
	token_hash(auth_bearer(request), (unsigned char *)hash);
	struct text parts[] = {{hash, TOKEN_HASH}, request->path, TEXT("?"),
			       request->query,     TEXT(" "),     request->accept};
	struct buf question = {0};
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		buf_text(&question, parts[i]);
	struct text copy = arena_text(request->arena, buf_view(&question));
	buf_free(&question);
	return copy;
}

static void run_or_repeat(struct call *call)
{
	struct again *again = call->service->again;
	if (!may_repeat(call)) {
		run(call);
		return;
	}
	struct text question = question_of(call);
	if (again_find(again, question, call->reply, &call->token.name))
		return;
	run(call);
	if (call->reply->status == 200)
		again_keep(again, question, call->reply, call->token.name);
}

static void common_headers(struct reply *reply, const struct request *request,
			   const struct route *route)
{
	bool cacheable = route && reply->status == 200;
	if (!reply_has(reply, "Cache-Control")) // a file by its version brings its own
		reply_header(reply, "Cache-Control", text_of(cacheable ? route->cache : NO_STORE));
	reply_header(reply, "X-Content-Type-Options", TEXT("nosniff"));
	if (!reply_has(reply, "Content-Security-Policy")) // a report brings its own
		reply_header(reply, "Content-Security-Policy",
			     TEXT("default-src 'none'; script-src 'self'; style-src 'self'; "
				  "img-src 'self'; connect-src 'self'; base-uri 'none'; "
				  "form-action 'none'; frame-ancestors 'none'"));
	reply_header(reply, "Referrer-Policy", TEXT("no-referrer"));
	reply_header(reply, "Cross-Origin-Resource-Policy", TEXT("same-origin"));
	reply_header(reply, "Vary", TEXT("Accept, Accept-Encoding, Authorization"));
	reply_header(reply, "Request-Id", text_of(request->id));
}

static void refuse_method(struct call *call)
{
	struct arena *arena = call->request->arena;
	struct text method = text_of(call->route->method);
	struct text detail = arena_printf(arena, "Only %s is answered here.", call->route->method);
	call_problem(call, 405, arena_zstr(arena, detail), NULL);
	reply_header(call->reply, "Allow", method);
}

static bool is_probe(const struct route *route)
{
	return route->handle == handle_healthz || route->handle == handle_readyz;
}

// May it be asked here and now, whatever it is?
static bool is_welcome(struct call *call)
{
	return is_probe(call->route) ||
	       (host_is_ours(call) && address_may_ask(call) && token_may_ask(call));
}

static void answer(struct call *call)
{
	if (!call->route)
		call_problem(call, 404, "There is nothing at this address.", NULL);
	else if (!text_is(call->request->method, call->route->method))
		refuse_method(call);
	else if (call->request->has_body && !route_takes_body(call->route))
		call_problem(call, 413, "No body is taken here.", NULL);
	else if (call->request->too_large)
		call_problem(call, 413, "The body is too large.", NULL);
	else if (!auth_same_origin(call->request))
		call_problem(call, 403, "Pages of other origins may not ask here.", NULL);
	else if (is_welcome(call))
		run_or_repeat(call);
}

// What the client has already need not be sent again.
static void drop_known(struct reply *reply, const struct request *request)
{
	for (size_t i = 0; request->known.p && i < reply->header_count; i++) {
		if (strcmp(reply->headers[i].name, "ETag") != 0 ||
		    !text_is(request->known, reply->headers[i].value))
			continue;
		reply->status = 304;
		reply->fixed = TEXT_NONE;
		buf_free(&reply->body);
	}
}

void dispatch(struct service *service, const struct request *request, struct reply *reply,
	      struct text *token_name)
{
	struct text parts[ROUTE_PARTS] = {TEXT_NONE};
	struct call call = {.service = service,
			    .request = request,
			    .route = route_find(request->path, parts),
			    .parts = parts,
			    .reply = reply,
			    .now = usec_now()};
	answer(&call);
	*token_name = call.token.name;
	common_headers(reply, request, call.route);
	drop_known(reply, request);
}
