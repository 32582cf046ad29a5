// SPDX-License-Identifier: Apache-2.0
// P8: rows that this batch has no facts for, and that its markers may mark. There may be a week of one
// conversation of them, so they are not loaded: the store passes each one by. Markers here only add to
// those that gave what is stored (load.c): marks are minima and get earlier, and of what a later one
// hides nothing is needed.
#include "pairing/marks.h"

// --- whether markers only add ---

void note_stood(struct pairing *pairing, struct entry *entry, const struct evidence *ev)
{
	if (is_marker(ev->kind) && ev->n && !entry->group)
		*LIST_ADD(pairing->arena, &entry->stood) =
			(struct stood){ev->first, ev->thread, ev->kind, ev->n};
}

static bool is_stood(const struct stood *stood, const struct evidence *ev)
{
	return ev->kind == stood->kind && ev->n == stood->n && ev->thread == stood->thread;
}

// It marks the same row at the same time. The evidence is in order of time.
static bool still_stands(const struct entry *entry, const struct stood *stood)
{
	size_t low = 0, high = entry->evidence.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (entry->evidence.items[middle].first < stood->first)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < entry->evidence.count; low++) {
		if (entry->evidence.items[low].first != stood->first)
			break;
		if (is_stood(stood, &entry->evidence.items[low]))
			return true;
	}
	return false;
}

// P4: sightings that join may make another marker of a stored one, earlier or of another row.
bool stored_marks_stand(const struct entry *entry)
{
	for (size_t i = 0; i < entry->stood.count; i++)
		if (!still_stands(entry, &entry->stood.items[i]))
			return false;
	return true;
}

// --- a row ---

static const struct all_marks *marks_of(struct pairing *pairing, struct conversation *conversation)
{
	if (conversation->marks)
		return conversation->marks;
	derive_all(pairing);
	conversation->marks = arena_alloc(pairing->arena, sizeof(*conversation->marks));
	marks_collect(conversation, conversation->marks);
	*LIST_ADD(pairing->arena, &pairing->marks) = conversation->marks;
	return conversation->marks;
}

void free_passing(struct pairing *pairing)
{
	for (size_t i = 0; i < pairing->marks.count; i++)
		marks_free(pairing->marks.items[i]);
}

static bool is_loaded(struct pairing *pairing, const struct row *row)
{
	const struct entry *entry = map_get(&pairing->entries, row->key);

	return entry && old_row_at(pairing, entry, row->sent_at, row->n);
}

// P9: a later one than its own marker is not kept.
static bool is_of_use(const struct row *row, usec_t upto)
{
	return row->displayed_at == USEC_NONE || row->displayed_via == VIA_UPTO ||
	       upto < row->displayed_at;
}

// The columns are those of a finished row. An error that nothing direct outweighs keeps marks out of
// them, so finishing it once more does not mistake marks for direct evidence.
static void finish_again(struct row *row)
{
	bool direct = row->direct;

	row_finish(row);
	row->direct = direct;
}

enum passed pairing_pass(struct pairing *pairing, struct row *row)
{
	struct conversation *conversation = map_get(&pairing->conversations, row->conv);

	if (is_loaded(pairing, row))
		return PASSED_LOADED;
	if (!conversation || row->class_ == CLASS_GROUP || row->class_ == CLASS_JOINED)
		return PASSED_SAME;
	const struct all_marks *marks = marks_of(pairing, conversation);
	const struct entry alone = {.s = row->from, .r = row->to};
	usec_t delivered = row->upto_delivered_at, displayed = row->upto_displayed_at;
	usec_t cover = marks_cover(pairing->rules, &marks->displayed, &alone, row);
	if (cover != USEC_NONE && is_of_use(row, cover))
		min_into(&row->upto_displayed_at, cover);
	min_into(&row->upto_delivered_at,
		 marks_cover(pairing->rules, &marks->received, &alone, row));
	if (row->upto_delivered_at == delivered && row->upto_displayed_at == displayed)
		return PASSED_SAME;
	finish_again(row);
	row_see_jumps(pairing, row);
	return PASSED_MARKED;
}
