// SPDX-License-Identifier: Apache-2.0
// MARK-BACKWARD in rooms (PAIRING P8, P12): a displayed marker of a reader for a message older than the
// newest one that he had marked. A room may have thousands of readers, so the markers of weeks are not
// loaded: each is stored with what it marks and whether it went backward. Those that did not are the
// reader's staircase, and what he had marked before a moment is its last step before it. When markers
// come, go or change, all that can be judged otherwise lies between the first of them and the next step
// that is at least as high as any of them.
#include "pairing/workset.h"

#include <stdlib.h>

struct marker { // one reader: what changes of his markers, and what is stored around it
	int64_t conv, device;
	bool changed, asked;
	usec_t from, to, target;                   // of what changes
	usec_t asked_from, asked_to, asked_target; // what was asked for
	LIST_OF(struct stored_mark) stored;
};

struct step { // one marker in the sequence of its reader
	struct room_mark mark;
	struct marker *marker;
	struct evidence *ev; // of an entry that is judged; else
	const struct stored_mark *stored;
};

struct steps {
	struct step *items;
	size_t count, cap;
};

// --- what is marked ---

static bool is_displayed(enum evidence_kind kind)
{
	return kind == EV_MARK_DISPLAYED || kind == EV_MARK_ACKNOWLEDGED;
}

// P12: the device where the upload was seen, else the occupant.
static int64_t device_of(struct pairing *pairing, const struct entry *entry,
			 const struct evidence *ev)
{
	struct text real = ev->leg == LEG_UPLOAD ? ev->by : evidence_real(ev);
	struct text nick = ev->by.p ? jid_resource(ev->by) : ev->by_resource;
	int64_t device = real.p ? KEYED(&pairing->key, TEXT("marks"), entry->r, real)
				: KEYED(&pairing->key, TEXT("marks nick"), entry->r, nick);

	return device ? device : 1;
}

static struct room_mark mark_of(struct pairing *pairing, const struct entry *entry,
				const struct evidence *ev)
{
	if (!ev->place || !is_displayed(ev->kind))
		return (struct room_mark){0};
	struct moment moment = evidence_moment(ev);
	return (struct room_mark){.device = device_of(pairing, entry, ev),
				  .at = moment.at,
				  .target = entry->rows[ev->place - 1].sent_at,
				  .ingress = moment.ingress,
				  .tie = moment.tie};
}

// --- what changes ---

static struct marker *marker_get(struct pairing *pairing, int64_t conv, int64_t device)
{
	void **place = map_put(&pairing->markers, device);
	if (!*place) {
		struct marker *made = *place = arena_alloc(pairing->arena, sizeof(*made));
		made->conv = conv;
		made->device = device;
	}
	return *place;
}

static void note_change(struct pairing *pairing, const struct entry *entry,
			const struct room_mark *mark)
{
	struct marker *marker = marker_get(pairing, entry->conv, mark->device);

	if (!marker->changed) {
		marker->changed = true;
		marker->from = marker->to = mark->at;
		marker->target = mark->target;
	}
	marker->from = mark->at < marker->from ? mark->at : marker->from;
	marker->to = mark->at > marker->to ? mark->at : marker->to;
	marker->target = mark->target > marker->target ? mark->target : marker->target;
}

static int compare_moments(const struct room_mark *a, const struct room_mark *b)
{
	return moment_compare(&(struct moment){a->at, a->ingress, a->tie},
			      &(struct moment){b->at, b->ingress, b->tie});
}

static int by_mark(const void *a, const void *b)
{
	const struct room_mark *x = a, *y = b;

	if (x->device != y->device)
		return x->device < y->device ? -1 : 1;
	int order = compare_moments(x, y);
	if (order)
		return order;
	return (x->target > y->target) - (x->target < y->target);
}

// The stored marks of an entry, as they are looked for.
static void sort_old(struct entry *entry)
{
	if (entry->old_marks.count > 1)
		qsort(entry->old_marks.items, entry->old_marks.count, sizeof(struct room_mark),
		      by_mark);
	for (size_t i = 0; i < entry->old_marks.count; i++)
		entry->old_marks.items[i].met = false;
}

static struct room_mark *old_of(const struct entry *entry, const struct room_mark *mark)
{
	if (!entry->old_marks.count)
		return NULL;
	return bsearch(mark, entry->old_marks.items, entry->old_marks.count,
		       sizeof(struct room_mark), by_mark);
}

static void set_marks(struct pairing *pairing, struct entry *entry)
{
	sort_old(entry);
	for (size_t i = 0; i < entry->evidence.count; i++) {
		struct evidence *ev = &entry->evidence.items[i];
		struct room_mark mark = mark_of(pairing, entry, ev);
		if (!mark.device) {
			ev->mark = NULL;
			continue;
		}
		if (!ev->mark)
			ev->mark = arena_alloc(pairing->arena, sizeof(*ev->mark));
		*ev->mark = mark;
		struct room_mark *old = old_of(entry, ev->mark);
		if (!old) {
			note_change(pairing, entry, ev->mark);
			continue;
		}
		old->met = true;
		ev->mark->backward = old->backward;
	}
	for (size_t i = 0; i < entry->old_marks.count; i++)
		if (!entry->old_marks.items[i].met)
			note_change(pairing, entry, &entry->old_marks.items[i]);
}

static bool is_judged(const struct entry *entry)
{
	return entry && entry->group && !entry->fault && entry->touched;
}

// --- the sequence of a reader ---

static bool is_covered(const struct marker *marker)
{
	return marker->asked && marker->asked_from <= marker->from &&
	       marker->to <= marker->asked_to && marker->target <= marker->asked_target;
}

static void add_stored(struct pairing *pairing, struct marker *marker, struct steps *steps)
{
	for (size_t i = 0; i < marker->stored.count; i++) {
		const struct stored_mark *stored = &marker->stored.items[i];
		if (!is_judged(map_get(&pairing->entries, stored->key)))
			*LIST_ADD(pairing->arena, steps) =
				(struct step){stored->mark, marker, NULL, stored};
	}
}

static void add_own(struct pairing *pairing, struct entry *entry, struct steps *steps)
{
	for (size_t i = 0; i < entry->evidence.count; i++) {
		struct evidence *ev = &entry->evidence.items[i];
		struct marker *marker =
			ev->mark ? map_get(&pairing->markers, ev->mark->device) : NULL;
		if (marker && marker->changed)
			*LIST_ADD(pairing->arena, steps) =
				(struct step){*ev->mark, marker, ev, NULL};
	}
}

static int by_step(const void *a, const void *b)
{
	return by_mark(&((const struct step *)a)->mark, &((const struct step *)b)->mark);
}

static struct steps collect(struct pairing *pairing)
{
	struct steps steps = {NULL, 0, 0};

	for (size_t i = 0; i < pairing->order.count; i++)
		if (is_judged(pairing->order.items[i]))
			add_own(pairing, pairing->order.items[i], &steps);
	for (size_t i = 0; i <= pairing->markers.mask && pairing->markers.slots; i++) {
		struct marker *marker = pairing->markers.slots[i].value;
		if (marker && marker->changed)
			add_stored(pairing, marker, &steps);
	}
	if (steps.count > 1)
		qsort(steps.items, steps.count, sizeof(*steps.items), by_step);
	return steps;
}

// --- judging ---

// What comes after it is judged by it.
static usec_t end_of(const struct marker *marker)
{
	usec_t end = INT64_MAX;

	for (size_t i = 0; i < marker->stored.count; i++) {
		const struct room_mark *mark = &marker->stored.items[i].mark;
		if (mark->at > marker->asked_to && !mark->backward &&
		    mark->target >= marker->asked_target && mark->at < end)
			end = mark->at;
	}
	return end;
}

// A stored marker turns out otherwise: its message is judged as if this batch spoke of it.
static void judge_its_entry(struct pairing *pairing, const struct stored_mark *stored)
{
	struct entry *entry = map_get(&pairing->entries, stored->key);

	if (!entry) {
		want_key_of(pairing, stored->conv, stored->key);
		return;
	}
	entry->touched = true;
	pairing->settled = false;
}

static void judge_step(struct pairing *pairing, struct step *step, bool backward)
{
	if (step->ev)
		step->ev->mark->backward = backward;
	else if (step->stored->mark.backward != backward && is_covered(step->marker))
		judge_its_entry(pairing, step->stored);
}

// The steps of one reader. Markers whose order is not known (T1) do not judge each other.
static void judge(struct pairing *pairing, struct step *steps, size_t count)
{
	const struct marker *marker = steps->marker;
	usec_t newest = INT64_MIN, end = end_of(marker);

	for (size_t i = 0, next; i < count; i = next) {
		const struct room_mark *first = &steps[i].mark;
		usec_t newer = newest;
		for (next = i; next < count && !compare_moments(&steps[next].mark, first); next++) {
			usec_t target = steps[next].mark.target;
			newer = target > newer ? target : newer;
			if (first->at >= marker->from && first->at <= end)
				judge_step(pairing, &steps[next], newest > target);
		}
		newest = newer;
	}
}

static void judge_all(struct pairing *pairing, const struct steps *steps)
{
	for (size_t i = 0, next; i < steps->count; i = next) {
		for (next = i;
		     next < steps->count && steps->items[next].marker == steps->items[i].marker;
		     next++)
			;
		judge(pairing, steps->items + i, next - i);
	}
}

static void find(struct pairing *pairing, struct entry *entry)
{
	for (size_t i = 0; i < entry->evidence.count; i++) {
		struct evidence *ev = &entry->evidence.items[i];
		if (!ev->mark)
			continue;
		const struct room_mark *old = old_of(entry, ev->mark);
		const struct marker *marker = map_get(&pairing->markers, ev->mark->device);
		bool known = !marker || !marker->changed || is_covered(marker);
		if (known && (!old || old->backward != ev->mark->backward))
			entry->evidence_changed = true;
		if (ev->mark->backward)
			entry_finding(pairing, entry, "MARK-BACKWARD", room_by(pairing, entry, ev),
				      ev->named.p ? ev->named : entry->id, ev->mark->at,
				      ev->position);
	}
}

void judge_room_marks(struct pairing *pairing)
{
	for (size_t i = 0; i <= pairing->markers.mask && pairing->markers.slots; i++)
		if (pairing->markers.slots[i].value)
			((struct marker *)pairing->markers.slots[i].value)->changed = false;
	for (size_t i = 0; i < pairing->order.count; i++)
		if (is_judged(pairing->order.items[i]))
			set_marks(pairing, pairing->order.items[i]);
	struct steps steps = collect(pairing);
	judge_all(pairing, &steps);
	for (size_t i = 0; i < pairing->order.count; i++)
		if (is_judged(pairing->order.items[i]))
			find(pairing, pairing->order.items[i]);
}

// --- what must be loaded ---

void want_room_marks(struct pairing *pairing)
{
	for (size_t i = 0; i <= pairing->markers.mask && pairing->markers.slots; i++) {
		struct marker *marker = pairing->markers.slots[i].value;
		if (!marker || !marker->changed || is_covered(marker))
			continue;
		marker->asked = true;
		marker->asked_from = marker->from;
		marker->asked_to = marker->to;
		marker->asked_target = marker->target;
		marker->stored.count = 0;
		*LIST_ADD(pairing->arena, &pairing->want_marks) = (struct want_marks){
			marker->conv, marker->device, marker->from, marker->to, marker->target};
		pairing->settled = false; // judged anew when they are there
	}
}

void pairing_load_mark(struct pairing *pairing, const struct stored_mark *mark)
{
	struct marker *marker = marker_get(pairing, mark->conv, mark->mark.device);

	struct stored_mark *own = LIST_ADD(pairing->arena, &marker->stored);

	*own = *mark;
	own->mark.tie = arena_text(pairing->arena, mark->mark.tie);
	pairing->settled = false;
}

usec_t pairing_marks_reach(const struct pairing *pairing)
{
	return pairing->rules->w_match + pairing->rules->w_skew;
}

usec_t pairing_marks_slack(const struct pairing *pairing)
{
	return pairing->rules->w_ackdup;
}
