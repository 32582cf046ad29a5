// SPDX-License-Identifier: Apache-2.0
#include "ingest/batcher_internal.h"

#include "ingest/secret.h"
#include "ingest/stanza.h"
#include "ingest/stream.h"

#include <stdlib.h>

enum {
	QUARANTINE_HEAD = 16384,   // bytes of a record that are kept
	QUARANTINE_BYTES = 8 << 20 // of a batch: more of them are due (F127)
};
enum { CAREFUL_EVENTS = 1000, CAREFUL_BYTES = 4 << 20 }; // of a batch that is read with care

struct known_feed {
	char *name;
	int32_t source;
};

static bool is_erased(const void *self, struct text bare, struct text full)
{
	return store_is_suppressed(self, bare, full);
}

static void box_open(struct batcher *batcher, const char *realm, struct box *box)
{
	*box = (struct box){.arena = arena_new(), .first_at = USEC_NONE};
	box->pairing =
		pairing_new(&(struct pairing_options){.rules = &batcher->rules,
						      .realm = text_of(realm),
						      .key = batcher->realm.key,
						      .bodies = batcher->app->settings->bodies,
						      .privacy = batcher->body_key,
						      .is_erased = is_erased,
						      .erased = batcher->store});
}

static void box_close(struct box *box)
{
	if (!box->arena)
		return;
	free(box->gaps);
	free(box->quarantine);
	free(box->facts);
	free(box->kept);
	pairing_free(box->pairing);
	arena_free(box->arena);
}

// bodies = hmac: with the key that is not in the database, so that nobody who has that can try short ones (F189).
static bool learn_body_key(struct batcher *batcher, struct err *err)
{
	struct privacy_key key;

	if (batcher->app->settings->bodies != BODIES_HMAC)
		return true;
	if (!store_privacy(batcher->store, true, &key, err))
		return false;
	batcher->body_key = privacy_body_key(&key);
	return true;
}

bool batcher_open(struct app *app, struct store *store, const char *realm,
		  struct realm_settings *rules, struct batcher **batcher, struct err *err)
{
	struct batcher *made = xcalloc(1, sizeof(*made));

	made->app = app;
	made->store = store;
	made->scratch = arena_new();
	made->parser = stanza_parser_new();
	bool known = store_realm(store, realm, rules, &made->realm, err);
	realm_settings_copy(&made->rules, rules);
	stanza_parser_declare(made->parser, made->rules.acks, made->rules.ack_count);
	if (!known || !store_private_acks(store, made->realm.id, &made->rules, err) ||
	    !learn_body_key(made, err)) {
		batcher_close(made);
		return false;
	}
	for (int i = 0; i < BOXES; i++)
		box_open(made, realm, &made->boxes[i]);
	made->box = &made->boxes[0];
	if (!store_clock_jumps(store, made->realm.id, made->box->pairing, err)) {
		batcher_close(made);
		return false;
	}
	*batcher = made;
	return true;
}

void batcher_close(struct batcher *batcher)
{
	struct err ignored = {0};

	if (!batcher)
		return;
	batcher_wait(batcher, &ignored);
	for (size_t i = 0; i < batcher->feed_count; i++)
		free(batcher->feeds[i].name);
	free(batcher->feeds);
	for (int i = 0; i < BOXES; i++)
		box_close(&batcher->boxes[i]);
	stanza_parser_free(batcher->parser);
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
	struct err ignored = {0};

	batcher_wait(batcher, &ignored); // a failure is told by the next flush
	return batcher->store;
}

static void note_event(struct batcher *batcher)
{
	batcher->box->events++;
	batcher->totals.records++;
	if (batcher->box->first_at == USEC_NONE)
		batcher->box->first_at = usec_monotonic();
}

static void add_quarantine(struct batcher *batcher, const struct batch_quarantine *record)
{
	struct batch_quarantine copy = *record;

	batcher->totals.quarantined++;
	// With bodies not stored, the text in quarantine must not be readable either; what somebody
	// logs in with never, and nothing that names somebody who was erased.
	if (batcher->app->settings->bodies != BODIES_FULL || secret_maybe(copy.raw) ||
	    store_names_suppressed(batcher->store, copy.raw))
		copy.raw = TEXT("");
	if (copy.raw.n > QUARANTINE_HEAD)
		copy.raw.n = QUARANTINE_HEAD;
	copy.raw = arena_text(batcher->box->arena, copy.raw);
	copy.reason = arena_zstr(batcher->box->arena, text_of(copy.reason));
	batcher->box->raw_bytes += copy.raw.n;
	GROW(batcher->box->quarantine, batcher->box->quarantine_count,
	     batcher->box->quarantine_cap);
	batcher->box->quarantine[batcher->box->quarantine_count++] = copy;
}

// E1: what cannot be parsed is counted and kept; it never blocks the source.
void batcher_set_aside(struct batcher *batcher, const struct batch_stanza *stanza,
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
const char *batcher_observe(struct batcher *batcher, const struct batch_stanza *stanza)
{
	struct stanza *parsed = NULL;
	const char *reason = NULL;

	arena_reset(batcher->scratch);
	if (stanza_parse(batcher->parser, stanza->xml, batcher->scratch, &parsed, &reason) !=
	    STANZA_OK)
		parsed = NULL;
	pairing_observe(
		batcher->box->pairing,
		&(struct observation){.at = stanza->at,
				      .source = stanza->source,
				      .feed = stanza->source_name,
				      .dir = stanza->dir,
				      .session = stanza->session,
				      .raw = stanza->xml,
				      .exact = stanza->exact,
				      .stanza = parsed,
				      .position = position_pack((uint32_t)stanza->generation,
								stanza->offset, stanza->index),
				      .stored_by = stanza->stored_by,
				      .witness = stanza->witness});
	return parsed ? NULL : reason;
}

static void keep(struct batcher *batcher, const struct batch_stanza *stanza)
{
	GROW(batcher->box->kept, batcher->box->kept_count, batcher->box->kept_cap);
	struct kept *kept = &batcher->box->kept[batcher->box->kept_count++];
	*kept = (struct kept){.stanza = *stanza};
	kept->stanza.source_name = arena_text(batcher->box->arena, stanza->source_name);
	kept->stanza.session = arena_text(batcher->box->arena, stanza->session);
	kept->stanza.xml = arena_text(batcher->box->arena, stanza->xml);
	batcher->box->kept_bytes += stanza->xml.n;
}

void batcher_stanza(struct batcher *batcher, const struct batch_stanza *stanza)
{
	note_event(batcher);
	batcher->totals.stanzas++;
	if (batcher->care) {
		keep(batcher, stanza);
		return;
	}
	const char *reason = batcher_observe(batcher, stanza);
	if (reason)
		batcher_set_aside(batcher, stanza, reason);
}

void batcher_gap(struct batcher *batcher, const struct batch_gap *gap)
{
	note_event(batcher);
	batcher->totals.gaps++;
	GROW(batcher->box->gaps, batcher->box->gap_count, batcher->box->gap_cap);
	struct batch_gap copy = *gap;
	copy.cause = arena_zstr(batcher->box->arena, text_of(gap->cause));
	if (!strcmp(gap->cause, GAP_CLOCK_FORWARD))
		pairing_clock_jump(batcher->box->pairing,
				   &(struct clock_jump){gap->source, gap->from_at, gap->to_at});
	batcher->box->gaps[batcher->box->gap_count++] = copy;
}

void batcher_quarantine(struct batcher *batcher, const struct batch_quarantine *record)
{
	note_event(batcher);
	add_quarantine(batcher, record);
}

void batcher_fact(struct batcher *batcher, const struct batch_fact *fact)
{
	// Who was erased is not remembered beyond this process: as if it had been forgotten.
	bool erased = store_names_suppressed(batcher->store, fact->value);
	if (store_names_suppressed(batcher->store, fact->key))
		return;
	GROW(batcher->box->facts, batcher->box->fact_count, batcher->box->fact_cap);
	batcher->box->facts[batcher->box->fact_count++] = (struct batch_fact){
		fact->generation, fact->at_end, arena_text(batcher->box->arena, fact->key),
		erased ? TEXT_NONE : arena_text(batcher->box->arena, fact->value)};
}

uint64_t batcher_events(const struct batcher *batcher)
{
	return batcher->box->events;
}

bool batcher_is_empty(const struct batcher *batcher)
{
	return !batcher->box->events && !batcher->box->fact_count;
}

usec_t batcher_due_at(const struct batcher *batcher)
{
	usec_t first = batcher->box->first_at;
	return first == USEC_NONE ? USEC_NONE : first + batcher->app->settings->flush_after;
}

bool batcher_is_due(const struct batcher *batcher, bool live)
{
	const struct settings *settings = batcher->app->settings;

	if (batcher->care &&
	    (batcher->box->events >= CAREFUL_EVENTS || batcher->box->kept_bytes >= CAREFUL_BYTES))
		return true;
	if (batcher->box->raw_bytes >= QUARANTINE_BYTES ||
	    (int64_t)batcher->box->events >= settings->flush_events ||
	    (int64_t)pairing_bytes(batcher->box->pairing) >= settings->flush_bytes)
		return true;
	return live && batcher->box->first_at != USEC_NONE &&
	       usec_monotonic() >= batcher_due_at(batcher);
}

static void box_empty(struct box *box)
{
	pairing_reset(box->pairing);
	arena_reset(box->arena);
	box->gap_count = box->quarantine_count = box->fact_count = 0;
	box->raw_bytes = 0;
	box->kept_count = box->kept_bytes = 0;
	box->events = 0;
	box->first_at = USEC_NONE;
}

static void forget_batch(struct batcher *batcher)
{
	uint64_t events = batcher->box->events;

	batcher->care -= events < batcher->care ? events : batcher->care;
	box_empty(batcher->box);
}

// --- with care (F98) ---

uint64_t batcher_care(struct batcher *batcher)
{
	struct err ignored = {0};

	batcher_wait(batcher, &ignored);
	return batcher->care;
}

void batcher_be_careful(struct batcher *batcher, uint64_t records)
{
	batcher->care = records;
}

// --- the flush ---

static struct batch batch_of(const struct batcher *batcher,
			     const struct batch_checkpoint *checkpoints, size_t count)
{
	const struct box *box = batcher->box;

	return (struct batch){.realm = batcher->realm.id,
			      .pairing = box->pairing,
			      .checkpoints = checkpoints,
			      .checkpoint_count = count,
			      .facts = box->facts,
			      .fact_count = box->fact_count,
			      .gaps = box->gaps,
			      .gap_count = box->gap_count,
			      .quarantine = box->quarantine,
			      .quarantine_count = box->quarantine_count,
			      .events = box->events};
}

bool batcher_commit(struct batcher *batcher, const struct batch_checkpoint *checkpoints,
		    size_t count, struct batch_result *result, struct err *err)
{
	struct batch batch = batch_of(batcher, checkpoints, count);
	return store_commit(batcher->store, &batch, result, err);
}

// A batch that can never be stored as it is, or not in time, is read again with care.
static bool ask_for_care(struct batcher *batcher, uint64_t events, struct err *err)
{
	bool refused = store_refused(batcher->store) != NULL;

	batcher->spent = true;
	if (batcher->care || !events || !(refused || store_timed_out(batcher->store)))
		return false;
	batcher->care = events;
	if (refused && err) // not a defect yet: the caller goes on
		err->kind = ERR_DATABASE;
	return false;
}

static void count_stored(struct batcher *batcher, const struct batch_result *result)
{
	batcher->totals.inserted += result->inserted;
	batcher->totals.updated += result->updated;
}

static struct box *other_box(struct batcher *batcher)
{
	return batcher->box == &batcher->boxes[0] ? &batcher->boxes[1] : &batcher->boxes[0];
}

bool batcher_is_storing(const struct batcher *batcher)
{
	return batcher->pending && !store_commit_is_done(batcher->pending);
}

bool batcher_wait(struct batcher *batcher, struct err *err)
{
	struct pending *pending = batcher->pending;
	struct batch_result result;

	if (batcher->spent)
		return err_set(err, ERR_DATABASE, "a batch before this one was not stored");
	if (!pending)
		return true;
	batcher->pending = NULL;
	struct box *stored = other_box(batcher);
	uint64_t events = stored->events;
	bool ok = store_commit_end(pending, &result, err);
	box_empty(stored);
	if (!ok)
		return ask_for_care(batcher, events, err);
	count_stored(batcher, &result);
	return true;
}

static struct batch_checkpoint *take_checkpoints(struct batcher *batcher,
						 struct stream *const *streams, size_t count,
						 size_t *used)
{
	struct batch_checkpoint *checkpoints =
		arena_alloc(batcher->box->arena, (count + 1) * sizeof(*checkpoints));

	*used = 0;
	for (size_t i = 0; i < count; i++)
		if (stream_checkpoint(streams[i], &checkpoints[*used]))
			++*used;
	return checkpoints;
}

bool batcher_flush(struct batcher *batcher, struct stream *const *streams, size_t count,
		   struct batch_result *result, struct err *err)
{
	size_t used;

	*result = (struct batch_result){0};
	if (!batcher_wait(batcher, err))
		return false;
	struct batch_checkpoint *checkpoints = take_checkpoints(batcher, streams, count, &used);
	if (!used && batcher_is_empty(batcher))
		return true;
	bool ok = batcher->box->kept_count
			  ? batcher_commit_kept(batcher, checkpoints, used, result, err)
			  : batcher_commit(batcher, checkpoints, used, result, err);
	if (!ok)
		return ask_for_care(batcher, batcher->box->events, err);
	batcher_report_refused(batcher);
	for (size_t i = 0; i < count; i++)
		stream_committed(streams[i]);
	count_stored(batcher, result);
	forget_batch(batcher);
	return true;
}

bool batcher_flush_later(struct batcher *batcher, struct stream *const *streams, size_t count,
			 struct err *err)
{
	struct batch_result ignored;
	size_t used;

	if (batcher->care) // one after the other
		return batcher_flush(batcher, streams, count, &ignored, err);
	if (!batcher_wait(batcher, err))
		return false;
	struct batch_checkpoint *checkpoints = take_checkpoints(batcher, streams, count, &used);
	if (!used && batcher_is_empty(batcher))
		return true;
	struct batch batch = batch_of(batcher, checkpoints, used);
	for (size_t i = 0; i < count; i++)
		stream_committed(streams[i]); // the next batch goes on from there
	batcher->box = other_box(batcher);
	pairing_take_jumps(batcher->box->pairing, batch.pairing);
	batcher->pending = store_commit_begin(batcher->store, &batch);
	return true;
}

bool batcher_settle(struct batcher *batcher, usec_t budget, struct settle_result *result,
		    struct err *err)
{
	return batcher_wait(batcher, err) && store_settle(batcher->store, batcher->realm.id,
							  &batcher->rules, budget, result, err);
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
	if (!batcher_wait(batcher, err) ||
	    !store_feed(batcher->store, batcher->realm.id, name, source, err))
		return false;
	GROW(batcher->feeds, batcher->feed_count, batcher->feed_cap);
	char *copy = xcalloc(1, name.n + 1);
	memcpy(copy, name.p, name.n);
	batcher->feeds[batcher->feed_count++] = (struct known_feed){copy, *source};
	return true;
}
