// SPDX-License-Identifier: Apache-2.0
// Any bytes as markup: the steps are the same whether the bytes are there at once or come in pieces
// (each time given again from the start), positions only grow, and tags can be read to their end.
#include "ingest/markup.h"
#include "tests/fuzz/fuzz.h"

enum { STEPS_MOST = 1 << 14, CHUNK_MOST = 9 };

static void note_value(struct buf *said, struct text value)
{
	buf_printf(said, value.p ? "%zu:" : "-", value.n);
	buf_text(said, value);
}

static bool lies_in(struct text part, struct text whole)
{
	return !part.p || !part.n || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void read_tag(struct buf *said, struct arena *arena, struct text tag)
{
	static const char *const names[] = {"from", "to", "xmlns", "x:y"};
	MUST(tag.n >= 2 && tag.p[0] == '<' && tag.p[tag.n - 1] == '>');
	MUST(lies_in(tag_name(tag), tag));
	note_value(said, tag_name(tag));
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct text raw = tag_attr(tag, names[i]);
		MUST(lies_in(raw, tag));
		struct text value = tag_value(arena, tag, names[i]);
		MUST(!value.p == !raw.p && value.n <= raw.n);
		note_value(said, value);
		struct text domain = jid_domain_of(value), bare = jid_bare_of(value);
		MUST(lies_in(domain, value) && lies_in(bare, value));
		MUST(!value.n || jid_same_bare(value, value));
		note_value(said, domain);
		(void)jid_is_full(value);
	}
}

// The step, written down. False: nothing follows.
static bool note_step(struct buf *said, struct arena *arena, const struct markup *markup,
		      enum markup_step step, struct text data)
{
	if (step == MARKUP_MORE)
		return false;
	buf_printf(said, "\n%d %zu-%zu depth %u ", (int)step, markup->tag, markup->pos,
		   markup->depth);
	if (step == MARKUP_BAD)
		return false;
	MUST(markup->tag < markup->pos && markup->pos <= data.n);
	read_tag(said, arena, markup_tag(markup, data));
	return markup->depth > 0;
}

static struct buf walk(struct text data, struct dice *dice, struct arena *arena)
{
	struct buf said = {0};
	struct markup markup = {0};
	size_t given = dice ? 0 : data.n;
	for (;;) {
		struct text part = exact_copy((struct text){data.p, given});
		enum markup_step step;
		bool more;
		do {
			size_t before = markup.pos;
			step = markup_next(&markup, part);
			MUST(markup.pos >= before && markup.pos <= part.n);
			more = note_step(&said, arena, &markup, step, part);
		} while (more);
		exact_free(part);
		if (step != MARKUP_MORE || given == data.n)
			return said;
		given += 1 + dice_roll(dice, CHUNK_MOST);
		given = given < data.n ? given : data.n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct dice dice = dice_of(data, size);
	struct text whole = exact_copy((struct text){(const char *)data, size});
	struct buf once = walk(whole, NULL, arena);
	struct buf pieces = walk(whole, &dice, arena);
	MUST(text_same(buf_view(&once), buf_view(&pieces)));
	struct text first = markup_first(whole);
	MUST(lies_in(first, whole));
	(void)markup_whole(whole);
	buf_free(&once);
	buf_free(&pieces);
	exact_free(whole);
	arena_free(arena);
	return 0;
}
