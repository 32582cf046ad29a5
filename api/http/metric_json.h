// SPDX-License-Identifier: Apache-2.0
// Numbers of a metric as members of a JSON object: one place that says what an empty denominator, a
// histogram or a percentile looks like (docs/METRICS.md).
#ifndef API_HTTP_METRIC_JSON_H
#define API_HTTP_METRIC_JSON_H

#include "core/json.h"

enum { LATENCY_POINTS = 5 }; // p50, p90, p95, p99, max

void put_number(json_t *object, const char *key, int64_t value);
// null for an empty whole: 0 would be a lie and 1 another.
void put_ratio(json_t *object, const char *key, int64_t part, int64_t whole);
// Whole milliseconds (F7). estimated: from the bins of a histogram.
void put_latency(json_t *object, const char *key, int64_t n, const int64_t ms[LATENCY_POINTS],
		 bool estimated);

#endif
