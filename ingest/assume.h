// SPDX-License-Identifier: Apache-2.0
// What can be found out is not asked (DESIGN section 6): rules for a realm from the settings and from a
// look at the files.
#ifndef INGEST_ASSUME_H
#define INGEST_ASSUME_H

#include "core/app.h"
#include "ingest/look.h"
#include "store/store.h"

// Adds hosts and MUC domains seen in the file where the settings name none; says so in one line each.
void assume_rules(struct app *app, const char *path, const struct look *look,
		  struct realm_settings *rules);

// Adds what earlier imports into the realm found out; nothing when the realm does not exist yet.
bool assume_known(struct app *app, struct store *store, const char *realm,
		  struct realm_settings *rules, struct err *err);

// The name of the source that a file belongs to when nobody named one: dialect, folder and the stem
// without rotation marks, so that files of one rotated log are one source (PAIRING T1b, M9).
char *assume_source_name(const char *dialect, const char *path);

// The configured source that the file at this path is of, whatever name it has there; NULL: none.
const struct source_setting *assume_source(const struct settings *settings, const char *path);

#endif
