// SPDX-License-Identifier: Apache-2.0
// Made-up traffic as other servers and programs write it: Openfire's plugins, Tigase; NDJSON and lines of a
// source's own.
#include "tests/bench/render.h"

// --- Openfire, XML debugger 1.9.0: each stanza as read or written, and as it was interpreted ---

static void debugger_head(struct render *render, usec_t at, uint64_t session, const char *what)
{
	char stamp[40];
	fprintf(render->out, "%s.%06d000Z - C2S /10.0.%d.%d:5%04d - %s - (rawDebugger): ",
		render_stamp(at, "%Y-%m-%dT%H:%M:%S", stamp), (int)(at % USEC_PER_SEC),
		(int)(session >> 8 & 255), (int)(session & 255), (int)(session % 9999), what);
}

static void debugger_bind(struct render *render, usec_t at, uint64_t session, struct text jid)
{
	debugger_head(render, at, session, "SENT");
	fprintf(render->out,
		"<iq type=\"result\" id=\"b%llx\" to=\"example/%08llx\"><bind "
		"xmlns=\"urn:ietf:params:xml:ns:xmpp-bind\"><jid>%.*s</jid></bind></iq>\n",
		(unsigned long long)session, (unsigned long long)session, (int)jid.n, jid.p);
}

void render_debugger(struct render *render, const struct event *event,
		     const struct observation *seen)
{
	bool is_new;
	uint64_t session = render_session(render, seen->session, &is_new);
	const char *what = event->egress ? "SENT" : "RECV";
	if (is_new)
		debugger_bind(render, event->at, session, seen->session);
	debugger_head(render, event->at, session, what);
	render_message(render, event, seen, event->egress ? '"' : '\'', event->egress);
	fprintf(render->out,
		"\nINT /10.0.%d.%d:????? - %s - ( %010llx): ", (int)(session >> 8 & 255),
		(int)(session & 255), what, (unsigned long long)session);
	render_message(render, event, seen, '"', true);
	fputc('\n', render->out);
	if (!render_has_presence(event))
		return;
	debugger_head(render, event->at, session, "RECV");
	fputs("<presence><show>away</show><priority>5</priority></presence>\n", render->out);
}

// --- Openfire, chat-logs: each call twice, and the stanza again behind it ---

void render_chatlogs(struct render *render, const struct event *event,
		     const struct observation *seen)
{
	static const char *const done[] = {"false", "true"};
	bool is_new;
	uint64_t session = render_session(render, seen->session, &is_new);
	const struct stanza *stanza = seen->stanza;
	for (int i = 0; i < 2; i++) {
		fprintf(render->out,
			"################### start ###################%lld\n"
			"id:%010llx, address: %.*s\n"
			"info: [ packetID: %.*s, to: %.*s, from: %.*s, incoming: %s, processed: %s ]\nxml: ",
			(long long)(event->at / 1000), (unsigned long long)session,
			(int)seen->session.n, seen->session.p, (int)stanza->id.n, stanza->id.p,
			(int)stanza->to.n, stanza->to.p, (int)stanza->from.n, stanza->from.p,
			event->egress ? "false" : "true", done[i]);
		render_message(render, event, seen, '"', true);
		fprintf(render->out,
			"\n################### end #####################%lld\n"
			"单人聊天信息：",
			(long long)(event->at / 1000));
		render_message(render, event, seen, '"', true);
		fputc('\n', render->out);
	}
}

// --- Tigase: a packet before and after it was dealt with, and what else the server says ---

void render_tigase(struct render *render, const struct event *event, const struct observation *seen)
{
	static const char *const methods[] = {"SessionManager.processPacket(): Received packet",
					      "SessionManager.addOutPacket(): Adding packet"};
	char stamp[40];
	render_stamp(event->at, "%Y-%m-%d %H:%M:%S", stamp);
	for (int i = 0; i < 2; i++) {
		fprintf(render->out,
			"[%s:%03d] [FINEST   ] [        in_8-c2s ] %s: from=c2s@host/1.2.3.4_5222, "
			"to=sess-man@host, serverAuthorisedStanzaFrom=%.*s, DATA=",
			stamp, (int)(event->at / 1000 % 1000), methods[i],
			(int)seen->stanza->from.n, seen->stanza->from.p);
		render_message(render, event, seen, '"', true);
		fputs(", SIZE=220, XMLNS=jabber:client, PRIORITY=NORMAL, PERMISSION=AUTH, "
		      "TYPE=chat, STABLE_ID=1\n",
		      render->out);
	}
	for (int i = 0; i < 4; i++)
		fprintf(render->out,
			"[%s:%03d] [FINEST   ] [        in_8-c2s ] JabberIqPlugin.process(): Nothing to "
			"do for this packet, next processor\n",
			stamp, (int)(event->at / 1000 % 1000));
}

// --- programs ---

void render_observation(struct render *render, const struct event *event,
			const struct observation *seen)
{
	char stamp[40];
	fprintf(render->out,
		"{\"ts\": \"%s.%06dZ\", \"dir\": \"%s\", \"session\": \"%.*s\", \"stanza\": \"",
		render_stamp(event->at, "%Y-%m-%dT%H:%M:%S", stamp),
		(int)(event->at % USEC_PER_SEC), event->egress ? "out" : "in", (int)seen->session.n,
		seen->session.p);
	render_message(render, event, seen, '\'', true);
	fputs("\"}\n", render->out);
}

void render_pattern(struct render *render, const struct event *event,
		    const struct observation *seen)
{
	char stamp[40];
	render_stamp(event->at, "%Y-%m-%d %H:%M:%S", stamp);
	fprintf(render->out, "%s.%06dZ [%s] %.*s: ", stamp, (int)(event->at % USEC_PER_SEC),
		event->egress ? "SEND" : "RECV", (int)seen->session.n, seen->session.p);
	render_message(render, event, seen, '\'', true);
	fprintf(render->out, "\n%s gateway: 3 sessions wait for their clients\n", stamp);
}
