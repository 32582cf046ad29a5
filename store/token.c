// SPDX-License-Identifier: Apache-2.0
// Tokens of the API (only their SHA-256 is ever here) and the log of who read what.
#include "store/internal.h"

#include <string.h>

static struct text hash_text(const unsigned char sha256[32])
{
	return (struct text){(const char *)sha256, 32};
}

// Texts live as long as the rows; domains are owned by the token.
static struct token read_token(const struct rows *rows)
{
	struct token token = {
		.name = row_text(rows, 0, 0),
		.scopes = (unsigned)row_int(rows, 0, 1),
		.created_at = row_usec(rows, 0, 3),
		.expires_at = row_usec(rows, 0, 4),
		.revoked_at = row_usec(rows, 0, 5),
		.used_at = row_usec(rows, 0, 6),
	};
	row_strings(rows, 0, 2, &token.domains);
	return token;
}

struct token token_copy(const struct token *token, struct arena *arena)
{
	struct token copy = *token;
	copy.name = arena_text(arena, token->name);
	copy.domains.items =
		arena_alloc(arena, (token->domains.count + 1) * sizeof *copy.domains.items);
	for (size_t i = 0; i < token->domains.count; i++)
		copy.domains.items[i] = arena_zstr(arena, text_of(token->domains.items[i]));
	return copy;
}

bool store_token_used(struct store *store, const unsigned char sha256[32], struct err *err)
{
	FIELDS_AUTO params = {0};
	put_bytea(&params, hash_text(sha256));
	return sql_run(store, "token_used", &params, NULL, err);
}

bool store_token(struct store *store, const unsigned char sha256[32], struct arena *arena,
		 struct token *token, bool *found, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_bytea(&params, hash_text(sha256));
	if (!ahead_is_of(store, sha256))
		ahead_forget(store);
	if (!(store->ahead ? ahead_take(store, &rows, err)
			   : sql_run(store, "token_find", &params, &rows, err)))
		return false;
	store->unsaid = false;
	*found = rows.count == 1 && !row_null(&rows, 0, 0);
	store->sees_all = false;
	if (!*found)
		return true;
	struct token read = read_token(&rows);
	*token = token_copy(&read, arena);
	string_list_free(&read.domains);
	store->sees_all = token->domains.count == 0;
	// A read connection cannot write, and may be a standby's.
	return store->role == STORE_SERVE || store_token_used(store, sha256, err);
}

bool store_token_add(struct store *store, const unsigned char sha256[32], const struct token *token,
		     struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_text(&params, token->name);
	put_bytea(&params, hash_text(sha256));
	put_int4(&params, (int32_t)token->scopes);
	put_texts(&params, &token->domains);
	put_usec(&params, token->created_at);
	put_usec(&params, token->expires_at);
	if (!sql_run(store, "token_add", &params, &rows, err))
		return false;
	if (rows.changed == 0)
		return err_set(err, ERR_USAGE, "there is a token \"%.*s\" already",
			       (int)token->name.n, token->name.p);
	return true;
}

bool store_token_revoke(struct store *store, struct text name, bool *found, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_text(&params, name);
	if (!sql_run(store, "token_revoke", &params, &rows, err))
		return false;
	*found = rows.changed > 0;
	return true;
}

struct listing {
	void *self;
	void (*each)(void *self, const struct token *token);
};

static bool list_row(void *self, const struct rows *row)
{
	struct listing *listing = self;
	struct token token = read_token(row);
	listing->each(listing->self, &token);
	string_list_free(&token.domains);
	return true;
}

bool store_tokens(struct store *store, void *self,
		  void (*each)(void *self, const struct token *token), struct err *err)
{
	struct listing listing = {self, each};
	return sql_each(store, "tokens", NULL, &listing, list_row, err);
}

// --- access log ---

bool store_access_begin(struct store *store, struct text token, struct text route,
			struct text filter, bool bodies, int64_t *access, struct err *err)
{
	struct hash_key random;
	int64_t id;
	hash_key_random(&random);
	memcpy(&id, random.bytes, sizeof id);
	FIELDS_AUTO params = {0};
	put_int8(&params, id);
	put_text(&params, token);
	put_text(&params, route);
	put_text(&params, filter.p ? filter : TEXT(""));
	put_bool(&params, bodies);
	if (!sql_send(store, "access_add", &params, err))
		return err_wrap(err, "access log");
	*access = id;
	return true;
}

bool store_access_wait(struct store *store, struct err *err)
{
	return sql_wait(store, "access_add", err) || err_wrap(err, "access log");
}

bool store_access(struct store *store, struct text token, struct text route, struct text filter,
		  bool bodies, int64_t *access, struct err *err)
{
	return store_access_begin(store, token, route, filter, bodies, access, err) &&
	       store_access_wait(store, err);
}

bool store_access_done(struct store *store, int64_t access, int64_t rows, struct err *err)
{
	FIELDS_AUTO params = {0};
	put_int8(&params, access);
	put_int8(&params, rows);
	return sql_run(store, "access_done", &params, NULL, err) || err_wrap(err, "access log");
}

bool store_access_done_all(struct store *store, const int64_t *accesses, const int64_t *rows,
			   size_t count, struct err *err)
{
	FIELDS_AUTO params = {0};
	put_int8s(&params, accesses, count);
	put_int8s(&params, rows, count);
	return sql_run(store, "access_done_all", &params, NULL, err) || err_wrap(err, "access log");
}
