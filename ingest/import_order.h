// SPDX-License-Identifier: Apache-2.0
// In which order the files of one command are read. Files of one rotated log are read oldest first, in whatever
// order a pattern of the shell gave them: each goes on with what the one before it taught (F26, F52). All others
// keep their places.
#ifndef INGEST_IMPORT_ORDER_H
#define INGEST_IMPORT_ORDER_H

#include "core/ztime.h"

#include <stddef.h>

// The first and the last time that the beginning of a file shows; USEC_NONE: none.
typedef void (*import_look)(void *self, const char *path, usec_t *first, usec_t *last);

void import_order(char **paths, size_t count, import_look look, void *self);

#endif
