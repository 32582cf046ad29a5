// SPDX-License-Identifier: Apache-2.0
// What the files of a component share. Everything but stop and state belongs to its thread.
#ifndef INGEST_SOURCES_COMPONENT_INTERNAL_H
#define INGEST_SOURCES_COMPONENT_INTERNAL_H

#include "core/arena.h"
#include "ingest/sources/component.h"

#include <pthread.h>
#include <stdatomic.h>

struct component_batch { // what one read gave
	struct arena *arena;
	struct spool_item *items;
	size_t count, cap;
	usec_t last_at; // no two stanzas of a feed have one time, so that their order is kept
	int64_t counts[COMPONENT_COUNTS];
};

struct component_told { // the same trouble is told once a minute (CLEAR)
	usec_t at;
	int64_t unsaid;
	char event[24];
};

struct component {
	struct component_options options;
	pthread_t thread;
	int wake; // readable for ever once the component is to stop
	atomic_bool stop;
	pthread_mutex_t lock;
	struct component_state state; // under the lock

	struct component_batch batch;
	struct component_told told;
	usec_t backoff;
	usec_t listened; // until then gaps are told already
};

// --- component.c ---

// False: the component is to stop.
bool component_rest(struct component *component, usec_t time);
void component_say(struct component *component, const char *word, const char *detail);
void component_warn(struct component *component, const char *event, const char *error, usec_t retry,
		    const char *next);

// --- component_batch.c ---

void component_batch_add(struct component *component, struct spool_item item);
// What it was taken for.
enum component_count component_batch_stanza(struct component *component, struct text xml);
// Something may be missing between the newest stanza and now.
void component_batch_gap(struct component *component);
// Until the spool has it, however long that takes. False: the component is to stop.
bool component_batch_store(struct component *component);

// --- component_session.c: one connection ---

enum session_end {
	SESSION_BROKEN,  // try again
	SESSION_REFUSED, // try again, but slowly
	SESSION_STOPPED,
};

// Why it ended is in *err, and what to do about it in *next (static text).
enum session_end component_session(struct component *component, struct err *err, const char **next);

#endif
