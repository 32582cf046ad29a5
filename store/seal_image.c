// SPDX-License-Identifier: Apache-2.0
// A row as bytes, and its hashes. docs/VERIFY.md says the same in words and in Python.
#include "store/seal_parts.h"

#include <stdio.h>

bool seal_columns_read(struct seal_columns *columns, int count, struct text row)
{
	struct text left = row;
	if (count > SEAL_COLUMNS)
		return false;
	columns->count = count;
	columns->row = row;
	for (int i = 0; i < count; i++) {
		columns->at[i] = (size_t)(left.p - row.p);
		if (!copy_value(&left, &columns->values[i]))
			return false;
	}
	columns->at[count] = (size_t)(left.p - row.p);
	return left.n == 0;
}

void seal_image_without(struct buf *out, const struct seal_columns *columns, int to, int without)
{
	const size_t *at = columns->at;
	buf_add(out, columns->row.p, at[without]);
	buf_be32(out, UINT32_MAX);
	buf_add(out, columns->row.p + at[without + 1], at[to] - at[without + 1]);
}

// Numbers with the sign bit turned: bytes sort as the numbers do.
void seal_row_key(struct buf *out, const struct seal_columns *columns, const struct seal_kind *kind)
{
	for (int i = 1; i <= kind->keys; i++) {
		struct text value = columns->values[i];
		size_t at = out->len;
		buf_add(out, value.p ? value.p : "", value.n);
		if (value.n && i != kind->raw)
			out->data[at] = (char)(out->data[at] ^ 0x80);
	}
}

// --- salts and commitments ---

// What opens the rows of two persons; without their salts it is gone.
static void make_salt(struct salts *salts, struct seal_row *row, unsigned char key[2 * HASH])
{
	memset(key, 0, 2 * HASH);
	if (row->kind->salt) {
		memcpy(key, row->salt.p ? row->salt.p : "",
		       row->salt.n < HASH ? row->salt.n : HASH);
	}
	for (int i = 0; i < row->jid_count; i++) {
		const struct salt *salt = salts_get(salts, row->jids[i]);
		// Who came back after an erasure is named by older rows, too: those stay closed.
		if (map_get(&salts->lost_jids, row->jids[i]) &&
		    !(salt->set && salt->found && row->at > salt->after))
			row->lost = true;
		else if (!salt->set || !salt->found)
			row->unknown = true;
		else
			memcpy(key + i * HASH, salt->salt, HASH);
	}
}

// A salt for each row and part of it: who is shown one of them can open nothing else.
static void salt_of(struct salts *salts, const struct seal_row *row,
		    const unsigned char key[2 * HASH], unsigned char what, unsigned char out[HASH])
{
	char message[UINT8_MAX + 1];
	size_t n = row->key.n < UINT8_MAX ? row->key.n : UINT8_MAX;
	memcpy(message, row->key.p, n);
	message[n] = (char)what;
	digest_hmac(salts->digest, key, (struct text){message, n + 1}, out);
}

// Short pieces are put together first: each one costs the hash as much as half a block.
static void put_hash(unsigned char *out, size_t *n, const unsigned char hash[HASH])
{
	memcpy(out + *n, hash, HASH);
	*n += HASH;
}

static void commit_to(struct salts *salts, const struct seal_row *row,
		      const unsigned char salt[HASH], unsigned char what, struct text image,
		      unsigned char out[HASH])
{
	unsigned char start[HASH + 1 + 2 * HASH];
	size_t n = 0;
	put_hash(start, &n, salt);
	start[n++] = what;
	for (int i = 0; what == LEAF_PERSONAL && !row->kind->by && i < row->jid_count; i++)
		put_hash(start, &n, salts_get(salts, row->jids[i])->name);
	digest_start(salts->digest);
	digest_add(salts->digest, start, n);
	digest_add(salts->digest, image.p, image.n);
	digest_end(salts->digest, out);
}

// An erasure also takes texts out of rows that do not name the person by number: findings, evidence in rooms, the
// access log. Such a row bears a mark, or is about a conversation that the person took part in.
static bool is_erased(const struct salts *salts, const struct seal_row *row)
{
	if (row->erased && row->kind->number == SEAL_ACCESS && salts->lost_access != USEC_NONE &&
	    row->at < salts->lost_access)
		return true; // by retention
	return salts->lost_jids.count &&
	       (row->erased || (row->conv && map_get(&salts->lost_convs, row->conv)));
}

void seal_commit(struct salts *salts, struct seal_row *row)
{
	unsigned char key[2 * HASH], salt[HASH];
	row->flags = 0;
	if (!row->kind->personal)
		return;
	make_salt(salts, row, key);
	salt_of(salts, row, key, LEAF_PERSONAL, row->row_salt);
	row->erased = is_erased(salts, row);
	row->flags = LEAF_PERSONAL;
	commit_to(salts, row, row->row_salt, LEAF_PERSONAL, row->personal, row->commitment);
	if (row->body.p) {
		row->flags |= LEAF_BODY;
		salt_of(salts, row, key, LEAF_BODY, salt);
		commit_to(salts, row, salt, LEAF_BODY, row->body, row->body_commitment);
	}
}

void seal_leaf(struct digest *digest, const struct seal_row *row, struct text shown,
	       unsigned char out[HASH])
{
	unsigned char start[3 + 2 * HASH] = {0, (unsigned char)row->kind->number,
					     (unsigned char)row->flags};
	size_t n = 3;
	if (row->flags & LEAF_PERSONAL)
		put_hash(start, &n, row->commitment);
	if (row->flags & LEAF_BODY)
		put_hash(start, &n, row->body_commitment);
	digest_start(digest);
	digest_add(digest, start, n);
	digest_add(digest, shown.p, shown.n);
	digest_end(digest, out);
}

// --- for people ---

static int64_t number_at(struct text key, size_t *at, size_t size)
{
	uint64_t value = 0;
	for (size_t i = 0; i < size && *at < key.n; i++, ++*at)
		value = value << 8 | (unsigned char)(key.p[*at] ^ (i ? 0 : 0x80));
	return size == 2 ? (int16_t)value : size == 4 ? (int32_t)value : (int64_t)value;
}

struct key_part { // of a row key
	const char *name;
	char type; // bytes of a number, t: time, d: day, x: hexadecimal, r: the rest as such, s: as text
};

static const struct key_part *parts_of(int kind)
{
	static const struct key_part parts[][8] = {
		[SEAL_MESSAGE] = {{"conv", 'x'}, {"sent_at", 't'}, {"key", 'x'}, {"n", '4'}},
		[SEAL_ACK] = {{"conv", 'x'},
			      {"seen_at", 't'},
			      {"key", 'x'},
			      {"position", '8'},
			      {"by_jid", 'x'},
			      {"kind", '2'}},
		[SEAL_FINDING] = {{"conv", 'x'}, {"key", 'x'}, {"element", 'x'}},
		[SEAL_GAP] = {{"source", '4'}, {"generation", '4'}, {"from_offset", '8'}},
		[SEAL_DROPPED] = {{"day", 'd'}},
		[SEAL_GONE] = {{"kind", '2'}, {"day", 'd'}, {"row", 'r'}},
		[SEAL_LOST] = {{"what", '2'}, {"day", 'd'}, {"jid", 'x'}},
		[SEAL_ACCESS] = {{"id", '8'}},
		[SEAL_REPORT] = {{"realm", '4'}, {"of", 's'}},
		[SEAL_REPORT_FILE] = {{"realm", '4'}, {"of", 's'}},
		[SEAL_ERASURE] = {{"id", 'x'}},
	};
	return parts[kind];
}

static void print_part(struct buf *out, const struct key_part *part, struct text key, size_t *at)
{
	char text[USEC_TEXT];
	buf_printf(out, "%s%s ", out->len ? ", " : "", part->name);
	if (part->type == 't') {
		buf_zstr(out, usec_format(number_at(key, at, 8) + PG_EPOCH, 6, text));
	} else if (part->type == 'd') {
		usec_format(number_at(key, at, 4) * USEC_PER_DAY + PG_EPOCH, 0, text);
		buf_printf(out, "%.10s", text);
	} else if (part->type == 'x') {
		buf_printf(out, "%016llx", (unsigned long long)number_at(key, at, 8));
	} else if (part->type == 's') {
		buf_add(out, key.p + *at, key.n - *at);
		*at = key.n;
	} else if (part->type == 'r') {
		for (; *at < key.n; ++*at)
			buf_printf(out, "%02x", (unsigned char)key.p[*at]);
	} else {
		buf_printf(out, "%lld", (long long)number_at(key, at, (size_t)(part->type - '0')));
	}
}

void seal_key_print(const struct seal_kind *kind, struct text key, char *out, size_t size)
{
	struct buf text = {0};
	size_t at = 0;
	for (const struct key_part *part = parts_of(kind->number); part->name && at < key.n; part++)
		print_part(&text, part, key, &at);
	snprintf(out, size, "%s", text.data ? text.data : "");
	buf_free(&text);
}
