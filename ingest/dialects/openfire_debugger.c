// SPDX-License-Identifier: Apache-2.0
// Openfire's XML debugger plugin, alone (nohup.out) or inside the server's own log. One line prints
// one network read (old and newest versions) or one stanza; newlines of a text are printed as they
// are, so that its further lines have no prefix, and a text may imitate a prefix (F120):
//
// When a line looks like one while the record before is inside a stanza, it and what follows is held
// until it is clear what it is. Text, if the stanza ends in it: printing is atomic, so a stanza that
// is printed whole has to. For a network read that is not so, and a read that really ended inside a
// stanza goes on in a later line of its connection, whose id a client cannot know. Versions that
// name connections by address are the exception: what is between is not counted there.
#include "ingest/dialects/openfire_debugger_internal.h"

#include "ingest/dialects/fact.h"
#include "ingest/dialects/table.h"

#include <stdlib.h>

bool debug_is_open(const struct debug_half *half)
{
	return debug_half_rest(half).n > 0;
}

// --- what was printed ---

static void feed(struct dialect *d, struct debug_half *half, struct text bytes)
{
	struct debug_record *record = &d->record;
	struct text element;
	enum debug_step step;
	if (!debug_is_open(half))
		half->began = record->stamp;
	debug_half_add(half, record->offset, bytes);
	while ((step = debug_half_next(half, &element)) != DEBUG_MORE) {
		debug_span(&d->judge.spans, half->since, record->offset);
		if (step == DEBUG_BROKEN) {
			debug_quarantine(&d->judge, record, "stream not well-formed");
			return;
		}
		struct debug_stanza stanza = {record, d->connection, element, half->since,
					      half->spoilt};
		if (step == DEBUG_STANZA)
			debug_stanza(&d->judge, record, &stanza);
		else if (d->connection)
			debug_element(&d->judge, &stanza);
		debug_half_used(half, record->offset);
		half->began = record->stamp;
	}
}

static bool begins_cut(struct text text)
{
	return text_starts(text, "\xef\xbf\xbd");
}

static bool ends_cut(struct text text)
{
	return text.n >= 3 && begins_cut((struct text){text.p + text.n - 3, 3});
}

void debug_drop(struct dialect *d, struct debug_half *half, const char *reason)
{
	if (!debug_is_open(half))
		return;
	debug_span(&d->judge.spans, half->since, d->record.offset);
	debug_half_drop(half);
	debug_quarantine(&d->judge, &d->record, reason);
}

static bool begins_stream(struct text xml)
{
	return text_starts(xml, "<?xml") || text_starts(xml, "<stream:stream");
}

static void print_half(struct dialect *d, struct debug_half *half, struct text xml, bool reads)
{
	if (!reads || begins_stream(xml))
		debug_drop(d, half, "stanza not finished");
	if (reads && debug_is_open(half) && begins_cut(xml))
		half->spoilt = true;
	feed(d, half, xml);
	if (reads && debug_is_open(half) && ends_cut(xml))
		half->spoilt = true;
	d->half = debug_is_open(half) ? half : NULL;
}

static bool has_no_bytes(const struct debug_line *line)
{
	bool buffer = line->xml.n && line->xml.p[0] != '<' &&
		      memmem(line->xml.p, line->xml.n, "ByteBuf(", 8) != NULL;
	return buffer || (line->kind == DEBUG_SENT && !line->xml.n);
}

static void on_bytes(struct dialect *d)
{
	struct debug_record *record = &d->record;
	const struct debug_line *line = &record->line;
	d->connection = NULL;
	if (line->printer != DEBUG_RAW) {
		print_half(d, &d->understood, line->xml, false);
		return;
	}
	d->connection = debug_connection(d->judge.sessions, line->id);
	if (has_no_bytes(line)) {
		d->judge.sink.ignored(d->judge.sink.self, "line without its XML");
		debug_missing(&d->judge, record, d->connection, false);
		return;
	}
	debug_head(&d->judge, record, d->connection);
	bool read = line->kind == DEBUG_RECV;
	print_half(d, read ? &d->connection->read : &d->connection->written, line->xml,
		   !line->whole);
}

static void on_end_of_connection(struct dialect *d)
{
	struct debug_connection *connection =
		debug_connection_find(d->judge.sessions, d->record.line.id);
	if (!connection || d->record.suspect)
		return;
	debug_drop(d, &connection->read, "connection ended inside a stanza");
	debug_drop(d, &connection->written, "connection ended inside a stanza");
	debug_missing(&d->judge, &d->record, connection, true);
	debug_connection_end(d->judge.sessions, connection);
}

// --- half stanzas hold low water back ---

static uint64_t half_low(const struct debug_half *half, uint64_t low)
{
	return debug_is_open(half) && half->since < low ? half->since : low;
}

static bool low_of_connection(void *self, struct debug_connection *connection)
{
	uint64_t *low = self;
	*low = half_low(&connection->written, half_low(&connection->read, *low));
	return true;
}

static uint64_t debugger_low_water(const struct dialect *d)
{
	uint64_t low = half_low(&d->understood, lines_low_water(&d->lines));
	if (d->low < low)
		low = d->low;
	if (d->held_count && d->held[0].offset < low)
		low = d->held[0].offset;
	for (size_t i = 0; i < d->judge.copies.count; i++)
		if (d->judge.copies.list[i].since < low)
			low = d->judge.copies.list[i].since;
	// Many that overlap are not followed back for ever.
	uint64_t offset = d->record.offset;
	return debug_spans_low(&d->judge.spans, low, offset > HELD_BYTES ? offset - HELD_BYTES : 0);
}

// To be called where half stanzas may have changed, before low water is asked for.
static void find_low(struct dialect *d)
{
	if (!d->low_known) {
		d->low = UINT64_MAX;
		debug_connections(d->judge.sessions, &d->low, low_of_connection);
	}
	d->low_known = true;
}

static void give_up(struct dialect *d, struct debug_half *half)
{
	usec_t now = d->judge.clock.last;
	bool late = now != USEC_NONE && half->began != USEC_NONE &&
		    now - half->began > HELD_TIME * USEC_PER_SEC;
	if (debug_is_open(half) && (late || d->record.offset - half->since > HELD_BYTES))
		debug_drop(d, half, "stanza not finished");
}

static bool give_up_both(void *self, struct debug_connection *connection)
{
	give_up(self, &connection->read);
	give_up(self, &connection->written);
	return true;
}

// --- lines ---

static void begin_record(struct dialect *d, const struct debug_line *line, uint64_t offset,
			 uint64_t length)
{
	struct buf id = d->record.id;
	id.len = 0;
	buf_text(&id, line->id);
	d->record =
		(struct debug_record){.line = *line,
				      .id = id,
				      .offset = offset,
				      .length = length,
				      .suspect = d->suspect && line->printer != DEBUG_INTERPRETED};
	// The record outlives its first line when text follows: what names its connection must too.
	if (line->id.p)
		d->record.line.id = buf_view(&d->record.id);
	d->half = NULL;
	debug_time(&d->judge.clock, d->zone, &d->record);
}

static void pin(struct dialect *d, const struct debug_clock *before)
{
	uint64_t low = 0;
	if (d->pins.count == DEBUG_PINS) {
		find_low(d);
		low = debugger_low_water(d);
		d->low_known = false; // more of the line may come
	}
	debug_pin(&d->pins, d->record.offset, before, low);
}

void debug_process(struct dialect *d, const struct debug_line *line, uint64_t offset,
		   uint64_t length)
{
	const struct debug_clock before = d->judge.clock;
	if (line->kind == DEBUG_OTHER) {
		d->half = NULL;
		d->judge.sink.ignored(d->judge.sink.self, "server event");
		return;
	}
	begin_record(d, line, offset, length);
	if (offset / SWEEP_EVERY != d->swept) {
		d->swept = offset / SWEEP_EVERY;
		debug_connections(d->judge.sessions, d, give_up_both);
	}
	if (line->kind == DEBUG_RECV || line->kind == DEBUG_SENT)
		on_bytes(d);
	else
		on_end_of_connection(d);
	debug_copies_pass(&d->judge, &d->record, false);
	d->record.line.xml = d->record.line.stamp = d->record.line.wall =
		TEXT_NONE; // the line goes
	if (d->half || d->judge.copies.count)
		pin(d, &before);
}

void debug_go_on(struct dialect *d, struct text text, uint64_t length)
{
	struct debug_half *half = d->half;
	bool reads = !d->record.line.whole && d->record.line.printer == DEBUG_RAW;
	d->record.length += length;
	feed(d, half, TEXT("\n"));
	feed(d, half, text);
	if (reads && debug_is_open(half) && ends_cut(text))
		half->spoilt = true;
	d->half = debug_is_open(half) ? half : NULL;
}

static void on_hole(struct dialect *d, const struct line *line, const char *reason)
{
	struct debug_line none = {.kind = DEBUG_OTHER};
	if (d->held_count)
		debug_held_is_lines(d, false);
	begin_record(d, &none, line->offset, line->length);
	if (line->kind == LINE_HOLE)
		debug_gap(&d->judge, &d->record, reason);
	else
		debug_quarantine(&d->judge, &d->record, reason);
}

static void on_line(void *self, const struct line *line)
{
	struct dialect *d = self;
	d->low_known = false;
	if (line->kind == LINE_REST)
		d->judge.sink.ignored(d->judge.sink.self, "rest of a long line");
	else if (line->kind == LINE_HOLE)
		on_hole(d, line, "hole of NUL bytes");
	else if (line->kind == LINE_LONG)
		on_hole(d, line, "line longer than the limit");
	else
		debug_text(d, line->text, line->offset, line->length);
}

// --- struct dialect_type ---

static void on_learnt(void *self, struct text key, struct text value)
{
	struct dialect *d = self;
	later_put(&d->later, d->record.offset, key, value);
}

static struct dialect *debugger_open(const struct dialect_options *options,
				     const struct dialect_sink *sink)
{
	struct dialect *d = xcalloc(1, sizeof *d);
	d->judge.sink = *sink;
	d->learnt = (struct dialect_sink){d, sink->record, on_learnt, sink->ignored};
	d->judge.rules = options->rules;
	d->judge.arena = arena_new();
	d->judge.sessions =
		debug_sessions_new(&d->learnt, options->rules ? &options->rules->hosts : NULL);
	debug_clock_init(&d->judge.clock);
	d->low = UINT64_MAX;
	d->zone = options->zone;
	lines_init(&d->lines, RECORD_LIMIT, d, on_line);
	return d;
}

static void debugger_close(struct dialect *d)
{
	debug_held_free(d);
	debug_copies_free(&d->judge.copies);
	debug_spans_free(&d->judge.spans);
	debug_half_free(&d->shadow);
	debug_half_free(&d->understood);
	debug_sessions_free(d->judge.sessions);
	arena_free(d->judge.arena);
	later_free(&d->later);
	buf_free(&d->record.id);
	lines_free(&d->lines);
	free(d);
}

static void debugger_recall(struct dialect *d, struct text key, struct text value)
{
	if (text_is(key, "clock"))
		debug_clock_load(&d->judge.clock, value);
	else if (text_is(key, "quiet"))
		debug_recall_quiets(d, value);
	else if (text_is(key, "hole"))
		lines_resume_hole(&d->lines, fact_number(value));
	else
		debug_sessions_recall(d->judge.sessions, key, value);
}

static void save(struct dialect *d)
{
	find_low(d);
	uint64_t low = debugger_low_water(d);
	later_remember(&d->later, d->over ? UINT64_MAX : low, &d->judge.sink);
	debug_spans_forget(&d->judge.spans, low);
	debug_save_quiets(d, low);
	fact_hole(&d->judge.sink, lines_hole(&d->lines), &d->hole);
	if (!d->judge.clock.ordinals.changed)
		return;
	struct buf text = {0};
	const struct debug_clock *pinned = debug_pinned(&d->pins, low);
	debug_clock_save(pinned ? pinned : &d->judge.clock, &text);
	// Of a half stanza: when it ends it is the newest clock that counts, whatever line ended it.
	d->judge.clock.ordinals.changed = pinned != NULL;
	d->judge.sink.remember(d->judge.sink.self, TEXT("clock"), buf_view(&text));
	buf_free(&text);
}

static void debugger_bytes(struct dialect *d, uint64_t offset, struct text data)
{
	d->quiet = false;
	lines_feed(&d->lines, offset, data);
	save(d);
}

static bool finish_connection(void *self, struct debug_connection *connection)
{
	static const char reason[] = "unterminated at end of file";
	debug_drop(self, &connection->read, reason);
	debug_drop(self, &connection->written, reason);
	return true;
}

static void debugger_end(struct dialect *d, bool final)
{
	if (final)
		lines_finish(&d->lines);
	// Printing is atomic: a text whose end is still not there is none.
	d->low_known = false;
	if (d->held_count && (final || d->quiet)) {
		debug_note_quiet(d, final);
		debug_held_is_lines(d, true);
	}
	d->quiet = true;
	d->over = final;
	if (final) {
		debug_connections(d->judge.sessions, d, finish_connection);
		debug_drop(d, &d->understood, "unterminated at end of file");
		debug_copies_pass(&d->judge, &d->record, true);
		d->half = NULL;
	}
	save(d);
}

const struct dialect_type openfire_debugger_dialect = {
	.name = "openfire-debugger",
	.title = "Openfire XML debugger, alone or in the server's log",
	.precision = 1000,
	.timeless = true,
	.flush_allowance = 2 * USEC_PER_SEC,
	.score = debug_score,
	.open = debugger_open,
	.recall = debugger_recall,
	.bytes = debugger_bytes,
	.end = debugger_end,
	.low_water = debugger_low_water,
	.close = debugger_close,
};
