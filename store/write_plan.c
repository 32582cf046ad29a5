// SPDX-License-Identifier: Apache-2.0
// Collects what pairing says of a batch into lists that can be written, and written again.
#include "store/rollup.h"
#include "store/write.h"

#include <stdio.h>
#include <stdlib.h>

void vec_room(void **items, size_t *cap, size_t count, size_t size)
{
	if (count == *cap) {
		*cap = *cap ? *cap * 2 : 16;
		*items = xrealloc(*items, *cap * size);
	}
	memset((char *)*items + count * size, 0, size);
}

// --- JIDs ---

bool hash_collided(struct store *store, struct err *err)
{
	memcpy(store->sqlstate, HASH_COLLISION, sizeof HASH_COLLISION);
	return err_set(err, ERR_INTERNAL, "two texts have one hash");
}

// A second hash of the text, so that texts need not be kept to tell two of one id apart.
static void *jid_print(const struct plan *plan, struct text jid)
{
	return (void *)((uintptr_t)KEYED(&plan->writer->key, TEXT("jid print"), jid) | 1);
}

static struct known_id *known_id(const struct plan *plan, struct known_id **ids, struct text jid)
{
	if (!*ids)
		*ids = xcalloc(KNOWN_IDS, sizeof **ids);
	if (!jid.p)
		jid = TEXT("");
	uint64_t place = (uint64_t)(uintptr_t)jid.p * UINT64_C(0x9e3779b97f4a7c15);
	struct known_id *known = &(*ids)[place >> 49];
	if (known->p != jid.p || known->n != jid.n)
		*known = (struct known_id){jid.p, jid.n, pairing_jid_id(plan->batch->pairing, jid),
					   false};
	return known;
}
_Static_assert(KNOWN_IDS == 1 << (64 - 49), "the upper bits of the hash are the place");

int64_t part_jid_id(struct part *part, struct text jid)
{
	return known_id(part->plan, &part->ids, jid)->id;
}

int64_t plan_jid(struct plan *plan, struct text jid)
{
	struct known_id *at = known_id(plan, &plan->ids, jid);
	if (at->listed)
		return at->id;
	at->listed = true;
	struct text text = {at->p, at->n};
	void *print = jid_print(plan, text), *known = map_get(&plan->writer->jids, at->id);
	void **place = known ? &known : map_put(&plan->jid_seen, at->id);
	plan->collided |= *place && *place != print;
	if (*place)
		return at->id;
	*place = print;
	*VEC_ADD(&plan->jids) = (struct new_jid){at->id, text};
	return at->id;
}

static void add_jid(struct plan *plan, struct text jid)
{
	plan_jid(plan, jid);
}

// The account of A: its device is a column of its own.
static struct text without_resource(const struct stored_evidence *ack)
{
	size_t n = ack->evidence.by_resource.p ? ack->evidence.by_resource.n + 1 : 0;
	return n && n < ack->by.n ? (struct text){ack->by.p, ack->by.n - n} : ack->by;
}

// --- rows ---

// Whoever stores may neither read a body nor replace one (F190). A row that gets the text of an earlier
// line is written anew.
static const struct row *goes_on_from(const struct entry_change *change, size_t i)
{
	const struct row *row = &change->rows[i];
	return row->body.p && !row->body_stays ? NULL : change->was[i];
}

static void collect_removes(struct part *part, const struct entry_change *change)
{
	size_t continued = 0;
	for (size_t i = 0; i < change->row_count; i++)
		continued += goes_on_from(change, i) != NULL;
	if (continued == change->old_count)
		return;
	bool *goes_on = xcalloc(change->old_count, sizeof *goes_on);
	for (size_t i = 0; i < change->row_count; i++) {
		const struct row *was = goes_on_from(change, i);
		if (was)
			goes_on[was - change->old_rows] = true;
	}
	for (size_t i = 0; i < change->old_count; i++) {
		if (!goes_on[i])
			*VEC_ADD(&part->removes) = &change->old_rows[i];
	}
	free(goes_on);
}

static bool changes_place(const struct row *was, const struct row *row)
{
	return was->n != row->n || was->sent_at != row->sent_at;
}

// One row of the key may get the place that another one leaves: (conv, sent_at, key, n) is unique
// at every moment, so such rows are parked first.
static bool needs_parking(const struct entry_change *change)
{
	bool moves = false;
	for (size_t i = 0; i < change->row_count; i++)
		moves |= change->was[i] && changes_place(change->was[i], &change->rows[i]);
	return moves && change->old_count > 1;
}

static void collect_rows(struct part *part, const struct entry_change *change)
{
	bool parking = needs_parking(change);

	collect_removes(part, change);
	for (size_t i = 0; i < change->row_count; i++) {
		const struct row *row = &change->rows[i], *was = goes_on_from(change, i);
		add_jid(part->plan, row->from);
		add_jid(part->plan, row->to);
		if (!was) {
			*VEC_ADD(&part->inserts) = row;
			continue;
		}
		*VEC_ADD(&part->updates) =
			(struct update){was, row, parking && changes_place(was, row)};
		part->moved += was->sent_at != row->sent_at;
	}
}

// --- evidence ---

// First element of a list sorted by key that has this key.
static size_t first_of(const void *items, size_t count, size_t size, size_t key_offset, int64_t key)
{
	size_t lo = 0, hi = count;
	while (lo < hi) {
		size_t middle = lo + (hi - lo) / 2;
		int64_t at;
		memcpy(&at, (const char *)items + middle * size + key_offset, sizeof at);
		if (at < key)
			lo = middle + 1;
		else
			hi = middle;
	}
	return lo;
}

size_t plan_first_stored(const struct plan *plan, int64_t key)
{
	return first_of(plan->stored.items, plan->stored.count, sizeof *plan->stored.items,
			offsetof(struct place, key), key);
}

static bool has_stored(const struct plan *plan, int64_t key)
{
	size_t at = plan_first_stored(plan, key);
	return at < plan->stored.count && plan->stored.items[at].key == key;
}

// What was not loaded (another time, the same id used again) is not replaced either.
static void collect_acks(struct part *part, const struct entry_change *change)
{
	struct plan *plan = part->plan;
	if (!change->evidence_changed)
		return;
	for (size_t i = plan_first_stored(plan, change->key);
	     i < plan->stored.count && plan->stored.items[i].key == change->key; i++)
		*VEC_ADD(&part->ack_removes) = plan->stored.items[i];
	for (size_t i = 0; i < change->evidence_count; i++) {
		const struct stored_evidence *ack = &change->evidence[i];
		*VEC_ADD(&part->acks) = ack;
		add_jid(plan, without_resource(ack));
		add_jid(plan, ack->to);
	}
}

// Rows without id do not say it (M4).
static bool had_findings(const struct plan *plan, const struct entry_change *change)
{
	for (size_t i = 0; i < change->old_count; i++) {
		if (change->old_rows[i].has_findings || !change->old_rows[i].id.p)
			return true;
	}
	return change->old_count == 0 && has_stored(plan, change->key);
}

// Findings outside of the span that was loaded belong to facts that are not here.
static void collect_withdraw(struct part *part, const struct entry_change *change)
{
	const struct plan *plan = part->plan;
	struct range all = {change->conv, change->key, INT64_MAX, USEC_NONE};

	if (change->keep_findings || !had_findings(plan, change))
		return;
	for (size_t i = first_of(plan->ranges.items, plan->ranges.count, sizeof *plan->ranges.items,
				 offsetof(struct range, key), change->key);
	     i < plan->ranges.count && plan->ranges.items[i].key == change->key; i++) {
		const struct range *range = &plan->ranges.items[i];
		all.lo = range->lo < all.lo ? range->lo : all.lo;
		all.hi = range->hi > all.hi ? range->hi : all.hi;
	}
	all.lo = change->judged_from > all.lo ? change->judged_from : all.lo;
	if (all.lo <= all.hi)
		*VEC_ADD(&part->withdraws) = all;
}

int64_t plan_element(const struct plan *plan, const struct finding *finding)
{
	char realm[16];
	int n = snprintf(realm, sizeof realm, "%d", (int)plan->batch->realm);
	const struct text at = {(const char *)&finding->at, sizeof finding->at};
	if (finding->by_time)
		return KEYED(&plan->writer->key, TEXT("finding of a time"),
			     ((struct text){realm, (size_t)n}), text_of(finding->rule), finding->by,
			     finding->ref, at);
	return KEYED(&plan->writer->key, TEXT("finding"), ((struct text){realm, (size_t)n}),
		     text_of(finding->rule), finding->by, finding->ref);
}

static void add_finding(struct part *part, const struct finding *finding)
{
	int64_t element = plan_element(part->plan, finding);
	*VEC_ADD(&part->findings) = (struct new_finding){finding->key ? finding->conv : 0,
							 finding->key, element, finding};
}

// --- callbacks ---

static void take_change(void *self, const struct entry_change *change)
{
	struct part *part = part_of(self, change->conv);
	collect_rows(part, change);
	collect_acks(part, change);
	collect_withdraw(part, change);
	for (size_t i = 0; i < change->finding_count; i++)
		add_finding(part, &change->findings[i]);
}

static void take_sent(void *self, const struct sent *sent)
{
	struct plan *plan = self;
	*VEC_ADD(&part_of(plan, sent->conv)->sent) = *sent;
	add_jid(plan, sent->from);
	add_jid(plan, sent->to);
}

static void take_line_finding(void *self, const struct finding *finding)
{
	struct plan *plan = self;
	add_finding(&plan->parts[0], finding);
}

// --- order ---

static int by_identity(const void *a, const void *b)
{
	const struct row *x = *(const struct row *const *)a, *y = *(const struct row *const *)b;
	if (x->conv != y->conv)
		return x->conv < y->conv ? -1 : 1;
	if (x->sent_at != y->sent_at)
		return x->sent_at < y->sent_at ? -1 : 1;
	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->n > y->n) - (x->n < y->n);
}

static void sort_sent(struct part *part)
{
	if (!part->sent.count)
		return;
	part->sent_order = xcalloc(part->sent.count, sizeof *part->sent_order);
	for (size_t i = 0; i < part->sent.count; i++)
		part->sent_order[i] = (struct numbered){order_of(part->sent.items[i].hash), i};
	order_by_number(part->sent_order, part->sent.count);
}

static int by_id(const void *a, const void *b)
{
	const struct new_jid *x = a, *y = b;
	return (x->id > y->id) - (x->id < y->id);
}

// By conversation, and those of one by the rest of their identity.
static void sort_inserts(struct part *part)
{
	size_t count = part->inserts.count;
	const struct row **rows = part->inserts.items;
	if (!count)
		return;
	struct numbered *order = xcalloc(count, sizeof *order);
	const struct row **sorted = xcalloc(count, sizeof *sorted);
	for (size_t i = 0; i < count; i++)
		order[i] = (struct numbered){order_of(rows[i]->conv), i};
	order_by_number(order, count);
	for (size_t i = 0; i < count; i++)
		sorted[i] = rows[order[i].at];
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count && order[end].number == order[i].number; end++)
			;
		if (end - i > 1)
			qsort(sorted + i, end - i, sizeof *sorted, by_identity);
	}
	memcpy(rows, sorted, count * sizeof *rows);
	free(sorted);
	free(order);
}

// Rows of one conversation meet in the same index pages.
void part_order(struct part *part)
{
	if (part->ordered)
		return;
	part->ordered = true;
	sort_inserts(part);
	sort_sent(part);
	order_states(part);
	keys_collect(part);
	collect_parties(part);
}

void plan_collect(struct plan *plan)
{
	struct pairing *pairing = plan->batch->pairing;

	pairing_changes(pairing, plan, take_change);
	pairing_new_sent(pairing, plan, take_sent);
	pairing_line_findings(pairing, plan, take_line_finding);
	collect_states(plan);
	if (plan->jids.count)
		qsort(plan->jids.items, plan->jids.count, sizeof *plan->jids.items, by_id);
}

static void part_free(struct part *part)
{
	free(part->keys.items);
	free(part->removes.items);
	free(part->updates.items);
	free(part->inserts.items);
	free(part->marked.items);
	rollups_free(part->rollups);
	free(part->ack_removes.items);
	free(part->acks.items);
	free(part->sent.items);
	free(part->sent_order);
	free(part->findings.items);
	free(part->withdraws.items);
	free(part->states.items);
	free(part->late_acks);
	free(part->ids);
	free(part->parties.items);
}

void plan_span(struct plan *plan)
{
	FIELDS_AUTO times = {0};
	for (int i = 0; i < plan->part_count; i++) {
		const struct part *part = &plan->parts[i];
		for (size_t k = 0; k < part->inserts.count; k++)
			put_usec(&times, part->inserts.items[k]->sent_at);
		for (size_t k = 0; k < part->updates.count; k++)
			put_usec(&times, part->updates.items[k].row->sent_at);
		for (size_t k = 0; k < part->marked.count; k++)
			put_usec(&times, part->marked.items[k].sent_at);
	}
	fields_clear(&plan->spans);
	add_spans(&plan->spans, &times, &times, LIVE_GAP_SECONDS * USEC_PER_SEC);
}

void plan_free(struct plan *plan)
{
	fields_free(&plan->spans);
	for (int i = 0; i < LANES; i++)
		part_free(&plan->parts[i]);
	free(plan->ranges.items);
	free(plan->passing.items);
	free(plan->stored.items);
	free(plan->jids.items);
	convs_free(plan);
	map_free(&plan->plain);
	map_free(&plan->whole.keys);
	map_free(&plan->jid_seen);
	free(plan->ids);
	free(plan->grown.items);
	free(plan->late.items);
	free(plan->stored_days.items);
}
