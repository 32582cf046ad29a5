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
	bool stopped;
};

struct delivery_bucket delivery_empty(const struct buckets *buckets, size_t i);
// Both return false when the receiver wants no more.
bool delivery_give(struct delivery_sink *sink, const struct delivery_bucket *bucket);
bool delivery_skip(struct delivery_sink *sink, size_t end); // those before "end" are empty

// True when all buckets can be had from roll-ups.
bool delivery_is_rolled(const struct metric_query *query, const struct buckets *buckets);
bool delivery_rolled(struct store *store, const struct metric_query *query,
		     struct delivery_sink *sink, struct err *err);

#endif
