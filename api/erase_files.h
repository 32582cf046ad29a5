// SPDX-License-Identifier: Apache-2.0
// What files of receiptd's own hold of somebody: kept excerpts of feeds, files of reports.
#ifndef API_ERASE_FILES_H
#define API_ERASE_FILES_H

#include "core/app.h"
#include "store/store.h"

// Removes files of reports that name this bare JID (the database gives them no more) and their place in the index; asks
// the running daemon for the segments of feeds that do, which go as soon as they are stored. *left: something is, and
// was named.
bool erase_files(struct app *app, struct store *store, struct text jid, bool dry_run, bool *left,
		 struct err *err);

#endif
