// SPDX-License-Identifier: Apache-2.0
// GET /v1/findings, /v1/gaps, /v1/sources, /v1/quarantine: small lists without pages; "more" says when
// the limit cut one off.
#include "api/http/handlers.h"

#include "api/http/list.h"

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

static void put_number(json_t *object, const char *key, int64_t value)
{
	json_object_set_new(object, key, json_integer(value));
}

// ---- findings

static bool each_finding(void *self, const struct stored_finding *finding)
{
	json_t *row = json_object();
	json_object_set_new(row, "rule", json_text(finding->rule));
	json_object_set_new(row, "by", json_text(finding->by.p ? finding->by : TEXT("")));
	json_object_set_new(row, "ref", json_text(finding->ref.p ? finding->ref : TEXT("")));
	json_put_usec(row, "first_at", finding->first_at, 6);
	json_put_usec(row, "last_at", finding->last_at, 6);
	put_number(row, "count", finding->count);
	return list_put(self, row);
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
	static const char *const columns[] = {"rule",    "by",    "ref", "first_at",
					      "last_at", "count", NULL};
	return answer(call, columns, ask_findings, err);
}

// ---- gaps

static bool each_gap(void *self, const struct stored_gap *gap)
{
	json_t *row = json_object();
	json_put_text(row, "source", gap->source);
	json_put_text(row, "cause", gap->cause);
	json_put_usec(row, "from_at", gap->from_at, 6);
	json_put_usec(row, "to_at", gap->to_at, 6);
	json_put_usec(row, "found_at", gap->found_at, 6);
	put_number(row, "from_offset", gap->from_offset);
	put_number(row, "to_offset", gap->to_offset);
	if (gap->lost >= 0)
		put_number(row, "lost", gap->lost);
	return list_put(self, row);
}

static bool ask_gaps(struct call *call, struct window window, struct list *list, struct err *err)
{
	return store_gaps(call->db->store, call->db->realm.id, window.since, window.until, list,
			  each_gap, err);
}

bool handle_gaps(struct call *call, struct err *err)
{
	static const char *const columns[] = {"source",    "cause",    "from_at",
					      "to_at",     "found_at", "from_offset",
					      "to_offset", "lost",     NULL};
	return answer(call, columns, ask_gaps, err);
}

// ---- sources

static bool each_source(void *self, const struct source_state *source)
{
	json_t *row = json_object();
	json_put_text(row, "name", source->name);
	json_put_text(row, "dialect", source->dialect);
	json_put_text(row, "path", source->path);
	json_put_text(row, "realm", source->realm);
	json_object_set_new(row, "live", json_boolean(source->live));
	put_number(row, "generations", source->generations);
	put_number(row, "records", source->records);
	put_number(row, "stanzas", source->stanzas);
	put_number(row, "quarantined", source->quarantined);
	put_number(row, "gaps", source->gaps);
	json_put_usec(row, "first_at", source->first_at, 6);
	json_put_usec(row, "last_at", source->last_at, 6);
	json_put_usec(row, "seen_at", source->seen_at, 6);
	put_number(row, "read_bytes", (int64_t)source->read_bytes);
	put_number(row, "size", (int64_t)source->size);
	return list_put(self, row);
}

static bool ask_sources(struct call *call, struct window window, struct list *list, struct err *err)
{
	(void)window;
	return store_sources(call->db->store, call->db->realm.id, list, each_source, err);
}

bool handle_sources(struct call *call, struct err *err)
{
	static const char *const columns[] = {"name",        "dialect",     "path",     "realm",
					      "live",        "generations", "records",  "stanzas",
					      "quarantined", "gaps",        "first_at", "last_at",
					      "seen_at",     "read_bytes",  "size",     NULL};
	return answer(call, columns, ask_sources, err);
}

// ---- quarantine: where and why, never what

static bool each_record(void *self, const struct stored_quarantine *record)
{
	json_t *row = json_object();
	json_put_text(row, "source", record->source);
	json_put_text(row, "reason", record->reason);
	json_put_usec(row, "at", record->at, 6);
	json_put_usec(row, "found_at", record->found_at, 6);
	put_number(row, "offset", record->offset);
	put_number(row, "length", record->length);
	return list_put(self, row);
}

static bool ask_quarantine(struct call *call, struct window window, struct list *list,
			   struct err *err)
{
	(void)window;
	return store_quarantine(call->db->store, call->db->realm.id, list, each_record, err);
}

bool handle_quarantine(struct call *call, struct err *err)
{
	static const char *const columns[] = {"source", "reason", "at", "found_at",
					      "offset", "length", NULL};
	return answer(call, columns, ask_quarantine, err);
}
