// SPDX-License-Identifier: Apache-2.0
// One connection of a component, from connecting to its end.
#include "core/buf.h"
#include "ingest/markup.h"
#include "ingest/sources/component_internal.h"
#include "ingest/sources/component_link.h"
#include "ingest/sources/component_stream.h"

#include <stdio.h>

#define OPENING (10 * USEC_PER_SEC) // for connecting, and again for what the server says then
#define PING_NS "urn:xmpp:ping"     // XEP-0199
#define WAITING_MOST (64 << 10)     // bytes that the server does not take from us
enum { READ_SIZE = 64 << 10 };

struct session {
	struct component *component;
	struct component_link *link;
	struct component_stream *stream;
	bool offered; // the handshake was sent,
	bool online;  // and answered
	usec_t begun_at, heard_at;
	usec_t asked_at; // a ping waits for its answer; USEC_NONE: none
	bool ended;
	enum session_end end;
	struct err *err;
	const char **next;
};

static void finish(struct session *session, enum session_end end, const char *what,
		   struct text text)
{
	if (session->ended)
		return; // the first reason is the reason
	session->ended = true;
	session->end = end;
	err_set(session->err, ERR_INPUT, "%s%s%.*s", what, text.n ? ": " : "",
		(int)(text.n < 200 ? text.n : 200), text.p ? text.p : "");
}

static void send_text(struct session *session, const struct buf *out)
{
	if (session->ended)
		return;
	session->ended = !component_link_send(session->link, buf_view(out), session->err);
	if (component_link_waiting(session->link) > WAITING_MOST)
		finish(session, SESSION_BROKEN, "the server does not read", TEXT_NONE);
}

// --- what is said to the server ---

// Settings and what the server escaped itself: only what would end the attribute is escaped here.
static void add_attribute(struct buf *out, const char *name, struct text value)
{
	buf_printf(out, " %s='", name);
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] == '\'')
			buf_zstr(out, "&apos;");
		else if (value.p[i] == '<')
			buf_zstr(out, "&lt;");
		else
			buf_char(out, value.p[i]);
	}
	buf_char(out, '\'');
}

static void send_header(struct session *session)
{
	struct buf out = {0};
	buf_zstr(&out, "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "
		       "xmlns:stream='http://etherx.jabber.org/streams'");
	add_attribute(&out, "to", text_of(session->component->options.domain));
	buf_char(&out, '>');
	send_text(session, &out);
	buf_free(&out);
}

static void send_handshake(struct session *session, struct text id)
{
	char digest[COMPONENT_HANDSHAKE];
	struct buf out = {0};
	if (!component_handshake(id, session->component->options.secret, digest)) {
		finish(session, SESSION_REFUSED, "SHA-1 is not available", TEXT_NONE);
		return;
	}
	buf_printf(&out, "<handshake>%s</handshake>", digest);
	session->offered = true;
	send_text(session, &out);
	buf_free(&out);
}

// White space that arrives proves nothing, and neither does a socket that takes bytes: only an answer does.
static void send_ping(struct session *session)
{
	const struct component_options *options = &session->component->options;
	struct buf out = {0};
	buf_printf(&out, "<iq type='get' id='ping-%lld'", (long long)usec_monotonic());
	add_attribute(&out, "from", text_of(options->domain));
	add_attribute(&out, "to", text_of(options->server ? options->server : options->domain));
	buf_zstr(&out, "><ping xmlns='" PING_NS "'/></iq>");
	send_text(session, &out);
	buf_free(&out);
	session->asked_at = usec_monotonic();
}

// A server may want to know whether we live. Nobody else is answered: that could be a flood.
static void answer_ping(struct session *session, struct text xml)
{
	const struct component_options *options = &session->component->options;
	struct text tag = markup_first(xml), from = tag_attr(tag, "from");
	bool ours = text_is(from, options->domain) ||
		    (options->server && text_is(from, options->server));
	if (!ours || !text_is(tag_attr(tag, "type"), "get") || !text_after(xml, PING_NS).p)
		return;
	struct buf out = {0};
	buf_zstr(&out, "<iq type='result'");
	add_attribute(&out, "from", text_of(options->domain));
	add_attribute(&out, "to", from);
	add_attribute(&out, "id", tag_attr(tag, "id"));
	buf_zstr(&out, "/>");
	send_text(session, &out);
	buf_free(&out);
}

// --- what the server says ---

static void on_opened(struct session *session, struct text id)
{
	if (!id.n)
		finish(session, SESSION_REFUSED, "the server's stream has no id", TEXT_NONE);
	else
		send_handshake(session, id);
}

static void on_accepted(struct session *session)
{
	const struct component_options *options = &session->component->options;
	if (session->online)
		return;
	session->online = true;
	component_batch_gap(session->component);
	component_say(session->component, "online", "");
	log_info(options->log, "component-online", LOG_S("feed", options->name),
		 LOG_S("host", options->host), LOG_S("domain", options->domain));
}

// F55. What the operator can do about it; no condition: of all others.
static const struct refusal {
	const char *condition;
	enum session_end end;
	const char *next;
} refusals[] = {
	{"not-authorized", SESSION_REFUSED,
	 "compare domain and secret_file with what the server has for this component"},
	{"host-unknown", SESSION_REFUSED,
	 "name this domain as a component in the server's settings"},
	{"conflict", SESSION_REFUSED,
	 "the domain is taken: by another component, or it is one of the server's own"},
	{"invalid-namespace", SESSION_REFUSED, "the port is none for components"},
	{"system-shutdown", SESSION_BROKEN, "what the server sends meanwhile is a gap"},
	{"reset", SESSION_BROKEN, "what the server sends meanwhile is a gap"},
	{"connection-timeout", SESSION_BROKEN, "what the server sends meanwhile is a gap"},
	{NULL, SESSION_REFUSED, "the log of the server says more"},
};

static void on_error(struct session *session, struct text condition, struct text detail)
{
	const struct refusal *refusal = refusals;
	char what[80];
	while (refusal->condition && !text_is(condition, refusal->condition))
		refusal++;
	snprintf(what, sizeof what, "the server says %.*s",
		 (int)(condition.n < 40 ? condition.n : 40), condition.p);
	*session->next = refusal->next;
	finish(session, refusal->end, what, detail);
}

static void on_stanza(struct session *session, struct text xml)
{
	if (!session->online)
		return;
	session->component->backoff = 0; // it works: the next break is a new one
	if (component_batch_stanza(session->component, xml) == COMPONENT_IQ)
		answer_ping(session, xml);
}

static void on_unreadable(struct session *session, struct text head, struct text reason)
{
	session->component->batch.counts[COMPONENT_QUARANTINE]++;
	component_batch_add(session->component, (struct spool_item){.kind = SPOOL_UNREADABLE,
								    .at = usec_now(),
								    .dir = DIR_ROUTE,
								    .xml = head,
								    .reason = reason});
}

static void on_event(void *self, const struct component_event *event)
{
	struct session *session = self;
	switch (event->kind) {
	case COMPONENT_OPENED:
		on_opened(session, event->text);
		break;
	case COMPONENT_ACCEPTED:
		on_accepted(session);
		break;
	case COMPONENT_STANZA:
		on_stanza(session, event->text);
		break;
	case COMPONENT_OTHER:
		session->component->batch.counts[COMPONENT_ELEMENTS]++;
		break;
	case COMPONENT_UNREADABLE:
		on_unreadable(session, event->text, event->detail);
		break;
	case COMPONENT_ERROR:
		on_error(session, event->text, event->detail);
		break;
	case COMPONENT_CLOSED:
		finish(session, SESSION_BROKEN, "the server ended the stream", TEXT_NONE);
		break;
	}
}

// --- the connection ---

static void on_bytes(struct session *session, struct text bytes)
{
	bool heard;
	const char *broken = component_stream_bytes(session->stream, bytes, &heard);
	if (heard) {
		session->heard_at = usec_monotonic();
		session->asked_at = USEC_NONE;
	}
	if (broken) {
		if (session->online && !session->ended)
			on_unreadable(session, bytes, text_of(broken));
		finish(session, session->online ? SESSION_BROKEN : SESSION_REFUSED, broken,
		       TEXT_NONE);
	}
	if (!component_batch_store(session->component)) {
		session->ended = true;
		session->end = SESSION_STOPPED;
	}
	// While the spool was full nothing was read: that was not the server's silence.
	session->heard_at = heard ? usec_monotonic() : session->heard_at;
}

static usec_t due_at(const struct session *session)
{
	const struct component_options *options = &session->component->options;
	if (!session->online)
		return session->begun_at + OPENING;
	if (session->asked_at != USEC_NONE)
		return session->asked_at + options->patience;
	return session->heard_at + options->silence;
}

static void look_at_clock(struct session *session)
{
	if (session->ended || usec_monotonic() < due_at(session))
		return;
	if (!session->online)
		finish(session, SESSION_BROKEN, "the server does not answer", TEXT_NONE);
	else if (session->asked_at != USEC_NONE)
		finish(session, SESSION_BROKEN, "the server is silent and does not answer a ping",
		       TEXT_NONE);
	else
		send_ping(session);
}

static void read_some(struct session *session)
{
	char bytes[READ_SIZE];
	struct err err = {0};
	long n = component_link_read(session->link, bytes, sizeof bytes, &err);
	if (n > 0)
		on_bytes(session, (struct text){bytes, (size_t)n});
	else if (n < 0)
		finish(session, SESSION_BROKEN, err.text,
		       session->offered && !session->online
			       ? TEXT("instead of accepting the secret; is it the right one?")
			       : TEXT_NONE);
}

static void talk(struct session *session)
{
	send_header(session);
	while (!session->ended) {
		usec_t left = due_at(session) - usec_monotonic();
		component_link_wait(session->link, true, left > 0 ? left : 0);
		if (atomic_load(&session->component->stop))
			finish(session, SESSION_STOPPED, "stopped", TEXT_NONE);
		else if (!component_link_flush(session->link, session->err))
			session->ended = true;
		else
			read_some(session);
		look_at_clock(session);
	}
	if (session->online)
		component_link_send(session->link, TEXT("</stream:stream>"), NULL);
}

static struct component_link *open_link(const struct component *component, bool *refused,
					struct err *err)
{
	const struct component_options *options = &component->options;
	return component_link_open(&(struct component_link_options){.host = options->host,
								    .port = options->port,
								    .tls = options->tls,
								    .ca_file = options->ca_file,
								    .deadline = OPENING,
								    .wake = component->wake},
				   refused, err);
}

enum session_end component_session(struct component *component, struct err *err, const char **next)
{
	bool refused;
	struct session session = {.component = component,
				  .asked_at = USEC_NONE,
				  .end = SESSION_BROKEN,
				  .err = err,
				  .next = next};

	session.link = open_link(component, &refused, err);
	if (!session.link)
		return refused ? SESSION_REFUSED : SESSION_BROKEN;
	session.begun_at = session.heard_at = usec_monotonic();
	session.stream = component_stream_new(0, &session, on_event);
	talk(&session);
	component_stream_free(session.stream);
	component_link_close(session.link);
	return session.end;
}
