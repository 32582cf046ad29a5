// SPDX-License-Identifier: Apache-2.0
// Reads of a stored row what roll-ups count it as, and what tells whether a marker marks it (P8).
#include "store/message_row.h"

enum { // columns of part/counted_columns.sql
	CONV,
	SENT_AT,
	KEY,
	N,
	ID,
	TYPE,
	CLASS,
	STATE,
	FLAGS,
	STORED_AT,
	ROUTED_AT,
	DELIVERED_AT,
	DELIVERED_VIA,
	DISPLAYED_AT,
	DISPLAYED_VIA,
	UPTO_DELIVERED_AT,
	UPTO_DISPLAYED_AT,
	FAILED_AT,
	RETRACTED_AT,
	RESENDS,
	ACKS,
	ACKS_DUP,
	MARKS,
	THREAD,
	MDS_AT,
	READ_INFERRED_AT,
	RESPONSE_MS,
	ERROR,
	DEVICE,
	FROM_JID,
	TO_JID,
	ACCEPTED_AT
};

struct row counted_row_read(const struct rows *rows)
{
	struct row row = {
		.conv = row_int(rows, 0, CONV),
		.sent_at = row_usec(rows, 0, SENT_AT),
		.key = row_int(rows, 0, KEY),
		.n = (int32_t)row_int(rows, 0, N),
		.id = row_text(rows, 0, ID),
		.type = (enum message_type)row_int(rows, 0, TYPE),
		.class_ = (enum message_class)row_int(rows, 0, CLASS),
		.state = (enum message_state)row_int(rows, 0, STATE),
		.flags = (unsigned)row_int(rows, 0, FLAGS),
		.stored_at = row_usec(rows, 0, STORED_AT),
		.routed_at = row_usec(rows, 0, ROUTED_AT),
		.accepted_at = row_usec(rows, 0, ACCEPTED_AT),
		.delivered_at = row_usec(rows, 0, DELIVERED_AT),
		.delivered_via = (enum via)row_int(rows, 0, DELIVERED_VIA),
		.displayed_at = row_usec(rows, 0, DISPLAYED_AT),
		.displayed_via = (enum via)row_int(rows, 0, DISPLAYED_VIA),
		.upto_delivered_at = row_usec(rows, 0, UPTO_DELIVERED_AT),
		.upto_displayed_at = row_usec(rows, 0, UPTO_DISPLAYED_AT),
		.failed_at = row_usec(rows, 0, FAILED_AT),
		.retracted_at = row_usec(rows, 0, RETRACTED_AT),
		.resends = (int32_t)row_int(rows, 0, RESENDS),
		.acks = (int32_t)row_int(rows, 0, ACKS),
		.acks_dup = (int32_t)row_int(rows, 0, ACKS_DUP),
		.thread = row_int(rows, 0, THREAD),
		.mds_at = row_usec(rows, 0, MDS_AT),
		.read_inferred_at = row_usec(rows, 0, READ_INFERRED_AT),
		.response_ms = row_int(rows, 0, RESPONSE_MS),
		.error = row_text(rows, 0, ERROR),
		.device = row_int(rows, 0, DEVICE),
		.from = row_text(rows, 0, FROM_JID),
		.to = row_text(rows, 0, TO_JID),
	};
	marks_to_row((int32_t)row_int(rows, 0, MARKS), &row);
	return row;
}
