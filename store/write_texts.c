// SPDX-License-Identifier: Apache-2.0
// A row whose text was not kept when it was stored gets it from a later sighting (bodies = full again, or another
// log of the same traffic). Rows that have theirs stay as they are.
#include "store/write.h"

enum { TEXTS_AT_ONCE = 1000 };

struct texts {
	struct fields conv, sent_at, key, n, body;
};

static void texts_free(struct texts *texts)
{
	fields_free(&texts->conv);
	fields_free(&texts->sent_at);
	fields_free(&texts->key);
	fields_free(&texts->n);
	fields_free(&texts->body);
}

// It goes on from a stored row, and this batch saw its text.
static bool has_text(const struct row *row)
{
	return row->body.p && row->body_stays;
}

static void add_text(struct part *part, struct texts *texts, const struct row *row)
{
	put_int8(&texts->conv, row->conv);
	put_usec(&texts->sent_at, row->sent_at);
	put_int8(&texts->key, row->key);
	put_int4(&texts->n, row->n);
	part->changed_texts += !put_safe(&texts->body, row->body);
}

static bool fill(struct part *part, const struct texts *texts, struct err *err)
{
	FIELDS_AUTO params = {0};
	if (!texts->conv.count)
		return true;
	put_array(&params, OF_INT8, &texts->conv);
	put_array(&params, OF_TIMESTAMPTZ, &texts->sent_at);
	put_array(&params, OF_INT8, &texts->key);
	put_array(&params, OF_INT4, &texts->n);
	put_array(&params, OF_TEXT, &texts->body);
	put_in_days(&params, &texts->sent_at, &texts->sent_at);
	return sql_run(part->store, "message_fill", &params, NULL, err);
}

bool write_texts(struct part *part, struct err *err)
{
	bool fine = part->store->app->settings->bodies == BODIES_FULL;
	for (size_t i = 0; fine && i < part->updates.count;) {
		__attribute__((cleanup(texts_free))) struct texts texts = {0};
		for (; i < part->updates.count && texts.conv.count < TEXTS_AT_ONCE; i++)
			if (has_text(part->updates.items[i].row))
				add_text(part, &texts, part->updates.items[i].row);
		if (!fill(part, &texts, err))
			return false;
	}
	return true;
}
