// SPDX-License-Identifier: Apache-2.0
// Tokens that were good a moment ago, as the database said. Nothing is answered by them: they tell what to expect, so
// that the database can be asked for the token in one trip with the rows (auth.h).
#ifndef API_HTTP_KNOWN_TOKENS_H
#define API_HTTP_KNOWN_TOKENS_H

#include "api/token.h"

#include <pthread.h>

enum { KNOWN_TOKENS = 64 }; // a token has one place; of two that want the same one the newer stays

struct known_tokens {
	pthread_mutex_t lock;
	struct {
		unsigned char hash[TOKEN_HASH];
		struct token token;  // its texts are in the arena
		struct arena *arena; // NULL = empty
	} list[KNOWN_TOKENS];
};

void known_tokens_start(struct known_tokens *tokens);
void known_tokens_end(struct known_tokens *tokens);

void token_keep(struct known_tokens *tokens, const unsigned char hash[TOKEN_HASH],
		const struct token *token);
void token_forget(struct known_tokens *tokens, const unsigned char hash[TOKEN_HASH]);
// False: not known. The copy's texts are in the arena.
bool token_expect(struct known_tokens *tokens, const unsigned char hash[TOKEN_HASH],
		  struct arena *arena, struct token *token);

// Name, scopes and domains: all that an answer depends on.
bool token_same(const struct token *a, const struct token *b);

#endif
