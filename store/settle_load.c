// SPDX-License-Identifier: Apache-2.0
// Reads what waits and all that its results depend on: one statement for all windows each.
#include "store/settle.h"

#include <stdlib.h>

enum { MERGE_DAYS = 8, ROOM_MARGIN = 3 };

// --- what waits ---

void settle_window(struct settling *it, size_t unit)
{
	const struct unit *u = &it->units.items[unit];
	struct window *last = it->windows.count ? &it->windows.items[it->windows.count - 1] : NULL;
	if (!last || last->conv != u->conv) {
		*VEC_ADD(&it->windows) = (struct window){.conv = u->conv,
							 .lo = u->lo,
							 .hi = u->hi,
							 .reaches = u->reaches,
							 .first_unit = unit,
							 .unit_count = 1};
		return;
	}
	const struct unit *before = &it->units.items[last->first_unit + last->unit_count - 1];
	// One window a conversation: a part that is far from it waits for the next transaction.
	if (last->first_unit + last->unit_count != unit || u->day != before->day + 1 ||
	    last->unit_count >= MERGE_DAYS)
		return;
	last->hi = u->hi;
	last->reaches |= u->reaches;
	last->unit_count++;
}

bool settle_take(struct settling *it, int32_t most, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_int4(&params, it->realm);
	put_int8(&params, most);
	if (!sql_run(it->store, "settle_take", &params, &rows, err))
		return false;
	for (int i = 0; i < rows.count; i++)
		*VEC_ADD(&it->units) = (struct unit){.conv = row_int(&rows, i, 0),
						     .day = row_usec(&rows, i, 1) / USEC_PER_DAY,
						     .lo = row_usec(&rows, i, 2),
						     .hi = row_usec(&rows, i, 3),
						     .reaches = row_bool(&rows, i, 4)};
	for (size_t i = 0; i < it->units.count; i++)
		settle_window(it, i);
	return true;
}

// --- JIDs: rows hold their hashes, texts are read once ---

static void want_jid(struct settling *it, int64_t id)
{
	void **place = map_put(&it->jids, id);
	if (*place)
		return;
	*place = arena_alloc(it->arena, sizeof(struct text));
	*VEC_ADD(&it->wanted_jids) = id;
}

struct text settle_jid(const struct settling *it, int64_t id)
{
	const struct text *text = map_get(&it->jids, id);
	return text && text->p ? *text : TEXT("");
}

static bool load_jids(struct settling *it, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_int8s(&params, it->wanted_jids.items, it->wanted_jids.count);
	if (!sql_run(it->store, "settle_jids", &params, &rows, err))
		return false;
	for (int i = 0; i < rows.count; i++)
		*(struct text *)map_get(&it->jids, row_int(&rows, i, 0)) =
			row_copy(&rows, i, 1, it->arena);
	return true;
}

// --- parameters ---

static struct window *window_of(struct settling *it, const struct rows *rows, int row)
{
	return &it->windows.items[row_int(rows, row, 0) - 1];
}

static void put_convs(const struct settling *it, struct fields *params)
{
	FIELDS_AUTO conv = {0};
	for (size_t i = 0; i < it->windows.count; i++)
		put_int8(&conv, it->windows.items[i].conv);
	put_array(params, OF_INT8, &conv);
}

static void put_times(const struct settling *it, struct fields *params, size_t offset)
{
	FIELDS_AUTO times = {0};
	for (size_t i = 0; i < it->windows.count; i++) {
		const char *window = (const char *)&it->windows.items[i];
		put_usec(&times, usec_bounded(*(const usec_t *)(const void *)(window + offset)));
	}
	put_array(params, OF_TIMESTAMPTZ, &times);
}

#define PUT_TIMES(it, params, member) put_times((it), (params), offsetof(struct window, member))

// --- how wide a window is ---

static bool take_party(void *self, const struct rows *rows)
{
	struct settling *it = self;
	struct window *window = window_of(it, rows, 0);
	struct party *party = VEC_ADD(&window->parties);
	*party = (struct party){
		.device = row_int(rows, 0, 1),
		.from = row_int(rows, 0, 2),
		.resource = row_copy(rows, 0, 3, it->arena),
		.to = row_int(rows, 0, 4),
		.leg = (enum leg)row_int(rows, 0, 5),
		.first_at = row_usec(rows, 0, 6),
		.last_at = row_usec(rows, 0, 7),
		.lone_at = row_usec(rows, 0, 8),
		.ingress = row_bool(rows, 0, 9),
	};
	window->room |= party->leg != LEG_DIRECT;
	want_jid(it, party->from);
	want_jid(it, party->to);
	return true;
}

static usec_t more(usec_t a, usec_t b)
{
	return a > b ? a : b;
}

// Before the neighbours are known: what the changed facts reach back to (I, F6), and in rooms the legs
// that may be joined otherwise (P12). What changed makes copies of states up to w_state later (F5).
static void first_span(struct window *window, const struct realm_settings *rules)
{
	if (window->room) {
		window->lo -= ROOM_MARGIN * rules->w_ackdup;
		window->hi += ROOM_MARGIN * rules->w_ackdup;
	}
	window->states_to = window->hi + rules->w_state;
	usec_t back = window->reaches ? more(rules->t_infer, rules->w_upto) : rules->t_infer;
	window->write_from = window->lo - (window->room ? 0 : back);
	window->write_to = window->room ? window->hi : window->states_to;
	window->rows_from = window->reaches ? window->write_from : window->lo;
	window->from = window->rows_from - rules->w_state;
	window->to = window->write_to + rules->t_infer;
	for (size_t i = 0; i < 3; i++)
		window->run[i] = USEC_NONE;
	if (window->room) {
		window->from -= ROOM_MARGIN * rules->w_ackdup;
		window->to = window->hi + ROOM_MARGIN * rules->w_ackdup;
	}
}

// --- rows and states ---

// Then fewer days are taken, down to one of one conversation.
static bool is_too_much(const struct settling *it)
{
	return it->loaded > it->most && it->units.count > 1;
}

static bool count_one(struct settling *it)
{
	it->loaded++;
	return !is_too_much(it);
}

static bool take_row(void *self, const struct rows *rows)
{
	struct settling *it = self;
	struct window *window = window_of(it, rows, 0);
	size_t place = window->was.count;
	*VEC_ADD(&window->was) = (struct settled_row){
		.from = row_int(rows, 0, 4),
		.to = row_int(rows, 0, 5),
		.read_at = row_usec(rows, 0, 15),
		.via = (enum via)row_int(rows, 0, 16),
		.response_ms = row_int(rows, 0, 17),
		.readable = row_bool(rows, 0, 18),
	};
	*VEC_ADD(&window->rows) = (struct sequence_row){
		.sent_at = row_usec(rows, 0, 1),
		.key = row_int(rows, 0, 2),
		.n = (int32_t)row_int(rows, 0, 3),
		.id = row_copy(rows, 0, 6, it->arena),
		.resource = row_copy(rows, 0, 7, it->arena),
		.class_ = (enum message_class)row_int(rows, 0, 8),
		.delivered_at = row_usec(rows, 0, 10),
		.displayed_at = row_usec(rows, 0, 11),
		.reaction_at = row_usec(rows, 0, 12),
		.reply_at = row_usec(rows, 0, 13),
		.mds_at = row_usec(rows, 0, 14),
		.place = place,
	};
	sequence_row_tie(&window->rows.items[place], row_copy(rows, 0, 19, it->arena),
			 row_int(rows, 0, 9) != 0);
	want_jid(it, row_int(rows, 0, 4));
	want_jid(it, row_int(rows, 0, 5));
	return count_one(it);
}

static bool load_rows(struct settling *it, struct err *err)
{
	FIELDS_AUTO params = {0};
	FIELDS_AUTO from = {0};
	FIELDS_AUTO to = {0};
	FIELDS_AUTO reach = {0};
	FIELDS_AUTO beyond = {0};
	ROWS_AUTO marked = {0};
	for (size_t i = 0; i < it->windows.count; i++) {
		const struct window *window = &it->windows.items[i];
		put_usec(&from, usec_bounded(window->rows_from));
		put_usec(&to, usec_bounded(window->to));
		put_usec(&reach, usec_bounded(window->to + it->rules->w_upto));
	}
	put_in_days(&beyond, &to, &reach);
	if (!sql_run(it->store, "settle_marked", &beyond, &marked, err))
		return false;
	put_convs(it, &params);
	put_array(&params, OF_TIMESTAMPTZ, &from);
	put_array(&params, OF_TIMESTAMPTZ, &to);
	put_array(&params, OF_TIMESTAMPTZ, &reach);
	put_bool(&params, row_bool(&marked, 0, 0));
	put_in_days(&params, &from, &to);
	put_in_days(&params, &to, &reach);
	return sql_each(it->store, "settle_rows", &params, it, take_row, err);
}

// Of the rows before a window only some can change by what is in it, unless a mark reaches back:
// inferred reading that is stored and older than the window stands on what is before it.
static bool load_context(struct settling *it, struct err *err)
{
	FIELDS_AUTO params = {0};
	FIELDS_AUTO from = {0};
	FIELDS_AUTO first = {0};
	FIELDS_AUTO last = {0};
	if (!settle_run(it, err))
		return false;
	put_convs(it, &params);
	for (size_t i = 0; i < it->windows.count; i++) {
		const struct window *window = &it->windows.items[i];
		bool none = window->reaches || window->room; // all of them come anyway, or none
		put_usec(&from, usec_bounded(none ? window->lo : window->write_from));
		put_usec(&first, usec_bounded(none ? window->lo : window->write_from));
		put_usec(&last, usec_bounded(window->lo));
		for (int c = 0; c < 3; c++) {
			put_usec(&first, usec_bounded(window->run[c]));
			put_usec(&last, usec_bounded(window->run[c]));
		}
	}
	put_array(&params, OF_TIMESTAMPTZ, &from);
	PUT_TIMES(it, &params, lo);
	PUT_TIMES(it, &params, run[0]);
	PUT_TIMES(it, &params, run[1]);
	PUT_TIMES(it, &params, run[2]);
	put_in_days(&params, &first, &last);
	return sql_each(it->store, "settle_context", &params, it, take_row, err);
}

static bool take_state(void *self, const struct rows *rows)
{
	struct settling *it = self;
	struct window *window = window_of(it, rows, 0);
	*VEC_ADD(&window->state_jids) = row_int(rows, 0, 2);
	*VEC_ADD(&window->state_jids) = row_int(rows, 0, 4);
	*VEC_ADD(&window->states) = (struct sequence_state){
		.at = row_usec(rows, 0, 1),
		.resource = row_copy(rows, 0, 3, it->arena),
		.state = (enum chat_state)row_int(rows, 0, 5),
		.leg = (enum leg)row_int(rows, 0, 6),
		.content = row_bool(rows, 0, 7),
		.ingress = row_bool(rows, 0, 8),
		.own_id = row_copy(rows, 0, 9, it->arena),
		.sig = row_int(rows, 0, 10),
		.position = row_int(rows, 0, 11),
		.tie = row_copy(rows, 0, 12, it->arena),
	};
	want_jid(it, row_int(rows, 0, 2));
	want_jid(it, row_int(rows, 0, 4));
	return count_one(it);
}

static bool load_states(struct settling *it, struct err *err)
{
	FIELDS_AUTO params = {0};
	FIELDS_AUTO from = {0};
	FIELDS_AUTO to = {0};
	for (size_t i = 0; i < it->windows.count; i++) {
		put_usec(&from, usec_bounded(it->windows.items[i].from));
		put_usec(&to, usec_bounded(it->windows.items[i].to));
	}
	put_convs(it, &params);
	put_array(&params, OF_TIMESTAMPTZ, &from);
	put_array(&params, OF_TIMESTAMPTZ, &to);
	put_in_days(&params, &from, &to);
	return sql_each(it->store, "settle_states", &params, it, take_state, err);
}

// --- what is stored of earlier results ---

static bool take_typing(void *self, const struct rows *rows)
{
	struct settling *it = self;
	struct stored_typing *typing = VEC_ADD(&window_of(it, rows, 0)->typing);
	*typing = (struct stored_typing){
		.device = row_int(rows, 0, 2),
		.from = row_int(rows, 0, 3),
		.to = row_int(rows, 0, 5),
		.typing = {.resource = row_copy(rows, 0, 4, it->arena),
			   .start = row_usec(rows, 0, 1),
			   .end = row_usec(rows, 0, 6),
			   .ended = (enum typing_end)row_int(rows, 0, 7),
			   .position = row_int(rows, 0, 8)},
	};
	return true;
}

static bool load_typing(struct settling *it, struct err *err)
{
	FIELDS_AUTO params = {0};
	put_convs(it, &params);
	PUT_TIMES(it, &params, lo);
	PUT_TIMES(it, &params, to);
	return sql_each(it->store, "settle_typing", &params, it, take_typing, err);
}

static bool take_finding(void *self, const struct rows *rows)
{
	struct settling *it = self;
	*VEC_ADD(&window_of(it, rows, 0)->findings) = (struct settle_finding){
		.key = row_int(rows, 0, 1),
		.element = row_int(rows, 0, 2),
		.rule = arena_zstr(it->arena, row_text(rows, 0, 3)),
		.by = row_copy(rows, 0, 4, it->arena),
		.at = row_usec(rows, 0, 5),
	};
	return true;
}

static bool load_findings(struct settling *it, struct err *err)
{
	FIELDS_AUTO params = {0};
	put_convs(it, &params);
	PUT_TIMES(it, &params, lo);
	return sql_each(it->store, "settle_findings", &params, it, take_finding, err);
}

// --- all of it ---

static void name_window(const struct settling *it, struct window *window)
{
	for (size_t i = 0; i < window->rows.count; i++) {
		window->rows.items[i].from = settle_jid(it, window->was.items[i].from);
		window->rows.items[i].to = settle_jid(it, window->was.items[i].to);
	}
	for (size_t i = 0; i < window->states.count; i++) {
		window->states.items[i].party = settle_jid(it, window->state_jids.items[2 * i]);
		window->states.items[i].to = settle_jid(it, window->state_jids.items[2 * i + 1]);
	}
	for (size_t i = 0; i < window->parties.count; i++) {
		struct party *party = &window->parties.items[i];
		party->from_text = settle_jid(it, party->from);
		party->to_text = settle_jid(it, party->to);
	}
}

static bool load_parties(struct settling *it, struct err *err)
{
	FIELDS_AUTO params = {0};
	put_convs(it, &params);
	return sql_each(it->store, "settle_parties", &params, it, take_party, err);
}

bool settle_load(struct settling *it, struct err *err)
{
	if (!load_parties(it, err))
		return false;
	for (size_t i = 0; i < it->windows.count; i++)
		first_span(&it->windows.items[i], it->rules);
	// A statement that was too much is cancelled, and the transaction with it: no other one follows.
	if (!settle_edges(it, err) || !load_rows(it, err) || is_too_much(it) ||
	    !load_context(it, err) || is_too_much(it) || !load_states(it, err) || is_too_much(it))
		return false;
	if (!load_typing(it, err) || !load_findings(it, err) || !load_jids(it, err))
		return false;
	for (size_t i = 0; i < it->windows.count; i++)
		name_window(it, &it->windows.items[i]);
	return true;
}
