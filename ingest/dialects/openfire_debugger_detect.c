// SPDX-License-Identifier: Apache-2.0
#include "ingest/dialects/openfire_debugger.h"

enum { SCORE_LINES = 2000 };

struct tally {
	int lines, raw, repeats, server, stamped;
};

static void tally_line(struct tally *tally, struct text text)
{
	struct debug_line line;
	debug_line_read(text, &line);
	bool ours = line.kind != DEBUG_NOTHING && line.kind != DEBUG_OTHER;
	tally->lines += text.n > 0;
	tally->server += line.kind == DEBUG_OTHER && text.n && memmem(text.p, text.n, " - ", 3) &&
			 memmem(text.p, text.n, "jivesoftware", 12);
	tally->raw += ours && line.printer == DEBUG_RAW;
	tally->repeats += ours && line.printer != DEBUG_RAW;
	tally->stamped += ours && (line.stamp.p || line.wall.p);
}

static int judge(const struct tally *tally, const char **why)
{
	if (tally->raw + tally->repeats && !tally->stamped) {
		*why = "lines of Openfire's XML debugger, none of which has a time: their stanzas cannot "
		       "be dated (plugin 1.7.5 and later print times, and so does a log file)";
		return tally->raw + tally->repeats > 1 ? 93 : 60;
	}
	if (tally->raw + tally->repeats) {
		*why = tally->raw ? "lines of Openfire's XML debugger"
				  : "lines of Openfire's XML debugger, interpreted ones only";
		return tally->raw + tally->repeats > 1 ? 95 : 70;
	}
	if (tally->server * 2 > tally->lines) {
		*why = "Openfire server log, no line of the XML debugger in its beginning";
		return 55;
	}
	*why = "no line of Openfire's XML debugger";
	return 0;
}

int debug_score(struct text head, const char **why)
{
	struct tally tally = {0};
	for (int i = 0; i < SCORE_LINES && head.n; i++) {
		const char *end = memchr(head.p, '\n', head.n);
		struct text line = {head.p, end ? (size_t)(end - head.p) : head.n};
		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		tally_line(&tally, line);
		size_t used = line.p + line.n < head.p + head.n && end ? (size_t)(end - head.p) + 1
								       : head.n;
		head = (struct text){head.p + used, head.n - used};
	}
	return judge(&tally, why);
}
