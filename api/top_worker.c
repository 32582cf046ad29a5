// SPDX-License-Identifier: Apache-2.0
#include "api/top_worker.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { CONNECT_SECONDS = 5, STOP_SECONDS = 2 };

struct top_worker {
	struct app app; // a copy with settings and a stop flag of its own
	struct settings settings;
	atomic_int stop;
	struct top_asker asker;
	usec_t interval;
	int fd;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool paused, wanted;
	struct top_news news;
};

// --- the thread ---

static void publish(struct top_worker *worker, struct top_look *look, const struct err *err)
{
	uint64_t one = 1;
	pthread_mutex_lock(&worker->lock);
	if (look) {
		top_look_free(worker->news.look);
		worker->news.look = look;
	}
	worker->news.looks++;
	worker->news.err = *err;
	worker->news.fatal = err->kind == ERR_USAGE && !worker->asker.store;
	worker->news.asking_since = 0;
	pthread_mutex_unlock(&worker->lock);
	ssize_t ignored = write(worker->fd, &one, sizeof one);
	(void)ignored;
}

// False: it is over.
static bool wait_for_turn(struct top_worker *worker, usec_t due)
{
	pthread_mutex_lock(&worker->lock);
	while (!worker->stop && !worker->wanted && (worker->paused || usec_monotonic() < due)) {
		struct timespec at = {.tv_sec = (time_t)(due / USEC_PER_SEC),
				      .tv_nsec = (long)(due % USEC_PER_SEC) * 1000};
		if (worker->paused)
			pthread_cond_wait(&worker->changed, &worker->lock);
		else
			pthread_cond_timedwait(&worker->changed, &worker->lock, &at);
	}
	worker->wanted = false;
	worker->news.asking_since = usec_now();
	bool over = worker->stop;
	pthread_mutex_unlock(&worker->lock);
	return !over;
}

static void *keep_looking(void *self)
{
	struct top_worker *worker = self;
	for (usec_t due = 0; wait_for_turn(worker, due);) {
		struct err err = {0};
		struct top_look *look = NULL;
		due = usec_monotonic() + worker->interval;
		top_ask(&worker->asker, &look, &err);
		publish(worker, look, &err);
	}
	return NULL;
}

// --- the other side ---

// Signals are for the thread that draws: only its wait is ended by them.
static bool start_thread(struct top_worker *worker)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	bool ok = pthread_create(&worker->thread, NULL, keep_looking, worker) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return ok;
}

static void worker_free(struct top_worker *worker)
{
	top_look_free(worker->news.look);
	pthread_mutex_destroy(&worker->lock);
	pthread_cond_destroy(&worker->changed);
	if (worker->fd >= 0)
		close(worker->fd);
	free(worker);
}

struct top_worker *top_worker_start(const struct top_asker *asker, usec_t interval, struct err *err)
{
	struct top_worker *worker = xcalloc(1, sizeof *worker);
	pthread_condattr_t attributes;
	worker->app = *asker->app;
	worker->settings = *asker->app->settings; // shallow: the strings stay its own
	worker->settings.database_wait = CONNECT_SECONDS * USEC_PER_SEC;
	worker->app.settings = &worker->settings;
	worker->app.stop = &worker->stop;
	worker->app.log = NULL; // the screen is drawn on
	worker->asker = *asker;
	worker->asker.app = &worker->app;
	worker->interval = interval;
	worker->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&worker->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&worker->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	if (worker->fd >= 0 && start_thread(worker))
		return worker;
	worker_free(worker);
	err_set(err, ERR_INTERNAL, "top: no thread could be made");
	return NULL;
}

int top_worker_fd(const struct top_worker *worker)
{
	return worker->fd;
}

void top_worker_take(struct top_worker *worker, struct top_news *news)
{
	uint64_t count;
	ssize_t ignored = read(worker->fd, &count, sizeof count);
	(void)ignored;
	pthread_mutex_lock(&worker->lock);
	*news = worker->news;
	worker->news.look = NULL;
	pthread_mutex_unlock(&worker->lock);
}

void top_worker_pause(struct top_worker *worker, bool paused)
{
	pthread_mutex_lock(&worker->lock);
	worker->paused = paused;
	pthread_cond_signal(&worker->changed);
	pthread_mutex_unlock(&worker->lock);
}

void top_worker_look(struct top_worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	worker->wanted = true;
	pthread_cond_signal(&worker->changed);
	pthread_mutex_unlock(&worker->lock);
}

bool top_worker_stop(struct top_worker *worker)
{
	struct timespec until;
	pthread_mutex_lock(&worker->lock);
	worker->stop = 1;
	pthread_cond_signal(&worker->changed);
	pthread_mutex_unlock(&worker->lock);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += STOP_SECONDS;
	if (pthread_timedjoin_np(worker->thread, NULL, &until) != 0)
		return false;
	top_asker_close(&worker->asker);
	worker_free(worker);
	return true;
}
