// SPDX-License-Identifier: Apache-2.0
// Delivery metrics from roll-ups. An interval falls into pieces: rows up to a quarter of an hour,
// quarters up to a UTC day, whole days, and the same at its end. What each gives is the same as
// counting rows; only latencies are known no better than their bin.
#include "store/read_metrics.h"

#include "store/message_row.h"
#include "store/rollup_cells.h"

struct pieces { // rows to quarter, quarters to day, days to day_end, quarters to quarter_end, rows
	usec_t quarter, day, day_end, quarter_end;
	bool by_domain;
};

static usec_t ceiling(usec_t at, usec_t width)
{
	usec_t floor = usec_floor(at, width);
	return floor == at ? at : floor + width;
}

// The first bucket may begin anywhere: what lies before the next quarter is read from rows.
static bool starts_lie_on(const struct buckets *buckets, usec_t width)
{
	for (size_t i = 1; i < buckets->count; i++) {
		if (buckets->starts[i] != usec_floor(buckets->starts[i], width))
			return false;
	}
	return true;
}

static bool find_pieces(const struct metric_query *query, const struct buckets *buckets,
			struct pieces *pieces)
{
	bool days = starts_lie_on(buckets, USEC_PER_DAY);
	usec_t since = usec_bounded(query->since), until = usec_bounded(query->until);
	pieces->by_domain = query->from_domain.p || query->to_domain.p;
	pieces->quarter = ceiling(since, USEC_PER_QUARTER);
	pieces->quarter_end = usec_floor(until, USEC_PER_QUARTER);
	pieces->day = ceiling(since, USEC_PER_DAY);
	pieces->day_end = rollup_day(until);
	if (pieces->by_domain) { // known by day only
		pieces->quarter = pieces->day;
		pieces->quarter_end = pieces->day_end;
		return days && pieces->day < pieces->day_end;
	}
	if (!days || pieces->day >= pieces->day_end)
		pieces->day = pieces->day_end = pieces->quarter_end;
	return starts_lie_on(buckets, USEC_PER_QUARTER) && pieces->quarter < pieces->quarter_end;
}

bool delivery_is_rolled(const struct metric_query *query, const struct buckets *buckets)
{
	struct pieces pieces;
	return !query->exact && query->realm && find_pieces(query, buckets, &pieces);
}

// The bucket of a roll-up in which pending turns to expired: none of them says which is which.
static void put_straddle(struct fields *params, const struct metric_query *query,
			 const struct pieces *pieces, usec_t edge)
{
	usec_t since = usec_bounded(query->since), until = usec_bounded(query->until);
	bool in_day = edge >= pieces->day && edge < pieces->day_end;
	usec_t width = in_day || pieces->by_domain ? USEC_PER_DAY : USEC_PER_QUARTER;
	usec_t start = usec_floor(edge, width), end = start + width;
	bool none = edge < since || edge >= until;
	end = end > until ? until : end;
	put_usec(params, none ? until : start > since ? start : since);
	put_usec(params, none ? until : end);
}

bool delivery_rolled(struct store *store, const struct metric_query *query,
		     struct delivery_sink *sink, struct err *err)
{
	struct pieces pieces;
	FIELDS_AUTO params = {0};
	FIELDS_AUTO starts = {0};
	usec_t edge = usec_bounded(query->now - query->t_expire);
	find_pieces(query, sink->buckets, &pieces);
	for (size_t i = 0; i < sink->buckets->count; i++)
		put_usec(&starts, usec_bounded(sink->buckets->starts[i]));
	put_int4(&params, query->realm);
	put_array(&params, OF_TIMESTAMPTZ, &starts);
	put_usec(&params, usec_bounded(query->since));
	put_usec(&params, pieces.quarter);
	put_usec(&params, pieces.day);
	put_usec(&params, pieces.day_end);
	put_usec(&params, pieces.quarter_end);
	put_usec(&params, usec_bounded(query->until));
	put_usec(&params, edge);
	put_straddle(&params, query, &pieces, edge);
	put_safe(&params, query->from_domain);
	put_safe(&params, query->to_domain);
	put_int2(&params, pieces.by_domain ? GRAIN_DOMAINS : GRAIN_QUARTER);
	put_int2(&params, pieces.by_domain ? GRAIN_DOMAINS : GRAIN_DAY);
	sink->rolled = true;
	return sql_run(store, "plan_known", NULL, NULL, err) &&
	       sql_each(store, "delivery_rollup", &params, sink, delivery_take, err);
}

// --- histograms ---

static const int percents[] = {50, 90, 95, 99, 100};
enum { PERCENTS = sizeof percents / sizeof *percents };

void read_histogram(const struct rows *rows, int column, int64_t n, int64_t out[5])
{
	struct array bins, counts;
	struct text bin, count;
	int64_t seen = 0;
	size_t next = 0;
	array_open(&bins, rows, 0, column);
	array_open(&counts, rows, 0, column + 1);
	while (next < PERCENTS && array_next(&bins, &bin) && array_next(&counts, &count)) {
		seen += array_int(count);
		// Nearest-rank: the smallest value with at least that share at or below it.
		while (next < PERCENTS && n > 0 && seen * 100 >= n * percents[next])
			out[next++] = latency_bin_ms((int)array_int(bin));
	}
}
