// SPDX-License-Identifier: Apache-2.0
// Files that the program writes itself: following them would never end (F44).
#ifndef INGEST_OWN_FILES_H
#define INGEST_OWN_FILES_H

#include "core/app.h"

// Why the file must not be followed, NULL when it may be. Static text.
const char *own_file(const struct settings *settings, const char *path);
// No pattern of a source may match one.
bool own_files_check(const struct settings *settings, struct err *err);

#endif
