// SPDX-License-Identifier: Apache-2.0
#include "api/message_json.h"

#include <stddef.h>
#include <stdio.h>

#define MESSAGE_COLUMNS                                                                            \
	"sent_at", "from", "to", "id", "n", "type", "class", "state", "verdict", "from_resource",  \
		"nick", "composed_at", "accepted_at", "stored_at", "routed_at", "delivered_at",    \
		"delivered_via", "displayed_at", "displayed_via", "failed_at", "error",            \
		"retracted_at", "read_inferred_at", "read_via", "corrects", "resends",             \
		"response_ms", "devices", "readers", "receivers"

const char *const message_columns_plain[] = {MESSAGE_COLUMNS, NULL};
const char *const message_table_columns[] = {MESSAGE_COLUMNS, "ticks", "tick", "conv",
					     "key",           "body",  NULL};

struct field {
	const char *name;
	size_t offset; // in struct row
};

#define ROW_FIELD(name)                                                                            \
	{                                                                                          \
#name, offsetof(struct row, name)                                                  \
	}

static const struct field time_fields[] = {
	ROW_FIELD(sent_at),      ROW_FIELD(composed_at), ROW_FIELD(accepted_at),
	ROW_FIELD(stored_at),    ROW_FIELD(routed_at),   ROW_FIELD(delivered_at),
	ROW_FIELD(displayed_at), ROW_FIELD(failed_at),   ROW_FIELD(retracted_at),
};

static void put_times(json_t *object, const struct row *row)
{
	for (size_t i = 0; i < sizeof time_fields / sizeof *time_fields; i++) {
		usec_t at;
		memcpy(&at, (const char *)row + time_fields[i].offset, sizeof at);
		json_put_usec(object, time_fields[i].name, at, 6);
	}
}

static void put_name(json_t *object, const char *key, const char *name)
{
	if (name)
		json_object_set_new(object, key, json_string(name));
}

void json_put_hex(json_t *object, const char *key, int64_t value)
{
	char hex[17];
	snprintf(hex, sizeof hex, "%016llx", (unsigned long long)value);
	json_object_set_new(object, key, json_string(hex));
}

static void put_identity(json_t *object, const struct message *message)
{
	const struct row *row = &message->row;
	json_object_set_new(object, "from", json_text(row->from));
	json_object_set_new(object, "to", json_text(row->to));
	json_object_set_new(object, "id", json_text(row->id.p ? row->id : TEXT("")));
	json_object_set_new(object, "n", json_integer(message->n));
	put_name(object, "type", message_type_names[row->type]);
	put_name(object, "class", message_class_names[row->class_]);
	put_name(object, "state", message_state_names[row->state]);
	put_name(object, "verdict", verdict_names[message->verdict]);
	json_put_text(object, "from_resource", row->from_resource);
	json_put_text(object, "nick", row->nick);
}

static void put_evidence(json_t *object, const struct message *message)
{
	const struct row *row = &message->row;
	json_put_text(object, "delivered_via", via_text(row->delivered_via, message->via_names));
	json_put_text(object, "displayed_via", via_text(row->displayed_via, message->via_names));
	json_put_text(object, "error", row->error);
	json_put_usec(object, "read_inferred_at", message->read_inferred_at, 6);
	json_put_text(object, "read_via", via_text(message->read_via, NULL));
	json_put_text(object, "corrects", row->corrects);
	if (row->resends > 0)
		json_object_set_new(object, "resends", json_integer(row->resends));
	if (message->response_ms >= 0)
		json_object_set_new(object, "response_ms", json_integer(message->response_ms));
}

static void set_by_text(json_t *object, struct text key, json_t *value)
{
	JSON_AUTO *name = json_text(key); // repaired to UTF-8, as every text that leaves
	if (json_is_string(name))
		json_object_set_new_nocheck(object, json_string_value(name), value);
	else
		json_decref(value);
}

// {full JID: {delivered, displayed}}
static void put_devices(json_t *object, const struct message *message)
{
	if (message->device_count == 0)
		return;
	json_t *devices = json_object();
	for (size_t i = 0; i < message->device_count; i++) {
		const struct device_time *device = &message->devices[i];
		json_t *times = json_object();
		json_put_usec(times, "delivered", device->delivered, 6);
		json_put_usec(times, "displayed", device->displayed, 6);
		set_by_text(devices, device->device, times);
	}
	json_object_set_new(object, "devices", devices);
}

// {who: time}, P12: readers by display, receivers by delivery.
static void put_people(json_t *object, const char *key, const struct device_time *people,
		       size_t count)
{
	if (count == 0)
		return;
	json_t *times = json_object();
	for (size_t i = 0; i < count; i++) {
		usec_t at = people[i].displayed != USEC_NONE ? people[i].displayed
							     : people[i].delivered;
		set_by_text(times, people[i].device, json_usec(at, 6));
	}
	json_object_set_new(object, key, times);
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

json_t *message_json(const struct message *message, unsigned parts)
{
	json_t *object = json_object();
	put_identity(object, message);
	put_times(object, &message->row);
	put_evidence(object, message);
	put_devices(object, message);
	put_people(object, "readers", message->readers, message->reader_count);
	put_people(object, "receivers", message->receivers, message->receiver_count);
	if (parts & MESSAGE_KEYS) {
		json_object_set_new(object, "ticks",
				    json_integer(message_ticks(message->row.state)));
		put_name(object, "tick", message_tick(message->row.state, message->verdict));
		json_put_hex(object, "conv", message->row.conv);
		json_put_hex(object, "key", message->row.key);
	}
	if (parts & MESSAGE_BODY)
		json_put_text(object, "body", message->row.body);
	return object;
}
