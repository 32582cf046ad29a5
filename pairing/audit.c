// SPDX-License-Identifier: Apache-2.0
#include "pairing/audit_internal.h"

#include <stdlib.h>

int64_t audit_id(const struct audit *audit, struct text jid)
{
	return pairing_jid_id(audit->options.hashes, jid);
}

struct audit *audit_new(const struct audit_options *options)
{
	struct audit *audit = xcalloc(1, sizeof(*audit));

	audit->options = *options;
	audit->arena = arena_new();
	audit->scratch = arena_new();
	return audit;
}

void audit_free(struct audit *audit)
{
	if (!audit)
		return;
	arena_free(audit->arena);
	arena_free(audit->scratch);
	free(audit);
}

void audit_learn(struct audit *audit, const struct known *fact)
{
	struct known *own = LIST_ADD(audit->arena, &audit->facts);

	*own = *fact;
	own->subject = arena_text(audit->arena, fact->subject);
	own->object = arena_text(audit->arena, fact->object);
	own->value = arena_text(audit->arena, fact->value);
	own->name = arena_text(audit->arena, fact->name);
	if (fact->kind != KNOWN_ARCHIVED)
		own->key = audit_id(audit, fact->subject); // of devices: as copies name them
}

// --- facts in order: by whom they are about, kind, what of it, time ---

static struct place place_of(const struct known *fact)
{
	struct place place = {fact->about, fact->kind, TEXT_NONE, 0};

	if (fact->kind == KNOWN_PUSH || fact->kind == KNOWN_BLOCK || fact->kind == KNOWN_UNBLOCK)
		place.what = fact->object;
	if (fact->kind == KNOWN_ARCHIVED)
		place.key = fact->key;
	return place;
}

static int compare_places(const struct place *a, const struct place *b)
{
	if (a->about != b->about)
		return a->about < b->about ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return text_compare(a->what, b->what);
}

static int by_place(const void *a, const void *b)
{
	const struct known *x = a, *y = b;
	struct place place_x = place_of(x), place_y = place_of(y);
	int order = compare_places(&place_x, &place_y);

	if (order)
		return order;
	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return (x->element > y->element) - (x->element < y->element);
}

void audit_ready(struct audit *audit)
{
	if (audit->facts.count > 1)
		qsort(audit->facts.items, audit->facts.count, sizeof(struct known), by_place);
}

static size_t first_at(const struct audit *audit, const struct place *place, int above)
{
	size_t lo = 0, hi = audit->facts.count;

	while (lo < hi) {
		size_t middle = lo + (hi - lo) / 2;
		struct place there = place_of(&audit->facts.items[middle]);
		if (compare_places(&there, place) < above)
			lo = middle + 1;
		else
			hi = middle;
	}
	return lo;
}

struct span audit_span(const struct audit *audit, const struct place *place)
{
	size_t lo = first_at(audit, place, 0), hi = first_at(audit, place, 1);

	return lo < hi ? (struct span){audit->facts.items + lo, hi - lo} : (struct span){NULL, 0};
}

void audit_give(struct audit *audit, const char *rule, struct text by, const struct finding *about)
{
	struct finding finding = *about;

	finding.rule = rule;
	finding.by = arena_text(audit->arena, by);
	finding.ref = arena_text(audit->arena, about->ref.p ? about->ref : TEXT(""));
	audit->options.found(audit->options.self, &finding);
}

// --- how the devices of R got a message ---

static void complex_copies(struct audit *audit, struct text facts, struct copies *copies)
{
	struct incarnation *list;
	size_t count, total = 0;

	if (!facts.p || !incarnations_decode(facts, audit->scratch, &list, &count))
		return;
	for (size_t i = 0; i < count; i++)
		total += list[i].copy_count;
	copies->items = arena_alloc(audit->scratch, (total + 1) * sizeof(*copies->items));
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < list[i].copy_count; j++)
			copies->items[copies->count++] = list[i].copies[j];
}

void audit_copies(struct audit *audit, const struct row *row, struct copies *copies)
{
	uint64_t device = 0;

	*copies = (struct copies){.items = NULL};
	if (row->complex) {
		complex_copies(audit, row->facts, copies);
		return;
	}
	if (row->facts.n < 8)
		return;
	for (size_t i = 0; i < 8; i++)
		device = device << 8 | (unsigned char)row->facts.p[i];
	copies->only = (struct copy_fact){(int64_t)device, COPY_OUT, row->routed_at};
	copies->items = &copies->only;
	copies->count = device != 0;
}

unsigned audit_copy_kinds(const struct copies *copies, int64_t device)
{
	unsigned kinds = 0;

	for (size_t i = 0; i < copies->count; i++)
		kinds |= copies->items[i].device == device ? copies->items[i].kinds : 0;
	return kinds;
}
