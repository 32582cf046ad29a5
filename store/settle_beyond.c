// SPDX-License-Identifier: Apache-2.0
// The chat states next to a window, however far (CS-REPEAT).
#include "store/settle.h"

#include <stdlib.h>

// --- neighbours beyond the window ---

struct asked {
	struct window *window;
	const struct party *party;
};

struct beyond {
	struct settling *it;
	VEC(struct asked) asked;
	struct fields conv, from, resource, to, leg, ingress, before, after;
};

static void ask(struct beyond *beyond, struct window *window, const struct party *party,
		usec_t before, usec_t after)
{
	*VEC_ADD(&beyond->asked) = (struct asked){window, party};
	put_int8(&beyond->conv, window->conv);
	put_int8(&beyond->from, party->from);
	put_safe(&beyond->resource, party->resource);
	put_int8(&beyond->to, party->to);
	put_int2(&beyond->leg, (int)party->leg);
	put_bool(&beyond->ingress, party->ingress);
	put_usec(&beyond->before, before);
	put_usec(&beyond->after, after);
}

static void ask_for(struct beyond *beyond, struct window *window, const struct party *party)
{
	usec_t sure = window->from + beyond->it->rules->w_state;
	struct sequence_state device = party_state(party);
	bool before = false, after = false;

	for (size_t i = window_state(window, &device); window_state_is(window, i, &device); i++) {
		const struct sequence_state *state = &window->states.items[i];
		before |= state->kept && state->at < window->lo;
		after |= state->kept && state->at > window->states_to;
	}
	before |= party->first_at >= sure;
	after |= party->last_at <= window->to;
	if (!before || !after)
		ask(beyond, window, party, before ? USEC_NONE : sure,
		    after ? USEC_NONE : window->to);
}

static bool take_neighbour(void *self, const struct rows *rows)
{
	struct beyond *beyond = self;
	const struct asked *asked = &beyond->asked.items[row_int(rows, 0, 0) - 1];
	struct sequence_state state = party_state(asked->party);
	state.at = row_usec(rows, 0, 1);
	state.state = (enum chat_state)row_int(rows, 0, 2);
	state.content = row_bool(rows, 0, 3);
	state.own_id = row_copy(rows, 0, 4, beyond->it->arena);
	state.sig = row_int(rows, 0, 5);
	state.position = row_int(rows, 0, 6);
	state.used = state.kept = true;
	*VEC_ADD(&asked->window->states) = state;
	return true;
}

static bool run_beyond(struct beyond *beyond, struct err *err)
{
	FIELDS_AUTO params = {0};
	put_array(&params, OF_INT8, &beyond->conv);
	put_array(&params, OF_INT8, &beyond->from);
	put_array(&params, OF_TEXT, &beyond->resource);
	put_array(&params, OF_INT8, &beyond->to);
	put_array(&params, OF_INT2, &beyond->leg);
	put_array(&params, OF_BOOL, &beyond->ingress);
	put_array(&params, OF_TIMESTAMPTZ, &beyond->before);
	put_array(&params, OF_TIMESTAMPTZ, &beyond->after);
	put_int8(&params, beyond->it->rules->w_state);
	return sql_each(beyond->it->store, "settle_beyond", &params, beyond, take_neighbour, err);
}

static void beyond_free(struct beyond *beyond)
{
	struct fields *all[] = {&beyond->conv, &beyond->from,    &beyond->resource, &beyond->to,
				&beyond->leg,  &beyond->ingress, &beyond->before,   &beyond->after};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		fields_free(all[i]);
	free(beyond->asked.items);
}

bool settle_beyond(struct settling *it, struct err *err)
{
	struct beyond beyond = {.it = it};
	for (size_t w = 0; w < it->windows.count; w++) {
		struct window *window = &it->windows.items[w];
		for (size_t p = 0; p < window->parties.count; p++)
			if (window->parties.items[p].touched)
				ask_for(&beyond, window, &window->parties.items[p]);
	}
	bool fine = !beyond.asked.count || run_beyond(&beyond, err);
	beyond_free(&beyond);
	for (size_t w = 0; fine && w < it->windows.count; w++) {
		struct scene scene = window_scene(it, &it->windows.items[w]);
		scene_sort(&scene);
	}
	return fine;
}
