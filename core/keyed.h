// SPDX-License-Identifier: Apache-2.0
// Keyed 64-bit hash (SipHash-2-4, libsodium) over a list of fields. Used for every identity
// (conversation, message key, JID id) so that tables give no guesses and every node agrees.
// Each field is preceded by its length, so ("ab","c") and ("a","bc") differ; absent differs from empty.
#ifndef CORE_KEYED_H
#define CORE_KEYED_H

#include "core/text.h"

#include <stdint.h>

struct hash_key {
	unsigned char bytes[16];
};

int64_t keyed_hash(const struct hash_key *key, const struct text *fields, size_t count);

#define KEYED(key, ...)                                                                            \
	keyed_hash((key), (const struct text[]){__VA_ARGS__},                                      \
		   sizeof((const struct text[]){__VA_ARGS__}) / sizeof(struct text))

void hash_key_random(struct hash_key *key);

#endif
