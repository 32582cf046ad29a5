// SPDX-License-Identifier: Apache-2.0
// How each configured source does, written down for people: shown by /v1/sources and doctor.
#ifndef INGEST_HEALTH_H
#define INGEST_HEALTH_H

#include "core/app.h"
#include "ingest/batcher.h"
#include "ingest/feeds.h"
#include "ingest/tail.h"

// Looks at the tails of every source and writes what has changed since. realm: for sources that never
// had a file.
bool health_write(struct app *app, struct feeds *feeds, struct store *store, int32_t realm,
		  struct tail *const *tails, size_t count, struct err *err);

#endif
