// SPDX-License-Identifier: Apache-2.0
// The chat states next to a window, however far (CS-REPEAT).
#include "store/settle.h"

#include <stdlib.h>

struct asked {
	struct window *window;
	const struct party *party;
};

struct beyond {
	struct walks walks; // first: walks_go() gives it to look()
	struct settling *it;
	VEC(struct asked) items;
};

static void add(struct beyond *beyond, struct window *window, const struct party *party, usec_t at)
{
	*VEC_ADD(&beyond->items) = (struct asked){window, party};
	walks_add(&beyond->walks, keys_states(window->conv, party->device), at);
}

static void add_for(struct beyond *before, struct beyond *after, struct window *window,
		    const struct party *party)
{
	usec_t sure = window->from + before->it->rules->w_state;
	struct sequence_state device = party_state(party);
	bool has_before = false, has_after = false;

	for (size_t i = window_state(window, &device); window_state_is(window, i, &device); i++) {
		const struct sequence_state *state = &window->states.items[i];
		has_before |= state->kept && state->at < window->lo;
		has_after |= state->kept && state->at > window->states_to;
	}
	if (!has_before && party->first_at < sure)
		add(before, window, party, sure);
	if (!has_after && party->last_at > window->to)
		add(after, window, party, window->to);
}

static bool take_neighbour(void *self, const struct rows *rows)
{
	struct beyond *beyond = self;
	struct walk *walk = walks_found(&beyond->walks, row_int(rows, 0, 0));
	const struct asked *asked = &beyond->items.items[walk - beyond->walks.items.items];
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

struct device_fields {
	struct fields conv, from, resource, to, leg, ingress, lo, hi, near_lo;
};

static void device_fields_free(struct device_fields *list)
{
	struct fields *all[] = {&list->conv, &list->from, &list->resource,
				&list->to,   &list->leg,  &list->ingress,
				&list->lo,   &list->hi,   &list->near_lo};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		fields_free(all[i]);
}

static void add_device(struct device_fields *list, const struct asked *asked)
{
	put_int8(&list->conv, asked->window->conv);
	put_int8(&list->from, asked->party->from);
	put_safe(&list->resource, asked->party->resource);
	put_int8(&list->to, asked->party->to);
	put_int2(&list->leg, (int)asked->party->leg);
	put_bool(&list->ingress, asked->party->ingress);
}

static bool look(struct walks *walks, struct err *err)
{
	struct beyond *beyond = (struct beyond *)walks;
	__attribute__((cleanup(device_fields_free))) struct device_fields list = {0};
	FIELDS_AUTO params = {0};
	usec_t w_state = beyond->it->rules->w_state;
	for (size_t i = 0; i < walks->asked.count; i++) {
		size_t at = walks->asked.items[i];
		add_device(&list, &beyond->items.items[at]);
		put_usec(&list.near_lo, usec_bounded(walks->items.items[at].lo - w_state));
	}
	walks_spans(walks, &list.lo, &list.hi);
	put_array(&params, OF_INT8, &list.conv);
	put_array(&params, OF_INT8, &list.from);
	put_array(&params, OF_TEXT, &list.resource);
	put_array(&params, OF_INT8, &list.to);
	put_array(&params, OF_INT2, &list.leg);
	put_array(&params, OF_BOOL, &list.ingress);
	put_array(&params, OF_TIMESTAMPTZ, &list.lo);
	put_array(&params, OF_TIMESTAMPTZ, &list.hi);
	put_in_days(&params, &list.near_lo, &list.hi);
	put_int8(&params, w_state);
	return sql_each(beyond->it->store,
			walks->after ? "settle_state_after" : "settle_state_before", &params,
			beyond, take_neighbour, err);
}

static void beyond_free(struct beyond *beyond)
{
	walks_free(&beyond->walks);
	free(beyond->items.items);
}
#define BEYOND_AUTO __attribute__((cleanup(beyond_free))) struct beyond

bool settle_beyond(struct settling *it, struct err *err)
{
	BEYOND_AUTO before = {.it = it, .walks = {.keys = it->writer->keys}};
	BEYOND_AUTO after = {.it = it, .walks = {.keys = it->writer->keys, .after = true}};
	for (size_t w = 0; w < it->windows.count; w++) {
		struct window *window = &it->windows.items[w];
		for (size_t p = 0; p < window->parties.count; p++)
			if (window->parties.items[p].touched)
				add_for(&before, &after, window, &window->parties.items[p]);
	}
	if (!walks_go(&before.walks, look, err) || !walks_go(&after.walks, look, err))
		return false;
	for (size_t w = 0; w < it->windows.count; w++) {
		struct scene scene = window_scene(it, &it->windows.items[w]);
		scene_sort(&scene);
	}
	return true;
}
