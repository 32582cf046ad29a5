// SPDX-License-Identifier: Apache-2.0
// What GET /metrics shows: sums over everything that is stored, from roll-ups alone.
#include "store/read.h"

#include "store/rollup.h"
#include "store/rollup_row.h"

#include <stdlib.h>

_Static_assert((int)SCRAPE_SUMS == (int)SUM_COUNT, "store.h names the sums in the order of rollup");

bool store_scrape_sums(struct store *store, int32_t realm, int64_t sums[SCRAPE_SUMS],
		       struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_int4(&params, realm);
	if (!sql_run(store, "scrape_sums", &params, &rows, err))
		return false;
	for (int i = 0; i < SCRAPE_SUMS; i++)
		sums[i] = row_int(&rows, 0, i);
	return true;
}

// ---- latencies

struct adding {
	int64_t (*counts)[LATENCY_BINS];
};

static bool take_histogram(void *self, const struct rows *rows)
{
	struct adding *adding = self;
	struct array bins, counts;
	struct text bin, count;
	int64_t metric = row_int(rows, 0, 0) - 1;
	if (metric < 0 || metric >= LATENCY_COUNT)
		return true;
	array_open(&bins, rows, 0, 1);
	array_open(&counts, rows, 0, 2);
	while (array_next(&bins, &bin) && array_next(&counts, &count)) {
		int64_t place = array_int(bin);
		if (place >= 0 && place < LATENCY_BINS)
			adding->counts[metric][place] += array_int(count);
	}
	return true;
}

bool store_scrape_latencies(struct store *store, int32_t realm, void *self,
			    void (*each)(void *self, enum scrape_latency what, int64_t ms,
					 int64_t count),
			    struct err *err)
{
	FIELDS_AUTO params = {0};
	struct adding adding = {xcalloc(LATENCY_COUNT, sizeof *adding.counts)};
	put_int4(&params, realm);
	bool fine = sql_each(store, "scrape_latencies", &params, &adding, take_histogram, err);
	for (int what = 0; fine && what < SCRAPE_LATENCIES; what++) {
		for (int i = 0; i < LATENCY_BINS; i++) {
			if (adding.counts[what][i] != 0)
				each(self, (enum scrape_latency)what, latency_bin_ms(i),
				     adding.counts[what][i]);
		}
	}
	free(adding.counts);
	return fine;
}

// ---- lists

struct domain_sink {
	void *self;
	void (*each)(void *self, const struct scrape_domain *domain);
};

static bool take_domain(void *self, const struct rows *rows)
{
	const struct domain_sink *sink = self;
	struct scrape_domain domain = {.receives = row_bool(rows, 0, 0),
				       .name = row_text(rows, 0, 1),
				       .sent = row_int(rows, 0, 2),
				       .requested = row_int(rows, 0, 3),
				       .confirmed = row_int(rows, 0, 4),
				       .failed = row_int(rows, 0, 5)};
	sink->each(sink->self, &domain);
	return true;
}

bool store_scrape_domains(struct store *store, int32_t realm, usec_t since, int32_t most,
			  void *self, void (*each)(void *self, const struct scrape_domain *domain),
			  struct err *err)
{
	struct domain_sink sink = {self, each};
	FIELDS_AUTO params = {0};
	put_int4(&params, realm);
	put_usec(&params, since);
	put_int4(&params, most);
	return sql_each(store, "scrape_domains", &params, &sink, take_domain, err);
}

struct unread_sink {
	void *self;
	void (*each)(void *self, const struct scrape_unread *unread);
};

static bool take_unread(void *self, const struct rows *rows)
{
	const struct unread_sink *sink = self;
	struct scrape_unread unread = {.quarantined = row_bool(rows, 0, 0),
				       .name = row_text(rows, 0, 1),
				       .count = row_int(rows, 0, 2),
				       .lost = row_int(rows, 0, 3)};
	sink->each(sink->self, &unread);
	return true;
}

bool store_scrape_unread(struct store *store, int32_t realm, int32_t most, void *self,
			 void (*each)(void *self, const struct scrape_unread *unread),
			 struct err *err)
{
	struct unread_sink sink = {self, each};
	FIELDS_AUTO params = {0};
	put_int4(&params, realm);
	put_int4(&params, most);
	return sql_each(store, "scrape_unread", &params, &sink, take_unread, err);
}

struct source_sink {
	void *self;
	void (*each)(void *self, const struct scrape_source *source);
};

static bool take_source(void *self, const struct rows *rows)
{
	const struct source_sink *sink = self;
	struct scrape_source source = {.name = row_text(rows, 0, 0),
				       .dialect = row_text(rows, 0, 1),
				       .state = row_text(rows, 0, 2),
				       .records = row_int(rows, 0, 3),
				       .stanzas = row_int(rows, 0, 4),
				       .last_at = row_usec(rows, 0, 5),
				       .seen_at = row_usec(rows, 0, 6),
				       .unread = row_int(rows, 0, 7)};
	sink->each(sink->self, &source);
	return true;
}

bool store_scrape_sources(struct store *store, int32_t realm, int32_t most, void *self,
			  void (*each)(void *self, const struct scrape_source *source),
			  struct err *err)
{
	struct source_sink sink = {self, each};
	FIELDS_AUTO params = {0};
	put_int4(&params, realm);
	put_int4(&params, most);
	return sql_each(store, "scrape_sources", &params, &sink, take_source, err);
}
