// SPDX-License-Identifier: Apache-2.0
// Errors: the leaf explains what failed, callers may put context in front, the boundary
// (command, handler, loop) logs once. Never put a message body, token or password in here.
#ifndef CORE_ERR_H
#define CORE_ERR_H

#include <stdbool.h>

// The values are the exit statuses of one-shot commands.
enum err_kind {
	ERR_NONE = 0,
	ERR_USAGE = 2,    // usage, configuration or unsafe set-up
	ERR_DIFFERS = 3,  // a check found a difference or an incomplete result
	ERR_DATABASE = 4, // database or lease not available
	ERR_INPUT = 5,    // input not readable
	ERR_STORAGE = 6,  // own storage failed (state, spool, report file)
	ERR_INTERNAL = 70
};

struct err {
	enum err_kind kind;
	char text[512];
};

// Both always return false, so that a failing function can "return err_set(...)". err may be NULL.
bool err_set(struct err *err, enum err_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

// Puts "context: " in front of the text that is there; the kind stays.
bool err_wrap(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
