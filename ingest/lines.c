// SPDX-License-Identifier: Apache-2.0
#include "ingest/lines.h"

void lines_init(struct lines *lines, size_t limit, void *self,
		void (*line)(void *self, const struct line *line))
{
	*lines = (struct lines){.self = self, .line = line, .limit = limit};
}

void lines_free(struct lines *lines)
{
	buf_free(&lines->tail);
}

uint64_t lines_hole(const struct lines *lines)
{
	return lines->hole && lines->length > HOLE_HELD ? lines->length : lines->resumed;
}

void lines_resume_hole(struct lines *lines, uint64_t length)
{
	lines->resumed = length;
}

uint64_t lines_low_water(const struct lines *lines)
{
	return lines->start + (lines->resumed ? 0 : lines_hole(lines));
}

static struct text without_mark(struct text text, uint64_t offset)
{
	if (offset == 0 && text_starts(text, "\xef\xbb\xbf"))
		return (struct text){text.p + 3, text.n - 3};
	return text;
}

static void give(struct lines *lines, enum line_kind kind, struct text text, uint64_t length)
{
	struct line line = {.kind = kind, .offset = lines->start, .length = length};
	if (kind == LINE_WHOLE && text.n && text.p[text.n - 1] == '\r')
		text.n--;
	line.text = without_mark(text, line.offset);
	lines->start += length;
	lines->length = 0;
	lines->hole = false;
	lines->line(lines->self, &line);
}

// Ends what is unfinished; kind is how a line of normal length ends.
static void close_line(struct lines *lines, enum line_kind kind, uint64_t newline)
{
	if (lines->hole)
		kind = LINE_HOLE;
	else if (lines->rest)
		kind = LINE_REST;
	else if (lines->length > lines->limit)
		kind = LINE_LONG;
	give(lines, kind, kind == LINE_REST ? TEXT("") : buf_view(&lines->tail),
	     lines->length + newline);
	lines->tail.len = 0;
	lines->rest = false;
}

// Takes bytes of a line whose end is not there yet.
static void keep(struct lines *lines, struct text part)
{
	while (lines->length + part.n > LINE_PIECE) {
		size_t fits = LINE_PIECE - (size_t)lines->length;
		keep(lines, (struct text){part.p, fits});
		close_line(lines, LINE_LONG, 0);
		lines->rest = true;
		part = (struct text){part.p + fits, part.n - fits};
	}
	lines->length += part.n;
	if (lines->length > lines->limit) {
		size_t have = lines->tail.len;
		size_t room = have < LINE_HEAD ? LINE_HEAD - have : 0;
		buf_add(&lines->tail, part.p, part.n < room ? part.n : room);
		if (lines->tail.len > LINE_HEAD)
			lines->tail.len = LINE_HEAD;
	} else {
		buf_add(&lines->tail, part.p, part.n);
	}
}

// Text without NUL bytes.
static void feed_text(struct lines *lines, struct text data)
{
	while (data.n) {
		const char *end = memchr(data.p, '\n', data.n);
		struct text part = {data.p, end ? (size_t)(end - data.p) : data.n};
		if (!end) {
			keep(lines, part);
			return;
		}
		if (lines->length == 0 && part.n <= lines->limit && !lines->rest) {
			give(lines, LINE_WHOLE, part, part.n + 1); // the usual case: no copy
		} else {
			keep(lines, part);
			close_line(lines, LINE_WHOLE, 1);
		}
		data.p += part.n + 1;
		data.n -= part.n + 1;
	}
}

static size_t nul_run(struct text data)
{
	size_t n = 0;
	while (n < data.n && data.p[n] == 0)
		n++;
	return n;
}

void lines_feed(struct lines *lines, uint64_t offset, struct text data)
{
	if (lines->length == 0)
		lines->start = offset;
	if (lines->resumed) {
		lines->hole = true;
		lines->length = lines->resumed;
		lines->start = offset - lines->resumed;
		lines->resumed = 0;
	}
	while (data.n) {
		size_t hole = nul_run(data);
		if (hole) {
			if (lines->length && !lines->hole)
				close_line(lines, LINE_CUT, 0);
			lines->hole = true;
			lines->length += hole;
			data.p += hole;
			data.n -= hole;
			continue;
		}
		if (lines->hole)
			close_line(lines, LINE_HOLE, 0);
		const char *nul = memchr(data.p, 0, data.n);
		struct text part = {data.p, nul ? (size_t)(nul - data.p) : data.n};
		feed_text(lines, part);
		data.p += part.n;
		data.n -= part.n;
	}
}

void lines_finish(struct lines *lines)
{
	if (lines->length || lines->rest)
		close_line(lines, LINE_CUT, 0);
}
