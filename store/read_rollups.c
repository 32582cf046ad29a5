// SPDX-License-Identifier: Apache-2.0
// Delivery metrics from roll-ups: the same numbers as counting rows, only latencies are known no
// better than their bin.
#include "store/read_pieces.h"

#include "store/message_row.h"
#include "store/rollup_cells.h"

#include <stdlib.h>

// --- parameters ---

struct piece_arrays {
	struct fields grain, lo, hi;
};

static void piece_arrays_free(struct piece_arrays *arrays)
{
	fields_free(&arrays->grain);
	fields_free(&arrays->lo);
	fields_free(&arrays->hi);
}

static void put_domains(struct fields *params, const struct metric_query *query)
{
	put_safe(params, query->from_domain);
	put_safe(params, query->to_domain);
}

static void put_pieces(struct fields *params, const struct metric_query *query,
		       const struct pieces *pieces)
{
	__attribute__((cleanup(piece_arrays_free))) struct piece_arrays arrays = {0};
	for (size_t i = 0; i < pieces->count; i++) {
		const struct piece *piece = &pieces->items[i];
		put_int2(&arrays.grain, piece->grain);
		put_usec(&arrays.lo, piece->lo);
		put_usec(&arrays.hi, piece->hi);
	}
	put_int4(params, query->realm);
	put_array(params, OF_INT2, &arrays.grain);
	put_array(params, OF_TIMESTAMPTZ, &arrays.lo);
	put_array(params, OF_TIMESTAMPTZ, &arrays.hi);
	put_domains(params, query);
}

static void put_rows(struct fields *params, const struct metric_query *query,
		     const struct pieces *pieces, const struct piece *rows)
{
	put_int4(params, query->realm);
	put_int2(params, pieces->by_domain ? GRAIN_DOMAINS : GRAIN_QUARTER);
	put_usec(params, rows->lo);
	put_usec(params, rows->hi);
	put_domains(params, query);
}

// --- counts ---

// The columns of part/rollup_sums.
static const size_t summed[] = {
	COUNTER(sent),
	COUNTER(unknown),
	COUNTER(failed_all),
	COUNTER(requested),
	COUNTER(confirmed),
	COUNTER(failed),
	COUNTER(read_requested),
	COUNTER(read),
	COUNTER(read_upto),
	COUNTER(read_inferred),
	COUNTER(stored),
	COUNTER(accepted),
	COUNTER(routed),
	COUNTER(delivered),
	COUNTER(displayed),
	COUNTER(retracted),
	COUNTER(skew_clamped),
	COUNTER(resends),
	WITHIN(confirmed_within),
	WITHIN(read_within),
};

// What is open splits into what is pending and what is expired, so that all counts add up.
static void add_open(struct delivery_bucket *bucket, bool waits, int64_t answers, int64_t readings)
{
	*(waits ? &bucket->pending : &bucket->expired) += answers;
	*(waits ? &bucket->read_pending : &bucket->read_expired) += readings;
}

// The sums from this column on.
static void add_piece(struct buckets *buckets, const struct piece *piece, const struct rows *rows,
		      int column)
{
	struct delivery_bucket of = {0}, *bucket = &buckets->items[piece->bucket - 1];
	for (size_t i = 0; i < sizeof summed / sizeof *summed; i++) {
		int64_t value = piece->sign * row_int(rows, 0, column + (int)i);
		bucket_add(&of, summed[i], value);
		bucket_add(bucket, summed[i], value);
	}
	add_open(bucket, piece->waits, of.requested - of.confirmed - of.failed,
		 of.read_requested - of.read);
}

struct counting {
	const struct pieces *pieces;
	struct buckets *buckets;
};

static const struct piece *piece_of(const struct pieces *pieces, const struct rows *rows)
{
	size_t i = (size_t)row_int(rows, 0, 0) - 1; // WITH ORDINALITY counts from 1
	return i < pieces->count ? &pieces->items[i] : NULL;
}

static bool take_sums(void *self, const struct rows *rows)
{
	struct counting *counting = self;
	const struct piece *piece = piece_of(counting->pieces, rows);
	if (piece)
		add_piece(counting->buckets, piece, rows, 1);
	return true;
}

static bool count_rows(struct store *store, const struct metric_query *query,
		       const struct pieces *pieces, struct buckets *buckets, struct err *err)
{
	for (size_t i = 0; i < pieces->row_count; i++) {
		FIELDS_AUTO params = {0};
		ROWS_AUTO rows = {0};
		put_rows(&params, query, pieces, &pieces->rows[i]);
		if (!sql_run(store, "delivery_rows", &params, &rows, err))
			return false;
		if (rows.count)
			add_piece(buckets, &pieces->rows[i], &rows, 0);
	}
	return true;
}

// The bucket in which pending turns to expired: what lies at the turn was added as expired.
static bool count_edge(struct store *store, const struct metric_query *query,
		       const struct pieces *pieces, struct buckets *buckets, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	if (!pieces->edge_bucket || pieces->edge_lo >= pieces->edge_hi)
		return true;
	put_int4(&params, query->realm);
	put_usec(&params, pieces->edge_lo);
	put_usec(&params, pieces->edge_hi);
	put_usec(&params, pieces->edge);
	put_domains(&params, query);
	if (!sql_run(store, "delivery_edge", &params, &rows, err))
		return false;
	struct delivery_bucket *bucket = &buckets->items[pieces->edge_bucket - 1];
	add_open(bucket, true, row_int(&rows, 0, 0), row_int(&rows, 0, 1));
	add_open(bucket, false, -row_int(&rows, 0, 0), -row_int(&rows, 0, 1));
	return true;
}

static bool load_counts(struct store *store, const struct metric_query *query,
			const struct pieces *pieces, struct buckets *buckets, struct err *err)
{
	FIELDS_AUTO params = {0};
	struct counting counting = {pieces, buckets};
	put_pieces(&params, query, pieces);
	return sql_each(store, "delivery_rollup", &params, &counting, take_sums, err) &&
	       count_rows(store, query, pieces, buckets, err) &&
	       count_edge(store, query, pieces, buckets, err);
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

struct adding {        // histograms of one wanted bucket
	size_t bucket; // from 1; 0 = none yet
	int64_t sums[LATENCY_COUNT][LATENCY_BINS];
	int lo, hi; // nothing but 0 before and from there on: most bins are days and weeks
	const struct metric_query *query;
	const struct pieces *pieces;
	struct buckets *buckets;
	struct buf rows[ROW_PIECES]; // histograms of rows, until their bucket comes
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

// The one histogram that a series is; NULL: it is made of several.
static const int64_t *only_metric(const struct adding *adding, size_t series)
{
	const int64_t *only = NULL;
	for (int metric = 0; metric < LATENCY_COUNT; metric++) {
		if (!weights[series][metric])
			continue;
		if (only || weights[series][metric] != 1)
			return NULL;
		only = adding->sums[metric];
	}
	return only;
}

static void add_series(const struct adding *adding, size_t series, int64_t bins[LATENCY_BINS])
{
	for (int i = adding->lo; i < adding->hi; i++)
		bins[i] = 0;
	for (int metric = 0; metric < LATENCY_COUNT; metric++) {
		int weight = weights[series][metric];
		for (int i = adding->lo; i < adding->hi && weight; i++)
			bins[i] += weight * adding->sums[metric][i];
	}
}

static int64_t count_of(const struct adding *adding, const int64_t *bins)
{
	int64_t n = 0;
	for (int i = adding->lo; i < adding->hi; i++)
		n += bins[i];
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

static void finish_series(const struct adding *adding, size_t series,
			  struct delivery_bucket *bucket)
{
	int64_t made[LATENCY_BINS];
	const int64_t *bins = only_metric(adding, series);
	if (!bins) {
		add_series(adding, series, made);
		bins = made;
	}
	int64_t n = series == SERIES_EXPECTED        ? bucket->requested
		    : series == SERIES_READ_EXPECTED ? bucket->read_requested
						     : count_of(adding, bins);
	find_percentiles(bins, adding->lo, adding->hi, n, &bucket->latencies[series]);
	if (series == SERIES_EXPECTED)
		add_bands(bins, adding->lo, adding->hi, bucket->bands);
}

static void finish_bucket(struct adding *adding)
{
	if (!adding->bucket)
		return;
	for (size_t series = 0; series < SERIES_COUNT; series++)
		if (series_wanted(adding->query, series))
			finish_series(adding, series, &adding->buckets->items[adding->bucket - 1]);
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

static void add_histograms(struct adding *adding, int64_t sign, struct text bytes)
{
	struct array bins, counts;
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
}

static void go_to_bucket(struct adding *adding, size_t bucket)
{
	if (bucket == adding->bucket)
		return;
	finish_bucket(adding);
	adding->bucket = bucket;
	for (size_t i = 0; i < adding->pieces->row_count; i++) {
		const struct piece *rows = &adding->pieces->rows[i];
		if (rows->bucket != (int32_t)bucket)
			continue;
		add_histograms(adding, rows->sign, buf_view(&adding->rows[i]));
		adding->rows[i].len = 0;
	}
}

static bool take_histograms(void *self, const struct rows *rows)
{
	struct adding *adding = self;
	const struct piece *piece = piece_of(adding->pieces, rows);
	if (!piece)
		return true;
	go_to_bucket(adding, (size_t)piece->bucket);
	add_histograms(adding, piece->sign, row_text(rows, 0, 1));
	return true;
}

static void finish_buckets(struct adding *adding)
{
	for (size_t i = 0; i < adding->pieces->row_count; i++)
		if (adding->rows[i].len)
			go_to_bucket(adding, (size_t)adding->pieces->rows[i].bucket);
	finish_bucket(adding);
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

static bool load_rows(struct store *store, struct adding *adding, struct err *err)
{
	for (size_t i = 0; i < adding->pieces->row_count; i++) {
		FIELDS_AUTO params = {0};
		ROWS_AUTO rows = {0};
		put_rows(&params, adding->query, adding->pieces, &adding->pieces->rows[i]);
		put_metrics(&params, adding->query);
		if (!sql_run(store, "latency_rows", &params, &rows, err))
			return false;
		if (rows.count)
			buf_text(&adding->rows[i], row_text(&rows, 0, 0));
	}
	return true;
}

static void adding_free(struct adding *adding)
{
	for (size_t i = 0; i < ROW_PIECES; i++)
		buf_free(&adding->rows[i]);
	free(adding);
}

static bool load_latencies(struct store *store, const struct metric_query *query,
			   const struct pieces *pieces, struct buckets *buckets, struct err *err)
{
	FIELDS_AUTO params = {0};
	struct adding *adding = xcalloc(1, sizeof *adding);
	adding->buckets = buckets;
	adding->pieces = pieces;
	adding->query = query;
	clear_sums(adding);
	put_pieces(&params, query, pieces);
	put_metrics(&params, query);
	bool fine = load_rows(store, adding, err) &&
		    sql_each(store, "latency_rollup", &params, adding, take_histograms, err);
	finish_buckets(adding);
	adding_free(adding);
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

bool delivery_rolled(struct store *store, const struct metric_query *query, struct buckets *buckets,
		     struct err *err)
{
	struct pieces pieces;
	pieces_make(query, buckets, &pieces);
	bool fine = sql_plan(store, "plan_kept", err) &&
		    load_counts(store, query, &pieces, buckets, err);
	nothing_answered(buckets);
	fine = fine && load_latencies(store, query, &pieces, buckets, err);
	pieces_free(&pieces);
	return fine;
}
