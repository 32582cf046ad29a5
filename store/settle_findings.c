// SPDX-License-Identifier: Apache-2.0
// CS-REPEAT and CS-UNNEGOTIATED of a window, compared with what is stored.
#include "store/settle.h"

#include <stdio.h>
#include <stdlib.h>

// --- findings: each occurrence is one row, so that it can be taken back alone ---

static struct settle_finding finding_of(const struct settling *it,
					const struct sequence_finding *found)
{
	char realm[16], at[24];
	struct text r = {realm, (size_t)snprintf(realm, sizeof realm, "%d", (int)it->realm)};
	struct text t = {at, (size_t)snprintf(at, sizeof at, "%lld", (long long)found->at)};
	const struct hash_key *key = &it->writer->key;
	return (struct settle_finding){
		.key = KEYED(key, TEXT("settled"), text_of(found->rule), found->by, t),
		.element = KEYED(key, TEXT("finding"), r, text_of(found->rule), found->by,
				 text_of(found->ref)),
		.rule = found->rule,
		.by = arena_text(it->arena, found->by),
		.ref = found->ref,
		.at = found->at,
		.position = found->position,
	};
}

static bool take_stored(struct window *window, const struct settle_finding *finding)
{
	struct settle_finding *stored = map_get(&window->by_key, finding->key);
	if (!stored || stored->element != finding->element)
		return false;
	stored->rule = NULL; // it stays
	return true;
}

struct repeats {
	struct settling *it;
	struct window *window;
};

// The first kept state of a device behind what changed: its predecessor may be another one now.
static usec_t next_kept(const struct window *window, const struct sequence_state *device)
{
	for (size_t i = window_state(window, device); window_state_is(window, i, device); i++) {
		const struct sequence_state *state = &window->states.items[i];
		if (state->kept && state->at > window->states_to)
			return state->at;
	}
	return INT64_MAX;
}

static bool is_judged(const struct window *window, const struct sequence_state *state)
{
	const struct party *party = window_party(window, state);
	return party && party->touched && state->at >= window->lo &&
	       (state->at <= window->states_to || state->at == next_kept(window, state));
}

static void take_repeat(void *self, const struct sequence_finding *found)
{
	struct repeats *repeats = self;
	struct settling *it = repeats->it;
	struct window *window = repeats->window;
	if (!is_judged(window, found->state))
		return;
	// Which legs belong together far from here is not known here.
	if (found->state->leg == LEG_MIRROR && found->at > window->to) {
		int64_t day = found->at / USEC_PER_DAY - (found->at % USEC_PER_DAY < 0);
		*VEC_ADD(&it->next_units) =
			(struct unit){window->conv, day, found->at, found->at, false};
	}
	struct settle_finding finding = finding_of(it, found);
	if (!take_stored(window, &finding))
		*VEC_ADD(&it->findings_new) = (struct conv_finding){window->conv, finding};
}

static bool may_stand(const struct settling *it, const struct window *window,
		      const struct settle_finding *stored)
{
	if (strcmp(stored->rule, "CS-REPEAT") != 0 || stored->at < window->lo)
		return true;
	if (stored->at <= window->states_to)
		return false;
	for (size_t p = 0; p < window->parties.count; p++) {
		struct sequence_state device = party_state(&window->parties.items[p]);
		if (window->parties.items[p].touched &&
		    text_same(stored->by, sequence_device(&device, it->arena)))
			return stored->at > next_kept(window, &device);
	}
	return true;
}

void settle_repeats(struct settling *it, struct window *window)
{
	struct scene scene = window_scene(it, window);
	struct repeats repeats = {it, window};
	states_pair(&scene);
	states_repeats(&scene, it->arena, &repeats, take_repeat);
	for (size_t i = 0; i < window->findings.count; i++) {
		struct settle_finding *stored = &window->findings.items[i];
		if (stored->rule && !may_stand(it, window, stored))
			*VEC_ADD(&it->findings_gone) = (struct conv_finding){window->conv, *stored};
	}
}

// --- CS-UNNEGOTIATED ---

struct side {
	struct window *window;
	const struct party *party; // one of its devices
	bool found;
};

struct sides {
	struct settling *it;
	VEC(struct side) items;
	struct fields conv, from, to, first, peer, from_day, to_day;
};

static usec_t first_of(const struct window *window, int64_t from, bool lone)
{
	usec_t first = USEC_NONE;
	for (size_t p = 0; p < window->parties.count; p++) {
		const struct party *party = &window->parties.items[p];
		if (party->from != from || (lone && party->lone_at == USEC_NONE))
			continue;
		if (first == USEC_NONE || party->first_at < first)
			first = party->first_at;
	}
	return first;
}

static bool is_settled(const struct window *window, const struct party *party)
{
	for (size_t i = 0; i < window->findings.count; i++) {
		const struct settle_finding *stored = &window->findings.items[i];
		if (stored->rule && !strcmp(stored->rule, "CS-UNNEGOTIATED") &&
		    text_same(stored->by, party->from_text) && stored->at < window->lo)
			return true;
	}
	return false;
}

static void ask_side(struct sides *sides, struct window *window, size_t p)
{
	const struct party *party = &window->parties.items[p];
	for (size_t i = 0; i < p; i++)
		if (window->parties.items[i].from == party->from)
			return; // another device of a side that was asked
	if (party->from == party->to || is_settled(window, party))
		return;
	usec_t first = first_of(window, party->from, false);
	usec_t peer = first_of(window, party->to, false);
	bool lone = first_of(window, party->from, true) != USEC_NONE;
	*VEC_ADD(&sides->items) = (struct side){window, party, false};
	put_int8(&sides->conv, window->conv);
	put_int8(&sides->from, party->from);
	put_int8(&sides->to, party->to);
	// Nothing can be found: the span is empty, and what is stored goes.
	bool may = lone && (peer == USEC_NONE || peer >= first);
	put_usec(&sides->first, may ? first : USEC_NONE);
	put_usec(&sides->peer, peer);
	// The same as a span of days, with the copies before it (F5).
	put_usec(&sides->from_day,
		 may ? usec_bounded(first - sides->it->rules->w_state) : USEC_NONE);
	put_usec(&sides->to_day, usec_bounded(peer == USEC_NONE ? INT64_MAX / 2 : peer));
}

static bool take_side(void *self, const struct rows *rows)
{
	struct sides *sides = self;
	struct side *side = &sides->items.items[row_int(rows, 0, 0) - 1];
	struct settle_finding finding = finding_of(
		sides->it,
		&(struct sequence_finding){"CS-UNNEGOTIATED", side->party->from_text, "",
					   row_usec(rows, 0, 1), row_int(rows, 0, 2), NULL});
	if (!take_stored(side->window, &finding))
		*VEC_ADD(&sides->it->findings_new) =
			(struct conv_finding){side->window->conv, finding};
	return true;
}

static void drop_others(struct sides *sides)
{
	for (size_t s = 0; s < sides->items.count; s++) {
		const struct side *side = &sides->items.items[s];
		for (size_t i = 0; i < side->window->findings.count; i++) {
			const struct settle_finding *stored = &side->window->findings.items[i];
			if (stored->rule && !strcmp(stored->rule, "CS-UNNEGOTIATED") &&
			    text_same(stored->by, side->party->from_text))
				*VEC_ADD(&sides->it->findings_gone) =
					(struct conv_finding){side->window->conv, *stored};
		}
	}
}

static bool run_sides(struct sides *sides, struct err *err)
{
	FIELDS_AUTO params = {0};
	put_array(&params, OF_INT8, &sides->conv);
	put_array(&params, OF_INT8, &sides->from);
	put_array(&params, OF_INT8, &sides->to);
	put_array(&params, OF_TIMESTAMPTZ, &sides->first);
	put_array(&params, OF_TIMESTAMPTZ, &sides->peer);
	put_int8(&params, sides->it->rules->w_state);
	put_in_days(&params, &sides->from_day, &sides->to_day);
	if (!sql_each(sides->it->store, "settle_unnegotiated", &params, sides, take_side, err))
		return false;
	drop_others(sides);
	return true;
}

static void sides_free(struct sides *sides)
{
	struct fields *all[] = {&sides->conv, &sides->from,     &sides->to,    &sides->first,
				&sides->peer, &sides->from_day, &sides->to_day};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		fields_free(all[i]);
	free(sides->items.items);
}

bool settle_sides(struct settling *it, struct err *err)
{
	struct sides sides = {.it = it};
	for (size_t w = 0; w < it->windows.count; w++)
		for (size_t p = 0; p < it->windows.items[w].parties.count; p++)
			if (!it->windows.items[w].room)
				ask_side(&sides, &it->windows.items[w], p);
	bool fine = !sides.items.count || run_sides(&sides, err);
	sides_free(&sides);
	return fine;
}
