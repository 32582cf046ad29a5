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
};

struct marks { // of one conversation, in order of t
	struct mark *items;
	size_t count;
};

struct all_marks { // apart: a row that no marker of one kind covers need not look at those of the other
	struct marks displayed, received;
};

// T1: of one instant ingress is before egress.
static bool is_ingress(const struct mark *mark)
{
	return mark->ev->seen & SEEN_INGRESS;
}

static bool same_moment(const struct mark *a, const struct mark *b)
{
	return a->t == b->t && is_ingress(a) == is_ingress(b);
}

static int by_t(const void *a, const void *b)
{
	const struct mark *x = a, *y = b;

	if (x->t != y->t)
		return x->t < y->t ? -1 : 1;
	if (is_ingress(x) != is_ingress(y))
		return is_ingress(x) ? -1 : 1;
	if (x->target->sent_at != y->target->sent_at)
		return x->target->sent_at < y->target->sent_at ? -1 : 1;
	return 0;
}

static bool is_mark(const struct entry *entry, const struct evidence *ev)
{
	return ev->n && is_marker(ev->kind) && !entry->group;
}

static void add_mark(struct all_marks *all, struct entry *entry, const struct evidence *ev)
{
	bool displayed = ev->kind != EV_MARK_RECEIVED;
	struct marks *marks = displayed ? &all->displayed : &all->received;

	if (!is_mark(entry, ev))
		return;
	marks->items[marks->count++] = (struct mark){ev->first, &entry->rows[ev->n - 1], entry, ev};
}

static struct all_marks collect(struct pairing *pairing, struct conversation *conversation)
{
	struct all_marks all = {{NULL, 0}, {NULL, 0}};
	size_t room = 0;

	for (struct entry *entry = conversation->entries; entry; entry = entry->next_in_conv)
		for (size_t i = 0; i < entry->evidence.count; i++)
			room += is_mark(entry, &entry->evidence.items[i]);
	if (!room)
		return all;
	all.displayed.items = arena_alloc(pairing->arena, room * sizeof(struct mark));
	all.received.items = arena_alloc(pairing->arena, room * sizeof(struct mark));
	for (struct entry *entry = conversation->entries; entry; entry = entry->next_in_conv)
		for (size_t i = 0; i < entry->evidence.count; i++)
			add_mark(&all, entry, &entry->evidence.items[i]);
	if (all.displayed.count > 1)
		qsort(all.displayed.items, all.displayed.count, sizeof(struct mark), by_t);
	if (all.received.count > 1)
		qsort(all.received.items, all.received.count, sizeof(struct mark), by_t);
	return all;
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
static usec_t marked_at(const struct realm_settings *rules, const struct marks *marks,
			const struct entry *entry, const struct row *row)
{
	usec_t end = row->sent_at + rules->w_upto + rules->w_match;

	for (size_t i = first_from(marks, row->sent_at - rules->w_skew);
	     i < marks->count && marks->items[i].t <= end; i++)
		if (covers(rules, &marks->items[i], entry, row))
			return marks->items[i].t;
	return USEC_NONE;
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

struct marked {        // by one device
	usec_t newest; // sent_at of the newest message marked so far
};

static struct marked *marked_by(struct pairing *pairing, struct map *devices,
				const struct mark *mark)
{
	int64_t device =
		KEYED(&pairing->key, mark->entry->s, mark->entry->r, mark->ev->by_resource);
	void **place = map_put(devices, device);

	if (!*place) {
		*place = arena_alloc(pairing->arena, sizeof(struct marked));
		((struct marked *)*place)->newest = INT64_MIN;
	}
	return *place;
}

// P8: a displayed marker for a message older than the device's newest marked one. Markers of one
// instant do not judge each other.
static void find_backward(struct pairing *pairing, const struct marks *marks)
{
	struct map devices = {0};

	if (marks->count < 2)
		return;
	for (size_t i = 0, end; i < marks->count; i = end) {
		for (end = i;
		     end < marks->count && same_moment(&marks->items[end], &marks->items[i]);
		     end++) {
			const struct mark *mark = &marks->items[end];
			if (marked_by(pairing, &devices, mark)->newest > mark->target->sent_at)
				entry_finding(pairing, mark->entry, "MARK-BACKWARD",
					      evidence_by(pairing, mark->entry, mark->ev),
					      mark->entry->id, mark->t, mark->ev->position);
		}
		for (size_t j = i; j < end; j++) {
			struct marked *marked = marked_by(pairing, &devices, &marks->items[j]);
			usec_t at = marks->items[j].target->sent_at;
			marked->newest = at > marked->newest ? at : marked->newest;
		}
	}
	map_free(&devices);
}

static void finish_row(struct pairing *pairing, const struct conversation *conversation,
		       const struct all_marks *marks, const struct entry *entry, struct row *row)
{
	if (!entry->group) {
		row->upto_displayed_at = marked_at(pairing->rules, &marks->displayed, entry, row);
		row->upto_delivered_at = marked_at(pairing->rules, &marks->received, entry, row);
	}
	if (entry->old_rows.count && !entry->group)
		keep_stored(pairing, conversation, entry, row);
	// P9: its own marker came first. Kept out, or every row would be written again for the next one.
	if (row->displayed_at != USEC_NONE && row->displayed_at <= row->upto_displayed_at)
		row->upto_displayed_at = USEC_NONE;
	row_finish(row);
}

void derive_upto(struct pairing *pairing, struct conversation *conversation)
{
	struct all_marks marks = collect(pairing, conversation);

	for (struct entry *entry = conversation->entries; entry; entry = entry->next_in_conv) {
		for (size_t i = 0; i < entry->row_count; i++)
			finish_row(pairing, conversation, &marks, entry, &entry->rows[i]);
	}
	find_backward(pairing, &marks.displayed);
}
