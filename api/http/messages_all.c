// SPDX-License-Identifier: Apache-2.0
// GET /v1/messages?limit=all: as many rows as there are, with flat memory. A thread of its own reads one
// snapshot by a connection of its own, of which there are few; when all are taken it is a 503.
#include "api/http/messages.h"

#include "api/http/list.h"
#include "api/message_json.h"

#include <stdlib.h>

enum { PIECE = 32 * 1024 }; // put into the outlet at once

struct stream {
	struct service *service;
	char request[REQUEST_ID];
	int64_t access;
	struct pool_slot *slot;
	struct arena *arena; // texts of the filter
	struct message_filter filter;
	unsigned parts;
	struct honesty honesty;
	bool final, broken;
	struct table table;
	struct buf out;
	struct outlet *outlet;
};

static bool pour(struct stream *stream)
{
	bool open = outlet_put(stream->outlet, buf_view(&stream->out));
	buf_drop(&stream->out, stream->out.len);
	return open;
}

static bool each_message(void *self, const struct message *message)
{
	struct stream *stream = self;
	message_to_table(&stream->table, message, stream->parts);
	return stream->out.len < PIECE || pour(stream);
}

// What tells a whole answer from one that was cut off where a proxy hides it (F156): the number of rows.
// CSV has no place for it.
static void end_rows(struct stream *stream)
{
	struct table *table = &stream->table;
	int64_t rows = (int64_t)table->rows;
	table_end(table);
	if (table->format == TABLE_JSON)
		list_close(&stream->out, false, NULL, &stream->honesty, stream->final, rows);
	if (table->format != TABLE_NDJSON)
		return;
	JSON_AUTO *end = json_object();
	json_object_set_new(end, "end", json_true());
	json_object_set_new(end, "rows", json_integer(rows));
	honesty_members(end, &stream->honesty, stream->final);
	table_json(&stream->out, end);
	buf_char(&stream->out, '\n');
}

static bool has_gone(void *self)
{
	return outlet_closed(self);
}

static bool run(void *self, struct outlet *outlet)
{
	struct stream *stream = self;
	struct store *store = stream->slot->store;
	struct err err = {0};
	stream->outlet = outlet;
	if (stream->table.format == TABLE_JSON)
		buf_zstr(&stream->out, LIST_OPEN);
	table_begin(&stream->table);
	store_watch(store, has_gone, outlet);
	bool fine = store_messages_all(store, &stream->filter, stream, each_message, &err);
	store_watch(store, NULL, NULL);
	stream->broken = !fine && err.kind == ERR_DATABASE;
	bool gone = outlet_closed(outlet);
	if (!fine && !gone)
		log_error(stream->service->app->log, "stream_failed",
			  LOG_S("request", stream->request), LOG_S("error", err.text));
	if (fine && !gone)
		end_rows(stream);
	bool whole = fine && !gone && pour(stream);
	log_info(stream->service->app->log, whole ? "stream_done" : "stream_cut",
		 LOG_S("request", stream->request), LOG_I("rows", (int64_t)stream->table.rows));
	return whole;
}

static void free_stream(void *self)
{
	struct stream *stream = self;
	pool_give(stream->service->streams, stream->slot, stream->broken);
	access_count(stream->service, stream->request, stream->access, (int64_t)stream->table.rows);
	buf_free(&stream->out);
	arena_free(stream->arena);
	free(stream);
}

// ---- before it

static void copy_texts(struct message_filter *filter, struct arena *arena)
{
	struct message_narrow *narrow = &filter->narrow;
	struct text *texts[] = {&filter->participant, &filter->peer,          &filter->from,
				&filter->to,          &filter->nick,          &filter->id,
				&filter->domain,      &filter->body_contains, &narrow->condition,
				&narrow->from_domain, &narrow->to_domain,     &narrow->client,
				&narrow->version};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (texts[i]->p)
			*texts[i] = arena_text(arena, *texts[i]);
}

static struct stream *make_stream(struct call *call, const struct message_filter *filter,
				  unsigned parts, struct pool_slot *slot)
{
	struct stream *stream = xcalloc(1, sizeof *stream);
	*stream = (struct stream){.service = call->service,
				  .access = call->access,
				  .slot = slot,
				  .arena = arena_new(),
				  .filter = *filter,
				  .parts = parts};
	memcpy(stream->request, call->request->id, sizeof stream->request);
	copy_texts(&stream->filter, stream->arena);
	return stream;
}

bool messages_all(struct call *call, const struct message_filter *filter, unsigned parts,
		  const struct param *format, struct err *err)
{
	struct honesty honesty;
	enum table_format form;
	if (!reply_format(format->number, call->request->accept, &form))
		return call_problem(call, 406, "JSON, NDJSON and CSV are spoken here.", NULL);
	if (!store_honesty(call->db->store, filter->realm, filter->since, filter->until, &honesty,
			   err))
		return false;
	struct pool_slot *slot = pool_try(call->service->streams, err);
	if (!slot && err->kind != ERR_NONE)
		return false;
	if (!slot)
		return call_problem(call, 503, "Too many long answers are on their way.", NULL);
	if (!store_see(slot->store, &call->token.domains, err)) {
		pool_give(call->service->streams, slot, err->kind == ERR_DATABASE);
		return false;
	}
	struct stream *stream = make_stream(call, filter, parts, slot);
	stream->honesty = honesty;
	stream->final = is_final(&honesty, filter->until, call->db->rules.t_expire);
	stream->table = (struct table){
		.format = form, .columns = message_table_columns, .out = &stream->out};
	call->reply->type = table_format_types[form];
	honesty_headers(call->reply, &honesty, stream->final);
	reply_header(call->reply, "Receiptd-More", TEXT("false"));
	call->reply->producer = (struct producer){
		.self = stream, .run = run, .free = free_stream, .compress = true};
	return true;
}
