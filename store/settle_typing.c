// SPDX-License-Identifier: Apache-2.0
// Typing intervals of a window (F5), compared with what is stored.
#include "store/settle.h"

#include <stdlib.h>

// --- typing (F5) ---

struct typing_run {
	struct settling *it;
	struct window *window;
	const struct party *party;
	VEC(struct typing) found;
};

static void take_typing(void *self, const struct typing *typing)
{
	struct typing_run *run = self;
	*VEC_ADD(&run->found) = *typing;
}

// What was open when the window begins, and what is open where it ends.
static const struct typing *stored_at(const struct typing_run *run, usec_t at, bool end)
{
	const struct typing *best = NULL;
	for (size_t i = 0; i < run->window->typing.count; i++) {
		const struct stored_typing *stored = &run->window->typing.items[i];
		const struct typing *typing = &stored->typing;
		if (stored->party != run->party)
			continue;
		bool open =
			typing->end == USEC_NONE || (end ? typing->end > at : typing->end >= at);
		if (open && (end ? typing->start <= at : typing->start < at) &&
		    (!best || typing->start < best->start))
			best = typing;
	}
	return best;
}

static bool is_sender(const struct sequence_row *row, const struct party *party)
{
	return text_same(row->from, party->from_text) && text_same(row->to, party->to_text) &&
	       text_same(row->resource, party->resource);
}

typedef VEC(struct sequence_row) typing_rows;

static void find_typing(struct typing_run *run)
{
	const struct window *window = run->window;
	const struct typing *open = stored_at(run, window->lo, false);
	struct sequence_state device = party_state(run->party);
	struct scene scene = {.rules = run->it->rules};

	size_t first = window_state(window, &device), end = first;
	while (window_state_is(window, end, &device))
		end++;
	scene.states = xcalloc(end - first + 1, sizeof *scene.states);
	if (open) {
		device.at = open->start;
		device.state = STATE_COMPOSING;
		device.position = open->position;
		device.used = device.kept = true;
		scene.states[scene.state_count++] = device;
	}
	for (size_t i = first; i < end; i++) {
		const struct sequence_state *state = &window->states.items[i];
		if (state->at >= window->lo && state->at <= window->to)
			scene.states[scene.state_count++] = *state;
	}
	typing_rows rows = {0};
	for (size_t i = 0; i < window->rows.count; i++) {
		const struct sequence_row *row = &window->rows.items[i];
		if (row->sent_at >= window->lo && row->sent_at <= window->to &&
		    is_sender(row, run->party))
			*VEC_ADD(&rows) = *row;
	}
	scene.rows = rows.items;
	scene.row_count = rows.count;
	typing_intervals(&scene, run, take_typing);
	free(scene.states);
	free(rows.items);
}

// The next event of the device settles what does not agree with what is stored behind the window.
static bool ask_next(struct typing_run *run, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_int8(&params, run->window->conv);
	put_int8(&params, run->party->from);
	put_safe(&params, run->party->resource);
	put_int8(&params, run->party->to);
	put_usec(&params, usec_bounded(run->window->to));
	if (!sql_run(run->it->store, "settle_event", &params, &rows, err))
		return false;
	usec_t at = rows.count ? row_usec(&rows, 0, 0) : USEC_NONE;
	if (at != USEC_NONE)
		*VEC_ADD(&run->it->next_units) =
			(struct unit){run->window->conv,
				      at / USEC_PER_DAY - (at % USEC_PER_DAY < 0), at, at, false};
	return true;
}

static bool join_end(struct typing_run *run, struct err *err)
{
	const struct typing *stored = stored_at(run, run->window->to, true);
	struct typing *open = NULL;
	for (size_t i = 0; i < run->found.count; i++)
		if (run->found.items[i].ended == TYPING_OPEN)
			open = &run->found.items[i];
	if (open && stored) {
		open->end = stored->end;
		open->ended = stored->ended;
	}
	// An open end may only be what an earlier transaction of this repair left.
	bool agrees = open ? open->end != USEC_NONE : !stored;
	return agrees || ask_next(run, err);
}

static bool same_typing(const struct typing *a, const struct typing *b)
{
	return a->start == b->start && a->end == b->end && a->ended == b->ended;
}

static bool is_found(const struct typing_run *run, const struct typing *typing)
{
	for (size_t i = 0; i < run->found.count; i++)
		if (same_typing(&run->found.items[i], typing))
			return true;
	return false;
}

static bool is_stored(const struct typing_run *run, const struct typing *typing)
{
	for (size_t i = 0; i < run->window->typing.count; i++)
		if (run->window->typing.items[i].party == run->party &&
		    same_typing(&run->window->typing.items[i].typing, typing))
			return true;
	return false;
}

static void compare_typing(struct typing_run *run)
{
	const struct party *party = run->party;
	for (size_t i = 0; i < run->window->typing.count; i++) {
		const struct stored_typing *stored = &run->window->typing.items[i];
		if (stored->party == party && !is_found(run, &stored->typing))
			*VEC_ADD(&run->it->typing_gone) =
				(struct conv_typing){run->window->conv, party, stored->typing};
	}
	for (size_t i = 0; i < run->found.count; i++)
		if (!is_stored(run, &run->found.items[i]))
			*VEC_ADD(&run->it->typing_new) =
				(struct conv_typing){run->window->conv, party, run->found.items[i]};
}

bool settle_typing(struct settling *it, struct window *window, struct err *err)
{
	for (size_t p = 0; p < window->parties.count; p++) {
		struct typing_run run = {
			.it = it, .window = window, .party = &window->parties.items[p]};
		if (!run.party->touched || run.party->leg != LEG_DIRECT)
			continue;
		find_typing(&run);
		bool fine = join_end(&run, err);
		compare_typing(&run);
		free(run.found.items);
		if (!fine)
			return false;
	}
	return true;
}
