// SPDX-License-Identifier: Apache-2.0
#include "ingest/batcher.h"

#include "core/arena.h"
#include "ingest/stanza.h"
#include "ingest/stream.h"

#include <stdlib.h>

enum { QUARANTINE_HEAD = 16384 };                        // bytes of a record that are kept
enum { CAREFUL_EVENTS = 1000, CAREFUL_BYTES = 4 << 20 }; // of a batch that is read with care

struct kept { // F98: a stanza that waits for its batch as it came
	struct batch_stanza stanza;
	const char *refused; // by the database: why
};

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
	uint64_t care; // records still to be read with care
	struct kept *kept;
	size_t kept_count, kept_cap, kept_bytes;
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
	free(batcher->kept);
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

static void add_quarantine(struct batcher *batcher, const struct batch_quarantine *record)
{
	struct batch_quarantine copy = *record;

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

// E1: what cannot be parsed is counted and kept; it never blocks the source.
static void keep_unparsable(struct batcher *batcher, const struct batch_stanza *stanza,
			    const char *reason)
{
	note_event(batcher);
	add_quarantine(batcher, &(struct batch_quarantine){.source = stanza->source,
							   .generation = stanza->generation,
							   .offset = stanza->offset,
							   .index = stanza->index,
							   .length = stanza->length,
							   .at = stanza->at,
							   .reason = reason,
							   .raw = stanza->xml});
}

// The reason when it cannot be parsed, else NULL.
static const char *observe(struct batcher *batcher, const struct batch_stanza *stanza)
{
	struct stanza *parsed = NULL;
	const char *reason = NULL;

	arena_reset(batcher->scratch);
	if (stanza_parse(batcher->parser, stanza->xml, batcher->scratch, &parsed, &reason) !=
	    STANZA_OK)
		parsed = NULL;
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
								stanza->offset, stanza->index),
				      .stored_by = stanza->stored_by});
	return parsed ? NULL : reason;
}

static void keep(struct batcher *batcher, const struct batch_stanza *stanza)
{
	GROW(batcher->kept, batcher->kept_count, batcher->kept_cap);
	struct kept *kept = &batcher->kept[batcher->kept_count++];
	*kept = (struct kept){.stanza = *stanza};
	kept->stanza.source_name = arena_text(batcher->arena, stanza->source_name);
	kept->stanza.session = arena_text(batcher->arena, stanza->session);
	kept->stanza.xml = arena_text(batcher->arena, stanza->xml);
	batcher->kept_bytes += stanza->xml.n;
}

void batcher_stanza(struct batcher *batcher, const struct batch_stanza *stanza)
{
	note_event(batcher);
	batcher->totals.stanzas++;
	if (batcher->care) {
		keep(batcher, stanza);
		return;
	}
	const char *reason = observe(batcher, stanza);
	if (reason)
		keep_unparsable(batcher, stanza, reason);
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
	note_event(batcher);
	add_quarantine(batcher, record);
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

bool batcher_is_due(const struct batcher *batcher, bool live)
{
	const struct settings *settings = batcher->app->settings;

	if (batcher->care &&
	    (batcher->events >= CAREFUL_EVENTS || batcher->kept_bytes >= CAREFUL_BYTES))
		return true;
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
	batcher->kept_count = batcher->kept_bytes = 0;
	batcher->care -= batcher->events < batcher->care ? batcher->events : batcher->care;
	batcher->events = 0;
	batcher->first_at = USEC_NONE;
}

// --- with care (F98) ---

uint64_t batcher_care(const struct batcher *batcher)
{
	return batcher->care;
}

void batcher_be_careful(struct batcher *batcher, uint64_t records)
{
	batcher->care = records;
}

struct sift {
	struct batcher *batcher;
	size_t *good; // records that the database takes together
	size_t count;
};

// Would the database take the good ones?
static bool try_good(struct sift *sift, struct err *err)
{
	struct batcher *batcher = sift->batcher;
	struct batch batch = {
		.realm = batcher->realm.id, .pairing = batcher->pairing, .trial = true};
	struct batch_result nothing;

	pairing_reset(batcher->pairing);
	for (size_t i = 0; i < sift->count; i++)
		observe(batcher, &batcher->kept[sift->good[i]].stanza);
	return store_commit(batcher->store, &batch, &nothing, err);
}

// Finds by halves what is refused in [from, to), given the good ones before it. False: another
// failure.
static bool sift_range(struct sift *sift, size_t from, size_t to, struct err *err)
{
	size_t before = sift->count;
	struct err why = {0};

	if (from == to)
		return true;
	for (size_t i = from; i < to; i++)
		sift->good[sift->count++] = i;
	if (try_good(sift, &why))
		return true;
	const char *refused = store_refused(sift->batcher->store);
	sift->count = before;
	if (!refused)
		return err_set(err, why.kind, "%s", why.text);
	if (to - from == 1) {
		sift->batcher->kept[from].refused =
			arena_zstr(sift->batcher->arena, text_of(refused));
		return true;
	}
	size_t middle = from + (to - from) / 2;
	return sift_range(sift, from, middle, err) && sift_range(sift, middle, to, err);
}

static bool find_refused(struct batcher *batcher, struct err *err)
{
	struct sift sift = {.batcher = batcher,
			    .good = xcalloc(batcher->kept_count + 1, sizeof(*sift.good))};
	bool ok = sift_range(&sift, 0, batcher->kept_count, err);
	free(sift.good);
	return ok;
}

// Gives pairing what was kept, but for what is refused.
static void observe_kept(struct batcher *batcher)
{
	pairing_reset(batcher->pairing);
	for (size_t i = 0; i < batcher->kept_count; i++) {
		const struct kept *kept = &batcher->kept[i];
		const char *reason =
			kept->refused ? kept->refused : observe(batcher, &kept->stanza);
		if (reason)
			keep_unparsable(batcher, &kept->stanza, reason);
	}
}

static void report_refused(const struct batcher *batcher)
{
	const char *reason = NULL;
	int64_t count = 0;

	for (size_t i = 0; i < batcher->kept_count; i++) {
		reason = batcher->kept[i].refused ? batcher->kept[i].refused : reason;
		count += batcher->kept[i].refused != NULL;
	}
	if (count)
		log_warn(batcher->app->log, "records-refused", LOG_I("records", count),
			 LOG_S("reason", reason),
			 LOG_S("next", "they are in quarantine, all others are stored"));
}

// --- the flush ---

static bool commit(struct batcher *batcher, const struct batch_checkpoint *checkpoints,
		   size_t count, struct batch_result *result, struct err *err)
{
	struct batch batch = {.realm = batcher->realm.id,
			      .pairing = batcher->pairing,
			      .checkpoints = checkpoints,
			      .checkpoint_count = count,
			      .facts = batcher->facts,
			      .fact_count = batcher->fact_count,
			      .gaps = batcher->gaps,
			      .gap_count = batcher->gap_count,
			      .quarantine = batcher->quarantine,
			      .quarantine_count = batcher->quarantine_count,
			      .events = batcher->events};
	return store_commit(batcher->store, &batch, result, err);
}

// As a whole; when a value is refused, without the records that hold it.
static bool commit_kept(struct batcher *batcher, const struct batch_checkpoint *checkpoints,
			size_t count, struct batch_result *result, struct err *err)
{
	size_t quarantined = batcher->quarantine_count;
	struct batcher_totals totals = batcher->totals;
	uint64_t events = batcher->events;

	for (int i = 0; i < 2; i++) {
		struct err why = {0};
		observe_kept(batcher);
		if (commit(batcher, checkpoints, count, result, &why)) {
			if (err)
				*err = (struct err){0};
			return true;
		}
		batcher->quarantine_count = quarantined;
		batcher->totals = totals;
		batcher->events = events;
		err_set(err, why.kind, "%s", why.text);
		if (!store_refused(batcher->store) || (i == 0 && !find_refused(batcher, err)))
			return false;
	}
	return false;
}

// A batch that can never be stored as it is, or not in time, is read again with care.
static bool ask_for_care(struct batcher *batcher, struct err *err)
{
	bool refused = store_refused(batcher->store) != NULL;

	if (batcher->care || !batcher->events || !(refused || store_timed_out(batcher->store)))
		return false;
	batcher->care = batcher->events;
	if (refused && err) // not a defect yet: the caller goes on
		err->kind = ERR_DATABASE;
	return false;
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
	bool ok = batcher->kept_count ? commit_kept(batcher, checkpoints, used, result, err)
				      : commit(batcher, checkpoints, used, result, err);
	if (!ok)
		return ask_for_care(batcher, err);
	report_refused(batcher);
	for (size_t i = 0; i < count; i++)
		stream_committed(streams[i]);
	batcher->totals.inserted += result->inserted;
	batcher->totals.updated += result->updated;
	forget_batch(batcher);
	return true;
}

bool batcher_settle(struct batcher *batcher, usec_t budget, struct settle_result *result,
		    struct err *err)
{
	return store_settle(batcher->store, batcher->realm.id, &batcher->rules, budget, result,
			    err);
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
