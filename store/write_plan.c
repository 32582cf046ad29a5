// SPDX-License-Identifier: Apache-2.0
// Collects what pairing says of a batch into lists that can be written, and written again.
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

int64_t plan_jid(struct plan *plan, struct text jid)
{
	if (!jid.p)
		jid = TEXT("");
	int64_t id = pairing_jid_id(plan->batch->pairing, jid);
	void *print = jid_print(plan, jid), *known = map_get(&plan->writer->jids, id);
	void **place = known ? &known : map_put(&plan->jid_seen, id);
	plan->collided |= *place && *place != print;
	if (*place)
		return id;
	*place = print;
	*VEC_ADD(&plan->jids) = (struct new_jid){id, jid};
	return id;
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

static bool is_continued(const struct entry_change *change, const struct row *old)
{
	for (size_t i = 0; i < change->row_count; i++) {
		if (change->was[i] == old)
			return true;
	}
	return false;
}

static void collect_removes(struct plan *plan, const struct entry_change *change)
{
	size_t continued = 0;
	for (size_t i = 0; i < change->row_count; i++)
		continued += change->was[i] != NULL;
	for (size_t i = 0; i < change->old_count && continued < change->old_count; i++) {
		if (!is_continued(change, &change->old_rows[i]))
			*VEC_ADD(&plan->removes) = &change->old_rows[i];
	}
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

static void collect_rows(struct plan *plan, const struct entry_change *change)
{
	bool parking = needs_parking(change);

	collect_removes(plan, change);
	for (size_t i = 0; i < change->row_count; i++) {
		const struct row *row = &change->rows[i], *was = change->was[i];
		add_jid(plan, row->from);
		add_jid(plan, row->to);
		if (!was) {
			*VEC_ADD(&plan->inserts) = row;
			continue;
		}
		*VEC_ADD(&plan->updates) =
			(struct update){was, row, parking && changes_place(was, row)};
		plan->moved += was->sent_at != row->sent_at;
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

static size_t first_stored(const struct plan *plan, int64_t key)
{
	return first_of(plan->stored.items, plan->stored.count, sizeof *plan->stored.items,
			offsetof(struct place, key), key);
}

static bool has_stored(const struct plan *plan, int64_t key)
{
	size_t at = first_stored(plan, key);
	return at < plan->stored.count && plan->stored.items[at].key == key;
}

// What was not loaded (another time, the same id used again) is not replaced either.
static void collect_acks(struct plan *plan, const struct entry_change *change)
{
	if (!change->evidence_changed)
		return;
	for (size_t i = first_stored(plan, change->key);
	     i < plan->stored.count && plan->stored.items[i].key == change->key; i++)
		*VEC_ADD(&plan->ack_removes) = plan->stored.items[i];
	for (size_t i = 0; i < change->evidence_count; i++) {
		const struct stored_evidence *ack = &change->evidence[i];
		*VEC_ADD(&plan->acks) = ack;
		add_jid(plan, without_resource(ack));
		add_jid(plan, ack->to);
	}
}

static bool had_findings(const struct plan *plan, const struct entry_change *change)
{
	for (size_t i = 0; i < change->old_count; i++) {
		if (change->old_rows[i].has_findings)
			return true;
	}
	return change->old_count == 0 && has_stored(plan, change->key);
}

// Findings outside of the span that was loaded belong to facts that are not here.
static void collect_withdraw(struct plan *plan, const struct entry_change *change)
{
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
	if (all.lo <= all.hi)
		*VEC_ADD(&plan->withdraws) = all;
}

static void add_finding(struct plan *plan, const struct finding *finding)
{
	char realm[16];
	int n = snprintf(realm, sizeof realm, "%d", (int)plan->batch->realm);
	int64_t element =
		KEYED(&plan->writer->key, TEXT("finding"), ((struct text){realm, (size_t)n}),
		      text_of(finding->rule), finding->by, finding->ref);
	*VEC_ADD(&plan->findings) = (struct new_finding){finding->key ? finding->conv : 0,
							 finding->key, element, finding};
}

// --- callbacks ---

static void take_change(void *self, const struct entry_change *change)
{
	struct plan *plan = self;
	collect_rows(plan, change);
	collect_acks(plan, change);
	collect_withdraw(plan, change);
	for (size_t i = 0; i < change->finding_count; i++)
		add_finding(plan, &change->findings[i]);
}

static void take_sent(void *self, const struct sent *sent)
{
	struct plan *plan = self;
	*VEC_ADD(&plan->sent) = *sent;
	add_jid(plan, sent->from);
	add_jid(plan, sent->to);
}

static void take_line_finding(void *self, const struct finding *finding)
{
	add_finding(self, finding);
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

static int by_hash(const void *a, const void *b)
{
	const struct sent *x = a, *y = b;
	return (x->hash > y->hash) - (x->hash < y->hash);
}

static int by_id(const void *a, const void *b)
{
	const struct new_jid *x = a, *y = b;
	return (x->id > y->id) - (x->id < y->id);
}

void plan_collect(struct plan *plan)
{
	struct pairing *pairing = plan->batch->pairing;

	pairing_changes(pairing, plan, take_change);
	pairing_new_sent(pairing, plan, take_sent);
	pairing_line_findings(pairing, plan, take_line_finding);
	collect_states(plan);
	// Rows of one conversation meet in the same index pages.
	if (plan->inserts.count)
		qsort(plan->inserts.items, plan->inserts.count, sizeof *plan->inserts.items,
		      by_identity);
	if (plan->sent.count)
		qsort(plan->sent.items, plan->sent.count, sizeof *plan->sent.items, by_hash);
	if (plan->jids.count)
		qsort(plan->jids.items, plan->jids.count, sizeof *plan->jids.items, by_id);
}

void plan_free(struct plan *plan)
{
	free(plan->ranges.items);
	free(plan->stored.items);
	free(plan->removes.items);
	free(plan->updates.items);
	free(plan->inserts.items);
	free(plan->ack_removes.items);
	free(plan->acks.items);
	free(plan->sent.items);
	free(plan->jids.items);
	map_free(&plan->jid_seen);
	free(plan->findings.items);
	free(plan->withdraws.items);
	free(plan->states.items);
	free(plan->late.items);
	free(plan->late_acks);
}
