// SPDX-License-Identifier: Apache-2.0
#include "ingest/stream_internal.h"

static void on_recalled(void *self, struct text key, struct text value)
{
	struct stream *stream = self;
	stream->type->recall(stream->dialect, key, value);
}

// From the file before: it is written down for this one with its first batch.
static void on_inherited(void *self, struct text key, struct text value)
{
	struct stream *stream = self;
	on_recalled(self, key, value);
	batcher_fact(stream->batcher,
		     &(struct batch_fact){stream->generation.id, false, key, value});
}

static bool start_dialect(struct stream *stream, const struct stream_options *options,
			  struct err *err)
{
	stream->dialect_options = (struct dialect_options){.zone = options->zone,
							   .modified = options->modified,
							   .rules = options->rules,
							   .format = options->format,
							   .path = options->path};
	stream->sink = stream_sink(stream);
	stream->dialect = stream->type->open(&stream->dialect_options, &stream->sink);
	struct store *store = batcher_store(stream->batcher);
	return stream->is_new
		       ? store_recall_last(store, stream->reader, stream, on_inherited, err)
		       : store_recall(store, stream->generation.id, stream, on_recalled, err);
}

// Who reads, and the place in the file. One that was read under another name keeps what it has: its
// source, and what the dialect knows there.
static bool take_place(struct stream *stream, const struct stream_options *options,
		       const struct stream_file *file, struct err *err)
{
	struct store *store = batcher_store(stream->batcher);
	struct source_setup setup = {
		.dialect = options->dialect->name, .path = options->path, .live = options->live};

	struct known_file known;
	if (!known_file_find(stream->batcher, file, options->others, options->other_count, &known,
			     err))
		return false;
	if (!known.found && file->read_errno && *file->read_errno)
		return err_set(err, ERR_INPUT, "not readable"); // F37: it may be known all the same
	stream->generation = known.generation;
	stream->is_new = !known.found;
	setup.of_file = stream->generation.source;
	if (!store_source(store, batcher_realm(stream->batcher), options->source, &setup,
			  &stream->reader, err))
		return false;
	if (!store_generations_bare(store, known.bare, known.bare_count, err))
		return false;
	struct fingerprint print = stream->generation.print;
	return !stream->is_new || ((options->skip || store_half_waits(store, stream->reader,
								      &stream->half_waits, err)) &&
				   store_generation_new(store, stream->reader, options->path,
							&print, &stream->generation, err));
}

bool stream_open(struct batcher *batcher, const struct stream_options *options,
		 const struct stream_file *file, struct stream **stream, struct err *err)
{
	struct stream *made = xcalloc(1, sizeof(*made));

	made->batcher = batcher;
	made->type = options->dialect;
	made->witness = options->witness;
	char *name = xstrdup(options->source);
	made->source_name = text_of(name);
	made->first_at = made->last_at = USEC_NONE;
	made->size = file->size;
	made->seen_at = USEC_NONE;
	if (!take_place(made, options, file, err) || !start_dialect(made, options, err)) {
		stream_close(made);
		return false;
	}
	made->generation.low_water = made->is_new ? options->skip : made->generation.low_water;
	pulse_begin(&made->pulse, usec_now());
	clock_watch_begin(&made->clock, made->type);
	timeless_begin(&made->timeless, made->type, options->live, file->size);
	made->dirty = made->generation.reader != made->reader;
	made->finished = made->generation.finished;
	made->start = made->offset = made->generation.low_water;
	made->done = (struct mark){made->generation.has_mark, made->generation.mark_offset,
				   made->generation.mark_index};
	made->reached = made->done;
	// The tail before low water is needed again at the next checkpoint.
	size_t tail = made->start < PRINT_BYTES ? (size_t)made->start : PRINT_BYTES;
	made->recent_at = made->start - tail;
	buf_reserve(&made->recent, tail);
	if (tail && file->read(file->self, made->recent_at, tail,
			       (unsigned char *)made->recent.data) == tail)
		made->recent.len = tail;
	*stream = made;
	return true;
}

void stream_close(struct stream *stream)
{
	if (!stream)
		return;
	if (stream->dialect)
		stream->type->close(stream->dialect);
	buf_free(&stream->recent);
	buf_free(&stream->joined);
	free((void *)(uintptr_t)stream->source_name.p);
	free(stream);
}

static bool done(struct stream *stream, struct err *err)
{
	if (stream->failed && err)
		*err = stream->err;
	return !stream->failed;
}

static void forget_old_bytes(struct stream *stream)
{
	uint64_t low = stream_low_water(stream);
	uint64_t keep = low > PRINT_BYTES ? low - PRINT_BYTES : 0;

	// Moving bytes for every read would be quadratic; half a megabyte of slack is not.
	if (keep > stream->recent_at + 524288) {
		buf_drop(&stream->recent, (size_t)(keep - stream->recent_at));
		stream->recent_at = keep;
	}
}

static bool is_blank(struct text text)
{
	for (size_t i = 0; i < text.n; i++)
		if (!strchr(" \t\r\n", text.p[i]))
			return false;
	return true;
}

// F26: the first lines of a file that mean nothing by themselves are set aside beside the half that waits.
static void look_for_half(struct stream *stream, struct text data)
{
	stream->half_waits = false;
	size_t foreign = join_foreign(stream->type, &stream->dialect_options, data);
	if (!is_blank((struct text){data.p, foreign}))
		stream->sink.record(stream, &(struct record){.kind = RECORD_QUARANTINE,
							     .at = USEC_NONE,
							     .dir = DIR_ROUTE,
							     .xml = {data.p, foreign},
							     .length = (uint32_t)foreign,
							     .reason = "begins inside a record",
							     .lost = -1});
}

bool stream_bytes(struct stream *stream, struct text data, struct err *err)
{
	uint64_t at = stream->offset;

	if (stream->half_waits)
		look_for_half(stream, data);
	timeless_read(&stream->timeless, usec_now());
	buf_text(&stream->recent, data);
	stream->offset += data.n;
	// What is read once more is over still.
	stream->finished = stream->finished && stream->offset <= stream->generation.size;
	stream->dirty = true;
	stream->type->bytes(stream->dialect, at, data);
	forget_old_bytes(stream);
	return done(stream, err);
}

bool stream_is_torn(const struct stream *stream)
{
	return stream->offset > stream->start &&
	       dialect_unfinished(stream->type, stream->dialect) < stream->offset;
}

size_t stream_join(struct stream *stream, struct text head, usec_t soon)
{
	uint64_t low = stream_low_water(stream);
	struct text recent = buf_view(&stream->recent);
	if (stream->offset - low > JOIN_MOST || low < stream->recent_at || stream->joined.len)
		return 0;
	struct join join = {
		.type = stream->type,
		.options = stream->dialect_options,
		.rest = {recent.p + (low - stream->recent_at), (size_t)(stream->offset - low)},
		.offset = low,
		.head = head,
		.soon = soon};
	size_t length = join_length(&join);
	buf_add(&stream->joined, head.p, length);
	return length;
}

bool stream_join_is_early(const struct stream *stream, struct text head)
{
	return join_is_early(stream->type, &stream->dialect_options, head);
}

void stream_joined(struct stream *stream, int32_t next)
{
	stream->next = next;
}

bool stream_end(struct stream *stream, bool final, struct err *err)
{
	stream->type->end(stream->dialect, false);
	if (!final) {
		clock_watch_looked(&stream->clock);
		return done(stream, err);
	}
	stream->low_at_end = stream_low_water(stream);
	stream->ended = true;
	if (stream->joined.len) {
		stream->type->bytes(stream->dialect, stream->offset, buf_view(&stream->joined));
		stream->type->end(stream->dialect, false); // that is its end as it is now
	}
	stream->type->end(stream->dialect, true);
	stream->size = stream->offset;
	stream->seen_at = usec_now();
	struct batch_gap odd;
	if (clock_watch_odd(&stream->clock, &odd))
		stream_put_gap(stream, &odd);
	if (!stream->finished)
		stream->finished = stream->dirty = true;
	return done(stream, err);
}

bool stream_still_there(const struct stream *stream, const struct stream_file *file)
{
	unsigned char now[PRINT_BYTES];
	size_t size = stream->recent.len < PRINT_BYTES ? stream->recent.len : PRINT_BYTES;

	return !size || (file->read(file->self, stream->offset - size, size, now) == size &&
			 !memcmp(now, stream->recent.data + stream->recent.len - size, size));
}

void stream_gap(struct stream *stream, const char *cause, uint64_t to_offset)
{
	batcher_gap(stream->batcher, &(struct batch_gap){.source = stream->generation.source,
							 .generation = stream->generation.id,
							 .from_offset = stream->offset,
							 .to_offset = to_offset,
							 .from_at = stream->last_at,
							 .to_at = USEC_NONE,
							 .cause = cause,
							 .lost = -1});
	stream->dirty = true;
}
