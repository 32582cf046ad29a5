// SPDX-License-Identifier: Apache-2.0
// Every row beside its leaf. Rows and leaves of a kind and day come in the order of their keys, from the table and
// from each seal that has any, and are merged: memory does not grow with them. A row must have its newest leaf in
// the seal that covers its commit number; a leaf whose row is gone needs a note that it went.
#include "store/verify.h"

#include <stdlib.h>

enum { KEY_TEXT = 256 };

struct gone { // a row that was removed, and when
	struct text key;
	int64_t commit;
};

struct merging {
	struct verifying *it;
	const struct seal_kind *kind;
	usec_t day;
	VEC(struct leaf_cursor) cursors; // oldest seal first
	VEC(struct gone) gone;
	size_t gone_at;
	struct arena *arena;
	struct err *err;
};

static void fault(const struct merging *m, const struct sealed *seal, const char *what,
		  struct text key)
{
	char text[KEY_TEXT];
	seal_key_print(m->kind, key, text, sizeof text);
	verify_complain(m->it, seal, m->kind->table, what, text);
}

static const struct sealed *seal_of(const struct verifying *it, int32_t number)
{
	for (size_t i = 0; i < it->chain.seals.count; i++)
		if (it->chain.seals.items[i].number == number)
			return &it->chain.seals.items[i];
	return NULL;
}

// *pending: newer than all seals.
static const struct sealed *seal_for(const struct merging *m, int64_t at, bool *pending)
{
	const struct sealed *seals = m->it->chain.seals.items;
	size_t low = 0, high = m->it->chain.seals.count;
	while (low < high) { // the first one that ends at or after it
		size_t middle = (low + high) / 2;
		bool later = m->kind->by_time ? seals[middle].until <= at : seals[middle].upto < at;
		if (later)
			low = middle + 1;
		else
			high = middle;
	}
	*pending = low == m->it->chain.seals.count;
	return *pending ? NULL : &seals[low];
}

// --- what went ---

static bool take_gone(void *self, const struct rows *rows)
{
	struct merging *m = self;
	*VEC_ADD(&m->gone) = (struct gone){row_copy(rows, 0, 0, m->arena), row_int(rows, 0, 1)};
	return true;
}

static bool load_gone(struct merging *m, struct err *err)
{
	FIELDS_AUTO params = {0};
	put_int2(&params, m->kind->number);
	put_date(&params, m->day);
	return sql_each(m->it->side, "seal_gone", &params, m, take_gone, err);
}

// Keys are asked for in order. 0: it did not go.
static int64_t went_at(struct merging *m, struct text key)
{
	while (m->gone_at < m->gone.count && text_compare(m->gone.items[m->gone_at].key, key) < 0)
		m->gone_at++;
	bool found = m->gone_at < m->gone.count && text_same(m->gone.items[m->gone_at].key, key);
	return found ? m->gone.items[m->gone_at].commit : 0;
}

static bool was_dropped(const struct merging *m, const struct sealed *seal)
{
	const int64_t *commit =
		m->kind->daily ? map_get(&m->it->dropped, m->day / USEC_PER_DAY + 1) : NULL;
	return commit && *commit > seal->upto;
}

// --- leaves ---

static bool open_cursors(struct merging *m, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_int2(&params, m->kind->number);
	put_date(&params, m->day);
	if (!sql_run(m->it->side, "seal_leaf_seals", &params, &rows, err))
		return false;
	for (int i = 0; i < rows.count; i++) {
		struct leaf_cursor *cursor = VEC_ADD(&m->cursors);
		cursor->store = m->it->side;
		cursor->number = (int32_t)row_int(&rows, i, 0);
		cursor->kind = m->kind->number;
		cursor->day = m->day;
		if (!cursor_open(cursor, err))
			return false;
	}
	return true;
}

static const struct leaf_cursor *least(const struct merging *m)
{
	const struct leaf_cursor *found = NULL;
	for (size_t i = 0; i < m->cursors.count; i++) {
		const struct leaf_cursor *cursor = &m->cursors.items[i];
		if (cursor->there &&
		    (!found || text_compare(cursor->entry.key, found->entry.key) <= 0))
			found = cursor; // of the same key the newest
	}
	return found;
}

// Past the leaves of one key, of every seal one.
static bool pass(struct merging *m, struct text key)
{
	char copy[UINT8_MAX];
	memcpy(copy, key.p, key.n);
	key.p = copy;
	for (size_t i = 0; i < m->cursors.count; i++) {
		struct leaf_cursor *cursor = &m->cursors.items[i];
		if (cursor->there && text_same(cursor->entry.key, key) &&
		    !cursor_next(cursor, m->err))
			return false;
	}
	return true;
}

static bool leaf_alone(struct merging *m, const struct leaf_cursor *leaf)
{
	const struct sealed *seal = seal_of(m->it, leaf->number);
	if (!seal)
		fault(m, NULL, "a leaf is of no seal", leaf->entry.key);
	else if (went_at(m, leaf->entry.key) <= seal->upto && !was_dropped(m, seal))
		fault(m, seal,
		      "the row was removed, changed its place or moved to another day, and it is not on record",
		      leaf->entry.key);
	return pass(m, leaf->entry.key);
}

// --- rows ---

static bool is_leaf(const struct merging *m, const struct seal_row *row, struct text shown,
		    const struct leaf_entry *entry)
{
	unsigned char leaf[HASH];
	seal_leaf(m->it->digest, row, shown, leaf);
	return memcmp(leaf, entry->leaf, HASH) == 0;
}

// What was taken out as it should be cannot be made again: its commitment is taken as it was sealed.
static void take_over(const struct merging *m, struct seal_row *row, const struct leaf_entry *entry)
{
	bool stripped = m->kind->body && !row->body.p &&
			map_get(&m->it->stripped, m->day / USEC_PER_DAY + 1);
	if (row->lost && entry->flags & LEAF_PERSONAL)
		memcpy(row->commitment, entry->commitment, HASH);
	if ((row->lost || stripped) && entry->flags & LEAF_BODY) {
		memcpy(row->body_commitment, entry->body_commitment, HASH);
		row->flags |= LEAF_BODY;
	} else if (row->lost) {
		row->flags &= ~LEAF_BODY;
	}
}

static bool fits(const struct merging *m, struct seal_row *row, const struct leaf_entry *entry)
{
	take_over(m, row, entry);
	return is_leaf(m, row, row->shown, entry) ||
	       (row->open.p && is_leaf(m, row, row->open, entry));
}

static void judge(struct merging *m, struct seal_row *row, const struct leaf_cursor *leaf)
{
	bool pending;
	const struct sealed *seal = seal_for(m, row->at, &pending);
	if (pending) {
		m->it->result->pending++;
		return;
	}
	m->it->result->rows++;
	if (!leaf || leaf->number < seal->number) {
		fault(m, seal, "the row was added or changed, and the seal has no leaf of it",
		      row->key);
		return;
	}
	if (leaf->number > seal->number || (!m->kind->by_time && went_at(m, row->key) > row->at)) {
		fault(m, seal, "the row is an older one that was put back", row->key);
		return;
	}
	if (row->unknown && !row->lost && !row->erased) {
		fault(m, seal,
		      "the row cannot be opened: a salt is gone, and no erasure is on record",
		      row->key);
		return;
	}
	if (fits(m, row, &leaf->entry))
		return;
	row->lost = row->erased;
	if (!row->erased || !fits(m, row, &leaf->entry))
		fault(m, seal, "the row was changed", row->key);
}

static bool take_row(void *self, struct seal_row *row, struct err *err)
{
	struct merging *m = self;
	const struct leaf_cursor *leaf;
	m->err = err;
	while ((leaf = least(m)) && text_compare(leaf->entry.key, row->key) < 0)
		if (!leaf_alone(m, leaf))
			return false;
	leaf = leaf && text_same(leaf->entry.key, row->key) ? leaf : NULL;
	judge(m, row, leaf);
	if (m->it->request->progress && m->it->result->rows % 1024 == 0)
		m->it->request->progress(m->it->request->self, m->it->result->rows, m->it->total);
	return !leaf || pass(m, row->key);
}

static bool rest_alone(struct merging *m, struct err *err)
{
	const struct leaf_cursor *leaf;
	m->err = err;
	while ((leaf = least(m)))
		if (!leaf_alone(m, leaf))
			return false;
	return true;
}

static bool merge(struct verifying *it, const struct seal_kind *kind, usec_t day, struct err *err)
{
	struct merging m = {.it = it, .kind = kind, .day = day, .arena = arena_new(), .err = err};
	// A row with a number that no batch had is looked at too: nobody who writes rows gives it.
	const struct seal_range range = {.after = INT64_MIN,
					 .upto = INT64_MAX,
					 .since = 0,
					 .until = usec_now() + USEC_PER_DAY,
					 .day = day};
	const struct seal_reading reading = {.rows = it->rows,
					     .salts = &it->salts,
					     .stop = it->app->stop,
					     .self = &m,
					     .each = take_row};
	bool fine = open_cursors(&m, err) && load_gone(&m, err) &&
		    seal_read(&reading, kind, &range, err) && rest_alone(&m, err);
	for (size_t i = 0; i < m.cursors.count; i++)
		cursor_close(&m.cursors.items[i]);
	free(m.cursors.items);
	free(m.gone.items);
	arena_free(m.arena);
	return fine;
}

static bool merge_days(struct verifying *it, const struct seal_kind *kind, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_int2(&params, kind->number);
	if (!sql_run(it->side, "seal_days", &params, &rows, err))
		return false;
	for (int i = 0; i < rows.count; i++) {
		usec_t day = row_usec(&rows, i, 0);
		if ((it->request->day == USEC_NONE || it->request->day == day) &&
		    !merge(it, kind, day, err))
			return false;
	}
	return true;
}

bool verify_rows(struct verifying *it, struct err *err)
{
	for (size_t i = 0; it->chain.seals.count && i < seal_kind_count; i++) {
		const struct seal_kind *kind = &seal_kinds[i];
		if (kind->daily && !merge_days(it, kind, err))
			return false;
		if (!kind->daily && it->request->day == USEC_NONE && !merge(it, kind, 0, err))
			return false;
	}
	return true;
}
