// SPDX-License-Identifier: Apache-2.0
#include "store/merkle.h"

static void node(struct digest *digest, const unsigned char *left, const unsigned char *right,
		 unsigned char out[HASH])
{
	unsigned char both[1 + 2 * HASH] = {1};
	memcpy(both + 1, left, HASH);
	memcpy(both + 1 + HASH, right, HASH);
	digest_start(digest);
	digest_add(digest, both, sizeof both);
	digest_end(digest, out);
}

void merkle_leaf(struct digest *digest, struct text bytes, unsigned char out[HASH])
{
	digest_start(digest);
	digest_add(digest, "\0", 1);
	digest_add(digest, bytes.p, bytes.n);
	digest_end(digest, out);
}

// --- the tree ---

void merkle_start(struct merkle *tree, struct digest *digest)
{
	tree->digest = digest;
	tree->count = 0;
}

void merkle_add(struct merkle *tree, const unsigned char leaf[HASH])
{
	unsigned char made[HASH];
	int level = 0;
	memcpy(made, leaf, HASH);
	for (; tree->count >> level & 1; level++)
		node(tree->digest, tree->stack[level], made, made);
	memcpy(tree->stack[level], made, HASH);
	tree->count++;
}

void merkle_root(const struct merkle *tree, unsigned char out[HASH])
{
	bool some = false;
	if (!tree->count) {
		digest_start(tree->digest);
		digest_end(tree->digest, out);
	}
	for (int level = 0; level < MERKLE_LEVELS; level++) {
		if (!(tree->count >> level & 1))
			continue;
		if (some)
			node(tree->digest, tree->stack[level], out, out);
		else
			memcpy(out, tree->stack[level], HASH);
		some = true;
	}
}

// --- proofs ---

// Largest power of two below n (n > 1).
static uint64_t split(uint64_t n)
{
	uint64_t k = 1;
	while (k << 1 < n)
		k <<= 1;
	return k;
}

static bool add_range(struct merkle_proof *proof, uint64_t from, uint64_t to, void *self,
		      merkle_range *range)
{
	return range(self, from, to, proof->path[proof->count++]);
}

// From the root down; the path is wanted from the leaf up.
static void turn(struct merkle_proof *proof)
{
	for (size_t i = 0, j = proof->count; i + 1 < j; i++) {
		unsigned char kept[HASH];
		j--;
		memcpy(kept, proof->path[i], HASH);
		memcpy(proof->path[i], proof->path[j], HASH);
		memcpy(proof->path[j], kept, HASH);
	}
}

bool merkle_include(uint64_t index, uint64_t size, void *self, merkle_range *range,
		    struct merkle_proof *proof)
{
	uint64_t from = 0, to = size;
	proof->count = 0;
	if (index >= size)
		return false;
	while (to - from > 1) {
		uint64_t middle = from + split(to - from);
		bool left = index < middle;
		if (!add_range(proof, left ? middle : from, left ? to : middle, self, range))
			return false;
		*(left ? &to : &from) = middle;
	}
	turn(proof);
	return true;
}

// RFC 9162, section 2.1.3.2.
bool merkle_included(struct digest *digest, const unsigned char leaf[HASH], uint64_t index,
		     uint64_t size, const struct merkle_proof *proof,
		     const unsigned char root[HASH])
{
	uint64_t at = index, last = size - 1;
	unsigned char made[HASH];
	memcpy(made, leaf, HASH);
	if (index >= size)
		return false;
	for (size_t i = 0; i < proof->count; i++) {
		if (!last)
			return false;
		if (at & 1 || at == last) {
			node(digest, proof->path[i], made, made);
			for (; at && !(at & 1); at >>= 1)
				last >>= 1;
		} else {
			node(digest, made, proof->path[i], made);
		}
		at >>= 1;
		last >>= 1;
	}
	return !last && memcmp(made, root, HASH) == 0;
}

// RFC 6962, section 2.1.2: SUBPROOF, from the root down.
bool merkle_extend(uint64_t old, uint64_t size, void *self, merkle_range *range,
		   struct merkle_proof *proof)
{
	uint64_t from = 0, to = size;
	bool whole = true; // the old tree is a subtree whose root the reader knows
	proof->count = 0;
	if (!old || old > size)
		return false;
	while (old != to) {
		uint64_t middle = from + split(to - from);
		bool left = old <= middle;
		if (!add_range(proof, left ? middle : from, left ? to : middle, self, range))
			return false;
		whole = whole && left;
		*(left ? &to : &from) = middle;
	}
	if (!whole && !add_range(proof, from, to, self, range))
		return false;
	turn(proof);
	return true;
}

struct pair { // what the proof says the old and the new root are
	unsigned char old[HASH], made[HASH];
};

static void climb(struct digest *digest, struct pair *roots, uint64_t *at, uint64_t *last,
		  const unsigned char *step)
{
	if (*at & 1 || *at == *last) {
		node(digest, step, roots->old, roots->old);
		node(digest, step, roots->made, roots->made);
		for (; *at && !(*at & 1); *at >>= 1)
			*last >>= 1;
	} else {
		node(digest, roots->made, step, roots->made);
	}
	*at >>= 1;
	*last >>= 1;
}

// RFC 9162, section 2.1.4.2.
bool merkle_extends(struct digest *digest, uint64_t old, const unsigned char old_root[HASH],
		    uint64_t size, const unsigned char root[HASH], const struct merkle_proof *proof)
{
	struct pair roots;
	uint64_t at = old - 1, last = size - 1;
	size_t next = 0;
	if (!old || old > size)
		return false;
	if (old == size)
		return !proof->count && memcmp(old_root, root, HASH) == 0;
	for (; at & 1; at >>= 1)
		last >>= 1;
	// A whole subtree begins with the root that the reader has.
	if ((old & (old - 1)) != 0 && !proof->count)
		return false;
	const unsigned char *first = old & (old - 1) ? proof->path[next++] : old_root;
	memcpy(roots.old, first, HASH);
	memcpy(roots.made, first, HASH);
	for (; next < proof->count; next++) {
		if (!last)
			return false;
		climb(digest, &roots, &at, &last, proof->path[next]);
	}
	return !last && memcmp(roots.old, old_root, HASH) == 0 &&
	       memcmp(roots.made, root, HASH) == 0;
}
