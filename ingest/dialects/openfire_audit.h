// SPDX-License-Identifier: Apache-2.0
// The parts of the Openfire audit dialect, for its own files and its tests only.
//
//   openfire_frame.c     bytes -> packets, damage and holes
//   openfire_stamp.c     "Nov 22, 2026 10:37:59:519 AM" and older forms -> a wall clock reading
//   openfire_streams.c   the table of streams
//   openfire_sightings.c which copy of a message is this
//   openfire_sessions.c  which stream is whose: direction of an entry
//   openfire_audit.c     puts them together behind struct dialect_type
#ifndef INGEST_DIALECTS_OPENFIRE_AUDIT_H
#define INGEST_DIALECTS_OPENFIRE_AUDIT_H

#include "core/buf.h"
#include "ingest/dialect.h"
#include "ingest/markup.h"

#define AUDIT_NS "xmlns=\"http://www.jivesoftware.org\""
#define AUDIT_HEADER "<jive " AUDIT_NS ">"
#define AUDIT_FOOTER "</jive>"
#define AUDIT_PACKET "<packet " AUDIT_NS

enum {
	AUDIT_PACKET_LIMIT = 8 << 20, // above what a server accepts (1 MiB), escaped
	AUDIT_STANZA_LIMIT = 1 << 20, // what a server accepts
	AUDIT_HEAD = 64 << 10,        // bytes kept of what cannot be read
	AUDIT_PIECE = 16 << 20,       // longest stretch named by one quarantine record
	AUDIT_HOLE_HELD = 1 << 20     // longest hole that holds low water back
};

struct audit_frame {
	void *self;
	void (*packet)(void *self, uint64_t offset, struct text packet);
	// reason NULL: a hole of NUL bytes; else unreadable bytes of which head is the beginning.
	void (*lost)(void *self, uint64_t offset, uint64_t length, struct text head,
		     const char *reason);
	// Private from here.
	enum { AUDIT_BETWEEN, AUDIT_IN_PACKET, AUDIT_IN_DAMAGE, AUDIT_IN_HOLE } state;
	struct buf buf;
	uint64_t base;             // offset of buf.data[0]
	size_t at;                 // what is before was dealt with
	size_t nul;                // index of the first NUL at or after at, buf.len if none
	struct markup markup;      // of the packet that begins at at
	size_t header, header_end; // last <jive> start tag inside that packet
	struct buf head;           // of damage
	uint64_t length;           // of damage or hole so far
	const char *reason;
};

void audit_frame_free(struct audit_frame *frame);
void audit_frame_feed(struct audit_frame *frame, uint64_t offset, struct text data);
void audit_frame_finish(struct audit_frame *frame); // the file will not grow
uint64_t audit_frame_low_water(const struct audit_frame *frame);
// As lines_hole() and lines_resume_hole() of ingest/lines.h.
uint64_t audit_frame_hole(const struct audit_frame *frame);
void audit_frame_resume_hole(struct audit_frame *frame, uint64_t length);

struct audit_time {
	struct civil civil;
	usec_t step;     // of the clock
	bool has_offset; // the stamp names its zone, seconds east of UTC
	int offset;
};

// False: no known form, or no such day.
bool audit_stamp(struct text stamp, struct audit_time *time);

enum audit_copy {
	AUDIT_COPY_UNKNOWN,
	AUDIT_COPY_FIRST, // of a message: nothing like it was written in the second before
	AUDIT_COPY_AGAIN, // the first one is on another stream, or on none
};

// What the direction of an entry depends on. Texts are decoded; absent = no such attribute.
struct audit_entry {
	enum { AUDIT_MESSAGE, AUDIT_IQ, AUDIT_PRESENCE, AUDIT_OTHER } kind;
	struct text stream, status;
	struct text from, to, type;
	struct text bound;      // <jid> of a bind result
	struct text delay_from; // of a delay that is a direct child of the stanza
	usec_t at;
	uint64_t hash; // of the stanza's bytes
	uint64_t offset;
	enum audit_copy copy; // audit_streams_learn() tells
};

struct audit_streams; // opaque

struct audit_streams *audit_streams_new(const struct dialect_sink *sink,
					const struct string_list *hosts);
void audit_streams_free(struct audit_streams *streams);
void audit_streams_recall(struct audit_streams *streams, struct text key, struct text value);
// Every entry in the order of the file.
void audit_streams_learn(struct audit_streams *streams, struct audit_entry *entry);
// What a restart at low needs beside the streams, when it changed.
void audit_streams_save(struct audit_streams *streams, uint64_t low);
// False: not known yet, more entries may tell. last: there is no more time, say route rather than
// guess. *session is valid until the next call to learn.
bool audit_streams_judge(struct audit_streams *streams, const struct audit_entry *entry, bool last,
			 enum direction *dir, struct text *session);

#endif
