// SPDX-License-Identifier: Apache-2.0
// Any bytes as the body of a delivery: read or refused as a whole, and what is read comes out of a block of
// the spool as it went in (F66, F132). The first byte is the content type.
#include "ingest/spool_format.h"
#include "ingest/webhook.h"
#include "tests/fuzz/fuzz.h"

static const char *const types[] = {"application/x-ndjson", "application/json; charset=utf-8",
				    "text/xml", "text/plain"};

static void same_item(const struct spool_item *a, const struct spool_item *b)
{
	MUST(a->kind == b->kind && a->at == b->at);
	if (a->kind == SPOOL_STANZA)
		MUST(a->dir == b->dir && text_same(a->session, b->session) &&
		     text_same(a->xml, b->xml));
	if (a->kind == SPOOL_GAP)
		MUST(a->since == b->since && a->lost == b->lost && text_same(a->reason, b->reason));
	if (a->kind == SPOOL_UNREADABLE)
		MUST(text_same(a->reason, b->reason) && text_same(a->xml, b->xml));
}

static void through_a_block(const struct webhook_batch *batch)
{
	struct buf payload = {0}, bytes = {0};
	struct spool_block block;
	struct spool_entry entry;
	for (size_t i = 0; i < batch->count; i++)
		spool_item_write(&payload, &batch->items[i]);
	spool_block_write(&bytes, 7, buf_view(&payload));
	MUST(spool_look(buf_view(&bytes), &block) == SPOOL_BLOCK && block.size == bytes.len);
	struct text rest = block.payload;
	for (size_t i = 0; i < batch->count; i++) {
		MUST(spool_entry_read(block.payload, &rest, &entry));
		same_item(&batch->items[i], &entry.item);
	}
	MUST(!rest.n);
	buf_free(&payload);
	buf_free(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	struct arena *arena = arena_new();
	struct text body = exact_copy((struct text){(const char *)data + 1, size - 1});
	struct webhook_batch batch;
	struct feed_answer answer = {0};
	struct feed_delivery delivery = {
		.type = text_of(types[data[0] % 4]), .body = body, .now = 1000000};
	enum feed_status status = webhook_read(&delivery, arena, &batch, &answer);
	MUST(status == FEED_TAKEN || answer.detail);
	MUST(json_array_size(answer.items) == batch.quarantined);
	if (status == FEED_TAKEN)
		through_a_block(&batch);
	json_decref(answer.items);
	exact_free(body);
	arena_free(arena);
	return 0;
}
