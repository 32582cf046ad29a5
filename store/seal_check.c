// SPDX-License-Identifier: Apache-2.0
// A proof of one message, checked without a database: the leaf is made from what the proof shows, the path leads to
// the root of the head, the head is signed. What is printed is read from the bytes that were hashed.
#include "store/seal_parts.h"

#include "core/json.h"

#include <stdlib.h>

struct checking {
	json_t *json;
	struct digest *digest;
	struct seal_head head;
	struct buf image;
	unsigned char leaf[HASH];
};

static bool bad(struct err *err, const char *what)
{
	return err_set(err, ERR_DIFFERS, "NOT PROVEN: %s", what);
}

static bool read_hash(const json_t *json, const char *name, unsigned char *out, size_t size)
{
	return hex_read(json_get_text(json, name), out, size);
}

// --- the leaf ---

static bool add_value(struct buf *image, const json_t *value)
{
	struct text text = text_of(json_string_value(value));
	if (json_is_null(value)) {
		buf_be32(image, UINT32_MAX);
		return true;
	}
	if (!text.p || text.n % 2)
		return false;
	unsigned char *bytes = xcalloc(text.n / 2 + 1, 1);
	bool fine = hex_read(text, bytes, text.n / 2);
	buf_be32(image, (uint32_t)(text.n / 2));
	buf_add(image, bytes, text.n / 2);
	free(bytes);
	return fine;
}

static bool make_image(struct checking *it, const char *name)
{
	json_t *column;
	size_t i;
	it->image.len = 0;
	json_array_foreach(json_object_get(it->json, name), i, column) {
		if (!add_value(&it->image, json_array_get(column, 1)))
			return false;
	}
	return it->image.len > 0;
}

static bool add_person(struct checking *it, const json_t *person, struct buf *out)
{
	unsigned char salt[HASH], name[HASH];
	struct text jid = json_get_text(person, "jid");
	if (!jid.p || !read_hash(person, "salt", salt, HASH))
		return false;
	digest_start(it->digest);
	digest_add(it->digest, salt, HASH);
	digest_add(it->digest, jid.p, jid.n);
	digest_end(it->digest, name);
	buf_add(out, name, HASH);
	return true;
}

static bool make_commitment(struct checking *it, unsigned char out[HASH])
{
	unsigned char salt[HASH], what = LEAF_PERSONAL;
	struct buf names = {0};
	json_t *people = json_object_get(it->json, "people");
	bool fine = read_hash(it->json, "salt", salt, HASH) && make_image(it, "personal") &&
		    json_array_size(people) == 2 &&
		    add_person(it, json_array_get(people, 0), &names) &&
		    add_person(it, json_array_get(people, 1), &names);
	digest_start(it->digest);
	digest_add(it->digest, salt, HASH);
	digest_add(it->digest, &what, 1);
	digest_add(it->digest, names.data ? names.data : "", names.len);
	digest_add(it->digest, it->image.data ? it->image.data : "", it->image.len);
	digest_end(it->digest, out);
	buf_free(&names);
	return fine;
}

static bool make_leaf(struct checking *it)
{
	struct seal_row row = {.kind = seal_kind_of(SEAL_MESSAGE)};
	row.flags = (int)json_integer_value(json_object_get(it->json, "flags"));
	if (json_integer_value(json_object_get(it->json, "kind")) != SEAL_MESSAGE ||
	    !(row.flags & LEAF_PERSONAL) || row.flags & ~(LEAF_PERSONAL | LEAF_BODY) ||
	    !make_commitment(it, row.commitment) ||
	    (row.flags & LEAF_BODY &&
	     !read_hash(it->json, "body_commitment", row.body_commitment, HASH)) ||
	    !make_image(it, "columns"))
		return false;
	seal_leaf(it->digest, &row, buf_view(&it->image), it->leaf);
	return true;
}

// --- the path and the head ---

static bool read_path(const struct checking *it, struct merkle_proof *proof)
{
	json_t *step, *path = json_object_get(it->json, "path");
	size_t i;
	proof->count = json_array_size(path);
	if (proof->count > MERKLE_LEVELS)
		return false;
	json_array_foreach(path, i, step) {
		if (!hex_read(text_of(json_string_value(step)), proof->path[i], HASH))
			return false;
	}
	return true;
}

static bool check_path(const struct checking *it)
{
	struct merkle_proof proof;
	json_int_t index = json_integer_value(json_object_get(it->json, "index"));
	json_int_t leaves = json_integer_value(json_object_get(it->json, "leaves"));
	return index >= 0 && leaves > index && leaves == it->head.leaves && read_path(it, &proof) &&
	       merkle_included(it->digest, it->leaf, (uint64_t)index, (uint64_t)leaves, &proof,
			       it->head.root);
}

static bool check_head(const struct checking *it)
{
	unsigned char signature[SIGNATURE];
	struct text head = json_get_text(it->json, "head");
	return read_hash(it->json, "signature", signature, SIGNATURE) &&
	       seal_check_signature(it->head.key, head, signature) &&
	       seal_ssh_check(it->head.key, head, json_get_text(it->json, "ssh_signature"));
}

static bool check_key(const struct checking *it, const char *key_file, struct err *err)
{
	unsigned char key[ED25519];
	if (!key_file)
		return true;
	if (!seal_public_load(key_file, key, err))
		return false;
	return memcmp(key, it->head.key, ED25519) == 0 ||
	       bad(err, "the head is not signed with the key that was given");
}

// --- what it says ---

static const char *column(const struct checking *it, const char *list, const char *name)
{
	json_t *pair;
	size_t i;
	json_array_foreach(json_object_get(it->json, list), i, pair) {
		const char *is = json_string_value(json_array_get(pair, 0));
		if (is && strcmp(is, name) == 0)
			return json_string_value(json_array_get(pair, 1));
	}
	return NULL;
}

static void say_time(const struct checking *it, const char *name, struct buf *said)
{
	char text[USEC_TEXT];
	const char *hex = column(it, "columns", name);
	if (hex && strlen(hex) == 16)
		buf_printf(said, "%s %s\n", name,
			   usec_format((int64_t)strtoull(hex, NULL, 16) + PG_EPOCH, 6, text));
}

static void say_text(const char *name, struct text text, struct buf *said)
{
	JSON_AUTO *value = json_text(text);
	char *dump = json_dumps(value, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
	buf_printf(said, "%s %s\n", name, dump ? dump : "");
	free(dump);
}

static void say_id(const struct checking *it, struct buf *said)
{
	const char *hex = column(it, "personal", "id");
	size_t n = hex ? strlen(hex) / 2 : 0;
	unsigned char *bytes = xcalloc(n + 1, 1);
	if (hex && hex_read(text_of(hex), bytes, n))
		say_text("id", (struct text){(char *)bytes, n}, said);
	free(bytes);
}

static void say(const struct checking *it, const char *key_file, struct buf *said)
{
	char key[2 * ED25519 + 1], day[USEC_TEXT];
	json_t *people = json_object_get(it->json, "people");
	hex_print(it->head.key, ED25519, key);
	usec_format(it->head.day, 0, day);
	say_text("from", json_get_text(json_array_get(people, 0), "jid"), said);
	say_text("to", json_get_text(json_array_get(people, 1), "jid"), said);
	say_id(it, said);
	say_time(it, "sent_at", said);
	say_time(it, "delivered_at", said);
	say_time(it, "displayed_at", said);
	say_time(it, "failed_at", said);
	buf_printf(said, "proven: leaf %lld of %lld in seal %d of %.10s, signed with %s%s\n",
		   (long long)json_integer_value(json_object_get(it->json, "index")),
		   (long long)it->head.leaves, it->head.number, day, key,
		   key_file ? "" : " (whose that is: --key FILE)");
}

static bool check_heads(const struct checking *it, const char *key_file, struct buf *said,
			struct err *err)
{
	unsigned char key[ED25519];
	return (!key_file || seal_public_load(key_file, key, err)) &&
	       seal_consistency_check(it->json, key_file ? key : NULL, said, err);
}

static bool check(struct checking *it, const char *key_file, struct err *err)
{
	if (!text_is(json_get_text(it->json, "format"), "receiptd proof 1"))
		return err_set(err, ERR_INPUT, "not a proof of receiptd");
	if (!head_parse(json_get_text(it->json, "head"), &it->head))
		return bad(err, "the head cannot be read");
	if (!check_head(it))
		return bad(err, "the signature of the head is wrong");
	if (!make_leaf(it))
		return bad(err, "what is shown of the message is not whole");
	if (!check_path(it))
		return bad(err, "the message, as it is shown, is not in the tree of this head");
	return check_key(it, key_file, err);
}

bool seal_proof_check(struct text json, const char *key_file, struct buf *said, struct err *err)
{
	struct checking it = {.digest = digest_new()};
	it.json = json_loadb(json.p ? json.p : "", json.n, JSON_REJECT_DUPLICATES, NULL);
	bool heads = seal_is_consistency(it.json);
	bool fine = heads                  ? check_heads(&it, key_file, said, err)
		    : it.digest && it.json ? check(&it, key_file, err)
					   : err_set(err, ERR_INPUT, "not a proof of receiptd");
	if (fine && !heads)
		say(&it, key_file, said);
	json_decref(it.json);
	buf_free(&it.image);
	digest_free(it.digest);
	return fine;
}
