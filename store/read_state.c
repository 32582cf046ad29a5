// SPDX-License-Identifier: Apache-2.0
// Sources, gaps, quarantine.
#include "store/read.h"

// --- lists: one callback each, told apart by what a row is made into ---

struct source_sink {
	void *self;
	bool (*each)(void *self, const struct source_state *source);
};

static bool take_source(void *self, const struct rows *rows)
{
	const struct source_sink *sink = self;
	struct source_state source = {
		.name = row_text(rows, 0, 0),
		.dialect = row_text(rows, 0, 1),
		.path = row_text(rows, 0, 2),
		.realm = row_text(rows, 0, 3),
		.live = row_bool(rows, 0, 4),
		.generations = row_int(rows, 0, 5),
		.records = row_int(rows, 0, 6),
		.stanzas = row_int(rows, 0, 7),
		.quarantined = row_int(rows, 0, 8),
		.gaps = row_int(rows, 0, 9),
		.first_at = row_usec(rows, 0, 10),
		.last_at = row_usec(rows, 0, 11),
		.seen_at = row_usec(rows, 0, 12),
		.read_bytes = (uint64_t)row_int(rows, 0, 13),
		.size = (uint64_t)row_int(rows, 0, 14),
		.state = row_text(rows, 0, 15),
		.state_at = row_usec(rows, 0, 16),
		.note = row_text(rows, 0, 17),
		.gone_at = row_usec(rows, 0, 18),
		.complete_until = row_usec(rows, 0, 19),
	};
	return sink->each(sink->self, &source);
}

bool store_sources(struct store *store, int32_t realm, void *self,
		   bool (*each)(void *self, const struct source_state *source), struct err *err)
{
	struct source_sink sink = {self, each};
	FIELDS_AUTO params = {0};
	put_int4(&params, realm);
	return sql_each(store, "sources", &params, &sink, take_source, err);
}

struct gap_sink {
	void *self;
	bool (*each)(void *self, const struct stored_gap *gap);
};

static bool take_gap(void *self, const struct rows *rows)
{
	const struct gap_sink *sink = self;
	struct stored_gap gap = {
		.source = row_text(rows, 0, 0),
		.cause = row_text(rows, 0, 1),
		.from_at = row_usec(rows, 0, 2),
		.to_at = row_usec(rows, 0, 3),
		.found_at = row_usec(rows, 0, 4),
		.from_offset = row_int(rows, 0, 5),
		.to_offset = row_int(rows, 0, 6),
		.lost = row_int(rows, 0, 7),
	};
	return sink->each(sink->self, &gap);
}

bool store_gaps(struct store *store, int32_t realm, usec_t since, usec_t until, void *self,
		bool (*each)(void *self, const struct stored_gap *gap), struct err *err)
{
	struct gap_sink sink = {self, each};
	FIELDS_AUTO params = {0};
	put_span(&params, realm, since, until);
	return sql_each(store, "gaps", &params, &sink, take_gap, err);
}

static bool take_jump(void *self, const struct rows *rows)
{
	pairing_clock_jump(self, &(struct clock_jump){.source = (int32_t)row_int(rows, 0, 0),
						      .from = row_usec(rows, 0, 1),
						      .to = row_usec(rows, 0, 2)});
	return true;
}

bool store_clock_jumps(struct store *store, int32_t realm, struct pairing *pairing, struct err *err)
{
	FIELDS_AUTO params = {0};
	put_int4(&params, realm);
	put_text(&params, TEXT(GAP_CLOCK_FORWARD));
	put_int8(&params, CLOCK_JUMPS_MOST);
	return sql_each(store, "clock_jumps", &params, pairing, take_jump, err);
}

struct quarantine_sink {
	void *self;
	bool (*each)(void *self, const struct stored_quarantine *record);
};

static bool take_quarantine(void *self, const struct rows *rows)
{
	const struct quarantine_sink *sink = self;
	struct stored_quarantine record = {
		.source = row_text(rows, 0, 0),
		.reason = row_text(rows, 0, 1),
		.at = row_usec(rows, 0, 2),
		.found_at = row_usec(rows, 0, 3),
		.offset = row_int(rows, 0, 4),
		.length = row_int(rows, 0, 5),
		.records = row_int(rows, 0, 6),
	};
	return sink->each(sink->self, &record);
}

bool store_quarantine(struct store *store, int32_t realm, void *self,
		      bool (*each)(void *self, const struct stored_quarantine *record),
		      struct err *err)
{
	struct quarantine_sink sink = {self, each};
	FIELDS_AUTO params = {0};
	put_int4(&params, realm);
	return sql_each(store, "quarantined", &params, &sink, take_quarantine, err);
}
