// SPDX-License-Identifier: Apache-2.0
#include "tests/db/sample.h"

#include <stdio.h>
#include <stdlib.h>

static void must(bool fine, const struct err *err)
{
	if (fine)
		return;
	fprintf(stderr, "sample: %s\n", err->text);
	exit(1);
}

void sample_start(struct sample *sample, struct store *store, const char *realm)
{
	struct err err = {0};
	struct fingerprint print = {.head_len = 5};
	*sample = (struct sample){.store = store, .first_at = USEC_NONE, .last_at = USEC_NONE};
	snprintf(sample->name, sizeof sample->name, "%s", realm);
	realm_settings_default(&sample->rules);
	must(store_realm(store, realm, &sample->rules, &sample->realm, &err), &err);
	const struct source_setup setup = {"observations", "/log", true, 0};
	must(store_source(store, sample->realm.id, "log", &setup, &sample->source, &err), &err);
	sample_look(sample);
	must(store_generation_new(store, sample->source, "/log", &print, &sample->generation, &err),
	     &err);
	struct pairing_options options = {.rules = &sample->rules,
					  .realm = text_of(realm),
					  .key = sample->realm.key,
					  .bodies = BODIES_FULL};
	sample->pairing = pairing_new(&options);
	sample->arena = arena_new();
}

void sample_look(struct sample *sample)
{
	struct generation list[64];
	struct err err = {0};
	size_t count = 0;
	bool fine = store_generations(sample->store, sample->realm.id, list, 64, &count, &err) ||
		    store_generations(sample->store, sample->realm.id, list, 64, &count, &err);
	must(fine, &err);
	for (size_t i = 0; i < count; i++)
		if (list[i].id == sample->generation.id)
			sample->generation.look = list[i].look;
}

void sample_stop(struct sample *sample)
{
	pairing_free(sample->pairing);
	realm_settings_free(&sample->rules);
	arena_free(sample->arena);
}

static void add_ref(struct sample *sample, struct stanza *st, enum ref_kind kind, const char *id)
{
	if (!id)
		return;
	struct stanza_ref *refs = arena_alloc(sample->arena, (st->ref_count + 1) * sizeof *refs);
	if (st->ref_count)
		memcpy(refs, st->refs, st->ref_count * sizeof *refs);
	refs[st->ref_count++] = (struct stanza_ref){kind, text_of(id), 0};
	st->refs = refs;
}

static void add_body(struct sample *sample, struct stanza *st, const char *body)
{
	st->body = text_of(body);
	st->has_body = true;
	st->digest_parts = arena_alloc(sample->arena, sizeof *st->digest_parts);
	st->digest_parts[0] = st->body;
	st->digest_count = 1;
}

void sample_line(struct sample *sample, struct sample_line line)
{
	struct stanza *st = arena_alloc(sample->arena, sizeof *st);
	st->kind = STANZA_MESSAGE;
	st->from = text_of(line.from);
	st->to = text_of(line.to);
	st->id = text_of(line.id);
	st->type = line.error ? TYPE_ERROR : TYPE_CHAT;
	st->raw_type = line.error ? TEXT("error") : TEXT("chat");
	if (line.room) {
		st->type = TYPE_GROUPCHAT;
		st->raw_type = TEXT("groupchat");
	}
	st->error_condition = text_of(line.error);
	st->receipt_request = line.asks;
	st->markable = line.markable;
	st->state = line.state;
	st->state_count = line.state != STATE_NONE;
	if (line.body)
		add_body(sample, st, line.body);
	add_ref(sample, st, REF_RECEIPT, line.receipt);
	add_ref(sample, st, REF_MARK_DISPLAYED, line.displayed);
	sample->offset += 100;
	sample->records++;
	sample->last_at = line.at > sample->last_at ? line.at : sample->last_at;
	if (sample->first_at == USEC_NONE || line.at < sample->first_at)
		sample->first_at = line.at;
	struct observation seen = {
		.at = line.at,
		.source = sample->source,
		.feed = TEXT("log"),
		.dir = line.dir,
		.session = text_of(line.session),
		.raw = TEXT(""),
		.stanza = st,
		.position = position_pack((uint32_t)sample->generation.id, sample->offset, 0),
	};
	pairing_observe(sample->pairing, &seen);
}

void sample_message(struct sample *sample, usec_t at, const char *id)
{
	struct sample_line line = {.at = at,
				   .dir = DIR_IN,
				   .session = ADA "/phone",
				   .to = BEN,
				   .id = id,
				   .body = "lunch?",
				   .asks = true};
	sample_line(sample, line);
	line.at += SEC / 50;
	line.dir = DIR_OUT;
	line.session = BEN "/tablet";
	line.from = ADA "/phone";
	sample_line(sample, line);
}

void sample_receipt(struct sample *sample, usec_t at, const char *id, const char *own)
{
	sample_line(sample, (struct sample_line){.at = at,
						 .dir = DIR_IN,
						 .session = BEN "/tablet",
						 .to = ADA "/phone",
						 .id = own,
						 .receipt = id});
}

struct batch_checkpoint sample_checkpoint(const struct sample *sample)
{
	return (struct batch_checkpoint){
		.generation = sample->generation.id,
		.reader = sample->source,
		.low_water = sample->offset + 100,
		.has_from = sample->has_from,
		.from_offset = sample->from,
		.look = sample->generation.look,
		.mark_offset = sample->offset,
		.first_at = sample->first_at,
		.last_at = sample->last_at,
		.records = sample->records,
		.stanzas = sample->records,
		.offset = sample->offset + 100,
		.size = sample->offset + 100,
		.seen_at = usec_now(),
	};
}

bool sample_try(struct sample *sample, struct batch_result *result, struct err *err)
{
	struct batch_checkpoint checkpoint = sample_checkpoint(sample);
	struct batch batch = {.realm = sample->realm.id,
			      .pairing = sample->pairing,
			      .checkpoints = &checkpoint,
			      .checkpoint_count = 1,
			      .events = sample->records};
	bool fine = store_commit(sample->store, &batch, result, err);
	if (fine) {
		sample->has_from = sample->offset > 0;
		sample->from = sample->offset;
	}
	pairing_reset(sample->pairing);
	arena_reset(sample->arena);
	sample->records = 0;
	sample->first_at = sample->last_at = USEC_NONE;
	return fine;
}

struct batch_result sample_commit(struct sample *sample)
{
	struct batch_result result;
	struct err err = {0};
	must(sample_try(sample, &result, &err), &err);
	return result;
}
