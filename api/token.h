// SPDX-License-Identifier: Apache-2.0
// Bearer tokens: "rcd_" and 32 random bytes in base64url. Only their SHA-256 is ever stored (F194).
#ifndef API_TOKEN_H
#define API_TOKEN_H

#include "store/store.h"

enum { TOKEN_TEXT = 48, TOKEN_HASH = 32 }; // "rcd_" + 43 characters + NUL

void token_make(char out[TOKEN_TEXT]);
bool token_looks_right(struct text token); // form only
void token_hash(struct text token, unsigned char out[TOKEN_HASH]);

struct scope_name {
	const char *name;
	unsigned bit;
};
extern const struct scope_name scope_names[]; // ends with {NULL, 0}

const char *scope_name(unsigned bit);
// "metrics,messages"; false: empty, or a name that is none.
bool scopes_parse(const char *list, unsigned *scopes);

#endif
