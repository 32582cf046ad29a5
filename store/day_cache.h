// SPDX-License-Identifier: Apache-2.0
// Inside of store/: what the lists of days say (migration 0017), as far as one connection has asked. It holds for one
// state of day_list alone: who passes over a day by it asks in the same trip as the rows whether that is still so
// (day_cache_holds), and where it is not, everything here is forgotten. It goes with the connection, because another
// one may lead to a restored database.
#ifndef STORE_DAY_CACHE_H
#define STORE_DAY_CACHE_H

#include "store/internal.h"

struct day_cache;

struct day_cache *day_cache_new(void);
void day_cache_free(struct day_cache *cache); // NULL is fine

// Adds to "parts" (int2) the parts of these conversations that it knows nothing of. False: there is none.
bool day_cache_lacks(const struct day_cache *cache, const int64_t *convs, size_t count,
		     struct fields *parts);
// The answer of day_parts for those.
void day_cache_take(struct day_cache *cache, const struct fields *parts, const struct rows *rows);

// Days from "first" on that are listed and on which none of them has anything, in order: *days is the caller's.
// here[i]: the conversation is listed on some day.
size_t day_cache_empty(const struct day_cache *cache, const int64_t *convs, size_t count,
		       usec_t first, bool *here, usec_t **days);

// An answer of day_list_now for "first" says the same. False: all is forgotten.
bool day_cache_holds(struct day_cache *cache, usec_t first, const struct rows *now);

#endif
