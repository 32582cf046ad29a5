// SPDX-License-Identifier: Apache-2.0
// Inside of store/: is what was derived still what the rows come to? Looks, and changes nothing.
#ifndef STORE_CHECK_H
#define STORE_CHECK_H

#include "store/internal.h"

struct check_difference {
	struct text what, column; // table with key; column
	usec_t at;
	struct text stored, made;
};

struct check_request {
	int32_t realm;
	usec_t since, until; // widened to UTC days; USEC_NONE = open
	int64_t limit;       // of differences
	void *self;
	void (*difference)(void *self, const struct check_difference *difference);
	void (*progress)(void *self, int64_t rows, int64_t of); // may be NULL
	const volatile sig_atomic_t *stop;                      // may be NULL
};

struct check_result {
	int64_t days, rows, dropped_days, differences;
};

// In one snapshot. False: it could not be looked at all; differences are no failure.
bool store_check(struct store *store, const struct check_request *request,
		 struct check_result *result, struct err *err);

#endif
