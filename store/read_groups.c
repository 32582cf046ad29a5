// SPDX-License-Identifier: Apache-2.0
// Metrics by dimension (F9): one statement gives all groups with their histograms (of clients read_clients.c);
// here they are put in order, and what is beyond the limit becomes one.
#include "store/message_row.h"
#include "store/read_groups.h"

#include <stdlib.h>

// --- from the database ---

static void read_bins(const struct rows *rows, struct arena *arena, struct metric_group *group)
{
	struct array bins, counts;
	struct text bin, count;
	array_open(&bins, rows, 0, 11);
	array_open(&counts, rows, 0, 12);
	struct bin_count *list = arena_alloc(arena, (bins.left + 1) * sizeof *list);
	while (array_next(&bins, &bin) && array_next(&counts, &count))
		list[group->bin_count++] =
			(struct bin_count){(int)array_int(bin), array_int(count)};
	group->bins = list;
}

static void read_conditions(const struct rows *rows, struct arena *arena,
			    struct metric_group *group)
{
	struct array names, counts;
	struct text name, count;
	array_open(&names, rows, 0, 13);
	array_open(&counts, rows, 0, 14);
	struct failure_count *list = arena_alloc(arena, (names.left + 1) * sizeof *list);
	while (array_next(&names, &name) && array_next(&counts, &count))
		list[group->condition_count++] =
			(struct failure_count){arena_text(arena, name), array_int(count)};
	group->conditions = list;
}

static bool take_group(void *self, const struct rows *rows)
{
	struct loading *loading = self;
	struct metric_group group = {.name = row_copy(rows, 0, 0, loading->arena),
				     .detail = row_copy(rows, 0, 1, loading->arena),
				     .sent = row_int(rows, 0, 2),
				     .unknown = row_int(rows, 0, 3),
				     .failed_all = row_int(rows, 0, 4),
				     .requested = row_int(rows, 0, 5),
				     .confirmed = row_int(rows, 0, 6),
				     .failed = row_int(rows, 0, 7),
				     .pending = row_int(rows, 0, 8),
				     .read_requested = row_int(rows, 0, 9),
				     .read = row_int(rows, 0, 10),
				     .groups = 1};
	read_bins(rows, loading->arena, &group);
	read_conditions(rows, loading->arena, &group);
	*groups_add(loading) = group;
	return true;
}

struct metric_group *groups_add(struct loading *loading)
{
	if (loading->count == loading->cap) {
		loading->cap = loading->cap ? loading->cap * 2 : 64;
		loading->items = xrealloc(loading->items, loading->cap * sizeof *loading->items);
	}
	return &loading->items[loading->count++];
}

// --- latencies, what is left open ---

// Nearest-rank of a histogram: the middle of the bin with that share at or below it.
static void find_percentiles(struct metric_group *group)
{
	static const int percents[] = {50, 90, 95, 99, 100};
	int64_t seen = 0;
	size_t next = 0;
	group->ttd_n = 0;
	for (size_t i = 0; i < group->bin_count; i++)
		group->ttd_n += group->bins[i].n;
	for (size_t i = 0; i < group->bin_count && group->ttd_n > 0; i++) {
		seen += group->bins[i].n;
		while (next < 5 && group->bins[i].n && seen * 100 >= group->ttd_n * percents[next])
			group->ttd_ms[next++] = latency_bin_ms(group->bins[i].bin);
	}
}

static void finish(struct metric_group *group, const struct group_query *query)
{
	group->rated = group->requested > 0 && group->requested >= query->min_count;
	if (query->by != GROUP_CONDITION)
		group->expired =
			group->requested - group->confirmed - group->failed - group->pending;
	find_percentiles(group);
}

// --- order ---

static int compare(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int by_name(const void *a, const void *b)
{
	const struct metric_group *x = a, *y = b;
	int order = text_compare(x->name, y->name);
	return order ? order : text_compare(x->detail, y->detail);
}

static int by_requested(const void *a, const void *b)
{
	const struct metric_group *x = a, *y = b;
	int order = compare(y->requested, x->requested);
	order = order ? order : compare(y->failed_all, x->failed_all);
	return order ? order : by_name(a, b);
}

static int by_lost(const void *a, const void *b)
{
	const struct metric_group *x = a, *y = b;
	int order = compare(y->failed + y->expired, x->failed + x->expired);
	return order ? order : by_requested(a, b);
}

// The lowest first; where hardly anything was asked for there is none.
static int by_rate(const void *a, const void *b)
{
	const struct metric_group *x = a, *y = b;
	if (!x->rated || !y->rated)
		return x->rated || y->rated ? y->rated - x->rated : by_requested(a, b);
	double p = (double)x->confirmed / (double)x->requested;
	double q = (double)y->confirmed / (double)y->requested;
	return p < q ? -1 : p > q ? 1 : by_requested(a, b);
}

static int by_latency(const void *a, const void *b)
{
	const struct metric_group *x = a, *y = b;
	int order = compare(y->ttd_n ? y->ttd_ms[2] : -1, x->ttd_n ? x->ttd_ms[2] : -1);
	return order ? order : by_requested(a, b);
}

static int (*const orders[])(const void *, const void *) = {
	[GROUP_WORST] = by_lost,          [GROUP_RATE] = by_rate, [GROUP_SLOW] = by_latency,
	[GROUP_REQUESTED] = by_requested, [GROUP_NAME] = by_name,
};

// Conditions have failures only.
static int (*order_of(const struct group_query *query))(const void *, const void *)
{
	bool failures = query->by == GROUP_CONDITION && query->order != GROUP_NAME;
	return failures ? by_requested : orders[query->order];
}

// --- the rest ---

static void add_conditions(struct metric_group *into, const struct metric_group *group,
			   struct failure_count *list)
{
	for (size_t i = 0; i < group->condition_count; i++) {
		size_t k = 0;
		while (k < into->condition_count &&
		       !text_same(list[k].condition, group->conditions[i].condition))
			k++;
		if (k == into->condition_count)
			list[into->condition_count++] =
				(struct failure_count){group->conditions[i].condition, 0};
		list[k].n += group->conditions[i].n;
	}
}

static void add_group(struct metric_group *into, const struct metric_group *group)
{
	into->sent += group->sent;
	into->unknown += group->unknown;
	into->failed_all += group->failed_all;
	into->requested += group->requested;
	into->confirmed += group->confirmed;
	into->failed += group->failed;
	into->pending += group->pending;
	into->expired += group->expired;
	into->read_requested += group->read_requested;
	into->read += group->read;
	into->groups++;
}

static size_t count_conditions(const struct metric_group *groups, size_t count)
{
	size_t most = 0;
	for (size_t i = 0; i < count; i++)
		most += groups[i].condition_count;
	return most;
}

static void add_rest(struct metric_groups *out, const struct metric_group *rest, size_t count,
		     struct arena *arena)
{
	struct bin_count *bins = arena_alloc(arena, LATENCY_BINS * sizeof *bins);
	struct failure_count *conditions =
		arena_alloc(arena, (count_conditions(rest, count) + 1) * sizeof *conditions);
	for (int i = 0; i < LATENCY_BINS; i++)
		bins[i] = (struct bin_count){i, 0};
	for (size_t i = 0; i < count; i++) {
		add_group(&out->other, &rest[i]);
		add_conditions(&out->other, &rest[i], conditions);
		for (size_t k = 0; k < rest[i].bin_count; k++) {
			int bin = rest[i].bins[k].bin;
			if (bin >= 0 && bin < LATENCY_BINS)
				bins[bin].n += rest[i].bins[k].n;
		}
	}
	out->other.bins = bins;
	out->other.bin_count = LATENCY_BINS;
	out->other.conditions = conditions;
	find_percentiles(&out->other);
}

// --- which statement ---

static void put_window(struct fields *params, const struct group_query *query)
{
	put_int4(params, query->realm);
	put_usec(params, usec_bounded(query->since));
	put_usec(params, usec_bounded(query->until));
}

static void put_edge(struct fields *params, const struct group_query *query)
{
	usec_t edge = usec_bounded(query->now - query->t_expire);
	put_usec(params, edge);
	put_usec(params, usec_bounded(rollup_day(edge) + USEC_PER_DAY));
}

static void put_direction(struct fields *params, const struct group_query *query)
{
	bool from = query->by == GROUP_FROM_DOMAIN || query->by == GROUP_PEERS_FROM;
	put_zstr(params, from ? "from" : "to");
}

static void put_domains(struct fields *params, const struct group_query *query)
{
	static const struct string_list none = {0};
	put_direction(params, query);
	put_texts(params, query->local ? query->local : &none);
	put_safe(params, query->by == GROUP_FROM_DOMAIN ? query->to_domain
			 : query->by == GROUP_TO_DOMAIN ? query->from_domain
							: query->domain);
}

// Where the part stands in rollup.kind: rest of a division by "values" after one by "unit".
static const struct {
	int values, unit;
} parts[] = {
	[GROUP_TYPE] = {8, 1},
	[GROUP_CLASS] = {8, 8},
	[GROUP_STORED] = {2, 64},
	[GROUP_ENCRYPTED] = {2, 128},
};

static const char *put_query(struct fields *params, const struct group_query *query)
{
	put_window(params, query);
	switch (query->by) {
	case GROUP_CONDITION:
		put_safe(params, query->from_domain);
		put_safe(params, query->to_domain);
		return "group_conditions";
	case GROUP_PEERS_TO:
	case GROUP_PEERS_FROM:
	case GROUP_FROM_DOMAIN:
	case GROUP_TO_DOMAIN:
		put_edge(params, query);
		put_domains(params, query);
		return "group_domains";
	default:
		put_edge(params, query);
		put_int4(params, parts[query->by].values);
		put_int4(params, parts[query->by].unit);
		return "group_kinds";
	}
}

static void arrange(struct loading *loading, const struct group_query *query)
{
	struct metric_groups *out = loading->out;
	struct metric_group *list = loading->items;
	size_t count = loading->count;
	for (size_t i = 0; i < count; i++)
		finish(&list[i], query);
	finish(&out->no_software, query);
	finish(&out->no_device, query);
	if (count > 1)
		qsort(list, count, sizeof *list, order_of(query));
	out->count = count < query->limit ? count : query->limit;
	out->items = arena_alloc(loading->arena, (out->count + 1) * sizeof *list);
	if (out->count)
		memcpy(out->items, list, out->count * sizeof *list);
	add_rest(out, list + out->count, count - out->count, loading->arena);
}

static bool load(struct store *store, const struct group_query *query, struct loading *loading,
		 struct err *err)
{
	FIELDS_AUTO params = {0};
	if (!sql_plan(store, "plan_known", err))
		return false;
	if (query->by == GROUP_CLIENTS)
		return clients_load(store, query, loading, err);
	const char *statement = put_query(&params, query);
	return sql_each(store, statement, &params, loading, take_group, err);
}

bool store_groups(struct store *store, const struct group_query *query, struct arena *arena,
		  struct metric_groups *groups, struct err *err)
{
	struct loading loading = {.arena = arena, .out = groups};
	*groups = (struct metric_groups){0};
	bool fine = load(store, query, &loading, err);
	if (fine)
		arrange(&loading, query);
	free(loading.items);
	return fine;
}
