// SPDX-License-Identifier: Apache-2.0
// What is POSTed to a feed, read into items of a spool: NDJSON, a JSON array or object, one XML stanza.
#ifndef INGEST_WEBHOOK_H
#define INGEST_WEBHOOK_H

#include "core/feed_sink.h"
#include "ingest/spool.h"

enum { WEBHOOK_BODY_MOST = 8 << 20, WEBHOOK_ITEMS_MOST = 10000 };

struct webhook_batch {
	struct spool_item *items;
	size_t count;
	size_t quarantined;
};

// FEED_TAKEN: it can be put. Items live in the arena. What one item lacks does not refuse the others (F66): it
// becomes an unreadable item, named in answer->items.
enum feed_status webhook_read(const struct feed_delivery *delivery, struct arena *arena,
			      struct webhook_batch *batch, struct feed_answer *answer);

// Standard Webhooks: base64 of HMAC-SHA256 over "id.timestamp.body", "v1," in front, several apart by blanks.
bool webhook_signed(const struct feed_signature *signature, struct text secret);

#endif
