// SPDX-License-Identifier: Apache-2.0
// The audit log does not tell directions, so each stream's full JID is learnt, and an entry of a
// stream is "in" when it is from that JID and "out" otherwise (formats: Openfire 1.5).
//
// Proof: a bind result, and what a server only ever writes on the stream of one session (proven()).
// Without proof, hypotheses are dropped as entries contradict them, until one is left:
//   sender    the session is the full JID that the entries are from
//   receiver  the session is some resource of the account that the entries are to
//   foreign   no session: a component or remote server, all entries are to (from) its domain
// What is not decided is route, never a guess. Rules are in terms of the stanza's own addresses;
// the server stamps "from" on everything a client sends, so a client cannot lie here.
#include "ingest/dialects/openfire_streams.h"

#include <stdlib.h>

static bool is_domain_of(struct text domain, struct text jid)
{
	return domain.p && text_same(domain, jid_domain_of(jid));
}

// "conference.of.test" for a host "of.test": what it sends does not come in by a remote server.
static bool is_below_host(const struct audit_streams *streams, struct text jid)
{
	struct text domain = jid_domain_of(jid);
	const char *dot = domain.p ? memchr(domain.p, '.', domain.n) : NULL;
	if (!dot)
		return false;
	struct text parent = {dot + 1, (size_t)(domain.p + domain.n - dot) - 1};
	return stream_is_host(streams, parent);
}

// The session's full JID where one entry alone proves it, else absent.
static struct text proven(const struct audit_streams *streams, const struct audit_entry *e)
{
	bool from_full = jid_is_full(e->from), to_full = jid_is_full(e->to);
	bool asks = e->kind == AUDIT_IQ && (text_is(e->type, "get") || text_is(e->type, "set"));
	if (jid_is_full(e->bound))
		return e->bound;
	if (!text_is(e->status, "auth"))
		return TEXT_NONE;
	// Broadcast presence, notes without address and requests to the server stand only on the
	// stream that sent them.
	if (e->kind != AUDIT_IQ && from_full && !e->to.p)
		return e->from;
	if (asks && from_full &&
	    (!e->to.p || is_domain_of(e->to, e->from) || text_same(e->to, jid_bare_of(e->from))))
		return e->from;
	if (!to_full)
		return TEXT_NONE;
	// Carbons and own events come from the account; answers of the server are never redirected.
	if (text_same(e->from, jid_bare_of(e->to)))
		return e->to;
	if (e->kind == AUDIT_IQ && (!e->from.p || is_domain_of(e->from, e->to)))
		return e->to;
	// A room of this server speaks to one occupant.
	if (e->from.p && is_below_host(streams, e->from) &&
	    stream_is_host(streams, jid_domain_of(e->to)) &&
	    (e->kind != AUDIT_MESSAGE || text_is(e->type, "groupchat")))
		return e->to;
	return TEXT_NONE;
}

static bool narrow(char **hypothesis, bool holds)
{
	bool changes = *hypothesis && !holds;
	if (!holds) {
		free(*hypothesis);
		*hypothesis = NULL;
	}
	return changes;
}

static bool is(const char *hypothesis, struct text jid)
{
	return hypothesis && text_is(jid, hypothesis);
}

static bool bare_is(const char *hypothesis, struct text jid)
{
	return hypothesis && jid_same_bare(text_of(hypothesis), jid);
}

// Sent by the account that the stream is of, to somebody else: that can only be its own session.
static bool sent_by_account(const char *account, const struct audit_entry *e)
{
	return bare_is(account, e->from) && jid_is_full(e->from) && e->to.p &&
	       !bare_is(account, e->to);
}

// True when something changed.
static bool weigh(struct stream *stream, const struct audit_entry *e)
{
	if (!e->from.p || !e->to.p)
		return false;
	bool changed = !stream->begun;
	struct text to_domain = jid_domain_of(e->to), from_domain = jid_domain_of(e->from);
	if (!stream->begun) {
		stream->begun = true;
		stream->sender = jid_is_full(e->from) ? text_copy(e->from) : NULL;
		bool account = e->to.p && memchr(e->to.p, '@', e->to.n);
		stream->receiver = account ? text_copy(jid_bare_of(e->to)) : NULL;
		stream->to_domain = text_copy(to_domain);
		stream->from_domain = text_copy(from_domain);
	}
	changed |= narrow(&stream->sender,
			  is(stream->sender, e->from) || bare_is(stream->sender, e->to));
	changed |= narrow(&stream->receiver,
			  bare_is(stream->receiver, e->to) || bare_is(stream->receiver, e->from));
	changed |= narrow(&stream->to_domain, !stream->bind && is(stream->to_domain, to_domain));
	changed |=
		narrow(&stream->from_domain, !stream->bind && is(stream->from_domain, from_domain));
	if (!stream->own && sent_by_account(stream->receiver, e)) {
		stream->own = text_copy(e->from);
		changed = true;
	}
	return changed;
}

// Sessions belong to domains of this server, foreign streams never do. Unknown hosts: all is open.
static void conclude(struct audit_streams *streams, struct stream *stream)
{
	if (!streams->hosts.count)
		return;
	bool to_us = stream->to_domain && stream_is_host(streams, text_of(stream->to_domain));
	bool from_us = stream->from_domain && stream_is_host(streams, text_of(stream->from_domain));
	bool foreign_to = stream->to_domain && !to_us,
	     foreign_from = stream->from_domain && !from_us;
	bool sender =
		stream->sender && stream_is_host(streams, jid_domain_of(text_of(stream->sender)));
	bool receiver = stream->receiver &&
			stream_is_host(streams, jid_domain_of(text_of(stream->receiver)));
	if (!sender && !receiver && foreign_to) {
		char *domain = stream->to_domain;
		stream->to_domain = NULL;
		stream_decide(streams, stream, STREAM_FOREIGN, text_of(domain));
		free(domain);
		return;
	}
	if (foreign_to || foreign_from || sender == receiver)
		return;
	char *known = sender ? stream->sender : stream->own;
	char *jid = text_copy(text_of(known ? known : stream->receiver));
	stream_decide(streams, stream, known ? STREAM_USER : STREAM_ACCOUNT, text_of(jid));
	free(jid);
}

// What passes between two accounts of one domain: only the server of that domain sees it.
static void learn_host(struct audit_streams *streams, const struct audit_entry *e)
{
	struct text from = jid_domain_of(e->from), to = jid_domain_of(e->to);
	bool accounts = e->from.p && e->to.p && memchr(e->from.p, '@', e->from.n) &&
			memchr(e->to.p, '@', e->to.n);
	if (accounts && jid_is_full(e->from) && text_same(from, to) && e->stream.n &&
	    !text_is(e->type, "error") && !text_is(e->type, "groupchat"))
		stream_add_host(streams, from);
}

// The first copy of a message is the one that was read, and the server stamps its sender. Errors and
// what is delayed by a server may be its own.
static bool is_read(const struct audit_streams *streams, const struct audit_entry *e)
{
	bool to_occupant = text_is(e->type, "groupchat") && jid_is_full(e->to);
	return e->copy == AUDIT_COPY_FIRST && jid_is_full(e->from) && !to_occupant &&
	       !text_is(e->type, "error") && stream_is_host(streams, jid_domain_of(e->from)) &&
	       !(e->delay_from.p && stream_is_host(streams, jid_domain_of(e->delay_from)));
}

void audit_streams_learn(struct audit_streams *streams, struct audit_entry *e)
{
	e->copy = sightings_see(&streams->sightings, e);
	if (e->kind == AUDIT_MESSAGE)
		learn_host(streams, e);
	if (!e->stream.n || e->kind == AUDIT_OTHER)
		return;
	struct stream *stream = stream_of(streams, e->stream, e->at);
	bool gone = e->kind == AUDIT_PRESENCE && text_is(e->type, "unavailable") && !e->to.p;
	if (text_is(e->status, "connected")) {
		bool news = !stream->bind && stream->state == STREAM_OPEN;
		stream->bind = true;
		if (news)
			stream_remember(streams, stream);
		return;
	}
	stream->leaving = gone || text_is(e->status, "closed");
	struct text jid = proven(streams, e);
	if (!jid.p && text_is(e->status, "auth") && is_read(streams, e))
		jid = e->from;
	if (jid.p && (stream->state != STREAM_USER || e->bound.p))
		stream_decide(streams, stream, STREAM_USER, jid);
	if (stream->state == STREAM_OPEN) {
		bool changed = weigh(stream, e);
		if (e->copy == AUDIT_COPY_AGAIN && e->to.p) { // written to its receiver
			changed |= narrow(&stream->sender, bare_is(stream->sender, e->to));
			changed |= narrow(&stream->receiver, bare_is(stream->receiver, e->to));
		}
		conclude(streams, stream);
		if (changed && stream->state == STREAM_OPEN)
			stream_remember(streams, stream);
	} else if (stream->state == STREAM_ACCOUNT && sent_by_account(stream->jid, e)) {
		stream_decide(streams, stream, STREAM_USER, e->from);
	}
}

// Two copies of a note to self stand on one stream: read first, then written.
static bool is_second_copy(struct audit_streams *streams, struct stream *stream,
			   const struct audit_entry *e)
{
	bool second = stream->self_hash == e->hash && e->at != USEC_NONE &&
		      llabs(e->at - stream->self_at) <= SECONDS(2);
	stream->self_hash = second ? 0 : e->hash;
	stream->self_at = e->at;
	stream_remember_note(streams, stream);
	return second;
}

static enum direction from_own_session(struct audit_streams *streams, struct stream *stream,
				       const struct audit_entry *e)
{
	// Routed again by the server after an XEP-0198 session died, not read from the client.
	if (e->delay_from.p && is_domain_of(e->delay_from, e->from))
		return DIR_ROUTE;
	if (e->kind == AUDIT_MESSAGE && (!e->to.p || bare_is(stream->jid, e->to)) &&
	    is_second_copy(streams, stream, e))
		return DIR_OUT;
	return DIR_IN;
}

static enum direction user_direction(struct audit_streams *streams, struct stream *stream,
				     const struct audit_entry *e)
{
	if (!e->from.p) // the server's own answers and pushes
		return e->kind == AUDIT_IQ && text_is(e->to, stream->jid) ? DIR_OUT : DIR_ROUTE;
	if (text_is(e->from, stream->jid))
		return from_own_session(streams, stream, e);
	if (e->to.p && !bare_is(stream->jid, e->to))
		return DIR_ROUTE;
	// Written to a session that was closed already: the client cannot have it.
	return text_is(e->status, "closed") ? DIR_ROUTE : DIR_OUT;
}

// Hosts may have become known since the entry was learnt.
static void try_again(struct audit_streams *streams, struct stream *stream,
		      const struct audit_entry *e)
{
	struct text jid = proven(streams, e);
	if (!jid.p && text_is(e->status, "auth") && is_read(streams, e))
		jid = e->from;
	if (jid.p)
		stream_decide(streams, stream, STREAM_USER, jid);
	else if (stream->state == STREAM_OPEN)
		conclude(streams, stream);
}

// What a component sends has no stream, and is told from what rooms and modules say by its domain.
// Errors in its name may be the server's, and a delay by the server is a second routing.
static bool is_from_foreign(const struct audit_streams *streams, const struct audit_entry *e)
{
	return !e->stream.n && text_is(e->status, "unknown") && !text_is(e->type, "error") &&
	       !e->delay_from.p && e->from.p &&
	       string_list_has(&streams->foreign, jid_domain_of(e->from));
}

// To whomsoever: a later copy, and what a room says of its own (clients have a full sender).
static bool is_written(const struct audit_streams *streams, const struct audit_entry *e)
{
	bool of_room = text_is(e->type, "groupchat") && !jid_is_full(e->from) && jid_is_full(e->to);
	bool to_us = e->to.p && stream_is_host(streams, jid_domain_of(e->to));
	if (e->kind != AUDIT_MESSAGE || !text_is(e->status, "auth"))
		return false;
	return e->copy == AUDIT_COPY_AGAIN ? to_us : of_room && (to_us || !streams->hosts.count);
}

bool audit_streams_judge(struct audit_streams *streams, const struct audit_entry *e, bool last,
			 enum direction *dir, struct text *session)
{
	struct stream *stream = e->stream.n ? stream_find(streams, e->stream) : NULL;
	*dir = DIR_ROUTE;
	*session = TEXT_NONE;
	if (is_from_foreign(streams, e))
		*dir = DIR_COMP_IN;
	if (!stream || !text_is(e->status, "auth") == !text_is(e->status, "closed"))
		return true; // no session: rooms, internal modules, or not bound yet
	if (stream->state != STREAM_USER)
		try_again(streams, stream, e);
	switch (stream->state) {
	case STREAM_OPEN:
		if (is_written(streams, e))
			*dir = DIR_OUT;
		return last;
	case STREAM_USER:
		*dir = user_direction(streams, stream, e);
		if (*dir != DIR_ROUTE)
			*session = text_of(stream->jid);
		return true;
	case STREAM_ACCOUNT: // which resource is not known
		if (bare_is(stream->jid, e->from) && jid_is_full(e->from))
			return last;
		if (bare_is(stream->jid, e->to) && text_is(e->status, "auth"))
			*dir = DIR_OUT;
		return last;
	case STREAM_FOREIGN:
		if (is_domain_of(text_of(stream->jid), e->to))
			*dir = DIR_COMP_OUT;
		return true;
	}
	return true;
}
