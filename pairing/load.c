// SPDX-License-Identifier: Apache-2.0
// What the store must load beside a batch. Asked in rounds until nothing is missing: keys, then the
// windows of their conversations (P8), then who else sent those ids.
#include "pairing/workset.h"

#include <stdlib.h>

static void want_key(struct pairing *pairing, struct entry *entry)
{
	const struct realm_settings *rules = pairing->rules;
	// Without id (M4, P10) only what is near can matter.
	usec_t reach = entry->fault ? rules->w_match : 2 * rules->w_resend + rules->w_skew;
	usec_t lo = entry->reach_lo < entry->lo ? entry->reach_lo : entry->lo;
	usec_t hi = entry->reach_hi > entry->hi ? entry->reach_hi : entry->hi;

	entry->asked = true;
	entry->asked_lo = lo;
	entry->asked_hi = hi;
	for (size_t i = 0; i < entry->old_rows.count; i++) {
		lo = entry->old_rows.items[i].sent_at < lo ? entry->old_rows.items[i].sent_at : lo;
		hi = entry->old_rows.items[i].sent_at > hi ? entry->old_rows.items[i].sent_at : hi;
	}
	if (lo > hi ||
	    entry->id.p) { // only wanted: look around everything that is known of the conversation
		lo = -(INT64_MAX / 2);
		hi = INT64_MAX / 2;
		reach = 0;
	} else if (!entry->fault) {
		near_asked(pairing, entry, lo, hi);
	}
	*LIST_ADD(pairing->arena, &pairing->want_keys) =
		(struct want_key){entry->conv, entry->key, lo - reach, hi + reach};
}

// A marker of this key that counted before may mark other rows than it did, or none.
static bool marks_anew(const struct pairing *pairing, const struct entry *entry)
{
	if (entry->row_count != entry->old_rows.count)
		return true;
	for (size_t i = 0; i < entry->row_count; i++) {
		const struct row *row = &entry->rows[i];
		const struct row *old = old_row_at(pairing, entry, row->sent_at, row->n);
		if (!old || ((old->flags ^ row->flags) & FLAG_OUT_LINE))
			return true;
	}
	return false;
}

static void see_markers(const struct pairing *pairing, const struct entry *entry,
			struct marks_span *span)
{
	bool stored = false;
	for (size_t i = 0; i < entry->evidence.count; i++) {
		const struct evidence *ev = &entry->evidence.items[i];
		if (!is_marker(ev->kind))
			continue;
		span->any = true;
		span->since = ev->first < span->since ? ev->first : span->since;
		stored = stored || ev->stored;
		span->all = span->all || ev->thread || ev->kind == EV_MARK_RECEIVED;
	}
	bool anew = stored && marks_anew(pairing, entry);
	span->all = span->all || anew;
	span->anew = span->anew || anew || !stored_marks_stand(entry);
}

static void widen(const struct row *rows, size_t count, struct marks_span *span)
{
	for (size_t i = 0; i < count; i++) {
		span->lo = rows[i].sent_at < span->lo ? rows[i].sent_at : span->lo;
		span->hi = rows[i].sent_at > span->hi ? rows[i].sent_at : span->hi;
	}
}

static void see_entry(const struct pairing *pairing, const struct entry *entry,
		      struct marks_span *span)
{
	if (entry->had_marker)
		see_markers(pairing, entry, span);
	span->any = span->any || entry->mark_lost;
	span->all = span->all || entry->mark_lost;
	span->anew = span->anew || entry->mark_lost;
	widen(entry->rows, entry->row_count, span);
	widen(entry->old_rows.items, entry->old_rows.count, span);
}

// What it marks may not be what is stored as marked. Else it is only judged (MARK-BACKWARD).
static bool marks_otherwise(const struct pairing *pairing, const struct entry *entry)
{
	return entry->mark_lost ||
	       (entry->had_marker && (entry->evidence_changed || marks_anew(pairing, entry)));
}

// What P8 needs beside the touched rows of a conversation. New markers reach back w_upto, but not to
// rows that an earlier one has marked. All of it is wanted when what marked before does so no more.
//
// MARK-BACKWARD is a function of the set of markers: one is judged by the earlier ones of its device
// for newer messages, and by nothing else. So a marker that comes, goes or changes may change its own
// judgement, and those of later markers for older messages. The former needs the markers of all rows
// sent after its own; the latter are those of rows sent before, seen since: judge_markers_again()
// judges them too, the window grows to their rows, and each of them gets what judges it. By P2 all of
// them lie within w_match, and w_skew, of the rows that are judged.
static void add_windows(struct pairing *pairing, struct conversation *conversation)
{
	const struct realm_settings *rules = pairing->rules;
	const struct marks_span *touched = &conversation->window.touched;
	// P2: what was marked before a marker was sent up to w_skew after that.
	usec_t reach = rules->w_match + rules->w_skew > rules->w_upto
			       ? rules->w_match + rules->w_skew
			       : rules->w_upto;
	bool all = touched->any && touched->all;

	for (struct entry *entry = conversation->entries; entry; entry = entry->next_in_conv)
		conversation->stale = conversation->stale || entry->old_rows.count > 0;

	conversation->since_lo = touched->any ? touched->lo - reach : INT64_MAX;
	conversation->marks_lo = all ? touched->lo - reach : touched->lo;
	conversation->marks_hi = touched->hi + (touched->any ? reach : rules->w_upto);
	*LIST_ADD(pairing->arena, &pairing->want_windows) =
		(struct want_window){.conv = conversation->id,
				     .lo = touched->any ? touched->lo - reach : touched->lo,
				     .hi = conversation->marks_hi,
				     .markers_only = true,
				     .since = all || !touched->any ? USEC_NONE : touched->since,
				     .whole_from = touched->lo};
}

// The rows that those markers may mark. Where they only add to what is stored, rows that are not here for
// another reason are judged in passing (passing.c): there may be a week of them.
static void add_marked(struct pairing *pairing, const struct conversation *conversation)
{
	const struct marks_span *marks = &conversation->window.marks;

	if (!marks->any || marks->lo > marks->hi)
		return;
	*LIST_ADD(pairing->arena, &pairing->want_windows) =
		(struct want_window){.conv = conversation->id,
				     .lo = marks->lo - pairing->rules->w_upto,
				     .hi = marks->hi,
				     .since = marks->all ? USEC_NONE : marks->since,
				     .whole_from = conversation->window.touched.lo,
				     .passing = !marks->anew};
}

static bool same_span(const struct marks_span *a, const struct marks_span *b)
{
	return a->lo == b->lo && a->hi == b->hi && a->since == b->since && a->any == b->any &&
	       a->all == b->all && a->anew == b->anew;
}

// Where rows were counts as well as where they are: what they covered may not be covered any more.
// Asked again when more is touched than when it was asked: a window only grows.
static void want_window(struct pairing *pairing, struct conversation *conversation)
{
	struct marks_window before = conversation->window, *want = &conversation->window;

	if (conversation->window_round == pairing->round)
		return;
	conversation->window_round = pairing->round;
	for (struct entry *entry = conversation->entries; entry; entry = entry->next_in_conv) {
		if (!entry->touched || entry->group)
			continue;
		see_entry(pairing, entry, &want->touched);
		if (marks_otherwise(pairing, entry))
			see_entry(pairing, entry, &want->marks);
	}
	if (want->touched.lo > want->touched.hi)
		return;
	bool marked = !same_span(&want->marks, &before.marks);
	if (!marked && same_span(&want->touched, &before.touched))
		return;
	conversation->window_asked = true;
	pairing->settled = false; // rows are judged anew when the span is known (upto.c)
	add_windows(pairing, conversation);
	if (marked)
		add_marked(pairing, conversation);
}

static void want_hash(struct pairing *pairing, struct map *asked, int64_t hash, bool sent)
{
	void **place = map_put(asked, hash);

	if (*place)
		return;
	*place = asked;
	if (sent)
		*LIST_ADD(pairing->arena, &pairing->want_sent) = hash;
	else
		*LIST_ADD(pairing->arena, &pairing->want_orphans) = hash;
}

void want_lent_key(struct pairing *pairing, const struct want_key *key)
{
	void **place = map_put(&pairing->keys_asked, key->key);

	if (*place)
		return;
	size_t *round = arena_alloc(pairing->arena, sizeof(*round));
	*round = pairing->round;
	*place = round;
	*LIST_ADD(pairing->arena, &pairing->want_keys) = *key;
}

bool is_answered(const struct pairing *pairing, int64_t key)
{
	const size_t *round = map_get(&pairing->keys_asked, key);

	return round && *round < pairing->round;
}

// The key that an error was lent to must be there when the error finds a better one. Asked once: it
// may be gone by retention.
static void want_lender(struct pairing *pairing, const struct evidence *ev)
{
	struct entry *old = ev->lent_key ? map_get(&pairing->entries, ev->lent_key) : NULL;
	if (!ev->lent_key || (old && old->asked))
		return;
	pairing->settled = false;
	if (old) {
		old->wanted = true;
		return;
	}
	want_lent_key(pairing, &(struct want_key){ev->lent_conv, ev->lent_key, 0, INT64_MAX / 2});
}

// P11: an error may answer, or be answered by, an error of the other direction that is stored.
static void want_reverse(struct pairing *pairing, const struct entry *entry)
{
	struct entry *reverse = entry_for_message(pairing, entry->r, entry->s, entry->id);

	reverse->wanted = true;
	for (size_t i = 0; !reverse->touched && i < reverse->evidence.count; i++) {
		if (reverse->evidence.items[i].kind != EV_ERROR || reverse->evidence.items[i].n)
			continue;
		reverse->touched = true; // it must be judged again
		pairing->settled = false;
	}
}

// What waits for an id is asked again when a row is new, moves in time or within its instant (P2), changes
// its sender or nick (M6), or has ids given by others: which of them are new is not known.
static bool is_stored_as(const struct pairing *pairing, const struct entry *entry,
			 const struct row *row)
{
	const struct row *old = old_row_at(pairing, entry, row->sent_at, row->n);

	if (!old || !text_same(tie_own(old->tie), tie_own(row->tie)))
		return false;
	return !entry->group ||
	       (text_same(old->from, row->from) && text_same(old->nick, row->nick));
}

static bool is_as_stored(const struct pairing *pairing, const struct entry *entry,
			 const struct row *row)
{
	return !row->given_count && !row->origin_count && is_stored_as(pairing, entry, row);
}

void want_sent_hash(struct pairing *pairing, int64_t hash)
{
	want_hash(pairing, &pairing->sent_asked, hash, true);
}

void want_orphan_hash(struct pairing *pairing, int64_t hash)
{
	want_hash(pairing, &pairing->orphans_asked, hash, false);
}

// Once: it may be gone by retention.
void want_key_of(struct pairing *pairing, int64_t conv, int64_t key)
{
	want_lent_key(pairing, &(struct want_key){conv, key, -(INT64_MAX / 2), INT64_MAX / 2});
}

static void want_orphans(struct pairing *pairing, struct text sender, struct text id)
{
	want_hash(pairing, &pairing->orphans_asked, waiting_hash(pairing, sender, id), false);
}

// Evidence that may wait for this row, under each of the ids that name it.
// It waits under the whole text (waiting_hash).
static bool is_whole(struct text party)
{
	return party.p && !memchr(party.p, '/', party.n);
}

static void want_waiting(struct pairing *pairing, struct entry *entry, const struct row *row)
{
	if (entry->id.p && is_whole(entry->s) && text_same(entry->s, row->from))
		want_orphan_hash(pairing, entry_sent(pairing, entry));
	else if (entry->id.p)
		want_orphans(pairing, row->from, entry->id);
	if (entry->id.p && entry->group)
		want_orphans(pairing, entry->r, entry->id);
	for (size_t i = 0; i < row->given_count; i++) {
		want_orphans(pairing, entry->r, row->given_ids[i]);
		if (entry->group) // P12: it goes before the own id of another message
			want_key_of(pairing, entry->conv,
				    group_key(pairing, entry->r, row->given_ids[i]));
	}
	for (size_t i = 0; i < row->origin_count && !entry->group; i++)
		want_orphans(pairing, row->from, row->origin_ids[i]);
}

// M6: it found another sender: what was about it as the message of the one before is judged again.
static void want_left(struct pairing *pairing, const struct entry *entry)
{
	for (size_t i = 0; entry->group && entry->id.p && i < entry->old_rows.count; i++) {
		bool stays = false;
		for (size_t j = 0; j < entry->row_count; j++)
			stays = stays ||
				text_same(entry->rows[j].from, entry->old_rows.items[i].from);
		if (!stays)
			want_orphans(pairing, entry->old_rows.items[i].from, entry->id);
	}
}

// Who sent the id that this evidence names.
static void want_senders(struct pairing *pairing, const struct entry *entry)
{
	bool occupied = entry->s.p && jid_resource(entry->s).p; // RCPT-GC-ADDR: asks the room
	struct text parties[] = {entry->s, entry->r,
				 occupied ? jid_without_resource(entry->s) : TEXT_NONE};

	for (size_t i = 0; i < 3; i++)
		if (parties[i].p)
			want_hash(pairing, &pairing->sent_asked,
				  sent_hash(pairing, parties[i], entry->id), true);
}

// Errors and what is not paired depend on other entries: they are looked at in every round.
static bool stands_alone(const struct entry *entry)
{
	if (entry->group)
		return false;
	for (size_t i = 0; i < entry->evidence.count; i++) {
		const struct evidence *ev = &entry->evidence.items[i];
		if (!ev->n || ev->lent_key || ev->kind == EV_ERROR)
			return false;
	}
	return true;
}

static void want_neighbours(struct pairing *pairing, struct entry *entry)
{
	want_chains(pairing, entry);
	if (entry->looked_around)
		return;
	entry->looked_around = stands_alone(entry);
	want_partners(pairing, entry);
	want_waiting_partners(pairing, entry);
	want_left(pairing, entry);
	for (size_t i = 0; i < entry->row_count; i++)
		if (entry->again || !is_as_stored(pairing, entry, &entry->rows[i]))
			want_waiting(pairing, entry, &entry->rows[i]);
	for (size_t i = 0; i < entry->evidence.count; i++) {
		struct evidence *ev = &entry->evidence.items[i];
		bool asks = ev->own_id.p && (entry->again || !ev->stored) &&
			    ev->kind <= EV_XE_DISPLAYED;
		if (asks && is_whole(entry->r))
			want_orphan_hash(pairing, evidence_sent(pairing, entry, ev));
		else if (asks)
			want_orphans(pairing, entry->r, ev->own_id);
		if (ev->kind == EV_ERROR && !ev->borrowed && entry->id.p && !entry->group)
			want_reverse(pairing, entry);
		want_lender(pairing, ev);
		want_fault_message(pairing, entry, ev);
		if (entry->id.p && !ev->borrowed && (!ev->n || entry->group))
			want_senders(pairing, entry);
	}
}

static bool waits_for_id(const struct pairing *pairing, const struct entry *entry)
{
	bool waits = false;

	for (size_t i = 0; i < entry->evidence.count; i++)
		waits = waits || entry->group || !entry->evidence.items[i].n;
	return waits && entry->id.p &&
	       (map_get(&pairing->orphans_asked, waiting_hash(pairing, entry->s, entry->id)) ||
		map_get(&pairing->orphans_asked, waiting_hash(pairing, entry->r, entry->id)));
}

// M6: an upload without id came to it, or went: who is who by it is told and asked anew.
static bool changes_hands(const struct pairing *pairing, const struct entry *entry)
{
	for (size_t i = 0; entry->group && entry->wanted && i < entry->row_count; i++)
		if (entry->rows[i].class_ != CLASS_JOINED &&
		    !is_stored_as(pairing, entry, &entry->rows[i]))
			return true;
	return false;
}

// Orphans that were asked for may be here already, in an entry that only came along.
static void judge_again(struct pairing *pairing, struct entry *entry)
{
	if (entry->touched || !(waits_for_id(pairing, entry) || waits_for_partner(pairing, entry) ||
				changes_hands(pairing, entry)))
		return;
	entry->touched = true;
	pairing->settled = false;
}

static bool want_keys(struct pairing *pairing)
{
	for (size_t i = 0; i < pairing->order.count; i++) {
		struct entry *entry = pairing->order.items[i];
		if ((entry->touched || entry->wanted) && !entry->asked)
			want_key(pairing, entry);
	}
	return pairing->want_keys.count > 0;
}

static void want_rest(struct pairing *pairing)
{
	derive_all(pairing);
	judge_markers_again(pairing);
	want_room_marks(pairing);
	for (size_t i = 0; i < pairing->order.count; i++) {
		struct entry *entry = pairing->order.items[i];
		judge_again(pairing, entry);
		if (entry->touched || entry->wanted)
			want_guests(pairing, entry);
		if (!entry->touched)
			continue;
		want_neighbours(pairing, entry);
	}
	for (size_t i = 0; i < pairing->order.count; i++) {
		struct entry *entry = pairing->order.items[i];
		if (entry->touched && !entry->group)
			want_window(pairing, entry->home);
	}
}

bool pairing_wants(struct pairing *pairing, struct pairing_wants *wants)
{
	if (pairing->want_keys.count) // answered now, perhaps by nothing: lend()
		pairing->settled = false;
	pairing->round++;
	pairing->want_keys.count = pairing->want_windows.count = 0;
	pairing->want_sent.count = pairing->want_orphans.count = pairing->want_marks.count = 0;
	if (!want_keys(pairing)) {
		want_rest(pairing);
		want_keys(pairing);
	}
	*wants = (struct pairing_wants){
		.keys = pairing->want_keys.items,
		.key_count = pairing->want_keys.count,
		.windows = pairing->want_windows.items,
		.window_count = pairing->want_windows.count,
		.sent = pairing->want_sent.items,
		.sent_count = pairing->want_sent.count,
		.orphans = pairing->want_orphans.items,
		.orphan_count = pairing->want_orphans.count,
		.marks = pairing->want_marks.items,
		.mark_count = pairing->want_marks.count,
	};
	return wants->key_count || wants->window_count || wants->sent_count ||
	       wants->orphan_count || wants->mark_count;
}
