// SPDX-License-Identifier: Apache-2.0
// Any bytes as what a server sends to a component: the same events whether they come at once or in pieces
// (F56), also of stanzas that are passed over because they are too long.
#include "ingest/sources/component_stream.h"
#include "tests/fuzz/fuzz.h"

enum {
	INPUT_MOST = 1000, // a name longer than that may be cut while it is passed over
	STANZA_MOST = 48,
	CHUNK_MOST = 24
};

static void note(void *self, const struct component_event *event)
{
	struct buf *said = self;
	buf_printf(said, "\n%d %zu:", (int)event->kind, event->text.n);
	buf_text(said, event->text);
	buf_printf(said, " %zu:", event->detail.n);
	buf_text(said, event->detail);
	if (event->kind == COMPONENT_STANZA)
		MUST(event->text.n <= STANZA_MOST && event->text.p[0] == '<');
	if (event->kind == COMPONENT_UNREADABLE)
		MUST(event->text.n <= STANZA_MOST);
}

static struct buf listen(struct text data, struct dice *dice)
{
	struct buf said = {0};
	struct component_stream *stream = component_stream_new(STANZA_MOST, &said, note);
	const char *broken = NULL;
	bool heard;
	for (size_t at = 0; at < data.n && !broken;) {
		size_t n = dice ? 1 + dice_roll(dice, CHUNK_MOST) : data.n;
		n = data.n - at < n ? data.n - at : n;
		struct text part = exact_copy((struct text){data.p + at, n});
		broken = component_stream_bytes(stream, part, &heard);
		exact_free(part);
		at += n;
	}
	buf_printf(&said, "\n%s", broken ? broken : "");
	component_stream_free(stream);
	return said;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dice dice = dice_of(data, size);
	struct text whole = {(const char *)data, size < INPUT_MOST ? size : INPUT_MOST};
	struct buf once = listen(whole, NULL), pieces = listen(whole, &dice);
	MUST(text_same(buf_view(&once), buf_view(&pieces)));
	buf_free(&once);
	buf_free(&pieces);
	return 0;
}
