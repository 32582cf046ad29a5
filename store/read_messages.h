// SPDX-License-Identifier: Apache-2.0
// Inside of store/: messages on their way to whoever asked, shared by pages and the export
// (read_messages.c), streams of any length (read_stream.c) and one message (read_message.c).
#ifndef STORE_READ_MESSAGES_H
#define STORE_READ_MESSAGES_H

#include "store/message_row.h"
#include "store/read.h"

enum { // columns after those of the row
	COL_FROM = MESSAGE_READ_COLUMNS,
	COL_TO,
	COL_BODY,
	COL_N,
	COL_DEVICE,
	COL_DELIVERED,
	COL_DISPLAYED,
	COL_READER,
	COL_READ,
	COL_RECEIVED
};

#define FIRST_YEAR (INT64_C(-62135596800) * USEC_PER_SEC)
#define LAST_YEAR (INT64_C(253402300800) * USEC_PER_SEC)

struct message_stream {
	struct store *store;
	const struct message_filter *filter;
	void *self;
	bool (*each)(void *self, const struct message *message);
	struct arena *arena; // of one message
	struct known_realms realms;
	usec_t now;
	struct fields convs; // conversations that can hold what is asked for
	bool has_convs, is_pair;
	bool is_alone;        // only one of them is there,
	int64_t alone;        // and this is it,
	struct fields others; // if it still is so of these,
	bool joined;          // and it was not: nothing was given
	usec_t *skipped;      // days on which none of them has anything, in order; see open_days
	size_t skipped_count;
	usec_t lists_from;       // the first day that this is about
	bool stale;              // it did not hold any more: nothing was given
	bool looked_again;       // that was so once
	int64_t least;           // a page with fewer rows is not given, see message_page
	struct honesty *honesty; // still to be asked for; NULL: it was, or nobody wants it
	struct fields devices, day_devices, device_days; // of the software that is asked for
	int64_t given;
	usec_t last_at; // sent_at of the last one given
	bool stopped;
};

// store, filter, self and each are set, all else is zero; close in any case.
bool message_stream_open(struct message_stream *stream, struct err *err);
void message_stream_close(struct message_stream *stream);

// Those sent in since..until that pass, in the order of cursors.
bool message_span(struct message_stream *stream, usec_t since, usec_t until, struct err *err);

// What is asked for stands in few conversations that are known: an index finds it.
bool is_of_convs(const struct message_stream *stream);
// It came with something else: rows of honesty.sql, when it was still to be asked for.
void message_honest(struct message_stream *stream, const struct rows *rows);
// Asks for the honesty of the answer when nothing else did on the way.
bool message_honesty(struct message_stream *stream, struct err *err);

// --- pages of conversations (read_conv.c) ---

// Finds out on which days they have nothing, where that spares more than it costs (day_cache.h).
bool open_days(struct message_stream *stream, struct err *err);
// The days of since..until that are left, as put_in_days or put_spans puts them.
typedef void put_days_fn(struct fields *params, const struct fields *lo, const struct fields *hi);
void put_held(struct fields *params, const struct message_stream *stream, usec_t since,
	      usec_t until, put_days_fn *put);
// message_span of conversations.
bool conv_span(struct message_stream *stream, usec_t since, usec_t until, struct err *err);

// Parameters of messages_page: $1 to $20, and $21 to $24.
void put_filter(struct fields *params, const struct message_stream *stream, usec_t since,
		usec_t until);
void put_after(struct fields *params, const struct message_filter *filter);
struct pairing *stream_hashes(const struct known_realms *realms, struct text realm);
void put_jid_id(struct fields *params, const struct pairing *pairing, struct text jid);

static inline usec_t later(usec_t a, usec_t b)
{
	return a > b ? a : b;
}

static inline usec_t earlier(usec_t a, usec_t b)
{
	return a < b ? a : b;
}

// self: a stream. One row of messages_page, or of a statement with the same columns.
bool message_take(void *self, const struct rows *rows);

struct array_place { // three arrays side by side; rows NULL: nothing
	const struct rows *rows;
	int row, column;
};

struct row_details { // what only some rows have
	struct array_place devices, readers;
	const struct device_time *device_list; // in the place of "devices"
	size_t device_count;
	int column; // of sender, recipient and body in the row itself
	int32_t n;  // M4
};

// The same of a row whose details stand elsewhere. False: nobody wants more.
bool message_take_row(struct message_stream *stream, const struct rows *rows, int at,
		      const struct message_row *flat, const struct row_details *details);
static inline bool wants_whole(const struct message_filter *filter)
{
	return filter->whole && !filter->newest_first;
}

// --- devices of rows of a page (read_devices.c) ---

struct wanted_row {
	int64_t conv, key;
	int32_t n;
	usec_t sent_at;
	struct row_details *details;
};
// Gives their details devices out of rows of page_devices, which live as long as these and the arena. Sorts the rows.
void give_devices(struct arena *arena, struct wanted_row *rows, size_t count,
		  const struct rows *evidence);

// Some rows in one answer: sends "name" with these parameters, then asks for the details of those rows that have some
// (read_page.c). Nothing is given when there are fewer than "least", or when a day that was passed over may hold
// something by now ("stale").
bool message_page(struct message_stream *stream, const char *name, const struct fields *params,
		  struct err *err);

// The columns of part/shown_columns, for statements that leave out what is never shown (shown_row.c).
enum { SHOWN_COLUMNS = 33 };
extern const char *const shown_columns[SHOWN_COLUMNS];
void shown_places(int places[SHOWN_COLUMNS]); // of each among message_columns
void shown_blank(struct message_row *row);    // nothing is known
// Reads them into a blank row, from results of which they are the first columns.
void shown_read(const struct rows *rows, int at, const int places[SHOWN_COLUMNS],
		struct message_row *row);

// What tells apart as metrics do (read_narrow.c). narrow_close in any case.
bool narrow_open(struct message_stream *stream, struct err *err);
void narrow_close(struct message_stream *stream);
bool is_narrowed(const struct message_narrow *narrow);
void put_narrow(struct fields *params, const struct message_stream *stream);

#endif
