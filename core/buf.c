// SPDX-License-Identifier: Apache-2.0
#include "core/buf.h"

#include "core/arena.h"

#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void buf_free(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){0};
}

void buf_reserve(struct buf *buf, size_t more)
{
	size_t need = buf->len + more + 1; // + 1: always room for the NUL
	if (need <= buf->cap)
		return;
	size_t cap = buf->cap ? buf->cap : 64;
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? SIZE_MAX : cap * 2;
	buf->data = xrealloc(buf->data, cap);
	buf->cap = cap;
	buf->data[buf->len] = '\0';
}

void buf_add(struct buf *buf, const void *data, size_t size)
{
	buf_reserve(buf, size);
	if (size)
		memcpy(buf->data + buf->len, data, size);
	buf->len += size;
	buf->data[buf->len] = '\0';
}

void buf_text(struct buf *buf, struct text text)
{
	buf_add(buf, text.p, text.n);
}

void buf_zstr(struct buf *buf, const char *zstr)
{
	buf_text(buf, text_of(zstr));
}

void buf_char(struct buf *buf, char c)
{
	buf_add(buf, &c, 1);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n > 0) {
		buf_reserve(buf, (size_t)n);
		vsnprintf(buf->data + buf->len, (size_t)n + 1, format, again);
		buf->len += (size_t)n;
	}
	va_end(again);
}

void buf_drop(struct buf *buf, size_t count)
{
	if (count == 0)
		return;
	if (count > buf->len)
		count = buf->len;
	buf->len -= count;
	if (buf->data)
		memmove(buf->data, buf->data + count, buf->len + 1);
}

void buf_be16(struct buf *buf, uint16_t value)
{
	uint16_t be = htobe16(value);
	buf_add(buf, &be, sizeof be);
}

void buf_be32(struct buf *buf, uint32_t value)
{
	uint32_t be = htobe32(value);
	buf_add(buf, &be, sizeof be);
}

void buf_be64(struct buf *buf, uint64_t value)
{
	uint64_t be = htobe64(value);
	buf_add(buf, &be, sizeof be);
}
