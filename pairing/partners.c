// SPDX-License-Identifier: Apache-2.0
// Which nick of a room is which account (PAIRING P12): known from messages of the room that show both
// legs. It is asked only for uploads without id, which may be the other leg of any mirror that says the
// same - unless such a message gives the nick or the account another partner.
#include "pairing/workset.h"

static struct text named(struct pairing *pairing, const char *what, struct text who)
{
	return arena_printf(pairing->arena, "%s/%.*s", what, (int)who.n, who.p);
}

static int64_t partner_hash(struct pairing *pairing, struct text room, const char *what,
			    struct text who)
{
	return sent_hash(pairing, room, named(pairing, what, who));
}

static bool needs_partner(const struct evidence *ev)
{
	return ev->leg == LEG_UPLOAD && !ev->own_id.p;
}

static struct text nick_of(const struct evidence *mirror)
{
	return mirror->by.p ? jid_resource(mirror->by) : mirror->by_resource;
}

// --- what is known ---

static bool shows_both(const struct entry *entry, const struct row *row)
{
	return entry->group && row->nick.p && row->from.p && !jid_resource(row->from).p;
}

void partners_of_row(struct pairing *pairing, const struct entry *entry, const struct row *row,
		     sent_fn *take, void *self)
{
	if (!shows_both(entry, row))
		return;
	struct sent sent = {.what = SENT_PARTNER,
			    .conv = entry->conv,
			    .key = entry->key,
			    .at = row->sent_at,
			    .from = row->from};
	sent.to = arena_printf(pairing->arena, "%.*s/%.*s", (int)entry->r.n, entry->r.p,
			       (int)row->nick.n, row->nick.p);
	sent.hash = partner_hash(pairing, entry->r, "nick", row->nick);
	take(self, &sent);
	sent.hash = partner_hash(pairing, entry->r, "account", row->from);
	take(self, &sent);
}

// --- the question ---

bool may_be_partners(struct pairing *pairing, const struct entry *entry,
		     const struct evidence *upload, const struct evidence *mirror)
{
	struct text nick = nick_of(mirror), account = jid_without_resource(upload->by);
	const int64_t hashes[] = {partner_hash(pairing, entry->r, "nick", nick),
				  partner_hash(pairing, entry->r, "account", account)};
	bool other = false;

	for (size_t i = 0; i < 2; i++) {
		const struct sent_node *node = map_get(&pairing->sent, hashes[i]);
		for (; node; node = node->next) {
			if (node->sent.what != SENT_PARTNER)
				continue;
			if (text_same(node->sent.from, account) &&
			    text_same(jid_resource(node->sent.to), nick))
				return true;
			other = true;
		}
	}
	return !other;
}

// --- what must be loaded for it ---

bool asks_partners(const struct entry *entry)
{
	for (size_t i = 0; entry->group && i < entry->evidence.count; i++)
		if (needs_partner(&entry->evidence.items[i]))
			return true;
	return false;
}

void want_partners(struct pairing *pairing, const struct entry *entry)
{
	if (!asks_partners(entry))
		return;
	for (size_t i = 0; i < entry->evidence.count; i++) {
		const struct evidence *ev = &entry->evidence.items[i];
		if (needs_partner(ev))
			want_sent_hash(pairing, partner_hash(pairing, entry->r, "account",
							     jid_without_resource(ev->by)));
		else if (ev->leg == LEG_MIRROR)
			want_sent_hash(pairing,
				       partner_hash(pairing, entry->r, "nick", nick_of(ev)));
	}
}

// Under which uploads without id wait for a message that shows both legs: one place for each room.
int64_t partner_waits(struct pairing *pairing, const struct entry *entry, const struct evidence *ev)
{
	return needs_partner(ev) ? partner_hash(pairing, entry->r, "waits", TEXT("")) : 0;
}

void want_waiting_partners(struct pairing *pairing, const struct entry *entry,
			   const struct row *row)
{
	if (shows_both(entry, row))
		want_orphan_hash(pairing, partner_hash(pairing, entry->r, "waits", TEXT("")));
}
