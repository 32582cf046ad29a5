// SPDX-License-Identifier: Apache-2.0
// What was seen in a file (ingest/look.h), for people and for programs.
#ifndef INGEST_EXPLAIN_H
#define INGEST_EXPLAIN_H

#include "ingest/look.h"

#include <jansson.h>
#include <stdio.h>

void explain_print(FILE *out, const char *path, const struct look *look);
// New reference.
json_t *explain_json(const char *path, const struct look *look);

#endif
