// SPDX-License-Identifier: Apache-2.0
// P8: a marker covers what came before it in its conversation and direction; and the order in which
// one device marks (MARK-BACKWARD).
#include "pairing/marks.h"

// Every displayed marker that was seen from then on and may cover this row is loaded: what is stored as
// marked by one of them stands only if it still does so.
static bool since_is_known(const struct pairing *pairing, const struct conversation *conversation,
			   const struct row *row, usec_t since)
{
	return since != USEC_NONE && since >= conversation->window.touched.since &&
	       row->sent_at >= conversation->since_lo &&
	       row->sent_at + pairing->rules->w_upto <= conversation->marks_hi;
}

// A row that came along by loading may have been marked by markers that did not: what is stored stays.
static void keep_stored(const struct pairing *pairing, const struct conversation *conversation,
			const struct entry *entry, struct row *row)
{
	if (row->sent_at >= conversation->marks_lo &&
	    row->sent_at + pairing->rules->w_upto <= conversation->marks_hi)
		return;
	const struct row *old = old_row_like(pairing, entry, row->sent_at, row->digest);
	if (!old)
		return;
	min_into(&row->upto_delivered_at, old->upto_delivered_at);
	if (!since_is_known(pairing, conversation, row, old->upto_displayed_at))
		min_into(&row->upto_displayed_at, old->upto_displayed_at);
}

struct marked {                // by one device
	const struct mark *by; // its first one
	usec_t newest;         // sent_at of the newest message marked so far
};

enum { FEW = 8 };

struct devices {
	struct marked few[FEW]; // most conversations have two
	size_t count;
	struct map more;
};

static bool is_by(const struct mark *a, const struct mark *b)
{
	return text_same(a->ev->by_resource, b->ev->by_resource) &&
	       text_same(a->entry->s, b->entry->s) && text_same(a->entry->r, b->entry->r);
}

static struct marked *marked_by(struct pairing *pairing, struct devices *devices,
				const struct mark *mark)
{
	for (size_t i = 0; i < devices->count; i++)
		if (is_by(devices->few[i].by, mark))
			return &devices->few[i];
	if (devices->count < FEW) {
		devices->few[devices->count] = (struct marked){mark, INT64_MIN};
		return &devices->few[devices->count++];
	}
	void **place = map_put(&devices->more, KEYED(&pairing->key, mark->entry->s, mark->entry->r,
						     mark->ev->by_resource));
	if (!*place) {
		*place = arena_alloc(pairing->arena, sizeof(struct marked));
		((struct marked *)*place)->newest = INT64_MIN;
	}
	return *place;
}

// P8: a displayed marker for a message older than the device's newest marked one. Markers whose order
// is not known (T1) do not judge each other.
static void find_backward(struct pairing *pairing, const struct marks *marks)
{
	struct devices devices;

	devices.count = 0;
	devices.more = (struct map){0};
	if (marks->count < 2)
		return;
	for (size_t i = 0, end; i < marks->count; i = end) {
		for (end = i;
		     end < marks->count && marks_same_moment(&marks->items[end], &marks->items[i]);
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
	map_free(&devices.more);
}

static void finish_row(struct pairing *pairing, const struct conversation *conversation,
		       const struct all_marks *marks, const struct entry *entry, struct row *row)
{
	if (!entry->group) {
		row->upto_displayed_at = marks_cover(pairing->rules, &marks->displayed, entry, row);
		row->upto_delivered_at = marks_cover(pairing->rules, &marks->received, entry, row);
	}
	if (entry->old_rows.count && !entry->group)
		keep_stored(pairing, conversation, entry, row);
	// P9: its own marker came first. Kept out, or every row would be written again for the next one.
	if (row->displayed_at != USEC_NONE && row->displayed_at <= row->upto_displayed_at)
		row->upto_displayed_at = USEC_NONE;
	row_finish(row);
	row_see_jumps(pairing, row);
}

void derive_upto(struct pairing *pairing, struct conversation *conversation)
{
	struct all_marks marks;

	marks_collect(conversation, &marks);
	for (struct entry *entry = conversation->entries; entry; entry = entry->next_in_conv) {
		for (size_t i = 0; i < entry->row_count; i++)
			finish_row(pairing, conversation, &marks, entry, &entry->rows[i]);
	}
	find_backward(pairing, &marks.displayed);
	marks_free(&marks);
}
