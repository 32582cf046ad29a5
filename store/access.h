// SPDX-License-Identifier: Apache-2.0
// Behind the room's door (store.h includes it): tokens of the HTTP interface, and the log of who read what.
#ifndef STORE_ACCESS_H
#define STORE_ACCESS_H

enum scope_bits {
	SCOPE_METRICS = 1,
	SCOPE_MESSAGES = 2,
	SCOPE_BODIES = 4,
	SCOPE_REPORTS = 8,
	SCOPE_FEED = 16,
	SCOPE_ADMIN = 32
};

struct token {
	struct text name;
	unsigned scopes;
	struct string_list domains;                // empty = all
	usec_t created_at, expires_at, revoked_at; // USEC_NONE = not
	usec_t used_at;                            // to the minute
};

// Its texts and domains are the arena's.
struct token token_copy(const struct token *token, struct arena *arena);

// sha256 of the token's text. *found false when unknown, expired or revoked.
bool store_token(struct store *store, const unsigned char sha256[32], struct arena *arena,
		 struct token *token, bool *found, struct err *err);
// Its answer is expected and can wait: the question goes with the first statement that runs on this connection, whose
// rows are already those that the token may see. store_token() of the same token gives the answer, and asks if nothing
// ran. sees_all: it is expected to be limited to no domain.
void store_token_ahead(struct store *store, const unsigned char sha256[32], bool sees_all);
// Notes its use, at most once a minute. Needs STORE_ACCESS or STORE_WRITE: who reads may be on a standby.
bool store_token_used(struct store *store, const unsigned char sha256[32], struct err *err);
bool store_token_add(struct store *store, const unsigned char sha256[32], const struct token *token,
		     struct err *err);
bool store_token_revoke(struct store *store, struct text name, bool *found, struct err *err);
bool store_tokens(struct store *store, void *self,
		  void (*each)(void *self, const struct token *token), struct err *err);

// --- whose rows a STORE_SERVE connection sees (F191, migration 0015) ---

// Those of these domains; none in the list: all, as of a token. store_token() says it by itself.
bool store_see(struct store *store, const struct string_list *domains, struct err *err);
bool store_see_nothing(struct store *store, struct err *err);
// It goes to somebody else: nothing runs on it until one of these was called again.
void store_unsee(struct store *store);
// The database keeps other rows back: false when the connection is the owner's or a superuser's.
bool store_is_guarded(const struct store *store);

// --- who read what ---

// The intent row, before the answer starts; *access identifies it for the count row after it.
bool store_access(struct store *store, struct text token, struct text route, struct text filter,
		  bool bodies, int64_t *access, struct err *err);
// The same in two halves: what the answer is made of is read while the row is written and made durable. The answer
// starts after store_access_wait, which is called in any case after a true store_access_begin; nothing else
// runs on this connection between them.
bool store_access_begin(struct store *store, struct text token, struct text route,
			struct text filter, bool bodies, int64_t *access, struct err *err);
bool store_access_wait(struct store *store, struct err *err);
bool store_access_done(struct store *store, int64_t access, int64_t rows, struct err *err);
bool store_access_done_all(struct store *store, const int64_t *accesses, const int64_t *rows,
			   size_t count, struct err *err);

#endif
