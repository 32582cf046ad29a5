// SPDX-License-Identifier: Apache-2.0
// Is this an ejabberd log, of which logger, and does it hold stanzas?
#include "ingest/dialects/ejabberd.h"

static bool holds(struct text text, const char *what)
{
	return text.n && memmem(text.p, text.n, what, strlen(what)) != NULL;
}

struct tally {
	int lines, records, ours, debug, coarse;
};

static void tally_line(struct tally *tally, struct text line)
{
	struct ejabberd_line parts;
	if (!line.n)
		return;
	tally->lines++;
	if (!ejabberd_line(line, &parts) || !parts.process.p)
		return;
	const char *dot = memchr(parts.stamp.p, '.', parts.stamp.n);
	size_t fraction = dot ? (size_t)(parts.stamp.p + parts.stamp.n - dot) - 1 : 0;
	tally->records++;
	tally->coarse += fraction < 6;
	tally->debug += text_is(parts.level, "debug") ||
			text_starts(parts.text, "Received XML on stream = <<") ||
			text_starts(parts.text, "Send XML on stream = <<");
	tally->ours += holds(parts.location, "ejabberd") || holds(parts.text, "XML on stream = <<");
}

static int judge(const struct tally *tally, bool coarse, const char **why)
{
	*why = "no ejabberd log: lines are not \"stamp [level] <process> text\"";
	if (!tally->ours || tally->records * 20 < tally->lines)
		return 0;
	if ((tally->coarse * 2 > tally->records) != coarse) {
		*why = "ejabberd log, but with stamps of another kind";
		return 30;
	}
	if (!tally->debug) {
		*why = "ejabberd log without level debug: no stanzas here, set loglevel debug";
		return 45;
	}
	*why = "ejabberd log with level debug";
	return 96;
}

int ejabberd_score(struct text head, bool coarse, const char **why)
{
	struct tally tally = {0};
	bool first = true;
	if (text_starts(head, "\xef\xbb\xbf"))
		head = (struct text){head.p + 3, head.n - 3};
	while (head.n) {
		const char *end = memchr(head.p, '\n', head.n);
		struct text line = {head.p, end ? (size_t)(end - head.p) : head.n};
		if (end || first)
			tally_line(&tally, line);
		first = false;
		size_t used = line.n + (end ? 1 : 0);
		head = (struct text){head.p + used, head.n - used};
	}
	return judge(&tally, coarse, why);
}
