// SPDX-License-Identifier: Apache-2.0
// Chat states in a row: sightings of one stanza, the legs of room stanzas, CS-REPEAT, CS-UNNEGOTIATED
// (PAIRING F5, P12, section 8).
#include "pairing/sequence.h"

#include <stdlib.h>

enum { STATES = STATE_GONE + 1 };

const char *chat_state_name(enum chat_state state)
{
	static const char *const names[STATES] = {"",       "active",   "composing",
						  "paused", "inactive", "gone"};
	return (unsigned)state < STATES ? names[state] : "";
}

static bool begins_device(const struct scene *scene, size_t i)
{
	return i == 0 || !sequence_same_device(&scene->states[i - 1], &scene->states[i]);
}

// --- copies ---

struct latest {               // sightings of one device
	usec_t of[STATES][2]; // of a state, standalone and beside content
};

static void forget(struct latest *latest)
{
	for (size_t s = 0; s < STATES; s++)
		latest->of[s][0] = latest->of[s][1] = USEC_NONE;
}

static bool is_first(struct latest *latest, const struct sequence_state *state, usec_t w_state)
{
	usec_t *at = &latest->of[state->state][state->content], before = *at;

	*at = state->at;
	return before == USEC_NONE || state->at - before > w_state;
}

void states_mark(struct scene *scene)
{
	struct latest all, used;

	for (size_t i = 0; i < scene->state_count; i++) {
		struct sequence_state *state = &scene->states[i];
		if (begins_device(scene, i)) {
			forget(&all);
			forget(&used);
		}
		state->fresh = is_first(&all, state, scene->rules->w_state);
		state->kept = state->used && is_first(&used, state, scene->rules->w_state);
	}
}

// --- the two legs of a room stanza (P12) ---

struct legs {
	struct sequence_state *upload, *mirror;
	usec_t apart;
};

struct candidates {
	struct legs *items;
	size_t count, cap;
};

static bool may_be_one(const struct sequence_state *upload, const struct sequence_state *mirror)
{
	return upload->sig == mirror->sig && upload->state == mirror->state &&
	       upload->content == mirror->content &&
	       (!upload->own_id.p || text_same(upload->own_id, mirror->own_id));
}

static void add_candidate(struct candidates *list, struct sequence_state *upload,
			  struct sequence_state *mirror)
{
	usec_t apart = upload->at - mirror->at;

	if (list->count == list->cap) {
		list->cap = list->cap ? list->cap * 2 : 16;
		list->items = xrealloc(list->items, list->cap * sizeof(*list->items));
	}
	list->items[list->count++] = (struct legs){upload, mirror, apart < 0 ? -apart : apart};
}

static int state_time(const void *a, const void *b)
{
	const struct sequence_state *x = *(struct sequence_state *const *)a;
	const struct sequence_state *y = *(struct sequence_state *const *)b;
	return (x->at > y->at) - (x->at < y->at);
}

// Nearest first; an id that agrees before one that is missing.
static int by_distance(const void *a, const void *b)
{
	const struct legs *x = a, *y = b;
	int order = (y->upload->own_id.p != NULL) - (x->upload->own_id.p != NULL);

	order = order ? order : (x->apart > y->apart) - (x->apart < y->apart);
	order = order ? order : (x->upload->at > y->upload->at) - (x->upload->at < y->upload->at);
	order = order ? order : (x->mirror->at > y->mirror->at) - (x->mirror->at < y->mirror->at);
	order = order ? order : sequence_compare_device(x->upload, y->upload);
	return order ? order : sequence_compare_device(x->mirror, y->mirror);
}

static size_t kept_of(struct scene *scene, enum leg leg, struct sequence_state **out)
{
	size_t count = 0;

	for (size_t i = 0; i < scene->state_count; i++)
		if (scene->states[i].leg == leg && scene->states[i].kept)
			out[count++] = &scene->states[i];
	qsort(out, count, sizeof(*out), state_time);
	return count;
}

static void find_candidates(struct scene *scene, struct candidates *list)
{
	struct sequence_state **uploads = xcalloc(scene->state_count + 1, sizeof(void *));
	struct sequence_state **mirrors = xcalloc(scene->state_count + 1, sizeof(void *));
	size_t upload_count = kept_of(scene, LEG_UPLOAD, uploads);
	size_t mirror_count = kept_of(scene, LEG_MIRROR, mirrors);
	usec_t reach = scene->rules->w_ackdup;

	for (size_t i = 0, first = 0; i < upload_count; i++) {
		while (first < mirror_count && mirrors[first]->at < uploads[i]->at - reach)
			first++;
		for (size_t j = first; j < mirror_count && mirrors[j]->at <= uploads[i]->at + reach;
		     j++)
			if (may_be_one(uploads[i], mirrors[j]))
				add_candidate(list, uploads[i], mirrors[j]);
	}
	free(uploads);
	free(mirrors);
}

void states_pair(struct scene *scene)
{
	struct candidates list = {0};

	for (size_t i = 0; i < scene->state_count; i++)
		scene->states[i].paired = false;
	find_candidates(scene, &list);
	if (list.count)
		qsort(list.items, list.count, sizeof(*list.items), by_distance);
	for (size_t i = 0; i < list.count; i++) {
		const struct legs *legs = &list.items[i];
		if (!legs->upload->paired && !legs->mirror->paired)
			legs->upload->paired = legs->mirror->paired = true;
	}
	free(list.items);
}

// --- CS-REPEAT ---

// A mirror whose upload was seen: the fault is that of the upload, by the real JID.
static bool is_repeat(const struct sequence_state *before, const struct sequence_state *state,
		      usec_t w_state)
{
	return !before->content && !state->content && before->state == state->state &&
	       state->at - before->at > w_state && !(state->leg == LEG_MIRROR && state->paired);
}

void states_repeats(const struct scene *scene, struct arena *arena, void *self,
		    sequence_finding_fn *found)
{
	const struct sequence_state *before = NULL;

	for (size_t i = 0; i < scene->state_count; i++) {
		const struct sequence_state *state = &scene->states[i];
		if (begins_device(scene, i))
			before = NULL;
		if (!state->kept)
			continue;
		if (before && is_repeat(before, state, scene->rules->w_state))
			found(self,
			      &(struct sequence_finding){"CS-REPEAT", sequence_device(state, arena),
							 chat_state_name(state->state), state->at,
							 state->position, state});
		before = state;
	}
}

// --- CS-UNNEGOTIATED ---

// T1 between two states, a state and a reply to it, a reply and the state after it. Of one instant, where
// the texts are not kept: states do not tell which was first, and content comes before both.
// settle_unnegotiated.sql has the same three.
static bool is_before(const struct sequence_state *a, const struct sequence_state *b)
{
	return a->at < b->at ||
	       (a->at == b->at && a->tie.p && b->tie.p && text_compare(a->tie, b->tie) < 0);
}

static bool answers(const struct sequence_row *row, const struct sequence_state *state)
{
	return row->sent_at > state->at || (row->sent_at == state->at && row->tie.p &&
					    state->tie.p && text_compare(row->tie, state->tie) > 0);
}

static bool follows(const struct sequence_state *state, const struct sequence_row *row)
{
	return state->at > row->sent_at ||
	       (state->at == row->sent_at &&
		(!row->tie.p || !state->tie.p || text_compare(row->tie, state->tie) < 0));
}

static bool is_unnegotiated(const struct negotiation *it)
{
	return it->first && it->reply && it->state && (!it->peer || is_before(it->state, it->peer));
}

static bool is_from(const struct sequence_state *state, const struct sequence_state *side)
{
	return text_same(state->party, side->party) && text_same(state->to, side->to);
}

// The first in T1 of those seen so far. What has no tie comes first, as in scene_sort().
static void earlier_of(const struct sequence_state **best, const struct sequence_state *state)
{
	if (!*best || state->at < (*best)->at ||
	    (state->at == (*best)->at && text_compare(state->tie, (*best)->tie) < 0))
		*best = state;
}

static const struct sequence_row *first_reply(const struct scene *scene,
					      const struct sequence_state *side,
					      const struct sequence_state *after)
{
	for (size_t i = 0; i < scene->row_count; i++) { // in order
		const struct sequence_row *row = &scene->rows[i];
		if (text_same(row->from, side->to) && text_same(row->to, side->party) &&
		    answers(row, after))
			return row;
	}
	return NULL;
}

static const struct sequence_state *first_lone(const struct scene *scene,
					       const struct sequence_state *side,
					       const struct sequence_row *reply)
{
	const struct sequence_state *best = NULL;

	for (size_t i = 0; i < scene->state_count; i++) {
		const struct sequence_state *state = &scene->states[i];
		if (state->fresh && !state->content && is_from(state, side) &&
		    follows(state, reply))
			earlier_of(&best, state);
	}
	return best;
}

static void judge_side(const struct scene *scene, const struct sequence_state *side, void *self,
		       sequence_finding_fn *found)
{
	struct negotiation it = {NULL, NULL, NULL, NULL};

	for (size_t i = 0; i < scene->state_count; i++) {
		const struct sequence_state *state = &scene->states[i];
		earlier_of(is_from(state, side) ? &it.first : &it.peer, state);
	}
	it.reply = first_reply(scene, side, it.first);
	if (it.reply)
		it.state = first_lone(scene, side, it.reply);
	if (is_unnegotiated(&it))
		found(self, &(struct sequence_finding){"CS-UNNEGOTIATED", side->party, "",
						       it.state->at, it.state->position, it.state});
}

void states_unnegotiated(const struct scene *scene, void *self, sequence_finding_fn *found)
{
	const struct sequence_state *one = NULL;

	for (size_t i = 0; i < scene->state_count; i++) {
		const struct sequence_state *state = &scene->states[i];
		if (state->leg != LEG_DIRECT || text_same(state->party, state->to))
			continue;
		if (one && is_from(state, one))
			continue;
		judge_side(scene, state, self, found);
		if (one)
			return;
		one = state;
	}
}
