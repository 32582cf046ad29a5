// SPDX-License-Identifier: Apache-2.0
// Who sent which id to whom (PAIRING P3, P5, P6, P11), and which ids a message got besides its own
// (M2, M6, I3): from the entries and from what was loaded.
#include "pairing/workset.h"

static void sent_put(struct pairing *pairing, const struct sent *sent)
{
	struct sent_node *node = arena_alloc(pairing->arena, sizeof(*node));
	void **place = map_put(&pairing->sent, sent->hash);

	node->sent = *sent;
	node->next = *place;
	*place = node;
}

struct sent_node *sent_find(const struct pairing *pairing, struct text sender, struct text id)
{
	return map_get(&pairing->sent, sent_hash(pairing, sender, id));
}

static void give_hash(const struct entry *entry, const struct row *row, enum sent_what what,
		      int64_t hash, sent_fn *take, void *self)
{
	take(self, &(struct sent){hash, what, entry->conv, entry->key, row->sent_at, row->from,
				  entry->r});
}

static void give(struct pairing *pairing, const struct entry *entry, const struct row *row,
		 enum sent_what what, struct text who, struct text id, sent_fn *take, void *self)
{
	give_hash(entry, row, what, sent_hash(pairing, who, id), take, self);
}

void sent_of_row(struct pairing *pairing, struct entry *entry, const struct row *row, sent_fn *take,
		 void *self)
{
	bool own = entry->id.p && !entry->group && text_same(row->from, entry->s);

	if (own)
		give_hash(entry, row, SENT_MESSAGE, entry_sent(pairing, entry), take, self);
	else if (entry->id.p && !entry->group)
		give(pairing, entry, row, SENT_MESSAGE, row->from, entry->id, take, self);
	if (entry->id.p && entry->group) { // by its sender for errors, in its room for acks
		give(pairing, entry, row, SENT_GROUP_MESSAGE, row->from, entry->id, take, self);
		give(pairing, entry, row, SENT_GROUP_MESSAGE, entry->r, entry->id, take, self);
	}
	for (size_t i = 0; i < row->given_count; i++)
		give(pairing, entry, row, SENT_STANZA_ID, entry->r, row->given_ids[i], take, self);
	for (size_t i = 0; i < row->origin_count && !entry->group; i++)
		give(pairing, entry, row, SENT_ORIGIN_ID, row->from, row->origin_ids[i], take,
		     self);
	partners_of_row(pairing, entry, row, take, self);
}

// An error may bounce it, or somebody acknowledge it (P6, P11). Of the legs of a room the upload.
void sent_of_ack(struct pairing *pairing, const struct entry *entry, struct evidence *ev,
		 sent_fn *take, void *self)
{
	bool upload = ev->leg == LEG_UPLOAD;
	struct text from = upload ? jid_without_resource(ev->by) : entry->r;

	if (!is_ack(ev->kind) || !ev->own_id.p || ev->borrowed || (entry->group && !upload))
		return;
	int64_t hash =
		upload ? sent_hash(pairing, from, ev->own_id) : evidence_sent(pairing, entry, ev);
	take(self, &(struct sent){hash, SENT_ACK, entry->conv, entry->key, ev->first, from,
				  upload ? entry->r : entry->s});
}

static void put_one(void *self, const struct sent *sent)
{
	sent_put(self, sent);
}

void collect_sent(struct pairing *pairing)
{
	map_clear(&pairing->sent);
	for (size_t i = 0; i < pairing->loaded_sent.count; i++)
		sent_put(pairing, &pairing->loaded_sent.items[i]);
	for (size_t i = 0; i < pairing->order.count; i++) {
		struct entry *entry = pairing->order.items[i];
		for (size_t j = 0; j < entry->row_count; j++)
			sent_of_row(pairing, entry, &entry->rows[j], put_one, pairing);
		for (size_t j = 0; j < entry->evidence.count; j++)
			sent_of_ack(pairing, entry, &entry->evidence.items[j], put_one, pairing);
	}
}
