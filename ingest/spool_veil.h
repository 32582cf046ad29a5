// SPDX-License-Identifier: Apache-2.0
// Where bodies are not to be stored (bodies = none or hmac), deliveries are not readable in the spool either (F195): the
// payload of a block is encrypted with a key of its segment, a file beside it that goes with it. Masking the text
// instead would lose what pairing needs of it (content digest, M3), which must be the same whatever source shows it.
//
//   NNNNNNNNNNNN.key          32 bytes, 0600, durable before its segment is
//   payload of a veiled block "veiled" LF <nonce, 24> <tag, 16> <encrypted payload>
#ifndef INGEST_SPOOL_VEIL_H
#define INGEST_SPOOL_VEIL_H

#include "ingest/spool_format.h"

enum { SPOOL_KEY = 32, SPOOL_VEIL = 7 + 24 + 16 }; // bytes before what is encrypted

struct spool_key {
	bool there;
	unsigned char bytes[SPOOL_KEY];
};

// A new key for a segment that is about to be made. False: errno.
bool spool_key_make(const char *segment, struct spool_key *key);
void spool_key_load(const char *segment, struct spool_key *key); // there: it could be read
// Written over, then removed: blocks of the segment that are left anywhere can be read no more.
void spool_key_remove(const char *segment);
void spool_key_forget(struct spool_key *key);

// payload becomes what is stored.
void spool_veil(const struct spool_key *key, struct buf *payload);
bool spool_is_veiled(struct text payload);
// False: not with this key. *plain is valid until out is changed.
bool spool_unveil(const struct spool_key *key, struct text payload, struct buf *out,
		  struct text *plain);

#endif
