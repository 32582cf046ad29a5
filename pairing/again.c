// SPDX-License-Identifier: Apache-2.0
// What a batch makes others wait for: markers that must be judged once more because of it (P8).
#include "pairing/workset.h"

// P8: where a marked message was sent decides whether other markers went backward. When that moved,
// all entries with markers are judged as if they were touched, and their surroundings are loaded too.
static bool has_moved(const struct entry *entry)
{
	bool moved = entry->row_count < entry->old_rows.count;

	for (size_t i = 0; i < entry->old_rows.count && i < entry->row_count; i++)
		moved = moved || entry->old_rows.items[i].sent_at != entry->rows[i].sent_at;
	return moved;
}

// P8: from when on markers of the conversation may have gone backward because of this entry: a marker
// that is new, or all of them when the message moved.
static usec_t marks_changed_from(const struct entry *entry)
{
	usec_t from = INT64_MAX;

	if (entry->group || !entry->had_marker || (!entry->evidence_changed && !has_moved(entry)))
		return from;
	for (size_t i = 0; i < entry->evidence.count; i++)
		if (is_marker(entry->evidence.items[i].kind) &&
		    entry->evidence.items[i].first < from)
			from = entry->evidence.items[i].first;
	return has_moved(entry) ? INT64_MIN : from;
}

static bool marked_after(const struct entry *entry, usec_t from)
{
	for (size_t i = 0; i < entry->evidence.count; i++)
		if (is_marker(entry->evidence.items[i].kind) &&
		    entry->evidence.items[i].first >= from)
			return true;
	return false;
}

// Later markers are judged as if they were touched, and their surroundings are loaded too.
void judge_markers_again(struct pairing *pairing)
{
	for (size_t i = 0; i < pairing->order.count; i++) {
		struct entry *entry = pairing->order.items[i];
		usec_t from = entry->touched ? marks_changed_from(entry) : INT64_MAX;
		if (from < entry->home->judge_from)
			entry->home->judge_from = from;
	}
	for (size_t i = 0; i < pairing->order.count; i++) {
		struct entry *entry = pairing->order.items[i];
		if (entry->touched || entry->group || !entry->had_marker ||
		    entry->home->judge_from == INT64_MAX ||
		    !marked_after(entry, entry->home->judge_from))
			continue;
		entry->touched = true;
		pairing->settled = false;
	}
}
