// SPDX-License-Identifier: Apache-2.0
// Inside of store/: roll-ups by delta (DESIGN section 5). Whoever changes message rows adds what the
// row contributed before (-1) and what it contributes now (+1), and writes the sum in the same
// transaction, so that roll-ups equal a recompute at every commit.
#ifndef STORE_ROLLUP_H
#define STORE_ROLLUP_H

#include "store/internal.h"

struct rollups; // the deltas of one transaction

struct rollups *rollups_new(int32_t realm, int lane);
void rollups_free(struct rollups *rollups); // NULL is fine
// All columns of the row count, the settled ones too.
void rollups_add(struct rollups *rollups, const struct row *row, int sign);
// A row that was and is: the same as adding it with -1 as it was and with +1 as it is.
void rollups_move(struct rollups *rollups, const struct row *was, const struct row *now);
// Adds the sum to the tables: one statement per table, rows in the order of their keys.
bool rollups_write(struct store *store, struct rollups *rollups, struct err *err);

// Makes the roll-ups of since..until (UTC days) anew from the rows, within the caller's transaction.
bool rollups_restate(struct store *store, int32_t realm, usec_t since, usec_t until,
		     struct err *err);

// --- shared with those who read them ---

#define USEC_PER_QUARTER (900 * USEC_PER_SEC)

static inline usec_t usec_floor(usec_t at, usec_t width)
{
	usec_t rest = at % width;
	return at - (rest < 0 ? rest + width : rest);
}

static inline usec_t rollup_day(usec_t at) // the UTC day it lies in
{
	return usec_floor(at, USEC_PER_DAY);
}

struct text jid_domain(struct text jid); // of any JID; absent: ""

#endif
