// SPDX-License-Identifier: Apache-2.0
#include "tests/vectors/memory.h"

#include "ingest/stanza.h"
#include "pairing/audit.h"

#include <stdio.h>
#include <stdlib.h>

// --- loading: rows and evidence at most once into one object ---

struct loaded {
	bool *rows, *evidence, *sent;
};

// A row with facts of its own may hold one: a store need not look into them, so it gives them all.
static bool may_hold_marker(const struct row *row)
{
	return row->marker || row->complex;
}

static void load_evidence(const struct memory *memory, struct pairing *pairing,
			  struct loaded *loaded, size_t i)
{
	if (!loaded->evidence[i])
		pairing_load_evidence(pairing, &memory->evidence[i]);
	loaded->evidence[i] = true;
}

static void load_key(const struct memory *memory, struct pairing *pairing, struct loaded *loaded,
		     int64_t conv, int64_t key)
{
	for (size_t i = 0; i < memory->row_count; i++)
		if (memory->rows[i].conv == conv && memory->rows[i].key == key &&
		    !loaded->rows[i]) {
			loaded->rows[i] = true;
			pairing_load_row(pairing, &memory->rows[i]);
		}
	for (size_t i = 0; i < memory->evidence_count; i++)
		if (memory->evidence[i].conv == conv && memory->evidence[i].key == key)
			load_evidence(memory, pairing, loaded, i);
}

// What the markers of the batch cannot change is not given: the same choice as the store's.
static bool is_passed_over(const struct want_window *want, const struct row *row)
{
	if (want->since == USEC_NONE || row->complex)
		return false;
	if (want->markers_only)
		return row->sent_at < want->whole_from && row->marker->last < want->since;
	return (row->upto_displayed_at != USEC_NONE && row->upto_displayed_at <= want->since) ||
	       (row->displayed_at != USEC_NONE && row->displayed_at <= want->since);
}

static void load_window(const struct memory *memory, struct pairing *pairing, struct loaded *loaded,
			const struct want_window *want)
{
	for (size_t i = 0; !want->passing && i < memory->row_count; i++) {
		const struct row *row = &memory->rows[i];
		if (row->conv != want->conv || row->sent_at < want->lo || row->sent_at > want->hi)
			continue;
		if ((want->markers_only && !may_hold_marker(row)) || is_passed_over(want, row))
			continue;
		load_key(memory, pairing, loaded, row->conv, row->key);
	}
}

static void load_sent(const struct memory *memory, struct pairing *pairing, struct loaded *loaded,
		      int64_t hash)
{
	for (size_t i = 0; i < memory->sent_count; i++)
		if (memory->sent[i].hash == hash && !loaded->sent[i]) {
			loaded->sent[i] = true;
			pairing_load_sent(pairing, &memory->sent[i]);
		}
}

static void load_orphans(const struct memory *memory, struct pairing *pairing,
			 struct loaded *loaded, int64_t hash)
{
	for (size_t i = 0; i < memory->evidence_count; i++) {
		const struct stored_evidence *ev = &memory->evidence[i];
		bool waits = ev->evidence.class_ != ACK_PAIRED ||
			     (ev->evidence.leg != LEG_DIRECT && ev->about_self);
		if ((ev->about == hash || ev->about_self == hash) && waits)
			load_evidence(memory, pairing, loaded, i);
	}
}

static bool is_step(const struct room_mark *mark, const struct room_mark *best)
{
	return !mark->backward && (!best || mark->at > best->at);
}

static const struct room_mark *mark_of(const struct memory *memory, size_t i,
				       const struct want_marks *want)
{
	const struct stored_evidence *ev = &memory->evidence[i];
	const struct room_mark *mark = ev->evidence.mark;
	return ev->conv == want->conv && mark && mark->device == want->device ? mark : NULL;
}

// The last step before "from", and all up to the first step after "to" that is high enough.
static void load_marks(const struct memory *memory, struct pairing *pairing,
		       const struct want_marks *want)
{
	const struct room_mark *prior = NULL;
	usec_t reach = pairing_marks_reach(pairing), end = want->to + reach;

	for (size_t i = 0; i < memory->evidence_count; i++) {
		const struct room_mark *mark = mark_of(memory, i, want);
		if (mark && mark->at < want->from && is_step(mark, prior))
			prior = mark;
		if (mark && mark->at > want->to && !mark->backward &&
		    mark->target >= want->target && mark->at < end)
			end = mark->at;
	}
	for (size_t i = 0; i < memory->evidence_count; i++) {
		const struct room_mark *mark = mark_of(memory, i, want);
		if (mark && (mark == prior || (mark->at >= want->from && mark->at <= end)))
			pairing_load_mark(pairing,
					  &(struct stored_mark){memory->evidence[i].conv,
								memory->evidence[i].key, *mark});
	}
}

// What is not loaded is passed by when all else is known.
static void note_passing(const struct want_window *want, bool *passing, const struct memory *memory)
{
	for (size_t i = 0; want->passing && i < memory->row_count; i++) {
		const struct row *row = &memory->rows[i];
		bool inside = row->conv == want->conv && row->sent_at >= want->lo &&
			      row->sent_at <= want->hi;
		passing[i] = passing[i] || (inside && !is_passed_over(want, row));
	}
}

static void pass_rows(struct memory *memory, struct pairing *pairing, const bool *passing)
{
	for (size_t i = 0; i < memory->row_count; i++)
		if (passing[i])
			pairing_pass(pairing, &memory->rows[i]);
}

void memory_load(struct memory *memory, struct pairing *pairing)
{
	bool *passing = xcalloc(memory->row_count + 1, 1);
	struct loaded loaded = {xcalloc(memory->row_count + 1, 1),
				xcalloc(memory->evidence_count + 1, 1),
				xcalloc(memory->sent_count + 1, 1)};
	struct pairing_wants wants;

	while (pairing_wants(pairing, &wants)) {
		for (size_t i = 0; i < wants.key_count; i++)
			load_key(memory, pairing, &loaded, wants.keys[i].conv, wants.keys[i].key);
		for (size_t i = 0; i < wants.window_count; i++)
			load_window(memory, pairing, &loaded, &wants.windows[i]);
		for (size_t i = 0; i < wants.window_count; i++)
			note_passing(&wants.windows[i], passing, memory);
		for (size_t i = 0; i < wants.sent_count; i++)
			load_sent(memory, pairing, &loaded, wants.sent[i]);
		for (size_t i = 0; i < wants.orphan_count; i++)
			load_orphans(memory, pairing, &loaded, wants.orphans[i]);
		for (size_t i = 0; i < wants.mark_count; i++)
			load_marks(memory, pairing, &wants.marks[i]);
	}
	pass_rows(memory, pairing, passing);
	free(passing);
	free(loaded.rows);
	free(loaded.evidence);
	free(loaded.sent);
}

// --- taking results ---

#define APPEND(list, count, item)                                                                  \
	((list) = xrealloc((list), ((count) + 1) * sizeof(*(list))), (list)[(count)++] = (item))

#define DROP_KEY(list, count, conv_, key_)                                                         \
	do {                                                                                       \
		size_t kept_ = 0;                                                                  \
		for (size_t i_ = 0; i_ < (count); i_++)                                            \
			if ((list)[i_].conv != (conv_) || (list)[i_].key != (key_))                \
				(list)[kept_++] = (list)[i_];                                      \
		(count) = kept_;                                                                   \
	} while (0)

static void take_change(void *self, const struct entry_change *change)
{
	struct memory *memory = self;

	DROP_KEY(memory->rows, memory->row_count, change->conv, change->key);
	for (size_t i = 0; i < change->row_count; i++)
		APPEND(memory->rows, memory->row_count, change->rows[i]);
	if (!change->keep_findings)
		DROP_KEY(memory->findings, memory->finding_count, change->conv, change->key);
	for (size_t i = 0; i < change->finding_count; i++)
		APPEND(memory->findings, memory->finding_count, change->findings[i]);
	if (!change->evidence_changed)
		return;
	DROP_KEY(memory->evidence, memory->evidence_count, change->conv, change->key);
	for (size_t i = 0; i < change->evidence_count; i++)
		APPEND(memory->evidence, memory->evidence_count, change->evidence[i]);
}

static void take_sent(void *self, const struct sent *sent)
{
	struct memory *memory = self;

	APPEND(memory->sent, memory->sent_count, *sent);
}

static void take_finding(void *self, const struct finding *finding)
{
	struct memory *memory = self;

	APPEND(memory->findings, memory->finding_count, *finding);
	memory->findings[memory->finding_count - 1].key = 0;
}

static void take_state(void *self, const struct chat_state_seen *seen)
{
	struct memory *memory = self;

	APPEND(memory->states, memory->state_count, *seen);
}

static void take_known(void *self, const struct known *known)
{
	struct memory *memory = self;

	APPEND(memory->known, memory->known_count, *known);
}

void memory_take(struct memory *memory, struct pairing *pairing)
{
	pairing_changes(pairing, memory, take_change);
	pairing_new_sent(pairing, memory, take_sent);
	pairing_line_findings(pairing, memory, take_finding);
	pairing_chat_states(pairing, memory, take_state);
	pairing_known(pairing, memory, take_known);
	for (int i = 0; i < LINE_COUNTERS; i++)
		memory->lines[i] += pairing_line_counts(pairing)[i];
}

void memory_free(struct memory *memory)
{
	for (size_t i = 0; i < memory->batch_count; i++)
		pairing_free(memory->batches[i]);
	free(memory->rows);
	free(memory->evidence);
	free(memory->sent);
	free(memory->findings);
	free(memory->states);
	json_decref(memory->typing);
	free(memory->known);
	audit_free(memory->audit);
}

// --- a run ---

static void observe(struct pairing *pairing, struct stanza_parser *parser, struct arena *arena,
		    const struct vector_line *line, size_t place)
{
	struct stanza *stanza = NULL;
	const char *reason;
	struct observation observation = {.at = line->at,
					  .feed = line->feed,
					  .dir = line->dir,
					  .session = line->session,
					  .raw = line->xml,
					  .exact = true,
					  .position = position_pack(1, place * 1000, 0)};

	for (size_t i = 0; i < line->feed.n; i++) // any number that tells feeds apart
		observation.source = observation.source * 31 + line->feed.p[i] % 31 + 1;
	if (stanza_parse(parser, line->xml, arena, &stanza, &reason) == STANZA_OK)
		observation.stanza = stanza;
	pairing_observe(pairing, &observation);
}

json_t *run_memory(void *self, const struct vector *vector, const struct vector_plan *plan,
		   struct err *err)
{
	struct stanza_parser *parser = stanza_parser_new();
	struct arena *arena = arena_new();
	struct memory memory = {.arena = arena};
	struct pairing_options options = {
		.rules = &vector->rules, .realm = text_of(vector->name), .bodies = BODIES_FULL};
	size_t place = 0;

	(void)self;
	(void)err;
	stanza_parser_declare(parser, vector->rules.acks, vector->rules.ack_count);
	hash_key_random(&options.key);
	for (size_t i = 0; i < plan->batches && i < MEMORY_BATCHES; i++) {
		struct pairing *pairing = pairing_new(&options);
		memory.batches[memory.batch_count++] = pairing;
		for (; place < plan->ends[i]; place++)
			observe(pairing, parser, arena, &vector->lines[plan->order[place]], place);
		memory_load(&memory, pairing);
		memory_take(&memory, pairing);
	}
	memory_settle(&memory, vector);
	memory_audit(&memory, vector);
	json_t *results = memory_results(&memory, vector);
	memory_free(&memory);
	arena_free(arena);
	stanza_parser_free(parser);
	return results;
}
