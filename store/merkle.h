// SPDX-License-Identifier: Apache-2.0
// Merkle trees of RFC 6962 (section 2.1): root, inclusion proof, consistency proof. Pure. A tree of n leaves
// is made in one pass with log2(n) hashes of memory; proofs ask for roots of ranges of leaves.
#ifndef STORE_MERKLE_H
#define STORE_MERKLE_H

#include "store/digest.h"

#include <stdint.h>

enum { MERKLE_LEVELS = 64 };

struct merkle {
	struct digest *digest;
	uint64_t count;
	unsigned char stack[MERKLE_LEVELS][HASH]; // one whole subtree for each bit of count
};

struct merkle_proof {
	size_t count;
	unsigned char path[2 * MERKLE_LEVELS][HASH];
};

// SHA-256(0x00 || bytes).
void merkle_leaf(struct digest *digest, struct text bytes, unsigned char out[HASH]);

void merkle_start(struct merkle *tree, struct digest *digest);
void merkle_add(struct merkle *tree, const unsigned char leaf[HASH]); // hash of a leaf
void merkle_root(const struct merkle *tree,
		 unsigned char out[HASH]); // more may be added afterwards

// Root of the leaves from..to (exclusive, never empty); false: could not be had.
typedef bool merkle_range(void *self, uint64_t from, uint64_t to, unsigned char out[HASH]);

// That leaf "index" is in the tree of "size" leaves.
bool merkle_include(uint64_t index, uint64_t size, void *self, merkle_range *range,
		    struct merkle_proof *proof);
bool merkle_included(struct digest *digest, const unsigned char leaf[HASH], uint64_t index,
		     uint64_t size, const struct merkle_proof *proof,
		     const unsigned char root[HASH]);

// That the tree of "old" leaves (at least one) is the beginning of the tree of "size" leaves.
bool merkle_extend(uint64_t old, uint64_t size, void *self, merkle_range *range,
		   struct merkle_proof *proof);
bool merkle_extends(struct digest *digest, uint64_t old, const unsigned char old_root[HASH],
		    uint64_t size, const unsigned char root[HASH],
		    const struct merkle_proof *proof);

#endif
