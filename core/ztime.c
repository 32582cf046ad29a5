// SPDX-License-Identifier: Apache-2.0
// Calendar, texts and clocks. Zones are in zone.c, their files in zone_file.c.
#include "core/ztime.h"

#include <time.h>

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b != 0 && (a % b < 0) != (b < 0));
}

static bool is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int month_days(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	return days[month - 1] + (month == 2 && is_leap(year));
}

// Days before the given month of a year that starts in March: then the leap day is the last day
// and 153 days are in every five months.
static int64_t days_to_month(int month)
{
	int from_march = (month + 9) % 12;
	return (153 * from_march + 2) / 5;
}

static int64_t days_of(int year, int month, int day)
{
	int64_t y = month > 2 ? year : (int64_t)year - 1;
	int64_t leap_days = floor_div(y, 4) - floor_div(y, 100) + floor_div(y, 400);
	const int64_t epoch = 719468; // 1970-01-01 counted from 0000-03-01
	return y * 365 + leap_days + days_to_month(month) + day - 1 - epoch;
}

bool civil_valid(const struct civil *civil)
{
	return civil->year >= 0 && civil->year <= 9999 && civil->month >= 1 && civil->month <= 12 &&
	       civil->day >= 1 && civil->day <= month_days(civil->year, civil->month) &&
	       civil->hour >= 0 && civil->hour <= 23 && civil->minute >= 0 && civil->minute <= 59 &&
	       civil->second >= 0 && civil->second <= 60 && civil->micros >= 0 &&
	       civil->micros <= 999999;
}

usec_t civil_to_utc(const struct civil *civil)
{
	int64_t days = days_of(civil->year, civil->month, civil->day);
	int64_t seconds = civil->hour * 3600 + civil->minute * 60 + civil->second;
	return (days * 86400 + seconds) * USEC_PER_SEC + civil->micros;
}

// The opposite of days_of.
static void set_date(struct civil *civil, int64_t days)
{
	int64_t since = days + 719468;            // since 0000-03-01
	int64_t cycle = floor_div(since, 146097); // 400 years
	int64_t in_cycle = since - cycle * 146097;
	// Take the leap days out: one after 4 years, none after 100, one after 400.
	int64_t y = (in_cycle - in_cycle / 1460 + in_cycle / 36524 - in_cycle / 146096) / 365;
	int64_t in_year = in_cycle - (y * 365 + y / 4 - y / 100);
	int from_march = (int)((5 * in_year + 2) / 153);
	civil->month = (from_march + 2) % 12 + 1;
	civil->day = (int)(in_year - (153 * from_march + 2) / 5) + 1;
	civil->year = (int)(cycle * 400 + y + (civil->month <= 2));
}

static void civil_from_utc(usec_t at, struct civil *civil)
{
	int64_t seconds = floor_div(at, USEC_PER_SEC);
	int64_t days = floor_div(seconds, 86400);
	int in_day = (int)(seconds - days * 86400);
	set_date(civil, days);
	civil->hour = in_day / 3600;
	civil->minute = in_day / 60 % 60;
	civil->second = in_day % 60;
	civil->micros = (int)((at % USEC_PER_SEC + USEC_PER_SEC) % USEC_PER_SEC);
}

void zone_to_civil(const struct zone *zone, usec_t at, struct civil *civil)
{
	usec_t local;
	if (__builtin_add_overflow(at, zone_offset(zone, at) * USEC_PER_SEC, &local))
		local = at; // some "for ever": its wall clock is of no interest
	civil_from_utc(local, civil);
}

// ---- texts

struct cursor {
	const char *p;
	const char *end;
};

static bool take_char(struct cursor *in, const char *any_of)
{
	if (in->p == in->end || !*in->p || !strchr(any_of, *in->p))
		return false;
	in->p++;
	return true;
}

static bool take_number(struct cursor *in, int digits, int *number)
{
	*number = 0;
	for (; digits > 0; digits--, in->p++) {
		if (in->p == in->end || *in->p < '0' || *in->p > '9')
			return false;
		*number = *number * 10 + (*in->p - '0');
	}
	return true;
}

// ".5" and ".123456789" alike: digits beyond microseconds are cut, none at all is an error.
static bool take_fraction(struct cursor *in, int *micros)
{
	int scale = 100000;
	*micros = 0;
	if (!take_char(in, "."))
		return true;
	const char *first = in->p;
	for (; in->p < in->end && *in->p >= '0' && *in->p <= '9'; in->p++, scale /= 10)
		*micros += (*in->p - '0') * scale;
	return in->p > first;
}

static bool take_clock(struct cursor *in, struct civil *civil)
{
	return take_number(in, 2, &civil->hour) && take_char(in, ":") &&
	       take_number(in, 2, &civil->minute) && take_char(in, ":") &&
	       take_number(in, 2, &civil->second);
}

static bool take_offset(struct cursor *in, int *seconds)
{
	int hours, minutes;
	*seconds = 0;
	if (take_char(in, "Z"))
		return true;
	bool west = in->p < in->end && *in->p == '-';
	if (!take_char(in, "+-") || !take_number(in, 2, &hours) || !take_char(in, ":") ||
	    !take_number(in, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*seconds = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
	return true;
}

static bool parse_rfc3339(struct cursor in, struct civil *civil, int *offset)
{
	return take_number(&in, 4, &civil->year) && take_char(&in, "-") &&
	       take_number(&in, 2, &civil->month) && take_char(&in, "-") &&
	       take_number(&in, 2, &civil->day) && take_char(&in, "T ") && take_clock(&in, civil) &&
	       take_fraction(&in, &civil->micros) && take_offset(&in, offset) && in.p == in.end;
}

static bool parse_xep0091(struct cursor in, struct civil *civil)
{
	return take_number(&in, 4, &civil->year) && take_number(&in, 2, &civil->month) &&
	       take_number(&in, 2, &civil->day) && take_char(&in, "T") && take_clock(&in, civil) &&
	       in.p == in.end;
}

bool usec_parse(struct text text, usec_t *at)
{
	if (!text.p)
		return false;
	struct cursor in = {text.p, text.p + text.n};
	struct civil civil = {0};
	int offset = 0;
	if (!parse_rfc3339(in, &civil, &offset)) {
		civil = (struct civil){0};
		offset = 0;
		if (!parse_xep0091(in, &civil))
			return false;
	}
	if (!civil_valid(&civil))
		return false;
	*at = civil_to_utc(&civil) - offset * USEC_PER_SEC;
	return true;
}

// Digits are put by hand: this runs for every row that is exported.
static char *put_number(char *out, int64_t number, int width)
{
	for (int i = width - 1; i >= 0; i--, number /= 10)
		out[i] = (char)('0' + number % 10);
	return out + width;
}

static char *put_year(char *out, int year)
{
	if (year < 0)
		*out++ = '-';
	int64_t size = year < 0 ? -(int64_t)year : year;
	return put_number(out, size, size > 99999 ? 6 : size > 9999 ? 5 : 4);
}

const char *usec_format(usec_t at, int digits, char out[USEC_TEXT])
{
	if (at == USEC_NONE) {
		memcpy(out, "none", sizeof "none");
		return out;
	}
	struct civil civil;
	civil_from_utc(at, &civil);
	const struct {
		char before;
		int number;
	} parts[] = {{'-', civil.month},
		     {'-', civil.day},
		     {'T', civil.hour},
		     {':', civil.minute},
		     {':', civil.second}};
	char *end = put_year(out, civil.year);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		*end++ = parts[i].before;
		end = put_number(end, parts[i].number, 2);
	}
	if (digits > 0) {
		*end++ = '.';
		put_number(end, civil.micros, 6);
		end += digits < 6 ? digits : 6; // cut, not rounded
	}
	*end++ = 'Z';
	*end = '\0';
	return out;
}

// ---- clocks

static usec_t read_clock(clockid_t id)
{
	struct timespec now;
	clock_gettime(id, &now);
	return now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

usec_t usec_now(void)
{
	return read_clock(CLOCK_REALTIME);
}

usec_t usec_monotonic(void)
{
	return read_clock(CLOCK_MONOTONIC);
}
