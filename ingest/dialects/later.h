// SPDX-License-Identifier: Apache-2.0
// Facts of records that low water has not passed. A restart reads those records again, so it must begin with what
// was known before them: what they teach is remembered when low water is behind them.
#ifndef INGEST_DIALECTS_LATER_H
#define INGEST_DIALECTS_LATER_H

#include "core/buf.h"
#include "ingest/dialect.h"

struct later_fact;

struct later { // zero: none waits
	struct later_fact *list;
	size_t count, capacity;
	struct buf text; // keys and values of all
};

// The record that begins at offset teaches it; offsets may come in any order.
void later_put(struct later *later, uint64_t offset, struct text key, struct text value);
// Remembers the facts of all records before low, in the order in which they came.
void later_remember(struct later *later, uint64_t low, const struct dialect_sink *sink);
void later_free(struct later *later);

#endif
