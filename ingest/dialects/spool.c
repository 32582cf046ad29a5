// SPDX-License-Identifier: Apache-2.0
// Segments of a feed's spool (ingest/spool_format.h). A block waits until a mark says that it is durable;
// what is damaged is kept in quarantine and passed over (F61).
#include "ingest/dialects/table.h"
#include "ingest/spool_format.h"
#include "ingest/spool_veil.h"

#include <stdlib.h>

enum { RAW_HEAD = 16384 };

struct dialect {
	struct dialect_sink sink;
	struct arena *arena; // reasons, of one block
	char *path;          // of the segment, for its key; NULL: it has none
	struct spool_key key;
	struct buf plain; // of a veiled block
	struct buf held;  // bytes from low water on
	uint64_t offset;  // of its first one
	size_t looked;    // bytes of it that were found to be blocks and marks
};

// ---- items of a block

static void put_stanza(const struct spool_entry *entry, struct record *record)
{
	record->kind = RECORD_STANZA;
	record->dir = entry->item.dir;
	record->session = entry->item.session;
	record->xml = entry->item.xml;
}

static void put_gap(const struct spool_entry *entry, struct record *record)
{
	record->kind = RECORD_GAP;
	record->since = entry->item.since;
	record->lost = entry->item.lost;
}

static void put_unreadable(const struct spool_entry *entry, struct record *record)
{
	record->kind = RECORD_QUARANTINE;
	record->xml = entry->item.xml;
}

static void (*const putters[])(const struct spool_entry *, struct record *) = {
	[IS_STANZA] = put_stanza,
	[IS_GAP] = put_gap,
	[IS_UNREADABLE] = put_unreadable,
};

static void put_entry(struct dialect *d, const struct spool_entry *entry, uint64_t at)
{
	struct record record = {.at = entry->item.at,
				.dir = DIR_ROUTE,
				.offset = at + entry->offset,
				.length = (uint32_t)entry->size,
				.lost = -1};
	if ((size_t)entry->what >= sizeof putters / sizeof *putters)
		return; // what the spool knows, for itself
	putters[entry->what](entry, &record);
	if (entry->item.reason.p)
		record.reason = arena_zstr(d->arena, entry->item.reason);
	d->sink.record(d->sink.self, &record);
}

static void put_unread(struct dialect *d, struct text bytes, uint64_t at, const char *reason)
{
	struct record record = {.kind = RECORD_QUARANTINE,
				.at = USEC_NONE,
				.dir = DIR_ROUTE,
				.xml = {bytes.p, bytes.n < RAW_HEAD ? bytes.n : RAW_HEAD},
				.offset = at,
				.length = (uint32_t)bytes.n,
				.reason = reason,
				.lost = -1};
	d->sink.record(d->sink.self, &record);
}

static void put_damaged(struct dialect *d, struct text bytes, uint64_t at)
{
	put_unread(d, bytes, at, "damaged on the disk");
}

// Positions count the bytes of the file: an item lies as far behind the veil as it does in the plain payload.
static bool open_block(struct dialect *d, struct text *payload, uint64_t *from)
{
	if (!spool_is_veiled(*payload))
		return true;
	if (!d->key.there && d->path)
		spool_key_load(d->path, &d->key);
	bool open = spool_unveil(&d->key, *payload, &d->plain, payload);
	if (!open)
		put_unread(d, *payload, *from, "encrypted, and the key of this segment is gone");
	*from += SPOOL_VEIL;
	return open;
}

static void put_block(struct dialect *d, const struct spool_block *block, struct text bytes,
		      uint64_t at)
{
	struct text payload = block->payload;
	struct spool_entry entry;
	uint64_t from = at + (uint64_t)(block->payload.p - bytes.p);
	arena_reset(d->arena);
	if (!open_block(d, &payload, &from))
		return;
	struct text rest = payload;
	while (spool_entry_read(payload, &rest, &entry))
		put_entry(d, &entry, from);
	if (rest.n)
		put_damaged(d, rest, from + (payload.n - rest.n));
}

// ---- bytes

// Everything before byte "upto" of the file counts.
static void put_durable(struct dialect *d, uint64_t upto)
{
	size_t at = 0;
	while (d->offset + at < upto && at < d->looked) {
		struct spool_block block;
		struct text bytes = {d->held.data + at, d->looked - at};
		enum spool_found found = spool_look(bytes, &block);
		if (found == SPOOL_MORE || d->offset + at + block.size > upto)
			break;
		if (found == SPOOL_BLOCK)
			put_block(d, &block, bytes, d->offset + at);
		else if (found == SPOOL_DAMAGED)
			put_damaged(d, (struct text){bytes.p, block.size}, d->offset + at);
		at += block.size;
	}
	buf_drop(&d->held, at);
	d->offset += at;
	d->looked -= at;
}

static void look_on(struct dialect *d)
{
	uint64_t upto = 0;
	for (;;) {
		struct spool_block block;
		struct text rest = {d->held.data + d->looked, d->held.len - d->looked};
		enum spool_found found = rest.n ? spool_look(rest, &block) : SPOOL_MORE;
		if (found == SPOOL_MORE)
			break;
		d->looked += block.size;
		// A mark is nothing by itself: it counts with what it marks.
		if (found == SPOOL_MARK &&
		    d->offset + d->looked - block.size <= (uint64_t)block.upto)
			upto = d->offset + d->looked;
		else if (found == SPOOL_MARK && (uint64_t)block.upto > upto)
			upto = (uint64_t)block.upto;
	}
	if (upto)
		put_durable(d, upto);
}

static void spool_bytes(struct dialect *d, uint64_t offset, struct text data)
{
	if (!d->held.len) {
		d->offset = offset;
		d->looked = 0;
	}
	buf_text(&d->held, data);
	look_on(d);
}

// ---- life

static struct dialect *spool_dialect_open(const struct dialect_options *options,
					  const struct dialect_sink *sink)
{
	struct dialect *d = xcalloc(1, sizeof *d);
	d->sink = *sink;
	d->arena = arena_new();
	d->path = options->path ? xstrdup(options->path) : NULL;
	return d;
}

static void spool_dialect_close(struct dialect *d)
{
	arena_free(d->arena);
	buf_free(&d->held);
	buf_free(&d->plain);
	spool_key_forget(&d->key);
	free(d->path);
	free(d);
}

static void spool_recall(struct dialect *d, struct text key, struct text value)
{
	(void)d;
	(void)key;
	(void)value;
}

// What no mark stands behind was never durable: its sender was told so, or nothing.
static void spool_end(struct dialect *d, bool final)
{
	(void)d;
	(void) final;
}

static uint64_t spool_low_water(const struct dialect *d)
{
	return d->offset;
}

static int spool_score(struct text head, const char **why)
{
	struct spool_block block;
	if (!text_starts(head, "block ") || spool_look(head, &block) != SPOOL_BLOCK) {
		*why = "no segment of a spool";
		return 0;
	}
	*why = "a segment of the spool of a feed";
	return 99;
}

const struct dialect_type spool_dialect = {
	.name = "spool",
	.title = "spool of a feed",
	.precision = 1,
	.flush_allowance = 10 * USEC_PER_SEC,
	.score = spool_score,
	.open = spool_dialect_open,
	.recall = spool_recall,
	.bytes = spool_bytes,
	.end = spool_end,
	.low_water = spool_low_water,
	.close = spool_dialect_close,
};
