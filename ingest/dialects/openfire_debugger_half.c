// SPDX-License-Identifier: Apache-2.0
// One connection and direction: bytes in, elements out. What is between elements (white space, XML
// declarations, tags of the stream itself, the end of an element that began before the log) is
// dropped.
#include "ingest/dialects/openfire_debugger.h"

void debug_half_free(struct debug_half *half)
{
	buf_free(&half->bytes);
}

void debug_half_drop(struct debug_half *half)
{
	half->bytes.len = half->at = 0;
	half->markup = (struct markup){0};
	half->spoilt = half->stray = false;
}

void debug_half_add(struct debug_half *half, uint64_t offset, struct text bytes)
{
	buf_drop(&half->bytes, half->at);
	half->at = 0;
	if (!half->bytes.len)
		half->since = offset;
	buf_text(&half->bytes, bytes);
}

void debug_half_used(struct debug_half *half, uint64_t offset)
{
	half->at += half->markup.pos;
	half->markup = (struct markup){0};
	half->since = offset;
	half->spoilt = false;
}

// Bytes to drop before an element, 0 = one begins. *more: too few bytes to say.
static size_t between(struct text bytes, bool *more)
{
	static const char *const tags[] = {"<?", "</", "<stream:stream"};
	const char *lt = memchr(bytes.p, '<', bytes.n);
	if (!lt)
		return bytes.n;
	if (lt > bytes.p)
		return (size_t)(lt - bytes.p);
	for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
		size_t n = strlen(tags[i]);
		if (bytes.n < n && memcmp(bytes.p, tags[i], bytes.n) == 0)
			*more = true;
		if (!text_starts(bytes, tags[i]))
			continue;
		const char *end = memchr(bytes.p, '>', bytes.n);
		*more = !end;
		return end ? (size_t)(end - bytes.p) + 1 : 0;
	}
	return 0;
}

static bool is_stray(struct text dropped)
{
	if (dropped.p[0] == '<')
		return text_starts(dropped, "</") && !text_starts(dropped, "</stream:stream");
	for (size_t i = 0; i < dropped.n; i++)
		if (!strchr(" \t\r\n", dropped.p[i]))
			return true;
	return false;
}

static bool is_stanza(struct text element)
{
	struct text name = tag_name(markup_first(element));
	return text_is(name, "message") || text_is(name, "iq") || text_is(name, "presence");
}

static enum debug_step element_of(struct debug_half *half, struct text *element)
{
	struct text bytes = debug_half_rest(half);
	enum markup_step step;
	do {
		step = markup_next(&half->markup, bytes);
		if (step == MARKUP_MORE)
			return bytes.n > DEBUG_STANZA_MAX ? DEBUG_BROKEN : DEBUG_MORE;
	} while (step != MARKUP_BAD && half->markup.depth > 0);
	if (step == MARKUP_BAD)
		return DEBUG_BROKEN;
	*element = (struct text){bytes.p, half->markup.pos};
	return is_stanza(*element) ? DEBUG_STANZA : DEBUG_ELEMENT;
}

enum debug_step debug_half_next(struct debug_half *half, struct text *element)
{
	bool more = false;
	while (!half->markup.pos && half->at < half->bytes.len) {
		struct text rest = debug_half_rest(half);
		size_t drop = between(rest, &more);
		if (!drop)
			break;
		half->stray |= is_stray((struct text){rest.p, drop});
		half->at += drop;
	}
	if (half->at == half->bytes.len) {
		bool stray = half->stray;
		debug_half_drop(half);
		half->stray = stray;
	}
	if (!half->bytes.len || more)
		return DEBUG_MORE;
	enum debug_step step = element_of(half, element);
	if (step == DEBUG_BROKEN)
		debug_half_drop(half);
	return step;
}
