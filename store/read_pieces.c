// SPDX-License-Identifier: Apache-2.0
// A wanted bucket is whole UTC days, quarters of an hour at its ends, and rows where it begins or
// ends within one of these. Where it is shorter, a day is taken whole and quarters are taken away
// again: days of any zone stand on a few quarters each. The same with rows where a bucket ends now:
// there are hardly any later ones.
#include "store/read_pieces.h"

#include "store/message_row.h"
#include "store/rollup_cells.h"

#include <stdlib.h>

void pieces_free(struct pieces *pieces)
{
	free(pieces->items);
}

static void add_piece(struct pieces *pieces, struct piece like, int grain, usec_t lo, usec_t hi)
{
	like.grain = grain;
	like.lo = lo < hi ? lo : hi;
	like.hi = lo < hi ? hi : lo;
	like.sign = lo < hi ? 1 : -1;
	if (lo == hi)
		return;
	if (grain == 0) {
		if (pieces->row_count < ROW_PIECES)
			pieces->rows[pieces->row_count] = like;
		pieces->row_count++;
		return;
	}
	if (pieces->count == pieces->cap) {
		pieces->cap = pieces->cap ? pieces->cap * 2 : 64;
		pieces->items = xrealloc(pieces->items, pieces->cap * sizeof *pieces->items);
	}
	pieces->items[pieces->count++] = like;
}

static usec_t ceiling(usec_t at, usec_t width)
{
	usec_t floor = usec_floor(at, width);
	return floor == at ? at : floor + width;
}

static usec_t nearest_day(usec_t at)
{
	return rollup_day(at + USEC_PER_DAY / 2);
}

static usec_t apart(usec_t a, usec_t b)
{
	return a < b ? b - a : a - b;
}

// lo and hi are quarters. A piece from later to earlier is one to take away. Days are taken only where that leaves
// fewer quarters to read: an hour that ends at noon is nearer to the ends of its day than to nothing, and yet four
// quarters.
static void add_quarters(struct pieces *pieces, struct piece like, usec_t lo, usec_t hi)
{
	usec_t first = nearest_day(lo), last = nearest_day(hi);
	if (first >= last || hi - lo <= apart(lo, first) + apart(hi, last)) {
		add_piece(pieces, like, GRAIN_QUARTER, lo, hi);
		return;
	}
	add_piece(pieces, like, GRAIN_QUARTER, lo, first);
	add_piece(pieces, like, GRAIN_DAY, first, last);
	add_piece(pieces, like, GRAIN_QUARTER, last, hi);
}

static void add_range(struct pieces *pieces, struct piece like, usec_t lo, usec_t hi)
{
	usec_t unit = pieces->by_domain ? USEC_PER_DAY : USEC_PER_QUARTER;
	bool ends_now = hi == pieces->until && hi >= pieces->now;
	usec_t first = ceiling(lo, unit),
	       last = ends_now ? ceiling(hi, unit) : usec_floor(hi, unit);
	if (lo >= hi)
		return;
	if (first >= last) {
		add_piece(pieces, like, 0, lo, hi);
		return;
	}
	add_piece(pieces, like, 0, lo, first);
	if (pieces->by_domain)
		add_piece(pieces, like, GRAIN_DOMAINS, first, last);
	else
		add_quarters(pieces, like, first, last);
	add_piece(pieces, like, 0, last, hi);
}

static usec_t within(usec_t at, usec_t lo, usec_t hi)
{
	return at < lo ? lo : at > hi ? hi : at;
}

// The bucket in which pending turns to expired is cut in three: expired, who knows, pending.
static void add_bucket(struct pieces *pieces, int32_t bucket, usec_t lo, usec_t hi)
{
	usec_t unit = pieces->by_domain ? USEC_PER_DAY : USEC_PER_QUARTER;
	struct piece like = {.bucket = bucket, .waits = lo > pieces->edge};
	if (pieces->edge < lo || pieces->edge >= hi) {
		add_range(pieces, like, lo, hi);
		return;
	}
	pieces->edge_bucket = bucket;
	pieces->edge_lo = within(usec_floor(pieces->edge, unit), lo, hi);
	pieces->edge_hi = within(usec_floor(pieces->edge, unit) + unit, lo, hi);
	add_range(pieces, like, lo, pieces->edge_lo);
	add_range(pieces, like, pieces->edge_lo, pieces->edge_hi);
	like.waits = true;
	add_range(pieces, like, pieces->edge_hi, hi);
}

void pieces_make(const struct metric_query *query, const struct buckets *buckets,
		 struct pieces *pieces)
{
	*pieces = (struct pieces){
		.by_domain = query->from_domain.p || query->to_domain.p,
		.until = usec_bounded(buckets->until),
		.now = query->now,
		.edge = usec_bounded(query->now - query->t_expire),
	};
	pieces->edge_lo = pieces->edge_hi = pieces->until;
	for (size_t i = 0; i < buckets->count; i++) {
		usec_t end = i + 1 < buckets->count ? buckets->starts[i + 1] : buckets->until;
		add_bucket(pieces, (int32_t)i + 1, usec_bounded(buckets->starts[i]),
			   usec_bounded(end));
	}
}
