// SPDX-License-Identifier: Apache-2.0
// Tigase's log with packets (packet-debug-full, level FINEST):
//     [<date> <time>] [<level>] [ <thread> ] Class.method(): ... from=<connection>, to=...,
//         serverAuthorisedStanzaFrom=<JID>, DATA=<stanza>, SIZE=<n>, XMLNS=..., ...
// A packet is shown at many places on its way through the server, so each of them is "route" and they are
// one message (M3). What a client claims is in it before the server has looked: only a packet whose sender
// the server has authorised counts. A stanza ends where its XML does, so a newline in a body cannot make a
// line (F120); its text is cut at 1,024 characters, and what is cut is kept in quarantine by its place.
#include "ingest/dialects/fact.h"
#include "ingest/dialects/table.h"
#include "ingest/elements.h"
#include "ingest/lines.h"
#include "ingest/markup.h"
#include "ingest/ordinal.h"

#include <stdlib.h>

enum { LINE_LIMIT = 1 << 20, STANZA_LIMIT = 256 << 10, STEP = 1000, SCORE_LINES = 400 };

struct dialect {
	struct dialect_sink sink;
	const struct zone *zone;
	struct lines lines;
	struct ordinals ordinals, before; // before: the open packet
	bool hole;
	bool open; // a stanza whose end has not been seen
	struct buf xml, sender;
	usec_t at;
	bool odd;
	uint64_t offset, length;
};

// --- one line ---

static bool digits(struct text text, size_t at, size_t n, int *value)
{
	*value = 0;
	for (size_t i = at; i < at + n; i++) {
		if (i >= text.n || text.p[i] < '0' || text.p[i] > '9')
			return false;
		*value = *value * 10 + (text.p[i] - '0');
	}
	return true;
}

// "[2026-11-22 10:00:00:123] [", a point or comma before the fraction too, or none.
static bool take_stamp(struct text line, struct civil *c, struct text *rest)
{
	int millis = 0;
	*c = (struct civil){0};
	if (line.n < 24 || line.p[0] != '[' || line.p[5] != '-' || line.p[8] != '-' ||
	    line.p[14] != ':' || line.p[17] != ':' || !digits(line, 1, 4, &c->year) ||
	    !digits(line, 6, 2, &c->month) || !digits(line, 9, 2, &c->day) ||
	    !digits(line, 12, 2, &c->hour) || !digits(line, 15, 2, &c->minute) ||
	    !digits(line, 18, 2, &c->second))
		return false;
	size_t at = 20;
	if (strchr(":.,", line.p[at]) && digits(line, at + 1, 3, &millis))
		at += 4;
	c->micros = millis * 1000;
	*rest = (struct text){line.p + at, line.n - at};
	return civil_valid(c) && text_starts(*rest, "] [") && text_after(*rest, "(): ").p;
}

static bool is_stanza(struct text xml)
{
	static const char *const tags[] = {"message", "iq", "presence"};
	struct text name = tag_name(markup_first(xml));
	for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
		if (text_is(name, tags[i]))
			return true;
	return false;
}

// --- out ---

static void give(struct dialect *d, enum record_kind kind, struct text xml, const char *reason)
{
	const struct record record = {.kind = kind,
				      .at = d->at,
				      .at_odd = d->odd,
				      .dir = DIR_ROUTE,
				      .xml = xml,
				      .offset = d->offset,
				      .length = d->length > UINT32_MAX ? UINT32_MAX
								       : (uint32_t)d->length,
				      .reason = reason,
				      .lost = -1};
	d->open = false;
	d->sink.record(d->sink.self, &record);
}

static void ignore(struct dialect *d, const char *kind)
{
	d->open = false;
	d->sink.ignored(d->sink.self, kind);
}

static bool is_authorised(const struct dialect *d, struct text xml)
{
	struct arena *arena = arena_new();
	struct text from = tag_value(arena, markup_first(xml), "from");
	bool same = from.n && d->sender.len && jid_same_bare(from, buf_view(&d->sender));
	arena_free(arena);
	return same;
}

static void take(struct dialect *d, struct text xml)
{
	if (!is_stanza(xml))
		ignore(d, "stream element"); // it may hold a password
	else if (!text_is(tag_name(markup_first(xml)), "message"))
		ignore(d, text_is(tag_name(markup_first(xml)), "iq") ? "iq" : "presence");
	else if (!is_authorised(d, xml))
		ignore(d, "packet before its sender was authorised");
	else
		give(d, RECORD_STANZA, xml, NULL);
}

// What has come of the stanza so far. last: there is no more.
static void work(struct dialect *d, bool last)
{
	struct markup markup = {0};
	size_t size = 0;
	struct text all = buf_view(&d->xml);
	enum element_step step = element_next(all, &markup, &size);
	struct text rest = {all.p + size, all.n - size};
	if (step == STEP_ELEMENT && text_starts(rest, ", SIZE="))
		take(d, (struct text){all.p, size});
	else if (step == STEP_MORE && text_after(all, " ... , SIZE=").p)
		give(d, RECORD_QUARANTINE, TEXT_NONE, "cut by the logger");
	else if (step != STEP_MORE)
		give(d, RECORD_QUARANTINE, TEXT_NONE, "stanza not well-formed");
	else if (last || all.n > STANZA_LIMIT)
		give(d, RECORD_QUARANTINE, TEXT_NONE,
		     last ? "unterminated at end of file" : "stanza longer than the limit");
}

// --- lines ---

static void begin(struct dialect *d, const struct civil *civil, struct text sender,
		  struct text data, const struct line *line)
{
	d->odd = false;
	d->before = d->ordinals;
	usec_t stamp = zone_to_utc(d->zone, civil, ordinals_not_before(&d->ordinals), &d->odd);
	d->at = ordinals_next(&d->ordinals, stamp);
	d->open = true;
	d->offset = line->offset;
	d->length = line->length;
	d->xml.len = d->sender.len = 0;
	buf_text(&d->sender, sender);
	buf_text(&d->xml, data);
	work(d, false);
}

static void on_packet(struct dialect *d, const struct civil *civil, struct text rest,
		      const struct line *line)
{
	struct text data = text_after(rest, ", DATA=");
	if (!data.n || data.p[0] != '<') {
		ignore(d, "server event");
		return;
	}
	struct text head = {rest.p, (size_t)(data.p - rest.p)};
	struct text sender = text_after(head, "serverAuthorisedStanzaFrom=");
	const char *comma = sender.n ? memchr(sender.p, ',', sender.n) : NULL;
	sender.n = comma ? (size_t)(comma - sender.p) : 0;
	begin(d, civil, sender, data, line);
}

static void on_hole(struct dialect *d, const struct line *line)
{
	if (d->open)
		work(d, true);
	d->at = d->ordinals.latest;
	d->odd = false;
	d->offset = line->offset;
	d->length = line->length;
	give(d, RECORD_GAP, TEXT_NONE, "hole of NUL bytes");
}

static void on_line(void *self, const struct line *line)
{
	struct dialect *d = self;
	struct civil civil;
	struct text rest;
	if (line->kind == LINE_HOLE) {
		on_hole(d, line);
	} else if (d->open) {
		d->length += line->length;
		buf_char(&d->xml, '\n');
		buf_text(&d->xml, line->text);
		work(d, line->kind == LINE_LONG);
	} else if (line->kind == LINE_REST || !line->text.n) {
		return;
	} else if (take_stamp(line->text, &civil, &rest)) {
		on_packet(d, &civil, rest, line);
	} else {
		ignore(d, "noise");
	}
}

// --- the interface ---

static struct dialect *open_dialect(const struct dialect_options *options,
				    const struct dialect_sink *sink)
{
	struct dialect *d = xcalloc(1, sizeof *d);
	d->sink = *sink;
	d->zone = options->zone;
	lines_init(&d->lines, LINE_LIMIT, d, on_line);
	ordinals_init(&d->ordinals, STEP);
	return d;
}

static void close_dialect(struct dialect *d)
{
	lines_free(&d->lines);
	buf_free(&d->xml);
	buf_free(&d->sender);
	free(d);
}

static void recall(struct dialect *d, struct text key, struct text value)
{
	if (text_is(key, "hole"))
		lines_resume_hole(&d->lines, fact_number(value));
	else if (text_is(key, "clock"))
		ordinals_load(&d->ordinals, value);
}

static void save(struct dialect *d)
{
	fact_hole(&d->sink, lines_hole(&d->lines), &d->hole);
	fact_clock(&d->sink, &d->ordinals, d->open ? &d->before : NULL);
}

static void bytes(struct dialect *d, uint64_t offset, struct text data)
{
	lines_feed(&d->lines, offset, data);
	save(d);
}

static void end(struct dialect *d, bool final)
{
	if (final) {
		lines_finish(&d->lines);
		if (d->open)
			work(d, true);
	}
	save(d);
}

static uint64_t low_water(const struct dialect *d)
{
	return d->open ? d->offset : lines_low_water(&d->lines);
}

static int score(struct text head, const char **why)
{
	int lines = 0, ours = 0, packets = 0;
	while (head.n && lines < SCORE_LINES) {
		const char *newline = memchr(head.p, '\n', head.n);
		struct text rest, line = {head.p, newline ? (size_t)(newline - head.p) : head.n};
		struct civil civil;
		bool is_ours = take_stamp(line, &civil, &rest);
		lines++;
		ours += is_ours;
		packets += is_ours && text_after(rest, "serverAuthorisedStanzaFrom=").p &&
			   text_after(rest, ", DATA=<").p;
		head.p += line.n + (newline ? 1 : 0);
		head.n -= line.n + (newline ? 1 : 0);
	}
	*why = packets ? "Tigase log with packets"
	       : ours ? "Tigase log without packets: no stanzas here, set packet-debug-full and log"
			" level FINEST"
		      : "no Tigase log: lines are not \"[stamp] [level] [thread] Class.method(): text\"";
	if (!ours || ours * 4 < lines)
		return 0;
	return packets ? 90 : 45;
}

const struct dialect_type tigase_dialect = {
	.name = "tigase",
	.title = "Tigase log with packets",
	.precision = STEP,
	.flush_allowance = 2 * USEC_PER_SEC,
	.score = score,
	.open = open_dialect,
	.recall = recall,
	.bytes = bytes,
	.end = end,
	.low_water = low_water,
	.close = close_dialect,
};
