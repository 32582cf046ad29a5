// SPDX-License-Identifier: Apache-2.0
// Findings that one line shows by itself (PAIRING section 8).
#include "pairing/observe.h"
#include "pairing/private.h"

void note(struct pairing *pairing, const struct effective *e, const char *rule, struct text ref)
{
	if (e->stanza->type == TYPE_GROUPCHAT)
		room_fault(pairing, e, rule, &ref);
	else
		line_finding(pairing, rule, e->from.full, ref, e->seen->at, e->seen->position);
}

void note_own(struct pairing *pairing, const struct effective *e, const char *rule)
{
	if (e->stanza->type == TYPE_GROUPCHAT)
		room_fault(pairing, e, rule, NULL);
	else
		note(pairing, e, rule, e->stanza->id);
}

void note_missing_ids(struct pairing *pairing, const struct effective *e, unsigned flags)
{
	if (stanza_id_of(e->stanza).p)
		return;
	note_own(pairing, e, "MSG-NO-ID");
	if (flags & FLAG_RECEIPT_REQUEST)
		note_own(pairing, e, "REQ-NO-ID");
	if (flags & FLAG_MARKABLE)
		note_own(pairing, e, "MARK-NO-ID");
	if (flags & (FLAG_XE_DELIVERED | FLAG_XE_DISPLAYED | FLAG_XE_OFFLINE | FLAG_XE_COMPOSING))
		note_own(pairing, e, "XE-NO-ID");
}

// --- acks (0184 sections 5.4 and 7, 0333) ---

static void ack_faults(struct pairing *pairing, const struct effective *e, bool acks)
{
	const struct stanza *st = e->stanza;
	bool any;
	struct text acked = first_acked(st, &any);

	if (!acks)
		return;
	if (st->receipt_request || st->markable || private_asks(st))
		note(pairing, e, "REQ-IN-ACK", acked);
	if (has_payload(st))
		note(pairing, e, "ACK-BODY", acked);
	for (size_t i = 0; i < st->ref_count; i++) {
		enum ref_kind kind = st->refs[i].kind;
		if (kind == REF_RECEIPT && !st->refs[i].id.p)
			note_own(pairing, e, "ACK-NO-ID");
		if (kind == REF_MARK_RECEIVED || kind == REF_MARK_ACKNOWLEDGED)
			note(pairing, e, "MARK-LEGACY", TEXT_NONE);
	}
}

// --- chat states (0085 section 5) ---

static void state_faults(struct pairing *pairing, const struct effective *e, bool content)
{
	const struct stanza *st = e->stanza;
	bool room = st->type == TYPE_GROUPCHAT;

	if (st->state == STATE_NONE)
		return;
	if (st->state_count > 1)
		note_own(pairing, e, "CS-MULTI");
	if (content && st->state != STATE_ACTIVE)
		note_own(pairing, e, "CS-CONTENT-STATE");
	if (!content && st->has_other_child)
		note_own(pairing, e, "CS-EXTRA");
	if (!room && st->type != TYPE_CHAT)
		note_own(pairing, e, "CS-TYPE");
	if (room && st->state == STATE_GONE)
		note_own(pairing, e, "CS-GC-GONE");
}

// --- what R's server kept although it should not (0160 section 3); of content the key tells, because
// a stamp may be the client's own (derive_findings.c) ---

static void storage_faults(struct pairing *pairing, const struct effective *e, bool content)
{
	const struct stanza *st = e->stanza;
	const struct {
		bool is;
		const char *rule;
	} faults[] = {{st->state != STATE_NONE, "CS-STORED"},
		      {st->type == TYPE_HEADLINE, "STORE-TYPE"},
		      {st->hints & HINT_NO_STORE, "STORE-NOSTORE"}};

	if (content || st->type == TYPE_GROUPCHAT || !is_redelivered(pairing, e))
		return;
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		if (faults[i].is)
			line_finding(pairing, faults[i].rule, e->to.domain, st->id, e->seen->at,
				     e->seen->position);
}

// --- ids given by servers (0359 section 3) ---

static void sid_faults(struct pairing *pairing, const struct effective *e)
{
	const struct stanza *st = e->stanza;
	struct text *seen = arena_alloc(pairing->arena, (st->stanza_id_count + 1) * sizeof(*seen));
	size_t count = 0;
	bool twice = false, spoofed = false;

	for (size_t i = 0; i < st->stanza_id_count; i++) {
		struct jid by;
		if (!st->stanza_ids[i].by.p || !jid_read(pairing, st->stanza_ids[i].by, &by))
			continue;
		for (size_t j = 0; j < count; j++)
			twice = twice || text_same(seen[j], by.full);
		seen[count++] = by.full;
		spoofed = spoofed || text_same(by.full, e->to.bare) ||
			  text_same(by.full, e->from.bare);
	}
	if (twice)
		note_own(pairing, e, "STANZAID-DUP");
	if (spoofed && e->dir == DIR_IN && !e->carbon_sent && !e->carbon_received)
		note_own(pairing, e, "STANZAID-SPOOF");
}

// --- delays (T2, 0203 section 5) ---

static void delay_faults(struct pairing *pairing, const struct effective *e)
{
	const struct stanza *st = e->stanza;

	if (e->future_stamp)
		note_own(pairing, e, "DELAY-FUTURE");
	for (size_t i = 0; i < st->delay_count; i++) {
		const struct stanza_delay *delay = &st->delays[i];
		struct jid by;
		if (e->dir == DIR_IN && delay->from.p && jid_read(pairing, delay->from, &by) &&
		    text_same(by.full, e->from.domain))
			note_own(pairing, e, "DELAY-SPOOF");
	}
}

// --- what should have been stripped or not been asked for ---

static void leak_faults(struct pairing *pairing, const struct effective *e)
{
	const struct stanza *st = e->stanza;
	bool leaves = e->dir == DIR_OUT || e->dir == DIR_S2S_OUT || e->dir == DIR_S2S_IN;

	if (st->has_mds && st->mds_in_message && leaves)
		note(pairing, e, "MDS-LEAK", st->mds_id);
	if (st->hints & HINT_NO_COPY && e->dir == DIR_IN && !e->to.resource.p)
		note_own(pairing, e, "HINT-NOCOPY-BARE");
}

void note_faults(struct pairing *pairing, const struct effective *e, bool content, bool acks)
{
	ack_faults(pairing, e, acks);
	state_faults(pairing, e, content);
	storage_faults(pairing, e, content);
	sid_faults(pairing, e);
	delay_faults(pairing, e);
	leak_faults(pairing, e);
}
