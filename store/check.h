// SPDX-License-Identifier: Apache-2.0
// Inside of store/: is what was derived still what the rows come to? Looks, and changes nothing.
#ifndef STORE_CHECK_H
#define STORE_CHECK_H

#include "core/map.h"
#include "store/internal.h"

struct check_difference {
	struct text what, column; // table with key; column
	usec_t at;
	struct text stored, made;
};

struct check_request {
	int32_t realm;
	struct text name; // of the realm
	const struct realm_settings *rules;
	usec_t since, until; // widened to UTC days; USEC_NONE = open
	int64_t limit;       // of differences
	void *self;
	void (*difference)(void *self, const struct check_difference *difference);
	void (*progress)(void *self, int64_t rows, int64_t of); // may be NULL
	const volatile sig_atomic_t *stop;                      // may be NULL
};

struct check_result {
	int64_t days, rows, dropped_days, differences;
	int64_t keys, findings; // derived anew; open findings that were compared
	int64_t unsettled;      // parts of conversations that wait to be settled: not compared
	int64_t underived;      // days too near to dropped ones to derive anew
	int64_t looked_at;      // days that were derived anew
};

// In one snapshot. False: it could not be looked at all; differences are no failure.
bool store_check(struct store *store, const struct check_request *request,
		 struct check_result *result, struct err *err);

// --- shared by the parts of the check ---

struct check {
	struct store *store;
	const struct check_request *request;
	struct check_result *result;
	int64_t total;
	int64_t commit;  // newest of the lane
	usec_t dropped;  // the newest day that was dropped, USEC_NONE
	struct map told; // differences, each once
	struct err *err;
};

void check_tell(struct check *check, const struct check_difference *difference);
bool check_is_enough(const struct check *check);

// --- check_derive.c: every key derived anew from its stored facts ---
bool check_derive(struct check *check, usec_t since, usec_t until);

// --- check_settled.c: the order of conversations judged anew ---
bool check_settled(struct check *check, usec_t since, usec_t until);

#endif
