// SPDX-License-Identifier: Apache-2.0
// A few store connections shared by many request threads. A lost connection is made again by the
// next one who needs it; while the database is down nobody waits for it (F146).
#ifndef API_POOL_H
#define API_POOL_H

#include "store/store.h"

struct pool;

struct pool_slot { // one connection; belongs to the thread that took it
	struct store *store;
	struct realm realm;          // of the settings; id -1: nothing was ever stored
	struct realm_settings rules; // of the realm, as stored
	bool has_rules;
	usec_t rules_at, retry_at; // monotonic
	bool broken, busy;
};

// role: STORE_READ or STORE_ACCESS. Opens nothing yet. app must outlive the pool.
struct pool *pool_new(struct app *app, enum store_role role, size_t count);
// Takes over a connection that is there already; before the first pool_take. NULL is fine.
void pool_adopt(struct pool *pool, struct store *store);
void pool_free(struct pool *pool); // nobody may hold a slot

// Waits for a free slot and for its connection, a few seconds each at most. Reads the
// rules of the realm again every few seconds. NULL: ERR_DATABASE and the like.
struct pool_slot *pool_take(struct pool *pool, struct err *err);
// broken: the last call said ERR_DATABASE, the connection may not be used again as it is.
void pool_give(struct pool *pool, struct pool_slot *slot, bool broken);

#endif
