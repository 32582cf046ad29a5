// SPDX-License-Identifier: Apache-2.0
// What a stanza says about another one (PAIRING K3, K5, K8..K12, K16..K18): evidence, put under the key
// it names (P1).
#include "pairing/observe.h"
#include "pairing/private.h"

usec_t ack_time(const struct effective *e) // T3
{
	return e->stamp != USEC_NONE && !effective_is_ingress(e) ? e->stamp : e->seen->at;
}

// T1: what an order of one instant hangs on (MARK-BACKWARD, P11). place: of several in one stanza.
static struct text evidence_tie(struct pairing *pairing, const struct effective *e,
				enum evidence_kind kind, size_t place)
{
	const struct stanza *st = e->stanza;
	enum tie_rank rank = TIE_STATE;
	bool acks;

	if (!is_ack(kind) && kind != EV_ERROR && kind != EV_AMP_NONE)
		return TEXT_NONE;
	first_acked(st, &acks);
	if (kind != EV_ERROR)
		rank = stanza_rank(st, is_content(st, acks));
	return tie_of_place(pairing, e, rank, !has_payload(st) && !st->has_body, place);
}

static struct evidence evidence_of(struct pairing *pairing, const struct effective *e,
				   enum evidence_kind kind, size_t place)
{
	struct evidence ev = {.kind = kind, .position = e->seen->position};

	if (text_same(jid_party(&e->from, pairing->rules), e->from.bare))
		ev.by_resource = e->from.resource;
	ev.own_id = stanza_id_of(e->stanza); // copied when it is no second sighting
	ev.first = ev.last = ack_time(e);
	ev.out_at = USEC_NONE;
	if (!e->carbon_sent) // a copy for A's own devices is not on its way to B
		ev.seen = effective_is_ingress(e) ? SEEN_INGRESS : SEEN_EGRESS;
	if (ev.seen & SEEN_EGRESS)
		ev.out_at = e->seen->at;
	ev.thread = is_marker(kind) ? thread_hash(pairing, e->stanza->thread) : 0;
	ev.tie = evidence_tie(pairing, e, kind, place);
	return ev;
}

static void add(struct pairing *pairing, struct entry *entry, const struct evidence *ev)
{
	entry_add_evidence(pairing, entry, ev);
	entry->evidence_changed = true;
	touch(entry, ev->first);
}

// P1: said by A to B about ref, a message of B to A. What names nothing is an orphan of the empty ref
// (P3 d).
static void add_about_theirs(struct pairing *pairing, const struct effective *e,
			     enum evidence_kind kind, struct text ref, size_t place)
{
	struct text a = jid_party(&e->from, pairing->rules), b = jid_party(&e->to, pairing->rules);
	struct evidence ev = evidence_of(pairing, e, kind, place);

	add(pairing, entry_for_message(pairing, b, a, ref.p ? ref : TEXT("")), &ev);
}

// Said by A to B about ref, a message of A to B (K9, K10).
static void add_about_own(struct pairing *pairing, const struct effective *e,
			  enum evidence_kind kind, struct text ref)
{
	struct text a = jid_party(&e->from, pairing->rules), b = jid_party(&e->to, pairing->rules);
	struct evidence ev = evidence_of(pairing, e, kind, 0);

	add(pairing, entry_for_message(pairing, a, b, ref), &ev);
}

// P12: about a message of the room, whoever wrote it.
static void add_about_room(struct pairing *pairing, const struct effective *e,
			   enum evidence_kind kind, struct text ref, int16_t via, size_t place)
{
	struct text room = is_mirror(pairing, e) ? e->from.bare : e->to.bare;
	struct evidence ev = room_evidence(pairing, e, kind);

	ev.via = via;
	ev.thread = is_marker(kind) ? thread_hash(pairing, e->stanza->thread) : 0;
	ev.tie = evidence_tie(pairing, e, kind, place);
	add(pairing, entry_for_group(pairing, room, ref.p ? ref : TEXT("")), &ev);
}

// --- K3, K5, K8 ---

static const struct {
	enum ref_kind ref;
	enum evidence_kind kind;
} ack_refs[] = {
	{REF_RECEIPT, EV_RECEIPT},
	{REF_MARK_RECEIVED, EV_MARK_RECEIVED},
	{REF_MARK_DISPLAYED, EV_MARK_DISPLAYED},
	{REF_MARK_ACKNOWLEDGED, EV_MARK_ACKNOWLEDGED},
};

static const struct {
	enum xevent_bits bit;
	enum evidence_kind kind;
} ack_xevents[] = {
	{XE_OFFLINE, EV_XE_OFFLINE},
	{XE_DELIVERED, EV_XE_DELIVERED},
	{XE_DISPLAYED, EV_XE_DISPLAYED},
	{XE_COMPOSING, EV_XE_COMPOSING},
};

static void add_ack(struct pairing *pairing, const struct effective *e, enum evidence_kind kind,
		    struct text ref, size_t place)
{
	if (e->stanza->type == TYPE_GROUPCHAT)
		add_about_room(pairing, e, kind, ref, 0, place);
	else
		add_about_theirs(pairing, e, kind, ref, place);
}

void add_private_ack(struct pairing *pairing, const struct effective *e, enum evidence_kind kind,
		     struct text ref, int16_t via)
{
	struct text a = jid_party(&e->from, pairing->rules), b = jid_party(&e->to, pairing->rules);
	struct evidence ev = evidence_of(pairing, e, kind, 0);

	if (e->stanza->type == TYPE_GROUPCHAT) {
		add_about_room(pairing, e, kind, ref, via, 0);
		return;
	}
	ev.via = via;
	add(pairing, entry_for_message(pairing, b, a, ref.p ? ref : TEXT("")), &ev);
}

// P10: an event with an empty id is about the newest message without one.
static void add_xevent(struct pairing *pairing, const struct effective *e, enum evidence_kind kind,
		       struct text id, size_t place)
{
	struct text a = jid_party(&e->from, pairing->rules), b = jid_party(&e->to, pairing->rules);

	if (id.n) {
		add_ack(pairing, e, kind, id, place);
		return;
	}
	struct evidence ev = evidence_of(pairing, e, kind, place);
	if (e->stanza->type != TYPE_GROUPCHAT)
		add(pairing, entry_for_message(pairing, b, a, TEXT_NONE), &ev);
}

// None of the four: composing was cancelled (0022 section 3.3), which is about composing too.
static void add_xevents(struct pairing *pairing, const struct effective *e,
			const struct stanza_ref *ref, size_t place)
{
	unsigned bits = ref->xevent ? ref->xevent : (unsigned)XE_COMPOSING;

	for (size_t k = 0; k < sizeof(ack_xevents) / sizeof(*ack_xevents); k++)
		if (bits & ack_xevents[k].bit)
			add_xevent(pairing, e, ack_xevents[k].kind, ref->id, place);
}

void observe_acks(struct pairing *pairing, const struct effective *e)
{
	const struct stanza *st = e->stanza;

	for (size_t i = 0; i < st->ref_count; i++) {
		const struct stanza_ref *ref = &st->refs[i];
		if (ref->kind == REF_XEVENT)
			add_xevents(pairing, e, ref, i);
		for (size_t k = 0; k < sizeof(ack_refs) / sizeof(*ack_refs); k++) {
			bool own = ref->kind == REF_RECEIPT && !ref->id.p; // 0184 1.0
			if (ack_refs[k].ref == ref->kind)
				add_ack(pairing, e, ack_refs[k].kind, own ? st->id : ref->id, i);
		}
	}
	observe_private(pairing, e);
}

// --- K9..K12 ---

// Groupchat edits are ignored on purpose (section 2), reactions and replies there say nothing of a
// single reader.
void observe_edits(struct pairing *pairing, const struct effective *e)
{
	for (size_t i = 0; i < e->stanza->ref_count; i++) {
		const struct stanza_ref *ref = &e->stanza->refs[i];
		if (!ref->id.p || !ref->id.n)
			continue;
		if (ref->kind == REF_CORRECTION)
			add_about_own(pairing, e, EV_CORRECTION, ref->id);
		else if (ref->kind == REF_RETRACTION)
			add_about_own(pairing, e, EV_RETRACTION, ref->id);
		else if (ref->kind == REF_REACTION)
			add_about_theirs(pairing, e, EV_REACTION, ref->id, 0);
		else if (ref->kind == REF_REPLY)
			add_about_theirs(pairing, e, EV_REPLY, ref->id, 0);
	}
}

// --- K16, P11 ---

void observe_error(struct pairing *pairing, const struct effective *e)
{
	const struct stanza *st = e->stanza;
	struct text a = jid_party(&e->from, pairing->rules), b = jid_party(&e->to, pairing->rules);
	struct evidence ev = evidence_of(pairing, e, EV_ERROR, 0);

	ev.condition = st->error_condition.p ? arena_text(pairing->arena, st->error_condition)
					     : TEXT("undefined-condition");
	add(pairing, entry_for_message(pairing, b, a, st->id.p ? st->id : TEXT("")), &ev);
}

// --- K17: a report speaks of the message with its own id, as an error does ---

// Of several recipients of one id (M5) a server says which one it means; it answers for its own users,
// and to them.
static struct text amp_recipient(struct pairing *pairing, const struct effective *e)
{
	const struct jid *by = &e->from;
	bool server = !by->resource.p && text_same(by->bare, by->domain);
	struct jid to;

	if (!server || !e->stanza->amp_to.p || !jid_read(pairing, e->stanza->amp_to, &to) ||
	    (!text_same(by->domain, to.domain) && !text_same(by->domain, e->to.domain)))
		return jid_party(by, pairing->rules);
	return jid_party(&to, pairing->rules);
}

void observe_amp(struct pairing *pairing, const struct effective *e)
{
	const struct stanza *st = e->stanza;
	bool none = text_is(st->amp_deliver, "none");
	struct text a = amp_recipient(pairing, e), b = jid_party(&e->to, pairing->rules);

	if (!st->amp_status.p || !stanza_id_of(st).p ||
	    (!none && !text_is(st->amp_deliver, "stored")))
		return;
	struct evidence ev = evidence_of(pairing, e, none ? EV_AMP_NONE : EV_AMP_STORED, 0);
	ev.condition = none ? TEXT("amp") : TEXT_NONE;
	add(pairing, entry_for_message(pairing, b, a, st->id), &ev);
}

// --- K18, I3 ---

// Who says it: an account to its own server or devices; only ids that it gave itself count.
static bool mds_account(struct pairing *pairing, const struct effective *e, struct jid *by)
{
	bool own = text_same(e->from.bare, e->to.bare);
	bool message = e->stanza->kind == STANZA_MESSAGE && e->stanza->mds_in_message;

	if (message ? e->dir != DIR_IN : !own)
		return false;
	if (e->stanza->kind == STANZA_MESSAGE && !message && e->from.resource.p)
		return false; // an event comes from the bare account
	return e->stanza->mds_by.p && jid_read(pairing, e->stanza->mds_by, by) &&
	       text_same(by->full, e->from.bare);
}

void observe_mds(struct pairing *pairing, const struct effective *e)
{
	struct jid by;

	if (!e->stanza->has_mds || !e->stanza->mds_id.n || !mds_account(pairing, e, &by))
		return;
	struct evidence ev = evidence_of(pairing, e, EV_MDS, 0);
	ev.by_resource = TEXT_NONE; // which of the own devices told makes no difference
	ev.own_id = TEXT_NONE;
	add(pairing, entry_for_given_id(pairing, e->from.bare, e->stanza->mds_id), &ev);
}

// --- K6, and K8's composing and its cancel (P10) ---

static enum chat_state state_of(const struct stanza *st)
{
	enum chat_state state = st->state;

	for (size_t i = 0; i < st->ref_count && state == STATE_NONE; i++) {
		const struct stanza_ref *ref = &st->refs[i];
		if (ref->kind == REF_XEVENT && (ref->xevent & XE_COMPOSING))
			state = STATE_COMPOSING;
		else if (ref->kind == REF_XEVENT && !ref->xevent)
			state = STATE_PAUSED; // 0022 section 3.3
	}
	return state;
}

void observe_chat_state(struct pairing *pairing, const struct effective *e, bool content)
{
	enum chat_state state = state_of(e->stanza);
	bool room = e->stanza->type == TYPE_GROUPCHAT;
	bool mirror = room && is_mirror(pairing, e);

	if (state == STATE_NONE || pairing->witness)
		return;
	struct text a = jid_party(&e->from, pairing->rules), b = jid_party(&e->to, pairing->rules);
	// What lies beside the body of a stanza that is no content may quote one.
	struct text tie = tie_of(pairing, e, stanza_rank(e->stanza, content),
				 !has_payload(e->stanza) && !e->stanza->has_body);
	struct text where = mirror ? e->from.bare : e->to.bare;
	int64_t conv = room ? pairing_room(pairing, where) : pairing_conv(pairing, a, b);
	if (is_stored_by_lane(pairing, conv))
		return;
	*LIST_ADD(pairing->arena, &pairing->chat_states) = (struct chat_state_seen){
		.conv = conv,
		.at = ack_time(e),
		.from = arena_text(pairing->arena, e->from.full),
		.to = arena_text(pairing->arena, room ? where : b),
		.state = state,
		.type = e->stanza->type,
		.leg = !room    ? LEG_DIRECT
		       : mirror ? LEG_MIRROR
				: LEG_UPLOAD,
		.ingress = effective_is_ingress(e),
		.content = content,
		.own_id = arena_text(pairing->arena, stanza_id_of(e->stanza)),
		.tie = arena_text(pairing->arena, tie),
		.sig = room ? room_signature(pairing, e->stanza) : 0,
		.position = e->seen->position,
		.source = e->seen->source,
	};
}
