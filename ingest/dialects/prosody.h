// SPDX-License-Identifier: Apache-2.0
// The parts of the Prosody dialect, for its own files and its tests only.
//
//   prosody_lines.c     what the sinks make of a line; detection
//   prosody_stamp.c     the time at the beginning of a line
//   prosody_sessions.c  c2s5587dc1ac450 -> anna@acme.test/phone
//   prosody.c           lines -> records
#ifndef INGEST_DIALECTS_PROSODY_H
#define INGEST_DIALECTS_PROSODY_H

#include "core/buf.h"
#include "ingest/dialect.h"

enum prosody_layout { PROSODY_FILE, PROSODY_CONSOLE, PROSODY_SYSLOG };
enum prosody_line { PROSODY_LINE, PROSODY_NOISE, PROSODY_LOST };

struct prosody_parts { // of a line
	struct text stamp, source, level, message;
	int64_t lost; // PROSODY_LOST: so many lines, as the logger says
};

// The parts point into the line or into scratch.
enum prosody_line prosody_split(enum prosody_layout layout, struct text line, struct buf *scratch,
				struct prosody_parts *parts);
// A line that continues a message.
struct text prosody_continued(enum prosody_layout layout, struct text line, struct buf *scratch);
int prosody_score(enum prosody_layout layout, struct text head, const char **why);

struct prosody_clock {
	const struct zone *zone;
	usec_t modified;    // of the file, USEC_NONE unknown
	int year;           // of the last stamp without year, 0 = none yet
	int month, day;     // of that stamp
	bool changed;       // the date moved since the last save
	bool begun;         // a stamp was read since the file was opened
	bool fine;          // the last stamp has parts of a second
	usec_t latest;      // last time that was read
	char last_text[40]; // the last stamp, and what it said; n = 0: none
	struct {
		size_t n;
		usec_t at;
		bool odd;
	} last;
};

enum prosody_stamp { STAMP_NONE, STAMP_READ, STAMP_UNKNOWN };

// text is what stands before the source, may be empty (timestamps = false).
enum prosody_stamp prosody_stamp(struct prosody_clock *clock, struct text text, usec_t *at,
				 bool *odd);

struct prosody_sessions; // opaque

struct prosody_sessions *prosody_sessions_new(const struct dialect_sink *sink);
void prosody_sessions_free(struct prosody_sessions *sessions);
void prosody_sessions_recall(struct prosody_sessions *sessions, struct text key, struct text value);
// A line that the server logged about a client's session.
void prosody_sessions_event(struct prosody_sessions *sessions, struct text source,
			    struct text message);
// A stanza's first tag on a client's session: it may tell whose it is.
void prosody_sessions_stanza(struct prosody_sessions *sessions, struct text source, bool received,
			     struct text tag);
// The bound full JID or absent. *asleep: XEP-0198 hibernation, nothing reaches the client.
struct text prosody_sessions_find(struct prosody_sessions *sessions, struct text source,
				  bool *asleep);

#endif
