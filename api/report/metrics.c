// SPDX-License-Identifier: Apache-2.0
// The figures of PAIRING section 7: totals, buckets, earlier periods, 28 days.
#include "api/report/content.h"

#include <stdio.h>

enum { TREND_DAYS = 28 };

static const char *const short_delivery[] = {
	"start",      "end",        "final",    "sent",    "requested",
	"confirmed",  "failed",     "pending",  "expired", "rate",
	"rate_lower", "rate_upper", "coverage", "within",  "time_to_deliver_ms",
	NULL};
static const char *const short_read[] = {
	"requested",  "read",       "pending", "expired",         "inferred", "rate",
	"rate_lower", "rate_upper", "within",  "time_to_read_ms", NULL};

// Days and hours of the zone.
static json_t *by_bucket(struct content *content, const char *path, const char *bucket,
			 usec_t since, usec_t until, struct err *err)
{
	char more[ESCAPED_MAX + 32], zone[ESCAPED_MAX];
	snprintf(more, sizeof more, "&bucket=%s&tz=%s", bucket,
		 ask_escape(content->zone_name, zone));
	return content_ask(content, path, since, until, more, err);
}

static json_t *totals_of(struct content *content, const char *path, const struct period *period,
			 struct err *err)
{
	JSON_AUTO *answer = by_bucket(content, path, "none", period->since, period->until, err);
	return answer ? json_incref(json_object_get(answer, "totals")) : NULL;
}

static const char *bucket_of_period(const struct content *content)
{
	return content->period->kind == PERIOD_DAY ? "1h" : "1d";
}

bool section_metrics(struct content *content, struct err *err)
{
	static const struct {
		const char *name, *path;
	} rest[] = {
		{"read", "/v1/metrics/read"},
		{"funnel", "/v1/metrics/funnel"},
		{"response", "/v1/metrics/response"},
		{"typing", "/v1/metrics/typing"},
	};
	const struct period *period = content->period;
	content->delivery = by_bucket(content, "/v1/metrics/delivery", bucket_of_period(content),
				      period->since, period->until, err);
	if (!content->delivery)
		return false;
	json_object_set(content->document, "delivery",
			json_object_get(content->delivery, "totals"));
	for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) {
		json_t *totals = totals_of(content, rest[i].path, period, err);
		if (!totals)
			return false;
		json_object_set_new(content->document, rest[i].name, totals);
	}
	return true;
}

// ---- buckets: rows of delivery and of read of the same window side by side

static json_t *beside(const json_t *delivery, const json_t *read)
{
	size_t i;
	json_t *row, *rows = json_array();
	json_array_foreach(json_object_get(delivery, "series"), i, row) {
		json_t *reduced = content_reduced(row, short_delivery);
		const json_t *other = json_array_get(json_object_get(read, "series"), i);
		json_object_set_new(reduced, "read", content_reduced(other, short_read));
		json_object_del(reduced, "within");
		json_object_del(json_object_get(reduced, "read"), "within");
		json_array_append_new(rows, reduced);
	}
	return rows;
}

bool section_series(struct content *content, struct err *err)
{
	const struct period *period = content->period;
	const char *bucket = bucket_of_period(content);
	JSON_AUTO *read =
		by_bucket(content, "/v1/metrics/read", bucket, period->since, period->until, err);
	if (!read)
		return false;
	json_t *series = json_object();
	json_object_set_new(series, "bucket", json_string(bucket));
	json_object_set_new(series, "items", beside(content->delivery, read));
	json_object_set_new(content->document, "series", series);
	return true;
}

bool section_trend(struct content *content, struct err *err)
{
	usec_t last = content->period->kind == PERIOD_DAY
			      ? content->period->day
			      : period_civil_day(content->zone, content->period->until - 1);
	usec_t since = period_day_start(content->zone, last - (TREND_DAYS - 1) * USEC_PER_DAY);
	usec_t until = content->period->until;
	content->trend = by_bucket(content, "/v1/metrics/delivery", "1d", since, until, err);
	if (!content->trend)
		return false;
	content->read_trend = by_bucket(content, "/v1/metrics/read", "1d", since, until, err);
	if (!content->read_trend)
		return false;
	json_object_set_new(content->document, "trend",
			    beside(content->trend, content->read_trend));
	return true;
}

// ---- earlier periods

struct earlier {
	const char *what;
	int first, count; // periods before this one; how many of them
};

static const struct earlier comparisons[PERIOD_KINDS][4] = {
	[PERIOD_DAY] = {{"this", 0, 1},
			{"day_before", -1, 1},
			{"week_before", -7, 1},
			{"days_28", -28, 28}},
	[PERIOD_WEEK] = {{"this", 0, 1}, {"week_before", -1, 1}, {"weeks_4", -4, 4}, {NULL, 0, 0}},
	[PERIOD_MONTH] = {{"this", 0, 1},
			  {"month_before", -1, 1},
			  {"year_before", -12, 1},
			  {NULL, 0, 0}},
};

static json_t *compared(struct content *content, const struct earlier *earlier, struct err *err)
{
	struct period first = period_step(content->period, earlier->first, content->zone);
	struct period end =
		period_step(content->period, earlier->first + earlier->count, content->zone);
	struct period span = first;
	span.until = end.since;
	json_t *row = json_pack("{s:s, s:i}", "what", earlier->what, "periods", earlier->count);
	JSON_AUTO *delivery = totals_of(content, "/v1/metrics/delivery", &span, err);
	JSON_AUTO *read = delivery ? totals_of(content, "/v1/metrics/read", &span, err) : NULL;
	if (!read) {
		json_decref(row);
		return NULL;
	}
	json_object_set_new(row, "since", json_usec(span.since, 6));
	json_object_set_new(row, "until", json_usec(span.until, 6));
	json_object_set_new(row, "delivery", content_reduced(delivery, short_delivery));
	json_object_set_new(row, "read", content_reduced(read, short_read));
	return row;
}

bool section_comparison(struct content *content, struct err *err)
{
	const struct earlier *earlier = comparisons[content->period->kind];
	json_t *items = json_array();
	json_object_set_new(content->document, "comparison", items);
	for (size_t i = 0; i < 4 && earlier[i].what; i++) {
		json_t *row = compared(content, &earlier[i], err);
		if (!row)
			return false;
		json_array_append_new(items, row);
	}
	return true;
}
