// SPDX-License-Identifier: Apache-2.0
#include "ingest/dialects/later.h"

#include "core/arena.h"

#include <stdlib.h>

struct later_fact {
	uint64_t offset;
	size_t at, key_size, size; // in the text
	bool forgotten;            // its value is that there is none
};

void later_put(struct later *later, uint64_t offset, struct text key, struct text value)
{
	if (later->count == later->capacity) {
		later->capacity = later->capacity ? later->capacity * 2 : 16;
		later->list = xrealloc(later->list, later->capacity * sizeof *later->list);
	}
	later->list[later->count++] = (struct later_fact){
		offset, later->text.len, key.n, key.n + (value.p ? value.n : 0), !value.p};
	buf_text(&later->text, key);
	if (value.p)
		buf_text(&later->text, value);
}

static void remember(const struct later *later, const struct later_fact *fact,
		     const struct dialect_sink *sink)
{
	const char *text = later->text.data + fact->at;
	struct text value = {text + fact->key_size, fact->size - fact->key_size};
	sink->remember(sink->self, (struct text){text, fact->key_size},
		       fact->forgotten ? TEXT_NONE : value);
}

// Half of it is of facts that are gone.
static void tidy(struct later *later)
{
	struct buf kept = {0};
	for (size_t i = 0; i < later->count; i++) {
		struct later_fact *fact = &later->list[i];
		struct text text = {later->text.data + fact->at, fact->size};
		fact->at = kept.len;
		buf_text(&kept, text);
	}
	buf_free(&later->text);
	later->text = kept;
}

void later_remember(struct later *later, uint64_t low, const struct dialect_sink *sink)
{
	size_t kept = 0, size = 0;
	for (size_t i = 0; i < later->count; i++) {
		struct later_fact *fact = &later->list[i];
		if (fact->offset < low) {
			remember(later, fact, sink);
		} else {
			size += fact->size;
			later->list[kept++] = *fact;
		}
	}
	later->count = kept;
	if (later->text.len > 2 * size)
		tidy(later);
}

void later_free(struct later *later)
{
	free(later->list);
	buf_free(&later->text);
	*later = (struct later){0};
}
