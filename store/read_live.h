// SPDX-License-Identifier: Apache-2.0
// Inside of store/: some commits, for the rows that they wrote.
#ifndef STORE_READ_LIVE_H
#define STORE_READ_LIVE_H

#include "store/read.h"

struct commits {
	int64_t rows;        // that they wrote, or more: one row may have been written twice
	bool holes;          // a number is missing: only a part of its batch was committed (lanes)
	struct fields spans; // where those rows are, as in_days() takes them
};

bool commits_load(struct store *store, int32_t realm, int64_t after, int64_t upto,
		  struct commits *commits, struct err *err);

#endif
