// SPDX-License-Identifier: Apache-2.0
// Buckets as sums of roll-ups: whatever the window, the pieces of a bucket cover it once, begin and end where roll-ups
// do, and are not more quarters of an hour than the bucket itself has.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
// clang-format on

#include "store/read_pieces.h"
#include "store/rollup_cells.h"

#define QUARTER (900 * USEC_PER_SEC)
#define MONDAY (20514 * USEC_PER_DAY)

static uint32_t seed = 4;

static int below(int n)
{
	seed = seed * 1664525u + 1013904223u;
	return (int)((seed >> 8) % (uint32_t)n);
}

struct sums { // of the pieces of one bucket
	usec_t from_first, length, quarters;
};

// Sums of signed lengths and of signed squares: equal only when what is added and taken away is the bucket.
static void add(struct sums *sums, const struct piece *piece, usec_t origin)
{
	usec_t lo = piece->lo - origin, hi = piece->hi - origin;
	sums->length += piece->sign * (hi - lo);
	sums->from_first += piece->sign * (hi / USEC_PER_SEC * (hi / USEC_PER_SEC) -
					   lo / USEC_PER_SEC * (lo / USEC_PER_SEC));
	if (piece->grain == GRAIN_QUARTER)
		sums->quarters += (hi - lo) / QUARTER;
}

static void check_edges(const struct piece *piece)
{
	usec_t unit = piece->grain == GRAIN_QUARTER ? QUARTER : USEC_PER_DAY;
	assert_true(piece->lo < piece->hi);
	assert_int_equal(piece->lo % unit, 0);
	assert_int_equal(piece->hi % unit, 0);
}

static void check_bucket(const struct pieces *pieces, int32_t bucket, usec_t lo, usec_t hi)
{
	struct sums sums = {0}, wanted = {0};
	struct piece whole = {.lo = lo, .hi = hi, .sign = 1};
	add(&wanted, &whole, MONDAY);
	for (size_t i = 0; i < pieces->count; i++) {
		if (pieces->items[i].bucket == bucket)
			add(&sums, &pieces->items[i], MONDAY);
	}
	for (size_t i = 0; i < pieces->row_count; i++) {
		if (pieces->rows[i].bucket == bucket)
			add(&sums, &pieces->rows[i], MONDAY);
	}
	assert_int_equal(sums.length, wanted.length);
	assert_int_equal(sums.from_first, wanted.from_first);
	assert_true(sums.quarters <= (hi - lo) / QUARTER + 1);
}

static void check(const struct metric_query *query)
{
	struct buckets buckets = {0};
	struct pieces pieces;
	struct err err = {0};
	assert_true(buckets_make(query, &buckets, &err));
	pieces_make(query, &buckets, &pieces);
	for (size_t i = 0; i < pieces.count; i++) {
		check_edges(&pieces.items[i]);
		assert_true(i == 0 || pieces.items[i].bucket >= pieces.items[i - 1].bucket);
	}
	for (size_t i = 0; i < buckets.count && pieces.row_count <= ROW_PIECES; i++)
		check_bucket(&pieces, (int32_t)i + 1, buckets.starts[i],
			     i + 1 < buckets.count ? buckets.starts[i + 1] : buckets.until);
	pieces_free(&pieces);
	buckets_close(&buckets, false, NULL, NULL);
}

static void pieces_cover_their_bucket_once(void **state)
{
	(void)state;
	struct err err = {0};
	struct zone *zones[2] = {zone_open("Asia/Kolkata", &err), zone_open("Europe/Berlin", &err)};
	static const usec_t widths[] = {0, QUARTER, 4 * QUARTER, USEC_PER_DAY};
	for (int i = 0; i < 2000; i++) {
		struct metric_query query = {.realm = 1, .bucket = widths[below(4)]};
		query.zone = zones[below(2)];
		query.since = MONDAY + below(4000) * (below(2) ? QUARTER : 61 * USEC_PER_SEC);
		query.until =
			query.since + (1 + below(900)) * (below(2) ? QUARTER : 67 * USEC_PER_SEC);
		query.now = query.since + (below(1000) - 300) * QUARTER;
		query.t_expire = below(200) * QUARTER;
		if (below(3) == 0)
			query.from_domain = TEXT("a.example");
		check(&query);
	}
	zone_free(zones[0]);
	zone_free(zones[1]);
}

// 11:00 to 12:00 is nearer to the ends of its day than to nothing, and yet four quarters.
static void an_hour_is_four_quarters(void **state)
{
	(void)state;
	struct err err = {0};
	for (int hour = 0; hour < 24; hour++) {
		struct buckets buckets = {0};
		struct pieces pieces;
		struct metric_query query = {.realm = 1, .since = MONDAY + hour * 4 * QUARTER};
		query.until = query.since + 4 * QUARTER;
		assert_true(buckets_make(&query, &buckets, &err));
		pieces_make(&query, &buckets, &pieces);
		for (size_t i = 0; i < pieces.count; i++)
			assert_int_equal(pieces.items[i].grain, GRAIN_QUARTER);
		pieces_free(&pieces);
		buckets_close(&buckets, false, NULL, NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_cover_their_bucket_once),
		cmocka_unit_test(an_hour_is_four_quarters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
