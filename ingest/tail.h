// SPDX-License-Identifier: Apache-2.0
// One growing file: opened by path, read to its end again and again, followed through rename and
// truncation (FAULTS F1, F2, F8, F15, F23). Polling; identity is proven by content (stream.h).
#ifndef INGEST_TAIL_H
#define INGEST_TAIL_H

#include "core/app.h"
#include "ingest/stream.h"

struct tail;

struct tail *tail_new(struct app *app, const struct source_setting *setting, const char *path,
		      const struct realm_settings *rules);
void tail_free(struct tail *tail);
const char *tail_path(const struct tail *tail);
const struct source_setting *tail_setting(const struct tail *tail);
// The path of a tail that is not open leads to the file that another one reads (it was renamed to a name
// that the pattern matches, F43): that one hands it on as soon as it has nothing more to read. Or it is
// the copy of such a file, which waits until that one is truncated (F7).
bool tail_is_read_by(const struct tail *tail, struct tail *const *others, size_t count);
// It reads a file that was renamed or removed, and is not over yet.
bool tail_is_leaving(const struct tail *tail);
// A file is there that was not looked at yet and will be opened at the next read.
bool tail_is_waiting(struct tail *tail);
// A file is there that the next read would open.
bool tail_is_there(const struct tail *tail);
// For how long the file that is there was not opened, though it could be; asked for the first time: 0.
usec_t tail_waits(struct tail *tail);
// When the file that is read, or would be opened next, was last written; USEC_NONE: there is none. A
// hint for the order of files, no proof of anything.
usec_t tail_written_at(const struct tail *tail);
// The same, and from now on no other file is opened than the one that is there now.
usec_t tail_take_turn(struct tail *tail);
// Nothing is open, nothing is there, and nothing is remembered for what comes.
bool tail_is_nothing(const struct tail *tail);
// What keeps it from being read, in words; NULL: nothing does.
const char *tail_trouble(const struct tail *tail);
struct stream *tail_stream(const struct tail *tail); // NULL when the file is not open

// Reads at most "most" bytes. *more: there was something to read. A missing or unreadable file is
// logged once and tried again at the next call; false only for database errors.
bool tail_read(struct tail *tail, struct batcher *batcher, struct stream *const *others,
	       size_t other_count, size_t most, bool *more, struct err *err);
// A compressed file that was read to its end without damage.
bool tail_is_archive(const struct tail *tail);
// The open file will give nothing more: truncated, or its path led elsewhere and it was idle for the
// grace time (F2). Then tail_finish, flush, tail_rewind.
bool tail_is_over(struct tail *tail);
bool tail_finish(struct tail *tail, struct err *err);
// Forgets the stream (after a database error); the next read begins at the file's mark. A plain file is
// kept open meanwhile: it may have no name any more.
void tail_rewind(struct tail *tail);
void tail_release(struct tail *tail); // closes the file too
// The file must be opened anew, after a flush and tail_release().
bool tail_is_stale(const struct tail *tail);

// --- descriptors: fewer than files (F42) ---

bool tail_has_file(const struct tail *tail);
bool tail_is_followed(const struct tail *tail); // open, or parked
// Since when a file that may be parked gave nothing; USEC_NONE: it may not.
usec_t tail_idle_since(const struct tail *tail);
// Closes a file that is read and stored to its end, until it changes.
void tail_park(struct tail *tail);
int32_t tail_generation(const struct tail *tail); // of what is open or parked; 0: none
// Bytes of a deleted file that its descriptor keeps on the disk (F14).
uint64_t tail_held(const struct tail *tail);

#endif
