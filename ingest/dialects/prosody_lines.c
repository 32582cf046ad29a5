// SPDX-License-Identifier: Apache-2.0
// One line of each of Prosody's sinks, taken apart:
//     file     [<stamp> ]<source> TAB <level> TAB <message>
//     console  [<stamp> ]<source>, blanks, <level> TAB <message>; coloured on a terminal
//     syslog   <stamp> <host> prosody[<pid>]: <source>: <message>
// A newline inside a message is newline + TAB in the first two. rsyslog writes control characters as
// "#" and three octal digits, so a line of it is always a whole record: no body can imitate one (F120).
// Where a body itself says "#012" nobody can tell it from that; only its text differs then.
#include "ingest/dialects/prosody.h"

#include <stdlib.h>

enum { SCORE_LINES = 2000, ESC = 27 };

static struct text before(struct text text, const char *end)
{
	return (struct text){text.p, (size_t)(end - text.p)};
}

static struct text after(struct text text, const char *from)
{
	return (struct text){from, (size_t)(text.p + text.n - from)};
}

static const char *find(struct text text, char what)
{
	return text.n ? memchr(text.p, what, text.n) : NULL;
}

static bool is_level(struct text text)
{
	return text_is(text, "debug") || text_is(text, "info") || text_is(text, "warn") ||
	       text_is(text, "error");
}

// "Nov 22 10:48:50 c2s5587": what is before the last blank is the stamp.
static bool split_head(struct text head, struct prosody_parts *parts)
{
	const char *blank = head.n ? memrchr(head.p, ' ', head.n) : NULL;
	parts->stamp = blank ? before(head, blank) : (struct text){head.p, 0};
	parts->source = blank ? after(head, blank + 1) : head;
	return parts->source.n && is_level(parts->level);
}

static enum prosody_line split_file(struct text line, struct buf *scratch,
				    struct prosody_parts *parts)
{
	(void)scratch;
	const char *first = find(line, '\t');
	const char *second = first ? find(after(line, first + 1), '\t') : NULL;
	if (!second)
		return PROSODY_NOISE;
	parts->level = before(after(line, first + 1), second);
	parts->message = after(line, second + 1);
	return split_head(before(line, first), parts) ? PROSODY_LINE : PROSODY_NOISE;
}

// --- console ---

// ESC [ ... m. Prosody shows a control character of a stanza as a picture, so each ESC is its own.
static struct text without_colours(struct text line, struct buf *scratch)
{
	if (!find(line, ESC))
		return line;
	scratch->len = 0;
	for (size_t i = 0; i < line.n;) {
		if (line.p[i] != ESC) {
			buf_char(scratch, line.p[i++]);
			continue;
		}
		const char *end = find(after(line, line.p + i), 'm');
		i = end ? (size_t)(end - line.p) + 1 : line.n;
	}
	return buf_view(scratch);
}

struct text prosody_continued(enum prosody_layout layout, struct text line, struct buf *scratch)
{
	return layout == PROSODY_CONSOLE ? without_colours(line, scratch) : line;
}

static enum prosody_line split_console(struct text line, struct buf *scratch,
				       struct prosody_parts *parts)
{
	line = without_colours(line, scratch);
	const char *tab = find(line, '\t');
	struct text head = tab ? before(line, tab) : TEXT("");
	const char *blank = head.n ? memrchr(head.p, ' ', head.n) : NULL;
	if (!blank)
		return PROSODY_NOISE;
	parts->level = after(head, blank + 1);
	parts->message = after(line, tab + 1);
	head = before(head, blank);
	while (head.n && head.p[head.n - 1] == ' ')
		head.n--;
	return split_head(head, parts) ? PROSODY_LINE : PROSODY_NOISE;
}

// --- syslog ---

static int octal(const char *p)
{
	int value = 0;
	for (int i = 0; i < 3; i++) {
		if (p[i] < '0' || p[i] > '7')
			return -1;
		value = value * 8 + (p[i] - '0');
	}
	return value;
}

// "#012#011" is a newline of Prosody's.
static struct text unescaped(struct text message, struct buf *scratch)
{
	if (!find(message, '#'))
		return message;
	scratch->len = 0;
	for (size_t i = 0; i < message.n; i++) {
		int code = message.p[i] == '#' && message.n - i > 3 ? octal(message.p + i + 1) : -1;
		if (code < 0 || (code >= ' ' && code != 0177)) {
			buf_char(scratch, message.p[i]);
			continue;
		}
		i += 3;
		if (code == '\t' && scratch->len && scratch->data[scratch->len - 1] == '\n')
			continue;
		buf_char(scratch, (char)code);
	}
	return buf_view(scratch);
}

// "Nov  2 10:48:50" or "2026-11-22T10:48:54.510547+00:00", then the host.
static bool skip_stamp_and_host(struct text *rest, struct text *stamp)
{
	bool letters = rest->n > 16 && rest->p[0] >= 'A' && rest->p[0] <= 'Z';
	const char *end = letters ? rest->p + 15 : find(*rest, ' ');
	if (!end || *end != ' ')
		return false;
	*stamp = before(*rest, end);
	*rest = after(*rest, end + 1);
	end = find(*rest, ' ');
	if (!end)
		return false;
	*rest = after(*rest, end + 1);
	return true;
}

static const char *find_text(struct text text, const char *what)
{
	return text.n ? memmem(text.p, text.n, what, strlen(what)) : NULL;
}

// "... lost 27 messages from pid ...", "... 100 messages lost due to rate-limiting ...", "Suppressed 12
// messages from ...", "message repeated 3 times: [...]". The number before the word; -1 = none said.
static int64_t number_before(struct text text, const char *word)
{
	const char *at = find_text(text, word);
	if (!at)
		return -1;
	const char *digits = at;
	while (digits > text.p && digits[-1] >= '0' && digits[-1] <= '9')
		digits--;
	return digits < at ? strtoll(digits, NULL, 10) : -1;
}

static enum prosody_line notice(struct text tag, struct text rest, struct prosody_parts *parts)
{
	static const struct {
		const char *tag, *word, *also;
	} table[] = {
		{"rsyslogd", " messages", "lost"},
		{"systemd-journald", " messages", "Suppressed"},
		{"prosody", " times", "message repeated "},
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		parts->lost = number_before(rest, table[i].word);
		if (text_starts(tag, table[i].tag) && parts->lost > 0 &&
		    find_text(rest, table[i].also))
			return PROSODY_LOST;
	}
	return PROSODY_NOISE;
}

static enum prosody_line split_syslog(struct text line, struct buf *scratch,
				      struct prosody_parts *parts)
{
	struct text rest = line;
	if (!skip_stamp_and_host(&rest, &parts->stamp))
		return PROSODY_NOISE;
	const char *end = find_text(rest, ": ");
	if (!end)
		return PROSODY_NOISE;
	struct text tag = before(rest, end);
	rest = after(rest, end + 2);
	end = find_text(rest, ": ");
	if (!text_starts(tag, "prosody") || !end || text_starts(rest, "message repeated "))
		return notice(tag, rest, parts);
	parts->source = before(rest, end);
	parts->message = unescaped(after(rest, end + 2), scratch);
	return PROSODY_LINE;
}

enum prosody_line prosody_split(enum prosody_layout layout, struct text line, struct buf *scratch,
				struct prosody_parts *parts)
{
	static enum prosody_line (*const table[])(struct text, struct buf *,
						  struct prosody_parts *) = {
		[PROSODY_FILE] = split_file,
		[PROSODY_CONSOLE] = split_console,
		[PROSODY_SYSLOG] = split_syslog,
	};
	*parts = (struct prosody_parts){0};
	return table[layout](line, scratch, parts);
}

// --- detection ---

struct tally {
	int lines, ours, stanzas, plain, debug, stamped;
};

static void tally_line(struct tally *tally, enum prosody_layout layout, struct text line,
		       struct buf *scratch)
{
	struct prosody_parts parts;
	if (!line.n || (line.p[0] == '\t' && layout != PROSODY_SYSLOG))
		return;
	tally->lines++;
	if (line.p[line.n - 1] == '\r')
		line.n--;
	if (prosody_split(layout, line, scratch, &parts) != PROSODY_LINE)
		return;
	tally->ours++;
	tally->stamped += parts.stamp.n > 0;
	tally->debug += !parts.level.p || text_is(parts.level, "debug");
	tally->plain += text_starts(parts.message, "Received[");
	tally->stanzas +=
		text_starts(parts.message, "RECV: <") || text_starts(parts.message, "SEND: <");
}

static const struct {
	int share; // in tenths, of the lines that must have its form
	const char *none, *stanzas;
} forms[] = {
	[PROSODY_FILE] = {8,
			  "no Prosody log: lines are not \"[stamp ]source TAB level TAB message\"",
			  "Prosody log with the stanzas of mod_stanza_debug"},
	[PROSODY_CONSOLE] = {8, "no Prosody console: lines are not \"source level TAB message\"",
			     "Prosody's console with the stanzas of mod_stanza_debug"},
	// Other programs write there too.
	[PROSODY_SYSLOG] = {1, "no syslog with lines of Prosody",
			    "Prosody's lines in a syslog, with the stanzas of mod_stanza_debug"},
};

static int judge(const struct tally *tally, enum prosody_layout layout, const char **why)
{
	*why = forms[layout].none;
	if (!tally->lines || tally->ours * 10 < tally->lines * forms[layout].share)
		return 0;
	*why = forms[layout].stanzas;
	if (tally->stanzas)
		return 97;
	if (tally->plain) {
		*why = "Prosody debug log without stanza_debug: no stanzas here, "
		       "enable mod_stanza_debug";
		return 45;
	}
	*why = tally->debug ? "Prosody debug log, no stanza in its beginning: "
			      "mod_stanza_debug has to be enabled"
			    : "Prosody log without level debug: no stanzas here, "
			      "enable mod_stanza_debug and level debug";
	return tally->debug ? 60 : 45;
}

int prosody_score(enum prosody_layout layout, struct text head, const char **why)
{
	struct tally tally = {0};
	struct buf scratch = {0};
	for (int i = 0; i < SCORE_LINES && head.n; i++) {
		const char *end = find(head, '\n');
		struct text line = {head.p, end ? (size_t)(end - head.p) : head.n};
		if (end || !i)
			tally_line(&tally, layout, line, &scratch);
		head = after(head, line.p + line.n + (end ? 1 : 0));
	}
	buf_free(&scratch);
	return judge(&tally, layout, why);
}
