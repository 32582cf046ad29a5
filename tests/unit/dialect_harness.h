// SPDX-License-Identifier: Apache-2.0
// Runs a dialect over bytes and writes down everything it says, one line a record, so that two runs
// can be compared as text. For the dialect tests only; each includes it once.
#ifndef TESTS_UNIT_DIALECT_HARNESS_H
#define TESTS_UNIT_DIALECT_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/buf.h"
#include "ingest/dialect.h"
#include "ingest/sources/decode.h"

struct fact {
	char *key, *value;
};

struct run {
	const struct dialect_type *type;
	struct dialect *dialect;
	struct zone *zone;
	struct buf said; // records, one a line
	size_t stanzas, quarantined, gaps, ignored;
	struct fact facts[4096]; // what is remembered
	size_t fact_count;
	uint64_t at; // bytes given so far
	// The newest record; those up to a mark are in the database and are passed over.
	uint64_t offset, mark_offset;
	uint32_t index, mark_index;
	bool any, marked;
	const char *passed_over; // a reason, NULL none
};

static inline void run_record(void *self, const struct record *record)
{
	static const char *const kinds[] = {"stanza", "gap", "quarantine"};
	struct run *run = self;
	if (run->passed_over && record->reason && !strcmp(record->reason, run->passed_over))
		return;
	if (run->any) // positions grow
		assert_true(record->offset > run->offset ||
			    (record->offset == run->offset && record->index > run->index));
	run->any = true;
	run->offset = record->offset;
	run->index = record->index;
	if (run->marked &&
	    (record->offset < run->mark_offset ||
	     (record->offset == run->mark_offset && record->index <= run->mark_index)))
		return;
	run->stanzas += record->kind == RECORD_STANZA;
	run->quarantined += record->kind == RECORD_QUARANTINE;
	run->gaps += record->kind == RECORD_GAP;
	buf_printf(&run->said, "%s %s %.*s @%llu+%u t=%lld%s [%s] ", kinds[record->kind],
		   direction_names[record->dir], record->session.p ? (int)record->session.n : 1,
		   record->session.p ? record->session.p : "-", (unsigned long long)record->offset,
		   record->length, (long long)record->at, record->at_odd ? " odd" : "",
		   record->reason ? record->reason : "");
	if (record->since)
		buf_printf(&run->said, "since %lld ", (long long)record->since);
	for (size_t i = 0; i < record->xml.n; i++) // newlines stay visible, lines stay lines
		buf_char(&run->said, record->xml.p[i] == '\n' ? '|' : record->xml.p[i]);
	buf_char(&run->said, '\n');
}

static inline char *run_copy(struct text text)
{
	char *copy = xcalloc(text.n + 1, 1);
	if (text.n)
		memcpy(copy, text.p, text.n);
	return copy;
}

static inline void run_remember(void *self, struct text key, struct text value)
{
	struct run *run = self;
	size_t i = 0;
	while (i < run->fact_count && !text_is(key, run->facts[i].key))
		i++;
	if (i == run->fact_count) {
		if (!value.p)
			return;
		assert_true(i < sizeof run->facts / sizeof *run->facts);
		run->facts[run->fact_count++].key = run_copy(key);
	} else {
		free(run->facts[i].value);
	}
	run->facts[i].value = value.p ? run_copy(value) : NULL;
}

static inline void run_ignored(void *self, const char *kind)
{
	struct run *run = self;
	(void)kind;
	run->ignored++;
}

// Records with this reason depend on more than the bytes from low water on.
static const char *run_passed_over;
// Of the file that the bytes are of, where a dialect wants it.
static const char *run_path;

static inline struct run *run_new(const char *dialect, const char *zone, int year)
{
	struct run *run = xcalloc(1, sizeof *run);
	run->passed_over = run_passed_over;
	const struct dialect_sink sink = {run, run_record, run_remember, run_ignored};
	run->type = dialect_by_name(text_of(dialect));
	run->zone = zone_open(zone, NULL);
	assert_non_null(run->type);
	assert_non_null(run->zone);
	const struct dialect_options options = {
		.zone = run->zone, .year = year, .modified = USEC_NONE, .path = run_path};
	run->dialect = run->type->open(&options, &sink);
	return run;
}

static inline void run_free(struct run *run)
{
	run->type->close(run->dialect);
	zone_free(run->zone);
	buf_free(&run->said);
	for (size_t i = 0; i < run->fact_count; i++) {
		free(run->facts[i].key);
		free(run->facts[i].value);
	}
	free(run);
}

static inline void run_give(struct run *run, struct text data, size_t chunk)
{
	while (data.n) {
		size_t n = data.n < chunk ? data.n : chunk;
		char *copy = xcalloc(n, 1); // exact size: a sanitizer sees any read beyond it
		memcpy(copy, data.p, n);
		run->type->bytes(run->dialect, run->at, (struct text){copy, n});
		free(copy);
		run->at += n;
		data = (struct text){data.p + n, data.n - n};
	}
}

static inline void run_end(struct run *run, bool final)
{
	run->type->end(run->dialect, final);
}

// A new run that has been told what the old one remembered.
static inline struct run *run_restart(const struct run *old, const char *zone)
{
	struct run *run = run_new(old->type->name, zone, 0);
	for (size_t i = 0; i < old->fact_count; i++)
		if (old->facts[i].value) {
			run->type->recall(run->dialect, text_of(old->facts[i].key),
					  text_of(old->facts[i].value));
			run_remember(run, text_of(old->facts[i].key), text_of(old->facts[i].value));
		}
	return run;
}

static inline struct run *run_text(const char *dialect, const char *zone, int year,
				   struct text data, size_t chunk)
{
	struct run *run = run_new(dialect, zone, year);
	run_give(run, data, chunk);
	run_end(run, true);
	return run;
}

static inline const char *said(const struct run *run)
{
	return run->said.data ? run->said.data : "";
}

static inline bool says(const struct run *run, const char *what)
{
	return strstr(said(run), what) != NULL;
}

// The decoded file; path is relative to the root of the repository, where tests run.
static inline struct buf file_bytes(const char *path)
{
	struct err err = {0};
	struct buf out = {0};
	struct decoder *decoder = decode_open(path, &err);
	char block[1 << 16];
	long n;
	if (!decoder)
		fail_msg("%s", err.text);
	while ((n = decode_read(decoder, block, sizeof block, &err)) > 0)
		buf_add(&out, block, (size_t)n);
	assert_int_equal(n, 0);
	decode_close(decoder);
	return out;
}

// F24, F32: the same records whatever the read boundaries are.
static inline void same_in_any_chunks(const char *dialect, const char *zone, int year,
				      struct text data)
{
	static const size_t chunks[] = {1, 7, 4095};
	struct run *whole = run_text(dialect, zone, year, data, data.n ? data.n : 1);
	for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
		struct run *cut = run_text(dialect, zone, year, data, chunks[i]);
		assert_string_equal(said(cut), said(whole));
		assert_int_equal(cut->ignored, whole->ignored);
		run_free(cut);
	}
	run_free(whole);
}

// A restart reads again from low water; records that were out already must come again exactly the
// same (marks skip them), and the rest as if there had been no restart.
static inline void same_after_restart(const char *dialect, const char *zone, struct text data,
				      size_t cut)
{
	struct run *whole = run_text(dialect, zone, 0, data, data.n);
	struct run *first = run_new(dialect, zone, 0);
	run_give(first, (struct text){data.p, cut}, 4096);
	struct run *second = run_restart(first, zone);
	second->at = first->type->low_water(first->dialect);
	assert_true(second->at <= cut);
	size_t known = first->said.len;
	run_give(second, (struct text){data.p + second->at, data.n - second->at}, 4096);
	run_end(second, true);
	assert_memory_equal(said(first), said(whole), known);
	assert_string_equal(said(second), said(whole) + known);
	run_free(first);
	run_free(second);
	run_free(whole);
}

// The same for dialects whose low water lies behind what is out already.
static inline void same_after_restart_by_marks(const char *dialect, const char *zone,
					       struct text data, size_t cut, size_t chunk)
{
	struct run *whole = run_text(dialect, zone, 0, data, data.n);
	struct run *first = run_new(dialect, zone, 0);
	run_give(first, (struct text){data.p, cut}, chunk);
	struct run *second = run_restart(first, zone);
	second->at = first->type->low_water(first->dialect);
	second->marked = first->any;
	second->mark_offset = first->offset;
	second->mark_index = first->index;
	assert_true(second->at <= cut);
	size_t known = first->said.len;
	run_give(second, (struct text){data.p + second->at, data.n - second->at}, 4096);
	run_end(second, true);
	assert_memory_equal(said(first), said(whole), known);
	assert_string_equal(said(second), said(whole) + known);
	run_free(first);
	run_free(second);
	run_free(whole);
}

#endif
