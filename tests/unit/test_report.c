// SPDX-License-Identifier: Apache-2.0
// Pure parts of reports: periods, what differs and why, names of files, the mail, when something is due.
#include "api/report/deliver.h"
#include "api/report/figures.h"
#include "api/report/page.h"
#include "api/report/period.h"
#include "api/report/report.h"
#include "api/report/schedule.h"
#include "api/report/severity.h"
#include "api/report/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static usec_t at(const char *text)
{
	usec_t instant;
	assert_true(usec_parse(text_of(text), &instant));
	return instant;
}

static usec_t day_of(const char *text)
{
	usec_t day;
	assert_true(period_parse_day(text_of(text), &day));
	return day;
}

// ---- periods

static void dates_are_checked(void **state)
{
	static const char *const wrong[] = {"2026-02-30", "2026-3-02", "26-03-02",   "2026-03-021",
					    "2026-03-0x", "",          "0000-01-01", "2026/03/02"};
	usec_t day;
	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(period_parse_day(text_of(wrong[i]), &day));
	assert_int_equal(day_of("2024-02-29"), at("2024-02-29T00:00:00Z"));
}

static void check_name(const char *name, enum period_kind kind, const char *day)
{
	enum period_kind found;
	usec_t first;
	char text[PERIOD_NAME];
	struct zone *utc = zone_open("UTC", NULL);
	assert_true(period_parse_name(text_of(name), &found, &first));
	assert_int_equal(found, kind);
	assert_int_equal(first, day_of(day));
	struct period period = period_of(kind, first, utc);
	assert_string_equal(period_name(&period, text), name);
	zone_free(utc);
}

static void names_go_both_ways(void **state)
{
	static const char *const wrong[] = {"2026-W00", "2026-W54", "2025-W53", "2026-13",
					    "2026",     "2026-W1",  "2026-00"};
	enum period_kind kind;
	usec_t day;
	(void)state;
	check_name("2026-03-02", PERIOD_DAY, "2026-03-02");
	check_name("2026-W10", PERIOD_WEEK, "2026-03-02");
	check_name("2026-W01", PERIOD_WEEK, "2025-12-29"); // belongs to the year of its Thursday
	check_name("2026-W53", PERIOD_WEEK, "2026-12-28");
	check_name("2024-02", PERIOD_MONTH, "2024-02-01");
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(period_parse_name(text_of(wrong[i]), &kind, &day));
}

static void check_hours(const char *zone_text, enum period_kind kind, const char *day, double hours)
{
	struct zone *zone = zone_open(zone_text, NULL);
	struct period period = period_of(kind, day_of(day), zone);
	struct period next = period_step(&period, 1, zone), back = period_step(&next, -1, zone);
	assert_true((double)(period.until - period.since) == hours * 3600e6);
	assert_int_equal(period.until, next.since);
	assert_int_equal(back.since, period.since);
	zone_free(zone);
}

static void days_are_as_long_as_they_are(void **state) // F167
{
	(void)state;
	check_hours("Europe/Berlin", PERIOD_DAY, "2026-03-29", 23);
	check_hours("Europe/Berlin", PERIOD_DAY, "2026-10-25", 25);
	check_hours("Australia/Lord_Howe", PERIOD_DAY, "2026-04-05", 24.5);
	check_hours("Asia/Kathmandu", PERIOD_DAY, "2026-03-29", 24);
	check_hours("+14:00", PERIOD_DAY, "2026-03-29", 24);
	check_hours("-12:00", PERIOD_DAY, "2026-03-29", 24);
	check_hours("Europe/Berlin", PERIOD_WEEK, "2026-03-25", 167);
	check_hours("Europe/Berlin", PERIOD_MONTH, "2026-03-31", 743);
	check_hours("America/Sao_Paulo", PERIOD_DAY, "2018-11-04",
		    23);                                          // its midnight does not exist
	check_hours("Pacific/Apia", PERIOD_DAY, "2011-12-30", 0); // nor does this day
}

// ---- what differs

static json_t *figures(int confirmed, int pending, double rate)
{
	return json_pack("{s:{s:i, s:i, s:f, s:n}, s:s}", "delivery", "confirmed", confirmed,
			 "pending", pending, "rate", rate, "p99", "series", "abc");
}

static void changes_are_named(void **state)
{
	(void)state;
	JSON_AUTO *old = figures(96, 48, 2.0 / 3);
	JSON_AUTO *same = json_loads("{\"delivery\":{\"confirmed\":96,\"pending\":48,"
				     "\"rate\":0.666666666666667,\"p99\":null},\"series\":\"abc\"}",
				     0, NULL);
	JSON_AUTO *new = figures(97, 47, 97.0 / 144);
	JSON_AUTO *none = figures_compare(old, same);
	JSON_AUTO *some = figures_compare(old, new);
	assert_int_equal(json_array_size(none), 0);
	assert_int_equal(json_array_size(some), 3);
	const json_t *first = json_array_get(some, 0);
	assert_string_equal(json_string_value(json_object_get(first, "figure")),
			    "delivery.confirmed");
	assert_int_equal(json_integer_value(json_object_get(first, "old")), 96);
	assert_int_equal(json_integer_value(json_object_get(first, "new")), 97);
	JSON_AUTO *why = figures_why(some);
	assert_int_equal(json_array_size(why), 1);
	assert_string_equal(json_string_value(json_array_get(why, 0)), "receipts_came_later");
}

static void members_that_come_and_go_are_changes(void **state)
{
	(void)state;
	JSON_AUTO *old = json_pack("{s:{s:i}, s:n}", "findings", "ACK-DUP", 1, "gaps");
	JSON_AUTO *new = json_pack("{s:{s:i}, s:i}", "findings", "ACK-LEAK", 2, "gaps", 0);
	JSON_AUTO *changes = figures_compare(old, new);
	JSON_AUTO *why = figures_why(changes);
	assert_int_equal(json_array_size(changes), 3);
	assert_string_equal(json_string_value(json_array_get(why, 0)), "counted_anew");
}

static void times_of_making_are_no_figures(void **state)
{
	(void)state;
	JSON_AUTO *one =
		json_pack("{s:{s:s, s:s}, s:{s:b, s:b, s:s}, s:{s:i, s:s}}", "report", "made_at",
			  "1", "language", "en", "status", "complete", 1, "final", 0,
			  "complete_until", "1", "delivery", "sent", 5, "end", "1");
	JSON_AUTO *two =
		json_pack("{s:{s:s, s:s}, s:{s:b, s:b, s:s}, s:{s:i, s:s}}", "report", "made_at",
			  "2", "language", "en", "status", "complete", 1, "final", 0,
			  "complete_until", "2", "delivery", "sent", 5, "end", "2");
	JSON_AUTO *a = figures_of(one);
	JSON_AUTO *b = figures_of(two);
	JSON_AUTO *changes = figures_compare(a, b);
	assert_int_equal(json_array_size(changes), 0);
	assert_int_equal(json_integer_value(page_member(a, "delivery.sent")), 5);
}

// ---- names, words

static void names_stay_in_their_folder(void **state) // F198
{
	static const char *const names[][2] = {
		{"default", "default"},   {"../../x", "=2E=2E~=2E=2E~x"},
		{"\r\nX:", "=0D=0AX=3A"}, {"Asia/Shanghai", "Asia~Shanghai"},
		{"+05:45", "+05=3A45"},   {"\xc3\xa9~=", "=C3=A9=7E=3D"}};
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct buf name = {0};
		file_name_part(&name, names[i][0]);
		assert_string_equal(name.data, names[i][1]);
		buf_free(&name);
	}
}

static void words_are_found(void **state)
{
	static const char *const words[] = {"accepted", "at_a_glance", "is_incomplete",   "zone",
					    "why",      "year_before", "of_sent_unknown", "p50"};
	(void)state;
	for (size_t i = 0; i < sizeof words / sizeof *words - 1; i++)
		assert_string_not_equal(word_in(LANGUAGE_ZH, words[i]), words[i]);
	assert_string_equal(word_in(LANGUAGE_EN, "service-unavailable"), "service-unavailable");
	assert_int_equal(word_language("zh"), LANGUAGE_ZH);
	assert_int_equal(word_language("fr"), LANGUAGE_EN);
}

static void rules_have_their_severity(void **state)
{
	(void)state;
	assert_int_equal(severity_of(TEXT("ACK-FORGED")), SEVERITY_CRITICAL);
	assert_int_equal(severity_of(TEXT("CORR-FOREIGN")), SEVERITY_ERROR);
	assert_int_equal(severity_of(TEXT("CORR-UNKNOWN")), SEVERITY_INFO);
	assert_int_equal(severity_of(TEXT("ACK-MISSING")), SEVERITY_WARNING);
	assert_int_equal(severity_of(TEXT("no such rule")), SEVERITY_INFO);
}

// What is in a log is text, never markup, and hides nothing (F148).
static void text_is_harmless(void **state)
{
	struct buf out = {0};
	struct page page = {.out = &out};
	(void)state;
	page_zstr(&page, "<b>&\"'\x1b[31m\xe2\x80\xae\xe4\xbd\xa0");
	assert_string_equal(out.data,
			    "&#60;b&#62;&#38;&#34;&#39;\xef\xbf\xbd[31m\xef\xbf\xbd\xe4\xbd\xa0");
	buf_free(&out);
}

static void rates_are_rounded_down(void **state)
{
	struct buf out = {0};
	struct page page = {.out = &out};
	JSON_AUTO *rate = json_real(0.99999);
	JSON_AUTO *count = json_integer(-1234567);
	(void)state;
	page_value(&page, "delivery.rate", rate, SHOW_RATE);
	assert_non_null(strstr(out.data, "value=\"0.99999\" data-figure=\"delivery.rate\">99.99"));
	page_value(&page, "x", count, SHOW_COUNT);
	assert_non_null(strstr(out.data, ">-1\xe2\x80\xaf"
					 "234\xe2\x80\xaf"
					 "567<"));
	buf_free(&out);
}

// ---- delivery, schedule

static void tries_are_slower_each_time(void **state)
{
	(void)state;
	assert_int_equal(report_next_try(0, 1), 60 * USEC_PER_SEC);
	assert_int_equal(report_next_try(0, 2), 120 * USEC_PER_SEC);
	assert_int_equal(report_next_try(0, 20), 6 * 3600 * USEC_PER_SEC);
	assert_int_equal(report_next_try(0, 24), USEC_NONE);
}

static void mail_has_no_header_that_was_not_meant(void **state)
{
	char good[] = "ops@harbor.example", bad[] = "ops@harbor.example\r\nBcc: eve@x.example";
	char *items[] = {good};
	struct settings settings = {.report_mail = {items, 1}};
	const struct report_due due = {.key = {.period = "day", .zone = "UTC", .revision = 2},
				       .name = TEXT("default.1970-01-01.UTC.r2.html"),
				       .content = TEXT("<html></html>"),
				       .incomplete = true};
	struct buf out = {0};
	struct err err = {0};
	(void)state;
	assert_true(report_mail(&out, &settings, &due, &err));
	assert_non_null(strstr(out.data, "To: ops@harbor.example\r\n"));
	assert_non_null(strstr(
		out.data, "Subject: Message report, day 1970-01-01, revision 2: INCOMPLETE\r\n"));
	assert_non_null(strstr(out.data, "PGh0bWw+PC9odG1sPg==\r\n"));
	items[0] = bad;
	assert_false(report_mail(&out, &settings, &due, &err));
	assert_int_equal(err.kind, ERR_USAGE);
	buf_free(&out);
}

static void a_day_is_due_when_its_time_has_come(void **state)
{
	struct zone *berlin = zone_open("Europe/Berlin", NULL);
	int half_past = schedule_seconds("00:30");
	(void)state;
	assert_int_equal(half_past, 1800);
	assert_int_equal(schedule_due(berlin, at("2026-03-02T00:29:59+01:00"), half_past),
			 day_of("2026-02-28"));
	assert_int_equal(schedule_due(berlin, at("2026-03-02T00:30:00+01:00"), half_past),
			 day_of("2026-03-01"));
	assert_int_equal(schedule_due(berlin, at("2026-03-02T23:59:59+01:00"), half_past),
			 day_of("2026-03-01"));
	zone_free(berlin);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_are_checked),
		cmocka_unit_test(names_go_both_ways),
		cmocka_unit_test(days_are_as_long_as_they_are),
		cmocka_unit_test(changes_are_named),
		cmocka_unit_test(members_that_come_and_go_are_changes),
		cmocka_unit_test(times_of_making_are_no_figures),
		cmocka_unit_test(names_stay_in_their_folder),
		cmocka_unit_test(words_are_found),
		cmocka_unit_test(rules_have_their_severity),
		cmocka_unit_test(text_is_harmless),
		cmocka_unit_test(rates_are_rounded_down),
		cmocka_unit_test(tries_are_slower_each_time),
		cmocka_unit_test(mail_has_no_header_that_was_not_meant),
		cmocka_unit_test(a_day_is_due_when_its_time_has_come),
	};
	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
