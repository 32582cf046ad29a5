// SPDX-License-Identifier: Apache-2.0
// What a restart of ingest/reassembly.h must know beside the bytes from low water on: a connection that
// is inside an element there (it began before) must not take its rest for a beginning.
#include "ingest/dialects/fact.h"
#include "ingest/reassembly_internal.h"

#include <stdlib.h>

void reassembly_remember(struct reassembly *reassembly, char kind, const char *key,
			 struct text value)
{
	struct buf name = {0};
	if (!reassembly->sink.remember)
		return;
	buf_printf(&name, "%c:%s", kind, key);
	reassembly->sink.remember(reassembly->sink.self, buf_view(&name), value);
	buf_free(&name);
}

void reassembly_note_span(struct reassembly *reassembly, const struct connection *connection,
			  uint64_t begin, const struct piece *end, size_t end_bytes)
{
	if (begin == end->offset)
		return;
	if (reassembly->span_count == reassembly->span_cap) {
		reassembly->span_cap = reassembly->span_cap ? reassembly->span_cap * 2 : 16;
		reassembly->spans = xrealloc(reassembly->spans,
					     reassembly->span_cap * sizeof(*reassembly->spans));
	}
	reassembly->spans[reassembly->span_count++] = (struct span){
		xstrdup(connection->key), begin, end->offset, end_bytes, end->at, false};
}

uint64_t reassembly_low_water(const struct reassembly *reassembly, usec_t now)
{
	uint64_t low = UINT64_MAX;

	for (const struct connection *c = reassembly->newest; c; c = c->older) {
		if (c->bytes.len && c->pieces[0].offset < low)
			low = c->pieces[0].offset;
		// While the server may report its elements, how many they were must be known.
		for (int k = 0; k < 2; k++)
			if (c->shown[k].elements && c->shown[k].offset < low &&
			    shown_is_fresh(&c->shown[k], now))
				low = c->shown[k].offset;
	}
	return low;
}

static void save_lost(struct reassembly *reassembly, uint64_t low)
{
	for (struct connection *c = reassembly->newest; c; c = c->older)
		if (c->told_lost && !c->lost && !c->proving && c->proven_at < low) {
			c->told_lost = false;
			reassembly_remember(reassembly, 'l', c->key, TEXT_NONE);
		}
}

void reassembly_save(struct reassembly *reassembly, uint64_t low)
{
	size_t kept = 0;
	struct buf value = {0};

	for (size_t i = 0; i < reassembly->span_count; i++) {
		struct span *span = &reassembly->spans[i];
		bool inside = span->begin < low && low <= span->end;
		if (inside && !span->told) {
			value.len = 0;
			buf_printf(&value, "%" PRIu64 ":%zu:%" PRId64, span->end, span->end_bytes,
				   span->end_at);
			reassembly_remember(reassembly, 'f', span->key, buf_view(&value));
			span->told = true;
		} else if (!inside && span->told) {
			reassembly_remember(reassembly, 'f', span->key, TEXT_NONE);
			span->told = false;
		}
		if (span->end < low)
			free(span->key);
		else
			reassembly->spans[kept++] = *span;
	}
	reassembly->span_count = kept;
	save_lost(reassembly, low);
	buf_free(&value);
}

void reassembly_recall(struct reassembly *reassembly, struct text key, struct text value)
{
	if (key.n < 2 || key.p[1] != ':' || !value.n)
		return;
	struct text name = {key.p + 2, key.n - 2};
	struct connection *connection = reassembly_connection(reassembly, name, true);
	if (key.p[0] == 'l') {
		connection->lost = connection->told_lost = true;
		return;
	}
	const char *colon = memchr(value.p, ':', value.n);
	if (!colon)
		return;
	struct text rest = {colon + 1, (size_t)(value.p + value.n - colon) - 1};
	const char *second = memchr(rest.p, ':', rest.n);
	if (!second)
		return;
	struct text at = {second + 1, (size_t)(rest.p + rest.n - second) - 1};
	connection->skip_to = fact_number(value);
	connection->skip_bytes = (size_t)fact_number(rest);
	connection->skip_at = (usec_t)fact_number(at);
	// The fact goes as soon as low water is beyond it.
	reassembly_note_span(
		reassembly, connection, 0,
		&(struct piece){.offset = connection->skip_to, .at = connection->skip_at},
		connection->skip_bytes);
	if (reassembly->span_count)
		reassembly->spans[reassembly->span_count - 1].told = true;
}
