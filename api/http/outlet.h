// SPDX-License-Identifier: Apache-2.0
// An answer of any length, made while it is read: a producer in a thread of its own puts bytes in, the
// thread of the connection takes them out, and a bounded ring lies between. Whoever is slow makes the
// other one wait; whoever goes ends the other (F136, F145, F156).
#ifndef API_HTTP_OUTLET_H
#define API_HTTP_OUTLET_H

#include "core/text.h"
#include "core/ztime.h"

#include <stdbool.h>
#include <stddef.h>

struct outlet;

struct producer { // what a handler leaves in its reply; run NULL = the body is there
	void *self;
	// In its own thread. True: that was all. False: the client is made to see that something is missing.
	bool (*run)(void *self, struct outlet *outlet);
	void (*free)(void *self); // once, whether it was run or not
	int seconds;              // longest life; 0 = OUTLET_SECONDS
	bool compress;            // if the client takes it (set for what is sent in large pieces)
};

enum {
	OUTLET_SECONDS = 3600,    // from the first byte to the last, absolute
	OUTLET_PIECE_SECONDS = 10 // in which a client must have taken one piece (some ten KB)
};

// For the producer. Waits while the ring is full. False: nobody reads any more.
bool outlet_put(struct outlet *outlet, struct text bytes);
bool outlet_flush(struct outlet *outlet); // what was put can be read now, also compressed
bool outlet_closed(struct outlet *outlet);

// --- for the server ---

// Starts the thread. fd: the socket of the client, looked at while nothing is to be sent; gzip: what is
// read is compressed. NULL: no thread; producer->free was called.
struct outlet *outlet_start(const struct producer *producer, int fd, bool gzip);
// Waits for bytes. 0 = the end, -1 = incomplete.
long outlet_read(struct outlet *outlet, char *out, size_t most);
// Nobody will read: wakes both sides. Any thread.
void outlet_close(struct outlet *outlet);
// The client is too slow, or time is up.
bool outlet_is_late(struct outlet *outlet, usec_t now);
// Closes it, waits for the producer and frees both.
void outlet_free(struct outlet *outlet);

#endif
