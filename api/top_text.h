// SPDX-License-Identifier: Apache-2.0
// Inside of receiptd top: text for a terminal. Names come from logs, so no character of them may be one that
// a terminal obeys (F199), and a column is as wide as it is drawn, not as many bytes.
#ifndef API_TOP_TEXT_H
#define API_TOP_TEXT_H

#include "core/buf.h"
#include "core/ztime.h"

// Puts as much of the text as fits into so many columns, the last one a sign that it was cut; returns the
// columns used. Controls, invisible and invalid bytes are shown as \x1b or \u{202e}; without utf8 all that
// is not ASCII is.
int top_cut(struct buf *out, struct text text, int columns, bool utf8);
// The same, but the end stays and the beginning goes: for paths.
int top_cut_front(struct buf *out, struct text text, int columns, bool utf8);

#define TOP_SHORT 24
// Exact when it fits into so many columns, else in thousands (rounded down): 86.4M. Below zero: "-".
const char *top_count(int64_t number, int columns, char out[TOP_SHORT]);
// "99.99", rounded down: only all of them are 100.00. Nothing to divide by: "-", never 0 or 100.
const char *top_percent(int64_t part, int64_t whole, char out[TOP_SHORT]);
const char *top_ms(int64_t ms, char out[TOP_SHORT]);    // at most 5 columns; below zero: "-"
const char *top_age(usec_t age, char out[TOP_SHORT]);   // at most 6 columns; USEC_NONE: "-"
const char *top_rate(double rate, char out[TOP_SHORT]); // a second; below zero: "-"
const char *top_clock(usec_t at, char out[USEC_TEXT]);  // "2026-03-02 10:00:00Z"; USEC_NONE: "-"

#endif
