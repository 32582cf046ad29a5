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
// that the pattern matches, F43): that one hands it on as soon as it has nothing more to read.
bool tail_is_same_file(const struct tail *tail, struct tail *open_one);
// It reads a file that was renamed or removed, and is not over yet.
bool tail_is_leaving(const struct tail *tail);
// A file is there that was not looked at yet and will be opened at the next read.
bool tail_is_waiting(struct tail *tail);
// A file is there that the next read would open.
bool tail_is_there(const struct tail *tail);
// When the file that is read, or would be opened next, was last written; USEC_NONE: there is none. A
// hint for the order of files, no proof of anything.
usec_t tail_written_at(const struct tail *tail);
// What keeps it from being read, in words; NULL: nothing does.
const char *tail_trouble(const struct tail *tail);
struct stream *tail_stream(const struct tail *tail); // NULL when the file is not open

// Reads at most "most" bytes. *more: there was something to read. A missing or unreadable file is
// logged once and tried again at the next call; false only for database errors.
bool tail_read(struct tail *tail, struct batcher *batcher, struct stream *const *others,
	       size_t other_count, size_t most, bool *more, struct err *err);
// The open file will give nothing more: truncated, or its path led elsewhere and it was idle for the
// grace time (F2). Then tail_finish, flush, tail_rewind.
bool tail_is_over(struct tail *tail);
bool tail_finish(struct tail *tail, struct err *err);
// Forgets the stream (after a database error); the next read opens the file at its mark.
void tail_rewind(struct tail *tail);

#endif
