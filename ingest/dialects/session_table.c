// SPDX-License-Identifier: Apache-2.0
#include "ingest/dialects/session_table.h"

#include "core/buf.h"

#include <stdlib.h>

char *session_copy(struct text text)
{
	char *out = xcalloc(text.n + 1, 1);
	if (text.n)
		memcpy(out, text.p, text.n);
	return out;
}

void session_remember(const struct session_table *table, struct text id, struct text value)
{
	struct buf key = {0};
	buf_printf(&key, "s:%.*s", (int)id.n, id.p);
	table->sink->remember(table->sink->self, buf_view(&key), value);
	buf_free(&key);
}

// Where the pointer to it is, or would be.
static struct session_head **place(struct session_table *table, struct text id)
{
	uint32_t hash = 2166136261U;
	for (size_t i = 0; i < id.n; i++)
		hash = (hash ^ (unsigned char)id.p[i]) * 16777619U;
	struct session_head **at = &table->buckets[hash % SESSION_BUCKETS];
	while (*at && !text_is(id, (*at)->id))
		at = &(*at)->next;
	return at;
}

static void take_out(struct session_table *table, struct session_head **at)
{
	struct session_head *gone = *at;
	*at = gone->next;
	table->leave(gone);
	free(gone->id);
	free(gone);
	table->count--;
}

static void forget(struct session_table *table, struct session_head **at)
{
	session_remember(table, text_of((*at)->id), TEXT_NONE);
	take_out(table, at);
}

void session_table_free(struct session_table *table)
{
	for (size_t i = 0; i < SESSION_BUCKETS; i++)
		while (table->buckets[i])
			take_out(table, &table->buckets[i]);
}

void *session_find(const struct session_table *table, struct text id)
{
	return id.n ? *place((struct session_table *)(uintptr_t)table, id) : NULL;
}

static void forget_older(struct session_table *table, uint64_t limit)
{
	for (size_t i = 0; i < SESSION_BUCKETS; i++) {
		struct session_head **at = &table->buckets[i];
		while (*at) {
			if ((*at)->seen > limit)
				at = &(*at)->next;
			else
				forget(table, at);
		}
	}
}

static void make_room(struct session_table *table)
{
	uint64_t limit = table->events / 2;
	for (; table->count >= SESSIONS_LIMIT; limit += (table->events - limit) / 2 + 1)
		forget_older(table, limit);
}

void session_touch(struct session_table *table, void *session)
{
	((struct session_head *)session)->seen = ++table->events;
}

void *session_put(struct session_table *table, struct text id)
{
	struct session_head *session = session_find(table, id);
	if (!session) {
		make_room(table);
		struct session_head **at = place(table, id);
		session = *at = xcalloc(1, table->size);
		session->id = session_copy(id);
		table->count++;
	}
	session_touch(table, session);
	return session;
}

void session_forget(struct session_table *table, struct text id)
{
	struct session_head **at = id.n ? place(table, id) : NULL;
	if (at && *at)
		forget(table, at);
}

void session_forget_all(struct session_table *table)
{
	for (size_t i = 0; i < SESSION_BUCKETS; i++)
		while (table->buckets[i])
			forget(table, &table->buckets[i]);
}
