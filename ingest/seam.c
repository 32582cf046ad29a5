// SPDX-License-Identifier: Apache-2.0
#include "ingest/seam.h"

#include "core/arena.h"
#include "ingest/join.h"
#include "ingest/known_file.h"
#include "ingest/series.h"
#include "ingest/sources/decode.h"

#include <stdlib.h>

#define SOON (3600 * USEC_PER_SEC) // a log goes on; after longer silence nobody can know

struct head { // of a file
	char *bytes;
	size_t size;
};

static struct head read_head(const char *path)
{
	struct head head = {.bytes = xcalloc(1, JOIN_MOST)};
	struct decoder *decoder = decode_open(path, NULL);
	long got = decoder ? 1 : 0;

	while (got > 0 && head.size < JOIN_MOST) {
		got = decode_read(decoder, head.bytes + head.size, JOIN_MOST - head.size, NULL);
		head.size += got > 0 ? (size_t)got : 0;
	}
	decode_close(decoder);
	return head;
}

static size_t read_by_path(void *self, uint64_t offset, size_t size, unsigned char *out)
{
	return decode_at(self, offset, size, out);
}

// The generation of a file, 0: none is known.
static bool generation_of(struct batcher *batcher, char *path, int32_t *generation, struct err *err)
{
	struct known_file known = {0};
	struct decoder *decoder = decode_open(path, NULL);
	struct stream_file file = {path, read_by_path, decoder ? decode_length(decoder) : 0, NULL};
	bool ok = !decoder || known_file_find(batcher, &file, NULL, 0, &known, err);

	decode_close(decoder);
	*generation = known.found ? known.generation.id : 0;
	return ok;
}

// --- the file after ---

bool seam_end(struct batcher *batcher, struct stream *stream, const char *path, bool *joined,
	      struct err *err)
{
	struct series_files files;
	int32_t next = 0;
	bool ok = true;

	*joined = false;
	if (!stream_is_torn(stream))
		return true;
	series_beside(path, &files);
	for (size_t i = 0; ok && i < files.count && !*joined; i++) {
		struct head head = read_head(files.paths[i]);
		*joined = stream_join(stream, (struct text){head.bytes, head.size}, SOON) > 0;
		ok = !*joined || generation_of(batcher, files.paths[i], &next, err);
		free(head.bytes);
	}
	stream_joined(stream, next);
	series_free(&files);
	return ok;
}

bool seam_may_come(const struct stream *stream, const char *path)
{
	struct head head = read_head(path);
	bool may = stream_join_is_early(stream, (struct text){head.bytes, head.size});

	free(head.bytes);
	return may;
}

// --- the file before ---

struct before {
	struct batcher *batcher;
	struct stream_options options;
	struct decoder *decoder;
	struct known_file known;
	struct head rest;  // from low water on
	struct head *head; // of the file after it; read when it is needed
};

static size_t read_at(void *self, uint64_t offset, size_t size, unsigned char *out)
{
	const struct before *before = self;
	return decode_at(before->options.path, offset, size, out);
}

// It was read to its end, which lies inside a record, and it did not grow since.
static bool read_rest(struct before *before)
{
	const struct generation *life = &before->known.generation;
	unsigned char more;

	if (!before->known.found || !life->finished || life->low_water >= life->size ||
	    life->size - life->low_water > JOIN_MOST)
		return false;
	before->rest.size = (size_t)(life->size - life->low_water);
	before->rest.bytes = xcalloc(1, before->rest.size);
	return decode_at(before->options.path, life->low_water, before->rest.size,
			 (unsigned char *)before->rest.bytes) == before->rest.size &&
	       !decode_at(before->options.path, life->size, 1, &more);
}

static size_t length_of_join(const struct before *before, struct text head)
{
	const struct stream_options *options = &before->options;
	const struct join join = {.type = options->dialect,
				  .options = {.zone = options->zone,
					      .modified = options->modified,
					      .rules = options->rules,
					      .format = options->format},
				  .rest = {before->rest.bytes, before->rest.size},
				  .offset = before->known.generation.low_water,
				  .head = head,
				  .soon = SOON};
	return join_length(&join);
}

// Once more adds nothing: its mark lies behind it.
static bool complete(struct before *before, const struct stream_file *file, struct text head,
		     uint64_t *skip, struct err *err)
{
	struct stream *stream = NULL;
	struct batch_result stored;
	bool ok = stream_open(before->batcher, &before->options, file, &stream, err) &&
		  stream_bytes(stream, (struct text){before->rest.bytes, before->rest.size}, err);

	if (ok)
		*skip = stream_join(stream, head, SOON);
	ok = ok && stream_end(stream, true, err) &&
	     batcher_flush(before->batcher, &stream, 1, &stored, err);
	stream_close(stream);
	return ok;
}

static struct text head_of(const struct before *before, const char *path)
{
	if (!before->head->bytes)
		*before->head = read_head(path);
	return (struct text){before->head->bytes, before->head->size};
}

static bool try_before(struct before *before, const char *path, uint64_t *skip, struct err *err)
{
	before->decoder = decode_open(before->options.path, NULL);
	if (!before->decoder)
		return true;
	before->options.modified = decode_modified(before->decoder);
	struct stream_file file = {before, read_at, decode_length(before->decoder), NULL};
	bool ok = known_file_find_torn(before->batcher, &file, before->options.others,
				       before->options.other_count, &before->known, err);
	if (ok && read_rest(before)) {
		struct text head = head_of(before, path);
		if (length_of_join(before, head))
			ok = complete(before, &file, head, skip, err);
	}
	free(before->rest.bytes);
	before->rest.bytes = NULL;
	decode_close(before->decoder);
	return ok;
}

bool seam_begin(struct batcher *batcher, const struct stream_options *options,
		const struct stream_file *file, uint64_t *skip, struct err *err)
{
	struct known_file known;
	struct series_files files;
	struct head head = {0};
	bool ok =
		known_file_find(batcher, file, options->others, options->other_count, &known, err);

	*skip = 0;
	if (!ok || known.found)
		return ok;
	series_beside(options->path, &files);
	for (size_t i = 0; ok && i < files.count && !*skip; i++) {
		struct before before = {.batcher = batcher, .options = *options, .head = &head};
		before.options.path = files.paths[i];
		ok = try_before(&before, options->path, skip, err);
	}
	free(head.bytes);
	series_free(&files);
	return ok;
}
