// SPDX-License-Identifier: Apache-2.0
// A dialect as ingest/stream.c runs it, writing down
// what it gives and judging what every record must keep to. For fuzz_dialect.c only.
#ifndef TESTS_FUZZ_DIALECT_RUN_H
#define TESTS_FUZZ_DIALECT_RUN_H

#include "ingest/dialect.h"
#include "tests/fuzz/fuzz.h"

#define MODIFIED INT64_C(1795000000000000)

struct said { // one record, written down
	uint64_t offset;
	uint32_t index;
	size_t begins; // its text in run.said
};

struct remembered {
	struct text key, value; // value absent: forgotten
};

struct run {
	const struct dialect_type *type;
	struct dialect *dialect;
	struct buf said;
	struct said *records;
	size_t count, room;
	struct remembered *facts;
	size_t fact_count, fact_room;
	uint64_t at;  // bytes given
	uint64_t low; // low water as of the last look
	uint64_t ignored;
	bool closed, ended;
};

static inline void judge_position(const struct run *run, const struct record *record)
{
	const struct said *last = run->count ? &run->records[run->count - 1] : NULL;
	MUST(!run->closed);
	MUST(record->offset <= run->at && record->length <= run->at);
	// Ascending: a mark says that all records at or below it are stored.
	MUST(!last || record->offset > last->offset ||
	     (record->offset == last->offset && record->index > last->index));
	// A restart reads again from low water. Only a hole may begin before it: it is remembered.
	MUST(record->kind == RECORD_GAP || record->offset >= run->low);
}

static inline void judge_content(const struct record *record)
{
	MUST((unsigned)record->dir < DIR_COUNT);
	MUST(record->kind != RECORD_STANZA || record->xml.p);
	MUST(record->kind == RECORD_STANZA || (record->reason && record->reason[0]));
}

static inline void run_record(void *self, const struct record *record)
{
	struct run *run = self;
	judge_position(run, record);
	judge_content(record);
	if (run->count == run->room) {
		run->room = run->room ? run->room * 2 : 64;
		run->records = realloc(run->records, run->room * sizeof *run->records);
		MUST(run->records);
	}
	run->records[run->count++] = (struct said){record->offset, record->index, run->said.len};
	buf_printf(&run->said, "%d %d @%llu.%u+%u t=%lld%s lost=%lld %s [", (int)record->kind,
		   (int)record->dir, (unsigned long long)record->offset, record->index,
		   record->length, (long long)record->at, record->at_odd ? " odd" : "",
		   (long long)record->lost, record->reason ? record->reason : "");
	const struct text texts[] = {record->session, record->session_key, record->feed,
				     record->xml};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		buf_printf(&run->said, "|%zu:", texts[i].n);
		buf_text(&run->said, texts[i]);
	}
	buf_add(&run->said, "]\n", 2);
}

static inline void run_remember(void *self, struct text key, struct text value)
{
	struct run *run = self;
	size_t i = 0;
	MUST(!run->closed && key.n);
	while (i < run->fact_count && !text_same(key, run->facts[i].key))
		i++;
	if (i == run->fact_room) {
		run->fact_room = run->fact_room ? run->fact_room * 2 : 16;
		run->facts = realloc(run->facts, run->fact_room * sizeof *run->facts);
		MUST(run->facts);
	}
	if (i == run->fact_count)
		run->facts[run->fact_count++] = (struct remembered){exact_copy(key), TEXT_NONE};
	if (run->facts[i].value.p)
		exact_free(run->facts[i].value);
	run->facts[i].value = value.p ? exact_copy(value) : TEXT_NONE;
}

static inline void run_ignored(void *self, const char *kind)
{
	struct run *run = self;
	MUST(!run->closed && kind && kind[0]);
	run->ignored++;
}

static inline struct run *run_new_at(const char *dialect, usec_t modified)
{
	static struct zone *zone; // read once: lives as long as the process
	struct run *run = calloc(1, sizeof *run);
	MUST(run);
	const struct dialect_sink sink = {run, run_record, run_remember, run_ignored};
	run->type = dialect_by_name(text_of(dialect));
	if (!zone)
		zone = zone_open("Europe/Berlin", NULL);
	MUST(run->type && zone);
	// For the dialect whose lines a source describes.
	static const struct line_format format = {.line = (char *)(uintptr_t) "%t [%d] %s: %x"};
	const struct dialect_options options = {
		.zone = zone, .modified = modified, .format = &format};
	run->dialect = run->type->open(&options, &sink);
	return run;
}

static inline struct run *run_new(const char *dialect)
{
	return run_new_at(dialect, MODIFIED);
}

static inline void run_free(struct run *run)
{
	run->closed = true;
	run->type->close(run->dialect);
	buf_free(&run->said);
	for (size_t i = 0; i < run->fact_count; i++) {
		exact_free(run->facts[i].key);
		if (run->facts[i].value.p)
			exact_free(run->facts[i].value);
	}
	free(run->facts);
	free(run->records);
	free(run);
}

static inline void run_look(struct run *run)
{
	uint64_t low = run->type->low_water(run->dialect);
	MUST(low <= run->at && low >= run->low);
	run->low = low;
}

// Up to `to`, in chunks of a size below `most` that the dice choose; 0: in one.
static inline void run_give(struct run *run, struct text data, size_t to, size_t most,
			    struct dice *dice)
{
	while (run->at < to) {
		size_t n = to - (size_t)run->at;
		if (most && n > 1) {
			size_t chunk = 1 + dice_roll(dice, most);
			n = chunk < n ? chunk : n;
		}
		struct text copy = exact_copy((struct text){data.p + run->at, n});
		uint64_t at = run->at;
		run->at += n;
		run->type->bytes(run->dialect, at, copy);
		exact_free(copy);
		run_look(run);
	}
}

static inline void run_end(struct run *run)
{
	run->ended = true;
	run->type->end(run->dialect, true);
}

// A new reader at low water, which is told what the old one remembered.
static inline struct run *run_restart(const struct run *old)
{
	// The file may have been written to for long: that bounds the year of stamps that name none, which
	// must be known by then.
	bool later = false;
	for (size_t i = 0; i < old->fact_count; i++)
		later = later || text_is(old->facts[i].key, "year");
	struct run *run = run_new_at(old->type->name, MODIFIED * (later ? 10 : 1));
	for (size_t i = 0; i < old->fact_count; i++)
		if (old->facts[i].value.p) {
			run->type->recall(run->dialect, old->facts[i].key, old->facts[i].value);
			run_remember(run, old->facts[i].key, old->facts[i].value);
		}
	run->at = run->low = old->low;
	return run;
}

#endif
