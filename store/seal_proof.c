// SPDX-License-Identifier: Apache-2.0
// The proof of one message: its row as it was sealed, what opens its commitment (never its body), the path to the
// signed root, and where its lines are.
#include "store/seal_parts.h"

#include "core/json.h"

#include <endian.h>
#include <stdlib.h>

struct proving {
	struct store *rows, *side;
	struct digest *digest;
	struct salts salts;
	struct chain chain;
	const struct seal_kind *kind;
	int64_t conv, key;
	usec_t sent_at;
	int32_t n;
	const struct sealed *seal;
	json_t *json;
	struct buf row_key;
	bool found;
};

// --- names and values of columns ---

// The query is the list of them: "m.commit, m.conv, ...".
static bool next_column(struct text *left, struct text *name)
{
	struct text after = text_after(*left, "m.");
	size_t n = 0;
	while (after.p && n < after.n &&
	       (after.p[n] == '_' || (after.p[n] >= 'a' && after.p[n] <= 'z')))
		n++;
	*name = (struct text){after.p, n};
	*left = after;
	return after.p && n;
}

json_t *seal_hex_json(struct text bytes)
{
	char *text = xcalloc(bytes.n + 1, 2);
	hex_print((const unsigned char *)bytes.p, bytes.n, text);
	json_t *value = json_string(text);
	free(text);
	return value;
}

static json_t *hash_json(const unsigned char hash[HASH])
{
	return seal_hex_json((struct text){(const char *)hash, HASH});
}

static bool take_value(struct text *image, struct text *value)
{
	uint32_t n;
	if (image->n < sizeof n)
		return false;
	memcpy(&n, image->p, sizeof n);
	n = be32toh(n);
	*image = (struct text){image->p + sizeof n, image->n - sizeof n};
	*value = TEXT_NONE;
	if (n == UINT32_MAX)
		return true;
	if (n > image->n)
		return false;
	*value = (struct text){image->p, n};
	*image = (struct text){image->p + n, image->n - n};
	return true;
}

// [[name, hexadecimal or null], ...]
static json_t *columns_json(struct text *names, struct text image)
{
	json_t *list = json_array();
	struct text name, value;
	while (image.n && next_column(names, &name) && take_value(&image, &value))
		json_array_append_new(list,
				      json_pack("[s%,o]", name.p, name.n,
						value.p ? seal_hex_json(value) : json_null()));
	return list;
}

// --- the row ---

static json_t *person_json(const struct salts *salts, int64_t jid)
{
	const struct salt *salt = salts_get(salts, jid);
	return json_pack("{s:o,s:o}", "jid", json_text(salt->text), "salt",
			 hash_json(salt->name_salt));
}

static bool is_wanted(const struct proving *it, const struct seal_row *row)
{
	struct text key = row->key;
	uint64_t number;
	if (key.n != 28)
		return false;
	memcpy(&number, key.p, 8);
	if ((int64_t)(be64toh(number) ^ UINT64_C(1) << 63) != it->conv)
		return false;
	memcpy(&number, key.p + 16, 8);
	if ((int64_t)(be64toh(number) ^ UINT64_C(1) << 63) != it->key)
		return false;
	memcpy(&number, key.p + 8, 8);
	return (int64_t)(be64toh(number) ^ UINT64_C(1) << 63) == it->sent_at - PG_EPOCH;
}

static bool take_row(void *self, struct seal_row *row, struct err *err)
{
	struct proving *it = self;
	struct text names = text_of(sql_text(it->kind->query));
	names = text_after(names, "FROM (SELECT ");
	if (it->found || !is_wanted(it, row))
		return true;
	if (row->lost || row->unknown)
		return err_set(err, ERR_INPUT,
			       "the persons of this message were erased: nobody can open its leaf");
	it->found = true;
	buf_text(&it->row_key, row->key);
	json_object_set_new(it->json, "kind", json_integer(row->kind->number));
	json_object_set_new(it->json, "flags", json_integer(row->flags));
	json_object_set_new(it->json, "columns", columns_json(&names, row->shown));
	json_object_set_new(it->json, "personal", columns_json(&names, row->personal));
	json_object_set_new(it->json, "people",
			    json_pack("[o,o]", person_json(&it->salts, row->jids[0]),
				      person_json(&it->salts, row->jids[1])));
	json_object_set_new(it->json, "salt", hash_json(row->row_salt));
	if (row->flags & LEAF_BODY)
		json_object_set_new(it->json, "body_commitment", hash_json(row->body_commitment));
	return true;
}

static bool find_row(struct proving *it, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_int8(&params, it->conv);
	put_int8(&params, it->key);
	if (!sql_run(it->rows, "seal_message", &params, &rows, err))
		return false;
	if (!rows.count)
		return err_set(err, ERR_INPUT, "there is no such message");
	it->sent_at = row_usec(&rows, 0, 0);
	int64_t commit = row_int(&rows, 0, 2);
	for (size_t i = 0; i < it->chain.seals.count; i++)
		if (it->chain.seals.items[i].after < commit &&
		    it->chain.seals.items[i].upto >= commit)
			it->seal = &it->chain.seals.items[i];
	if (!it->seal)
		return err_set(err, ERR_INPUT, "the message, as it is now, is not sealed yet");
	const struct seal_range range = {
		.after = commit - 1,
		.upto = commit,
		.day = it->sent_at - (it->sent_at % USEC_PER_DAY + USEC_PER_DAY) % USEC_PER_DAY};
	const struct seal_reading reading = {
		.rows = it->rows, .salts = &it->salts, .self = it, .each = take_row};
	return seal_read(&reading, it->kind, &range, err) &&
	       (it->found || err_set(err, ERR_INPUT, "there is no such message"));
}

// --- the path ---

struct roots {
	struct proving *it;
	struct err *err;
};

static bool range_root(void *self, uint64_t from, uint64_t to, unsigned char out[HASH])
{
	struct roots *roots = self;
	return leaf_range_root(roots->it->side, roots->it->digest, roots->it->seal->number, from,
			       to, out, roots->err);
}

static bool find_leaf(struct proving *it, int64_t *index, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	struct leaf_entry entry;
	put_int2(&params, it->kind->number);
	put_date(&params, it->sent_at);
	put_int4(&params, it->seal->number);
	put_bytea(&params, buf_view(&it->row_key));
	if (!sql_run(it->side, "seal_find", &params, &rows, err))
		return false;
	for (int i = 0; i < rows.count; i++) {
		struct text data = row_text(&rows, i, 1);
		*index = row_int(&rows, i, 0);
		for (; leaf_next(&data, &entry); ++*index)
			if (text_same(entry.key, buf_view(&it->row_key)))
				return true;
	}
	return err_set(err, ERR_DIFFERS, "seal %d has no leaf of this message: run receiptd verify",
		       it->seal->number);
}

static bool add_path(struct proving *it, struct err *err)
{
	struct merkle_proof proof;
	struct roots roots = {it, err};
	int64_t index = 0;
	json_t *path = json_array();
	bool fine = find_leaf(it, &index, err) &&
		    merkle_include((uint64_t)index, (uint64_t)it->seal->leaves, &roots, range_root,
				   &proof);
	for (size_t i = 0; fine && i < proof.count; i++)
		json_array_append_new(path, hash_json(proof.path[i]));
	json_object_set_new(it->json, "index", json_integer(index));
	json_object_set_new(it->json, "leaves", json_integer(it->seal->leaves));
	json_object_set_new(it->json, "path", path);
	return fine;
}

static void add_head(struct proving *it)
{
	json_object_set_new(it->json, "head", json_text(it->seal->head));
	json_object_set_new(it->json, "signature", seal_hex_json(it->seal->signature));
	json_object_set_new(it->json, "ssh_signature", json_text(it->seal->ssh));
}

// --- where its lines are ---

static int64_t number_of(const json_t *column)
{
	const char *text = json_string_value(json_array_get(column, 1));
	return text ? (int64_t)strtoull(text, NULL, 16) : 0;
}

static json_t *line_json(const char *name, size_t n, int64_t position, const struct rows *places)
{
	uint64_t bits = (uint64_t)position;
	json_t *line = json_pack("{s:s%,s:I,s:I,s:I}", "gave", name, n, "generation",
				 (json_int_t)(bits >> 43), "offset",
				 (json_int_t)(bits >> 3 & ((UINT64_C(1) << 40) - 1)), "index",
				 (json_int_t)(bits & 7));
	for (int i = 0; i < places->count; i++) {
		if ((uint64_t)row_int(places, i, 0) != bits >> 43)
			continue;
		json_object_set_new(line, "path", json_text(row_text(places, i, 1)));
		json_object_set_new(line, "source", json_text(row_text(places, i, 2)));
	}
	return line;
}

static size_t position_name(const char *name)
{
	size_t n = strlen(name);
	return n > 4 && strcmp(name + n - 4, "_pos") == 0 ? n - 4 : 0;
}

static bool add_lines(struct proving *it, struct err *err)
{
	json_t *column, *lines = json_array();
	FIELDS_AUTO generations = {0};
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	size_t i;
	json_array_foreach(json_object_get(it->json, "columns"), i, column) {
		if (position_name(json_string_value(json_array_get(column, 0))))
			put_int4(&generations, (int32_t)((uint64_t)number_of(column) >> 43));
	}
	put_array(&params, OF_INT4, &generations);
	bool fine = sql_run(it->rows, "seal_places", &params, &rows, err);
	json_array_foreach(json_object_get(it->json, "columns"), i, column) {
		const char *name = json_string_value(json_array_get(column, 0));
		size_t n = position_name(name);
		if (fine && n && number_of(column))
			json_array_append_new(lines, line_json(name, n, number_of(column), &rows));
	}
	json_object_set_new(it->json, "lines", lines);
	return fine;
}

static bool prove(struct proving *it, struct err *err)
{
	if (!store_snapshot(it->rows, err) || !seal_share(it->rows, it->side, err) ||
	    !chain_load(it->side, &it->chain, err) ||
	    !salts_open(&it->salts, it->side, it->digest, false, err))
		return false;
	it->salts.keep_texts = true;
	if (!find_row(it, err) || !add_lines(it, err) || !add_path(it, err))
		return false;
	add_head(it);
	return true;
}

bool store_seal_proof(struct app *app, struct store *store, int64_t conv, int64_t key, char **json,
		      struct err *err)
{
	struct proving it = {.rows = store,
			     .kind = seal_kind_of(SEAL_MESSAGE),
			     .conv = conv,
			     .key = key,
			     .digest = digest_new()};
	it.json = json_pack("{s:s}", "format", "receiptd proof 1");
	it.side = it.digest ? seal_second(app, STORE_WRITE, err) : NULL;
	bool fine = it.side && prove(&it, err);
	store_snapshot_end(store);
	if (it.side)
		store_snapshot_end(it.side);
	*json = fine ? json_dumps(it.json, JSON_INDENT(1) | JSON_PRESERVE_ORDER) : NULL;
	json_decref(it.json);
	salts_close(&it.salts);
	chain_free(&it.chain);
	buf_free(&it.row_key);
	store_close(it.side);
	digest_free(it.digest);
	return fine;
}
