// SPDX-License-Identifier: Apache-2.0
// GET /v1/conversations, GET /v1/contacts: who talks with whom. The end of the interval stands in the
// cursor, so that what is said while somebody turns the pages changes none of them.
#include "api/http/cursor.h"
#include "api/http/handlers.h"
#include "api/http/list.h"
#include "api/message_json.h"

enum { P_SINCE, P_UNTIL, P_DOMAIN, P_LIMIT, P_CURSOR, P_FORMAT, P_CONVERSATIONS_COUNT };
enum { P_JID = P_CONVERSATIONS_COUNT, P_CONTACTS_COUNT };
enum { WINDOW_DAYS = 31 };

static const struct param_spec specs[P_CONTACTS_COUNT] = {
	[P_SINCE] = {"since", PARAM_TIME, NULL, NULL, 0, 0, false, false},
	[P_UNTIL] = {"until", PARAM_TIME, NULL, NULL, 0, 0, false, false},
	[P_DOMAIN] = {"domain", PARAM_DOMAIN, NULL, NULL, 0, 0, false, false},
	[P_LIMIT] = {"limit", PARAM_NUMBER, "100", NULL, 1, 1000, false, true},
	[P_CURSOR] = {"cursor", PARAM_TEXT, NULL, NULL, 0, 0, false, true},
	[P_FORMAT] = {"format", PARAM_WORD, NULL, table_format_names, 0, 0, false, true},
	[P_JID] = {"jid", PARAM_JID, NULL, NULL, 0, 0, false, false},
};

const struct param_table conversations_params = {specs, P_CONVERSATIONS_COUNT};
const struct param_table contacts_params = {specs, P_CONTACTS_COUNT};

static const char *const conversation_columns[] = {"last_at",
						   "first_at",
						   "a",
						   "b",
						   "room",
						   "messages",
						   "sent_by_a",
						   "sent_by_b",
						   "unanswered_of_a",
						   "unanswered_of_b",
						   "conv",
						   NULL};
static const char *const contact_columns[] = {
	"last_at", "first_at", "contact",         "room",
	"sent",    "received", "unanswered_sent", "unanswered_received",
	"conv",    NULL};

struct page {
	struct list list;
	bool contacts;
	struct cursor last;
};

static void put_number(json_t *object, const char *key, int64_t value)
{
	json_object_set_new(object, key, json_integer(value));
}

static json_t *common_json(const struct conversation *it)
{
	json_t *object = json_object();
	json_put_usec(object, "last_at", it->last_at, 6);
	json_put_usec(object, "first_at", it->first_at, 6);
	json_object_set_new(object, "room", json_boolean(it->room));
	json_put_hex(object, "conv", it->conv);
	return object;
}

static json_t *conversation_json(const struct conversation *it)
{
	json_t *object = common_json(it);
	json_put_text(object, "a", it->a);
	json_put_text(object, "b", it->b);
	put_number(object, "messages", it->sent[0] + it->sent[1]);
	if (it->room)
		return object;
	put_number(object, "sent_by_a", it->sent[0]);
	put_number(object, "sent_by_b", it->sent[1]);
	put_number(object, "unanswered_of_a", it->unanswered[0]);
	put_number(object, "unanswered_of_b", it->unanswered[1]);
	return object;
}

static json_t *contact_json(const struct conversation *it)
{
	json_t *object = common_json(it);
	json_object_set_new(object, "contact", json_text(it->b));
	put_number(object, "sent", it->sent[0]);
	put_number(object, "received", it->sent[1]);
	put_number(object, "unanswered_sent", it->unanswered[0]);
	put_number(object, "unanswered_received", it->unanswered[1]);
	return object;
}

static bool each_conversation(void *self, const struct conversation *it)
{
	struct page *page = self;
	if (list_full(&page->list))
		return false;
	page->last.at = it->last_at;
	page->last.conv = it->conv;
	return list_put(&page->list, page->contacts ? contact_json(it) : conversation_json(it));
}

static void fill_window(struct call *call, const struct honesty *honesty,
			struct conversation_filter *filter)
{
	const struct param *params = call->params;
	usec_t width = WINDOW_DAYS * USEC_PER_DAY;
	filter->until = params[P_UNTIL].number;
	filter->since = params[P_SINCE].number;
	if (filter->until == USEC_NONE && filter->has_after)
		filter->until = filter->after_until;
	if (filter->until == USEC_NONE) // where only old logs were read: with the newest of them
		filter->until = honesty->newest != USEC_NONE && honesty->newest < call->now - width
					? honesty->newest + USEC_PER_SEC
					: call->now;
	if (filter->since == USEC_NONE)
		filter->since = filter->until - width;
}

static bool fill_cursor(struct call *call, struct conversation_filter *filter)
{
	struct cursor cursor;
	if (!call->params[P_CURSOR].text.p)
		return true;
	if (!call_cursor(call, &call->params[P_CURSOR], &cursor))
		return false;
	filter->has_after = true;
	filter->after_at = cursor.at;
	filter->after_conv = cursor.conv;
	filter->after_until = cursor.key;
	return true;
}

static bool handle(struct call *call, bool contacts, struct err *err)
{
	struct honesty honesty;
	struct page page = {.contacts = contacts};
	struct conversation_filter filter = {.realm = call->db->realm.id,
					     .limit = call->params[P_LIMIT].number + 1};
	if (contacts)
		filter.jid = call_party(call, &call->params[P_JID]);
	if (!fill_cursor(call, &filter) ||
	    !call_domain(call, &call->params[P_DOMAIN], "domain", &filter.domain))
		return true;
	if (!store_honesty(call->db->store, filter.realm, USEC_NONE, USEC_NONE, &honesty, err))
		return false;
	fill_window(call, &honesty, &filter);
	if (!call_range(call, filter.since, filter.until))
		return true;
	if (!store_honesty(call->db->store, filter.realm, filter.since, filter.until, &honesty,
			   err))
		return false;
	if (!list_begin(&page.list, call, &call->params[P_FORMAT],
			contacts ? contact_columns : conversation_columns,
			call->params[P_LIMIT].number))
		return true;
	page.last.key = filter.until;
	if (!store_conversations(call->db->store, &filter, &page, each_conversation, err))
		return false;
	char next[CURSOR_TEXT];
	if (page.list.more)
		cursor_encode(&call->db->realm.key, call_question(call), &page.last, next);
	list_end(&page.list, &honesty, is_final(&honesty, filter.until, call->db->rules.t_expire),
		 page.list.more ? next : NULL);
	return true;
}

bool handle_conversations(struct call *call, struct err *err)
{
	return handle(call, false, err);
}

bool handle_contacts(struct call *call, struct err *err)
{
	if (!call->params[P_JID].given)
		return call_problem(call, 400, "contacts of whom? jid is missing.", "jid");
	return handle(call, true, err);
}
