// SPDX-License-Identifier: Apache-2.0
// What doctor says, line by line: "ok", "note", "warn" or "bad", and what to change.
#ifndef INGEST_DOCTOR_H
#define INGEST_DOCTOR_H

#include "core/app.h"
#include "store/store.h"

#include <stdio.h>

enum doctor_level { DOCTOR_OK, DOCTOR_NOTE, DOCTOR_WARN, DOCTOR_BAD, DOCTOR_LEVELS };

struct doctor {
	const struct app *app;
	FILE *out;
	int64_t said[DOCTOR_LEVELS];
};

void doctor_title(struct doctor *doctor, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void doctor_say(struct doctor *doctor, enum doctor_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

// doctor_source.c: the files of one configured source, as they are.
void doctor_source(struct doctor *doctor, const struct source_setting *source);
// doctor_rotation.c: rotated files that the pattern leaves out, copytruncate.
void doctor_rotation(struct doctor *doctor, const struct source_setting *source);

// doctor_reports.c: reports that a hook or a mail did not take.
bool doctor_reports(struct doctor *doctor, struct store *store, int32_t realm, struct err *err);

#endif
