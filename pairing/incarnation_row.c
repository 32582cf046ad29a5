// SPDX-License-Identifier: Apache-2.0
// One incarnation -> the columns of its row that stand on its own lines (M9, T2, S1); derive.c adds what stands on
// evidence.
#include "pairing/workset.h"

// T2: the client's own stamp is one that an ingress line carries.
static bool is_own_stamp(const struct stamp_fact *fact)
{
	return fact->ingress_at != USEC_NONE;
}

static void stamp_times(const struct incarnation *inc, struct row *row, usec_t *earliest)
{
	for (size_t i = 0; i < inc->stamp_count; i++) {
		const struct stamp_fact *fact = &inc->stamps[i];
		bool own = is_own_stamp(fact);
		min_into(earliest, fact->stamp);
		if (own)
			min_into(&row->composed_at, fact->stamp);
		if (fact->egress_at != USEC_NONE)
			min_into(&row->accepted_at, own ? fact->egress_at : fact->stamp);
		if (fact->storable && !own)
			min_into(&row->stored_at, fact->stamp);
	}
}

static int32_t resends_of(const struct incarnation *inc) // M9
{
	int32_t most = 0;

	for (size_t i = 0; i < inc->ingress_count; i++)
		most = inc->ingress[i].lines > most ? inc->ingress[i].lines : most;
	return most > 1 ? most - 1 : 0;
}

static int32_t source_of(const struct incarnation *inc)
{
	int32_t source = 0;

	for (size_t i = 0; i < inc->ingress_count; i++)
		if (!source || inc->ingress[i].source < source)
			source = inc->ingress[i].source;
	return source;
}

static const struct row empty_row = {
	.composed_at = USEC_NONE,
	.accepted_at = USEC_NONE,
	.stored_at = USEC_NONE,
	.routed_at = USEC_NONE,
	.delivered_at = USEC_NONE,
	.displayed_at = USEC_NONE,
	.failed_at = USEC_NONE,
	.retracted_at = USEC_NONE,
	.upto_delivered_at = USEC_NONE,
	.upto_displayed_at = USEC_NONE,
	.reaction_at = USEC_NONE,
	.reply_at = USEC_NONE,
	.mds_at = USEC_NONE,
	.read_inferred_at = USEC_NONE,
	.response_ms = -1,
};

void row_from_incarnation(const struct pairing *pairing, const struct entry *entry,
			  const struct incarnation *inc, struct row *row)
{
	usec_t stamp = USEC_NONE;

	(void)pairing;
	*row = empty_row;
	row->conv = entry->conv;
	row->key = entry->key;
	row->from = entry->s;
	row->to = entry->r;
	row->id = entry->id;
	row->from_resource = inc->from_resource;
	row->nick = inc->nick;
	row->type = inc->type;
	row->corrects = inc->corrects;
	row->tie = inc->tie;
	row->flags = inc->flags;
	row->digest = inc->digest;
	row->thread = inc->thread;
	row->body = inc->body;
	row->body_bytes = inc->body_bytes;
	row->body_stays = inc->body_stays;
	row->last_at = inc->last;
	row->accepted_at = inc->egress_at;
	row->routed_at = inc->routed_at;
	row->given_ids = inc->stanza_ids;
	row->given_count = inc->stanza_id_count;
	row->origin_ids = inc->origin_ids;
	row->origin_count = inc->origin_count;
	row->resends = resends_of(inc);
	row->source = source_of(inc);
	stamp_times(inc, row, &stamp);
	row->sent_at = inc->seen_at != USEC_NONE ? inc->seen_at : stamp;
	row->sent_pos = inc->seen_pos;
	if (row->composed_at != USEC_NONE && row->composed_at >= row->sent_at)
		row->composed_at = USEC_NONE;
	if (row->accepted_at != USEC_NONE && row->accepted_at < row->sent_at)
		row->accepted_at = row->sent_at;
}
