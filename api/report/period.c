// SPDX-License-Identifier: Apache-2.0
#include "api/report/period.h"

#include <stdio.h>

const char *const period_words[] = {"day", "week", "month", NULL};

enum { NOON = 12 };

static usec_t civil_day(int year, int month, int day)
{
	const struct civil civil = {.year = year, .month = month, .day = day};
	return civil_valid(&civil) ? civil_to_utc(&civil) : USEC_NONE;
}

static struct civil civil_of(usec_t day)
{
	struct civil civil;
	struct zone *utc = zone_open("UTC", NULL);
	zone_to_civil(utc, day, &civil);
	zone_free(utc);
	return civil;
}

static bool digits(struct text text, size_t at, size_t n, int *value)
{
	*value = 0;
	for (size_t i = at; i < at + n; i++) {
		if (i >= text.n || text.p[i] < '0' || text.p[i] > '9')
			return false;
		*value = *value * 10 + (text.p[i] - '0');
	}
	return true;
}

bool period_parse_day(struct text text, usec_t *day)
{
	int year, month, number;
	if (text.n != 10 || text.p[4] != '-' || text.p[7] != '-' || !digits(text, 0, 4, &year) ||
	    !digits(text, 5, 2, &month) || !digits(text, 8, 2, &number))
		return false;
	*day = civil_day(year, month, number);
	return *day != USEC_NONE && year > 0;
}

// ---- weeks: ISO 8601, Monday first; the week belongs to the year that has its Thursday

static int weekday(usec_t day) // Monday = 0; 1970-01-01 was a Thursday
{
	int64_t n = day / USEC_PER_DAY + 3;
	return (int)((n % 7 + 7) % 7);
}

static usec_t monday_of(usec_t day)
{
	return day - weekday(day) * USEC_PER_DAY;
}

static usec_t first_monday(int year)
{
	return monday_of(civil_day(year, 1, 4));
}

static bool parse_week(struct text text, usec_t *day)
{
	int year, week;
	if (text.n != 8 || text.p[4] != '-' || text.p[5] != 'W' || !digits(text, 0, 4, &year) ||
	    !digits(text, 6, 2, &week) || week < 1 || year < 1)
		return false;
	*day = first_monday(year) + (week - 1) * 7 * USEC_PER_DAY;
	return *day < first_monday(year + 1);
}

static bool parse_month(struct text text, usec_t *day)
{
	int year, month;
	if (text.n != 7 || text.p[4] != '-' || !digits(text, 0, 4, &year) ||
	    !digits(text, 5, 2, &month) || year < 1)
		return false;
	*day = civil_day(year, month, 1);
	return *day != USEC_NONE;
}

bool period_parse_name(struct text text, enum period_kind *kind, usec_t *day)
{
	if (period_parse_day(text, day))
		*kind = PERIOD_DAY;
	else if (parse_week(text, day))
		*kind = PERIOD_WEEK;
	else if (parse_month(text, day))
		*kind = PERIOD_MONTH;
	else
		return false;
	return true;
}

const char *period_name(const struct period *period, char out[PERIOD_NAME])
{
	struct civil civil = civil_of(period->day);
	if (period->kind == PERIOD_WEEK) {
		int year = civil_of(period->day + 3 * USEC_PER_DAY).year;
		int week = (int)((period->day - first_monday(year)) / (7 * USEC_PER_DAY)) + 1;
		snprintf(out, PERIOD_NAME, "%04d-W%02d", year, week);
	} else if (period->kind == PERIOD_MONTH) {
		snprintf(out, PERIOD_NAME, "%04d-%02d", civil.year, civil.month);
	} else {
		snprintf(out, PERIOD_NAME, "%04d-%02d-%02d", civil.year, civil.month, civil.day);
	}
	return out;
}

// ---- bounds (F167)

usec_t period_civil_day(const struct zone *zone, usec_t at)
{
	struct civil civil;
	zone_to_civil(zone, at, &civil);
	return civil_day(civil.year, civil.month, civil.day);
}

// Its noon exists whatever clocks do at midnight.
usec_t period_day_start(const struct zone *zone, usec_t day)
{
	struct civil noon = civil_of(day);
	noon.hour = NOON;
	return zone_day_start(zone, zone_to_utc(zone, &noon, USEC_NONE, NULL));
}

static usec_t months_later(usec_t day, int n)
{
	struct civil civil = civil_of(day);
	int months = civil.year * 12 + civil.month - 1 + n;
	return civil_day(months / 12, months % 12 + 1, 1);
}

static usec_t stepped(enum period_kind kind, usec_t day, int n)
{
	if (kind == PERIOD_MONTH)
		return months_later(day, n);
	return day + (kind == PERIOD_WEEK ? 7 : 1) * n * USEC_PER_DAY;
}

struct period period_of(enum period_kind kind, usec_t day, const struct zone *zone)
{
	struct period period = {.kind = kind, .day = day};
	if (kind == PERIOD_WEEK)
		period.day = monday_of(day);
	if (kind == PERIOD_MONTH)
		period.day = months_later(day, 0);
	period.since = period_day_start(zone, period.day);
	period.until = period_day_start(zone, stepped(kind, period.day, 1));
	return period;
}

struct period period_step(const struct period *period, int n, const struct zone *zone)
{
	return period_of(period->kind, stepped(period->kind, period->day, n), zone);
}
