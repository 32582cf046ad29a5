// SPDX-License-Identifier: Apache-2.0
// The head of a frame: what the figures stand on comes before the figures.
#include "api/top_frame.h"

#include "api/top_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

// A log that is read to its end is at most its writer's buffer behind (120 s, Openfire's audit log).
#define LATE (300 * USEC_PER_SEC)
#define LATE_SETTLING (60 * USEC_PER_SEC)

enum { REASONS_MAX = 4 }; // lines; the rest is counted

// --- lines ---

void line_end(struct top_frame *frame, enum top_style style)
{
	size_t start = frame->count ? frame->lines[frame->count - 1].start +
					      frame->lines[frame->count - 1].length
				    : 0;
	if (frame->count == TOP_LINES) {
		frame->text.len = start;
		return;
	}
	frame->lines[frame->count++] = (struct top_line){start, frame->text.len - start, style};
}

struct text top_frame_line(const struct top_frame *frame, size_t i)
{
	const struct top_line *line = &frame->lines[i];
	return (struct text){frame->text.data ? frame->text.data + line->start : "", line->length};
}

void put_format(struct top_frame *frame, const char *format, ...)
{
	char text[256];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	buf_zstr(&frame->text, text);
}

static void put_blanks(struct top_frame *frame, int columns)
{
	for (int i = 0; i < columns; i++)
		buf_char(&frame->text, ' ');
}

void put_text_cut(struct top_frame *frame, struct text text, int columns)
{
	top_cut(&frame->text, text, columns, frame->utf8);
}

void put_left(struct top_frame *frame, struct text text, int columns)
{
	put_blanks(frame, columns - top_cut(&frame->text, text, columns, frame->utf8));
}

void put_path(struct top_frame *frame, struct text text, int columns)
{
	put_blanks(frame, columns - top_cut_front(&frame->text, text, columns, frame->utf8));
}

void put_right(struct top_frame *frame, const char *zstr, int columns)
{
	put_blanks(frame, columns - (int)strlen(zstr));
	buf_zstr(&frame->text, zstr);
}

bool top_is_airy(const struct top_view *view)
{
	return view->rows == 0 || view->rows >= 24;
}

void top_put_space(struct top_frame *frame, const struct top_view *view)
{
	if (top_is_airy(view))
		line_end(frame, TOP_PLAIN);
}

void top_frame_free(struct top_frame *frame)
{
	buf_free(&frame->text);
	*frame = (struct top_frame){0};
}

// --- why figures may be too small ---

struct reasons {
	struct top_frame *frame;
	const char *head; // of the first one
	int given, left_out;
};

// Starts a line for a reason; false: there is no room for it.
static bool reason(struct reasons *reasons)
{
	if (reasons->given == REASONS_MAX) {
		reasons->left_out++;
		return false;
	}
	put_format(reasons->frame, "%-12s", reasons->given++ ? "" : reasons->head);
	return true;
}

static void bad_sources(struct reasons *reasons, const struct top_look *look)
{
	for (size_t i = 0; i < look->source_count; i++) {
		const struct source_state *source = &look->sources[i];
		if (!top_source_trouble(source) || !reason(reasons))
			continue;
		put_format(reasons->frame, "source ");
		put_text_cut(reasons->frame, source->name, 30);
		put_format(reasons->frame, " is ");
		put_text_cut(reasons->frame,
			     source->state.p ? source->state : TEXT("not looked at"), 14);
		line_end(reasons->frame, TOP_WARN);
	}
}

static void late_input(struct reasons *reasons, const struct top_look *look)
{
	char at[USEC_TEXT], age[TOP_SHORT];
	usec_t until = look->honesty.complete_until;
	if (until == USEC_NONE && reason(reasons)) {
		put_format(reasons->frame, "a followed source was never read to its end");
		line_end(reasons->frame, TOP_WARN);
	}
	if (until != USEC_NONE && look->at - until > LATE && reason(reasons)) {
		put_format(reasons->frame, "what came after %s was not read yet (%s)",
			   top_clock(until, at), top_age(look->at - until, age));
		line_end(reasons->frame, TOP_WARN);
	}
}

static void late_settling(struct reasons *reasons, const struct top_look *look)
{
	if (look->settle.units && look->settle.since != USEC_NONE &&
	    look->at - look->settle.since > LATE_SETTLING && reason(reasons)) {
		put_format(reasons->frame, "%" PRId64 " parts of conversations are not settled yet",
			   look->settle.units);
		line_end(reasons->frame, TOP_WARN);
	}
}

static void only_imports(struct reasons *reasons, const struct top_look *look)
{
	char at[USEC_TEXT];
	if (!reason(reasons))
		return;
	if (look->source_count)
		put_format(reasons->frame, "no source is followed; imported up to %s",
			   top_clock(look->honesty.newest, at));
	else
		put_format(reasons->frame, "nothing was read into this realm yet");
	line_end(reasons->frame, TOP_WARN);
}

static bool is_live(const struct top_look *look)
{
	for (size_t i = 0; i < look->source_count; i++)
		if (look->sources[i].live)
			return true;
	return false;
}

static void put_honesty(struct top_frame *frame, const struct top_look *look)
{
	struct reasons reasons = {.frame = frame, .head = "INCOMPLETE: "};
	if (look->honesty.open_gaps && reason(&reasons)) {
		put_format(frame, "%" PRId64 " gap%s in the last 24 hours", look->honesty.open_gaps,
			   look->honesty.open_gaps == 1 ? "" : "s");
		line_end(frame, TOP_WARN);
	}
	bad_sources(&reasons, look);
	if (is_live(look))
		late_input(&reasons, look);
	else
		only_imports(&reasons, look);
	late_settling(&reasons, look);
	if (reasons.left_out) {
		put_format(frame, "%-12s(and %d more)", "", reasons.left_out);
		line_end(frame, TOP_WARN);
	}
	if (reasons.given)
		return;
	put_format(frame, "complete:   all that was written is read, no gap in the last 24 hours");
	line_end(frame, TOP_GOOD);
}

// --- head ---

static void put_title(struct top_frame *frame, const struct top_view *view,
		      const struct top_look *look)
{
	char at[USEC_TEXT];
	const char *mode = view->trouble ? "NO NEW FIGURES" : view->paused ? "PAUSED" : "";
	put_format(frame, "receiptd top  %s  realm ", top_clock(look ? look->at : view->now, at));
	put_text_cut(frame, look ? look->realm : TEXT("?"), 24);
	if (*mode)
		put_format(frame, "  [%s]", mode);
	if (look)
		put_format(frame, "  commit %" PRId64, look->honesty.commit);
	line_end(frame, TOP_TITLE);
}

static void put_trouble(struct top_frame *frame, const struct top_view *view,
			const struct top_look *look)
{
	char age[TOP_SHORT], at[USEC_TEXT];
	if (!view->trouble)
		return;
	put_format(frame, "NO ANSWER   for %s: ", top_age(view->now - view->trouble_since, age));
	put_text_cut(frame, text_of(view->trouble), frame->columns > 40 ? frame->columns - 24 : 16);
	line_end(frame, TOP_BAD);
	put_format(frame, "%-12s", "");
	if (look)
		put_format(frame, "trying again; what follows is of %s", top_clock(look->at, at));
	else
		put_format(frame, "trying again; there are no figures yet");
	line_end(frame, TOP_BAD);
}

// Two lines where one would be cut.
static void put_break(struct top_frame *frame)
{
	if (top_has_room(frame, 79))
		put_format(frame, "  ");
	else
		line_end(frame, TOP_PLAIN);
}

static void put_input(struct top_frame *frame, const struct top_look *look)
{
	char at[USEC_TEXT], age[TOP_SHORT], settle[TOP_SHORT];
	usec_t until = look->honesty.complete_until;
	bool waits = look->settle.units && look->settle.since != USEC_NONE;
	put_format(frame, "read up to %s (lag %s)", top_clock(until, at),
		   top_age(until == USEC_NONE ? until : look->at - until, age));
	put_break(frame);
	put_format(frame, "gaps %" PRId64 "  quarantine %" PRId64 "  settling %" PRId64,
		   look->honesty.open_gaps, look->honesty.quarantined, look->settle.units);
	if (waits)
		put_format(frame, " (%s)", top_age(look->at - look->settle.since, settle));
	line_end(frame, TOP_PLAIN);
}

static void put_activity(struct top_frame *frame, const struct top_look *look)
{
	char commits[TOP_SHORT], messages[TOP_SHORT], stanzas[TOP_SHORT], age[TOP_SHORT];
	usec_t oldest = look->oldest_waiting;
	put_format(frame, "unacknowledged %" PRId64, look->waiting);
	if (oldest != USEC_NONE)
		put_format(frame, " (oldest %s)", top_age(look->at - oldest, age));
	put_break(frame);
	put_format(frame, "messages %s/s  stanzas %s/s  commits %s/s",
		   top_rate(look->messages, messages), top_rate(look->stanzas, stanzas),
		   top_rate(look->commits, commits));
	line_end(frame, TOP_PLAIN);
}

// --- help ---

static void put_help(struct top_frame *frame)
{
	static const char *const lines[] = {
		"",
		"q             leave                      p        pause and go on",
		"up, down      scroll both tables         space    look now",
		"Page, Home    the same by ten, back      ?        this page, and back",
		"",
		"15m! 1h! 24h! the window overlaps a gap: its figures may be too small",
		"rate% to%     confirmed / requested, and what it becomes if all that is",
		"              pending arrives: the true rate lies between. \"-\": nobody asked",
		"p50 p95       time to deliver, of messages that did not wait offline",
		"lag           a source is complete up to so long ago",
		"unread        bytes of its files that are there and were not read yet",
		"domains       whole UTC days; worst first by the greatest rate that the",
		"              figures allow with 95 % certainty. Not your own (setting hosts; if",
		"              that is empty, not those that the sender is of)",
	};
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		put_format(frame, "%s", lines[i]);
		line_end(frame, TOP_PLAIN);
	}
}

static void put_keys(struct top_frame *frame, const struct top_view *view)
{
	while ((int)frame->count < view->rows - 1)
		line_end(frame, TOP_PLAIN);
	frame->count = view->rows > 0 ? (size_t)view->rows - 1 : 0;
	frame->text.len = frame->count ? frame->lines[frame->count - 1].start +
						 frame->lines[frame->count - 1].length
				       : 0;
	put_format(frame, "q quit  p %s  ", view->paused ? "go on" : "pause");
	if (top_has_room(frame, 54))
		put_format(frame, "up/down scroll  space look now  ");
	put_format(frame, "? help");
	line_end(frame, TOP_DIM);
}

void top_frame_make(struct top_frame *frame, const struct top_view *view,
		    const struct top_look *look)
{
	frame->text.len = 0;
	frame->count = 0;
	frame->columns = view->columns;
	frame->utf8 = view->utf8;
	put_title(frame, view, look);
	put_trouble(frame, view, look);
	if (view->help) {
		put_help(frame);
	} else if (look) {
		put_honesty(frame, look);
		put_input(frame, look);
		put_activity(frame, look);
		top_put_space(frame, view);
		top_put_delivery(frame, look);
		top_put_tables(frame, view, look);
	}
	if (view->rows > 0)
		put_keys(frame, view);
}
