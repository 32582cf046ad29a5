// SPDX-License-Identifier: Apache-2.0
// What an answer stands on is what one statement of SQL says of the same tables, whatever stands in them.
#include "tests/db/fixture.h"
#include "tests/db/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROUNDS = 200 };

static struct fixture fixture;
static struct store *store;

static int start(void **state)
{
	(void)state;
	fixture_start(&fixture);
	store = fixture_open(&fixture, STORE_WRITE);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	store_close(store);
	fixture_stop(&fixture);
	return 0;
}

// Few of everything, with times that may be missing: each case of "followed or not, read or not, at its end or not".
static const char chance[] =
	"DELETE FROM source; DELETE FROM generation; DELETE FROM gap; DELETE FROM quarantine;"
	"DELETE FROM quarantine_range; DELETE FROM line_counter; DELETE FROM batch;"
	"INSERT INTO source (id, realm, name, dialect, live, checked_at, flush_allowance)"
	" SELECT i, 1 + i % 2, 's' || i, 'x', random() < 0.6,"
	" CASE WHEN random() < 0.8 THEN timestamptz '2026-03-02' + random() * interval '9 days' END,"
	" (random() * 1e9)::int8 FROM generate_series(1, (random() * 4)::int4) AS i;"
	"INSERT INTO generation (id, realm, source, path, head_len, head, low_water, size, last_at, finished, reader)"
	" SELECT i, 1 + i % 2, 1, 'p', 0, '', (random() * 2)::int8, 1,"
	" CASE WHEN random() < 0.8 THEN timestamptz '2026-03-02' + random() * interval '9 days' END,"
	" random() < 0.3, 1 + (random() * 5)::int4 FROM generate_series(1, (random() * 6)::int4) AS i;"
	"INSERT INTO gap (realm, source, generation, from_offset, to_offset, from_at, to_at, cause)"
	" SELECT 1 + i % 2, 1, 1, i, i,"
	" CASE WHEN random() < 0.8 THEN timestamptz '2026-03-02' + random() * interval '9 days' END,"
	" CASE WHEN random() < 0.8 THEN timestamptz '2026-03-02' + random() * interval '9 days' END, 'x'"
	" FROM generate_series(1, (random() * 4)::int4) AS i;"
	"INSERT INTO quarantine (realm, source, generation, \"offset\", \"index\", length, reason, raw)"
	" SELECT 1 + i % 2, 1, 1, i, 0, 1, 'x', '' FROM generate_series(1, (random() * 4)::int4) AS i;"
	"INSERT INTO quarantine_range (realm, source, generation, reason, block, from_offset, to_offset, last_offset,"
	" last_index, records) SELECT 1 + i % 2, 1, 1, 'x', i, i, i, i, 0, (random() * 9)::int8"
	" FROM generate_series(1, (random() * 3)::int4) AS i;"
	"INSERT INTO line_counter (realm, source, day, name, n)"
	" SELECT 1 + i % 2, 1, date '2026-03-02' + (random() * 9)::int4, 'late_dropped', 1"
	" FROM generate_series(1, (random() * 3)::int4) AS i ON CONFLICT DO NOTHING;"
	"INSERT INTO batch (commit, lane, realm, events, inserted, updated, spans)"
	" SELECT i, 0, 1, 1, 1, 0, '{}' FROM generate_series(1, (random() * 5)::int4) AS i";

// $1: the realm or 0; $2 and $3: the interval, or null.
static const char asked[] =
	"PREPARE asked (int4, timestamptz, timestamptz) AS SELECT concat_ws('|', coalesce(x.complete_until::text, '-'), coalesce(x.newest::text, '-'),"
	" (SELECT count(*) FROM gap AS p WHERE $1 IN (0, p.realm)"
	"  AND NOT coalesce(p.from_at >= $3, false) AND NOT coalesce(p.to_at < $2, false))"
	" + (SELECT count(*) FROM line_counter AS c WHERE $1 IN (0, c.realm)"
	"  AND NOT coalesce(c.day >= $3 AT TIME ZONE 'UTC', false)"
	"  AND NOT coalesce(c.day + 1 <= $2 AT TIME ZONE 'UTC', false)),"
	" (SELECT count(*) FROM quarantine AS q WHERE $1 IN (0, q.realm))"
	" + (SELECT coalesce(sum(q.records), 0)::int8 FROM quarantine_range AS q WHERE $1 IN (0, q.realm)),"
	" (SELECT coalesce(max(b.commit), 0) FROM batch AS b))"
	" FROM (SELECT CASE WHEN count(r.id) = 0 THEN max(r.last_at)"
	"              WHEN count(r.id) = count(r.complete) THEN min(r.complete) END AS complete_until,"
	"       max(r.last_at) AS newest FROM (SELECT s.id, g.last_at,"
	"        CASE WHEN coalesce(g.at_end, true) THEN s.checked_at ELSE g.last_at END"
	"        - s.flush_allowance * interval '1 microsecond' AS complete"
	"       FROM (SELECT g.reader, max(g.last_at) AS last_at, bool_and(g.finished OR g.low_water >= g.size) AS at_end"
	"             FROM generation AS g WHERE $1 IN (0, g.realm) GROUP BY g.reader) AS g"
	"       FULL JOIN (SELECT s.id, s.checked_at, s.flush_allowance FROM source AS s"
	"                  WHERE s.live AND $1 IN (0, s.realm)) AS s ON s.id = g.reader) AS r) AS x";

// As the server writes it.
static void put_time(struct buf *out, usec_t at)
{
	char query[128];
	if (at == USEC_NONE) {
		buf_zstr(out, "-|");
		return;
	}
	snprintf(query, sizeof query,
		 "SELECT (timestamptz 'epoch' + %lld * interval '1 microsecond')::text",
		 (long long)at);
	char *text = fixture_text(store, query);
	buf_printf(out, "%s|", text);
	free(text);
}

static void quoted(const char *time, char out[static 40])
{
	if (time)
		snprintf(out, 40, "'%s'", time);
	else
		snprintf(out, 40, "null");
}

static usec_t usec_of(const char *time)
{
	usec_t at = USEC_NONE;
	assert_true(!time || usec_parse(text_of(time), &at));
	return at;
}

static void assert_said(int32_t realm, const char *since, const char *until)
{
	char query[128], from[40], to[40];
	struct honesty honesty;
	struct err err = {0};
	struct buf said = {0};
	quoted(since, from);
	quoted(until, to);
	snprintf(query, sizeof query, "EXECUTE asked (%d, %s, %s)", (int)realm, from, to);
	char *wanted = fixture_text(store, query);
	if (!store_honesty(store, realm, usec_of(since), usec_of(until), &honesty, &err))
		fail_msg("%s", err.text);
	put_time(&said, honesty.complete_until);
	put_time(&said, honesty.newest);
	buf_printf(&said, "%lld|%lld|%lld", (long long)honesty.open_gaps,
		   (long long)honesty.quarantined, (long long)honesty.commit);
	buf_zstr(&said, "");
	assert_string_equal(said.data, wanted);
	buf_free(&said);
	free(wanted);
}

static void it_is_what_sql_says(void **state)
{
	(void)state;
	fixture_sql(store, asked);
	fixture_sql(store, "SELECT setseed(0.5)");
	for (int i = 0; i < ROUNDS; i++) {
		fixture_sql(store, chance);
		assert_said(0, NULL, NULL);
		assert_said(1, "2026-03-04T00:00:00Z", "2026-03-07T12:00:00Z");
		assert_said(2, "2026-03-06T00:00:00Z", NULL);
		assert_said(0, NULL, "2026-03-05T00:00:00Z");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(it_is_what_sql_says)};
	return cmocka_run_group_tests(tests, start, stop);
}
