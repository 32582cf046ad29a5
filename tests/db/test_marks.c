// SPDX-License-Identifier: Apache-2.0
// P8 over many batches: what a writer remembers of a conversation (store/write_convs.c) must not
// change which rows are marked. The same lines in one batch, in small ones, and by two writers in
// turn leave the same rows and findings.
#include "tests/db/fixture.h"
#include "tests/db/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MESSAGES = 120, LINES_MAX = MESSAGES * 4, IDS = 16 };

struct line {
	struct sample_line line;
	char id[IDS], own[IDS];
};

static struct fixture fixture;
static struct line lines[LINES_MAX];
static size_t line_count;
static uint64_t seed;

static int64_t draw(int64_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (int64_t)((seed >> 33) % (uint64_t)below);
}

static struct line *add_line(usec_t at, bool from_ada, const char *id)
{
	struct line *line = &lines[line_count++];
	*line = (struct line){.line = {.at = at,
				       .dir = DIR_IN,
				       .session = from_ada ? ADA "/phone" : BEN "/tablet",
				       .to = from_ada ? BEN : ADA}};
	snprintf(line->id, IDS, "%s", id);
	return line;
}

static int by_time(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	return (x->line.at > y->line.at) - (x->line.at < y->line.at);
}

// Most markers come soon and in order, some days later; some lines come late or twice.
static void make_lines(uint64_t from)
{
	usec_t at = NOON;
	seed = from;
	line_count = 0;
	for (int i = 0; i < MESSAGES; i++) {
		char id[IDS];
		bool from_ada = draw(2);
		snprintf(id, IDS, "m%d", i);
		at += (1 + draw(draw(20) ? 600 : 400000)) * SEC;
		add_line(at, from_ada, id);
		if (draw(4) == 0) {
			usec_t out = at + (draw(10) ? SEC / 20 : draw(90000) * SEC);
			struct line *line = add_line(out, from_ada, id);
			line->line.dir = DIR_OUT;
			line->line.from = from_ada ? ADA "/phone" : BEN "/tablet";
			line->line.session = from_ada ? BEN "/tablet" : ADA "/phone";
		}
		if (draw(3) == 0) {
			usec_t read = at + (1 + draw(draw(4) ? 900 : 500000)) * SEC;
			struct line *line = add_line(read, !from_ada, id);
			snprintf(line->own, IDS, "d%d", i);
		}
	}
	qsort(lines, line_count, sizeof *lines, by_time);
	for (size_t i = 0; i + 1 < line_count; i++) { // another log is read later
		size_t j = i + (size_t)(draw(15) ? 0 : draw(40));
		struct line kept = lines[i];
		j = j < line_count ? j : line_count - 1;
		lines[i] = lines[j];
		lines[j] = kept;
	}
}

static void put_line(struct sample *sample, struct line *line)
{
	if (line->own[0]) {
		line->line.id = line->own;
		line->line.displayed = line->id;
	} else {
		line->line.id = line->id;
		line->line.body = line->id;
		line->line.markable = true;
	}
	sample_line(sample, line->line);
}

static char *run(const char *realm, int writers, int batch)
{
	struct store *stores[2] = {NULL};
	struct sample samples[2] = {0};
	char query[512];
	for (int w = 0; w < writers; w++) {
		stores[w] = fixture_open(&fixture, STORE_WRITE);
		sample_start(&samples[w], stores[w], realm);
	}
	for (size_t i = 0, turn = 0; i < line_count; turn++) {
		struct sample *sample = &samples[turn % (size_t)writers];
		if (writers > 1)
			sample_look(sample);
		for (int64_t n = batch; i < line_count && n-- > 0;)
			put_line(sample, &lines[i++]);
		sample_commit(sample);
	}
	snprintf(query, sizeof query,
		 "SELECT string_agg(concat_ws(' ', m.id, m.sent_at, m.upto_displayed_at, "
		 "m.displayed_at, m.state, m.marks & 4), E'\\n' ORDER BY m.sent_at, m.id) || "
		 "(SELECT coalesce(string_agg(f.ref, ' ' ORDER BY f.ref), '') FROM finding AS f "
		 "WHERE f.realm = %d AND NOT f.withdrawn AND f.rule = 'MARK-BACKWARD') "
		 "FROM message AS m WHERE m.realm = %d",
		 (int)samples[0].realm.id, (int)samples[0].realm.id);
	char *rows = fixture_text(stores[0], query);
	for (int w = 0; w < writers; w++) {
		sample_stop(&samples[w]);
		store_close(stores[w]);
	}
	return rows;
}

static void the_same_rows_are_marked_whatever_is_remembered(void **state)
{
	(void)state;
	for (uint64_t round = 1; round <= 6; round++) {
		char name[32];
		make_lines(round);
		snprintf(name, sizeof name, "whole-%d", (int)round);
		char *whole = run(name, 1, LINES_MAX);
		assert_true(strlen(whole) > 1000);
		snprintf(name, sizeof name, "parts-%d", (int)round);
		char *parts = run(name, 1, (int)round);
		assert_string_equal(parts, whole);
		snprintf(name, sizeof name, "turns-%d", (int)round);
		char *turns = run(name, 2, 1 + (int)round / 2);
		assert_string_equal(turns, whole);
		free(whole);
		free(parts);
		free(turns);
	}
}

static int start(void **state)
{
	(void)state;
	fixture_start(&fixture);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fixture_stop(&fixture);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_rows_are_marked_whatever_is_remembered),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
