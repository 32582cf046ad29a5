// SPDX-License-Identifier: Apache-2.0
// Adding facts to an entry by union. A piece (M3) is the span of sightings of one digest whose
// neighbours lie within the gap; keeping [first, last] of each piece is enough, because joining
// spans gives the same pieces in any order. The same holds for sightings of one ack (P4), and for copies
// between servers and components, which share the key (M10).
#include "pairing/workset.h"

static usec_t min_usec(usec_t a, usec_t b)
{
	if (a == USEC_NONE || b == USEC_NONE)
		return a == USEC_NONE ? b : a;
	return a < b ? a : b;
}

static usec_t max_usec(usec_t a, usec_t b)
{
	return a > b ? a : b;
}

static void merge_stamp(struct arena *arena, struct incarnation *into,
			const struct stamp_fact *fact)
{
	for (size_t i = 0; i < into->stamp_count; i++) {
		struct stamp_fact *have = &into->stamps[i];
		if (have->stamp != fact->stamp)
			continue;
		have->ingress_at = min_usec(have->ingress_at, fact->ingress_at);
		have->egress_at = min_usec(have->egress_at, fact->egress_at);
		have->storable = have->storable || fact->storable;
		have->asks_offline = have->asks_offline || fact->asks_offline;
		return;
	}
	struct stamp_fact *more = arena_alloc(arena, (into->stamp_count + 1) * sizeof(*more));
	if (into->stamp_count)
		memcpy(more, into->stamps, into->stamp_count * sizeof(*more));
	more[into->stamp_count++] = *fact;
	into->stamps = more;
}

static void merge_ingress(struct arena *arena, struct incarnation *into,
			  const struct ingress_fact *fact)
{
	for (size_t i = 0; i < into->ingress_count; i++) {
		struct ingress_fact *have = &into->ingress[i];
		if (have->source == fact->source && have->dir == fact->dir) {
			have->lines += fact->lines;
			return;
		}
	}
	struct ingress_fact *more = arena_alloc(arena, (into->ingress_count + 1) * sizeof(*more));
	if (into->ingress_count)
		memcpy(more, into->ingress, into->ingress_count * sizeof(*more));
	more[into->ingress_count++] = *fact;
	into->ingress = more;
}

static void merge_copy(struct arena *arena, struct incarnation *into, const struct copy_fact *fact)
{
	for (size_t i = 0; i < into->copy_count; i++) {
		if (into->copies[i].device != fact->device)
			continue;
		into->copies[i].kinds |= fact->kinds;
		into->copies[i].first = min_usec(into->copies[i].first, fact->first);
		return;
	}
	struct copy_fact *more = arena_alloc(arena, (into->copy_count + 1) * sizeof(*more));
	if (into->copy_count)
		memcpy(more, into->copies, into->copy_count * sizeof(*more));
	more[into->copy_count++] = *fact;
	into->copies = more;
}

static void add_id(struct arena *arena, struct text **ids, size_t *count, struct text id)
{
	for (size_t i = 0; i < *count; i++)
		if (text_same((*ids)[i], id))
			return;
	struct text *more = arena_alloc(arena, (*count + 1) * sizeof(*more));
	if (*count)
		memcpy(more, *ids, *count * sizeof(*more));
	more[(*count)++] = id;
	*ids = more;
}

void incarnation_add_given(struct arena *arena, struct incarnation *into, struct text id)
{
	add_id(arena, &into->stanza_ids, &into->stanza_id_count, id);
}

void incarnation_add_origin(struct arena *arena, struct incarnation *into, struct text id)
{
	add_id(arena, &into->origin_ids, &into->origin_count, id);
}

static bool has_digest(const struct incarnation *inc, int64_t digest)
{
	for (size_t i = 0; i < inc->digest_count; i++)
		if (inc->digests[i] == digest)
			return true;
	return inc->digest == digest;
}

static void add_digest(struct arena *arena, struct incarnation *into, int64_t digest)
{
	if (has_digest(into, digest))
		return;
	int64_t *more = arena_alloc(arena, (into->digest_count + 1) * sizeof(*more));
	if (into->digest_count)
		memcpy(more, into->digests, into->digest_count * sizeof(*more));
	more[into->digest_count++] = digest;
	into->digests = more;
}

// M2: the digest is that of the earliest line; before the spans are merged.
static void merge_digests(struct arena *arena, struct incarnation *into,
			  const struct incarnation *from)
{
	int64_t before = into->digest;
	bool earlier = from->first < into->first ||
		       (from->first == into->first && from->digest < into->digest);

	if (into->digest == from->digest && !into->digest_count && !from->digest_count)
		return;
	if (earlier)
		into->digest = from->digest;
	add_digest(arena, into, before);
	add_digest(arena, into, from->digest);
	for (size_t i = 0; i < from->digest_count; i++)
		add_digest(arena, into, from->digests[i]);
}

static bool share_digest(const struct incarnation *a, const struct incarnation *b)
{
	for (size_t i = 0; i < b->digest_count; i++)
		if (has_digest(a, b->digests[i]))
			return true;
	return has_digest(a, b->digest);
}

static bool share_origin(const struct incarnation *a, const struct incarnation *b)
{
	for (size_t i = 0; i < a->origin_count; i++)
		for (size_t j = 0; j < b->origin_count; j++)
			if (text_same(a->origin_ids[i], b->origin_ids[j]))
				return true;
	return false;
}

// The sender's device and the text come from the earliest line that has them (T1); where ties are not
// kept, from that with the smaller text, so that order cannot matter.
static bool is_other_sender(const struct incarnation *into, const struct incarnation *from)
{
	if (from->from_at != into->from_at)
		return from->from_at < into->from_at;
	int order = text_compare(from->from_tie, into->from_tie);
	order = order ? order : text_compare(from->from_account, into->from_account);
	return order ? order < 0 : text_compare(from->from_resource, into->from_resource) < 0;
}

// M6: two accounts may upload one text under one id: account and device go together.
static void merge_sender(struct incarnation *into, const struct incarnation *from)
{
	bool knows = from->from_resource.p || from->from_account.p;
	bool known = into->from_resource.p || into->from_account.p;

	if (!knows || (known && !is_other_sender(into, from)))
		return;
	into->from_resource = from->from_resource;
	into->from_account = from->from_account;
	into->from_at = from->from_at;
	into->from_tie = from->from_tie;
}

// T1: of lines of one instant the first, where that also gave sent_at, so that its tie is kept; before the
// ties and times are merged.
static bool text_line_wins(const struct incarnation *into, const struct incarnation *from)
{
	bool a = into->seen_at == into->text_at, b = from->seen_at == from->text_at;

	if (from->text_at != into->text_at)
		return from->text_at < into->text_at;
	if (a != b)
		return b;
	if (a && !into->tie.p != !from->tie.p)
		return from->tie.p != NULL;
	int order = a ? text_compare(from->tie, into->tie) : 0;
	if (order)
		return order < 0;
	if (from->type != into->type)
		return from->type < into->type;
	return text_compare(from->corrects, into->corrects) < 0;
}

static bool has_body(const struct incarnation *inc)
{
	return inc->body.p || inc->body_bytes;
}

// The body of the line that wins, else of the other. That of a stored row is never read (F190) and stays
// where it is; another line's is kept beside it, for a row that does not go on from that one. same: both
// say the same, so it does not matter whose body it is.
static void merge_text(struct incarnation *into, const struct incarnation *from, bool same)
{
	bool wins = text_line_wins(into, from);
	bool takes = has_body(from) && (wins || !has_body(into));

	if (takes) {
		into->body_bytes = from->body_bytes;
		into->body_stays = from->body_stays || (same && into->body_stays);
	} else {
		into->body_stays |= same && from->body_stays;
	}
	if (!into->body.p || (takes && from->body.p))
		into->body = from->body;
	if (wins) {
		into->text_at = from->text_at;
		into->type = from->type;
		into->corrects = from->corrects;
	}
}

// T1: when the lines that gave sent_at were seen. *seen: they are ingress or undelayed (T2).
static usec_t gave_at(const struct incarnation *inc, bool *seen)
{
	usec_t at = inc->seen_at;

	*seen = at != USEC_NONE;
	for (size_t i = 0; !*seen && i < inc->stamp_count; i++)
		min_into(&at, inc->stamps[i].stamp);
	return at;
}

static bool gave_earlier(const struct incarnation *a, const struct incarnation *b)
{
	bool a_seen, b_seen;
	usec_t x = gave_at(a, &a_seen), y = gave_at(b, &b_seen);

	return a_seen != b_seen ? a_seen : x != USEC_NONE && (y == USEC_NONE || x < y);
}

// Before the times are merged. A line whose tie is not kept gives way to one of the same time.
static void merge_tie(struct incarnation *into, const struct incarnation *from)
{
	bool same = !gave_earlier(into, from) && !gave_earlier(from, into);
	bool first = from->tie.p && (!into->tie.p || text_compare(from->tie, into->tie) < 0);

	if (same ? first : gave_earlier(from, into))
		into->tie = from->tie;
}

void incarnation_merge(struct arena *arena, struct incarnation *into,
		       const struct incarnation *from)
{
	bool same = into->digest == from->digest;

	merge_digests(arena, into, from);
	merge_text(into, from, same);
	merge_tie(into, from);
	into->first = min_usec(into->first, from->first);
	into->last = max_usec(into->last, from->last);
	if (from->seen_at != USEC_NONE &&
	    (into->seen_at == USEC_NONE || from->seen_at < into->seen_at ||
	     (from->seen_at == into->seen_at && from->seen_pos < into->seen_pos))) {
		into->seen_at = from->seen_at;
		into->seen_pos = from->seen_pos;
	}
	into->egress_at = min_usec(into->egress_at, from->egress_at);
	into->routed_at = min_usec(into->routed_at, from->routed_at);
	for (size_t i = 0; i < from->stamp_count; i++)
		merge_stamp(arena, into, &from->stamps[i]);
	for (size_t i = 0; i < from->ingress_count; i++)
		merge_ingress(arena, into, &from->ingress[i]);
	for (size_t i = 0; i < from->copy_count; i++)
		merge_copy(arena, into, &from->copies[i]);
	for (size_t i = 0; i < from->stanza_id_count; i++)
		incarnation_add_given(arena, into, from->stanza_ids[i]);
	for (size_t i = 0; i < from->origin_count; i++)
		incarnation_add_origin(arena, into, from->origin_ids[i]);
	merge_sender(into, from);
	if (!into->thread || (from->thread && from->thread < into->thread))
		into->thread = from->thread;
	into->flags |= from->flags;
}

// M3: one digest (and in rooms one nick or one account, M6).
static bool says_the_same(const struct incarnation *a, const struct incarnation *b)
{
	return share_digest(a, b) && a->leg == b->leg && text_same(a->nick, b->nick) &&
	       text_same(a->from_account, b->from_account);
}

static bool spans_join(usec_t first_a, usec_t last_a, usec_t first_b, usec_t last_b, usec_t gap)
{
	return first_a - last_b <= gap && first_b - last_a <= gap;
}

// M3, M4; M2: without an id an origin-id joins, whatever the text. M6: each line of an upload finds its
// mirror by itself, so they are brought together when rows are made (group.c).
bool piece_is_one(const struct realm_settings *rules, const struct entry *entry,
		  const struct incarnation *a, const struct incarnation *b)
{
	usec_t gap = a->leg == LEG_UPLOAD ? 0 : entry->id.p ? rules->w_resend : rules->w_noid;

	if (says_the_same(a, b) && spans_join(a->first, a->last, b->first, b->last, gap))
		return true;
	return !entry->id.p && share_origin(a, b) &&
	       spans_join(a->first, a->last, b->first, b->last, rules->w_resend);
}

// Whoever made the last tie does not keep it (tie.h).
static void keep_ties(struct pairing *pairing, struct incarnation *inc)
{
	bool first = tie_is_last_made(pairing, inc->tie),
	     sender = tie_is_last_made(pairing, inc->from_tie);
	struct text own = first    ? arena_text(pairing->arena, inc->tie)
			  : sender ? arena_text(pairing->arena, inc->from_tie)
				   : TEXT_NONE;

	inc->tie = first ? own : inc->tie;
	inc->from_tie = sender ? own : inc->from_tie;
}

// The last one takes its place.
static void drop_incarnation(struct pairing *pairing, struct entry *entry, size_t at)
{
	struct incarnation *list = entry->incarnations.items;
	size_t last = --entry->incarnations.count;

	if (at == last)
		return;
	list[at] = list[last];
	piece_note(pairing, entry, at, &list[at]);
}

// An origin-id may bring what says something else (M2): then all that it says counts at any time of its
// span. Else only what is near the new sighting can be new.
static struct incarnation merge_at(struct pairing *pairing, struct entry *entry, size_t at,
				   const struct incarnation *from)
{
	struct incarnation merged = entry->incarnations.items[at];

	incarnation_merge(pairing->arena, &merged, from);
	keep_ties(pairing, &merged);
	entry->incarnations.items[at] = merged;
	bool several = merged.digest_count || (!entry->id.p && merged.origin_count);
	struct incarnation news = several ? merged : *from;
	piece_note(pairing, entry, at, &news);
	return news;
}

void entry_add_incarnation(struct pairing *pairing, struct entry *entry,
			   const struct incarnation *incarnation)
{
	size_t at = piece_find(pairing, entry, incarnation, SIZE_MAX), other;

	if (is_stored_by_lane(pairing, entry->conv)) {
		entry->again = true;
		return;
	}
	entry->derived = false;
	if (at == SIZE_MAX) {
		struct incarnation *own = LIST_ADD(pairing->arena, &entry->incarnations);
		*own = *incarnation;
		keep_ties(pairing, own);
		piece_note(pairing, entry, entry->incarnations.count - 1, incarnation);
		return;
	}
	struct incarnation news = merge_at(pairing, entry, at, incarnation);
	while ((other = piece_find(pairing, entry, &news, at)) != SIZE_MAX) {
		struct incarnation reached = entry->incarnations.items[other];
		bool moves = at == entry->incarnations.count - 1;
		drop_incarnation(pairing, entry, other);
		at = moves ? other : at;
		news = merge_at(pairing, entry, at, &reached);
	}
}
