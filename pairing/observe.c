// SPDX-License-Identifier: Apache-2.0
// From an effective stanza to facts (PAIRING K1..K16, M1..M7): what one line says, put into entries.
#include "pairing/observe.h"
#include "pairing/private.h"

#include <stdlib.h>

void touch(struct entry *entry, usec_t at)
{
	entry->touched = true;
	entry->derived = false;
	entry->lo = at < entry->lo ? at : entry->lo;
	entry->hi = at > entry->hi ? at : entry->hi;
}

// --- content (K1) ---

static bool is_ack_ref(enum ref_kind kind)
{
	return kind <= REF_XEVENT;
}

// K8: composing and its cancel acknowledge nothing; they are named only when nothing else is there.
static bool is_about_composing(const struct stanza_ref *ref)
{
	return ref->kind == REF_XEVENT && !(ref->xevent & ~(unsigned)XE_COMPOSING);
}

// The first id that this stanza acknowledges; absent text with *any true when it names none.
struct text first_acked(const struct stanza *st, bool *any)
{
	const struct stanza_ref *first = NULL;

	for (size_t i = 0; i < st->ref_count; i++) {
		const struct stanza_ref *ref = &st->refs[i];
		if (is_ack_ref(ref->kind) &&
		    (!first || (is_about_composing(first) && !is_about_composing(ref))))
			first = ref;
	}
	*any = first != NULL;
	if (first)
		return first->id.p ? first->id : st->id;
	return private_acked(st, any);
}

enum tie_rank stanza_rank(const struct stanza *st, bool content)
{
	bool acks;

	if (content)
		return TIE_CONTENT;
	for (size_t i = 0; i < st->ref_count; i++)
		if (is_ack_ref(st->refs[i].kind) && !is_about_composing(&st->refs[i]))
			return TIE_ACK;
	private_acked(st, &acks);
	return acks ? TIE_ACK : TIE_STATE;
}

bool has_ref(const struct stanza *st, enum ref_kind kind)
{
	for (size_t i = 0; i < st->ref_count; i++)
		if (st->refs[i].kind == kind)
			return true;
	return false;
}

bool has_payload(const struct stanza *st)
{
	bool event = has_ref(st, REF_REACTION) || has_ref(st, REF_RETRACTION);
	bool body = st->has_body && !(event && st->fallback_whole_body);

	return body || st->has_encrypted || st->has_oob || st->has_sfs;
}

bool is_content(const struct stanza *st, bool acks)
{
	if (has_ref(st, REF_RETRACTION) || st->amp_status.p)
		return false;
	if (has_payload(st))
		return true;
	return st->xevent_request || (!acks && (st->receipt_request || st->markable));
}

static int by_bytes(const void *a, const void *b)
{
	return text_compare(*(const struct text *)a, *(const struct text *)b);
}

// M3: keyed hash over the sorted list of texts; parts come folded from the reader.
int64_t content_digest(struct pairing *pairing, const struct stanza *st)
{
	if (!pairing->rules->content_digest)
		return 0;
	size_t count = st->digest_count;
	struct text few[8], *parts = few;
	if (count + 1 > sizeof(few) / sizeof(*few))
		parts = arena_alloc(pairing->arena, (count + 1) * sizeof(*parts));
	parts[0] = TEXT("digest");
	if (count) {
		memcpy(parts + 1, st->digest_parts, count * sizeof(*parts));
		if (count > 1)
			qsort(parts + 1, count, sizeof(*parts), by_bytes);
	}
	return keyed_hash(&pairing->key, parts, count + 1);
}

static unsigned content_flags(const struct stanza *st, bool acks)
{
	unsigned flags = 0;

	if (st->receipt_request)
		flags |= acks ? FLAG_VOID_RECEIPT : FLAG_RECEIPT_REQUEST; // P7
	if (st->markable)
		flags |= acks ? FLAG_VOID_MARKABLE : FLAG_MARKABLE;
	flags |= st->xevent_request & XE_DELIVERED ? FLAG_XE_DELIVERED : 0u;
	flags |= st->xevent_request & XE_DISPLAYED ? FLAG_XE_DISPLAYED : 0u;
	flags |= st->xevent_request & XE_OFFLINE ? FLAG_XE_OFFLINE : 0u;
	flags |= st->xevent_request & XE_COMPOSING ? FLAG_XE_COMPOSING : 0u;
	flags |= st->has_encrypted ? FLAG_ENCRYPTED : 0u;
	flags |= st->has_body ? FLAG_BODY : 0u;
	flags |= st->hints & HINT_NO_STORE ? FLAG_NO_STORE : 0u;
	return flags;
}

static struct text stored_body(struct pairing *pairing, const struct stanza *st)
{
	if (!st->body.p || pairing->bodies == BODIES_NONE)
		return TEXT_NONE;
	if (pairing->bodies == BODIES_FULL)
		return st->body; // keep_body() copies it
	int64_t hash = KEYED(&pairing->privacy, TEXT("body"), st->body);
	return arena_printf(pairing->arena, "hmac:%016llx", (unsigned long long)hash);
}

// The other sightings of a message have the same one.
void keep_body(struct pairing *pairing, const struct entry *entry, struct incarnation *inc)
{
	for (size_t i = 0; i < entry->incarnations.count; i++) {
		if (!text_same(entry->incarnations.items[i].body, inc->body))
			continue;
		inc->body = entry->incarnations.items[i].body;
		return;
	}
	inc->body = arena_text(pairing->arena, inc->body);
}

void add_content(struct pairing *pairing, struct entry *entry, struct incarnation *inc)
{
	keep_body(pairing, entry, inc);
	entry_add_incarnation(pairing, entry, inc);
}

static bool asks_offline(const struct stanza *st)
{
	return st->xevent_request & XE_OFFLINE;
}

// T4: this line shows a message that R's server had kept.
bool is_redelivered(struct pairing *pairing, const struct effective *e)
{
	if (e->stamp == USEC_NONE || (e->dir != DIR_OUT && e->dir != DIR_ROUTE) || e->carbon_sent ||
	    e->seen->at - e->stamp <= pairing->rules->w_skew)
		return false;
	struct jid by;
	if (!e->stamp_from.p)
		return true;
	return jid_read(pairing, e->stamp_from, &by) &&
	       (text_same(by.full, e->to.domain) || text_same(by.full, e->to.bare));
}

static void fill_times(struct pairing *pairing, const struct effective *e, struct incarnation *inc)
{
	bool ingress = effective_is_ingress(e), delayed = e->stamp != USEC_NONE;
	usec_t at = e->seen->at;

	inc->first = inc->last = delayed ? e->stamp : at;
	inc->seen_at = ingress || !delayed ? at : USEC_NONE;
	inc->seen_pos = e->seen->position;
	inc->egress_at = !ingress && !delayed ? at : USEC_NONE;
	inc->routed_at = USEC_NONE;
	if (delayed) {
		struct stamp_fact *fact = arena_alloc(pairing->arena, sizeof(*fact));
		*fact = (struct stamp_fact){e->stamp, ingress ? at : USEC_NONE,
					    ingress ? USEC_NONE : at, is_redelivered(pairing, e),
					    is_redelivered(pairing, e) && asks_offline(e->stanza)};
		inc->stamps = fact;
		inc->stamp_count = 1;
	}
	if (ingress && !e->carbon_sent && !e->carbon_received) {
		struct ingress_fact *fact = arena_alloc(pairing->arena, sizeof(*fact));
		*fact = (struct ingress_fact){e->seen->source, e->dir, 1};
		inc->ingress = fact;
		inc->ingress_count = 1;
	}
}

// M6, 0359 section 6: trusted on out and route lines and received carbons, and only by the right entity.
void fill_stanza_ids(struct pairing *pairing, const struct effective *e, struct text by,
		     struct incarnation *inc)
{
	if (e->dir != DIR_OUT && e->dir != DIR_ROUTE)
		return;
	for (size_t i = 0; i < e->stanza->stanza_id_count; i++) {
		const struct stanza_sid *sid = &e->stanza->stanza_ids[i];
		struct jid who;
		if (sid->id.n && sid->by.p && jid_read(pairing, sid->by, &who) &&
		    text_same(who.full, by))
			incarnation_add_given(pairing->arena, inc,
					      arena_text(pairing->arena, sid->id));
	}
}

int64_t thread_hash(const struct pairing *pairing, struct text thread)
{
	return thread.p && thread.n ? KEYED(&pairing->key, TEXT("thread"), thread) : 0;
}

struct incarnation incarnation_of(struct pairing *pairing, const struct effective *e, bool acks)
{
	const struct stanza *st = e->stanza;
	struct incarnation inc = {.digest = content_digest(pairing, st), .leg = LEG_DIRECT};

	fill_times(pairing, e, &inc);
	inc.tie = tie_of(pairing, e, TIE_CONTENT, true);
	inc.from_tie = inc.tie;
	inc.text_at = inc.from_at = e->seen->at;
	inc.type = st->type;
	inc.body = stored_body(pairing, st);
	inc.body_bytes = (int32_t)st->body.n;
	inc.thread = thread_hash(pairing, st->thread);
	inc.flags = content_flags(st, acks) | private_flags(pairing, st, acks);
	if (st->origin_id.n && !text_same(st->origin_id, st->id)) // M2
		incarnation_add_origin(pairing->arena, &inc,
				       arena_text(pairing->arena, st->origin_id));
	for (size_t i = 0; i < st->ref_count; i++)
		if (st->refs[i].kind == REF_CORRECTION && st->refs[i].id.p)
			inc.corrects = arena_text(pairing->arena, st->refs[i].id);
	return inc;
}

// CARBON-DUP: which device of R got it, and how.
static void fill_copy(struct pairing *pairing, const struct effective *e, bool written,
		      struct incarnation *inc)
{
	bool carbon = e->carbon_received && !effective_is_ingress(e);

	if (!written && !carbon)
		return;
	inc->copies = arena_alloc(pairing->arena, sizeof(*inc->copies));
	inc->copy_count = 1;
	unsigned how = e->dir == DIR_OUT ? COPY_CARBON | COPY_CARBON_OUT : COPY_CARBON;
	inc->copies[0] = (struct copy_fact){pairing_jid_id(pairing, e->device.full),
					    carbon ? how : COPY_OUT, e->seen->at};
}

static void content_direct(struct pairing *pairing, const struct effective *e, bool acks)
{
	struct text s = jid_party(&e->from, pairing->rules), r = jid_party(&e->to, pairing->rules);
	struct entry *entry = entry_for_message(pairing, s, r, stanza_id_of(e->stanza));
	struct incarnation inc = incarnation_of(pairing, e, acks);

	if (text_same(s, e->from.bare))
		inc.from_resource = e->from.resource;
	bool written =
		e->dir == DIR_OUT && !e->carbon_sent && text_same(e->device.bare, e->to.bare);
	if (written || (e->carbon_received && !effective_is_ingress(e)))
		inc.routed_at = e->seen->at; // T4
	fill_copy(pairing, e, written && !e->carbon_received, &inc);
	if (inc.routed_at != USEC_NONE && e->dir == DIR_OUT)
		inc.flags |= FLAG_OUT_LINE;
	fill_stanza_ids(pairing, e, e->to.bare, &inc);
	note_missing_ids(pairing, e, inc.flags);
	add_content(pairing, entry, &inc);
	touch(entry, inc.first);
	touch(entry, e->seen->at);
}

// --- the way of a stanza ---

static void observe_message(struct pairing *pairing, const struct effective *e)
{
	bool acks;

	first_acked(e->stanza, &acks);
	bool content = is_content(e->stanza, acks);
	note_faults(pairing, e, content, acks);
	if (content)
		content_direct(pairing, e, acks);
	observe_acks(pairing, e);
	observe_edits(pairing, e);
	observe_amp(pairing, e);
	observe_mds(pairing, e);
	observe_chat_state(pairing, e, content);
}

static void observe_effective(struct pairing *pairing, const struct effective *e)
{
	if (e->stanza->kind == STANZA_IQ)
		observe_private(pairing, e);
	else if (e->stanza->type == TYPE_ERROR)
		observe_error(pairing, e);
	else if (e->stanza->type == TYPE_GROUPCHAT)
		observe_group(pairing, e);
	else
		observe_message(pairing, e);
}

void pairing_observe(struct pairing *pairing, const struct observation *observation)
{
	struct effective e;

	pairing->settled = false;
	pairing->stored_by = observation->stored_by;
	pairing->witness = observation->witness;
	if (effective_stanza(pairing, observation, &e))
		observe_effective(pairing, &e);
	else if (e.mds_only)
		observe_mds(pairing, &e);
	pairing->stored_by = 0;
}
