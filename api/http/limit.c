// SPDX-License-Identifier: Apache-2.0
#include "api/http/limit.h"

#include "core/arena.h"
#include "core/mix.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

enum {
	PLACES = 4096, // a power of two
	LOOK = 16,     // places that one may have
	BURST_SECONDS = 2
};

struct place {
	uint64_t who; // 0 = nobody
	usec_t next;  // when a request would come that keeps exactly to the rate
	int64_t running;
};

struct limiter {
	struct limit limit;
	uint64_t seed; // nobody outside can choose who shares a place
	pthread_mutex_t lock;
	struct place places[PLACES];
};

struct limiter *limiter_new(struct limit limit)
{
	struct limiter *limiter = xcalloc(1, sizeof *limiter);
	limiter->limit = limit;
	randombytes_buf(&limiter->seed, sizeof limiter->seed);
	pthread_mutex_init(&limiter->lock, NULL);
	return limiter;
}

void limiter_free(struct limiter *limiter)
{
	if (!limiter)
		return;
	pthread_mutex_destroy(&limiter->lock);
	free(limiter);
}

static bool is_idle(const struct place *place, usec_t now)
{
	return place->running == 0 && place->next <= now;
}

// The place of who, a free one, or NULL.
static struct place *find(struct limiter *limiter, uint64_t who, usec_t now)
{
	struct place *free_place = NULL;
	for (uint64_t i = 0; i < LOOK; i++) {
		struct place *place = &limiter->places[(who + i) % PLACES];
		if (place->who == who)
			return place;
		if (!free_place && is_idle(place, now))
			free_place = place;
	}
	if (free_place)
		*free_place = (struct place){.who = who};
	return free_place;
}

static int seconds(usec_t time)
{
	return time <= 0 ? 1 : (int)((time + USEC_PER_SEC - 1) / USEC_PER_SEC);
}

static enum limit_verdict judge(const struct limit *limit, struct place *place, usec_t now,
				int *wait)
{
	*wait = 1;
	if (limit->running > 0 && place->running >= limit->running)
		return LIMIT_RUNNING;
	if (limit->rate > 0) {
		usec_t next = place->next > now ? place->next : now;
		usec_t early = next - now - BURST_SECONDS * USEC_PER_SEC;
		if (early >= 0) {
			*wait = seconds(early);
			return LIMIT_RATE;
		}
		place->next = next + USEC_PER_SEC / limit->rate;
	}
	place->running++;
	return LIMIT_GOOD;
}

enum limit_verdict limit_enter(struct limiter *limiter, struct text who, usec_t now,
			       struct limit_hold *hold, int *wait)
{
	if (hold->held || (limiter->limit.rate == 0 && limiter->limit.running == 0))
		return LIMIT_GOOD;
	enum limit_verdict verdict = LIMIT_GOOD;
	uint64_t hash = mix_text(limiter->seed, who);
	pthread_mutex_lock(&limiter->lock);
	struct place *place = find(limiter, hash ? hash : 1, now);
	if (place)
		verdict = judge(&limiter->limit, place, now, wait);
	if (place && verdict == LIMIT_GOOD)
		*hold = (struct limit_hold){(size_t)(place - limiter->places), true};
	pthread_mutex_unlock(&limiter->lock);
	return verdict;
}

void limit_leave(struct limiter *limiter, struct limit_hold *hold)
{
	if (!hold->held)
		return;
	pthread_mutex_lock(&limiter->lock);
	limiter->places[hold->place].running--;
	pthread_mutex_unlock(&limiter->lock);
	hold->held = false;
}
