// SPDX-License-Identifier: Apache-2.0
// A feed of kind component: receiptd is an external component of the server (XEP-0114) and is given a copy
// of every stanza (ejabberd's mod_service_log). The server keeps nothing for a component that is away, so
// every break is a gap (F54). What comes goes into the feed's spool and from there the way of all lines.
//
// A thread for each feed. It never gives up: it connects again with back-off and jitter, slowly where the
// server refused it (F55). When the spool is full it stops reading, so the server waits (F59).
#ifndef INGEST_SOURCES_COMPONENT_H
#define INGEST_SOURCES_COMPONENT_H

#include "core/settings.h"
#include "ingest/spool.h"

struct component_options { // copied, but for spool, log and rules, which must outlive the component
	const char *name;  // of the feed
	const char *host;
	int port;
	const char *domain; // that the server knows the component by
	const char *
		server; // a domain of the server, for pings; NULL: the component's own, which comes back
	struct text secret;
	bool tls;            // from the first byte on; STARTTLS is not spoken
	const char *ca_file; // whom to believe; NULL: the system's authorities
	struct spool *spool;
	struct log *log;
	const struct realm_settings *rules; // private acknowledgements in iqs; may be NULL
	// 0 = the default
	usec_t silence;                     // 30 s: then the server is asked for a sign of life,
	usec_t patience;                    // 10 s: which it must give in this time (F57)
	usec_t backoff_least, backoff_most; // 0.5 s, 60 s
	usec_t full_pause;                  // 250 ms: between two tries to store
};

enum component_count {
	COMPONENT_MESSAGES, // given to the spool
	COMPONENT_FACTS,    // iq and presence that may hold facts (K19): given to the spool, too
	COMPONENT_PRESENCE, // dropped (F70), and so the next two
	COMPONENT_IQ,
	COMPONENT_ELEMENTS,
	COMPONENT_QUARANTINE, // could not be read
	COMPONENT_GAPS,
	COMPONENT_COUNTS
};

extern const char *const component_count_names[COMPONENT_COUNTS];

struct component_state {
	const char *word; // connecting, online, refused, waiting, full
	char detail[256]; // why; "" when there is nothing to say
	usec_t since;     // of the word
	int64_t counts[COMPONENT_COUNTS];
};

struct component;

bool component_start(const struct component_options *options, struct component **component,
		     struct err *err);
void component_stop(struct component *component); // NULL is fine
void component_state(struct component *component, struct component_state *state);

#endif
