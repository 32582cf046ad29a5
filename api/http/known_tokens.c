// SPDX-License-Identifier: Apache-2.0
#include "api/http/known_tokens.h"

#include "core/arena.h"

#include <string.h>

void known_tokens_start(struct known_tokens *tokens)
{
	pthread_mutex_init(&tokens->lock, NULL);
}

void known_tokens_end(struct known_tokens *tokens)
{
	for (size_t i = 0; i < KNOWN_TOKENS; i++)
		arena_free(tokens->list[i].arena);
	pthread_mutex_destroy(&tokens->lock);
}

static size_t place_of(const unsigned char hash[TOKEN_HASH])
{
	return hash[0] % KNOWN_TOKENS;
}

static void put(struct known_tokens *tokens, const unsigned char hash[TOKEN_HASH],
		struct token token, struct arena *arena)
{
	size_t at = place_of(hash);
	pthread_mutex_lock(&tokens->lock);
	struct arena *old = tokens->list[at].arena;
	memcpy(tokens->list[at].hash, hash, TOKEN_HASH);
	tokens->list[at].token = token;
	tokens->list[at].arena = arena;
	pthread_mutex_unlock(&tokens->lock);
	arena_free(old);
}

void token_keep(struct known_tokens *tokens, const unsigned char hash[TOKEN_HASH],
		const struct token *token)
{
	struct arena *arena = arena_new();
	put(tokens, hash, token_copy(token, arena), arena);
}

void token_forget(struct known_tokens *tokens, const unsigned char hash[TOKEN_HASH])
{
	put(tokens, hash, (struct token){0}, NULL);
}

bool token_expect(struct known_tokens *tokens, const unsigned char hash[TOKEN_HASH],
		  struct arena *arena, struct token *token)
{
	size_t at = place_of(hash);
	pthread_mutex_lock(&tokens->lock);
	bool known = tokens->list[at].arena && memcmp(tokens->list[at].hash, hash, TOKEN_HASH) == 0;
	if (known)
		*token = token_copy(&tokens->list[at].token, arena);
	pthread_mutex_unlock(&tokens->lock);
	return known;
}

bool token_same(const struct token *a, const struct token *b)
{
	bool same = text_same(a->name, b->name) && a->scopes == b->scopes &&
		    a->domains.count == b->domains.count;
	for (size_t i = 0; same && i < a->domains.count; i++)
		same = strcmp(a->domains.items[i], b->domains.items[i]) == 0;
	return same;
}
