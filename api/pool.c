// SPDX-License-Identifier: Apache-2.0
#include "api/pool.h"

#include "core/arena.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum {
	WAIT_SECONDS = 5,      // for a connection that others use
	MEND_SECONDS = 2,      // after a loss: for a new connection; later requests fail at once
	RULES_SECONDS = 5,     // how old the rules of the realm may be
	CONNECT_SECONDS = 2,   // one try to connect
	PATIENCE_SECONDS = 15, // for a server that has gone silent
	PAUSE_SECONDS = 1      // between two tries to connect
};

struct pool {
	struct app app; // a copy with settings of its own
	struct settings settings;
	enum store_role role;
	pthread_t mender;
	bool started, stop;
	pthread_mutex_t lock;
	pthread_cond_t freed; // for requests: a slot was given back, mended or lost
	pthread_cond_t lost;  // for the mender, who would otherwise wake up with each answer
	usec_t lost_at;       // when the last good slot was lost; 0 = there is one
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
	pool->lost_at = usec_monotonic();
	pthread_mutex_init(&pool->lock, NULL);
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->freed, &attributes);
	pthread_cond_init(&pool->lost, &attributes);
	pthread_condattr_destroy(&attributes);
	return pool;
}

void pool_without_time_limit(struct pool *pool)
{
	pool->settings.query_time = 0;
}

static void forget_rules(struct pool_slot *slot)
{
	if (slot->has_rules)
		realm_settings_free(&slot->rules);
	slot->has_rules = false;
}

// ---- under the lock

static void wait_until(struct pool *pool, pthread_cond_t *what, usec_t end)
{
	struct timespec at = {.tv_sec = (time_t)(end / USEC_PER_SEC),
			      .tv_nsec = (long)(end % USEC_PER_SEC) * 1000};
	pthread_cond_timedwait(what, &pool->lock, &at);
}

static void set_good(struct pool *pool, struct pool_slot *slot, bool good)
{
	bool any = false;
	slot->good = good;
	for (size_t i = 0; i < pool->count; i++)
		any |= pool->slots[i].good;
	if (any)
		pool->lost_at = 0;
	else if (pool->lost_at == 0)
		pool->lost_at = usec_monotonic();
	pthread_cond_broadcast(&pool->freed);
	if (!good)
		pthread_cond_signal(&pool->lost);
}

// A connection that the server has closed while nobody used it is noticed here.
static struct pool_slot *find_good(struct pool *pool)
{
	for (size_t i = 0; i < pool->count; i++) {
		struct pool_slot *slot = &pool->slots[i];
		if (slot->busy || !slot->good)
			continue;
		if (store_alive(slot->store))
			return slot;
		set_good(pool, slot, false);
	}
	return NULL;
}

static struct pool_slot *find_lost(struct pool *pool)
{
	for (size_t i = 0; i < pool->count; i++) {
		if (!pool->slots[i].busy && !pool->slots[i].good)
			return &pool->slots[i];
	}
	return NULL;
}

// ---- mending

static bool set_limits(struct pool *pool, struct store *store)
{
	struct err err = {0};
	store_patience(store, PATIENCE_SECONDS * USEC_PER_SEC);
	if (store_time_limit(store, pool->settings.query_time, &err))
		return true;
	log_debug(pool->app.log, "database_unreachable", LOG_S("error", err.text));
	return false;
}

void pool_adopt(struct pool *pool, struct store *store)
{
	pool->slots[0].store = store;
	set_good(pool, &pool->slots[0], set_limits(pool, store));
}

static bool connect_slot(struct pool *pool, struct pool_slot *slot)
{
	struct err err = {0};
	bool ok = slot->store ? store_reconnect(slot->store, &err)
			      : store_open(&pool->app, pool->role, &slot->store, &err);
	if (!ok) {
		log_debug(pool->app.log, "database_unreachable", LOG_S("error", err.text));
		return false;
	}
	slot->rules_at = 0;
	return set_limits(pool, slot->store);
}

// One lost slot, if there is one; the lock is open while it connects. False: it stays lost.
static bool mend_one(struct pool *pool)
{
	struct pool_slot *slot = find_lost(pool);
	if (!slot)
		return true;
	slot->busy = true;
	pthread_mutex_unlock(&pool->lock);
	bool ok = connect_slot(pool, slot);
	pthread_mutex_lock(&pool->lock);
	slot->busy = false;
	set_good(pool, slot, ok);
	return ok;
}

static void *mender_main(void *self)
{
	struct pool *pool = self;
	pthread_mutex_lock(&pool->lock);
	while (!pool->stop) {
		bool ok = mend_one(pool);
		usec_t end = usec_monotonic() + PAUSE_SECONDS * USEC_PER_SEC;
		while (!pool->stop && usec_monotonic() < end && !(ok && find_lost(pool)))
			wait_until(pool, &pool->lost, end);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

bool pool_start(struct pool *pool, bool now)
{
	pthread_mutex_lock(&pool->lock);
	while (now && find_lost(pool))
		now = mend_one(pool);
	pthread_mutex_unlock(&pool->lock);
	int status = pthread_create(&pool->mender, NULL, mender_main, pool);
	pool->started = status == 0;
	errno = status;
	return pool->started;
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->stop = true;
	pthread_cond_signal(&pool->lost);
	pthread_mutex_unlock(&pool->lock);
	if (pool->started)
		pthread_join(pool->mender, NULL);
	for (size_t i = 0; i < pool->count; i++) {
		forget_rules(&pool->slots[i]);
		store_close(pool->slots[i].store);
	}
	pthread_cond_destroy(&pool->freed);
	pthread_cond_destroy(&pool->lost);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

struct pool_state pool_state(struct pool *pool)
{
	struct pool_state state = {0};
	pthread_mutex_lock(&pool->lock);
	for (size_t i = 0; i < pool->count; i++) {
		const struct pool_slot *slot = &pool->slots[i];
		*(!slot->good ? &state.lost : slot->busy ? &state.busy : &state.idle) += 1;
	}
	pthread_mutex_unlock(&pool->lock);
	return state;
}

// ---- taking and giving

static struct pool_slot *wait_for_slot(struct pool *pool)
{
	usec_t end = usec_monotonic() + WAIT_SECONDS * USEC_PER_SEC;
	pthread_mutex_lock(&pool->lock);
	struct pool_slot *slot;
	while (!(slot = find_good(pool))) {
		usec_t now = usec_monotonic(), until = end;
		if (pool->lost_at > 0 && pool->lost_at + MEND_SECONDS * USEC_PER_SEC < end)
			until = pool->lost_at + MEND_SECONDS * USEC_PER_SEC;
		if (now >= until)
			break;
		wait_until(pool, &pool->freed, until);
	}
	if (slot)
		slot->busy = true;
	pthread_mutex_unlock(&pool->lock);
	return slot;
}

// A realm that is not there yet is no error: all questions about it have empty answers.
static bool read_rules(struct pool *pool, struct pool_slot *slot, struct err *err)
{
	usec_t now = usec_monotonic();
	if (pool->role != STORE_SERVE ||
	    (slot->has_rules && slot->rules_at + RULES_SECONDS * USEC_PER_SEC > now))
		return true;
	struct realm_settings rules = {0};
	if (!store_see_nothing(slot->store, err))
		return false;
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
		err_set(err, ERR_DATABASE, "no database connection is free or can be made");
		return NULL;
	}
	if (read_rules(pool, slot, err))
		return slot;
	pool_give(pool, slot, err->kind == ERR_DATABASE);
	return NULL;
}

// A lost connection is no taken one: that the database is away is said as everywhere.
struct pool_slot *pool_try(struct pool *pool, struct err *err)
{
	size_t busy = 0;
	pthread_mutex_lock(&pool->lock);
	for (size_t i = 0; i < pool->count; i++)
		busy += pool->slots[i].busy;
	pthread_mutex_unlock(&pool->lock);
	err->kind = ERR_NONE;
	return busy == pool->count ? NULL : pool_take(pool, err);
}

void pool_give(struct pool *pool, struct pool_slot *slot, bool broken)
{
	if (slot->store) {
		store_watch(slot->store, NULL, NULL);
		store_unsee(slot->store);
	}
	pthread_mutex_lock(&pool->lock);
	slot->busy = false;
	set_good(pool, slot, slot->good && !broken);
	pthread_mutex_unlock(&pool->lock);
}
