// SPDX-License-Identifier: Apache-2.0
// Compression of answers. A secret in a compressed body can be guessed by somebody who writes parts of
// that body and sees its length (BREACH): ours hold none. Tokens are only ever in the request's head.
#ifndef API_HTTP_GZIP_H
#define API_HTTP_GZIP_H

#include "core/buf.h"

#include <stdbool.h>

enum { GZIP_WORTH = 1024 }; // shorter answers are sent as they are

// Accept-Encoding names gzip, and not with q=0. Absent: no.
bool gzip_accepted(struct text accept_encoding);

struct gzip;

enum gzip_end { GZIP_MORE, GZIP_FLUSH, GZIP_END };

struct gzip *gzip_new(void);
void gzip_free(struct gzip *gzip); // NULL is fine
// Appends what comes out to "to".
void gzip_add(struct gzip *gzip, struct text bytes, enum gzip_end end, struct buf *to);

#endif
