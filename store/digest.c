// SPDX-License-Identifier: Apache-2.0
#include "store/digest.h"

#include "core/arena.h"

// The plain functions of SHA-256: a hash here is of a few hundred bytes, and the general interface (EVP) costs as much as
// that for each one. They use the same instructions of the processor, and a state can be copied.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdlib.h>

enum { KEYS = 64 }; // of HMACs that are remembered; a power of two

struct keyed { // one block of key, hashed
	bool set;
	unsigned char key[2 * HASH];
	SHA256_CTX inner, outer;
};

struct digest {
	SHA256_CTX context;
	struct keyed keys[KEYS];
};

struct digest *digest_new(void)
{
	return xcalloc(1, sizeof(struct digest));
}

void digest_free(struct digest *digest)
{
	if (!digest)
		return;
	OPENSSL_cleanse(digest, sizeof *digest);
	free(digest);
}

// None of these fails; a wrong hash must never pass for one.
static void must(int done)
{
	if (done != 1)
		abort();
}

void digest_start(struct digest *digest)
{
	must(SHA256_Init(&digest->context));
}

void digest_add(struct digest *digest, const void *bytes, size_t size)
{
	must(SHA256_Update(&digest->context, bytes, size));
}

void digest_end(struct digest *digest, unsigned char out[HASH])
{
	must(SHA256_Final(out, &digest->context));
}

static void begin_keyed(SHA256_CTX *context, const unsigned char key[2 * HASH], unsigned char with)
{
	unsigned char block[2 * HASH];
	for (int i = 0; i < 2 * HASH; i++)
		block[i] = key[i] ^ with;
	must(SHA256_Init(context));
	must(SHA256_Update(context, block, sizeof block));
	OPENSSL_cleanse(block, sizeof block);
}

// Rows of one conversation follow each other: two persons, in two orders. Keys are salts, so any byte will do as a place.
static const struct keyed *keyed_of(struct digest *digest, const unsigned char key[2 * HASH])
{
	struct keyed *it = &digest->keys[(key[0] ^ key[HASH + 1]) & (KEYS - 1)];
	if (it->set && memcmp(it->key, key, sizeof it->key) == 0)
		return it;
	it->set = true;
	memcpy(it->key, key, sizeof it->key);
	begin_keyed(&it->inner, key, 0x36);
	begin_keyed(&it->outer, key, 0x5c);
	return it;
}

void digest_hmac(struct digest *digest, const unsigned char key[2 * HASH], struct text message,
		 unsigned char out[HASH])
{
	const struct keyed *it = keyed_of(digest, key);
	digest->context = it->inner;
	digest_add(digest, message.p, message.n);
	digest_end(digest, out);
	digest->context = it->outer;
	digest_add(digest, out, HASH);
	digest_end(digest, out);
}
