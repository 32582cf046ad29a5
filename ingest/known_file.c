// SPDX-License-Identifier: Apache-2.0
#include "ingest/known_file.h"

#include "core/arena.h"
#include "ingest/fingerprint.h"

#include <stdlib.h>

enum { GENERATIONS_MAX = 100000 };

struct candidate {
	const struct stream_file *file;
	unsigned char head[PRINT_BYTES];
	size_t size; // of the head
	struct stream *const *others;
	size_t other_count;
	bool torn; // wanted is one that ends inside a record
};

static bool is_taken(const struct candidate *file, int32_t generation)
{
	for (size_t i = 0; i < file->other_count; i++)
		if (stream_generation(file->others[i]) == generation)
			return true;
	return false;
}

// Without a mark nothing of it was stored: a bare header proves no identity. But one that was read to its end
// and gave no record (F22: a hole of NUL bytes) is known by its end.
static bool is_read(const struct generation *life)
{
	return life->has_mark || (life->finished && life->low_water > 0);
}

// Its file is read anew as another generation.
static bool is_bare(const struct generation *life)
{
	return !life->has_mark && !life->finished && life->print.tail_len;
}

// That file, as far as it was read.
static bool is_life(const struct candidate *file, const struct generation *life)
{
	if (file->torn && !(life->finished && life->low_water < life->size))
		return false; // asked first: to look at the end of a compressed one takes long
	return !is_taken(file, life->id) && print_head_matches(life, file->head, file->size) &&
	       (print_tail_matches(file->file, life) || print_tail_is_lost(file->file, life));
}

static void note_bare(struct known_file *known, const struct generation *life)
{
	if (known->bare_count < KNOWN_BARE)
		known->bare[known->bare_count++] = life->id;
}

// The file is looked at after the list.
static bool find_life(struct batcher *batcher, struct candidate *file, struct known_file *known,
		      struct err *err)
{
	struct generation *list = xcalloc(GENERATIONS_MAX, sizeof(*list));
	size_t count = 0;

	bool ok = store_generations(batcher_store(batcher), batcher_realm(batcher), list,
				    GENERATIONS_MAX, &count, err);
	file->size = ok ? file->file->read(file->file->self, 0, PRINT_BYTES, file->head) : 0;
	for (size_t i = 0; ok && i < count; i++) {
		bool bare = is_bare(&list[i]);
		bool best = is_read(&list[i]) &&
			    !(known->found && list[i].low_water <= known->generation.low_water);
		if (!(bare || best) || !is_life(file, &list[i]))
			continue;
		if (bare)
			note_bare(known, &list[i]);
		else
			known->generation = list[i];
		known->found |= best;
	}
	free(list);
	return ok;
}

static bool find(struct batcher *batcher, struct candidate own, struct known_file *known,
		 struct err *err)
{
	*known = (struct known_file){0};
	if (!find_life(batcher, &own, known, err))
		return false;
	if (known->found)
		return true;
	known->generation.print.head_len = (uint32_t)own.size;
	print_digest(own.head, own.size, known->generation.print.head);
	return true;
}

bool known_file_find(struct batcher *batcher, const struct stream_file *file,
		     struct stream *const *others, size_t other_count, struct known_file *known,
		     struct err *err)
{
	struct candidate own = {.file = file, .others = others, .other_count = other_count};
	return find(batcher, own, known, err);
}

bool known_file_find_torn(struct batcher *batcher, const struct stream_file *file,
			  struct stream *const *others, size_t other_count,
			  struct known_file *known, struct err *err)
{
	struct candidate own = {
		.file = file, .others = others, .other_count = other_count, .torn = true};
	return find(batcher, own, known, err);
}
