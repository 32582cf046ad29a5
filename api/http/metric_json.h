// SPDX-License-Identifier: Apache-2.0
// Numbers of a metric as members of a JSON object: one place that says what an empty denominator, a
// histogram or a percentile looks like (docs/METRICS.md).
#ifndef API_HTTP_METRIC_JSON_H
#define API_HTTP_METRIC_JSON_H

#include "core/json.h"
#include "core/json_members.h"
#include "store/store.h"

extern const char *const latency_points[LATENCY_POINTS]; // p50, p90, p95, p99, max

void put_number(json_t *object, const char *key, int64_t value);
// null for an empty whole: 0 would be a lie and 1 another.
void put_ratio(json_t *object, const char *key, int64_t part, int64_t whole);

// The same ratio with the Wilson score interval of 95 % as KEY_wilson, and null below a minimum count, which is
// noted.
struct rating {
	int64_t min_count;
	struct text within;              // what the names of the noted begin with, or absent
	const char *horizon;             // between dots behind it; NULL = none
	struct json_members *suppressed; // array of names
};
void out_rate(struct json_members *out, const char *key, int64_t part, int64_t whole,
	      const struct rating *rating);
struct wilson {
	double low, high;
};
struct wilson wilson_interval(int64_t part, int64_t whole); // whole > 0

// Whole milliseconds (F7). estimated: from the bins of a histogram.
void out_latency(struct json_members *out, const char *key, int64_t n,
		 const int64_t ms[LATENCY_POINTS], bool estimated);
// Over all that is expected, of which so many were answered: LATENCY_BEYOND is null, and "beyond"
// names the first percentile that is.
void out_expected(struct json_members *out, const char *key, int64_t answered,
		  const struct latency *latency, bool estimated);

// The members written so far, as an object of jansson's, into another one; the buffer is freed.
void put_written(json_t *object, struct buf *members);

#endif
