// SPDX-License-Identifier: Apache-2.0
// One entry: facts -> rows (M3, M4, M9, M11, P2, P4, P9, T2, T4, T5, S1, S2). A pure function of the
// entry's facts; upto.c and settle.c add what needs a look beyond the key.
#include "pairing/private.h"
#include "pairing/workset.h"

#include <stdlib.h>

// --- M11 ---

static bool has_local(struct text party)
{
	return memchr(party.p, '@', party.n) != NULL;
}

static bool is_occupant(const struct pairing *pairing, struct text party)
{
	return memchr(party.p, '/', party.n) != NULL &&
	       string_list_has(&pairing->rules->muc_domains, party_domain(party));
}

static enum message_class class_of(const struct pairing *pairing, const struct row *row)
{
	if (is_occupant(pairing, row->from))
		return CLASS_PM_MIRROR;
	if (text_same(row->from, row->to))
		return CLASS_SELF;
	if (is_occupant(pairing, row->to))
		return CLASS_PM;
	if (row->type == TYPE_HEADLINE)
		return CLASS_HEADLINE;
	if (!has_local(row->from) || !has_local(row->to))
		return CLASS_SERVICE;
	return row->corrects.p ? CLASS_CORRECTION : CLASS_CHAT;
}

// --- P2 ---

static bool has_given_id(const struct row *row, struct text named)
{
	for (size_t i = 0; i < row->given_count; i++)
		if (text_same(row->given_ids[i], named))
			return true;
	for (size_t i = 0; i < row->origin_count; i++)
		if (text_same(row->origin_ids[i], named))
			return true;
	return false;
}

// Of several rows of a key: the one that was given this id. P11: an error to B is about B's message,
// and a room's key is shared by all who used the id.
static bool is_meant(const struct entry *entry, const struct evidence *ev, const struct row *row,
		     struct text named)
{
	if (!named.p)
		return true;
	return entry->group && !is_ack(ev->kind) ? text_same(row->from, named)
						 : has_given_id(row, named);
}

// P10: what names no id is about the newest message without one, and only shortly before.
// How old the message may be. I3 knows no limit: the id was given to one message only; nor does M8: what
// was sent once is known, even if later (two clocks, stamps).
static usec_t reach_of(const struct pairing *pairing, const struct entry *entry,
		       const struct evidence *ev)
{
	if (ev->kind == EV_MDS || ev->kind == EV_CORRECTION)
		return INT64_MAX;
	return entry->id.p ? pairing->rules->w_match : pairing->rules->w_resend;
}

// Rows are in order of sent_at: how many were sent by then.
static size_t sent_until(const struct entry *entry, usec_t t)
{
	size_t low = 0, high = entry->row_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (entry->rows[middle].sent_at <= t)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int pick_incarnation(const struct pairing *pairing, const struct entry *entry,
		     const struct evidence *ev, struct text named)
{
	usec_t t = evidence_at(ev), reach = reach_of(pairing, entry, ev);
	usec_t skew = entry->id.p ? pairing->rules->w_skew : 0;
	size_t past = sent_until(entry, t);

	if (reach == INT64_MAX)
		skew = INT64_MAX;
	for (size_t i = past; i > 0 && t - entry->rows[i - 1].sent_at <= reach; i--)
		if (is_meant(entry, ev, &entry->rows[i - 1], named))
			return (int)(i - 1);
	for (size_t i = past; i < entry->row_count && entry->rows[i].sent_at - t <= skew; i++)
		if (is_meant(entry, ev, &entry->rows[i], named))
			return (int)i;
	return -1;
}

// --- evidence -> columns ---

struct text evidence_by(struct pairing *pairing, const struct entry *entry,
			const struct evidence *ev)
{
	if (ev->by.p)
		return ev->by;
	bool own = ev->kind == EV_RETRACTION || ev->kind == EV_CORRECTION;
	struct text a = own ? entry->s : entry->r;
	if (!ev->by_resource.p)
		return a;
	return arena_printf(pairing->arena, "%.*s/%.*s", (int)a.n, a.p, (int)ev->by_resource.n,
			    ev->by_resource.p);
}

// P9: the lists whose earlier member names "via" when times are equal.
static const struct {
	enum via delivered, displayed;
} kinds[EV_KINDS] = {
	[EV_RECEIPT] = {VIA_RECEIPT, VIA_NONE},
	[EV_MARK_RECEIVED] = {VIA_MARKER, VIA_NONE},
	[EV_MARK_DISPLAYED] = {VIA_NONE, VIA_MARKER},
	[EV_MARK_ACKNOWLEDGED] = {VIA_NONE, VIA_MARKER},
	[EV_XE_DELIVERED] = {VIA_XEVENT, VIA_NONE},
	[EV_XE_DISPLAYED] = {VIA_NONE, VIA_XEVENT},
};

// True: it names the time.
static bool take_time(usec_t *at, enum via *via, position_t *pos, const struct evidence *ev,
		      enum via how)
{
	if (how == VIA_NONE || (*at != USEC_NONE && ev->first > *at) ||
	    (ev->first == *at && how >= *via))
		return false;
	*at = ev->first;
	*via = how;
	*pos = ev->position;
	return true;
}

// F9: the device that gives the time of delivery, without one that of display.
static void take_device(struct row *row, const struct evidence *ev, enum acked what)
{
	if (what < row->acked)
		return;
	row->acked = what;
	row->acked_by = ev->by_resource;
}

// Evidence is taken in the order of T1.
static void take_error(struct row *row, const struct evidence *ev)
{
	if (row->has_error && row->failed_at <= ev->first)
		return;
	row->has_error = true;
	row->failed_at = ev->first;
	row->error = ev->condition;
	row->failed_pos = ev->position;
}

// P12: acks of a room message say nothing of its state; readers.c asks them.
static void take_evidence(const struct entry *entry, struct row *row, const struct evidence *ev)
{
	if (is_ack(ev->kind) && !(row->kept && ev->stored))
		row->acks++;
	row->has_marker = row->has_marker || is_marker(ev->kind);
	if (entry->group && is_ack(ev->kind))
		return;
	if (take_time(&row->delivered_at, &row->delivered_via, &row->delivered_pos, ev,
		      private_via(kinds[ev->kind].delivered, ev)))
		take_device(row, ev, ACKED_DELIVERED);
	if (take_time(&row->displayed_at, &row->displayed_via, &row->displayed_pos, ev,
		      private_via(kinds[ev->kind].displayed, ev)))
		take_device(row, ev, ACKED_DISPLAYED);
	if (ev->kind == EV_ERROR || ev->kind == EV_AMP_NONE)
		take_error(row, ev);
	if (ev->kind == EV_RETRACTION)
		min_into(&row->retracted_at, ev->first);
	if (ev->kind == EV_XE_OFFLINE || ev->kind == EV_AMP_STORED) // P10, K17
		min_into(&row->stored_at, ev->first);
	if (ev->kind == EV_REACTION)
		min_into(&row->reaction_at, ev->first);
	if (ev->kind == EV_REPLY)
		min_into(&row->reply_at, ev->first);
	if (ev->kind == EV_MDS)
		min_into(&row->mds_at, ev->first);
}

// --- S2, P9, T5 ---

void row_finish(struct row *row)
{
	usec_t delivered = row->delivered_at, displayed = row->displayed_at;
	bool direct = delivered != USEC_NONE || displayed != USEC_NONE;
	bool failed = row->has_error && !direct; // P8: an up-to marker does not raise a failed one

	row->direct = delivered != USEC_NONE;
	if (!failed && row->upto_delivered_at != USEC_NONE &&
	    (delivered == USEC_NONE || row->upto_delivered_at < delivered)) {
		row->delivered_at = row->upto_delivered_at;
		row->delivered_via = VIA_UPTO;
	}
	if (!failed && row->upto_displayed_at != USEC_NONE &&
	    (displayed == USEC_NONE || row->upto_displayed_at < displayed)) {
		row->displayed_at = row->upto_displayed_at;
		row->displayed_via = VIA_UPTO;
	}
	if (row->displayed_at != USEC_NONE && row->delivered_at == USEC_NONE)
		row->delivered_via = VIA_IMPLIED;
	row->skew_clamped = // T5
		(row->delivered_at != USEC_NONE && row->delivered_at < row->sent_at) ||
		(row->displayed_at != USEC_NONE && row->displayed_at < row->sent_at);
	row->state = row->displayed_at != USEC_NONE   ? STATE_DISPLAYED
		     : row->delivered_at != USEC_NONE ? STATE_DELIVERED
		     : row->failed_at != USEC_NONE    ? STATE_FAILED
		     : row->routed_at != USEC_NONE    ? STATE_ROUTED
		     : row->stored_at != USEC_NONE    ? STATE_STORED
		     : row->accepted_at != USEC_NONE  ? STATE_ACCEPTED
						      : STATE_SENT;
}

// --- the entry ---

static int by_sent(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->sent_at != y->sent_at)
		return x->sent_at < y->sent_at ? -1 : 1;
	int order = text_compare(tie_own(x->tie), tie_own(y->tie));
	if (order)
		return order;
	if (x->digest != y->digest)
		return x->digest < y->digest ? -1 : 1;
	return (x->last_at > y->last_at) - (x->last_at < y->last_at);
}

static int compare_moments(const struct evidence *a, const struct evidence *b)
{
	struct moment x = evidence_moment(a), y = evidence_moment(b);

	return moment_compare(&x, &y);
}

// T1; P4 and the order of findings must not depend on arrival.
static int by_time(const void *a, const void *b)
{
	const struct evidence *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	int order = compare_moments(x, y);
	if (order)
		return order;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	order = text_compare(x->by_resource, y->by_resource);
	if (!order)
		order = text_compare(x->own_id, y->own_id);
	if (!order)
		order = text_compare(x->condition, y->condition);
	if (!order)
		order = text_compare(x->by, y->by);
	if (!order)
		order = text_compare(x->named, y->named);
	if (!order && x->sig != y->sig)
		order = x->sig < y->sig ? -1 : 1;
	if (!order)
		order = x->via - y->via;
	return order ? order : (x->last > y->last) - (x->last < y->last);
}

// Nearly always: it came so, and it is derived several times a batch.
static bool is_in_time(const struct entry *entry)
{
	for (size_t i = 1; i < entry->evidence.count; i++)
		if (by_time(&entry->evidence.items[i - 1], &entry->evidence.items[i]) > 0)
			return false;
	return true;
}

// P12: an ack is as early as the earlier of its legs.
static int by_room_time(const void *a, const void *b)
{
	int order = compare_moments(a, b);

	return order ? order : by_time(a, b);
}

static enum evidence_class unpaired_class(enum evidence_kind kind)
{
	return is_ack(kind) || kind == EV_ERROR || kind == EV_CORRECTION ? ACK_UNKNOWN
									 : ACK_NO_EFFECT;
}

// Where this piece of evidence belongs among the rows of its own key; settle.c judges what is left.
static int place_of(struct pairing *pairing, const struct entry *entry, const struct evidence *ev,
		    enum evidence_class *class_)
{
	if (entry->group && ev->class_ == ACK_LENT)
		return -1; // P12: the id that the room gave comes first
	if (ev->second) {
		*class_ = ACK_NO_EFFECT; // counted with its mirror
		return -1;
	}
	int at = pick_incarnation(pairing, entry, ev, ev->borrowed ? ev->named : TEXT_NONE);
	if (at >= 0 && is_own_room_message(entry, ev, &entry->rows[at])) {
		*class_ = ACK_SELF;
		return -1;
	}
	if (at >= 0)
		*class_ = ACK_PAIRED;
	else if (*class_ == ACK_PAIRED || entry->group)
		*class_ = unpaired_class(ev->kind);
	return at;
}

static void pair_evidence(struct pairing *pairing, struct entry *entry)
{
	for (size_t i = 0; i < entry->evidence.count; i++) {
		struct evidence *ev = &entry->evidence.items[i];
		enum evidence_class class_ = ev->class_;
		int at = place_of(pairing, entry, ev, &class_);
		ev->place = at + 1;
		if (at < 0 && near_keeps(entry, ev))
			continue;
		int32_t n = at >= 0 ? entry->rows[at].n : 0;
		if (ev->n != n || ev->class_ != class_)
			entry->evidence_changed = true;
		ev->n = n;
		ev->class_ = class_;
		if (at >= 0)
			take_evidence(entry, &entry->rows[at], ev);
	}
}

// Of a key without id (M4) a batch knows only what is near, so its rows cannot be counted: a number made
// of the instant tells them apart wherever they are looked for, and readers count (row.h). Rows of one
// instant are always known together.
static int32_t number_of_instant(const struct pairing *pairing, const struct row *row)
{
	struct text at = {(const char *)&row->sent_at, sizeof(row->sent_at)};

	return (int32_t)(KEYED(&pairing->key, TEXT("number"), at) & 0x3fffffff) + 1;
}

static void number_rows(const struct pairing *pairing, struct entry *entry)
{
	for (size_t i = 0; i < entry->row_count; i++) {
		struct row *row = &entry->rows[i];
		bool same = i > 0 && row->sent_at == row[-1].sent_at;
		row->n = entry->id.p ? (int32_t)i + 1
			 : same      ? row[-1].n + 1
				     : number_of_instant(pairing, row);
		row->counts_acks = row->class_ != CLASS_PM_MIRROR && row->class_ != CLASS_GROUP;
	}
}

// Deriving is done several times a batch; the arena gives nothing back before its end.
void entry_make_room(struct pairing *pairing, struct entry *entry)
{
	size_t need = entry->incarnations.count;

	if (entry->room >= need)
		return;
	entry->room = need;
	entry->rows = arena_alloc(pairing->arena, need * sizeof(struct row));
	entry->owner = arena_alloc(pairing->arena, need * sizeof(size_t));
}

void derive_entry(struct pairing *pairing, struct entry *entry)
{
	if (entry->derived)
		return;
	entry->derived = true;
	entry->looked_around = false;
	entry->findings.count = 0;
	entry_make_room(pairing, entry);
	for (size_t i = 0; i < entry->incarnations.count; i++)
		entry->owner[i] = i;
	if (entry->group) {
		derive_group(pairing, entry);
	} else {
		entry->row_count = entry->incarnations.count;
		for (size_t i = 0; i < entry->row_count; i++) {
			row_from_incarnation(pairing, entry, &entry->incarnations.items[i],
					     &entry->rows[i]);
			entry->rows[i].class_ = class_of(pairing, &entry->rows[i]);
			entry->rows[i].part = i;
		}
	}
	if (entry->row_count > 1)
		qsort(entry->rows, entry->row_count, sizeof(struct row), by_sent);
	if (!is_in_time(entry)) {
		qsort(entry->evidence.items, entry->evidence.count, sizeof(struct evidence),
		      by_time);
		entry->indexed = false;
	}
	number_rows(pairing, entry);
	if (entry->group) {
		join_legs(pairing, entry);
		if (entry->evidence.count > 1)
			qsort(entry->evidence.items, entry->evidence.count, sizeof(struct evidence),
			      by_room_time);
	}
	near_keep_rows(pairing, entry);
	pair_evidence(pairing, entry);
	key_findings(pairing, entry);
}
