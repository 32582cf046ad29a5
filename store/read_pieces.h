// SPDX-License-Identifier: Apache-2.0
// Inside of store/: wanted buckets as sums of roll-ups.
#ifndef STORE_READ_PIECES_H
#define STORE_READ_PIECES_H

#include "store/read_metrics.h"

struct piece {
	int32_t bucket; // wanted one, from 1
	int grain;      // enum rollup_grain; 0 = rows
	usec_t lo, hi;
	int sign;   // -1: taken away
	bool waits; // what is not answered there is pending, else expired
};

enum { ROW_PIECES = 2 };

struct pieces {
	struct piece *items; // of roll-ups
	size_t count, cap;
	struct piece rows[ROW_PIECES];
	size_t row_count; // may be more than there is place for
	bool by_domain;
	usec_t until, now;
	// What was sent after the edge is pending; no roll-up says so of the bucket that it lies in.
	usec_t edge, edge_lo, edge_hi;
	int32_t edge_bucket; // 0 = none
};

void pieces_make(const struct metric_query *query, const struct buckets *buckets,
		 struct pieces *pieces);
void pieces_free(struct pieces *pieces);

#endif
