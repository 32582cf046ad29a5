// SPDX-License-Identifier: Apache-2.0
// Gives pairing what is stored about the keys of a batch, in rounds, under the lane's lock.
#include "store/write.h"

#include <stdlib.h>

// A conversation that wants so many keys at once is read as one range, filtered by key: the index
// begins with (conv, sent_at), so every key on its own would walk the same entries again.
enum { MANY_KEYS = 4 };

static usec_t later(usec_t a, usec_t b)
{
	return a > b ? a : b;
}

static usec_t earlier(usec_t a, usec_t b)
{
	return a < b ? a : b;
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
	put_in_days(&params, &query->lo, &query->hi);
	return sql_each(plan->store, name, &params, plan, take, err);
}

// What of lo..hi of a conversation is not loaded already, at most two spans.
static int not_whole(const struct plan *plan, int64_t conv, usec_t lo, usec_t hi,
		     struct want_window rest[2])
{
	const struct whole *whole = &plan->whole;
	bool apart = whole->since >= whole->until || conv < whole->conv_lo ||
		     conv > whole->conv_hi || lo >= whole->until || hi < whole->since;
	int count = 0;
	if (apart)
		rest[count++] = (struct want_window){.lo = lo, .hi = hi};
	if (!apart && lo < whole->since)
		rest[count++] = (struct want_window){.lo = lo, .hi = whole->since - 1};
	if (!apart && hi >= whole->until)
		rest[count++] = (struct want_window){.lo = whole->until, .hi = hi};
	return count;
}

struct probe { // a key that may be stored on a day
	int64_t conv, key, day;
	usec_t lo, hi;
};

struct probes {
	struct plan *plan;
	const struct want_key *want;
	VEC(struct probe) list;
};

static void take_day(void *self, int64_t day)
{
	struct probes *probes = self;
	const struct want_key *want = probes->want;
	struct want_window rest[2];
	usec_t lo = later(keys_day_start(day), want->lo), hi = earlier(keys_day_end(day), want->hi);
	int count = not_whole(probes->plan, want->conv, lo, hi, rest);
	for (int i = 0; i < count; i++)
		*VEC_ADD(&probes->list) =
			(struct probe){want->conv, want->key, day, rest[i].lo, rest[i].hi};
}

static int by_conv_day(const void *a, const void *b)
{
	const struct probe *x = a, *y = b;
	if (x->conv != y->conv)
		return x->conv < y->conv ? -1 : 1;
	if (x->day != y->day)
		return x->day < y->day ? -1 : 1;
	return (x->key > y->key) - (x->key < y->key);
}

// The probes first..last-1 are of one day of one conversation.
static void add_run(const struct probe *first, const struct probe *last, struct key_query *single,
		    struct key_query *many)
{
	bool is_many = last - first >= MANY_KEYS;
	usec_t lo = first->lo, hi = first->hi;

	for (const struct probe *probe = first; probe < last; probe++) {
		lo = probe->lo < lo ? probe->lo : lo;
		hi = probe->hi > hi ? probe->hi : hi;
		put_int8(is_many ? &many->key : &single->key, probe->key);
		if (!is_many)
			put_range(single, probe->conv, probe->lo, probe->hi);
	}
	if (is_many)
		put_range(many, first->conv, lo, hi);
}

static bool probe_rows(struct probes *probes, struct err *err)
{
	KEY_QUERY_AUTO single = {0};
	KEY_QUERY_AUTO many = {0};
	const struct probe *list = probes->list.items;
	size_t count = probes->list.count;
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1;
		     end < count && list[end].conv == list[i].conv && list[end].day == list[i].day;
		     end++)
			;
		add_run(list + i, list + end, &single, &many);
	}
	return run_keys(probes->plan, "load_keys", &single, plan_take_row, err) &&
	       run_keys(probes->plan, "load_conversations", &many, plan_take_row, err);
}

// A plain row holds all evidence of its key: nothing of it can be in the table of acks.
static bool probe_acks(struct probes *probes, struct err *err)
{
	KEY_QUERY_AUTO query = {0};
	struct plan *plan = probes->plan;
	for (size_t i = 0; i < probes->list.count; i++) {
		const struct probe *probe = &probes->list.items[i];
		if (map_get(&plan->plain, probe->key))
			continue;
		put_int8(&query.key, probe->key);
		put_range(&query, probe->conv, probe->lo, probe->hi);
	}
	bool scan = query.conv.count >= MANY_CONVERSATIONS;
	return (!scan || sql_run(plan->store, "plan_scans", NULL, NULL, err)) &&
	       run_keys(plan, "load_acks", &query, plan_take_ack, err) &&
	       (!scan || sql_run(plan->store, "plan_lookups", NULL, NULL, err));
}

// --- messages without id that began long before (M4) ---

struct long_query {
	struct key_query keys;
	struct fields reach;
	const struct want_key *want;
};

static void long_query_free(struct long_query *query)
{
	key_query_free(&query->keys);
	fields_free(&query->reach);
}

static void take_long_day(void *self, int64_t day)
{
	struct long_query *query = self;
	const struct want_key *want = query->want;
	put_int8(&query->keys.key, want->key);
	put_range(&query->keys, want->conv, keys_day_start(day),
		  earlier(keys_day_end(day), want->lo - 1));
	put_usec(&query->reach, usec_bounded(want->lo));
}

// What is seen again all the time for longer than this begins anew.
#define LONGEST (7 * USEC_PER_DAY)

static bool load_long(struct plan *plan, const struct want_key *wants, size_t count,
		      struct err *err)
{
	__attribute__((cleanup(long_query_free))) struct long_query query = {0};
	FIELDS_AUTO params = {0};
	for (size_t i = 0; i < count; i++) {
		query.want = &wants[i];
		if (wants[i].lo > INT64_MIN / 4) // of keys with id all is loaded
			key_filter_days(plan->writer->keys, wants[i].key,
					keys_day(wants[i].lo - LONGEST), keys_day(wants[i].lo),
					&query, take_long_day);
	}
	if (!query.reach.count)
		return true;
	put_array(&params, OF_INT8, &query.keys.conv);
	put_array(&params, OF_INT8, &query.keys.key);
	put_array(&params, OF_TIMESTAMPTZ, &query.keys.lo);
	put_array(&params, OF_TIMESTAMPTZ, &query.keys.hi);
	put_in_days(&params, &query.keys.lo, &query.keys.hi);
	put_array(&params, OF_TIMESTAMPTZ, &query.reach);
	return sql_each(plan->store, "load_long", &params, plan, plan_take_row, err);
}

static bool load_keys(struct plan *plan, const struct want_key *wants, size_t count,
		      struct err *err)
{
	struct probes probes = {.plan = plan};
	for (size_t i = 0; i < count; i++) {
		const struct want_key *want = &wants[i];
		*VEC_ADD(&plan->ranges) = (struct range){want->conv, want->key, want->lo, want->hi};
		probes.want = want;
		key_filter_days(plan->writer->keys, want->key, keys_day(want->lo),
				keys_day(want->hi), &probes, take_day);
	}
	if (probes.list.count)
		qsort(probes.list.items, probes.list.count, sizeof *probes.list.items, by_conv_day);
	bool fine = probe_rows(&probes, err) && load_long(plan, wants, count, err) &&
		    probe_acks(&probes, err);
	free(probes.list.items);
	return fine;
}

// --- the rest ---

struct window_query {
	struct fields conv, lo, hi, markers, since, whole;
	const struct plan *plan;
	const struct want_window *want;
};

static void window_query_free(struct window_query *query)
{
	fields_free(&query->conv);
	fields_free(&query->lo);
	fields_free(&query->hi);
	fields_free(&query->markers);
	fields_free(&query->since);
	fields_free(&query->whole);
}

// A day on which the conversation has rows.
static void take_window_day(void *self, int64_t day)
{
	struct window_query *query = self;
	const struct want_window *want = query->want;
	struct want_window rest[2];
	usec_t lo = later(keys_day_start(day), want->lo), hi = earlier(keys_day_end(day), want->hi);
	int count = not_whole(query->plan, want->conv, lo, hi, rest);
	for (int i = 0; i < count; i++) {
		put_int8(&query->conv, want->conv);
		put_usec(&query->lo, usec_bounded(rest[i].lo));
		put_usec(&query->hi, usec_bounded(rest[i].hi));
		put_bool(&query->markers, want->markers_only);
		put_usec(&query->since, usec_bounded(want->since));
		put_usec(&query->whole, usec_bounded(want->whole_from));
	}
}

bool plan_each_row(struct plan *plan, const char *name, const struct want_window *windows,
		   size_t count, bool (*take)(void *self, const struct rows *rows), struct err *err)
{
	__attribute__((cleanup(window_query_free))) struct window_query query = {.plan = plan};
	FIELDS_AUTO params = {0};
	for (size_t i = 0; i < count; i++) {
		query.want = &windows[i];
		key_filter_days(plan->writer->keys, windows[i].conv, keys_day(windows[i].lo),
				keys_day(windows[i].hi), &query, take_window_day);
	}
	if (!query.conv.count)
		return true;
	put_array(&params, OF_INT8, &query.conv);
	put_array(&params, OF_TIMESTAMPTZ, &query.lo);
	put_array(&params, OF_TIMESTAMPTZ, &query.hi);
	put_array(&params, OF_BOOL, &query.markers);
	put_array(&params, OF_TIMESTAMPTZ, &query.since);
	put_array(&params, OF_TIMESTAMPTZ, &query.whole);
	put_in_days(&params, &query.lo, &query.hi);
	return sql_each(plan->store, name, &params, plan, take, err);
}

static bool load_windows(struct plan *plan, const struct want_window *wants, size_t count,
			 struct err *err)
{
	VEC(struct want_window) list = {0};
	for (size_t i = 0; i < count; i++) {
		struct want_window want = convs_narrow(plan, &wants[i]);
		if (want.lo > want.hi)
			continue;
		if (want.passing)
			*VEC_ADD(&plan->passing) = want;
		else
			*VEC_ADD(&list) = want;
	}
	bool fine = plan_each_row(plan, "load_windows", list.items, list.count, plan_take_row, err);
	free(list.items);
	return fine;
}

// So many ids are looked for one by one, on all days; more are joined with what is stored.
enum { FEW_SENT = 16 };

static bool load_sent(struct plan *plan, const int64_t *hashes, size_t count, struct err *err)
{
	FIELDS_AUTO params = {0};
	if (!count)
		return true;
	put_int8s(&params, hashes, count);
	put_int4(&params, plan->batch->realm);
	const char *how = count <= FEW_SENT ? "plan_few" : "plan_scans";
	return sql_run(plan->store, how, NULL, NULL, err) &&
	       sql_each(plan->store, "load_sent", &params, plan, plan_take_sent, err) &&
	       sql_run(plan->store, "plan_lookups", NULL, NULL, err);
}

struct hash_query {
	struct fields hash, lo, hi;
	int64_t asked;
};

static void hash_query_free(struct hash_query *query)
{
	fields_free(&query->hash);
	fields_free(&query->lo);
	fields_free(&query->hi);
}

static void take_hash_day(void *self, int64_t day)
{
	struct hash_query *query = self;
	put_int8(&query->hash, query->asked);
	put_usec(&query->lo, usec_bounded(keys_day_start(day)));
	put_usec(&query->hi, usec_bounded(keys_day_end(day)));
}

// Nearly every id has nothing that waits for it.
static bool load_orphans(struct plan *plan, const int64_t *hashes, size_t count, struct err *err)
{
	__attribute__((cleanup(hash_query_free))) struct hash_query query = {0};
	FIELDS_AUTO params = {0};
	for (size_t i = 0; i < count; i++) {
		query.asked = hashes[i];
		key_filter_days(plan->writer->keys, hashes[i], INT64_MIN, INT64_MAX, &query,
				take_hash_day);
	}
	if (!query.hash.count)
		return true;
	put_array(&params, OF_INT8, &query.hash);
	put_array(&params, OF_TIMESTAMPTZ, &query.lo);
	put_array(&params, OF_TIMESTAMPTZ, &query.hi);
	put_in_days(&params, &query.lo, &query.hi);
	put_int4(&params, plan->batch->realm);
	return sql_each(plan->store, "load_orphans", &params, plan, plan_take_ack, err);
}

struct marks_query {
	struct fields conv, device, from, to, target, day_from, day_to;
};

static void marks_query_free(struct marks_query *query)
{
	struct fields *all[] = {&query->conv,   &query->device,   &query->from,  &query->to,
				&query->target, &query->day_from, &query->day_to};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		fields_free(all[i]);
}

static bool load_marks(struct plan *plan, const struct want_marks *wants, size_t count,
		       struct err *err)
{
	__attribute__((cleanup(marks_query_free))) struct marks_query query = {0};
	FIELDS_AUTO params = {0};
	usec_t reach = pairing_marks_reach(plan->batch->pairing);
	usec_t slack = pairing_marks_slack(plan->batch->pairing);
	if (!count)
		return true;
	for (size_t i = 0; i < count; i++) {
		put_int8(&query.conv, wants[i].conv);
		put_int8(&query.device, wants[i].device);
		put_usec(&query.from, usec_bounded(wants[i].from));
		put_usec(&query.to, usec_bounded(wants[i].to));
		put_usec(&query.target, usec_bounded(wants[i].target));
		put_usec(&query.day_from, usec_bounded(wants[i].from - reach - slack));
		put_usec(&query.day_to, usec_bounded(wants[i].to + reach + slack));
	}
	put_array(&params, OF_INT8, &query.conv);
	put_array(&params, OF_INT8, &query.device);
	put_array(&params, OF_TIMESTAMPTZ, &query.from);
	put_array(&params, OF_TIMESTAMPTZ, &query.to);
	put_array(&params, OF_TIMESTAMPTZ, &query.target);
	put_int8(&params, reach);
	put_int8(&params, slack);
	put_in_days(&params, &query.day_from, &query.day_to);
	return sql_each(plan->store, "load_marks", &params, plan, plan_take_mark, err);
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

// --- what a check loads before all else ---

static bool take_whole_row(void *self, const struct rows *rows)
{
	struct plan *plan = self;
	*map_put(&plan->whole.keys, row_int(rows, 0, MESSAGE_KEY_COLUMN)) = plan;
	return plan_take_row(self, rows);
}

static bool take_whole_ack(void *self, const struct rows *rows)
{
	struct plan *plan = self;
	*map_put(&plan->whole.keys, row_int(rows, 0, 1)) = plan;
	return plan_take_ack(self, rows);
}

static bool run_whole(struct plan *plan, int32_t realm, const char *name,
		      bool (*take)(void *self, const struct rows *rows), struct err *err)
{
	const struct whole *whole = &plan->whole;
	FIELDS_AUTO params = {0};
	put_int4(&params, realm);
	put_usec(&params, whole->since);
	put_usec(&params, whole->until);
	put_int8(&params, whole->conv_lo);
	put_int8(&params, whole->conv_hi);
	return sql_each(plan->store, name, &params, plan, take, err);
}

bool plan_load_whole(struct plan *plan, int32_t realm, struct err *err)
{
	return sql_run(plan->store, "plan_lookups", NULL, NULL, err) &&
	       run_whole(plan, realm, "check_messages", take_whole_row, err) &&
	       run_whole(plan, realm, "check_acks", take_whole_ack, err);
}

bool plan_load(struct plan *plan, struct err *err)
{
	struct pairing_wants wants;

	if (!sql_run(plan->store, "plan_lookups", NULL, NULL, err))
		return false;
	while (pairing_wants(plan->batch->pairing, &wants)) {
		if (!load_keys(plan, wants.keys, wants.key_count, err) ||
		    !load_windows(plan, wants.windows, wants.window_count, err) ||
		    !load_orphans(plan, wants.orphans, wants.orphan_count, err) ||
		    !load_sent(plan, wants.sent, wants.sent_count, err) ||
		    !load_marks(plan, wants.marks, wants.mark_count, err))
			return false;
	}
	sort_loaded(plan);
	return true;
}
