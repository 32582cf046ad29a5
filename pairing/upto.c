// SPDX-License-Identifier: Apache-2.0
// P8: a marker covers what came before it in its conversation and direction; and the order in which
// one device marks (MARK-BACKWARD).
#include "pairing/workset.h"

#include <stdlib.h>

struct mark { // one direct marker
	usec_t t;
	const struct row *target;
	struct entry *entry;
	const struct evidence *ev;
	bool displayed;
};

struct marks {
	struct mark *items;
	size_t count;
};

static int by_t(const void *a, const void *b)
{
	const struct mark *x = a, *y = b;

	if (x->t != y->t)
		return x->t < y->t ? -1 : 1;
	if (x->target->sent_at != y->target->sent_at)
		return x->target->sent_at < y->target->sent_at ? -1 : 1;
	return 0;
}

static struct marks collect(struct pairing *pairing, struct conversation *conversation)
{
	struct marks marks = {NULL, 0};
	size_t room = 0;

	for (struct entry *entry = conversation->entries; entry; entry = entry->next_in_conv)
		room += entry->evidence.count;
	marks.items = arena_alloc(pairing->arena, (room + 1) * sizeof(struct mark));
	for (struct entry *entry = conversation->entries; entry; entry = entry->next_in_conv) {
		for (size_t i = 0; i < entry->evidence.count; i++) {
			const struct evidence *ev = &entry->evidence.items[i];
			if (!ev->n || !is_marker(ev->kind) || entry->group)
				continue;
			marks.items[marks.count++] =
				(struct mark){ev->first, &entry->rows[ev->n - 1], entry, ev,
					      ev->kind != EV_MARK_RECEIVED};
		}
	}
	if (marks.count > 1)
		qsort(marks.items, marks.count, sizeof(struct mark), by_t);
	return marks;
}

static bool covers(const struct realm_settings *rules, const struct mark *mark,
		   const struct entry *entry, const struct row *row)
{
	const struct row *m = mark->target;

	if (!text_same(mark->entry->s, entry->s) || row->sent_at > m->sent_at ||
	    m->sent_at - row->sent_at > rules->w_upto)
		return false;
	if (mark->entry == entry && mark->ev->n == row->n)
		return false; // its own marker is direct evidence
	if (row->retracted_at != USEC_NONE && row->retracted_at <= mark->t)
		return false;
	if ((m->flags & FLAG_OUT_LINE) &&
	    (row->routed_at == USEC_NONE || row->routed_at > mark->t + rules->w_skew))
		return false; // the log shows that R did not have it yet
	return !mark->ev->thread || mark->ev->thread == row->thread;
}

static size_t first_from(const struct marks *marks, usec_t t)
{
	size_t low = 0, high = marks->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (marks->items[middle].t < t)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

// Marks are in order of t, so the first that covers the row is the earliest. A marker for a message
// sent at or after the row's time cannot be earlier than that by more than w_skew (P2).
static void mark_row(const struct realm_settings *rules, const struct marks *marks,
		     const struct entry *entry, struct row *row)
{
	usec_t end = row->sent_at + rules->w_upto + rules->w_match;

	for (size_t i = first_from(marks, row->sent_at - rules->w_skew); i < marks->count; i++) {
		const struct mark *mark = &marks->items[i];
		usec_t *at = mark->displayed ? &row->upto_displayed_at : &row->upto_delivered_at;
		if (mark->t > end ||
		    (row->upto_displayed_at != USEC_NONE && row->upto_delivered_at != USEC_NONE))
			return;
		if (*at == USEC_NONE && covers(rules, mark, entry, row))
			*at = mark->t;
	}
}

// A row that came along by loading may have been marked by markers that did not: what is stored stays.
static void keep_stored(const struct pairing *pairing, const struct conversation *conversation,
			const struct entry *entry, struct row *row)
{
	if (row->sent_at >= conversation->marks_lo &&
	    row->sent_at + pairing->rules->w_upto <= conversation->marks_hi)
		return;
	for (size_t i = 0; i < entry->old_rows.count; i++) {
		const struct row *old = &entry->old_rows.items[i];
		if (old->digest != row->digest || old->sent_at != row->sent_at)
			continue;
		min_into(&row->upto_delivered_at, old->upto_delivered_at);
		min_into(&row->upto_displayed_at, old->upto_displayed_at);
	}
}

static bool same_device(const struct mark *a, const struct mark *b)
{
	return text_same(a->entry->r, b->entry->r) && text_same(a->entry->s, b->entry->s) &&
	       text_same(a->ev->by_resource, b->ev->by_resource);
}

// P8: a displayed marker for a message older than the device's newest marked one.
static void find_backward(struct pairing *pairing, const struct marks *marks)
{
	for (size_t i = 1; i < marks->count; i++) {
		const struct mark *mark = &marks->items[i];
		for (size_t j = i; mark->displayed && j-- > 0;) {
			const struct mark *before = &marks->items[j];
			if (mark->t - before->t > pairing->rules->w_match)
				break;
			if (!before->displayed || before->t == mark->t ||
			    !same_device(mark, before))
				continue;
			if (before->target->sent_at <= mark->target->sent_at)
				continue;
			entry_finding(pairing, mark->entry, "MARK-BACKWARD",
				      evidence_by(pairing, mark->entry, mark->ev), mark->entry->id,
				      mark->t, mark->ev->position);
			break;
		}
	}
}

void derive_upto(struct pairing *pairing, struct conversation *conversation)
{
	struct marks marks = collect(pairing, conversation);

	for (struct entry *entry = conversation->entries; entry; entry = entry->next_in_conv) {
		if (entry->row_count)
			memcpy(entry->finished, entry->rows, entry->row_count * sizeof(struct row));
		for (size_t i = 0; i < entry->row_count; i++) {
			if (!entry->group && marks.count)
				mark_row(pairing->rules, &marks, entry, &entry->finished[i]);
			if (entry->old_rows.count && !entry->group)
				keep_stored(pairing, conversation, entry, &entry->finished[i]);
			row_finish(&entry->finished[i]);
		}
	}
	find_backward(pairing, &marks);
}
