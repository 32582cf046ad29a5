// SPDX-License-Identifier: Apache-2.0
// Adding evidence to an entry by union (PAIRING P4): sightings of one stanza that lie within w_ackdup
// are one piece. One id may have tens of thousands of acks, so pieces are found by a hash.
#include "pairing/workset.h"

static usec_t max_usec(usec_t a, usec_t b)
{
	return a > b ? a : b;
}

bool evidence_same(const struct evidence *a, const struct evidence *b)
{
	return a->kind == b->kind && a->borrowed == b->borrowed && a->leg == b->leg &&
	       a->sig == b->sig && a->via == b->via && text_same(a->by, b->by) &&
	       text_same(a->named, b->named) && text_same(a->by_resource, b->by_resource) &&
	       text_same(a->own_id, b->own_id) && text_same(a->condition, b->condition);
}

// T1: of the first sighting, before the times are merged. A line whose tie is not kept gives way to one
// of the same time.
static void merge_tie(struct evidence *into, const struct evidence *from)
{
	bool first = from->tie.p && (!into->tie.p || text_compare(from->tie, into->tie) < 0);

	if (from->first == into->first ? first : from->first < into->first)
		into->tie = from->tie;
}

void evidence_merge(struct evidence *into, const struct evidence *from)
{
	merge_tie(into, from);
	if (from->first < into->first ||
	    (from->first == into->first && from->position < into->position)) {
		into->first = from->first;
		into->position = from->position;
	}
	into->last = max_usec(into->last, from->last);
	if (into->out_at == USEC_NONE || (from->out_at != USEC_NONE && from->out_at > into->out_at))
		into->out_at = from->out_at;
	into->stored = into->stored || from->stored;
	into->seen |= from->seen;
	if (!evidence_real(into).p)
		into->upload = from->upload; // legs.c finds it anew
	if (!into->thread || (from->thread && from->thread < into->thread))
		into->thread = from->thread;
	if (!into->lent_key) {
		into->lent_conv = from->lent_conv;
		into->lent_key = from->lent_key;
	}
}

static bool evidence_equal(const struct evidence *a, const struct evidence *b)
{
	return a->first == b->first && a->last == b->last && a->thread == b->thread &&
	       a->seen == b->seen && a->out_at == b->out_at && text_same(a->tie, b->tie);
}

// --- finding pieces ---

enum { FEW = 8 }; // so many are looked at one by one

static int64_t identity(const struct pairing *pairing, const struct evidence *ev)
{
	const int64_t numbers[] = {(int64_t)ev->kind, (int64_t)ev->leg, ev->borrowed, ev->sig,
				   ev->via};
	struct text bytes = {(const char *)numbers, sizeof(numbers)};

	return KEYED(&pairing->key, bytes, ev->by, ev->by_resource, ev->own_id, ev->condition,
		     ev->named);
}

struct piece { // of one identity
	size_t at;
	struct piece *next;
};

static void index_one(struct pairing *pairing, struct entry *entry, size_t at)
{
	struct piece *piece = arena_alloc(pairing->arena, sizeof(*piece));
	void **place = map_put(entry->pieces, identity(pairing, &entry->evidence.items[at]));

	*piece = (struct piece){at, *place};
	*place = piece;
}

static void index_all(struct pairing *pairing, struct entry *entry)
{
	if (entry->pieces)
		map_clear(entry->pieces);
	else
		entry->pieces = entry_map(pairing);
	for (size_t i = 0; i < entry->evidence.count; i++)
		index_one(pairing, entry, i);
	entry->indexed = true;
}

static bool joins(const struct pairing *pairing, const struct evidence *a, const struct evidence *b)
{
	usec_t gap = pairing->rules->w_ackdup;

	return evidence_same(a, b) && a->first - b->last <= gap && b->first - a->last <= gap;
}

// How many pieces the evidence joins (counted up to 2), and the first of them.
static size_t find_pieces(struct pairing *pairing, struct entry *entry, const struct evidence *ev,
			  size_t *at)
{
	size_t found = 0;

	if (entry->evidence.count <= FEW) {
		for (size_t i = 0; i < entry->evidence.count; i++)
			if (joins(pairing, &entry->evidence.items[i], ev) && !found++)
				*at = i;
		return found;
	}
	if (!entry->indexed)
		index_all(pairing, entry);
	for (struct piece *piece = map_get(entry->pieces, identity(pairing, ev)); piece;
	     piece = piece->next)
		if (joins(pairing, &entry->evidence.items[piece->at], ev) && !found++)
			*at = piece->at;
	return found;
}

// --- adding ---

// Whoever made the last tie does not keep it (tie.h).
static void keep_tie(struct pairing *pairing, struct evidence *ev)
{
	if (tie_is_last_made(pairing, ev->tie))
		ev->tie = arena_text(pairing->arena, ev->tie);
}

static void append(struct pairing *pairing, struct entry *entry, const struct evidence *ev)
{
	struct evidence *own = LIST_ADD(pairing->arena, &entry->evidence);
	*own = *ev;
	entry->had_marker |= is_marker(ev->kind);
	own->own_id = arena_text(pairing->arena, ev->own_id);
	keep_tie(pairing, own);
	if (entry->indexed)
		index_one(pairing, entry, entry->evidence.count - 1);
}

// It closes a gap between pieces: all that it joins becomes one.
static void bridge(struct pairing *pairing, struct entry *entry, const struct evidence *ev)
{
	struct evidence joined = *ev;

	for (size_t i = 0; i < entry->evidence.count;) {
		struct evidence *have = &entry->evidence.items[i];
		if (!joins(pairing, have, &joined)) {
			i++;
			continue;
		}
		struct evidence merged = *have;
		evidence_merge(&merged, &joined);
		joined = merged;
		*have = entry->evidence.items[--entry->evidence.count];
		i = 0;
	}
	entry->indexed = false;
	append(pairing, entry, &joined);
}

bool entry_add_evidence(struct pairing *pairing, struct entry *entry,
			const struct evidence *evidence)
{
	size_t at = 0;

	if (is_stored_by_lane(pairing, entry->conv)) {
		entry->again = true;
		return false;
	}
	size_t found = find_pieces(pairing, entry, evidence, &at);
	if (found == 1) {
		struct evidence *have = &entry->evidence.items[at], before = *have;
		evidence_merge(have, evidence);
		keep_tie(pairing, have);
		if (evidence_equal(&before, have))
			return false;
		// A longer span may reach the next piece.
		struct evidence longer = *have;
		if (find_pieces(pairing, entry, &longer, &at) > 1)
			bridge(pairing, entry, &longer);
	} else if (found > 1) {
		bridge(pairing, entry, evidence);
	} else {
		append(pairing, entry, evidence);
	}
	entry->derived = false;
	return true;
}
