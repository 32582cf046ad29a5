// SPDX-License-Identifier: Apache-2.0
#include "ingest/elements.h"

bool element_begins(struct text bytes)
{
	static const char *const names[] = {"message",
					    "iq",
					    "presence",
					    "?xml",
					    "stream:stream",
					    "auth",
					    "response",
					    "abort",
					    "authenticate",
					    "starttls",
					    "r",
					    "a",
					    "enable",
					    "resume",
					    "/stream:stream",
					    "compress",
					    "db:result",
					    "db:verify",
					    "handshake",
					    "stream:error",
					    "stream:features"};
	while (bytes.n && strchr(" \t\r\n", bytes.p[0]))
		bytes = (struct text){bytes.p + 1, bytes.n - 1};
	if (!bytes.n)
		return true;
	for (size_t i = 0; bytes.p[0] == '<' && i < sizeof names / sizeof *names; i++) {
		size_t n = strlen(names[i]), have = bytes.n - 1 < n ? bytes.n - 1 : n;
		if (memcmp(bytes.p + 1, names[i], have) == 0 &&
		    (bytes.n == n + 1 || have < n || strchr(" \t\r\n/>", bytes.p[n + 1])))
			return true;
	}
	return false;
}

bool element_begins_stream(struct text bytes)
{
	return text_starts(bytes, "<?xml ") || text_starts(bytes, "<stream:stream ");
}

// A tag of the stream itself, or too few bytes to tell.
static bool may_be_of_stream(struct text bytes)
{
	static const char *const tags[] = {"<?xml ", "<stream:stream ", "</stream:stream"};
	for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
		size_t n = strlen(tags[i]);
		if (memcmp(bytes.p, tags[i], bytes.n < n ? bytes.n : n) == 0)
			return true;
	}
	return false;
}

bool element_is_stanza(struct text element)
{
	struct text name = tag_name(markup_first(element));
	return text_is(name, "message") || text_is(name, "iq") || text_is(name, "presence");
}

enum element_step element_next(struct text bytes, struct markup *markup, size_t *size)
{
	*size = 0;
	while (*size < bytes.n && strchr(" \t\r\n", bytes.p[*size]))
		++*size;
	if (*size || !bytes.n)
		return bytes.n ? STEP_BETWEEN : STEP_MORE;
	if (bytes.p[0] != '<')
		return STEP_BROKEN;
	if (may_be_of_stream(bytes)) {
		const char *end = memchr(bytes.p, '>', bytes.n);
		*size = end ? (size_t)(end - bytes.p) + 1 : 0;
		return end ? STEP_BETWEEN : STEP_MORE;
	}
	enum markup_step step;
	do {
		step = markup_next(markup, bytes);
		if (step == MARKUP_MORE)
			return STEP_MORE;
	} while (step != MARKUP_BAD && markup->depth > 0);
	*size = markup->pos;
	return step == MARKUP_BAD ? STEP_BROKEN : STEP_ELEMENT;
}
