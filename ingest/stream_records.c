// SPDX-License-Identifier: Apache-2.0
// What a dialect gives goes on to the batcher: stanzas, gaps, quarantine, facts.
#include "ingest/stream_internal.h"

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

void stream_put_silence(struct stream *stream, uint64_t to_offset, usec_t to_at)
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
		stream_put_silence(stream, offset, at);
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

void stream_put_gap(struct stream *stream, struct batch_gap *gap)
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
		stream_put_gap(stream, &gap);
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

uint64_t stream_low_water(const struct stream *stream)
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

struct dialect_sink stream_sink(struct stream *stream)
{
	return (struct dialect_sink){stream, on_record, on_remember, on_ignored};
}
