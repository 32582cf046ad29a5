// SPDX-License-Identifier: Apache-2.0
// The table of streams behind openfire_sessions.c: found by id, remembered across restarts,
// forgotten when they have been silent for long.
#ifndef INGEST_DIALECTS_OPENFIRE_STREAMS_H
#define INGEST_DIALECTS_OPENFIRE_STREAMS_H

#include "core/settings.h"
#include "ingest/dialects/openfire_audit.h"

#define SECONDS(n) ((n)*USEC_PER_SEC)

enum { STREAM_BUCKETS = 4096 };

enum stream_state { STREAM_OPEN, STREAM_USER, STREAM_ACCOUNT, STREAM_FOREIGN };

struct stream {
	struct stream *next;
	char *id;
	enum stream_state state;
	char *jid;    // USER: full JID. ACCOUNT: bare JID. FOREIGN: domain. else NULL
	char *sender; // OPEN: hypotheses that are left, NULL = dropped
	char *receiver;
	char *to_domain, *from_domain;
	char *own;    // if the receiver hypothesis is true, this is the session
	bool begun;   // hypotheses are set
	bool bind;    // a client asked for a resource: no foreign stream
	bool leaving; // unavailable or closed
	usec_t seen;
	uint64_t self_hash; // last note to self that was "in", waiting for its "out" copy
	usec_t self_at;
};

enum { SIGHTINGS = 128, SIGHTING_PLACES = 1024 };

struct sightings {
	struct sighting {
		uint64_t offset;
		usec_t at; // 0 = empty
		uint64_t hash, stream;
	} ring[SIGHTINGS];
	unsigned char counts[SIGHTING_PLACES]; // how many of the ring have such a hash
	size_t next;
	usec_t begun; // time of the log's first message
	bool changed;
	uint64_t saved_low; // what a restart there would not read again is saved
};

enum audit_copy sightings_see(struct sightings *sightings, const struct audit_entry *entry);
void sightings_save(struct sightings *sightings, uint64_t low, struct buf *out);
void sightings_load(struct sightings *sightings, struct text saved);

struct audit_streams {
	const struct dialect_sink *sink;
	struct string_list hosts;   // domains of proven sessions, and configured ones
	struct string_list foreign; // domains of components and remote servers
	struct stream *buckets[STREAM_BUCKETS];
	size_t count;
	size_t since_sweep;
	struct sightings sightings;
};

// NULL when it is not known.
struct stream *stream_find(struct audit_streams *streams, struct text id);
// A known or a new one; now is log time.
struct stream *stream_of(struct audit_streams *streams, struct text id, usec_t now);
void stream_remember(struct audit_streams *streams, const struct stream *stream);
void stream_remember_note(struct audit_streams *streams, const struct stream *stream);
// Hypotheses become a fact; jid is as struct stream says.
void stream_decide(struct audit_streams *streams, struct stream *stream, enum stream_state state,
		   struct text jid);
void stream_add_host(struct audit_streams *streams, struct text domain);
bool stream_is_host(const struct audit_streams *streams, struct text domain);
char *text_copy(struct text text); // NULL for absent; the caller frees

#endif
