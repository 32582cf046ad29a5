// SPDX-License-Identifier: Apache-2.0
// Binary COPY, sent in pieces of about 64 KB so that memory stays flat.
#include "store/internal.h"

#include <string.h>

enum { PIECE = 64 * 1024 };

static bool send_pending(struct copy *copy, const char *what)
{
	struct buf *bytes = &copy->fields.bytes;
	if (bytes->len == 0)
		return true;
	struct store *store = copy->store;
	// Does not block: what the socket does not take stays with libpq until the flush.
	int sent = PQputCopyData(store->conn, bytes->data, (int)bytes->len);
	bytes->len = 0;
	if (sent < 0)
		return pq_failed(store, NULL, what, &copy->err);
	return pq_flush(store, what, &copy->err);
}

bool copy_begin(struct copy *copy, struct store *store, const char *name, struct err *err)
{
	// Signature, flags, length of the header's extension.
	static const char header[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";
	*copy = (struct copy){.store = store};
	if (!pq_start_copy(store, name, err))
		return false;
	buf_add(&copy->fields.bytes, header, sizeof header);
	return true;
}

void copy_row(struct copy *copy, int columns)
{
	if (copy->fields.refused && copy->err.kind == ERR_NONE) {
		err_set(&copy->err, ERR_INTERNAL, "copy: 22021 a text holds a NUL byte");
		memcpy(copy->store->sqlstate, "22021", sizeof "22021");
	}
	if (copy->err.kind != ERR_NONE)
		fields_clear(&copy->fields); // nothing more is sent
	else if (copy->fields.bytes.len >= PIECE)
		send_pending(copy, "copy");
	buf_be16(&copy->fields.bytes, (uint16_t)columns);
	copy->rows++;
}

void copy_abort(struct copy *copy)
{
	struct store *store = copy->store;
	struct rows ignored = {0};
	if (!store->broken && PQputCopyEnd(store->conn, "given up by receiptd") > 0) {
		char sqlstate[sizeof store->sqlstate];
		memcpy(sqlstate, store->sqlstate, sizeof sqlstate);
		pq_finish(store, "copy", &ignored, NULL);
		memcpy(store->sqlstate, sqlstate, sizeof sqlstate);
	} else {
		store->broken = true;
	}
	fields_free(&copy->fields);
}

bool copy_end(struct copy *copy, struct err *err)
{
	int64_t rows = copy->rows;
	copy_row(copy, -1); // the trailer; also notices a refused text in the last row
	if (copy->err.kind != ERR_NONE || !send_pending(copy, "copy")) {
		copy_abort(copy);
		return err_set(err, copy->err.kind, "%s", copy->err.text);
	}
	fields_free(&copy->fields);
	struct rows result = {0};
	if (PQputCopyEnd(copy->store->conn, NULL) <= 0)
		return pq_failed(copy->store, NULL, "copy", err);
	if (!pq_finish(copy->store, "copy", &result, err))
		return false;
	if (result.changed != rows)
		return err_set(err, ERR_INTERNAL, "copy: %lld of %lld rows were stored",
			       (long long)result.changed, (long long)rows);
	return true;
}
