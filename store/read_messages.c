// SPDX-License-Identifier: Apache-2.0
// Streams messages as they are shown. Pages (a limit, a cursor or newest first) go in the order
// (sent_at, conv, key, n) that cursors speak of; everything else in the order of the export.
#include "store/read.h"

#include "store/message_row.h"

#include <stdlib.h>

enum { MESSAGE_FIRST = MESSAGE_READ_COLUMNS };
enum { // columns after those of the row
	COL_FROM = MESSAGE_FIRST,
	COL_TO,
	COL_BODY,
	COL_N,
	COL_DEVICE,
	COL_DELIVERED,
	COL_DISPLAYED,
	COL_READER,
	COL_READ,
	COL_RECEIVED
};

struct stream {
	const struct message_filter *filter;
	void *self;
	bool (*each)(void *self, const struct message *message);
	struct arena *arena; // of one message
	const struct known_realms *realms;
	usec_t now;
	int64_t given;
	bool stopped;
};

// --- devices (PAIRING section 9: direct acks only, first times) ---

static void add_device(struct stream *stream, struct message *message, struct text device,
		       usec_t delivered, usec_t displayed)
{
	struct device_time *list =
		arena_alloc(stream->arena, (message->device_count + 1) * sizeof *list);
	if (message->device_count)
		memcpy(list, message->devices, message->device_count * sizeof *list);
	list[message->device_count++] = (struct device_time){device, delivered, displayed};
	message->devices = list;
}

static void plain_device(struct stream *stream, struct message *message)
{
	const struct row *row = &message->row;
	const struct evidence *ack = row->receipt ? row->receipt : row->marker;
	if (!ack)
		return;
	struct text device = row->to;
	if (ack->by_resource.p)
		device = arena_printf(stream->arena, "%.*s/%.*s", (int)row->to.n, row->to.p,
				      (int)ack->by_resource.n, ack->by_resource.p);
	add_device(stream, message, device, row->receipt ? row->receipt->first : USEC_NONE,
		   row->marker ? row->marker->first : USEC_NONE);
}

static void complex_devices(struct stream *stream, const struct rows *rows, struct message *message)
{
	struct array device, delivered, displayed;
	struct text name, first, second;
	array_open(&device, rows, 0, COL_DEVICE);
	array_open(&delivered, rows, 0, COL_DELIVERED);
	array_open(&displayed, rows, 0, COL_DISPLAYED);
	while (array_next(&device, &name) && array_next(&delivered, &first) &&
	       array_next(&displayed, &second))
		add_device(stream, message, name, array_usec(first), array_usec(second));
}

// --- readers of a room's message (P12) ---

static void take_readers(struct stream *stream, const struct rows *rows, struct message *message)
{
	struct array who, read, received;
	struct text name, first, second;
	array_open(&who, rows, 0, COL_READER);
	array_open(&read, rows, 0, COL_READ);
	array_open(&received, rows, 0, COL_RECEIVED);
	size_t most = who.left + 1;
	struct device_time *readers = arena_alloc(stream->arena, most * sizeof *readers);
	struct device_time *receivers = arena_alloc(stream->arena, most * sizeof *receivers);
	while (array_next(&who, &name) && array_next(&read, &first) &&
	       array_next(&received, &second)) {
		struct device_time times = {name, array_usec(second), array_usec(first)};
		if (first.p)
			readers[message->reader_count++] = times;
		if (second.p)
			receivers[message->receiver_count++] =
				(struct device_time){name, times.delivered, USEC_NONE};
	}
	message->readers = readers;
	message->receivers = receivers;
}

// --- one row ---

static const struct via_names *via_names_of(const struct stream *stream, int32_t realm)
{
	for (size_t i = 0; i < stream->realms->count; i++)
		if (stream->realms->items[i].id == realm)
			return &stream->realms->items[i].via_names;
	return NULL;
}

static bool take_message(void *self, const struct rows *rows)
{
	struct stream *stream = self;
	struct message message = {.read_inferred_at = USEC_NONE, .response_ms = -1};
	struct message_row flat;
	struct plain_acks acks;

	arena_reset(stream->arena);
	message_read(rows, 0, &flat);
	message_to_row(&flat, row_text(rows, 0, COL_FROM), row_text(rows, 0, COL_TO), &acks,
		       &message.row);
	if (message.row.displayed_at ==
	    USEC_NONE) { // I: shown only while nothing explicit is known
		message.read_inferred_at = message.row.read_inferred_at;
		message.read_via = message.row.read_via;
	}
	message.response_ms = message.row.response_ms;
	message.row.body = row_text(rows, 0, COL_BODY);
	message.via_names = via_names_of(stream, flat.realm);
	message.n = (int32_t)row_int(rows, 0, COL_N);
	message.verdict = row_verdict(&message.row, stream->now, stream->filter->t_expire);
	if (stream->filter->with_devices && message.row.complex &&
	    message.row.class_ != CLASS_GROUP)
		complex_devices(stream, rows, &message);
	else if (stream->filter->with_devices)
		plain_device(stream, &message);
	if (stream->filter->with_devices && message.row.class_ == CLASS_GROUP)
		take_readers(stream, rows, &message);
	stream->given++;
	stream->stopped = !stream->each(stream->self, &message);
	return !stream->stopped;
}

// --- parameters ---

// Only for its hashes.
static struct pairing *hashes(const struct known_realms *realms, struct text realm)
{
	return pairing_new(&(struct pairing_options){.realm = realm, .key = realms->key});
}

static void put_jid_id(struct fields *params, const struct pairing *pairing, struct text jid)
{
	if (jid.p)
		put_int8(params, pairing_jid_id(pairing, jid));
	else
		put_null(params);
}

// Both parties known: the conversation of the pair, and either one's as a room, in every realm.
static void put_conversations(struct fields *params, const struct known_realms *realms,
			      struct text a, struct text b)
{
	FIELDS_AUTO list = {0};
	if (!a.p || !b.p) {
		put_null(params);
		return;
	}
	for (size_t i = 0; i < realms->count; i++) {
		struct pairing *pairing = hashes(realms, realms->items[i].name);
		put_int8(&list, pairing_conv(pairing, a, b));
		put_int8(&list, pairing_room(pairing, a));
		put_int8(&list, pairing_room(pairing, b));
		pairing_free(pairing);
	}
	put_array(params, OF_INT8, &list);
}

static void put_choice(struct fields *params, int value)
{
	if (value < 0)
		put_null(params);
	else
		put_int4(params, value);
}

static void put_filter(struct fields *params, const struct message_filter *filter,
		       const struct known_realms *realms, usec_t since, usec_t until, usec_t now)
{
	bool pair = filter->participant.p && filter->peer.p;
	struct text party = filter->participant.p ? filter->participant : filter->peer;

	put_int4(params, filter->realm);
	put_usec(params, usec_bounded(since));
	put_usec(params, usec_bounded(until));
	put_conversations(params, realms, pair ? party : filter->from,
			  pair ? filter->peer : filter->to);
	struct pairing *pairing = hashes(realms, TEXT(""));
	put_jid_id(params, pairing, filter->from);
	put_jid_id(params, pairing, filter->to);
	put_jid_id(params, pairing, party);
	put_jid_id(params, pairing, pair ? filter->peer : TEXT_NONE);
	pairing_free(pairing);
	put_safe(params, filter->id);
	put_safe(params, filter->domain);
	put_choice(params, filter->state);
	put_choice(params, filter->class_);
	put_choice(params, filter->verdict);
	put_usec(params, usec_bounded(now - filter->t_expire));
	put_safe(params, filter->body_contains);
	put_bool(params, filter->with_body);
	put_bool(params, filter->with_devices);
}

static void put_page(struct fields *params, const struct message_filter *filter, int64_t left)
{
	if (filter->has_after) {
		put_usec(params, usec_bounded(filter->after_at));
		put_int8(params, filter->after_conv);
		put_int8(params, filter->after_key);
		put_int4(params, filter->after_n);
	} else {
		for (int i = 0; i < 4; i++)
			put_null(params);
	}
	if (filter->limit > 0)
		put_int8(params, left);
	else
		put_null(params);
}

// --- pages ---

static bool run_page(struct store *store, struct stream *stream, const struct known_realms *realms,
		     usec_t since, usec_t until, struct err *err)
{
	const struct message_filter *filter = stream->filter;
	FIELDS_AUTO params = {0};
	put_filter(&params, filter, realms, since, until, stream->now);
	put_page(&params, filter, filter->limit - stream->given);
	return sql_each(store, filter->newest_first ? "messages_page_back" : "messages_page",
			&params, stream, take_message, err);
}

static bool is_full(const struct stream *stream)
{
	return stream->stopped ||
	       (stream->filter->limit > 0 && stream->given >= stream->filter->limit);
}

#define FIRST_YEAR (INT64_C(-62135596800) * USEC_PER_SEC)
#define LAST_YEAR (INT64_C(253402300800) * USEC_PER_SEC)

static usec_t later(usec_t a, usec_t b)
{
	return a > b ? a : b;
}

static usec_t earlier(usec_t a, usec_t b)
{
	return a < b ? a : b;
}

// There is no index by time alone, so that writing stays cheap. A page of a wide interval is looked
// for in a day, then in the two before it, then four: only where messages are rare is much read.
static bool windows_back(struct store *store, struct stream *stream,
			 const struct known_realms *realms, struct err *err)
{
	const struct message_filter *filter = stream->filter;
	usec_t first = filter->since == USEC_NONE ? FIRST_YEAR : filter->since;
	usec_t end = filter->until == USEC_NONE ? LAST_YEAR : filter->until;
	usec_t width = USEC_PER_DAY;
	if (filter->has_after)
		end = earlier(end, filter->after_at + 1);
	if (end > stream->now + USEC_PER_DAY) { // wrong clocks: all of the future is one window
		if (!run_page(store, stream, realms, later(first, stream->now), end, err))
			return false;
		end = stream->now;
	}
	for (; end > first && !is_full(stream); width *= 2) {
		usec_t start = later(first, end - width);
		if (!run_page(store, stream, realms, start, end, err))
			return false;
		end = start;
	}
	return true;
}

static bool windows_forth(struct store *store, struct stream *stream,
			  const struct known_realms *realms, struct err *err)
{
	const struct message_filter *filter = stream->filter;
	usec_t start = filter->has_after ? later(filter->after_at, filter->since) : filter->since;
	usec_t last = filter->until == USEC_NONE ? LAST_YEAR : filter->until;
	if (start == USEC_NONE)
		return run_page(store, stream, realms, filter->since, filter->until, err);
	for (usec_t width = USEC_PER_DAY; start < last && !is_full(stream); width *= 2) {
		usec_t end = earlier(last, start + width);
		if (!run_page(store, stream, realms, start, end, err))
			return false;
		start = end;
	}
	return true;
}

static bool pages(struct store *store, struct stream *stream, const struct known_realms *realms,
		  struct err *err)
{
	const struct message_filter *filter = stream->filter;
	bool pair = (filter->participant.p && filter->peer.p) || (filter->from.p && filter->to.p);
	if (filter->limit <= 0 || pair) // all of it, or an index knows where it is
		return run_page(store, stream, realms, filter->since, filter->until, err);
	return filter->newest_first ? windows_back(store, stream, realms, err)
				    : windows_forth(store, stream, realms, err);
}

static bool everything(struct store *store, struct stream *stream,
		       const struct known_realms *realms, struct err *err)
{
	const struct message_filter *filter = stream->filter;
	FIELDS_AUTO params = {0};
	put_filter(&params, filter, realms, filter->since, filter->until, stream->now);
	return sql_each(store, "messages_all", &params, stream, take_message, err);
}

bool store_messages(struct store *store, const struct message_filter *filter, void *self,
		    bool (*each)(void *self, const struct message *message), struct err *err)
{
	struct known_realms realms = {0};
	struct stream stream = {.filter = filter, .self = self, .each = each, .realms = &realms};
	bool paged = filter->limit > 0 || filter->has_after || filter->newest_first;

	stream.now = filter->now == USEC_NONE ? usec_now() : filter->now;
	if (!known_realms_load(store, filter->realm, &realms, err))
		return false;
	stream.arena = arena_new();
	bool fine = sql_run(store, "plan_known", NULL, NULL, err) &&
		    (paged ? pages(store, &stream, &realms, err)
			   : everything(store, &stream, &realms, err));
	arena_free(stream.arena);
	known_realms_free(&realms);
	return fine;
}
