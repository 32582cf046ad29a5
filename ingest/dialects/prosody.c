// SPDX-License-Identifier: Apache-2.0
// Prosody's log file with mod_stanza_debug. A line is
//     <stamp> <source> TAB <level> TAB <message>
// and every newline inside a message is written as newline + TAB, so a line that begins with TAB
// always continues the one before and no body can imitate a line (F120). A record is complete when
// another one begins. "RECV: "/"SEND: " hold stanzas; SASL and stream elements may hold passwords
// and are dropped here, before anything could keep them.
#include "ingest/dialects/prosody.h"
#include "ingest/dialects/fact.h"
#include "ingest/dialects/table.h"
#include "ingest/lines.h"
#include "ingest/markup.h"
#include "ingest/ordinal.h"
#include "ingest/stanza.h"

#include <stdio.h>
#include <stdlib.h>

enum { RECORD_LIMIT = 1 << 20 };

enum peer { PEER_NONE, PEER_CLIENT, PEER_SERVER, PEER_COMPONENT };

struct pending { // a stanza whose end has not been seen
	bool open, received, odd, cut, bad_stamp, too_long;
	bool fine; // its clock needs no ordinals
	enum peer peer;
	usec_t stamp;
	uint64_t offset, length;
	struct buf source, xml;
};

struct dialect {
	enum prosody_layout layout;
	struct buf unescaped;               // a line as it was before the sink changed it
	const struct realm_settings *rules; // private acknowledgements on iq
	struct dialect_sink sink;
	struct lines lines;
	struct prosody_clock clock;
	struct prosody_sessions *sessions;
	struct ordinals ordinals;
	struct pending pending;
	bool hole;   // one is remembered
	usec_t told; // newest time that is remembered
};

static enum peer peer_of(struct text source)
{
	static const struct {
		struct text begins;
		enum peer peer;
	} table[] = {{{"c2s", 3}, PEER_CLIENT},
		     {{"bosh", 4}, PEER_CLIENT},
		     {{"s2sin", 5}, PEER_SERVER},
		     {{"s2sout", 6}, PEER_SERVER},
		     {{"jcp", 3}, PEER_COMPONENT}};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct text begins = table[i].begins;
		// Asked of each line: the first byte tells most of them apart.
		if (source.n > begins.n && source.p[0] == begins.p[0] &&
		    memcmp(source.p, begins.p, begins.n) == 0 && !memchr(source.p, ':', source.n) &&
		    !memchr(source.p, '.', source.n))
			return table[i].peer;
	}
	return PEER_NONE;
}

static bool begins_element(struct text xml, const char *tag)
{
	size_t n = strlen(tag);
	return text_starts(xml, tag) && xml.n > n && strchr(" \t\n/>", xml.p[n]);
}

static bool holds(struct text text, const char *what)
{
	return text.n && memmem(text.p, text.n, what, strlen(what)) != NULL;
}

static void give(struct dialect *d, enum record_kind kind, const struct record *like,
		 const char *reason)
{
	struct record record = *like;
	record.kind = kind;
	record.reason = reason;
	record.lost = -1;
	d->sink.record(d->sink.self, &record);
}

static enum direction direction_of(const struct pending *p, bool asleep)
{
	static const enum direction table[][2] = {
		[PEER_CLIENT] = {DIR_OUT, DIR_IN},
		[PEER_SERVER] = {DIR_S2S_OUT, DIR_S2S_IN},
		[PEER_COMPONENT] = {DIR_COMP_OUT, DIR_COMP_IN},
	};
	// Queued for a client that is away: routed, but not written to it.
	if (p->peer == PEER_CLIENT && asleep && !p->received)
		return DIR_ROUTE;
	return table[p->peer][p->received];
}

static const char *what_is_wrong(const struct dialect *d, const struct record *record)
{
	const struct pending *p = &d->pending;
	if (p->too_long)
		return "stanza longer than the limit";
	if (p->bad_stamp)
		return "stamp not understood";
	if (p->cut && !markup_whole(record->xml))
		return d->layout == PROSODY_SYSLOG ? "cut by the logger"
						   : "unterminated at end of file";
	// A claimed "from" is never believed, and E2 would believe it where the session is unknown.
	if (record->dir == DIR_IN && !record->session.p &&
	    tag_attr(markup_first(record->xml), "from").p)
		return "sender not known";
	return NULL;
}

// What is of use but for facts about devices and accounts.
static bool is_wanted(const struct dialect *d, struct text xml)
{
	if (begins_element(xml, "<presence"))
		return false;
	return begins_element(xml, "<message") || stanza_maybe_private(d->rules, xml) ||
	       holds(xml, "urn:xmpp:mds:displayed:0") ||
	       (holds(xml, "http://jabber.org/protocol/disco#info") &&
		(holds(xml, "category='conference'") || holds(xml, "category=\"conference\"")));
}

static void ignore(struct dialect *d, struct text xml)
{
	d->sink.ignored(d->sink.self, begins_element(xml, "<presence") ? "presence" : "iq");
}

// The record is complete.
static void flush(struct dialect *d)
{
	struct pending *p = &d->pending;
	bool asleep = false;
	if (!p->open)
		return;
	p->open = false;
	struct record record = {
		.at = p->fine ? p->stamp : ordinals_next(&d->ordinals, p->stamp),
		.at_odd = p->odd,
		.session_key = buf_view(&p->source),
		.xml = buf_view(&p->xml),
		.offset = p->offset,
		.length = p->length > UINT32_MAX ? UINT32_MAX : (uint32_t)p->length,
	};
	if (p->peer == PEER_CLIENT)
		prosody_sessions_stanza(d->sessions, record.session_key, p->received,
					markup_first(record.xml));
	bool wanted = is_wanted(d, record.xml);
	if (!wanted && !stanza_maybe_known(record.xml)) {
		ignore(d, record.xml);
		return;
	}
	if (p->peer == PEER_CLIENT)
		record.session = prosody_sessions_find(d->sessions, record.session_key, &asleep);
	record.dir = direction_of(p, asleep);
	if (record.dir == DIR_ROUTE)
		record.session = TEXT_NONE;
	const char *reason = what_is_wrong(d, &record);
	if (reason && !wanted) {
		ignore(d, record.xml);
		return;
	}
	give(d, reason ? RECORD_QUARANTINE : RECORD_STANZA, &record, reason);
}

// True when the line opens a stanza that has to be kept until it is complete.
static bool open_stanza(struct dialect *d, const struct prosody_parts *parts, enum peer peer,
			const struct line *line)
{
	struct pending *p = &d->pending;
	bool received = text_starts(parts->message, "RECV: ");
	if (!peer || (!received && !text_starts(parts->message, "SEND: ")))
		return false;
	struct text xml = {parts->message.p + 6, parts->message.n - 6};
	if (!begins_element(xml, "<message") && !begins_element(xml, "<iq") &&
	    !begins_element(xml, "<presence"))
		return false;
	struct buf source = p->source, kept = p->xml;
	source.len = kept.len = 0;
	*p = (struct pending){.open = true, .received = received, .peer = peer};
	p->offset = line->offset;
	p->length = line->length;
	p->cut = line->kind == LINE_CUT;
	p->source = source;
	p->xml = kept;
	buf_text(&p->source, parts->source);
	buf_text(&p->xml, xml);
	p->too_long = line->kind == LINE_LONG;
	return true;
}

static const char *kind_of(const struct prosody_parts *parts)
{
	struct text message = parts->message;
	if (!text_starts(message, "RECV: ") && !text_starts(message, "SEND: "))
		return "server event";
	return "stream element";
}

static void continue_record(struct dialect *d, const struct line *line)
{
	struct pending *p = &d->pending;
	if (!p->open)
		return; // of a line that is not kept, or of one that the file does not have
	p->length += line->length;
	p->cut = line->kind == LINE_CUT;
	if (p->too_long || line->kind == LINE_LONG || p->xml.len + line->text.n > RECORD_LIMIT) {
		p->too_long = true;
		if (p->xml.len > LINE_HEAD)
			p->xml.len = LINE_HEAD;
		return;
	}
	struct text text = prosody_continued(d->layout, line->text, &d->unescaped);
	buf_char(&p->xml, '\n');
	buf_add(&p->xml, text.p + 1, text.n - 1);
}

static void on_hole(struct dialect *d, const struct line *line)
{
	struct record record = {
		.at = d->clock.latest,
		.dir = DIR_ROUTE,
		.xml = TEXT_NONE,
		.offset = line->offset,
		.length = line->length > UINT32_MAX ? UINT32_MAX : (uint32_t)line->length,
	};
	give(d, RECORD_GAP, &record, "hole of NUL bytes");
}

// The logger says that it dropped lines (F50), or that it left out repetitions (F49).
static void on_notice(struct dialect *d, const struct line *line, int64_t lost)
{
	struct record record = {
		.at = d->clock.latest,
		.dir = DIR_ROUTE,
		.offset = line->offset,
		.length = line->length > UINT32_MAX ? UINT32_MAX : (uint32_t)line->length,
		.kind = RECORD_GAP,
		.reason = "lines dropped by the logger",
		.lost = lost,
	};
	d->sink.record(d->sink.self, &record);
}

static void on_parts(struct dialect *d, const struct prosody_parts *parts, const struct line *line)
{
	bool odd;
	usec_t stamp;
	bool bad = prosody_stamp(&d->clock, parts->stamp, &stamp, &odd) == STAMP_UNKNOWN;
	enum peer peer = peer_of(parts->source);
	if (open_stanza(d, parts, peer, line)) {
		d->pending.stamp = stamp;
		d->pending.odd = odd;
		d->pending.bad_stamp = bad;
		d->pending.fine = d->clock.fine;
		if (d->layout == PROSODY_SYSLOG) {
			d->pending.cut = true; // it has no other line: whole or cut
			flush(d);
		}
		return;
	}
	if (!d->clock.fine)
		(void)ordinals_next(&d->ordinals, stamp);
	if (peer == PEER_CLIENT)
		prosody_sessions_event(d->sessions, parts->source, parts->message);
	d->sink.ignored(d->sink.self, kind_of(parts));
}

static bool continues(const struct dialect *d, const struct line *line)
{
	return d->layout != PROSODY_SYSLOG && line->kind != LINE_HOLE && line->text.n &&
	       line->text.p[0] == '\t';
}

static void on_line(void *self, const struct line *line)
{
	struct dialect *d = self;
	struct prosody_parts parts;
	if (continues(d, line)) {
		continue_record(d, line);
		return;
	}
	flush(d);
	if (line->kind == LINE_REST) { // never taken for a line of its own (F120)
		d->sink.ignored(d->sink.self, "rest of a long line");
		return;
	}
	if (line->kind == LINE_HOLE) {
		on_hole(d, line);
		return;
	}
	if (!line->text.n)
		return;
	switch (prosody_split(d->layout, line->text, &d->unescaped, &parts)) {
	case PROSODY_LINE:
		on_parts(d, &parts, line);
		break;
	case PROSODY_LOST:
		on_notice(d, line, parts.lost);
		break;
	case PROSODY_NOISE:
		d->sink.ignored(d->sink.self, "noise");
	}
}

static struct dialect *open_as(enum prosody_layout layout, const struct dialect_options *options,
			       const struct dialect_sink *sink)
{
	struct dialect *d = xcalloc(1, sizeof *d);
	d->layout = layout;
	d->sink = *sink;
	d->rules = options->rules;
	d->clock = (struct prosody_clock){.zone = options->zone,
					  .year = options->year,
					  .modified = options->modified,
					  .latest = USEC_NONE};
	d->told = USEC_NONE;
	d->sessions = prosody_sessions_new(&d->sink);
	lines_init(&d->lines, RECORD_LIMIT, d, on_line);
	ordinals_init(&d->ordinals, USEC_PER_SEC);
	return d;
}

static void prosody_close(struct dialect *d)
{
	prosody_sessions_free(d->sessions);
	lines_free(&d->lines);
	buf_free(&d->unescaped);
	buf_free(&d->pending.source);
	buf_free(&d->pending.xml);
	free(d);
}

static void know_latest(struct dialect *d, usec_t at)
{
	if (at == USEC_NONE || (d->clock.latest != USEC_NONE && d->clock.latest >= at))
		return;
	d->clock.latest = d->told = at;
}

static void prosody_recall(struct dialect *d, struct text key, struct text value)
{
	char text[32];
	if (text_is(key, "clock")) {
		ordinals_load(&d->ordinals, value);
		know_latest(d, d->ordinals.latest);
	} else if (text_is(key, "latest")) {
		know_latest(d, ordinals_latest_of(value));
	} else if (text_is(key, "hole")) {
		lines_resume_hole(&d->lines, fact_number(value));
	} else if (text_is(key, "year") && value.n < sizeof text) {
		memcpy(text, value.p, value.n);
		text[value.n] = 0;
		(void)sscanf(text, "%d-%d-%d", &d->clock.year, &d->clock.month, &d->clock.day);
	} else {
		prosody_sessions_recall(d->sessions, key, value);
	}
}

// Ordinals know the newest stamp, but stamps with parts of a second have none (T6 needs it too).
static void save_latest(struct dialect *d, struct buf *text)
{
	if (!d->clock.fine || d->clock.latest == USEC_NONE || d->clock.latest == d->told)
		return;
	text->len = 0;
	buf_printf(text, "%lld", (long long)d->clock.latest);
	d->sink.remember(d->sink.self, TEXT("latest"), buf_view(text));
	d->told = d->clock.latest;
}

static void save(struct dialect *d)
{
	struct buf text = {0};
	fact_hole(&d->sink, lines_hole(&d->lines), &d->hole);
	fact_clock(&d->sink, &d->ordinals, NULL);
	if (d->clock.changed) {
		text.len = 0;
		buf_printf(&text, "%d-%d-%d", d->clock.year, d->clock.month, d->clock.day);
		d->sink.remember(d->sink.self, TEXT("year"), buf_view(&text));
		d->clock.changed = false;
	}
	save_latest(d, &text);
	buf_free(&text);
}

static void prosody_bytes(struct dialect *d, uint64_t offset, struct text data)
{
	lines_feed(&d->lines, offset, data);
	save(d);
}

static void prosody_end(struct dialect *d, bool final)
{
	if (final)
		lines_finish(&d->lines);
	// Live: a stanza whose root is closed needs no further line to be complete.
	if (final || markup_whole(buf_view(&d->pending.xml)))
		flush(d);
	save(d);
}

static uint64_t prosody_low_water(const struct dialect *d)
{
	return d->pending.open ? d->pending.offset : lines_low_water(&d->lines);
}

// The sinks differ in what they make of a line, and in nothing else.
#define SINK(layout, variable, its_name, its_title, no_times)                                      \
	static int score_##variable(struct text head, const char **why)                            \
	{                                                                                          \
		return prosody_score(layout, head, why);                                           \
	}                                                                                          \
	static struct dialect *open_##variable(const struct dialect_options *options,              \
					       const struct dialect_sink *sink)                    \
	{                                                                                          \
		return open_as(layout, options, sink);                                             \
	}                                                                                          \
	const struct dialect_type variable = {                                                     \
		.name = its_name,                                                                  \
		.title = its_title,                                                                \
		.precision = USEC_PER_SEC,                                                         \
		.timeless = no_times,                                                              \
		.flush_allowance = 2 * USEC_PER_SEC,                                               \
		.score = score_##variable,                                                         \
		.open = open_##variable,                                                           \
		.recall = prosody_recall,                                                          \
		.bytes = prosody_bytes,                                                            \
		.end = prosody_end,                                                                \
		.low_water = prosody_low_water,                                                    \
		.close = prosody_close,                                                            \
	}

SINK(PROSODY_FILE, prosody_dialect, "prosody", "Prosody log with mod_stanza_debug", false);
SINK(PROSODY_CONSOLE, prosody_console_dialect, "prosody-console",
     "Prosody's console with mod_stanza_debug", true);
SINK(PROSODY_SYSLOG, prosody_syslog_dialect, "prosody-syslog",
     "Prosody with mod_stanza_debug in a syslog", false);
