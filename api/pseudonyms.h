// SPDX-License-Identifier: Apache-2.0
// Persons in an export by other names (F189): HMACs with the privacy key and a salt that is forgotten with the
// export, so that within it the same person has the same name, two exports cannot be put together, and nobody
// can try guesses. Domains stay: they are what losses are looked at by.
#ifndef API_PSEUDONYMS_H
#define API_PSEUDONYMS_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/privacy.h"

#include <jansson.h>

struct pseudonyms {
	struct privacy_key key;
	unsigned char salt[16];
};

void pseudonyms_begin(struct pseudonyms *pseudonyms, const struct privacy_key *key);
// Of an exported row: addresses, devices, nicks and ids.
void pseudonyms_apply(const struct pseudonyms *pseudonyms, json_t *row);

#endif
