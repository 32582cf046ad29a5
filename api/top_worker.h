// SPDX-License-Identifier: Apache-2.0
// Inside of receiptd top: looks are taken in a thread of their own, so that keys are answered while the
// database is not.
#ifndef API_TOP_WORKER_H
#define API_TOP_WORKER_H

#include "api/top_look.h"

struct top_worker;

struct top_news {
	struct top_look *look; // the newest, taken over by the caller; NULL: none since
	int looks;             // tries that have ended, good or not
	bool fatal;            // err will not go away
	struct err err;        // of the newest try; kind 0: it was good
	usec_t asking_since;   // the clock; 0: nothing is asked now
};

struct top_worker *top_worker_start(const struct top_asker *asker, usec_t interval,
				    struct err *err);
int top_worker_fd(const struct top_worker *worker); // can be read when there is news
void top_worker_take(struct top_worker *worker, struct top_news *news);
void top_worker_pause(struct top_worker *worker, bool paused);
void top_worker_look(struct top_worker *worker); // now, also when paused
// False: the database holds it up; the thread was left alone and still uses what it was given.
bool top_worker_stop(struct top_worker *worker);

#endif
