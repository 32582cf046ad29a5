// SPDX-License-Identifier: Apache-2.0
// Answers that are given again: a dashboard, or many, ask the same question many times a second, and a
// figure that is less than a second old is as good as a new one. An answer is kept under the token
// that it was made for, so that nobody gets what he may not see; a token that was revoked gets nothing
// that it did not get in the second before.
#ifndef API_HTTP_AGAIN_H
#define API_HTTP_AGAIN_H

#include "api/http/reply.h"

enum { AGAIN_MS = 1000 };

struct again;

struct again *again_new(void);
void again_free(struct again *again); // NULL is fine

// question: token, address and form of the answer, in any unambiguous order. True: the reply (begun)
// holds the answer, *name whose token it was. Safe in all threads.
bool again_find(struct again *again, struct text question, struct reply *reply, struct text *name);
// Keeps a copy, when it is not too large.
void again_keep(struct again *again, struct text question, const struct reply *reply,
		struct text name);

#endif
