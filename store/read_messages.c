// SPDX-License-Identifier: Apache-2.0
// Streams messages as they are shown. Pages (a limit, a cursor or newest first) go in the order
// (sent_at, conv, key, n) that cursors speak of; everything else in the order of the export.
#include "store/read_messages.h"

#include "store/read_live.h"

#include <stdlib.h>

enum { CONVS_MOST = 2000 }; // of one account; who has more is looked for in all that was sent

// --- devices (PAIRING section 9: direct acks only, first times) ---

static void add_device(struct message_stream *stream, struct message *message, struct text device,
		       usec_t delivered, usec_t displayed)
{
	struct device_time *list =
		arena_alloc(stream->arena, (message->device_count + 1) * sizeof *list);
	if (message->device_count)
		memcpy(list, message->devices, message->device_count * sizeof *list);
	list[message->device_count++] = (struct device_time){device, delivered, displayed};
	message->devices = list;
}

static void plain_device(struct message_stream *stream, struct message *message)
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

struct three_arrays {
	struct array a, b, c;
};

static bool open_arrays(struct three_arrays *arrays, const struct array_place *place)
{
	if (!place->rows)
		return false;
	array_open(&arrays->a, place->rows, place->row, place->column);
	array_open(&arrays->b, place->rows, place->row, place->column + 1);
	array_open(&arrays->c, place->rows, place->row, place->column + 2);
	return true;
}

static bool next_of_three(struct three_arrays *arrays, struct text *a, struct text *b,
			  struct text *c)
{
	return array_next(&arrays->a, a) && array_next(&arrays->b, b) && array_next(&arrays->c, c);
}

static void complex_devices(struct message_stream *stream, const struct row_details *details,
			    struct message *message)
{
	struct three_arrays arrays;
	struct text name, first, second;
	message->devices = details->device_list;
	message->device_count = details->device_count;
	if (!open_arrays(&arrays, &details->devices))
		return;
	while (next_of_three(&arrays, &name, &first, &second))
		add_device(stream, message, name, array_usec(first), array_usec(second));
}

// --- readers of a room's message (P12) ---

static void take_readers(struct message_stream *stream, const struct array_place *place,
			 struct message *message)
{
	struct three_arrays arrays;
	struct text name, first, second;
	if (!open_arrays(&arrays, place))
		return;
	size_t most = arrays.a.left + 1;
	struct device_time *readers = arena_alloc(stream->arena, most * sizeof *readers);
	struct device_time *receivers = arena_alloc(stream->arena, most * sizeof *receivers);
	while (next_of_three(&arrays, &name, &first, &second)) {
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

static const struct via_names *via_names_of(const struct message_stream *stream, int32_t realm)
{
	for (size_t i = 0; i < stream->realms.count; i++)
		if (stream->realms.items[i].id == realm)
			return &stream->realms.items[i].via_names;
	return NULL;
}

bool message_take_row(struct message_stream *stream, const struct rows *rows, int at,
		      const struct message_row *flat, const struct row_details *details)
{
	struct message message = {.read_inferred_at = USEC_NONE, .response_ms = -1};
	struct plain_acks acks;

	arena_reset(stream->arena);
	message_to_row(flat, row_text(rows, at, details->column),
		       row_text(rows, at, details->column + 1), &acks, &message.row);
	if (message.row.displayed_at ==
	    USEC_NONE) { // I: shown only while nothing explicit is known
		message.read_inferred_at = message.row.read_inferred_at;
		message.read_via = message.row.read_via;
	}
	message.response_ms = message.row.response_ms;
	message.row.body = row_text(rows, at, details->column + 2);
	message.via_names = via_names_of(stream, flat->realm);
	message.n = details->n;
	message.verdict = row_verdict(&message.row, stream->now, stream->filter->t_expire);
	if (stream->filter->with_devices && message.row.complex &&
	    message.row.class_ != CLASS_GROUP)
		complex_devices(stream, details, &message);
	else if (stream->filter->with_devices)
		plain_device(stream, &message);
	if (stream->filter->with_devices && message.row.class_ == CLASS_GROUP)
		take_readers(stream, &details->readers, &message);
	stream->given++;
	stream->last_at = message.row.sent_at;
	stream->stopped = !stream->each(stream->self, &message);
	return !stream->stopped;
}

bool message_take(void *self, const struct rows *rows)
{
	struct message_row flat;
	message_read(rows, 0, &flat);
	const struct row_details details = {.devices = {rows, 0, COL_DEVICE},
					    .readers = {rows, 0, COL_READER},
					    .column = COL_FROM,
					    .n = (int32_t)row_int(rows, 0, COL_N)};
	return message_take_row(self, rows, 0, &flat, &details);
}

// --- parameters ---

// Only for its hashes.
struct pairing *stream_hashes(const struct known_realms *realms, struct text realm)
{
	return pairing_new(&(struct pairing_options){.realm = realm, .key = realms->key});
}

void put_jid_id(struct fields *params, const struct pairing *pairing, struct text jid)
{
	if (jid.p)
		put_int8(params, pairing_jid_id(pairing, jid));
	else
		put_null(params);
}

// Both parties known: the conversation of the pair, and either one's as a room, in every realm.
static void find_pair(struct message_stream *stream, struct text a, struct text b)
{
	const struct known_realms *realms = &stream->realms;
	for (size_t i = 0; i < realms->count; i++) {
		struct pairing *pairing = stream_hashes(realms, realms->items[i].name);
		put_int8(&stream->convs, pairing_conv(pairing, a, b));
		put_int8(&stream->convs, pairing_room(pairing, a));
		if (!text_same(a, b)) // else each of its messages would be found twice
			put_int8(&stream->convs, pairing_room(pairing, b));
		pairing_free(pairing);
	}
	stream->has_convs = stream->is_pair = true;
}

// One party known: all conversations of it, unless these are very many.
static bool find_convs(struct message_stream *stream, struct text party, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	struct pairing *pairing = stream_hashes(&stream->realms, TEXT(""));
	put_jid_id(&params, pairing, party);
	pairing_free(pairing);
	put_int8(&params, CONVS_MOST + 1);
	if (!sql_run(stream->store, "party_convs", &params, &rows, err))
		return false;
	stream->has_convs = rows.count <= CONVS_MOST;
	for (int i = 0; stream->has_convs && i < rows.count; i++)
		put_int8(&stream->convs, row_int(&rows, i, 0));
	return true;
}

static bool find_conversations(struct message_stream *stream, struct err *err)
{
	const struct message_filter *filter = stream->filter;
	struct text one = filter->participant.p ? filter->participant
			  : filter->peer.p      ? filter->peer
			  : filter->from.p      ? filter->from
						: filter->to;
	if (filter->has_conv) {
		put_int8(&stream->convs, filter->conv);
		stream->has_convs = stream->is_pair = stream->is_alone = true;
		stream->alone = filter->conv;
	} else if (filter->participant.p && filter->peer.p)
		find_pair(stream, filter->participant, filter->peer);
	else if (filter->from.p && filter->to.p)
		find_pair(stream, filter->from, filter->to);
	else if (one.p)
		return find_convs(stream, one, err);
	return true;
}

static void put_convs(struct fields *params, const struct message_stream *stream)
{
	if (stream->has_convs)
		put_array(params, OF_INT8, &stream->convs);
	else
		put_null(params);
}

static void put_choice(struct fields *params, int value)
{
	if (value < 0)
		put_null(params);
	else
		put_int4(params, value);
}

void put_filter(struct fields *params, const struct message_stream *stream, usec_t since,
		usec_t until)
{
	const struct message_filter *filter = stream->filter;
	bool pair = filter->participant.p && filter->peer.p;
	struct text party = filter->participant.p ? filter->participant : filter->peer;

	put_int4(params, filter->realm);
	put_usec(params, usec_bounded(since));
	put_usec(params, usec_bounded(until));
	put_convs(params, stream);
	struct pairing *pairing = stream_hashes(&stream->realms, TEXT(""));
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
	put_usec(params, usec_bounded(stream->now - filter->t_expire));
	put_safe(params, filter->body_contains);
	put_bool(params, filter->with_body);
	put_bool(params, filter->with_devices);
	put_safe(params, filter->nick);
	if (filter->has_key)
		put_int8(params, filter->key);
	else
		put_null(params);
	put_safe(params, filter->corrects);
}

void put_after(struct fields *params, const struct message_filter *filter)
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
}

static void put_page(struct fields *params, const struct message_filter *filter, int64_t left)
{
	put_after(params, filter);
	if (filter->limit > 0)
		put_int8(params, left);
	else
		put_null(params);
}

// --- pages ---

void message_honest(struct message_stream *stream, const struct rows *rows)
{
	if (stream->honesty)
		honesty_read(rows, stream->honesty);
	stream->honesty = NULL;
}

bool message_honesty(struct message_stream *stream, struct err *err)
{
	const struct message_filter *filter = stream->filter;
	struct honesty *honesty = stream->honesty;
	stream->honesty = NULL;
	return !honesty || store_honesty(stream->store, filter->realm, filter->since, filter->until,
					 honesty, err);
}

bool is_of_convs(const struct message_stream *stream)
{
	return stream->has_convs && stream->filter->limit > 0 &&
	       !is_narrowed(&stream->filter->narrow);
}

bool message_span(struct message_stream *stream, usec_t since, usec_t until, struct err *err)
{
	const struct message_filter *filter = stream->filter;
	FIELDS_AUTO params = {0};
	if (is_of_convs(stream))
		return conv_span(stream, since, until, err);
	put_filter(&params, stream, since, until);
	put_page(&params, filter, filter->limit - stream->given);
	put_narrow(&params, stream);
	return message_honesty(stream, err) && sql_plan(stream->store, "plan_known", err) &&
	       sql_each(stream->store,
			filter->newest_first ? "messages_page_back" : "messages_page", &params,
			stream, message_take, err);
}

static bool is_full(const struct message_stream *stream)
{
	return stream->stopped ||
	       (stream->filter->limit > 0 && stream->given >= stream->filter->limit);
}

// There is no index by time alone, so that writing stays cheap. A page of a wide interval is looked
// for in a day, then in the two before it, then four: only where messages are rare is much read. By conversations
// nothing is read in vain, so there the steps are longer.
static usec_t wider(const struct message_stream *stream, usec_t width)
{
	return width * (stream->has_convs ? 8 : 2);
}

static bool windows_back(struct message_stream *stream, struct err *err)
{
	const struct message_filter *filter = stream->filter;
	usec_t first = filter->since == USEC_NONE ? FIRST_YEAR : filter->since;
	usec_t end = filter->until == USEC_NONE ? LAST_YEAR : filter->until;
	usec_t width = USEC_PER_DAY;
	if (filter->has_after)
		end = earlier(end, filter->after_at + 1);
	if (end > stream->now + USEC_PER_DAY) { // wrong clocks: all of the future is one window
		if (!message_span(stream, later(first, stream->now), end, err))
			return false;
		end = stream->now;
	}
	for (; end > first && !is_full(stream); width = wider(stream, width)) {
		usec_t start = later(first, end - width);
		if (!message_span(stream, start, end, err))
			return false;
		end = start;
	}
	return true;
}

static bool windows_forth(struct message_stream *stream, struct err *err)
{
	const struct message_filter *filter = stream->filter;
	usec_t start = filter->has_after ? later(filter->after_at, filter->since) : filter->since;
	usec_t last = filter->until == USEC_NONE ? LAST_YEAR : filter->until;
	if (start == USEC_NONE)
		return message_span(stream, filter->since, filter->until, err);
	for (usec_t width = USEC_PER_DAY; start < last && !is_full(stream);
	     width = wider(stream, width)) {
		usec_t end = earlier(last, start + width);
		if (!message_span(stream, start, end, err))
			return false;
		start = end;
	}
	return true;
}

static bool pages(struct message_stream *stream, struct err *err)
{
	const struct message_filter *filter = stream->filter;
	if (!open_days(stream, err))
		return false;
	// All of it, or it is known where it is: by an index, by its days.
	if (filter->limit <= 0 || stream->is_pair || stream->skipped_count)
		return message_span(stream, filter->since, filter->until, err);
	return filter->newest_first ? windows_back(stream, err) : windows_forth(stream, err);
}

static bool everything(struct message_stream *stream, struct err *err)
{
	const struct message_filter *filter = stream->filter;
	FIELDS_AUTO params = {0};
	put_filter(&params, stream, filter->since, filter->until);
	return message_honesty(stream, err) && sql_plan(stream->store, "plan_known", err) &&
	       sql_each(stream->store, "messages_all", &params, stream, message_take, err);
}

// --- the whole ---

bool message_stream_open(struct message_stream *stream, struct err *err)
{
	const struct message_filter *filter = stream->filter;
	stream->now = filter->now == USEC_NONE ? usec_now() : filter->now;
	stream->arena = arena_new();
	return known_realms_load(stream->store, filter->realm, &stream->realms, err) &&
	       find_conversations(stream, err) && narrow_open(stream, err);
}

void message_stream_close(struct message_stream *stream)
{
	arena_free(stream->arena);
	fields_free(&stream->convs);
	free(stream->skipped);
	fields_free(&stream->others);
	narrow_close(stream);
	if (stream->realms.arena)
		known_realms_free(&stream->realms);
}

bool store_messages(struct store *store, const struct message_filter *filter, void *self,
		    bool (*each)(void *self, const struct message *message), struct err *err)
{
	struct message_stream stream = {.store = store,
					.filter = filter,
					.self = self,
					.each = each,
					.honesty = filter->honesty};
	bool paged = filter->limit > 0 || filter->has_after || filter->newest_first;
	bool fine = message_stream_open(&stream, err) &&
		    (paged ? pages(&stream, err) : everything(&stream, err)) &&
		    message_honesty(&stream, err);
	message_stream_close(&stream);
	return fine;
}

// --- what is new ---

enum { CHANGES_MOST = 20000 }; // rows that some commits may have written to be looked at one by one

static bool run_changes(struct message_stream *stream, const struct change_span *span,
			const struct commits *commits, struct err *err)
{
	const struct message_filter *filter = stream->filter;
	FIELDS_AUTO params = {0};
	put_filter(&params, stream, filter->since, filter->until);
	put_int8(&params, span->after);
	put_int8(&params, span->upto);
	put_array(&params, OF_TIMESTAMPTZ, &commits->spans);
	put_bool(&params, span->asked);
	put_int8(&params, filter->limit);
	return sql_plan(stream->store, "plan_known", err) &&
	       sql_each(stream->store, "messages_changed", &params, stream, message_take, err);
}

bool store_changes(struct store *store, const struct message_filter *filter,
		   const struct change_span *span, bool *countable, void *self,
		   bool (*each)(void *self, const struct message *message), struct err *err)
{
	struct commits commits;
	struct message_stream stream = {
		.store = store, .filter = filter, .self = self, .each = each};
	bool fine = commits_load(store, filter->realm, span->after, span->upto, &commits, err);
	*countable = fine && !commits.holes && commits.rows <= CHANGES_MOST;
	if (*countable && commits.rows > 0) {
		fine = message_stream_open(&stream, err) &&
		       run_changes(&stream, span, &commits, err);
		message_stream_close(&stream);
	}
	fields_free(&commits.spans);
	return fine;
}
