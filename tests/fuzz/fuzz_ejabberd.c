// SPDX-License-Identifier: Apache-2.0
// Any bytes as an ejabberd log: no crash, no leak, positions that grow, low water that is never ahead,
// records that do not depend on where reads end (F24), and a restart anywhere is survived.
// The first three bytes choose the dialect, the size of reads and the place of the restart.
#include "ingest/dialects/table.h"

#include "core/buf.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FACTS = 512 };

struct fact {
	struct buf key, value;
	bool present;
};

struct run {
	const struct dialect_type *type;
	struct dialect *dialect;
	struct buf said;
	struct fact facts[FACTS];
	size_t fact_count;
	bool any, marked;
	uint64_t offset, mark_offset;
	uint32_t index, mark_index;
};

static void on_record(void *self, const struct record *record)
{
	struct run *run = self;
	if (run->any && (record->offset < run->offset ||
			 (record->offset == run->offset && record->index <= run->index)))
		abort();
	run->any = true;
	run->offset = record->offset;
	run->index = record->index;
	if (run->marked &&
	    (record->offset < run->mark_offset ||
	     (record->offset == run->mark_offset && record->index <= run->mark_index)))
		return;
	buf_printf(&run->said, "%d %d %llu %lld ", (int)record->kind, (int)record->dir,
		   (unsigned long long)record->offset, (long long)record->at);
	buf_text(&run->said, record->session);
	buf_text(&run->said, record->xml);
	buf_char(&run->said, '\n');
}

static void on_fact(void *self, struct text key, struct text value)
{
	struct run *run = self;
	size_t i = 0;
	while (i < run->fact_count && !text_same(key, buf_view(&run->facts[i].key)))
		i++;
	if (i == FACTS)
		return;
	if (i == run->fact_count)
		buf_text(&run->facts[run->fact_count++].key, key);
	run->facts[i].value.len = 0;
	buf_text(&run->facts[i].value, value);
	run->facts[i].present = value.p != NULL;
}

static void on_ignored(void *self, const char *kind)
{
	(void)self, (void)kind;
}

static struct run *begin(bool lager, const struct zone *zone)
{
	struct run *run = xcalloc(1, sizeof *run);
	const struct dialect_sink sink = {run, on_record, on_fact, on_ignored};
	const struct dialect_options options = {.zone = zone, .modified = USEC_NONE};
	run->type = lager ? &ejabberd_lager_dialect : &ejabberd_debug_dialect;
	run->dialect = run->type->open(&options, &sink);
	return run;
}

static void give(struct run *run, struct text log, uint64_t from, uint64_t to, size_t chunk)
{
	while (from < to) {
		size_t n = to - from < chunk ? (size_t)(to - from) : chunk;
		run->type->bytes(run->dialect, from, (struct text){log.p + from, n});
		from += n;
	}
	if (run->type->low_water(run->dialect) > to)
		abort();
}

static void end(struct run *run)
{
	run->type->close(run->dialect);
	for (size_t i = 0; i < run->fact_count; i++) {
		buf_free(&run->facts[i].key);
		buf_free(&run->facts[i].value);
	}
	buf_free(&run->said);
	free(run);
}

static struct run *go_on(const struct run *old, bool lager, const struct zone *zone)
{
	struct run *run = begin(lager, zone);
	for (size_t i = 0; i < old->fact_count; i++)
		if (old->facts[i].present)
			run->type->recall(run->dialect, buf_view(&old->facts[i].key),
					  buf_view(&old->facts[i].value));
	run->marked = old->any;
	run->mark_offset = old->offset;
	run->mark_index = old->index;
	return run;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct zone *zone; // fuzzing only: lives as long as the process
	if (!zone)
		zone = zone_open("UTC", NULL);
	if (size < 3)
		return 0;
	bool lager = data[0] & 1;
	struct text log = {(const char *)data + 3, size - 3};
	struct run *whole = begin(lager, zone), *cut = begin(lager, zone);
	give(whole, log, 0, log.n, log.n);
	give(cut, log, 0, log.n, data[1] % 64u + 1);
	whole->type->end(whole->dialect, true);
	cut->type->end(cut->dialect, true);
	if (!text_same(buf_view(&whole->said), buf_view(&cut->said)))
		abort();
	struct run *first = begin(lager, zone);
	uint64_t at = log.n * data[2] / 256;
	give(first, log, 0, at, log.n);
	struct run *second = go_on(first, lager, zone);
	give(second, log, first->type->low_water(first->dialect), log.n, log.n);
	second->type->end(second->dialect, true);
	end(whole);
	end(cut);
	end(first);
	end(second);
	return 0;
}
