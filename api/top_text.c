// SPDX-License-Identifier: Apache-2.0
#include "api/top_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <unictype.h>
#include <unistr.h>
#include <uniwidth.h>

// --- one character ---

enum { MARKS_MAX = 3, PIECE = 16 }; // accents on one letter; bytes of an escape

struct piece { // a character as it is shown
	char bytes[PIECE];
	int length, columns;
};

static void escape(struct piece *piece, const char *format, unsigned number)
{
	piece->length = snprintf(piece->bytes, sizeof piece->bytes, format, number);
	piece->columns = piece->length;
}

// Those that a terminal may obey (also the eight-bit ones: U+009B starts a sequence), that reorder what
// stands beside them, or that nobody sees.
static bool is_visible(ucs4_t c)
{
	return !uc_is_general_category(c, UC_CATEGORY_C) &&
	       !uc_is_general_category(c, UC_CATEGORY_Zl) &&
	       !uc_is_general_category(c, UC_CATEGORY_Zp);
}

// *marks: how many accents the letter before has; none may stand alone, it would hit the next cell.
static void show(struct piece *piece, ucs4_t c, const char *bytes, int length, int *marks)
{
	int columns = uc_width(c, "UTF-8");
	bool mark = columns == 0;
	*marks = mark ? *marks + 1 : 0;
	if (columns < 0 || !is_visible(c) || *marks > MARKS_MAX) {
		escape(piece, "\\u{%x}", c);
		return;
	}
	memcpy(piece->bytes, bytes, (size_t)length);
	piece->length = length;
	piece->columns = columns;
}

// Takes one character off the text.
static struct piece next_piece(struct text *text, bool utf8, int *marks)
{
	struct piece piece = {.length = 0};
	unsigned char first = (unsigned char)*text->p;
	ucs4_t c = first;
	int length = first < 0x80 ? 1 : u8_mbtoucr(&c, (const uint8_t *)text->p, text->n);
	if (length < 1 || first < 0x20 || first == 0x7f) {
		length = 1;
		escape(&piece, "\\x%02x", first);
	} else if (!utf8 && first >= 0x80) {
		escape(&piece, "\\u{%x}", c);
	} else {
		show(&piece, c, text->p, length, marks);
	}
	text->p += length;
	text->n -= (size_t)length;
	return piece;
}

// --- many ---

int top_cut(struct buf *out, struct text text, int columns, bool utf8)
{
	int used = 0, kept = 0, marks = MARKS_MAX;
	size_t keep = out->len; // up to there it fits together with the sign
	while (text.n > 0) {
		struct piece piece = next_piece(&text, utf8, &marks);
		if (used + piece.columns > columns) {
			buf_reserve(out, 4);
			out->len = keep;
			if (columns > 0)
				buf_zstr(out, utf8 ? "\u2026" : "~");
			return columns > 0 ? kept + 1 : 0;
		}
		buf_add(out, piece.bytes, (size_t)piece.length);
		used += piece.columns;
		if (used < columns) {
			keep = out->len;
			kept = used;
		}
	}
	return used;
}

static bool fits(struct text text, int columns, bool utf8)
{
	int used = 0, marks = MARKS_MAX;
	while (text.n > 0 && used <= columns)
		used += next_piece(&text, utf8, &marks).columns;
	return used <= columns;
}

int top_cut_front(struct buf *out, struct text text, int columns, bool utf8)
{
	if (columns < 1 || fits(text, columns, utf8))
		return top_cut(out, text, columns, utf8);
	int marks = MARKS_MAX;
	while (text.n > 0 && !fits(text, columns - 1, utf8))
		next_piece(&text, utf8, &marks);
	buf_zstr(out, utf8 ? "\u2026" : "~");
	return 1 + top_cut(out, text, columns - 1, utf8);
}

// --- numbers and times ---

static const char *none(char out[TOP_SHORT])
{
	return memcpy(out, "-", 2);
}

const char *top_count(int64_t number, int columns, char out[TOP_SHORT])
{
	static const char units[] = "kMGTPE";
	if (number < 0)
		return none(out);
	int length = snprintf(out, TOP_SHORT, "%" PRId64, number);
	int64_t tenths = number; // of the unit, after one division too many
	for (size_t i = 0; length > columns && units[i]; i++) {
		tenths = i == 0 ? number / 100 : tenths / 1000;
		length = snprintf(out, TOP_SHORT, "%" PRId64 ".%" PRId64 "%c", tenths / 10,
				  tenths % 10, units[i]);
	}
	return out;
}

const char *top_percent(int64_t part, int64_t whole, char out[TOP_SHORT])
{
	if (whole <= 0 || part < 0)
		return none(out);
	for (; whole > INT64_MAX / 10000; whole /= 2)
		part /= 2;
	int64_t share = part * 10000 / whole;
	snprintf(out, TOP_SHORT, "%" PRId64 ".%02" PRId64, share / 100, share % 100);
	return out;
}

const char *top_ms(int64_t ms, char out[TOP_SHORT])
{
	static const struct {
		int64_t below, tenth;
		char unit;
	} units[] = {{100000, 100, 's'}, {6000000, 6000, 'm'}, {INT64_MAX, 360000, 'h'}};
	if (ms < 0)
		return none(out);
	size_t i = 0;
	while (ms >= units[i].below)
		i++;
	int64_t tenths = ms / units[i].tenth;
	if (ms < 1000)
		snprintf(out, TOP_SHORT, "%" PRId64 "ms", ms);
	else if (tenths < 1000)
		snprintf(out, TOP_SHORT, "%" PRId64 ".%" PRId64 "%c", tenths / 10, tenths % 10,
			 units[i].unit);
	else
		snprintf(out, TOP_SHORT, "%" PRId64 "d", tenths / 240);
	return out;
}

const char *top_age(usec_t age, char out[TOP_SHORT])
{
	if (age == USEC_NONE)
		return none(out);
	int64_t s = age > 0 ? age / USEC_PER_SEC : 0; // clocks of two machines may differ
	if (s < 60)
		snprintf(out, TOP_SHORT, "%" PRId64 "s", s);
	else if (s < 3600)
		snprintf(out, TOP_SHORT, "%" PRId64 "m%02" PRId64 "s", s / 60, s % 60);
	else if (s < 86400)
		snprintf(out, TOP_SHORT, "%" PRId64 "h%02" PRId64 "m", s / 3600, s / 60 % 60);
	else if (s < 86400 * 100)
		snprintf(out, TOP_SHORT, "%" PRId64 "d%02" PRId64 "h", s / 86400, s / 3600 % 24);
	else
		snprintf(out, TOP_SHORT, "%" PRId64 "d", s / 86400);
	return out;
}

const char *top_rate(double rate, char out[TOP_SHORT])
{
	if (!(rate >= 0) || rate > 1e12)
		return none(out);
	snprintf(out, TOP_SHORT, "%.*f", rate < 100 ? 1 : 0, rate);
	return out;
}

const char *top_clock(usec_t at, char out[USEC_TEXT])
{
	if (at == USEC_NONE)
		return memcpy(out, "-", 2);
	usec_format(at, 0, out);
	char *between = strchr(out, 'T');
	if (between)
		*between = ' ';
	return out;
}
