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
#include "ingest/dialects/openfire_debugger.h"
#include "ingest/dialects/fact.h"
#include "ingest/dialects/table.h"
#include "ingest/lines.h"

#include <stdlib.h>

enum {
	RECORD_LIMIT = 2 << 20,
	READ_MOST = 64 << 10,   // the server's largest network read
	HELD_BYTES = 8 << 20,   // of the log that a half stanza may hold back, and
	HELD_TIME = 600,        // seconds
	SWEEP_EVERY = 64 << 10, // bytes of the log
	LINE_COST = 16,
	REPLAYS = 4 // times its size that held text is gone through again
};

struct held_line {
	size_t at, size;
	uint64_t offset, length;
};

struct dialect {
	struct debug_judge judge;
	const struct zone *zone;
	struct lines lines;
	struct debug_record record;
	struct debug_half *half; // the stanza that its next line continues, NULL = none
	struct debug_connection *connection;
	struct debug_half understood; // of interpreted lines
	struct buf held_text;
	struct held_line *held;
	size_t held_count, held_capacity;
	struct debug_half shadow; // the stanza if all that is held is its text
	size_t budget;            // bytes that may be held again
	bool replaying, suspect;
	struct debug_pins pins;
	uint64_t swept;
	bool hole, quiet;
	uint64_t low; // of connections
	bool low_known;
};

static bool is_open(const struct debug_half *half)
{
	return debug_half_rest(half).n > 0;
}

// --- what was printed ---

static void feed(struct dialect *d, struct debug_half *half, struct text bytes)
{
	struct debug_record *record = &d->record;
	struct text element;
	enum debug_step step;
	if (!is_open(half))
		half->began = record->stamp;
	debug_half_add(half, record->offset, bytes);
	while ((step = debug_half_next(half, &element)) != DEBUG_MORE) {
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

static void drop(struct dialect *d, struct debug_half *half, const char *reason)
{
	if (!is_open(half))
		return;
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
		drop(d, half, "stanza not finished");
	if (reads && is_open(half) && begins_cut(xml))
		half->spoilt = true;
	feed(d, half, xml);
	if (reads && is_open(half) && ends_cut(xml))
		half->spoilt = true;
	d->half = is_open(half) ? half : NULL;
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
	drop(d, &connection->read, "connection ended inside a stanza");
	drop(d, &connection->written, "connection ended inside a stanza");
	debug_missing(&d->judge, &d->record, connection, true);
	debug_connection_end(d->judge.sessions, connection);
}

// --- half stanzas hold low water back ---

static uint64_t half_low(const struct debug_half *half, uint64_t low)
{
	return is_open(half) && half->since < low ? half->since : low;
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
	return low;
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
	if (is_open(half) && (late || d->record.offset - half->since > HELD_BYTES))
		drop(d, half, "stanza not finished");
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

static void process(struct dialect *d, const struct debug_line *line, uint64_t offset,
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

static void go_on(struct dialect *d, struct text text, uint64_t length)
{
	struct debug_half *half = d->half;
	bool reads = !d->record.line.whole && d->record.line.printer == DEBUG_RAW;
	d->record.length += length;
	feed(d, half, TEXT("\n"));
	feed(d, half, text);
	if (reads && is_open(half) && ends_cut(text))
		half->spoilt = true;
	d->half = is_open(half) ? half : NULL;
}

static bool goes_on_with(const struct dialect *d, const struct debug_line *line)
{
	return !d->record.line.whole && line->printer == DEBUG_RAW && line->kind == DEBUG_RECV &&
	       text_same(line->id, buf_view(&d->record.id));
}

static void on_text(struct dialect *d, struct text text, uint64_t offset, uint64_t length);

// --- lines that may be text ---

static void hold(struct dialect *d, struct text text, uint64_t offset, uint64_t length)
{
	if (d->held_count == d->held_capacity) {
		size_t more = d->held_capacity ? d->held_capacity * 2 : 64;
		struct held_line *grown = xcalloc(more, sizeof *grown);
		if (d->held_count)
			memcpy(grown, d->held, d->held_count * sizeof *grown);
		free(d->held);
		d->held = grown;
		d->held_capacity = more;
	}
	d->held[d->held_count++] = (struct held_line){d->held_text.len, text.n, offset, length};
	buf_text(&d->held_text, text);
	debug_half_add(&d->shadow, offset, TEXT("\n"));
	debug_half_add(&d->shadow, offset, text);
	if (d->replaying)
		d->budget -= text.n + LINE_COST < d->budget ? text.n + LINE_COST : d->budget;
}

struct held { // taken out of the dialect, so that its lines can be held again
	struct buf text;
	struct held_line *lines;
	size_t count;
};

static struct held take_held(struct dialect *d)
{
	struct held held = {d->held_text, d->held, d->held_count};
	d->held_text = (struct buf){0};
	d->held = NULL;
	d->held_count = d->held_capacity = 0;
	debug_half_drop(&d->shadow);
	return held;
}

static struct text held_line_text(const struct held *held, size_t i)
{
	return (struct text){buf_view(&held->text).p + held->lines[i].at, held->lines[i].size};
}

static void free_held(struct held *held)
{
	buf_free(&held->text);
	free(held->lines);
}

static void held_is_text(struct dialect *d)
{
	struct held held = take_held(d);
	for (size_t i = 0; i < held.count && d->half; i++)
		go_on(d, held_line_text(&held, i), held.lines[i].length);
	free_held(&held);
}

// The record was cut: what was held are lines. known: the last one proves it.
static void held_is_lines(struct dialect *d, bool known)
{
	bool live = !d->replaying, guessable = d->record.line.guessable;
	struct held held = take_held(d);
	if (d->half && d->record.line.whole)
		drop(d, d->half, "stanza not finished");
	if (live)
		d->budget = REPLAYS * held.text.len;
	d->half = NULL;
	d->replaying = true;
	for (size_t i = 0; i < held.count; i++) {
		bool was = d->suspect;
		d->suspect = was || (guessable && (!known || i + 1 < held.count));
		on_text(d, held_line_text(&held, i), held.lines[i].offset, held.lines[i].length);
		d->suspect = was;
	}
	while (live && d->held_count)
		held_is_lines(d, false);
	if (live)
		d->replaying = false;
	free_held(&held);
}

// Does the line make sense by itself, as what its connection goes on with?
static bool makes_sense(struct dialect *d, const struct debug_line *line)
{
	struct debug_connection *connection =
		line->printer == DEBUG_RAW && line->xml.p
			? debug_connection_find(d->judge.sessions, line->id)
			: NULL;
	if (!connection || line->kind != DEBUG_RECV || !is_open(&connection->read))
		return false;
	struct debug_half copy = {.markup = connection->read.markup};
	struct text element;
	enum debug_step step;
	debug_half_add(&copy, 0, debug_half_rest(&connection->read));
	debug_half_add(&copy, 0, line->xml);
	while ((step = debug_half_next(&copy, &element)) == DEBUG_STANZA || step == DEBUG_ELEMENT)
		debug_half_used(&copy, 0);
	bool sense = step == DEBUG_MORE && !copy.stray;
	debug_half_free(&copy);
	return sense;
}

static void judge_held(struct dialect *d, const struct debug_line *newest)
{
	struct text element;
	enum debug_step step;
	if (goes_on_with(d, newest)) {
		held_is_lines(d, true);
		return;
	}
	while ((step = debug_half_next(&d->shadow, &element)) == DEBUG_STANZA ||
	       step == DEBUG_ELEMENT)
		debug_half_used(&d->shadow, 0);
	size_t most = d->record.line.whole ? RECORD_LIMIT : READ_MOST;
	if (step == DEBUG_BROKEN || d->held_text.len + d->held_count > most)
		held_is_lines(d, true);
	else if (is_open(&d->shadow))
		return; // more lines will tell
	else if (!d->record.line.whole && makes_sense(d, newest))
		held_is_lines(d, true);
	else
		held_is_text(d);
}

static void begin_to_hold(struct dialect *d)
{
	debug_half_drop(&d->shadow);
	debug_half_add(&d->shadow, d->record.offset, debug_half_rest(d->half));
	d->shadow.markup = d->half->markup;
}

static void on_text(struct dialect *d, struct text text, uint64_t offset, uint64_t length)
{
	struct debug_line line;
	debug_line_read(text, &line);
	if (d->held_count) {
		hold(d, text, offset, length);
		judge_held(d, &line);
	} else if (line.kind == DEBUG_NOTHING) {
		if (d->half)
			go_on(d, text, length);
		else if (text.n)
			d->judge.sink.ignored(d->judge.sink.self, "noise");
	} else if (!d->half || goes_on_with(d, &line) || (d->replaying && !d->budget)) {
		process(d, &line, offset, length);
	} else {
		begin_to_hold(d);
		hold(d, text, offset, length);
		judge_held(d, &line);
	}
}

static void on_hole(struct dialect *d, const struct line *line, const char *reason)
{
	struct debug_line none = {.kind = DEBUG_OTHER};
	if (d->held_count)
		held_is_lines(d, false);
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
		on_text(d, line->text, line->offset, line->length);
}

// --- struct dialect_type ---

static struct dialect *debugger_open(const struct dialect_options *options,
				     const struct dialect_sink *sink)
{
	struct dialect *d = xcalloc(1, sizeof *d);
	d->judge.sink = *sink;
	d->judge.rules = options->rules;
	d->judge.arena = arena_new();
	d->judge.sessions =
		debug_sessions_new(&d->judge.sink, options->rules ? &options->rules->hosts : NULL);
	debug_clock_init(&d->judge.clock);
	d->low = UINT64_MAX;
	d->zone = options->zone;
	lines_init(&d->lines, RECORD_LIMIT, d, on_line);
	return d;
}

static void debugger_close(struct dialect *d)
{
	struct held held = take_held(d);
	free_held(&held);
	debug_copies_free(&d->judge.copies);
	debug_half_free(&d->shadow);
	debug_half_free(&d->understood);
	debug_sessions_free(d->judge.sessions);
	arena_free(d->judge.arena);
	buf_free(&d->record.id);
	lines_free(&d->lines);
	free(d);
}

static void debugger_recall(struct dialect *d, struct text key, struct text value)
{
	if (text_is(key, "clock"))
		debug_clock_load(&d->judge.clock, value);
	else if (text_is(key, "hole"))
		lines_resume_hole(&d->lines, fact_number(value));
	else
		debug_sessions_recall(d->judge.sessions, key, value);
}

static void save(struct dialect *d)
{
	find_low(d);
	fact_hole(&d->judge.sink, lines_hole(&d->lines), &d->hole);
	if (!d->judge.clock.ordinals.changed)
		return;
	struct buf text = {0};
	const struct debug_clock *pinned = debug_pinned(&d->pins, debugger_low_water(d));
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
	drop(self, &connection->read, reason);
	drop(self, &connection->written, reason);
	return true;
}

static void debugger_end(struct dialect *d, bool final)
{
	if (final)
		lines_finish(&d->lines);
	// Printing is atomic: a text whose end is still not there is none.
	d->low_known = false;
	if (d->held_count && (final || d->quiet))
		held_is_lines(d, true);
	d->quiet = true;
	if (final) {
		debug_connections(d->judge.sessions, d, finish_connection);
		drop(d, &d->understood, "unterminated at end of file");
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
