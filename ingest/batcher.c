// SPDX-License-Identifier: Apache-2.0
#include "ingest/batcher.h"

#include "core/arena.h"
#include "ingest/stanza.h"
#include "ingest/stream.h"

#include <stdlib.h>

enum { QUARANTINE_HEAD = 16384 }; // bytes of a record that are kept

struct known_feed {
	char *name;
	int32_t source;
};

// Lists that live until the next flush.
#define GROW(list, count, cap)                                                                     \
	do {                                                                                       \
		if ((count) == (cap)) {                                                            \
			(cap) = (cap) ? (cap)*2 : 16;                                              \
			(list) = xrealloc((list), (cap) * sizeof(*(list)));                        \
		}                                                                                  \
	} while (0)

struct batcher {
	struct app *app;
	struct store *store;
	struct realm realm;
	struct realm_settings rules;
	struct pairing *pairing;
	struct stanza_parser *parser;
	struct arena *scratch; // one stanza
	struct arena *arena;   // what waits for the flush
	struct batch_gap *gaps;
	size_t gap_count, gap_cap;
	struct batch_quarantine *quarantine;
	size_t quarantine_count, quarantine_cap;
	struct batch_fact *facts;
	size_t fact_count, fact_cap;
	struct known_feed *feeds;
	size_t feed_count, feed_cap;
	uint64_t events;
	usec_t first_at;
	struct batcher_totals totals;
};

bool batcher_open(struct app *app, struct store *store, const char *realm,
		  const struct realm_settings *rules, struct batcher **batcher, struct err *err)
{
	struct batcher *made = xcalloc(1, sizeof(*made));

	made->app = app;
	made->store = store;
	made->first_at = USEC_NONE;
	made->arena = arena_new();
	made->scratch = arena_new();
	made->parser = stanza_parser_new();
	realm_settings_copy(&made->rules, rules);
	stanza_parser_declare(made->parser, made->rules.acks, made->rules.ack_count);
	if (!store_realm(store, realm, rules, &made->realm, err) ||
	    !store_private_acks(store, made->realm.id, &made->rules, err)) {
		batcher_close(made);
		return false;
	}
	made->pairing = pairing_new(&(struct pairing_options){.rules = &made->rules,
							      .realm = text_of(realm),
							      .key = made->realm.key,
							      .bodies = app->settings->bodies,
							      .privacy = made->realm.key});
	*batcher = made;
	return true;
}

void batcher_close(struct batcher *batcher)
{
	if (!batcher)
		return;
	for (size_t i = 0; i < batcher->feed_count; i++)
		free(batcher->feeds[i].name);
	free(batcher->feeds);
	free(batcher->gaps);
	free(batcher->quarantine);
	free(batcher->facts);
	pairing_free(batcher->pairing);
	stanza_parser_free(batcher->parser);
	arena_free(batcher->arena);
	arena_free(batcher->scratch);
	realm_settings_free(&batcher->rules);
	free(batcher);
}

int32_t batcher_realm(const struct batcher *batcher)
{
	return batcher->realm.id;
}

struct store *batcher_store(struct batcher *batcher)
{
	return batcher->store;
}

static void note_event(struct batcher *batcher)
{
	batcher->events++;
	batcher->totals.records++;
	if (batcher->first_at == USEC_NONE)
		batcher->first_at = usec_monotonic();
}

// E1: what cannot be parsed is counted and kept; it never blocks the source.
static void keep_unparsable(struct batcher *batcher, const struct batch_stanza *stanza,
			    const char *reason)
{
	batcher_quarantine(batcher, &(struct batch_quarantine){.source = stanza->source,
							       .generation = stanza->generation,
							       .offset = stanza->offset,
							       .index = stanza->index,
							       .length = stanza->length,
							       .at = stanza->at,
							       .reason = reason,
							       .raw = stanza->xml});
}

void batcher_stanza(struct batcher *batcher, const struct batch_stanza *stanza)
{
	struct stanza *parsed = NULL;
	const char *reason = NULL;

	note_event(batcher);
	arena_reset(batcher->scratch);
	if (stanza_parse(batcher->parser, stanza->xml, batcher->scratch, &parsed, &reason) !=
	    STANZA_OK) {
		keep_unparsable(batcher, stanza, reason);
		parsed = NULL;
	}
	batcher->totals.stanzas++;
	pairing_observe(
		batcher->pairing,
		&(struct observation){.at = stanza->at,
				      .source = stanza->source,
				      .feed = stanza->source_name,
				      .dir = stanza->dir,
				      .session = stanza->session,
				      .raw = stanza->xml,
				      .stanza = parsed,
				      .position = position_pack((uint32_t)stanza->generation,
								stanza->offset, stanza->index)});
}

void batcher_gap(struct batcher *batcher, const struct batch_gap *gap)
{
	note_event(batcher);
	batcher->totals.gaps++;
	GROW(batcher->gaps, batcher->gap_count, batcher->gap_cap);
	batcher->gaps[batcher->gap_count++] = *gap;
}

void batcher_quarantine(struct batcher *batcher, const struct batch_quarantine *record)
{
	struct batch_quarantine copy = *record;

	note_event(batcher);
	batcher->totals.quarantined++;
	// With bodies not stored, the text in quarantine must not be readable either.
	if (batcher->app->settings->bodies != BODIES_FULL)
		copy.raw = TEXT("");
	if (copy.raw.n > QUARANTINE_HEAD)
		copy.raw.n = QUARANTINE_HEAD;
	copy.raw = arena_text(batcher->arena, copy.raw);
	GROW(batcher->quarantine, batcher->quarantine_count, batcher->quarantine_cap);
	batcher->quarantine[batcher->quarantine_count++] = copy;
}

void batcher_fact(struct batcher *batcher, int32_t source, struct text key, struct text value)
{
	GROW(batcher->facts, batcher->fact_count, batcher->fact_cap);
	batcher->facts[batcher->fact_count++] = (struct batch_fact){
		source, arena_text(batcher->arena, key), arena_text(batcher->arena, value)};
}

bool batcher_is_empty(const struct batcher *batcher)
{
	return !batcher->events && !batcher->fact_count;
}

usec_t batcher_first_at(const struct batcher *batcher)
{
	return batcher->first_at;
}

bool batcher_is_due(const struct batcher *batcher, bool live)
{
	const struct settings *settings = batcher->app->settings;

	if ((int64_t)batcher->events >= settings->flush_events ||
	    (int64_t)pairing_bytes(batcher->pairing) >= settings->flush_bytes)
		return true;
	return live && batcher->first_at != USEC_NONE &&
	       usec_monotonic() - batcher->first_at >= settings->flush_after;
}

static void forget_batch(struct batcher *batcher)
{
	pairing_reset(batcher->pairing);
	arena_reset(batcher->arena);
	batcher->gap_count = batcher->quarantine_count = batcher->fact_count = 0;
	batcher->events = 0;
	batcher->first_at = USEC_NONE;
}

bool batcher_flush(struct batcher *batcher, struct stream *const *streams, size_t count,
		   struct batch_result *result, struct err *err)
{
	struct batch_checkpoint *checkpoints =
		arena_alloc(batcher->arena, (count + 1) * sizeof(*checkpoints));
	size_t used = 0;

	for (size_t i = 0; i < count; i++)
		if (stream_checkpoint(streams[i], &checkpoints[used]))
			used++;
	*result = (struct batch_result){0};
	if (!used && batcher_is_empty(batcher))
		return true;
	struct batch batch = {.realm = batcher->realm.id,
			      .pairing = batcher->pairing,
			      .checkpoints = checkpoints,
			      .checkpoint_count = used,
			      .facts = batcher->facts,
			      .fact_count = batcher->fact_count,
			      .gaps = batcher->gaps,
			      .gap_count = batcher->gap_count,
			      .quarantine = batcher->quarantine,
			      .quarantine_count = batcher->quarantine_count,
			      .events = batcher->events};
	if (!store_commit(batcher->store, &batch, result, err))
		return false;
	for (size_t i = 0; i < count; i++)
		stream_committed(streams[i]);
	batcher->totals.inserted += result->inserted;
	batcher->totals.updated += result->updated;
	forget_batch(batcher);
	return true;
}

struct batcher_totals batcher_totals(const struct batcher *batcher)
{
	return batcher->totals;
}

bool batcher_feed(struct batcher *batcher, struct text name, int32_t *source, struct err *err)
{
	for (size_t i = 0; i < batcher->feed_count; i++) {
		if (text_is(name, batcher->feeds[i].name)) {
			*source = batcher->feeds[i].source;
			return true;
		}
	}
	if (!store_feed(batcher->store, batcher->realm.id, name, source, err))
		return false;
	GROW(batcher->feeds, batcher->feed_count, batcher->feed_cap);
	char *copy = xcalloc(1, name.n + 1);
	memcpy(copy, name.p, name.n);
	batcher->feeds[batcher->feed_count++] = (struct known_feed){copy, *source};
	return true;
}
