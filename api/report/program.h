// SPDX-License-Identifier: Apache-2.0
// Runs another program without a shell: arguments as they are, an environment of its own (no password of ours in
// it), a time limit.
#ifndef API_REPORT_PROGRAM_H
#define API_REPORT_PROGRAM_H

#include "core/err.h"
#include "core/text.h"
#include "core/ztime.h"

#include <stdatomic.h>

struct program {
	const char *const *argv; // argv[0]: its path; ends with NULL
	const char *const *more; // NAME=VALUE beside PATH; ends with NULL; may be NULL
	struct text input;       // its standard input; absent: nothing
	usec_t limit;
	const atomic_int *stop; // ends the wait, and the program
};

// Its exit status is 0, in time; else err says what it was.
bool program_run(const struct program *program, struct err *err);

#endif
