// SPDX-License-Identifier: Apache-2.0
// Writes chat states, and notes which parts of which conversations must be settled.
#include "store/write.h"

#include <stdlib.h>

// --- collecting ---

static void take_state(void *self, const struct chat_state_seen *seen)
{
	struct plan *plan = self;
	const struct pairing *pairing = plan->batch->pairing;
	struct new_state state = {.seen = seen};
	struct text party;

	pairing_party(pairing, seen->from, &party, &state.resource);
	state.from = plan_jid(plan, party);
	state.device = pairing_jid_id(pairing, seen->from);
	state.to = plan_jid(plan, seen->to);
	*VEC_ADD(&part_of(plan, seen->conv)->states) = state;
}

static int by_conv(const void *a, const void *b)
{
	const struct new_state *x = a, *y = b;
	if (x->seen->conv != y->seen->conv)
		return x->seen->conv < y->seen->conv ? -1 : 1;
	if (x->device != y->device)
		return x->device < y->device ? -1 : 1;
	return (x->seen->at > y->seen->at) - (x->seen->at < y->seen->at);
}

void collect_states(struct plan *plan)
{
	pairing_chat_states(plan->batch->pairing, plan, take_state);
}

void order_states(struct part *part)
{
	if (part->states.count)
		qsort(part->states.items, part->states.count, sizeof *part->states.items, by_conv);
}

// --- the states themselves ---

enum { STATE_COLUMNS = 16 };

static bool copy_states(struct part *part, struct err *err)
{
	struct copy copy;
	if (!copy_begin(&copy, part->store, "copy_chat_state", err))
		return false;
	for (size_t i = 0; i < part->states.count; i++) {
		const struct new_state *state = &part->states.items[i];
		const struct chat_state_seen *seen = state->seen;
		copy_row(&copy, STATE_COLUMNS);
		put_int8(&copy.fields, seen->conv);
		put_usec(&copy.fields, usec_bounded(seen->at));
		put_int4(&copy.fields, part->plan->batch->realm);
		put_int8(&copy.fields, state->from);
		part->changed_texts += !put_safe(&copy.fields, state->resource);
		put_int8(&copy.fields, state->to);
		put_int2(&copy.fields, (int)seen->state);
		put_int2(&copy.fields, (int)seen->type);
		put_int2(&copy.fields, (int)seen->leg);
		put_bool(&copy.fields, seen->content);
		put_bool(&copy.fields, seen->ingress);
		part->changed_texts += !put_safe(&copy.fields, seen->own_id);
		put_int8(&copy.fields, seen->sig);
		put_int4(&copy.fields, seen->source);
		put_int8(&copy.fields, seen->position);
		put_bytea(&copy.fields, seen->tie);
	}
	return copy_end(&copy, err);
}

// --- who showed states where ---

struct parties {
	struct fields conv, device, from, resource, to, leg, first, last, lone;
};

static void parties_free(struct parties *list)
{
	struct fields *all[] = {&list->conv, &list->device, &list->from, &list->resource, &list->to,
				&list->leg,  &list->first,  &list->last, &list->lone};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		fields_free(all[i]);
}

// The states of one device in one conversation: they stand together, in time.
static void put_party(struct parties *list, const struct new_state *states, size_t count)
{
	usec_t lone = USEC_NONE;
	for (size_t i = 0; i < count; i++)
		lone = states[i].seen->content ? lone : states[i].seen->at;
	put_int8(&list->conv, states->seen->conv);
	put_int8(&list->device, states->device);
	put_int8(&list->from, states->from);
	put_safe(&list->resource, states->resource);
	put_int8(&list->to, states->to);
	put_int2(&list->leg, (int)states->seen->leg);
	put_usec(&list->first, usec_bounded(states->seen->at));
	put_usec(&list->last, usec_bounded(states[count - 1].seen->at));
	put_usec(&list->lone, usec_bounded(lone));
}

static bool same_party(const struct new_state *a, const struct new_state *b)
{
	return a->seen->conv == b->seen->conv && a->device == b->device;
}

static bool put_parties(struct part *part, struct err *err)
{
	__attribute__((cleanup(parties_free))) struct parties list = {0};
	FIELDS_AUTO params = {0};
	const struct new_state *states = part->states.items;
	for (size_t i = 0, end; i < part->states.count; i = end) {
		for (end = i + 1; end < part->states.count && same_party(&states[i], &states[end]);)
			end++;
		put_party(&list, &states[i], end - i);
	}
	put_int4(&params, part->plan->batch->realm);
	put_array(&params, OF_INT8, &list.conv);
	put_array(&params, OF_INT8, &list.device);
	put_array(&params, OF_INT8, &list.from);
	put_array(&params, OF_TEXT, &list.resource);
	put_array(&params, OF_INT8, &list.to);
	put_array(&params, OF_INT2, &list.leg);
	put_array(&params, OF_TIMESTAMPTZ, &list.first);
	put_array(&params, OF_TIMESTAMPTZ, &list.last);
	put_array(&params, OF_TIMESTAMPTZ, &list.lone);
	return sql_run(part->store, "chat_party_put", &params, NULL, err);
}

static void put_devices(const struct part *part, struct map *seen, struct fields *devices)
{
	for (size_t i = 0; i < part->states.count; i++) {
		const struct new_state *state = &part->states.items[i];
		void **place = state->seen->ingress ? map_put(seen, state->device) : NULL;
		if (!place || *place)
			continue;
		*place = seen;
		put_int8(devices, state->device);
	}
}

// F5: from now on only the ingress of these devices is used. A device may show states in conversations
// of several lanes.
static bool add_ingress(struct part *part, struct err *err)
{
	FIELDS_AUTO devices = {0};
	FIELDS_AUTO params = {0};
	struct map seen = {0};
	const struct plan *plan = part->plan;
	for (int i = 0; is_first_part(part) && i < plan->part_count; i++)
		put_devices(&plan->parts[i], &seen, &devices);
	map_free(&seen);
	if (!devices.count)
		return true;
	put_int4(&params, plan->batch->realm);
	put_array(&params, OF_INT8, &devices);
	return sql_run(part->store, "chat_ingress_add", &params, NULL, err);
}

// --- what must be settled ---

typedef VEC(struct unit) unit_list;

static int64_t day_of(usec_t at)
{
	return at / USEC_PER_DAY - (at % USEC_PER_DAY < 0);
}

static void widen(struct unit *unit, const struct unit *by)
{
	unit->lo = by->lo < unit->lo ? by->lo : unit->lo;
	unit->hi = by->hi > unit->hi ? by->hi : unit->hi;
	unit->reaches |= by->reaches;
}

static void note(unit_list *list, int64_t conv, usec_t at, bool reaches)
{
	at = usec_bounded(at);
	struct unit unit = {conv, day_of(at), at, at, reaches};
	struct unit *last = list->count ? &list->items[list->count - 1] : NULL;
	if (last && last->conv == conv && last->day == unit.day)
		widen(last, &unit);
	else
		*VEC_ADD(list) = unit;
}

// What rooms reflect has no reader and no answer: only their chat states are settled.
static void note_row(unit_list *list, const struct row *row)
{
	if (row->class_ != CLASS_GROUP)
		note(list, row->conv, row->sent_at, row->mds_at != USEC_NONE);
}

static int by_place(const void *a, const void *b)
{
	const struct unit *x = a, *y = b;
	if (x->conv != y->conv)
		return x->conv < y->conv ? -1 : 1;
	return (x->day > y->day) - (x->day < y->day);
}

static void note_all(const struct part *part, unit_list *list)
{
	for (size_t i = 0; i < part->inserts.count; i++)
		note_row(list, part->inserts.items[i]);
	for (size_t i = 0; i < part->removes.count; i++)
		note_row(list, part->removes.items[i]);
	for (size_t i = 0; i < part->updates.count; i++) {
		note_row(list, part->updates.items[i].was);
		note_row(list, part->updates.items[i].row);
	}
	for (size_t i = 0; i < part->marked.count; i++)
		note(list, part->marked.items[i].conv, part->marked.items[i].sent_at,
		     part->marked.items[i].reaches);
	for (size_t i = 0; i < part->states.count; i++)
		note(list, part->states.items[i].seen->conv, part->states.items[i].seen->at, false);
}

static void merge_units(unit_list *list)
{
	size_t kept = 0;
	if (list->count)
		qsort(list->items, list->count, sizeof *list->items, by_place);
	for (size_t i = 0; i < list->count; i++) {
		struct unit *last = kept ? &list->items[kept - 1] : NULL;
		if (last && by_place(last, &list->items[i]) == 0)
			widen(last, &list->items[i]);
		else
			list->items[kept++] = list->items[i];
	}
	list->count = kept;
}

bool put_units(struct store *store, int32_t realm, const struct unit *units, size_t count,
	       struct err *err)
{
	struct copy copy;
	if (!count)
		return true;
	if (!copy_begin(&copy, store, "copy_settle_unit", err))
		return false;
	for (size_t i = 0; i < count; i++) {
		copy_row(&copy, 6);
		put_int8(&copy.fields, units[i].conv);
		put_date(&copy.fields, units[i].day * USEC_PER_DAY);
		put_int4(&copy.fields, realm);
		put_usec(&copy.fields, units[i].lo);
		put_usec(&copy.fields, units[i].hi);
		put_bool(&copy.fields, units[i].reaches);
	}
	return copy_end(&copy, err);
}

static bool add_units(struct part *part, struct err *err)
{
	unit_list list = {0};
	note_all(part, &list);
	merge_units(&list);
	bool fine = put_units(part->store, part->plan->batch->realm, list.items, list.count, err);
	free(list.items);
	return fine;
}

bool write_states(struct part *part, struct err *err)
{
	if (part->states.count && (!copy_states(part, err) || !put_parties(part, err)))
		return false;
	return add_ingress(part, err) && add_units(part, err);
}
