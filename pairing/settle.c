// SPDX-License-Identifier: Apache-2.0
// What needs a look across conversations: why an ack or error found no message of its key
// (P3, P5, P6, P11). Works on who sent which id to whom: from the entries and from what was loaded.
#include "pairing/workset.h"

// --- who sent what ---

static void sent_put(struct pairing *pairing, const struct sent *sent)
{
	struct sent_node *node = arena_alloc(pairing->arena, sizeof(*node));
	void **place = map_put(&pairing->sent, sent->hash);

	node->sent = *sent;
	node->next = *place;
	*place = node;
}

struct sent_node *sent_find(const struct pairing *pairing, struct text sender, struct text id)
{
	return map_get(&pairing->sent, sent_hash(pairing, sender, id));
}

static bool is_ack(enum evidence_kind kind)
{
	return kind <= EV_XE_DISPLAYED;
}

static void sent_of_rows(struct pairing *pairing, const struct entry *entry)
{
	for (size_t i = 0; i < entry->row_count && entry->id.p; i++) {
		const struct row *row = &entry->rows[i];
		sent_put(pairing, &(struct sent){sent_hash(pairing, row->from, entry->id),
						 entry->group ? SENT_GROUP_MESSAGE : SENT_MESSAGE,
						 entry->conv, entry->key, row->sent_at, row->from,
						 entry->r});
	}
}

static void sent_of_acks(struct pairing *pairing, const struct entry *entry)
{
	for (size_t i = 0; i < entry->evidence.count; i++) {
		const struct evidence *ev = &entry->evidence.items[i];
		if (!is_ack(ev->kind) || !ev->own_id.p || ev->borrowed)
			continue;
		sent_put(pairing,
			 &(struct sent){sent_hash(pairing, entry->r, ev->own_id), SENT_ACK,
					entry->conv, entry->key, ev->first, entry->r, entry->s});
	}
}

static void collect_sent(struct pairing *pairing)
{
	map_clear(&pairing->sent);
	for (size_t i = 0; i < pairing->loaded_sent.count; i++)
		sent_put(pairing, &pairing->loaded_sent.items[i]);
	for (size_t i = 0; i < pairing->order.count; i++) {
		sent_of_rows(pairing, pairing->order.items[i]);
		sent_of_acks(pairing, pairing->order.items[i]);
	}
}

// --- P3, P5, P6 ---

static bool is_bare_domain(const struct entry *entry, const struct evidence *ev)
{
	return !ev->by_resource.p && !memchr(entry->r.p, '@', entry->r.n) &&
	       !memchr(entry->r.p, '/', entry->r.n);
}

static bool sent_to(const struct sent_node *node, enum sent_what what, struct text to)
{
	for (; node; node = node->next)
		if (node->sent.what == what && text_same(node->sent.to, to))
			return true;
	return false;
}

static bool sent_any(const struct sent_node *node, enum sent_what what)
{
	for (; node; node = node->next)
		if (node->sent.what == what)
			return true;
	return false;
}

static bool sent_to_domain(const struct sent_node *node, struct text domain)
{
	for (; node; node = node->next)
		if (node->sent.what == SENT_MESSAGE &&
		    text_same(party_domain(node->sent.to), domain))
			return true;
	return false;
}

static enum evidence_class classify_ack(const struct pairing *pairing, const struct entry *entry,
					const struct evidence *ev)
{
	const struct sent_node *by_b = sent_find(pairing, entry->s, entry->id);
	const struct sent_node *by_a = sent_find(pairing, entry->r, entry->id);
	bool one_account = text_same(entry->s, entry->r);

	if (sent_to(by_b, SENT_ACK, entry->r))
		return ACK_OF_ACK; // P3 a
	if (sent_to(by_a, SENT_MESSAGE, entry->s) || (one_account && sent_any(by_a, SENT_MESSAGE)))
		return ACK_SELF; // P3 b
	if (!sent_any(by_b, SENT_MESSAGE) || sent_to(by_b, SENT_MESSAGE, entry->r))
		return ACK_UNKNOWN; // P3 d
	if (is_bare_domain(entry, ev) && sent_to_domain(by_b, entry->r))
		return ACK_BY_DOMAIN; // P5
	return ACK_FORGED;            // P3 c
}

// --- P11 ---

static bool may_answer_for(const struct entry *entry, const struct evidence *ev,
			   const struct sent *sent)
{
	if (sent->what == SENT_GROUP_MESSAGE) { // bare(A): A may be an occupant (M7)
		const char *slash = memchr(entry->r.p, '/', entry->r.n);
		size_t bare = slash ? (size_t)(slash - entry->r.p) : entry->r.n;
		return text_same(sent->to, (struct text){entry->r.p, bare});
	}
	if (sent->what != SENT_MESSAGE || !is_bare_domain(entry, ev))
		return false;
	return text_same(party_domain(sent->to), entry->r) ||
	       text_same(party_domain(sent->from), entry->r);
}

static struct entry *entry_of_sent(struct pairing *pairing, const struct entry *entry,
				   const struct sent *sent)
{
	return sent->what == SENT_GROUP_MESSAGE
		       ? entry_for_group(pairing, sent->to, entry->id)
		       : entry_for_message(pairing, sent->from, sent->to, entry->id);
}

// P2 over the messages of B with this id that A may answer for; direct ones before group ones.
static struct entry *find_lender(struct pairing *pairing, const struct entry *entry,
				 const struct evidence *ev, enum sent_what what)
{
	struct entry *best = NULL;
	usec_t best_at = 0;

	for (struct sent_node *node = sent_find(pairing, entry->s, entry->id); node;
	     node = node->next) {
		if (node->sent.what != what || !may_answer_for(entry, ev, &node->sent))
			continue;
		struct entry *target = entry_of_sent(pairing, entry, &node->sent);
		target->wanted = true;
		int at = pick_incarnation(pairing->rules, target->rows, target->row_count,
					  ev->first);
		if (at < 0)
			continue;
		usec_t sent_at = target->rows[at].sent_at;
		bool past = sent_at <= ev->first, best_past = best_at <= ev->first;
		bool better =
			!best || (past && !best_past) ||
			(past == best_past && (past ? sent_at > best_at : sent_at < best_at)) ||
			(sent_at == best_at && target->key < best->key);
		if (better) {
			best = target;
			best_at = sent_at;
		}
	}
	return best;
}

// An error that answers an earlier error of the other direction with the same id.
static bool is_loop(struct pairing *pairing, const struct entry *entry, const struct evidence *ev)
{
	struct entry *reverse = entry_for_message(pairing, entry->r, entry->s, entry->id);

	reverse->wanted = true;
	for (size_t i = 0; i < reverse->evidence.count; i++) {
		const struct evidence *other = &reverse->evidence.items[i];
		if (other->kind == EV_ERROR && !other->borrowed && other->first < ev->first)
			return true;
	}
	return false;
}

static enum evidence_class classify_error(struct pairing *pairing, struct entry *entry,
					  struct evidence *ev, struct entry **lender)
{
	const struct sent_node *by_b = sent_find(pairing, entry->s, entry->id);

	*lender = find_lender(pairing, entry, ev, SENT_MESSAGE);
	if (!*lender)
		*lender = find_lender(pairing, entry, ev, SENT_GROUP_MESSAGE);
	if (*lender)
		return ACK_LENT;
	if (is_loop(pairing, entry, ev))
		return ACK_LOOP;
	if (sent_to(by_b, SENT_ACK, entry->r))
		return ACK_BOUNCED;
	return sent_any(by_b, SENT_MESSAGE) && !sent_to(by_b, SENT_MESSAGE, entry->r) ? ACK_FORGED
										      : ACK_UNKNOWN;
}

static struct evidence borrowed_copy(struct pairing *pairing, const struct entry *entry,
				     const struct evidence *ev)
{
	struct evidence copy = *ev;

	copy.by = evidence_by(pairing, entry, ev);
	copy.by_resource = TEXT_NONE;
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
	struct evidence copy = borrowed_copy(pairing, entry, ev);

	for (size_t i = 0; target && i < target->evidence.count; i++) {
		struct evidence *have = &target->evidence.items[i];
		if (!evidence_same(have, &copy) || have->first > ev->last || have->last < ev->first)
			continue;
		*have = target->evidence.items[--target->evidence.count];
		target->touched = target->evidence_changed = true;
		target->derived = false;
	}
}

static void lend(struct pairing *pairing, struct entry *entry, struct evidence *ev,
		 struct entry *lender)
{
	int64_t key = lender ? lender->key : 0;

	if (ev->lent_key && ev->lent_key != key) {
		const struct entry *old = map_get(&pairing->entries, ev->lent_key);
		if (old ? !old->asked : !map_get(&pairing->sent_asked, ev->lent_key))
			return; // what it must be taken back from is not loaded: want_lender()
		take_back(pairing, entry, ev);
	}
	if (ev->lent_key != key)
		entry->evidence_changed = true;
	ev->lent_key = key;
	ev->lent_conv = lender ? lender->conv : 0;
	if (!lender)
		return;
	struct evidence copy = borrowed_copy(pairing, entry, ev);
	if (entry_add_evidence(pairing, lender, &copy)) {
		lender->touched = lender->evidence_changed = true;
		lender->lo = ev->first < lender->lo ? ev->first : lender->lo;
		lender->hi = ev->first > lender->hi ? ev->first : lender->hi;
	}
}

// --- the pass ---

static const char *const class_findings[][2] = {
	// acks, errors
	[ACK_UNKNOWN] = {"ACK-UNKNOWN-ID", NULL},
	[ACK_FORGED] = {"ACK-FORGED", "ERR-FORGED"},
	[ACK_BY_DOMAIN] = {"ACK-BY-DOMAIN", NULL},
	[ACK_SELF] = {"ACK-SELF", NULL},
	[ACK_OF_ACK] = {"ACK-OF-ACK", NULL},
	[ACK_LOOP] = {NULL, "ERROR-LOOP"},
	[ACK_NO_EFFECT] = {NULL, NULL},
};

static void settle_evidence(struct pairing *pairing, struct entry *entry, struct evidence *ev)
{
	struct entry *lender = NULL;
	enum evidence_class class_ = ev->class_;

	if (ev->n || (!is_ack(ev->kind) && ev->kind != EV_ERROR)) {
		if (ev->lent_key)
			lend(pairing, entry, ev, NULL);
		return;
	}
	if (is_ack(ev->kind))
		class_ = classify_ack(pairing, entry, ev);
	else if (!ev->borrowed)
		class_ = classify_error(pairing, entry, ev, &lender);
	lend(pairing, entry, ev, lender);
	if (class_ != ev->class_)
		entry->evidence_changed = true;
	ev->class_ = class_;
	const char *rule = class_findings[class_][ev->kind == EV_ERROR];
	if (rule)
		entry_finding(pairing, entry, rule, evidence_by(pairing, entry, ev), entry->id,
			      ev->first, ev->position);
}

// Lending touches other entries; they are derived again by the caller. The list of entries may
// grow meanwhile (candidates that must be loaded), so it is walked by index.
static bool any_unpaired(const struct pairing *pairing)
{
	for (size_t i = 0; i < pairing->order.count; i++) {
		const struct entry *entry = pairing->order.items[i];
		for (size_t j = 0; j < entry->evidence.count; j++)
			if (!entry->evidence.items[j].n || entry->evidence.items[j].lent_key)
				return true;
	}
	return false;
}

void settle(struct pairing *pairing)
{
	if (!any_unpaired(pairing))
		return;
	collect_sent(pairing);
	for (size_t i = 0; i < pairing->order.count; i++) {
		struct entry *entry = pairing->order.items[i];
		// Of an entry that came along by loading not everything around it is known: its classes stay.
		for (size_t j = 0; entry->touched && j < entry->evidence.count; j++)
			settle_evidence(pairing, entry, &entry->evidence.items[j]);
	}
}
