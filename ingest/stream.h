// SPDX-License-Identifier: Apache-2.0
// One generation being read: bytes of a file -> dialect -> batcher, with the position that a restart
// continues from. One thread.
#ifndef INGEST_STREAM_H
#define INGEST_STREAM_H

#include "ingest/batcher.h"
#include "ingest/dialect.h"

struct stream;

struct stream_options {
	const char *path;   // for people; identity is proven by content
	const char *source; // name
	const struct dialect_type *dialect;
	const struct zone *zone;
	usec_t modified; // of the file, USEC_NONE unknown
	const struct realm_settings *rules;
	const struct line_format *format; // for "pattern"; may be NULL
	bool live;
	bool witness;  // F68: another source is the authority
	uint64_t skip; // of a new file: bytes that belong to the one before (F26)
	// Generations that other streams of this process are reading: never taken.
	struct stream *const *others;
	size_t other_count;
};

// read: gives the decoded bytes [offset, offset + size) and tells how many of them are there by now. What a file is, is
// proven by what it holds after the database has told what is known: another process may have read more of a file that
// grows than there was a moment ago (F84).
struct stream_file {
	void *self;
	size_t (*read)(void *self, uint64_t offset, size_t size, unsigned char *out);
	uint64_t size;         // a moment ago; UINT64_MAX for compressed files
	const int *read_errno; // of a read that failed, else 0: then it proves nothing; may be NULL
};

bool stream_open(struct batcher *batcher, const struct stream_options *options,
		 const struct stream_file *file, struct stream **stream, struct err *err);
void stream_close(struct stream *stream);

uint64_t stream_start(const struct stream *stream); // first byte that stream_bytes() must be given
bool stream_is_new(const struct stream *stream);
const struct dialect_type *stream_type(const struct stream *stream);
uint64_t stream_offset(const struct stream *stream); // bytes taken in
int32_t stream_generation(const struct stream *stream);
// There is more in the file than was read. The newest record's time so far, USEC_NONE.
bool stream_is_behind(const struct stream *stream);
usec_t stream_last_at(const struct stream *stream);
// Other lines come and no stanzas (F51); then stream_note_silence() begins a gap, once, which the next
// stanza ends.
bool stream_is_silent(const struct stream *stream, usec_t now, usec_t patience);
void stream_note_silence(struct stream *stream);

// Continues at stream_offset(). False: a feed could not be looked up (database).
bool stream_bytes(struct stream *stream, struct text data, struct err *err);
bool stream_end(struct stream *stream, bool final, struct err *err);
// What was read ends inside a record, as far as it is known.
bool stream_is_torn(const struct stream *stream);
// At the final end: bytes of the next file that end the last record of this one; 0: none. They are taken by
// stream_end(). soon: as of struct join.
size_t stream_join(struct stream *stream, struct text head, usec_t soon);
// More of that head may tell.
bool stream_join_is_early(const struct stream *stream, struct text head);
// Those bytes are of a generation that was read before.
void stream_joined(struct stream *stream, int32_t next);
bool stream_is_dirty(const struct stream *stream); // there is something to flush
// The next flush says that this source was looked at, also when nothing came (complete_until).
void stream_touch(struct stream *stream);
// Whether its end says that nothing is missing up to now: a feed whose sender is away, or still sends what
// it had kept, does not.
void stream_is_heard(struct stream *stream, bool heard);
void stream_saw_size(struct stream *stream, uint64_t size);
// The bytes before stream_offset() are those that were read (F8): else the file was truncated and has
// grown again.
bool stream_still_there(const struct stream *stream, const struct stream_file *file);
void stream_gap(struct stream *stream, const char *cause, uint64_t to_offset);

// For batcher_flush. False: nothing new to save.
bool stream_checkpoint(struct stream *stream, struct batch_checkpoint *checkpoint);
void stream_committed(struct stream *stream);

#endif
