// SPDX-License-Identifier: Apache-2.0
#include "ingest/reassembly_internal.h"

#include <stdlib.h>

struct reassembly *reassembly_new(const struct reassembly_sink *sink)
{
	struct reassembly *made = xcalloc(1, sizeof(*made));
	made->sink = *sink;
	return made;
}

static struct connection **place_of(struct reassembly *reassembly, struct text key)
{
	uint32_t hash = 2166136261U;
	for (size_t i = 0; i < key.n; i++)
		hash = (hash ^ (unsigned char)key.p[i]) * 16777619U;
	struct connection **place = &reassembly->buckets[hash % BUCKETS];
	while (*place && !text_is(key, (*place)->key))
		place = &(*place)->next;
	return place;
}

static void drop_connection(struct reassembly *reassembly, struct connection **place)
{
	struct connection *gone = *place;
	*place = gone->next;
	if (gone->older)
		gone->older->newer = gone->newer;
	*(gone->newer ? &gone->newer->older : &reassembly->newest) = gone->older;
	buf_free(&gone->bytes);
	buf_free(&gone->told_shown);
	free(gone->pieces);
	free(gone->key);
	free(gone);
}

void reassembly_free(struct reassembly *reassembly)
{
	if (!reassembly)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while (reassembly->buckets[i])
			drop_connection(reassembly, &reassembly->buckets[i]);
	for (size_t i = 0; i < reassembly->span_count; i++)
		free(reassembly->spans[i].key);
	free(reassembly->spans);
	free(reassembly);
}

struct connection *reassembly_connection(struct reassembly *reassembly, struct text key,
					 bool in_step)
{
	struct connection **place = place_of(reassembly, key);
	if (!*place) {
		*place = xcalloc(1, sizeof(**place));
		(*place)->key = xcalloc(key.n + 1, 1);
		if (key.n)
			memcpy((*place)->key, key.p, key.n);
		(*place)->lost = !in_step;
		(*place)->older = reassembly->newest;
		if (reassembly->newest)
			reassembly->newest->newer = *place;
		reassembly->newest = *place;
	}
	return *place;
}

// --- what is told ---

static void emit(struct reassembly *reassembly, const struct connection *connection,
		 enum record_kind kind, struct text xml, const struct piece *when,
		 const char *reason)
{
	struct record out = *reassembly->read;
	if (connection) {
		out.session_key = text_of(connection->key);
		out.dir = connection->dir;
	}
	out.kind = kind;
	out.xml = xml;
	out.reason = reason;
	out.lost = kind == RECORD_GAP ? 1 : -1;
	out.index = reassembly->index++;
	if (when && kind == RECORD_GAP) {
		out.since = when->at;
	} else if (when) {
		out.at = when->at;
		out.at_odd = when->odd;
		out.back = out.offset - connection->pieces[0].offset;
	}
	reassembly->sink.record(reassembly->sink.self, &out);
}

static void in_hand(struct reassembly *reassembly, const struct record *read)
{
	if (reassembly->offset != read->offset)
		reassembly->index = 0;
	reassembly->offset = read->offset;
	reassembly->read = read;
}

// Remembered until low water is behind the place where it was in step again: a restart before that
// place must not take the inside of a stanza for one.
static void set_lost(struct reassembly *reassembly, struct connection *connection, bool lost)
{
	connection->lost = lost;
	if (!lost || connection->told_lost)
		return;
	connection->told_lost = true;
	reassembly_remember(reassembly, 'l', connection->key, TEXT("lost"));
}

// --- bytes of a connection ---

static struct piece *piece_at(struct connection *connection, size_t at)
{
	size_t i = connection->piece_count;
	while (i > 1 && connection->pieces[i - 1].begin > at)
		i--;
	return &connection->pieces[i - 1];
}

static void add_piece(struct connection *connection, const struct record *read, struct text bytes,
		      size_t used)
{
	if (connection->piece_count == connection->piece_cap) {
		connection->piece_cap = connection->piece_cap ? connection->piece_cap * 2 : 4;
		connection->pieces = xrealloc(connection->pieces,
					      connection->piece_cap * sizeof(*connection->pieces));
	}
	connection->pieces[connection->piece_count++] =
		(struct piece){connection->bytes.len, read->offset, used, read->at, read->at_odd};
	buf_text(&connection->bytes, bytes);
}

static void drop_bytes(struct connection *connection, size_t size)
{
	size_t first = (size_t)(piece_at(connection, size) - connection->pieces);
	bool all = size == connection->bytes.len;

	buf_drop(&connection->bytes, size);
	connection->markup = (struct markup){0};
	if (all)
		first = connection->piece_count;
	connection->piece_count -= first;
	memmove(connection->pieces, connection->pieces + first,
		connection->piece_count * sizeof(*connection->pieces));
	for (size_t i = 0; i < connection->piece_count; i++) {
		struct piece *piece = &connection->pieces[i];
		size_t cut = piece->begin < size ? size - piece->begin : 0;
		piece->used += cut;
		piece->begin -= size - cut;
	}
}

// The first size bytes are done with.
static void use_up(struct reassembly *reassembly, struct connection *connection, size_t size)
{
	const struct piece *last = piece_at(connection, size - 1);
	reassembly_note_span(reassembly, connection, connection->pieces[0].offset, last,
			     last->used + size - last->begin);
	drop_bytes(connection, size);
}

// Gives up the element that the bytes begin with. The next read that may begin one is where to go
// on; without one the connection has lost its step.
static void resync(struct reassembly *reassembly, struct connection *connection, const char *reason,
		   bool missing)
{
	size_t next = 1;
	struct text bytes = buf_view(&connection->bytes);
	struct piece first = connection->pieces[0];

	emit(reassembly, connection, RECORD_QUARANTINE, TEXT_NONE, &first, reason);
	if (missing)
		emit(reassembly, connection, RECORD_GAP, TEXT_NONE, &first,
		     "part of a stanza is missing");
	connection->tries++;
	while (next < connection->piece_count &&
	       (connection->tries > TRIES_MAX ||
		!element_begins((struct text){bytes.p + connection->pieces[next].begin,
					      bytes.n - connection->pieces[next].begin})))
		next++;
	bool found = next < connection->piece_count;
	if (found) {
		struct piece to = connection->pieces[next];
		reassembly_note_span(reassembly, connection, first.offset, &to, 0);
		drop_bytes(connection, to.begin);
	} else {
		drop_bytes(connection, bytes.n);
	}
	connection->proving = true;
	set_lost(reassembly, connection, true);
	connection->lost = !found;
}

// Of a connection that had lost its step the first "stanza" may be the inside of one whose beginning
// is not there.
static bool is_believed(const struct reassembly *reassembly, struct connection *connection,
			size_t size)
{
	struct text bytes = buf_view(&connection->bytes);
	bool good = !connection->proving ||
		    element_begins((struct text){bytes.p + size, bytes.n - size});
	if (connection->proving && good) {
		connection->proving = false;
		connection->proven_at = reassembly->read->offset;
	}
	return good;
}

static void take_element(struct reassembly *reassembly, struct connection *connection, size_t size)
{
	struct text element = {connection->bytes.data, size};
	connection->shown[0].elements++;
	if (element_is_stanza(element))
		emit(reassembly, connection, RECORD_STANZA, element, piece_at(connection, size - 1),
		     NULL);
}

static void work(struct reassembly *reassembly, struct connection *connection)
{
	while (connection->bytes.len) {
		size_t size;
		enum element_step step =
			element_next(buf_view(&connection->bytes), &connection->markup, &size);
		if (step == STEP_MORE)
			break;
		if (step == STEP_BROKEN ||
		    (step == STEP_ELEMENT && !is_believed(reassembly, connection, size))) {
			resync(reassembly, connection, "stream not well-formed", false);
			continue;
		}
		if (step == STEP_ELEMENT)
			take_element(reassembly, connection, size);
		use_up(reassembly, connection, size);
	}
	if (!connection->bytes.len)
		connection->tries = 0;
}

static void give_up(struct reassembly *reassembly, struct connection *connection,
		    const char *reason, bool missing)
{
	resync(reassembly, connection, reason, missing);
	work(reassembly, connection);
}

// --- a connection that waits too long ---

static bool is_late(const struct connection *connection, const struct record *now)
{
	if (!connection->bytes.len)
		return false;
	const struct piece *first = &connection->pieces[0];
	return now->offset - first->offset > REASSEMBLY_HELD_BYTES ||
	       (now->at != USEC_NONE && first->at != USEC_NONE &&
		now->at - first->at > REASSEMBLY_HELD_TIME * USEC_PER_SEC);
}

// Nothing is known of it that a new one would not be.
static bool is_idle(const struct connection *connection, usec_t now)
{
	return !connection->bytes.len && !connection->told_lost && !connection->told_shown.len &&
	       !connection->skip_to && !shown_is_fresh(&connection->shown[0], now) &&
	       !shown_is_fresh(&connection->shown[1], now);
}

void reassembly_tick(struct reassembly *reassembly, const struct record *read)
{
	in_hand(reassembly, read);
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct connection **place = &reassembly->buckets[i]; *place;) {
			while (is_late(*place, read))
				give_up(reassembly, *place, "rest of a stanza did not come", true);
			if (is_idle(*place, read->at))
				drop_connection(reassembly, place);
			else
				place = &(*place)->next;
		}
}

// --- what the server reports ---

static void show(struct connection *connection, bool written, const struct record *record,
		 unsigned elements)
{
	size_t first = written ? READ_REPORTS : 0, count = written ? WRITE_REPORTS : READ_REPORTS;
	connection->shown[written] = (struct shown){elements, record->at, record->offset};
	memset(connection->reports + first, 0, count * sizeof *connection->reports);
}

// --- entries ---

// After a restart: the bytes of an element that is known already. False: all of them are.
static bool skip(struct connection *connection, const struct record *read, struct text *bytes,
		 size_t *used)
{
	if (!connection->skip_to || read->offset > connection->skip_to ||
	    read->at > connection->skip_at) { // of a younger file
		connection->skip_to = 0;
		return true;
	}
	if (read->offset < connection->skip_to)
		return false;
	*used = connection->skip_bytes < bytes->n ? connection->skip_bytes : bytes->n;
	*bytes = (struct text){bytes->p + *used, bytes->n - *used};
	connection->skip_to = 0;
	return bytes->n > 0;
}

void reassembly_read(struct reassembly *reassembly, const struct record *read, bool in_step)
{
	in_hand(reassembly, read);
	struct connection *connection =
		reassembly_connection(reassembly, read->session_key, in_step);
	struct text bytes = read->xml;
	size_t used = 0;

	connection->dir = read->dir;
	show(connection, false, read, 0);
	if (!skip(connection, read, &bytes, &used) || !bytes.n)
		return;
	// As if it were new: what it did before must not matter, or a restart would judge otherwise.
	if (!connection->bytes.len &&
	    !(connection->told_lost && (connection->lost || connection->proving)))
		connection->lost = !in_step;
	if (connection->lost && !element_begins(bytes)) {
		emit(reassembly, connection, RECORD_QUARANTINE, TEXT_NONE, NULL,
		     "beginning of a stanza is missing");
		set_lost(reassembly, connection, true);
		return;
	}
	connection->proving = connection->proving || connection->lost;
	if (connection->bytes.len && element_begins_stream(bytes))
		give_up(reassembly, connection, "stream began anew inside a stanza", true);
	connection->lost = false;
	add_piece(connection, read, bytes, used);
	work(reassembly, connection);
	if (connection->bytes.len > REASSEMBLY_STANZA_MAX)
		give_up(reassembly, connection, "stanza too large", false);
}

void reassembly_whole(struct reassembly *reassembly, const struct record *read)
{
	struct text rest = read->xml;
	unsigned elements = 0;
	in_hand(reassembly, read);
	while (rest.n) {
		struct markup markup = {0};
		size_t size;
		enum element_step step = element_next(rest, &markup, &size);
		struct text element = {rest.p, size};
		if (step == STEP_MORE || step == STEP_BROKEN) {
			emit(reassembly, NULL, RECORD_QUARANTINE, TEXT_NONE, NULL,
			     step == STEP_MORE ? "stanza is cut" : "stream not well-formed");
			elements++;
			break;
		}
		elements += step == STEP_ELEMENT;
		if (step == STEP_ELEMENT && element_is_stanza(element))
			emit(reassembly, NULL, RECORD_STANZA, element, NULL, NULL);
		rest = (struct text){rest.p + size, rest.n - size};
	}
	show(reassembly_connection(reassembly, read->session_key, false), true, read, elements);
}

static void hole(struct reassembly *reassembly, struct connection *connection, const char *reason)
{
	while (connection->bytes.len)
		give_up(reassembly, connection, reason, true);
}

void reassembly_hole(struct reassembly *reassembly, const struct record *at, const char *reason)
{
	struct connection **place = place_of(reassembly, at->session_key);
	in_hand(reassembly, at);
	if (!*place)
		return;
	hole(reassembly, *place, reason);
	set_lost(reassembly, *place, true);
}

void reassembly_holes(struct reassembly *reassembly, const struct record *at, const char *reason)
{
	in_hand(reassembly, at);
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct connection *c = reassembly->buckets[i]; c; c = c->next)
			if (c->bytes.len) {
				hole(reassembly, c, reason);
				set_lost(reassembly, c, true);
			}
}

void reassembly_closed(struct reassembly *reassembly, const struct record *closed)
{
	struct connection **place = place_of(reassembly, closed->session_key);
	in_hand(reassembly, closed);
	if (!*place)
		return;
	hole(reassembly, *place, "connection ended inside a stanza");
	if ((*place)->told_lost)
		reassembly_remember(reassembly, 'l', (*place)->key, TEXT_NONE);
	if ((*place)->told_shown.len)
		reassembly_remember(reassembly, 'r', (*place)->key, TEXT_NONE);
	drop_connection(reassembly, place);
}

bool reassembly_report(struct reassembly *reassembly, const struct record *at, unsigned number)
{
	bool written = number >= READ_REPORTS;
	struct connection *connection = reassembly_connection(reassembly, at->session_key, true);
	struct shown *shown = &connection->shown[written];
	if (connection->skip_to && at->offset <= connection->skip_to)
		return true;
	if (!shown_is_fresh(shown, at->at))
		show(connection, written, at, 0);
	if (connection->reports[number]++ < shown->elements)
		return true;
	in_hand(reassembly, at);
	if (!written && connection->bytes.len)
		give_up(reassembly, connection, "the server went on without its rest", true);
	if (connection->reports[number] > shown->elements)
		shown->elements =
			connection->reports[number]; // the other reports of it are no news
	return false;
}

uint64_t reassembly_unfinished(const struct reassembly *reassembly)
{
	uint64_t oldest = UINT64_MAX;
	for (const struct connection *c = reassembly->newest; c; c = c->older)
		if (c->bytes.len && c->pieces[0].offset < oldest)
			oldest = c->pieces[0].offset;
	return oldest;
}

usec_t reassembly_waiting(const struct reassembly *reassembly, struct text key)
{
	struct connection *c = *place_of((struct reassembly *)(uintptr_t)reassembly, key);
	return c && c->bytes.len ? c->pieces[c->piece_count - 1].at : USEC_NONE;
}
