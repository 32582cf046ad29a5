// SPDX-License-Identifier: Apache-2.0
// That a newer head goes on from an older one (RFC 6962, section 2.1.2): the log of the newer one begins with the log of
// the older one, and the older head itself comes next in it. Made from the table of seals, checked without it.
#include "store/seal_parts.h"

#include "core/json.h"

#include <stdlib.h>

static const char format[] = "receiptd consistency 1";

// --- making ---

struct logging { // of the heads
	const struct chain *chain;
	struct digest *digest;
};

static bool heads_root(void *self, uint64_t from, uint64_t to, unsigned char out[HASH])
{
	const struct logging *log = self;
	struct merkle tree;
	unsigned char leaf[HASH];
	merkle_start(&tree, log->digest);
	for (uint64_t i = from; i < to; i++) {
		merkle_leaf(log->digest, log->chain->seals.items[i].head, leaf);
		merkle_add(&tree, leaf);
	}
	merkle_root(&tree, out);
	return true;
}

static json_t *path_json(const struct merkle_proof *proof)
{
	json_t *path = json_array();
	for (size_t i = 0; i < proof->count; i++)
		json_array_append_new(
			path, seal_hex_json((struct text){(const char *)proof->path[i], HASH}));
	return path;
}

static json_t *head_json(const struct sealed *seal)
{
	return json_pack("{s:o,s:o,s:o}", "head", json_text(seal->head), "signature",
			 seal_hex_json(seal->signature), "ssh_signature", json_text(seal->ssh));
}

static json_t *make(const struct chain *chain, size_t older, size_t newer, struct digest *digest)
{
	struct logging log = {chain, digest};
	struct merkle_proof included = {0}, extended = {0};
	// The log that a head names is of those before it.
	if (!merkle_include(older - 1, newer - 1, &log, heads_root, &included) ||
	    (older > 1 && !merkle_extend(older - 1, newer - 1, &log, heads_root, &extended)))
		return NULL;
	return json_pack("{s:s,s:o,s:o,s:o,s:o}", "format", format, "older",
			 head_json(&chain->seals.items[older - 1]), "newer",
			 head_json(&chain->seals.items[newer - 1]), "included",
			 path_json(&included), "extended", path_json(&extended));
}

bool store_seal_consistency(struct store *store, int32_t older, int32_t newer, char **json,
			    struct err *err)
{
	struct chain chain = {0};
	struct digest *digest = digest_new();
	bool fine = (digest || err_set(err, ERR_INTERNAL, "no SHA-256")) &&
		    chain_load(store, &chain, err);
	if (fine && (older < 1 || newer <= older || (size_t)newer > chain.seals.count))
		fine = err_set(
			err, ERR_INPUT,
			"there are %zu seals: an older one and a newer one of them are needed",
			chain.seals.count);
	json_t *made = fine ? make(&chain, (size_t)older, (size_t)newer, digest) : NULL;
	*json = made ? json_dumps(made, JSON_INDENT(1) | JSON_PRESERVE_ORDER) : NULL;
	json_decref(made);
	chain_free(&chain);
	digest_free(digest);
	return *json || !fine ? fine : err_set(err, ERR_INTERNAL, "no proof could be made");
}

// --- checking ---

static bool bad(struct err *err, const char *what)
{
	return err_set(err, ERR_DIFFERS, "NOT PROVEN: %s", what);
}

static bool read_head(const json_t *json, const char *name, struct seal_head *head,
		      struct text *text)
{
	unsigned char signature[SIGNATURE];
	const json_t *it = json_object_get(json, name);
	*text = json_get_text(it, "head");
	return head_parse(*text, head) &&
	       hex_read(json_get_text(it, "signature"), signature, SIGNATURE) &&
	       seal_check_signature(head->key, *text, signature) &&
	       seal_ssh_check(head->key, *text, json_get_text(it, "ssh_signature"));
}

static bool read_path(const json_t *json, const char *name, struct merkle_proof *proof)
{
	json_t *step, *path = json_object_get(json, name);
	size_t i;
	proof->count = json_array_size(path);
	if (!json_is_array(path) || proof->count > MERKLE_LEVELS)
		return false;
	json_array_foreach(path, i, step) {
		if (!hex_read(text_of(json_string_value(step)), proof->path[i], HASH))
			return false;
	}
	return true;
}

static bool check_log(const json_t *json, const struct seal_head *older, struct text older_text,
		      const struct seal_head *newer, struct digest *digest)
{
	struct merkle_proof included, extended;
	unsigned char leaf[HASH];
	uint64_t before = (uint64_t)older->number - 1, size = (uint64_t)newer->number - 1;
	if (!read_path(json, "included", &included) || !read_path(json, "extended", &extended))
		return false;
	merkle_leaf(digest, older_text, leaf);
	return merkle_included(digest, leaf, before, size, &included, newer->log) &&
	       (before ? merkle_extends(digest, before, older->log, size, newer->log, &extended)
		       : extended.count == 0);
}

bool seal_is_consistency(const json_t *json)
{
	return text_is(json_get_text(json, "format"), format);
}

bool seal_consistency_check(const json_t *json, const unsigned char *key, struct buf *said,
			    struct err *err)
{
	struct seal_head older, newer;
	struct text older_text, newer_text;
	if (!read_head(json, "older", &older, &older_text) ||
	    !read_head(json, "newer", &newer, &newer_text))
		return bad(err, "a head cannot be read, or its signature is wrong");
	if (key && memcmp(key, newer.key, ED25519) != 0)
		return bad(err, "the newer head is not signed with the key that was given");
	struct digest *digest = digest_new();
	bool fine = digest && older.number > 0 && newer.number > older.number &&
		    strcmp(older.instance, newer.instance) == 0 &&
		    check_log(json, &older, older_text, &newer, digest);
	digest_free(digest);
	if (!fine)
		return bad(err, "the newer head does not go on from the older one");
	buf_printf(said, "proven: seal %d goes on from seal %d, and nothing before it is another\n",
		   newer.number, older.number);
	return true;
}
