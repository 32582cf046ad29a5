// SPDX-License-Identifier: Apache-2.0
// The privacy key: 32 bytes in a file of its own (0600), never in the database (DESIGN section 5). With it are
// made the prints of erased persons, pseudonyms of exports and the HMACs of bodies, so that who has the
// database alone can try no guesses (F189).
#ifndef CORE_PRIVACY_H
#define CORE_PRIVACY_H

#include "core/err.h"
#include "core/keyed.h"
#include "core/settings.h"

enum { PRIVACY_BYTES = 32 };

struct privacy_key {
	unsigned char bytes[PRIVACY_BYTES];
};

// Reads the file that the setting privacy_key names (else privacy.key in data_dir). make: when it is not there it
// is made, durable before it is used. ERR_USAGE: not there, not one, or readable by others (F196);
// ERR_STORAGE: it could not be made.
bool privacy_key_load(const struct settings *settings, bool make, struct privacy_key *key,
		      struct err *err);

// HMAC-SHA256 under the key of what it is for, a zero byte, and the text.
void privacy_print(const struct privacy_key *key, const char *purpose, struct text text,
		   unsigned char print[32]);
// What the database keeps to tell one key from another.
void privacy_fingerprint(const struct privacy_key *key, unsigned char print[32]);
// For bodies = hmac.
struct hash_key privacy_body_key(const struct privacy_key *key);

#endif
