// SPDX-License-Identifier: Apache-2.0
// A quick hash for places in tables of one process: eight bytes a step. No identity (core/keyed.h): who
// finds something by it compares the text. A seed that nobody outside knows keeps it from being guessed.
#ifndef CORE_MIX_H
#define CORE_MIX_H

#include "core/text.h"

#include <stdint.h>

static inline uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

static inline uint64_t mix_text(uint64_t hash, struct text text)
{
	size_t i = 0;
	uint64_t word;
	for (; i + sizeof word <= text.n; i += sizeof word) {
		memcpy(&word, text.p + i, sizeof word);
		hash = mix(hash, word);
	}
	for (word = 0; i < text.n; i++)
		word = word << 8 | (unsigned char)text.p[i];
	return mix(mix(hash, word), text.n);
}

#endif
