// SPDX-License-Identifier: Apache-2.0
// What a batch changes: finished rows beside the stored ones, evidence that has rows of its own, new
// entries for the list of who sent which id.
#include "pairing/workset.h"

static bool same_inline(const struct evidence *a, const struct evidence *b)
{
	if (!a || !b)
		return !a && !b;
	return a->first == b->first && a->last == b->last && a->position == b->position &&
	       text_same(a->by_resource, b->by_resource) && text_same(a->own_id, b->own_id);
}

static bool same_times(const struct row *a, const struct row *b)
{
	return a->sent_at == b->sent_at && a->last_at == b->last_at &&
	       a->composed_at == b->composed_at && a->accepted_at == b->accepted_at &&
	       a->stored_at == b->stored_at && a->routed_at == b->routed_at &&
	       a->delivered_at == b->delivered_at && a->displayed_at == b->displayed_at &&
	       a->upto_delivered_at == b->upto_delivered_at &&
	       a->upto_displayed_at == b->upto_displayed_at && a->failed_at == b->failed_at &&
	       a->retracted_at == b->retracted_at && a->reaction_at == b->reaction_at &&
	       a->reply_at == b->reply_at && a->mds_at == b->mds_at;
}

static bool same_numbers(const struct row *a, const struct row *b)
{
	return a->n == b->n && a->type == b->type && a->class_ == b->class_ &&
	       a->state == b->state && a->delivered_via == b->delivered_via &&
	       a->displayed_via == b->displayed_via && a->flags == b->flags &&
	       a->resends == b->resends && a->acks == b->acks && a->acks_dup == b->acks_dup &&
	       a->digest == b->digest && a->thread == b->thread && a->source == b->source &&
	       a->has_findings == b->has_findings && a->has_error == b->has_error &&
	       a->has_marker == b->has_marker && a->device == b->device && a->direct == b->direct &&
	       a->complex == b->complex;
}

static bool same_row(const struct row *a, const struct row *b)
{
	return same_times(a, b) && same_numbers(a, b) && text_same(a->from, b->from) &&
	       text_same(a->from_resource, b->from_resource) && text_same(a->nick, b->nick) &&
	       text_same(a->error, b->error) && text_same(a->corrects, b->corrects) &&
	       text_same(a->facts, b->facts) && text_same(a->tie, b->tie) &&
	       same_inline(a->receipt, b->receipt) && same_inline(a->marker, b->marker);
}

static bool rows_changed(const struct entry *entry, const struct row *const *was)
{
	if (entry->row_count != entry->old_rows.count)
		return true;
	for (size_t i = 0; i < entry->row_count; i++)
		if (!was[i] || !same_row(was[i], &entry->rows[i]))
			return true;
	return false;
}

// Whose id it waits for: the sender's, in a room the room's.
static int64_t about_hash(const struct pairing *pairing, const struct entry *entry,
			  const struct evidence *ev)
{
	if (!entry->id.p)
		return fault_waits(pairing, entry, ev);
	return waiting_hash(pairing, entry->s.p ? entry->s : entry->r, entry->id);
}

// The other id it waits for: its own sender's (P6); in a room who is who.
static int64_t about_self_hash(struct pairing *pairing, const struct entry *entry,
			       const struct evidence *ev)
{
	if (entry->group)
		return partner_waits(pairing, entry, ev);
	return entry->id.p ? waiting_hash(pairing, entry->r, entry->id) : 0;
}

static struct stored_evidence stored_form(struct pairing *pairing, const struct entry *entry,
					  const struct evidence *ev)
{
	bool own = ev->kind == EV_RETRACTION || ev->kind == EV_CORRECTION;

	return (struct stored_evidence){
		.conv = entry->conv,
		.key = entry->key,
		.by = evidence_by(pairing, entry, ev),
		.to = entry->group ? entry->r
		      : own        ? entry->r
				   : entry->s,
		.ref = entry->id,
		.about = about_hash(pairing, entry, ev),
		.about_self = about_self_hash(pairing, entry, ev),
		.evidence = *ev,
	};
}

static void fill_evidence(struct pairing *pairing, const struct entry *entry,
			  struct entry_change *change)
{
	bool columns = entry->id.p || entry->group; // of a row may hold its evidence
	bool inlined = columns && entry->row_count == 1 && !entry->rows[0].complex;
	size_t all = inlined ? 0 : entry->evidence.count, count = 0;
	struct stored_evidence *list =
		all ? arena_alloc(pairing->arena, all * sizeof(*list)) : NULL;

	for (size_t i = 0; i < all; i++)
		if (!is_kept_at_home(entry, &entry->evidence.items[i]))
			list[count++] = stored_form(pairing, entry, &entry->evidence.items[i]);
	change->evidence = list;
	change->evidence_count = count;
	change->evidence_changed =
		entry->evidence_changed && (count > 0 || entry->stored_evidence > 0);
	if (count == 0 && entry->stored_evidence > 0)
		change->evidence_changed = true;
	// A row that becomes complex takes its evidence out of its columns.
	if (columns && count > 0 && entry->old_rows.count == 1 && !entry->old_rows.items[0].complex)
		change->evidence_changed = true;
}

// A stored row whose facts could not be read must not be rewritten from what is left of them.
static bool is_damaged(const struct entry *entry)
{
	return entry->old_rows.count > 0 && entry->incarnations.count == 0;
}

// Of a room's message that only came along not all of its uploads are known.
static bool is_by_catch(const struct entry *entry)
{
	return entry->group && !entry->touched && !entry->wanted;
}

// What it was derived from is gone, and what comes later would bring its id back: it stays as the erasure left
// it, whoever else acknowledges it (rooms).
static bool is_erased_row(const struct entry *entry)
{
	return entry->erased;
}

void pairing_changes(struct pairing *pairing, void *self,
		     void (*change)(void *self, const struct entry_change *change))
{
	derive_all(pairing);
	for (size_t i = 0; i < pairing->order.count; i++) {
		struct entry *entry = pairing->order.items[i];
		if (is_damaged(entry) || is_by_catch(entry) || is_erased_row(entry))
			continue;
		const struct row **was =
			arena_alloc(pairing->arena, (entry->row_count + 1) * sizeof(*was));
		entry_store_form(pairing, entry);
		match_rows(entry, was);
		struct entry_change it = {
			.conv = entry->conv,
			.key = entry->key,
			.old_rows = entry->old_rows.items,
			.old_count = entry->old_rows.count,
			.rows = entry->rows,
			.was = was,
			.row_count = entry->row_count,
			.findings = entry->findings.items,
			.finding_count = entry->findings.count,
			.keep_findings = !entry->touched,
			.judged_from = entry->partial ? entry->judged_from : -(INT64_MAX / 2),
		};
		fill_evidence(pairing, entry, &it);
		bool findings = entry->touched && entry->findings.count > 0;
		if (rows_changed(entry, was) || it.evidence_changed || findings)
			change(self, &it);
	}
}

// An id given later than the row was written is told once more with the row: twice does no harm.
static bool is_told(const struct row *was, const struct row *row)
{
	return was && text_same(was->from, row->from) && text_same(was->nick, row->nick) &&
	       (!(row->given_count || row->origin_count) || text_same(was->facts, row->facts));
}

static void sent_of_entry(struct pairing *pairing, struct entry *entry, void *self, sent_fn *sent)
{
	const struct row **was = arena_alloc(pairing->arena, (entry->row_count + 1) * sizeof(*was));

	match_rows(entry, was);
	for (size_t i = 0; i < entry->row_count; i++)
		if (!is_told(was[i], &entry->rows[i]))
			sent_of_row(pairing, entry, &entry->rows[i], sent, self);
	for (size_t i = 0; i < entry->evidence.count; i++)
		if (!entry->evidence.items[i].stored)
			sent_of_ack(pairing, entry, &entry->evidence.items[i], sent, self);
}

void pairing_new_sent(struct pairing *pairing, void *self,
		      void (*sent)(void *self, const struct sent *sent))
{
	derive_all(pairing);
	for (size_t i = 0; i < pairing->order.count; i++)
		if (pairing->order.items[i]->touched)
			sent_of_entry(pairing, pairing->order.items[i], self, sent);
}

// --- P8, for whoever wants to look less far back next time ---

static void end_of_entry(const struct entry *entry, struct conversation_end *end)
{
	for (size_t i = 0; i < entry->row_count; i++) {
		const struct row *row = &entry->rows[i];
		end->lo = row->sent_at < end->lo ? row->sent_at : end->lo;
		end->hi = row->sent_at > end->hi ? row->sent_at : end->hi;
		bool marked = row->upto_displayed_at != USEC_NONE || row->displayed_at != USEC_NONE;
		if (!marked && row->sent_at < end->open_from)
			end->open_from = row->sent_at;
	}
	for (size_t i = 0; i < entry->evidence.count; i++) {
		const struct evidence *ev = &entry->evidence.items[i];
		if (is_marker(ev->kind) && ev->last > end->last_mark)
			end->last_mark = ev->last;
	}
}

void pairing_conversations(struct pairing *pairing, void *self,
			   void (*end)(void *self, const struct conversation_end *end))
{
	for (size_t i = 0; i <= pairing->conversations.mask && pairing->conversations.slots; i++) {
		const struct conversation *conversation = pairing->conversations.slots[i].value;
		struct conversation_end it = {.open_from = INT64_MAX,
					      .last_mark = USEC_NONE,
					      .lo = INT64_MAX,
					      .hi = INT64_MIN};
		if (!conversation || !conversation->window_asked)
			continue;
		it.conv = conversation->id;
		for (struct entry *entry = conversation->entries; entry;
		     entry = entry->next_in_conv)
			end_of_entry(entry, &it);
		if (it.lo <= it.hi)
			end(self, &it);
	}
}
