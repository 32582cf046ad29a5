// SPDX-License-Identifier: Apache-2.0
// What was loaded beside a batch: stored rows, evidence and "who sent which id" as facts of entries.
#include "pairing/workset.h"

static const struct evidence *keep_evidence(struct pairing *pairing, const struct evidence *ev)
{
	if (!ev)
		return NULL;
	struct evidence *copy = arena_alloc(pairing->arena, sizeof(*copy));
	*copy = *ev;
	copy->by_resource = arena_text(pairing->arena, ev->by_resource);
	copy->own_id = arena_text(pairing->arena, ev->own_id);
	return copy;
}

// Somebody who came back after an erasure is called by name again: its old rows are told by their ids.
static bool is_veiled(struct text id)
{
	return id.n == sizeof "erased:" - 1 + 16 && text_starts(id, "erased:");
}

void pairing_load_row(struct pairing *pairing, const struct row *row)
{
	bool group = row->class_ == CLASS_GROUP || row->class_ == CLASS_JOINED;
	struct text from = party_text(pairing, row->from);
	struct entry *entry = entry_get(pairing, row->conv, row->key, group ? TEXT_NONE : from,
					party_text(pairing, row->to), row->id, group);

	if (old_row_at(pairing, entry, row->sent_at, row->n))
		return;
	entry->erased |= jid_is_pseudonym(from) || jid_is_pseudonym(entry->r) || is_veiled(row->id);
	struct row *old = LIST_ADD(pairing->arena, &entry->old_rows);
	*old = *row;
	old_row_added(pairing, entry);
	old->from = from;
	old->to = entry->r;
	old->id = entry->id;
	old->from_resource = arena_text(pairing->arena, row->from_resource);
	old->nick = arena_text(pairing->arena, row->nick);
	old->error = arena_text(pairing->arena, row->error);
	old->corrects = arena_text(pairing->arena, row->corrects);
	old->facts = arena_text(pairing->arena, row->facts);
	old->tie = arena_text(pairing->arena, row->tie);
	old->body = TEXT_NONE;
	old->receipt = keep_evidence(pairing, row->receipt);
	old->marker = keep_evidence(pairing, row->marker);
	entry_load_row(pairing, entry, old);
	near_began(pairing, entry, old);
	if (row->complex && !entry->asked)
		entry->wanted = true; // a window showed one row of it; its evidence is elsewhere
	pairing->settled = false;
}

static struct text bare_party(struct text by, struct text resource)
{
	return resource.p ? (struct text){by.p, by.n - resource.n - 1} : by;
}

static struct upload_leg *keep_upload(struct pairing *pairing, const struct upload_leg *upload)
{
	if (!upload || !upload->real.p)
		return NULL;
	struct upload_leg *copy = arena_alloc(pairing->arena, sizeof(*copy));
	copy->real = arena_text(pairing->arena, upload->real); // legs.c finds the rest anew
	return copy;
}

static struct room_mark *keep_mark(struct pairing *pairing, const struct room_mark *mark)
{
	if (!mark || !mark->device)
		return NULL;
	struct room_mark *copy = arena_alloc(pairing->arena, sizeof(*copy));
	*copy = *mark;
	copy->tie = arena_text(pairing->arena, mark->tie);
	return copy;
}

void pairing_load_evidence(struct pairing *pairing, const struct stored_evidence *stored)
{
	struct evidence ev = stored->evidence;
	struct text a = party_text(pairing, bare_party(stored->by, ev.by_resource));
	struct text to = party_text(pairing, stored->to);
	bool own = ev.kind == EV_RETRACTION || ev.kind == EV_CORRECTION;
	bool group = ev.leg != LEG_DIRECT;
	// Borrowed evidence sits on a key whose recipient is another; that entry exists by its rows.
	struct entry *entry = map_get(&pairing->entries, stored->key);

	if (!entry && ev.borrowed)
		return;
	if (!entry)
		entry = entry_get(pairing, stored->conv, stored->key,
				  group ? TEXT_NONE
				  : own ? a
					: to,
				  own || group ? to : a, stored->ref, group);
	entry->fault = ev.kind == EV_FAULT;
	ev.by = ev.borrowed || ev.leg == LEG_UPLOAD ? arena_text(pairing->arena, stored->by)
						    : TEXT_NONE;
	ev.named = arena_text(pairing->arena, ev.named);
	ev.upload = keep_upload(pairing, ev.upload);
	ev.mark = keep_mark(pairing, ev.mark);
	ev.by_resource = arena_text(pairing->arena, ev.by_resource);
	ev.own_id = arena_text(pairing->arena, ev.own_id);
	ev.condition = arena_text(pairing->arena, ev.condition);
	ev.tie = arena_text(pairing->arena, ev.tie);
	ev.stored = true;
	note_stood(pairing, entry, &ev);
	entry_add_evidence(pairing, entry, &ev);
	if (ev.mark)
		*LIST_ADD(pairing->arena, &entry->old_marks) = *ev.mark;
	entry->stored_evidence++;
	if (!entry->asked) { // an orphan that waits for what this batch brings
		entry->touched = true;
		entry->lo = ev.first < entry->lo ? ev.first : entry->lo;
		entry->hi = ev.last > entry->hi ? ev.last : entry->hi;
	}
	pairing->settled = false;
}

void pairing_judge(struct pairing *pairing, int64_t key)
{
	struct entry *entry = map_get(&pairing->entries, key);

	if (!entry)
		return;
	entry->touched = entry->mark_lost = true; // P8: no earlier judgement is believed
	for (size_t i = 0; i < entry->old_rows.count; i++) {
		usec_t at = entry->old_rows.items[i].sent_at;
		entry->lo = at < entry->lo ? at : entry->lo;
		entry->hi = at > entry->hi ? at : entry->hi;
	}
	pairing->settled = false;
}

void pairing_load_sent(struct pairing *pairing, const struct sent *sent)
{
	struct sent *copy = LIST_ADD(pairing->arena, &pairing->loaded_sent);

	*copy = *sent;
	copy->from = arena_text(pairing->arena, sent->from);
	copy->to = arena_text(pairing->arena, sent->to);
	note_chain(pairing, sent);
	pairing->settled = false;
}
