// SPDX-License-Identifier: Apache-2.0
// Who was erased and must not come back. The database has HMACs only, so the list is a sorted array of them;
// it is asked once for each address of a batch (pairing/jid_cache.c), and not at all while it is empty.
//
// It is read when the fence of the lane is learnt, before anything is read that will be stored under it.
// Whoever erases raises the fence: what others have read with the old list is refused and read again.
#include "store/write.h"

#include "pairing/jid.h"

#include <stdlib.h>

enum { PRINT = 32 };

struct suppressed {
	struct privacy_key key;
	size_t count;
	unsigned char prints[][PRINT];
};

static bool adopt(struct store *store, const struct privacy_key *key, struct err *err)
{
	unsigned char print[PRINT];
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	privacy_fingerprint(key, print);
	put_bytea(&params, (struct text){(const char *)print, sizeof print});
	if (!sql_run(store, "privacy_adopt", &params, &rows, err))
		return false;
	return row_bool(&rows, 0, 0) ||
	       err_set(err, ERR_USAGE,
		       "the privacy key is not the one of this database (setting privacy_key)");
}

// A database that has a key already is never given another one.
bool store_privacy(struct store *store, bool make, struct privacy_key *key, struct err *err)
{
	ROWS_AUTO rows = {0};
	if (!sql_run(store, "privacy_known", NULL, &rows, err))
		return false;
	bool known = row_bool(&rows, 0, 0);
	return privacy_key_load(store->app->settings, make && !known, key, err) &&
	       adopt(store, key, err);
}

// --- the list ---

void suppressed_free(struct suppressed *list)
{
	free(list);
}

static struct suppressed *take_list(const struct rows *rows)
{
	struct suppressed *list =
		xcalloc(1, sizeof *list + (size_t)rows->count * sizeof list->prints[0]);
	for (int i = 0; i < rows->count; i++) {
		struct text print = row_text(rows, i, 0);
		if (print.n == PRINT)
			memcpy(list->prints[list->count++], print.p, PRINT);
	}
	return list;
}

bool suppressed_load(struct store *store, struct err *err)
{
	struct writer *writer = store->writer;
	ROWS_AUTO rows = {0};
	if (!sql_run(store, "suppressed", NULL, &rows, err))
		return false;
	suppressed_free(writer->suppressed);
	writer->suppressed = NULL;
	// Who was erased meanwhile has no name and no place in conversations any more.
	map_free(&writer->jids);
	map_free(&writer->parties);
	if (!rows.count)
		return true;
	struct suppressed *list = take_list(&rows);
	if (!store_privacy(store, false, &list->key, err)) {
		suppressed_free(list);
		return err_wrap(err, "who was erased must not be stored again");
	}
	writer->suppressed = list;
	return true;
}

// --- asking ---

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, PRINT);
}

static bool has(const struct suppressed *list, struct text jid)
{
	unsigned char print[PRINT];
	if (!jid.n)
		return false;
	privacy_print(&list->key, "jid", jid, print);
	return bsearch(print, list->prints, list->count, PRINT, by_bytes) != NULL;
}

bool store_suppresses(const struct store *store)
{
	return store->writer && store->writer->suppressed;
}

bool store_is_suppressed(const struct store *store, struct text bare, struct text full)
{
	if (!store_suppresses(store))
		return false;
	const struct suppressed *list = store->writer->suppressed;
	return has(list, bare) || (full.n > bare.n && has(list, full));
}

// --- texts that are kept as they came ---

static bool is_edge(char c)
{
	return c == '\0' || strchr(" \t\r\n'\"<>&/:=,;()[]{}|", c) != NULL;
}

// "...alice@example.org/phone...": the bare address around an at sign.
static struct text address_at(struct text text, size_t at)
{
	size_t from = at, to = at + 1;
	while (from > 0 && !is_edge(text.p[from - 1]))
		from--;
	while (to < text.n && !is_edge(text.p[to]) && text.p[to] != '@')
		to++;
	return (struct text){text.p + from, to - from};
}

bool store_names_suppressed(const struct store *store, struct text text)
{
	bool found = false;
	if (!store_suppresses(store) || !text.n)
		return false;
	struct arena *arena = arena_new();
	for (size_t at = 0; at < text.n && !found; at++) {
		struct jid jid;
		if (text.p[at] != '@')
			continue;
		found = jid_parse(address_at(text, at), arena, &jid) &&
			has(store->writer->suppressed, jid.bare);
		arena_reset(arena);
	}
	arena_free(arena);
	return found;
}
