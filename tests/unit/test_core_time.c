// SPDX-License-Identifier: Apache-2.0
// Time: texts, zones, the odd hours of the year (PAIRING T6, F167).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "core/arena.h"
#include "core/ztime.h"

static usec_t utc(const char *text)
{
	usec_t at;
	if (!usec_parse(text_of(text), &at))
		fail_msg("not a time: %s", text);
	return at;
}

static const char *shown(usec_t at)
{
	static char text[USEC_TEXT];
	return usec_format(at, 6, text);
}

// "2026-10-25T02:30:00" as wall clock
static struct civil wall(const char *text)
{
	struct civil civil = {0};
	int n = sscanf(text, "%d-%d-%dT%d:%d:%d", &civil.year, &civil.month, &civil.day,
		       &civil.hour, &civil.minute, &civil.second);
	assert_int_equal(n, 6);
	return civil;
}

static void parse_accepts(void **state)
{
	(void)state;
	static const struct {
		const char *text, *same;
	} rows[] = {
		{"1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z"},
		{"2026-03-02T10:00:00Z", "2026-03-02T10:00:00.000000Z"},
		{"2026-03-02 10:00:00Z", "2026-03-02T10:00:00.000000Z"},
		{"2026-03-02T10:00:00.5Z", "2026-03-02T10:00:00.500000Z"},
		{"2026-03-02T10:00:00.123456789Z", "2026-03-02T10:00:00.123456Z"},
		{"2026-03-02T10:00:00+05:45", "2026-03-02T04:15:00.000000Z"},
		{"2026-03-02T10:00:00-03:30", "2026-03-02T13:30:00.000000Z"},
		{"2026-12-31T23:59:60Z", "2027-01-01T00:00:00.000000Z"},
		{"2024-02-29T12:00:00Z", "2024-02-29T12:00:00.000000Z"},
		{"1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"},
		{"0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000000Z"},
		{"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"},
		{"20020910T23:41:07", "2002-09-10T23:41:07.000000Z"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_string_equal(shown(utc(rows[i].text)), rows[i].same);
}

static void parse_refuses(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"",
		"2026",
		"2026-03-02",
		"2026-03-02T10:00:00",
		"2026-03-02T10:00Z",
		"2026-03-02T10:00:00.Z",
		"2026-03-02T10:00:00,5Z",
		"2026-03-02T10:00:00z",
		"2026-03-02t10:00:00Z",
		"2026-03-02  10:00:00Z",
		"2026-3-02T10:00:00Z",
		"2026-13-02T10:00:00Z",
		"2026-00-02T10:00:00Z",
		"2026-02-29T10:00:00Z",
		"1900-02-29T10:00:00Z",
		"2026-04-31T10:00:00Z",
		"2026-03-00T10:00:00Z",
		"2026-03-02T24:00:00Z",
		"2026-03-02T10:60:00Z",
		"2026-03-02T10:00:61Z",
		"2026-03-02T10:00:00+24:00",
		"2026-03-02T10:00:00+05:60",
		"2026-03-02T10:00:00+0545",
		"2026-03-02T10:00:00+5:45",
		"2026-03-02T10:00:00ZZ",
		"2026-03-02T10:00:00Z ",
		" 2026-03-02T10:00:00Z",
		"-026-03-02T10:00:00Z",
		"+2026-03-02T10:00:00Z",
		"20020910T23:41:07Z",
		"20020910 23:41:07",
		"20020910T23:41:07.5",
		"20021310T23:41:07",
	};
	usec_t at = 4711;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (usec_parse(text_of(rows[i]), &at))
			fail_msg("accepted: %s", rows[i]);
	}
	assert_false(usec_parse(TEXT_NONE, &at));
	assert_false(usec_parse((struct text){"2026-03-02T10:00:00Z\0", 21}, &at));
	assert_int_equal(at, 4711);
}

static void format_cuts(void **state)
{
	(void)state;
	char text[USEC_TEXT];
	usec_t at = utc("2026-03-02T10:00:00.999999Z");
	assert_string_equal(usec_format(at, 0, text), "2026-03-02T10:00:00Z");
	assert_string_equal(usec_format(at, 3, text), "2026-03-02T10:00:00.999Z");
	assert_string_equal(usec_format(at, 6, text), "2026-03-02T10:00:00.999999Z");
	assert_string_equal(usec_format(-1, 6, text), "1969-12-31T23:59:59.999999Z");
	assert_true(strlen(usec_format(INT64_MIN + 1, 6, text)) < USEC_TEXT);
	assert_true(strlen(usec_format(INT64_MAX, 6, text)) < USEC_TEXT);
}

// Every day of 800 years, against the C library.
static void calendar_agrees_with_libc(void **state)
{
	(void)state;
	for (int64_t day = -146097; day < 146097; day++) {
		time_t seconds = day * 86400;
		struct tm expected;
		gmtime_r(&seconds, &expected);
		struct civil civil = {.year = expected.tm_year + 1900,
				      .month = expected.tm_mon + 1,
				      .day = expected.tm_mday};
		assert_true(civil_valid(&civil));
		assert_true(civil_to_utc(&civil) == day * USEC_PER_DAY);
		char text[USEC_TEXT], wanted[USEC_TEXT];
		strftime(wanted, sizeof wanted, "%Y-%m-%dT00:00:00Z", &expected);
		assert_string_equal(usec_format(day * USEC_PER_DAY, 0, text), wanted);
	}
}

struct reading {
	const char *zone, *wall, *not_before, *at;
	bool odd;
};

static const struct reading readings[] = {
	{"UTC", "2026-10-25T02:30:00", NULL, "2026-10-25T02:30:00Z", false},
	{"+05:45", "2026-10-25T02:30:00", NULL, "2026-10-24T20:45:00Z", false},
	{"-03:00", "2026-10-25T02:30:00", NULL, "2026-10-25T05:30:00Z", false},
	{"Asia/Kathmandu", "2026-10-25T02:30:00", NULL, "2026-10-24T20:45:00Z", false},
	{"Pacific/Kiritimati", "2026-10-25T02:30:00", NULL, "2026-10-24T12:30:00Z", false},
	{"Europe/Berlin", "2026-07-01T12:00:00", NULL, "2026-07-01T10:00:00Z", false},
	{"Europe/Berlin", "2026-12-01T12:00:00", NULL, "2026-12-01T11:00:00Z", false},
	// the repeated hour: first reading, unless the line before is later than that
	{"Europe/Berlin", "2026-10-25T01:59:59", NULL, "2026-10-24T23:59:59Z", false},
	{"Europe/Berlin", "2026-10-25T02:00:00", NULL, "2026-10-25T00:00:00Z", true},
	{"Europe/Berlin", "2026-10-25T02:30:00", NULL, "2026-10-25T00:30:00Z", true},
	{"Europe/Berlin", "2026-10-25T02:30:00", "2026-10-25T00:30:00Z", "2026-10-25T00:30:00Z",
	 true},
	{"Europe/Berlin", "2026-10-25T02:30:00", "2026-10-25T00:30:01Z", "2026-10-25T01:30:00Z",
	 true},
	{"Europe/Berlin", "2026-10-25T02:59:59", NULL, "2026-10-25T00:59:59Z", true},
	{"Europe/Berlin", "2026-10-25T03:00:00", NULL, "2026-10-25T02:00:00Z", false},
	// the hour that does not exist moves forward
	{"Europe/Berlin", "2026-03-29T01:59:59", NULL, "2026-03-29T00:59:59Z", false},
	{"Europe/Berlin", "2026-03-29T02:00:00", NULL, "2026-03-29T01:00:00Z", true},
	{"Europe/Berlin", "2026-03-29T02:30:00", NULL, "2026-03-29T01:30:00Z", true},
	{"Europe/Berlin", "2026-03-29T03:00:00", NULL, "2026-03-29T01:00:00Z", false},
	// beyond what the file lists, and beyond the rule's first cycle
	{"Europe/Berlin", "2050-07-01T12:00:00", NULL, "2050-07-01T10:00:00Z", false},
	{"Europe/Berlin", "2050-10-30T02:30:00", NULL, "2050-10-30T00:30:00Z", true},
	{"Europe/Berlin", "2850-10-30T02:30:00", NULL, "2850-10-30T00:30:00Z", true},
	{"Europe/Berlin", "9999-07-01T12:00:00", NULL, "9999-07-01T10:00:00Z", false},
	{"America/New_York", "2050-03-13T02:30:00", NULL, "2050-03-13T07:30:00Z", true},
	{"Australia/Lord_Howe", "2050-01-01T00:00:00", NULL, "2049-12-31T13:00:00Z", false},
	{"Europe/Dublin", "2050-01-01T00:00:00", NULL, "2050-01-01T00:00:00Z", false},
	{"Europe/Dublin", "2050-07-01T00:00:00", NULL, "2050-06-30T23:00:00Z", false},
	// before the first transition, and a whole day that was left out
	{"Europe/Berlin", "1800-01-01T00:53:28", NULL, "1800-01-01T00:00:00Z", false},
	{"Pacific/Apia", "2011-12-30T12:00:00", NULL, "2011-12-30T22:00:00Z", true},
	{"Pacific/Apia", "2011-12-31T00:00:00", NULL, "2011-12-30T10:00:00Z", false},
};

static void wall_clocks_become_instants(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof readings / sizeof *readings; i++) {
		const struct reading *row = &readings[i];
		struct err err = {0};
		struct zone *zone = zone_open(row->zone, &err);
		if (!zone)
			fail_msg("%s", err.text);
		struct civil civil = wall(row->wall);
		civil.micros = 7;
		usec_t not_before = row->not_before ? utc(row->not_before) : USEC_NONE;
		bool odd = !row->odd;
		usec_t at = zone_to_utc(zone, &civil, not_before, &odd);
		if (at != utc(row->at) + 7 || odd != row->odd)
			fail_msg("%s %s: %s, odd %d", row->zone, row->wall, shown(at), odd);
		zone_free(zone);
	}
}

// An instant shown in a zone and read again is the same, or the earlier one of two.
static void instants_survive_the_round_trip(void **state)
{
	(void)state;
	static const char *const names[] = {
		"Europe/Berlin",     "America/St_Johns", "Africa/Casablanca", "Australia/Lord_Howe",
		"America/Sao_Paulo", "Europe/Dublin",    "Asia/Kathmandu",    "America/Nuuk"};
	for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
		struct zone *zone = zone_open(names[n], NULL);
		assert_non_null(zone);
		assert_string_equal(zone_name(zone), names[n]);
		usec_t step = 7 * 3600 * USEC_PER_SEC + 123456;
		for (usec_t at = utc("1890-01-01T00:00:00Z"); at < utc("2600-01-01T00:00:00Z");
		     at += step) {
			struct civil civil;
			bool odd;
			zone_to_civil(zone, at, &civil);
			assert_true(civil_valid(&civil));
			usec_t again = zone_to_utc(zone, &civil, at, &odd);
			if (again != at)
				fail_msg("%s %s", names[n], shown(at));
		}
		zone_free(zone);
	}
}

// The C library reads the same files.
static void offsets_agree_with_libc(void **state)
{
	(void)state;
	static const char *const names[] = {
		"Europe/Berlin",     "America/New_York", "Asia/Tehran",
		"Africa/Casablanca", "Pacific/Apia",     "Europe/Dublin",
		"America/Nuuk",      "Africa/Cairo",     "Asia/Jerusalem"};
	for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
		struct zone *zone = zone_open(names[n], NULL);
		assert_non_null(zone);
		setenv("TZ", names[n], 1);
		tzset();
		for (usec_t at = utc("1900-01-01T00:00:00Z"); at < utc("2300-01-01T00:00:00Z");
		     at += 29 * 3600 * USEC_PER_SEC) {
			time_t seconds = at / USEC_PER_SEC;
			struct tm local;
			localtime_r(&seconds, &local);
			if (local.tm_gmtoff != zone_offset(zone, at))
				fail_msg("%s %s: %ld, not %d", names[n], shown(at), local.tm_gmtoff,
					 zone_offset(zone, at));
		}
		zone_free(zone);
	}
	unsetenv("TZ");
}

static void days_start_where_the_zone_says(void **state)
{
	(void)state;
	static const struct {
		const char *zone, *at, *start;
	} rows[] = {
		{"UTC", "2026-03-29T23:59:59.999999Z", "2026-03-29T00:00:00Z"},
		{"Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z"}, // 23 hours
		{"Europe/Berlin", "2026-10-25T22:59:59Z", "2026-10-24T22:00:00Z"}, // 25 hours
		{"Europe/Berlin", "2026-10-25T23:00:00Z", "2026-10-25T23:00:00Z"},
		{"+14:00", "2026-03-02T10:00:00Z", "2026-03-02T10:00:00Z"},
		{"-12:00", "2026-03-02T11:59:59Z", "2026-03-01T12:00:00Z"},
		{"Asia/Kathmandu", "2026-03-02T18:15:00Z", "2026-03-02T18:15:00Z"},
		{"Asia/Kathmandu", "2026-03-02T18:14:59Z", "2026-03-01T18:15:00Z"},
		// midnight does not exist: the day starts at one o'clock
		{"Africa/Cairo", "2026-04-24T12:00:00Z", "2026-04-23T22:00:00Z"},
		// midnight comes twice
		{"America/Havana", "2026-11-01T12:00:00Z", "2026-11-01T04:00:00Z"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct zone *zone = zone_open(rows[i].zone, NULL);
		assert_non_null(zone);
		usec_t start = zone_day_start(zone, utc(rows[i].at));
		if (start != utc(rows[i].start))
			fail_msg("%s %s: %s", rows[i].zone, rows[i].at, shown(start));
		zone_free(zone);
	}
}

static void bad_zones_are_refused(void **state)
{
	(void)state;
	static const char *const names[] = {
		"",
		"Europe/Atlantis",
		"../../etc/passwd",
		"/etc/localtime",
		"Europe",
		"Europe/",
		"tzdata.zi",
		"+5:45",
		"+05:60",
		"+24:00",
		"+05:45:00",
		"Europe/Ber lin",
		"EST5EDT,M3.2.0,M11.1.0",
		"Europe/../UTC",
	};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct err err = {0};
		if (zone_open(names[i], &err))
			fail_msg("opened: %s", names[i]);
		assert_int_equal(err.kind, ERR_USAGE);
		assert_non_null(strstr(err.text, "time zone"));
	}
}

static void local_is_tz_when_that_is_a_name(void **state)
{
	(void)state;
	static const struct {
		const char *tz, *name; // name NULL: what the system has, whatever it is
	} rows[] = {{"Asia/Kathmandu", "Asia/Kathmandu"},
		    {":Asia/Kathmandu", "Asia/Kathmandu"},
		    {"", "UTC"},
		    {"CET-1CEST,M3.5.0,M10.5.0/3", NULL},
		    {"/etc/passwd", NULL},
		    {NULL, NULL}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		unsetenv("TZ");
		if (rows[i].tz)
			setenv("TZ", rows[i].tz, 1);
		struct zone *zone = zone_open(i % 2 ? NULL : "local", NULL);
		assert_non_null(zone);
		if (rows[i].name)
			assert_string_equal(zone_name(zone), rows[i].name);
		zone_free(zone);
	}
	unsetenv("TZ");
}

static void clocks_run(void **state)
{
	(void)state;
	assert_true(usec_now() > utc("2025-01-01T00:00:00Z"));
	usec_t before = usec_monotonic();
	assert_true(usec_monotonic() >= before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_accepts),
		cmocka_unit_test(parse_refuses),
		cmocka_unit_test(format_cuts),
		cmocka_unit_test(calendar_agrees_with_libc),
		cmocka_unit_test(wall_clocks_become_instants),
		cmocka_unit_test(instants_survive_the_round_trip),
		cmocka_unit_test(offsets_agree_with_libc),
		cmocka_unit_test(days_start_where_the_zone_says),
		cmocka_unit_test(bad_zones_are_refused),
		cmocka_unit_test(local_is_tz_when_that_is_a_name),
		cmocka_unit_test(clocks_run),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
