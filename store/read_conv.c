// SPDX-License-Identifier: Apache-2.0
// Pages of conversations that are known by name. Each day has an index of its own, and most conversations are silent on
// most days: so these are passed over by lists (migration 0017), of which the connection keeps what it has asked for. A
// batch may store there meanwhile, or move what a page shows of another day there: so with the rows it is asked whether
// the lists are still the same, and if not, they are read anew, and at the second time all days are opened. The same with
// conversations that were not there.
#include "store/day_cache.h"
#include "store/read_messages.h"
#include "store/rollup.h"

#include <stdlib.h>

enum { CONVS_FEW = 8 };             // of so many the days are asked for
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

// A list of int8 as an array.
static void take_out(const struct fields *list, int64_t *out)
{
	const unsigned char *at = (const unsigned char *)list->bytes.data;
	for (size_t i = 0; i < list->count; i++, at += 4 + sizeof(int64_t)) {
		uint64_t value = 0;
		for (size_t j = 0; j < sizeof value; j++)
			value = value << 8 | at[4 + j];
		out[i] = (int64_t)value;
	}
}

// Of the conversations of which too little is known; with what the answer stands on in the same trip.
static bool ask_for_days(struct message_stream *stream, const struct fields *list, usec_t first,
			 struct err *err)
{
	const struct message_filter *filter = stream->filter;
	int64_t convs[CONVS_FEW] = {0};
	FIELDS_AUTO span = {0};
	FIELDS_AUTO params = {0};
	ROWS_AUTO honesty = {0};
	ROWS_AUTO listed = {0};
	put_span(&span, filter->realm, filter->since, filter->until);
	put_array(&params, OF_INT8, list);
	put_date(&params, first);
	const struct statement both[] = {{"honesty", &span, &honesty},
					 {"day_convs", &params, &listed}};
	size_t from = stream->honesty ? 0 : 1;
	if (!sql_together(stream->store, "plan_in_order", both + from, 2 - from, err))
		return false;
	message_honest(stream, &honesty);
	take_out(list, convs);
	day_cache_take(stream->store->days, convs, list->count, first, &listed);
	return true;
}

// Nothing is asked for but who takes part and when.
static bool is_plain(const struct message_filter *filter)
{
	return !filter->from.p && !filter->to.p && !filter->id.p && !filter->domain.p &&
	       !filter->body_contains.p && !filter->nick.p && !filter->corrects.p &&
	       !filter->has_key && filter->state < 0 && filter->class_ < 0 && filter->verdict < 0 &&
	       !wants_whole(filter);
}

// Of a pair the others are mostly not there at all: it has one conversation, and neither of it is a room. Those of one
// account are there, all of them.
static void find_alone(struct message_stream *stream, const int64_t *convs, const bool *here,
		       size_t count)
{
	size_t found = 0;
	fields_clear(&stream->others);
	stream->is_alone = count == 1;
	stream->alone = convs[0];
	if (count == 1 || !stream->is_pair || !is_plain(stream->filter))
		return;
	for (size_t i = 0; i < count; i++) {
		found += here[i];
		if (here[i])
			stream->alone = convs[i];
		else
			put_int8(&stream->others, convs[i]);
	}
	stream->is_alone = found == 1;
}

static bool find_days(struct message_stream *stream, struct err *err)
{
	struct store *store = stream->store;
	size_t count = stream->convs.count;
	usec_t first = stream->lists_from;
	int64_t convs[CONVS_FEW] = {0};
	bool here[CONVS_FEW];
	FIELDS_AUTO lacking = {0};
	take_out(&stream->convs, convs);
	if (!store->days)
		store->days = day_cache_new();
	if (day_cache_lacks(store->days, convs, count, first, &lacking) &&
	    !ask_for_days(stream, &lacking, first, err))
		return false;
	free(stream->skipped);
	stream->skipped_count =
		day_cache_empty(store->days, convs, count, first, here, &stream->skipped);
	find_alone(stream, convs, here, count);
	return true;
}

bool open_days(struct message_stream *stream, struct err *err)
{
	const struct message_filter *filter = stream->filter;
	struct span span = span_of(filter, filter->since, filter->until);
	if (!is_of_convs(stream) || !stream->convs.count || stream->convs.count > CONVS_FEW ||
	    !stream->store->sees_all || span.until - span.since <= DAYS_FEW)
		return true;
	// Evidence may be stamped up to a day before its message; lists are of whole days.
	stream->lists_from = rollup_day(span.since - USEC_PER_DAY);
	return find_days(stream, err);
}

void put_held(struct fields *params, const struct message_stream *stream, usec_t since,
	      usec_t until, put_days_fn *put)
{
	FIELDS_AUTO lo = {0};
	FIELDS_AUTO hi = {0};
	usec_t at = since;
	for (size_t i = 0; i < stream->skipped_count && stream->skipped[i] < until; i++) {
		usec_t day = stream->skipped[i];
		if (day > at) {
			put_usec(&lo, at);
			put_usec(&hi, day - 1);
		}
		at = later(at, day + USEC_PER_DAY);
	}
	if (at < until) {
		put_usec(&lo, at);
		put_usec(&hi, until - 1);
	}
	put(params, &lo, &hi);
}

// --- the page ---

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
	put_held(params, stream, span->since, span->until,
		 stream->is_alone ? put_spans : put_in_days);
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
	put_held(params, stream, span->since, span->until, put_in_days);
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

// The lists are others by now: by what they say now, and at the second time without any.
static bool look_again(struct message_stream *stream, struct err *err)
{
	stream->stale = stream->is_alone = false;
	stream->skipped_count = 0;
	if (stream->looked_again)
		return true;
	stream->looked_again = true;
	return find_days(stream, err);
}

bool conv_span(struct message_stream *stream, usec_t since, usec_t until, struct err *err)
{
	if (!stream->convs.count)
		return message_honesty(stream, err);
	for (;;) {
		stream->joined = false;
		if (!ask_for_page(stream, since, until, err))
			return false;
		if (!stream->stale && !stream->joined)
			return true;
		if (stream->stale && !look_again(stream, err))
			return false;
		stream->is_alone &= !stream->joined;
	}
}
