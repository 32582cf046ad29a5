// SPDX-License-Identifier: Apache-2.0
#include "ingest/stream.h"

#include "core/arena.h"
#include "core/buf.h"
#include "ingest/clock_watch.h"
#include "ingest/fingerprint.h"
#include "ingest/join.h"
#include "ingest/known_file.h"
#include "ingest/pulse.h"
#include "ingest/timeless.h"

#include <stdlib.h>

struct mark {
	bool set;
	uint64_t offset;
	uint32_t index;
};

struct stream {
	struct batcher *batcher;
	const struct dialect_type *type;
	struct dialect *dialect;
	struct dialect_options dialect_options;
	struct dialect_sink sink;
	struct timeless timeless; // of dialects without times
	struct pulse pulse;
	struct clock_watch clock;
	struct buf joined;     // of the next file
	int32_t next;          // its generation, 0: it is not known yet
	bool half_waits;       // the file before ended inside a record (F26)
	bool silent;           // and a gap since
	uint64_t silent_since; // offset
	usec_t silent_at;
	struct text source_name;
	int32_t reader; // who reads it; what it gives belongs to the source of the generation
	struct generation generation;
	bool is_new, finished, dirty;
	bool witness;        // F68
	bool unheard;        // stream_is_heard
	bool ended;          // stream_end(final): what is quarantined now may still grow,
	uint64_t low_at_end; // so a later look reads it again from here
	uint64_t start, offset, size;
	struct mark done;    // records at or below are in the database
	struct mark reached; // newest record handed on
	struct buf recent;   // decoded bytes [recent_at, offset): the tail fingerprint needs those
	uint64_t recent_at;  // before low water
	usec_t first_at, last_at;
	uint64_t records, stanzas;
	bool failed;
	struct err err; // of a call that a dialect made
};

// --- what a dialect gives ---

static bool is_done(const struct mark *mark, const struct record *record)
{
	return mark->set && (record->offset < mark->offset ||
			     (record->offset == mark->offset && record->index <= mark->index));
}

static void see_time(struct stream *stream, usec_t at)
{
	if (at == USEC_NONE)
		return;
	if (stream->first_at == USEC_NONE || at < stream->first_at)
		stream->first_at = at;
	if (stream->last_at == USEC_NONE || at > stream->last_at)
		stream->last_at = at;
}

// After a crash between the commits of two lanes.
static bool is_stored_by(const struct stream *stream, int lane, const struct record *record)
{
	const struct lane_mark *ahead = &stream->generation.ahead[lane];
	return is_done(&(struct mark){ahead->set, ahead->offset, ahead->index}, record);
}

static void take_stanza(struct stream *stream, const struct record *record)
{
	struct batch_stanza stanza = {.at = record->at,
				      .source = stream->generation.source,
				      .source_name = stream->source_name,
				      .dir = record->dir,
				      .exact = stream->type->precision == 1,
				      .session = record->session,
				      .xml = record->xml,
				      .generation = stream->generation.id,
				      .offset = record->offset,
				      .index = record->index,
				      .length = record->length,
				      .witness = stream->witness};

	for (int lane = 1; lane < LANES; lane++)
		stanza.stored_by |= is_stored_by(stream, lane, record) ? 1u << lane : 0;
	if (record->feed.p) { // observations name their feed
		stanza.source_name = record->feed;
		if (!batcher_feed(stream->batcher, record->feed, &stanza.source, &stream->err)) {
			stream->failed = true;
			return;
		}
	}
	stream->stanzas++;
	batcher_stanza(stream->batcher, &stanza);
}

static void take_quarantine(struct stream *stream, const struct record *record, const char *reason)
{
	batcher_quarantine(stream->batcher, &(struct batch_quarantine){
						    .source = stream->generation.source,
						    .generation = stream->generation.id,
						    .offset = record->offset,
						    .index = record->index,
						    .length = record->length,
						    .at = record->at,
						    .reason = reason,
						    .raw = record->xml,
						    .at_end = stream->ended,
						    .at_start = stream->is_new && !record->offset});
}

static void put_silence(struct stream *stream, uint64_t to_offset, usec_t to_at)
{
	batcher_gap(stream->batcher,
		    &(struct batch_gap){.source = stream->generation.source,
					.generation = stream->generation.id,
					.from_offset = stream->silent_since,
					.to_offset = to_offset,
					.from_at = stream->silent_at,
					.to_at = to_at,
					.cause = "no stanzas in the log, though other lines",
					.lost = -1});
	stream->dirty = true;
}

// Any stanza will do.
static void end_silence(struct stream *stream, uint64_t offset, usec_t at)
{
	if (stream->silent)
		put_silence(stream, offset, at);
	stream->silent = false;
}

static void take_gap(struct stream *stream, const struct record *record)
{
	batcher_gap(stream->batcher,
		    &(struct batch_gap){.source = stream->generation.source,
					.generation = stream->generation.id,
					.from_offset = record->offset,
					.to_offset = record->offset + record->length,
					.from_at = record->since ? record->since : stream->last_at,
					.to_at = record->at,
					.cause = record->reason ? record->reason : "unknown",
					.lost = record->lost,
					.at_end = stream->ended});
}

// A stanza that bears no time.
static void take_untimed(struct stream *stream, struct record *record)
{
	struct record gap;
	if (!stream->timeless.on)
		take_quarantine(stream, record, "no time stamp");
	else if (timeless_stamp(&stream->timeless, record))
		take_stanza(stream, record);
	else if (timeless_gap(&stream->timeless, record, &gap))
		take_gap(stream, &gap);
}

static void put_clock_gap(struct stream *stream, struct batch_gap *gap)
{
	gap->source = stream->generation.source;
	gap->generation = stream->generation.id;
	batcher_gap(stream->batcher, gap);
	stream->dirty = true;
}

static void watch_clock(struct stream *stream, const struct record *record, bool is_new)
{
	struct batch_gap gap;
	if (clock_watch_record(&stream->clock, record, &gap) && is_new)
		put_clock_gap(stream, &gap);
}

static void on_record(void *self, const struct record *given)
{
	struct stream *stream = self;
	struct record copy = *given, *record = &copy;

	bool is_new = !is_done(&stream->done, record);
	watch_clock(stream, record, is_new);
	if (!is_new || stream->failed)
		return; // read again after a restart: it is in the database
	if (!stream->ended || record->kind == RECORD_STANZA) {
		stream->reached = (struct mark){true, record->offset, record->index};
		stream->records++;
	}
	if (record->kind == RECORD_STANZA) {
		pulse_stanza(&stream->pulse, usec_now());
		end_silence(stream, record->offset, record->at);
	}
	stream->dirty = true;
	if (record->kind == RECORD_STANZA && record->at != USEC_NONE)
		take_stanza(stream, record);
	else if (record->kind == RECORD_STANZA)
		take_untimed(stream, record);
	else if (record->kind == RECORD_QUARANTINE)
		take_quarantine(stream, record, record->reason);
	else if (record->kind == RECORD_GAP)
		take_gap(stream, record);
	see_time(stream, record->at);
}

static uint64_t low_water(const struct stream *stream)
{
	uint64_t low = stream->type->low_water(stream->dialect);
	return low > stream->start ? low
				   : stream->start; // a dialect knows nothing before its first byte
}

static void on_remember(void *self, struct text key, struct text value)
{
	struct stream *stream = self;

	batcher_fact(stream->batcher,
		     &(struct batch_fact){stream->generation.id, stream->ended, key, value});
	stream->dirty = true;
}

static void on_ignored(void *self, const char *kind)
{
	struct stream *stream = self;
	pulse_ignored(&stream->pulse, kind, usec_now());
	if (!stream->pulse.others) // it was a stanza of another kind
		end_silence(stream, stream->offset, USEC_NONE);
}

// --- life ---

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
							   .format = options->format};
	stream->sink = (struct dialect_sink){stream, on_record, on_remember, on_ignored};
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
	stream->generation = known.generation;
	stream->is_new = !known.found;
	setup.of_file = stream->generation.source;
	if (!store_source(store, batcher_realm(stream->batcher), options->source, &setup,
			  &stream->reader, err))
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
	if (tail &&
	    file->read(file->self, made->recent_at, tail, (unsigned char *)made->recent.data))
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

const struct dialect_type *stream_type(const struct stream *stream)
{
	return stream->type;
}

uint64_t stream_start(const struct stream *stream)
{
	return stream->start;
}

uint64_t stream_offset(const struct stream *stream)
{
	return stream->offset;
}

int32_t stream_generation(const struct stream *stream)
{
	return stream->generation.id;
}

bool stream_is_behind(const struct stream *stream)
{
	return stream->size != UINT64_MAX && stream->offset < stream->size;
}

usec_t stream_last_at(const struct stream *stream)
{
	return stream->last_at;
}

bool stream_is_silent(const struct stream *stream, usec_t now, usec_t patience)
{
	return pulse_is_silent(&stream->pulse, now, patience);
}

void stream_note_silence(struct stream *stream)
{
	if (stream->silent)
		return;
	stream->silent = true;
	stream->silent_since = stream->reached.set ? stream->reached.offset : stream->start;
	stream->silent_at = stream->last_at;
	put_silence(stream, stream->offset, USEC_NONE);
}

bool stream_is_new(const struct stream *stream)
{
	return stream->is_new;
}

bool stream_is_dirty(const struct stream *stream)
{
	return stream->dirty;
}

void stream_is_heard(struct stream *stream, bool heard)
{
	stream->unheard = !heard;
}

void stream_touch(struct stream *stream)
{
	stream->dirty = true;
}

void stream_saw_size(struct stream *stream, uint64_t size)
{
	stream->size = size;
}

static bool done(struct stream *stream, struct err *err)
{
	if (stream->failed && err)
		*err = stream->err;
	return !stream->failed;
}

static void forget_old_bytes(struct stream *stream)
{
	uint64_t low = low_water(stream);
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
		on_record(stream, &(struct record){.kind = RECORD_QUARANTINE,
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
	stream->finished = false;
	stream->dirty = true;
	stream->type->bytes(stream->dialect, at, data);
	forget_old_bytes(stream);
	return done(stream, err);
}

bool stream_is_torn(const struct stream *stream)
{
	return low_water(stream) < stream->offset;
}

size_t stream_join(struct stream *stream, struct text head, usec_t soon)
{
	uint64_t low = low_water(stream);
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

void stream_joined(struct stream *stream, int32_t next)
{
	stream->next = next;
}

bool stream_end(struct stream *stream, bool final, struct err *err)
{
	stream->type->end(stream->dialect, false);
	if (!final)
		return done(stream, err);
	stream->low_at_end = low_water(stream);
	stream->ended = true;
	if (stream->joined.len) {
		stream->type->bytes(stream->dialect, stream->offset, buf_view(&stream->joined));
		stream->type->end(stream->dialect, false); // that is its end as it is now
	}
	stream->type->end(stream->dialect, true);
	stream->size = stream->offset;
	struct batch_gap odd;
	if (clock_watch_odd(&stream->clock, &odd))
		put_clock_gap(stream, &odd);
	if (!stream->finished)
		stream->finished = stream->dirty = true;
	return done(stream, err);
}

bool stream_still_there(const struct stream *stream, const struct stream_file *file)
{
	unsigned char now[PRINT_BYTES];
	size_t size = stream->recent.len < PRINT_BYTES ? stream->recent.len : PRINT_BYTES;

	return !size || (file->read(file->self, stream->offset - size, size, now) &&
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

// It was read to its end before; there is more of it now, or the next file goes on with its last record.
static bool went_on(const struct stream *stream)
{
	return stream->generation.finished &&
	       (stream->offset > stream->generation.size || stream->joined.len);
}

bool stream_checkpoint(struct stream *stream, struct batch_checkpoint *checkpoint)
{
	uint64_t low = stream->ended ? stream->low_at_end : low_water(stream);
	uint64_t tail = low < PRINT_BYTES ? low : PRINT_BYTES;

	if (!stream->dirty)
		return false;
	if (low - tail < stream->recent_at) // cannot be: the bytes before low water are kept
		abort();
	*checkpoint = (struct batch_checkpoint){.generation = stream->generation.id,
						.reader = stream->reader,
						.low_water = low,
						.has_from = stream->done.set,
						.from_offset = stream->done.offset,
						.from_index = stream->done.index,
						.look = stream->generation.look,
						.has_mark = stream->reached.set,
						.mark_offset = stream->reached.offset,
						.mark_index = stream->reached.index,
						.print = stream->generation.print,
						.first_at = stream->first_at,
						.last_at = stream->last_at,
						.records = stream->records,
						.stanzas = stream->stanzas,
						.size = stream->size,
						.finished = stream->finished,
						.unheard = stream->unheard,
						.went_on = went_on(stream),
						.next = stream->next,
						.next_bytes = stream->joined.len};
	memcpy(checkpoint->ahead, stream->generation.ahead, sizeof(checkpoint->ahead));
	checkpoint->print.tail_len = (uint32_t)tail;
	print_digest(stream->recent.data + (low - tail - stream->recent_at), (size_t)tail,
		     checkpoint->print.tail);
	return true;
}

void stream_committed(struct stream *stream)
{
	stream->done = stream->reached;
	for (int lane = 1; lane < LANES; lane++) {
		struct lane_mark *ahead = &stream->generation.ahead[lane];
		ahead->set = ahead->set && (stream->reached.offset < ahead->offset ||
					    (stream->reached.offset == ahead->offset &&
					     stream->reached.index < ahead->index));
	}
	stream->records = stream->stanzas = 0;
	stream->generation.finished = stream->generation.finished && !went_on(stream);
	stream->dirty = false;
}
