// SPDX-License-Identifier: Apache-2.0
// Inside of store/: on which days may a key be stored? Bloom filters of the lists in known_keys, one
// over all days and one for each, so that a key that is new costs one look into memory. Never
// forgets a key that was added; may name a day too many. Memory is bounded: what comes beyond makes
// wrong answers more frequent, not wrong results.
#ifndef STORE_KEY_FILTER_H
#define STORE_KEY_FILTER_H

#include "core/map.h"

#include <stdbool.h>
#include <stdint.h>

struct key_filter;

struct key_filter *key_filter_new(void);
void key_filter_free(struct key_filter *filter); // NULL is fine

// "part" is the lower half of the key.
void key_filter_add(struct key_filter *filter, int64_t day, uint32_t part);

// False: it is stored on no day.
bool key_filter_any(const struct key_filter *filter, int64_t key);
// Calls back for every day from "from" to "to" that may hold it.
void key_filter_days(const struct key_filter *filter, int64_t key, int64_t from, int64_t to,
		     void *self, void (*found)(void *self, int64_t day));

#endif
