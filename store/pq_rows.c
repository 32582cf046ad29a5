// SPDX-License-Identifier: Apache-2.0
// Typed reading of binary results. A column of an unexpected type is a defect of a .sql file: the
// process ends rather than storing or showing a wrong number.
#include "store/internal.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PG_EPOCH (INT64_C(946684800) * USEC_PER_SEC)

enum { DATE_OID = 1082, TEXT_ARRAY_HEADER = 20, ARRAY_HEADER = 12 };

void rows_free(struct rows *rows)
{
	PQclear(rows->pg);
	*rows = (struct rows){0};
}

static _Noreturn void wrong_type(const struct rows *rows, int column)
{
	const char *name = PQfname(rows->pg, column);
	fprintf(stderr, "receiptd: result column %d (%s) has an unexpected type %u\n", column,
		name ? name : "?", PQftype(rows->pg, column));
	abort();
}

bool row_null(const struct rows *rows, int row, int column)
{
	return PQgetisnull(rows->pg, row, column);
}

static int64_t integer_of(const char *bytes, int length)
{
	uint64_t value = 0;
	for (int i = 0; i < length; i++)
		value = value << 8 | (unsigned char)bytes[i];
	switch (length) {
	case 2:
		return (int16_t)value;
	case 4:
		return (int32_t)value;
	default:
		return (int64_t)value;
	}
}

int64_t row_int(const struct rows *rows, int row, int column)
{
	if (row_null(rows, row, column))
		return 0;
	Oid type = PQftype(rows->pg, column);
	if (type != OF_INT2 && type != OF_INT4 && type != OF_INT8)
		wrong_type(rows, column);
	return integer_of(PQgetvalue(rows->pg, row, column), PQgetlength(rows->pg, row, column));
}

bool row_bool(const struct rows *rows, int row, int column)
{
	if (row_null(rows, row, column))
		return false;
	if (PQftype(rows->pg, column) != OF_BOOL)
		wrong_type(rows, column);
	return PQgetvalue(rows->pg, row, column)[0] != 0;
}

usec_t row_usec(const struct rows *rows, int row, int column)
{
	if (row_null(rows, row, column))
		return USEC_NONE;
	int64_t value =
		integer_of(PQgetvalue(rows->pg, row, column), PQgetlength(rows->pg, row, column));
	Oid type = PQftype(rows->pg, column);
	if (type == DATE_OID)
		return value * USEC_PER_DAY + PG_EPOCH;
	if (type != OF_TIMESTAMPTZ)
		wrong_type(rows, column);
	if (value == INT64_MIN || value == INT64_MAX) // -infinity, infinity: never written by us
		return USEC_NONE;
	return value + PG_EPOCH;
}

struct text row_text(const struct rows *rows, int row, int column)
{
	if (row_null(rows, row, column))
		return TEXT_NONE;
	return (struct text){PQgetvalue(rows->pg, row, column),
			     (size_t)PQgetlength(rows->pg, row, column)};
}

struct text row_copy(const struct rows *rows, int row, int column, struct arena *arena)
{
	return arena_text(arena, row_text(rows, row, column));
}

static uint32_t be32_at(const char *bytes)
{
	return (uint32_t)integer_of(bytes, 4);
}

void row_strings(const struct rows *rows, int row, int column, struct string_list *list)
{
	struct text bytes = row_text(rows, row, column);
	if (!bytes.p || bytes.n < ARRAY_HEADER || be32_at(bytes.p) == 0)
		return;
	if (be32_at(bytes.p) != 1 || be32_at(bytes.p + 8) != OF_TEXT)
		wrong_type(rows, column);
	size_t at = TEXT_ARRAY_HEADER;
	for (uint32_t left = be32_at(bytes.p + 12); left && at + 4 <= bytes.n; left--) {
		uint32_t length = be32_at(bytes.p + at);
		at += 4;
		if (length == UINT32_MAX) // NULL element
			continue;
		string_list_add(list, (struct text){bytes.p + at, length});
		at += length;
	}
}
