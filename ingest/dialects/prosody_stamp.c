// SPDX-License-Identifier: Apache-2.0
// Prosody writes whatever strftime pattern it was given. Read are its default, "%b %d %H:%M:%S"
// (no year, no zone), and the ISO forms "%Y-%m-%dT%H:%M:%S", "T" or blank, with or without "%z"; a
// syslog's have parts of a second too.
#include "ingest/dialects/prosody.h"
#include "ingest/ordinal.h"

// Digits at *at; -1 unless there are exactly n.
static int take(struct text text, size_t *at, size_t n)
{
	int value = 0;
	for (size_t i = 0; i < n; i++) {
		if (*at + i >= text.n || text.p[*at + i] < '0' || text.p[*at + i] > '9')
			return -1;
		value = value * 10 + (text.p[*at + i] - '0');
	}
	*at += n;
	return value;
}

static bool skip(struct text text, size_t *at, const char *any_of)
{
	if (*at >= text.n || !strchr(any_of, text.p[*at]))
		return false;
	++*at;
	return true;
}

static bool take_clock(struct text text, size_t *at, struct civil *c)
{
	c->hour = take(text, at, 2);
	if (c->hour < 0 || !skip(text, at, ":"))
		return false;
	c->minute = take(text, at, 2);
	if (c->minute < 0 || !skip(text, at, ":"))
		return false;
	c->second = take(text, at, 2);
	return c->second >= 0;
}

static bool take_date(struct text text, size_t *at, struct civil *c)
{
	c->year = take(text, at, 4);
	if (c->year < 0 || !skip(text, at, "-"))
		return false;
	c->month = take(text, at, 2);
	if (c->month < 0 || !skip(text, at, "-"))
		return false;
	c->day = take(text, at, 2);
	return c->day >= 0 && skip(text, at, "T ");
}

// "Z", "+0000", "+00:00" or nothing at the end. *has = there is one.
static bool take_offset(struct text text, size_t *at, bool *has, int64_t *seconds)
{
	*has = *at < text.n;
	*seconds = 0;
	if (!*has || (text.p[*at] == 'Z' && *at + 1 == text.n))
		return true;
	bool west = text.p[*at] == '-';
	if (!skip(text, at, "+-"))
		return false;
	int hours = take(text, at, 2);
	(void)skip(text, at, ":");
	int minutes = take(text, at, 2);
	if (hours < 0 || minutes < 0 || *at != text.n)
		return false;
	*seconds = (west ? -1 : 1) * (hours * INT64_C(3600) + minutes * INT64_C(60));
	return true;
}

// ".510547" or nothing.
static usec_t take_fraction(struct text text, size_t *at)
{
	usec_t value = 0, unit = USEC_PER_SEC;
	if (!skip(text, at, ".,"))
		return 0;
	for (; *at < text.n && text.p[*at] >= '0' && text.p[*at] <= '9'; ++*at) {
		unit /= 10;
		value += unit * (text.p[*at] - '0');
	}
	return value;
}

struct iso {
	struct civil civil;
	usec_t fraction;
	bool has_offset;
	int64_t offset; // seconds
};

static bool read_iso(struct text text, struct iso *iso)
{
	size_t at = 0;
	*iso = (struct iso){0};
	if (!take_date(text, &at, &iso->civil) || !take_clock(text, &at, &iso->civil))
		return false;
	iso->fraction = take_fraction(text, &at);
	return take_offset(text, &at, &iso->has_offset, &iso->offset);
}

static bool read_default(struct text text, struct civil *c)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	size_t at = 4;
	if (text.n < 15 || text.p[3] != ' ')
		return false;
	for (int i = 0; i < 12; i++)
		if (memcmp(text.p, months + (size_t)i * 3, 3) == 0)
			c->month = i + 1;
	if (text.p[at] == ' ') { // %e
		at++;
		c->day = take(text, &at, 1);
	} else {
		c->day = take(text, &at, 2);
	}
	return c->month && c->day > 0 && skip(text, &at, " ") && take_clock(text, &at, c) &&
	       at == text.n;
}

// No line of a file is younger than the file (a day for zones): the newest year that allows it.
static int first_year(const struct prosody_clock *clock, const struct civil *c)
{
	usec_t limit = (clock->modified == USEC_NONE ? usec_now() : clock->modified) + USEC_PER_DAY;
	struct civil last;
	zone_to_civil(clock->zone, limit, &last);
	bool later = c->month > last.month || (c->month == last.month && c->day > last.day);
	return later ? last.year - 1 : last.year;
}

// New Year is where the date goes back; one day back is a clock that was set.
static void give_year(struct prosody_clock *clock, struct civil *c)
{
	int now = c->month * 31 + c->day, before = clock->month * 31 + clock->day;
	int year = clock->year;
	if (!year)
		year = first_year(clock, c);
	else if (!clock->month)
		year = clock->year; // the setting: year of the first line
	else if (now < before - 1)
		year++;
	else if (now - before > 365) // 31 December behind 1 January: a step back
		c->year = --year;
	// The year that is remembered may be of a younger file of this log: no line that was there
	// when the file was opened is younger than the file.
	if (!clock->begun && clock->month && year > first_year(clock, c))
		clock->year = year = first_year(clock, c);
	clock->begun = true;
	c->year = year;
	if (year < clock->year && clock->month)
		return;
	clock->changed = clock->changed || clock->year != year || clock->month != c->month ||
			 clock->day != c->day;
	clock->year = year;
	clock->month = c->month;
	clock->day = c->day;
}

// Most lines bear the stamp of the line before, and it says the same again: nothing has gone on since.
static bool is_the_last(const struct prosody_clock *clock, struct text text)
{
	return text.n == clock->last.n && memcmp(text.p, clock->last_text, text.n) == 0;
}

static void keep_last(struct prosody_clock *clock, struct text text, usec_t at, bool odd)
{
	bool fits = text.n <= sizeof clock->last_text;
	clock->last.n = fits ? text.n : 0;
	clock->last.at = at;
	clock->last.odd = odd;
	if (fits)
		memcpy(clock->last_text, text.p, text.n);
}

static enum prosody_stamp read_stamp(struct prosody_clock *clock, struct text text, usec_t *at,
				     bool *odd)
{
	struct iso iso;
	bool is_iso = read_iso(text, &iso);
	clock->fine = is_iso && memchr(text.p, '.', text.n);
	if (!is_iso) {
		iso = (struct iso){0};
		if (!read_default(text, &iso.civil))
			return STAMP_UNKNOWN;
		give_year(clock, &iso.civil);
	}
	if (!civil_valid(&iso.civil))
		return STAMP_UNKNOWN;
	usec_t not_before = clock->latest == USEC_NONE ? USEC_NONE : clock->latest - ORDINAL_SLACK;
	*at = iso.has_offset ? civil_to_utc(&iso.civil) - iso.offset * USEC_PER_SEC
			     : zone_to_utc(clock->zone, &iso.civil, not_before, odd);
	*at += iso.fraction;
	if (clock->latest == USEC_NONE || *at > clock->latest)
		clock->latest = *at;
	return STAMP_READ;
}

enum prosody_stamp prosody_stamp(struct prosody_clock *clock, struct text text, usec_t *at,
				 bool *odd)
{
	*odd = false;
	*at = USEC_NONE;
	if (!text.n)
		return STAMP_NONE;
	if (is_the_last(clock, text)) {
		*at = clock->last.at;
		*odd = clock->last.odd;
		return STAMP_READ;
	}
	clock->last.n = 0;
	enum prosody_stamp read = read_stamp(clock, text, at, odd);
	if (read == STAMP_READ)
		keep_last(clock, text, *at, *odd);
	return read;
}
