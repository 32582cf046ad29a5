// SPDX-License-Identifier: Apache-2.0
// Any log of lines with a time and a stanza, as an operator describes it:
//     dialect = "pattern"  line = "%t [%d] %s: %x"
// %t the time, %d the direction, %s the session, %x the stanza (to the end of the line), %* anything.
// What stands between them is literal; a field ends where the literal after it begins.
//
// A stanza that is not whole at the end of its line is continued by the next ones, whatever they look
// like: a newline inside a body can imitate a line, so nothing but the end of the stanza ends it (F120).
// What is too long for that is kept in quarantine as a whole.
#include "ingest/dialects/pattern.h"
#include "ingest/dialects/fact.h"
#include "ingest/dialects/table.h"
#include "ingest/lines.h"
#include "ingest/markup.h"
#include "ingest/ordinal.h"

#include <stdlib.h>

enum { LINE_LIMIT = 1 << 20, STANZA_LIMIT = 256 << 10 };

struct dialect {
	struct dialect_sink sink;
	const struct line_format *format;
	struct pattern_clock clock;
	struct lines lines;
	struct ordinals ordinals, before; // before: the open stanza
	bool hole;
	// A stanza whose end has not been seen.
	bool open;
	struct buf xml, session;
	enum direction dir;
	usec_t at;
	bool odd;
	uint64_t offset, length;
};

static void give(struct dialect *d, enum record_kind kind, const char *reason)
{
	struct text session = buf_view(&d->session);
	bool full = jid_is_full(session);
	struct record record = {.kind = kind,
				.at = d->at,
				.at_odd = d->odd,
				.dir = d->dir,
				.session = full ? session : TEXT_NONE,
				.session_key = session.n ? session : TEXT_NONE,
				.xml = buf_view(&d->xml),
				.offset = d->offset,
				.length = d->length > UINT32_MAX ? UINT32_MAX : (uint32_t)d->length,
				.reason = reason,
				.lost = -1};
	d->open = false;
	d->sink.record(d->sink.self, &record);
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

// A claimed "from" is not believed, and E2 would believe it where the session is unknown.
static bool is_sender_known(const struct dialect *d)
{
	return d->dir != DIR_IN || jid_is_full(buf_view(&d->session)) ||
	       !tag_attr(markup_first(buf_view(&d->xml)), "from").p;
}

static void try_give(struct dialect *d, bool last)
{
	struct text xml = buf_view(&d->xml);
	bool whole = markup_whole(xml);
	if (whole && !is_stanza(xml)) { // it may hold a password
		d->open = false;
		d->sink.ignored(d->sink.self, "stream element");
	} else if (whole && d->at == USEC_NONE) {
		give(d, RECORD_QUARANTINE, "stamp not understood");
	} else if (whole && !is_sender_known(d)) {
		give(d, RECORD_QUARANTINE, "sender not known");
	} else if (whole) {
		give(d, RECORD_STANZA, NULL);
	} else if (xml.n > STANZA_LIMIT || last) {
		d->xml.len = 0; // what is not whole may be anything
		give(d, RECORD_QUARANTINE,
		     last ? "unterminated at end of file" : "stanza longer than the limit");
	}
}

static void begin(struct dialect *d, const struct pattern_parts *parts, const struct line *line)
{
	d->odd = false;
	d->before = d->ordinals;
	usec_t stamp = pattern_time(&d->clock, d->format->time, parts->time, &d->odd);
	d->ordinals.step = d->clock.step;
	d->at = d->clock.step > 1 ? ordinals_next(&d->ordinals, stamp) : stamp;
	d->ordinals.changed |= d->ordinals.latest != d->clock.latest;
	d->ordinals.latest = d->clock.latest;
	d->open = true;
	d->dir = pattern_direction(d->format, parts->direction);
	d->offset = line->offset;
	d->length = line->length;
	d->xml.len = d->session.len = 0;
	buf_text(&d->session, parts->session);
	buf_text(&d->xml, parts->stanza);
	try_give(d, false);
}

static void on_hole(struct dialect *d, const struct line *line)
{
	const struct record record = {.kind = RECORD_GAP,
				      .at = d->clock.latest,
				      .dir = DIR_ROUTE,
				      .offset = line->offset,
				      .length = line->length > UINT32_MAX ? UINT32_MAX
									  : (uint32_t)line->length,
				      .reason = "hole of NUL bytes",
				      .lost = -1};
	if (d->open)
		try_give(d, true);
	d->sink.record(d->sink.self, &record);
}

static void on_line(void *self, const struct line *line)
{
	struct dialect *d = self;
	struct pattern_parts parts;
	if (line->kind == LINE_HOLE) {
		on_hole(d, line);
	} else if (d->open) {
		d->length += line->length;
		buf_char(&d->xml, '\n');
		buf_text(&d->xml, line->text);
		try_give(d, line->kind == LINE_LONG);
	} else if (line->kind == LINE_REST || !line->text.n) {
		return;
	} else if (pattern_split(d->format->line, line->text, &parts) && parts.stanza.n &&
		   parts.stanza.p[0] == '<') {
		begin(d, &parts, line);
	} else {
		d->sink.ignored(d->sink.self, "noise");
	}
}

// --- the interface ---

static int score(struct text head, const char **why)
{
	(void)head;
	*why = "only when a source describes its lines";
	return 0;
}

static struct dialect *open_dialect(const struct dialect_options *options,
				    const struct dialect_sink *sink)
{
	static const struct line_format nothing = {.line = (char *)(uintptr_t) "%x"};
	struct dialect *d = xcalloc(1, sizeof *d);
	d->sink = *sink;
	d->format = options->format && options->format->line ? options->format : &nothing;
	d->clock = (struct pattern_clock){
		.zone = options->zone, .latest = USEC_NONE, .step = USEC_PER_SEC};
	lines_init(&d->lines, LINE_LIMIT, d, on_line);
	ordinals_init(&d->ordinals, USEC_PER_SEC);
	return d;
}

static void close_dialect(struct dialect *d)
{
	lines_free(&d->lines);
	buf_free(&d->xml);
	buf_free(&d->session);
	free(d);
}

static void recall(struct dialect *d, struct text key, struct text value)
{
	if (text_is(key, "hole")) {
		lines_resume_hole(&d->lines, fact_number(value));
	} else if (text_is(key, "clock")) {
		ordinals_load(&d->ordinals, value);
		d->clock.latest = d->ordinals.latest;
	}
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
			try_give(d, true);
	}
	save(d);
}

static uint64_t low_water(const struct dialect *d)
{
	return d->open ? d->offset : lines_low_water(&d->lines);
}

const struct dialect_type pattern_dialect = {
	.name = "pattern",
	.title = "lines as the source describes them",
	.precision = USEC_PER_SEC,
	.timeless = true,
	.flush_allowance = 2 * USEC_PER_SEC,
	.score = score,
	.open = open_dialect,
	.recall = recall,
	.bytes = bytes,
	.end = end,
	.low_water = low_water,
	.close = close_dialect,
};
