// SPDX-License-Identifier: Apache-2.0
// Finding the incarnation of an entry that a sighting belongs to (PAIRING M2, M3, M4). Some clients use
// one id for all they say, others none, so one entry may have very many: they are found by what they say
// and when. What is found is a candidate; an entry of the index may be out of date.
#include "pairing/workset.h"

enum { FEW = 8 }; // so many are looked at one by one

struct place { // of one hash
	size_t at;
	struct place *next;
};

static int64_t bucket_of(usec_t at, usec_t gap)
{
	usec_t width = gap > 0 ? gap : 1;

	return at / width - (at % width < 0);
}

static int64_t hash_of(const struct pairing *pairing, const struct incarnation *inc, int64_t digest,
		       int64_t bucket)
{
	const int64_t numbers[] = {digest, (int64_t)inc->leg, bucket};
	struct text bytes = {(const char *)numbers, sizeof(numbers)};

	return KEYED(&pairing->key, TEXT("piece"), bytes, inc->nick, inc->from_account);
}

static int64_t origin_hash(const struct pairing *pairing, struct text origin, int64_t bucket)
{
	struct text bytes = {(const char *)&bucket, sizeof(bucket)};

	return KEYED(&pairing->key, TEXT("origin"), bytes, origin);
}

// Each hash under which an incarnation is found that was seen in first..last.
typedef bool hash_fn(void *self, int64_t hash);

static bool each_hash(const struct pairing *pairing, const struct entry *entry,
		      const struct incarnation *inc, int64_t around, hash_fn *take, void *self)
{
	const struct realm_settings *rules = pairing->rules;
	usec_t gap = entry->id.p ? rules->w_resend : rules->w_noid;
	int64_t last = bucket_of(inc->last, gap) + around;

	for (int64_t b = bucket_of(inc->first, gap) - around; b <= last; b++) {
		if (take(self, hash_of(pairing, inc, inc->digest, b)))
			return true;
		for (size_t i = 0; i < inc->digest_count; i++)
			if (take(self, hash_of(pairing, inc, inc->digests[i], b)))
				return true;
	}
	if (entry->id.p || !inc->origin_count)
		return false;
	last = bucket_of(inc->last, rules->w_resend) + around;
	for (int64_t b = bucket_of(inc->first, rules->w_resend) - around; b <= last; b++)
		for (size_t i = 0; i < inc->origin_count; i++)
			if (take(self, origin_hash(pairing, inc->origin_ids[i], b)))
				return true;
	return false;
}

// --- the index ---

struct noting {
	struct pairing *pairing;
	struct entry *entry;
	size_t at;
};

static bool note_hash(void *self, int64_t hash)
{
	struct noting *noting = self;
	void **there = map_put(noting->entry->said, hash);
	struct place *first = *there;

	if (first && first->at == noting->at)
		return false;
	struct place *place = arena_alloc(noting->pairing->arena, sizeof(*place));
	*place = (struct place){noting->at, first};
	*there = place;
	return false;
}

void piece_note(struct pairing *pairing, struct entry *entry, size_t at,
		const struct incarnation *inc)
{
	struct noting noting = {pairing, entry, at};

	if (entry->said)
		each_hash(pairing, entry, inc, 0, note_hash, &noting);
}

struct finding_piece {
	const struct pairing *pairing;
	const struct entry *entry;
	const struct incarnation *inc;
	size_t but, found;
};

static bool is_it(const struct finding_piece *it, size_t at)
{
	return at < it->entry->incarnations.count && at != it->but &&
	       piece_is_one(it->pairing->rules, it->entry, &it->entry->incarnations.items[at],
			    it->inc);
}

static bool look_up(void *self, int64_t hash)
{
	struct finding_piece *it = self;

	for (const struct place *place = map_get(it->entry->said, hash); place; place = place->next)
		if (is_it(it, place->at)) {
			it->found = place->at;
			return true;
		}
	return false;
}

size_t piece_find(struct pairing *pairing, struct entry *entry, const struct incarnation *inc,
		  size_t but)
{
	struct finding_piece it = {pairing, entry, inc, but, SIZE_MAX};

	if (entry->incarnations.count <= FEW && !entry->said) {
		for (size_t i = 0; i < entry->incarnations.count; i++)
			if (is_it(&it, i))
				return i;
		return SIZE_MAX;
	}
	if (!entry->said) {
		entry->said = entry_map(pairing);
		for (size_t i = 0; i < entry->incarnations.count; i++)
			piece_note(pairing, entry, i, &entry->incarnations.items[i]);
	}
	each_hash(pairing, entry, inc, 1, look_up, &it);
	return it.found;
}
