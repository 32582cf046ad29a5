// SPDX-License-Identifier: Apache-2.0
// MongooseIM's logs are recognised and refused: mongooseim.log (key=value) and mongooseim.json. Their level debug
// shows what was read, in pieces that are cut at 3,000 characters, and nothing that was written; text that a
// user wrote stands between the keys.
#include "ingest/dialects/table.h"

enum { SCORE_LINES = 200 };

static bool holds(struct text text, const char *what)
{
	return text.n && memmem(text.p, text.n, what, strlen(what)) != NULL;
}

static bool is_flat(struct text line)
{
	return text_starts(line, "when=") && holds(line, " level=") && holds(line, " what=") &&
	       holds(line, " at=");
}

static bool is_json(struct text line)
{
	return text_starts(line, "{") && holds(line, "\"when\":") && holds(line, "\"level\":") &&
	       holds(line, "\"what\":") && !holds(line, "\"stanza\":\"<");
}

// A console or a terminal colours its lines.
static struct text without_colour(struct text line)
{
	while (line.n > 1 && line.p[0] == '\x1b') {
		const char *m = memchr(line.p, 'm', line.n < 12 ? line.n : 12);
		if (!m)
			break;
		line.n -= (size_t)(m + 1 - line.p);
		line.p = m + 1;
	}
	return line;
}

int mongooseim_score(struct text head, const char **why)
{
	int lines = 0, ours = 0;
	while (head.n && lines < SCORE_LINES) {
		const char *newline = memchr(head.p, '\n', head.n);
		struct text line = {head.p, newline ? (size_t)(newline - head.p) : head.n};
		size_t used = line.n + (newline ? 1 : 0);
		line = without_colour(line);
		lines++;
		ours += is_flat(line) || is_json(line);
		head = (struct text){head.p + used, head.n - used};
	}
	*why = ours ? "MongooseIM log: it shows no stanzas as they are written, whatever its level; let a"
		      " component (XEP-0114) or a hook write observations"
		    : "no MongooseIM log";
	return ours * 2 > lines ? 45 : 0;
}
