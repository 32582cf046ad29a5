// SPDX-License-Identifier: Apache-2.0
// Where the HTTP server puts what feeds POST. api/ does not know ingest/: receiptd.c hands this over.
#ifndef CORE_FEED_SINK_H
#define CORE_FEED_SINK_H

#include "core/arena.h"
#include "core/err.h"
#include "core/ztime.h"

#include <jansson.h>

enum feed_status {    // what nobody thought of is not durable: 0 must be no success
	FEED_BROKEN,  // not taken, the disk fails: 503
	FEED_TAKEN,   // durable
	FEED_BUSY,    // not taken: 503, come again
	FEED_LARGE,   // never fits as a whole: in smaller deliveries
	FEED_UNKNOWN, // there is no webhook of that name
	FEED_TYPE,    // not a content type that is read here
	FEED_BAD,     // not readable as a whole; detail says why
};

struct feed_delivery {            // texts are the caller's; absent where not given
	struct text feed;         // name; absent: the only one
	struct text id;           // webhook-id: idempotence
	struct text stream;       // feed-stream: whose numbers "seq" are
	struct text type;         // Content-Type
	struct text dir, session; // of a stanza that is POSTed as XML
	struct text body;
	usec_t now;
};

struct feed_answer {
	size_t accepted, duplicates, quarantined;
	json_t *items;      // array of what was not simply accepted; NULL: nothing; the caller's
	const char *detail; // static, of FEED_BAD and FEED_TYPE
	struct err err;     // of FEED_BUSY and FEED_BROKEN, for the log
};

struct feed_signature { // of Standard Webhooks; absent texts where a header is missing
	struct text id, timestamp, signature, body;
	usec_t now;
};

struct feed_sink {
	void *self;
	// The longest body that is read, bytes.
	size_t body_most;
	// A secret of this feed: as a bearer token, or as the key of a signature. False: not so, or it has none.
	bool (*knows_bearer)(void *self, struct text feed, struct text bearer);
	bool (*knows_signature)(void *self, struct text feed,
				const struct feed_signature *signature);
	enum feed_status (*take)(void *self, const struct feed_delivery *delivery,
				 struct feed_answer *answer);
};

#endif
