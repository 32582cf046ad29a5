// SPDX-License-Identifier: Apache-2.0
// The few things jansson does not have.
#ifndef CORE_JSON_H
#define CORE_JSON_H

#include "core/text.h"
#include "core/ztime.h"

#include <jansson.h>

static inline void json_cleanup_(json_t **value)
{
	json_decref(*value);
}
#define JSON_AUTO __attribute__((cleanup(json_cleanup_))) json_t

// Absent -> null. Bytes that are not UTF-8 are replaced by U+FFFD, so a reply is always valid.
json_t *json_text(struct text text);
// USEC_NONE -> null. digits as usec_format.
json_t *json_usec(usec_t at, int digits);
// Sets only when present (absent = no member at all).
void json_put_text(json_t *object, const char *key, struct text text);
void json_put_usec(json_t *object, const char *key, usec_t at, int digits);
// String member as slice, TEXT_NONE when missing or not a string. Valid while the object lives.
struct text json_get_text(const json_t *object, const char *key);

#endif
