// SPDX-License-Identifier: Apache-2.0
// GET /v1/metrics/peers, /v1/metrics/clients: which remote domain, which client software loses or delays.
#include "api/http/handlers.h"

#include "api/http/dimension.h"
#include "api/http/metric_json.h"

enum { P_ORDER = D_OWN, P_DOMAIN, P_CLIENTS, P_DIRECTION = P_CLIENTS, P_PEERS };

static const char *const directions[] = {"both", "to", "from", NULL};

static const struct param_spec specs[P_PEERS] = {
	DIMENSION_PARAMS,
	[P_ORDER] = {"order", PARAM_WORD, "worst", group_order_words, 0, 0, false, false},
	[P_DOMAIN] = {"domain", PARAM_DOMAIN, NULL, NULL, 0, 0, false, false},
	[P_DIRECTION] = {"direction", PARAM_WORD, "both", directions, 0, 0, false, false},
};

const struct param_table peers_params = {specs, P_PEERS};
const struct param_table clients_params = {specs, P_CLIENTS};

enum { DEFAULT_DAYS = 7 };

// F134: of a token limited to domains, only what one of these sent or got.
static bool begin(struct dimension *it, struct call *call, struct group_query *query, bool *refused,
		  struct err *err)
{
	if (!dimension_open(it, call, DEFAULT_DAYS * USEC_PER_DAY, true, refused, err))
		return false;
	if (*refused)
		return true;
	*query = dimension_query(it);
	query->order = (enum group_order)call->params[P_ORDER].number;
	*refused = !call_domain(call, &call->params[P_DOMAIN], "domain", &query->domain);
	return true;
}

// ---- peers

static json_t *peer_row(const struct dimension *it, const char *row,
			const struct metric_group *group, const char *direction)
{
	json_t *object = dimension_row(row);
	json_object_set_new(object, "domain", json_text(group->name));
	json_object_set_new(object, "direction", json_string(direction));
	put_number(object, "domains", (int64_t)group->groups);
	dimension_figures(it, object, group);
	dimension_latency(object, group, true);
	dimension_conditions(object, group);
	return object;
}

static bool ask_direction(struct dimension *it, struct group_query *query, const char *direction,
			  struct err *err)
{
	struct metric_groups groups;
	if (!store_groups(it->call->db->store, query, it->call->request->arena, &groups, err))
		return false;
	for (size_t i = 0; i < groups.count; i++)
		json_array_append_new(it->items, peer_row(it, "item", &groups.items[i], direction));
	if (groups.other.groups)
		json_array_append_new(it->others, peer_row(it, "other", &groups.other, direction));
	return true;
}

// Which domains were taken for ours; of a limited token no more than it may know.
static void put_local(struct dimension *it, const struct group_query *query)
{
	json_t *local = json_array();
	for (size_t i = 0; i < query->local->count; i++) {
		struct text domain = text_of(query->local->items[i]);
		if (!query->domain.p || text_same(domain, query->domain))
			json_array_append_new(local, json_text(domain));
	}
	json_object_set_new(it->answer, "local_domains", local);
}

bool handle_peers(struct call *call, struct err *err)
{
	static const char *const columns[] = {
		"row",          "domain",        "direction",  "domains",
		FIGURE_COLUMNS, LATENCY_COLUMNS, "conditions", NULL};
	static const enum group_by by[] = {GROUP_PEERS_TO, GROUP_PEERS_FROM};
	struct dimension it;
	struct group_query query;
	bool refused, ok = begin(&it, call, &query, &refused, err);
	int64_t direction = call->params[P_DIRECTION].number;
	query.local = &call->db->rules.hosts;
	for (int i = 0; ok && !refused && i < 2; i++) {
		query.by = by[i];
		if (direction == 0 || direction == i + 1)
			ok = ask_direction(&it, &query, directions[i + 1], err);
	}
	if (ok && !refused) {
		put_local(&it, &query);
		dimension_answer(&it, columns);
	}
	dimension_close(&it);
	return ok;
}

// ---- clients

static json_t *client_row(const struct dimension *it, const char *row,
			  const struct metric_group *group, bool named)
{
	json_t *object = dimension_row(row);
	json_object_set_new(object, "software", named ? json_text(group->name) : json_null());
	json_object_set_new(object, "version", named ? json_text(group->detail) : json_null());
	put_number(object, "clients", (int64_t)group->groups);
	dimension_figures(it, object, group);
	dimension_latency(object, group, true);
	return object;
}

// How much of what asked for a receipt is known to which software it went.
static void put_known_share(struct dimension *it, const struct metric_groups *groups)
{
	int64_t known = groups->other.requested;
	for (size_t i = 0; i < groups->count; i++)
		known += groups->items[i].requested;
	int64_t all = known + groups->no_software.requested + groups->no_device.requested;
	put_ratio(it->answer, "known_share", known, all);
	put_ratio(it->answer, "no_software_share", groups->no_software.requested, all);
	put_ratio(it->answer, "no_device_share", groups->no_device.requested, all);
}

static void put_clients(struct dimension *it, const struct metric_groups *groups)
{
	for (size_t i = 0; i < groups->count; i++)
		json_array_append_new(it->items, client_row(it, "item", &groups->items[i], true));
	if (groups->other.groups)
		json_array_append_new(it->others, client_row(it, "other", &groups->other, false));
	json_array_append_new(it->others,
			      client_row(it, "no_software", &groups->no_software, false));
	json_array_append_new(it->others, client_row(it, "no_device", &groups->no_device, false));
	put_known_share(it, groups);
}

bool handle_clients(struct call *call, struct err *err)
{
	static const char *const columns[] = {"row",          "software",      "version", "clients",
					      FIGURE_COLUMNS, LATENCY_COLUMNS, NULL};
	struct dimension it;
	struct group_query query;
	struct metric_groups groups;
	bool refused, ok = begin(&it, call, &query, &refused, err);
	if (ok && !refused) {
		query.by = GROUP_CLIENTS;
		ok = store_groups(call->db->store, &query, call->request->arena, &groups, err);
		if (ok) {
			put_clients(&it, &groups);
			dimension_answer(&it, columns);
		}
	}
	dimension_close(&it);
	return ok;
}
