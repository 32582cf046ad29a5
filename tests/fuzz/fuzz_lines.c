// SPDX-License-Identifier: Apache-2.0
// Any bytes as lines, with a small limit so that long lines are short. The lines are the same whatever
// the chunks are, they cover the stream without overlap, and a restart at low water gives the rest.
#include "ingest/lines.h"
#include "tests/fuzz/fuzz.h"

enum { LIMIT = 24, CHUNK_MOST = 12 };

struct run {
	struct lines lines;
	struct buf said;
	uint64_t at, covered; // bytes given; end of the last line
	uint64_t skip;        // lines that begin before it are not written down again
};

static void on_line(void *self, const struct line *line)
{
	struct run *run = self;
	MUST(line->offset >= run->covered || line->kind == LINE_HOLE);
	MUST(line->length > 0 && line->offset + line->length <= run->at);
	MUST(line->text.n <= line->length && line->text.n <= LIMIT + LINE_HEAD);
	MUST(!line->text.n || !memchr(line->text.p, 0, line->text.n));
	MUST(!line->text.n || !memchr(line->text.p, '\n', line->text.n));
	run->covered = line->offset + line->length;
	if (line->offset < run->skip)
		return;
	buf_printf(&run->said, "%d @%llu+%llu ", (int)line->kind, (unsigned long long)line->offset,
		   (unsigned long long)line->length);
	buf_text(&run->said, line->text);
	buf_add(&run->said, "\n", 1);
}

static void give(struct run *run, struct text data, size_t to, struct dice *dice)
{
	while (run->at < to) {
		size_t n = to - (size_t)run->at;
		if (dice && n > 1) {
			size_t chunk = 1 + dice_roll(dice, CHUNK_MOST);
			n = chunk < n ? chunk : n;
		}
		struct text copy = exact_copy((struct text){data.p + run->at, n});
		uint64_t at = run->at;
		run->at += n;
		lines_feed(&run->lines, at, copy);
		exact_free(copy);
		MUST(lines_low_water(&run->lines) <= run->at);
	}
}

static void begin(struct run *run)
{
	*run = (struct run){0};
	lines_init(&run->lines, LIMIT, run, on_line);
}

static void end(struct run *run)
{
	lines_free(&run->lines);
	buf_free(&run->said);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text stream = {(const char *)data, size};
	struct dice dice = dice_of(data, size);
	struct run whole, chunked, resumed;
	begin(&whole);
	give(&whole, stream, size, NULL);
	lines_finish(&whole.lines);
	begin(&chunked);
	give(&chunked, stream, dice_roll(&dice, size + 1), &dice);
	begin(&resumed);
	uint64_t hole = lines_hole(&chunked.lines);
	resumed.at = lines_low_water(&chunked.lines);
	if (hole)
		lines_resume_hole(&resumed.lines, hole);
	buf_text(&resumed.said, buf_view(&chunked.said));
	give(&resumed, stream, size, &dice);
	lines_finish(&resumed.lines);
	give(&chunked, stream, size, &dice);
	lines_finish(&chunked.lines);
	MUST(text_same(buf_view(&whole.said), buf_view(&chunked.said)));
	MUST(text_same(buf_view(&whole.said), buf_view(&resumed.said)));
	end(&whole);
	end(&chunked);
	end(&resumed);
	return 0;
}
