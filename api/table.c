// SPDX-License-Identifier: Apache-2.0
#include "api/table.h"

#include <limits.h>

const char *const table_format_names[] = {"json", "ndjson", "csv", NULL};

const char *const table_format_types[] = {
	[TABLE_JSON] = "application/json",
	[TABLE_NDJSON] = "application/x-ndjson",
	[TABLE_CSV] = "text/csv; charset=utf-8; header=present",
};

static int add_chunk(const char *data, size_t size, void *self)
{
	buf_add(self, data, size);
	return 0;
}

void table_json(struct buf *out, const json_t *value)
{
	json_dump_callback(value, add_chunk, out,
			   JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
}

void table_csv_quoted(struct buf *out, struct text text)
{
	buf_char(out, '"');
	while (text.n > 0) {
		const char *quote = memchr(text.p, '"', text.n);
		size_t n = quote ? (size_t)(quote - text.p) + 1 : text.n;
		buf_add(out, text.p, n);
		if (quote)
			buf_char(out, '"');
		text = (struct text){text.p + n, text.n - n};
	}
	buf_char(out, '"');
}

// F149. The apostrophe itself is in the list so that the rule can be undone.
static bool starts_formula(struct text text)
{
	return text.n > 0 && text.p[0] != '\0' && strchr("=+-@'\t\r", text.p[0]);
}

static bool needs_quotes(struct text text)
{
	static const bool special[UCHAR_MAX + 1] = {[','] = true,  ['"'] = true,  ['\r'] = true,
						    ['\n'] = true, ['\t'] = true, ['\0'] = true};
	for (size_t i = 0; i < text.n; i++) {
		if (special[(unsigned char)text.p[i]])
			return true;
	}
	return false;
}

void table_csv_text(struct buf *out, struct text text)
{
	struct buf marked = {0};
	bool quoted = needs_quotes(text);
	if (starts_formula(text)) {
		buf_char(&marked, '\'');
		buf_text(&marked, text);
		text = buf_view(&marked);
	}
	if (quoted)
		table_csv_quoted(out, text);
	else
		buf_text(out, text);
	buf_free(&marked);
}

void table_csv_cell(struct buf *out, const json_t *value)
{
	if (!value || json_is_null(value))
		return;
	if (json_is_string(value)) {
		table_csv_text(out,
			       (struct text){json_string_value(value), json_string_length(value)});
		return;
	}
	if (json_is_number(value) || json_is_boolean(value)) {
		table_json(out, value);
		return;
	}
	struct buf nested = {0};
	table_json(&nested, value);
	table_csv_quoted(out, buf_view(&nested));
	buf_free(&nested);
}

// "time_to_deliver_ms.p50": names of ours only.
static const json_t *column_value(const json_t *row, const char *column)
{
	const char *dot;
	while (row && (dot = strchr(column, '.'))) {
		row = json_object_getn(row, column, (size_t)(dot - column));
		column = dot + 1;
	}
	return row ? json_object_get(row, column) : NULL;
}

static void csv_row(struct table *table, const json_t *row)
{
	for (size_t i = 0; table->columns[i]; i++) {
		if (i > 0)
			buf_char(table->out, ',');
		table_csv_cell(table->out, column_value(row, table->columns[i]));
	}
}

void table_begin(struct table *table)
{
	table->rows = 0;
	if (table->format == TABLE_JSON)
		buf_char(table->out, '[');
	if (table->format != TABLE_CSV)
		return;
	for (size_t i = 0; table->columns[i]; i++)
		buf_printf(table->out, "%s%s", i > 0 ? "," : "", table->columns[i]);
	buf_zstr(table->out, "\r\n");
}

void table_row_begin(struct table *table)
{
	if (table->format == TABLE_JSON && table->rows > 0)
		buf_text(table->out, TEXT(",\n"));
}

void table_row_end(struct table *table)
{
	if (table->format == TABLE_CSV)
		buf_text(table->out, TEXT("\r\n"));
	else if (table->format == TABLE_NDJSON)
		buf_char(table->out, '\n');
	table->rows++;
}

void table_row(struct table *table, const json_t *row)
{
	table_row_begin(table);
	if (table->format == TABLE_CSV)
		csv_row(table, row);
	else
		table_json(table->out, row);
	table_row_end(table);
}

void table_end(struct table *table)
{
	if (table->format == TABLE_JSON)
		buf_char(table->out, ']');
}
