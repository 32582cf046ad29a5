// SPDX-License-Identifier: Apache-2.0
// Delivery metrics from roll-ups: the same numbers as counting rows, only latencies are known no
// better than their bin.
#include "store/read_pieces.h"

#include "store/message_row.h"
#include "store/rollup_cells.h"

#include <stdlib.h>

// --- parameters ---

struct piece_arrays {
	struct fields bucket, grain, lo, hi, sign, waits;
};

static void piece_arrays_free(struct piece_arrays *arrays)
{
	fields_free(&arrays->bucket);
	fields_free(&arrays->grain);
	fields_free(&arrays->lo);
	fields_free(&arrays->hi);
	fields_free(&arrays->sign);
	fields_free(&arrays->waits);
}

static void put_pieces(struct fields *params, const struct metric_query *query,
		       const struct pieces *pieces, bool waits)
{
	__attribute__((cleanup(piece_arrays_free))) struct piece_arrays arrays = {0};
	for (size_t i = 0; i < pieces->count; i++) {
		const struct piece *piece = &pieces->items[i];
		put_int4(&arrays.bucket, piece->bucket);
		put_int2(&arrays.grain, piece->grain);
		put_usec(&arrays.lo, piece->lo);
		put_usec(&arrays.hi, piece->hi);
		put_int4(&arrays.sign, piece->sign);
		put_bool(&arrays.waits, piece->waits);
	}
	put_int4(params, query->realm);
	put_array(params, OF_INT4, &arrays.bucket);
	put_array(params, OF_INT2, &arrays.grain);
	put_array(params, OF_TIMESTAMPTZ, &arrays.lo);
	put_array(params, OF_TIMESTAMPTZ, &arrays.hi);
	put_array(params, OF_INT4, &arrays.sign);
	if (waits)
		put_array(params, OF_BOOL, &arrays.waits);
	put_safe(params, query->from_domain);
	put_safe(params, query->to_domain);
	put_int2(params, pieces->by_domain ? GRAIN_DOMAINS : GRAIN_QUARTER);
	for (size_t i = 0; i < ROW_PIECES; i++) {
		const struct piece *rows = &pieces->rows[i];
		put_int4(params, rows->bucket);
		put_int4(params, rows->sign);
		if (waits)
			put_bool(params, rows->waits);
		put_usec(params, rows->lo);
		put_usec(params, rows->hi);
	}
}

// --- latencies ---

// What the histograms add up to. F7: time to read has those that were marked up to in it.
static const int weights[SERIES_COUNT][LATENCY_COUNT] = {
	[SERIES_DELIVER] = {[LATENCY_DELIVER] = 1},
	[SERIES_DELIVER_STORED] = {[LATENCY_DELIVER_STORED] = 1},
	[SERIES_EXPECTED] =
		{[LATENCY_DELIVER] = 1, [LATENCY_DELIVER_STORED] = 1, [LATENCY_CONFIRM_OTHER] = 1},
	[SERIES_READ] = {[LATENCY_READ] = 1},
	[SERIES_READ_DIRECT] = {[LATENCY_READ] = 1, [LATENCY_READ_UPTO] = -1},
	[SERIES_READ_UPTO] = {[LATENCY_READ_UPTO] = 1},
	[SERIES_READ_EXPECTED] = {[LATENCY_READ] = 1},
	[SERIES_RESPOND] = {[LATENCY_RESPOND] = 1},
};

struct adding { // histograms of one wanted bucket
	size_t bucket;
	int64_t sums[LATENCY_COUNT][LATENCY_BINS];
	int lo, hi; // nothing but 0 before and from there on: most bins are days and weeks
	const struct metric_query *query;
	struct buckets *buckets;
};

static const int percents[LATENCY_POINTS] = {50, 90, 95, 99, 100};

// Nearest-rank of "whole" values: the smallest one with at least that share at or below it. Those
// that are in no bin from lo to hi take for ever.
static void find_percentiles(const int64_t *bins, int lo, int hi, int64_t whole,
			     struct latency *out)
{
	int64_t seen = 0;
	size_t next = 0;
	out->n = whole;
	for (size_t i = 0; i < LATENCY_POINTS; i++)
		out->ms[i] = whole > 0 ? LATENCY_BEYOND : -1;
	for (int i = lo; i < hi && next < LATENCY_POINTS && whole > 0; i++) {
		seen += bins[i];
		while (next < LATENCY_POINTS && bins[i] && seen * 100 >= whole * percents[next])
			out->ms[next++] = latency_bin_ms(i);
	}
}

static int64_t add_series(const struct adding *adding, size_t series, int64_t bins[LATENCY_BINS])
{
	int64_t n = 0;
	for (int i = adding->lo; i < adding->hi; i++)
		bins[i] = 0;
	for (int metric = 0; metric < LATENCY_COUNT; metric++) {
		int weight = weights[series][metric];
		for (int i = adding->lo; i < adding->hi && weight; i++) {
			bins[i] += weight * adding->sums[metric][i];
			n += weight * adding->sums[metric][i];
		}
	}
	return n;
}

static void clear_sums(struct adding *adding)
{
	for (int metric = 0; metric < LATENCY_COUNT && adding->lo < adding->hi; metric++)
		memset(adding->sums[metric] + adding->lo, 0,
		       (size_t)(adding->hi - adding->lo) * sizeof **adding->sums);
	adding->lo = LATENCY_BINS;
	adding->hi = 0;
}

// Bins of an octave lie side by side; below the first band's end they are single milliseconds.
static void add_bands(const int64_t *bins, int lo, int hi, int64_t bands[BANDS])
{
	for (int i = lo; i < hi; i++) {
		int band = i / 16 - 2;
		bands[band < 0 ? 0 : band < BANDS ? band : BANDS - 1] += bins[i];
	}
}

static void finish_bucket(struct adding *adding)
{
	int64_t bins[LATENCY_BINS];
	if (!adding->bucket)
		return;
	struct delivery_bucket *bucket = &adding->buckets->items[adding->bucket - 1];
	for (size_t series = 0; series < SERIES_COUNT; series++) {
		if (!series_wanted(adding->query, series))
			continue;
		int64_t n = add_series(adding, series, bins);
		n = series == SERIES_EXPECTED        ? bucket->requested
		    : series == SERIES_READ_EXPECTED ? bucket->read_requested
						     : n;
		find_percentiles(bins, adding->lo, adding->hi, n, &bucket->latencies[series]);
		if (series == SERIES_EXPECTED)
			add_bands(bins, adding->lo, adding->hi, bucket->bands);
	}
	clear_sums(adding);
}

// An array of fixed width without nulls, as array_send() writes it, off the front of the bytes.
static bool take_array(struct text *bytes, size_t width, struct array *array)
{
	enum { EMPTY = 12, HEADER = 20, LENGTH = 4 };
	if (bytes->n < EMPTY)
		return false;
	struct text whole = {bytes->p, bytes->n < HEADER ? bytes->n : HEADER};
	array_read(array, whole);
	size_t size = array->left ? HEADER + array->left * (LENGTH + width) : EMPTY;
	if (size > bytes->n)
		return false;
	array->end = bytes->p + size;
	*bytes = (struct text){bytes->p + size, bytes->n - size};
	return true;
}

static void add_histogram(struct adding *adding, int64_t sign, int64_t *sums, struct array *bins,
			  struct array *counts)
{
	struct text bin, count;
	while (array_next(bins, &bin) && array_next(counts, &count)) {
		int place = (int)array_int(bin);
		if (place < 0 || place >= LATENCY_BINS)
			continue;
		sums[place] += sign * array_int(count);
		adding->lo = place < adding->lo ? place : adding->lo;
		adding->hi = place >= adding->hi ? place + 1 : adding->hi;
	}
}

static bool take_histograms(void *self, const struct rows *rows)
{
	struct adding *adding = self;
	struct array bins, counts;
	size_t bucket = (size_t)row_int(rows, 0, 0);
	int64_t sign = row_int(rows, 0, 1);
	struct text bytes = row_text(rows, 0, 2);
	if (bucket < 1 || bucket > adding->buckets->count)
		return true;
	if (bucket != adding->bucket)
		finish_bucket(adding);
	adding->bucket = bucket;
	while (bytes.n > 2) {
		size_t metric =
			(size_t)((unsigned char)bytes.p[0] << 8 | (unsigned char)bytes.p[1]);
		bytes = (struct text){bytes.p + 2, bytes.n - 2};
		if (!take_array(&bytes, sizeof(int16_t), &bins) ||
		    !take_array(&bytes, sizeof(int64_t), &counts))
			break;
		if (metric >= 1 && metric <= LATENCY_COUNT)
			add_histogram(adding, sign, adding->sums[metric - 1], &bins, &counts);
	}
	return true;
}

// Of a year these are megabytes: no more than is wanted.
static void put_metrics(struct fields *params, const struct metric_query *query)
{
	FIELDS_AUTO metrics = {0};
	for (int metric = 0; metric < LATENCY_COUNT; metric++) {
		bool wanted = false;
		for (size_t i = 0; i < SERIES_COUNT; i++)
			wanted |= weights[i][metric] && series_wanted(query, i);
		if (wanted)
			put_int2(&metrics, metric + 1);
	}
	put_array(params, OF_INT2, &metrics);
}

static bool load_latencies(struct store *store, const struct metric_query *query,
			   const struct pieces *pieces, struct buckets *buckets, struct err *err)
{
	FIELDS_AUTO params = {0};
	struct adding *adding = xcalloc(1, sizeof *adding);
	adding->buckets = buckets;
	adding->query = query;
	clear_sums(adding);
	put_pieces(&params, query, pieces, false);
	put_metrics(&params, query);
	bool fine = sql_each(store, "latency_rollup", &params, adding, take_histograms, err);
	finish_bucket(adding);
	free(adding);
	return fine;
}

// --- all ---

bool delivery_is_rolled(const struct metric_query *query, const struct buckets *buckets)
{
	struct pieces pieces;
	if (query->exact || !query->realm)
		return false;
	pieces_make(query, buckets, &pieces);
	bool fits = pieces.count > 0 && pieces.row_count <= ROW_PIECES;
	pieces_free(&pieces);
	return fits;
}

// A bucket of which nothing was answered has no histogram.
static void nothing_answered(struct buckets *buckets)
{
	for (size_t i = 0; i < buckets->count; i++) {
		struct delivery_bucket *bucket = &buckets->items[i];
		struct latency *latencies = bucket->latencies;
		bucket->estimated = true;
		find_percentiles(NULL, 0, 0, bucket->requested, &latencies[SERIES_EXPECTED]);
		find_percentiles(NULL, 0, 0, bucket->read_requested,
				 &latencies[SERIES_READ_EXPECTED]);
	}
}

// Whether the database is to add up the rows of a bucket: of domains there are many a day, and of an hour four
// quarters of each lane. Fewer are sent sooner than added.
static bool are_many(const struct pieces *pieces)
{
	usec_t quarters = 0;
	for (size_t i = 0; i < pieces->count; i++)
		if (pieces->items[i].grain == GRAIN_QUARTER)
			quarters +=
				(pieces->items[i].hi - pieces->items[i].lo) / (900 * USEC_PER_SEC);
	return pieces->by_domain || quarters >= 4 * (usec_t)pieces->count;
}

bool delivery_rolled(struct store *store, const struct metric_query *query, struct buckets *buckets,
		     struct err *err)
{
	struct pieces pieces;
	FIELDS_AUTO params = {0};
	pieces_make(query, buckets, &pieces);
	put_pieces(&params, query, &pieces, true);
	put_int4(&params, pieces.edge_bucket);
	put_usec(&params, pieces.edge);
	put_usec(&params, pieces.edge_lo);
	put_usec(&params, pieces.edge_hi);
	const char *counts = are_many(&pieces) ? "delivery_rollup_sum" : "delivery_rollup";
	bool fine = sql_plan(store, "plan_kept", err) &&
		    sql_each(store, counts, &params, buckets, take_counts, err);
	nothing_answered(buckets);
	fine = fine && load_latencies(store, query, &pieces, buckets, err);
	pieces_free(&pieces);
	return fine;
}
