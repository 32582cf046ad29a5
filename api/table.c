// SPDX-License-Identifier: Apache-2.0
#include "api/table.h"

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

static void add_quoted(struct buf *out, struct text text)
{
	buf_char(out, '"');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"')
			buf_char(out, '"');
		buf_char(out, text.p[i]);
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
	for (size_t i = 0; i < text.n; i++) {
		if (strchr(",\"\r\n\t", text.p[i]))
			return true;
	}
	return false;
}

static void add_text_cell(struct buf *out, struct text text)
{
	struct buf cell = {0};
	if (starts_formula(text))
		buf_char(&cell, '\'');
	buf_text(&cell, text);
	struct text view = buf_view(&cell);
	if (needs_quotes(view))
		add_quoted(out, view);
	else
		buf_text(out, view);
	buf_free(&cell);
}

void table_csv_cell(struct buf *out, const json_t *value)
{
	if (!value || json_is_null(value))
		return;
	if (json_is_string(value)) {
		add_text_cell(out,
			      (struct text){json_string_value(value), json_string_length(value)});
		return;
	}
	if (json_is_number(value) || json_is_boolean(value)) {
		table_json(out, value);
		return;
	}
	struct buf nested = {0};
	table_json(&nested, value);
	add_quoted(out, buf_view(&nested));
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
	buf_zstr(table->out, "\r\n");
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

struct buf *table_item(struct table *table)
{
	if (table->format == TABLE_JSON && table->rows > 0)
		buf_zstr(table->out, ",\n");
	return table->out;
}

void table_item_end(struct table *table)
{
	if (table->format == TABLE_NDJSON)
		buf_char(table->out, '\n');
	table->rows++;
}

void table_row(struct table *table, const json_t *row)
{
	if (table->format == TABLE_CSV) {
		csv_row(table, row);
		table->rows++;
		return;
	}
	table_json(table_item(table), row);
	table_item_end(table);
}

void table_end(struct table *table)
{
	if (table->format == TABLE_JSON)
		buf_char(table->out, ']');
}
