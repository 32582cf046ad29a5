// SPDX-License-Identifier: Apache-2.0
// How far a stream is, and what a checkpoint says of it.
#include "ingest/stream_internal.h"

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
	stream_put_silence(stream, stream->offset, USEC_NONE);
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
	stream->seen_at = usec_now();
}

bool stream_checkpoint(struct stream *stream, struct batch_checkpoint *checkpoint)
{
	uint64_t low = stream->ended ? stream->low_at_end : stream_low_water(stream);
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
						.offset = stream->offset,
						.size = stream->size,
						.seen_at = stream->seen_at,
						.finished = stream->finished,
						.unheard = stream->unheard,
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
	if (stream->ended)
		stream->joined.len = 0; // it went on once: what is set aside now stays
	stream->dirty = false;
}
