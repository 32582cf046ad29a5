// SPDX-License-Identifier: Apache-2.0
#include "api/message_json.h"
#include "api/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#define AT INT64_C(1772445600000000) // 2026-03-02T10:00:00Z

static struct message plain_message(void)
{
	return (struct message){
		.n = 1,
		.row = {.from = TEXT("ada@harbor.example"),
			.to = TEXT("ben@harbor.example"),
			.id = TEXT("m-1"),
			.n = 1,
			.conv = -2,
			.key = 0x2a,
			.type = TYPE_CHAT,
			.class_ = CLASS_CHAT,
			.state = STATE_SENT,
			.sent_at = AT + 123456,
			.composed_at = USEC_NONE,
			.accepted_at = USEC_NONE,
			.stored_at = USEC_NONE,
			.routed_at = USEC_NONE,
			.delivered_at = USEC_NONE,
			.displayed_at = USEC_NONE,
			.failed_at = USEC_NONE,
			.retracted_at = USEC_NONE,
			.body = TEXT("secret")},
		.verdict = VERDICT_PENDING,
		.read_inferred_at = USEC_NONE,
		.response_ms = -1,
	};
}

static void assert_json(json_t *value, const char *wanted)
{
	struct buf out = {0};
	table_json(&out, value);
	json_decref(value);
	assert_string_equal(out.data, wanted);
	buf_free(&out);
}

static void what_is_absent_is_no_member(void **self)
{
	(void)self;
	struct message message = plain_message();
	assert_json(message_json(&message, 0),
		    "{\"from\":\"ada@harbor.example\",\"to\":\"ben@harbor.example\",\"id\":\"m-1\","
		    "\"n\":1,\"type\":\"chat\",\"class\":\"chat\",\"state\":\"sent\","
		    "\"verdict\":\"pending\",\"sent_at\":\"2026-03-02T10:00:00.123456Z\"}");
}

static void a_full_row_has_the_names_of_pairing_9(void **self)
{
	(void)self;
	const struct device_time devices[] = {
		{TEXT("ben@harbor.example/tablet"), AT, AT + 9000000},
		{TEXT("ben@harbor.example/desk"), AT, USEC_NONE},
	};
	struct message message = plain_message();
	struct row *row = &message.row;
	row->class_ = CLASS_CORRECTION;
	row->state = STATE_DISPLAYED;
	row->from_resource = TEXT("phone");
	row->composed_at = row->accepted_at = row->stored_at = row->routed_at = AT;
	row->delivered_at = row->displayed_at = row->failed_at = row->retracted_at = AT;
	row->delivered_via = VIA_XEVENT;
	row->displayed_via = VIA_UPTO;
	row->error = TEXT("amp");
	row->corrects = TEXT("m-0");
	row->resends = 2;
	message.verdict = VERDICT_CONFIRMED;
	message.read_inferred_at = AT;
	message.read_via = VIA_STATE;
	message.response_ms = 0;
	message.devices = devices;
	message.device_count = 2;
	JSON_AUTO *object = message_json(&message, 0);
	static const char *const names[] = {"from",
					    "to",
					    "id",
					    "n",
					    "type",
					    "class",
					    "state",
					    "verdict",
					    "from_resource",
					    "sent_at",
					    "composed_at",
					    "accepted_at",
					    "stored_at",
					    "routed_at",
					    "delivered_at",
					    "displayed_at",
					    "failed_at",
					    "retracted_at",
					    "delivered_via",
					    "displayed_via",
					    "error",
					    "read_inferred_at",
					    "read_via",
					    "corrects",
					    "resends",
					    "response_ms",
					    "devices"};
	size_t count = sizeof names / sizeof *names;
	for (size_t i = 0; i < count; i++) {
		if (!json_object_get(object, names[i]))
			fail_msg("missing: %s", names[i]);
	}
	assert_int_equal(json_object_size(object), count);
	assert_string_equal(json_string_value(json_object_get(object, "delivered_via")), "x-event");
	assert_json(json_incref(json_object_get(object, "devices")),
		    "{\"ben@harbor.example/tablet\":{\"delivered\":\"2026-03-02T10:00:00.000000Z\","
		    "\"displayed\":\"2026-03-02T10:00:09.000000Z\"},\"ben@harbor.example/desk\":"
		    "{\"delivered\":\"2026-03-02T10:00:00.000000Z\"}}");
}

// Written straight it is byte for byte what jansson makes of it, and what a list with other rows holds.
static void what_is_written_is_what_jansson_writes(void **self)
{
	(void)self;
	const struct device_time people[] = {
		{TEXT("ben@harbor.example/\"tab\\let\""), AT, USEC_NONE},
		{TEXT("ben@harbor.example/\xe2\x80\xa8"), USEC_NONE, AT},
		{TEXT("\xff"), AT, AT},
		{TEXT(""), USEC_NONE, USEC_NONE},
	};
	struct message message = plain_message();
	message.row.body = TEXT("line\nnext\x01 \"said\" \xed\xa0\x80");
	message.row.id = TEXT("\0id");
	message.row.from = TEXT_NONE;
	message.devices = message.readers = message.receivers = people;
	message.device_count = message.reader_count = message.receiver_count = 4;
	for (unsigned parts = 0; parts <= (MESSAGE_KEYS | MESSAGE_BODY); parts++) {
		struct buf straight = {0}, rows = {0};
		struct table table = {
			.format = TABLE_NDJSON, .columns = message_table_columns, .out = &rows};
		message_to_json(&straight, &message, parts);
		buf_zstr(&straight, "");
		JSON_AUTO *object = message_json(&message, parts);
		assert_true(json_is_null(json_object_get(object, "from")));
		assert_int_equal(json_object_size(json_object_get(object, "devices")), 4);
		assert_json(json_incref(object), straight.data);
		message_to_table(&table, &message, parts);
		buf_char(&straight, '\n');
		assert_string_equal(rows.data, straight.data);
		buf_free(&straight);
		buf_free(&rows);
	}
}

// The same row as cells, as a table of JSON objects would have them.
static void cells_are_those_of_the_object(void **self)
{
	(void)self;
	const struct device_time people[] = {{TEXT("ben@harbor.example/\"t\""), AT, AT + 1}};
	const char *const *const lists[] = {message_columns_plain, message_table_columns};
	struct message message = plain_message();
	message.row.nick = TEXT("=1,\"\xff\"");
	message.row.error = TEXT("-e");
	message.row.corrects = TEXT("a,b");
	message.row.body = TEXT("two\nlines");
	message.row.from = TEXT_NONE;
	message.row.resends = 3;
	message.row.delivered_at = AT;
	message.devices = message.readers = people;
	message.device_count = message.reader_count = 1;
	for (unsigned i = 0; i < 2; i++) {
		struct buf straight = {0}, wanted = {0};
		struct table table = {.format = TABLE_CSV, .columns = lists[i], .out = &straight};
		unsigned parts = i ? MESSAGE_KEYS | MESSAGE_BODY : 0;
		message_to_table(&table, &message, parts);
		table.out = &wanted;
		JSON_AUTO *object = message_json(&message, parts);
		table_row(&table, object);
		assert_string_equal(straight.data, wanted.data);
		buf_free(&straight);
		buf_free(&wanted);
	}
}

static void an_untracked_row_has_the_empty_id(void **self)
{
	(void)self;
	struct message message = plain_message();
	message.row.id = TEXT_NONE;
	JSON_AUTO *object = message_json(&message, 0);
	assert_string_equal(json_string_value(json_object_get(object, "id")), "");
}

static void readers_and_receivers_are_who_and_when(void **self)
{
	(void)self;
	const struct device_time reader = {TEXT("Ben"), USEC_NONE, AT};
	const struct device_time receiver = {TEXT("Cleo"), AT, USEC_NONE};
	struct message message = plain_message();
	message.readers = &reader;
	message.reader_count = 1;
	message.receivers = &receiver;
	message.receiver_count = 1;
	JSON_AUTO *object = message_json(&message, 0);
	assert_json(json_incref(json_object_get(object, "readers")),
		    "{\"Ben\":\"2026-03-02T10:00:00.000000Z\"}");
	assert_json(json_incref(json_object_get(object, "receivers")),
		    "{\"Cleo\":\"2026-03-02T10:00:00.000000Z\"}");
}

static void keys_and_body_only_when_asked_for(void **self)
{
	(void)self;
	struct message message = plain_message();
	JSON_AUTO *object = message_json(&message, MESSAGE_KEYS | MESSAGE_BODY);
	assert_string_equal(json_string_value(json_object_get(object, "conv")), "fffffffffffffffe");
	assert_string_equal(json_string_value(json_object_get(object, "key")), "000000000000002a");
	assert_int_equal(json_integer_value(json_object_get(object, "ticks")), 0);
	assert_string_equal(json_string_value(json_object_get(object, "body")), "secret");
}

static void ticks_follow_the_state(void **self)
{
	(void)self;
	static const int wanted[STATE_COUNT] = {0, 1, 1, 1, 0, 2, 3};
	for (int i = 0; i < STATE_COUNT; i++)
		assert_int_equal(message_ticks((enum message_state)i), wanted[i]);
}

static void bytes_that_are_not_utf8_are_repaired(void **self)
{
	(void)self;
	struct message message = plain_message();
	message.row.nick = TEXT("a\xff");
	JSON_AUTO *object = message_json(&message, 0);
	assert_string_equal(json_string_value(json_object_get(object, "nick")), "a\xef\xbf\xbd");
}

static const struct cell {
	const char *text, *wanted;
} cells[] = {
	{"plain", "plain"},
	{"a,b", "\"a,b\""},
	{"say \"x\"", "\"say \"\"x\"\"\""},
	{"two\nlines", "\"two\nlines\""},
	{"=1+1", "'=1+1"},
	{"+1", "'+1"},
	{"-1", "'-1"},
	{"@a", "'@a"},
	{"'a", "''a"},
	{"\tx", "\"'\tx\""},
	{"\r", "\"'\r\""},
	{"a=b", "a=b"},
	{"", ""},
};

static void csv_text_is_quoted_and_no_formula(void **self)
{
	(void)self;
	for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
		struct buf out = {0};
		JSON_AUTO *value = json_string(cells[i].text);
		table_csv_cell(&out, value);
		assert_true(text_is(buf_view(&out), cells[i].wanted));
		buf_free(&out);
	}
}

static void a_table_has_three_forms(void **self)
{
	(void)self;
	static const char *const columns[] = {"a", "b.c", "none", NULL};
	static const char *const wanted[] = {
		[TABLE_JSON] = "[{\"a\":-1,\"b\":{\"c\":\"x\"}},\n{\"a\":-1,\"b\":{\"c\":\"x\"}}]",
		[TABLE_NDJSON] = "{\"a\":-1,\"b\":{\"c\":\"x\"}}\n{\"a\":-1,\"b\":{\"c\":\"x\"}}\n",
		[TABLE_CSV] = "a,b.c,none\r\n-1,x,\r\n-1,x,\r\n",
	};
	JSON_AUTO *row = json_pack("{s:i, s:{s:s}}", "a", -1, "b", "c", "x");
	for (int i = 0; i < TABLE_FORMATS; i++) {
		struct buf out = {0};
		struct table table = {
			.format = (enum table_format)i, .columns = columns, .out = &out};
		table_begin(&table);
		table_row(&table, row);
		table_row(&table, row);
		table_end(&table);
		assert_string_equal(out.data, wanted[i]);
		buf_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_absent_is_no_member),
		cmocka_unit_test(a_full_row_has_the_names_of_pairing_9),
		cmocka_unit_test(what_is_written_is_what_jansson_writes),
		cmocka_unit_test(cells_are_those_of_the_object),
		cmocka_unit_test(an_untracked_row_has_the_empty_id),
		cmocka_unit_test(readers_and_receivers_are_who_and_when),
		cmocka_unit_test(keys_and_body_only_when_asked_for),
		cmocka_unit_test(ticks_follow_the_state),
		cmocka_unit_test(bytes_that_are_not_utf8_are_repaired),
		cmocka_unit_test(csv_text_is_quoted_and_no_formula),
		cmocka_unit_test(a_table_has_three_forms),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
