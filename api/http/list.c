// SPDX-License-Identifier: Apache-2.0
#include "api/http/list.h"

bool list_begin(struct list *list, struct call *call, const struct param *format,
		const char *const *columns, int64_t limit)
{
	*list = (struct list){.call = call, .limit = limit};
	list->table = (struct table){.columns = columns, .out = &call->reply->body};
	if (!reply_format(format->number, call->request->accept, &list->table.format)) {
		call_problem(call, 406, "JSON, NDJSON and CSV are spoken here.", NULL);
		return false;
	}
	call->reply->type = table_format_types[list->table.format];
	if (list->table.format == TABLE_JSON)
		buf_zstr(&call->reply->body, LIST_OPEN);
	table_begin(&list->table);
	return true;
}

bool list_full(struct list *list)
{
	list->more = (int64_t)list->table.rows >= list->limit ||
		     list->call->reply->body.len > LIST_BYTES;
	return list->more;
}

bool list_put(struct list *list, json_t *row)
{
	bool fits = !list_full(list);
	if (fits)
		table_row(&list->table, row);
	json_decref(row);
	return fits;
}

// The members after the items: an object whose opening brace becomes a comma.
void list_close(struct buf *out, bool more, const char *next, const struct honesty *honesty,
		bool final, int64_t rows)
{
	JSON_AUTO *tail = json_object();
	struct buf text = {0};
	json_object_set_new(tail, "more", json_boolean(more));
	json_object_set_new(tail, "next", next ? json_string(next) : json_null());
	if (rows >= 0)
		json_object_set_new(tail, "rows", json_integer(rows));
	honesty_members(tail, honesty, final);
	table_json(&text, tail);
	text.data[0] = ',';
	buf_text(out, buf_view(&text));
	buf_char(out, '\n');
	buf_free(&text);
}

// A raw query may hold characters that would end the address inside a Link header.
static void add_link_char(struct buf *link, char c)
{
	if (strchr("<>\"\\", c))
		buf_printf(link, "%%%02X", (unsigned)(unsigned char)c);
	else
		buf_char(link, c);
}

static void add_query_without_cursor(struct buf *link, struct text query)
{
	while (query.n > 0) {
		const char *ampersand = memchr(query.p, '&', query.n);
		size_t n = ampersand ? (size_t)(ampersand - query.p) + 1 : query.n;
		if (!text_starts(query, "cursor=")) {
			for (size_t i = 0; i < n; i++)
				add_link_char(link, query.p[i]);
			if (!ampersand)
				buf_char(link, '&');
		}
		query = (struct text){query.p + n, query.n - n};
	}
}

static void add_next_link(struct call *call, const char *next)
{
	struct buf link = {0};
	buf_char(&link, '<');
	buf_text(&link, call->request->path);
	buf_char(&link, '?');
	add_query_without_cursor(&link, call->request->query);
	buf_printf(&link, "cursor=%s>; rel=\"next\"", next);
	reply_header(call->reply, "Link", buf_view(&link));
	buf_free(&link);
}

void list_end(struct list *list, const struct honesty *honesty, bool final, const char *next)
{
	struct call *call = list->call;
	table_end(&list->table);
	if (list->table.format == TABLE_JSON)
		list_close(&call->reply->body, list->more, next, honesty, final, -1);
	honesty_headers(call->reply, honesty, final);
	reply_header(call->reply, "Receiptd-More", list->more ? TEXT("true") : TEXT("false"));
	if (next)
		add_next_link(call, next);
	call->rows = (int64_t)list->table.rows;
}
