// SPDX-License-Identifier: Apache-2.0
// Inside of store/: the buckets of a metric query, shared by those who fill them: from rows
// (read_metrics.c) and from roll-ups (read_rollups.c).
#ifndef STORE_READ_METRICS_H
#define STORE_READ_METRICS_H

#include "store/read.h"

struct buckets {
	usec_t *starts;
	size_t count;
	usec_t until;
};

struct delivery_sink {
	void *self;
	bool (*each)(void *self, const struct delivery_bucket *bucket);
	const struct buckets *buckets;
	size_t next; // bucket that was not given yet
	bool rolled; // latencies come as histograms
	bool stopped;
};

// One row of delivery.sql or delivery_rollup.sql.
bool delivery_take(void *self, const struct rows *rows);

// True when all buckets can be had from roll-ups.
bool delivery_is_rolled(const struct metric_query *query, const struct buckets *buckets);
bool delivery_rolled(struct store *store, const struct metric_query *query,
		     struct delivery_sink *sink, struct err *err);
// p50 p90 p95 p99 max of a histogram in two columns, nearest-rank; the middle of the bin.
void read_histogram(const struct rows *rows, int column, int64_t n, int64_t out[5]);

#endif
