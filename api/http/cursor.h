// SPDX-License-Identifier: Apache-2.0
// Opaque cursors: where a list goes on. They carry a keyed hash, so an altered one, or one of
// another question, is refused instead of answering something else (F147).
#ifndef API_HTTP_CURSOR_H
#define API_HTTP_CURSOR_H

#include "core/buf.h"
#include "core/keyed.h"
#include "core/ztime.h"

enum { CURSOR_TEXT = 80 };

struct cursor { // the keyset of the last row that was shown
	usec_t at;
	int64_t conv, key;
	int32_t n;
};

// question: hash of everything that says which rows are asked for, and in which order.
void cursor_encode(const struct hash_key *key, int64_t question, const struct cursor *cursor,
		   char out[CURSOR_TEXT]);
bool cursor_decode(const struct hash_key *key, int64_t question, struct text text,
		   struct cursor *cursor);

#endif
