// SPDX-License-Identifier: Apache-2.0
// Made-up traffic as the log of a server. How many other lines there are, and how long they are, is as
// in real captures: a Prosody with level debug writes six lines for a stanza; Openfire with all kinds
// audited a presence or iq for every third message.
#include "tests/bench/render.h"

#include <stdlib.h>
#include <time.h>

static uint64_t hash_of(struct text text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < text.n; i++)
		hash = (hash ^ (unsigned char)text.p[i]) * UINT64_C(0x100000001b3);
	return hash;
}

uint64_t render_session(struct render *render, struct text jid, bool *is_new)
{
	void **place = map_put(&render->sessions, (int64_t)hash_of(jid));
	*is_new = !*place;
	if (!*place)
		*place = (void *)(uintptr_t)(++render->count | UINT64_C(0x55000000));
	return (uint64_t)(uintptr_t)*place;
}

static void put(struct render *render, struct text text)
{
	fwrite(text.p, 1, text.n, render->out);
}

const char *render_stamp(usec_t at, const char *format, char out[40])
{
	time_t seconds = (time_t)(at / USEC_PER_SEC);
	struct tm tm;
	gmtime_r(&seconds, &tm);
	strftime(out, 40, format, &tm);
	return out;
}

bool render_has_presence(const struct event *event)
{
	return event->number % 3 == 0;
}

bool render_has_iq(const struct event *event)
{
	return event->number % 10 == 0;
}

// What stands between the tags.
static void content(struct render *render, const struct event *event,
		    const struct observation *seen, char quote)
{
	FILE *out = render->out;
	const struct stanza *stanza = seen->stanza;
	char at[40];
	if (event->kind == EVENT_MESSAGE) {
		fputs("<body>", out);
		put(render, stanza->body);
		fprintf(out, "</body><request xmlns=%curn:xmpp:receipts%c/>", quote, quote);
		if (stanza->markable)
			fprintf(out, "<markable xmlns=%curn:xmpp:chat-markers:0%c/>", quote, quote);
		if (stanza->delay_count)
			fprintf(out, "<delay xmlns=%curn:xmpp:delay%c from=%c%.*s%c stamp=%c%s%c/>",
				quote, quote, quote, (int)stanza->delays[0].from.n,
				stanza->delays[0].from.p, quote, quote,
				render_stamp(stanza->delays[0].stamp, "%Y-%m-%dT%H:%M:%SZ", at),
				quote);
		return;
	}
	bool receipt = event->kind == EVENT_RECEIPT;
	fprintf(out, "<%s xmlns=%c%s%c id=%c%.*s%c/>", receipt ? "received" : "displayed", quote,
		receipt ? "urn:xmpp:receipts" : "urn:xmpp:chat-markers:0", quote, quote,
		(int)stanza->refs[0].id.n, stanza->refs[0].id.p, quote);
}

void render_tag(struct render *render, const struct observation *seen, char quote, bool from)
{
	const struct stanza *stanza = seen->stanza;
	fprintf(render->out, " to=%c%.*s%c type=%cchat%c id=%c%.*s%c", quote, (int)stanza->to.n,
		stanza->to.p, quote, quote, quote, quote, (int)stanza->id.n, stanza->id.p, quote);
	if (from)
		fprintf(render->out, " from=%c%.*s%c", quote, (int)stanza->from.n, stanza->from.p,
			quote);
}

void render_message(struct render *render, const struct event *event,
		    const struct observation *seen, char quote, bool from)
{
	fputs("<message", render->out);
	render_tag(render, seen, quote, from);
	fputc('>', render->out);
	content(render, event, seen, quote);
	fputs("</message>", render->out);
}

// --- Prosody ---

// Where a line says who writes it, each sink in its way.
static void prosody_head(struct render *render, usec_t at, const char *source, uint64_t session)
{
	char stamp[40], name[40];
	snprintf(name, sizeof name, session ? "%s%012llx" : "%s", source,
		 (unsigned long long)session);
	render_stamp(at, "%Y-%m-%dT%H:%M:%S", stamp);
	if (render->console)
		fprintf(render->out, "%-30s debug\t", name);
	else if (render->syslog)
		fprintf(render->out, "%s.%06d+00:00 vm prosody[22735]: %s: ", stamp,
			(int)(at % USEC_PER_SEC), name);
	else
		fprintf(render->out, "%s+0000 %s\tdebug\t", stamp, name);
}

static void prosody_noise(struct render *render, usec_t at)
{
	static const struct {
		const char *source, *text;
	} noise[] = {
		{"acme.test:mam", "Archiving stanza for somebody: is the rule of the archive true"},
		{"stanzarouter", "Discarding error from destination because it is not for us"},
		{"acme.test:smacks", "#queue = 3, unacked stanzas of this session are kept"},
		{"runnerxYzT", "creating new coroutine, for the session that just became ready"},
	};
	for (size_t i = 0; i < sizeof noise / sizeof *noise; i++) {
		prosody_head(render, at, noise[i].source, 0);
		fprintf(render->out, "%s\n", noise[i].text);
	}
}

void render_prosody(struct render *render, const struct event *event,
		    const struct observation *seen)
{
	bool is_new;
	uint64_t session = render_session(render, seen->session, &is_new);
	if (is_new) {
		prosody_head(render, event->at, "c2s", session);
		fprintf(render->out, "Resource bound: %.*s\n", (int)seen->session.n,
			seen->session.p);
	}
	prosody_head(render, event->at, "c2s", session);
	fputs(event->egress ? "SEND: " : "RECV: ", render->out);
	render_message(render, event, seen, '\'', event->egress);
	fputc('\n', render->out);
	prosody_head(render, event->at, "c2s", session);
	fprintf(render->out, "%s[c2s]: <message", event->egress ? "Sending" : "Received");
	render_tag(render, seen, '\'', event->egress);
	fputs(">\n", render->out);
	prosody_noise(render, event->at);
	if (!render_has_iq(event))
		return;
	prosody_head(render, event->at, "c2s", session);
	fputs("RECV: <iq type='get' id='ping' to='acme.test'><ping xmlns='urn:xmpp:ping'/></iq>\n",
	      render->out);
	prosody_head(render, event->at, "c2s", session);
	fputs("RECV: <presence><show>away</show><priority>5</priority></presence>\n", render->out);
}

// --- Openfire ---

static void packet(struct render *render, usec_t at, uint64_t session)
{
	char day[40], clock[40], half[40];
	fprintf(render->out,
		"<packet xmlns=\"http://www.jivesoftware.org\" streamID=\"%08llx\" status=\"auth\" "
		"timestamp=\"%s%s:%03d %s\">",
		(unsigned long long)session, render_stamp(at, "%b %d, %Y ", day),
		render_stamp(at, "%I:%M:%S", clock), (int)(at / 1000 % 1000),
		render_stamp(at, "%p", half));
}

void render_audit(struct render *render, const struct event *event, const struct observation *seen)
{
	bool is_new;
	uint64_t session = render_session(render, seen->session, &is_new);
	FILE *out = render->out;
	if (is_new) {
		packet(render, event->at, session);
		fprintf(out,
			"<iq xmlns=\"\" type=\"result\" id=\"b%llx\" to=\"example/%08llx\"><bind "
			"xmlns=\"urn:ietf:params:xml:ns:xmpp-bind\"><jid>%.*s</jid></bind></iq>"
			"</packet>",
			(unsigned long long)session, (unsigned long long)session,
			(int)seen->session.n, seen->session.p);
	}
	packet(render, event->at, session);
	fputs("<message xmlns=\"\"", out);
	render_tag(render, seen, '"', true);
	fputc('>', out);
	content(render, event, seen, '"');
	fputs("</message></packet>", out);
	if (render_has_presence(event)) {
		packet(render, event->at, session);
		fprintf(out,
			"<presence xmlns=\"\" from=\"%.*s\"><show>away</show><priority>5</priority>"
			"<c xmlns=\"http://jabber.org/protocol/caps\" hash=\"sha-1\" "
			"node=\"http://client.example\" ver=\"QgayPKawpkPSDYmwT/WM94uAlu0=\"/>"
			"</presence></packet>",
			(int)seen->session.n, seen->session.p);
	}
}

// --- all ---

static const struct renderer {
	const char *dialect;
	render_fn *write;
	const char *before, *after;
	struct render how;
	int copies; // besides the first
} renderers[] = {
	{"prosody", render_prosody, "", "", {0}, 0},
	{"prosody-console", render_prosody, "", "", {.console = true}, 0},
	{"prosody-syslog", render_prosody, "", "", {.syslog = true}, 0},
	{"openfire-audit",
	 render_audit,
	 "<jive xmlns=\"http://www.jivesoftware.org\">",
	 "</jive>",
	 {0},
	 0},
	{"openfire-debugger", render_debugger, "", "", {0}, 0},
	{"openfire-chatlogs", render_chatlogs, "", "", {0}, 0},
	{"ejabberd-debug", render_ejabberd, "", "", {0}, 0},
	{"ejabberd-lager", render_ejabberd, "", "", {.lager = true}, 0},
	{"tigase", render_tigase, "", "", {0}, 1},
	{"pattern", render_pattern, "", "", {0}, 0},
	{"observations", render_observation, "", "", {0}, 0},
};

static const struct renderer *renderer_of(const char *dialect)
{
	for (size_t i = 0; i < sizeof renderers / sizeof *renderers; i++)
		if (strcmp(renderers[i].dialect, dialect) == 0)
			return &renderers[i];
	bench_fail(dialect, "cannot be made up");
}

const char *render_dialect(int number)
{
	return number < (int)(sizeof renderers / sizeof *renderers) ? renderers[number].dialect
								    : NULL;
}

int64_t render_copies(const char *dialect)
{
	return 1 + renderer_of(dialect)->copies;
}

int64_t render_log(const char *events, const char *path, const char *dialect)
{
	const struct renderer *renderer = renderer_of(dialect);
	struct render render = renderer->how;
	struct event event;
	render.out = fopen(path, "we");
	render.feed = feed_open(events);
	if (!render.out)
		bench_fail(path, "cannot be written");
	fputs(renderer->before, render.out);
	while (feed_next(render.feed, &event))
		renderer->write(&render, &event, feed_observation(render.feed, &event, 1, 1, 1));
	fputs(renderer->after, render.out);
	int64_t size = ftell(render.out);
	if (fclose(render.out) != 0)
		bench_fail(path, "cannot be written");
	feed_close(render.feed);
	map_free(&render.sessions);
	return size;
}
