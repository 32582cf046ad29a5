// SPDX-License-Identifier: Apache-2.0
// Of a key without id (M4) only what is near a batch's facts is loaded: any number of messages may have
// it. Rows and evidence at the edge of what was loaded keep what is stored, as does what a window (P8)
// showed beyond it. Evidence looks back w_resend (P10): of what lies that far inside all is known.
#include "pairing/workset.h"

void near_asked(const struct pairing *pairing, struct entry *entry, usec_t lo, usec_t hi)
{
	usec_t reach = pairing->rules->w_resend;

	entry->partial = true;
	entry->rows_from = lo - reach;
	entry->rows_to = hi + reach;
	entry->judged_from = lo - reach;
}

// A row that evidence may be about (I3, M2) was sent then: what lies between must be known too.
void near_reach(struct pairing *pairing, struct entry *entry, usec_t at)
{
	if (!entry->partial || (at >= entry->rows_from && at <= entry->rows_to))
		return;
	entry->reach_lo = at < entry->reach_lo ? at : entry->reach_lo;
	entry->reach_hi = at > entry->reach_hi ? at : entry->reach_hi;
	entry->asked = false;
	pairing->settled = false;
}

// M4: what was seen again and again, each time within w_noid, may have begun long before what is near.
void near_began(struct pairing *pairing, struct entry *entry, const struct row *old)
{
	if (entry->partial && old->sent_at < entry->rows_from && old->last_at >= entry->rows_from)
		near_reach(pairing, entry, old->sent_at);
}

// Of the rows with one origin-id that begin before what is near to what is new only the last can reach up
// to it: one that began earlier and did would be one with it.
void note_chain(struct pairing *pairing, const struct sent *sent)
{
	struct entry *entry =
		sent->what == SENT_ORIGIN_ID ? map_get(&pairing->entries, sent->key) : NULL;

	if (!entry || !entry->partial || !entry->touched ||
	    sent->at >= entry->lo - pairing->rules->w_resend)
		return;
	for (size_t i = 0; i < entry->chains.count; i++) {
		struct chain *chain = &entry->chains.items[i];
		if (chain->hash != sent->hash)
			continue;
		chain->at = sent->at > chain->at ? sent->at : chain->at;
		return;
	}
	*LIST_ADD(pairing->arena, &entry->chains) = (struct chain){sent->hash, sent->at};
}

void want_chains(struct pairing *pairing, struct entry *entry)
{
	if (!entry->partial)
		return;
	for (size_t i = 0; i < entry->row_count; i++)
		for (size_t j = 0; j < entry->rows[i].origin_count; j++)
			want_sent_hash(pairing, sent_hash(pairing, entry->rows[i].from,
							  entry->rows[i].origin_ids[j]));
	for (size_t i = 0; i < entry->chains.count; i++)
		near_reach(pairing, entry, entry->chains.items[i].at);
}

// Evidence of rows_from..rows_to is loaded, with what follows within w_resend.
static bool is_far(const struct entry *entry, const struct row *row)
{
	return row->sent_at < entry->rows_from || row->sent_at > entry->rows_to;
}

// What evidence has given. Where an earlier marker (P8) hides what came directly, that is not known.
static void keep_columns(struct row *row, const struct row *old)
{
	if (old->delivered_via != VIA_UPTO && old->delivered_at != USEC_NONE) {
		row->delivered_at = old->delivered_at;
		row->delivered_via = old->delivered_via;
		row->delivered_pos = old->delivered_pos;
	}
	if (old->displayed_via != VIA_UPTO && old->displayed_at != USEC_NONE) {
		row->displayed_at = old->displayed_at;
		row->displayed_via = old->displayed_via;
		row->displayed_pos = old->displayed_pos;
	}
	row->failed_at = old->failed_at;
	row->failed_pos = old->failed_pos;
	row->error = old->error;
	row->has_error = old->has_error;
	row->has_marker = old->has_marker;
	row->acks = old->acks;
	row->acks_dup = old->acks_dup;
	row->retracted_at = old->retracted_at;
	row->reaction_at = old->reaction_at;
	row->reply_at = old->reply_at;
	min_into(&row->stored_at, old->stored_at);
}

// I3 knows no limit, so what marked a row may be anywhere in time. It is at home under the id that the
// row was given, and lends itself anew whenever that is asked for; until then what is stored stays.
static bool mds_is_known(struct pairing *pairing, const struct entry *entry, const struct row *row)
{
	for (size_t i = 0; i < row->given_count; i++) {
		int64_t key = given_key(pairing, entry->r, row->given_ids[i]);
		const struct entry *home = map_get(&pairing->entries, key);
		if (home && home->asked)
			return true;
	}
	return false;
}

static void keep_mds(struct pairing *pairing, struct entry *entry, struct row *row,
		     const struct row *old)
{
	if (old->mds_at == USEC_NONE || mds_is_known(pairing, entry, row))
		return;
	min_into(&row->mds_at, old->mds_at);
	entry->keeps_mds = true;
}

bool is_kept_at_home(const struct entry *entry, const struct evidence *ev)
{
	return ev->borrowed && ev->kind == EV_MDS && !entry->id.p && !entry->group;
}

void near_keep_rows(struct pairing *pairing, struct entry *entry)
{
	entry->keeps_mds = false;
	for (size_t i = 0; entry->partial && i < entry->row_count; i++) {
		struct row *row = &entry->rows[i];
		const struct row *old = old_row_like(pairing, entry, row->sent_at, row->digest);
		if (!old)
			continue;
		keep_mds(pairing, entry, row, old);
		if (!is_far(entry, row))
			continue;
		row->kept = old;
		keep_columns(row, old);
	}
}

bool near_keeps(const struct entry *entry, const struct evidence *ev)
{
	return entry->partial && ev->stored && ev->first < entry->judged_from;
}
