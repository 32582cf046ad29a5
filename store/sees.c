// SPDX-License-Identifier: Apache-2.0
// Whose rows a connection sees (F191). The server keeps the others back; here it is made sure that a connection
// which is passed from one who asks to the next never goes on with what was said for the one before.
#include "store/internal.h"

#include <string.h>

bool says_whose(const char *name)
{
	return strcmp(name, "token_find") == 0 || strcmp(name, "see") == 0;
}

static bool see(struct store *store, struct text whose, struct err *err)
{
	FIELDS_AUTO params = {0};
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

void store_unsee(struct store *store)
{
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
