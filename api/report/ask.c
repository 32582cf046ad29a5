// SPDX-License-Identifier: Apache-2.0
#include "api/report/ask.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

bool inquiry_open(struct inquiry *inquiry, struct app *app, struct store *store, usec_t now,
		  struct err *err)
{
	*inquiry = (struct inquiry){.app = app, .db = {.store = store, .good = true}, .now = now};
	inquiry->db.has_rules = store_realm_rules(store, app->settings->realm, &inquiry->db.realm,
						  &inquiry->db.rules, err);
	return inquiry->db.has_rules;
}

void inquiry_close(struct inquiry *inquiry)
{
	if (inquiry->db.has_rules)
		realm_settings_free(&inquiry->db.rules);
	inquiry->db.has_rules = false;
}

const char *ask_escape(const char *zstr, char out[ESCAPED_MAX])
{
	size_t n = 0;
	for (; *zstr && n + 4 < ESCAPED_MAX; zstr++) {
		unsigned char c = (unsigned char)*zstr;
		if (isalnum(c) || strchr("-._~/", c))
			out[n++] = (char)c;
		else
			n += (size_t)snprintf(out + n, 4, "%%%02X", c);
	}
	out[n] = '\0';
	return out;
}

// What the reply says instead of an answer is a mistake in a question of ours.
static json_t *answer_of(const struct reply *reply, const char *path, struct err *err)
{
	json_error_t problem;
	if (reply->status != 200) {
		err_set(err, ERR_INTERNAL, "%s: %.200s", path,
			reply->body.data ? reply->body.data : "");
		return NULL;
	}
	json_t *answer = json_loadb(reply->body.data, reply->body.len, 0, &problem);
	if (!answer)
		err_set(err, ERR_INTERNAL, "%s: %s", path, problem.text);
	return answer;
}

// No token: whoever makes a report has the database itself.
static json_t *run(struct inquiry *inquiry, struct arena *arena, const char *path,
		   struct text query, struct err *err)
{
	struct param params[PARAMS_MAX];
	struct param_problem problem;
	struct reply reply;
	struct service service = {.app = inquiry->app};
	struct request request = {.method = TEXT("GET"), .query = query, .arena = arena};
	struct call call = {.service = &service,
			    .request = &request,
			    .params = params,
			    .db = &inquiry->db,
			    .reply = &reply,
			    .now = inquiry->now};
	request.path = text_of(path);
	call.route = route_find(request.path, NULL);
	if (!params_parse(query, call.route->params->specs, call.route->params->count, arena,
			  params, &problem)) {
		err_set(err, ERR_INTERNAL, "%s: %s: %s", path, problem.name, problem.detail);
		return NULL;
	}
	reply_begin(&reply, arena);
	json_t *answer = call.route->handle(&call, err) ? answer_of(&reply, path, err) : NULL;
	reply_free(&reply);
	return answer;
}

json_t *api_ask(struct inquiry *inquiry, struct err *err, const char *path, const char *query, ...)
{
	char text[1024];
	va_list args;
	va_start(args, query);
	int n = vsnprintf(text, sizeof text, query, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof text) {
		err_set(err, ERR_INTERNAL, "%s: the question is too long", path);
		return NULL;
	}
	struct arena *arena = arena_new();
	json_t *answer = run(inquiry, arena, path, (struct text){text, (size_t)n}, err);
	arena_free(arena);
	return answer;
}
