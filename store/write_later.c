// SPDX-License-Identifier: Apache-2.0
// A batch is stored by a thread of its own while the caller reads the next one.
#include "store/write.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct pending {
	struct store *store;
	struct batch batch;
	struct batch_result result;
	struct err err;
	bool fine, started;
	atomic_bool done;
	pthread_t thread;
};

static void *run(void *self)
{
	struct pending *pending = self;
	pending->fine =
		store_commit(pending->store, &pending->batch, &pending->result, &pending->err);
	atomic_store(&pending->done, true);
	return NULL;
}

struct pending *store_commit_begin(struct store *store, const struct batch *batch)
{
	struct pending *pending = xcalloc(1, sizeof *pending);
	pending->store = store;
	pending->batch = *batch;
	pending->started = pthread_create(&pending->thread, NULL, run, pending) == 0;
	if (!pending->started) // then it is done at once
		run(pending);
	return pending;
}

bool store_commit_is_done(const struct pending *pending)
{
	return atomic_load(&pending->done);
}

bool store_commit_end(struct pending *pending, struct batch_result *result, struct err *err)
{
	if (pending->started)
		pthread_join(pending->thread, NULL);
	bool fine = pending->fine;
	*result = pending->result;
	if (!fine)
		err_set(err, pending->err.kind, "%s", pending->err.text);
	free(pending);
	return fine;
}
