// SPDX-License-Identifier: Apache-2.0
// Uploads of a room without id (PAIRING M6): each line of one joins the nearest mirror of the room that says the
// same, whatever id the room gave it; not one that an upload with that id has joined, and one without
// id only within w_noid. The upload's own row stays, not shown: its facts must not be lost when a
// nearer mirror comes.
#include "pairing/workset.h"

#include <stdlib.h>

struct mirror {
	const struct incarnation *inc;
	struct entry *entry;
	size_t at;
};

struct mirrors {
	struct mirror *items;
	size_t count, cap;
};

static int by_content(const void *a, const void *b)
{
	const struct incarnation *x = ((const struct mirror *)a)->inc;
	const struct incarnation *y = ((const struct mirror *)b)->inc;

	if (x->digest != y->digest)
		return x->digest < y->digest ? -1 : 1;
	return (x->first > y->first) - (x->first < y->first);
}

static struct mirrors collect(struct pairing *pairing, const struct conversation *room)
{
	struct mirrors mirrors = {NULL, 0, 0};

	for (struct entry *entry = room->entries; entry; entry = entry->next_in_conv)
		for (size_t i = 0; i < entry->incarnations.count; i++)
			if (entry->incarnations.items[i].leg == LEG_MIRROR)
				*LIST_ADD(pairing->arena, &mirrors) =
					(struct mirror){&entry->incarnations.items[i], entry, i};
	if (mirrors.count > 1)
		qsort(mirrors.items, mirrors.count, sizeof(*mirrors.items), by_content);
	return mirrors;
}

static size_t first_at(const struct mirrors *mirrors, int64_t digest, usec_t from)
{
	size_t lo = 0, hi = mirrors->count;

	while (lo < hi) {
		size_t middle = lo + (hi - lo) / 2;
		const struct incarnation *inc = mirrors->items[middle].inc;
		if (inc->digest < digest || (inc->digest == digest && inc->first < from))
			lo = middle + 1;
		else
			hi = middle;
	}
	return lo;
}

// An upload with its id has it.
static bool is_taken(const struct pairing *pairing, const struct mirror *mirror)
{
	const struct entry *entry = mirror->entry;

	for (size_t i = 0; entry->id.p && i < entry->incarnations.count; i++)
		if (entry->incarnations.items[i].leg == LEG_UPLOAD &&
		    nearest_mirror(pairing, entry, &entry->incarnations.items[i]) ==
			    (int)mirror->at)
			return true;
	return false;
}

struct choice {
	const struct mirror *mirror;
	usec_t away;
};

static bool is_nearer(const struct choice *a, const struct choice *b)
{
	if (!b->mirror || a->away != b->away)
		return !b->mirror || a->away < b->away;
	int order = compare_mirrors(a->mirror->inc, b->mirror->inc);
	return order ? order < 0 : a->mirror->entry->key < b->mirror->entry->key;
}

// A mirror that was seen again and again may have begun long before what is near.
static const struct mirror *mirror_of(const struct pairing *pairing, const struct mirrors *mirrors,
				      const struct incarnation *upload)
{
	usec_t reach = pairing->rules->w_resend;
	struct choice best = {NULL, 0};

	for (size_t i = first_at(mirrors, upload->digest, upload->first - 2 * reach);
	     i < mirrors->count; i++) {
		struct choice it = {&mirrors->items[i], 0};
		const struct incarnation *inc = it.mirror->inc;
		if (inc->digest != upload->digest || inc->first > upload->first + reach)
			break;
		if (!mirror_is_near(pairing, upload, inc, &it.away) ||
		    (!it.mirror->entry->id.p && it.away > pairing->rules->w_noid))
			continue;
		if (is_nearer(&it, &best) && !is_taken(pairing, it.mirror))
			best = it;
	}
	return best.mirror;
}

static void assign(struct pairing *pairing, struct entry *uploads)
{
	struct conversation *room = conversation_get(pairing, uploads->conv);
	struct mirrors mirrors = collect(pairing, room);
	size_t count = uploads->incarnations.count;

	for (struct entry *entry = room->entries; entry; entry = entry->next_in_conv)
		entry->guests = NULL;
	uploads->is_guest = arena_alloc(pairing->arena, count + 1);
	for (size_t i = 0; i < count; i++) {
		const struct incarnation *upload = &uploads->incarnations.items[i];
		const struct mirror *mirror =
			upload->leg == LEG_UPLOAD ? mirror_of(pairing, &mirrors, upload) : NULL;
		if (!mirror)
			continue;
		struct guest *guest = arena_alloc(pairing->arena, sizeof(*guest));
		*guest = (struct guest){upload, mirror->at, mirror->entry->guests};
		mirror->entry->guests = guest;
		mirror->entry->wanted = true; // a key that changes must be known as a whole
		uploads->is_guest[i] = true;
	}
}

void assign_guests(struct pairing *pairing)
{
	for (size_t i = 0; i < pairing->order.count; i++) {
		struct entry *entry = pairing->order.items[i];
		if (entry->group && !entry->fault && !entry->id.p && entry->incarnations.count)
			assign(pairing, entry);
	}
}

// --- what must be known for it ---

// A message of the room may be the mirror of an upload around it, and an upload may have any message
// around it as its mirror.
void want_guests(struct pairing *pairing, struct entry *entry)
{
	const struct realm_settings *rules = pairing->rules;

	if (!entry->group || entry->fault || !entry->incarnations.count)
		return;
	struct entry *uploads = uploads_without_id(pairing, entry->r, true);
	for (size_t i = 0; i < entry->incarnations.count; i++) {
		const struct incarnation *inc = &entry->incarnations.items[i];
		uploads->lo = inc->first < uploads->lo ? inc->first : uploads->lo;
		uploads->hi = inc->last > uploads->hi ? inc->last : uploads->hi;
	}
	if (!uploads->asked || uploads->lo < uploads->asked_lo || uploads->hi > uploads->asked_hi) {
		uploads->asked = false;
		uploads->wanted = true;
		pairing->settled = false;
	}
	for (size_t i = 0; i < uploads->incarnations.count; i++) {
		const struct incarnation *upload = &uploads->incarnations.items[i];
		struct conversation *room = conversation_get(pairing, entry->conv);
		usec_t lo = upload->first - 2 * rules->w_resend,
		       hi = upload->first + rules->w_resend;
		if (upload->leg != LEG_UPLOAD || (lo >= room->room_lo && hi <= room->room_hi))
			continue;
		room->room_lo = lo < room->room_lo ? lo : room->room_lo;
		room->room_hi = hi > room->room_hi ? hi : room->room_hi;
		*LIST_ADD(pairing->arena, &pairing->want_windows) =
			(struct want_window){entry->conv, lo, hi, false, USEC_NONE, 0, false};
		pairing->settled = false;
	}
}
