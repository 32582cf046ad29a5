// SPDX-License-Identifier: Apache-2.0
// Whose rows a connection sees (F191). The server keeps the others back; here it is made sure that a connection
// which is passed from one who asks to the next never goes on with what was said for the one before.
#include "store/internal.h"

#include <stdlib.h>
#include <string.h>

bool says_whose(const char *name)
{
	return strcmp(name, "token_find") == 0 || strcmp(name, "see") == 0;
}

static bool see(struct store *store, struct text whose, struct err *err)
{
	FIELDS_AUTO params = {0};
	ahead_forget(store);
	put_text(&params, whose);
	bool fine = sql_run(store, "see", &params, NULL, err);
	store->unsaid &= !fine;
	store->sees_all = text_is(whose, "*");
	return fine;
}

bool store_see(struct store *store, const struct string_list *domains, struct err *err)
{
	struct buf whose = {0};
	for (size_t i = 0; i < domains->count; i++)
		buf_printf(&whose, "%s%s", i > 0 ? " " : "", domains->items[i]);
	bool fine = see(store, domains->count ? buf_view(&whose) : TEXT("*"), err);
	buf_free(&whose);
	return fine;
}

bool store_see_nothing(struct store *store, struct err *err)
{
	return see(store, TEXT(""), err);
}

// --- a token ahead of its answer ---

struct token_ahead {
	unsigned char sha256[32];
	struct fields params;
	struct rows rows; // its answer
	bool waits;       // not sent yet
};

void ahead_forget(struct store *store)
{
	if (!store->ahead)
		return;
	fields_free(&store->ahead->params);
	rows_free(&store->ahead->rows);
	free(store->ahead);
	store->ahead = NULL;
}

void store_token_ahead(struct store *store, const unsigned char sha256[32], bool sees_all)
{
	ahead_forget(store);
	store->ahead = xcalloc(1, sizeof *store->ahead);
	memcpy(store->ahead->sha256, sha256, sizeof store->ahead->sha256);
	put_bytea(&store->ahead->params, (struct text){(const char *)sha256, 32});
	store->ahead->waits = true;
	store->unsaid = true; // whatever was said for the one before
	store->sees_all = sees_all;
}

size_t ahead_first(struct store *store, struct statement *first)
{
	struct token_ahead *ahead = store->ahead;
	if (!ahead || !ahead->waits)
		return 0;
	*first = (struct statement){"token_find", &ahead->params, &ahead->rows};
	ahead->waits = store->unsaid = false;
	return 1;
}

// What failed undid with it what was said.
void ahead_ended(struct store *store, size_t count, bool fine)
{
	if (!count || fine)
		return;
	rows_free(&store->ahead->rows);
	store->ahead->waits = store->unsaid = true;
}

bool ahead_say(struct store *store, struct err *err)
{
	struct statement first;
	size_t count = ahead_first(store, &first);
	bool fine = !count || sql_run(store, first.name, first.params, first.rows, err);
	ahead_ended(store, count, fine);
	return fine;
}

bool ahead_is_of(const struct store *store, const unsigned char sha256[32])
{
	return store->ahead && memcmp(store->ahead->sha256, sha256, 32) == 0;
}

bool ahead_take(struct store *store, struct rows *rows, struct err *err)
{
	if (!ahead_say(store, err))
		return false;
	*rows = store->ahead->rows;
	store->ahead->rows = (struct rows){0};
	ahead_forget(store);
	return true;
}

void store_unsee(struct store *store)
{
	ahead_forget(store);
	store->unsaid = store->role == STORE_SERVE;
}

bool store_is_guarded(const struct store *store)
{
	return store->guarded;
}

bool store_look_at_guard(struct store *store, struct err *err)
{
	ROWS_AUTO rows = {0};
	if (store->role != STORE_SERVE)
		return true;
	if (!sql_run(store, "guarded", NULL, &rows, err))
		return false;
	store->guarded = row_bool(&rows, 0, 0);
	return true;
}
