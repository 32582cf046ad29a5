// SPDX-License-Identifier: Apache-2.0
// ACK-LEAK, ACK-TO-BLOCKED, ACK-ARCHIVED: an ack beside what was known when it was sent.
#include "pairing/audit_internal.h"

// The newest fact of a place that was there at t. T1: of one instant what a client sends comes before
// what is written to it, so an ack from it does not know a roster of the same instant yet.
static const struct known *newest(const struct audit *audit, int64_t about, enum known_kind kind,
				  struct text what, usec_t t, bool before)
{
	struct span span = audit_span(audit, &(struct place){about, kind, what, 0});

	while (span.count && (span.items[span.count - 1].first > t ||
			      (before && span.items[span.count - 1].first == t)))
		span.count--;
	return span.count ? &span.items[span.count - 1] : NULL;
}

struct ack {
	enum evidence_kind kind;
	struct text by;              // A, full
	struct text account, sender; // A and S as parties (M1, M7)
	usec_t at;
	unsigned seen; // enum seen_bits
	usec_t out_at; // with SEEN_EGRESS: when the server let it out
	struct finding about;
};

static bool is_receipt_or_display(enum evidence_kind kind)
{
	return kind == EV_RECEIPT || kind == EV_MARK_DISPLAYED || kind == EV_MARK_ACKNOWLEDGED;
}

static bool is_occupant(struct text party) // M7: what stays full
{
	return party.n && memchr(party.p, '/', party.n);
}

static bool list_has(struct text list, struct text jid)
{
	while (list.n) {
		const char *end = memchr(list.p, '\n', list.n);
		size_t n = end ? (size_t)(end - list.p) : list.n;
		if (text_same((struct text){list.p, n}, jid))
			return true;
		size_t used = n + (end ? 1 : 0);
		list = (struct text){list.p + used, list.n - used};
	}
	return false;
}

static bool whole_list_has(const struct audit *audit, const struct known *roster, struct text jid)
{
	struct span lists =
		audit_span(audit, &(struct place){roster->related, KNOWN_LIST, TEXT_NONE, 0});

	return !lists.count || list_has(lists.items[0].value, jid); // a lost list accuses nobody
}

// True: the account's roster was known then and does not let S see its presence. A push says more
// about its item than the whole list before it; an item that a whole list does not name is none.
static bool hides_presence(const struct audit *audit, const struct ack *ack)
{
	int64_t account = audit_id(audit, ack->account);
	bool in = ack->seen & SEEN_INGRESS;
	const struct known *whole = newest(audit, account, KNOWN_ROSTER, TEXT_NONE, ack->at, in);
	const struct known *push = newest(audit, account, KNOWN_PUSH, ack->sender, ack->at, in);

	if (push && (!whole || push->first >= whole->first))
		return !text_is(push->value, "from") && !text_is(push->value, "both");
	return whole && !whole_list_has(audit, whole, ack->sender);
}

// ACK-LEAK. A room's occupants see each other anyway, and so do the devices of one account.
static void judge_leak(struct audit *audit, const struct ack *ack)
{
	if (is_receipt_or_display(ack->kind) && !is_occupant(ack->sender) &&
	    !is_occupant(ack->account) && !text_same(ack->account, ack->sender) &&
	    hides_presence(audit, ack))
		audit_give(audit, "ACK-LEAK", ack->by, &ack->about);
}

static bool blocks_item(const struct audit *audit, int64_t account, struct text item, usec_t at)
{
	const struct known *block = newest(audit, account, KNOWN_BLOCK, item, at, false);
	const struct known *lifted = newest(audit, account, KNOWN_UNBLOCK, item, at, false);
	const struct known *all = newest(audit, account, KNOWN_UNBLOCK_ALL, TEXT_NONE, at, false);

	return block && (!lifted || lifted->first < block->first) &&
	       (!all || all->first < block->first);
}

static struct text before(struct text text, char c)
{
	const char *end = text.n ? memchr(text.p, c, text.n) : NULL;

	return (struct text){text.p, end ? (size_t)(end - text.p) : text.n};
}

// 0191 section 3.2: what an item matches, from the narrowest on. A bare S is not meant by an item
// that names one of its devices.
static bool is_blocked(struct audit *audit, const struct ack *ack)
{
	struct text bare = before(ack->sender, '/'), domain = party_domain(ack->sender);
	struct text items[4] = {ack->sender, bare, TEXT_NONE, domain};
	int64_t account = audit_id(audit, before(ack->account, '/'));

	if (is_occupant(ack->sender))
		items[2] = arena_printf(audit->scratch, "%.*s%.*s", (int)domain.n, domain.p,
					(int)(ack->sender.n - bare.n), ack->sender.p + bare.n);
	for (size_t i = 0; i < 4; i++)
		if (items[i].p && blocks_item(audit, account, items[i], ack->out_at))
			return true;
	return false;
}

static void judge_blocked(struct audit *audit, const struct ack *ack)
{
	if ((ack->seen & SEEN_EGRESS) && ack->kind <= EV_XE_DISPLAYED && is_blocked(audit, ack))
		audit_give(audit, "ACK-TO-BLOCKED", ack->by, &ack->about);
}

static bool others_got_it(const struct copies *copies, int64_t device, usec_t t)
{
	for (size_t i = 0; i < copies->count; i++)
		if (copies->items[i].device != device && copies->items[i].first <= t &&
		    copies->items[i].kinds & (COPY_OUT | COPY_CARBON_OUT))
			return true;
	return false;
}

static bool had_it(const struct copies *copies, int64_t device, usec_t t)
{
	for (size_t i = 0; i < copies->count; i++)
		if (copies->items[i].device == device && copies->items[i].first <= t)
			return true;
	return false;
}

static bool was_archived(const struct audit *audit, int64_t device, const struct ack *ack)
{
	struct place place = {device, KNOWN_ARCHIVED, TEXT_NONE, ack->about.key};
	struct span span = audit_span(audit, &place);

	return span.count && span.items[0].first < ack->at;
}

// ACK-ARCHIVED: the device had it from the archive only, while others got it live. Where no line to
// any other shows (a feed without directions) nothing is said.
static void judge_archived(struct audit *audit, const struct ack *ack, const struct row *row)
{
	int64_t device = audit_id(audit, ack->by);
	struct copies copies;

	if (ack->kind > EV_XE_DISPLAYED || !was_archived(audit, device, ack))
		return;
	audit_copies(audit, row, &copies);
	if (!had_it(&copies, device, ack->at) && others_got_it(&copies, device, ack->at))
		audit_give(audit, "ACK-ARCHIVED", ack->by, &ack->about);
}

static void judge_ack(struct audit *audit, const struct ack *ack, const struct row *row)
{
	judge_leak(audit, ack);
	judge_blocked(audit, ack);
	if (row)
		judge_archived(audit, ack, row);
}

void audit_evidence(struct audit *audit, const struct stored_evidence *stored,
		    const struct row *row)
{
	const struct evidence *ev = &stored->evidence;
	struct ack ack = {.kind = ev->kind,
			  .by = stored->by,
			  .account = stored->by,
			  .sender = stored->to,
			  .at = ev->first,
			  .seen = ev->seen,
			  .out_at = ev->out_at,
			  .about = {.ref = stored->ref,
				    .conv = stored->conv,
				    .key = stored->key,
				    .at = ev->first,
				    .position = ev->position}};

	arena_reset(audit->scratch);
	if (ev->kind > EV_XE_DISPLAYED || ev->borrowed || ev->leg != LEG_DIRECT)
		return;
	if (ev->by_resource.p && ev->by_resource.n < stored->by.n)
		ack.account.n = stored->by.n - ev->by_resource.n - 1;
	judge_ack(audit, &ack, ev->class_ == ACK_PAIRED ? row : NULL);
}

static void inline_ack(struct audit *audit, const struct row *row, const struct evidence *ev,
		       enum evidence_kind kind, unsigned seen)
{
	if (!ev)
		return;
	struct text by = row->to;
	if (ev->by_resource.p)
		by = arena_printf(audit->scratch, "%.*s/%.*s", (int)row->to.n, row->to.p,
				  (int)ev->by_resource.n, ev->by_resource.p);
	struct ack ack = {.kind = kind,
			  .by = by,
			  .account = row->to,
			  .sender = row->from,
			  .at = ev->first,
			  .seen = seen,
			  .out_at = ev->last,
			  .about = {.ref = row->id,
				    .conv = row->conv,
				    .key = row->key,
				    .at = ev->first,
				    .position = ev->position}};
	judge_ack(audit, &ack, row);
}

static unsigned seen_of(const struct row *row, unsigned ingress, unsigned egress)
{
	return (row->flags & ingress ? SEEN_INGRESS : 0u) |
	       (row->flags & egress ? SEEN_EGRESS : 0u);
}

void audit_inline_acks(struct audit *audit, const struct row *row)
{
	inline_ack(audit, row, row->receipt, EV_RECEIPT,
		   seen_of(row, FLAG_RECEIPT_INGRESS, FLAG_RECEIPT_EGRESS));
	inline_ack(audit, row, row->marker, EV_MARK_DISPLAYED,
		   seen_of(row, FLAG_MARKER_INGRESS, FLAG_MARKER_EGRESS));
}
