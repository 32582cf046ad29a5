// SPDX-License-Identifier: Apache-2.0
// Reads the rows of a kind in the order of their keys and makes their commitments. Some rows are kept until the
// salts of their persons are asked for in one statement.
#include "store/seal_parts.h"

#include <stdlib.h>

enum { ROWS_AT_ONCE = 1024, BYTES_AT_ONCE = 1 << 20 };

struct slice { // of reader.bytes
	size_t at, n;
	bool there;
};

struct kept {
	struct seal_row row;
	struct slice key, shown, open, personal, body, salt;
};

struct reader {
	const struct seal_reading *reading;
	const struct seal_kind *kind;
	struct buf bytes;
	struct kept *kept;
	size_t count;
	struct fields jids; // that are not known yet
	struct err *err;
	bool fine;
};

static struct slice since(const struct buf *bytes, size_t at)
{
	return (struct slice){at, bytes->len - at, true};
}

static struct text view(const struct reader *it, struct slice slice)
{
	return slice.there ? (struct text){it->bytes.data + slice.at, slice.n} : TEXT_NONE;
}

static bool has_any(const struct seal_columns *columns, int from, int to)
{
	for (int i = from; i < to; i++)
		if (columns->values[i].p)
			return true;
	return false;
}

static int64_t number(struct text value)
{
	uint64_t bits = 0;
	for (size_t i = 0; i < value.n; i++)
		bits = bits << 8 | (unsigned char)value.p[i];
	return (int64_t)bits;
}

static void want_jid(struct reader *it, struct seal_row *row, int64_t jid)
{
	const struct salt *salt = salts_get(it->reading->salts, jid);
	row->jids[row->jid_count++] = jid;
	if (!salt->set)
		put_int8(&it->jids, jid);
}

// Where nothing was, no row is asked for marks.
static bool is_any_lost(const struct salts *salts)
{
	return salts->lost_jids.count || salts->lost_access != USEC_NONE;
}

// Put in the place of a text by an erasure.
static bool has_mark(const struct seal_columns *columns, const struct seal_kind *kind)
{
	for (int i = kind->personal; kind->personal && i < kind->columns; i++)
		if (text_starts(columns->values[i], "erased:") ||
		    (kind->salt && !columns->values[kind->salt].p))
			return true;
	return false;
}

static void want_jids(struct reader *it, struct seal_row *row, const struct seal_columns *columns)
{
	const struct seal_kind *kind = it->kind;
	for (int i = 0; i < 2 && kind->jids[i]; i++)
		want_jid(it, row, number(columns->values[kind->jids[i]]));
	if (kind->number == SEAL_FINDING || kind->number == SEAL_ACK)
		row->conv = number(columns->values[1]);
	row->erased = is_any_lost(it->reading->salts) && has_mark(columns, kind);
	if (!kind->by)
		return;
	struct text by = columns->values[kind->by];
	const char *slash = by.n ? memchr(by.p, '/', by.n) : NULL;
	by.n = slash ? (size_t)(slash - by.p) : by.n;
	want_jid(it, row, KEYED(&it->reading->salts->key, TEXT("jid"), by));
}

// A piece of the row, which begins at "base" of the bytes.
static struct slice piece(const struct seal_columns *columns, size_t base, int from, int to)
{
	return (struct slice){base + columns->at[from], columns->at[to] - columns->at[from], true};
}

static void take_images(struct reader *it, struct kept *kept, const struct seal_columns *columns)
{
	const struct seal_kind *kind = it->kind;
	struct buf *bytes = &it->bytes;
	int shown = kind->salt ? kind->salt : kind->personal ? kind->personal : kind->columns;
	size_t base = bytes->len;
	buf_text(bytes, columns->row);
	kept->shown = piece(columns, base, 0, shown);
	if (kind->personal)
		kept->personal = piece(columns, base, kind->personal,
				       kind->body ? kind->body : kind->columns);
	if (kind->body && has_any(columns, kind->body, kind->columns))
		kept->body = piece(columns, base, kind->body, kind->columns);
	if (kind->salt && columns->values[kind->salt].p) {
		kept->salt = piece(columns, base, kind->salt, kind->salt + 1);
		kept->salt.at += sizeof(uint32_t);
		kept->salt.n -= sizeof(uint32_t);
	}
	size_t at = bytes->len;
	seal_row_key(bytes, columns, kind);
	kept->key = since(bytes, at);
	if (kind->open) {
		at = bytes->len;
		seal_image_without(bytes, columns, shown, kind->open);
		kept->open = since(bytes, at);
	}
}

static bool give(struct reader *it, struct kept *kept)
{
	struct seal_row *row = &kept->row;
	row->key = view(it, kept->key);
	row->shown = view(it, kept->shown);
	row->open = view(it, kept->open);
	row->personal = view(it, kept->personal);
	row->body = view(it, kept->body);
	row->salt = view(it, kept->salt);
	seal_commit(it->reading->salts, row);
	return it->reading->each(it->reading->self, row, it->err);
}

// All that is kept may name more persons than the table of salts can hold beside others: it is emptied before.
static bool flush(struct reader *it)
{
	struct salts *salts = it->reading->salts;
	it->fine = it->fine && salts_want(salts, &it->jids, it->err);
	for (size_t i = 0; it->fine && i < it->count; i++)
		it->fine = give(it, &it->kept[i]);
	fields_clear(&it->jids);
	it->bytes.len = 0;
	it->count = 0;
	if (it->reading->stop && *it->reading->stop)
		it->fine = it->fine && err_set(it->err, ERR_DIFFERS, "stopped before it was done");
	salts_make_room(salts, 2 * ROWS_AT_ONCE);
	return it->fine;
}

static bool take(void *self, int count, struct text row)
{
	struct reader *it = self;
	struct seal_columns columns;
	if (count != it->kind->columns || !seal_columns_read(&columns, count, row)) {
		it->fine = err_set(it->err, ERR_INTERNAL, "%s: %d columns", it->kind->query, count);
		return false;
	}
	struct kept *kept = &it->kept[it->count++];
	*kept = (struct kept){.row = {.kind = it->kind}};
	kept->row.at = number(columns.values[0]) + (it->kind->by_time ? PG_EPOCH : 0);
	take_images(it, kept, &columns);
	want_jids(it, &kept->row, &columns);
	return (it->count < ROWS_AT_ONCE && it->bytes.len < BYTES_AT_ONCE) || flush(it);
}

// --- the query as a COPY, which takes no parameters ---

static void put_value(struct buf *out, const struct seal_kind *kind, const struct seal_range *range,
		      char which)
{
	char text[USEC_TEXT];
	if (which == '3')
		buf_printf(out, "'%.10s'", usec_format(range->day, 0, text));
	else if (kind->by_time)
		buf_printf(out, "'%s'::timestamptz",
			   usec_format(which == '1' ? range->since : range->until, 6, text));
	else
		buf_printf(out, "'%lld'::int8",
			   (long long)(which == '1' ? range->after : range->upto));
}

// What stands between "FROM " and " AS r" of its file, with the values in place of $1, $2, $3.
static bool make_copy(struct buf *out, const struct seal_kind *kind, const struct seal_range *range)
{
	static const char end[] = " AS r;";
	struct text left = text_after(text_of(sql_text(kind->query)), "SELECT r\nFROM ");
	struct text rest = text_after(left, end);
	if (!left.p || !rest.p)
		return false;
	left.n -= rest.n + sizeof end - 1;
	buf_zstr(out, "COPY ");
	for (size_t i = 0; i < left.n; i++) {
		if (left.p[i] == '$' && i + 1 < left.n)
			put_value(out, kind, range, left.p[++i]);
		else
			buf_char(out, left.p[i]);
	}
	buf_zstr(out, " TO STDOUT (FORMAT binary)");
	return true;
}

bool seal_read(const struct seal_reading *reading, const struct seal_kind *kind,
	       const struct seal_range *range, struct err *err)
{
	struct reader it = {.reading = reading, .kind = kind, .err = err, .fine = true};
	struct buf text = {0};
	it.kept = xcalloc(ROWS_AT_ONCE, sizeof *it.kept);
	bool fine = make_copy(&text, kind, range) ||
		    err_set(err, ERR_INTERNAL, "%s: no query of rows", kind->query);
	fine = fine && copy_out(reading->rows, kind->query, text.data, &it, take, err) && it.fine &&
	       flush(&it);
	free(it.kept);
	buf_free(&it.bytes);
	buf_free(&text);
	fields_free(&it.jids);
	return fine;
}
