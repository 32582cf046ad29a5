// SPDX-License-Identifier: Apache-2.0
// Inside of store/: the buckets of a metric query, shared by those who fill them: from rows
// (read_metrics.c) and from roll-ups (read_rollups.c).
#ifndef STORE_READ_METRICS_H
#define STORE_READ_METRICS_H

#include "store/read.h"

struct buckets {
	usec_t *starts;
	struct delivery_bucket *items; // what was found so far
	size_t count;
	usec_t until;
};

bool buckets_make(const struct metric_query *query, struct buckets *buckets, struct err *err);
// Gives them first, when all went well.
bool buckets_close(struct buckets *buckets, bool fine, void *self, bucket_fn *each);

// For sql_each, buckets as self. Number of the bucket from 1, then the columns of read_metrics.c's
// table; number of the bucket, metric_series, n, percentiles.
bool take_counts(void *self, const struct rows *rows);
bool take_latency(void *self, const struct rows *rows);

static inline bool series_wanted(const struct metric_query *query, size_t series)
{
	return query->series == 0 || (query->series & 1U << series);
}

// True when all buckets can be had from roll-ups.
bool delivery_is_rolled(const struct metric_query *query, const struct buckets *buckets);
bool delivery_rolled(struct store *store, const struct metric_query *query, struct buckets *buckets,
		     struct err *err);

#endif
