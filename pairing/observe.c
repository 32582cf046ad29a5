// SPDX-License-Identifier: Apache-2.0
// From an effective stanza to facts (PAIRING K1..K16, M1..M7): what one line says, put into entries.
#include "pairing/private.h"

#include <stdlib.h>

static void touch(struct entry *entry, usec_t at)
{
	entry->touched = true;
	entry->derived = false;
	entry->lo = at < entry->lo ? at : entry->lo;
	entry->hi = at > entry->hi ? at : entry->hi;
}

static void note(struct pairing *pairing, const struct effective *e, const char *rule,
		 struct text ref)
{
	line_finding(pairing, rule, e->from.full, ref, e->seen->at, e->seen->position);
}

// M2: an empty id names nothing, as a missing one.
static struct text id_of(const struct stanza *st)
{
	return st->id.n ? st->id : TEXT_NONE;
}

// --- content (K1) ---

static bool is_ack_ref(enum ref_kind kind)
{
	return kind <= REF_MARK_ACKNOWLEDGED;
}

// The first id that this stanza acknowledges; absent text with *any true when it names none.
static struct text first_acked(const struct pairing *pairing, const struct stanza *st, bool *any)
{
	for (size_t i = 0; i < st->ref_count; i++) {
		if (is_ack_ref(st->refs[i].kind)) {
			*any = true;
			return st->refs[i].id.p ? st->refs[i].id : st->id;
		}
	}
	*any = st->has_xevent && st->xevent_has_id;
	return *any ? st->xevent_id : private_acked(pairing, st, any);
}

static bool has_ref(const struct stanza *st, enum ref_kind kind)
{
	for (size_t i = 0; i < st->ref_count; i++)
		if (st->refs[i].kind == kind)
			return true;
	return false;
}

static bool has_payload(const struct stanza *st)
{
	bool event = has_ref(st, REF_REACTION) || has_ref(st, REF_RETRACTION);
	bool body = st->has_body && !(event && st->fallback_whole_body);

	return body || st->has_encrypted || st->has_oob || st->has_sfs;
}

static bool is_content(const struct stanza *st, bool acks)
{
	if (has_ref(st, REF_RETRACTION) || st->amp_status.p || st->omemo_without_payload)
		return false;
	if (has_payload(st))
		return true;
	bool event_request = st->has_xevent && !st->xevent_has_id && st->xevent;
	return event_request || (!acks && (st->receipt_request || st->markable));
}

static int by_bytes(const void *a, const void *b)
{
	return text_compare(*(const struct text *)a, *(const struct text *)b);
}

// M3: keyed hash over the sorted list of texts; parts come folded from the reader.
static int64_t content_digest(struct pairing *pairing, const struct stanza *st)
{
	if (!pairing->rules->content_digest)
		return 0;
	size_t count = st->digest_count;
	struct text *parts = arena_alloc(pairing->arena, (count + 1) * sizeof(*parts));
	parts[0] = TEXT("digest");
	if (count) {
		memcpy(parts + 1, st->digest_parts, count * sizeof(*parts));
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
	if (st->has_xevent && !st->xevent_has_id) {
		flags |= st->xevent & XE_DELIVERED ? FLAG_XE_DELIVERED : 0u;
		flags |= st->xevent & XE_DISPLAYED ? FLAG_XE_DISPLAYED : 0u;
		flags |= st->xevent & XE_OFFLINE ? FLAG_XE_OFFLINE : 0u;
		flags |= st->xevent & XE_COMPOSING ? FLAG_XE_COMPOSING : 0u;
	}
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
		return arena_text(pairing->arena, st->body);
	int64_t hash = KEYED(&pairing->privacy, TEXT("body"), st->body);
	return arena_printf(pairing->arena, "hmac:%016llx", (unsigned long long)hash);
}

// T4: this line shows a message that R's server had kept.
static bool is_storable(const struct pairing *pairing, const struct effective *e)
{
	if (e->stamp == USEC_NONE || (e->dir != DIR_OUT && e->dir != DIR_ROUTE) || e->carbon_sent ||
	    e->carbon_received || e->seen->at - e->stamp <= pairing->rules->w_skew)
		return false;
	struct jid by;
	if (!e->stamp_from.p)
		return true;
	return jid_parse(e->stamp_from, pairing->arena, &by) &&
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
					    ingress ? USEC_NONE : at, is_storable(pairing, e)};
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
static void fill_stanza_ids(struct pairing *pairing, const struct effective *e, struct text by,
			    struct incarnation *inc)
{
	if (e->dir != DIR_OUT && e->dir != DIR_ROUTE)
		return;
	for (size_t i = 0; i < e->stanza->stanza_id_count; i++) {
		const struct stanza_sid *sid = &e->stanza->stanza_ids[i];
		struct jid who;
		if (!sid->id.p || !sid->by.p || !jid_parse(sid->by, pairing->arena, &who) ||
		    !text_same(who.full, by))
			continue;
		inc->stanza_ids = arena_alloc(pairing->arena, sizeof(struct text));
		inc->stanza_ids[0] = arena_text(pairing->arena, sid->id);
		inc->stanza_id_count = 1;
		return;
	}
}

static int64_t thread_hash(const struct pairing *pairing, struct text thread)
{
	return thread.p && thread.n ? KEYED(&pairing->key, TEXT("thread"), thread) : 0;
}

static struct incarnation incarnation_of(struct pairing *pairing, const struct effective *e,
					 bool acks)
{
	const struct stanza *st = e->stanza;
	struct incarnation inc = {.digest = content_digest(pairing, st), .leg = LEG_DIRECT};

	fill_times(pairing, e, &inc);
	inc.text_at = inc.from_at = e->seen->at;
	inc.type = st->type;
	inc.body = stored_body(pairing, st);
	inc.body_bytes = (int32_t)st->body.n;
	inc.thread = thread_hash(pairing, st->thread);
	inc.flags = content_flags(st, acks) | private_flags(pairing, st, acks);
	if (!id_of(st).p)
		inc.origin_id = arena_text(pairing->arena, st->origin_id);
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
	inc->copies[0] = (struct copy_fact){pairing_jid_id(pairing, e->device.full),
					    carbon ? COPY_CARBON : COPY_OUT};
}

static void note_missing_ids(struct pairing *pairing, const struct effective *e, unsigned flags)
{
	if (id_of(e->stanza).p)
		return;
	note(pairing, e, "MSG-NO-ID", TEXT_NONE);
	if (flags & FLAG_RECEIPT_REQUEST)
		note(pairing, e, "REQ-NO-ID", TEXT_NONE);
	if (flags & FLAG_MARKABLE)
		note(pairing, e, "MARK-NO-ID", TEXT_NONE);
	if (flags & (FLAG_XE_DELIVERED | FLAG_XE_DISPLAYED | FLAG_XE_OFFLINE | FLAG_XE_COMPOSING))
		note(pairing, e, "XE-NO-ID", TEXT_NONE);
}

static void content_direct(struct pairing *pairing, const struct effective *e, bool acks)
{
	struct text s = jid_party(&e->from, pairing->rules), r = jid_party(&e->to, pairing->rules);
	struct entry *entry = entry_for_message(pairing, s, r, id_of(e->stanza));
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
	entry_add_incarnation(pairing, entry, &inc);
	touch(entry, inc.first);
	touch(entry, e->seen->at);
}

// --- groupchat (M6) ---

static bool is_mirror(const struct pairing *pairing, const struct effective *e)
{
	if (jid_is_muc(&e->from, pairing->rules))
		return true;
	return !jid_is_muc(&e->to, pairing->rules) && e->to.resource.p;
}

static void content_group(struct pairing *pairing, const struct effective *e, bool mirror)
{
	struct text room = mirror ? e->from.bare : e->to.bare;
	struct entry *entry = entry_for_group(pairing, room, id_of(e->stanza));
	struct incarnation inc = incarnation_of(pairing, e, false);

	inc.leg = mirror ? LEG_MIRROR : LEG_UPLOAD;
	if (mirror) {
		inc.nick = e->from.resource;
	} else {
		inc.from_account = e->from.bare;
		inc.from_resource = e->from.resource;
	}
	fill_stanza_ids(pairing, e, room, &inc);
	if (inc.stanza_id_count)
		inc.flags |= FLAG_ROOM_ID;
	if (!mirror)
		note_missing_ids(pairing, e, inc.flags);
	entry_add_incarnation(pairing, entry, &inc);
	touch(entry, inc.first);
	touch(entry, e->seen->at);
}

// --- acks (K3, K5, K8) ---

static usec_t ack_time(const struct effective *e) // T3
{
	return e->stamp != USEC_NONE && !effective_is_ingress(e) ? e->stamp : e->seen->at;
}

static void add_evidence(struct pairing *pairing, struct entry *entry, const struct effective *e,
			 enum evidence_kind kind, int32_t via, struct text condition)
{
	struct evidence ev = {
		.kind = kind, .via = via, .by_resource = TEXT_NONE, .condition = condition};
	bool marker = kind == EV_MARK_RECEIVED || kind == EV_MARK_DISPLAYED ||
		      kind == EV_MARK_ACKNOWLEDGED;

	if (text_same(jid_party(&e->from, pairing->rules), e->from.bare))
		ev.by_resource = e->from.resource;
	ev.own_id = arena_text(pairing->arena, id_of(e->stanza));
	ev.first = ev.last = ack_time(e);
	ev.thread = marker ? thread_hash(pairing, e->stanza->thread) : 0;
	ev.position = e->seen->position;
	entry_add_evidence(pairing, entry, &ev);
	entry->evidence_changed = true;
	touch(entry, ev.first);
}

// P1: an ack by A to B about ref belongs to key (S = B, R = A, ref). An ack that names nothing is an
// orphan of the empty ref (P3 d).
void add_ack(struct pairing *pairing, const struct effective *e, enum evidence_kind kind,
	     struct text ref, int32_t via)
{
	struct text a = jid_party(&e->from, pairing->rules), b = jid_party(&e->to, pairing->rules);
	struct text id = ref.p ? ref : TEXT("");
	add_evidence(pairing, entry_for_message(pairing, b, a, id), e, kind, via, TEXT_NONE);
}

static const struct {
	enum evidence_kind kind;
	bool legacy;
} ack_refs[REF_KINDS] = {
	[REF_RECEIPT] = {EV_RECEIPT, false},
	[REF_MARK_RECEIVED] = {EV_MARK_RECEIVED, true},
	[REF_MARK_DISPLAYED] = {EV_MARK_DISPLAYED, false},
	[REF_MARK_ACKNOWLEDGED] = {EV_MARK_ACKNOWLEDGED, true},
};

static void acks(struct pairing *pairing, const struct effective *e)
{
	const struct stanza *st = e->stanza;

	for (size_t i = 0; i < st->ref_count; i++) {
		const struct stanza_ref *ref = &st->refs[i];
		if (!is_ack_ref(ref->kind))
			continue;
		struct text id = ref->id;
		if (ref->kind == REF_RECEIPT && !id.p) { // 0184 1.0
			note(pairing, e, "ACK-NO-ID", st->id);
			id = st->id;
		}
		if (ack_refs[ref->kind].legacy)
			note(pairing, e, "MARK-LEGACY", TEXT_NONE);
		add_ack(pairing, e, ack_refs[ref->kind].kind, id, 0);
	}
	observe_private(pairing, e);
	if (!st->has_xevent || !st->xevent_has_id || !st->xevent_id.n)
		return; // P10, the empty id: not yet
	if (st->xevent & XE_OFFLINE)
		add_ack(pairing, e, EV_XE_OFFLINE, st->xevent_id, 0);
	if (st->xevent & XE_DELIVERED)
		add_ack(pairing, e, EV_XE_DELIVERED, st->xevent_id, 0);
	if (st->xevent & XE_DISPLAYED)
		add_ack(pairing, e, EV_XE_DISPLAYED, st->xevent_id, 0);
}

// K10, M8: by the sender about an own message.
static void retractions(struct pairing *pairing, const struct effective *e)
{
	for (size_t i = 0; i < e->stanza->ref_count; i++) {
		const struct stanza_ref *ref = &e->stanza->refs[i];
		if (ref->kind != REF_RETRACTION || !ref->id.p)
			continue;
		struct entry *entry =
			entry_for_message(pairing, jid_party(&e->from, pairing->rules),
					  jid_party(&e->to, pairing->rules), ref->id);
		add_evidence(pairing, entry, e, EV_RETRACTION, 0, TEXT_NONE);
	}
}

// K16, P11.
static void observe_error(struct pairing *pairing, const struct effective *e)
{
	const struct stanza *st = e->stanza;

	struct text id = st->id.p ? st->id : TEXT("");
	struct text a = jid_party(&e->from, pairing->rules), b = jid_party(&e->to, pairing->rules);
	struct text condition = st->error_condition.p
					? arena_text(pairing->arena, st->error_condition)
					: TEXT("undefined-condition");
	add_evidence(pairing, entry_for_message(pairing, b, a, id), e, EV_ERROR, 0, condition);
}

static void observe_group(struct pairing *pairing, const struct effective *e)
{
	bool any_ack;

	if (!effective_is_ingress(e) && e->stamp != USEC_NONE) { // M6: history of the room
		pairing->lines[LINE_MUC_HISTORY]++;
		return;
	}
	first_acked(pairing, e->stanza, &any_ack);
	if (is_content(e->stanza, any_ack))
		content_group(pairing, e, is_mirror(pairing, e));
}

static void observe_message(struct pairing *pairing, const struct effective *e)
{
	const struct stanza *st = e->stanza;
	bool any_ack;
	struct text acked = first_acked(pairing, st, &any_ack);
	bool content = is_content(st, any_ack);

	if (any_ack && (st->receipt_request || st->markable || private_asks(st)))
		note(pairing, e, "REQ-IN-ACK", acked);
	if (any_ack && has_payload(st))
		note(pairing, e, "ACK-BODY", acked);
	if (content)
		content_direct(pairing, e, any_ack);
	acks(pairing, e);
	retractions(pairing, e);
}

void pairing_observe(struct pairing *pairing, const struct observation *observation)
{
	struct effective e;

	pairing->settled = false;
	if (!effective_stanza(pairing, observation, &e))
		return;
	if (e.stanza->kind == STANZA_IQ)
		observe_private(pairing, &e);
	else if (e.stanza->type == TYPE_ERROR)
		observe_error(pairing, &e);
	else if (e.stanza->type == TYPE_GROUPCHAT)
		observe_group(pairing, &e);
	else
		observe_message(pairing, &e);
}
