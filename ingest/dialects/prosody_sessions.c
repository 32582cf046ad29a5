// SPDX-License-Identifier: Apache-2.0
// Session ids are addresses inside the server (c2s + hex) and are used again, so what ends a
// session is as important as what begins it. "Client disconnected" does not end one that XEP-0198
// keeps: it hibernates under its old id, and goes on with that id when the client resumes.
#include "ingest/dialects/prosody.h"
#include "ingest/dialects/session_table.h"

#include "core/buf.h"
#include "ingest/markup.h"

#include <stdio.h>
#include <stdlib.h>

struct session {
	struct session_head head;
	char *jid;
	bool asleep;
};

struct prosody_sessions {
	struct session_table table;
};

static void leave(void *session)
{
	free(((struct session *)session)->jid);
}

struct prosody_sessions *prosody_sessions_new(const struct dialect_sink *sink)
{
	struct prosody_sessions *sessions = xcalloc(1, sizeof *sessions);
	sessions->table = (struct session_table){
		.sink = sink, .size = sizeof(struct session), .leave = leave};
	return sessions;
}

void prosody_sessions_free(struct prosody_sessions *sessions)
{
	session_table_free(&sessions->table);
	free(sessions);
}

// The value is "+jid" for a session that is awake, "-jid" for one that hibernates.
static void remember(struct prosody_sessions *sessions, struct text id,
		     const struct session *session)
{
	struct buf value = {0};
	buf_printf(&value, "%c%s", session->asleep ? '-' : '+', session->jid);
	session_remember(&sessions->table, id, buf_view(&value));
	buf_free(&value);
}

static struct session *put(struct prosody_sessions *sessions, struct text id, struct text jid)
{
	struct session *session = session_put(&sessions->table, id);
	char *fresh = session_copy(jid);
	free(session->jid);
	session->jid = fresh;
	session->asleep = false;
	return session;
}

static void bound(struct prosody_sessions *sessions, struct text id, struct text jid)
{
	if (jid_is_full(jid))
		remember(sessions, id, put(sessions, id, jid));
}

static void fall_asleep(struct prosody_sessions *sessions, struct text id, struct text rest)
{
	struct session *session = session_find(&sessions->table, id);
	(void)rest;
	if (session && !session->asleep) {
		session->asleep = true;
		remember(sessions, id, session);
	}
}

static void wake_up(struct prosody_sessions *sessions, struct text id, struct text rest)
{
	struct session *session = session_find(&sessions->table, id);
	(void)rest;
	if (session && session->asleep) {
		session->asleep = false;
		remember(sessions, id, session);
	}
}

static void end(struct prosody_sessions *sessions, struct text id, struct text rest)
{
	(void)rest;
	session_forget(&sessions->table, id);
}

// "Destroying session for anna@acme.test/phone" (to 0.10), not "... for hibernating too long".
static void end_of_jid(struct prosody_sessions *sessions, struct text id, struct text rest)
{
	if (rest.n && memchr(rest.p, '@', rest.n))
		session_forget(&sessions->table, id);
}

// A new connection resumes an old session, named "c2s5587...", "5587..." or "c2s5587......".
static void resume(struct prosody_sessions *sessions, struct text id, struct text rest)
{
	char name[64] = "c2s";
	while (rest.n && (rest.p[rest.n - 1] == '.' || rest.p[rest.n - 1] == ' '))
		rest.n--;
	struct session *old = rest.n ? session_find(&sessions->table, rest) : NULL;
	if (!old && rest.n + 4 <= sizeof name) {
		memcpy(name + 3, rest.p, rest.n);
		old = session_find(&sessions->table, (struct text){name, rest.n + 3});
	}
	if (!old)
		return;
	wake_up(sessions, text_of(old->head.id), rest);
	struct text jid = text_of(old->jid);
	if (!text_is(id, old->head.id))
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
	struct session *session = session_find(&sessions->table, source);
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
	struct session *session = session_find(&sessions->table, source);
	*asleep = session && session->asleep;
	if (!session)
		return TEXT_NONE;
	session_touch(&sessions->table, session);
	return text_of(session->jid);
}

void prosody_sessions_recall(struct prosody_sessions *sessions, struct text key, struct text value)
{
	if (!text_starts(key, "s:") || value.n < 2)
		return;
	struct text id = {key.p + 2, key.n - 2}, jid = {value.p + 1, value.n - 1};
	put(sessions, id, jid)->asleep = value.p[0] == '-';
}
