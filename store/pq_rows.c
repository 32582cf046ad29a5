// SPDX-License-Identifier: Apache-2.0
// Typed reading of binary results. A column of an unexpected type is a defect of a .sql file: the
// process ends rather than storing or showing a wrong number.
#include "store/internal.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_ARRAY_HEADER = 20, ARRAY_HEADER = 12 };

enum { RECORD_OID = 2249 };

void rows_free(struct rows *rows)
{
	PQclear(rows->pg);
	*rows = (struct rows){0};
}

static _Noreturn void wrong_type(const struct rows *rows, int column, Oid type)
{
	const char *name = rows->record ? NULL : PQfname(rows->pg, column);
	fprintf(stderr, "receiptd: result column %d (%s) has an unexpected type %u\n", column,
		name ? name : "?", type);
	abort();
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

static uint32_t be32_at(const char *bytes)
{
	return (uint32_t)integer_of(bytes, 4);
}

// --- records ---

bool is_record(const PGresult *pg)
{
	return PQnfields(pg) == 1 && PQftype(pg, 0) == RECORD_OID;
}

// Binary form: number of columns; of each its type, its length (-1 = NULL) and its bytes.
void record_open(struct row_record *record, const PGresult *pg)
{
	const char *at = PQgetvalue(pg, 0, 0), *end = at + PQgetlength(pg, 0, 0);
	record->count = end - at >= 4 ? (int)be32_at(at) : -1;
	at += 4;
	for (int i = 0; i < record->count && i < RECORD_COLUMNS && end - at >= 8; i++) {
		struct field *field = &record->fields[i];
		*field = (struct field){be32_at(at), (int)be32_at(at + 4), at + 8};
		at += 8 + (field->length > 0 ? field->length : 0);
	}
	if (at != end || record->count > RECORD_COLUMNS) {
		fprintf(stderr, "receiptd: a record of the database has an unexpected form\n");
		abort();
	}
}

// --- values ---

static struct field field_at(const struct rows *rows, int row, int column)
{
	if (rows->record && column < rows->record->count)
		return rows->record->fields[column];
	if (rows->record)
		wrong_type(rows, column, 0);
	bool null = PQgetisnull(rows->pg, row, column);
	return (struct field){PQftype(rows->pg, column),
			      null ? -1 : PQgetlength(rows->pg, row, column),
			      PQgetvalue(rows->pg, row, column)};
}

bool row_null(const struct rows *rows, int row, int column)
{
	return field_at(rows, row, column).length < 0;
}

int64_t row_int(const struct rows *rows, int row, int column)
{
	struct field field = field_at(rows, row, column);
	if (field.length < 0)
		return 0;
	if (field.type != OF_INT2 && field.type != OF_INT4 && field.type != OF_INT8)
		wrong_type(rows, column, field.type);
	return integer_of(field.bytes, field.length);
}

bool row_bool(const struct rows *rows, int row, int column)
{
	struct field field = field_at(rows, row, column);
	if (field.length < 0)
		return false;
	if (field.type != OF_BOOL)
		wrong_type(rows, column, field.type);
	return field.bytes[0] != 0;
}

usec_t row_usec(const struct rows *rows, int row, int column)
{
	struct field field = field_at(rows, row, column);
	if (field.length < 0)
		return USEC_NONE;
	int64_t value = integer_of(field.bytes, field.length);
	if (field.type == OF_DATE)
		return value * USEC_PER_DAY + PG_EPOCH;
	if (field.type != OF_TIMESTAMPTZ)
		wrong_type(rows, column, field.type);
	if (value == INT64_MIN || value == INT64_MAX) // -infinity, infinity: never written by us
		return USEC_NONE;
	return value + PG_EPOCH;
}

struct text row_text(const struct rows *rows, int row, int column)
{
	struct field field = field_at(rows, row, column);
	if (field.length < 0)
		return TEXT_NONE;
	return (struct text){field.bytes, (size_t)field.length};
}

struct text row_copy(const struct rows *rows, int row, int column, struct arena *arena)
{
	return arena_text(arena, row_text(rows, row, column));
}

void row_strings(const struct rows *rows, int row, int column, struct string_list *list)
{
	struct text bytes = row_text(rows, row, column);
	if (!bytes.p || bytes.n < ARRAY_HEADER || be32_at(bytes.p) == 0)
		return;
	if (be32_at(bytes.p) != 1 || be32_at(bytes.p + 8) != OF_TEXT)
		wrong_type(rows, column, 0);
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
