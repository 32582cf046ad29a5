// SPDX-License-Identifier: Apache-2.0
#include "api/token.h"

#include <sodium.h>

static const char prefix[] = "rcd_";

enum { PREFIX = sizeof prefix - 1, RANDOM = 32 };

const struct scope_name scope_names[] = {
	{"metrics", SCOPE_METRICS},
	{"messages", SCOPE_MESSAGES},
	{"bodies", SCOPE_BODIES},
	{"reports", SCOPE_REPORTS},
	{"feed", SCOPE_FEED},
	{"admin", SCOPE_ADMIN},
	{NULL, 0},
};

void token_make(char out[TOKEN_TEXT])
{
	unsigned char random[RANDOM];
	randombytes_buf(random, sizeof random);
	memcpy(out, prefix, PREFIX);
	sodium_bin2base64(out + PREFIX, TOKEN_TEXT - PREFIX, random, sizeof random,
			  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(random, sizeof random);
}

static bool is_base64url(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_';
}

bool token_looks_right(struct text token)
{
	if (token.n != TOKEN_TEXT - 1 || !text_starts(token, prefix))
		return false;
	for (size_t i = PREFIX; i < token.n; i++) {
		if (!is_base64url(token.p[i]))
			return false;
	}
	return true;
}

void token_hash(struct text token, unsigned char out[TOKEN_HASH])
{
	crypto_hash_sha256(out, (const unsigned char *)(token.p ? token.p : ""), token.n);
}

const char *scope_name(unsigned bit)
{
	const struct scope_name *scope = scope_names;
	while (scope->name && scope->bit != bit)
		scope++;
	return scope->name;
}

static unsigned scope_bit(struct text name)
{
	const struct scope_name *scope = scope_names;
	while (scope->name && !text_is(name, scope->name))
		scope++;
	return scope->bit;
}

bool scopes_parse(const char *list, unsigned *scopes)
{
	unsigned all = 0;
	for (;;) {
		size_t n = strcspn(list, ",");
		unsigned bit = scope_bit((struct text){list, n});
		if (bit == 0)
			return false;
		all |= bit;
		if (list[n] == '\0')
			break;
		list += n + 1;
	}
	*scopes = all;
	return true;
}
