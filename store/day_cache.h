// SPDX-License-Identifier: Apache-2.0
// Inside of store/: on which listed days some conversations have anything (migration 0017), as far as one connection has
// asked. It holds for one state of day_list alone: who passes over a day by it asks in the same trip as the rows whether
// that is still so (day_cache_holds), and where it is not, everything here is forgotten. It goes with the connection,
// because another one may lead to a restored database.
#ifndef STORE_DAY_CACHE_H
#define STORE_DAY_CACHE_H

#include "store/internal.h"

enum { DAY_CACHE_CONVS = 4096, DAY_CACHE_WAYS = 4 }; // are kept; each has one of some places

struct day_cache;

struct day_cache *day_cache_new(void);
void day_cache_free(struct day_cache *cache); // NULL is fine

// Adds those to "list" (int8) of which it does not know all days from "first" on. False: there is none.
bool day_cache_lacks(const struct day_cache *cache, const int64_t *convs, size_t count,
		     usec_t first, struct fields *list);
// The answer of day_convs for some, from "first" on.
void day_cache_take(struct day_cache *cache, const int64_t *convs, size_t count, usec_t first,
		    const struct rows *rows);

// Days from "first" on that are listed and on which none of them has anything, in order: *days is the caller's.
// here[i]: the conversation has something on one of those that are listed, or nothing is known of it.
size_t day_cache_empty(const struct day_cache *cache, const int64_t *convs, size_t count,
		       usec_t first, bool *here, usec_t **days);

// An answer of day_list_now for "first" says the same. False: all is forgotten.
bool day_cache_holds(struct day_cache *cache, usec_t first, const struct rows *now);

#endif
