// SPDX-License-Identifier: Apache-2.0
#include "store/message_row.h"

#include <endian.h>

#define COLUMN(name, element, member)                                                              \
	{                                                                                          \
		name, element, offsetof(struct message_row, member)                                \
	}

const struct message_column message_columns[MESSAGE_COLUMNS] = {
	COLUMN("conv", OF_INT8, conv),
	COLUMN("sent_at", OF_TIMESTAMPTZ, sent_at),
	COLUMN("key", OF_INT8, key),
	COLUMN("n", OF_INT4, n),
	COLUMN("realm", OF_INT4, realm),
	COLUMN("from_jid", OF_INT8, from_jid),
	COLUMN("to_jid", OF_INT8, to_jid),
	COLUMN("id", OF_TEXT, id),
	COLUMN("from_resource", OF_TEXT, from_resource),
	COLUMN("nick", OF_TEXT, nick),
	COLUMN("type", OF_INT2, type),
	COLUMN("class", OF_INT2, class_),
	COLUMN("state", OF_INT2, state),
	COLUMN("flags", OF_INT4, flags),
	COLUMN("digest", OF_INT8, digest),
	COLUMN("last_at", OF_TIMESTAMPTZ, last_at),
	COLUMN("composed_at", OF_TIMESTAMPTZ, composed_at),
	COLUMN("accepted_at", OF_TIMESTAMPTZ, accepted_at),
	COLUMN("stored_at", OF_TIMESTAMPTZ, stored_at),
	COLUMN("routed_at", OF_TIMESTAMPTZ, routed_at),
	COLUMN("delivered_at", OF_TIMESTAMPTZ, delivered_at),
	COLUMN("delivered_via", OF_INT2, delivered_via),
	COLUMN("displayed_at", OF_TIMESTAMPTZ, displayed_at),
	COLUMN("displayed_via", OF_INT2, displayed_via),
	COLUMN("upto_delivered_at", OF_TIMESTAMPTZ, upto_delivered_at),
	COLUMN("upto_displayed_at", OF_TIMESTAMPTZ, upto_displayed_at),
	COLUMN("failed_at", OF_TIMESTAMPTZ, failed_at),
	COLUMN("error", OF_TEXT, error),
	COLUMN("retracted_at", OF_TIMESTAMPTZ, retracted_at),
	COLUMN("corrects", OF_TEXT, corrects),
	COLUMN("resends", OF_INT4, resends),
	COLUMN("acks", OF_INT4, acks),
	COLUMN("acks_dup", OF_INT4, acks_dup),
	COLUMN("marks", OF_INT2, marks),
	COLUMN("source", OF_INT4, source),
	COLUMN("thread", OF_INT8, thread),
	COLUMN("receipt_first", OF_TIMESTAMPTZ, receipt_first),
	COLUMN("receipt_last", OF_TIMESTAMPTZ, receipt_last),
	COLUMN("receipt_own", OF_TEXT, receipt_own),
	COLUMN("marker_first", OF_TIMESTAMPTZ, marker_first),
	COLUMN("marker_last", OF_TIMESTAMPTZ, marker_last),
	COLUMN("marker_own", OF_TEXT, marker_own),
	COLUMN("ack_resource", OF_TEXT, ack_resource),
	COLUMN("receipt_pos", OF_INT8, receipt_pos),
	COLUMN("marker_pos", OF_INT8, marker_pos),
	COLUMN("sent_pos", OF_INT8, sent_pos),
	COLUMN("delivered_pos", OF_INT8, delivered_pos),
	COLUMN("displayed_pos", OF_INT8, displayed_pos),
	COLUMN("failed_pos", OF_INT8, failed_pos),
	COLUMN("body_bytes", OF_INT4, body_bytes),
	COLUMN("facts", OF_BYTEA, facts),
	COLUMN("reaction_at", OF_TIMESTAMPTZ, reaction_at),
	COLUMN("reply_at", OF_TIMESTAMPTZ, reply_at),
	COLUMN("mds_at", OF_TIMESTAMPTZ, mds_at),
	COLUMN("read_inferred_at", OF_TIMESTAMPTZ, read_inferred_at),
	COLUMN("read_via", OF_INT2, read_via),
	COLUMN("response_ms", OF_INT8, response_ms),
	COLUMN("device", OF_INT8, device),
	COLUMN("tie", OF_BYTEA, tie),
	COLUMN("commit", OF_INT8, commit),
	COLUMN("body", OF_TEXT, body),
};

// --- values ---

#define YEAR_1 (INT64_C(-62135596800) * USEC_PER_SEC)
#define YEAR_10000 (INT64_C(253402300800) * USEC_PER_SEC)

usec_t usec_bounded(usec_t at)
{
	if (at == USEC_NONE)
		return at;
	return at < YEAR_1 ? YEAR_1 : at >= YEAR_10000 ? YEAR_10000 - 1 : at;
}

// Length of the UTF-8 sequence at p. 0: there is none; overlong forms, surrogates, NUL are none.
static size_t utf8_length(const unsigned char *p, size_t left)
{
	if (p[0] < 0x80)
		return p[0] != 0;
	size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || n > left)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	bool bad = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
		   (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f);
	return bad ? 0 : n;
}

// Eight bytes of plain ASCII without NUL.
static bool is_plain(const char *p)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	uint64_t bytes;
	memcpy(&bytes, p, sizeof bytes);
	return !((bytes | (bytes - ones)) & tops);
}

static size_t good_prefix(struct text text)
{
	size_t at = 0;
	while (at < text.n) {
		if (text.n - at >= 8 && is_plain(text.p + at)) {
			at += 8;
			continue;
		}
		size_t n = utf8_length((const unsigned char *)text.p + at, text.n - at);
		if (n == 0)
			break;
		at += n;
	}
	return at;
}

bool put_safe(struct fields *fields, struct text text)
{
	size_t good = text.p ? good_prefix(text) : 0;
	if (!text.p || good == text.n) {
		put_bytea(fields, text); // text and bytea have one form; it holds no NUL
		return true;
	}
	struct buf fixed = {0};
	while (text.n) {
		good = good_prefix(text);
		buf_add(&fixed, text.p, good);
		if (good == text.n)
			break;
		buf_zstr(&fixed, "\xef\xbf\xbd");
		text = (struct text){text.p + good + 1, text.n - good - 1};
	}
	put_bytea(fields, buf_view(&fixed));
	buf_free(&fixed);
	return false;
}

bool message_put(struct fields *fields, const struct message_column *column,
		 const struct message_row *row)
{
	const char *at = (const char *)row + column->offset;
	switch (column->element) {
	case OF_INT2:
		put_int2(fields, *(const int32_t *)(const void *)at);
		return true;
	case OF_INT4:
		put_int4(fields, *(const int32_t *)(const void *)at);
		return true;
	case OF_INT8:
		put_int8(fields, *(const int64_t *)(const void *)at);
		return true;
	case OF_TIMESTAMPTZ:
		put_usec(fields, usec_bounded(*(const usec_t *)(const void *)at));
		return true;
	case OF_BYTEA:
		put_bytea(fields, *(const struct text *)(const void *)at);
		return true;
	default:
		return put_safe(fields, *(const struct text *)(const void *)at);
	}
}

// --- all columns: numbers are put without a call and without asking for room for each

enum { NUMBER_BYTES = 12 }; // length and value

static char *put_8(char *out, int64_t value)
{
	const struct {
		uint32_t length, high, low;
	} bytes = {htobe32(8), htobe32((uint32_t)((uint64_t)value >> 32)),
		   htobe32((uint32_t)value)};
	memcpy(out, &bytes, sizeof bytes);
	return out + sizeof bytes;
}

static char *put_4(char *out, int32_t value)
{
	const uint32_t bytes[] = {htobe32(4), htobe32((uint32_t)value)};
	memcpy(out, bytes, sizeof bytes);
	return out + sizeof bytes;
}

static char *put_2(char *out, int32_t value)
{
	const uint32_t length = htobe32(2);
	const uint16_t number = htobe16((uint16_t)value);
	memcpy(out, &length, sizeof length);
	memcpy(out + sizeof length, &number, sizeof number);
	return out + sizeof length + sizeof number;
}

static char *put_time(char *out, usec_t at)
{
	if (at != USEC_NONE)
		return put_8(out, usec_bounded(at) - PG_EPOCH);
	memset(out, 0xff, sizeof(uint32_t));
	return out + sizeof(uint32_t);
}

// NULL: it is no number.
static char *put_number(char *out, enum element element, const void *at)
{
	switch (element) {
	case OF_INT2:
		return put_2(out, *(const int32_t *)at);
	case OF_INT4:
		return put_4(out, *(const int32_t *)at);
	case OF_INT8:
		return put_8(out, *(const int64_t *)at);
	case OF_TIMESTAMPTZ:
		return put_time(out, *(const usec_t *)at);
	default:
		return NULL;
	}
}

size_t message_put_all(struct fields *fields, const struct message_row *row)
{
	struct buf *bytes = &fields->bytes;
	size_t changed = 0;
	buf_reserve(bytes, NUMBER_BYTES * MESSAGE_COLUMNS);
	for (size_t c = 0; c < MESSAGE_COLUMNS; c++) {
		const struct message_column *column = &message_columns[c];
		char *end = put_number(bytes->data + bytes->len, column->element,
				       (const char *)row + column->offset);
		if (end) {
			bytes->len = (size_t)(end - bytes->data);
			fields->count++;
			continue;
		}
		changed += !message_put(fields, column, row);
		buf_reserve(bytes, NUMBER_BYTES * (MESSAGE_COLUMNS - c));
	}
	bytes->data[bytes->len] = '\0';
	return changed;
}

void message_read_column(const struct rows *rows, int at, int place,
			 const struct message_column *column, struct message_row *row)
{
	void *member = (char *)row + column->offset;
	switch (column->element) {
	case OF_INT2:
	case OF_INT4:
		*(int32_t *)member = (int32_t)row_int(rows, at, place);
		break;
	case OF_INT8:
		*(int64_t *)member = row_int(rows, at, place);
		break;
	case OF_TIMESTAMPTZ:
		*(usec_t *)member = row_usec(rows, at, place);
		break;
	default:
		*(struct text *)member = row_text(rows, at, place);
	}
}

void message_read(const struct rows *rows, int at, struct message_row *row)
{
	*row = (struct message_row){0};
	for (int i = 0; i < MESSAGE_READ_COLUMNS; i++)
		message_read_column(rows, at, i, &message_columns[i], row);
}

// --- rows of pairing ---

static const struct evidence no_ack = {.first = USEC_NONE, .last = USEC_NONE};

int32_t marks_of_row(const struct row *row)
{
	return (row->skew_clamped ? MARK_SKEW : 0) | (row->direct ? MARK_DIRECT : 0) |
	       (row->has_findings ? MARK_FINDINGS : 0) | (row->has_error ? MARK_ERROR : 0) |
	       (row->has_marker ? MARK_MARKER : 0) | (row->counts_acks ? MARK_COUNTS : 0) |
	       (row->complex ? MARK_COMPLEX : 0) |
	       (row->delivered_over_jump ? MARK_DELIVERED_JUMP : 0) |
	       (row->displayed_over_jump ? MARK_DISPLAYED_JUMP : 0);
}

static void acks_from_row(const struct row *row, struct message_row *flat)
{
	const struct evidence *receipt = row->receipt ? row->receipt : &no_ack;
	const struct evidence *marker = row->marker ? row->marker : &no_ack;
	flat->receipt_first = receipt->first;
	flat->receipt_last = receipt->last;
	flat->receipt_own = receipt->own_id;
	flat->receipt_pos = receipt->position;
	flat->marker_first = marker->first;
	flat->marker_last = marker->last;
	flat->marker_own = marker->own_id;
	flat->marker_pos = marker->position;
	flat->ack_resource = row->receipt ? receipt->by_resource : marker->by_resource;
}

void message_from_row(const struct row *row, struct message_row *flat)
{
	*flat = (struct message_row){
		.conv = row->conv,
		.key = row->key,
		.sent_at = row->sent_at,
		.n = row->n,
		.id = row->id,
		.from_resource = row->from_resource,
		.nick = row->nick,
		.type = (int32_t)row->type,
		.class_ = (int32_t)row->class_,
		.state = (int32_t)row->state,
		.flags = (int32_t)row->flags,
		.digest = row->digest,
		.last_at = row->last_at == USEC_NONE ? row->sent_at : row->last_at,
		.composed_at = row->composed_at,
		.accepted_at = row->accepted_at,
		.stored_at = row->stored_at,
		.routed_at = row->routed_at,
		.delivered_at = row->delivered_at,
		.displayed_at = row->displayed_at,
		.upto_delivered_at = row->upto_delivered_at,
		.upto_displayed_at = row->upto_displayed_at,
		.delivered_via = (int32_t)row->delivered_via,
		.displayed_via = (int32_t)row->displayed_via,
		.failed_at = row->failed_at,
		.retracted_at = row->retracted_at,
		.error = row->error,
		.corrects = row->corrects,
		.resends = row->resends,
		.acks = row->acks,
		.acks_dup = row->acks_dup,
		.marks = marks_of_row(row),
		.source = row->source,
		.thread = row->thread,
		.sent_pos = row->sent_pos,
		.delivered_pos = row->delivered_pos,
		.displayed_pos = row->displayed_pos,
		.failed_pos = row->failed_pos,
		.body_bytes = row->body_bytes,
		.facts = row->facts,
		.reaction_at = row->reaction_at,
		.reply_at = row->reply_at,
		.mds_at = row->mds_at,
		.read_inferred_at = row->read_inferred_at,
		.read_via = (int32_t)row->read_via,
		.response_ms = row->response_ms,
		.device = row->device,
		.tie = row->tie,
		.body = row->body,
	};
	acks_from_row(row, flat);
}

static void acks_to_row(const struct message_row *flat, struct plain_acks *acks, struct row *row)
{
	*acks = (struct plain_acks){
		.receipt = {.kind = EV_RECEIPT,
			    .by_resource = flat->ack_resource,
			    .own_id = flat->receipt_own,
			    .first = flat->receipt_first,
			    .last = flat->receipt_last,
			    .position = flat->receipt_pos,
			    .n = flat->n},
		.marker = {.kind = EV_MARK_DISPLAYED,
			   .by_resource = flat->ack_resource,
			   .own_id = flat->marker_own,
			   .first = flat->marker_first,
			   .last = flat->marker_last,
			   .position = flat->marker_pos,
			   .n = flat->n},
	};
	row->receipt = flat->receipt_first == USEC_NONE ? NULL : &acks->receipt;
	row->marker = flat->marker_first == USEC_NONE ? NULL : &acks->marker;
}

void marks_to_row(int32_t marks, struct row *row)
{
	row->skew_clamped = marks & MARK_SKEW;
	row->direct = marks & MARK_DIRECT;
	row->delivered_over_jump = marks & MARK_DELIVERED_JUMP;
	row->displayed_over_jump = marks & MARK_DISPLAYED_JUMP;
	row->has_findings = marks & MARK_FINDINGS;
	row->has_error = marks & MARK_ERROR;
	row->has_marker = marks & MARK_MARKER;
	row->counts_acks = marks & MARK_COUNTS;
	row->complex = marks & MARK_COMPLEX;
}

void message_to_row(const struct message_row *flat, struct text from, struct text to,
		    struct plain_acks *acks, struct row *row)
{
	*row = (struct row){
		.conv = flat->conv,
		.key = flat->key,
		.sent_at = flat->sent_at,
		.n = flat->n,
		.from = from,
		.to = to,
		.id = flat->id,
		.from_resource = flat->from_resource,
		.nick = flat->nick,
		.type = (enum message_type)flat->type,
		.class_ = (enum message_class)flat->class_,
		.state = (enum message_state)flat->state,
		.flags = (unsigned)flat->flags,
		.digest = flat->digest,
		.last_at = flat->last_at,
		.composed_at = flat->composed_at,
		.accepted_at = flat->accepted_at,
		.stored_at = flat->stored_at,
		.routed_at = flat->routed_at,
		.delivered_at = flat->delivered_at,
		.displayed_at = flat->displayed_at,
		.upto_delivered_at = flat->upto_delivered_at,
		.upto_displayed_at = flat->upto_displayed_at,
		.delivered_via = (enum via)flat->delivered_via,
		.displayed_via = (enum via)flat->displayed_via,
		.failed_at = flat->failed_at,
		.retracted_at = flat->retracted_at,
		.error = flat->error,
		.corrects = flat->corrects,
		.resends = flat->resends,
		.acks = flat->acks,
		.acks_dup = flat->acks_dup,
		.source = flat->source,
		.thread = flat->thread,
		.sent_pos = flat->sent_pos,
		.delivered_pos = flat->delivered_pos,
		.displayed_pos = flat->displayed_pos,
		.failed_pos = flat->failed_pos,
		.body_bytes = flat->body_bytes,
		.facts = flat->facts,
		.reaction_at = flat->reaction_at,
		.reply_at = flat->reply_at,
		.mds_at = flat->mds_at,
		.read_inferred_at = flat->read_inferred_at,
		.read_via = (enum via)flat->read_via,
		.response_ms = flat->response_ms,
		.device = flat->device,
		.tie = flat->tie,
		.body = flat->body,
	};
	marks_to_row(flat->marks, row);
	acks_to_row(flat, acks, row);
}
