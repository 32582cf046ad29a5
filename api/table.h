// SPDX-License-Identifier: Apache-2.0
// Rows of JSON objects written as a JSON array, as NDJSON or as CSV: one place for all lists,
// whether they leave by HTTP or by "receiptd export".
#ifndef API_TABLE_H
#define API_TABLE_H

#include "core/buf.h"
#include "core/json.h"

enum table_format { TABLE_JSON, TABLE_NDJSON, TABLE_CSV, TABLE_FORMATS };

extern const char *const table_format_names[]; // "json", "ndjson", "csv", NULL
extern const char *const table_format_types[]; // media types

struct table {
	enum table_format format;
	const char *const *columns; // CSV only: names, "a.b" looks into member a; ends with NULL
	struct buf *out;
	size_t rows;
};

void table_begin(struct table *table);
void table_row(struct table *table, const json_t *row);
// Around a row that somebody else writes into out: an object, or cells with commas between them.
void table_row_begin(struct table *table);
void table_row_end(struct table *table);
void table_end(struct table *table);

// Compact JSON; numbers that are not whole with 15 digits.
void table_json(struct buf *out, const json_t *value);

// CSV (RFC 4180, CRLF). Text that begins with one of = + - @ ' TAB CR gets one apostrophe in front,
// so that no spreadsheet takes it for a formula (F149); taking one leading apostrophe off gives the
// exact text back. Numbers stay as they are. Objects and arrays appear as JSON text.
void table_csv_cell(struct buf *out, const json_t *value);
void table_csv_text(struct buf *out, struct text text); // the same of a text
void table_csv_quoted(struct buf *out,
		      struct text text); // in quotes, whatever it holds, and no apostrophe

#endif
