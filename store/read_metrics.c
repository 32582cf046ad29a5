// SPDX-License-Identifier: Apache-2.0
// Counters and rates, computed from rows (PAIRING F1..F4, F6, F7, section 9).
#include "store/read_metrics.h"

#include "store/message_row.h"
#include "store/rollup.h"

#include <stddef.h>
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
	return sql_plan(store, "plan_known", err) &&
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

static void fill_buckets(struct buckets *buckets)
{
	buckets->items = xcalloc(buckets->count, sizeof *buckets->items);
	for (size_t i = 0; i < buckets->count; i++) {
		struct delivery_bucket *bucket = &buckets->items[i];
		bucket->start = buckets->starts[i];
		bucket->end = i + 1 < buckets->count ? buckets->starts[i + 1] : buckets->until;
		for (size_t k = 0; k < SERIES_COUNT; k++)
			bucket->latencies[k] = (struct latency){0, {-1, -1, -1, -1, -1}};
	}
}

static void add_start(struct buckets *buckets, usec_t at)
{
	if (buckets->count % 64 == 0)
		buckets->starts =
			xrealloc(buckets->starts, (buckets->count + 64) * sizeof *buckets->starts);
	buckets->starts[buckets->count++] = at;
}

bool buckets_make(const struct metric_query *query, struct buckets *buckets, struct err *err)
{
	*buckets = (struct buckets){.until = query->until};
	if (query->since == USEC_NONE || query->until == USEC_NONE || query->since >= query->until)
		return err_set(err, ERR_USAGE, "since must lie before until");
	for (usec_t at = query->since; at < query->until;) {
		if (buckets->count == BUCKETS_MAX)
			return err_set(err, ERR_USAGE, "more than %d buckets", BUCKETS_MAX);
		add_start(buckets, at);
		usec_t next = next_start(query, at);
		at = next > at ? next : query->until;
	}
	fill_buckets(buckets);
	return true;
}

bool buckets_close(struct buckets *buckets, bool fine, void *self, bucket_fn *each)
{
	for (size_t i = 0; i < buckets->count && fine; i++) {
		if (!each(self, &buckets->items[i]))
			break;
	}
	free(buckets->starts);
	free(buckets->items);
	return fine;
}

// --- reading them ---

// The columns of delivery.sql, after the bucket.
static const size_t counters[] = {
	COUNTER(sent),         COUNTER(unknown),         COUNTER(failed_all),
	COUNTER(requested),    COUNTER(confirmed),       COUNTER(failed),
	COUNTER(pending),      COUNTER(expired),         COUNTER(read_requested),
	COUNTER(read),         COUNTER(read_upto),       COUNTER(read_inferred),
	COUNTER(read_pending), COUNTER(read_expired),    COUNTER(stored),
	COUNTER(accepted),     COUNTER(routed),          COUNTER(delivered),
	COUNTER(displayed),    COUNTER(retracted),       COUNTER(skew_clamped),
	COUNTER(resends),      WITHIN(confirmed_within), WITHIN(read_within),
};

static struct delivery_bucket *bucket_of(struct buckets *buckets, const struct rows *rows)
{
	size_t i = (size_t)row_int(rows, 0, 0) - 1; // width_bucket() counts from 1
	return i < buckets->count ? &buckets->items[i] : NULL;
}

static bool take_counts(void *self, const struct rows *rows)
{
	struct delivery_bucket *bucket = bucket_of(self, rows);
	for (size_t k = 0; k < sizeof counters / sizeof *counters && bucket; k++)
		bucket_add(bucket, counters[k], row_int(rows, 0, (int)k + 1));
	return true;
}

static void read_latency(const struct rows *rows, int column, struct latency *latency)
{
	struct array array;
	struct text element;
	latency->n = row_int(rows, 0, column);
	array_open(&array, rows, 0, column + 1);
	for (size_t k = 0; k < LATENCY_POINTS && array_next(&array, &element); k++)
		latency->ms[k] = array_int(element);
}

_Static_assert(SERIES_COUNT == 9 && BANDS == 25, "latency.sql has them as numbers");

static bool take_latency(void *self, const struct rows *rows)
{
	struct delivery_bucket *bucket = bucket_of(self, rows);
	size_t series = (size_t)row_int(rows, 0, 1);
	if (bucket && series >= SERIES_COUNT && series - SERIES_COUNT < BANDS)
		bucket->bands[series - SERIES_COUNT] = row_int(rows, 0, 2);
	if (bucket && series < SERIES_COUNT)
		read_latency(rows, 2, &bucket->latencies[series]);
	return true;
}

// --- delivery, reading, response ---

static void put_question(struct fields *params, const struct metric_query *query,
			 const struct buckets *buckets)
{
	FIELDS_AUTO starts = {0};
	for (size_t i = 0; i < buckets->count; i++)
		put_usec(&starts, usec_bounded(buckets->starts[i]));
	put_int4(params, query->realm);
	put_array(params, OF_TIMESTAMPTZ, &starts);
	put_usec(params, usec_bounded(query->since));
	put_usec(params, usec_bounded(query->until));
	put_safe(params, query->from_domain);
	put_safe(params, query->to_domain);
}

static bool run_delivery(struct store *store, const struct metric_query *query,
			 struct buckets *buckets, struct err *err)
{
	FIELDS_AUTO counts = {0};
	FIELDS_AUTO times = {0};
	FIELDS_AUTO series = {0};
	if (delivery_is_rolled(query, buckets))
		return delivery_rolled(store, query, buckets, err);
	for (int i = 0; i < SERIES_COUNT; i++) {
		if (series_wanted(query, (size_t)i))
			put_int4(&series, i);
	}
	put_question(&times, query, buckets);
	put_array(&times, OF_INT4, &series);
	put_question(&counts, query, buckets);
	put_usec(&counts, usec_bounded(query->now - query->t_expire));
	return sql_plan(store, "plan_known", err) &&
	       sql_each(store, "latency", &times, buckets, take_latency, err) &&
	       sql_each(store, "delivery", &counts, buckets, take_counts, err);
}

bool store_delivery(struct store *store, const struct metric_query *query, void *self,
		    bucket_fn *each, struct err *err)
{
	struct buckets buckets;
	bool fine = buckets_make(query, &buckets, err) && run_delivery(store, query, &buckets, err);
	for (size_t i = 0; i < buckets.count; i++) {
		struct delivery_bucket *bucket = &buckets.items[i];
		bucket->read_direct = bucket->read - bucket->read_upto;
		bucket->answered = bucket->latencies[SERIES_RESPOND].n;
	}
	return buckets_close(&buckets, fine, self, each);
}

// --- typing ---

static bool take_typing(void *self, const struct rows *rows)
{
	struct delivery_bucket *bucket = bucket_of(self, rows);
	if (!bucket)
		return true;
	bucket->by_content = row_int(rows, 0, 1);
	bucket->by_state = row_int(rows, 0, 2);
	bucket->by_cap = row_int(rows, 0, 3);
	bucket->typed = row_int(rows, 0, 4);
	read_latency(rows, 4, &bucket->latencies[SERIES_TYPING]);
	return true;
}

bool store_typing_metric(struct store *store, const struct metric_query *query, void *self,
			 bucket_fn *each, struct err *err)
{
	struct buckets buckets;
	FIELDS_AUTO params = {0};
	bool fine = buckets_make(query, &buckets, err);
	if (fine)
		put_question(&params, query, &buckets);
	put_usec(&params, usec_bounded(query->now));
	put_int8(&params, query->t_typing);
	put_int8(&params, query->t_composing_open);
	fine = fine && sql_plan(store, "plan_known", err) &&
	       sql_each(store, "typing_metric", &params, &buckets, take_typing, err);
	return buckets_close(&buckets, fine, self, each);
}

// --- one state of the data ---

bool store_snapshot(struct store *store, struct err *err)
{
	return store->held || txn_begin(store, TXN_SNAPSHOT, err);
}

void store_snapshot_end(struct store *store)
{
	if (!store->held)
		txn_rollback(store);
}
