// SPDX-License-Identifier: Apache-2.0
#include "ingest/dialects/pattern.h"

#include "ingest/ordinal.h"

#include <stdlib.h>
#include <time.h>

enum { STAMP_MOST = 64 };

// --- a line ---

static bool is_field(const char *at)
{
	return at[0] == '%' && at[1] && strchr("tdsx*", at[1]);
}

// The literal that begins here, without the doubled percents. Returns where the next field begins.
static const char *take_literal(const char *at, char *out, size_t size)
{
	size_t n = 0;
	while (*at && !is_field(at)) {
		if (at[0] == '%' && at[1] == '%')
			at++;
		if (n + 1 < size)
			out[n++] = *at;
		at++;
	}
	out[n] = 0;
	return at;
}

static struct text *field_of(struct pattern_parts *parts, char kind, struct text *ignored)
{
	switch (kind) {
	case 't':
		return &parts->time;
	case 'd':
		return &parts->direction;
	case 's':
		return &parts->session;
	case 'x':
		return &parts->stanza;
	default:
		return ignored;
	}
}

bool pattern_split(const char *pattern, struct text line, struct pattern_parts *parts)
{
	char literal[256];
	struct text ignored;
	*parts = (struct pattern_parts){0};
	const char *at = take_literal(pattern, literal, sizeof literal);
	size_t n = strlen(literal);
	if (line.n < n || memcmp(line.p, literal, n) != 0)
		return false;
	line = (struct text){line.p + n, line.n - n};
	while (*at) {
		struct text *field = field_of(parts, at[1], &ignored);
		at = take_literal(at + 2, literal, sizeof literal);
		n = strlen(literal);
		const char *end = n ? memmem(line.p, line.n, literal, n) : line.p + line.n;
		if (!end)
			return false;
		*field = (struct text){line.p, (size_t)(end - line.p)};
		line = (struct text){end + n, (size_t)(line.p + line.n - end) - n};
	}
	return true;
}

// --- its direction ---

enum direction pattern_direction(const struct line_format *format, struct text word)
{
	if (word.p && text_is(word, format->in ? format->in : "RECV"))
		return DIR_IN;
	if (word.p && text_is(word, format->out ? format->out : "SEND"))
		return DIR_OUT;
	return DIR_ROUTE;
}

// --- its time ---

// ".510547", ",510" or nothing; *step: that of its last digit.
static usec_t take_fraction(const char **at, usec_t *step)
{
	usec_t value = 0;
	*step = USEC_PER_SEC;
	if ((**at != '.' && **at != ',') || (*at)[1] < '0' || (*at)[1] > '9')
		return 0;
	for (++*at; **at >= '0' && **at <= '9'; ++*at) {
		*step /= 10;
		value += *step * (**at - '0');
	}
	*step = *step ? *step : 1;
	return value;
}

// "Z", "+01:00", "-0500"; false: there is none.
static bool take_offset(const char **at, int64_t *seconds)
{
	int hours, minutes;
	char sign;
	*seconds = 0;
	if (**at == 'Z')
		return ++*at;
	if (sscanf(*at, "%c%2d:%2d", &sign, &hours, &minutes) != 3 &&
	    sscanf(*at, "%c%2d%2d", &sign, &hours, &minutes) != 3)
		return false;
	if (sign != '+' && sign != '-')
		return false;
	*seconds = (sign == '-' ? -1 : 1) * (hours * INT64_C(3600) + minutes * INT64_C(60));
	*at += strlen(*at);
	return true;
}

static const char *read_seconds(const char *format, const char *text, struct civil *civil)
{
	static const char *const iso[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"};
	struct tm tm = {0};
	const char *end = format ? strptime(text, format, &tm) : NULL;
	for (size_t i = 0; !format && !end && i < sizeof iso / sizeof *iso; i++) {
		tm = (struct tm){0};
		end = strptime(text, iso[i], &tm);
	}
	if (end)
		*civil = (struct civil){.year = tm.tm_year + 1900,
					.month = tm.tm_mon + 1,
					.day = tm.tm_mday,
					.hour = tm.tm_hour,
					.minute = tm.tm_min,
					.second = tm.tm_sec};
	return end;
}

usec_t pattern_time(struct pattern_clock *clock, const char *format, struct text text, bool *odd)
{
	char copy[STAMP_MOST];
	struct civil civil;
	int64_t offset;
	if (!text.p || !text.n || text.n >= sizeof copy)
		return USEC_NONE;
	memcpy(copy, text.p, text.n);
	copy[text.n] = 0;
	const char *at = read_seconds(format, copy, &civil);
	if (!at || !civil_valid(&civil))
		return USEC_NONE;
	usec_t fraction = take_fraction(&at, &clock->step);
	while (*at == ' ')
		at++;
	usec_t not_before = clock->latest == USEC_NONE ? USEC_NONE : clock->latest - ORDINAL_SLACK;
	usec_t time = take_offset(&at, &offset) ? civil_to_utc(&civil) - offset * USEC_PER_SEC
						: zone_to_utc(clock->zone, &civil, not_before, odd);
	if (*at || time == USEC_NONE)
		return USEC_NONE;
	time += fraction;
	if (clock->latest == USEC_NONE || time > clock->latest)
		clock->latest = time;
	return time;
}
