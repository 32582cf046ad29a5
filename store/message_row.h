// SPDX-License-Identifier: Apache-2.0
// Inside of store/: a row of the message table as flat columns. One table of columns serves COPY,
// UPDATE and reading, so that the three cannot drift apart.
#ifndef STORE_MESSAGE_ROW_H
#define STORE_MESSAGE_ROW_H

#include "store/internal.h"

struct message_row {
	int64_t conv, key;
	usec_t sent_at;
	int32_t n, realm;
	int64_t from_jid, to_jid;
	struct text id, from_resource, nick;
	int32_t type, class_, state, flags;
	int64_t digest;
	usec_t last_at, composed_at, accepted_at, stored_at, routed_at;
	usec_t delivered_at, displayed_at, upto_delivered_at, upto_displayed_at;
	int32_t delivered_via, displayed_via;
	usec_t failed_at, retracted_at;
	struct text error, corrects;
	int32_t resends, acks, acks_dup, marks, source;
	int64_t thread;
	usec_t receipt_first, receipt_last, marker_first, marker_last;
	struct text receipt_own, marker_own, ack_resource;
	int64_t receipt_pos, marker_pos, sent_pos, delivered_pos, displayed_pos, failed_pos;
	int32_t body_bytes;
	struct text facts;
	usec_t reaction_at, reply_at, mds_at, read_inferred_at;
	int32_t read_via;
	int64_t response_ms, device;
	struct text tie;
	int64_t commit;
	struct text body;
};

enum mark_bits { // message.marks
	MARK_SKEW = 1,
	MARK_DIRECT = 2,
	MARK_FINDINGS = 4,
	MARK_ERROR = 8,
	MARK_COUNTS = 16,
	MARK_COMPLEX = 32,
	MARK_MARKER = 64,
	MARK_DELIVERED_JUMP = 128, // F48
	MARK_DISPLAYED_JUMP = 256
};

// Columns in the order of copy_message.sql, of the arrays of message_update.sql and of every SELECT
// that gives message rows; the last two (commit, body) are written only. An UPDATE of a batch leaves
// the settled ones (read_inferred_at, read_via, response_ms) as they are.
// The body is the last: it is written once, with the row.
enum { MESSAGE_COLUMNS = 61, MESSAGE_UPDATE_COLUMNS = 60, MESSAGE_READ_COLUMNS = 59 };

struct message_column {
	const char *name;
	enum element element;
	size_t offset; // in struct message_row
};
extern const struct message_column message_columns[MESSAGE_COLUMNS];

// Puts one column. False when a text had to be changed to be storable (F98).
bool message_put(struct fields *fields, const struct message_column *column,
		 const struct message_row *row);
// All of them, for COPY: how many texts had to be changed.
size_t message_put_all(struct fields *fields, const struct message_row *row);
void message_read(const struct rows *rows, int at, struct message_row *row);
// One of them, which stands at this place of the result.
void message_read_column(const struct rows *rows, int at, int place,
			 const struct message_column *column, struct message_row *row);

// From and to what pairing knows. Hashes of JIDs, realm and commit are the caller's.
void message_from_row(const struct row *row, struct message_row *flat);

int32_t marks_of_row(const struct row *row); // enum mark_bits
void marks_to_row(int32_t marks, struct row *row);

struct plain_acks { // where the evidence of a plain row lives
	struct evidence receipt, marker;
};
void message_to_row(const struct message_row *flat, struct text from, struct text to,
		    struct plain_acks *acks, struct row *row);

// --- what PostgreSQL would refuse (F98) is made storable: a batch is never lost for it ---

// NUL bytes and what is not UTF-8 become U+FFFD. True when nothing had to be changed.
bool put_safe(struct fields *fields, struct text text);
// Times are kept within the years 1..9999.
usec_t usec_bounded(usec_t at);

// --- counted_row.c ---
// The columns of store/sql/part/counted_columns.sql; texts are the result's. Other members are as of a
// row of which nothing is known.
enum { COUNTED_COLUMNS = 32 };
struct row counted_row_read(const struct rows *rows);

#endif
