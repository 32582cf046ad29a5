// SPDX-License-Identifier: Apache-2.0
// Who talks with whom. Those of one account are known by name (table party); all others are looked for
// from the end of the interval backwards, in slices that grow until the page is full: a page costs about
// what was said since its last conversation, whatever the interval holds.
#include "store/message_row.h"
#include "store/read.h"

#define FIRST_SLICE (900 * USEC_PER_SEC)

struct conversations {
	const struct conversation_filter *filter;
	void *self;
	bool (*each)(void *self, const struct conversation *conversation);
	struct fields params; // $1 to $5
	int64_t given;
	bool stopped;
};

// The account that is asked about comes first; else by name.
static void swap_parties(struct conversation *it)
{
	struct text a = it->a;
	it->a = it->b;
	it->b = a;
	int64_t n[] = {it->sent[0], it->unanswered[0]};
	it->sent[0] = it->sent[1];
	it->unanswered[0] = it->unanswered[1];
	it->sent[1] = n[0];
	it->unanswered[1] = n[1];
}

// Counted are those of the account, or of who spoke last, and those of all others.
static bool take_conversation(void *self, const struct rows *rows)
{
	struct conversations *list = self;
	bool asked = list->filter->jid.p, room = row_bool(rows, 0, 3),
	     is_sender = row_bool(rows, 0, 6);
	struct text from = row_text(rows, 0, 4), to = row_text(rows, 0, 5);
	struct conversation it = {
		.conv = row_int(rows, 0, 0),
		.last_at = row_usec(rows, 0, 1),
		.first_at = row_usec(rows, 0, 2),
		.room = room,
		.a = is_sender ? from : to,
		.b = is_sender ? to : from,
		.sent = {row_int(rows, 0, 7), row_int(rows, 0, 8)},
		.unanswered = {row_int(rows, 0, 9), row_int(rows, 0, 10)},
	};
	if (room) {
		it.a = asked ? list->filter->jid : TEXT_NONE;
		it.b = to;
	} else if (!asked && text_compare(it.a, it.b) > 0) {
		swap_parties(&it);
	}
	list->given++;
	list->stopped = !list->each(list->self, &it);
	return !list->stopped;
}

static void put_common(struct conversations *list, const struct known_realms *realms)
{
	const struct conversation_filter *filter = list->filter;
	put_int4(&list->params, filter->realm);
	put_usec(&list->params, usec_bounded(filter->since));
	put_usec(&list->params, usec_bounded(filter->until));
	if (filter->jid.p) {
		struct pairing *hashes = pairing_new(
			&(struct pairing_options){.realm = TEXT(""), .key = realms->key});
		put_int8(&list->params, pairing_jid_id(hashes, filter->jid));
		pairing_free(hashes);
	} else {
		put_null(&list->params);
	}
	put_safe(&list->params, filter->domain);
	put_usec(&list->params, filter->has_after ? usec_bounded(filter->after_at) : USEC_NONE);
	put_int8(&list->params, filter->after_conv);
}

static bool one_slice(struct store *store, struct conversations *list, usec_t since, usec_t until,
		      struct err *err)
{
	FIELDS_AUTO params = {.count = list->params.count};
	buf_text(&params.bytes, buf_view(&list->params.bytes));
	put_int8(&params, list->filter->limit - list->given);
	put_usec(&params, usec_bounded(since));
	put_usec(&params, usec_bounded(until));
	return sql_each(store, "conversations", &params, list, take_conversation, err);
}

static bool slices(struct store *store, struct conversations *list, struct err *err)
{
	const struct conversation_filter *filter = list->filter;
	usec_t end = filter->until, width = FIRST_SLICE;
	if (filter->has_after && filter->after_at < end)
		end = filter->after_at + 1;
	while (end > filter->since && !list->stopped && list->given < filter->limit) {
		usec_t start = end - filter->since > width ? end - width : filter->since;
		if (!one_slice(store, list, start, end, err))
			return false;
		end = start;
		width *= 2;
	}
	return true;
}

bool store_conversations(struct store *store, const struct conversation_filter *filter, void *self,
			 bool (*each)(void *self, const struct conversation *conversation),
			 struct err *err)
{
	struct conversations list = {.filter = filter, .self = self, .each = each};
	struct known_realms realms = {0};
	if (!known_realms_load(store, filter->realm, &realms, err))
		return false;
	put_common(&list, &realms);
	known_realms_free(&realms);
	bool fine = sql_plan(store, "plan_known", err);
	if (fine && filter->jid.p) {
		put_int8(&list.params, filter->limit);
		fine = sql_each(store, "contacts", &list.params, &list, take_conversation, err);
	} else if (fine) {
		fine = slices(store, &list, err);
	}
	fields_free(&list.params);
	return fine;
}
