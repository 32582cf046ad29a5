// SPDX-License-Identifier: Apache-2.0
// The document as JSON and as CSV: the same members, the same digits.
#include "api/report/report.h"
#include "api/table.h"

#include <stdio.h>

// One member a line, so that the first line says whether it is complete.
void report_json(struct buf *out, const json_t *document)
{
	const char *name;
	json_t *value;
	const char *before = "{";
	json_object_foreach((json_t *)document, name, value) {
		buf_printf(out, "%s\"%s\":", before, name);
		table_json(out, value);
		before = ",\n";
	}
	buf_zstr(out, "}\n");
}

static void put_leaf(struct buf *out, const struct buf *path, const json_t *value)
{
	JSON_AUTO *name = json_text(buf_view(path));
	table_csv_cell(out, name);
	buf_char(out, ',');
	table_csv_cell(out, value);
	buf_zstr(out, "\r\n");
}

static void put_value(struct buf *out, struct buf *path, const json_t *value);

static void put_member(struct buf *out, struct buf *path, const char *name, const json_t *value)
{
	size_t n = path->len;
	if (n)
		buf_char(path, '.');
	buf_zstr(path, name);
	put_value(out, path, value);
	path->len = n;
}

static void put_value(struct buf *out, struct buf *path, const json_t *value)
{
	const char *name;
	json_t *member;
	size_t i;
	if (json_is_object(value)) {
		json_object_foreach((json_t *)value, name, member) {
			put_member(out, path, name, member);
		}
	} else if (json_is_array(value)) {
		json_array_foreach(value, i, member) {
			char number[24];
			snprintf(number, sizeof number, "%zu", i);
			put_member(out, path, number, member);
		}
	} else {
		put_leaf(out, path, value);
	}
}

// A line for each number or text, with its way through the document: "delivery.rate,0.93".
void report_csv(struct buf *out, const json_t *document)
{
	struct buf path = {0};
	buf_zstr(out, "figure,value\r\n");
	put_value(out, &path, document);
	buf_free(&path);
}
