// SPDX-License-Identifier: Apache-2.0
// The parts of the pattern dialect: a line taken apart, its time, its direction.
#ifndef INGEST_DIALECTS_PATTERN_H
#define INGEST_DIALECTS_PATTERN_H

#include "ingest/dialect.h"

struct pattern_parts { // absent: the pattern has no such field
	struct text time, direction, session, stanza;
};

// False: the line is not like that.
bool pattern_split(const char *pattern, struct text line, struct pattern_parts *parts);

struct pattern_clock {
	const struct zone *zone;
	usec_t latest; // greatest time that was read, USEC_NONE
	usec_t step;   // of the last one: by its digits after the second
};

// format: as strptime(3), a fraction of a second and an offset may follow; NULL: ISO 8601. USEC_NONE: not
// understood, or absent.
usec_t pattern_time(struct pattern_clock *clock, const char *format, struct text text, bool *odd);
// DIR_ROUTE when the word is neither.
enum direction pattern_direction(const struct line_format *format, struct text word);

#endif
