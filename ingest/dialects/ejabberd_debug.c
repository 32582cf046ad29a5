// SPDX-License-Identifier: Apache-2.0
// ejabberd's log with level debug. It shows what was read from and written to sockets:
//     <stamp> [level] <process> (tcp|<process>) Received XML on stream = <<"any bytes">>
//     <stamp> [level] <process> (tcp|<process>) Send XML on stream = <<"one element">>
// A read is any part of a stanza, or several; ingest/reassembly.h makes stanzas of them. Records of
// this kind end in ">>" or, cut at 102,400 characters, in "..."; all other lines are looked at one
// by one. What is read before a stanza is complete, SASL and stream elements may hold passwords and
// never leave this file. How it is safe against imitated lines: ejabberd_terms.c.
#include "ingest/dialects/ejabberd_internal.h"
#include "ingest/dialects/fact.h"
#include "ingest/dialects/table.h"

#include <stdlib.h>

enum { LINE_LIMIT = 1 << 20 };

static void on_fact(void *self, struct text key, struct text value)
{
	struct dialect *d = self;
	d->sink.remember(d->sink.self, key, value);
}

// --- life ---

static void on_learnt(void *self, struct text key, struct text value)
{
	struct dialect *d = self;
	later_put(&d->later, d->taught_at, key, value);
}

static struct dialect *open_any(const struct dialect_options *options,
				const struct dialect_sink *sink, bool coarse)
{
	struct dialect *d = xcalloc(1, sizeof *d);
	d->sink = *sink;
	d->rules = options->rules;
	d->coarse = coarse;
	d->utc = zone_open("UTC", NULL);
	d->clock = (struct ejabberd_clock){options->zone, d->utc, USEC_NONE};
	d->now.newest = d->now.before_silence = USEC_NONE;
	d->learnt = (struct dialect_sink){d, sink->record, on_learnt, sink->ignored};
	d->sessions = ejabberd_sessions_new(&d->learnt);
	d->reassembly = reassembly_new(&(struct reassembly_sink){d, ejabberd_on_record, on_fact});
	ejabberd_gap_init(&d->gap);
	lines_init(&d->lines, LINE_LIMIT, d, ejabberd_on_line);
	ordinals_init(&d->now.ordinals, USEC_PER_SEC / 1000);
	return d;
}

static struct dialect *debug_open(const struct dialect_options *options,
				  const struct dialect_sink *sink)
{
	return open_any(options, sink, false);
}

static struct dialect *lager_open(const struct dialect_options *options,
				  const struct dialect_sink *sink)
{
	return open_any(options, sink, true);
}

static void any_close(struct dialect *d)
{
	ejabberd_sessions_free(d->sessions);
	later_free(&d->later);
	reassembly_free(d->reassembly);
	lines_free(&d->lines);
	ejabberd_record_free(&d->pending);
	ejabberd_marks_free(&d->marks);
	buf_free(&d->bytes);
	zone_free(d->utc);
	free(d);
}

static void any_recall(struct dialect *d, struct text key, struct text value)
{
	if (ejabberd_marks_recall(&d->marks, &d->now, key, value)) {
		d->clock.latest = d->now.ordinals.latest;
	} else if (text_is(key, "hole")) {
		lines_resume_hole(&d->lines, fact_number(value));
	} else if (text_is(key, "gap") || text_is(key, "lossy")) {
		ejabberd_gap_recall(&d->gap, key, value);
	} else if (text_starts(key, "f:") || text_starts(key, "l:") || text_starts(key, "r:")) {
		reassembly_recall(d->reassembly, key, value);
	} else {
		ejabberd_sessions_recall(d->sessions, key, value);
	}
}

static void save(struct dialect *d)
{
	uint64_t of_log = d->pending.open ? d->pending.offset : lines_low_water(&d->lines);
	// A live file that stays as it is: the server has reported what it had to report.
	uint64_t of_reads =
		reassembly_low_water(d->reassembly, d->quiet ? USEC_NONE : d->now.newest);
	uint64_t low = of_reads < of_log ? of_reads : of_log;
	// Never back, also when the file was quiet and grows again: what lies before may be gone.
	d->low = low > d->low ? low : d->low;
	fact_hole(&d->sink, lines_hole(&d->lines), &d->hole);
	d->now.offset = of_log;
	d->low = ejabberd_marks_save(&d->marks, &d->now, d->low, &d->sink);
	reassembly_save(d->reassembly, d->low, d->now.newest);
	ejabberd_gap_teach(&d->gap, &d->later);
	later_remember(&d->later, d->over ? UINT64_MAX : d->low, &d->sink);
	ejabberd_gap_save(&d->gap, &d->sink);
}

static void any_bytes(struct dialect *d, uint64_t offset, struct text data)
{
	d->quiet = false;
	d->ended = false;
	if (!d->begun) {
		d->begun = true;
		d->low = d->now.offset = offset;
		ejabberd_marks_begin(&d->marks, &d->now);
	}
	lines_feed(&d->lines, offset, data);
	save(d);
}

static void any_end(struct dialect *d, bool final)
{
	if (final)
		ejabberd_finish(d);
	d->over = final;
	d->quiet = d->ended;
	d->ended = true;
	save(d);
}

static uint64_t any_low_water(const struct dialect *d)
{
	return d->low;
}

static uint64_t any_unfinished(const struct dialect *d)
{
	uint64_t of_log = d->pending.open ? d->pending.offset : lines_low_water(&d->lines);
	uint64_t of_reads = reassembly_unfinished(d->reassembly);
	return of_reads < of_log ? of_reads : of_log;
}

// --- detection ---

static int debug_score(struct text head, const char **why)
{
	return ejabberd_score(head, false, why);
}

static int lager_score(struct text head, const char **why)
{
	return ejabberd_score(head, true, why);
}

const struct dialect_type ejabberd_debug_dialect = {
	.name = "ejabberd-debug",
	.title = "ejabberd log with level debug",
	.precision = 1,
	.flush_allowance = 2 * USEC_PER_SEC,
	.score = debug_score,
	.open = debug_open,
	.recall = any_recall,
	.bytes = any_bytes,
	.end = any_end,
	.low_water = any_low_water,
	.unfinished = any_unfinished,
	.close = any_close,
};

const struct dialect_type ejabberd_lager_dialect = {
	.name = "ejabberd-lager",
	.title = "ejabberd log with level debug, milliseconds (to 20.x)",
	.precision = USEC_PER_SEC / 1000,
	.flush_allowance = 2 * USEC_PER_SEC,
	.score = lager_score,
	.open = lager_open,
	.recall = any_recall,
	.bytes = any_bytes,
	.end = any_end,
	.low_water = any_low_water,
	.unfinished = any_unfinished,
	.close = any_close,
};
