// SPDX-License-Identifier: Apache-2.0
// Lines out of a byte stream, exact to the byte whatever the read boundaries are (FAULTS F23, F24,
// F28-F30, F32, F33): a line ends with LF (a CR before it is dropped from the text), a byte order
// mark at offset 0 is skipped, runs of NUL bytes are holes and never part of a line.
#ifndef INGEST_LINES_H
#define INGEST_LINES_H

#include "core/buf.h"

enum line_kind {
	LINE_WHOLE, // ended by a newline
	LINE_CUT,   // ended by a hole or by the end of a file that will not grow
	LINE_LONG,  // longer than the limit: text is its head, length its true length
	LINE_REST,  // what follows LINE_PIECE bytes of such a line: no text
	LINE_HOLE,  // NUL bytes: no text
};

struct line {
	enum line_kind kind;
	struct text text; // valid during the call
	uint64_t offset;
	uint64_t length; // bytes of the stream, newline included
};

struct lines {
	void *self;
	void (*line)(void *self, const struct line *line);
	size_t limit; // of a line's text
	// Private from here.
	struct buf tail;  // the unfinished line (at most its head when too long)
	uint64_t start;   // its offset
	uint64_t length;  // its bytes so far
	bool hole;        // it is a hole, not a line
	bool rest;        // it is the rest of a line
	uint64_t resumed; // length of the hole that a restart is in
};

enum {
	LINE_HEAD = 4096,      // what is kept of a line that is too long
	LINE_PIECE = 32 << 20, // longest stretch that holds low water back
	HOLE_HELD = 1 << 20    // the same for holes, which are one whatever their length
};

void lines_init(struct lines *lines, size_t limit, void *self,
		void (*line)(void *self, const struct line *line));
void lines_free(struct lines *lines);
// The first call may start anywhere; later ones continue exactly where the last one ended.
void lines_feed(struct lines *lines, uint64_t offset, struct text data);
// The file will not grow: what is unfinished comes out as LINE_CUT, LINE_LONG or LINE_HOLE.
void lines_finish(struct lines *lines);
// Offset of the unfinished line (= end of the data when there is none); of a long hole the end.
uint64_t lines_low_water(const struct lines *lines);
// Bytes of an unfinished hole that lie before low water (0 = none), to be remembered; and how a
// restart at low water is told of them, before the first byte.
uint64_t lines_hole(const struct lines *lines);
void lines_resume_hole(struct lines *lines, uint64_t length);

#endif
