// SPDX-License-Identifier: Apache-2.0
// What the targets share. An input decides everything about its own run (where it is cut, how it is
// chunked), so that a finding is replayed by the file alone.
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "core/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition);    \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

struct dice {
	uint64_t state;
};

static inline struct dice dice_of(const uint8_t *data, size_t size)
{
	uint64_t hash = UINT64_C(1469598103934665603);
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ data[i]) * UINT64_C(1099511628211);
	return (struct dice){hash | 1};
}

static inline size_t dice_roll(struct dice *dice, size_t below)
{
	dice->state ^= dice->state << 13;
	dice->state ^= dice->state >> 7;
	dice->state ^= dice->state << 17;
	return below ? (size_t)(dice->state >> 11) % below : 0;
}

// Of exactly this size on the heap, so that a sanitizer sees a read beyond it; to be freed.
static inline struct text exact_copy(struct text text)
{
	char *copy = malloc(text.n ? text.n : 1);
	MUST(copy);
	if (text.n)
		memcpy(copy, text.p, text.n);
	return (struct text){copy, text.n};
}

static inline void exact_free(struct text text)
{
	free((void *)(uintptr_t)text.p);
}

#endif
