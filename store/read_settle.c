// SPDX-License-Identifier: Apache-2.0
// What waits to be settled, and typing intervals.
#include "store/read.h"

bool store_settle_lag(struct store *store, int32_t realm, struct settle_lag *lag, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_int4(&params, realm);
	if (!sql_run(store, "settle_lag", &params, &rows, err))
		return false;
	*lag = (struct settle_lag){row_int(&rows, 0, 0), row_usec(&rows, 0, 1)};
	return true;
}

struct typing_sink {
	void *self;
	bool (*each)(void *self, const struct typing_row *typing);
};

static bool take_typing(void *self, const struct rows *rows)
{
	const struct typing_sink *sink = self;
	struct typing_row typing = {
		.party = row_text(rows, 0, 0),
		.resource = row_text(rows, 0, 1),
		.to = row_text(rows, 0, 2),
		.start = row_usec(rows, 0, 3),
		.end = row_usec(rows, 0, 4),
		.ended = (int)row_int(rows, 0, 5),
		.position = row_int(rows, 0, 6),
	};
	return sink->each(sink->self, &typing);
}

bool store_typing(struct store *store, int32_t realm, usec_t since, usec_t until, void *self,
		  bool (*each)(void *self, const struct typing_row *typing), struct err *err)
{
	struct typing_sink sink = {self, each};
	FIELDS_AUTO params = {0};
	put_span(&params, realm, since, until);
	return sql_each(store, "typing", &params, &sink, take_typing, err);
}
