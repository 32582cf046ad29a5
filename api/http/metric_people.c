// SPDX-License-Identifier: Apache-2.0
// GET /v1/metrics/users, /v1/metrics/pairs: metrics that name people. They need the scopes metrics and
// messages, and leave rows in the access log as the chat log does (F192).
#include "api/http/handlers.h"

#include "api/http/dimension.h"
#include "api/http/metric_json.h"
#include "pairing/jid.h"

enum { P_ORDER = D_OWN, P_DOMAIN, P_JID, P_PAIRS, P_BUCKET = P_PAIRS, P_USERS };

enum { USER_DAYS = 7, PAIR_DAYS = 1, PAIR_DAYS_MAX = 7 };

static const char *const buckets[] = {"none", "1d", NULL};
static const char *const user_orders[] = {"worst", "sent", "received", "name", NULL};
static const char *const pair_orders[] = {"worst", "sent", "name", NULL};

static const struct param_spec user_specs[P_USERS] = {
	DIMENSION_PARAMS,
	[P_ORDER] = {"order", PARAM_WORD, "worst", user_orders, 0, 0, false, false},
	[P_DOMAIN] = {"domain", PARAM_DOMAIN, NULL, NULL, 0, 0, false, false},
	[P_JID] = {"jid", PARAM_JID, NULL, NULL, 0, 0, false, false},
	[P_BUCKET] = {"bucket", PARAM_WORD, "none", buckets, 0, 0, false, false},
};

static const struct param_spec pair_specs[P_PAIRS] = {
	DIMENSION_PARAMS,
	[P_ORDER] = {"order", PARAM_WORD, "worst", pair_orders, 0, 0, false, false},
	[P_DOMAIN] = {"domain", PARAM_DOMAIN, NULL, NULL, 0, 0, false, false},
	[P_JID] = {"jid", PARAM_JID, NULL, NULL, 0, 0, false, false},
};

const struct param_table user_metrics_params = {user_specs, P_USERS};
const struct param_table pair_metrics_params = {pair_specs, P_PAIRS};

// A full JID names an occupant on a MUC domain; elsewhere the resource does not matter (M1, M7).
static struct text party(struct call *call, const struct param *param)
{
	struct jid jid;
	if (!param->text.p || !jid_parse(param->text, call->request->arena, &jid))
		return TEXT_NONE;
	return jid_party(&jid, &call->db->rules);
}

static bool begin(struct dimension *it, struct call *call, int days, bool whole,
		  struct people_query *query, bool *refused, struct err *err)
{
	const struct param *params = call->params;
	if (!dimension_open(it, call, days * USEC_PER_DAY, whole, refused, err))
		return false;
	if (*refused)
		return true;
	*query = (struct people_query){.realm = call->db->realm.id,
				       .since = it->since,
				       .until = it->until,
				       .now = call->now,
				       .t_expire = call->db->rules.t_expire,
				       .jid = party(call, &params[P_JID]),
				       .order = (int)params[P_ORDER].number,
				       .limit = params[D_LIMIT].number + 1};
	*refused = !call_domain(call, &params[P_DOMAIN], "domain", &query->domain);
	return true;
}

// The one behind the last says that there are more.
static bool add_row(struct dimension *it, json_t *row)
{
	bool fits = (int64_t)json_array_size(it->items) < it->call->params[D_LIMIT].number;
	if (fits)
		json_array_append_new(it->items, row);
	else
		json_decref(row);
	json_object_set_new(it->answer, "more", json_boolean(!fits));
	return fits;
}

static void finish(struct dimension *it, const char *const *columns)
{
	bool more = json_is_true(json_object_get(it->answer, "more"));
	json_object_set_new(it->answer, "more", json_boolean(more));
	reply_header(it->call->reply, "Receiptd-More", more ? TEXT("true") : TEXT("false"));
	dimension_answer(it, columns);
}

// ---- users

static bool each_user(void *self, const struct user_sums_row *user)
{
	const struct {
		const char *name;
		int64_t value;
	} counts[] = {
		{"sent", user->sent},
		{"requested", user->requested},
		{"confirmed", user->confirmed},
		{"failed_all", user->failed},
		{"read_requested", user->read_requested},
		{"read", user->read},
		{"received", user->received},
	};
	json_t *row = dimension_row("item");
	json_object_set_new(row, "jid", json_text(user->jid));
	json_object_set_new(row, "day", json_usec(user->day, 6));
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		put_number(row, counts[i].name, counts[i].value);
	const struct metric_group rated = {
		.sent = user->sent, .requested = user->requested, .confirmed = user->confirmed};
	dimension_rates(self, row, &rated, false);
	return add_row(self, row);
}

bool handle_user_metrics(struct call *call, struct err *err)
{
	static const char *const columns[] = {
		"row",       "jid",       "day",        "sent",
		"requested", "confirmed", "failed_all", "read_requested",
		"read",      "received",  RATE_COLUMNS, NULL};
	struct dimension it;
	struct people_query query;
	bool refused, ok = begin(&it, call, USER_DAYS, true, &query, &refused, err);
	if (ok && !refused) {
		query.by_day = call->params[P_BUCKET].number == 1;
		ok = store_user_metrics(call->db->store, &query, &it, each_user, err);
		if (ok)
			finish(&it, columns);
	}
	dimension_close(&it);
	return ok;
}

// ---- pairs

static bool each_pair(void *self, const struct metric_group *pair)
{
	json_t *row = dimension_row("item");
	json_object_set_new(row, "from", json_text(pair->name));
	json_object_set_new(row, "to", json_text(pair->detail));
	dimension_figures(self, row, pair);
	dimension_latency(row, pair, false);
	return add_row(self, row);
}

bool handle_pair_metrics(struct call *call, struct err *err)
{
	static const char *const columns[] = {"row",          "from",          "to",
					      FIGURE_COLUMNS, LATENCY_COLUMNS, NULL};
	struct dimension it;
	struct people_query query;
	bool refused, ok = begin(&it, call, PAIR_DAYS, false, &query, &refused, err);
	if (ok && !refused && it.until - it.since > PAIR_DAYS_MAX * USEC_PER_DAY)
		refused = call_problem(
			call, 400, "Pairs are counted from messages: at most seven days.", "since");
	if (ok && !refused) {
		ok = store_pair_metrics(call->db->store, &query, &it, each_pair, err);
		if (ok)
			finish(&it, columns);
	}
	dimension_close(&it);
	return ok;
}
