// SPDX-License-Identifier: Apache-2.0
#include "api/evidence_json.h"

#include <stdlib.h>

#define POSITION "position"

// ---- positions

void json_put_position(json_t *object, position_t position)
{
	if (position)
		json_object_set_new(object, POSITION, json_integer(position));
}

int32_t position_generation(json_int_t position)
{
	return (int32_t)((uint64_t)position >> 43);
}

void each_position(json_t *value, void *self, void (*each)(void *self, json_t *object))
{
	const char *key;
	size_t i;
	json_t *member;
	if (json_is_object(value) && json_is_integer(json_object_get(value, POSITION)))
		each(self, value);
	json_object_foreach(value, key, member) {
		each_position(member, self, each);
	}
	json_array_foreach(value, i, member) {
		each_position(member, self, each);
	}
}

json_t *position_json(json_int_t position, const struct generation_place *place)
{
	json_t *object = json_object();
	uint64_t bits = (uint64_t)position;
	json_put_text(object, "source", place->source);
	json_put_text(object, "path", place->path);
	json_object_set_new(object, "generation", json_integer(position_generation(position)));
	json_object_set_new(object, "offset",
			    json_integer((json_int_t)(bits >> 3 & ((UINT64_C(1) << 40) - 1))));
	json_object_set_new(object, "index", json_integer((json_int_t)(bits & 7)));
	return object;
}

// ---- timeline

struct event {
	const char *name;
	usec_t at;
	struct text via, error;
	position_t position;
};

static int by_time(const void *a, const void *b)
{
	const struct event *x = a, *y = b;
	return (x->at > y->at) - (x->at < y->at);
}

static json_t *event_json(const struct event *event)
{
	json_t *object = json_object();
	json_object_set_new(object, "event", json_string(event->name));
	json_put_usec(object, "at", event->at, 6);
	json_put_text(object, "via", event->via);
	json_put_text(object, "error", event->error);
	json_put_position(object, event->position);
	return object;
}

// Events of one instant stay in the order in which they can follow each other.
static void sort_events(struct event *events, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		for (size_t j = i; j > 0 && by_time(&events[j - 1], &events[j]) > 0; j--) {
			struct event earlier = events[j];
			events[j] = events[j - 1];
			events[j - 1] = earlier;
		}
	}
}

json_t *timeline_json(const struct message *message)
{
	const struct row *row = &message->row;
	const struct via_names *names = message->via_names;
	struct event events[] = {
		{"composed", row->composed_at, TEXT_NONE, TEXT_NONE, 0},
		{"sent", row->sent_at, TEXT_NONE, TEXT_NONE, row->sent_pos},
		{"accepted", row->accepted_at, TEXT_NONE, TEXT_NONE, 0},
		{"stored", row->stored_at, TEXT_NONE, TEXT_NONE, 0},
		{"routed", row->routed_at, TEXT_NONE, TEXT_NONE, 0},
		{"failed", row->failed_at, TEXT_NONE, row->error, row->failed_pos},
		{"delivered", row->delivered_at, via_text(row->delivered_via, names), TEXT_NONE,
		 row->delivered_pos},
		{"read_inferred", message->read_inferred_at, via_text(message->read_via, NULL),
		 TEXT_NONE, 0},
		{"displayed", row->displayed_at, via_text(row->displayed_via, names), TEXT_NONE,
		 row->displayed_pos},
		{"retracted", row->retracted_at, TEXT_NONE, TEXT_NONE, 0},
	};
	size_t count = sizeof events / sizeof *events;
	json_t *timeline = json_array();
	sort_events(events, count);
	for (size_t i = 0; i < count; i++)
		if (events[i].at != USEC_NONE)
			json_array_append_new(timeline, event_json(&events[i]));
	return timeline;
}

json_t *requests_json(const struct row *row)
{
	static const struct {
		unsigned flag;
		const char *name;
	} names[] = {
		{FLAG_RECEIPT_REQUEST, "receipt"},
		{FLAG_MARKABLE, "markable"},
		{FLAG_XE_DELIVERED, "x-event-delivered"},
		{FLAG_XE_DISPLAYED, "x-event-displayed"},
		{FLAG_XE_OFFLINE, "x-event-offline"},
		{FLAG_PRIVATE_DELIVERED, "private-delivered"},
		{FLAG_PRIVATE_DISPLAYED, "private-displayed"},
	};
	json_t *list = json_array();
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (row->flags & names[i].flag)
			json_array_append_new(list, json_string(names[i].name));
	return list;
}

// ---- acknowledgements

static const char *const kind_names[EV_KINDS] = {
	[EV_RECEIPT] = "receipt",
	[EV_MARK_RECEIVED] = "marker-received",
	[EV_MARK_DISPLAYED] = "marker-displayed",
	[EV_MARK_ACKNOWLEDGED] = "marker-acknowledged",
	[EV_XE_OFFLINE] = "x-event-offline",
	[EV_XE_DELIVERED] = "x-event-delivered",
	[EV_XE_DISPLAYED] = "x-event-displayed",
	[EV_ERROR] = "error",
	[EV_AMP_STORED] = "amp-stored",
	[EV_AMP_NONE] = "amp-none",
	[EV_RETRACTION] = "retraction",
	[EV_REACTION] = "reaction",
	[EV_REPLY] = "reply",
	[EV_MDS] = "mds",
	[EV_FAULT] = "fault",
	[EV_CORRECTION] = "correction",
	[EV_XE_COMPOSING] = "x-event-composing",
};

static const char *const class_names[] = {
	[ACK_PAIRED] = "paired",       [ACK_UNKNOWN] = "unknown-id", [ACK_FORGED] = "forged",
	[ACK_BY_DOMAIN] = "by-domain", [ACK_SELF] = "self",          [ACK_OF_ACK] = "of-ack",
	[ACK_BOUNCED] = "bounced",     [ACK_LOOP] = "loop",          [ACK_LENT] = "lent",
	[ACK_NO_EFFECT] = "no-effect",
};

static json_t *seen_json(unsigned seen)
{
	json_t *list = json_array();
	if (seen & SEEN_INGRESS)
		json_array_append_new(list, json_string("in"));
	if (seen & SEEN_EGRESS)
		json_array_append_new(list, json_string("out"));
	return list;
}

json_t *ack_json(const struct message_ack *ack, const struct via_names *names)
{
	json_t *object = json_object();
	bool known = ack->class_ >= 0 && ack->class_ <= ACK_NO_EFFECT;
	json_object_set_new(object, "kind", json_string(kind_names[ack->kind]));
	json_object_set_new(object, "class",
			    json_string(known ? class_names[ack->class_] : "other"));
	if (ack->n > 0)
		json_object_set_new(object, "n", json_integer(ack->n));
	json_object_set_new(object, "by", json_text(ack->by.p ? ack->by : TEXT("")));
	json_put_text(object, "account", ack->real);
	json_put_text(object, "to", ack->to);
	json_put_text(object, "ref", ack->ref);
	json_put_text(object, "id", ack->own_id);
	json_put_text(object, "error", ack->condition);
	if (ack->via != VIA_NONE)
		json_put_text(object, "via", via_text(ack->via, names));
	json_put_usec(object, "at", ack->first, 6);
	json_put_usec(object, "last_at", ack->last, 6);
	json_put_usec(object, "out_at", ack->out_at, 6);
	json_object_set_new(object, "seen", seen_json(ack->seen));
	json_object_set_new(object, "same_key", json_boolean(ack->of_key));
	json_put_position(object, ack->position);
	return object;
}

static void append_plain(const struct message *message, const struct evidence *ev, json_t *acks)
{
	const struct row *row = &message->row;
	struct buf by = {0};
	buf_text(&by, row->to);
	if (ev->by_resource.p) {
		buf_char(&by, '/');
		buf_text(&by, ev->by_resource);
	}
	struct message_ack ack = {.kind = ev->kind,
				  .class_ = ACK_PAIRED,
				  .n = message->n,
				  .by = buf_view(&by),
				  .to = row->from,
				  .own_id = ev->own_id,
				  .ref = row->id,
				  .condition = TEXT_NONE,
				  .real = TEXT_NONE,
				  .via = ev->via ? (enum via)(VIA_PRIVATE + ev->via - 1) : VIA_NONE,
				  .seen = ev->seen,
				  .first = ev->first,
				  .last = ev->last,
				  .out_at = ev->out_at,
				  .position = ev->position,
				  .of_key = true};
	json_array_append_new(acks, ack_json(&ack, message->via_names));
	buf_free(&by);
}

void plain_acks_json(const struct message *message, json_t *acks)
{
	if (message->row.receipt)
		append_plain(message, message->row.receipt, acks);
	if (message->row.marker)
		append_plain(message, message->row.marker, acks);
}
