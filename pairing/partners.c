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

static bool names(const struct row *row, const struct sent *sent)
{
	return text_same(row->from, sent->from) && text_same(row->nick, jid_resource(sent->to));
}

static bool any_names(const struct row *rows, size_t count, const struct sent *sent)
{
	for (size_t i = 0; i < count; i++)
		if (names(&rows[i], sent))
			return true;
	return false;
}

enum proof { NOT_LOOKED, HOLDS, GONE };

// An upload may have found a nearer mirror since the entry was written (M6): its message is looked at.
static enum proof proof_of(struct pairing *pairing, const struct sent *sent)
{
	const struct entry *entry = map_get(&pairing->entries, sent->key);

	if (!entry)
		return map_get(&pairing->sent_asked, sent->key) ? GONE : NOT_LOOKED;
	bool holds = entry->touched || entry->wanted
			     ? any_names(entry->rows, entry->row_count, sent)
			     : any_names(entry->old_rows.items, entry->old_rows.count, sent);
	return holds ? HOLDS : GONE;
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
			if (node->sent.what != SENT_PARTNER ||
			    proof_of(pairing, &node->sent) == GONE)
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
		if (entry->evidence.items[i].hangs)
			return true;
	return false;
}

static bool same_partners(const struct sent *a, const struct sent *b)
{
	return text_same(a->from, b->from) && text_same(a->to, b->to);
}

// Of every nick and account that an entry names together one message must be looked at, and the next
// one when it says so no more.
static void want_proof(struct pairing *pairing, const struct sent_node *first,
		       const struct sent_node *node)
{
	if (node->sent.what != SENT_PARTNER || proof_of(pairing, &node->sent) != NOT_LOOKED)
		return;
	for (const struct sent_node *other = first; other; other = other->next) {
		bool same = other->sent.what == SENT_PARTNER &&
			    same_partners(&other->sent, &node->sent);
		if (same && proof_of(pairing, &other->sent) == HOLDS)
			return;
	}
	want_key_of(pairing, node->sent.conv, node->sent.key);
}

static int64_t own_hash(struct pairing *pairing, const struct entry *entry,
			const struct evidence *ev)
{
	if (ev->leg == LEG_MIRROR)
		return partner_hash(pairing, entry->r, "nick", nick_of(ev));
	return partner_hash(pairing, entry->r, "account", jid_without_resource(ev->by));
}

void want_partners(struct pairing *pairing, const struct entry *entry)
{
	for (size_t i = 0; entry->group && i < entry->evidence.count; i++) {
		const struct evidence *ev = &entry->evidence.items[i];
		if (!ev->hangs)
			continue;
		int64_t hash = own_hash(pairing, entry, ev);
		want_sent_hash(pairing, hash);
		const struct sent_node *first = map_get(&pairing->sent, hash);
		for (const struct sent_node *node = first; node; node = node->next)
			want_proof(pairing, first, node);
	}
}

// --- what must be judged again when it changes ---

// Under which legs that hang on it wait for who is who.
int64_t partner_waits(struct pairing *pairing, const struct entry *entry, const struct evidence *ev)
{
	return ev->hangs ? own_hash(pairing, entry, ev) : 0;
}

bool waits_for_partner(struct pairing *pairing, const struct entry *entry)
{
	for (size_t i = 0; entry->group && i < entry->evidence.count; i++)
		if (entry->evidence.items[i].hangs &&
		    map_get(&pairing->orphans_asked,
			    own_hash(pairing, entry, &entry->evidence.items[i])))
			return true;
	return false;
}

static void want_waiting(struct pairing *pairing, const struct entry *entry, const struct row *row)
{
	if (!shows_both(entry, row))
		return;
	want_orphan_hash(pairing, partner_hash(pairing, entry->r, "nick", row->nick));
	want_orphan_hash(pairing, partner_hash(pairing, entry->r, "account", row->from));
}

static bool shows_too(const struct row *rows, size_t count, const struct row *row)
{
	for (size_t i = 0; i < count; i++)
		if (text_same(rows[i].from, row->from) && text_same(rows[i].nick, row->nick))
			return true;
	return false;
}

// Who is who by this message now and was not before, or was and is not any more.
void want_waiting_partners(struct pairing *pairing, const struct entry *entry)
{
	const struct row *old = entry->old_rows.items;
	size_t old_count = entry->old_rows.count;

	for (size_t i = 0; i < entry->row_count; i++)
		if (!shows_too(old, old_count, &entry->rows[i]))
			want_waiting(pairing, entry, &entry->rows[i]);
	for (size_t i = 0; i < old_count; i++)
		if (!shows_too(entry->rows, entry->row_count, &old[i]))
			want_waiting(pairing, entry, &old[i]);
}
