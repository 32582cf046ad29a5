// SPDX-License-Identifier: Apache-2.0
// A byte buffer that grows. data is always NUL-terminated when not NULL.
#ifndef CORE_BUF_H
#define CORE_BUF_H

#include "core/text.h"

#include <stdint.h>

struct buf {
	char *data;
	size_t len;
	size_t cap;
};

void buf_free(struct buf *buf); // also resets it to all zero
void buf_reserve(struct buf *buf, size_t more);
void buf_add(struct buf *buf, const void *data, size_t size);
void buf_text(struct buf *buf, struct text text);
void buf_zstr(struct buf *buf, const char *zstr);
void buf_char(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_drop(struct buf *buf, size_t count); // forgets the first count bytes

// Big-endian integers, as the PostgreSQL binary formats want them.
void buf_be16(struct buf *buf, uint16_t value);
void buf_be32(struct buf *buf, uint32_t value);
void buf_be64(struct buf *buf, uint64_t value);

static inline struct text buf_view(const struct buf *buf)
{
	return (struct text){buf->data ? buf->data : "", buf->len};
}

#endif
