// SPDX-License-Identifier: Apache-2.0
#include "api/http/call.h"

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
