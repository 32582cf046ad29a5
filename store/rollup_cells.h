// SPDX-License-Identifier: Apache-2.0
// Inside of store/: the deltas of one transaction as cells: rollup.c collects them, rollup_write.c
// writes them.
#ifndef STORE_ROLLUP_CELLS_H
#define STORE_ROLLUP_CELLS_H

#include "core/arena.h"
#include "core/map.h"
#include "store/rollup.h"
#include "store/rollup_row.h"

enum rollup_grain { GRAIN_QUARTER = 1, GRAIN_DAY, GRAIN_DOMAINS, GRAIN_KIND };

struct bin_count {
	int bin;
	int64_t n;
};

struct histogram {
	struct bin_count *items; // ascending; n may be 0
	size_t count, cap;
};

struct sum_key {
	int grain, kind;
	usec_t bucket;
	struct text from, to; // domains of grain 3, else ""
};

struct sum_cell {
	struct sum_key key;
	int64_t sums[SUM_COUNT];
	struct histogram latencies[LATENCY_COUNT];
	struct sum_cell *next; // of the same hash
};

struct user_cell {
	usec_t day;
	int64_t id; // as pairing_jid_id(), once written
	struct text jid;
	int32_t sums[USER_COUNT];
	struct user_cell *next;
};

enum device_sum { // the columns of rollup_device, in their order
	DEVICE_SENT,
	DEVICE_UNKNOWN,
	DEVICE_FAILED,
	DEVICE_REQUESTED,
	DEVICE_CONFIRMED,
	DEVICE_REQUESTED_FAILED,
	DEVICE_READ_REQUESTED,
	DEVICE_READ,
	DEVICE_COUNT
};

struct device_cell {
	usec_t day;
	struct text domain; // of the recipient
	int64_t device;
	int32_t sums[DEVICE_COUNT];
	struct histogram deliver;
	struct device_cell *next;
};

struct failure_cell {
	usec_t day;
	struct text from, to; // domains
	const char *condition;
	int32_t failed, requested;
	struct failure_cell *next;
};

struct cells {
	void **items; // all cells, then in the order of their keys
	size_t count, cap;
	struct map by_hash;
};

struct rollups {
	int32_t realm;
	int lane; // of the rows that are written
	struct arena *arena;
	struct cells sums, users;              // struct sum_cell, struct user_cell
	struct cells devices, failures;        // struct device_cell, struct failure_cell
	struct sum_cell *last[GRAIN_KIND + 1]; // of each grain: rows of one hour come together
};

// --- rollup.c: what the files of cells share ---
void cells_add(struct cells *cells, void *cell);
// In their order, in pieces: arrays of a statement are held whole, here and in the server.
bool cells_write(struct store *store, const struct rollups *rollups, const struct cells *cells,
		 bool (*write)(struct store *store, const struct rollups *rollups, size_t from,
			       size_t end, struct err *err),
		 struct err *err);
void cells_sort(struct cells *cells, int (*order)(const void *, const void *));
struct bin_count *bin_place(struct histogram *histogram, int bin);

// --- rollup_device.c, rollup_failure.c: one of both is nothing, or both are of one day and of the
// same parties ---
void devices_add(struct rollups *rollups, usec_t day, struct text domain,
		 const struct contribution *was, const struct contribution *now);
bool devices_write(struct store *store, struct rollups *rollups, struct err *err);
void devices_free(struct rollups *rollups);
void failures_add(struct rollups *rollups, usec_t day, struct text from, struct text to,
		  const struct contribution *was, const struct contribution *now);
bool failures_write(struct store *store, struct rollups *rollups, struct err *err);

#endif
