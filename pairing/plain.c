// SPDX-License-Identifier: Apache-2.0
// The stored form of an entry. Plain: one incarnation seen by one source without stamps, at most one
// receipt and one displayed marker of one device; all of it fits the columns of one row. Anything
// else is complex: its incarnations as a byte string in the row, its evidence as rows of their own. Of
// a key without id a batch knows only what is near (M4): there each row is judged by itself, and a plain
// one has no evidence.
#include "pairing/tie.h"

#include <stdlib.h>

static bool plain_incarnation(const struct incarnation *inc)
{
	if (inc->copy_count > 1 || (inc->copy_count && inc->copies[0].kinds != COPY_OUT))
		return false;
	if (inc->stamp_count || inc->stanza_id_count > 1 || inc->ingress_count > 1 ||
	    inc->origin_count || inc->digest_count)
		return false;
	if (inc->ingress_count &&
	    (inc->ingress[0].lines > 1 || inc->ingress[0].dir != DIR_IN || !inc->ingress[0].source))
		return false;
	// One line gave everything: then sent_at says when.
	return inc->seen_at == inc->first && inc->text_at == inc->first &&
	       (!inc->from_resource.p ||
		(inc->from_at == inc->first && text_same(inc->from_tie, inc->tie)));
}

struct inline_acks {
	const struct evidence *receipt, *marker;
};

static bool plain_evidence(const struct entry *entry, struct inline_acks *acks)
{
	*acks = (struct inline_acks){NULL, NULL};
	for (size_t i = 0; i < entry->evidence.count; i++) {
		const struct evidence *ev = &entry->evidence.items[i];
		const struct evidence **place = ev->kind == EV_RECEIPT          ? &acks->receipt
						: ev->kind == EV_MARK_DISPLAYED ? &acks->marker
										: NULL;
		bool out_last = !(ev->seen & SEEN_EGRESS) || ev->out_at == ev->last;
		if (!place || *place || ev->place != 1 || ev->thread || ev->borrowed || ev->via ||
		    !out_last)
			return false;
		*place = ev;
	}
	return !acks->receipt || !acks->marker ||
	       text_same(acks->receipt->by_resource, acks->marker->by_resource);
}

// On which side the inline acks were seen.
static const struct {
	unsigned seen, receipt, marker;
} seen_bits[] = {
	{SEEN_INGRESS, FLAG_RECEIPT_INGRESS, FLAG_MARKER_INGRESS},
	{SEEN_EGRESS, FLAG_RECEIPT_EGRESS, FLAG_MARKER_EGRESS},
};

static unsigned seen_flags(const struct inline_acks *acks)
{
	unsigned flags = 0;

	for (size_t i = 0; i < 2; i++) {
		if (acks->receipt && (acks->receipt->seen & seen_bits[i].seen))
			flags |= seen_bits[i].receipt;
		if (acks->marker && (acks->marker->seen & seen_bits[i].seen))
			flags |= seen_bits[i].marker;
	}
	return flags;
}

static unsigned seen_of(unsigned flags, enum evidence_kind kind)
{
	unsigned seen = 0;

	for (size_t i = 0; i < 2; i++)
		if (flags & (kind == EV_RECEIPT ? seen_bits[i].receipt : seen_bits[i].marker))
			seen |= seen_bits[i].seen;
	return seen;
}

// What no column of a plain row holds: the device that got the message (CARBON-DUP; 0 = none is known)
// and the id that the recipient's server gave it (I3).
static struct text encode_rest(struct pairing *pairing, const struct incarnation *inc)
{
	struct buf out = {0};

	if (!inc->copy_count && !inc->stanza_id_count)
		return TEXT_NONE;
	buf_be64(&out, inc->copy_count ? (uint64_t)inc->copies[0].device : 0);
	if (inc->stanza_id_count)
		buf_text(&out, inc->stanza_ids[0]);
	struct text facts = arena_text(pairing->arena, buf_view(&out));
	buf_free(&out);
	return facts;
}

static void decode_rest(struct pairing *pairing, struct text facts, struct incarnation *inc)
{
	uint64_t device = 0;

	if (!facts.p || facts.n < 8)
		return;
	for (size_t i = 0; i < 8; i++)
		device = device << 8 | (unsigned char)facts.p[i];
	if (device) {
		inc->copies = arena_alloc(pairing->arena, sizeof(*inc->copies));
		inc->copies[0] = (struct copy_fact){(int64_t)device, COPY_OUT, inc->routed_at};
		inc->copy_count = 1;
	}
	if (facts.n > 8) {
		inc->stanza_ids = arena_alloc(pairing->arena, sizeof(*inc->stanza_ids));
		inc->stanza_ids[0] =
			arena_text(pairing->arena, (struct text){facts.p + 8, facts.n - 8});
		inc->stanza_id_count = 1;
	}
}

static struct text encode_plain_ties(struct pairing *pairing, struct text own,
				     const struct inline_acks *acks)
{
	struct text receipt = acks->receipt ? acks->receipt->tie : TEXT_NONE;
	struct text marker = acks->marker ? acks->marker->tie : TEXT_NONE;
	struct buf out = {0};

	if (!receipt.p && !marker.p)
		return own;
	ties_encode_plain(&out, own, receipt, marker);
	struct text ties = arena_text(pairing->arena, buf_view(&out));
	buf_free(&out);
	return ties;
}

static struct text encode_ties(struct pairing *pairing, struct text own,
			       const struct incarnation *list, size_t count)
{
	struct buf out = {0};

	ties_encode(&out, own, list, count);
	struct text ties = out.len ? arena_text(pairing->arena, buf_view(&out)) : TEXT_NONE;
	buf_free(&out);
	return ties;
}

// The incarnations of an entry by the row that they make: part p has list[first[p]..first[p + 1] - 1].
struct parts {
	struct incarnation *list;
	size_t *first;
};

// An id that is used all the time has very many of them.
static struct parts sort_parts(const struct entry *entry)
{
	size_t count = entry->incarnations.count;
	struct parts parts = {xcalloc(count, sizeof(*parts.list)),
			      xcalloc(count + 2, sizeof(*parts.first))};
	size_t *end = parts.first + 1; // of each part, once they are filled

	for (size_t i = 0; i < count; i++)
		end[entry->owner[i] + 1]++;
	for (size_t i = 1; i <= count; i++)
		end[i] += end[i - 1];
	for (size_t i = 0; i < count; i++)
		parts.list[end[entry->owner[i]]++] = entry->incarnations.items[i];
	return parts;
}

static void free_parts(struct parts *parts)
{
	free(parts->list);
	free(parts->first);
}

// Facts and ties go together.
static struct text encode_part(struct pairing *pairing, const struct parts *parts, struct row *row)
{
	size_t first = parts->first[row->part], count = parts->first[row->part + 1] - first;
	struct buf out = {0};

	row->tie = encode_ties(pairing, tie_own(row->tie), parts->list + first, count);
	incarnations_encode(&out, parts->list + first, count);
	struct text facts = arena_text(pairing->arena, buf_view(&out));
	buf_free(&out);
	return facts;
}

// Whether findings are open, as far as the row says it: of a key without id (M4) only what is near is
// known, so it says nothing, and what it gives no more is looked for anyway.
static bool had_findings(const struct entry *entry)
{
	for (size_t i = 0; i < entry->old_rows.count; i++)
		if (entry->old_rows.items[i].has_findings)
			return true;
	return false;
}

static bool plain_entry(const struct entry *entry, struct inline_acks *acks)
{
	return !entry->group && entry->incarnations.count == 1 && entry->row_count == 1 &&
	       plain_evidence(entry, acks) && plain_incarnation(&entry->incarnations.items[0]);
}

// Which rows have evidence, by place.
static bool *see_evidence(struct pairing *pairing, const struct entry *entry)
{
	bool *has = arena_alloc(pairing->arena, entry->row_count + 1);

	for (size_t i = 0; i < entry->evidence.count; i++)
		has[entry->evidence.items[i].place] = true;
	for (size_t i = 0; i < entry->row_count; i++) // near.c
		has[i + 1] = has[i + 1] || entry->rows[i].mds_at != USEC_NONE ||
			     (entry->rows[i].kept && entry->rows[i].kept->complex);
	return has;
}

// --- F9 ---

// The one device that it was written to; carbons are for others to see.
static int64_t only_device(const struct incarnation *inc)
{
	int64_t device = 0;

	for (size_t i = 0; i < inc->copy_count; i++) {
		if (!(inc->copies[i].kinds & COPY_OUT))
			continue;
		if (device && inc->copies[i].device != device)
			return 0;
		device = inc->copies[i].device;
	}
	return device;
}

static int64_t device_of(struct pairing *pairing, const struct row *row,
			 const struct incarnation *inc)
{
	if (!row->id.p || !class_is_counted(row->class_))
		return 0;
	if (row->acked == ACKED_NOT)
		return only_device(inc);
	if (!row->acked_by.p)
		return pairing_jid_id(pairing, row->to);
	return pairing_jid_id(pairing,
			      arena_printf(pairing->arena, "%.*s/%.*s", (int)row->to.n, row->to.p,
					   (int)row->acked_by.n, row->acked_by.p));
}

void entry_store_form(struct pairing *pairing, struct entry *entry)
{
	struct inline_acks acks = {NULL, NULL};
	bool alone = entry->id.p || entry->group;
	bool all_plain = alone && plain_entry(entry, &acks);
	bool had = !entry->touched && had_findings(entry);
	const bool *has_evidence = alone ? NULL : see_evidence(pairing, entry);
	struct parts parts = {0};

	if (!all_plain)
		parts = sort_parts(entry);
	for (size_t i = 0; i < entry->row_count; i++) {
		struct row *row = &entry->rows[i];
		const struct incarnation *inc = &entry->incarnations.items[row->part];
		bool plain = alone ? all_plain : !has_evidence[i + 1] && plain_incarnation(inc);
		row->has_findings = entry->id.p && (entry->findings.count > 0 || had);
		row->complex = !plain;
		row->device = device_of(pairing, row, inc);
		row->receipt = plain ? acks.receipt : NULL;
		row->marker = plain ? acks.marker : NULL;
		row->flags = plain ? row->flags | seen_flags(&acks) : row->flags;
		if (plain)
			row->tie = encode_plain_ties(pairing, tie_own(row->tie), &acks);
		row->facts = plain ? encode_rest(pairing, inc) : encode_part(pairing, &parts, row);
	}
	free_parts(&parts);
}

// --- the way back ---

static void load_inline(struct pairing *pairing, struct entry *entry, const struct evidence *ev,
			enum evidence_kind kind, unsigned flags, struct text tie)
{
	if (!ev)
		return;
	struct evidence copy = *ev;
	copy.kind = kind;
	copy.seen = seen_of(flags, kind) & (SEEN_INGRESS | SEEN_EGRESS);
	copy.tie = tie;
	copy.out_at = copy.seen & SEEN_EGRESS ? copy.last : USEC_NONE;
	copy.by = TEXT_NONE;
	copy.condition = TEXT_NONE;
	copy.borrowed = false;
	copy.thread = 0;
	copy.n = 1;
	copy.class_ = ACK_PAIRED;
	copy.lent_conv = copy.lent_key = 0;
	copy.stored = true;
	note_stood(pairing, entry, &copy);
	entry_add_evidence(pairing, entry, &copy);
}

static void load_plain(struct pairing *pairing, struct entry *entry, const struct row *row)
{
	struct incarnation inc = {
		.digest = row->digest,
		.leg = LEG_DIRECT,
		.first = row->sent_at,
		.last = row->last_at,
		.seen_at = row->sent_at,
		.seen_pos = row->sent_pos,
		.egress_at = row->accepted_at,
		.routed_at = row->routed_at,
		.from_at = row->sent_at,
		.from_resource = row->from_resource,
		.text_at = row->sent_at,
		.type = row->type,
		.body_bytes = row->body_bytes,
		.body_stays = true,
		.tie = tie_own(row->tie),
		.from_tie = tie_own(row->tie),
		.corrects = row->corrects,
		.thread = row->thread,
		.flags = row->flags & ~(unsigned)PLAIN_FLAGS,
	};
	struct ingress_fact ingress = {row->source, DIR_IN, 1};
	struct text receipt, marker;

	if (row->source) {
		inc.ingress = arena_alloc(pairing->arena, sizeof(ingress));
		*inc.ingress = ingress;
		inc.ingress_count = 1;
	}
	decode_rest(pairing, row->facts, &inc);
	entry_add_incarnation(pairing, entry, &inc);
	ties_decode_plain(row->tie, &receipt, &marker);
	load_inline(pairing, entry, row->receipt, EV_RECEIPT, row->flags, receipt);
	load_inline(pairing, entry, row->marker, EV_MARK_DISPLAYED, row->flags, marker);
}

void entry_load_row(struct pairing *pairing, struct entry *entry, const struct row *row)
{
	struct incarnation *list;
	size_t count;

	if (!row->complex) {
		load_plain(pairing, entry, row);
		return;
	}
	if (!row->facts.p || !incarnations_decode(row->facts, pairing->arena, &list, &count))
		return; // damaged facts: the row is kept as it is, see results.c
	ties_decode(row->tie, list, count);
	for (size_t i = 0; i < count; i++) {
		list[i].body_stays = true;
		entry_add_incarnation(pairing, entry, &list[i]);
	}
}
