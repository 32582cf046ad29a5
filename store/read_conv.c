// SPDX-License-Identifier: Apache-2.0
// Pages of conversations that are known by name. Each day has an index of its own, and most conversations are silent on
// most days: so it is asked first which days these are (migration 0017), and only the others are opened. A batch may
// store there between the two, or move what a page shows of another day there: so with the rows it is asked whether
// the lists are still the same, and if not, all days are opened.
#include "store/read_messages.h"

#include <stdlib.h>

enum { CONVS_FEW = 8 };             // of so many the days are asked for
enum { HELD_CONV, HELD_DAY };       // columns of conv_days
#define DAYS_FEW (2 * USEC_PER_DAY) // to open these costs no more than the question

struct span {
	usec_t since, until; // half open, never USEC_NONE
};

// What can hold the page: said by values, so that a kept plan passes over all other days.
static struct span span_of(const struct message_filter *filter, usec_t since, usec_t until)
{
	struct span span = {since == USEC_NONE ? FIRST_YEAR : usec_bounded(since),
			    until == USEC_NONE ? LAST_YEAR : usec_bounded(until)};
	if (filter->has_after && filter->newest_first)
		span.until = earlier(span.until, usec_bounded(filter->after_at) + 1);
	else if (filter->has_after)
		span.since = later(span.since, usec_bounded(filter->after_at));
	return span;
}

// --- their days ---

static int by_time(const void *a, const void *b)
{
	const usec_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static usec_t *times_of(const struct rows *rows, int column)
{
	usec_t *times = xcalloc((size_t)rows->count + 1, sizeof *times);
	for (int i = 0; i < rows->count; i++)
		times[i] = row_usec(rows, i, column);
	return times;
}

// Of the days that are listed, those that hold one of them are left.
static void take_skipped(struct message_stream *stream, const struct rows *held_days)
{
	usec_t *listed = times_of(&stream->lists, 0), *held = times_of(held_days, HELD_DAY);
	size_t held_count = (size_t)held_days->count;
	qsort(held, held_count, sizeof *held, by_time);
	for (int i = 0; i < stream->lists.count; i++)
		if (!bsearch(&listed[i], held, held_count, sizeof *held, by_time))
			listed[stream->skipped_count++] = listed[i];
	stream->skipped = listed;
	free(held);
}

// One that begins after this question is not of the answer: its messages are newer than the commit that this says.
static void take_alone(struct message_stream *stream, const struct rows *held)
{
	stream->nobody = !held->count;
	if (stream->nobody)
		return;
	stream->alone = row_int(held, 0, HELD_CONV);
	stream->is_alone = true;
	for (int i = 1; i < held->count && stream->is_alone; i++)
		stream->is_alone = row_int(held, i, HELD_CONV) == stream->alone;
}

static bool ask_for_days(struct message_stream *stream, usec_t first, struct err *err)
{
	const struct message_filter *filter = stream->filter;
	FIELDS_AUTO span = {0};
	FIELDS_AUTO from = {0};
	FIELDS_AUTO params = {0};
	ROWS_AUTO honesty = {0};
	ROWS_AUTO held = {0};
	stream->lists_from = first;
	put_span(&span, filter->realm, filter->since, filter->until);
	put_date(&from, first);
	put_array(&params, OF_INT8, &stream->convs);
	put_date(&params, first);
	const struct statement all[] = {{"honesty", &span, &honesty},
					{"day_list_now", &from, &stream->lists},
					{"conv_days", &params, &held}};
	size_t known = stream->honesty ? 0 : 1;
	if (!sql_together(stream->store, "plan_in_order", all + known, 3 - known, err))
		return false;
	if (stream->honesty)
		honesty_read(&honesty, stream->honesty);
	stream->honesty = NULL;
	take_alone(stream, &held);
	take_skipped(stream, &held);
	return true;
}

bool lists_hold(const struct message_stream *stream, const struct rows *now)
{
	const struct rows *then = &stream->lists;
	bool same = then->count == now->count;
	for (int i = 0; same && i < now->count; i++)
		same = row_usec(then, i, 0) == row_usec(now, i, 0) &&
		       row_int(then, i, 1) == row_int(now, i, 1);
	return same;
}

bool open_days(struct message_stream *stream, struct err *err)
{
	const struct message_filter *filter = stream->filter;
	struct span span = span_of(filter, filter->since, filter->until);
	if (!is_of_convs(stream) || stream->convs.count > CONVS_FEW ||
	    span.until - span.since <= DAYS_FEW)
		return true;
	// Evidence may be stamped up to a day before its message.
	return ask_for_days(stream, span.since - USEC_PER_DAY, err);
}

static void list_held(const struct message_stream *stream, usec_t since, usec_t until,
		      struct fields *lo, struct fields *hi)
{
	usec_t at = since;
	for (size_t i = 0; i < stream->skipped_count && stream->skipped[i] < until; i++) {
		usec_t day = stream->skipped[i];
		if (day > at) {
			put_usec(lo, at);
			put_usec(hi, day - 1);
		}
		at = later(at, day + USEC_PER_DAY);
	}
	if (at < until) {
		put_usec(lo, at);
		put_usec(hi, until - 1);
	}
}

void put_held_days(struct fields *params, const struct message_stream *stream, usec_t since,
		   usec_t until)
{
	FIELDS_AUTO lo = {0};
	FIELDS_AUTO hi = {0};
	list_held(stream, since, until, &lo, &hi);
	put_in_days(params, &lo, &hi);
}

void put_held_spans(struct fields *params, const struct message_stream *stream, usec_t since,
		    usec_t until)
{
	FIELDS_AUTO lo = {0};
	FIELDS_AUTO hi = {0};
	list_held(stream, since, until, &lo, &hi);
	put_spans(params, &lo, &hi);
}

// --- the page ---

// Nothing is asked for but who takes part and when.
static bool is_plain(const struct message_filter *filter)
{
	return !filter->from.p && !filter->to.p && !filter->id.p && !filter->domain.p &&
	       !filter->body_contains.p && !filter->nick.p && !filter->corrects.p &&
	       !filter->has_key && filter->state < 0 && filter->class_ < 0 && filter->verdict < 0 &&
	       !wants_whole(filter);
}

static void put_plain(struct fields *params, const struct message_stream *stream,
		      const struct span *span)
{
	const struct message_filter *filter = stream->filter;
	struct pairing *pairing = stream_hashes(&stream->realms, TEXT(""));
	put_int4(params, filter->realm);
	if (stream->is_alone)
		put_int8(params, stream->alone);
	else
		put_array(params, OF_INT8, &stream->convs);
	put_jid_id(params, pairing, filter->participant);
	put_jid_id(params, pairing, filter->peer);
	pairing_free(pairing);
	put_usec(params, span->since);
	put_usec(params, span->until);
	put_after(params, filter);
	put_int8(params, filter->limit - stream->given);
	put_bool(params, filter->with_body);
	if (stream->is_alone)
		put_held_spans(params, stream, span->since, span->until);
	else
		put_held_days(params, stream, span->since, span->until);
}

static void put_filtered(struct fields *params, const struct message_stream *stream, usec_t since,
			 usec_t until, const struct span *span)
{
	const struct message_filter *filter = stream->filter;
	put_filter(params, stream, since, until);
	put_after(params, filter);
	put_int8(params, filter->limit - stream->given);
	put_usec(params, span->since);
	put_usec(params, span->until);
	put_held_days(params, stream, span->since, span->until);
}

static const char *const plain[2][2] = {{"conv_page", "conv_page_back"},
					{"conv_alone", "conv_alone_back"}};

static bool ask_for_page(struct message_stream *stream, usec_t since, usec_t until, struct err *err)
{
	const struct message_filter *filter = stream->filter;
	struct span span = span_of(filter, since, until);
	bool back = filter->newest_first;
	FIELDS_AUTO params = {0};
	if (is_plain(filter)) {
		put_plain(&params, stream, &span);
		return message_page(stream, plain[stream->is_alone][back], &params, err);
	}
	put_filtered(&params, stream, since, until, &span);
	return message_page(stream,
			    back                  ? "messages_conv_back"
			    : wants_whole(filter) ? "messages_conv_whole"
						  : "messages_conv",
			    &params, err);
}

bool conv_span(struct message_stream *stream, usec_t since, usec_t until, struct err *err)
{
	if (stream->nobody || !stream->convs.count)
		return message_honesty(stream, err);
	if (!ask_for_page(stream, since, until, err))
		return false;
	if (!stream->stale)
		return true;
	stream->stale = stream->is_alone = false;
	stream->skipped_count = 0;
	return ask_for_page(stream, since, until, err);
}
