// SPDX-License-Identifier: Apache-2.0
#include "api/http/metric_json.h"

#include <math.h>
#include <stdio.h>

const char *const latency_points[LATENCY_POINTS] = {"p50", "p90", "p95", "p99", "max"};

void put_number(json_t *object, const char *key, int64_t value)
{
	json_object_set_new(object, key, json_integer(value));
}

void put_ratio(json_t *object, const char *key, int64_t part, int64_t whole)
{
	json_object_set_new(object, key,
			    whole > 0 ? json_real((double)part / (double)whole) : json_null());
}

// ---- rates

// Wilson 1927: the rates that a count like this one is not unlikely for; never beyond 0 and 1, and no
// point where all or nothing was confirmed.
struct wilson wilson_interval(int64_t part, int64_t whole)
{
	const double z = 1.959963984540054; // 97.5 % of the standard normal distribution
	double n = (double)whole, p = (double)part / n;
	double middle = p + z * z / (2 * n), scale = 1 + z * z / n;
	double reach = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
	return (struct wilson){part <= 0 ? 0 : (middle - reach) / scale,
			       part >= whole ? 1 : (middle + reach) / scale};
}

static void put_wilson(json_t *object, const char *key, const struct wilson *wilson)
{
	char name[64];
	json_t *interval = json_object();
	snprintf(name, sizeof name, "%s_wilson", key);
	json_object_set_new(interval, "low", wilson ? json_real(wilson->low) : json_null());
	json_object_set_new(interval, "high", wilson ? json_real(wilson->high) : json_null());
	json_object_set_new(object, name, interval);
}

void put_rate(json_t *object, const char *key, int64_t part, int64_t whole,
	      const struct rating *rating)
{
	if (whole >= rating->min_count && whole > 0) {
		struct wilson wilson = wilson_interval(part, whole);
		put_ratio(object, key, part, whole);
		put_wilson(object, key, &wilson);
		return;
	}
	json_object_set_new(object, key, json_null());
	put_wilson(object, key, NULL);
	if (whole > 0)
		json_array_append_new(rating->suppressed,
				      json_sprintf("%s%s", rating->within, key));
}

// ---- latencies

static json_t *latency_json(int64_t n, const int64_t ms[LATENCY_POINTS], bool estimated)
{
	json_t *latency = json_object();
	put_number(latency, "n", n);
	for (size_t i = 0; i < LATENCY_POINTS; i++) {
		bool there = n > 0 && ms[i] != LATENCY_BEYOND;
		json_object_set_new(latency, latency_points[i],
				    there ? json_integer(ms[i]) : json_null());
	}
	json_object_set_new(latency, "method",
			    json_string(estimated ? "nearest-rank of a histogram, at most 3.2 % off"
						  : "nearest-rank, exact"));
	json_object_set_new(latency, "max_error", json_real(estimated ? 0.032 : 0));
	return latency;
}

void put_latency(json_t *object, const char *key, int64_t n, const int64_t ms[LATENCY_POINTS],
		 bool estimated)
{
	json_object_set_new(object, key, latency_json(n, ms, estimated));
}

void put_expected(json_t *object, const char *key, int64_t answered, const struct latency *latency,
		  bool estimated)
{
	json_t *json = latency_json(latency->n, latency->ms, estimated);
	size_t first = 0;
	while (first < LATENCY_POINTS && latency->ms[first] != LATENCY_BEYOND)
		first++;
	put_number(json, "answered", answered);
	json_object_set_new(json, "beyond",
			    first < LATENCY_POINTS ? json_string(latency_points[first])
						   : json_null());
	json_object_set_new(object, key, json);
}
