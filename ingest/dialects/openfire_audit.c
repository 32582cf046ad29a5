// SPDX-License-Identifier: Apache-2.0
// Openfire's message audit log (formats: Openfire 1). Message stanzas come out; iq and presence are
// read to learn whose stream is whose.
//
// An entry of a stream that is not known yet is held back, and with it all that follow, because
// positions must come in order: at most HELD_LIMIT packets or HELD_TIME of log time. Clock ordinals
// (T1b) are given when a packet leaves, so that a restart from low water counts the same again.
#include "ingest/dialects/openfire_audit.h"
#include "core/mix.h"
#include "ingest/dialects/fact.h"
#include "ingest/dialects/table.h"
#include "ingest/ordinal.h"
#include "ingest/stanza.h"

#include <stdlib.h>

enum { HELD_LIMIT = 256, HELD_BYTES = 4 << 20, HELD_TIME = 2000000, PRECISION = 1000 };

struct item { // a packet on its way out
	struct audit_entry entry;
	struct text xml;    // absent: counted, not given out
	usec_t stamp, step; // step of its clock
	uint64_t offset;
	uint32_t length;
	bool odd;
	struct arena *arena; // of a held one: owns its texts
};

struct dialect {
	const struct realm_settings *rules; // private acknowledgements on iq
	struct dialect_sink sink;
	const struct zone *zone;
	struct audit_frame frame;
	struct audit_streams *streams;
	struct ordinals ordinals;
	struct arena *arena; // of the packet at hand
	struct item held[HELD_LIMIT];
	size_t first, count, held_bytes;
	usec_t newest;  // stamp since the start
	usec_t at_hand; // stamp of the packet at hand
	bool hole;      // a hole is remembered
	bool quiet;     // end() was called and nothing came since
};

static bool holds(struct text text, const char *what)
{
	return memmem(text.p, text.n, what, strlen(what)) != NULL;
}

// What lies below the stanza's root: <jid> of a bind result, "from" of a delay.
static void look_inside(struct arena *arena, struct text xml, struct audit_entry *entry)
{
	bool bind = entry->kind == AUDIT_IQ && text_is(entry->type, "result") &&
		    holds(xml, "urn:ietf:params:xml:ns:xmpp-bind");
	bool delay = entry->kind == AUDIT_MESSAGE && holds(xml, "urn:xmpp:delay");
	if (!bind && !delay)
		return;
	struct markup markup = {0};
	enum markup_step step;
	do {
		step = markup_next(&markup, xml);
		struct text tag = markup_tag(&markup, xml);
		uint32_t level = markup.depth - (step == MARKUP_OPEN ? 1 : 0);
		bool start = step == MARKUP_OPEN || step == MARKUP_EMPTY;
		if (delay && start && level == 1 && text_is(tag_name(tag), "delay") &&
		    text_is(tag_attr(tag, "xmlns"), "urn:xmpp:delay"))
			entry->delay_from = tag_value(arena, tag, "from");
		if (bind && step == MARKUP_OPEN && level == 2 && text_is(tag_name(tag), "jid")) {
			size_t start_of = markup.pos;
			const char *end = memchr(xml.p + start_of, '<', xml.n - start_of);
			if (end)
				entry->bound = (struct text){xml.p + start_of,
							     (size_t)(end - xml.p) - start_of};
		}
	} while (step != MARKUP_MORE && step != MARKUP_BAD && markup.depth > 0);
}

static void read_stanza(struct dialect *d, struct text xml, struct audit_entry *entry)
{
	static const struct {
		const char *name;
		int kind;
	} kinds[] = {{"message", AUDIT_MESSAGE}, {"iq", AUDIT_IQ}, {"presence", AUDIT_PRESENCE}};
	struct text tag = markup_first(xml);
	entry->kind = AUDIT_OTHER;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (tag.p && text_is(tag_name(tag), kinds[i].name))
			entry->kind = (unsigned)kinds[i].kind;
	if (entry->kind == AUDIT_OTHER)
		return;
	struct text *values[] = {&entry->from, &entry->to, &entry->type};
	tag_values(d->arena, tag, (const char *const[]){"from", "to", "type"}, values, 3);
	look_inside(d->arena, xml, entry);
	if (entry->kind == AUDIT_MESSAGE)
		entry->hash = mix_text(0, xml);
}

// iq and presence that PAIRING has a use for: K18, K19, what operators declare, and rooms that the
// realm does not know yet.
static bool is_useful(const struct dialect *d, const struct audit_entry *entry, struct text xml)
{
	if (entry->kind == AUDIT_MESSAGE || stanza_maybe_known(xml))
		return true;
	if (entry->kind != AUDIT_IQ)
		return false;
	return stanza_maybe_private(d->rules, xml) || holds(xml, "urn:xmpp:mds:displayed:0") ||
	       (holds(xml, "category=\"conference\"") &&
		holds(xml, "http://jabber.org/protocol/disco#info"));
}

static void emit(struct dialect *d, const struct item *item, enum direction dir,
		 struct text session, usec_t at)
{
	struct record record = {
		.kind = at == USEC_NONE ? RECORD_QUARANTINE : RECORD_STANZA,
		.at = at,
		.at_odd = item->odd,
		.dir = dir,
		.session = session,
		.session_key = item->entry.stream,
		.xml = item->xml,
		.offset = item->offset,
		.length = item->length,
		.reason = at == USEC_NONE ? "stamp not understood" : NULL,
		.lost = -1,
	};
	d->sink.record(d->sink.self, &record);
}

// False: the direction may still be learnt.
static bool try_out(struct dialect *d, const struct item *item, bool last)
{
	enum direction dir = DIR_ROUTE;
	struct text session = TEXT_NONE;
	// Of presence only its sender counts: no message waits behind it for its direction.
	last = last || item->entry.kind == AUDIT_PRESENCE;
	if (item->xml.p && !audit_streams_judge(d->streams, &item->entry, last, &dir, &session))
		return false;
	d->ordinals.step = item->step;
	usec_t at = ordinals_next(&d->ordinals, item->stamp);
	if (item->xml.p)
		emit(d, item, dir, session, at);
	return true;
}

static void pop(struct dialect *d)
{
	struct item *item = &d->held[d->first];
	d->held_bytes -= item->length;
	arena_free(item->arena);
	*item = (struct item){0};
	d->first = (d->first + 1) % HELD_LIMIT;
	d->count--;
}

static usec_t later_of(usec_t a, usec_t b) // either may be missing
{
	return a == USEC_NONE || (b != USEC_NONE && b > a) ? b : a;
}

// Of all stamps up to now, those before a restart too.
static usec_t newest_known(const struct dialect *d)
{
	return later_of(d->newest, d->ordinals.latest);
}

// Judged by what a restart from low water reads again, and by nothing before it.
static bool is_late(const struct dialect *d, const struct item *item)
{
	usec_t newest = d->at_hand;
	for (size_t i = 0; i < d->count; i++)
		newest = later_of(newest, d->held[(d->first + i) % HELD_LIMIT].stamp);
	return item->stamp == USEC_NONE || newest - item->stamp > HELD_TIME ||
	       d->count == HELD_LIMIT || d->held_bytes > HELD_BYTES;
}

static void drain(struct dialect *d, bool last)
{
	while (d->count) {
		struct item item = d->held[d->first];
		bool late = is_late(d, &item);
		if (!try_out(d, &item, last || late))
			return;
		pop(d);
	}
}

static void hold(struct dialect *d, const struct item *item)
{
	struct item *slot = &d->held[(d->first + d->count) % HELD_LIMIT];
	*slot = *item;
	slot->arena = NULL;
	if (item->xml.p) {
		struct arena *arena = slot->arena = arena_new();
		struct audit_entry *e = &slot->entry;
		struct text *texts[] = {&slot->xml, &e->stream, &e->status, &e->from,
					&e->to,     &e->type,   &e->bound,  &e->delay_from};
		for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
			*texts[i] = arena_text(arena, *texts[i]);
	}
	d->held_bytes += item->length;
	d->count++;
}

static usec_t time_of(struct dialect *d, struct text stamp, struct item *item)
{
	struct audit_time time;
	if (!audit_stamp(stamp, &time))
		return USEC_NONE;
	usec_t newest = newest_known(d);
	usec_t not_before = newest == USEC_NONE ? USEC_NONE : newest - ORDINAL_SLACK;
	usec_t at = time.has_offset ? civil_to_utc(&time.civil) - time.offset * USEC_PER_SEC
				    : zone_to_utc(d->zone, &time.civil, not_before, &item->odd);
	item->step = time.step;
	if (d->newest == USEC_NONE || at > d->newest)
		d->newest = at;
	return at;
}

static void on_packet(void *self, uint64_t offset, struct text packet)
{
	struct dialect *d = self;
	arena_reset(d->arena);
	struct text tag = markup_first(packet), stamp;
	struct item item = {.offset = offset, .length = (uint32_t)packet.n};
	struct text *values[] = {&stamp, &item.entry.stream, &item.entry.status};
	tag_values(d->arena, tag, (const char *const[]){"timestamp", "streamID", "status"}, values,
		   3);
	item.entry.offset = offset;
	item.stamp = time_of(d, stamp, &item);
	d->at_hand = item.stamp;
	item.entry.at = item.stamp == USEC_NONE ? newest_known(d) : item.stamp;
	static const size_t footer = sizeof "</packet>" - 1;
	struct text xml = TEXT("");
	if (packet.n > tag.n + footer)
		xml = (struct text){packet.p + tag.n, packet.n - tag.n - footer};
	read_stanza(d, xml, &item.entry);
	static const char *const ignored[] = {NULL, "iq", "presence", "packet without stanza"};
	audit_streams_learn(d->streams, &item.entry);
	if (is_useful(d, &item.entry, xml))
		item.xml = xml;
	else
		d->sink.ignored(d->sink.self, ignored[item.entry.kind]);
	if (d->count)
		drain(d, false);
	if (d->count || !try_out(d, &item, false))
		hold(d, &item);
	if (d->count)
		drain(d, false);
}

static void on_lost(void *self, uint64_t offset, uint64_t length, struct text head,
		    const char *reason)
{
	struct dialect *d = self;
	drain(d, true);                         // what was before comes before
	if (head.n && holds(head, "<password")) // of an iq: registration, old log-in
		head = TEXT("");
	struct record record = {
		.kind = reason ? RECORD_QUARANTINE : RECORD_GAP,
		.at = newest_known(d),
		.dir = DIR_ROUTE,
		.xml = head,
		.offset = offset,
		.length = length > UINT32_MAX ? UINT32_MAX : (uint32_t)length,
		.reason = reason ? reason : "hole of NUL bytes",
		.lost = -1,
	};
	d->sink.record(d->sink.self, &record);
}

static struct dialect *audit_open(const struct dialect_options *options,
				  const struct dialect_sink *sink)
{
	struct dialect *d = xcalloc(1, sizeof *d);
	d->sink = *sink;
	d->zone = options->zone;
	d->rules = options->rules;
	d->frame.self = d;
	d->frame.packet = on_packet;
	d->frame.lost = on_lost;
	d->streams = audit_streams_new(&d->sink, options->rules ? &options->rules->hosts : NULL);
	d->arena = arena_new();
	d->newest = d->at_hand = USEC_NONE;
	ordinals_init(&d->ordinals, PRECISION);
	return d;
}

static void audit_close(struct dialect *d)
{
	while (d->count)
		pop(d);
	audit_frame_free(&d->frame);
	audit_streams_free(d->streams);
	arena_free(d->arena);
	free(d);
}

static void audit_recall(struct dialect *d, struct text key, struct text value)
{
	if (text_is(key, "clock"))
		ordinals_load(&d->ordinals, value);
	else if (text_is(key, "hole"))
		audit_frame_resume_hole(&d->frame, fact_number(value));
	else
		audit_streams_recall(d->streams, key, value);
}

static uint64_t audit_low_water(const struct dialect *d)
{
	return d->count ? d->held[d->first].offset : audit_frame_low_water(&d->frame);
}

static void save_clock(struct dialect *d)
{
	fact_hole(&d->sink, audit_frame_hole(&d->frame), &d->hole);
	audit_streams_save(d->streams, audit_low_water(d));
	if (!d->ordinals.changed)
		return;
	struct buf text = {0};
	ordinals_save(&d->ordinals, &text);
	d->sink.remember(d->sink.self, TEXT("clock"), buf_view(&text));
	buf_free(&text);
}

static void audit_bytes(struct dialect *d, uint64_t offset, struct text data)
{
	d->quiet = false;
	audit_frame_feed(&d->frame, offset, data);
	save_clock(d);
}

static void audit_end(struct dialect *d, bool final)
{
	if (final)
		audit_frame_finish(&d->frame);
	// A live file that stays as it is: what is held back has waited long enough.
	if (final || d->quiet)
		drain(d, true);
	d->quiet = true;
	save_clock(d);
}

static int audit_score(struct text head, const char **why)
{
	if (text_starts(head, "\xef\xbb\xbf"))
		head = (struct text){head.p + 3, head.n - 3};
	if (text_starts(head, AUDIT_HEADER AUDIT_PACKET)) {
		*why = "begins with the header and first packet of an Openfire audit log";
		return 99;
	}
	if (text_starts(head, AUDIT_HEADER)) {
		*why = "begins with the header of an Openfire audit log, but holds no packet yet";
		return 90;
	}
	if (holds(head, AUDIT_PACKET)) {
		*why = "holds packets of an Openfire audit log, but does not begin with its header";
		return 80;
	}
	*why = "no Openfire audit log: no <jive> header and no <packet> of its namespace";
	return 0;
}

const struct dialect_type openfire_audit_dialect = {
	.name = "openfire-audit",
	.title = "Openfire message audit log",
	.precision = PRECISION,
	.flush_allowance = 120 * USEC_PER_SEC,
	.score = audit_score,
	.open = audit_open,
	.recall = audit_recall,
	.bytes = audit_bytes,
	.end = audit_end,
	.low_water = audit_low_water,
	.close = audit_close,
};
