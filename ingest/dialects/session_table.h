// SPDX-License-Identifier: Apache-2.0
// What a dialect knows about the sessions of a log, found by the log's own name for them. A log may not
// tell how sessions end: above the limit the half that was silent longest is forgotten.
//
// A dialect's own session begins with a struct session_head; "leave" frees what else it owns.
#ifndef INGEST_DIALECTS_SESSION_TABLE_H
#define INGEST_DIALECTS_SESSION_TABLE_H

#include "ingest/dialect.h"

enum { SESSION_BUCKETS = 4096, SESSIONS_LIMIT = 100000 };

struct session_head {
	struct session_head *next;
	char *id;
	uint64_t seen; // number of the event
};

struct session_table {
	const struct dialect_sink *sink; // told when a session is forgotten: fact "s:<id>"
	size_t size;                     // of a session
	void (*leave)(void *session);
	struct session_head *buckets[SESSION_BUCKETS];
	size_t count;
	uint64_t events;
};

void session_table_free(struct session_table *table); // nothing is forgotten by that
void *session_find(const struct session_table *table, struct text id); // NULL: there is none
// A known or a new, zeroed one; it has been seen now.
void *session_put(struct session_table *table, struct text id);
void session_touch(struct session_table *table, void *session);
void session_forget(struct session_table *table, struct text id);
void session_forget_all(struct session_table *table);
// The fact of a session: value absent = forgotten.
void session_remember(const struct session_table *table, struct text id, struct text value);
char *session_copy(struct text text); // of a text that a session owns

#endif
