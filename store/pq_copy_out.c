// SPDX-License-Identifier: Apache-2.0
// Binary COPY out: rows as the server sends them, not taken apart. A row of a result object costs more than all that is
// done with it where many rows are only hashed (seal_rows.c).
#include "store/internal.h"

#include <endian.h>
#include <libpq-fe.h>
#include <time.h>

// Signature, flags, length of the header's extension; the server sends it with the first row.
enum { HEADER = 19, LENGTH_AT = 15 };

static uint32_t be32_at(const char *bytes)
{
	uint32_t value;
	memcpy(&value, bytes, sizeof value);
	return be32toh(value);
}

static bool pass_header(struct text *bytes)
{
	static const char signature[] = "PGCOPY\n\377\r\n";
	if (bytes->n < HEADER || memcmp(bytes->p, signature, sizeof signature) != 0)
		return false;
	size_t n = HEADER + be32_at(bytes->p + LENGTH_AT);
	if (bytes->n < n)
		return false;
	*bytes = (struct text){bytes->p + n, bytes->n - n};
	return true;
}

static bool is_trailer(struct text row)
{
	return row.n == 2 && (unsigned char)row.p[0] == 0xff && (unsigned char)row.p[1] == 0xff;
}

struct taking {
	bool begun;
	void *self;
	bool (*each)(void *self, int columns, struct text row);
};

// False: no more is wanted, or (err) it is no COPY.
static bool take(struct taking *it, struct text row, const char *what, struct err *err)
{
	if (!it->begun && !pass_header(&row))
		return err_set(err, ERR_INTERNAL, "%s: no binary COPY", what);
	it->begun = true;
	if (is_trailer(row))
		return true;
	if (row.n < 2)
		return err_set(err, ERR_INTERNAL, "%s: a row is cut", what);
	int columns = (unsigned char)row.p[0] << 8 | (unsigned char)row.p[1];
	return it->each(it->self, columns, (struct text){row.p + 2, row.n - 2});
}

// Only a row that is there as a whole is given: *bytes, to be freed, and its length; 0: none yet; below: no more.
// The server sends 8 KB at a time and faster than it is asked: whoever waits for each of them has both sides woken for it,
// which costs as much as the rows do. So what has come is read first, and then some is let come.
static int next_row(struct store *store, char **bytes)
{
	const struct timespec a_while = {.tv_nsec = 500 * 1000};
	int n = PQgetCopyData(store->conn, bytes, 1);
	if (n == 0 && PQconsumeInput(store->conn)) // else pq_more() tells why
		n = PQgetCopyData(store->conn, bytes, 1);
	if (n == 0)
		nanosleep(&a_while, NULL);
	return n;
}

bool copy_out(struct store *store, const char *what, const char *text, void *self,
	      bool (*each)(void *self, int columns, struct text row), struct err *err)
{
	struct taking it = {.self = self, .each = each};
	struct rows ignored = {0};
	struct err wrong = {0};
	if (!pq_start_copy_out(store, what, text, err))
		return false;
	for (;;) {
		char *bytes = NULL;
		int n = next_row(store, &bytes);
		if (n < 0)
			break; // the end, or an error that the result tells
		if (n == 0 && !pq_more(store, what, err))
			return false;
		bool go_on = n == 0 || take(&it, (struct text){bytes, (size_t)n}, what, &wrong);
		PQfreemem(bytes);
		if (!go_on)
			return pq_stop(store, what, err) &&
			       (!wrong.kind || err_set(err, wrong.kind, "%s", wrong.text));
	}
	return pq_finish(store, what, &ignored, err);
}
