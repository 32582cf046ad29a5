// SPDX-License-Identifier: Apache-2.0
// All messages in the order of the export, by a binary COPY: a row of a result object would cost more than all that
// is done with it. Each row is put where message_take() looks for it; what messages_export.sql leaves out is null.
#include "store/read_messages.h"

#include "store/chat_log.h"

#include <ctype.h>
#include <stdlib.h>

enum { PARAMETERS = 20, COLUMNS = COL_RECEIVED + 1, TEXT_ARRAY = 1009, TIME_ARRAY = 1185 };

_Static_assert((int)COLUMNS <= (int)RECORD_COLUMNS, "a record has place for them");

// What follows the columns that are shown.
static const struct {
	int column;
	Oid type;
} others[] = {
	{COL_FROM, OF_TEXT},         {COL_TO, OF_TEXT},
	{COL_BODY, OF_TEXT},         {COL_N, OF_INT4},
	{COL_DEVICE, TEXT_ARRAY},    {COL_DELIVERED, TIME_ARRAY},
	{COL_DISPLAYED, TIME_ARRAY}, {COL_READER, TEXT_ARRAY},
	{COL_READ, TIME_ARRAY},      {COL_RECEIVED, TIME_ARRAY},
};

enum { SHOWN = SHOWN_COLUMNS, OTHERS = sizeof others / sizeof *others };

struct exporting {
	struct message_stream stream;
	struct row_record record;
	int places[SHOWN + OTHERS]; // in the record, of each column that comes
	bool cut;
};

static void make_record(struct exporting *it)
{
	it->record.count = COLUMNS;
	for (int i = 0; i < COLUMNS; i++)
		it->record.fields[i].length = -1;
	for (int i = 0; i < MESSAGE_READ_COLUMNS; i++)
		it->record.fields[i].type = message_columns[i].element;
	shown_places(it->places);
	for (size_t i = 0; i < OTHERS; i++) {
		it->places[SHOWN + i] = others[i].column;
		it->record.fields[others[i].column].type = others[i].type;
	}
}

static bool take(void *self, int columns, struct text row)
{
	struct exporting *it = self;
	struct text value;
	it->cut = columns != SHOWN + OTHERS;
	for (int i = 0; i < columns && !it->cut; i++) {
		struct field *field = &it->record.fields[it->places[i]];
		it->cut = !copy_value(&row, &value);
		field->length = value.p ? (int)value.n : -1;
		field->bytes = value.p;
	}
	return !it->cut &&
	       message_take(&it->stream, &(struct rows){.record = &it->record, .count = 1});
}

// --- the statement, which as a COPY takes no parameters

struct literals {
	char text[PARAMETERS + 1][USEC_TEXT + sizeof "''"]; // by number; "" is NULL
};

static void put_time(struct literals *values, int number, usec_t at)
{
	char text[USEC_TEXT];
	at = usec_bounded(at);
	if (at != USEC_NONE)
		snprintf(values->text[number], sizeof values->text[number], "'%s'",
			 usec_format(at, 6, text));
}

static void put_query(struct buf *out, const char *query, const struct literals *values)
{
	const char *last = strrchr(query, ';');
	for (const char *at = query; at < last;) {
		char *end = NULL;
		unsigned long number =
			*at == '$' && isdigit((unsigned char)at[1]) ? strtoul(at + 1, &end, 10) : 0;
		if (number == 0 || number > PARAMETERS) {
			buf_char(out, *at++);
			continue;
		}
		buf_zstr(out, values->text[number][0] ? values->text[number] : "NULL");
		at = end;
	}
}

static void make_copy(struct buf *out, const struct message_filter *filter)
{
	struct literals values = {0};
	snprintf(values.text[1], sizeof values.text[1], "%d", (int)filter->realm);
	put_time(&values, 2, filter->since);
	put_time(&values, 3, filter->until);
	snprintf(values.text[16], sizeof values.text[16], "false");
	snprintf(values.text[17], sizeof values.text[17], filter->with_devices ? "true" : "false");
	buf_zstr(out, "COPY (");
	put_query(out, sql_text("messages_export"), &values);
	buf_zstr(out, ") TO STDOUT (FORMAT binary)");
}

bool store_export_messages(struct store *store, const struct message_export *asked, void *self,
			   bool (*each)(void *self, const struct message *message), struct err *err)
{
	const struct message_filter filter = {.realm = asked->realm,
					      .since = asked->since,
					      .until = asked->until,
					      .now = asked->now,
					      .t_expire = asked->t_expire,
					      .with_devices = true};
	struct exporting it = {
		.stream = {.store = store, .filter = &filter, .self = self, .each = each}};
	struct buf text = {0};
	make_record(&it);
	make_copy(&text, &filter);
	bool fine = txn_begin(store, TXN_SNAPSHOT, err) && message_stream_open(&it.stream, err) &&
		    sql_run(store, "plan_whole", NULL, NULL, err) &&
		    copy_out(store, "messages_export", text.data, &it, take, err);
	if (fine && it.cut)
		fine = err_set(err, ERR_INTERNAL,
			       "messages_export: not the columns that were asked for");
	message_stream_close(&it.stream);
	txn_rollback(store);
	buf_free(&text);
	return fine;
}
