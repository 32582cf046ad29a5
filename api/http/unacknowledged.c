// SPDX-License-Identifier: Apache-2.0
// GET /v1/unacknowledged: who waits for a receipt, the oldest first.
#include "api/http/cursor.h"
#include "api/http/handlers.h"
#include "api/http/list.h"
#include "api/message_json.h"

enum {
	P_PARTICIPANT,
	P_DOMAIN,
	P_OLDER_THAN,
	P_SINCE,
	P_UNTIL,
	P_VERDICT,
	P_LIMIT,
	P_CURSOR,
	P_FORMAT,
	P_COUNT
};

static const char *const verdicts[] = {"pending", "expired", NULL};
static const enum verdict verdict_of[] = {VERDICT_PENDING, VERDICT_EXPIRED};

enum { OLDEST_SECONDS = 366 * 86400 };

static const struct param_spec specs[P_COUNT] = {
	[P_PARTICIPANT] = {"participant", PARAM_JID, NULL, NULL, 0, 0, false, false},
	[P_DOMAIN] = {"domain", PARAM_DOMAIN, NULL, NULL, 0, 0, false, false},
	[P_OLDER_THAN] = {"older_than", PARAM_NUMBER, NULL, NULL, 0, OLDEST_SECONDS, false, false},
	[P_SINCE] = {"since", PARAM_TIME, NULL, NULL, 0, 0, false, false},
	[P_UNTIL] = {"until", PARAM_TIME, NULL, NULL, 0, 0, false, false},
	[P_VERDICT] = {"verdict", PARAM_WORD, NULL, verdicts, 0, 0, false, false},
	[P_LIMIT] = {"limit", PARAM_NUMBER, "100", NULL, 1, 1000, false, true},
	[P_CURSOR] = {"cursor", PARAM_TEXT, NULL, NULL, 0, 0, false, true},
	[P_FORMAT] = {"format", PARAM_WORD, NULL, table_format_names, 0, 0, false, true},
};

const struct param_table unacknowledged_params = {specs, P_COUNT};

struct page {
	struct list list;
	struct cursor last;
};

static bool each_message(void *self, const struct message *message)
{
	struct page *page = self;
	if (list_full(&page->list))
		return false;
	const struct row *row = &message->row;
	page->last = (struct cursor){row->sent_at, row->conv, row->key, row->n};
	message_to_table(&page->list.table, message, MESSAGE_KEYS);
	return true;
}

static bool fill_cursor(struct call *call, struct open_filter *filter)
{
	struct cursor cursor;
	if (!call->params[P_CURSOR].text.p)
		return true;
	if (!call_cursor(call, &call->params[P_CURSOR], &cursor))
		return false;
	filter->has_after = true;
	filter->after_at = cursor.at;
	filter->after_conv = cursor.conv;
	filter->after_key = cursor.key;
	filter->after_n = cursor.n;
	return true;
}

// False: the problem is in the reply.
static bool fill_filter(struct call *call, struct open_filter *filter)
{
	const struct param *params = call->params;
	*filter = (struct open_filter){
		.realm = call->db->realm.id,
		.since = params[P_SINCE].number,
		.until = params[P_UNTIL].number,
		.participant = call_party(call, &params[P_PARTICIPANT]),
		.verdict = params[P_VERDICT].given ? (int)verdict_of[params[P_VERDICT].number] : -1,
		.now = call->now,
		.t_expire = call->db->rules.t_expire,
		.limit = params[P_LIMIT].number + 1,
	};
	if (!call_range(call, filter->since, filter->until))
		return false;
	if (params[P_OLDER_THAN].given) {
		usec_t edge = call->now - params[P_OLDER_THAN].number * USEC_PER_SEC;
		if (filter->until == USEC_NONE || filter->until > edge)
			filter->until = edge;
	}
	return call_domain(call, &params[P_DOMAIN], "domain", &filter->domain) &&
	       fill_cursor(call, filter);
}

bool handle_unacknowledged(struct call *call, struct err *err)
{
	struct open_filter filter;
	struct honesty honesty;
	struct page page = {0};
	if (!fill_filter(call, &filter))
		return true;
	if (!list_begin(&page.list, call, &call->params[P_FORMAT], message_table_columns,
			call->params[P_LIMIT].number))
		return true;
	filter.honesty = &honesty;
	if (!store_unacknowledged(call->db->store, &filter, &page, each_message, err))
		return false;
	char next[CURSOR_TEXT];
	if (page.list.more)
		cursor_encode(&call->db->realm.key, call_question(call), &page.last, next);
	list_end(&page.list, &honesty, is_final(&honesty, filter.until, call->db->rules.t_expire),
		 page.list.more ? next : NULL);
	return true;
}
