// SPDX-License-Identifier: Apache-2.0
// The stored rows of an entry: whether one is there, and which row goes on from which. An entry may have
// very many (an id that is used all the time), so they are found by hash and in order of time.
#include "pairing/workset.h"

#include <stdlib.h>

enum { FEW = 8 }; // so many are looked at one by one

// A row is known by its number, or by what it says; two of one instant may say the same.
struct place {
	usec_t sent_at;
	int64_t what; // n or digest
	bool is_number;
};

static bool is_at(const struct row *row, const struct place *place)
{
	return row->sent_at == place->sent_at &&
	       (place->is_number ? row->n == place->what : row->digest == place->what);
}

static int64_t hash_of(const struct pairing *pairing, const struct place *place)
{
	const int64_t numbers[] = {place->sent_at, place->what, place->is_number};

	return KEYED(&pairing->key, (struct text){(const char *)numbers, sizeof(numbers)});
}

static const struct row *find(const struct pairing *pairing, const struct entry *entry,
			      const struct place *place)
{
	const struct row *rows = entry->old_rows.items;

	if (entry->old_places) {
		uintptr_t at = (uintptr_t)map_get(entry->old_places, hash_of(pairing, place));
		return at ? &rows[at - 1] : NULL;
	}
	for (size_t i = 0; i < entry->old_rows.count; i++)
		if (is_at(&rows[i], place))
			return &rows[i];
	return NULL;
}

const struct row *old_row_at(const struct pairing *pairing, const struct entry *entry,
			     usec_t sent_at, int32_t n)
{
	return find(pairing, entry, &(struct place){sent_at, n, true});
}

const struct row *old_row_like(const struct pairing *pairing, const struct entry *entry,
			       usec_t sent_at, int64_t digest)
{
	return find(pairing, entry, &(struct place){sent_at, digest, false});
}

static void note(struct pairing *pairing, struct entry *entry, size_t at)
{
	const struct row *row = &entry->old_rows.items[at];
	const struct place places[] = {{row->sent_at, row->n, true},
				       {row->sent_at, row->digest, false}};

	for (size_t i = 0; i < 2; i++)
		*map_put(entry->old_places, hash_of(pairing, &places[i])) =
			(void *)(uintptr_t)(at + 1);
}

void old_row_added(struct pairing *pairing, struct entry *entry)
{
	if (entry->old_places) {
		note(pairing, entry, entry->old_rows.count - 1);
		return;
	}
	if (entry->old_rows.count <= FEW)
		return;
	entry->old_places = entry_map(pairing);
	for (size_t i = 0; i < entry->old_rows.count; i++)
		note(pairing, entry, i);
}

// --- which row goes on from which ---

struct old_order {
	const struct row **rows; // by digest, then time
	size_t count;
	size_t *left,
		*right; // of place i + 1: where to look for a free one, on its left and its right
};

static int by_digest(const void *a, const void *b)
{
	const struct row *x = *(const struct row *const *)a, *y = *(const struct row *const *)b;

	if (x->digest != y->digest)
		return x->digest < y->digest ? -1 : 1;
	if (x->sent_at != y->sent_at)
		return x->sent_at < y->sent_at ? -1 : 1;
	return (x > y) - (x < y);
}

static struct old_order sort_old(const struct entry *entry)
{
	size_t count = entry->old_rows.count;
	struct old_order order = {xcalloc(count, sizeof(*order.rows)), count,
				  xcalloc(count + 2, sizeof(size_t)),
				  xcalloc(count + 2, sizeof(size_t))};

	for (size_t i = 0; i < count; i++)
		order.rows[i] = &entry->old_rows.items[i];
	if (count > 1)
		qsort(order.rows, count, sizeof(*order.rows), by_digest);
	for (size_t i = 0; i < count + 2; i++)
		order.left[i] = order.right[i] = i;
	return order;
}

static void free_order(struct old_order *order)
{
	free(order->rows);
	free(order->left);
	free(order->right);
}

static size_t free_from(size_t *next, size_t at)
{
	while (next[at] != at) {
		next[at] = next[next[at]];
		at = next[at];
	}
	return at;
}

static size_t first_of(const struct old_order *order, const struct row *row)
{
	size_t low = 0, high = order->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct row *at = order->rows[middle];
		if (at->digest < row->digest ||
		    (at->digest == row->digest && at->sent_at < row->sent_at))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static usec_t apart(const struct row *a, const struct row *b)
{
	return a->sent_at > b->sent_at ? a->sent_at - b->sent_at : b->sent_at - a->sent_at;
}

// Place 0 and the one behind the last are not taken.
static size_t nearest(struct old_order *order, const struct row *row)
{
	size_t at = first_of(order, row);
	size_t left = free_from(order->left, at), right = free_from(order->right, at + 1);
	bool has_left = left > 0 && order->rows[left - 1]->digest == row->digest;
	bool has_right = right <= order->count && order->rows[right - 1]->digest == row->digest;

	if (has_left && has_right)
		return apart(row, order->rows[left - 1]) <= apart(row, order->rows[right - 1])
			       ? left
			       : right;
	return has_left ? left : has_right ? right : 0;
}

// A row goes on from the stored row of its digest that is nearest in time; its body stays there.
void match_rows(const struct entry *entry, const struct row **was)
{
	if (!entry->old_rows.count || !entry->row_count)
		return;
	struct old_order order = sort_old(entry);
	for (size_t i = 0; i < entry->row_count; i++) {
		struct row *row = &entry->rows[i];
		size_t place = nearest(&order, row);
		if (!place)
			continue;
		was[i] = order.rows[place - 1];
		order.left[place] = place - 1;
		order.right[place] = place + 1;
		row->read_inferred_at = was[i]->read_inferred_at; // settled, not derived
		row->read_via = was[i]->read_via;
		row->response_ms = was[i]->response_ms;
	}
	free_order(&order);
}
