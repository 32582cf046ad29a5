// SPDX-License-Identifier: Apache-2.0
// Leaves as they are stored: blocks of 1,024, each the row keys, hashes and commitments of one seal, kind and
// day in order.
#include "store/seal_parts.h"

enum { LEAVES_AT_ONCE = 1024 };

// --- bytes ---

bool leaf_next(struct text *data, struct leaf_entry *entry)
{
	size_t n = data->n ? (unsigned char)data->p[0] : 0, size = 2 + n + HASH;
	if (data->n < size)
		return false;
	entry->key = (struct text){data->p + 1, n};
	entry->flags = (unsigned char)data->p[1 + n];
	entry->leaf = (const unsigned char *)data->p + 2 + n;
	entry->commitment = entry->leaf + HASH;
	entry->body_commitment = entry->commitment + (entry->flags & LEAF_PERSONAL ? HASH : 0);
	size += (size_t)(entry->flags & LEAF_PERSONAL ? HASH : 0) +
		(size_t)(entry->flags & LEAF_BODY ? HASH : 0);
	if (data->n < size)
		return false;
	*data = (struct text){data->p + size, data->n - size};
	return true;
}

static void set(struct buf *buf, struct text text)
{
	buf->len = 0;
	buf_text(buf, text);
}

// --- writing ---

bool leaf_flush(struct leaf_writer *it, struct err *err)
{
	FIELDS_AUTO params = {0};
	if (!it->entries)
		return true;
	put_int4(&params, it->number);
	put_int2(&params, it->kind);
	put_date(&params, it->day);
	put_int4(&params, it->block++);
	put_int8(&params, (int64_t)it->tree.count - it->entries);
	put_int4(&params, it->entries);
	put_bytea(&params, buf_view(&it->first));
	put_bytea(&params, buf_view(&it->last));
	put_bytea(&params, buf_view(&it->data));
	it->entries = 0;
	it->data.len = 0;
	return sql_run(it->store, "seal_leaf_add", &params, NULL, err);
}

bool leaf_add(struct leaf_writer *it, const struct seal_row *row, struct err *err)
{
	unsigned char leaf[HASH];
	if (row->key.n > UINT8_MAX)
		return err_set(err, ERR_INTERNAL, "%s: a row key is too long", row->kind->table);
	seal_leaf(it->tree.digest, row, row->shown, leaf);
	if (!it->entries++)
		set(&it->first, row->key);
	set(&it->last, row->key);
	buf_char(&it->data, (char)row->key.n);
	buf_text(&it->data, row->key);
	buf_char(&it->data, (char)row->flags);
	buf_add(&it->data, leaf, HASH);
	if (row->flags & LEAF_PERSONAL)
		buf_add(&it->data, row->commitment, HASH);
	if (row->flags & LEAF_BODY)
		buf_add(&it->data, row->body_commitment, HASH);
	merkle_add(&it->tree, leaf);
	return it->entries < LEAVES_AT_ONCE || leaf_flush(it, err);
}

// --- reading in order ---

static bool load(struct leaf_cursor *it, struct err *err)
{
	FIELDS_AUTO params = {0};
	rows_free(&it->rows);
	put_int2(&params, it->kind);
	put_date(&params, it->day);
	put_int4(&params, it->number);
	put_int4(&params, it->block++);
	it->left = TEXT_NONE;
	if (!sql_run(it->store, "seal_leaf_block", &params, &it->rows, err))
		return false;
	if (it->rows.count) {
		it->left = row_text(&it->rows, 0, 1);
		it->next_index = row_int(&it->rows, 0, 0);
	}
	return true;
}

bool cursor_next(struct leaf_cursor *it, struct err *err)
{
	it->there = false;
	if (!it->left.n && !load(it, err))
		return false;
	it->there = leaf_next(&it->left, &it->entry);
	it->index = it->next_index++;
	return it->there || !it->left.n ||
	       err_set(err, ERR_DIFFERS, "seal %d: a block of leaves is damaged", it->number);
}

bool cursor_open(struct leaf_cursor *it, struct err *err)
{
	it->block = 0;
	it->left = TEXT_NONE;
	return cursor_next(it, err);
}

void cursor_close(struct leaf_cursor *it)
{
	rows_free(&it->rows);
}

// --- roots ---

struct summing {
	struct merkle tree;
	uint64_t from, to, next;
	bool fine;
};

static bool sum_block(void *self, const struct rows *rows)
{
	struct summing *it = self;
	struct text data = row_text(rows, 0, 2);
	struct leaf_entry entry;
	uint64_t index = (uint64_t)row_int(rows, 0, 0);
	while (leaf_next(&data, &entry)) {
		if (index >= it->from && index < it->to) {
			it->fine = it->fine && index == it->next;
			it->next++;
			merkle_add(&it->tree, entry.leaf);
		}
		index++;
	}
	it->fine = it->fine && !data.n;
	return true;
}

bool leaf_range_root(struct store *store, struct digest *digest, int32_t number, uint64_t from,
		     uint64_t to, unsigned char out[HASH], struct err *err)
{
	struct summing it = {.from = from, .to = to, .next = from, .fine = true};
	FIELDS_AUTO params = {0};
	merkle_start(&it.tree, digest);
	put_int4(&params, number);
	put_int8(&params, (int64_t)from);
	put_int8(&params, (int64_t)to);
	if (!sql_each(store, "seal_leaf_tree", &params, &it, sum_block, err))
		return false;
	merkle_root(&it.tree, out);
	return (it.fine && it.next == to) ||
	       err_set(err, ERR_DIFFERS, "seal %d: leaves are missing or damaged", number);
}
