// SPDX-License-Identifier: Apache-2.0
// Values in PostgreSQL's binary form. Parameters, array elements and COPY rows share one
// encoding: a 4-byte length (-1 for NULL) and the value, big-endian.
#include "store/internal.h"

#include <endian.h>
#include <string.h>

void fields_free(struct fields *fields)
{
	buf_free(&fields->bytes);
	*fields = (struct fields){0};
}

void fields_clear(struct fields *fields)
{
	fields->bytes.len = 0;
	fields->count = 0;
	fields->refused = false;
}

// Length and value at once: rows are made of these.
static inline void put_value(struct fields *fields, const void *value, uint32_t size)
{
	struct buf *bytes = &fields->bytes;
	uint32_t length = htobe32(size);
	if (bytes->cap - bytes->len < sizeof length + size + 1 || !bytes->cap)
		buf_reserve(bytes, sizeof length + size);
	memcpy(bytes->data + bytes->len, &length, sizeof length);
	memcpy(bytes->data + bytes->len + sizeof length, value, size);
	bytes->len += sizeof length + size;
	bytes->data[bytes->len] = '\0';
	fields->count++;
}

static void put_length(struct fields *fields, uint32_t length)
{
	buf_be32(&fields->bytes, length);
	fields->count++;
}

void put_null(struct fields *fields)
{
	put_length(fields, UINT32_MAX);
}

void put_bool(struct fields *fields, bool value)
{
	put_value(fields, &(char){value}, 1);
}

void put_int2(struct fields *fields, int value)
{
	put_value(fields, &(uint16_t){htobe16((uint16_t)value)}, 2);
}

void put_int4(struct fields *fields, int32_t value)
{
	put_value(fields, &(uint32_t){htobe32((uint32_t)value)}, 4);
}

void put_int8(struct fields *fields, int64_t value)
{
	put_value(fields, &(uint64_t){htobe64((uint64_t)value)}, 8);
}

// PostgreSQL text cannot hold a NUL byte (F98). A NULL in its place keeps the list in step.
void put_text(struct fields *fields, struct text text)
{
	bool has_nul = text.p && text.n && memchr(text.p, '\0', text.n);
	fields->refused |= has_nul;
	put_bytea(fields, has_nul ? TEXT_NONE : text);
}

void put_zstr(struct fields *fields, const char *zstr)
{
	put_bytea(fields, text_of(zstr));
}

void put_bytea(struct fields *fields, struct text bytes)
{
	if (!bytes.p) {
		put_null(fields);
		return;
	}
	if (bytes.n > INT32_MAX) { // no field of ours is near it; the server would refuse it anyway
		fields->refused = true;
		put_null(fields);
		return;
	}
	put_value(fields, bytes.p, (uint32_t)bytes.n);
}

void put_usec(struct fields *fields, usec_t at)
{
	if (at == USEC_NONE)
		put_null(fields);
	else
		put_int8(fields, at - PG_EPOCH);
}

void put_date(struct fields *fields, usec_t at)
{
	if (at == USEC_NONE) {
		put_null(fields);
		return;
	}
	usec_t since = at - PG_EPOCH;
	usec_t days = since / USEC_PER_DAY - (since % USEC_PER_DAY < 0);
	put_int4(fields, (int32_t)days);
}

// Dimensions, "may hold NULL", element type, length, lower bound: array_recv() of the server.
void put_array(struct fields *fields, enum element type, const struct fields *items)
{
	bool empty = items->count == 0;
	put_length(fields, (uint32_t)((empty ? 12 : 20) + items->bytes.len));
	buf_be32(&fields->bytes, empty ? 0 : 1);
	buf_be32(&fields->bytes, 1);
	buf_be32(&fields->bytes, (uint32_t)type);
	if (!empty) {
		buf_be32(&fields->bytes, (uint32_t)items->count);
		buf_be32(&fields->bytes, 1);
		buf_text(&fields->bytes, buf_view(&items->bytes));
	}
	fields->refused |= items->refused;
}

void put_int8s(struct fields *fields, const int64_t *items, size_t count)
{
	FIELDS_AUTO list = {0};
	buf_reserve(&list.bytes, count * 12);
	for (size_t i = 0; i < count; i++)
		put_int8(&list, items[i]);
	put_array(fields, OF_INT8, &list);
}

void put_texts(struct fields *fields, const struct string_list *list)
{
	FIELDS_AUTO items = {0};
	for (size_t i = 0; i < list->count; i++)
		put_zstr(&items, list->items[i]);
	put_array(fields, OF_TEXT, &items);
}
