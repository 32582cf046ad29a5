// SPDX-License-Identifier: Apache-2.0
// Inside of store/: what one message row counts as in the roll-ups (PAIRING section 7). A pure
// function of the stored row; migrations/0007_rollup.sql says the same in SQL, and "receiptd check"
// compares the two.
#ifndef STORE_ROLLUP_ROW_H
#define STORE_ROLLUP_ROW_H

#include "store/internal.h"

enum rollup_sum { // the columns of rollup, in their order
	SUM_ROWS,
	SUM_SENT,
	SUM_UNKNOWN,
	SUM_FAILED,
	SUM_REQUESTED,
	SUM_CONFIRMED,
	SUM_REQUESTED_FAILED,
	SUM_READ_REQUESTED,
	SUM_READ,
	SUM_READ_INFERRED,
	SUM_RESENDS,
	SUM_SKEW_CLAMPED,
	SUM_STORED,
	SUM_ACKS,
	SUM_ACKS_GROUP,
	SUM_ACKS_DUP,
	SUM_ERRORS,
	SUM_CONFIRMED_WITHIN,
	SUM_READ_WITHIN = SUM_CONFIRMED_WITHIN + 5,
	SUM_ACCEPTED = SUM_READ_WITHIN + 5,
	SUM_ROUTED,
	SUM_DELIVERED,
	SUM_DISPLAYED,
	SUM_RETRACTED,
	SUM_READ_UPTO,
	SUM_COUNT
};

enum user_sum { // the columns of rollup_user, in their order
	USER_SENT,
	USER_REQUESTED,
	USER_CONFIRMED,
	USER_FAILED,
	USER_READ_REQUESTED,
	USER_READ,
	USER_RECEIVED,
	USER_COUNT
};

enum latency_metric { // rollup_latency.metric - 1
	LATENCY_DELIVER,
	LATENCY_DELIVER_STORED,
	LATENCY_READ,
	LATENCY_RESPOND,
	LATENCY_CONFIRM_OTHER, // confirmed, and no direct evidence tells when it was delivered
	LATENCY_READ_UPTO,     // of LATENCY_READ
	LATENCY_COUNT
};

struct contribution {
	usec_t sent_at; // as it is stored
	int64_t sums[SUM_COUNT];
	int64_t ms[LATENCY_COUNT]; // -1 = none
	int kind;                  // rollup.kind of grain 4
	bool counted;              // M11
	bool requested, confirmed, failed, read_requested, read;
	int64_t device;        // row.device
	const char *condition; // of a counted row that failed: failure_condition(), else NULL
};

// One of a closed list: whoever sends an error may write any name into it.
const char *failure_condition(struct text error);

void contribution_of(const struct row *row, struct contribution *out);

// Log-linear: every value below 32 has a bin, above there are 16 to an octave (error <= 3.2 %).
enum { LATENCY_BINS = 1024 };
int latency_bin(int64_t ms);     // ms >= 0
int64_t latency_bin_ms(int bin); // its middle

#endif
