// SPDX-License-Identifier: Apache-2.0
#include "ingest/reassembly.h"

#include "core/arena.h"
#include "core/buf.h"
#include "ingest/markup.h"

#include <stdlib.h>

struct connection {
	char *key;
	enum direction dir;
	struct buf bytes;     // not used up
	uint64_t since;       // offset of the read that gave bytes.data[0]
	struct markup markup; // of the element at bytes.data[0]
	struct connection *next;
};

struct reassembly {
	struct reassembly_sink sink;
	struct connection *connections;
	uint64_t offset; // of the read in hand, and how many stanzas it completed
	uint32_t index;
};

struct reassembly *reassembly_new(const struct reassembly_sink *sink)
{
	struct reassembly *made = xcalloc(1, sizeof(*made));
	made->sink = *sink;
	return made;
}

static void drop_connection(struct connection **place)
{
	struct connection *gone = *place;

	*place = gone->next;
	buf_free(&gone->bytes);
	free(gone->key);
	free(gone);
}

void reassembly_free(struct reassembly *reassembly)
{
	if (!reassembly)
		return;
	while (reassembly->connections)
		drop_connection(&reassembly->connections);
	free(reassembly);
}

static struct connection **find(struct reassembly *reassembly, const struct record *read)
{
	struct connection **place = &reassembly->connections;

	while (*place && !((*place)->dir == read->dir && text_is(read->session_key, (*place)->key)))
		place = &(*place)->next;
	return place;
}

static struct connection *connection_of(struct reassembly *reassembly, const struct record *read)
{
	struct connection **place = find(reassembly, read);

	if (!*place) {
		*place = xcalloc(1, sizeof(**place));
		(*place)->key = xcalloc(1, read->session_key.n + 1);
		if (read->session_key.n)
			memcpy((*place)->key, read->session_key.p, read->session_key.n);
		(*place)->dir = read->dir;
	}
	return *place;
}

static void emit(struct reassembly *reassembly, const struct record *read, enum record_kind kind,
		 struct text xml, const char *reason)
{
	struct record out = *read;

	out.kind = kind;
	out.xml = xml;
	out.reason = reason;
	out.index = reassembly->index++;
	reassembly->sink.record(reassembly->sink.self, &out);
}

static bool is_stanza(struct text element)
{
	struct text name = tag_name(markup_first(element));
	return text_is(name, "message") || text_is(name, "iq") || text_is(name, "presence");
}

static void use_up(struct connection *connection, size_t size, uint64_t offset)
{
	buf_drop(&connection->bytes, size);
	connection->markup = (struct markup){0};
	connection->since = offset;
}

// What stands between stanzas: white space, an XML declaration, the stream's own tags. Bytes of it
// to drop, 0 when an element begins.
static size_t between(struct text bytes)
{
	size_t n = 0;

	while (n < bytes.n && strchr(" \t\r\n", bytes.p[n]))
		n++;
	if (n || !bytes.n || bytes.p[0] != '<')
		return n ? n : bytes.n && bytes.p[0] != '<' ? 1 : 0;
	if (text_starts(bytes, "<?") || text_starts(bytes, "<stream:stream") ||
	    text_starts(bytes, "</")) {
		const char *end = memchr(bytes.p, '>', bytes.n);
		return end ? (size_t)(end - bytes.p) + 1 : 0;
	}
	return 0;
}

// One element or what is between two. False: more bytes are needed.
static bool take_one(struct reassembly *reassembly, struct connection *connection,
		     const struct record *read)
{
	struct text bytes = buf_view(&connection->bytes);
	size_t skip = between(bytes);

	if (skip) {
		use_up(connection, skip, read->offset);
		return bytes.n > skip;
	}
	if (!bytes.n || text_starts(bytes, "<?") || text_starts(bytes, "<stream:stream") ||
	    text_starts(bytes, "</"))
		return false;
	enum markup_step step;
	do {
		step = markup_next(&connection->markup, bytes);
		if (step == MARKUP_MORE)
			return false;
	} while (step != MARKUP_BAD && connection->markup.depth > 0);
	size_t size = step == MARKUP_BAD ? bytes.n : connection->markup.pos;
	struct text element = {bytes.p, size};
	if (step == MARKUP_BAD)
		emit(reassembly, read, RECORD_QUARANTINE, TEXT_NONE, "stream not well-formed");
	else if (is_stanza(element))
		emit(reassembly, read, RECORD_STANZA, element, NULL);
	use_up(connection, size, read->offset);
	return true;
}

void reassembly_read(struct reassembly *reassembly, const struct record *read)
{
	struct connection *connection = connection_of(reassembly, read);

	if (reassembly->offset != read->offset)
		reassembly->index = 0;
	reassembly->offset = read->offset;
	if (!connection->bytes.len)
		connection->since = read->offset;
	buf_text(&connection->bytes, read->xml);
	while (take_one(reassembly, connection, read))
		;
	if (connection->bytes.len > REASSEMBLY_STANZA_MAX) {
		emit(reassembly, read, RECORD_QUARANTINE, TEXT_NONE, "stanza too large");
		use_up(connection, connection->bytes.len, read->offset);
	}
}

void reassembly_closed(struct reassembly *reassembly, const struct record *closed)
{
	struct record side = *closed;

	if (reassembly->offset != closed->offset)
		reassembly->index = 0;
	reassembly->offset = closed->offset;
	for (int dir = 0; dir < DIR_COUNT; dir++) {
		side.dir = (enum direction)dir;
		struct connection **place = find(reassembly, &side);
		if (!*place)
			continue;
		if ((*place)->bytes.len)
			emit(reassembly, &side, RECORD_QUARANTINE, TEXT_NONE,
			     "connection ended inside a stanza");
		drop_connection(place);
	}
}

uint64_t reassembly_low_water(const struct reassembly *reassembly)
{
	uint64_t low = UINT64_MAX;

	for (const struct connection *c = reassembly->connections; c; c = c->next)
		if (c->bytes.len && c->since < low)
			low = c->since;
	return low;
}
