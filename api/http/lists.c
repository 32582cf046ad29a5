// SPDX-License-Identifier: Apache-2.0
// GET /v1/findings, /v1/gaps, /v1/sources, /v1/quarantine: small lists without pages; "more" says when
// the limit cut one off.
#include "api/http/handlers.h"

#include "api/http/list.h"
#include "api/state_json.h"

enum { P_LIMIT, P_FORMAT, P_SINCE, P_UNTIL, P_WINDOW_COUNT, P_PLAIN_COUNT = P_SINCE };

static const struct param_spec specs[P_WINDOW_COUNT] = {
	[P_LIMIT] = {"limit", PARAM_NUMBER, "1000", NULL, 1, 10000, false, true},
	[P_FORMAT] = {"format", PARAM_WORD, NULL, table_format_names, 0, 0, false, true},
	[P_SINCE] = {"since", PARAM_TIME, NULL, NULL, 0, 0, false, false},
	[P_UNTIL] = {"until", PARAM_TIME, NULL, NULL, 0, 0, false, false},
};

const struct param_table window_params = {specs, P_WINDOW_COUNT};
const struct param_table plain_params = {specs, P_PLAIN_COUNT};

struct window {
	usec_t since, until;
};

static struct window window_of(const struct call *call)
{
	if (call->route->params != &window_params)
		return (struct window){USEC_NONE, USEC_NONE};
	return (struct window){call->params[P_SINCE].number, call->params[P_UNTIL].number};
}

typedef bool ask_fn(struct call *call, struct window window, struct list *list, struct err *err);

// These lists speak about the whole realm: a token limited to domains may not see them (F134).
static bool answer(struct call *call, const char *const *columns, ask_fn *ask, struct err *err)
{
	struct list list;
	struct honesty honesty;
	struct window window = window_of(call);
	if (call->token.domains.count > 0)
		return call_problem(call, 403, "This token is limited to domains.", NULL);
	if (!call_range(call, window.since, window.until))
		return true;
	if (!store_honesty(call->db->store, call->db->realm.id, window.since, window.until,
			   &honesty, err))
		return false;
	if (!list_begin(&list, call, &call->params[P_FORMAT], columns,
			call->params[P_LIMIT].number))
		return true;
	if (!ask(call, window, &list, err))
		return false;
	list_end(&list, &honesty, is_final(&honesty, window.until, call->db->rules.t_expire), NULL);
	return true;
}

// ---- findings

static bool each_finding(void *self, const struct stored_finding *finding)
{
	return list_put(self, finding_json(finding));
}

static bool ask_findings(struct call *call, struct window window, struct list *list,
			 struct err *err)
{
	const struct finding_filter filter = {.realm = call->db->realm.id,
					      .since = window.since,
					      .until = window.until,
					      .now = USEC_NONE,
					      .t_expire = call->db->rules.t_expire,
					      .w_match = call->db->rules.w_match,
					      .t_composing_open = call->db->rules.t_composing_open};
	return store_findings(call->db->store, &filter, list, each_finding, err);
}

bool handle_findings(struct call *call, struct err *err)
{
	return answer(call, finding_columns, ask_findings, err);
}

// ---- gaps

static bool each_gap(void *self, const struct stored_gap *gap)
{
	return list_put(self, gap_json(gap));
}

static bool ask_gaps(struct call *call, struct window window, struct list *list, struct err *err)
{
	return store_gaps(call->db->store, call->db->realm.id, window.since, window.until, list,
			  each_gap, err);
}

bool handle_gaps(struct call *call, struct err *err)
{
	return answer(call, gap_columns, ask_gaps, err);
}

// ---- sources

static bool each_source(void *self, const struct source_state *source)
{
	return list_put(self, source_json(source));
}

static bool ask_sources(struct call *call, struct window window, struct list *list, struct err *err)
{
	(void)window;
	return store_sources(call->db->store, call->db->realm.id, list, each_source, err);
}

bool handle_sources(struct call *call, struct err *err)
{
	return answer(call, source_columns, ask_sources, err);
}

// ---- quarantine: where and why, never what

static bool each_record(void *self, const struct stored_quarantine *record)
{
	return list_put(self, quarantine_json(record));
}

static bool ask_quarantine(struct call *call, struct window window, struct list *list,
			   struct err *err)
{
	(void)window;
	return store_quarantine(call->db->store, call->db->realm.id, list, each_record, err);
}

bool handle_quarantine(struct call *call, struct err *err)
{
	return answer(call, quarantine_columns, ask_quarantine, err);
}
