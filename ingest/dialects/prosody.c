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

enum { RECORD_LIMIT = 1 << 20, SCORE_LINES = 2000 };

enum peer { PEER_NONE, PEER_CLIENT, PEER_SERVER, PEER_COMPONENT };

struct parts { // of a line
	struct text stamp, source, level, message;
};

struct pending { // a stanza whose end has not been seen
	bool open, received, odd, cut, bad_stamp, too_long;
	enum peer peer;
	usec_t stamp;
	uint64_t offset, length;
	struct buf source, xml;
};

struct dialect {
	const struct realm_settings *rules; // private acknowledgements on iq
	struct dialect_sink sink;
	struct lines lines;
	struct prosody_clock clock;
	struct prosody_sessions *sessions;
	struct ordinals ordinals;
	struct pending pending;
	bool hole; // one is remembered
};

static bool is_level(struct text text)
{
	return text_is(text, "debug") || text_is(text, "info") || text_is(text, "warn") ||
	       text_is(text, "error");
}

static bool split(struct text line, struct parts *parts)
{
	const char *first = line.n ? memchr(line.p, '\t', line.n) : NULL;
	if (!first)
		return false;
	struct text rest = {first + 1, (size_t)(line.p + line.n - first) - 1};
	const char *second = memchr(rest.p, '\t', rest.n);
	if (!second)
		return false;
	parts->level = (struct text){rest.p, (size_t)(second - rest.p)};
	parts->message = (struct text){second + 1, (size_t)(rest.p + rest.n - second) - 1};
	struct text head = {line.p, (size_t)(first - line.p)};
	const char *blank = head.n ? memrchr(head.p, ' ', head.n) : NULL;
	size_t stamp = blank ? (size_t)(blank - head.p) : 0;
	parts->stamp = (struct text){head.p, stamp};
	parts->source = blank ? (struct text){blank + 1, head.n - stamp - 1} : head;
	return parts->source.n && is_level(parts->level);
}

static enum peer peer_of(struct text source)
{
	static const struct {
		const char *begins;
		enum peer peer;
	} table[] = {{"c2s", PEER_CLIENT},
		     {"bosh", PEER_CLIENT},
		     {"s2sin", PEER_SERVER},
		     {"s2sout", PEER_SERVER},
		     {"jcp", PEER_COMPONENT}};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		size_t n = strlen(table[i].begins);
		if (text_starts(source, table[i].begins) && source.n > n &&
		    !memchr(source.p, ':', source.n) && !memchr(source.p, '.', source.n))
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

static const char *what_is_wrong(const struct pending *p, const struct record *record)
{
	if (p->too_long)
		return "stanza longer than the limit";
	if (p->bad_stamp)
		return "stamp not understood";
	if (p->cut && !markup_whole(record->xml))
		return "unterminated at end of file";
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
		.at = ordinals_next(&d->ordinals, p->stamp),
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
	const char *reason = what_is_wrong(p, &record);
	if (reason && !wanted) {
		ignore(d, record.xml);
		return;
	}
	give(d, reason ? RECORD_QUARANTINE : RECORD_STANZA, &record, reason);
}

// True when the line opens a stanza that has to be kept until it is complete.
static bool open_stanza(struct dialect *d, const struct parts *parts, const struct line *line)
{
	struct pending *p = &d->pending;
	enum peer peer = peer_of(parts->source);
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

static const char *kind_of(const struct parts *parts)
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
	buf_char(&p->xml, '\n');
	buf_add(&p->xml, line->text.p + 1, line->text.n - 1);
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

static void on_line(void *self, const struct line *line)
{
	struct dialect *d = self;
	struct parts parts;
	if (line->kind != LINE_HOLE && line->text.n && line->text.p[0] == '\t') {
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
	if (!split(line->text, &parts)) {
		d->sink.ignored(d->sink.self, "noise");
		return;
	}
	bool odd;
	usec_t stamp;
	bool bad = prosody_stamp(&d->clock, parts.stamp, &stamp, &odd) == STAMP_UNKNOWN;
	if (open_stanza(d, &parts, line)) {
		d->pending.stamp = stamp;
		d->pending.odd = odd;
		d->pending.bad_stamp = bad;
		return;
	}
	(void)ordinals_next(&d->ordinals, stamp);
	if (peer_of(parts.source) == PEER_CLIENT)
		prosody_sessions_event(d->sessions, parts.source, parts.message);
	d->sink.ignored(d->sink.self, kind_of(&parts));
}

static struct dialect *prosody_open(const struct dialect_options *options,
				    const struct dialect_sink *sink)
{
	struct dialect *d = xcalloc(1, sizeof *d);
	d->sink = *sink;
	d->rules = options->rules;
	d->clock = (struct prosody_clock){.zone = options->zone,
					  .year = options->year,
					  .modified = options->modified,
					  .latest = USEC_NONE};
	d->sessions = prosody_sessions_new(&d->sink);
	lines_init(&d->lines, RECORD_LIMIT, d, on_line);
	ordinals_init(&d->ordinals, USEC_PER_SEC);
	return d;
}

static void prosody_close(struct dialect *d)
{
	prosody_sessions_free(d->sessions);
	lines_free(&d->lines);
	buf_free(&d->pending.source);
	buf_free(&d->pending.xml);
	free(d);
}

static void prosody_recall(struct dialect *d, struct text key, struct text value)
{
	char text[32];
	if (text_is(key, "clock")) {
		ordinals_load(&d->ordinals, value);
		d->clock.latest = d->ordinals.latest;
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

static void save(struct dialect *d)
{
	struct buf text = {0};
	fact_hole(&d->sink, lines_hole(&d->lines), &d->hole);
	if (d->ordinals.changed) {
		ordinals_save(&d->ordinals, &text);
		d->sink.remember(d->sink.self, TEXT("clock"), buf_view(&text));
	}
	if (d->clock.changed) {
		text.len = 0;
		buf_printf(&text, "%d-%d-%d", d->clock.year, d->clock.month, d->clock.day);
		d->sink.remember(d->sink.self, TEXT("year"), buf_view(&text));
		d->clock.changed = false;
	}
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

struct tally {
	int lines, ours, stanzas, plain, debug, console;
};

static void tally_line(struct tally *tally, struct text line)
{
	struct parts parts;
	if (!line.n || line.p[0] == '\t')
		return;
	tally->lines++;
	if (!split(line, &parts)) {
		const char *tab = memchr(line.p, '\t', line.n);
		struct text head = {line.p, tab ? (size_t)(tab - line.p) : 0};
		const char *blank = head.n ? memrchr(head.p, ' ', head.n) : NULL;
		tally->console +=
			blank &&
			is_level((struct text){blank + 1, (size_t)(head.p + head.n - blank) - 1});
		return;
	}
	tally->ours++;
	tally->debug += text_is(parts.level, "debug");
	tally->plain += text_starts(parts.message, "Received[");
	tally->stanzas +=
		text_starts(parts.message, "RECV: <") || text_starts(parts.message, "SEND: <");
}

static int judge(const struct tally *tally, const char **why)
{
	if (tally->console > tally->lines / 2) {
		*why = "Prosody console output, which has no times: not read; log to a file instead";
		return 40;
	}
	if (!tally->lines || tally->ours * 10 < tally->lines * 8) {
		*why = "no Prosody log: lines are not \"[stamp ]source TAB level TAB message\"";
		return 0;
	}
	if (tally->stanzas) {
		*why = "Prosody log with the stanzas of mod_stanza_debug";
		return 97;
	}
	if (tally->plain) {
		*why = "Prosody debug log without stanza_debug: no stanzas here, "
		       "enable mod_stanza_debug";
		return 45;
	}
	*why = tally->debug ? "Prosody debug log, no stanza in its beginning: "
			      "mod_stanza_debug has to be enabled"
			    : "Prosody log without level debug: no stanzas here, "
			      "enable mod_stanza_debug and level debug";
	return tally->debug ? 60 : 45;
}

static int prosody_score(struct text head, const char **why)
{
	struct tally tally = {0};
	for (int i = 0; i < SCORE_LINES && head.n; i++) {
		const char *end = memchr(head.p, '\n', head.n);
		struct text line = {head.p, end ? (size_t)(end - head.p) : head.n};
		if (end || !i)
			tally_line(&tally, line);
		size_t used = line.n + (end ? 1 : 0);
		head = (struct text){head.p + used, head.n - used};
	}
	return judge(&tally, why);
}

const struct dialect_type prosody_dialect = {
	.name = "prosody",
	.title = "Prosody log with mod_stanza_debug",
	.precision = USEC_PER_SEC,
	.flush_allowance = 2 * USEC_PER_SEC,
	.score = prosody_score,
	.open = prosody_open,
	.recall = prosody_recall,
	.bytes = prosody_bytes,
	.end = prosody_end,
	.low_water = prosody_low_water,
	.close = prosody_close,
};
