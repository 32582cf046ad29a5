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

struct latency {
	int64_t n, ms[5];
};

struct adding { // histograms of one wanted bucket
	size_t bucket;
	int64_t sums[2][LATENCY_BINS]; // to deliver, to read
	struct latency (*out)[2];
	size_t count;
};

static const int percents[] = {50, 90, 95, 99, 100};
enum { PERCENTS = sizeof percents / sizeof *percents };

// Nearest-rank: the smallest value with at least that share at or below it.
static void find_percentiles(const int64_t *bins, struct latency *out)
{
	int64_t seen = 0;
	size_t next = 0;
	for (int i = 0; i < LATENCY_BINS; i++)
		out->n += bins[i];
	for (int i = 0; i < LATENCY_BINS && next < PERCENTS && out->n > 0; i++) {
		seen += bins[i];
		while (next < PERCENTS && bins[i] && seen * 100 >= out->n * percents[next])
			out->ms[next++] = latency_bin_ms(i);
	}
}

static void finish_bucket(struct adding *adding)
{
	for (size_t i = 0; i < 2 && adding->bucket; i++)
		find_percentiles(adding->sums[i], &adding->out[adding->bucket - 1][i]);
	memset(adding->sums, 0, sizeof adding->sums);
}

static bool take_histogram(void *self, const struct rows *rows)
{
	struct adding *adding = self;
	struct array bins, counts;
	struct text bin, count;
	size_t bucket = (size_t)row_int(rows, 0, 0);
	int64_t sign = row_int(rows, 0, 1);
	if (bucket < 1 || bucket > adding->count)
		return true;
	if (bucket != adding->bucket)
		finish_bucket(adding);
	adding->bucket = bucket;
	int64_t *sums = adding->sums[row_int(rows, 0, 2) == LATENCY_READ + 1];
	array_open(&bins, rows, 0, 3);
	array_open(&counts, rows, 0, 4);
	while (array_next(&bins, &bin) && array_next(&counts, &count)) {
		int64_t place = array_int(bin);
		if (place >= 0 && place < LATENCY_BINS)
			sums[place] += sign * array_int(count);
	}
	return true;
}

static bool load_latencies(struct store *store, const struct metric_query *query,
			   const struct pieces *pieces, struct delivery_sink *sink,
			   struct latency (*out)[2], struct err *err)
{
	FIELDS_AUTO params = {0};
	struct adding *adding = xcalloc(1, sizeof *adding);
	adding->out = out;
	adding->count = sink->buckets->count;
	put_pieces(&params, query, pieces, false);
	bool fine = sql_each(store, "latency_rollup", &params, adding, take_histogram, err);
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

struct rolled {
	struct delivery_sink *sink;
	struct latency (*latencies)[2];
};

static bool take_sums(void *self, const struct rows *rows)
{
	struct rolled *rolled = self;
	size_t i = (size_t)row_int(rows, 0, 0) - 1;
	if (i >= rolled->sink->buckets->count || !delivery_skip(rolled->sink, i))
		return false;
	struct delivery_bucket bucket = delivery_empty(rolled->sink->buckets, i);
	int64_t *const members[] = {
		&bucket.sent,           &bucket.unknown, &bucket.failed_all, &bucket.requested,
		&bucket.confirmed,      &bucket.failed,  &bucket.pending,    &bucket.expired,
		&bucket.read_requested, &bucket.read,    &bucket.stored,     &bucket.skew_clamped,
		&bucket.resends,
	};
	for (size_t k = 0; k < sizeof members / sizeof *members; k++)
		*members[k] = row_int(rows, 0, (int)k + 1);
	const struct latency *deliver = &rolled->latencies[i][0], *read = &rolled->latencies[i][1];
	bucket.estimated = true;
	bucket.ttd_n = deliver->n;
	bucket.ttr_n = read->n;
	for (size_t k = 0; k < PERCENTS; k++) {
		bucket.ttd_ms[k] = deliver->n > 0 ? deliver->ms[k] : -1;
		bucket.ttr_ms[k] = read->n > 0 ? read->ms[k] : -1;
	}
	return delivery_give(rolled->sink, &bucket);
}

bool delivery_rolled(struct store *store, const struct metric_query *query,
		     struct delivery_sink *sink, struct err *err)
{
	struct pieces pieces;
	FIELDS_AUTO params = {0};
	struct rolled rolled = {sink, xcalloc(sink->buckets->count, sizeof *rolled.latencies)};
	pieces_make(query, sink->buckets, &pieces);
	put_pieces(&params, query, &pieces, true);
	put_int4(&params, pieces.edge_bucket);
	put_usec(&params, pieces.edge);
	put_usec(&params, pieces.edge_lo);
	put_usec(&params, pieces.edge_hi);
	bool fine = sql_run(store, "plan_kept", NULL, NULL, err) &&
		    load_latencies(store, query, &pieces, sink, rolled.latencies, err) &&
		    sql_each(store, "delivery_rollup", &params, &rolled, take_sums, err);
	pieces_free(&pieces);
	free(rolled.latencies);
	return fine;
}
