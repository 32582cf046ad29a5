// SPDX-License-Identifier: Apache-2.0
// Metrics that name people (F9): users by day from their roll-up, pairs from rows.
#include "store/message_row.h"
#include "store/read.h"

static void put_people(struct fields *params, const struct people_query *query)
{
	put_int4(params, query->realm);
	put_usec(params, usec_bounded(query->since));
	put_usec(params, usec_bounded(query->until));
}

// --- users ---

struct user_sink {
	void *self;
	bool (*each)(void *self, const struct user_sums_row *row);
};

static bool take_user(void *self, const struct rows *rows)
{
	const struct user_sink *sink = self;
	const struct user_sums_row row = {
		.jid = row_text(rows, 0, 0),
		.day = row_usec(rows, 0, 1),
		.sent = row_int(rows, 0, 2),
		.requested = row_int(rows, 0, 3),
		.confirmed = row_int(rows, 0, 4),
		.failed = row_int(rows, 0, 5),
		.read_requested = row_int(rows, 0, 6),
		.read = row_int(rows, 0, 7),
		.received = row_int(rows, 0, 8),
	};
	return sink->each(sink->self, &row);
}

bool store_user_metrics(struct store *store, const struct people_query *query, void *self,
			bool (*each)(void *self, const struct user_sums_row *row), struct err *err)
{
	struct user_sink sink = {self, each};
	FIELDS_AUTO params = {0};
	put_people(&params, query);
	put_safe(&params, query->domain);
	put_safe(&params, query->jid);
	put_bool(&params, query->by_day);
	put_int4(&params, query->order);
	put_int8(&params, query->limit);
	return sql_plan(store, "plan_known", err) &&
	       sql_each(store, "metric_users", &params, &sink, take_user, err);
}

// --- pairs ---

struct pair_sink {
	void *self;
	bool (*each)(void *self, const struct metric_group *row);
};

static bool take_pair(void *self, const struct rows *rows)
{
	const struct pair_sink *sink = self;
	struct array percentiles;
	struct text ms;
	struct metric_group row = {.name = row_text(rows, 0, 0), .detail = row_text(rows, 0, 1)};
	int64_t *const members[] = {
		&row.sent,           &row.unknown, &row.failed_all, &row.requested,
		&row.confirmed,      &row.failed,  &row.pending,    &row.expired,
		&row.read_requested, &row.read,    &row.ttd_n,
	};
	int column = 2;
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		*members[i] = row_int(rows, 0, column++);
	array_open(&percentiles, rows, 0, column);
	for (size_t i = 0; i < 5 && array_next(&percentiles, &ms); i++)
		row.ttd_ms[i] = array_int(ms);
	return sink->each(sink->self, &row);
}

bool store_pair_metrics(struct store *store, const struct people_query *query, void *self,
			bool (*each)(void *self, const struct metric_group *row), struct err *err)
{
	struct pair_sink sink = {self, each};
	FIELDS_AUTO params = {0};
	put_people(&params, query);
	put_usec(&params, usec_bounded(query->now - query->t_expire));
	put_safe(&params, query->domain);
	put_safe(&params, query->jid);
	put_int4(&params, query->order);
	put_int8(&params, query->limit);
	return sql_plan(store, "plan_known", err) &&
	       sql_each(store, "metric_pairs", &params, &sink, take_pair, err);
}
