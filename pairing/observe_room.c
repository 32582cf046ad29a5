// SPDX-License-Identifier: Apache-2.0
// Groupchat (PAIRING M6, P12): every stanza has two legs, the upload that knows the account and the
// mirror that knows the nick. Both are kept; group.c and legs.c bring them together.
#include "pairing/observe.h"
#include "pairing/private.h"

#include <stdlib.h>

bool is_mirror(const struct pairing *pairing, const struct effective *e)
{
	if (jid_is_muc(&e->from, pairing->rules))
		return true;
	return !jid_is_muc(&e->to, pairing->rules) && e->to.resource.p;
}

static struct text room_of(const struct pairing *pairing, const struct effective *e)
{
	return is_mirror(pairing, e) ? e->from.bare : e->to.bare;
}

static int by_bytes(const void *a, const void *b)
{
	return text_compare(*(const struct text *)a, *(const struct text *)b);
}

// What the stanza says, whatever the room adds to it: content, acknowledged ids, chat state.
int64_t room_signature(struct pairing *pairing, const struct stanza *st)
{
	struct text *parts = arena_alloc(pairing->arena,
					 (st->ref_count + st->private_count + 3) * sizeof(*parts));
	int64_t digest = content_digest(pairing, st);
	size_t count = 0;

	for (size_t i = 0; i < st->ref_count; i++)
		parts[count++] = arena_printf(pairing->arena, "%d %u %.*s", (int)st->refs[i].kind,
					      st->refs[i].xevent, (int)st->refs[i].id.n,
					      st->refs[i].id.p ? st->refs[i].id.p : "");
	for (size_t i = 0; i < st->private_count; i++)
		if (!st->private_hits[i].request)
			parts[count++] =
				private_says(pairing, pairing->arena, &st->private_hits[i]);
	if (count > 1)
		qsort(parts, count, sizeof(*parts), by_bytes);
	parts[count++] = arena_printf(pairing->arena, "%d", (int)st->state);
	parts[count++] =
		arena_text(pairing->arena, (struct text){(const char *)&digest, sizeof(digest)});
	parts[count++] = TEXT("room");
	return keyed_hash(&pairing->key, parts, count);
}

struct evidence room_evidence(struct pairing *pairing, const struct effective *e,
			      enum evidence_kind kind)
{
	bool mirror = is_mirror(pairing, e);
	struct evidence ev = {.kind = kind, .position = e->seen->position};

	ev.leg = mirror ? LEG_MIRROR : LEG_UPLOAD;
	ev.sig = room_signature(pairing, e->stanza);
	if (mirror)
		ev.by_resource = e->from.resource;
	else
		ev.by = arena_text(pairing->arena, e->from.full);
	ev.own_id = arena_text(pairing->arena, stanza_id_of(e->stanza));
	ev.first = ev.last = e->seen->at;
	ev.out_at = effective_is_ingress(e) ? USEC_NONE : e->seen->at;
	ev.seen = effective_is_ingress(e) ? SEEN_INGRESS : SEEN_EGRESS;
	return ev;
}

void room_fault(struct pairing *pairing, const struct effective *e, const char *rule,
		const struct text *ref)
{
	struct text room = room_of(pairing, e);
	struct evidence ev = room_evidence(pairing, e, EV_FAULT);
	ev.condition = text_of(rule);
	bool acks;
	first_acked(e->stanza, &acks);
	if (is_content(e->stanza, acks))
		ev.thread = fault_content(content_digest(pairing, e->stanza));
	if (ref) // else the own id, and of both legs the upload's
		ev.named = arena_text(pairing->arena, ref->p ? *ref : TEXT(""));
	struct entry *entry = entry_for_fault(pairing, room, ev.condition, ev.sig);
	entry_add_evidence(pairing, entry, &ev);
	entry->evidence_changed = true;
	touch(entry, ev.first);
}

// --- content ---

static void content_group(struct pairing *pairing, const struct effective *e, bool acks)
{
	bool mirror = is_mirror(pairing, e);
	struct text room = mirror ? e->from.bare : e->to.bare;
	struct entry *entry = entry_for_group(pairing, room, stanza_id_of(e->stanza));
	struct incarnation inc = incarnation_of(pairing, e, acks);

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
	note_missing_ids(pairing, e, inc.flags);
	if (inc.flags & FLAG_RECEIPT_REQUEST)
		note_own(pairing, e, "RCPT-GROUPCHAT");
	add_content(pairing, entry, &inc);
	touch(entry, inc.first);
	touch(entry, e->seen->at);
}

void observe_group(struct pairing *pairing, const struct effective *e)
{
	bool acks;

	if (!effective_is_ingress(e) && e->stamp != USEC_NONE) { // M6: history of the room
		pairing->lines[LINE_MUC_HISTORY] += !pairing->witness;
		return;
	}
	first_acked(e->stanza, &acks);
	bool content = is_content(e->stanza, acks);
	note_faults(pairing, e, content, acks);
	if (content)
		content_group(pairing, e, acks);
	observe_acks(pairing, e);
	observe_chat_state(pairing, e, content);
}
