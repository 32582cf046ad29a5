// SPDX-License-Identifier: Apache-2.0
// Made-up traffic as the log of a server. How many other lines there are, and how long they are, is as
// in real captures: a Prosody with level debug writes six lines for a stanza; Openfire with all kinds
// audited a presence or iq for every third message.
#include "core/map.h"
#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct render {
	FILE *out;
	struct feed *feed;
	struct map sessions; // hash of the full JID -> its number, from 1
	uint64_t lines;
};

typedef void render_fn(struct render *render, const struct event *event,
		       const struct observation *seen);

static uint64_t hash_of(struct text text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < text.n; i++)
		hash = (hash ^ (unsigned char)text.p[i]) * UINT64_C(0x100000001b3);
	return hash;
}

// *is_new: it was not seen before.
static uint64_t session_of(struct render *render, struct text jid, bool *is_new)
{
	void **place = map_put(&render->sessions, (int64_t)hash_of(jid));
	*is_new = !*place;
	if (!*place)
		*place = (void *)(uintptr_t)(++render->lines | UINT64_C(0x55000000));
	return (uint64_t)(uintptr_t)*place;
}

static void put(struct render *render, struct text text)
{
	fwrite(text.p, 1, text.n, render->out);
}

static const char *stamp_text(usec_t at, const char *format, char out[40])
{
	time_t seconds = (time_t)(at / USEC_PER_SEC);
	struct tm tm;
	gmtime_r(&seconds, &tm);
	strftime(out, 40, format, &tm);
	return out;
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
				stamp_text(stanza->delays[0].stamp, "%Y-%m-%dT%H:%M:%SZ", at),
				quote);
		return;
	}
	bool receipt = event->kind == EVENT_RECEIPT;
	fprintf(out, "<%s xmlns=%c%s%c id=%c%.*s%c/>", receipt ? "received" : "displayed", quote,
		receipt ? "urn:xmpp:receipts" : "urn:xmpp:chat-markers:0", quote, quote,
		(int)stanza->refs[0].id.n, stanza->refs[0].id.p, quote);
}

static void tag(struct render *render, const struct observation *seen, char quote, bool from)
{
	const struct stanza *stanza = seen->stanza;
	fprintf(render->out, " to=%c%.*s%c type=%cchat%c id=%c%.*s%c", quote, (int)stanza->to.n,
		stanza->to.p, quote, quote, quote, quote, (int)stanza->id.n, stanza->id.p, quote);
	if (from)
		fprintf(render->out, " from=%c%.*s%c", quote, (int)stanza->from.n, stanza->from.p,
			quote);
}

// --- Prosody ---

static void prosody_head(struct render *render, usec_t at, uint64_t session)
{
	char stamp[40];
	fprintf(render->out, "%s c2s%012llx\tdebug\t",
		stamp_text(at, "%Y-%m-%dT%H:%M:%S+0000", stamp), (unsigned long long)session);
}

static void prosody(struct render *render, const struct event *event,
		    const struct observation *seen)
{
	static const char *const noise[] = {
		"acme.test:mam\tdebug\tArchiving stanza for somebody: is the rule of the archive true",
		"stanzarouter\tdebug\tDiscarding error from destination because it is not for us",
		"acme.test:smacks\tdebug\t#queue = 3, unacked stanzas of this session are kept",
		"runnerxYzT\tdebug\tcreating new coroutine, for the session that just became ready",
	};
	bool is_new;
	char stamp[40];
	uint64_t session = session_of(render, seen->session, &is_new);
	if (is_new) {
		prosody_head(render, event->at, session);
		fprintf(render->out, "Resource bound: %.*s\n", (int)seen->session.n,
			seen->session.p);
	}
	prosody_head(render, event->at, session);
	fprintf(render->out, "%s: <message", event->egress ? "SEND" : "RECV");
	tag(render, seen, '\'', event->egress);
	fputc('>', render->out);
	content(render, event, seen, '\'');
	fputs("</message>\n", render->out);
	prosody_head(render, event->at, session);
	fprintf(render->out, "%s[c2s]: <message", event->egress ? "Sending" : "Received");
	tag(render, seen, '\'', event->egress);
	fputs(">\n", render->out);
	for (size_t i = 0; i < sizeof noise / sizeof *noise; i++)
		fprintf(render->out, "%s %s\n",
			stamp_text(event->at, "%Y-%m-%dT%H:%M:%S+0000", stamp), noise[i]);
	if (event->number % 10 == 0) {
		prosody_head(render, event->at, session);
		fputs("RECV: <iq type='get' id='ping' to='acme.test'><ping xmlns='urn:xmpp:ping'/></iq>\n",
		      render->out);
		prosody_head(render, event->at, session);
		fputs("RECV: <presence><show>away</show><priority>5</priority></presence>\n",
		      render->out);
	}
}

// --- Openfire ---

static void packet(struct render *render, usec_t at, uint64_t session)
{
	char day[40], clock[40], half[40];
	fprintf(render->out,
		"<packet xmlns=\"http://www.jivesoftware.org\" streamID=\"%08llx\" status=\"auth\" "
		"timestamp=\"%s%s:%03d %s\">",
		(unsigned long long)session, stamp_text(at, "%b %d, %Y ", day),
		stamp_text(at, "%I:%M:%S", clock), (int)(at / 1000 % 1000),
		stamp_text(at, "%p", half));
}

static void openfire(struct render *render, const struct event *event,
		     const struct observation *seen)
{
	bool is_new;
	uint64_t session = session_of(render, seen->session, &is_new);
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
	tag(render, seen, '"', true);
	fputc('>', out);
	content(render, event, seen, '"');
	fputs("</message></packet>", out);
	if (event->number % 3 == 0) {
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

int64_t render_log(const char *events, const char *path, const char *dialect)
{
	bool audit = strcmp(dialect, "openfire-audit") == 0;
	render_fn *write = audit ? openfire : prosody;
	struct render render = {.out = fopen(path, "we"), .feed = feed_new(events)};
	struct event event;
	if (!render.out)
		bench_fail(path, "cannot be written");
	if (audit)
		fputs("<jive xmlns=\"http://www.jivesoftware.org\">", render.out);
	while (feed_next(render.feed, &event))
		write(&render, &event, feed_observation(render.feed, &event, 1, 1, 1));
	if (audit)
		fputs("</jive>", render.out);
	int64_t size = ftell(render.out);
	if (fclose(render.out) != 0)
		bench_fail(path, "cannot be written");
	feed_free(render.feed);
	map_free(&render.sessions);
	return size;
}
