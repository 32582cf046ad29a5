// SPDX-License-Identifier: Apache-2.0
// How a spool segment looks. A block is a head line and a payload, both with a checksum:
//
//   block <bytes> <delivery hash, 16 hex, 0 = none> <payload digest, 16 hex> <digest of this line, 16 hex> LF
//   <payload> LF
//
// It counts when a mark "ok <size>" LF stands behind it, written when the first <size> bytes are durable.
// A payload is a list of items, each a line of decimal fields and then its texts:
//
//   stanza <at> <dir> <session bytes, -1 = absent> <xml bytes> LF <session> <xml> LF
//   gap <since> <at> <lost> <reason bytes> LF <reason> LF
//   unreadable <at> <reason bytes> <raw bytes> LF <reason> <raw> LF
//   stream <highest number> <name bytes> LF <name> LF       what its numbers have come to
//   delivery <hash> <at> LF                                 one of an earlier segment
//   last <at> LF                                            newest stanza of earlier segments
//
// Texts have lengths, so bytes stay what they are; nothing is parsed as XML or JSON on the way.
#ifndef INGEST_SPOOL_FORMAT_H
#define INGEST_SPOOL_FORMAT_H

#include "core/buf.h"
#include "ingest/spool.h"

enum { SPOOL_HEAD_MOST = 128, SPOOL_PAYLOAD_MOST = 64 << 20 };

enum spool_found {
	SPOOL_BLOCK,   // size bytes, payload whole and right
	SPOOL_MARK,    // blocks that end at or before byte upto count
	SPOOL_MORE,    // what is there may be the beginning of either
	SPOOL_DAMAGED, // size bytes up to the next place that looks like a beginning
};

struct spool_block {
	size_t size;
	uint64_t delivery; // hash, 0 = none
	struct text payload;
	int64_t upto; // of a mark
};

// What stands at the beginning of these bytes.
enum spool_found spool_look(struct text bytes, struct spool_block *block);
void spool_block_write(struct buf *out, uint64_t delivery, struct text payload);
void spool_mark_write(struct buf *out, int64_t upto);

enum spool_what { IS_STANZA, IS_GAP, IS_UNREADABLE, IS_STREAM, IS_DELIVERY, IS_LAST };

struct spool_entry { // one item of a payload; texts lie in it
	enum spool_what what;
	struct spool_item item;
	struct text stream;
	int64_t number;    // of the stream
	uint64_t delivery; // hash
	size_t offset;     // in the payload
	size_t size;
};

void spool_item_write(struct buf *out, const struct spool_item *item);
void spool_stream_write(struct buf *out, struct text name, int64_t number);
void spool_delivery_write(struct buf *out, uint64_t hash, usec_t at);
void spool_last_write(struct buf *out, usec_t at);
// The item at the beginning of *rest, which is shortened by it. False: the end, or nonsense (rest->n > 0).
bool spool_entry_read(struct text payload, struct text *rest, struct spool_entry *entry);

uint64_t spool_hash(struct text text); // of a delivery's id; never 0

#endif
