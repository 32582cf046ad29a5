// SPDX-License-Identifier: Apache-2.0
// A connection is named by its Erlang process, and whose it is stands in lines of level info, in the
// result of the resource binding, and in what modules say about the session (which helps a log that
// begins in the middle or has holes). Processes are named anew after a restart of the server.
#include "ingest/dialects/ejabberd.h"
#include "ingest/dialects/session_table.h"

#include "ingest/markup.h"

#include <stdlib.h>

struct counter {
	bool known;
	uint64_t base, seen, missing; // the server's number; what the log has shown since
	usec_t at;                    // of the server's last number
};

struct session {
	struct session_head head;
	char *jid; // NULL unknown
	enum ejabberd_kind kind;
	bool asleep;
	struct counter counters[2]; // written, received
};

struct ejabberd_sessions {
	struct session_table table;
};

static void leave(void *session)
{
	free(((struct session *)session)->jid);
}

struct ejabberd_sessions *ejabberd_sessions_new(const struct dialect_sink *sink)
{
	struct ejabberd_sessions *sessions = xcalloc(1, sizeof *sessions);
	sessions->table = (struct session_table){
		.sink = sink, .size = sizeof(struct session), .leave = leave};
	return sessions;
}

void ejabberd_sessions_free(struct ejabberd_sessions *sessions)
{
	session_table_free(&sessions->table);
	free(sessions);
}

// "+jid" awake, "-jid" asleep, "@c", "@s", "@p": a client without JID, a server, a component.
static void remember(struct ejabberd_sessions *sessions, struct text id,
		     const struct session *session)
{
	struct buf value = {0};
	if (session->jid)
		buf_printf(&value, "%c%s", session->asleep ? '-' : '+', session->jid);
	else
		buf_printf(&value, "@%c", "?csp"[session->kind]);
	session_remember(&sessions->table, id, buf_view(&value));
	buf_free(&value);
}

static void set_kind(struct ejabberd_sessions *sessions, struct text id, enum ejabberd_kind kind)
{
	struct session *session = session_put(&sessions->table, id);
	bool changed = session->kind != kind;
	session->kind = kind;
	if (kind != PEER_CLIENT) { // only a client is bound to a JID
		free(session->jid);
		session->jid = NULL;
		session->asleep = false;
	}
	if (changed)
		remember(sessions, id, session);
}

static void bind(struct ejabberd_sessions *sessions, struct text id, struct text jid)
{
	if (!id.n || !jid_is_full(jid))
		return;
	struct session *session = session_put(&sessions->table, id);
	bool same = session->jid && text_is(jid, session->jid) && !session->asleep;
	session->kind = PEER_CLIENT;
	session->asleep = false;
	if (same)
		return;
	char *fresh = session_copy(jid);
	free(session->jid);
	session->jid = fresh;
	remember(sessions, id, session);
}

// --- lines ---

static enum ejabberd_event opened(struct ejabberd_sessions *sessions,
				  const struct ejabberd_line *line, struct text rest)
{
	bind(sessions, ejabberd_connection(line), rest);
	bind(sessions, line->process, rest); // before 17.x reader and writer are two processes
	return EVENT_NONE;
}

static enum ejabberd_event ended(struct ejabberd_sessions *sessions,
				 const struct ejabberd_line *line, struct text rest)
{
	(void)rest;
	session_forget(&sessions->table, ejabberd_connection(line));
	session_forget(&sessions->table, line->process);
	return EVENT_ENDED;
}

// "(<0.627.0>) Accepted connection": the process is new.
static enum ejabberd_event accepted(struct ejabberd_sessions *sessions,
				    const struct ejabberd_line *line, struct text rest)
{
	(void)rest;
	if (!line->socket.n || line->socket.p[0] != '<')
		return EVENT_NONE;
	session_forget(&sessions->table, line->socket);
	return EVENT_ENDED;
}

// "Closing c2s connection for J: ...; waiting 20 seconds for stream resumption"
static enum ejabberd_event fell_asleep(struct ejabberd_sessions *sessions,
				       const struct ejabberd_line *line, struct text rest)
{
	struct session *session = session_find(&sessions->table, ejabberd_connection(line));
	(void)rest;
	if (session && session->jid && !session->asleep) {
		session->asleep = true;
		remember(sessions, text_of(session->head.id), session);
	}
	return EVENT_ENDED;
}

static enum ejabberd_event component(struct ejabberd_sessions *sessions,
				     const struct ejabberd_line *line, struct text rest)
{
	(void)rest;
	set_kind(sessions, ejabberd_connection(line), PEER_COMPONENT);
	return EVENT_NONE;
}

static enum ejabberd_event server(struct ejabberd_sessions *sessions,
				  const struct ejabberd_line *line, struct text rest)
{
	(void)rest;
	set_kind(sessions, ejabberd_connection(line), PEER_SERVER);
	return EVENT_NONE;
}

static enum ejabberd_event restarted(struct ejabberd_sessions *sessions,
				     const struct ejabberd_line *line, struct text rest)
{
	(void)line, (void)rest;
	session_forget_all(&sessions->table);
	return EVENT_RESTARTED;
}

// What a module says in the session's own process: "<JID> acknowledged 3 of 4 stanzas".
static struct text named(const struct ejabberd_line *line)
{
	static const struct {
		const char *module, *before, *after;
	} table[] = {{"mod_stream_mgmt:check_h_attribute", "", " acknowledged "},
		     {"mod_client_state:filter_", "Won't add stanza for ", " to CSI queue"},
		     {"mod_stream_mgmt:handle_enable",
		      "Stream management with resumption enabled for ", ""},
		     {"mod_stream_mgmt:handle_enable",
		      "Stream management without resumption enabled for ", ""}};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		size_t skip = strlen(table[i].before), end = strlen(table[i].after);
		if (!text_starts(line->location, table[i].module) ||
		    !text_starts(line->text, table[i].before))
			continue;
		struct text jid = {line->text.p + skip, line->text.n - skip};
		const char *at = end && jid.n ? memmem(jid.p, jid.n, table[i].after, end) : NULL;
		if (end && !at)
			continue;
		jid.n = at ? (size_t)(at - jid.p) : jid.n;
		return jid_is_full(jid) && !memchr(jid.p, '?', jid.n) ? jid : TEXT_NONE;
	}
	return TEXT_NONE;
}

static void learn(struct ejabberd_sessions *sessions, const struct ejabberd_line *line)
{
	if (!text_starts(line->location, "mod_"))
		return;
	struct session *session =
		line->process.p ? session_find(&sessions->table, line->process) : NULL;
	struct text jid = session && session->jid ? TEXT_NONE : named(line);
	if (jid.p && line->process.p)
		bind(sessions, line->process, jid);
}

enum ejabberd_event ejabberd_sessions_line(struct ejabberd_sessions *sessions,
					   const struct ejabberd_line *line)
{
	static const struct {
		const char *begins;
		enum ejabberd_event (*act)(struct ejabberd_sessions *, const struct ejabberd_line *,
					   struct text rest);
	} table[] = {
		{"Opened c2s session for ", opened},
		{"Opened session for ", opened},
		{"Resumed session for ", opened},
		{"Closing c2s session for ", ended},
		{"Close session for ", ended},
		{"Closing former stream of resumed session for ", ended},
		{"Closing c2s connection for ", fell_asleep},
		{"Accepted connection ", accepted},
		{"Accepted external component ", component},
		{"Accepted inbound s2s ", server},
		{"Accepted outbound s2s ", server},
		{"Loading configuration from ", restarted},
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (text_starts(line->text, table[i].begins)) {
			size_t n = strlen(table[i].begins);
			struct text rest = {line->text.p + n, line->text.n - n};
			if (table[i].act == restarted &&
			    !text_starts(line->location, "ejabberd_config:load"))
				return EVENT_NONE;
			return table[i].act(sessions, line, rest);
		}
	learn(sessions, line);
	return EVENT_NONE;
}

// --- stanzas ---

void ejabberd_sessions_header(struct ejabberd_sessions *sessions, struct text connection,
			      struct text bytes)
{
	static const struct {
		const char *xmlns;
		enum ejabberd_kind kind;
	} table[] = {{"jabber:client", PEER_CLIENT},
		     {"jabber:server", PEER_SERVER},
		     {"jabber:component:accept", PEER_COMPONENT}};
	if (text_starts(bytes, "<?xml ")) {
		const char *end = memchr(bytes.p, '>', bytes.n);
		size_t n = end ? (size_t)(end - bytes.p) + 1 : bytes.n;
		bytes = (struct text){bytes.p + n, bytes.n - n};
	}
	while (bytes.n && strchr(" \r\n\t", bytes.p[0]))
		bytes = (struct text){bytes.p + 1, bytes.n - 1};
	if (!text_starts(bytes, "<stream:stream "))
		return;
	struct text xmlns = tag_attr(markup_first(bytes), "xmlns");
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (text_is(xmlns, table[i].xmlns))
			set_kind(sessions, connection, table[i].kind);
}

// <jid> of a bind result; absent when it is none.
static struct text bound_jid(struct text xml)
{
	static const char open[] = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>";
	if (!text_is(tag_attr(markup_first(xml), "type"), "result"))
		return TEXT_NONE;
	const char *at = memmem(xml.p, xml.n, open, sizeof open - 1);
	if (!at)
		return TEXT_NONE;
	at += sizeof open - 1;
	size_t left = (size_t)(xml.p + xml.n - at);
	const char *end = memchr(at, '<', left);
	return end && !memchr(at, '&', (size_t)(end - at)) ? (struct text){at, (size_t)(end - at)}
							   : TEXT_NONE;
}

// What a client is sent to a full JID as iq or presence, or as a carbon, is never redirected.
void ejabberd_sessions_sent(struct ejabberd_sessions *sessions, struct text connection,
			    struct text xml)
{
	struct text tag = markup_first(xml), name = tag.p ? tag_name(tag) : TEXT_NONE;
	if (text_is(name, "iq")) {
		struct text jid = bound_jid(xml);
		if (jid.p) {
			bind(sessions, connection, jid);
			return;
		}
	}
	struct session *session = session_find(&sessions->table, connection);
	if (!name.p || !session || session->jid || session->kind != PEER_CLIENT)
		return;
	struct text to = tag_attr(tag, "to"), from = tag_attr(tag, "from");
	if (!jid_is_full(to) || memchr(to.p, '&', to.n))
		return;
	if (text_same(from, jid_bare_of(to)) || !text_is(name, "message"))
		bind(sessions, connection, to);
}

struct ejabberd_peer ejabberd_sessions_find(struct ejabberd_sessions *sessions,
					    struct text connection)
{
	struct session *session = session_find(&sessions->table, connection);
	if (!session)
		return (struct ejabberd_peer){0};
	session_touch(&sessions->table, session);
	return (struct ejabberd_peer){session->kind, text_of(session->jid), session->asleep};
}

enum direction ejabberd_direction(const struct ejabberd_peer *peer, bool received, bool has_from)
{
	static const enum direction table[][2] = {
		[PEER_UNKNOWN] = {DIR_ROUTE, DIR_ROUTE},
		[PEER_CLIENT] = {DIR_OUT, DIR_IN},
		[PEER_SERVER] = {DIR_S2S_OUT, DIR_S2S_IN},
		[PEER_COMPONENT] = {DIR_COMP_OUT, DIR_COMP_IN},
	};
	// Servers and components must say whom it is from.
	if (peer->kind == PEER_UNKNOWN && received && !has_from)
		return DIR_IN;
	// For a client that is away: not written to it.
	if (peer->asleep && !received)
		return DIR_ROUTE;
	return table[peer->kind][received];
}

// --- the server's counts ---

void ejabberd_count_begin(struct ejabberd_sessions *sessions, struct text connection, bool received,
			  uint64_t total, usec_t at)
{
	struct session *session = session_find(&sessions->table, connection);
	if (session)
		session->counters[received] =
			(struct counter){.known = true, .base = total, .at = at};
}

void ejabberd_count_one(struct ejabberd_sessions *sessions, struct text connection, bool received)
{
	struct session *session = session_find(&sessions->table, connection);
	if (session)
		session->counters[received].seen++;
}

uint64_t ejabberd_count_check(struct ejabberd_sessions *sessions, struct text connection,
			      bool received, uint64_t total, usec_t at, usec_t *since)
{
	struct session *session = session_find(&sessions->table, connection);
	struct counter *counter = session ? &session->counters[received] : NULL;
	if (!counter)
		return 0;
	uint64_t have = counter->seen + counter->missing;
	if (!counter->known || total < counter->base) {
		ejabberd_count_begin(sessions, connection, received, total, at);
		return 0;
	}
	uint64_t lost = total - counter->base > have ? total - counter->base - have : 0;
	*since = counter->at;
	counter->at = at;
	counter->missing += lost;
	// What is written again after a resumption is not counted again. Of a read there may be stanzas
	// that the server has not come to.
	if (!received && total - counter->base < have)
		ejabberd_count_begin(sessions, connection, received, total, at);
	return lost;
}

void ejabberd_sessions_recall(struct ejabberd_sessions *sessions, struct text key,
			      struct text value)
{
	if (!text_starts(key, "s:") || value.n < 2)
		return;
	struct text id = {key.p + 2, key.n - 2}, rest = {value.p + 1, value.n - 1};
	struct session *session = session_put(&sessions->table, id);
	free(session->jid);
	session->jid = value.p[0] == '@' ? NULL : session_copy(rest);
	session->asleep = value.p[0] == '-';
	session->kind = PEER_CLIENT;
	if (value.p[0] == '@')
		session->kind = rest.p[0] == 's'   ? PEER_SERVER
				: rest.p[0] == 'p' ? PEER_COMPONENT
						   : PEER_CLIENT;
}
