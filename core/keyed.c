// SPDX-License-Identifier: Apache-2.0
#include "core/keyed.h"

#include "core/arena.h"

#include <endian.h>
#include <sodium.h>
#include <stdlib.h>

_Static_assert(sizeof(struct hash_key) == crypto_shorthash_KEYBYTES, "SipHash-2-4 key");
_Static_assert(sizeof(int64_t) == crypto_shorthash_BYTES, "SipHash-2-4 result");

// Identities are short; only a hostile one leaves the stack.
enum { ON_STACK = 1024 };

static size_t encoded_size(const struct text *fields, size_t count)
{
	size_t size = 0;
	for (size_t i = 0; i < count; i++)
		size += sizeof(uint64_t) + fields[i].n;
	return size;
}

// Length as 64 bits little-endian, then the bytes. No text is UINT64_MAX long: that is "absent".
static void encode(unsigned char *out, const struct text *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t prefix = htole64(fields[i].p ? fields[i].n : UINT64_MAX);
		memcpy(out, &prefix, sizeof prefix);
		out += sizeof prefix;
		if (fields[i].p && fields[i].n) {
			memcpy(out, fields[i].p, fields[i].n);
			out += fields[i].n;
		}
	}
}

int64_t keyed_hash(const struct hash_key *key, const struct text *fields, size_t count)
{
	unsigned char small[ON_STACK];
	small[0] = 0; // no fields at all: hashes the empty string, never what lies on the stack
	size_t size = encoded_size(fields, count);
	unsigned char *bytes = size > sizeof small ? xcalloc(1, size) : small;
	encode(bytes, fields, count);

	uint64_t hash;
	crypto_shorthash((unsigned char *)&hash, bytes, size, key->bytes);
	if (bytes != small)
		free(bytes);
	hash = le64toh(hash); // the same number on every node
	int64_t signed_hash;
	memcpy(&signed_hash, &hash, sizeof signed_hash);
	return signed_hash;
}

void hash_key_random(struct hash_key *key)
{
	if (sodium_init() < 0)
		abort(); // no source of randomness: a guessable key would be worse
	crypto_shorthash_keygen(key->bytes);
}
