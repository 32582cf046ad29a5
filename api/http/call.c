// SPDX-License-Identifier: Apache-2.0
#include "api/http/call.h"

#include "api/http/cursor.h"
#include "pairing/jid.h"

bool call_problem(struct call *call, int status, const char *detail, const char *parameter)
{
	reply_problem(call->reply, status, detail, text_of(parameter), call->request->id);
	return true;
}

bool token_sees(const struct token *token, struct text domain)
{
	return token->domains.count == 0 || string_list_has(&token->domains, domain);
}

bool call_domain(struct call *call, const struct param *asked, const char *name,
		 struct text *domain)
{
	const struct token *token = &call->token;
	*domain = asked->text;
	if (!domain->p && token->domains.count == 1)
		*domain = text_of(token->domains.items[0]);
	if (token->domains.count == 0 || (domain->p && token_sees(token, *domain)))
		return true;
	call_problem(call, 403, "This token is limited to domains: name one of them.", name);
	return false;
}

struct text call_party(struct call *call, const struct param *param)
{
	struct jid jid;
	if (!param->text.p || !jid_parse(param->text, call->request->arena, &jid))
		return TEXT_NONE;
	return jid_party(&jid, &call->db->rules);
}

struct zone *call_zone(struct call *call, const struct param *tz)
{
	return zone_open(tz->text.p ? arena_zstr(call->request->arena, tz->text)
				    : call->service->app->settings->zone,
			 NULL);
}

// The path is part of it: a cursor of one list is none of another.
int64_t call_question(const struct call *call)
{
	struct buf question = {0};
	buf_zstr(&question, call->route->path);
	for (size_t i = 0; i < call->route->params->count; i++) {
		const struct param_spec *spec = &call->route->params->specs[i];
		const struct param *param = &call->params[i];
		if (spec->paging || !param->text.p)
			continue;
		buf_printf(&question, " %s=%zu:", spec->name, param->text.n);
		buf_text(&question, param->text);
	}
	int64_t hash = KEYED(&call->db->realm.key, TEXT("api question 2"), buf_view(&question));
	buf_free(&question);
	return hash;
}

bool call_cursor(struct call *call, const struct param *param, struct cursor *cursor)
{
	if (cursor_decode(&call->db->realm.key, call_question(call), param->text, cursor))
		return true;
	call_problem(call, 400, "cursor is damaged or belongs to another question.", "cursor");
	return false;
}

bool call_range(struct call *call, usec_t since, usec_t until)
{
	if (since == USEC_NONE || until == USEC_NONE || since < until)
		return true;
	call_problem(call, 400, "since must be before until.", "since");
	return false;
}

bool is_final(const struct honesty *honesty, usec_t end, usec_t t_expire)
{
	return end != USEC_NONE && honesty->complete_until != USEC_NONE &&
	       end <= honesty->complete_until - t_expire;
}
