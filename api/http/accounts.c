// SPDX-License-Identifier: Apache-2.0
// GET /v1/accounts: names that begin so, for whoever types one. Recorded like any look at people.
#include "api/http/handlers.h"
#include "api/http/list.h"
#include "core/json.h"
#include "pairing/jid.h"

enum { P_PREFIX, P_DOMAIN, P_LIMIT, P_FORMAT, P_COUNT };

static const struct param_spec specs[P_COUNT] = {
	[P_PREFIX] = {"prefix", PARAM_TEXT, NULL, NULL, 0, 0, false, false},
	[P_DOMAIN] = {"domain", PARAM_DOMAIN, NULL, NULL, 0, 0, false, false},
	[P_LIMIT] = {"limit", PARAM_NUMBER, "20", NULL, 1, 1000, false, true},
	[P_FORMAT] = {"format", PARAM_WORD, NULL, table_format_names, 0, 0, false, true},
};

const struct param_table accounts_params = {specs, P_COUNT};

static bool each_account(void *self, struct text jid)
{
	json_t *row = json_object();
	json_object_set_new(row, "jid", json_text(jid));
	return list_put(self, row);
}

// JIDs are stored in lower case up to the resource (J2, J3), which is kept as it is (J4).
static bool lowered(struct arena *arena, struct text prefix, struct text *out)
{
	const char *slash = memchr(prefix.p, '/', prefix.n);
	size_t n = slash ? (size_t)(slash - prefix.p) : prefix.n;
	struct text name, rest = {prefix.p + n, prefix.n - n};
	if (!jid_lower((struct text){prefix.p, n}, arena, &name))
		return false;
	*out = arena_printf(arena, "%.*s%.*s", (int)name.n, name.p, (int)rest.n, rest.p);
	return true;
}

bool handle_accounts(struct call *call, struct err *err)
{
	static const char *const columns[] = {"jid", NULL};
	const struct param *params = call->params;
	struct account_filter filter = {.realm = call->db->realm.id,
					.limit = params[P_LIMIT].number + 1};
	struct honesty honesty;
	struct list list;
	if (!params[P_PREFIX].given)
		return call_problem(call, 400, "How does the name begin? prefix is missing.",
				    "prefix");
	if (!lowered(call->request->arena, params[P_PREFIX].text, &filter.prefix))
		return call_problem(call, 400, "No name begins with that (white space).", "prefix");
	if (!call_domain(call, &params[P_DOMAIN], "domain", &filter.domain))
		return true;
	if (!store_honesty(call->db->store, filter.realm, USEC_NONE, USEC_NONE, &honesty, err))
		return false;
	if (!list_begin(&list, call, &params[P_FORMAT], columns, params[P_LIMIT].number))
		return true;
	if (!store_accounts(call->db->store, &filter, &list, each_account, err))
		return false;
	list_end(&list, &honesty, is_final(&honesty, USEC_NONE, call->db->rules.t_expire), NULL);
	return true;
}
