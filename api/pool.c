// SPDX-License-Identifier: Apache-2.0
#include "api/pool.h"

#include "core/arena.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum {
	WAIT_SECONDS = 5,      // for a free slot
	RULES_SECONDS = 5,     // how old the rules of the realm may be
	CONNECT_SECONDS = 2,   // a request hardly waits for a database that is down (F146)
	PATIENCE_SECONDS = 15, // for a server that has gone silent
	PAUSE_SECONDS = 1      // between two tries to connect
};

struct pool {
	struct app app; // a copy with settings of its own
	struct settings settings;
	enum store_role role;
	pthread_mutex_t lock;
	pthread_cond_t freed;
	size_t count;
	struct pool_slot slots[];
};

struct pool *pool_new(struct app *app, enum store_role role, size_t count)
{
	struct pool *pool = xcalloc(1, sizeof *pool + count * sizeof(struct pool_slot));
	pool->app = *app;
	pool->settings = *app->settings; // shallow: the strings stay app's
	pool->settings.database_wait = CONNECT_SECONDS * USEC_PER_SEC;
	pool->app.settings = &pool->settings;
	pool->role = role;
	pool->count = count;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->freed, &attributes);
	pthread_condattr_destroy(&attributes);
	return pool;
}

void pool_adopt(struct pool *pool, struct store *store)
{
	pool->slots[0].store = store;
	if (store)
		store_patience(store, PATIENCE_SECONDS * USEC_PER_SEC);
}

static void forget_rules(struct pool_slot *slot)
{
	if (slot->has_rules)
		realm_settings_free(&slot->rules);
	slot->has_rules = false;
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	for (size_t i = 0; i < pool->count; i++) {
		forget_rules(&pool->slots[i]);
		store_close(pool->slots[i].store);
	}
	pthread_cond_destroy(&pool->freed);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

// Connected ones first: while another is down its pause must not hit those who could be served.
static struct pool_slot *find_free(struct pool *pool)
{
	struct pool_slot *found = NULL;
	for (size_t i = 0; i < pool->count; i++) {
		struct pool_slot *slot = &pool->slots[i];
		if (!slot->busy && (!found || (slot->store && !slot->broken)))
			found = slot;
	}
	return found;
}

static struct pool_slot *wait_for_slot(struct pool *pool)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += WAIT_SECONDS;
	pthread_mutex_lock(&pool->lock);
	struct pool_slot *slot = find_free(pool);
	int status = 0;
	while (!slot && status != ETIMEDOUT) {
		status = pthread_cond_timedwait(&pool->freed, &pool->lock, &until);
		slot = find_free(pool);
	}
	if (slot)
		slot->busy = true;
	pthread_mutex_unlock(&pool->lock);
	return slot;
}

static bool connect_slot(struct pool *pool, struct pool_slot *slot, struct err *err)
{
	if (slot->store && !slot->broken && store_alive(slot->store))
		return true;
	if (usec_monotonic() < slot->retry_at)
		return err_set(err, ERR_DATABASE, "the database could not be reached a moment ago");
	bool ok = slot->store ? store_reconnect(slot->store, err)
			      : store_open(&pool->app, pool->role, &slot->store, err);
	slot->broken = !ok;
	if (!ok) {
		slot->retry_at = usec_monotonic() + PAUSE_SECONDS * USEC_PER_SEC;
		return false;
	}
	store_patience(slot->store, PATIENCE_SECONDS * USEC_PER_SEC);
	slot->retry_at = 0;
	slot->rules_at = 0;
	return true;
}

// A realm that is not there yet is no error: all questions about it have empty answers.
static bool read_rules(struct pool *pool, struct pool_slot *slot, struct err *err)
{
	usec_t now = usec_monotonic();
	if (pool->role != STORE_READ ||
	    (slot->has_rules && slot->rules_at + RULES_SECONDS * USEC_PER_SEC > now))
		return true;
	struct realm_settings rules = {0};
	if (!store_realm_rules(slot->store, pool->settings.realm, &slot->realm, &rules, err)) {
		if (err->kind != ERR_USAGE)
			return false;
		slot->realm.id = -1;
		realm_settings_copy(&rules, &pool->settings.rules);
	}
	forget_rules(slot);
	slot->rules = rules;
	slot->has_rules = true;
	slot->rules_at = slot->realm.id == -1 ? 0 : now;
	return true;
}

struct pool_slot *pool_take(struct pool *pool, struct err *err)
{
	struct pool_slot *slot = wait_for_slot(pool);
	if (!slot) {
		err_set(err, ERR_DATABASE, "all database connections are in use");
		return NULL;
	}
	if (connect_slot(pool, slot, err) && read_rules(pool, slot, err))
		return slot;
	pool_give(pool, slot, err->kind == ERR_DATABASE);
	return NULL;
}

void pool_give(struct pool *pool, struct pool_slot *slot, bool broken)
{
	pthread_mutex_lock(&pool->lock);
	slot->broken = slot->broken || broken;
	slot->busy = false;
	pthread_cond_signal(&pool->freed);
	pthread_mutex_unlock(&pool->lock);
}
