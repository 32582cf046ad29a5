// SPDX-License-Identifier: Apache-2.0
// All messages that pass, however many: a snapshot is read piece by piece of time. Each piece is sorted
// by the server alone, the first rows come at once, and between two pieces it is asked whether anybody
// still wants them. A piece is made as long as gives some ten thousand rows, a day at most; what lies
// before and after all days (wrong clocks) is a piece each.
#include "store/read_messages.h"

enum { ROWS_FEW = 10000, ROWS_MANY = 60000 };

#define FIRST_WIDTH (900 * USEC_PER_SEC)
#define WIDTH_LEAST (60 * USEC_PER_SEC)

struct range_of_time {
	usec_t since, until;
};

static struct range_of_time overlap(struct range_of_time a, struct range_of_time b)
{
	return (struct range_of_time){a.since > b.since ? a.since : b.since,
				      a.until < b.until ? a.until : b.until};
}

enum { BEFORE, DAYS, AFTER, RANGES };

// Where nothing can be need not be looked at.
static bool find_ranges(struct message_stream *stream, struct range_of_time ranges[RANGES],
			struct err *err)
{
	const struct message_filter *filter = stream->filter;
	ROWS_AUTO rows = {0};
	if (!sql_run(stream->store, "message_days", NULL, &rows, err))
		return false;
	usec_t first = row_usec(&rows, 0, 0), last = row_usec(&rows, 0, 1);
	struct range_of_time asked = {filter->since,
				      filter->until == USEC_NONE ? LAST_YEAR : filter->until};
	struct range_of_time rest = {row_usec(&rows, 0, 2), row_usec(&rows, 0, 3)};
	if (first == USEC_NONE)
		first = last = rest.until; // no days: all is before them
	ranges[BEFORE] = overlap(asked, overlap(rest, (struct range_of_time){rest.since, first}));
	ranges[DAYS] = overlap(asked, (struct range_of_time){first, last});
	ranges[AFTER] = overlap(asked, overlap(rest, (struct range_of_time){last, rest.until}));
	return true;
}

static usec_t next_width(usec_t width, int64_t rows)
{
	if (rows < ROWS_FEW && width < USEC_PER_DAY)
		return width * 2 < USEC_PER_DAY ? width * 2 : USEC_PER_DAY;
	if (rows > ROWS_MANY && width > WIDTH_LEAST)
		return width / 2;
	return width;
}

static bool each_piece(struct message_stream *stream, struct range_of_time range, usec_t width,
		       struct err *err)
{
	bool back = stream->filter->newest_first;
	while (range.since < range.until && !stream->stopped) {
		struct range_of_time piece = range;
		int64_t before = stream->given;
		if (range.until - range.since > width) {
			if (back)
				piece.since = range.until - width;
			else
				piece.until = range.since + width;
		}
		if (!message_span(stream, piece.since, piece.until, err))
			return false;
		if (back)
			range.until = piece.since;
		else
			range.since = piece.until;
		width = next_width(width, stream->given - before);
	}
	return true;
}

static bool each_range(struct message_stream *stream, struct err *err)
{
	struct range_of_time ranges[RANGES];
	bool fine = find_ranges(stream, ranges, err);
	for (int i = 0; fine && i < RANGES; i++) {
		int at = stream->filter->newest_first ? RANGES - 1 - i : i;
		usec_t width = at == DAYS ? FIRST_WIDTH : 0;
		if (width)
			fine = each_piece(stream, ranges[at], width, err);
		else if (ranges[at].since < ranges[at].until && !stream->stopped)
			fine = message_span(stream, ranges[at].since, ranges[at].until, err);
	}
	return fine;
}

bool store_messages_all(struct store *store, const struct message_filter *filter, void *self,
			bool (*each)(void *self, const struct message *message), struct err *err)
{
	struct message_filter all = *filter;
	struct message_stream stream = {.store = store, .filter = &all, .self = self, .each = each};
	all.limit = 0;
	all.has_after = false;
	bool fine = txn_begin(store, TXN_SNAPSHOT, err) && message_stream_open(&stream, err) &&
		    each_range(&stream, err);
	message_stream_close(&stream);
	txn_rollback(store);
	return fine;
}
