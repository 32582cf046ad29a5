// SPDX-License-Identifier: Apache-2.0
#include "pairing/readers.h"

#include "pairing/jid.h"

static struct text nick_of(const struct room_ack *ack)
{
	return ack->ack->leg == LEG_MIRROR ? jid_resource(ack->by) : TEXT_NONE;
}

static struct text account_of(const struct room_ack *ack)
{
	struct text real = ack->ack->leg == LEG_UPLOAD ? ack->by : evidence_real(ack->ack);
	return real.p ? jid_without_resource(real) : TEXT_NONE;
}

// Never his own reader: by account where both show theirs, else by nick.
static bool is_author(const struct row *row, const struct room_ack *ack)
{
	struct text account = account_of(ack), nick = nick_of(ack);

	if (account.p && !jid_resource(row->from).p)
		return text_same(account, row->from);
	return nick.p && row->nick.p && text_same(nick, row->nick);
}

static bool is_marker(const struct evidence *ev)
{
	return ev->kind == EV_MARK_DISPLAYED || ev->kind == EV_MARK_ACKNOWLEDGED;
}

// A marker, or what an operator declared to mean display.
static bool shows_display(const struct evidence *ev)
{
	return is_marker(ev) || (ev->kind == EV_XE_DISPLAYED && ev->via);
}

// P8 in rooms: up to and including, by reader.
static bool covers(const struct realm_settings *rules, const struct room_ack *ack,
		   const struct row *row)
{
	const struct row *m = ack->target;

	if (m->key == row->key && m->n == row->n)
		return true;
	return is_marker(ack->ack) && row->sent_at <= m->sent_at &&
	       m->sent_at - row->sent_at <= rules->w_upto && !row->has_error &&
	       (!ack->ack->thread || ack->ack->thread == row->thread);
}

static struct reader *reader_get(struct reader *list, size_t *count, struct text who)
{
	for (size_t i = 0; i < *count; i++)
		if (text_same(list[i].who, who))
			return &list[i];
	list[*count] = (struct reader){who, USEC_NONE, USEC_NONE};
	return &list[(*count)++];
}

size_t readers_of(const struct realm_settings *rules, const struct row *row,
		  const struct room_ack *acks, size_t count, bool mirrored, struct reader *list)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		enum evidence_kind kind = acks[i].ack->kind;
		bool displayed = shows_display(acks[i].ack);
		struct text who = mirrored ? nick_of(&acks[i]) : account_of(&acks[i]);
		if (!who.p || (!displayed && kind != EV_RECEIPT) || is_author(row, &acks[i]) ||
		    !covers(rules, &acks[i], row))
			continue;
		struct reader *reader = reader_get(list, &found, who);
		usec_t *at = displayed ? &reader->displayed : &reader->received;
		if (*at == USEC_NONE || acks[i].ack->first < *at)
			*at = acks[i].ack->first;
	}
	return found;
}
