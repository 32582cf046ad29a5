// SPDX-License-Identifier: Apache-2.0
// A page of one conversation, or of who waits: its rows come in one answer, and what only some of them have (devices of several
// acknowledgements, readers of a room, numbers of messages without id) is asked for where there are such rows. In
// the statement of the page it would be made ready each time, which takes longer than most pages.
#include "store/day_cache.h"
#include "store/read_messages.h"

#include <stdlib.h>

struct page {
	struct message_stream *stream;
	struct rows rows, devices, readers, numbers;
	struct message_row *flat;
	int others; // column of sender, recipient and body
	struct row_details *details;
	struct arena *arena; // names of devices; NULL: none are asked for
};

static void page_free(struct page *page)
{
	rows_free(&page->rows);
	rows_free(&page->devices);
	rows_free(&page->readers);
	rows_free(&page->numbers);
	free(page->flat);
	free(page->details);
	arena_free(page->arena);
}

// --- which rows have what ---

static bool has_devices(const struct page *page, int i)
{
	return page->stream->filter->with_devices && page->flat[i].marks & MARK_COMPLEX &&
	       page->flat[i].class_ != CLASS_GROUP;
}

static bool has_readers(const struct page *page, int i)
{
	return page->stream->filter->with_devices && page->flat[i].class_ == CLASS_GROUP;
}

static bool has_number(const struct page *page, int i)
{
	return !page->flat[i].id.p;
}

// --- asking for it ---

struct keys { // of some rows
	struct fields conv, sent_at, key, n;
	struct fields sender, nick, thread, failed, realm; // readers
	int *places;                                       // in the page
	int count;
	usec_t first, last; // sent_at
};

static void keys_free(struct keys *keys)
{
	struct fields *all[] = {&keys->conv,   &keys->sent_at, &keys->key,
				&keys->n,      &keys->sender,  &keys->nick,
				&keys->thread, &keys->failed,  &keys->realm};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		fields_free(all[i]);
	free(keys->places);
}

static void add_key(struct keys *keys, const struct page *page, int i)
{
	const struct message_row *row = &page->flat[i];
	keys->first = keys->count ? earlier(keys->first, row->sent_at) : row->sent_at;
	keys->last = keys->count ? later(keys->last, row->sent_at) : row->sent_at;
	keys->places[keys->count++] = i;
	put_int8(&keys->conv, row->conv);
	put_usec(&keys->sent_at, row->sent_at);
	put_int8(&keys->key, row->key);
	put_int4(&keys->n, row->n);
	put_text(&keys->sender, row_text(&page->rows, i, page->others));
	put_text(&keys->nick, row->nick);
	put_int8(&keys->thread, row->thread);
	put_bool(&keys->failed, row->marks & MARK_ERROR);
	put_int4(&keys->realm, row->realm);
}

static void put_identities(struct fields *params, const struct keys *keys)
{
	put_array(params, OF_INT8, &keys->conv);
	put_array(params, OF_TIMESTAMPTZ, &keys->sent_at);
	put_array(params, OF_INT8, &keys->key);
	put_array(params, OF_INT4, &keys->n);
}

// Evidence may be stamped up to a day before its message.
static void ask_devices(struct fields *params, const struct page *page, const struct keys *keys)
{
	put_array(params, OF_INT8, &keys->conv);
	put_array(params, OF_INT8, &keys->key);
	put_held(params, page->stream, keys->first - USEC_PER_DAY, LAST_YEAR, put_spans);
}

static void ask_readers(struct fields *params, const struct page *page, const struct keys *keys)
{
	(void)page;
	put_identities(params, keys);
	put_array(params, OF_TEXT, &keys->sender);
	put_array(params, OF_TEXT, &keys->nick);
	put_array(params, OF_INT8, &keys->thread);
	put_array(params, OF_BOOL, &keys->failed);
	put_array(params, OF_INT4, &keys->realm);
}

static void ask_numbers(struct fields *params, const struct page *page, const struct keys *keys)
{
	put_identities(params, keys);
	put_held(params, page->stream, FIRST_YEAR, keys->last + 1, put_in_days);
}

// --- what came ---

static void take_devices(struct page *page, const struct keys *keys, const struct rows *rows)
{
	struct wanted_row *wanted = xcalloc((size_t)keys->count, sizeof *wanted);
	for (int i = 0; i < keys->count; i++) {
		const struct message_row *row = &page->flat[keys->places[i]];
		wanted[i] = (struct wanted_row){row->conv, row->key, row->n, row->sent_at,
						&page->details[keys->places[i]]};
	}
	page->arena = arena_new();
	give_devices(page->arena, wanted, (size_t)keys->count, rows);
	free(wanted);
}

// The details of the row that a row of the answer is of: WITH ORDINALITY counts from 1.
static struct row_details *details_of(struct page *page, const struct keys *keys,
				      const struct rows *rows, int row)
{
	int64_t place = row_int(rows, row, 0) - 1;
	return place >= 0 && place < keys->count ? &page->details[keys->places[place]] : NULL;
}

static void take_readers(struct page *page, const struct keys *keys, const struct rows *rows)
{
	for (int i = 0; i < rows->count; i++) {
		struct row_details *details = details_of(page, keys, rows, i);
		if (details)
			details->readers = (struct array_place){rows, i, 1};
	}
}

static void take_numbers(struct page *page, const struct keys *keys, const struct rows *rows)
{
	for (int i = 0; i < rows->count; i++) {
		struct row_details *details = details_of(page, keys, rows, i);
		if (details)
			details->n = (int32_t)row_int(rows, i, 1);
	}
}

// --- both ---

static const struct kind { // of details
	const char *statement;
	bool (*of)(const struct page *page, int i);
	void (*ask)(struct fields *params, const struct page *page, const struct keys *keys);
	void (*take)(struct page *page, const struct keys *keys, const struct rows *rows);
	size_t rows; // in struct page
} kinds[] = {
	{"page_devices", has_devices, ask_devices, take_devices, offsetof(struct page, devices)},
	{"page_readers", has_readers, ask_readers, take_readers, offsetof(struct page, readers)},
	{"page_numbers", has_number, ask_numbers, take_numbers, offsetof(struct page, numbers)},
};

// In the same trip, whether what is passed over may still be passed over.
static bool ask_and_look(struct message_stream *stream, const struct statement *asked, size_t count,
			 struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO now = {0};
	struct statement all[TOGETHER_MOST];
	put_date(&params, stream->lists_from);
	for (size_t i = 0; i < count; i++)
		all[i] = asked[i];
	all[count] = (struct statement){"day_list_now", &params, &now};
	bool look = stream->skipped_count > 0;
	if (!sql_together(stream->store, "plan_in_order", all, count + look, err))
		return false;
	stream->stale |= look && !day_cache_holds(stream->store->days, stream->lists_from, &now);
	return true;
}

static bool ask_for(struct page *page, const struct kind *kind, struct err *err)
{
	FIELDS_AUTO params = {0};
	__attribute__((cleanup(keys_free))) struct keys keys = {0};
	struct rows *rows = (struct rows *)((char *)page + kind->rows);
	keys.places = xcalloc((size_t)page->rows.count + 1, sizeof *keys.places);
	for (int i = 0; i < page->rows.count; i++)
		if (kind->of(page, i))
			add_key(&keys, page, i);
	if (!keys.count)
		return true;
	kind->ask(&params, page, &keys);
	const struct statement asked = {kind->statement, &params, rows};
	if (!ask_and_look(page->stream, &asked, 1, err))
		return false;
	kind->take(page, &keys, rows);
	return true;
}

// --- the page ---

static void read_rows(struct page *page)
{
	int places[SHOWN_COLUMNS];
	struct message_row blank;
	size_t count = (size_t)page->rows.count + 1;
	bool whole = wants_whole(page->stream->filter);
	shown_places(places);
	shown_blank(&blank);
	page->others = whole ? COL_FROM : SHOWN_COLUMNS;
	page->flat = xcalloc(count, sizeof *page->flat);
	page->details = xcalloc(count, sizeof *page->details);
	for (int i = 0; i < page->rows.count; i++) {
		page->flat[i] = blank;
		if (whole)
			message_read(&page->rows, i, &page->flat[i]);
		else
			shown_read(&page->rows, i, places, &page->flat[i]);
		page->details[i].n = page->flat[i].n;
		page->details[i].column = page->others;
	}
}

// The rows, in one trip with what the answer stands on, which is asked before them.
static bool ask_for_rows(struct page *page, const char *name, const struct fields *params,
			 struct err *err)
{
	struct message_stream *stream = page->stream;
	const struct message_filter *filter = stream->filter;
	FIELDS_AUTO span = {0};
	FIELDS_AUTO others = {0};
	ROWS_AUTO honesty = {0};
	ROWS_AUTO there = {0};
	struct statement all[3];
	size_t count = 0;
	put_span(&span, filter->realm, filter->since, filter->until);
	put_array(&others, OF_INT8, &stream->others);
	if (stream->honesty)
		all[count++] = (struct statement){"honesty", &span, &honesty};
	if (stream->is_alone && stream->others.count)
		all[count++] = (struct statement){"party_there", &others, &there};
	all[count++] = (struct statement){name, params, &page->rows};
	if (!ask_and_look(stream, all, count, err))
		return false;
	message_honest(stream, &honesty);
	stream->joined = there.count > 0;
	return true;
}

bool message_page(struct message_stream *stream, const char *name, const struct fields *params,
		  struct err *err)
{
	__attribute__((cleanup(page_free))) struct page page = {.stream = stream};
	if (!ask_for_rows(&page, name, params, err))
		return false;
	if (page.rows.count < stream->least || stream->joined)
		return true;
	read_rows(&page);
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds && !stream->stale; i++)
		if (!ask_for(&page, &kinds[i], err))
			return false;
	for (int i = 0; i < page.rows.count && !stream->stale; i++)
		if (!message_take_row(stream, &page.rows, i, &page.flat[i], &page.details[i]))
			break;
	return true;
}
