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

static void out_wilson(struct json_members *out, const char *key, const struct wilson *wilson)
{
	static const char suffix[] = "_wilson";
	char name[64];
	size_t n = strnlen(key, sizeof name - sizeof suffix);
	memcpy(name, key, n);
	memcpy(name + n, suffix, sizeof suffix);
	out_open(out, name, '{');
	if (wilson) {
		out_share(out, "low", wilson->low);
		out_share(out, "high", wilson->high);
	} else {
		out_null(out, "low");
		out_null(out, "high");
	}
	out_close(out, '}');
}

static void note_suppressed(const struct rating *rating, const char *key)
{
	char name[128];
	bool horizon = rating->horizon;
	snprintf(name, sizeof name, "%.*s%s%s%s%s", (int)rating->within.n, rating->within.p,
		 horizon ? "." : "", horizon ? rating->horizon : "", horizon ? "." : "", key);
	out_word(rating->suppressed, NULL, name);
}

void out_rate(struct json_members *out, const char *key, int64_t part, int64_t whole,
	      const struct rating *rating)
{
	if (whole >= rating->min_count && whole > 0) {
		struct wilson wilson = wilson_interval(part, whole);
		out_share(out, key, (double)part / (double)whole);
		out_wilson(out, key, &wilson);
		return;
	}
	out_null(out, key);
	out_wilson(out, key, NULL);
	if (whole > 0)
		note_suppressed(rating, key);
}

// ---- latencies

static void open_latency(struct json_members *out, const char *key, int64_t n,
			 const int64_t ms[LATENCY_POINTS], bool estimated)
{
	out_open(out, key, '{');
	out_int(out, "n", n);
	for (size_t i = 0; i < LATENCY_POINTS; i++) {
		if (n > 0 && ms[i] != LATENCY_BEYOND)
			out_int(out, latency_points[i], ms[i]);
		else
			out_null(out, latency_points[i]);
	}
	out_word(out, "method",
		 estimated ? "nearest-rank of a histogram, at most 3.2 % off"
			   : "nearest-rank, exact");
	out_share(out, "max_error", estimated ? 0.032 : 0);
}

void out_latency(struct json_members *out, const char *key, int64_t n,
		 const int64_t ms[LATENCY_POINTS], bool estimated)
{
	open_latency(out, key, n, ms, estimated);
	out_close(out, '}');
}

void out_expected(struct json_members *out, const char *key, int64_t answered,
		  const struct latency *latency, bool estimated)
{
	size_t first = 0;
	while (first < LATENCY_POINTS && latency->ms[first] != LATENCY_BEYOND)
		first++;
	open_latency(out, key, latency->n, latency->ms, estimated);
	out_int(out, "answered", answered);
	if (first < LATENCY_POINTS)
		out_word(out, "beyond", latency_points[first]);
	else
		out_null(out, "beyond");
	out_close(out, '}');
}

// ---- objects of jansson's

void put_written(json_t *object, struct buf *members)
{
	JSON_AUTO *read = json_loadb(members->data, members->len, 0, NULL);
	json_object_update(object, read);
	buf_free(members);
}
