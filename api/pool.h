// SPDX-License-Identifier: Apache-2.0
// A few store connections shared by many request threads. A thread of the pool makes lost ones again;
// requests never wait for that for long: while the database is away they fail at once (F146).
#ifndef API_POOL_H
#define API_POOL_H

#include "store/store.h"

struct pool;

struct pool_slot { // one connection; belongs to the thread that took it
	struct store *store;
	struct realm realm;          // of the settings; id -1: nothing was ever stored
	struct realm_settings rules; // of the realm, as stored
	bool has_rules;
	const struct settle_lag *lag; // of the snapshot that is held; NULL: none is, ask
	usec_t rules_at;              // monotonic
	bool good, busy;
};

struct pool_state {
	size_t busy, idle, lost;
};
struct pool_state pool_state(struct pool *pool);

// role: STORE_SERVE or STORE_ACCESS. app must outlive the pool.
struct pool *pool_new(struct app *app, enum store_role role, size_t count);
// Of answers of any length: query_time is not for them. Before pool_start.
void pool_without_time_limit(struct pool *pool);
// Takes over a connection that is there already; before pool_start.
void pool_adopt(struct pool *pool, struct store *store);
// now: tries to connect before it returns, otherwise only in its thread. False: no thread, errno.
bool pool_start(struct pool *pool, bool now);
void pool_free(struct pool *pool); // ends the thread; nobody may hold a slot; NULL is fine

// Waits a little for a free connection. Of STORE_SERVE: whose rows it may see is said before anything else (F191),
// by looking a token up or by store_see(). Reads the rules of the realm again every few seconds. NULL:
// ERR_DATABASE and the like.
struct pool_slot *pool_take(struct pool *pool, struct err *err);
// The same without waiting. NULL with err->kind ERR_NONE: all are taken.
struct pool_slot *pool_try(struct pool *pool, struct err *err);
// broken: the last call said ERR_DATABASE, the connection may not be used again as it is.
void pool_give(struct pool *pool, struct pool_slot *slot, bool broken);

#endif
