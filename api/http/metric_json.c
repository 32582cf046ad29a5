// SPDX-License-Identifier: Apache-2.0
#include "api/http/metric_json.h"

void put_number(json_t *object, const char *key, int64_t value)
{
	json_object_set_new(object, key, json_integer(value));
}

void put_ratio(json_t *object, const char *key, int64_t part, int64_t whole)
{
	json_object_set_new(object, key,
			    whole > 0 ? json_real((double)part / (double)whole) : json_null());
}

void put_latency(json_t *object, const char *key, int64_t n, const int64_t ms[LATENCY_POINTS],
		 bool estimated)
{
	static const char *const names[LATENCY_POINTS] = {"p50", "p90", "p95", "p99", "max"};
	json_t *latency = json_object();
	put_number(latency, "n", n);
	for (size_t i = 0; i < LATENCY_POINTS; i++)
		json_object_set_new(latency, names[i], n > 0 ? json_integer(ms[i]) : json_null());
	json_object_set_new(latency, "method",
			    json_string(estimated ? "nearest-rank of a histogram, at most 3.2 % off"
						  : "nearest-rank, exact"));
	json_object_set_new(object, key, latency);
}
