// SPDX-License-Identifier: Apache-2.0
// Messages that asked for a receipt and got none yet.
#include "store/read_messages.h"

struct waiting {
	struct store *store;
	const struct open_filter *filter;
	struct message_stream stream;
	usec_t since, until; // half open, never USEC_NONE
};

static void put_open(struct fields *params, const struct waiting *it, usec_t until)
{
	const struct open_filter *filter = it->filter;
	put_int4(params, filter->realm);
	put_usec(params, usec_bounded(it->since));
	put_usec(params, usec_bounded(until));
	put_usec(params, filter->has_after ? usec_bounded(filter->after_at) : USEC_NONE);
	put_int8(params, filter->after_conv);
	put_int8(params, filter->after_key);
	put_int4(params, filter->after_n);
	put_int8(params, filter->limit);
}

static void put_whose(struct fields *params, const struct waiting *it)
{
	struct pairing *hashes = stream_hashes(&it->stream.realms, TEXT(""));
	put_jid_id(params, hashes, it->filter->participant);
	put_safe(params, it->filter->domain);
	pairing_free(hashes);
}

static bool of_anybody(const struct open_filter *filter)
{
	return !filter->participant.p && !filter->domain.p;
}

static bool ask(struct waiting *it, usec_t until, struct err *err)
{
	FIELDS_AUTO params = {0};
	put_open(&params, it, until);
	if (of_anybody(it->filter))
		return message_page(&it->stream, "unacknowledged", &params, err);
	put_whose(&params, it);
	return message_page(&it->stream, "unacknowledged_of", &params, err);
}

// --- the days that are opened ---

static bool is_full(const struct waiting *it)
{
	return it->stream.stopped || it->stream.given >= it->filter->limit;
}

static usec_t day_after(usec_t at)
{
	return at / USEC_PER_DAY * USEC_PER_DAY + USEC_PER_DAY;
}

// The oldest are asked for, and these seldom change: most often a page ends where the last one did, and the days
// behind it need not be opened.
static usec_t likely_end(const struct waiting *it)
{
	const struct open_filter *filter = it->filter;
	if (!of_anybody(filter))
		return 0;
	return filter->has_after ? day_after(usec_bounded(filter->after_at))
				 : it->store->open_until;
}

// When the guess was wrong, all is asked again in one statement: between two, a message may move from one to the other.
static bool ask_all(struct waiting *it, struct err *err)
{
	usec_t likely = likely_end(it);
	if (likely && likely > it->since && likely < it->until) {
		it->stream.least = it->filter->limit;
		if (!ask(it, likely, err))
			return false;
		it->stream.least = 0;
	}
	if (!it->stream.given && !it->stream.stopped && !ask(it, it->until, err))
		return false;
	if (of_anybody(it->filter) && !it->filter->has_after)
		it->store->open_until = is_full(it) ? day_after(it->stream.last_at) : 0;
	return true;
}

// --- the page ---

// S3: what was sent later than "now - t_expire" is pending; so the verdict is an interval.
static void bound_by_verdict(struct waiting *it)
{
	const struct open_filter *filter = it->filter;
	usec_t edge = filter->now - filter->t_expire + 1;
	if (filter->verdict == VERDICT_PENDING)
		it->since = later(it->since, edge);
	if (filter->verdict == VERDICT_EXPIRED)
		it->until = earlier(it->until, edge);
}

static void bound(struct waiting *it)
{
	const struct open_filter *filter = it->filter;
	it->since = filter->since == USEC_NONE ? FIRST_YEAR : filter->since;
	it->until = filter->until == USEC_NONE ? LAST_YEAR : filter->until;
	bound_by_verdict(it);
	if (filter->has_after)
		it->since = later(it->since, filter->after_at);
}

bool store_unacknowledged(struct store *store, const struct open_filter *filter, void *self,
			  bool (*each)(void *self, const struct message *message), struct err *err)
{
	const struct message_filter shown = {.realm = filter->realm,
					     .since = filter->since,
					     .until = filter->until,
					     .now = filter->now,
					     .t_expire = filter->t_expire};
	struct waiting it = {.store = store,
			     .filter = filter,
			     .stream = {.store = store,
					.filter = &shown,
					.self = self,
					.each = each,
					.honesty = filter->honesty}};
	bound(&it);
	bool fine = message_stream_open(&it.stream, err) && ask_all(&it, err) &&
		    message_honesty(&it.stream, err);
	message_stream_close(&it.stream);
	return fine;
}
