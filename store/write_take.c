// SPDX-License-Identifier: Apache-2.0
// Rows of what is loaded beside a batch (write_load.c), as pairing takes them in.
#include "store/write.h"

enum { FROM_COLUMN = MESSAGE_READ_COLUMNS, TO_COLUMN };

bool plan_take_row(void *self, const struct rows *rows)
{
	struct plan *plan = self;
	struct message_row flat;
	struct plain_acks acks;
	struct row row;

	message_read(rows, 0, &flat);
	message_to_row(&flat, row_text(rows, 0, FROM_COLUMN), row_text(rows, 0, TO_COLUMN), &acks,
		       &row);
	pairing_load_row(plan->batch->pairing, &row);
	if (!row.complex && row.id.p)
		*map_put(&plan->plain, row.key) = plan;
	return true;
}

// Its five columns, mark_tie the last; tie: the ack's own.
static struct room_mark read_mark(const struct rows *rows, int column, struct text tie)
{
	int64_t bits = row_int(rows, 0, column + 3);
	return (struct room_mark){
		.device = row_int(rows, 0, column),
		.at = row_usec(rows, 0, column + 1),
		.target = row_usec(rows, 0, column + 2),
		.ingress = bits & MARK_INGRESS,
		.backward = bits & MARK_BACKWARD,
		.tie = bits & MARK_OWN_TIE ? tie : row_text(rows, 0, column + 4),
	};
}

bool plan_take_mark(void *self, const struct rows *rows)
{
	struct plan *plan = self;
	pairing_load_mark(plan->batch->pairing,
			  &(struct stored_mark){row_int(rows, 0, 0), row_int(rows, 0, 1),
						read_mark(rows, 2, row_text(rows, 0, 7))});
	return true;
}

// Columns of load_acks.sql and load_orphans.sql.
bool plan_take_ack(void *self, const struct rows *rows)
{
	struct plan *plan = self;
	struct upload_leg upload = {.real = row_text(rows, 0, 25)};
	struct room_mark mark = read_mark(rows, 28, row_text(rows, 0, 27));
	struct stored_evidence it = {
		.conv = row_int(rows, 0, 0),
		.key = row_int(rows, 0, 1),
		.by = row_text(rows, 0, 2),
		.to = row_text(rows, 0, 3),
		.ref = row_text(rows, 0, 4),
		.about = row_int(rows, 0, 5),
		.about_self = row_int(rows, 0, 6),
		.evidence =
			{
				.kind = (enum evidence_kind)row_int(rows, 0, 7),
				.by_resource = row_text(rows, 0, 8),
				.own_id = row_text(rows, 0, 9),
				.first = row_usec(rows, 0, 10),
				.last = row_usec(rows, 0, 11),
				.thread = row_int(rows, 0, 12),
				.condition = row_text(rows, 0, 13),
				.position = row_int(rows, 0, 14),
				.borrowed = row_bool(rows, 0, 15),
				.class_ = (enum evidence_class)row_int(rows, 0, 16),
				.n = (int32_t)row_int(rows, 0, 17),
				.lent_conv = row_int(rows, 0, 18),
				.lent_key = row_int(rows, 0, 19),
				.leg = (enum leg)row_int(rows, 0, 20),
				.sig = row_int(rows, 0, 21),
				.seen = (unsigned)row_int(rows, 0, 22) &
					(SEEN_INGRESS | SEEN_EGRESS),
				.via = (int16_t)row_int(rows, 0, 23),
				.named = row_text(rows, 0, 24),
				.upload = &upload,
				.out_at = row_usec(rows, 0, 26),
				.tie = row_text(rows, 0, 27),
				.mark = &mark,
			},
	};
	if (it.evidence.borrowed || it.evidence.leg == LEG_UPLOAD)
		it.evidence.by = it.by;
	pairing_load_evidence(plan->batch->pairing, &it);
	*VEC_ADD(&plan->stored) = (struct place){it.conv,
						 it.key,
						 it.evidence.first,
						 (int16_t)it.evidence.kind,
						 (int16_t)it.evidence.class_,
						 it.evidence.n};
	return true;
}

bool plan_take_sent(void *self, const struct rows *rows)
{
	struct plan *plan = self;
	struct sent sent = {
		.hash = row_int(rows, 0, 0),
		.what = (enum sent_what)row_int(rows, 0, 1),
		.conv = row_int(rows, 0, 2),
		.key = row_int(rows, 0, 3),
		.at = row_usec(rows, 0, 4),
		.from = row_text(rows, 0, 5),
		.to = row_text(rows, 0, 6),
	};
	pairing_load_sent(plan->batch->pairing, &sent);
	return true;
}
