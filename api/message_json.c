// SPDX-License-Identifier: Apache-2.0
#include "api/message_json.h"

#include "core/json_out.h"

#include <stddef.h>
#include <stdio.h>

// --- names, in the order of CSV

enum column {
	C_SENT_AT,
	C_FROM,
	C_TO,
	C_ID,
	C_N,
	C_TYPE,
	C_CLASS,
	C_STATE,
	C_VERDICT,
	C_FROM_RESOURCE,
	C_NICK,
	C_COMPOSED_AT,
	C_ACCEPTED_AT,
	C_STORED_AT,
	C_ROUTED_AT,
	C_DELIVERED_AT,
	C_DELIVERED_VIA,
	C_DISPLAYED_AT,
	C_DISPLAYED_VIA,
	C_FAILED_AT,
	C_ERROR,
	C_RETRACTED_AT,
	C_READ_INFERRED_AT,
	C_READ_VIA,
	C_CORRECTS,
	C_RESENDS,
	C_RESPONSE_MS,
	C_DEVICES,
	C_READERS,
	C_RECEIVERS,
	C_PLAIN, // so many without those that are asked for
	C_TICKS = C_PLAIN,
	C_TICK,
	C_CONV,
	C_KEY,
	C_BODY,
	C_COUNT
};

#define PLAIN_NAMES                                                                                \
	[C_SENT_AT] = "sent_at", [C_FROM] = "from", [C_TO] = "to", [C_ID] = "id", [C_N] = "n",     \
	[C_TYPE] = "type", [C_CLASS] = "class", [C_STATE] = "state", [C_VERDICT] = "verdict",      \
	[C_FROM_RESOURCE] = "from_resource", [C_NICK] = "nick", [C_COMPOSED_AT] = "composed_at",   \
	[C_ACCEPTED_AT] = "accepted_at", [C_STORED_AT] = "stored_at", [C_ROUTED_AT] = "routed_at", \
	[C_DELIVERED_AT] = "delivered_at", [C_DELIVERED_VIA] = "delivered_via",                    \
	[C_DISPLAYED_AT] = "displayed_at", [C_DISPLAYED_VIA] = "displayed_via",                    \
	[C_FAILED_AT] = "failed_at", [C_ERROR] = "error", [C_RETRACTED_AT] = "retracted_at",       \
	[C_READ_INFERRED_AT] = "read_inferred_at", [C_READ_VIA] = "read_via",                      \
	[C_CORRECTS] = "corrects", [C_RESENDS] = "resends", [C_RESPONSE_MS] = "response_ms",       \
	[C_DEVICES] = "devices", [C_READERS] = "readers", [C_RECEIVERS] = "receivers"

const char *const message_columns_plain[C_PLAIN + 1] = {PLAIN_NAMES, NULL};
const char *const message_table_columns[C_COUNT + 1] = {PLAIN_NAMES,
							[C_TICKS] = "ticks",
							[C_TICK] = "tick",
							[C_CONV] = "conv",
							[C_KEY] = "key",
							[C_BODY] = "body",
							NULL};

// --- values

enum value_kind {
	VALUE_ABSENT, // no member at all
	VALUE_NULL,
	VALUE_TEXT,
	VALUE_TIME,
	VALUE_NUMBER,
	VALUE_HEX,     // 16 digits
	VALUE_DEVICES, // {full JID: {delivered, displayed}}
	VALUE_PEOPLE   // {who: time}, P12: readers by display, receivers by delivery
};

struct value {
	enum value_kind kind;
	struct text text;
	int64_t number; // a time too
	const struct device_time *people;
	size_t count;
};

static struct value a_text(struct text text)
{
	return (struct value){.kind = text.p ? VALUE_TEXT : VALUE_ABSENT, .text = text};
}

static struct value a_time(usec_t at)
{
	return (struct value){.kind = at != USEC_NONE ? VALUE_TIME : VALUE_ABSENT, .number = at};
}

// Less than "least" is as good as nothing.
static struct value a_number(int64_t number, int64_t least)
{
	return (struct value){.kind = number >= least ? VALUE_NUMBER : VALUE_ABSENT,
			      .number = number};
}

static struct value people(enum value_kind kind, const struct device_time *list, size_t count)
{
	return (struct value){
		.kind = count > 0 ? kind : VALUE_ABSENT, .people = list, .count = count};
}

static struct value an_address(struct text jid)
{
	return (struct value){.kind = jid.p ? VALUE_TEXT : VALUE_NULL, .text = jid};
}

static void take_identity(struct value values[C_COUNT], const struct message *message)
{
	const struct row *row = &message->row;
	values[C_FROM] = an_address(row->from);
	values[C_TO] = an_address(row->to);
	values[C_ID] = a_text(row->id.p ? row->id : TEXT(""));
	values[C_N] = a_number(message->n, INT64_MIN);
	values[C_TYPE] = a_text(text_of(message_type_names[row->type]));
	values[C_CLASS] = a_text(text_of(message_class_names[row->class_]));
	values[C_STATE] = a_text(text_of(message_state_names[row->state]));
	values[C_VERDICT] = a_text(text_of(verdict_names[message->verdict]));
	values[C_FROM_RESOURCE] = a_text(row->from_resource);
	values[C_NICK] = a_text(row->nick);
}

static void take_times(struct value values[C_COUNT], const struct row *row)
{
	values[C_SENT_AT] = a_time(row->sent_at);
	values[C_COMPOSED_AT] = a_time(row->composed_at);
	values[C_ACCEPTED_AT] = a_time(row->accepted_at);
	values[C_STORED_AT] = a_time(row->stored_at);
	values[C_ROUTED_AT] = a_time(row->routed_at);
	values[C_DELIVERED_AT] = a_time(row->delivered_at);
	values[C_DISPLAYED_AT] = a_time(row->displayed_at);
	values[C_FAILED_AT] = a_time(row->failed_at);
	values[C_RETRACTED_AT] = a_time(row->retracted_at);
}

static void take_evidence(struct value values[C_COUNT], const struct message *message)
{
	const struct row *row = &message->row;
	values[C_DELIVERED_VIA] = a_text(via_text(row->delivered_via, message->via_names));
	values[C_DISPLAYED_VIA] = a_text(via_text(row->displayed_via, message->via_names));
	values[C_ERROR] = a_text(row->error);
	values[C_READ_INFERRED_AT] = a_time(message->read_inferred_at);
	values[C_READ_VIA] = a_text(via_text(message->read_via, NULL));
	values[C_CORRECTS] = a_text(row->corrects);
	values[C_RESENDS] = a_number(row->resends, 1);
	values[C_RESPONSE_MS] = a_number(message->response_ms, 0);
	values[C_DEVICES] = people(VALUE_DEVICES, message->devices, message->device_count);
	values[C_READERS] = people(VALUE_PEOPLE, message->readers, message->reader_count);
	values[C_RECEIVERS] = people(VALUE_PEOPLE, message->receivers, message->receiver_count);
}

int message_ticks(enum message_state state)
{
	static const int ticks[STATE_COUNT] = {
		[STATE_ACCEPTED] = 1,  [STATE_STORED] = 1,    [STATE_ROUTED] = 1,
		[STATE_DELIVERED] = 2, [STATE_DISPLAYED] = 3,
	};
	return ticks[state];
}

// S4: of what asked for nothing, silence means nothing; but an answer that came all the same counts.
const char *message_tick(enum message_state state, enum verdict verdict)
{
	static const char *const ticks[STATE_COUNT] = {
		[STATE_SENT] = "sent",       [STATE_ACCEPTED] = "accepted",
		[STATE_STORED] = "accepted", [STATE_ROUTED] = "accepted",
		[STATE_FAILED] = "failed",   [STATE_DELIVERED] = "delivered",
		[STATE_DISPLAYED] = "read",
	};
	return verdict == VERDICT_UNKNOWN ? "unknown" : ticks[state];
}

static void take_keys(struct value values[C_COUNT], const struct message *message)
{
	const struct row *row = &message->row;
	values[C_TICKS] = a_number(message_ticks(row->state), 0);
	values[C_TICK] = a_text(text_of(message_tick(row->state, message->verdict)));
	values[C_CONV] = (struct value){.kind = VALUE_HEX, .number = row->conv};
	values[C_KEY] = (struct value){.kind = VALUE_HEX, .number = row->key};
}

// All that is ever said of a message.
static void take_values(struct value values[C_COUNT], const struct message *message, unsigned parts)
{
	for (size_t i = C_PLAIN; i < C_COUNT; i++)
		values[i].kind = VALUE_ABSENT;
	take_identity(values, message);
	take_times(values, &message->row);
	take_evidence(values, message);
	if (parts & MESSAGE_KEYS)
		take_keys(values, message);
	if (parts & MESSAGE_BODY)
		values[C_BODY] = a_text(message->row.body);
}

// --- JSON

// The order of members.
static const unsigned char json_order[] = {
	C_FROM,
	C_TO,
	C_ID,
	C_N,
	C_TYPE,
	C_CLASS,
	C_STATE,
	C_VERDICT,
	C_FROM_RESOURCE,
	C_NICK,
	C_SENT_AT,
	C_COMPOSED_AT,
	C_ACCEPTED_AT,
	C_STORED_AT,
	C_ROUTED_AT,
	C_DELIVERED_AT,
	C_DISPLAYED_AT,
	C_FAILED_AT,
	C_RETRACTED_AT,
	C_DELIVERED_VIA,
	C_DISPLAYED_VIA,
	C_ERROR,
	C_READ_INFERRED_AT,
	C_READ_VIA,
	C_CORRECTS,
	C_RESENDS,
	C_RESPONSE_MS,
	C_DEVICES,
	C_READERS,
	C_RECEIVERS,
	C_TICKS,
	C_TICK,
	C_CONV,
	C_KEY,
	C_BODY,
};

_Static_assert(sizeof json_order == C_COUNT, "each column is a member");

// An object is open: no value ends with its brace.
static void next_member(struct buf *out)
{
	if (out->data[out->len - 1] != '{')
		buf_char(out, ',');
}

static void put_name(struct buf *out, const char *name)
{
	next_member(out);
	buf_char(out, '"');
	buf_zstr(out, name);
	buf_text(out, TEXT("\":"));
}

static void put_times(struct buf *out, const struct device_time *times)
{
	buf_char(out, '{');
	if (times->delivered != USEC_NONE) {
		put_name(out, "delivered");
		json_out_usec(out, times->delivered, 6);
	}
	if (times->displayed != USEC_NONE) {
		put_name(out, "displayed");
		json_out_usec(out, times->displayed, 6);
	}
	buf_char(out, '}');
}

static void put_people(struct buf *out, const struct value *value)
{
	buf_char(out, '{');
	for (size_t i = 0; i < value->count; i++) {
		const struct device_time *one = &value->people[i];
		next_member(out);
		json_out_text(out, one->device);
		buf_char(out, ':');
		if (value->kind == VALUE_DEVICES)
			put_times(out, one);
		else
			json_out_usec(out,
				      one->displayed != USEC_NONE ? one->displayed : one->delivered,
				      6);
	}
	buf_char(out, '}');
}

static void put_hex(struct buf *out, int64_t value)
{
	char hex[1 + 16 + 2];
	snprintf(hex, sizeof hex, "\"%016llx\"", (unsigned long long)value);
	buf_zstr(out, hex);
}

static void put_json(struct buf *out, const struct value *value)
{
	switch (value->kind) {
	case VALUE_TEXT:
		json_out_text(out, value->text);
		break;
	case VALUE_TIME:
		json_out_usec(out, value->number, 6);
		break;
	case VALUE_NUMBER:
		json_out_integer(out, value->number);
		break;
	case VALUE_HEX:
		put_hex(out, value->number);
		break;
	case VALUE_DEVICES:
	case VALUE_PEOPLE:
		put_people(out, value);
		break;
	default:
		buf_text(out, TEXT("null"));
	}
}

static void put_object(struct buf *out, const struct value values[C_COUNT])
{
	buf_char(out, '{');
	for (size_t i = 0; i < C_COUNT; i++) {
		const struct value *value = &values[json_order[i]];
		if (value->kind == VALUE_ABSENT)
			continue;
		put_name(out, message_table_columns[json_order[i]]);
		put_json(out, value);
	}
	buf_char(out, '}');
}

// --- CSV

static void put_cell(struct buf *out, const struct value *value)
{
	struct buf text = {0};
	char time[USEC_TEXT];
	switch (value->kind) {
	case VALUE_ABSENT:
	case VALUE_NULL:
		break;
	case VALUE_TEXT:
		table_csv_text(out, json_utf8(value->text, &text));
		break;
	case VALUE_TIME:
		table_csv_text(out, text_of(usec_format(value->number, 6, time)));
		break;
	case VALUE_HEX:
		buf_printf(out, "%016llx", (unsigned long long)value->number);
		break;
	case VALUE_NUMBER:
		json_out_integer(out, value->number);
		break;
	default:
		put_people(&text, value);
		table_csv_quoted(out, buf_view(&text));
	}
	buf_free(&text);
}

static void put_cells(struct table *table, const struct value values[C_COUNT])
{
	for (size_t i = 0; table->columns[i]; i++) {
		if (i > 0)
			buf_char(table->out, ',');
		put_cell(table->out, &values[i]);
	}
}

// --- the whole

void json_put_hex(json_t *object, const char *key, int64_t value)
{
	char hex[17];
	snprintf(hex, sizeof hex, "%016llx", (unsigned long long)value);
	json_object_set_new(object, key, json_string(hex));
}

void message_to_table(struct table *table, const struct message *message, unsigned parts)
{
	struct value values[C_COUNT];
	take_values(values, message, parts);
	table_row_begin(table);
	if (table->format == TABLE_CSV)
		put_cells(table, values);
	else
		put_object(table->out, values);
	table_row_end(table);
}

void message_to_json(struct buf *out, const struct message *message, unsigned parts)
{
	struct value values[C_COUNT];
	take_values(values, message, parts);
	put_object(out, values);
}

json_t *message_json(const struct message *message, unsigned parts)
{
	struct buf text = {0};
	message_to_json(&text, message, parts);
	json_t *object = json_loadb(text.data, text.len, JSON_ALLOW_NUL, NULL);
	buf_free(&text);
	return object ? object : json_object(); // no memory
}
