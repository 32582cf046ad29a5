// SPDX-License-Identifier: Apache-2.0
// Counters and rates, computed from rows (PAIRING F1..F3, F7, section 9).
#include "store/read_metrics.h"

#include "store/message_row.h"
#include "store/rollup.h"

#include <stdlib.h>

// --- counters ---

struct counter_sink {
	void *self;
	void (*each)(void *self, const char *name, int64_t value);
};

static bool take_counter(void *self, const struct rows *rows)
{
	const struct counter_sink *sink = self;
	// libpq ends every value with a NUL.
	sink->each(sink->self, row_text(rows, 0, 0).p, row_int(rows, 0, 1));
	return true;
}

bool store_counters(struct store *store, int32_t realm, usec_t since, usec_t until, usec_t now,
		    usec_t t_expire, void *self,
		    void (*each)(void *self, const char *name, int64_t value), struct err *err)
{
	struct counter_sink sink = {self, each};
	FIELDS_AUTO params = {0};
	put_span(&params, realm, since, until);
	put_usec(&params, usec_bounded(now - t_expire));
	return sql_run(store, "plan_known", NULL, NULL, err) &&
	       sql_each(store, "counters", &params, &sink, take_counter, err);
}

// --- buckets ---

enum { BUCKETS_MAX = 100000 };

// Where the bucket after the one that contains "at" begins. Civil days are 23 to 25 hours long.
static usec_t next_start(const struct metric_query *query, usec_t at)
{
	if (query->bucket <= 0)
		return query->until;
	if (query->bucket == USEC_PER_DAY && query->zone)
		return zone_day_start(query->zone,
				      zone_day_start(query->zone, at) + 30 * 3600 * USEC_PER_SEC);
	return usec_floor(at, query->bucket) + query->bucket;
}

static bool make_buckets(const struct metric_query *query, struct buckets *buckets, struct err *err)
{
	if (query->since == USEC_NONE || query->until == USEC_NONE || query->since >= query->until)
		return err_set(err, ERR_USAGE, "since must lie before until");
	buckets->until = query->until;
	buckets->starts = xcalloc(BUCKETS_MAX, sizeof *buckets->starts);
	for (usec_t at = query->since; at < query->until;) {
		if (buckets->count == BUCKETS_MAX)
			return err_set(err, ERR_USAGE, "more than %d buckets", BUCKETS_MAX);
		buckets->starts[buckets->count++] = at;
		usec_t next = next_start(query, at);
		at = next > at ? next : query->until;
	}
	return true;
}

struct delivery_bucket delivery_empty(const struct buckets *buckets, size_t i)
{
	struct delivery_bucket bucket = {
		.start = buckets->starts[i],
		.end = i + 1 < buckets->count ? buckets->starts[i + 1] : buckets->until,
	};
	for (size_t k = 0; k < 5; k++)
		bucket.ttd_ms[k] = bucket.ttr_ms[k] = -1;
	return bucket;
}

// --- delivery ---

bool delivery_give(struct delivery_sink *sink, const struct delivery_bucket *bucket)
{
	sink->next++;
	sink->stopped = !sink->each(sink->self, bucket);
	return !sink->stopped;
}

bool delivery_skip(struct delivery_sink *sink, size_t end)
{
	while (sink->next < end && !sink->stopped) {
		struct delivery_bucket bucket = delivery_empty(sink->buckets, sink->next);
		delivery_give(sink, &bucket);
	}
	return !sink->stopped;
}

static void read_percentiles(const struct rows *rows, int column, int64_t out[5])
{
	struct array array;
	struct text element;
	array_open(&array, rows, 0, column);
	for (size_t i = 0; i < 5 && array_next(&array, &element); i++)
		out[i] = element.p ? array_int(element) : -1;
}

static bool take_bucket(void *self, const struct rows *rows)
{
	struct delivery_sink *sink = self;
	size_t i = (size_t)row_int(rows, 0, 0) - 1; // width_bucket() counts from 1
	if (i >= sink->buckets->count || !delivery_skip(sink, i))
		return false;
	struct delivery_bucket bucket = delivery_empty(sink->buckets, i);
	int64_t *const members[] = {
		&bucket.sent,           &bucket.unknown,      &bucket.failed_all, &bucket.requested,
		&bucket.confirmed,      &bucket.failed,       &bucket.pending,    &bucket.expired,
		&bucket.read_requested, &bucket.read,         &bucket.stored,     &bucket.ttd_n,
		&bucket.ttr_n,          &bucket.skew_clamped, &bucket.resends,
	};
	int column = 1;
	for (size_t k = 0; k < sizeof members / sizeof *members; k++)
		*members[k] = row_int(rows, 0, column++);
	read_percentiles(rows, column, bucket.ttd_ms);
	read_percentiles(rows, column + 1, bucket.ttr_ms);
	return delivery_give(sink, &bucket);
}

static bool run_delivery(struct store *store, const struct metric_query *query,
			 struct delivery_sink *sink, struct err *err)
{
	FIELDS_AUTO params = {0};
	FIELDS_AUTO starts = {0};
	if (delivery_is_rolled(query, sink->buckets))
		return delivery_rolled(store, query, sink, err);
	for (size_t i = 0; i < sink->buckets->count; i++)
		put_usec(&starts, usec_bounded(sink->buckets->starts[i]));
	put_int4(&params, query->realm);
	put_array(&params, OF_TIMESTAMPTZ, &starts);
	put_usec(&params, usec_bounded(query->since));
	put_usec(&params, usec_bounded(query->until));
	put_usec(&params, usec_bounded(query->now - query->t_expire));
	put_safe(&params, query->from_domain);
	put_safe(&params, query->to_domain);
	return sql_run(store, "plan_known", NULL, NULL, err) &&
	       sql_each(store, "delivery", &params, sink, take_bucket, err);
}

bool store_delivery(struct store *store, const struct metric_query *query, void *self,
		    bool (*each)(void *self, const struct delivery_bucket *bucket), struct err *err)
{
	struct buckets buckets = {0};
	struct delivery_sink sink = {.self = self, .each = each, .buckets = &buckets};
	bool fine = make_buckets(query, &buckets, err) && run_delivery(store, query, &sink, err);
	if (fine)
		delivery_skip(&sink, buckets.count);
	free(buckets.starts);
	return fine;
}
