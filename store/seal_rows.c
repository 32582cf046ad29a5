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

static bool has_any(const struct rows *rows, int from, int to)
{
	for (int i = from; i < to; i++)
		if (!row_null(rows, 0, i))
			return true;
	return false;
}

static void want_jid(struct reader *it, struct seal_row *row, int64_t jid)
{
	const struct salt *salt = salts_get(it->reading->salts, jid);
	row->jids[row->jid_count++] = jid;
	if (!salt->set)
		put_int8(&it->jids, jid);
}

// Put in the place of a text by an erasure.
static bool has_mark(const struct rows *rows, const struct seal_kind *kind)
{
	for (int i = kind->personal; kind->personal && i < kind->columns; i++)
		if (text_starts(row_text(rows, 0, i), "erased:") ||
		    (kind->salt && row_null(rows, 0, kind->salt)))
			return true;
	return false;
}

static void want_jids(struct reader *it, struct seal_row *row, const struct rows *rows)
{
	const struct seal_kind *kind = it->kind;
	for (int i = 0; i < 2 && kind->jids[i]; i++)
		want_jid(it, row, row_int(rows, 0, kind->jids[i]));
	if (kind->number == SEAL_FINDING || kind->number == SEAL_ACK)
		row->conv = row_int(rows, 0, 1);
	row->erased = has_mark(rows, kind);
	if (!kind->by)
		return;
	struct text by = row_text(rows, 0, kind->by);
	const char *slash = by.n ? memchr(by.p, '/', by.n) : NULL;
	by.n = slash ? (size_t)(slash - by.p) : by.n;
	want_jid(it, row, KEYED(&it->reading->salts->key, TEXT("jid"), by));
}

static void take_images(struct reader *it, struct kept *kept, const struct rows *rows)
{
	const struct seal_kind *kind = it->kind;
	struct buf *bytes = &it->bytes;
	int shown = kind->salt ? kind->salt : kind->personal ? kind->personal : kind->columns;
	size_t at = bytes->len;
	seal_row_key(bytes, rows, kind);
	kept->key = since(bytes, at);
	at = bytes->len;
	seal_image(bytes, rows, 0, shown, -1);
	kept->shown = since(bytes, at);
	if (kind->open) {
		at = bytes->len;
		seal_image(bytes, rows, 0, shown, kind->open);
		kept->open = since(bytes, at);
	}
	if (kind->personal) {
		at = bytes->len;
		seal_image(bytes, rows, kind->personal, kind->body ? kind->body : kind->columns,
			   -1);
		kept->personal = since(bytes, at);
	}
	if (kind->body && has_any(rows, kind->body, kind->columns)) {
		at = bytes->len;
		seal_image(bytes, rows, kind->body, kind->columns, -1);
		kept->body = since(bytes, at);
	}
	if (kind->salt && !row_null(rows, 0, kind->salt)) {
		at = bytes->len;
		buf_text(bytes, row_text(rows, 0, kind->salt));
		kept->salt = since(bytes, at);
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

static bool take(void *self, const struct rows *rows)
{
	struct reader *it = self;
	if (rows->record->count != it->kind->columns) {
		it->fine = err_set(it->err, ERR_INTERNAL, "%s: %d columns", it->kind->query,
				   rows->record->count);
		return false;
	}
	struct kept *kept = &it->kept[it->count++];
	*kept = (struct kept){.row = {.kind = it->kind}};
	kept->row.at = it->kind->by_time ? row_usec(rows, 0, 0) : row_int(rows, 0, 0);
	take_images(it, kept, rows);
	want_jids(it, &kept->row, rows);
	return (it->count < ROWS_AT_ONCE && it->bytes.len < BYTES_AT_ONCE) || flush(it);
}

static void put_range(struct fields *params, const struct seal_kind *kind,
		      const struct seal_range *range)
{
	if (kind->by_time) {
		put_usec(params, range->since);
		put_usec(params, range->until);
		return;
	}
	put_int8(params, range->after);
	put_int8(params, range->upto);
	if (kind->daily)
		put_date(params, range->day);
}

bool seal_read(const struct seal_reading *reading, const struct seal_kind *kind,
	       const struct seal_range *range, struct err *err)
{
	struct reader it = {.reading = reading, .kind = kind, .err = err, .fine = true};
	FIELDS_AUTO params = {0};
	it.kept = xcalloc(ROWS_AT_ONCE, sizeof *it.kept);
	put_range(&params, kind, range);
	bool fine = sql_each(reading->rows, kind->query, &params, &it, take, err) && it.fine &&
		    flush(&it);
	free(it.kept);
	buf_free(&it.bytes);
	fields_free(&it.jids);
	return fine;
}
