// SPDX-License-Identifier: Apache-2.0
// What the rows and chat states of a window come to, compared with what is stored.
#include "store/settle.h"

#include <stdlib.h>

// --- rows (I, F6) ---

// F6: before the window only the run that is under way where it begins can be answered otherwise. It
// began with the row that follows the last one of the other party; when that is too old, none can.
static const struct sequence_row *run_under_way(const struct window *window)
{
	const struct sequence_row *first = NULL;
	for (size_t i = 0; i < window->rows.count; i++) {
		const struct sequence_row *row = &window->rows.items[i];
		if (row->sent_at >= window->lo)
			break;
		if (row->class_ != CLASS_CHAT && row->class_ != CLASS_PM)
			continue;
		if (!first || !text_same(first->from, row->from))
			first = row;
	}
	bool known = window->run[2] != USEC_NONE || window->run[0] == window->run[1];
	return known && first && first->sent_at >= window->write_from ? first : NULL;
}

// What cannot be judged with what is loaded stays as it is.
static void keep_others(const struct window *window)
{
	const struct sequence_row *run = window->reaches ? NULL : run_under_way(window);
	for (size_t i = 0; i < window->rows.count && !window->reaches; i++) {
		struct sequence_row *row = &window->rows.items[i];
		const struct settled_row *was = &window->was.items[row->place];
		if (!was->readable) {
			row->read_inferred_at = was->read_at;
			row->read_via = was->via;
		}
		if (row->sent_at < window->lo && row != run)
			row->response_ms = was->response_ms;
	}
}

static bool differs(const struct sequence_row *row, const struct settled_row *was)
{
	return row->read_inferred_at != was->read_at || row->read_via != was->via ||
	       row->response_ms != was->response_ms;
}

struct scene window_scene(const struct settling *it, struct window *window)
{
	return (struct scene){it->rules, window->rows.items, window->rows.count,
			      window->states.items, window->states.count};
}

static void judge_rows(struct settling *it, struct window *window)
{
	struct scene scene = window_scene(it, window);
	sequence_read(&scene);
	sequence_response(&scene);
	keep_others(window);
	for (size_t i = 0; i < window->rows.count; i++) {
		const struct sequence_row *row = &window->rows.items[i];
		if (row->sent_at >= window->write_from && row->sent_at <= window->write_to &&
		    differs(row, &window->was.items[row->place]))
			*VEC_ADD(&it->changed) = (struct changed_row){window->conv, row};
	}
}

// --- devices ---

struct sequence_state party_state(const struct party *party)
{
	return (struct sequence_state){.party = party->from_text,
				       .resource = party->resource,
				       .to = party->to_text,
				       .leg = party->leg};
}

static int by_device(const void *a, const void *b)
{
	struct sequence_state x = party_state(a), y = party_state(b);
	return sequence_compare_device(&x, &y);
}

struct party *window_party(const struct window *window, const struct sequence_state *state)
{
	size_t lo = 0, hi = window->parties.count;
	while (lo < hi) {
		size_t middle = lo + (hi - lo) / 2;
		struct sequence_state at = party_state(&window->parties.items[middle]);
		int order = sequence_compare_device(&at, state);
		if (order == 0)
			return &window->parties.items[middle];
		if (order < 0)
			lo = middle + 1;
		else
			hi = middle;
	}
	return NULL;
}

// The states of one device stand together, in time.
size_t window_state(const struct window *window, const struct sequence_state *device)
{
	size_t lo = 0, hi = window->states.count;
	while (lo < hi) {
		size_t middle = lo + (hi - lo) / 2;
		if (sequence_compare_device(&window->states.items[middle], device) < 0)
			lo = middle + 1;
		else
			hi = middle;
	}
	return lo;
}

bool window_state_is(const struct window *window, size_t i, const struct sequence_state *device)
{
	return i < window->states.count && sequence_same_device(&window->states.items[i], device);
}

// Whose states or content changed; whose typing may have been ended by what is gone.
static void touch_parties(struct window *window)
{
	for (size_t i = 0; i < window->states.count; i++) {
		const struct sequence_state *state = &window->states.items[i];
		struct party *party = window_party(window, state);
		if (party && state->at >= window->lo && state->at <= window->states_to)
			party->touched = true;
	}
	for (size_t i = 0; i < window->rows.count; i++) {
		const struct sequence_row *row = &window->rows.items[i];
		struct sequence_state sender = {
			.party = row->from, .resource = row->resource, .to = row->to};
		struct party *party = row->sent_at >= window->lo && row->sent_at <= window->hi
					      ? window_party(window, &sender)
					      : NULL;
		if (party)
			party->touched = true;
	}
	for (size_t i = 0; i < window->typing.count; i++) {
		struct stored_typing *stored = &window->typing.items[i];
		for (size_t p = 0; p < window->parties.count && !stored->party; p++)
			if (window->parties.items[p].device == stored->device)
				stored->party = &window->parties.items[p];
		if (stored->party && stored->typing.start <= window->hi)
			window->parties.items[stored->party - window->parties.items].touched = true;
	}
}

// The first states of a window may be copies of what is before it: they only serve to tell copies.
static void mark_states(struct settling *it, struct window *window)
{
	struct scene scene = window_scene(it, window);
	for (size_t i = 0; i < window->states.count; i++) {
		struct sequence_state *state = &window->states.items[i];
		const struct party *party = window_party(window, state);
		state->used = state->ingress || !party || !party->ingress;
	}
	states_mark(&scene);
	for (size_t i = 0; i < window->states.count; i++)
		if (window->states.items[i].at < window->from + it->rules->w_state)
			window->states.items[i].fresh = window->states.items[i].kept = false;
}

// --- all of it ---

bool settle_judge(struct settling *it, struct err *err)
{
	for (size_t w = 0; w < it->windows.count; w++) {
		struct window *window = &it->windows.items[w];
		struct scene scene = window_scene(it, window);
		scene_sort(&scene);
		if (window->parties.count)
			qsort(window->parties.items, window->parties.count,
			      sizeof *window->parties.items, by_device);
		mark_states(it, window);
		if (!window->room)
			judge_rows(it, window);
		for (size_t i = 0; i < window->findings.count; i++)
			*map_put(&window->by_key, window->findings.items[i].key) =
				&window->findings.items[i];
		touch_parties(window);
	}
	if (!settle_beyond(it, err))
		return false;
	for (size_t w = 0; w < it->windows.count; w++) {
		struct window *window = &it->windows.items[w];
		settle_repeats(it, window);
		if (!window->room && !settle_typing(it, window, err))
			return false;
	}
	return settle_sides(it, err);
}
