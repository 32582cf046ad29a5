// SPDX-License-Identifier: Apache-2.0
#include "api/http/cursor.h"

#include <endian.h>
#include <sodium.h>

enum { PLAIN = 8 + 8 + 8 + 4, SEALED = PLAIN + 8 };

static void put64(unsigned char *out, int64_t value)
{
	uint64_t be = htobe64((uint64_t)value);
	memcpy(out, &be, sizeof be);
}

static int64_t get64(const unsigned char *in)
{
	uint64_t be;
	memcpy(&be, in, sizeof be);
	return (int64_t)be64toh(be);
}

// The leading word keeps these hashes apart from all identity hashes made with the same key.
static int64_t seal(const struct hash_key *key, int64_t question, const unsigned char *plain)
{
	unsigned char asked[8];
	put64(asked, question);
	return KEYED(key, TEXT("api cursor 1"), {(const char *)asked, sizeof asked},
		     {(const char *)plain, PLAIN});
}

void cursor_encode(const struct hash_key *key, int64_t question, const struct cursor *cursor,
		   char out[CURSOR_TEXT])
{
	unsigned char bytes[SEALED];
	uint32_t n = htobe32((uint32_t)cursor->n);
	put64(bytes, cursor->at);
	put64(bytes + 8, cursor->conv);
	put64(bytes + 16, cursor->key);
	memcpy(bytes + 24, &n, sizeof n);
	put64(bytes + PLAIN, seal(key, question, bytes));
	sodium_bin2base64(out, CURSOR_TEXT, bytes, sizeof bytes,
			  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool cursor_decode(const struct hash_key *key, int64_t question, struct text text,
		   struct cursor *cursor)
{
	unsigned char bytes[SEALED], expected[8];
	size_t size = 0;
	const char *end = NULL;
	if (sodium_base642bin(bytes, sizeof bytes, text.p, text.n, NULL, &size, &end,
			      sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
	    size != sizeof bytes || end != text.p + text.n)
		return false;
	put64(expected, seal(key, question, bytes));
	if (sodium_memcmp(expected, bytes + PLAIN, sizeof expected) != 0)
		return false;
	uint32_t n;
	memcpy(&n, bytes + 24, sizeof n);
	*cursor = (struct cursor){.at = get64(bytes),
				  .conv = get64(bytes + 8),
				  .key = get64(bytes + 16),
				  .n = (int32_t)be32toh(n)};
	return true;
}
