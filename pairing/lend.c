// SPDX-License-Identifier: Apache-2.0
// Evidence that names its message by another key than the message's own is lent to it: errors of a
// server or a room (PAIRING P11), AMP reports (K17), acks that use the id given by the room (P12),
// reactions and replies that use the origin-id (M2), MDS (I3). The key that was named keeps it.
#include "pairing/workset.h"

// --- which message it is about ---

bool is_bare_domain(const struct entry *entry, const struct evidence *ev)
{
	return !ev->by_resource.p && !memchr(entry->r.p, '@', entry->r.n) &&
	       !memchr(entry->r.p, '/', entry->r.n);
}

// P11: a server answers for any message of B to its domain or from it.
static bool is_of_server(const struct entry *entry, const struct evidence *ev,
			 const struct sent *sent)
{
	return (sent->what == SENT_MESSAGE || sent->what == SENT_GROUP_MESSAGE) &&
	       is_bare_domain(entry, ev) &&
	       (text_same(party_domain(sent->to), entry->r) ||
		text_same(party_domain(sent->from), entry->r));
}

// P11: of a message to a room the room (or the plain user it was sent to), also when an occupant of it
// speaks (M7).
static bool is_of_room(const struct entry *entry, const struct sent *sent)
{
	return sent->what == SENT_GROUP_MESSAGE &&
	       text_same(sent->to, jid_without_resource(entry->r));
}

// The key of an entry of "who sent which id". Its message may have to be loaded first.
static struct entry *entry_of_sent(struct pairing *pairing, const struct sent *sent)
{
	struct entry *entry = map_get(&pairing->entries, sent->key);
	if (entry) {
		entry->wanted = true;
		near_reach(pairing, entry, sent->at);
		return entry;
	}
	want_key_of(pairing, sent->conv, sent->key);
	return NULL;
}

enum search_kind { BY_SERVER, BY_ROOM, BY_ORIGIN_ID, BY_STANZA_ID };

struct search { // the messages that a piece of evidence may be about
	enum search_kind kind;
	struct text sender, id; // what was sent
};

// Which of the rows of a key is meant (is_meant()): by the id that it was given, in a room else by its
// sender, otherwise any.
static struct text named_in(const struct entry *target, const struct evidence *ev,
			    struct text sender, struct text id)
{
	if (is_ack(ev->kind) || ev->kind == EV_REACTION || ev->kind == EV_REPLY ||
	    ev->kind == EV_MDS)
		return id;
	return target->group ? sender : TEXT_NONE;
}

static bool fits(const struct entry *entry, const struct evidence *ev, const struct search *search,
		 const struct sent *sent)
{
	switch (search->kind) {
	case BY_SERVER:
		return is_of_server(entry, ev, sent);
	case BY_ROOM:
		return is_of_room(entry, sent);
	case BY_ORIGIN_ID:
		return sent->what == SENT_ORIGIN_ID && text_same(sent->to, entry->r);
	default:
		return sent->what == SENT_STANZA_ID && text_same(sent->to, entry->r);
	}
}

static bool is_better(usec_t t, const struct row *row, const struct row *best)
{
	bool past = row->sent_at <= t, best_past = best && best->sent_at <= t;

	if (!best || past != best_past)
		return !best || past;
	if (row->sent_at != best->sent_at)
		return past ? row->sent_at > best->sent_at : row->sent_at < best->sent_at;
	int order = text_compare(tie_own(row->tie), tie_own(best->tie)); // T1
	return order ? (past ? order > 0 : order < 0) : row->key < best->key;
}

// P2 over all of them.
static struct entry *search_lender(struct pairing *pairing, const struct entry *entry,
				   const struct evidence *ev, const struct search *search)
{
	struct entry *best = NULL;
	const struct row *best_row = NULL;

	for (struct sent_node *node = sent_find(pairing, search->sender, search->id); node;
	     node = node->next) {
		if (!fits(entry, ev, search, &node->sent))
			continue;
		struct entry *target = entry_of_sent(pairing, &node->sent);
		struct text named =
			target ? named_in(target, ev, search->sender, search->id) : TEXT_NONE;
		int at = target ? pick_incarnation(pairing, target, ev, named) : -1;
		if (at < 0 || target == entry ||
		    !is_better(evidence_at(ev), &target->rows[at], best_row))
			continue;
		best = target;
		best_row = &target->rows[at];
	}
	return best;
}

struct entry *find_lender(struct pairing *pairing, const struct entry *entry,
			  const struct evidence *ev)
{
	struct search by_server = {BY_SERVER, entry->s, entry->id};
	struct search by_room = {BY_ROOM, entry->s, entry->id};
	struct search by_origin = {BY_ORIGIN_ID, entry->s, entry->id};
	struct search by_given = {BY_STANZA_ID, entry->r, entry->id};
	struct entry *lender;

	switch (ev->kind) {
	case EV_ERROR:
	case EV_AMP_STORED:
	case EV_AMP_NONE:
		lender = search_lender(pairing, entry, ev, &by_server);
		return lender ? lender : search_lender(pairing, entry, ev, &by_room);
	case EV_REACTION:
	case EV_REPLY:
		return search_lender(pairing, entry, ev, &by_origin);
	case EV_MDS:
		return search_lender(pairing, entry, ev, &by_given);
	default:
		return entry->group && is_ack(ev->kind)
			       ? search_lender(pairing, entry, ev, &by_given)
			       : NULL;
	}
}

// --- lending ---

static struct evidence borrowed_copy(struct pairing *pairing, const struct entry *entry,
				     const struct evidence *ev, const struct entry *lender)
{
	struct evidence copy = *ev;

	copy.by = evidence_by(pairing, entry, ev);
	copy.by_resource = TEXT_NONE;
	copy.second = false;
	copy.upload = NULL;
	copy.mark = NULL;
	copy.named = named_in(lender, ev, entry->s, entry->id);
	copy.borrowed = true;
	copy.n = 0;
	copy.class_ = ACK_PAIRED;
	copy.lent_conv = copy.lent_key = 0;
	copy.stored = false;
	return copy;
}

static void take_back(struct pairing *pairing, const struct entry *entry, const struct evidence *ev)
{
	struct entry *target = map_get(&pairing->entries, ev->lent_key);
	struct evidence copy = {0};

	if (target)
		copy = borrowed_copy(pairing, entry, ev, target);
	if (target && is_kept_at_home(target, &copy)) {
		target->touched = true;
		target->derived = false;
	}
	for (size_t i = 0; target && i < target->evidence.count; i++) {
		struct evidence *have = &target->evidence.items[i];
		if (!evidence_same(have, &copy) || have->first > ev->last || have->last < ev->first)
			continue;
		*have = target->evidence.items[--target->evidence.count];
		target->indexed = false;
		target->touched = target->evidence_changed = target->mark_lost = true;
		target->derived = false;
	}
}

void lend(struct pairing *pairing, struct entry *entry, struct evidence *ev, struct entry *lender)
{
	int64_t key = lender ? lender->key : 0;

	if (ev->lent_key && ev->lent_key != key) {
		const struct entry *old = map_get(&pairing->entries, ev->lent_key);
		if (old ? !old->asked : !is_answered(pairing, ev->lent_key))
			return; // what it must be taken back from is not loaded: want_lender()
		take_back(pairing, entry, ev);
	}
	if (ev->lent_key != key)
		entry->evidence_changed = true;
	ev->lent_key = key;
	ev->lent_conv = lender ? lender->conv : 0;
	if (!lender)
		return;
	struct evidence copy = borrowed_copy(pairing, entry, ev, lender);
	if (entry_add_evidence(pairing, lender, &copy)) {
		lender->touched = lender->evidence_changed = true;
		lender->lo = ev->first < lender->lo ? ev->first : lender->lo;
		lender->hi = ev->first > lender->hi ? ev->first : lender->hi;
	}
}
