// SPDX-License-Identifier: Apache-2.0
// The TZ string at the end of a TZif file, as "CET-1CEST,M3.5.0,M10.5.0/3": the rule for the future.
// It is unrolled into the list of changes once, so that looking up stays one binary search.
#include "core/zone_table.h"

enum rule_kind { RULE_MONTH, RULE_JULIAN, RULE_DAY };

struct rule {
	enum rule_kind kind;
	int month, week, weekday; // M: week 5 is the last one, weekday 0 is Sunday
	int day;                  // J: 1..365 without leap days; plain: 0..365
	int time;                 // seconds after midnight of the wall clock, may be negative
};

struct posix_zone {
	int standard, summer; // seconds east of UTC
	bool has_summer;
	struct rule start, end;
};

struct cursor {
	const char *p;
	const char *end;
};

static bool take_char(struct cursor *in, char c)
{
	if (in->p == in->end || *in->p != c)
		return false;
	in->p++;
	return true;
}

static bool take_number(struct cursor *in, int max, int *number)
{
	const char *first = in->p;
	*number = 0;
	while (in->p < in->end && *in->p >= '0' && *in->p <= '9' && *number <= max)
		*number = *number * 10 + (*in->p++ - '0');
	return in->p > first && *number <= max;
}

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool take_name(struct cursor *in)
{
	if (take_char(in, '<')) {
		while (in->p < in->end && *in->p != '>')
			in->p++;
		return take_char(in, '>');
	}
	const char *first = in->p;
	while (in->p < in->end && is_letter(*in->p))
		in->p++;
	return in->p - first >= 3;
}

// [+-]hh[:mm[:ss]]
static bool take_time(struct cursor *in, int *seconds)
{
	int hours, minutes = 0, rest = 0;
	bool negative = take_char(in, '-');
	if (!negative)
		take_char(in, '+');
	if (!take_number(in, 167, &hours))
		return false;
	if (take_char(in, ':') && !take_number(in, 59, &minutes))
		return false;
	if (take_char(in, ':') && !take_number(in, 59, &rest))
		return false;
	*seconds = (hours * 3600 + minutes * 60 + rest) * (negative ? -1 : 1);
	return true;
}

static bool take_day(struct cursor *in, struct rule *rule)
{
	if (take_char(in, 'M')) {
		rule->kind = RULE_MONTH;
		return take_number(in, 12, &rule->month) && rule->month >= 1 &&
		       take_char(in, '.') && take_number(in, 5, &rule->week) && rule->week >= 1 &&
		       take_char(in, '.') && take_number(in, 6, &rule->weekday);
	}
	rule->kind = take_char(in, 'J') ? RULE_JULIAN : RULE_DAY;
	return take_number(in, 365, &rule->day) && (rule->kind == RULE_DAY || rule->day >= 1);
}

static bool take_rule(struct cursor *in, struct rule *rule)
{
	rule->time = 2 * 3600; // POSIX: two o'clock when nothing is said
	return take_char(in, ',') && take_day(in, rule) &&
	       (!take_char(in, '/') || take_time(in, &rule->time));
}

// POSIX counts offsets westward; here everything counts eastward.
static bool parse(struct text footer, struct posix_zone *zone)
{
	struct cursor in = {footer.p, footer.p + footer.n};
	int west;
	if (!take_name(&in) || !take_time(&in, &west))
		return false;
	zone->standard = -west;
	zone->has_summer = in.p < in.end;
	if (!zone->has_summer)
		return true;
	if (!take_name(&in))
		return false;
	zone->summer = zone->standard + 3600;
	if (in.p < in.end && *in.p != ',') {
		if (!take_time(&in, &west))
			return false;
		zone->summer = -west;
	}
	return take_rule(&in, &zone->start) && take_rule(&in, &zone->end) && in.p == in.end;
}

static int64_t day_number(int year, int month, int day)
{
	struct civil date = {.year = year, .month = month, .day = day};
	return civil_to_utc(&date) / USEC_PER_DAY;
}

static int64_t month_rule_day(const struct rule *rule, int year)
{
	int64_t first = day_number(year, rule->month, 1);
	int64_t next = rule->month == 12 ? day_number(year + 1, 1, 1)
					 : day_number(year, rule->month + 1, 1);
	int64_t weekday = (first + 4) % 7; // 1970-01-01 was a Thursday
	int64_t day = first + (rule->weekday - weekday + 7) % 7 + (rule->week - 1) * 7;
	return day < next ? day : day - 7; // week 5 is the last one there is
}

// The wall clock reading, in seconds as if it were UTC, at which the rule takes effect.
static int64_t rule_local(const struct rule *rule, int year)
{
	int64_t first = day_number(year, 1, 1);
	int64_t day = first + rule->day;
	if (rule->kind == RULE_MONTH) {
		day = month_rule_day(rule, year);
	} else if (rule->kind == RULE_JULIAN) {
		bool leap = day_number(year + 1, 1, 1) - first == 366;
		day = first + rule->day - 1 + (leap && rule->day >= 60); // never 29 February
	}
	return day * 86400 + rule->time;
}

static void add_after(struct zone *zone, struct zone_change change, int64_t after)
{
	if (change.at > after)
		zone_table_add(zone, change.at, change.offset);
}

// Both changes of one year in the order in which they come (the south starts summer late).
static void add_year(struct zone *zone, const struct posix_zone *rules, int year, int64_t after)
{
	struct zone_change start = {rule_local(&rules->start, year) - rules->standard,
				    rules->summer};
	struct zone_change end = {rule_local(&rules->end, year) - rules->summer, rules->standard};
	bool north = start.at <= end.at;
	add_after(zone, north ? start : end, after);
	add_after(zone, north ? end : start, after);
}

static int year_of(int64_t seconds)
{
	struct zone_change always = {INT64_MIN, 0};
	struct zone utc = {.changes = &always, .count = 1, .fold = INT64_MAX};
	struct civil civil;
	zone_to_civil(&utc, seconds * USEC_PER_SEC, &civil);
	return civil.year;
}

bool zone_footer_apply(struct zone *zone, struct text footer)
{
	struct posix_zone rules = {0};
	if (!parse(footer, &rules))
		return false;
	int64_t last = zone->changes[zone->count - 1].at;
	if (!rules.has_summer)
		return true; // RFC 8536 3.3: the last transition has led there already
	if (last > day_number(9999, 1, 1) * 86400)
		return false;
	int first_year = last == INT64_MIN ? 1970 : year_of(last);
	// 402 years: a whole cycle from the first full year, and one more year for what looks ahead.
	for (int year = first_year; year <= first_year + 402; year++)
		add_year(zone, &rules, year, last);
	zone->fold = day_number(first_year + 401, 1, 1) * 86400;
	return true;
}
