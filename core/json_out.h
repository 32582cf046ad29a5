// SPDX-License-Identifier: Apache-2.0
// JSON written straight into a buffer, for what is written a million times: byte for byte what table_json()
// makes of the same values of jansson (tests/unit/test_json_out.c).
#ifndef CORE_JSON_OUT_H
#define CORE_JSON_OUT_H

#include "core/buf.h"
#include "core/ztime.h"

// As json_text(): absent -> null, bytes that are not UTF-8 are replaced by U+FFFD.
void json_out_text(struct buf *out, struct text text);
void json_out_integer(struct buf *out, int64_t number);
// As json_usec(): USEC_NONE -> null.
void json_out_usec(struct buf *out, usec_t at, int digits);

// The text itself when it is UTF-8, else what becomes of it, which then lives in repaired (empty before).
struct text json_utf8(struct text text, struct buf *repaired);

#endif
