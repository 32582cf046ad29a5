// SPDX-License-Identifier: Apache-2.0
// Part of store/store.h, which is what others include: what metrics are asked with, and what they give.
#ifndef STORE_METRICS_H
#define STORE_METRICS_H

#include "core/err.h"
#include "core/text.h"
#include "core/ztime.h"

struct store;

enum { LATENCY_POINTS = 5, HORIZONS = 5 }; // p50 p90 p95 p99 max; 10 s, 1 min, 1 h, 24 h, 7 d

enum metric_series {           // latencies of a bucket (F6, F7)
	SERIES_DELIVER,        // requested, direct evidence, did not wait in offline storage
	SERIES_DELIVER_STORED, // the same of those that did
	SERIES_EXPECTED,       // all requested: what was not confirmed takes for ever
	SERIES_READ,
	SERIES_READ_DIRECT,   // of those, not only by a marker on a later message
	SERIES_READ_UPTO,     // of those, the others
	SERIES_READ_EXPECTED, // all read_requested: what was not read takes for ever
	SERIES_RESPOND,
	SERIES_TYPING,
	SERIES_COUNT
};

#define LATENCY_BEYOND INT64_MAX // it is for ever

// Bands of the time until a message was confirmed: each twice as long as the one before, so that they are made of
// whole bins of the histograms. The first one begins at 0, the last one is open.
enum { BANDS = 25, BAND_FIRST_MS = 64 };

static inline int64_t band_from_ms(size_t band)
{
	return band ? (int64_t)BAND_FIRST_MS << (band - 1) : 0;
}

struct latency {
	int64_t n, ms[LATENCY_POINTS]; // -1 = none
};

struct delivery_bucket { // PAIRING F1 to F4, F6, F7 over one bucket of sent_at; F5 by start
	usec_t start, end;
	int64_t sent, unknown, failed_all;
	int64_t requested, confirmed, failed, pending, expired; // F2's rows
	int64_t read_requested, read, read_inferred;            // F3, F4
	int64_t read_direct, read_upto;                         // of read
	int64_t read_pending, read_expired;                     // of read_requested: not displayed
	int64_t stored, accepted, routed, delivered, displayed, retracted; // of sent
	int64_t skew_clamped, resends;
	int64_t answered; // F6
	int64_t confirmed_within[HORIZONS], read_within[HORIZONS];
	int64_t typed, by_content, by_state, by_cap; // store_typing_metric alone
	struct latency latencies[SERIES_COUNT];
	int64_t bands[BANDS]; // of those confirmed in SERIES_EXPECTED
	bool estimated;       // latencies come from histograms: off by at most 3.2 %
};

extern const usec_t horizon_lengths[HORIZONS];
extern const char *const horizon_names[HORIZONS];

struct metric_query {
	int32_t realm;
	usec_t since, until; // half open, both required
	usec_t bucket;       // width; 0 = one bucket; USEC_PER_DAY = civil days of zone
	const struct zone *zone;
	struct text from_domain, to_domain; // absent = all
	usec_t now, t_expire;
	usec_t infer;                      // t_infer
	bool exact;                        // count rows, also where roll-ups know the answer
	usec_t t_typing, t_composing_open; // store_typing_metric
	unsigned series;                   // 1 << metric_series of those that are wanted; 0 = all
};

typedef bool bucket_fn(void *self, const struct delivery_bucket *bucket);

bool store_delivery(struct store *store, const struct metric_query *query, void *self,
		    bucket_fn *each, struct err *err);
// Typing intervals by their start (F5); nothing of the buckets but typed, by_... and SERIES_TYPING.
bool store_typing_metric(struct store *store, const struct metric_query *query, void *self,
			 bucket_fn *each, struct err *err);

#endif
