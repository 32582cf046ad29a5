// SPDX-License-Identifier: Apache-2.0
// Lines inside a stanza that look like lines of the plugin: text or lines (F120, see openfire_debugger.c).
#include "ingest/dialects/openfire_debugger_internal.h"

#include "ingest/dialects/fact.h"

#include <stdlib.h>

static bool goes_on_with(const struct dialect *d, const struct debug_line *line)
{
	return !d->record.line.whole && line->printer == DEBUG_RAW && line->kind == DEBUG_RECV &&
	       text_same(line->id, buf_view(&d->record.id));
}

static void hold(struct dialect *d, struct text text, uint64_t offset, uint64_t length)
{
	if (d->held_count == d->held_capacity) {
		size_t more = d->held_capacity ? d->held_capacity * 2 : 64;
		struct held_line *grown = xcalloc(more, sizeof *grown);
		if (d->held_count)
			memcpy(grown, d->held, d->held_count * sizeof *grown);
		free(d->held);
		d->held = grown;
		d->held_capacity = more;
	}
	d->held[d->held_count++] = (struct held_line){d->held_text.len, text.n, offset, length};
	buf_text(&d->held_text, text);
	debug_half_add(&d->shadow, offset, TEXT("\n"));
	debug_half_add(&d->shadow, offset, text);
	if (d->replaying)
		d->budget -= text.n + LINE_COST < d->budget ? text.n + LINE_COST : d->budget;
}

struct held { // taken out of the dialect, so that its lines can be held again
	struct buf text;
	struct held_line *lines;
	size_t count;
};

static struct held take_held(struct dialect *d)
{
	struct held held = {d->held_text, d->held, d->held_count};
	d->held_text = (struct buf){0};
	d->held = NULL;
	d->held_count = d->held_capacity = 0;
	debug_half_drop(&d->shadow);
	return held;
}

static struct text held_line_text(const struct held *held, size_t i)
{
	return (struct text){buf_view(&held->text).p + held->lines[i].at, held->lines[i].size};
}

static void free_held(struct held *held)
{
	buf_free(&held->text);
	free(held->lines);
}

void debug_held_free(struct dialect *d)
{
	struct held held = take_held(d);
	free_held(&held);
}

static void held_is_text(struct dialect *d)
{
	struct held held = take_held(d);
	for (size_t i = 0; i < held.count && d->half; i++)
		debug_go_on(d, held_line_text(&held, i), held.lines[i].length);
	free_held(&held);
}

// The record was cut: what was held are lines. known: the last one proves it.
void debug_held_is_lines(struct dialect *d, bool known)
{
	bool live = !d->replaying, guessable = d->record.line.guessable;
	struct held held = take_held(d);
	if (d->half && d->record.line.whole)
		debug_drop(d, d->half, "stanza not finished");
	if (live)
		d->budget = REPLAYS * held.text.len;
	d->half = NULL;
	d->replaying = true;
	for (size_t i = 0; i < held.count; i++) {
		bool was = d->suspect;
		d->suspect = was || (guessable && (!known || i + 1 < held.count));
		debug_text(d, held_line_text(&held, i), held.lines[i].offset, held.lines[i].length);
		d->suspect = was;
	}
	while (live && d->held_count)
		debug_held_is_lines(d, false);
	if (live)
		d->replaying = false;
	free_held(&held);
}

// Does the line make sense by itself, as what its connection goes on with?
static bool makes_sense(struct dialect *d, const struct debug_line *line)
{
	struct debug_connection *connection =
		line->printer == DEBUG_RAW && line->xml.p
			? debug_connection_find(d->judge.sessions, line->id)
			: NULL;
	if (!connection || line->kind != DEBUG_RECV || !debug_is_open(&connection->read))
		return false;
	struct debug_half copy = {.markup = connection->read.markup};
	struct text element;
	enum debug_step step;
	debug_half_add(&copy, 0, debug_half_rest(&connection->read));
	debug_half_add(&copy, 0, line->xml);
	while ((step = debug_half_next(&copy, &element)) == DEBUG_STANZA || step == DEBUG_ELEMENT)
		debug_half_used(&copy, 0);
	bool sense = step == DEBUG_MORE && !copy.stray;
	debug_half_free(&copy);
	return sense;
}

static uint64_t end_of_held(const struct dialect *d)
{
	const struct held_line *last = &d->held[d->held_count - 1];
	return last->offset + last->length;
}

static bool was_quiet(const struct dialect *d)
{
	for (size_t i = 0; i < d->quiet_count && !d->replaying; i++)
		if (d->quiets[i] == end_of_held(d))
			return true;
	return false;
}

static void judge_held(struct dialect *d, const struct debug_line *newest)
{
	struct text element;
	enum debug_step step;
	if (goes_on_with(d, newest) || was_quiet(d)) {
		debug_held_is_lines(d, true);
		return;
	}
	while ((step = debug_half_next(&d->shadow, &element)) == DEBUG_STANZA ||
	       step == DEBUG_ELEMENT)
		debug_half_used(&d->shadow, 0);
	size_t most = d->record.line.whole ? RECORD_LIMIT : READ_MOST;
	if (step == DEBUG_BROKEN || d->held_text.len + d->held_count > most)
		debug_held_is_lines(d, true);
	else if (debug_is_open(&d->shadow))
		return; // more lines will tell
	else if (!d->record.line.whole && makes_sense(d, newest))
		debug_held_is_lines(d, true);
	else
		held_is_text(d);
}

static void begin_to_hold(struct dialect *d)
{
	debug_half_drop(&d->shadow);
	debug_half_add(&d->shadow, d->record.offset, debug_half_rest(d->half));
	d->shadow.markup = d->half->markup;
}

void debug_text(struct dialect *d, struct text text, uint64_t offset, uint64_t length)
{
	struct debug_line line;
	debug_line_read(text, &line);
	if (d->held_count) {
		hold(d, text, offset, length);
		judge_held(d, &line);
	} else if (line.kind == DEBUG_NOTHING) {
		if (d->half)
			debug_go_on(d, text, length);
		else if (text.n)
			d->judge.sink.ignored(d->judge.sink.self, "noise");
	} else if (!d->half || goes_on_with(d, &line) || (d->replaying && !d->budget)) {
		debug_process(d, &line, offset, length);
	} else {
		begin_to_hold(d);
		hold(d, text, offset, length);
		judge_held(d, &line);
	}
}

// --- what was taken for lines because nothing followed ---

// "quiet": its places, those before low water are of no use.
void debug_save_quiets(struct dialect *d, uint64_t low)
{
	struct buf text = {0};
	size_t kept = 0;
	for (size_t i = 0; i < d->quiet_count; i++)
		if (d->quiets[i] > low)
			d->quiets[kept++] = d->quiets[i];
	if (kept == d->quiet_count && !d->quiet_news)
		return;
	d->quiet_news = false;
	d->quiet_count = kept;
	for (size_t i = 0; i < kept; i++)
		buf_printf(&text, "%" PRIu64 " ", d->quiets[i]);
	d->judge.sink.remember(d->judge.sink.self, TEXT("quiet"),
			       kept ? buf_view(&text) : TEXT_NONE);
	buf_free(&text);
}

void debug_note_quiet(struct dialect *d, bool final)
{
	if (final)
		return;
	if (d->quiet_count == QUIETS)
		memmove(d->quiets, d->quiets + 1, --d->quiet_count * sizeof *d->quiets);
	d->quiets[d->quiet_count++] = end_of_held(d);
	d->quiet_news = true;
}

void debug_recall_quiets(struct dialect *d, struct text value)
{
	while (value.n && d->quiet_count < QUIETS) {
		const char *blank = memchr(value.p, ' ', value.n);
		size_t used = blank ? (size_t)(blank - value.p) + 1 : value.n;
		d->quiets[d->quiet_count++] = fact_number(value);
		value = (struct text){value.p + used, value.n - used};
	}
}
