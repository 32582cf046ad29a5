// SPDX-License-Identifier: Apache-2.0
#include "ingest/sources/component_internal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#define WARN_AGAIN (60 * USEC_PER_SEC)

const char *const component_count_names[COMPONENT_COUNTS] = {
	"messages", "facts", "presence", "iq", "elements", "quarantine", "gaps"};

// --- what it says about itself ---

void component_state(struct component *component, struct component_state *state)
{
	pthread_mutex_lock(&component->lock);
	*state = component->state;
	pthread_mutex_unlock(&component->lock);
}

void component_say(struct component *component, const char *word, const char *detail)
{
	pthread_mutex_lock(&component->lock);
	struct component_state *state = &component->state;
	if (!state->word || strcmp(state->word, word) != 0)
		state->since = usec_now();
	state->word = word;
	snprintf(state->detail, sizeof state->detail, "%s", detail);
	pthread_mutex_unlock(&component->lock);
}

void component_warn(struct component *component, const char *event, const char *error, usec_t retry,
		    const char *next)
{
	struct component_told *told = &component->told;

	if (told->at != USEC_NONE && !strcmp(told->event, event) &&
	    usec_monotonic() - told->at < WARN_AGAIN) {
		told->unsaid++;
		return;
	}
	log_warn(component->options.log, event, LOG_S("feed", component->options.name),
		 LOG_S("error", error), LOG_I("retry_ms", retry / 1000),
		 LOG_I("unsaid", told->unsaid), LOG_S("next", next));
	told->at = usec_monotonic();
	snprintf(told->event, sizeof told->event, "%s", event);
	told->unsaid = 0;
}

// --- the thread ---

bool component_rest(struct component *component, usec_t time)
{
	usec_t until = usec_monotonic() + time;

	while (!atomic_load(&component->stop)) {
		usec_t left = until - usec_monotonic();
		if (left <= 0)
			return true;
		struct pollfd wake = {component->wake, POLLIN, 0};
		poll(&wake, 1, (int)((left + 999) / 1000));
	}
	return false;
}

// Half to all of it: feeds of one server that went away do not all come back at once.
static usec_t with_jitter(usec_t time)
{
	uint32_t dice = 0;
	if (getrandom(&dice, sizeof dice, GRND_NONBLOCK) != sizeof dice)
		dice = (uint32_t)usec_monotonic();
	return time / 2 + (usec_t)((uint64_t)time / 2 * dice / UINT32_MAX);
}

static usec_t next_pause(struct component *component, enum session_end end)
{
	const struct component_options *options = &component->options;

	component->backoff = component->backoff ? component->backoff * 2 : options->backoff_least;
	if (end == SESSION_REFUSED || component->backoff > options->backoff_most)
		component->backoff = options->backoff_most;
	return with_jitter(component->backoff);
}

static void *run(void *self)
{
	struct component *component = self;
	enum session_end end = SESSION_BROKEN;

	while (end != SESSION_STOPPED && !atomic_load(&component->stop)) {
		struct err err = {0};
		const char *next = "what the server sends meanwhile is a gap";
		// Who was refused stays it while it tries again.
		if (end != SESSION_REFUSED)
			component_say(component, "connecting", "");
		end = component_session(component, &err, &next);
		if (end == SESSION_STOPPED || atomic_load(&component->stop))
			break;
		usec_t pause = next_pause(component, end);
		bool refused = end == SESSION_REFUSED;
		component_say(component, refused ? "refused" : "waiting", err.text);
		component_warn(component, refused ? "component-refused" : "component-lost",
			       err.text, pause, next);
		component_rest(component, pause);
	}
	return NULL;
}

// --- life ---

static void set_default(usec_t *value, usec_t otherwise)
{
	if (!*value)
		*value = otherwise;
}

static void copy_options(struct component *component, const struct component_options *options)
{
	struct component_options *own = &component->options;

	*own = *options;
	own->name = xstrdup(options->name);
	own->host = xstrdup(options->host);
	own->domain = xstrdup(options->domain);
	own->server = xstrdup(options->server);
	own->ca_file = xstrdup(options->ca_file);
	char *secret = xcalloc(1, options->secret.n + 1);
	if (options->secret.n)
		memcpy(secret, options->secret.p, options->secret.n);
	own->secret = (struct text){secret, options->secret.n};
	set_default(&own->silence, 30 * USEC_PER_SEC);
	set_default(&own->patience, 10 * USEC_PER_SEC);
	set_default(&own->backoff_least, USEC_PER_SEC / 2);
	set_default(&own->backoff_most, 60 * USEC_PER_SEC);
	set_default(&own->full_pause, USEC_PER_SEC / 4);
}

static void component_free(struct component *component)
{
	struct component_options *own = &component->options;

	explicit_bzero((char *)own->secret.p, own->secret.n);
	const char *const texts[] = {own->name,   own->host,    own->domain,
				     own->server, own->ca_file, own->secret.p};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		free((char *)texts[i]);
	if (component->wake >= 0)
		close(component->wake);
	arena_free(component->batch.arena);
	free(component->batch.items);
	pthread_mutex_destroy(&component->lock);
	free(component);
}

// Signals are for the main thread.
static int start_thread(struct component *component)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int failure = pthread_create(&component->thread, NULL, run, component);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return failure;
}

bool component_start(const struct component_options *options, struct component **component,
		     struct err *err)
{
	struct component *made = xcalloc(1, sizeof *made);

	copy_options(made, options);
	atomic_init(&made->stop, false);
	pthread_mutex_init(&made->lock, NULL);
	made->batch.arena = arena_new();
	made->batch.last_at = made->listened = made->told.at = USEC_NONE;
	component_say(made, "connecting", "");
	made->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int failure = made->wake < 0 ? errno : start_thread(made);
	if (failure) {
		component_free(made);
		return err_set(err, ERR_INTERNAL, "feed %s: cannot be started: %s", options->name,
			       strerror(failure));
	}
	*component = made;
	return true;
}

void component_stop(struct component *component)
{
	if (!component)
		return;
	atomic_store(&component->stop, true);
	eventfd_write(component->wake, 1);
	pthread_join(component->thread, NULL);
	component_free(component);
}
