// SPDX-License-Identifier: Apache-2.0
// GET /v1/messages: the chat log.
#include "api/http/handlers.h"

#include "api/http/cursor.h"
#include "api/http/list.h"
#include "api/message_json.h"
#include "pairing/jid.h"

enum {
	P_PARTICIPANT,
	P_PEER,
	P_FROM,
	P_TO,
	P_SINCE,
	P_UNTIL,
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
	P_COUNT
};

static const char *const orders[] = {"asc", "desc", NULL};
static const char *const switches[] = {"0", "1", NULL};

static const struct param_spec specs[P_COUNT] = {
	[P_PARTICIPANT] = {"participant", PARAM_JID, NULL, NULL, 0, 0, false, false},
	[P_PEER] = {"peer", PARAM_JID, NULL, NULL, 0, 0, false, false},
	[P_FROM] = {"from", PARAM_JID, NULL, NULL, 0, 0, false, false},
	[P_TO] = {"to", PARAM_JID, NULL, NULL, 0, 0, false, false},
	[P_SINCE] = {"since", PARAM_TIME, NULL, NULL, 0, 0, false, false},
	[P_UNTIL] = {"until", PARAM_TIME, NULL, NULL, 0, 0, false, false},
	[P_ID] = {"id", PARAM_TEXT, NULL, NULL, 0, 0, false, false},
	[P_STATE] = {"state", PARAM_WORD, NULL, message_state_names, 0, 0, false, false},
	[P_VERDICT] = {"verdict", PARAM_WORD, NULL, verdict_names, 0, 0, false, false},
	[P_CLASS] = {"class", PARAM_WORD, NULL, message_class_names, 0, 0, false, false},
	[P_DOMAIN] = {"domain", PARAM_DOMAIN, NULL, NULL, 0, 0, false, false},
	[P_TEXT] = {"text", PARAM_TEXT, NULL, NULL, 0, 0, true, false},
	[P_ORDER] = {"order", PARAM_WORD, "desc", orders, 0, 0, false, false},
	[P_BODY] = {"body", PARAM_WORD, "0", switches, 0, 0, false, true},
	[P_LIMIT] = {"limit", PARAM_NUMBER, "100", NULL, 1, 1000, false, true},
	[P_CURSOR] = {"cursor", PARAM_TEXT, NULL, NULL, 0, 0, false, true},
	[P_FORMAT] = {"format", PARAM_WORD, NULL, table_format_names, 0, 0, false, true},
};

const struct param_table messages_params = {specs, P_COUNT};

struct page {
	struct list list;
	unsigned parts;
	struct cursor last;
};

// Only what changes which rows are meant, or their order, belongs to the question.
static int64_t question_of(const struct call *call)
{
	struct buf question = {0};
	for (size_t i = 0; i < P_COUNT; i++) {
		const struct param *param = &call->params[i];
		if (specs[i].paging || !param->text.p)
			continue;
		buf_printf(&question, "%s=%zu:", specs[i].name, param->text.n);
		buf_text(&question, param->text);
	}
	int64_t hash = KEYED(&call->db->realm.key, TEXT("api question 1"), buf_view(&question));
	buf_free(&question);
	return hash;
}

// A full JID names an occupant on a MUC domain; elsewhere the resource does not matter (M1, M7).
static struct text party(struct call *call, const struct param *param)
{
	struct jid jid;
	if (!param->text.p || !jid_parse(param->text, call->request->arena, &jid))
		return TEXT_NONE;
	return jid_party(&jid, &call->db->rules);
}

static void fill_filter(struct call *call, struct message_filter *filter)
{
	const struct param *params = call->params;
	*filter = (struct message_filter){
		.realm = call->db->realm.id,
		.since = params[P_SINCE].number,
		.until = params[P_UNTIL].number,
		.participant = party(call, &params[P_PARTICIPANT]),
		.peer = party(call, &params[P_PEER]),
		.from = party(call, &params[P_FROM]),
		.to = party(call, &params[P_TO]),
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
	if (!cursor_decode(&call->db->realm.key, question_of(call), param->text, &cursor)) {
		call_problem(call, 400, "cursor is damaged or belongs to another question.",
			     "cursor");
		return false;
	}
	filter->has_after = true;
	filter->after_at = cursor.at;
	filter->after_conv = cursor.conv;
	filter->after_key = cursor.key;
	filter->after_n = cursor.n;
	return true;
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
	return call_range(call, params[P_SINCE].number, params[P_UNTIL].number) &&
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
	return list_put(&page->list, message_json(message, page->parts));
}

bool handle_messages(struct call *call, struct err *err)
{
	struct message_filter filter;
	struct honesty honesty;
	struct page page = {.parts = MESSAGE_KEYS};
	fill_filter(call, &filter);
	if (!check(call, &filter))
		return true;
	if (filter.with_body)
		page.parts |= MESSAGE_BODY;
	if (!store_honesty(call->db->store, filter.realm, filter.since, filter.until, &honesty,
			   err))
		return false;
	if (!list_begin(&page.list, call, &call->params[P_FORMAT], message_table_columns,
			call->params[P_LIMIT].number))
		return true;
	if (!store_messages(call->db->store, &filter, &page, each_message, err))
		return false;
	char next[CURSOR_TEXT];
	if (page.list.more)
		cursor_encode(&call->db->realm.key, question_of(call), &page.last, next);
	list_end(&page.list, &honesty, is_final(&honesty, filter.until, call->db->rules.t_expire),
		 page.list.more ? next : NULL);
	return true;
}
