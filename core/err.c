// SPDX-License-Identifier: Apache-2.0
#include "core/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool err_set(struct err *err, enum err_kind kind, const char *format, ...)
{
	if (!err)
		return false;
	// Formatted aside: the arguments may point into err->text itself.
	char text[sizeof err->text];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	err->kind = kind;
	memcpy(err->text, text, sizeof text);
	return false;
}

bool err_wrap(struct err *err, const char *format, ...)
{
	if (!err)
		return false;
	char front[sizeof err->text];
	va_list args;
	va_start(args, format);
	vsnprintf(front, sizeof front, format, args);
	va_end(args);
	// The context may not push out the cause: it gets at most half of the room.
	char text[sizeof err->text * 2];
	snprintf(text, sizeof text, "%.*s: %s", (int)(sizeof err->text / 2), front, err->text);
	memcpy(err->text, text, sizeof err->text - 1);
	err->text[sizeof err->text - 1] = '\0';
	return false;
}
