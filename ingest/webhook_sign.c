// SPDX-License-Identifier: Apache-2.0
// Signatures as Standard Webhooks has them.
#include "ingest/webhook.h"

#include "core/buf.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <stdlib.h>

#define TOLERANCE (300 * USEC_PER_SEC)

enum { KEY_MOST = 256, TEXT_MOST = 64 };

// Seconds since 1970; a signature that was overheard is worth nothing later.
static bool is_timely(const struct feed_signature *signature)
{
	int64_t seconds = 0;
	if (!signature->timestamp.n || signature->timestamp.n > 12)
		return false;
	for (size_t i = 0; i < signature->timestamp.n; i++) {
		if (signature->timestamp.p[i] < '0' || signature->timestamp.p[i] > '9')
			return false;
		seconds = seconds * 10 + (signature->timestamp.p[i] - '0');
	}
	usec_t distance = signature->now - seconds * USEC_PER_SEC;
	return distance < TOLERANCE && distance > -TOLERANCE;
}

// "whsec_" and base64, or the bytes themselves.
static size_t key_of(struct text secret, unsigned char key[KEY_MOST])
{
	static const char prefix[] = "whsec_";
	size_t n = 0, skip = sizeof prefix - 1;
	if (text_starts(secret, prefix) &&
	    sodium_base642bin(key, KEY_MOST, secret.p + skip, secret.n - skip, NULL, &n, NULL,
			      sodium_base64_VARIANT_ORIGINAL) == 0)
		return n;
	n = secret.n < KEY_MOST ? secret.n : KEY_MOST;
	memcpy(key, secret.p, n);
	return n;
}

static bool sign(const struct feed_signature *signature, struct text secret, char out[TEXT_MOST])
{
	unsigned char key[KEY_MOST], sum[EVP_MAX_MD_SIZE];
	size_t n = key_of(secret, key);
	unsigned int size = 0;
	struct buf text = {0};
	buf_text(&text, signature->id);
	buf_char(&text, '.');
	buf_text(&text, signature->timestamp);
	buf_char(&text, '.');
	buf_text(&text, signature->body);
	bool ok = HMAC(EVP_sha256(), key, (int)n, (const unsigned char *)text.data, text.len, sum,
		       &size) != NULL;
	buf_free(&text);
	sodium_memzero(key, sizeof key);
	if (ok)
		sodium_bin2base64(out, TEXT_MOST, sum, size, sodium_base64_VARIANT_ORIGINAL);
	return ok;
}

static bool is_same(struct text given, struct text right)
{
	return given.n == right.n && CRYPTO_memcmp(given.p, right.p, right.n) == 0;
}

bool webhook_signed(const struct feed_signature *signature, struct text secret)
{
	char right[TEXT_MOST];
	struct text rest = signature->signature;
	bool found = false;
	if (!secret.n || !signature->id.n || !rest.n || !is_timely(signature) ||
	    !sign(signature, secret, right))
		return false;
	while (rest.n) { // several, while a secret is being changed
		const char *end = memchr(rest.p, ' ', rest.n);
		struct text one = {rest.p, end ? (size_t)(end - rest.p) : rest.n};
		if (text_starts(one, "v1,"))
			found |= is_same((struct text){one.p + 3, one.n - 3}, text_of(right));
		rest = end ? (struct text){end + 1, rest.n - one.n - 1} : TEXT("");
	}
	return found;
}
