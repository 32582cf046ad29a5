// SPDX-License-Identifier: Apache-2.0
// The trace that the chat-logs plugin for Openfire prints at every call of its interceptor:
//     ################### start ###################1795345071333
//     id:<stream>, address: <JID of the session>
//     info: [ packetID: ..., to: ..., from: ..., incoming: true, processed: false ]
//     xml: <stanza>
//     ################### end #####################1795345071333
//     <kind of message>：<the stanza again>
// Of the calls before and after processing the first counts. Bodies keep their newlines, so a stanza
// ends where its XML does, and what looks like another call inside of it is its text (F120).
#include "ingest/dialects/openfire_debugger.h"
#include "ingest/dialects/fact.h"
#include "ingest/dialects/table.h"
#include "ingest/lines.h"

#include <stdlib.h>

#define START "################### start ###################"
#define END "################### end #####################"
#define COLON "\xef\xbc\x9a"

enum { LINE_LIMIT = 2 << 20, STEP = 1000, SCORE_LINES = 200 };

enum state { BETWEEN, WANT_ID, WANT_INFO, IN_INFO, WANT_XML, IN_XML, WANT_END, IN_REPEAT };

struct dialect {
	const struct realm_settings *rules;
	struct dialect_sink sink;
	struct lines lines;
	struct ordinals ordinals, before; // before: the call
	enum state state;
	uint64_t offset, length; // of the call, or of the repeat
	uint32_t index;
	usec_t at;
	struct buf stream, address, xml;
	bool incoming, processed, odd_id;
	struct debug_half half;
	bool hole;
};

static void ignore(struct dialect *d, const char *kind)
{
	d->sink.ignored(d->sink.self, kind);
}

static void give(struct dialect *d, enum record_kind kind, struct record record, const char *reason)
{
	record.kind = kind;
	record.reason = reason;
	record.at = d->at;
	record.offset = d->offset;
	record.index = d->index++;
	record.length = d->length > UINT32_MAX ? UINT32_MAX : (uint32_t)d->length;
	record.lost = -1;
	d->sink.record(d->sink.self, &record);
}

static void reset(struct dialect *d)
{
	d->state = BETWEEN;
	debug_half_drop(&d->half);
}

static void fail(struct dialect *d, const char *reason)
{
	reset(d);
	give(d, RECORD_QUARANTINE, (struct record){.dir = DIR_ROUTE}, reason);
}

// --- the lines of a call ---

static bool number(struct text text, usec_t *millis)
{
	*millis = 0;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9' || i == 15)
			return false;
		*millis = *millis * 10 + (text.p[i] - '0');
	}
	return text.n > 0;
}

static bool begins(struct text line, const char *what, struct text *rest)
{
	size_t n = strlen(what);
	if (!text_starts(line, what))
		return false;
	*rest = (struct text){line.p + n, line.n - n};
	return true;
}

static bool is_start(struct text line, usec_t *millis)
{
	struct text rest;
	return begins(line, START, &rest) && number(rest, millis);
}

static void set(struct buf *buf, struct text text)
{
	buf->len = 0;
	buf_text(buf, text);
}

static bool on_id(struct dialect *d, struct text line)
{
	static const char middle[] = ", address: ";
	struct text rest;
	const char *found = begins(line, "id:", &rest) && rest.n
				    ? memmem(rest.p, rest.n, middle, sizeof middle - 1)
				    : NULL;
	if (!found)
		return false;
	const char *address = found + sizeof middle - 1;
	set(&d->stream, (struct text){rest.p, (size_t)(found - rest.p)});
	set(&d->address, (struct text){address, (size_t)(rest.p + rest.n - address)});
	d->state = WANT_INFO;
	return true;
}

// Flags stand at the end, behind what a client chose.
static bool take_flags(struct dialect *d, struct text line)
{
	static const char *const ends[] = {
		", incoming: false, processed: false ]", ", incoming: false, processed: true ]",
		", incoming: true, processed: false ]", ", incoming: true, processed: true ]"};
	for (unsigned i = 0; i < sizeof ends / sizeof *ends; i++) {
		size_t n = strlen(ends[i]);
		if (line.n < n || memcmp(line.p + line.n - n, ends[i], n) != 0)
			continue;
		d->incoming = i >= 2;
		d->processed = i % 2;
		return true;
	}
	return false;
}

static bool on_info(struct dialect *d, struct text line)
{
	if (d->state == WANT_INFO && !text_starts(line, "info: [ packetID: "))
		return false;
	bool done = take_flags(d, line);
	d->odd_id |= !done; // an id with a line feed: where it ends cannot be told for sure
	d->state = done ? WANT_XML : IN_INFO;
	return true;
}

// The stanza is complete, or goes on in the next line, or is none.
static bool on_xml_part(struct dialect *d, struct text part)
{
	struct text element;
	debug_half_add(&d->half, d->offset, part);
	switch (debug_half_next(&d->half, &element)) {
	case DEBUG_MORE:
		return debug_half_rest(&d->half).n > 0;
	case DEBUG_STANZA:
		set(&d->xml, element);
		debug_half_drop(&d->half);
		d->state = d->state == IN_REPEAT ? BETWEEN : WANT_END;
		return true;
	default:
		return false;
	}
}

static bool on_xml(struct dialect *d, struct text line)
{
	struct text rest;
	if (!begins(line, "xml: ", &rest))
		return false;
	d->state = IN_XML;
	return on_xml_part(d, rest);
}

static bool on_xml_line(struct dialect *d, struct text line)
{
	debug_half_add(&d->half, d->offset, TEXT("\n"));
	return on_xml_part(d, line);
}

// --- a whole call ---

// XEP-0198: routed again by the server after the session died, not read from the client.
static bool is_routed_again(struct text xml, struct text session)
{
	struct markup markup = {0};
	enum markup_step step;
	do {
		step = markup_next(&markup, xml);
		struct text tag = markup_tag(&markup, xml);
		uint32_t level = markup.depth - (step == MARKUP_OPEN ? 1 : 0);
		if ((step == MARKUP_OPEN || step == MARKUP_EMPTY) && level == 1 &&
		    text_is(tag_name(tag), "delay") &&
		    text_is(tag_attr(tag, "xmlns"), "urn:xmpp:delay") &&
		    text_same(tag_attr(tag, "from"), jid_domain_of(session)))
			return true;
	} while (step != MARKUP_MORE && step != MARKUP_BAD && markup.depth > 0);
	return false;
}

static enum direction direction_of(const struct dialect *d, struct text from)
{
	struct text address = buf_view(&d->address);
	bool is_user = memchr(address.p, '@', address.n) != NULL;
	if (!is_user) // a component, a server, or nobody
		return DIR_ROUTE;
	if (!d->incoming)
		return jid_is_full(address) ? DIR_OUT : DIR_ROUTE;
	bool own = text_same(from, address) && !is_routed_again(buf_view(&d->xml), address);
	return own ? DIR_IN : DIR_ROUTE;
}

static void emit(struct dialect *d)
{
	struct text xml = buf_view(&d->xml);
	struct arena *arena = arena_new();
	struct record record = {.session_key = buf_view(&d->stream), .xml = xml};
	record.dir = direction_of(d, tag_value(arena, markup_first(xml), "from"));
	if (record.dir != DIR_ROUTE)
		record.session = buf_view(&d->address);
	bool message = text_is(tag_name(markup_first(xml)), "message");
	if (d->processed)
		ignore(d, "call after processing");
	else if (d->odd_id && message)
		give(d, RECORD_QUARANTINE, record, "id with a line feed");
	else if (d->odd_id || !debug_is_wanted(d->rules, xml))
		ignore(d, text_is(tag_name(markup_first(xml)), "presence") ? "presence" : "iq");
	else
		give(d, RECORD_STANZA, record, NULL);
	arena_free(arena);
}

static bool on_end(struct dialect *d, struct text line)
{
	struct text rest;
	usec_t millis;
	if (!begins(line, END, &rest) || !number(rest, &millis))
		return false;
	emit(d);
	reset(d);
	return true;
}

static void begin(struct dialect *d, const struct line *line, usec_t millis)
{
	d->state = WANT_ID;
	d->offset = line->offset;
	d->length = line->length;
	d->index = 0;
	d->odd_id = false;
	d->before = d->ordinals;
	d->at = ordinals_next(&d->ordinals, millis * 1000);
	debug_half_drop(&d->half);
}

// "单人聊天信息：<message ...>" repeats the stanza.
static bool on_repeat(struct dialect *d, const struct line *line, struct text text)
{
	static const char mark[] = COLON "<";
	const char *found = text.n ? memmem(text.p, text.n < 64 ? text.n : 64, mark, 4) : NULL;
	if (!found)
		return false;
	d->state = IN_REPEAT;
	d->offset = line->offset;
	d->length = 0;
	d->index = 0;
	found += sizeof COLON - 1;
	if (!on_xml_part(d, (struct text){found, (size_t)(text.p + text.n - found)}))
		reset(d);
	ignore(d, "repeat of a stanza");
	return true;
}

static void between(struct dialect *d, const struct line *line, struct text text)
{
	usec_t millis;
	if (is_start(text, &millis))
		begin(d, line, millis);
	else if (!on_repeat(d, line, text) && text.n)
		ignore(d, "noise");
}

static void in_call(struct dialect *d, const struct line *line, struct text text)
{
	static bool (*const steps[])(struct dialect *, struct text) = {
		[WANT_ID] = on_id,        [WANT_INFO] = on_info,  [IN_INFO] = on_info,
		[WANT_XML] = on_xml,      [IN_XML] = on_xml_line, [WANT_END] = on_end,
		[IN_REPEAT] = on_xml_line};
	d->length += line->length;
	if (steps[d->state](d, text))
		return;
	bool repeat = d->state == IN_REPEAT;
	if (repeat)
		reset(d);
	else
		fail(d, "call not finished");
	between(d, line, text); // another call may begin here
}

static void on_hole(struct dialect *d, const struct line *line)
{
	bool hole = line->kind == LINE_HOLE;
	if (d->state != BETWEEN && d->state != IN_REPEAT)
		fail(d, "call not finished");
	reset(d);
	d->at = d->ordinals.latest; // which a restart knows
	d->offset = line->offset;
	d->length = line->length;
	d->index = 0;
	give(d, hole ? RECORD_GAP : RECORD_QUARANTINE, (struct record){.dir = DIR_ROUTE},
	     hole ? "hole of NUL bytes" : "line longer than the limit");
}

static void on_line(void *self, const struct line *line)
{
	struct dialect *d = self;
	bool inside = d->state == IN_XML || d->state == IN_REPEAT;
	struct text text = inside ? line->text : debug_message(line->text);
	if (line->kind == LINE_REST)
		ignore(d, "rest of a long line");
	else if (line->kind == LINE_HOLE || line->kind == LINE_LONG)
		on_hole(d, line);
	else if (d->state == BETWEEN)
		between(d, line, text);
	else
		in_call(d, line, text);
}

// --- struct dialect_type ---

static struct dialect *chatlogs_open(const struct dialect_options *options,
				     const struct dialect_sink *sink)
{
	struct dialect *d = xcalloc(1, sizeof *d);
	d->sink = *sink;
	d->rules = options->rules;
	d->at = USEC_NONE;
	lines_init(&d->lines, LINE_LIMIT, d, on_line);
	ordinals_init(&d->ordinals, STEP);
	return d;
}

static void chatlogs_close(struct dialect *d)
{
	struct buf *const all[] = {&d->stream, &d->address, &d->xml};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		buf_free(all[i]);
	debug_half_free(&d->half);
	lines_free(&d->lines);
	free(d);
}

static void chatlogs_recall(struct dialect *d, struct text key, struct text value)
{
	if (text_is(key, "clock"))
		ordinals_load(&d->ordinals, value);
	else if (text_is(key, "hole"))
		lines_resume_hole(&d->lines, fact_number(value));
}

static uint64_t chatlogs_low_water(const struct dialect *d)
{
	return d->state == BETWEEN ? lines_low_water(&d->lines) : d->offset;
}

static void save(struct dialect *d)
{
	bool inside = d->state != BETWEEN && d->state != IN_REPEAT;
	fact_hole(&d->sink, lines_hole(&d->lines), &d->hole);
	fact_clock(&d->sink, &d->ordinals, inside ? &d->before : NULL);
}

static void chatlogs_bytes(struct dialect *d, uint64_t offset, struct text data)
{
	lines_feed(&d->lines, offset, data);
	save(d);
}

static void chatlogs_end(struct dialect *d, bool final)
{
	if (final)
		lines_finish(&d->lines);
	if (final && d->state != BETWEEN && d->state != IN_REPEAT)
		fail(d, "unterminated at end of file");
	if (final)
		reset(d);
	save(d);
}

static int chatlogs_score(struct text head, const char **why)
{
	int starts = 0;
	for (int i = 0; i < SCORE_LINES && head.n; i++) {
		usec_t millis;
		const char *end = memchr(head.p, '\n', head.n);
		struct text line = {head.p, end ? (size_t)(end - head.p) : head.n};
		size_t used = line.n + (end ? 1 : 0);
		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		starts += is_start(debug_message(line), &millis);
		head = (struct text){head.p + used, head.n - used};
	}
	*why = starts ? "calls of the chat-logs plugin's interceptor"
		      : "no call of the chat-logs plugin's interceptor";
	return starts ? 96 : 0;
}

const struct dialect_type openfire_chatlogs_dialect = {
	.name = "openfire-chatlogs",
	.title = "trace of the chat-logs plugin for Openfire",
	.precision = STEP,
	.flush_allowance = 2 * USEC_PER_SEC,
	.score = chatlogs_score,
	.open = chatlogs_open,
	.recall = chatlogs_recall,
	.bytes = chatlogs_bytes,
	.end = chatlogs_end,
	.low_water = chatlogs_low_water,
	.close = chatlogs_close,
};
