// SPDX-License-Identifier: Apache-2.0
#include "store/digest.h"

#include "core/arena.h"

#include <openssl/evp.h>
#include <stdlib.h>

struct digest {
	EVP_MD *algorithm;
	EVP_MD_CTX *context;
};

struct digest *digest_new(void)
{
	struct digest *digest = xcalloc(1, sizeof *digest);
	digest->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
	digest->context = EVP_MD_CTX_new();
	if (digest->algorithm && digest->context)
		return digest;
	digest_free(digest);
	return NULL;
}

void digest_free(struct digest *digest)
{
	if (!digest)
		return;
	EVP_MD_CTX_free(digest->context);
	EVP_MD_free(digest->algorithm);
	free(digest);
}

// None of these fails once the algorithm is there and memory is; a wrong hash must never pass for one.
static void must(int done)
{
	if (done != 1)
		abort();
}

void digest_start(struct digest *digest)
{
	must(EVP_DigestInit_ex(digest->context, digest->algorithm, NULL));
}

void digest_add(struct digest *digest, const void *bytes, size_t size)
{
	must(EVP_DigestUpdate(digest->context, bytes, size));
}

void digest_end(struct digest *digest, unsigned char out[HASH])
{
	must(EVP_DigestFinal_ex(digest->context, out, NULL));
}

static void pad(const unsigned char key[2 * HASH], unsigned char with, unsigned char out[2 * HASH])
{
	for (int i = 0; i < 2 * HASH; i++)
		out[i] = key[i] ^ with;
}

void digest_hmac(struct digest *digest, const unsigned char key[2 * HASH], struct text message,
		 unsigned char out[HASH])
{
	unsigned char block[2 * HASH];
	pad(key, 0x36, block);
	digest_start(digest);
	digest_add(digest, block, sizeof block);
	digest_add(digest, message.p, message.n);
	digest_end(digest, out);
	pad(key, 0x5c, block);
	digest_start(digest);
	digest_add(digest, block, sizeof block);
	digest_add(digest, out, HASH);
	digest_end(digest, out);
}
