// SPDX-License-Identifier: Apache-2.0
#include "ingest/webhook.h"

#include "core/json.h"

#include <stdlib.h>
#include <strings.h>

enum reading { READ_LINES, READ_JSON, READ_XML };

static const struct content_type {
	const char *name;
	enum reading reading;
} content_types[] = {
	{"application/x-ndjson", READ_LINES}, {"application/ndjson", READ_LINES},
	{"application/jsonl", READ_LINES},    {"application/json", READ_JSON},
	{"application/xml", READ_XML},        {"text/xml", READ_XML},
	{"application/xmpp+xml", READ_XML},
};

static bool find_type(struct text type, enum reading *reading)
{
	const char *end = type.n ? memchr(type.p, ';', type.n) : NULL;
	size_t n = end ? (size_t)(end - type.p) : type.n;
	while (n && (type.p[n - 1] == ' ' || type.p[n - 1] == '\t'))
		n--;
	for (size_t i = 0; i < sizeof content_types / sizeof *content_types; i++) {
		const char *name = content_types[i].name;
		if (n != strlen(name) || strncasecmp(type.p, name, n) != 0)
			continue;
		*reading = content_types[i].reading;
		return true;
	}
	return false;
}

// ---- one object

static struct text text_in(const json_t *object, const char *key, struct arena *arena)
{
	return arena_text(arena, json_get_text(object, key));
}

static int64_t number_in(const json_t *object, const char *key, int64_t otherwise)
{
	const json_t *value = json_object_get(object, key);
	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

static bool is_text_or_nothing(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	return !value || json_is_null(value) || json_is_string(value);
}

static bool has_no_nul(const json_t *object, const char *key)
{
	struct text value = json_get_text(object, key);
	return !value.n || !memchr(value.p, '\0', value.n);
}

static const char *read_gap(const json_t *object, struct arena *arena, struct spool_item *item)
{
	struct text since = json_get_text(object, "since");
	item->kind = SPOOL_GAP;
	item->reason = text_in(object, "gap", arena);
	item->lost = number_in(object, "lost", -1);
	if (since.p && !usec_parse(since, &item->since))
		return "\"since\" is not a time with zone";
	if (!item->reason.n)
		return "\"gap\" is no text that says why";
	if (item->reason.n > 200)
		return "\"gap\" is longer than 200 bytes";
	return item->lost < -1 ? "\"lost\" is negative" : NULL;
}

static const char *read_stanza(const json_t *object, struct arena *arena, struct spool_item *item)
{
	if (!direction_parse(json_get_text(object, "dir"), &item->dir))
		return "\"dir\" is not a direction";
	if (!is_text_or_nothing(object, "session"))
		return "\"session\" is not text";
	item->kind = SPOOL_STANZA;
	item->session = text_in(object, "session", arena);
	item->xml = text_in(object, "stanza", arena);
	return item->xml.n ? NULL : "\"stanza\" is missing";
}

// NULL: read; else what is wrong with it.
static const char *read_object(const json_t *object, struct arena *arena, struct spool_item *item)
{
	static const char *const texts[] = {"stanza", "session", "gap"};
	const json_t *seq = json_object_get(object, "seq");
	if (!json_is_object(object))
		return "not a JSON object";
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (!has_no_nul(object, texts[i]))
			return "a text holds a NUL";
	if (!usec_parse(json_get_text(object, "ts"), &item->at))
		return "\"ts\" is not a time with zone";
	if (seq && (!json_is_integer(seq) || json_integer_value(seq) < 1))
		return "\"seq\" is not a number from 1 on";
	const char *wrong = json_object_get(object, "gap") ? read_gap(object, arena, item)
							   : read_stanza(object, arena, item);
	item->number = number_in(object, "seq", 0);
	return wrong;
}

// ---- batches

struct batch_reading {
	const struct feed_delivery *delivery;
	struct arena *arena;
	struct webhook_batch *batch;
	struct feed_answer *answer;
	size_t cap;
};

static bool add_item(struct batch_reading *reading, const struct spool_item *item)
{
	struct webhook_batch *batch = reading->batch;
	if (batch->count == WEBHOOK_ITEMS_MOST)
		return false;
	if (batch->count == reading->cap) {
		size_t bigger = reading->cap ? reading->cap * 2 : 64;
		batch->items = arena_grow(reading->arena, batch->items,
					  reading->cap * sizeof *batch->items,
					  bigger * sizeof *batch->items);
		reading->cap = bigger;
	}
	batch->items[batch->count++] = *item;
	return true;
}

// F66. It keeps its number, so that it makes no hole.
static bool add_unreadable(struct batch_reading *reading, int64_t number, struct text raw,
			   const char *why)
{
	json_t *told = json_pack("{s:I, s:s, s:s}", "index", (json_int_t)reading->batch->count,
				 "result", "quarantined", "detail", why);
	if (!reading->answer->items)
		reading->answer->items = json_array();
	json_array_append_new(reading->answer->items, told);
	reading->batch->quarantined++;
	return add_item(reading, &(struct spool_item){.kind = SPOOL_UNREADABLE,
						      .at = reading->delivery->now,
						      .xml = arena_text(reading->arena, raw),
						      .reason = text_of(why),
						      .number = number});
}

static bool add_object(struct batch_reading *reading, const json_t *object, struct text raw)
{
	struct spool_item item = {.lost = -1};
	const char *wrong = read_object(object, reading->arena, &item);
	if (!wrong)
		return add_item(reading, &item);
	return add_unreadable(reading, number_in(object, "seq", 0), raw, wrong);
}

static const char too_many[] = "too many items in one delivery";

static bool is_blank(struct text line)
{
	for (size_t i = 0; i < line.n; i++)
		if (!strchr(" \t\r", line.p[i]))
			return false;
	return true;
}

static bool add_line(struct batch_reading *reading, struct text line)
{
	if (is_blank(line))
		return true;
	JSON_AUTO *object = json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES, NULL);
	return add_object(reading, object, line);
}

static const char *read_lines(struct batch_reading *reading)
{
	struct text rest = reading->delivery->body;
	while (rest.n) {
		const char *end = memchr(rest.p, '\n', rest.n);
		size_t n = end ? (size_t)(end - rest.p) : rest.n;
		if (!add_line(reading, (struct text){rest.p, n}))
			return too_many;
		n += end != NULL;
		rest = (struct text){rest.p + n, rest.n - n};
	}
	return NULL;
}

static bool add_value(struct batch_reading *reading, const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	bool ok = add_object(reading, value, text_of(text));
	free(text);
	return ok;
}

// An array, {"items": [...]}, or one object.
static const char *read_json(struct batch_reading *reading)
{
	struct text body = reading->delivery->body;
	JSON_AUTO *whole = json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES, NULL);
	const json_t *list = json_is_object(whole) ? json_object_get(whole, "items") : whole;
	if (!whole)
		return "The body is not JSON.";
	if (!json_is_array(list))
		return add_value(reading, whole) ? NULL : too_many;
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!add_value(reading, json_array_get(list, i)))
			return too_many;
	return NULL;
}

// One stanza; it is as if seen at this moment.
static const char *read_xml(struct batch_reading *reading)
{
	const struct feed_delivery *delivery = reading->delivery;
	struct spool_item item = {.kind = SPOOL_STANZA, .at = delivery->now, .dir = DIR_ROUTE};
	if (delivery->dir.p && !direction_parse(delivery->dir, &item.dir))
		return "dir is not a direction.";
	if (is_blank(delivery->body) || memchr(delivery->body.p, '\0', delivery->body.n))
		return "The body is no stanza.";
	item.xml = arena_text(reading->arena, delivery->body);
	item.session = arena_text(reading->arena, delivery->session);
	return add_item(reading, &item) ? NULL : too_many;
}

enum feed_status webhook_read(const struct feed_delivery *delivery, struct arena *arena,
			      struct webhook_batch *batch, struct feed_answer *answer)
{
	static const char *(*const readers[])(struct batch_reading *) = {
		[READ_LINES] = read_lines, [READ_JSON] = read_json, [READ_XML] = read_xml};
	struct batch_reading reading = {delivery, arena, batch, answer, 0};
	enum reading kind;
	*batch = (struct webhook_batch){0};
	if (!find_type(delivery->type, &kind)) {
		answer->detail = "The Content-Type is one of application/x-ndjson, "
				 "application/json, application/xml.";
		return FEED_TYPE;
	}
	answer->detail = readers[kind](&reading);
	return answer->detail ? FEED_BAD : FEED_TAKEN;
}
