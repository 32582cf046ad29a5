// SPDX-License-Identifier: Apache-2.0
// Addresses of a batch are few and come often: each text is normalised once. What is given belongs to
// the batch's arena, so that entries need no copies.
#include "core/mix.h"
#include "pairing/workset.h"

struct known_jid {
	struct text raw;
	struct jid jid;
	bool good;
};

// No identity, only a place in a map: the text is compared. The key keeps it from being guessed.
static int64_t place_of(const struct pairing *pairing, struct text text)
{
	uint64_t seed;
	memcpy(&seed, pairing->key.bytes, sizeof(seed));
	return (int64_t)mix_text(seed, text);
}

bool is_erased(const struct pairing *pairing, const struct jid *jid)
{
	return (pairing->is_erased && pairing->is_erased(pairing->erased, jid->bare, jid->full)) ||
	       jid_is_pseudonym(jid->full);
}

// Two texts that share a place in the map.
static bool read_anew(struct pairing *pairing, struct text text, struct jid *jid)
{
	bool good = jid_parse(text, pairing->arena, jid);
	jid->erased = good && is_erased(pairing, jid);
	return good;
}

bool jid_read(struct pairing *pairing, struct text text, struct jid *jid)
{
	if (!text.p)
		return false;
	void **place = map_put(&pairing->jids, place_of(pairing, text));
	struct known_jid *known = *place;
	if (known && !text_same(known->raw, text))
		return read_anew(pairing, text, jid);
	if (!known) {
		*place = known = arena_alloc(pairing->arena, sizeof(*known));
		known->raw = arena_text(pairing->arena, text);
		known->good = jid_parse(known->raw, pairing->arena, &known->jid);
		known->jid.erased = known->good && is_erased(pairing, &known->jid);
	}
	*jid = known->jid;
	return known->good;
}

struct text party_text(struct pairing *pairing, struct text party)
{
	struct jid jid;
	if (party.p && jid_read(pairing, party, &jid) && text_same(jid.full, party))
		return jid.full;
	return arena_text(pairing->arena, party);
}
