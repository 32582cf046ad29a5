// SPDX-License-Identifier: Apache-2.0
// Why a piece of evidence found no message of its key (PAIRING P3, P5, P6, P11, M8): judged by who sent
// which id to whom.
#include "pairing/workset.h"

// --- P3, P5, P6 ---

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

// P12: a receipt sent to an occupant for what was said to the whole room.
static bool is_for_room(const struct pairing *pairing, const struct entry *entry,
			const struct evidence *ev)
{
	if (ev->kind != EV_RECEIPT || !entry->s.p || !jid_resource(entry->s).p)
		return false;
	const struct sent_node *in_room =
		sent_find(pairing, jid_without_resource(entry->s), entry->id);
	return sent_any(in_room, SENT_GROUP_MESSAGE) || sent_any(in_room, SENT_STANZA_ID);
}

// P3 c: B did send it, to a party or to a room. An occupant is no party of a room's message.
static bool did_send(const struct sent_node *node, struct text b)
{
	for (; node; node = node->next)
		if (node->sent.what == SENT_MESSAGE ||
		    (node->sent.what == SENT_GROUP_MESSAGE && text_same(node->sent.from, b) &&
		     !jid_resource(b).p))
			return true;
	return false;
}

static bool did_send_to(const struct sent_node *node, struct text a)
{
	return sent_to(node, SENT_MESSAGE, a) || sent_to(node, SENT_GROUP_MESSAGE, a);
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
	if (is_for_room(pairing, entry, ev) || !did_send(by_b, entry->s) ||
	    did_send_to(by_b, entry->r))
		return ACK_UNKNOWN; // P3 d
	if (is_bare_domain(entry, ev) && sent_to_domain(by_b, entry->r))
		return ACK_BY_DOMAIN; // P5
	return ACK_FORGED;            // P3 c
}

// T1; where the text of the stanzas is not kept, their senders stand for it.
static bool is_earlier(const struct evidence *a, const struct evidence *b, int senders)
{
	struct moment x = evidence_moment(a), y = evidence_moment(b);
	int order = moment_compare(&x, &y);

	return order ? order < 0 : senders < 0;
}

// An error that answers an earlier error of the other direction with the same id.
static bool is_loop(struct pairing *pairing, const struct entry *entry, const struct evidence *ev)
{
	struct entry *reverse = entry_for_message(pairing, entry->r, entry->s, entry->id);
	int senders = text_compare(reverse->r, entry->r);

	reverse->wanted = true;
	for (size_t i = 0; i < reverse->evidence.count; i++) {
		const struct evidence *other = &reverse->evidence.items[i];
		if (other->kind == EV_ERROR && !other->borrowed && is_earlier(other, ev, senders))
			return true;
	}
	return false;
}

static enum evidence_class classify_error(struct pairing *pairing, const struct entry *entry,
					  const struct evidence *ev)
{
	const struct sent_node *by_b = sent_find(pairing, entry->s, entry->id);

	if (is_loop(pairing, entry, ev))
		return ACK_LOOP;
	if (sent_to(by_b, SENT_ACK, entry->r))
		return ACK_BOUNCED;
	return did_send(by_b, entry->s) && !did_send_to(by_b, entry->r) ? ACK_FORGED : ACK_UNKNOWN;
}

// M8: an edit of a message that the other party sent, and only that one: an own one out of reach (P2) is
// not the other's.
static enum evidence_class classify_edit(const struct pairing *pairing, const struct entry *entry,
					 enum evidence_kind kind)
{
	bool foreign = sent_to(sent_find(pairing, entry->r, entry->id), SENT_MESSAGE, entry->s);

	if (foreign && !entry->row_count && !text_same(entry->s, entry->r))
		return ACK_FORGED;
	return kind == EV_CORRECTION ? ACK_UNKNOWN : ACK_NO_EFFECT;
}

static enum evidence_class classify(struct pairing *pairing, const struct entry *entry,
				    const struct evidence *ev)
{
	if (entry->group)
		return is_ack(ev->kind) ? ACK_UNKNOWN : ACK_NO_EFFECT;
	if (is_ack(ev->kind))
		return classify_ack(pairing, entry, ev);
	if (ev->kind == EV_ERROR)
		return classify_error(pairing, entry, ev);
	if (ev->kind == EV_CORRECTION || ev->kind == EV_RETRACTION)
		return classify_edit(pairing, entry, ev->kind);
	return ACK_NO_EFFECT;
}

// --- what it is called ---

enum finding_column { OF_ACK, OF_ERROR, OF_CORRECTION, OF_RETRACTION, FINDING_COLUMNS };

static const char *const class_findings[][FINDING_COLUMNS] = {
	[ACK_UNKNOWN] = {"ACK-UNKNOWN-ID", NULL, "CORR-UNKNOWN", NULL},
	[ACK_FORGED] = {"ACK-FORGED", "ERR-FORGED", "CORR-FOREIGN", "RETRACT-FOREIGN"},
	[ACK_BY_DOMAIN] = {"ACK-BY-DOMAIN", NULL, NULL, NULL},
	[ACK_SELF] = {"ACK-SELF", NULL, NULL, NULL},
	[ACK_OF_ACK] = {"ACK-OF-ACK", NULL, NULL, NULL},
	[ACK_LOOP] = {NULL, "ERROR-LOOP", NULL, NULL},
	[ACK_NO_EFFECT] = {NULL, NULL, NULL, NULL},
};

static const char *finding_of(const struct pairing *pairing, const struct entry *entry,
			      const struct evidence *ev)
{
	enum finding_column column = is_ack(ev->kind)            ? OF_ACK
				     : ev->kind == EV_ERROR      ? OF_ERROR
				     : ev->kind == EV_CORRECTION ? OF_CORRECTION
				     : ev->kind == EV_RETRACTION ? OF_RETRACTION
								 : FINDING_COLUMNS;

	if (column == FINDING_COLUMNS || ev->class_ == ACK_LENT || ev->second)
		return NULL;
	if (ev->class_ == ACK_UNKNOWN && is_for_room(pairing, entry, ev))
		return "RCPT-GC-ADDR";
	return class_findings[ev->class_][column];
}

// --- the pass ---

// P12: what names the id that the room gave belongs there, even where a message has this id.
static bool looks_elsewhere(const struct entry *entry, const struct evidence *ev)
{
	return !ev->n || (entry->group && is_ack(ev->kind));
}

static enum evidence_class class_now(struct pairing *pairing, const struct entry *entry,
				     const struct evidence *ev, const struct entry *lender)
{
	if (lender)
		return ACK_LENT;
	if (ev->n)
		return ACK_PAIRED;
	if (entry->group && (ev->second || ev->class_ == ACK_SELF))
		return ev->class_; // group.c has judged
	return classify(pairing, entry, ev);
}

static void settle_evidence(struct pairing *pairing, struct entry *entry, struct evidence *ev)
{
	if (ev->borrowed || entry->fault)
		return; // judged where it is at home
	bool elsewhere = looks_elsewhere(entry, ev);
	struct entry *lender = elsewhere ? find_lender(pairing, entry, ev) : NULL;
	enum evidence_class class_ = class_now(pairing, entry, ev, lender);
	lend(pairing, entry, ev, lender);
	if (class_ != ev->class_) {
		entry->evidence_changed = true;
		if (entry->group && (class_ == ACK_LENT || ev->class_ == ACK_LENT))
			entry->derived = false; // its own rows are asked again, or not any more
	}
	ev->class_ = class_;
	const char *rule = ev->n ? NULL : finding_of(pairing, entry, ev);
	if (rule && !(entry->group && class_ == ACK_SELF)) // derive_findings.c has it
		entry_finding(pairing, entry, rule, room_by(pairing, entry, ev), entry->id,
			      ev->first, ev->position);
}

static bool any_unpaired(const struct pairing *pairing)
{
	for (size_t i = 0; i < pairing->order.count; i++) {
		const struct entry *entry = pairing->order.items[i];
		for (size_t j = 0; j < entry->evidence.count; j++)
			if (entry->group || !entry->evidence.items[j].n ||
			    entry->evidence.items[j].lent_key)
				return true;
	}
	return false;
}

// Lending touches other entries; they are derived again by the caller. The list of entries may
// grow meanwhile (candidates that must be loaded), so it is walked by index.
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
