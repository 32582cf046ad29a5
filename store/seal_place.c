// SPDX-License-Identifier: Apache-2.0
// Which seal a message lies in, and where: for who looks at one message. What opens it is not read.
#include "store/seal_parts.h"

static int64_t index_in(struct text data, int64_t first, struct text row)
{
	struct leaf_entry entry;
	for (; leaf_next(&data, &entry); first++)
		if (text_same(entry.key, row))
			return first;
	return -1;
}

bool store_seal_place(struct store *store, int64_t conv, int64_t key, usec_t sent_at,
		      struct arena *arena, struct seal_place *place, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	*place = (struct seal_place){.day = USEC_NONE, .leaf = -1};
	put_int8(&params, conv);
	put_int8(&params, key);
	put_usec(&params, sent_at);
	if (!sql_run(store, "seal_place", &params, &rows, err))
		return false;
	place->in_use = rows.count > 0;
	if (!rows.count || row_null(&rows, 0, 1))
		return true;
	place->number = (int32_t)row_int(&rows, 0, 1);
	place->day = row_usec(&rows, 0, 2);
	place->head = row_copy(&rows, 0, 3, arena);
	place->leaf = index_in(row_text(&rows, 0, 5), row_int(&rows, 0, 4), row_text(&rows, 0, 0));
	return true;
}
