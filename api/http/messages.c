// SPDX-License-Identifier: Apache-2.0
// GET /v1/messages: the chat log.
#include "api/http/messages.h"

#include "api/http/cursor.h"
#include "api/http/handlers.h"
#include "api/http/list.h"
#include "api/http/narrow.h"
#include "api/message_json.h"
#include "pairing/jid.h"

enum {
	P_PARTICIPANT,
	P_PEER,
	P_FROM,
	P_TO,
	P_NICK,
	P_SINCE,
	P_UNTIL,
	P_DAY,
	P_TZ,
	P_ID,
	P_STATE,
	P_VERDICT,
	P_CLASS,
	P_DOMAIN,
	P_TEXT,
	P_ORDER,
	P_BODY,
	P_LIMIT,
	P_CURSOR,
	P_FORMAT,
	P_NARROW,
	P_COUNT = P_NARROW + N_COUNT
};

static const char *const orders[] = {"asc", "desc", NULL};
static const char *const switches[] = {"0", "1", NULL};
// Those that are shown: message_class_names has one more.
static const char *const classes[] = {"chat",  "pm",       "correction", "self", "pm-mirror",
				      "group", "headline", "service",    NULL};

static const struct param_spec specs[P_COUNT] = {
	[P_PARTICIPANT] = {"participant", PARAM_JID, NULL, NULL, 0, 0, false, false},
	[P_PEER] = {"peer", PARAM_JID, NULL, NULL, 0, 0, false, false},
	[P_FROM] = {"from", PARAM_JID, NULL, NULL, 0, 0, false, false},
	[P_TO] = {"to", PARAM_JID, NULL, NULL, 0, 0, false, false},
	[P_NICK] = {"nick", PARAM_TEXT, NULL, NULL, 0, 0, false, false},
	[P_SINCE] = {"since", PARAM_TIME, NULL, NULL, 0, 0, false, false},
	[P_UNTIL] = {"until", PARAM_TIME, NULL, NULL, 0, 0, false, false},
	[P_DAY] = {"day", PARAM_DAY, NULL, NULL, 0, 0, false, false},
	[P_TZ] = {"tz", PARAM_ZONE, NULL, NULL, 0, 0, false, false},
	[P_ID] = {"id", PARAM_TEXT, NULL, NULL, 0, 0, false, false},
	[P_STATE] = {"state", PARAM_WORD, NULL, message_state_names, 0, 0, false, false},
	[P_VERDICT] = {"verdict", PARAM_WORD, NULL, verdict_names, 0, 0, false, false},
	[P_CLASS] = {"class", PARAM_WORD, NULL, classes, 0, 0, false, false},
	[P_DOMAIN] = {"domain", PARAM_DOMAIN, NULL, NULL, 0, 0, false, false},
	[P_TEXT] = {"text", PARAM_TEXT, NULL, NULL, 0, 0, true, false},
	[P_ORDER] = {"order", PARAM_WORD, "desc", orders, 0, 0, false, false},
	[P_BODY] = {"body", PARAM_WORD, "0", switches, 0, 0, false, true},
	[P_LIMIT] = {"limit", PARAM_LIMIT, "100", NULL, 1, 1000, false, true},
	[P_CURSOR] = {"cursor", PARAM_TEXT, NULL, NULL, 0, 0, false, true},
	[P_FORMAT] = {"format", PARAM_WORD, NULL, table_format_names, 0, 0, false, true},
	NARROW_PARAMS(P_NARROW),
};

_Static_assert((int)P_COUNT <= (int)PARAMS_MAX, "a call has place for all of them");
const struct param_table messages_params = {specs, P_COUNT};

struct page {
	struct list list;
	unsigned parts;
	struct cursor last;
};

static void fill_filter(struct call *call, struct message_filter *filter)
{
	const struct param *params = call->params;
	*filter = (struct message_filter){
		.realm = call->db->realm.id,
		.since = params[P_SINCE].number,
		.until = params[P_UNTIL].number,
		.participant = call_party(call, &params[P_PARTICIPANT]),
		.peer = call_party(call, &params[P_PEER]),
		.from = call_party(call, &params[P_FROM]),
		.to = call_party(call, &params[P_TO]),
		.nick = params[P_NICK].text,
		.id = params[P_ID].text,
		.state = (int)params[P_STATE].number,
		.class_ = (int)params[P_CLASS].number,
		.verdict = (int)params[P_VERDICT].number,
		.body_contains = params[P_TEXT].text,
		.now = call->now,
		.t_expire = call->db->rules.t_expire,
		.with_body = params[P_BODY].number == 1,
		.with_devices = true,
		.newest_first = params[P_ORDER].number == 1,
		.limit = params[P_LIMIT].number + 1, // the one behind says that there is more
	};
}

static bool fill_cursor(struct call *call, struct message_filter *filter)
{
	const struct param *param = &call->params[P_CURSOR];
	struct cursor cursor;
	if (!param->text.p)
		return true;
	if (!call_cursor(call, param, &cursor))
		return false;
	filter->has_after = true;
	filter->after_at = cursor.at;
	filter->after_conv = cursor.conv;
	filter->after_key = cursor.key;
	filter->after_n = cursor.n;
	return true;
}

// A civil day of the zone: 23 to 25 hours.
static bool fill_day(struct call *call, struct message_filter *filter)
{
	const struct param *params = call->params;
	struct civil midnight;
	if (!params[P_DAY].given)
		return !params[P_TZ].given || !call_problem(call, 400, "tz needs day.", "tz");
	if (params[P_SINCE].given || params[P_UNTIL].given)
		return !call_problem(call, 400, "day goes without since and until.", "day");
	struct zone *utc = zone_open("UTC", NULL);
	struct zone *zone = call_zone(call, &params[P_TZ]);
	if (!zone || !utc) {
		zone_free(utc);
		return !call_problem(call, 400, "There is no such time zone.", "tz");
	}
	zone_to_civil(utc, params[P_DAY].number, &midnight);
	filter->since = zone_to_utc(zone, &midnight, USEC_NONE, NULL);
	filter->until = zone_day_start(zone, filter->since + 30 * 3600 * USEC_PER_SEC);
	zone_free(zone);
	zone_free(utc);
	return true;
}

// Words are looked for in every body of what the other filters leave: that must not be all of them.
static bool check_text(struct call *call, const struct message_filter *filter)
{
	usec_t until = filter->until == USEC_NONE ? call->now : filter->until;
	if (!filter->body_contains.p || filter->participant.p || filter->from.p || filter->to.p)
		return true;
	if (filter->since != USEC_NONE && until - filter->since <= TEXT_DAYS * USEC_PER_DAY)
		return true;
	return !call_problem(call, 400,
			     "text needs a participant, or since and until at most 31 days apart.",
			     "text");
}

// False: the problem is in the reply.
static bool check(struct call *call, struct message_filter *filter)
{
	const struct param *params = call->params;
	bool bodies = params[P_BODY].number == 1 || params[P_TEXT].given;
	if (bodies && !(call->token.scopes & SCOPE_BODIES))
		return !call_problem(call, 403, "This needs the scope bodies.",
				     params[P_TEXT].given ? "text" : "body");
	if (params[P_PEER].given && !params[P_PARTICIPANT].given)
		return !call_problem(call, 400, "peer needs participant.", "peer");
	if (params[P_CURSOR].given && params[P_LIMIT].number == 0)
		return !call_problem(call, 400, "limit=all has no pages.", "cursor");
	return fill_day(call, filter) && call_range(call, filter->since, filter->until) &&
	       check_text(call, filter) && narrow_read(call, &params[P_NARROW], filter) &&
	       call_domain(call, &params[P_DOMAIN], "domain", &filter->domain) &&
	       fill_cursor(call, filter);
}

static bool each_message(void *self, const struct message *message)
{
	struct page *page = self;
	if (list_full(&page->list))
		return false;
	const struct row *row = &message->row;
	page->last = (struct cursor){row->sent_at, row->conv, row->key, row->n};
	message_to_table(&page->list.table, message, page->parts);
	return true;
}

static bool one_page(struct call *call, const struct message_filter *filter, unsigned parts,
		     struct err *err)
{
	struct honesty honesty;
	struct page page = {.parts = parts};
	struct message_filter asked = *filter;
	if (!list_begin(&page.list, call, &call->params[P_FORMAT], message_table_columns,
			call->params[P_LIMIT].number))
		return true;
	asked.honesty = &honesty;
	if (!store_messages(call->db->store, &asked, &page, each_message, err))
		return false;
	char next[CURSOR_TEXT];
	if (page.list.more)
		cursor_encode(&call->db->realm.key, call_question(call), &page.last, next);
	list_end(&page.list, &honesty, is_final(&honesty, filter->until, call->db->rules.t_expire),
		 page.list.more ? next : NULL);
	return true;
}

bool handle_messages(struct call *call, struct err *err)
{
	struct message_filter filter;
	fill_filter(call, &filter);
	if (!check(call, &filter))
		return true;
	unsigned parts = MESSAGE_KEYS | (filter.with_body ? MESSAGE_BODY : 0);
	if (call->params[P_LIMIT].number == 0)
		return messages_all(call, &filter, parts, &call->params[P_FORMAT], err);
	return one_page(call, &filter, parts, err);
}
