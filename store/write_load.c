// SPDX-License-Identifier: Apache-2.0
// Gives pairing what is stored about the keys of a batch, in rounds, under the lane's lock.
#include "store/write.h"

#include <stdlib.h>

// A conversation that wants so many keys at once is read as one range, filtered by key: the index
// begins with (conv, sent_at), so every key on its own would walk the same entries again.
enum { MANY_KEYS = 4 };

// --- taking in ---

enum { FROM_COLUMN = MESSAGE_READ_COLUMNS, TO_COLUMN };

static bool take_row(void *self, const struct rows *rows)
{
	struct plan *plan = self;
	struct message_row flat;
	struct plain_acks acks;
	struct row row;

	message_read(rows, 0, &flat);
	message_to_row(&flat, row_text(rows, 0, FROM_COLUMN), row_text(rows, 0, TO_COLUMN), &acks,
		       &row);
	pairing_load_row(plan->batch->pairing, &row);
	return true;
}

// Columns of load_acks.sql and load_orphans.sql.
static bool take_ack(void *self, const struct rows *rows)
{
	struct plan *plan = self;
	struct stored_evidence it = {
		.conv = row_int(rows, 0, 0),
		.key = row_int(rows, 0, 1),
		.by = row_text(rows, 0, 2),
		.to = row_text(rows, 0, 3),
		.ref = row_text(rows, 0, 4),
		.about = row_int(rows, 0, 5),
		.about_self = row_int(rows, 0, 6),
		.evidence =
			{
				.kind = (enum evidence_kind)row_int(rows, 0, 7),
				.by_resource = row_text(rows, 0, 8),
				.own_id = row_text(rows, 0, 9),
				.first = row_usec(rows, 0, 10),
				.last = row_usec(rows, 0, 11),
				.thread = row_int(rows, 0, 12),
				.condition = row_text(rows, 0, 13),
				.position = row_int(rows, 0, 14),
				.borrowed = row_bool(rows, 0, 15),
				.class_ = (enum evidence_class)row_int(rows, 0, 16),
				.n = (int32_t)row_int(rows, 0, 17),
				.lent_conv = row_int(rows, 0, 18),
				.lent_key = row_int(rows, 0, 19),
				.leg = (enum leg)row_int(rows, 0, 20),
				.sig = row_int(rows, 0, 21),
				.seen = (unsigned)row_int(rows, 0, 22),
				.via = (int32_t)row_int(rows, 0, 23),
				.named = row_text(rows, 0, 24),
				.real = row_text(rows, 0, 25),
			},
	};
	if (it.evidence.borrowed || it.evidence.leg == LEG_UPLOAD)
		it.evidence.by = it.by;
	pairing_load_evidence(plan->batch->pairing, &it);
	*VEC_ADD(&plan->stored) = (struct place){it.conv, it.key, it.evidence.first};
	return true;
}

static bool take_sent(void *self, const struct rows *rows)
{
	struct plan *plan = self;
	struct sent sent = {
		.hash = row_int(rows, 0, 0),
		.what = (enum sent_what)row_int(rows, 0, 1),
		.conv = row_int(rows, 0, 2),
		.key = row_int(rows, 0, 3),
		.at = row_usec(rows, 0, 4),
		.from = row_text(rows, 0, 5),
		.to = row_text(rows, 0, 6),
	};
	pairing_load_sent(plan->batch->pairing, &sent);
	return true;
}

// With this many conversations at once the planner may prefer to read evidence as a whole: there is
// little of it, and what looks for every one of them walks all days.
enum { MANY_CONVERSATIONS = 500 };

// --- keys ---

struct key_query { // arrays for one statement
	struct fields conv, key, lo, hi;
};

static void key_query_free(struct key_query *query)
{
	fields_free(&query->conv);
	fields_free(&query->key);
	fields_free(&query->lo);
	fields_free(&query->hi);
}
#define KEY_QUERY_AUTO __attribute__((cleanup(key_query_free))) struct key_query

static void put_range(struct key_query *query, int64_t conv, usec_t lo, usec_t hi)
{
	put_int8(&query->conv, conv);
	put_usec(&query->lo, usec_bounded(lo));
	put_usec(&query->hi, usec_bounded(hi));
}

static int by_conv(const void *a, const void *b)
{
	const struct want_key *x = a, *y = b;
	if (x->conv != y->conv)
		return x->conv < y->conv ? -1 : 1;
	return (x->key > y->key) - (x->key < y->key);
}

static bool run_keys(struct plan *plan, const char *name, const struct key_query *query,
		     bool (*take)(void *self, const struct rows *rows), struct err *err)
{
	if (!query->conv.count)
		return true;
	FIELDS_AUTO params = {0};
	put_array(&params, OF_INT8, &query->conv);
	put_array(&params, OF_INT8, &query->key);
	put_array(&params, OF_TIMESTAMPTZ, &query->lo);
	put_array(&params, OF_TIMESTAMPTZ, &query->hi);
	return sql_each(plan->store, name, &params, plan, take, err);
}

// The keys first..last-1 are of one conversation.
static void add_run(const struct want_key *first, const struct want_key *last,
		    struct key_query *single, struct key_query *many, struct key_query *all)
{
	bool is_many = last - first >= MANY_KEYS;
	usec_t lo = first->lo, hi = first->hi;

	for (const struct want_key *want = first; want < last; want++) {
		lo = want->lo < lo ? want->lo : lo;
		hi = want->hi > hi ? want->hi : hi;
		put_int8(&all->key, want->key);
		put_int8(is_many ? &many->key : &single->key, want->key);
		if (!is_many)
			put_range(single, want->conv, want->lo, want->hi);
	}
	put_range(all, first->conv, lo, hi);
	if (is_many)
		put_range(many, first->conv, lo, hi);
}

static bool load_keys(struct plan *plan, const struct want_key *wants, size_t count,
		      struct err *err)
{
	KEY_QUERY_AUTO single = {0};
	KEY_QUERY_AUTO many = {0};
	KEY_QUERY_AUTO all = {0};
	if (!count)
		return true;
	struct want_key *sorted = xcalloc(count, sizeof *sorted);
	memcpy(sorted, wants, count * sizeof *sorted);
	qsort(sorted, count, sizeof *sorted, by_conv);
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count && sorted[end].conv == sorted[i].conv; end++)
			;
		add_run(sorted + i, sorted + end, &single, &many, &all);
	}
	for (size_t i = 0; i < count; i++)
		*VEC_ADD(&plan->ranges) =
			(struct range){sorted[i].conv, sorted[i].key, sorted[i].lo, sorted[i].hi};
	free(sorted);
	bool scan = all.conv.count >= MANY_CONVERSATIONS;
	return run_keys(plan, "load_keys", &single, take_row, err) &&
	       run_keys(plan, "load_conversations", &many, take_row, err) &&
	       (!scan || sql_run(plan->store, "plan_scans", NULL, NULL, err)) &&
	       run_keys(plan, "load_acks", &all, take_ack, err) &&
	       (!scan || sql_run(plan->store, "plan_lookups", NULL, NULL, err));
}

// --- the rest ---

static bool load_windows(struct plan *plan, const struct want_window *wants, size_t count,
			 struct err *err)
{
	FIELDS_AUTO conv = {0};
	FIELDS_AUTO lo = {0};
	FIELDS_AUTO hi = {0};
	FIELDS_AUTO markers = {0};
	FIELDS_AUTO params = {0};
	if (!count)
		return true;
	for (size_t i = 0; i < count; i++) {
		put_int8(&conv, wants[i].conv);
		put_usec(&lo, usec_bounded(wants[i].lo));
		put_usec(&hi, usec_bounded(wants[i].hi));
		put_bool(&markers, wants[i].markers_only);
	}
	put_array(&params, OF_INT8, &conv);
	put_array(&params, OF_TIMESTAMPTZ, &lo);
	put_array(&params, OF_TIMESTAMPTZ, &hi);
	put_array(&params, OF_BOOL, &markers);
	return sql_each(plan->store, "load_windows", &params, plan, take_row, err);
}

static bool load_hashes(struct plan *plan, const char *name, const int64_t *hashes, size_t count,
			bool (*take)(void *self, const struct rows *rows), struct err *err)
{
	FIELDS_AUTO params = {0};
	if (!count)
		return true;
	put_int8s(&params, hashes, count);
	put_int4(&params, plan->batch->realm);
	return sql_run(plan->store, "plan_scans", NULL, NULL, err) &&
	       sql_each(plan->store, name, &params, plan, take, err) &&
	       sql_run(plan->store, "plan_lookups", NULL, NULL, err);
}

// --- order for later look-ups ---

static int by_key(const void *a, const void *b)
{
	const struct range *x = a, *y = b;
	return (x->key > y->key) - (x->key < y->key);
}

static int by_place(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

static void sort_loaded(struct plan *plan)
{
	if (plan->ranges.count)
		qsort(plan->ranges.items, plan->ranges.count, sizeof *plan->ranges.items, by_key);
	if (plan->stored.count)
		qsort(plan->stored.items, plan->stored.count, sizeof *plan->stored.items, by_place);
}

bool plan_load(struct plan *plan, struct err *err)
{
	struct pairing_wants wants;

	if (!sql_run(plan->store, "plan_lookups", NULL, NULL, err))
		return false;
	while (pairing_wants(plan->batch->pairing, &wants)) {
		if (!load_keys(plan, wants.keys, wants.key_count, err) ||
		    !load_windows(plan, wants.windows, wants.window_count, err) ||
		    !load_hashes(plan, "load_orphans", wants.orphans, wants.orphan_count, take_ack,
				 err) ||
		    !load_hashes(plan, "load_sent", wants.sent, wants.sent_count, take_sent, err))
			return false;
	}
	sort_loaded(plan);
	return true;
}
