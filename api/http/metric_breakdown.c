// SPDX-License-Identifier: Apache-2.0
// GET /v1/metrics/breakdown: the delivery figures by one dimension. Roll-ups know each dimension by itself,
// not their cross product, so only what they know together can be combined; the rest is refused.
#include "api/http/handlers.h"

#include "api/http/dimension.h"
#include "api/http/metric_json.h"
#include "pairing/row.h"

enum { P_BY = D_OWN, P_ORDER, P_FROM_DOMAIN, P_TO_DOMAIN, P_COUNT };

static const char *const dimensions[] = {"type",        "class",     "stored",    "encrypted",
					 "from_domain", "to_domain", "condition", NULL};

static const struct param_spec specs[P_COUNT] = {
	DIMENSION_PARAMS,
	[P_BY] = {"by", PARAM_WORD, "type", dimensions, 0, 0, false, false},
	[P_ORDER] = {"order", PARAM_WORD, "worst", group_order_words, 0, 0, false, false},
	[P_FROM_DOMAIN] = {"from_domain", PARAM_DOMAIN, NULL, NULL, 0, 0, false, false},
	[P_TO_DOMAIN] = {"to_domain", PARAM_DOMAIN, NULL, NULL, 0, 0, false, false},
};

const struct param_table breakdown_params = {specs, P_COUNT};

enum { DEFAULT_DAYS = 7 };

static const char *const stored_names[] = {"live", "stored"};
static const char *const encrypted_names[] = {"plain", "encrypted"};

static const struct dimension_form { // in the order of dimensions
	enum group_by by;
	bool from, to;            // may be limited to this domain
	bool latency;             // times are known
	const char *const *names; // of numbers; NULL: the value is a text
	size_t count;
} forms[] = {
	{GROUP_TYPE, false, false, false, message_type_names, 5},
	{GROUP_CLASS, false, false, false, message_class_names, CLASS_JOINED},
	{GROUP_STORED, false, false, false, stored_names, 2},
	{GROUP_ENCRYPTED, false, false, false, encrypted_names, 2},
	{GROUP_FROM_DOMAIN, false, true, true, NULL, 0},
	{GROUP_TO_DOMAIN, true, false, true, NULL, 0},
	{GROUP_CONDITION, true, true, false, NULL, 0},
};

// ---- what goes together

static bool check_combination(struct call *call, const struct dimension_form *form)
{
	static const char detail[] =
		"This cannot be combined: by=to_domain takes from_domain, by=from_domain takes "
		"to_domain, by=condition takes both, the others none.";
	const struct param *params = call->params;
	if (params[P_FROM_DOMAIN].given && !form->from)
		return !call_problem(call, 400, detail, "from_domain");
	if (params[P_TO_DOMAIN].given && !form->to)
		return !call_problem(call, 400, detail, "to_domain");
	if (params[P_ORDER].number == GROUP_SLOW && !form->latency)
		return !call_problem(call, 400,
				     "order=slow needs times: they are known of by=from_domain and "
				     "by=to_domain.",
				     "order");
	return true;
}

// F134: a token limited to domains needs one of its own at an end that this dimension can be limited to.
static bool check_domains(struct call *call, const struct dimension_form *form,
			  struct group_query *query)
{
	const struct param *from = &call->params[P_FROM_DOMAIN], *to = &call->params[P_TO_DOMAIN];
	query->from_domain = from->text;
	query->to_domain = to->text;
	if (!call->token.domains.count)
		return true;
	if (!form->from && !form->to)
		return !call_problem(call, 403, "This token is limited to domains.", NULL);
	if (form->to && to->text.p && token_sees(&call->token, to->text))
		return true;
	return form->from ? call_domain(call, from, "from_domain", &query->from_domain)
			  : call_domain(call, to, "to_domain", &query->to_domain);
}

// ---- rows

static json_t *value_of(const struct dimension_form *form, struct text name)
{
	size_t number = 0;
	if (!form->names || !name.p)
		return json_text(name);
	for (size_t i = 0; i < name.n && number < form->count; i++)
		number = number * 10 + (size_t)(name.p[i] - '0');
	return number < form->count ? json_string(form->names[number]) : json_text(name);
}

static json_t *group_row(const struct dimension *it, const struct dimension_form *form,
			 const char *row, const struct metric_group *group)
{
	json_t *object = dimension_row(row);
	json_object_set_new(object, "by", json_string(dimensions[form - forms]));
	json_object_set_new(object, "value", value_of(form, group->name));
	put_number(object, "values", (int64_t)group->groups);
	if (form->by == GROUP_CONDITION) {
		put_number(object, "failed", group->failed);
		put_number(object, "failed_all", group->failed_all);
		return object;
	}
	dimension_figures(it, object, group);
	if (!form->latency)
		return object;
	dimension_latency(object, group, true);
	dimension_conditions(object, group);
	return object;
}

static bool ask(struct dimension *it, const struct dimension_form *form,
		const struct group_query *query, struct err *err)
{
	struct metric_groups groups;
	if (!store_groups(it->call->db->store, query, it->call->request->arena, &groups, err))
		return false;
	for (size_t i = 0; i < groups.count; i++)
		json_array_append_new(it->items, group_row(it, form, "item", &groups.items[i]));
	if (groups.other.groups)
		json_array_append_new(it->others, group_row(it, form, "other", &groups.other));
	json_object_set_new(it->answer, "by", json_string(dimensions[form - forms]));
	return true;
}

bool handle_breakdown(struct call *call, struct err *err)
{
	static const char *const columns[] = {
		"row",           "by",         "value", "values", FIGURE_COLUMNS,
		LATENCY_COLUMNS, "conditions", NULL};
	const struct dimension_form *form = &forms[call->params[P_BY].number];
	struct dimension it;
	bool refused;
	if (!check_combination(call, form))
		return true;
	bool ok = dimension_open(&it, call, DEFAULT_DAYS * USEC_PER_DAY, true, &refused, err);
	if (ok && !refused) {
		struct group_query query = dimension_query(&it);
		query.by = form->by;
		query.order = (enum group_order)call->params[P_ORDER].number;
		refused = !check_domains(call, form, &query);
		ok = refused || ask(&it, form, &query, err);
	}
	if (ok && !refused)
		dimension_answer(&it, columns);
	dimension_close(&it);
	return ok;
}
