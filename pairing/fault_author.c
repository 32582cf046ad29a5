// SPDX-License-Identifier: Apache-2.0
// Whose fault it is that only the room's mirror of a message shows (PAIRING P12): a request or a second
// stanza-id that the upload did not have. The stanza is the account's all the same where its message
// shows both legs (M6), so that is asked; the fault waits under the id until the message tells.
#include "pairing/workset.h"

static usec_t apart(usec_t a, usec_t b)
{
	return a > b ? a - b : b - a;
}

static usec_t nearer(usec_t a, usec_t b)
{
	return a < b ? a : b;
}

// Content that has no digest (M3) is told from no content.
int64_t fault_content(int64_t digest)
{
	return digest ? digest : 1;
}

static const struct incarnation *mirror_of(const struct entry *message, const struct evidence *ev)
{
	for (size_t i = 0; i < message->incarnations.count; i++) {
		const struct incarnation *inc = &message->incarnations.items[i];
		if (inc->leg == LEG_MIRROR && text_same(inc->nick, ev->by_resource) &&
		    fault_content(inc->digest) == ev->thread && inc->first <= ev->last &&
		    inc->last >= ev->first)
			return inc;
	}
	return NULL;
}

// The legs of a stanza lie within w_ackdup, by the nearer sighting of either.
static bool is_in_reach(const struct pairing *pairing, const struct incarnation *upload,
			const struct incarnation *mirror, const struct evidence *ev)
{
	usec_t reach = pairing->rules->w_ackdup;
	usec_t near = nearer(apart(upload->first, ev->first), apart(upload->last, ev->first));

	if (ev->first - mirror->first <= reach)
		near = nearer(near, apart(upload->first, mirror->first));
	return near <= reach;
}

// The nearest; of two at one distance the smaller account, so that order does not matter.
static bool is_better(const struct incarnation *upload, const struct incarnation *best,
		      const struct evidence *ev)
{
	usec_t a = apart(upload->first, ev->first), b = best ? apart(best->first, ev->first) : 0;

	if (!best || a != b)
		return !best || a < b;
	return text_compare(upload->from_account, best->from_account) < 0;
}

static const struct incarnation *upload_of(const struct pairing *pairing,
					   const struct entry *message, const struct evidence *ev)
{
	const struct incarnation *mirror = mirror_of(message, ev), *best = NULL;
	size_t at = mirror ? (size_t)(mirror - message->incarnations.items) : 0;

	for (size_t i = 0; mirror && i < message->incarnations.count; i++) {
		const struct incarnation *inc = &message->incarnations.items[i];
		if (inc->leg == LEG_UPLOAD && nearest_mirror(pairing, message, inc) == (int)at &&
		    is_in_reach(pairing, inc, mirror, ev) && is_better(inc, best, ev))
			best = inc;
	}
	for (const struct guest *guest = message->guests; mirror && guest; guest = guest->next)
		if (guest->mirror == at && is_in_reach(pairing, guest->upload, mirror, ev) &&
		    is_better(guest->upload, best, ev))
			best = guest->upload;
	return best;
}

static struct text account_of(struct pairing *pairing, const struct incarnation *upload)
{
	struct text bare = upload->from_account, resource = upload->from_resource;

	if (!resource.p)
		return bare;
	return arena_printf(pairing->arena, "%.*s/%.*s", (int)bare.n, bare.p, (int)resource.n,
			    resource.p);
}

static bool is_guest_of(const struct entry *message, const struct incarnation *upload)
{
	for (const struct guest *guest = message->guests; guest; guest = guest->next)
		if (guest->upload == upload)
			return true;
	return false;
}

// Legs that show the fault both have met in legs.c.
void find_fault_author(struct pairing *pairing, const struct entry *entry, struct evidence *ev)
{
	ev->by_message = entry->fault && ev->leg == LEG_MIRROR && !evidence_real(ev).p &&
			 ev->own_id.p && ev->thread;
	if (!ev->by_message)
		return;
	const struct entry *message =
		map_get(&pairing->entries, group_key(pairing, entry->r, ev->own_id));
	const struct incarnation *upload = message ? upload_of(pairing, message, ev) : NULL;
	if (!upload)
		return;
	if (!ev->upload)
		ev->upload = arena_alloc(pairing->arena, sizeof(*ev->upload));
	*ev->upload =
		(struct upload_leg){.real = account_of(pairing, upload),
				    .id = is_guest_of(message, upload) ? TEXT_NONE : ev->own_id,
				    .at = upload->first};
}

// --- what must be known for it ---

void want_fault_message(struct pairing *pairing, const struct entry *entry,
			const struct evidence *ev)
{
	if (!ev->by_message)
		return;
	int64_t key = group_key(pairing, entry->r, ev->own_id);
	struct entry *message = map_get(&pairing->entries, key);

	if (message && !message->touched && !message->wanted) {
		message->wanted = true;
		pairing->settled = false;
	} else if (!message) {
		want_key_of(pairing, entry->conv, key);
	}
}

// Under the id of its message, as acks of it would: whoever finds another sender asks for both.
int64_t fault_waits(const struct pairing *pairing, const struct entry *entry,
		    const struct evidence *ev)
{
	return ev->by_message ? waiting_hash(pairing, entry->r, ev->own_id) : 0;
}
