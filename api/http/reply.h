// SPDX-License-Identifier: Apache-2.0
// An answer while it is made, and the few forms it can have.
#ifndef API_HTTP_REPLY_H
#define API_HTTP_REPLY_H

#include "api/http/outlet.h"
#include "api/table.h"
#include "core/arena.h"
#include "store/store.h"

enum { REPLY_HEADERS = 20, REQUEST_ID = 17 };

struct reply_header {
	const char *name, *value;
};

struct reply {
	int status;
	const char *type;
	struct buf body;
	int64_t access, rows;     // of the access log: counted when it was sent; access 0 = not
	struct text fixed;        // instead of body: bytes of the program itself
	struct producer producer; // instead of body: it is made while it is read
	struct reply_header headers[REPLY_HEADERS];
	size_t header_count;
	struct arena *arena; // header values
};

void reply_begin(struct reply *reply, struct arena *arena);
void reply_free(struct reply *reply);
// Takes back what was said so far, e.g. before a second try.
void reply_reset(struct reply *reply);
// The value is copied; bytes that may not stand in a header become "?" (F198).
void reply_header(struct reply *reply, const char *name, struct text value);

bool reply_has(const struct reply *reply, const char *name);

// Problem details (RFC 9457). detail is a sentence of ours: never SQL, a path, a body, a token or a
// version (F153). parameter may be absent.
void reply_problem(struct reply *reply, int status, const char *detail, struct text parameter,
		   const char *request_id);
const char *status_phrase(int status);
// Of a problem with 429 or 503: when it is worth asking again, in seconds.
void reply_retry(struct reply *reply, int seconds);

// gzip, when the client takes it and it is worth it.
void reply_compress(struct reply *reply, struct text accept_encoding);

void reply_json(struct reply *reply, const json_t *value);

// The form asked for: format= wins over Accept. False: nothing that we speak is accepted.
bool reply_format(int64_t format_word, struct text accept, enum table_format *format);

// What the answer stands on, as members of an object or as headers (all forms carry the headers).
void honesty_members(json_t *object, const struct honesty *honesty, bool final);
void honesty_headers(struct reply *reply, const struct honesty *honesty, bool final);

#endif
