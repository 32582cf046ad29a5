// SPDX-License-Identifier: Apache-2.0
// A network read may end inside a character: each half is printed as U+FFFD, and the stanza's text is
// not what the client sent. Most servers print what they understood a little later: that is whole,
// so the spoilt stanza waits for it a while.
#include "ingest/dialects/openfire_debugger.h"

#define REPLACEMENT "\xef\xbf\xbd"

void debug_copies_add(struct debug_copies *copies, struct text session, struct text xml,
		      uint64_t since)
{
	struct debug_copy *copy = &copies->list[copies->count++];
	copy->session.len = copy->xml.len = 0;
	buf_text(&copy->session, session);
	buf_text(&copy->xml, xml);
	copy->since = since;
	copy->waited = 0;
}

static bool same_value(struct arena *arena, struct text a, struct text b, const char *name)
{
	struct text spoilt = tag_value(arena, a, name);
	if (spoilt.p && memmem(spoilt.p, spoilt.n, REPLACEMENT, sizeof REPLACEMENT - 1))
		return true;
	return text_same(spoilt, tag_value(arena, b, name));
}

size_t debug_copies_find(const struct debug_copies *copies, struct text session, struct text xml)
{
	size_t i = 0;
	if (!copies->count)
		return 0;
	struct arena *arena = arena_new();
	struct text tag = markup_first(xml);
	for (; i < copies->count; i++) {
		struct text spoilt = markup_first(buf_view(&copies->list[i].xml));
		if (text_same(session, buf_view(&copies->list[i].session)) &&
		    text_same(tag_name(tag), tag_name(spoilt)) &&
		    same_value(arena, spoilt, tag, "id") && same_value(arena, spoilt, tag, "type"))
			break;
	}
	arena_free(arena);
	return i;
}

void debug_copies_remove(struct debug_copies *copies, size_t place)
{
	struct debug_copy gone = copies->list[place];
	copies->count--;
	for (size_t i = place; i < copies->count; i++)
		copies->list[i] = copies->list[i + 1];
	copies->list[copies->count] = gone; // its memory is used again
}

void debug_copies_free(struct debug_copies *copies)
{
	for (size_t i = 0; i < DEBUG_COPIES; i++) {
		buf_free(&copies->list[i].session);
		buf_free(&copies->list[i].xml);
	}
}
