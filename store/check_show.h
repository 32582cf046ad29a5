// SPDX-License-Identifier: Apache-2.0
// Inside of store/: rows, keys and values of differences as people read them.
#ifndef STORE_CHECK_SHOW_H
#define STORE_CHECK_SHOW_H

#include "core/arena.h"
#include "store/message_row.h"

// Given by pairing from the facts of the key; not settled, no identity, no link to a line.
bool check_is_derived(const struct message_column *column);
bool check_is_same(const struct message_column *column, const struct message_row *a,
		   const struct message_row *b);
struct text check_show(struct arena *arena, const struct message_column *column,
		       const struct message_row *row);
struct text check_key_name(struct arena *arena, const char *what, int64_t conv, int64_t key);
struct text check_row_name(struct arena *arena, const struct row *row);

#endif
