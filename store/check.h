// SPDX-License-Identifier: Apache-2.0
// Inside of store/: is what was derived still what the rows come to? Looks, and changes nothing.
#ifndef STORE_CHECK_H
#define STORE_CHECK_H

#include "core/map.h"
#include "store/internal.h"

#include <stdatomic.h>

struct check_difference {
	struct text what, column; // table with key; column
	usec_t at;
	struct text stored, made;
};

enum { CHECK_AT_ONCE = 20000 };

struct check_request {
	int32_t realm;
	struct text name; // of the realm
	const struct realm_settings *rules;
	usec_t since, until; // widened to UTC days; USEC_NONE = open
	int64_t limit;       // of differences
	int64_t at_once; // facts that are held at once; 0: as many as memory allows (CHECK_AT_ONCE)
	void *self;
	void (*difference)(void *self, const struct check_difference *difference);
	void (*progress)(void *self, int64_t rows, int64_t of); // may be NULL
	const atomic_int *stop;                                 // may be NULL
};

struct check_result {
	int64_t days, rows, dropped_days, differences;
	int64_t keys, findings; // derived anew; open findings that were compared
	int64_t unsettled;      // parts of conversations that wait to be settled: not compared
	int64_t underived;      // days too near to dropped ones to derive anew
	int64_t looked_at;      // days that were derived anew
	int64_t erased;         // conversations with erased persons: counted, not derived anew
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
	usec_t since, until; // of all days that hold anything
	usec_t derived_from; // before this, days were dropped that what is derived looks at
	int64_t commit;      // newest of the lane
	usec_t dropped;      // the newest day that was dropped, USEC_NONE
	struct map told;     // differences, each once
	struct err *err;
};

void check_tell(struct check *check, const struct check_difference *difference);
bool check_is_enough(const struct check *check);

// A part of what is derived anew, small enough to be held: whole conversations, or days of one.
struct piece {
	int64_t conv_lo, conv_hi;
	usec_t since, until;
	size_t first, count; // of the listed conversations
};

struct check_conv {
	int64_t conv, facts;
	usec_t lo, hi; // first and last fact in derived_from..until
	bool waits;    // to be settled
	bool erased;   // what its rows were derived from is gone
};

struct check_convs {
	struct check_conv *items;
	size_t count, cap;
};

// --- check_pieces.c: all conversations between two, piece by piece ---
bool check_pieces(struct check *check, int64_t conv_lo, int64_t conv_hi);

// --- check_derive.c: every key derived anew from its stored facts ---
bool check_derive(struct check *check, const struct piece *piece);

// --- check_settled.c: the order of conversations judged anew ---
bool check_settled(struct check *check, const struct check_convs *convs, const struct piece *piece);

#endif
