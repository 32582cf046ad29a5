// SPDX-License-Identifier: Apache-2.0
// What files of receiptd's own hold of somebody: kept excerpts of feeds, files of reports.
#ifndef API_ERASE_FILES_H
#define API_ERASE_FILES_H

#include "core/app.h"

// Removes files of reports that name this bare JID (the database gives them no more), and names the files of
// feeds that do: those go by themselves once they are stored. True: something is left.
bool erase_files(const struct app *app, struct text jid, bool dry_run);

#endif
