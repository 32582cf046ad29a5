// SPDX-License-Identifier: Apache-2.0
// What a stanza of the log is: read from or written to whom, or a repeat.
//
// Raw lines are taken where they are complete, which shows in that the connection's session is
// known: it is told by what the server writes (the bind result), so a version that prints nothing of
// that, or no XML, never gets so far. Then, and where there are no raw lines (BOSH, WebSocket, S2S),
// interpreted lines count. So each stanza counts by one of its two prints, connection by connection.
#include "ingest/dialects/openfire_debugger.h"

#include "ingest/stanza.h"

#include <sodium.h>

enum { MISSING_MOST = 8, PREVID_MAX = 512 };

static const char cut_character[] = "a character was cut between two reads";

static bool holds(struct text text, const char *what)
{
	return text.n && memmem(text.p, text.n, what, strlen(what)) != NULL;
}

static void give(struct debug_judge *judge, struct debug_record *record, struct record *out)
{
	out->offset = record->offset;
	out->index = record->index++;
	out->length = record->length > UINT32_MAX ? UINT32_MAX : (uint32_t)record->length;
	out->session_key = buf_view(&record->id);
	out->at_odd = record->odd;
	out->lost = -1;
	out->back = record->back;
	out->at = record->at;
	judge->clock.ordinals.step = record->step;
	if (out->index) // the first one has the line's own
		out->at = ordinals_next(&judge->clock.ordinals, record->stamp);
	judge->sink.record(judge->sink.self, out);
}

void debug_quarantine(struct debug_judge *judge, struct debug_record *record, const char *reason)
{
	struct record out = {.kind = RECORD_QUARANTINE, .dir = DIR_ROUTE, .reason = reason};
	give(judge, record, &out);
}

void debug_gap(struct debug_judge *judge, struct debug_record *record, const char *reason)
{
	struct record out = {.kind = RECORD_GAP, .dir = DIR_ROUTE, .reason = reason};
	give(judge, record, &out);
}

static bool is_message(struct text xml)
{
	return text_is(tag_name(markup_first(xml)), "message");
}

static void ignore(struct debug_judge *judge, const char *kind)
{
	judge->sink.ignored(judge->sink.self, kind);
}

bool debug_is_wanted(const struct realm_settings *rules, struct text xml)
{
	if (is_message(xml) || stanza_maybe_known(xml))
		return true;
	if (text_is(tag_name(markup_first(xml)), "presence"))
		return false;
	return stanza_maybe_private(rules, xml) || holds(xml, "urn:xmpp:mds:displayed:0") ||
	       (holds(xml, "http://jabber.org/protocol/disco#info") &&
		(holds(xml, "category='conference'") || holds(xml, "category=\"conference\"")));
}

static void refuse(struct debug_judge *judge, struct debug_record *record, struct text xml,
		   enum direction dir, const char *reason)
{
	struct record out = {.kind = RECORD_QUARANTINE, .dir = dir, .xml = xml, .reason = reason};
	if (is_message(xml))
		give(judge, record, &out);
	else
		ignore(judge, text_is(tag_name(markup_first(xml)), "iq") ? "iq" : "presence");
}

static void take(struct debug_judge *judge, struct debug_record *record, struct text xml,
		 enum direction dir, struct text session)
{
	struct record out = {.kind = RECORD_STANZA, .dir = dir, .session = session, .xml = xml};
	bool known = record->stamp != USEC_NONE || is_message(xml);
	if (debug_is_wanted(judge->rules, xml) && known)
		give(judge, record, &out);
	else
		ignore(judge, text_is(tag_name(markup_first(xml)), "iq") ? "iq" : "presence");
}

// <jid> of a bind result.
static struct text bound_jid(struct text xml)
{
	struct markup markup = {0};
	enum markup_step step;
	do {
		step = markup_next(&markup, xml);
		if (step != MARKUP_OPEN || markup.depth != 3 ||
		    !text_is(tag_name(markup_tag(&markup, xml)), "jid"))
			continue;
		const char *end = memchr(xml.p + markup.pos, '<', xml.n - markup.pos);
		return (struct text){xml.p + markup.pos,
				     end ? (size_t)(end - xml.p) - markup.pos : 0};
	} while (step != MARKUP_MORE && step != MARKUP_BAD && markup.depth > 0);
	return TEXT_NONE;
}

// The session that something written proves: the server's own answer to a bind request, and what is
// never redirected to another session (iq, presence, carbons).
static struct text proven(struct debug_judge *judge, struct text xml)
{
	struct text tag = markup_first(xml), from = tag_value(judge->arena, tag, "from"),
		    to = tag_value(judge->arena, tag, "to");
	bool is_iq = text_is(tag_name(tag), "iq");
	bool by_user = from.p && memchr(from.p, '@', from.n);
	if (is_iq && !by_user && text_is(tag_attr(tag, "type"), "result") &&
	    holds(xml, "urn:ietf:params:xml:ns:xmpp-bind")) {
		struct text jid = bound_jid(xml);
		if (jid_is_full(jid))
			return jid;
	}
	if (!jid_is_full(to))
		return TEXT_NONE;
	bool carbon = from.p && text_same(from, jid_bare_of(to));
	return carbon || is_iq || text_is(tag_name(tag), "presence") ? to : TEXT_NONE;
}

// --- raw ---

static bool repeats_come(const struct debug_judge *judge, bool read)
{
	return debug_sees(judge->sessions, DEBUG_INT) ||
	       (read && debug_sees(judge->sessions, DEBUG_INTERPRETED));
}

void debug_missing(struct debug_judge *judge, struct debug_record *record,
		   struct debug_connection *connection, bool ends)
{
	if (connection->told || (ends && !connection->missing))
		return;
	if (!ends && ++connection->missing < MISSING_MOST) {
		debug_connection_tell(judge->sessions, connection);
		return;
	}
	connection->told = true;
	if (!debug_sees(judge->sessions, DEBUG_INT))
		debug_gap(judge, record,
			  "this version of the plugin does not print what is written");
	if (!ends)
		debug_connection_tell(judge->sessions, connection);
}

static void raw_of_unknown(struct debug_judge *judge, struct debug_record *record,
			   const struct debug_stanza *stanza, bool read)
{
	if (repeats_come(judge, read)) {
		ignore(judge, "raw stanza whose interpreted copy counts");
	} else if (read) {
		if (!stanza->connection->wrote)
			debug_missing(judge, record, stanza->connection, false);
		refuse(judge, record, stanza->xml, DIR_IN, "sender not known");
	} else {
		take(judge, record, stanza->xml, DIR_OUT, TEXT_NONE);
	}
}

static void raw_of_client(struct debug_judge *judge, struct debug_record *record,
			  const struct debug_stanza *stanza, bool read)
{
	struct debug_connection *connection = stanza->connection;
	if (!read && !connection->jid) {
		struct text jid = proven(judge, stanza->xml);
		if (jid.p)
			debug_connection_bind(judge->sessions, connection, jid);
		if (jid.p)
			debug_saw(judge->sessions, DEBUG_RAW);
	}
	struct text session = text_of(connection->jid);
	if (!session.p)
		raw_of_unknown(judge, record, stanza, read);
	else if (!stanza->spoilt)
		take(judge, record, stanza->xml, read ? DIR_IN : DIR_OUT, session);
	else if (repeats_come(judge, read) && is_message(stanza->xml) &&
		 judge->copies.count < DEBUG_COPIES)
		debug_copies_add(&judge->copies, session, stanza->xml, stanza->since);
	else
		refuse(judge, record, stanza->xml, DIR_IN, cut_character);
}

static void raw_stanza(struct debug_judge *judge, struct debug_record *record,
		       const struct debug_stanza *stanza)
{
	static const enum direction table[][2] = {
		[DEBUG_COMPONENT] = {DIR_COMP_OUT, DIR_COMP_IN},
		[DEBUG_SERVER] = {DIR_S2S_OUT, DIR_S2S_IN},
		[DEBUG_MULTIPLEXED] = {DIR_ROUTE, DIR_ROUTE},
	};
	bool read = record->line.kind == DEBUG_RECV;
	if (!read)
		debug_connection_wrote(judge->sessions, stanza->connection);
	if (record->suspect)
		refuse(judge, record, stanza->xml, read ? DIR_IN : DIR_OUT,
		       "may be text of a stanza, not a line");
	else if (record->line.peer == DEBUG_CLIENT)
		raw_of_client(judge, record, stanza, read);
	else if (stanza->spoilt)
		refuse(judge, record, stanza->xml, table[record->line.peer][read], cut_character);
	else
		take(judge, record, stanza->xml, table[record->line.peer][read], TEXT_NONE);
}

// --- interpreted ---

// A full JID of a domain of this server: nothing but its own session is read with that sender.
static bool is_local(const struct debug_judge *judge, struct text jid)
{
	return jid_is_full(jid) && debug_is_host(judge->sessions, jid_domain_of(jid));
}

// Of this server or below ("conference.of.test"): its rooms and modules. What they say is written to
// somebody, and the raw lines have that.
static bool is_internal(const struct debug_judge *judge, struct text domain)
{
	const char *dot = domain.n ? memchr(domain.p, '.', domain.n) : NULL;
	if (!debug_sees(judge->sessions, DEBUG_RAW) || !domain.n)
		return false;
	struct text parent =
		dot ? (struct text){dot + 1, (size_t)(domain.p + domain.n - dot) - 1} : TEXT_NONE;
	return debug_is_host(judge->sessions, domain) || debug_is_host(judge->sessions, parent);
}

static bool is_repeat(const struct debug_judge *judge, const struct debug_line *line,
		      struct text session, struct text from)
{
	if (debug_jid_raw(judge->sessions, session, line->printer == DEBUG_INTERPRETED))
		return true;
	if (line->printer == DEBUG_INT)
		return debug_stream_raw(judge->sessions, line->id);
	struct text domain = jid_domain_of(from);
	return debug_jid_raw(judge->sessions, domain, true) || is_internal(judge, domain);
}

// "of.test/5abc": a client that is not bound yet tells which domain this server is.
static struct text session_of(struct debug_judge *judge, const struct debug_line *line,
			      struct text xml, struct text from)
{
	struct text session = debug_stream_jid(judge->sessions, line->id);
	if (session.p)
		return session;
	if (line->kind == DEBUG_RECV)
		session = is_local(judge, from) ? from : TEXT_NONE;
	else
		session = proven(judge, xml);
	bool binding = holds(xml, "urn:ietf:params:xml:ns:xmpp-bind");
	if (session.p && line->printer == DEBUG_INT && (binding || is_local(judge, session)))
		debug_stream_bind(judge->sessions, line->id, session);
	return binding || is_local(judge, session) ? session : TEXT_NONE;
}

static void learn_host(struct debug_judge *judge, const struct debug_line *line, struct text xml,
		       struct text from)
{
	bool bare_domain = from.p && !memchr(from.p, '@', from.n) && memchr(from.p, '/', from.n);
	if (line->kind == DEBUG_RECV && bare_domain && text_is(tag_name(markup_first(xml)), "iq") &&
	    text_is(tag_attr(markup_first(xml), "type"), "set") &&
	    holds(xml, "urn:ietf:params:xml:ns:xmpp-bind"))
		debug_stream_bind(judge->sessions, TEXT_NONE, from);
}

static void interpreted(struct debug_judge *judge, struct debug_record *record, struct text xml)
{
	const struct debug_line *line = &record->line;
	struct text from = tag_value(judge->arena, markup_first(xml), "from");
	bool read = line->kind == DEBUG_RECV;
	if (record->suspect) {
		ignore(judge, "interpreted line that may be text of a stanza");
		return;
	}
	debug_saw(judge->sessions, line->printer);
	learn_host(judge, line, xml, from);
	size_t place = read ? debug_copies_find(&judge->copies, from, xml) : judge->copies.count;
	struct text session = session_of(judge, line, xml, from);
	if (place < judge->copies.count) {
		record->back = record->offset - judge->copies.list[place].since;
		debug_span(&judge->spans, judge->copies.list[place].since, record->offset);
		debug_copies_remove(&judge->copies, place);
		take(judge, record, xml, DIR_IN, from);
	} else if (is_repeat(judge, line, session.p ? session : from, from)) {
		ignore(judge, "interpreted copy of a raw stanza");
	} else if (!session.p || (read && !text_same(session, from))) {
		take(judge, record, xml, DIR_ROUTE, TEXT_NONE);
	} else {
		take(judge, record, xml, read ? DIR_IN : DIR_OUT, session);
	}
}

void debug_stanza(struct debug_judge *judge, struct debug_record *record,
		  const struct debug_stanza *stanza)
{
	arena_reset(judge->arena);
	record->back = record->offset - stanza->since;
	if (record->line.printer == DEBUG_RAW)
		raw_stanza(judge, record, stanza);
	else
		interpreted(judge, record, stanza->xml);
	record->back = 0;
}

// <resumed previd="base64 of: resource NUL stream"/>
void debug_element(struct debug_judge *judge, const struct debug_stanza *element)
{
	unsigned char plain[PREVID_MAX];
	size_t size = 0;
	struct text tag = markup_first(element->xml), previd = tag_attr(tag, "previd");
	if (element->record->line.kind != DEBUG_SENT || element->record->suspect)
		return;
	debug_connection_wrote(judge->sessions, element->connection);
	if (!text_is(tag_name(tag), "resumed") || !previd.p ||
	    sodium_base642bin(plain, sizeof plain, previd.p, previd.n, NULL, &size, NULL,
			      sodium_base64_VARIANT_ORIGINAL))
		return;
	const unsigned char *nul = memchr(plain, 0, size);
	if (nul)
		debug_connection_resume(
			judge->sessions, element->connection,
			(struct text){(const char *)nul + 1, size - (size_t)(nul - plain) - 1});
}

void debug_head(struct debug_judge *judge, const struct debug_record *record,
		struct debug_connection *connection)
{
	struct text xml = record->line.xml;
	const char *end = text_starts(xml, "<?xml") ? memchr(xml.p, '>', xml.n) : NULL;
	if (end)
		xml = (struct text){end + 1, (size_t)(xml.p + xml.n - end) - 1};
	struct text tag = text_starts(xml, "<stream:stream") ? markup_first(xml) : TEXT_NONE;
	if (!tag.p || record->suspect)
		return;
	if (record->line.peer == DEBUG_CLIENT)
		debug_connection_unbind(judge->sessions, connection);
	if (record->line.kind != DEBUG_SENT)
		return;
	struct text id = tag_attr(tag, "id"), from = tag_attr(tag, "from");
	if (id.n)
		debug_connection_head(judge->sessions, connection, id);
	if (record->line.peer == DEBUG_COMPONENT && from.n)
		debug_component_is_raw(judge->sessions, jid_domain_of(from));
}

void debug_copies_pass(struct debug_judge *judge, struct debug_record *record, bool all)
{
	for (size_t i = 0; i < judge->copies.count;) {
		struct debug_copy *copy = &judge->copies.list[i];
		if (!all && ++copy->waited < DEBUG_COPY_WAIT) {
			i++;
			continue;
		}
		struct record out = {.kind = RECORD_QUARANTINE,
				     .dir = DIR_IN,
				     .session = buf_view(&copy->session),
				     .xml = buf_view(&copy->xml),
				     .reason = cut_character};
		give(judge, record, &out);
		debug_span(&judge->spans, copy->since, record->offset);
		debug_copies_remove(&judge->copies, i);
	}
}
