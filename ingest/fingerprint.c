// SPDX-License-Identifier: Apache-2.0
#include "ingest/fingerprint.h"

#include <sodium.h>
#include <string.h>

void print_digest(const void *data, size_t size, unsigned char out[32])
{
	crypto_hash_sha256(out, data, size);
}

bool print_tail_matches(const struct stream_file *file, const struct generation *known)
{
	unsigned char bytes[PRINT_BYTES], hash[32];
	uint32_t size = known->print.tail_len;

	if (size > PRINT_BYTES || size > known->low_water)
		return false;
	if (!size) // all of it is read again (a connection is held from its start): the head must do
		return !known->low_water;
	if (file->read(file->self, known->low_water - size, size, bytes) < size)
		return false;
	print_digest(bytes, size, hash);
	return memcmp(hash, known->print.tail, sizeof(hash)) == 0;
}

bool print_tail_is_lost(const struct stream_file *file, const struct generation *known)
{
	unsigned char last;

	return known->low_water > 0 && known->low_water > known->print.head_len &&
	       file->read(file->self, known->low_water - 1, 1, &last) == 1 && last == 0;
}

bool print_head_matches(const struct generation *known, const unsigned char *head, size_t size)
{
	unsigned char hash[32];

	if (known->print.head_len > size || !known->print.head_len)
		return false;
	print_digest(head, known->print.head_len, hash);
	return memcmp(hash, known->print.head, sizeof(hash)) == 0;
}
