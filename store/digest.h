// SPDX-License-Identifier: Apache-2.0
// SHA-256, many times over.
#ifndef STORE_DIGEST_H
#define STORE_DIGEST_H

#include "core/text.h"

enum { HASH = 32 };

struct digest;

struct digest *digest_new(void);
void digest_free(struct digest *digest);

void digest_start(struct digest *digest);
void digest_add(struct digest *digest, const void *bytes, size_t size);
void digest_end(struct digest *digest, unsigned char out[HASH]);
// HMAC-SHA256 with a key of 64 bytes, one block of the hash: nothing has to be padded.
void digest_hmac(struct digest *digest, const unsigned char key[2 * HASH], struct text message,
		 unsigned char out[HASH]);

#endif
