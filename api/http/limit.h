// SPDX-License-Identifier: Apache-2.0
// How often and how many at a time: of each token, of each address. A question of the clock, not of a
// window, so that there is no moment at which everybody may begin anew. Memory is bounded: who has asked
// nothing for long gives up its place, and when all places are busy one more is not limited.
#ifndef API_HTTP_LIMIT_H
#define API_HTTP_LIMIT_H

#include "core/text.h"
#include "core/ztime.h"

struct limiter;

struct limit {
	int64_t rate;    // a second; twice as many may come at once; 0 = no limit
	int64_t running; // at a time; 0 = no limit
};

struct limit_hold { // that one is running; all zero = none
	size_t place;
	bool held;
};

enum limit_verdict { LIMIT_GOOD, LIMIT_RATE, LIMIT_RUNNING };

struct limiter *limiter_new(struct limit limit);
void limiter_free(struct limiter *limiter); // NULL is fine

// now is monotonic. LIMIT_GOOD: hold is taken and must be given back. Else *wait gets whole seconds after
// which it is worth asking again. A hold that is held already is good.
enum limit_verdict limit_enter(struct limiter *limiter, struct text who, usec_t now,
			       struct limit_hold *hold, int *wait);
void limit_leave(struct limiter *limiter, struct limit_hold *hold);

#endif
