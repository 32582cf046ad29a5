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

// Elements that low water has passed and that the server may still report: read last, written last, how
// often each report came.
static bool is_passed(const struct shown *shown, uint64_t low, usec_t now)
{
	return shown->elements && shown->offset < low && shown_is_fresh(shown, now);
}

static void describe_shown(const struct connection *c, usec_t now, struct buf *out)
{
	for (int k = 0; k < 2; k++) {
		const struct shown *shown = &c->shown[k];
		bool fresh = shown_is_fresh(shown, now);
		buf_printf(out, "%u %" PRId64 " %" PRIu64 " ", fresh ? shown->elements : 0,
			   fresh ? shown->at : 0, shown->offset);
	}
	for (int i = 0; i < REPORTS; i++)
		buf_printf(out, "%u ", c->reports[i]);
}

static void save_shown(struct reassembly *reassembly, uint64_t low, usec_t now)
{
	struct buf text = {0};
	for (struct connection *c = reassembly->newest; c; c = c->older) {
		text.len = 0;
		if (is_passed(&c->shown[0], low, now) || is_passed(&c->shown[1], low, now))
			describe_shown(c, now, &text);
		if (text_same(buf_view(&text), buf_view(&c->told_shown)))
			continue;
		reassembly_remember(reassembly, 'r', c->key,
				    text.len ? buf_view(&text) : TEXT_NONE);
		c->told_shown.len = 0;
		buf_text(&c->told_shown, buf_view(&text));
	}
	buf_free(&text);
}

static uint64_t next_number(struct text *rest)
{
	uint64_t number = fact_number(*rest);
	const char *blank = rest->n ? memchr(rest->p, ' ', rest->n) : NULL;
	size_t used = blank ? (size_t)(blank - rest->p) + 1 : rest->n;
	*rest = (struct text){rest->p + used, rest->n - used};
	return number;
}

static void recall_shown(struct connection *connection, struct text value)
{
	connection->told_shown.len = 0;
	buf_text(&connection->told_shown, value);
	for (int k = 0; k < 2; k++) {
		connection->shown[k].elements = (unsigned)next_number(&value);
		connection->shown[k].at = (usec_t)next_number(&value);
		connection->shown[k].offset = next_number(&value);
	}
	for (int i = 0; i < REPORTS; i++)
		connection->reports[i] = (unsigned)next_number(&value);
}

void reassembly_save(struct reassembly *reassembly, uint64_t low, usec_t now)
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
	save_shown(reassembly, low, now);
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
	if (key.p[0] == 'r') {
		recall_shown(connection, value);
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
