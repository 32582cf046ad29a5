// SPDX-License-Identifier: Apache-2.0
// Inside of receiptd top: what is shown, as lines of text and a style each. Knows no terminal.
#ifndef API_TOP_FRAME_H
#define API_TOP_FRAME_H

#include "api/top_look.h"

enum top_style { TOP_PLAIN, TOP_TITLE, TOP_HEAD, TOP_GOOD, TOP_WARN, TOP_BAD, TOP_DIM, TOP_STYLES };

enum { TOP_LINES = 1200 };

struct top_frame {
	struct buf text;
	struct top_line {
		size_t start, length;
		enum top_style style;
	} lines[TOP_LINES];
	size_t count;
	int columns; // set by the caller, like the next one
	bool utf8;
};

struct top_view {          // how it is looked at
	int columns, rows; // rows 0: as many as there are, and no keys
	bool utf8, paused, help;
	int scroll;           // lines of the tables that are passed over
	const char *trouble;  // why there is no newer look; NULL: nothing is wrong
	usec_t trouble_since; // the clock
	usec_t now;           // the clock
};

// look NULL: there was none yet. Everything in the frame may be sent to a terminal.
void top_frame_make(struct top_frame *frame, const struct top_view *view,
		    const struct top_look *look);
void top_frame_free(struct top_frame *frame);
struct text top_frame_line(const struct top_frame *frame, size_t i);

// --- shared by top_frame.c and top_tables.c ---

void line_end(struct top_frame *frame, enum top_style style);
void put_format(struct top_frame *frame, const char *format, ...)
	__attribute__((format(printf, 2, 3))); // nothing that comes from outside
void put_text_cut(struct top_frame *frame, struct text text, int columns); // anything
void put_left(struct top_frame *frame, struct text text, int columns);     // and blanks up to there
void put_path(struct top_frame *frame, struct text text, int columns);     // the same, its end
void put_right(struct top_frame *frame, const char *zstr, int columns);

bool top_is_airy(const struct top_view *view); // there is room for empty lines
// Has the screen so many columns? Paper has all.
bool top_has_room(const struct top_frame *frame, int least);
void top_put_space(struct top_frame *frame, const struct top_view *view);
void top_put_delivery(struct top_frame *frame, const struct top_look *look);
void top_put_tables(struct top_frame *frame, const struct top_view *view,
		    const struct top_look *look);

#endif
