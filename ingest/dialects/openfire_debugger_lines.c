// SPDX-License-Identifier: Apache-2.0
// What the versions of the plugin print, as patterns:
//     %t instant   %p kind of connection   %a address, blanks behind it too   %k RECV, SENT, OPEN, CLSD
//     %i id, blanks before it too          %x the rest of the line
// A pattern without %x has to take the whole line (blanks at its end aside).
#include "ingest/dialects/openfire_debugger.h"

enum { NAME_MAX_LENGTH = 64 };

struct format {
	const char *pattern;
	enum debug_printer printer;
	bool whole;           // when it prints bytes: whole stanzas
	enum debug_kind kind; // of a pattern without %k
};

static const struct format formats[] = {
	{"%p - %k (%i): %x", DEBUG_RAW, false, DEBUG_NOTHING}, // 1.0-1.5
	{"CLOSED (%i)", DEBUG_RAW, false, DEBUG_CLOSED},
	{"%p - %k - (%i): %x", DEBUG_RAW, false, DEBUG_NOTHING}, // 1.6
	{"%p - %k - (%i)", DEBUG_RAW, false, DEBUG_NOTHING},
	{"%p %a- %k - (%i): %x", DEBUG_RAW, true, DEBUG_NOTHING}, // 1.7.0-1.7.3
	{"%p %a- %k - (%i)", DEBUG_RAW, true, DEBUG_NOTHING},
	{"%t - %p %a- %k - (%i): %x", DEBUG_RAW, true, DEBUG_NOTHING}, // from 1.7.4
	{"%t - %p %a- %k - (%i)", DEBUG_RAW, true, DEBUG_NOTHING},
	{"INT %a- %k - (%i): %x", DEBUG_INT, true, DEBUG_NOTHING}, // from 1.7.1
	{"%t - INT %a- %k - (%i): %x", DEBUG_INT, true, DEBUG_NOTHING},
	{"INTERPRETED: %x", DEBUG_INTERPRETED, true, DEBUG_RECV}, // to 1.7.0
};

static const struct {
	const char *name;
	int value;
} kinds[] = {
	{"RECV", DEBUG_RECV}, {"SENT", DEBUG_SENT}, {"OPEN", DEBUG_OPEN}, {"CLSD", DEBUG_CLOSED}};

static const struct {
	const char *name;
	enum debug_peer peer;
} peers[] = {{"C2S", DEBUG_CLIENT},
	     {"SSL", DEBUG_CLIENT},
	     {"ExComp", DEBUG_COMPONENT},
	     {"S2S", DEBUG_SERVER},
	     {"CM", DEBUG_MULTIPLEXED}};

static const char *const suffixes[] = {"-STARTTLS", "-DIRECTTLS"};

struct match {
	struct debug_line line;
	struct text rest, address;
};

static void skip(struct text *text, size_t n)
{
	*text = (struct text){text->p + n, text->n - n};
}

static void skip_blanks(struct text *text)
{
	while (text->n && text->p[0] == ' ')
		skip(text, 1);
}

// What stands before one of the ends, at most NAME_MAX_LENGTH bytes. False: none of them comes.
static bool take_until(struct text *rest, const char *ends, struct text *taken)
{
	size_t n = 0;
	while (n < rest->n && n < NAME_MAX_LENGTH && !strchr(ends, rest->p[n]))
		n++;
	if (n == rest->n || n == NAME_MAX_LENGTH)
		return false;
	*taken = (struct text){rest->p, n};
	skip(rest, n);
	return true;
}

static bool take_instant(struct match *m)
{
	usec_t at;
	return take_until(&m->rest, " ", &m->line.stamp) && usec_parse(m->line.stamp, &at);
}

static bool take_peer(struct match *m)
{
	for (size_t i = 0; i < sizeof peers / sizeof *peers; i++) {
		if (!text_starts(m->rest, peers[i].name))
			continue;
		skip(&m->rest, strlen(peers[i].name));
		m->line.peer = peers[i].peer;
		for (size_t k = 0; k < sizeof suffixes / sizeof *suffixes; k++)
			if (text_starts(m->rest, suffixes[k]))
				skip(&m->rest, strlen(suffixes[k]));
		return true;
	}
	return false;
}

static bool take_address(struct match *m)
{
	if (!take_until(&m->rest, " ", &m->address))
		return false;
	skip_blanks(&m->rest);
	return true;
}

static bool take_kind(struct match *m)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (text_starts(m->rest, kinds[i].name)) {
			m->line.kind = (enum debug_kind)kinds[i].value;
			skip(&m->rest, strlen(kinds[i].name));
			return true;
		}
	return false;
}

static bool take_id(struct match *m)
{
	skip_blanks(&m->rest);
	return take_until(&m->rest, ") ", &m->line.id);
}

static bool take_rest(struct match *m)
{
	m->line.xml = m->rest;
	m->rest = TEXT("");
	return true;
}

static bool take(struct match *m, char what)
{
	static const struct {
		char what;
		bool (*take)(struct match *);
	} table[] = {{'t', take_instant}, {'p', take_peer}, {'a', take_address},
		     {'k', take_kind},    {'i', take_id},   {'x', take_rest}};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (table[i].what == what)
			return table[i].take(m);
	return false;
}

// A line whose payload is empty may have lost the blank at its end.
static bool matches(struct match *m, const char *pattern)
{
	for (const char *at = pattern; *at; at++) {
		if (*at == '%') {
			if (!take(m, *++at))
				return false;
		} else if (m->rest.n && m->rest.p[0] == *at) {
			skip(&m->rest, 1);
		} else if (m->rest.n || strcmp(at, " %x") != 0) {
			return false;
		}
	}
	skip_blanks(&m->rest);
	return !m->rest.n;
}

// "(rawDebugger)" is the name of the plugin's own handler and names no connection.
static void name_connection(struct match *m)
{
	if (m->line.printer != DEBUG_RAW || !text_is(m->line.id, "rawDebugger"))
		return;
	m->line.id = m->address;
	m->line.guessable = true;
	m->line.whole = m->line.kind == DEBUG_SENT;
}

static bool read_plugin(struct text text, struct debug_line *line)
{
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		const struct format *format = &formats[i];
		struct match m = {.rest = text};
		m.line.printer = format->printer;
		m.line.kind = format->kind;
		if (!matches(&m, format->pattern))
			continue;
		bool bytes = m.line.kind == DEBUG_RECV || m.line.kind == DEBUG_SENT;
		if (bytes != (m.line.xml.p != NULL))
			continue;
		m.line.whole = format->whole || m.line.kind == DEBUG_SENT;
		name_connection(&m);
		m.line.wall = line->wall;
		*line = m.line;
		return true;
	}
	return false;
}

static int number(struct text text, size_t at, size_t digits)
{
	int value = 0;
	for (size_t i = at; i < at + digits; i++) {
		if (i >= text.n || text.p[i] < '0' || text.p[i] > '9')
			return -1;
		value = value * 10 + (text.p[i] - '0');
	}
	return value;
}

// "2026.11.22 11:12:23", with or without ".276" or ",276"; log4j's default has "-" in the date.
bool debug_wall(struct text wall, struct civil *civil, usec_t *step)
{
	struct civil c = {.year = number(wall, 0, 4),
			  .month = number(wall, 5, 2),
			  .day = number(wall, 8, 2),
			  .hour = number(wall, 11, 2),
			  .minute = number(wall, 14, 2),
			  .second = number(wall, 17, 2)};
	if (wall.n < 19 || !civil_valid(&c))
		return false;
	int millis = wall.n > 19 ? number(wall, 20, 3) : 0;
	if (millis < 0)
		return false;
	c.micros = millis * 1000;
	*step = wall.n > 19 ? 1000 : USEC_PER_SEC;
	*civil = c;
	return true;
}

// The length of the stamp that a line of the server's log begins with, 0 = it does not.
static size_t wall_length(struct text text)
{
	static const char form[] = "0000.00.00 00:00:00";
	size_t n = sizeof form - 1;
	for (size_t i = 0; i < n; i++) {
		bool digit = i < text.n && text.p[i] >= '0' && text.p[i] <= '9';
		bool same = i < text.n &&
			    (text.p[i] == form[i] || (form[i] == '.' && text.p[i] == '-'));
		if (form[i] == '0' ? !digit : !same)
			return 0;
	}
	if (n + 4 <= text.n && (text.p[n] == '.' || text.p[n] == ',') &&
	    number(text, n + 1, 3) >= 0)
		n += 4;
	return n < text.n && text.p[n] == ' ' ? n : 0;
}

static bool is_plugin(struct text logger)
{
	static const char *const names[] = {"openfire.plugin.", "[DebuggerPlugin]"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (logger.n && memmem(logger.p, logger.n, names[i], strlen(names[i])))
			return true;
	return false;
}

struct text debug_message(struct text text)
{
	const char *dash = wall_length(text) ? memmem(text.p, text.n, " - ", 3) : NULL;
	if (dash)
		skip(&text, (size_t)(dash - text.p) + 3);
	return text;
}

void debug_line_read(struct text text, struct debug_line *line)
{
	*line = (struct debug_line){.kind = DEBUG_NOTHING};
	size_t wall = wall_length(text);
	if (!wall) {
		(void)read_plugin(text, line);
		return;
	}
	line->kind = DEBUG_OTHER;
	line->wall = (struct text){text.p, wall};
	const char *dash = memmem(text.p, text.n, " - ", 3);
	if (!dash || !is_plugin((struct text){text.p + wall, (size_t)(dash - text.p) - wall}))
		return;
	skip(&text, (size_t)(dash - text.p) + 3);
	(void)read_plugin(text, line);
}
