// SPDX-License-Identifier: Apache-2.0
// Session ids are addresses inside the server (c2s + hex) and are used again, so what ends a
// session is as important as what begins it. "Client disconnected" does not end one that XEP-0198
// keeps: it hibernates under its old id, and goes on with that id when the client resumes.
#include "ingest/dialects/prosody.h"

#include "core/buf.h"
#include "ingest/markup.h"

#include <stdio.h>
#include <stdlib.h>

enum { BUCKETS = 4096, SESSIONS_LIMIT = 100000 };

struct session {
	struct session *next;
	char *id;
	char *jid;
	bool asleep;
	uint64_t seen; // number of the event
};

struct prosody_sessions {
	const struct dialect_sink *sink;
	struct session *buckets[BUCKETS];
	size_t count;
	uint64_t events;
};

static char *copy(struct text text)
{
	char *out = xcalloc(text.n + 1, 1);
	if (text.n)
		memcpy(out, text.p, text.n);
	return out;
}

struct prosody_sessions *prosody_sessions_new(const struct dialect_sink *sink)
{
	struct prosody_sessions *sessions = xcalloc(1, sizeof *sessions);
	sessions->sink = sink;
	return sessions;
}

static struct session **place(struct prosody_sessions *sessions, struct text id)
{
	uint32_t hash = 2166136261U;
	for (size_t i = 0; i < id.n; i++)
		hash = (hash ^ (unsigned char)id.p[i]) * 16777619U;
	struct session **at = &sessions->buckets[hash % BUCKETS];
	while (*at && !text_is(id, (*at)->id))
		at = &(*at)->next;
	return at;
}

static void take_out(struct prosody_sessions *sessions, struct session **at)
{
	struct session *session = *at;
	*at = session->next;
	free(session->jid);
	free(session->id);
	free(session);
	sessions->count--;
}

void prosody_sessions_free(struct prosody_sessions *sessions)
{
	for (size_t i = 0; i < BUCKETS; i++)
		while (sessions->buckets[i])
			take_out(sessions, &sessions->buckets[i]);
	free(sessions);
}

// The value is "+jid" for a session that is awake, "-jid" for one that hibernates.
static void remember(struct prosody_sessions *sessions, struct text id,
		     const struct session *session)
{
	struct buf key = {0}, value = {0};
	buf_printf(&key, "s:%.*s", (int)id.n, id.p);
	if (session)
		buf_printf(&value, "%c%s", session->asleep ? '-' : '+', session->jid);
	sessions->sink->remember(sessions->sink->self, buf_view(&key),
				 session ? buf_view(&value) : TEXT_NONE);
	buf_free(&key);
	buf_free(&value);
}

static void forget(struct prosody_sessions *sessions, struct text id)
{
	struct session **at = place(sessions, id);
	if (!*at)
		return;
	take_out(sessions, at);
	remember(sessions, id, NULL);
}

// Sessions whose end was not in the log: the older half goes.
static void make_room(struct prosody_sessions *sessions)
{
	uint64_t limit = sessions->events / 2;
	for (; sessions->count >= SESSIONS_LIMIT; limit += (sessions->events - limit) / 2 + 1)
		for (size_t i = 0; i < BUCKETS; i++)
			for (struct session **at = &sessions->buckets[i]; *at;) {
				if ((*at)->seen > limit) {
					at = &(*at)->next;
					continue;
				}
				struct text id = text_of((*at)->id);
				remember(sessions, id, NULL);
				take_out(sessions, at);
			}
}

static struct session *put(struct prosody_sessions *sessions, struct text id, struct text jid)
{
	struct session **at = place(sessions, id);
	if (!*at) {
		make_room(sessions);
		at = place(sessions, id);
		*at = xcalloc(1, sizeof **at);
		(*at)->id = copy(id);
		sessions->count++;
	}
	char *fresh = copy(jid);
	free((*at)->jid);
	(*at)->jid = fresh;
	(*at)->asleep = false;
	(*at)->seen = ++sessions->events;
	return *at;
}

static void bound(struct prosody_sessions *sessions, struct text id, struct text jid)
{
	if (jid_is_full(jid))
		remember(sessions, id, put(sessions, id, jid));
}

static void fall_asleep(struct prosody_sessions *sessions, struct text id, struct text rest)
{
	struct session *session = *place(sessions, id);
	(void)rest;
	if (session && !session->asleep) {
		session->asleep = true;
		remember(sessions, id, session);
	}
}

static void wake_up(struct prosody_sessions *sessions, struct text id, struct text rest)
{
	struct session *session = *place(sessions, id);
	(void)rest;
	if (session && session->asleep) {
		session->asleep = false;
		remember(sessions, id, session);
	}
}

static void end(struct prosody_sessions *sessions, struct text id, struct text rest)
{
	(void)rest;
	forget(sessions, id);
}

// "Destroying session for anna@acme.test/phone" (to 0.10), not "... for hibernating too long".
static void end_of_jid(struct prosody_sessions *sessions, struct text id, struct text rest)
{
	if (rest.n && memchr(rest.p, '@', rest.n))
		forget(sessions, id);
}

// A new connection resumes an old session, named "c2s5587...", "5587..." or "c2s5587......".
static void resume(struct prosody_sessions *sessions, struct text id, struct text rest)
{
	char name[64] = "c2s";
	while (rest.n && (rest.p[rest.n - 1] == '.' || rest.p[rest.n - 1] == ' '))
		rest.n--;
	struct session *old = rest.n ? *place(sessions, rest) : NULL;
	if (!old && rest.n + 4 <= sizeof name) {
		memcpy(name + 3, rest.p, rest.n);
		old = *place(sessions, (struct text){name, rest.n + 3});
	}
	if (!old)
		return;
	wake_up(sessions, text_of(old->id), rest);
	struct text jid = text_of(old->jid);
	if (!text_is(id, old->id))
		bound(sessions, id, jid);
}

void prosody_sessions_event(struct prosody_sessions *sessions, struct text source,
			    struct text message)
{
	static const struct {
		const char *begins;
		void (*act)(struct prosody_sessions *, struct text id, struct text rest);
	} table[] = {
		{"Resource bound: ", bound},
		{"Client connected", end}, // the id is used again
		{"Unbinding resource for ", end},
		{"Destroying unbound session", end},
		{"Destroying session for ", end_of_jid},
		{"Session going into hibernation", fall_asleep},
		{"mod_smacks session resumed", wake_up},
		{"Updating with parameters from session", wake_up},
		{"Pre-resumption #queue", wake_up},
		{"mod_smacks resuming existing session ", resume},
		{"Session absorbed into ", resume},
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (text_starts(message, table[i].begins)) {
			size_t n = strlen(table[i].begins);
			table[i].act(sessions, source, (struct text){message.p + n, message.n - n});
			return;
		}
}

// What is sent to a full JID as iq or presence, or as a carbon, is never redirected to another
// session: a log that begins in the middle tells its sessions by these.
void prosody_sessions_stanza(struct prosody_sessions *sessions, struct text source, bool received,
			     struct text tag)
{
	struct session *session = *place(sessions, source);
	if (received) {
		if (session && session->asleep) // then it does not sleep
			wake_up(sessions, source, TEXT_NONE);
		return;
	}
	if (session || !tag.p)
		return;
	struct text to = tag_attr(tag, "to"), from = tag_attr(tag, "from");
	bool carbon = from.p && text_same(from, jid_bare_of(to));
	if (!jid_is_full(to) || memchr(to.p, '&', to.n))
		return;
	if (carbon || text_is(tag_name(tag), "iq") || text_is(tag_name(tag), "presence"))
		bound(sessions, source, to);
}

struct text prosody_sessions_find(struct prosody_sessions *sessions, struct text source,
				  bool *asleep)
{
	struct session *session = *place(sessions, source);
	*asleep = session && session->asleep;
	if (!session)
		return TEXT_NONE;
	session->seen = ++sessions->events;
	return text_of(session->jid);
}

void prosody_sessions_recall(struct prosody_sessions *sessions, struct text key, struct text value)
{
	if (!text_starts(key, "s:") || value.n < 2)
		return;
	struct text id = {key.p + 2, key.n - 2}, jid = {value.p + 1, value.n - 1};
	put(sessions, id, jid)->asleep = value.p[0] == '-';
}
