// SPDX-License-Identifier: Apache-2.0
// What the rows and chat states of a window come to, compared with what is stored.
#include "store/settle.h"

#include <stdio.h>
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

static struct scene scene_of(const struct settling *it, struct window *window)
{
	return (struct scene){it->rules, window->rows.items, window->rows.count,
			      window->states.items, window->states.count};
}

static void judge_rows(struct settling *it, struct window *window)
{
	struct scene scene = scene_of(it, window);
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

static struct sequence_state as_state(const struct party *party)
{
	return (struct sequence_state){.party = party->from_text,
				       .resource = party->resource,
				       .to = party->to_text,
				       .leg = party->leg};
}

static int by_device(const void *a, const void *b)
{
	struct sequence_state x = as_state(a), y = as_state(b);
	return sequence_compare_device(&x, &y);
}

static struct party *party_of(const struct window *window, const struct sequence_state *state)
{
	size_t lo = 0, hi = window->parties.count;
	while (lo < hi) {
		size_t middle = lo + (hi - lo) / 2;
		struct sequence_state at = as_state(&window->parties.items[middle]);
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
static size_t first_state(const struct window *window, const struct sequence_state *device)
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

static bool is_of(const struct window *window, size_t i, const struct sequence_state *device)
{
	return i < window->states.count &&
	       sequence_same_device(&window->states.items[i], device);
}

static bool is_sender(const struct sequence_row *row, const struct party *party)
{
	return text_same(row->from, party->from_text) && text_same(row->to, party->to_text) &&
	       text_same(row->resource, party->resource);
}

// Whose states or content changed; whose typing may have been ended by what is gone.
static void touch_parties(struct window *window)
{
	for (size_t i = 0; i < window->states.count; i++) {
		const struct sequence_state *state = &window->states.items[i];
		struct party *party = party_of(window, state);
		if (party && state->at >= window->lo && state->at <= window->states_to)
			party->touched = true;
	}
	for (size_t i = 0; i < window->rows.count; i++) {
		const struct sequence_row *row = &window->rows.items[i];
		struct sequence_state sender = {
			.party = row->from, .resource = row->resource, .to = row->to};
		struct party *party = row->sent_at >= window->lo && row->sent_at <= window->hi
					      ? party_of(window, &sender)
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
	struct scene scene = scene_of(it, window);
	for (size_t i = 0; i < window->states.count; i++) {
		struct sequence_state *state = &window->states.items[i];
		const struct party *party = party_of(window, state);
		state->used = state->ingress || !party || !party->ingress;
	}
	states_mark(&scene);
	for (size_t i = 0; i < window->states.count; i++)
		if (window->states.items[i].at < window->from + it->rules->w_state)
			window->states.items[i].kept = false;
}

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
	struct sequence_state device = as_state(party);
	bool before = false, after = false;

	for (size_t i = first_state(window, &device); is_of(window, i, &device); i++) {
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
	struct sequence_state state = as_state(asked->party);
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
	struct fields *all[] = {&beyond->conv, &beyond->from,	  &beyond->resource, &beyond->to,
				&beyond->leg,  &beyond->ingress, &beyond->before,   &beyond->after};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		fields_free(all[i]);
	free(beyond->asked.items);
}

static bool load_beyond(struct settling *it, struct err *err)
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
		struct scene scene = scene_of(it, &it->windows.items[w]);
		scene_sort(&scene);
	}
	return fine;
}

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
	for (size_t i = first_state(window, device); is_of(window, i, device); i++) {
		const struct sequence_state *state = &window->states.items[i];
		if (state->kept && state->at > window->states_to)
			return state->at;
	}
	return INT64_MAX;
}

static bool is_judged(const struct window *window, const struct sequence_state *state)
{
	const struct party *party = party_of(window, state);
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
		struct sequence_state device = as_state(&window->parties.items[p]);
		if (window->parties.items[p].touched &&
		    text_same(stored->by, sequence_device(&device, it->arena)))
			return stored->at > next_kept(window, &device);
	}
	return true;
}

static void judge_repeats(struct settling *it, struct window *window)
{
	struct scene scene = scene_of(it, window);
	struct repeats repeats = {it, window};
	states_pair(&scene);
	states_repeats(&scene, it->arena, &repeats, take_repeat);
	for (size_t i = 0; i < window->findings.count; i++) {
		struct settle_finding *stored = &window->findings.items[i];
		if (stored->rule && !may_stand(it, window, stored))
			*VEC_ADD(&it->findings_gone) = (struct conv_finding){window->conv, *stored};
	}
}

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
		bool open = typing->end == USEC_NONE || (end ? typing->end > at : typing->end >= at);
		if (open && (end ? typing->start <= at : typing->start < at) &&
		    (!best || typing->start < best->start))
			best = typing;
	}
	return best;
}

typedef VEC(struct sequence_row) typing_rows;

static void find_typing(struct typing_run *run)
{
	const struct window *window = run->window;
	const struct typing *open = stored_at(run, window->lo, false);
	struct sequence_state device = as_state(run->party);
	struct scene scene = {.rules = run->it->rules};

	size_t first = first_state(window, &device), end = first;
	while (is_of(window, end, &device))
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
			(struct unit){run->window->conv, at / USEC_PER_DAY - (at % USEC_PER_DAY < 0),
				      at, at, false};
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

static bool judge_typing(struct settling *it, struct window *window, struct err *err)
{
	for (size_t p = 0; p < window->parties.count; p++) {
		struct typing_run run = {.it = it, .window = window,
					 .party = &window->parties.items[p]};
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

// --- CS-UNNEGOTIATED ---

struct side {
	struct window *window;
	const struct party *party; // one of its devices
	bool found;
};

struct sides {
	struct settling *it;
	VEC(struct side) items;
	struct fields conv, from, to, first, peer;
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
	put_usec(&sides->first, lone && (peer == USEC_NONE || peer > first) ? first : USEC_NONE);
	put_usec(&sides->peer, peer);
}

static bool take_side(void *self, const struct rows *rows)
{
	struct sides *sides = self;
	struct side *side = &sides->items.items[row_int(rows, 0, 0) - 1];
	struct settle_finding finding =
		finding_of(sides->it, &(struct sequence_finding){"CS-UNNEGOTIATED",
								  side->party->from_text, "",
								  row_usec(rows, 0, 1),
								  row_int(rows, 0, 2), NULL});
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
	if (!sql_each(sides->it->store, "settle_unnegotiated", &params, sides, take_side, err))
		return false;
	drop_others(sides);
	return true;
}

static bool judge_sides(struct settling *it, struct err *err)
{
	struct sides sides = {.it = it};
	for (size_t w = 0; w < it->windows.count; w++)
		for (size_t p = 0; p < it->windows.items[w].parties.count; p++)
			if (!it->windows.items[w].room)
				ask_side(&sides, &it->windows.items[w], p);
	bool fine = !sides.items.count || run_sides(&sides, err);
	free(sides.items.items);
	fields_free(&sides.conv);
	fields_free(&sides.from);
	fields_free(&sides.to);
	fields_free(&sides.first);
	fields_free(&sides.peer);
	return fine;
}

// --- all of it ---

bool settle_judge(struct settling *it, struct err *err)
{
	for (size_t w = 0; w < it->windows.count; w++) {
		struct window *window = &it->windows.items[w];
		struct scene scene = scene_of(it, window);
		scene_sort(&scene);
		if (window->parties.count)
			qsort(window->parties.items, window->parties.count,
			      sizeof *window->parties.items, by_device);
		if (!window->room)
			judge_rows(it, window);
		for (size_t i = 0; i < window->findings.count; i++)
			*map_put(&window->by_key, window->findings.items[i].key) =
				&window->findings.items[i];
		mark_states(it, window);
		touch_parties(window);
	}
	if (!load_beyond(it, err))
		return false;
	for (size_t w = 0; w < it->windows.count; w++) {
		struct window *window = &it->windows.items[w];
		judge_repeats(it, window);
		if (!window->room && !judge_typing(it, window, err))
			return false;
	}
	return judge_sides(it, err);
}
