// SPDX-License-Identifier: Apache-2.0
#include "core/watchdog.h"

#include "core/arena.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct watchdog {
	struct log *log;
	usec_t patience;
	_Atomic int64_t moved_at; // monotonic
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t end;
	bool started, over;
};

void watchdog_moves(struct watchdog *watchdog)
{
	if (watchdog)
		atomic_store_explicit(&watchdog->moved_at, usec_monotonic(), memory_order_relaxed);
}

usec_t watchdog_stuck(const struct watchdog *watchdog)
{
	if (!watchdog)
		return 0;
	usec_t still =
		usec_monotonic() - atomic_load_explicit(&watchdog->moved_at, memory_order_relaxed);
	return still > watchdog->patience ? still : 0;
}

// True: it is over. By the host's clock: whoever sets that only changes when it looks next.
static bool pause_a_second(struct watchdog *it)
{
	usec_t until = usec_now() + USEC_PER_SEC;
	struct timespec at = {until / USEC_PER_SEC, (until % USEC_PER_SEC) * 1000};
	pthread_mutex_lock(&it->lock);
	if (!it->over)
		pthread_cond_timedwait(&it->end, &it->lock, &at);
	bool over = it->over;
	pthread_mutex_unlock(&it->lock);
	return over;
}

static void *keep_looking(void *self)
{
	struct watchdog *it = self;
	bool told = false;
	while (!pause_a_second(it)) {
		usec_t stuck = watchdog_stuck(it);
		if (stuck && !told)
			log_error(
				it->log, "reading-stuck", LOG_I("seconds", stuck / USEC_PER_SEC),
				LOG_S("next", "if it stays so, restart receiptd: nothing is lost"));
		else if (!stuck && told)
			log_info(it->log, "reading-moves", LOG_S("after", "it stood still"));
		told = stuck != 0;
	}
	return NULL;
}

struct watchdog *watchdog_start(struct log *log, usec_t patience)
{
	struct watchdog *it = xcalloc(1, sizeof *it);
	it->log = log;
	it->patience = patience;
	pthread_mutex_init(&it->lock, NULL);
	pthread_cond_init(&it->end, NULL);
	watchdog_moves(it);
	it->started = pthread_create(&it->thread, NULL, keep_looking, it) == 0;
	return it;
}

void watchdog_stop(struct watchdog *it)
{
	if (!it)
		return;
	pthread_mutex_lock(&it->lock);
	it->over = true;
	pthread_cond_signal(&it->end);
	pthread_mutex_unlock(&it->lock);
	if (it->started)
		pthread_join(it->thread, NULL);
	pthread_cond_destroy(&it->end);
	pthread_mutex_destroy(&it->lock);
	free(it);
}
