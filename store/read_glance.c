// SPDX-License-Identifier: Apache-2.0
// What somebody who looks every two seconds wants besides the metrics: a total that rises, what waits
// longest, the worst domains. All of it is cheap, however much is stored.
#include "store/read.h"

#include "store/rollup.h"

bool store_glance(struct store *store, int32_t realm, usec_t since, struct glance *glance,
		  struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_int4(&params, realm);
	put_usec(&params, since);
	if (!sql_run(store, "glance", &params, &rows, err))
		return false;
	*glance = (struct glance){row_int(&rows, 0, 0), row_usec(&rows, 0, 1)};
	return true;
}

struct domain_sink {
	void *self;
	bool (*each)(void *self, const struct domain_delivery *domain);
};

static bool take_domain(void *self, const struct rows *rows)
{
	const struct domain_sink *sink = self;
	struct domain_delivery domain = {
		.domain = row_text(rows, 0, 0),
		.sent = row_int(rows, 0, 1),
		.requested = row_int(rows, 0, 2),
		.confirmed = row_int(rows, 0, 3),
		.failed = row_int(rows, 0, 4),
		.ttd_p95_ms = row_int(rows, 0, 5),
	};
	return sink->each(sink->self, &domain);
}

bool store_worst_domains(struct store *store, const struct domain_query *query, void *self,
			 bool (*each)(void *self, const struct domain_delivery *domain),
			 struct err *err)
{
	struct domain_sink sink = {self, each};
	FIELDS_AUTO params = {0};
	put_int4(&params, query->realm);
	put_usec(&params, rollup_day(query->since));
	put_usec(&params, rollup_day(query->until) + USEC_PER_DAY);
	put_texts(&params, query->own);
	put_int4(&params, query->limit);
	return sql_each(store, "worst_domains", &params, &sink, take_domain, err);
}
