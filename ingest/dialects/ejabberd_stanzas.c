// SPDX-License-Identifier: Apache-2.0
// Lines of ejabberd's log -> records: reads and writes of sockets, and what other lines say about connections
// and about lines that are missing.
#include "ingest/dialects/ejabberd_internal.h"
#include "ingest/dialects/fact.h"
#include "ingest/markup.h"
#include "ingest/stanza.h"

enum { SILENCE = 5000 };

static bool holds(struct text text, const char *what)
{
	return text.n && memmem(text.p, text.n, what, strlen(what)) != NULL;
}

// --- out ---

static void give(struct dialect *d, struct record *record)
{
	record->index = d->given && d->offset == record->offset ? d->index + 1 : 0;
	d->given = true;
	d->offset = record->offset;
	d->index = record->index;
	d->sink.record(d->sink.self, record);
}

// What is of use but for facts about devices and accounts.
static bool is_wanted(const struct dialect *d, struct text name, struct text xml)
{
	if (text_is(name, "presence"))
		return false;
	return text_is(name, "message") || stanza_maybe_private(d->rules, xml) ||
	       holds(xml, "urn:xmpp:mds:displayed:0") ||
	       (holds(xml, "http://jabber.org/protocol/disco#info") &&
		(holds(xml, "category='conference'") || holds(xml, "category=\"conference\"")));
}

static const char *what_is_wrong(const struct record *record, bool has_from)
{
	if (record->at == USEC_NONE)
		return "stamp not understood";
	// A claimed "from" is never believed, and E2 would believe it where the session is unknown.
	if (record->dir == DIR_IN && !record->session.p && has_from)
		return "sender not known";
	return NULL;
}

static void on_stanza(struct dialect *d, struct record *record, bool received)
{
	ejabberd_count_one(d->sessions, record->session_key, received);
	struct text tag = markup_first(record->xml), name = tag_name(tag);
	bool has_from = tag_attr(tag, "from").p != NULL;
	if (!received)
		ejabberd_sessions_sent(d->sessions, record->session_key, record->xml);
	bool wanted = is_wanted(d, name, record->xml);
	struct ejabberd_peer peer = ejabberd_sessions_find(d->sessions, record->session_key);
	record->dir = ejabberd_direction(&peer, received, has_from);
	if (peer.kind == PEER_CLIENT && record->dir != DIR_ROUTE)
		record->session = peer.jid;
	record->reason = what_is_wrong(record, has_from);
	if (!wanted && (record->reason || !stanza_maybe_known(record->xml))) {
		d->sink.ignored(d->sink.self, text_is(name, "iq") ? "iq" : "presence");
		return;
	}
	if (record->reason)
		record->kind = RECORD_QUARANTINE;
	give(d, record);
}

void ejabberd_on_record(void *self, const struct record *record)
{
	struct dialect *d = self;
	struct record out = *record;
	if (record->kind == RECORD_STANZA)
		on_stanza(d, &out, record->dir == DIR_IN);
	else
		give(d, &out);
}

static void give_gap(struct dialect *d, const struct record *at, usec_t since, usec_t until,
		     int64_t lost, const char *cause)
{
	struct record record = *at;
	record.kind = RECORD_GAP;
	record.xml = TEXT_NONE;
	record.since = since;
	record.at = until;
	record.lost = lost;
	record.reason = cause;
	give(d, &record);
}

// --- records ---

// Time of a record; every record has its turn, in the order of the log (T1b).
static usec_t time_of(struct dialect *d, struct text stamp, bool *odd)
{
	usec_t at = ejabberd_stamp(&d->clock, stamp, odd);
	if (d->coarse)
		at = ordinals_next(&d->now.ordinals, at);
	if (at == USEC_NONE)
		return at;
	if (d->now.newest != USEC_NONE && at - d->now.newest >= SILENCE)
		d->now.before_silence = d->now.newest;
	d->tick = d->now.newest == USEC_NONE || at / USEC_PER_SEC > d->now.newest / USEC_PER_SEC;
	if (d->now.newest == USEC_NONE || at > d->now.newest)
		d->now.newest = at;
	return at;
}

// By the log's own times and offsets, so that a restart cuts the same.
static void tick(struct dialect *d, const struct record *record)
{
	if (d->tick || record->offset >> 20 != (record->offset + record->length) >> 20)
		reassembly_tick(d->reassembly, record);
	d->tick = false;
}

static void close_gap(struct dialect *d, const struct record *at)
{
	struct ejabberd_gap *gap = &d->gap;
	if (!ejabberd_gap_is_over(gap, at->at))
		return;
	int64_t lost = gap->lost;
	gap->lost = 0;
	gap->changed = true;
	give_gap(d, at, gap->from, gap->to, lost, "the server's logger dropped lines");
}

// Where lines are dropped, a half stanza that waited through a silence of the log may be continued by
// the end of another one.
static void mistrust(struct dialect *d, const struct record *read)
{
	usec_t waiting = reassembly_waiting(d->reassembly, read->session_key);
	if (waiting != USEC_NONE && d->gap.lossy != USEC_NONE && read->at != USEC_NONE &&
	    read->at > d->gap.lossy && d->now.before_silence != USEC_NONE &&
	    waiting <= d->now.before_silence)
		reassembly_hole(d->reassembly, read, "lines may be missing inside a stanza");
}

static void check_count(struct dialect *d, const struct record *at, bool received, uint64_t total)
{
	usec_t since = 0;
	uint64_t lost =
		ejabberd_count_check(d->sessions, at->session_key, received, total, at->at, &since);
	if (lost)
		give_gap(d, at, since, at->at, (int64_t)lost,
			 "stanzas that the server has counted are not in the log");
	if (lost)
		ejabberd_gap_lossy(&d->gap, at->at, at->offset);
}

// <enabled/>, <resumed h='3'/> and <a h='3'/> of XEP-0198, as the server writes them.
static void watch_counts(struct dialect *d, const struct record *written)
{
	struct text tag = markup_first(written->xml), name = tag.p ? tag_name(tag) : TEXT_NONE;
	if (!name.p || !text_starts(tag_attr(tag, "xmlns"), "urn:xmpp:sm:"))
		return;
	struct text h = tag_attr(tag, "h");
	if (text_is(name, "enabled"))
		ejabberd_count_begin(d->sessions, written->session_key, false, 0, written->at);
	else if (text_is(name, "resumed") && h.n)
		ejabberd_count_begin(d->sessions, written->session_key, true, fact_number(h),
				     written->at);
	else if (text_is(name, "a") && h.n)
		check_count(d, written, true, fact_number(h));
}

static void take_read(struct dialect *d, struct record *record, bool cut)
{
	mistrust(d, record);
	ejabberd_sessions_header(d->sessions, record->session_key, record->xml);
	struct ejabberd_peer peer = ejabberd_sessions_find(d->sessions, record->session_key);
	if (holds(record->xml, "<enable ") && holds(record->xml, "urn:xmpp:sm:"))
		ejabberd_count_begin(d->sessions, record->session_key, true, 0, record->at);
	reassembly_read(d->reassembly, record, peer.kind != PEER_UNKNOWN);
	if (cut)
		reassembly_hole(d->reassembly, record, "record cut by the server's logger");
}

static void take_write(struct dialect *d, struct record *record, bool cut)
{
	ejabberd_sessions_header(d->sessions, record->session_key, record->xml);
	watch_counts(d, record);
	reassembly_whole(d->reassembly, record);
	if (!cut)
		return;
	ejabberd_count_one(d->sessions, record->session_key, false);
	give_gap(d, record, record->at, record->at, 1, "record cut by the server's logger");
}

// The record of a socket is complete.
static void flush(struct dialect *d)
{
	struct ejabberd_record *p = &d->pending;
	if (!p->open)
		return;
	p->open = false;
	struct record record = {
		.dir = p->received ? DIR_IN : DIR_OUT,
		.session_key = buf_view(&p->connection),
		.offset = p->offset,
		.length = p->length > UINT32_MAX ? UINT32_MAX : (uint32_t)p->length,
		.lost = -1,
	};
	d->taught_at = p->offset;
	record.at = time_of(d, buf_view(&p->stamp), &record.at_odd);
	tick(d, &record);
	close_gap(d, &record);
	enum ejabberd_term term = ejabberd_term(buf_view(&p->term), &d->bytes);
	record.xml = buf_view(&d->bytes);
	if (term == TERM_UNKNOWN) {
		record.kind = RECORD_QUARANTINE;
		record.xml = TEXT_NONE;
		record.reason = "no binary of Erlang";
		give(d, &record);
		return;
	}
	bool cut = term == TERM_CUT || p->too_long || p->cut;
	(p->received ? take_read : take_write)(d, &record, cut);
}

static void watch_hooks(struct dialect *d, const struct ejabberd_line *parts,
			const struct record *at)
{
	int report = ejabberd_report(parts);
	if (report < 0)
		return;
	struct ejabberd_peer peer = ejabberd_sessions_find(d->sessions, parts->process);
	if (!peer.jid.p || peer.asleep || reassembly_report(d->reassembly, at, (unsigned)report))
		return;
	usec_t from = d->now.before_silence == USEC_NONE ? at->at : d->now.before_silence;
	ejabberd_gap_add(&d->gap, from, at->at, at->offset);
}

static void take_line(struct dialect *d, const struct ejabberd_line *parts, const struct line *line)
{
	const char *cause;
	struct record at = {
		.dir = DIR_ROUTE,
		.session_key = ejabberd_connection(parts),
		.offset = line->offset,
		.length = line->length > UINT32_MAX ? UINT32_MAX : (uint32_t)line->length,
		.lost = -1,
	};
	d->taught_at = line->offset;
	at.at = time_of(d, parts->stamp, &at.at_odd);
	tick(d, &at);
	close_gap(d, &at);
	watch_hooks(d, parts, &at);
	if (ejabberd_sent_count(parts) >= 0)
		check_count(d, &at, false, (uint64_t)ejabberd_sent_count(parts));
	if (text_starts(parts->location, "ejabberd_listener:"))
		at.session_key = parts->socket;
	switch (ejabberd_sessions_line(d->sessions, parts)) {
	case EVENT_ENDED:
		if (at.session_key.p)
			reassembly_closed(d->reassembly, &at);
		break;
	case EVENT_RESTARTED:
		reassembly_holes(d->reassembly, &at, "the server was started anew");
		break;
	case EVENT_NONE:
		break;
	}
	int64_t lost = ejabberd_dropped(parts, &cause);
	if (lost) {
		reassembly_holes(d->reassembly, &at, "lines were dropped inside a stanza");
		give_gap(d, &at, at.at == USEC_NONE ? 0 : at.at - USEC_PER_SEC, at.at, lost, cause);
	}
	d->sink.ignored(d->sink.self, "server event");
}

static void on_hole(struct dialect *d, const struct line *line)
{
	struct record record = {
		.kind = RECORD_GAP,
		.at = d->now.newest,
		.dir = DIR_ROUTE,
		.offset = line->offset,
		.length = line->length > UINT32_MAX ? UINT32_MAX : (uint32_t)line->length,
		.reason = "hole of NUL bytes",
		.lost = -1,
	};
	reassembly_holes(d->reassembly, &record, "hole of NUL bytes inside a stanza");
	give(d, &record);
}

void ejabberd_on_line(void *self, const struct line *line)
{
	struct dialect *d = self;
	struct ejabberd_line parts;
	bool begins = line->kind != LINE_HOLE && line->kind != LINE_REST &&
		      ejabberd_line(line->text, &parts);
	if (d->pending.open && line->kind != LINE_HOLE && !begins) {
		ejabberd_record_continue(&d->pending, line);
		if (ejabberd_term_ends(line->text))
			flush(d);
		return;
	}
	flush(d);
	if (line->kind == LINE_HOLE)
		on_hole(d, line);
	else if (!begins)
		d->sink.ignored(d->sink.self, "rest of a record");
	else if (!ejabberd_record_open(&d->pending, &parts, line))
		take_line(d, &parts, line);
	else if (ejabberd_term_ends(line->text))
		flush(d);
}

// The file will not grow: what waits is judged.
void ejabberd_finish(struct dialect *d)
{
	lines_finish(&d->lines);
	struct record at = {.dir = DIR_ROUTE, .offset = lines_low_water(&d->lines), .lost = -1};
	at.at = d->now.newest;
	if (d->pending.open) {
		d->pending.cut = !ejabberd_term_ends(buf_view(&d->pending.term));
		flush(d);
	}
	reassembly_holes(d->reassembly, &at, "unterminated at end of file");
	if (d->gap.lost) {
		int64_t lost = d->gap.lost;
		d->gap.lost = 0;
		d->gap.changed = true;
		give_gap(d, &at, d->gap.from, d->gap.to, lost, "the server's logger dropped lines");
	}
}
