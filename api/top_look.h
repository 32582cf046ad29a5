// SPDX-License-Identifier: Apache-2.0
// Inside of receiptd top: one look at the database, all that a frame shows. It only ever reads.
#ifndef API_TOP_LOOK_H
#define API_TOP_LOOK_H

#include "core/arena.h"
#include "store/store.h"

enum { TOP_WINDOWS = 3, TOP_DOMAINS = 50 };

struct top_window {
	const char *name;
	usec_t span;
	struct delivery_bucket delivery;
	int64_t gaps; // that overlap it
};

struct top_totals { // what rates are made of
	usec_t at;  // monotonic; 0: none
	int64_t commit, sent, stanzas;
};

struct top_look {
	struct arena *arena; // of everything, also of this
	struct text realm;
	usec_t at;              // evaluation time: the clock, or what was asked for
	struct honesty honesty; // over the longest window
	struct settle_lag settle;
	struct top_window windows[TOP_WINDOWS];
	int64_t waiting; // asked, not answered, not expired
	usec_t oldest_waiting;
	struct source_state *sources; // the worst state first
	size_t source_count;
	struct domain_delivery *domains;
	size_t domain_count;
	usec_t domains_since;
	struct top_totals totals;
	double commits, messages, stanzas; // a second, since the look before; below zero: not known
};

void top_look_free(struct top_look *look); // NULL is fine

struct top_asker { // who looks; {.app, .realm, .now}
	struct app *app;
	const char *realm;
	struct text now; // absent: the clock, "last": the newest event, or a time
	struct store *store;
	bool lost; // must connect again
	struct top_totals before;
};

// Connects when need be. On failure there is no look; ERR_USAGE without asker->store: trying again is of no
// use.
bool top_ask(struct top_asker *asker, struct top_look **look, struct err *err);
void top_asker_close(struct top_asker *asker);

// How bad a source does: 0 fine, 1 look at it, 2 nothing comes from it.
int top_source_trouble(const struct source_state *source);

#endif
