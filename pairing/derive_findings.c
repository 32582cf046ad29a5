// SPDX-License-Identifier: Apache-2.0
// What the facts of one key show besides its rows (PAIRING section 8): acks nobody asked for, second
// acks, errors after delivery, ids used again, what a server kept or sent twice.
#include "pairing/private.h"
#include "pairing/workset.h"

bool is_ack(enum evidence_kind kind)
{
	return kind <= EV_XE_DISPLAYED;
}

bool is_marker(enum evidence_kind kind)
{
	return kind == EV_MARK_RECEIVED || kind == EV_MARK_DISPLAYED ||
	       kind == EV_MARK_ACKNOWLEDGED;
}

// --- the message ---

static struct text sender_device(struct pairing *pairing, const struct row *row)
{
	if (!row->from.p || !row->from_resource.p)
		return row->from;
	return arena_printf(pairing->arena, "%.*s/%.*s", (int)row->from.n, row->from.p,
			    (int)row->from_resource.n, row->from_resource.p);
}

// M3, M4: the same id again; without id it is no finding.
static void find_reuse(struct pairing *pairing, struct entry *entry)
{
	for (size_t i = 1; i < entry->row_count && entry->id.p; i++) {
		const struct row *row = &entry->rows[i];
		entry_finding(pairing, entry, "ID-REUSE", sender_device(pairing, row), entry->id,
			      row->sent_at, row->sent_pos);
	}
}

// A device that got the message itself must not get a carbon of it (0280 section 7).
static void find_carbon_copies(struct pairing *pairing, struct entry *entry)
{
	for (size_t i = 0; i < entry->incarnations.count; i++) {
		const struct incarnation *inc = &entry->incarnations.items[i];
		for (size_t j = 0; j < inc->copy_count; j++)
			if ((inc->copies[j].kinds & COPY_OUT) &&
			    (inc->copies[j].kinds & COPY_CARBON))
				entry_finding(pairing, entry, "CARBON-DUP", party_domain(entry->r),
					      entry->id, inc->first, inc->seen_pos);
	}
}

// T4: what R's server kept and gave out later although it should not.
static void find_storage(struct pairing *pairing, struct entry *entry)
{
	for (size_t i = 0; i < entry->incarnations.count && !entry->group; i++) {
		const struct incarnation *inc = &entry->incarnations.items[i];
		for (size_t j = 0; j < inc->stamp_count; j++) {
			const struct stamp_fact *fact = &inc->stamps[j];
			const struct {
				bool is;
				const char *rule;
			} faults[] = {{inc->type == TYPE_HEADLINE, "STORE-TYPE"},
				      {inc->flags & FLAG_NO_STORE, "STORE-NOSTORE"},
				      {fact->asks_offline, "XE-OFFLINE-LEAK"}};
			bool kept = fact->storable && fact->ingress_at == USEC_NONE;
			for (size_t k = 0; kept && k < sizeof(faults) / sizeof(*faults); k++)
				if (faults[k].is)
					entry_finding(pairing, entry, faults[k].rule,
						      party_domain(entry->r), entry->id,
						      fact->egress_at, inc->seen_pos);
		}
	}
}

// --- its evidence ---

// A request of that kind that P7 voided was still asked.
static const struct {
	const char *rule; // when none of these was asked
	unsigned asked;
	bool rooms; // also of room messages
} requests[EV_KINDS] = {
	[EV_RECEIPT] = {"ACK-UNREQUESTED", FLAG_RECEIPT_REQUEST | FLAG_VOID_RECEIPT, true},
	[EV_MARK_RECEIVED] = {"MARK-UNREQUESTED", FLAG_MARKABLE | FLAG_VOID_MARKABLE, false},
	[EV_MARK_DISPLAYED] = {"MARK-UNREQUESTED", FLAG_MARKABLE | FLAG_VOID_MARKABLE, false},
	[EV_MARK_ACKNOWLEDGED] = {"MARK-UNREQUESTED", FLAG_MARKABLE | FLAG_VOID_MARKABLE, false},
	[EV_XE_OFFLINE] = {"XE-UNREQUESTED", FLAG_XE_OFFLINE, false},
	[EV_XE_DELIVERED] = {"XE-UNREQUESTED", FLAG_XE_DELIVERED, false},
	[EV_XE_COMPOSING] = {"XE-UNREQUESTED", FLAG_XE_COMPOSING, false},
	[EV_XE_DISPLAYED] = {"XE-UNREQUESTED", FLAG_XE_DISPLAYED, false},
};

struct heard { // of one row, so far: evidence is in the order of T1 here
	bool receipt, delivery;
};

// P11: the error of a second device.
static bool is_late_error(const struct entry *entry, const struct evidence *ev, struct heard *heard)
{
	if (!entry->group && is_ack(ev->kind) && ev->kind != EV_XE_OFFLINE)
		heard->delivery = true;
	return ev->kind == EV_ERROR && heard->delivery;
}

// P9: the direct display came more than a second before the first receipt.
static bool is_late_receipt(const struct row *row, const struct evidence *ev, struct heard *heard)
{
	bool first = ev->kind == EV_RECEIPT && !heard->receipt;

	heard->receipt = heard->receipt || ev->kind == EV_RECEIPT;
	return first && row->displayed_at != USEC_NONE && row->displayed_via != VIA_UPTO &&
	       ev->first - row->displayed_at > USEC_PER_SEC;
}

static const char *unasked_rule(const struct pairing *pairing, const struct entry *entry,
				const struct row *row, const struct evidence *ev)
{
	if (ev->via && entry->group && ev->kind != EV_RECEIPT)
		return NULL; // as markers
	if (ev->via)
		return private_unasked(pairing, ev, row->flags);
	if ((row->flags & requests[ev->kind].asked) || (entry->group && !requests[ev->kind].rooms))
		return NULL;
	return requests[ev->kind].rule;
}

static struct text ref_of(const struct entry *entry, const struct evidence *ev)
{
	return ev->named.p ? ev->named : entry->id;
}

static void find_fault(struct pairing *pairing, struct entry *entry, const char *rule,
		       const struct evidence *ev)
{
	entry_finding(pairing, entry, rule, room_by(pairing, entry, ev), ref_of(entry, ev),
		      ev->first, ev->position);
}

static void find_in_evidence(struct pairing *pairing, struct entry *entry, const struct row *row,
			     const struct evidence *ev, struct heard *heard)
{
	const char *unasked = unasked_rule(pairing, entry, row, ev);

	if (unasked)
		find_fault(pairing, entry, unasked, ev);
	if (is_late_error(entry, ev, heard))
		find_fault(pairing, entry, "ERR-AFTER-DELIVERY", ev);
	if (is_late_receipt(row, ev, heard))
		entry_finding(pairing, entry, "DISP-BEFORE-RCPT", entry->r, ref_of(entry, ev),
			      ev->first, ev->position);
	// P12: found by id although the room had given it another.
	if (entry->group && is_marker(ev->kind) && !ev->borrowed && (row->flags & FLAG_ROOM_ID))
		find_fault(pairing, entry, "MARK-MUC-ID", ev);
}

struct answered { // by one device, with one kind
	struct text own_id, ref;
	bool many; // with several own ids
};

enum { FEW = 8 }; // so many are looked at one by one

// Of one device, of one kind, about one row.
static bool answer_alike(const struct evidence *a, const struct evidence *b)
{
	return a->place == b->place && a->kind == b->kind && a->via == b->via &&
	       text_same(a->by_resource, b->by_resource);
}

// Most keys have one receipt and one marker. Of rooms and of many it is not looked for in pairs.
static bool has_second(const struct entry *entry)
{
	const struct evidence *list = entry->evidence.items;

	if (entry->group || entry->evidence.count > FEW)
		return entry->evidence.count > 1;
	for (size_t i = 1; i < entry->evidence.count; i++)
		for (size_t j = 0; j < i; j++)
			if (answer_alike(&list[i], &list[j]))
				return true;
	return false;
}

// P4: an ack of a kind after another one from the same device, with another own id or none; NULL: it
// is none.
static const struct answered *second_of(struct pairing *pairing, const struct entry *entry,
					struct map *devices, const struct evidence *ev)
{
	const int64_t numbers[] = {ev->place, (int64_t)ev->kind, ev->via};
	struct text bytes = {(const char *)numbers, sizeof(numbers)};
	// In a room the account tells devices apart where it is known (P12), and ids are of many names.
	struct text by = entry->group ? room_by(pairing, entry, ev) : ev->by_resource;
	struct text own = evidence_real(ev).p ? ev->upload->id : ev->own_id;
	void **place = map_put(devices, KEYED(&pairing->key, bytes, by));
	struct answered *before = *place;

	if (!before) {
		before = *place = arena_alloc(pairing->arena, sizeof(*before));
		before->own_id = own;
		before->ref = ref_of(entry, ev);
		return NULL;
	}
	bool same = own.p && text_same(before->own_id, own);
	bool second = !same || before->many;
	before->many = before->many || !same;
	return second ? before : NULL;
}

static void count_duplicates(struct pairing *pairing, struct entry *entry)
{
	struct map devices = {0};

	if (!has_second(entry))
		return;
	for (size_t i = 0; i < entry->evidence.count; i++) {
		struct evidence *ev = &entry->evidence.items[i];
		const struct answered *before = NULL;
		if (ev->place && is_ack(ev->kind))
			before = second_of(pairing, entry, &devices, ev);
		if (!before)
			continue;
		entry->rows[ev->place - 1].acks_dup += !entry->rows[ev->place - 1].kept;
		entry_finding(pairing, entry, "ACK-DUP", room_by(pairing, entry, ev), before->ref,
			      ev->first, ev->position);
	}
	map_free(&devices);
}

void key_findings(struct pairing *pairing, struct entry *entry)
{
	if (entry->fault) {
		fault_findings(pairing, entry);
		return;
	}
	find_reuse(pairing, entry);
	find_carbon_copies(pairing, entry);
	find_storage(pairing, entry);
	count_duplicates(pairing, entry);
	struct heard *heard = arena_alloc(pairing->arena, (entry->row_count + 1) * sizeof(*heard));
	for (size_t i = 0; i < entry->evidence.count; i++) {
		const struct evidence *ev = &entry->evidence.items[i];
		if (ev->place)
			find_in_evidence(pairing, entry, &entry->rows[ev->place - 1], ev,
					 &heard[ev->place]);
		if (entry->group && ev->class_ == ACK_SELF) // P12
			entry_finding(pairing, entry, "ACK-SELF", room_by(pairing, entry, ev),
				      ev->named.p ? ev->named : entry->id, ev->first, ev->position);
	}
}
