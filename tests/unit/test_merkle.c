// SPDX-License-Identifier: Apache-2.0
// Trees and proofs against the definition of RFC 6962 written down once more, and against the vectors of its
// reference implementation.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

#include "store/merkle.h"
#include "store/seal_parts.h"

enum { MOST = 40 };

static struct digest *digest;
static unsigned char leaves[MOST][HASH];

// MTH(D[from:to]), as it is defined.
static void defined(uint64_t from, uint64_t to, unsigned char out[HASH])
{
	unsigned char left[HASH], right[HASH];
	uint64_t k = 1;
	if (to - from == 1) {
		memcpy(out, leaves[from], HASH);
		return;
	}
	while (k * 2 < to - from)
		k *= 2;
	defined(from, from + k, left);
	defined(from + k, to, right);
	digest_start(digest);
	digest_add(digest, "\1", 1);
	digest_add(digest, left, HASH);
	digest_add(digest, right, HASH);
	digest_end(digest, out);
}

static bool range(void *self, uint64_t from, uint64_t to, unsigned char out[HASH])
{
	(void)self;
	defined(from, to, out);
	return true;
}

static void streamed(size_t count, unsigned char out[HASH])
{
	struct merkle tree;
	merkle_start(&tree, digest);
	for (size_t i = 0; i < count; i++)
		merkle_add(&tree, leaves[i]);
	merkle_root(&tree, out);
}

static int set_up(void **state)
{
	(void)state;
	digest = digest_new();
	for (size_t i = 0; i < MOST; i++) {
		char text[8] = {(char)i, 'x'};
		merkle_leaf(digest, (struct text){text, 2}, leaves[i]);
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	digest_free(digest);
	return 0;
}

static void the_reference_vectors(void **state)
{
	static const struct text inputs[] = {
		{"", 0},
		{"\x00", 1},
		{"\x10", 1},
		{"\x20\x21", 2},
		{"\x30\x31", 2},
		{"\x40\x41\x42\x43", 4},
		{"\x50\x51\x52\x53\x54\x55\x56\x57", 8},
		{"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16}};
	static const char *const roots[] = {
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
	struct merkle tree;
	(void)state;
	merkle_start(&tree, digest);
	for (size_t i = 0; i < sizeof roots / sizeof *roots; i++) {
		unsigned char leaf[HASH], root[HASH];
		char text[2 * HASH + 1];
		merkle_leaf(digest, inputs[i], leaf);
		merkle_add(&tree, leaf);
		merkle_root(&tree, root);
		hex_print(root, HASH, text);
		assert_string_equal(text, roots[i]);
	}
}

static void an_empty_tree_has_the_hash_of_nothing(void **state)
{
	unsigned char root[HASH];
	char text[2 * HASH + 1];
	(void)state;
	streamed(0, root);
	hex_print(root, HASH, text);
	assert_string_equal(text,
			    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void streamed_as_defined(void **state)
{
	(void)state;
	for (size_t n = 1; n <= MOST; n++) {
		unsigned char a[HASH], b[HASH];
		streamed(n, a);
		defined(0, n, b);
		assert_memory_equal(a, b, HASH);
	}
}

static void every_leaf_is_proven_and_no_other(void **state)
{
	struct merkle_proof proof;
	unsigned char root[HASH];
	(void)state;
	for (uint64_t n = 1; n <= MOST; n++) {
		defined(0, n, root);
		for (uint64_t i = 0; i < n; i++) {
			assert_true(merkle_include(i, n, NULL, range, &proof));
			for (uint64_t j = 0; j < n; j++) {
				assert_int_equal(
					merkle_included(digest, leaves[i], j, n, &proof, root),
					i == j);
				assert_int_equal(
					merkle_included(digest, leaves[j], i, n, &proof, root),
					i == j);
			}
			assert_false(merkle_included(digest, leaves[i], n, n, &proof, root));
			proof.count++;
			assert_false(merkle_included(digest, leaves[i], i, n, &proof, root));
		}
		assert_false(merkle_include(n, n, NULL, range, &proof));
	}
}

static void a_tree_that_grew_is_proven_and_no_other(void **state)
{
	struct merkle_proof proof;
	unsigned char root[HASH], old[HASH], other[HASH] = {1};
	(void)state;
	for (uint64_t n = 1; n <= MOST; n++) {
		defined(0, n, root);
		for (uint64_t m = 1; m <= n; m++) {
			defined(0, m, old);
			assert_true(merkle_extend(m, n, NULL, range, &proof));
			assert_true(merkle_extends(digest, m, old, n, root, &proof));
			assert_false(merkle_extends(digest, m, other, n, root, &proof));
			assert_false(merkle_extends(digest, m, old, n, other, &proof));
			if (proof.count) {
				proof.path[proof.count - 1][3] ^= 1;
				assert_false(merkle_extends(digest, m, old, n, root, &proof));
			}
		}
	}
}

// RFC 4231, case 2, with the key padded to a block.
static void the_mac_is_hmac(void **state)
{
	static const unsigned char key[2 * HASH] = "Jefe";
	unsigned char mac[HASH];
	char text[2 * HASH + 1];
	(void)state;
	digest_hmac(digest, key, TEXT("what do ya want for nothing?"), mac);
	hex_print(mac, HASH, text);
	assert_string_equal(text,
			    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_reference_vectors),
		cmocka_unit_test(an_empty_tree_has_the_hash_of_nothing),
		cmocka_unit_test(streamed_as_defined),
		cmocka_unit_test(every_leaf_is_proven_and_no_other),
		cmocka_unit_test(a_tree_that_grew_is_proven_and_no_other),
		cmocka_unit_test(the_mac_is_hmac),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
