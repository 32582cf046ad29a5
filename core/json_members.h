// SPDX-License-Identifier: Apache-2.0
// JSON written at once, member by member, where an answer has more numbers than a tree of objects is worth: a
// month by the hour is 720 rows of 130 members, and their tree took longer than the database. Names are ours
// and need no escapes. The result is what jansson prints of the same members in the same order
// (JSON_COMPACT), but for shares.
#ifndef CORE_JSON_MEMBERS_H
#define CORE_JSON_MEMBERS_H

#include "core/buf.h"
#include "core/ztime.h"

struct json_members { // {.buf = ...}; not for several threads
	struct buf *buf;
	bool more; // a comma goes before the next member
};

// name: of the member; NULL: an item of an array, or the outermost value.
void out_open(struct json_members *out, const char *name, char bracket); // '{' or '['
void out_close(struct json_members *out, char bracket);                  // '}' or ']'
void out_null(struct json_members *out, const char *name);
void out_bool(struct json_members *out, const char *name, bool value);
void out_int(struct json_members *out, const char *name, int64_t value);
// From 0 to 1, with at most 15 decimals and at least one.
void out_share(struct json_members *out, const char *name, double value);
// value needs no escapes, as words of ours.
void out_word(struct json_members *out, const char *name, const char *value);
void out_usec(struct json_members *out, const char *name, usec_t at, int digits); // as json_usec

#endif
