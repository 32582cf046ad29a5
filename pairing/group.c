// SPDX-License-Identifier: Apache-2.0
// Group messages (M6): the upload leg knows the real sender, the mirror leg the nick. An upload
// joins the nearest mirror with the same digest within w_resend; one without id joins whatever id the
// room gave, but not a mirror that an upload with that id has joined.
#include "pairing/workset.h"

#include <stdlib.h>

static usec_t apart(usec_t a, usec_t b)
{
	return a < b ? b - a : a - b;
}

// From the nearer end of the mirror's sightings. Neighbours among them are never further apart than
// w_resend, so what lies between its ends is near enough.
bool mirror_is_near(const struct pairing *pairing, const struct incarnation *upload,
		    const struct incarnation *mirror, usec_t *distance)
{
	usec_t a = apart(upload->first, mirror->first), b = apart(upload->first, mirror->last);
	bool inside = upload->first >= mirror->first && upload->first <= mirror->last;

	*distance = a < b ? a : b;
	return inside || *distance <= pairing->rules->w_resend;
}

// T1; where ties are not kept, the smaller nick: order must not matter.
int compare_mirrors(const struct incarnation *a, const struct incarnation *b)
{
	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	int order = text_compare(a->tie, b->tie);
	return order ? order : text_compare(a->nick, b->nick);
}

// Within one key.
int nearest_mirror(const struct pairing *pairing, const struct entry *entry,
		   const struct incarnation *upload)
{
	usec_t best = USEC_NONE, d;
	int found = -1;

	for (size_t i = 0; i < entry->incarnations.count; i++) {
		const struct incarnation *mirror = &entry->incarnations.items[i];
		if (mirror->leg != LEG_MIRROR || mirror->digest != upload->digest ||
		    !mirror_is_near(pairing, upload, mirror, &d))
			continue;
		bool closer = found < 0 || d < best;
		bool tie = found >= 0 && d == best &&
			   compare_mirrors(mirror, &entry->incarnations.items[found]) < 0;
		if (closer || tie) {
			best = d;
			found = (int)i;
		}
	}
	return found;
}

static struct text occupant(struct pairing *pairing, const struct entry *entry, struct text nick)
{
	if (!nick.p)
		return entry->r;
	return arena_printf(pairing->arena, "%.*s/%.*s", (int)entry->r.n, entry->r.p, (int)nick.n,
			    nick.p);
}

static void group_row(struct pairing *pairing, struct entry *entry, const struct incarnation *inc,
		      struct row *row)
{
	row_from_incarnation(pairing, entry, inc, row);
	row->class_ = CLASS_GROUP;
	row->routed_at = row->stored_at = USEC_NONE; // P12: sent, accepted and failed only
	row->from = inc->from_account.p ? inc->from_account : occupant(pairing, entry, inc->nick);
	if (!inc->from_account.p)
		row->from_resource = TEXT_NONE;
	if (inc->nick.p)
		row->digest = KEYED(&pairing->key, inc->nick,
				    (struct text){(const char *)&inc->digest, sizeof(inc->digest)});
}

// --- rows ---

// Copies with lists of their own: the facts must not change by joining.
static struct incarnation *copies_of(struct pairing *pairing, const struct entry *entry)
{
	size_t count = entry->incarnations.count;
	struct incarnation *copies = arena_alloc(pairing->arena, (count + 1) * sizeof(*copies));

	for (size_t i = 0; i < count; i++) {
		struct incarnation bare = entry->incarnations.items[i];
		bare.stamp_count = bare.ingress_count = bare.stanza_id_count = 0;
		bare.copy_count = 0;
		copies[i] = bare;
		incarnation_merge(pairing->arena, &copies[i], &entry->incarnations.items[i]);
	}
	return copies;
}

static void join_own_uploads(struct pairing *pairing, struct entry *entry,
			     struct incarnation *joined, bool *used)
{
	for (size_t i = 0; entry->id.p && i < entry->incarnations.count; i++) {
		const struct incarnation *leg = &entry->incarnations.items[i];
		int mirror = leg->leg == LEG_UPLOAD ? nearest_mirror(pairing, entry, leg) : -1;
		if (mirror < 0)
			continue;
		incarnation_merge(pairing->arena, &joined[mirror], leg);
		used[i] = true;
		entry->owner[i] = (size_t)mirror;
	}
}

static bool is_guest(const struct entry *entry, size_t i)
{
	return entry->is_guest && entry->is_guest[i];
}

struct lone { // an upload without a mirror
	const struct incarnation *upload;
	size_t at;
};

static int by_upload(const void *a, const void *b)
{
	const struct lone *x = a, *y = b;

	if (x->upload->digest != y->upload->digest)
		return x->upload->digest < y->upload->digest ? -1 : 1;
	int order = text_compare(x->upload->from_account, y->upload->from_account);
	if (order || x->upload->first == y->upload->first)
		return order;
	return x->upload->first < y->upload->first ? -1 : 1;
}

// M3, M4 among those that no mirror shows.
static void join_lone_uploads(struct pairing *pairing, struct entry *entry,
			      struct incarnation *joined, bool *used)
{
	struct lone *list =
		arena_alloc(pairing->arena, (entry->incarnations.count + 1) * sizeof(*list));
	usec_t gap = entry->id.p ? pairing->rules->w_resend : pairing->rules->w_noid;
	size_t count = 0;

	for (size_t i = 0; i < entry->incarnations.count; i++)
		if (entry->incarnations.items[i].leg == LEG_UPLOAD && !used[i] &&
		    !is_guest(entry, i))
			list[count++] = (struct lone){&entry->incarnations.items[i], i};
	if (count > 1)
		qsort(list, count, sizeof(*list), by_upload);
	for (size_t i = 1, head = 0; i < count; i++) {
		const struct incarnation *before = list[i - 1].upload, *now = list[i].upload;
		if (now->digest != before->digest ||
		    !text_same(now->from_account, before->from_account) ||
		    now->first - before->last > gap) {
			head = i;
			continue;
		}
		incarnation_merge(pairing->arena, &joined[list[head].at], now);
		used[list[i].at] = true;
		entry->owner[list[i].at] = list[head].at;
	}
}

static void join_guests(struct pairing *pairing, const struct entry *entry,
			struct incarnation *joined)
{
	for (const struct guest *guest = entry->guests; guest; guest = guest->next)
		incarnation_merge(pairing->arena, &joined[guest->mirror], guest->upload);
}

void derive_group(struct pairing *pairing, struct entry *entry)
{
	size_t count = entry->incarnations.count;
	struct incarnation *joined = copies_of(pairing, entry);
	bool *used = arena_alloc(pairing->arena, count + 1);

	join_own_uploads(pairing, entry, joined, used);
	join_lone_uploads(pairing, entry, joined, used);
	join_guests(pairing, entry, joined);
	entry->row_count = 0;
	for (size_t i = 0; i < count; i++) {
		if (used[i])
			continue;
		struct row *row = &entry->rows[entry->row_count++];
		group_row(pairing, entry, &joined[i], row);
		row->part = i;
		if (is_guest(entry, i))
			row->class_ = CLASS_JOINED;
	}
}
