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

// Places of counts in a bucket, for tables of the columns that are added to them.
#define COUNTER(member) offsetof(struct delivery_bucket, member)
#define WITHIN(member)                                                                             \
	COUNTER(member[0]), COUNTER(member[1]), COUNTER(member[2]), COUNTER(member[3]),            \
		COUNTER(member[4])

static inline void bucket_add(struct delivery_bucket *bucket, size_t place, int64_t value)
{
	int64_t sum;
	memcpy(&sum, (char *)bucket + place, sizeof sum);
	sum += value;
	memcpy((char *)bucket + place, &sum, sizeof sum);
}

static inline bool series_wanted(const struct metric_query *query, size_t series)
{
	return query->series == 0 || (query->series & 1U << series);
}

// True when all buckets can be had from roll-ups.
bool delivery_is_rolled(const struct metric_query *query, const struct buckets *buckets);
bool delivery_rolled(struct store *store, const struct metric_query *query, struct buckets *buckets,
		     struct err *err);

#endif
