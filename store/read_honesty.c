// SPDX-License-Identifier: Apache-2.0
// What an answer stands on (honesty.sql). A live source is complete up to the last look at its end, less the time its
// writer may be late; while its end is not reached, up to its newest record. A finished import does not count, unless
// there is nothing else.
#include "store/read.h"

#include <stdlib.h>

enum { COL_WHAT, COL_READER, COL_AT, COL_AT_END, COL_NUMBER };
enum what { FOLLOWED, READ, GAPS, QUARANTINED, COMMIT };

struct reader { // what it has read so far
	int64_t id;
	usec_t last_at; // USEC_NONE = no record has a time
	bool at_end;
};

struct readers {
	struct reader *items; // by id
	size_t count;
};

static int by_id(const void *a, const void *b)
{
	const struct reader *x = a, *y = b;
	return (x->id > y->id) - (x->id < y->id);
}

static void take_readers(const struct rows *rows, struct readers *readers)
{
	readers->items = xcalloc((size_t)rows->count + 1, sizeof *readers->items);
	for (int i = 0; i < rows->count; i++)
		if (row_int(rows, i, COL_WHAT) == READ)
			readers->items[readers->count++] = (struct reader){
				row_int(rows, i, COL_READER), row_usec(rows, i, COL_AT),
				row_bool(rows, i, COL_AT_END)};
	qsort(readers->items, readers->count, sizeof *readers->items, by_id);
}

static usec_t newest_of(const struct readers *readers)
{
	usec_t newest = USEC_NONE;
	for (size_t i = 0; i < readers->count; i++) {
		usec_t at = readers->items[i].last_at;
		if (at != USEC_NONE && (newest == USEC_NONE || at > newest))
			newest = at;
	}
	return newest;
}

// Up to when a followed source is complete; USEC_NONE = not known.
static usec_t complete_of(const struct rows *rows, int row, const struct readers *readers)
{
	const struct reader like = {.id = row_int(rows, row, COL_READER)};
	const struct reader *reader =
		readers->count ? bsearch(&like, readers->items, readers->count, sizeof like, by_id)
			       : NULL;
	usec_t at = !reader || reader->at_end ? row_usec(rows, row, COL_AT) : reader->last_at;
	return at == USEC_NONE ? USEC_NONE : at - row_int(rows, row, COL_NUMBER);
}

// The least of those that are followed; unknown when one of them is.
static usec_t complete_until(const struct rows *rows, const struct readers *readers)
{
	usec_t least = USEC_NONE;
	size_t followed = 0;
	for (int i = 0; i < rows->count; i++) {
		if (row_int(rows, i, COL_WHAT) != FOLLOWED)
			continue;
		usec_t at = complete_of(rows, i, readers);
		if (at == USEC_NONE)
			return USEC_NONE;
		if (followed++ == 0 || at < least)
			least = at;
	}
	return followed ? least : newest_of(readers);
}

static int64_t sum_of(const struct rows *rows, enum what what)
{
	int64_t sum = 0;
	for (int i = 0; i < rows->count; i++)
		if (row_int(rows, i, COL_WHAT) == (int64_t)what)
			sum += row_int(rows, i, COL_NUMBER);
	return sum;
}

void honesty_read(const struct rows *rows, struct honesty *honesty)
{
	struct readers readers = {0};
	take_readers(rows, &readers);
	*honesty = (struct honesty){
		.complete_until = complete_until(rows, &readers),
		.newest = newest_of(&readers),
		.open_gaps = sum_of(rows, GAPS),
		.quarantined = sum_of(rows, QUARANTINED),
		.commit = sum_of(rows, COMMIT),
	};
	free(readers.items);
}

bool store_honesty(struct store *store, int32_t realm, usec_t since, usec_t until,
		   struct honesty *honesty, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_span(&params, realm, since, until);
	if (!sql_run(store, "honesty", &params, &rows, err))
		return false;
	honesty_read(&rows, honesty);
	return true;
}
