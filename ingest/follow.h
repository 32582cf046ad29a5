// SPDX-License-Identifier: Apache-2.0
// Follows the configured sources for as long as the process runs.
#ifndef INGEST_FOLLOW_H
#define INGEST_FOLLOW_H

#include "ingest/feeds.h"

// Returns when app->stop is set (true, everything read so far is committed) or on an error that waiting
// cannot mend. A database that is away is waited for, with back-off; files are read again from the
// marks it has.
// feeds: whose spools are among the sources; may be NULL.
bool follow_run(struct app *app, struct feeds *feeds, struct err *err);

#endif
