// SPDX-License-Identifier: Apache-2.0
// Any bytes as a log of the dialect named by DIALECT. Whatever the chunks are, the same records come
// out; a restart from low water with what was remembered gives the rest of them, the marks skip what
// is stored; a live look in between moves no position (FAULTS F24, F82, F132).
#include "tests/fuzz/dialect_run.h"

enum { CHUNK_MOST = 40 };

static bool is_after(const struct said *record, const struct said *mark)
{
	return !mark || record->offset > mark->offset ||
	       (record->offset == mark->offset && record->index > mark->index);
}

static struct text text_from(const struct run *run, size_t record)
{
	size_t begins = record < run->count ? run->records[record].begins : run->said.len;
	return (struct text){buf_view(&run->said).p + begins, run->said.len - begins};
}

static void must_be_same(struct text a, struct text b)
{
	if (!text_same(a, b))
		fprintf(stderr, "--- one:\n%.*s\n--- other:\n%.*s\n", (int)a.n, a.p, (int)b.n, b.p);
	MUST(text_same(a, b));
}

// What an ejabberd did not log is counted by estimate, and from anew after a restart (docs/formats.md), so the reason
// for which a half stanza is given up then may be another one, too.
static bool is_estimated(struct text said)
{
	static const char *const reasons[] = {"stanzas that the server has counted",
					      "the server's logger dropped lines",
					      "lines may be missing inside a stanza"};
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (said.n && memmem(said.p, said.n, reasons[i], strlen(reasons[i])))
			return true;
	return false;
}

// Of these a restart in a log that is damaged judged another way at times. Kept corpora
// and "make fuzz" are strict, a random run of the test suite must not fail by chance.
static bool is_strict(void)
{
	static const char *const known[] = {"openfire-debugger", "openfire-audit", "ejabberd-debug",
					    "ejabberd-lager"};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (!strcmp(known[i], DIALECT))
			return getenv("RECEIPTD_FUZZ_STRICT") != NULL;
	return true;
}

static void must_go_on_the_same(struct text a, struct text b)
{
	if (is_strict() && !is_estimated(a) && !is_estimated(b))
		must_be_same(a, b);
}

static void in_chunks(struct text data, const struct run *whole, struct dice *dice)
{
	struct run *run = run_new(DIALECT);
	run_give(run, data, data.n, CHUNK_MOST, dice);
	run_end(run);
	must_be_same(buf_view(&run->said), buf_view(&whole->said));
	MUST(run->ignored == whole->ignored);
	run_free(run);
}

static const struct said *last_of(const struct run *run)
{
	return run->count ? &run->records[run->count - 1] : NULL;
}

// The records of the second reader that its mark does not skip are those that the first did not give.
static void with_restart(struct text data, const struct run *whole, struct dice *dice)
{
	struct run *first = run_new(DIALECT);
	run_give(first, data, dice_roll(dice, data.n + 1), CHUNK_MOST, dice);
	must_be_same(buf_view(&first->said),
		     (struct text){buf_view(&whole->said).p, first->said.len});
	struct run *second = run_restart(first);
	run_give(second, data, data.n, CHUNK_MOST, dice);
	run_end(second);
	size_t skip = 0;
	while (skip < second->count && !is_after(&second->records[skip], last_of(first)))
		skip++;
	must_go_on_the_same(text_from(second, skip), text_from(whole, first->count));
	run_free(first);
	run_free(second);
}

// Looked at twice where it ends for now, then read on, by the same reader or after a restart.
static void with_live_look(struct text data, struct dice *dice)
{
	struct run *first = run_new(DIALECT);
	run_give(first, data, dice_roll(dice, data.n + 1), CHUNK_MOST, dice);
	for (int i = 0; i < 2; i++) {
		first->type->end(first->dialect, false);
		run_look(first);
	}
	size_t known = first->count;
	struct run *second = run_restart(first);
	struct run *both[] = {first, second};
	for (int i = 0; i < 2; i++) {
		run_give(both[i], data, data.n, 0, dice);
		run_end(both[i]);
	}
	size_t skip = 0;
	while (skip < second->count && known &&
	       !is_after(&second->records[skip], &first->records[known - 1]))
		skip++;
	must_go_on_the_same(text_from(second, skip), text_from(first, known));
	run_free(first);
	run_free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text log = {(const char *)data, size};
	struct dice dice = dice_of(data, size);
	struct run *whole = run_new(DIALECT);
	run_give(whole, log, size, 0, &dice);
	run_end(whole);
	in_chunks(log, whole, &dice);
	with_restart(log, whole, &dice);
	with_live_look(log, &dice);
	run_free(whole);
	return 0;
}
