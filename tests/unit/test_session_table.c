// SPDX-License-Identifier: Apache-2.0
// Sessions that ended stay ended after a restart: a name that is used again is never the old user's.
#include "tests/unit/dialect_harness.h"

#include "ingest/dialects/session_table.h"

#define LINE(text) "2026-11-22T10:00:00+0000 c2saa01\tdebug\t" text "\n"

static void an_ended_session_is_forgotten_across_a_restart(void **state)
{
	static const char before[] = LINE("Resource bound: anna@acme.test/phone");
	static const char ended[] = LINE("Client connected") LINE("noise");
	static const char after[] = LINE("RECV: <message to='bob@acme.test'/>") LINE("noise");
	(void)state;
	for (int ends = 0; ends < 2; ends++) {
		struct run *old = run_new("prosody", "UTC", 2026);
		run_give(old, text_of(before), 64);
		if (ends)
			run_give(old, text_of(ended), 64);
		run_end(old, false);
		struct run *run = run_restart(old, "UTC");
		run_give(run, text_of(after), 64);
		run_end(run, true);
		assert_true(says(run, ends ? "stanza in - @" : "stanza in anna@acme.test/phone @"));
		run_free(run);
		run_free(old);
	}
}

struct told {
	size_t forgotten, left;
};
static struct told told;

static void on_remember(void *self, struct text key, struct text value)
{
	(void)self;
	assert_true(text_starts(key, "s:"));
	told.forgotten += !value.p;
}

static void on_leave(void *session)
{
	(void)session;
	told.left++;
}

// A log that never tells an end: memory is bounded, the newest half stays, each that goes is told.
static void the_longest_silent_go_first(void **state)
{
	const struct dialect_sink sink = {NULL, NULL, on_remember, NULL};
	struct session_table *table = xcalloc(1, sizeof *table);
	char id[32];
	(void)state;
	*table = (struct session_table){
		.sink = &sink, .size = sizeof(struct session_head), .leave = on_leave};
	for (int i = 0; i <= SESSIONS_LIMIT; i++) {
		(void)snprintf(id, sizeof id, "s%d", i);
		session_put(table, text_of(id));
	}
	assert_true(table->count <= SESSIONS_LIMIT);
	assert_true(told.forgotten > 0 && told.forgotten == told.left);
	assert_int_equal(table->count + told.left, SESSIONS_LIMIT + 1);
	assert_null(session_find(table, TEXT("s0")));
	assert_non_null(session_find(table, text_of(id)));
	size_t forgotten = told.forgotten;
	session_table_free(table);
	assert_int_equal(told.forgotten, forgotten); // the end of the program forgets nothing
	assert_int_equal(told.left, SESSIONS_LIMIT + 1);
	free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ended_session_is_forgotten_across_a_restart),
		cmocka_unit_test(the_longest_silent_go_first),
	};
	return cmocka_run_group_tests_name("session table", tests, NULL, NULL);
}
