// SPDX-License-Identifier: Apache-2.0
// Facts -> rows for the whole batch, again after each round of loading. Only what a round may have
// changed is derived again: a batch is read from memory once a round otherwise.
#include "pairing/workset.h"

// What a round may change: facts that came, what looks beyond its key (settle.c, group.c), and all
// that is judged together with it (upto.c). Anything else is as the last round left it.
static bool is_stale(const struct entry *entry)
{
	if (!entry->derived || entry->group || entry->keeps_mds)
		return true;
	for (size_t i = 0; i < entry->evidence.count; i++)
		if (!entry->evidence.items[i].n || entry->evidence.items[i].lent_key)
			return true;
	return false;
}

static void derive_stale(struct pairing *pairing)
{
	for (size_t i = 0; i < pairing->order.count; i++)
		if (is_stale(pairing->order.items[i]))
			pairing->order.items[i]->home->stale = true;
	for (size_t i = 0; i < pairing->order.count; i++) {
		if (!pairing->order.items[i]->home->stale)
			continue;
		pairing->order.items[i]->derived = false;
		derive_entry(pairing, pairing->order.items[i]);
	}
}

static void upto_stale(struct pairing *pairing)
{
	for (size_t i = 0; i <= pairing->conversations.mask && pairing->conversations.slots; i++) {
		struct conversation *conversation = pairing->conversations.slots[i].value;
		if (!conversation || !conversation->stale)
			continue;
		derive_upto(pairing, conversation);
		conversation->stale = false;
	}
}

void derive_all(struct pairing *pairing)
{
	bool again = true;

	if (pairing->settled)
		return;
	for (int round = 0; again && round < 4; round++) {
		assign_guests(pairing);
		derive_stale(pairing);
		settle(pairing); // lending puts facts into other entries
		again = false;
		for (size_t i = 0; i < pairing->order.count; i++) {
			struct entry *entry = pairing->order.items[i];
			// Who is who was known from the round before.
			if (round == 0 && asks_partners(entry))
				entry->derived = false;
			again = again || !entry->derived;
		}
	}
	upto_stale(pairing);
	pairing->settled = true;
	judge_room_marks(pairing);
}
