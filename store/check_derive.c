// SPDX-License-Identifier: Apache-2.0
// Derives every key of a piece anew, from its stored facts and what is stored around it, as a batch would
// that brings all of it at once; rows, evidence and findings must come out as they are stored.
#include "store/check.h"
#include "store/check_show.h"
#include "store/read.h"
#include "store/write.h"

#include <stdlib.h>

struct deriving {
	struct check *check;
	struct pairing *pairing;
	const struct piece *piece;
	struct map asked;    // key -> what was loaded of it
	struct map findings; // of what was derived, by key and element
	struct plan *plan;
	struct arena *arena; // of what is told
};

static void tell(struct deriving *it, struct text what, usec_t at, const char *column,
		 struct text stored, struct text made)
{
	check_tell(it->check, &(struct check_difference){what, text_of(column), at, stored, made});
}

// What is in another piece is compared there.
static bool is_inside(const struct deriving *it, usec_t at)
{
	return at >= it->piece->since && at < it->piece->until;
}

// --- rows ---

// Where days were dropped, rows are numbered as they were when all of them were there.
static bool is_compared(const struct deriving *it, const struct message_column *column,
			const struct row *row)
{
	bool numbered = !row->id.p || it->check->dropped == USEC_NONE;
	return check_is_derived(column) && (numbered || strcmp(column->name, "n") != 0);
}

static void compare_row(struct deriving *it, const struct row *was, const struct row *row)
{
	struct message_row stored, made;
	message_from_row(was, &stored);
	message_from_row(row, &made);
	for (size_t c = 0; c < MESSAGE_COLUMNS; c++) {
		const struct message_column *column = &message_columns[c];
		if (check_is_same(column, &stored, &made))
			continue;
		struct text a = check_show(it->arena, column, &stored);
		struct text b = check_show(it->arena, column, &made);
		if (is_compared(it, column, was) && !text_same(a, b))
			tell(it, check_row_name(it->arena, was), was->sent_at, column->name, a, b);
	}
}

static void compare_rows(struct deriving *it, const struct entry_change *change)
{
	bool *goes_on = xcalloc(change->old_count, sizeof *goes_on);
	for (size_t i = 0; i < change->row_count; i++) {
		const struct row *row = &change->rows[i], *was = change->was[i];
		if (was)
			goes_on[was - change->old_rows] = true;
		if (!is_inside(it, was ? was->sent_at : row->sent_at))
			continue;
		if (was)
			compare_row(it, was, row);
		else
			tell(it, check_row_name(it->arena, row), row->sent_at, "row", TEXT("none"),
			     TEXT("there"));
	}
	for (size_t i = 0; i < change->old_count; i++) {
		const struct row *old = &change->old_rows[i];
		if (!goes_on[i] && is_inside(it, old->sent_at))
			tell(it, check_row_name(it->arena, old), old->sent_at, "row", TEXT("there"),
			     TEXT("none"));
	}
	free(goes_on);
}

// --- evidence ---

static int by_meaning(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind - y->kind;
	if (x->class_ != y->class_)
		return x->class_ - y->class_;
	return (x->n > y->n) - (x->n < y->n);
}

typedef VEC(struct place) places;

static void sort_places(places *list)
{
	size_t kept = 0;
	if (list->count)
		qsort(list->items, list->count, sizeof *list->items, by_meaning);
	for (size_t i = 0; i < list->count; i++) // it may have been loaded twice
		if (!kept || by_meaning(&list->items[kept - 1], &list->items[i]) != 0)
			list->items[kept++] = list->items[i];
	list->count = kept;
}

static struct text show_places(struct deriving *it, const places *list)
{
	struct buf out = {0};
	for (size_t i = 0; i < list->count && i < 5; i++)
		buf_printf(&out, "%skind %d class %d n %d", i ? ", " : "", list->items[i].kind,
			   list->items[i].class_, (int)list->items[i].n);
	struct text text = list->count ? arena_text(it->arena, buf_view(&out)) : TEXT("none");
	buf_free(&out);
	return text;
}

static void compare_places(struct deriving *it, const struct entry_change *change, places *stored,
			   places *made)
{
	sort_places(stored);
	sort_places(made);
	size_t i = 0;
	while (i < stored->count && i < made->count &&
	       !by_meaning(&stored->items[i], &made->items[i]))
		i++;
	if (i == stored->count && i == made->count)
		return;
	const places rest[] = {{stored->items + i, stored->count - i, 0},
			       {made->items + i, made->count - i, 0}};
	usec_t at = rest[0].count ? rest[0].items[0].at : rest[1].items[0].at;
	tell(it, check_key_name(it->arena, "acks of", change->conv, change->key), at, "evidence",
	     show_places(it, &rest[0]), show_places(it, &rest[1]));
}

// It is told to be changed also when it came out as before in the end.
static void compare_evidence(struct deriving *it, const struct entry_change *change)
{
	places stored = {0}, made = {0};
	if (!change->evidence_changed || it->check->dropped != USEC_NONE)
		return;
	for (size_t i = plan_first_stored(it->plan, change->key);
	     i < it->plan->stored.count && it->plan->stored.items[i].key == change->key; i++)
		if (is_inside(it, it->plan->stored.items[i].at))
			*VEC_ADD(&stored) = it->plan->stored.items[i];
	for (size_t i = 0; i < change->evidence_count; i++) {
		const struct evidence *ev = &change->evidence[i].evidence;
		if (is_inside(it, ev->first))
			*VEC_ADD(&made) =
				(struct place){change->conv,      change->key,         ev->first,
					       (int16_t)ev->kind, (int16_t)ev->class_, ev->n};
	}
	compare_places(it, change, &stored, &made);
	free(stored.items);
	free(made.items);
}

// --- findings ---

struct derived {
	const struct finding *finding;
	bool stored;
};

static void **place_of(struct deriving *it, int64_t key, int64_t element)
{
	const int64_t both[] = {key, element};
	struct text bytes = {(const char *)both, sizeof both};
	return map_put(&it->findings, KEYED(&it->plan->writer->key, bytes));
}

static void take_change(void *self, const struct entry_change *change)
{
	struct deriving *it = self;
	if (!map_get(&it->plan->whole.keys, change->key))
		return; // it only came along
	compare_rows(it, change);
	compare_evidence(it, change);
	for (size_t i = 0; i < change->finding_count; i++) {
		const struct finding *finding = &change->findings[i];
		struct derived *derived = arena_alloc(it->arena, sizeof *derived);
		derived->finding = finding;
		*place_of(it, change->key, plan_element(it->plan, finding)) = derived;
	}
}

static struct text finding_name(struct deriving *it, struct text rule, struct text by,
				struct text ref)
{
	return arena_printf(it->arena, "finding %.*s by %.*s ref %.*s", (int)rule.n, rule.p,
			    (int)by.n, by.p, (int)ref.n, ref.p);
}

#define FAR (INT64_MAX / 4)

// Of keys without id only what is near the span is known (M4, P10); of one that was used again not
// whether it was the first time, when days were dropped.
static bool is_judged(const struct deriving *it, int64_t key, struct text rule, usec_t at)
{
	const struct range *asked = map_get(&it->asked, key);
	if (it->check->dropped != USEC_NONE && text_is(rule, "ID-REUSE"))
		return false;
	return (asked && asked->lo < -FAR && asked->hi > FAR) || is_inside(it, at);
}

static bool take_stored(void *self, const struct rows *rows)
{
	struct deriving *it = self;
	if (!map_get(&it->plan->whole.keys, row_int(rows, 0, 1)))
		return true; // in another piece, or of the order of the conversation
	void **place = place_of(it, row_int(rows, 0, 1), row_int(rows, 0, 2));
	struct derived *derived = *place;
	it->check->result->findings++;
	if (derived) {
		derived->stored = true;
		return true;
	}
	derived = *place = arena_alloc(it->arena, sizeof *derived);
	derived->stored = true;
	if (is_judged(it, row_int(rows, 0, 1), row_text(rows, 0, 3), row_usec(rows, 0, 6)))
		tell(it,
		     finding_name(it, row_text(rows, 0, 3), row_text(rows, 0, 4),
				  row_text(rows, 0, 5)),
		     row_usec(rows, 0, 6), "open", TEXT("yes"), TEXT("no"));
	return true;
}

static bool compare_findings(struct deriving *it)
{
	FIELDS_AUTO params = {0};
	put_int8(&params, it->piece->conv_lo);
	put_int8(&params, it->piece->conv_hi);
	if (!sql_each(it->check->store, "check_findings", &params, it, take_stored, it->check->err))
		return false;
	for (size_t i = 0; it->findings.mask && i <= it->findings.mask; i++) {
		const struct derived *derived = it->findings.slots[i].value;
		if (!derived || derived->stored)
			continue;
		const struct finding *finding = derived->finding;
		if (is_judged(it, finding->key, text_of(finding->rule), finding->at))
			tell(it,
			     finding_name(it, text_of(finding->rule), finding->by, finding->ref),
			     finding->at, "open", TEXT("no"), TEXT("yes"));
	}
	return true;
}

// --- keys ---

static bool derive_keys(struct deriving *it)
{
	struct err *err = it->check->err;
	struct plan *plan = it->plan;
	if (!keys_refresh(it->check->store, it->check->commit, err) ||
	    !plan_load_whole(plan, it->check->request->realm, err))
		return false;
	for (size_t i = 0; plan->whole.keys.mask && i <= plan->whole.keys.mask; i++)
		if (plan->whole.keys.slots[i].value)
			pairing_judge(it->pairing, plan->whole.keys.slots[i].key);
	if (!plan_load(plan, err))
		return false;
	for (size_t i = 0; i < plan->ranges.count; i++)
		*map_put(&it->asked, plan->ranges.items[i].key) = &plan->ranges.items[i];
	pairing_changes(it->pairing, it, take_change);
	if (!compare_findings(it) || !sql_run(it->check->store, "plan_scans", NULL, NULL, err))
		return false;
	it->check->result->keys += (int64_t)plan->whole.keys.count;
	return true;
}

static bool derive_piece(struct deriving *it)
{
	const struct piece *piece = it->piece;
	const struct batch batch = {.realm = it->check->request->realm, .pairing = it->pairing};
	it->plan = xcalloc(1, sizeof *it->plan);
	*it->plan = (struct plan){
		.store = it->check->store,
		.writer = it->check->store->writer,
		.batch = &batch,
		.lane_commit = it->check->commit,
		.whole = {piece->conv_lo, piece->conv_hi, piece->since, piece->until, {0}}};
	it->arena = arena_new();
	bool fine = derive_keys(it);
	plan_free(it->plan);
	free(it->plan);
	map_free(&it->asked);
	map_free(&it->findings);
	arena_free(it->arena);
	return fine;
}

bool check_derive(struct check *check, const struct piece *piece)
{
	struct deriving it = {.check = check, .piece = piece};
	if (!writer_ready(check->store, check->err))
		return false;
	it.pairing = pairing_new(&(struct pairing_options){.rules = check->request->rules,
							   .realm = check->request->name,
							   .key = check->store->writer->key,
							   .bodies = BODIES_NONE});
	bool fine =
		store_clock_jumps(check->store, check->request->realm, it.pairing, check->err) &&
		derive_piece(&it);
	pairing_free(it.pairing);
	return fine;
}
