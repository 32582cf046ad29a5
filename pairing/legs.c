// SPDX-License-Identifier: Apache-2.0
// The two legs of a groupchat stanza (PAIRING P12): the upload of an account and its mirror under a
// nick are one ack and one finding.
#include "pairing/workset.h"

#include <stdlib.h>

struct couple {
	usec_t apart;
	struct evidence *upload, *mirror;
};

struct couples {
	struct couple *items;
	size_t count, cap;
};

struct text room_by(struct pairing *pairing, const struct entry *entry, const struct evidence *ev)
{
	return evidence_real(ev).p ? evidence_real(ev) : evidence_by(pairing, entry, ev);
}

usec_t evidence_at(const struct evidence *ev)
{
	return evidence_moment(ev).at;
}

static usec_t apart(const struct evidence *a, const struct evidence *b)
{
	return a->first > b->first ? a->first - b->first : b->first - a->first;
}

static bool says_the_same(const struct evidence *upload, const struct evidence *mirror)
{
	return upload->kind == mirror->kind && upload->sig == mirror->sig &&
	       upload->via == mirror->via && text_same(upload->named, mirror->named) &&
	       text_same(upload->condition, mirror->condition);
}

// Content and own id agree; an upload without id may have got one from the room.
static bool may_be_one(struct pairing *pairing, const struct entry *entry, struct evidence *upload,
		       struct evidence *mirror)
{
	if (!says_the_same(upload, mirror))
		return false;
	if (upload->own_id.p)
		return text_same(upload->own_id, mirror->own_id);
	upload->hangs = mirror->hangs = true;
	return may_be_partners(pairing, entry, upload, mirror);
}

static int by_distance(const void *a, const void *b)
{
	const struct couple *x = a, *y = b;

	if (x->apart != y->apart)
		return x->apart < y->apart ? -1 : 1;
	if (x->mirror->first != y->mirror->first)
		return x->mirror->first < y->mirror->first ? -1 : 1;
	if (x->upload->first != y->upload->first)
		return x->upload->first < y->upload->first ? -1 : 1;
	int order = text_compare(x->mirror->by_resource, y->mirror->by_resource);
	return order ? order : text_compare(x->upload->by, y->upload->by);
}

static bool consider(struct pairing *pairing, const struct entry *entry, struct evidence *upload,
		     struct evidence *mirror, struct couples *couples)
{
	usec_t distance = apart(upload, mirror);

	if (distance > pairing->rules->w_ackdup)
		return false;
	if (mirror->leg == LEG_MIRROR && may_be_one(pairing, entry, upload, mirror))
		*LIST_ADD(pairing->arena, couples) = (struct couple){distance, upload, mirror};
	return true;
}

// Evidence is in order of time: only neighbours can be one.
static void collect_around(struct pairing *pairing, struct entry *entry, size_t at,
			   struct couples *couples)
{
	struct evidence *list = entry->evidence.items;

	for (size_t i = at; i > 0 && consider(pairing, entry, &list[at], &list[i - 1], couples);
	     i--)
		;
	for (size_t i = at + 1;
	     i < entry->evidence.count && consider(pairing, entry, &list[at], &list[i], couples);
	     i++)
		;
}

static struct text *forget_legs(struct pairing *pairing, struct entry *entry)
{
	struct text *before =
		arena_alloc(pairing->arena, (entry->evidence.count + 1) * sizeof(*before));

	for (size_t i = 0; i < entry->evidence.count; i++) {
		struct evidence *ev = &entry->evidence.items[i];
		before[i] = evidence_real(ev);
		ev->second = ev->hangs = false;
		if (ev->upload)
			ev->upload->real = TEXT_NONE;
	}
	return before;
}

void join_legs(struct pairing *pairing, struct entry *entry)
{
	struct couples couples = {NULL, 0, 0};

	struct text *before = forget_legs(pairing, entry);
	for (size_t i = 0; i < entry->evidence.count; i++)
		if (entry->evidence.items[i].leg == LEG_UPLOAD)
			collect_around(pairing, entry, i, &couples);
	if (couples.count > 1)
		qsort(couples.items, couples.count, sizeof(*couples.items), by_distance);
	for (size_t i = 0; i < couples.count; i++) {
		struct evidence *upload = couples.items[i].upload;
		struct evidence *mirror = couples.items[i].mirror;
		if (upload->second || evidence_real(mirror).p)
			continue;
		upload->second = true;
		if (!mirror->upload)
			mirror->upload = arena_alloc(pairing->arena, sizeof(*mirror->upload));
		*mirror->upload =
			(struct upload_leg){upload->by, upload->own_id, upload->first, upload->tie,
					    (upload->seen & SEEN_INGRESS) != 0};
	}
	for (size_t i = 0; i < entry->evidence.count; i++)
		find_fault_author(pairing, entry, &entry->evidence.items[i]);
	for (size_t i = 0; i < entry->evidence.count; i++)
		if (!text_same(before[i], evidence_real(&entry->evidence.items[i])))
			entry->evidence_changed = true; // it is stored
}

// --- who ---

// The author is never his own reader: by account where both show theirs, else by nick.
bool is_own_room_message(const struct entry *entry, const struct evidence *ev,
			 const struct row *row)
{
	struct text real = ev->leg == LEG_UPLOAD ? ev->by : evidence_real(ev);
	struct text nick = ev->leg != LEG_MIRROR ? TEXT_NONE
			   : ev->by.p            ? jid_resource(ev->by)
						 : ev->by_resource;

	if (!entry->group || !is_ack(ev->kind))
		return false;
	bool has_account = !memchr(row->from.p, '/', row->from.n);
	if (real.p && has_account)
		return text_same(jid_without_resource(real), row->from);
	return nick.p && row->nick.p && text_same(nick, row->nick);
}

// --- findings that waited for the other leg ---

void fault_findings(struct pairing *pairing, struct entry *entry)
{
	for (size_t i = 0; i < entry->evidence.count; i++) {
		const struct evidence *ev = &entry->evidence.items[i];
		struct text own = evidence_real(ev).p ? ev->upload->id : ev->own_id;
		if (ev->second)
			continue;
		entry_finding(pairing, entry, arena_zstr(pairing->arena, ev->condition),
			      room_by(pairing, entry, ev), ev->named.p ? ev->named : own, ev->first,
			      ev->position);
	}
}
