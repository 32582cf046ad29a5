// SPDX-License-Identifier: Apache-2.0
// What is refused before libxml2 sees it, in time linear in the size (F109-F113, F117, F119, F129).
//
// libxml2 compares the attributes of an element pairwise, so an element with 100,000 of them takes
// seconds; and it reads on after an error. The look at the markup below finds every "<" that
// libxml2 can take for the start of an element, error or not: values that hold "<" and instructions
// that it might give up half-way are refused, and stanza_characters() has refused what ends its
// comments early.
#include "ingest/stanza.h"
#include "ingest/stanza_internal.h"

#include <strings.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct text trim(struct text text)
{
	while (text.n > 0 && is_blank(text.p[0])) {
		text.p++;
		text.n--;
	}
	while (text.n > 0 && is_blank(text.p[text.n - 1]))
		text.n--;
	return text;
}

// Past the closing mark, NULL when there is none.
static const char *after(const char *p, const char *end, const char *mark)
{
	size_t size = strlen(mark);
	const char *found = p < end ? memmem(p, (size_t)(end - p), mark, size) : NULL;
	return found ? found + size : NULL;
}

// p is behind "<". Returns the place behind ">", or NULL and the reason.
static const char *skip_tag(const char *p, const char *end, const char **reason)
{
	static const bool special[256] = {['<'] = true, ['>'] = true, ['"'] = true, ['\''] = true};
	unsigned values = 0;
	for (;; p++) {
		while (p < end && !special[(unsigned char)*p])
			p++;
		if (p == end || *p == '<')
			break;
		if (*p == '>')
			return p + 1;
		const char *quote = memchr(p + 1, *p, (size_t)(end - p - 1));
		if (!quote || memchr(p, '<', (size_t)(quote - p)))
			break;
		if (++values > STANZA_ATTRIBUTES_MAX) {
			*reason = "too many attributes";
			return NULL;
		}
		p = quote;
	}
	*reason = "malformed tag";
	return NULL;
}

// "<?xml ... encoding='...' ?>": libxml2 would read the rest in that encoding, and what was text
// for us could be markup for it.
static bool foreign_encoding(const char *p, const char *end)
{
	static const char key[] = "encoding";
	p = memmem(p, (size_t)(end - p), key, sizeof(key) - 1);
	if (!p)
		return false;
	p += sizeof(key) - 1;
	while (is_blank(*p) || *p == '=') // "?>" stops it
		p++;
	if (end - p < 7 || (*p != '"' && *p != '\''))
		return true;
	return strncasecmp(p + 1, "UTF-8", 5) != 0 || p[6] != p[0];
}

// p is behind "<?".
static const char *skip_instruction(const char *p, const char *end, bool first, const char **reason)
{
	const char *next = after(p, end, "?>");
	char c = p < end ? (char)(*p | 0x20) : 0;
	if (!next || c < 'a' || c > 'z') {
		*reason = "malformed processing instruction";
		return NULL;
	}
	bool declaration = first && end - p > 3 && memcmp(p, "xml", 3) == 0 && is_blank(p[3]);
	if (declaration && foreign_encoding(p, next)) {
		*reason = "foreign encoding";
		return NULL;
	}
	return next;
}

// p is behind "<!".
static const char *skip_declaration(const char *p, const char *end, const char **reason)
{
	static const char cdata[] = "[CDATA[";
	size_t left = (size_t)(end - p);
	const char *next = NULL;
	*reason = "malformed declaration";
	if (left >= 7 && memcmp(p, "DOCTYPE", 7) == 0)
		*reason = "document type declaration";
	else if (left >= 2 && p[0] == '-' && p[1] == '-')
		next = after(p + 2, end, "-->");
	else if (left >= 7 && memcmp(p, cdata, 7) == 0)
		next = after(p + 7, end, "]]>");
	return next;
}

static const char *check_markup(struct text xml)
{
	const char *reason = NULL;
	const char *end = xml.p + xml.n;
	const char *p = xml.p;
	while (p < end && (p = memchr(p, '<', (size_t)(end - p)))) {
		bool first = p == xml.p;
		p++;
		if (p < end && *p == '!')
			p = skip_declaration(p + 1, end, &reason);
		else if (p < end && *p == '?')
			p = skip_instruction(p + 1, end, first, &reason);
		else
			p = skip_tag(p, end, &reason);
		if (!p)
			return reason;
	}
	return NULL;
}

const char *stanza_guard(struct text *xml)
{
	*xml = trim(*xml);
	if (xml->n == 0)
		return "empty";
	if (xml->n > STANZA_BYTES_MAX)
		return "too large";
	if (xml->p[0] != '<')
		return "not XML";
	const char *reason = stanza_characters(*xml);
	return reason ? reason : check_markup(*xml);
}

static bool is_name_end(char c)
{
	return is_blank(c) || c == '>' || c == '/' || c == '<';
}

// The local name of the tag that begins at p (behind "<"), cut at 64 bytes: longer ones are none of
// ours.
static struct text tag_name(const char *p, const char *end)
{
	const char *start = p;
	if (end - p > 64)
		end = p + 64;
	for (; p < end && !is_name_end(*p); p++) {
		if (*p == ':')
			start = p + 1;
	}
	return (struct text){start, (size_t)(p - start)};
}

bool stanza_maybe_message(struct text xml)
{
	if (!xml.p)
		return false;
	const char *end = xml.p + xml.n;
	const char *p = xml.p;
	while (p < end && (p = memchr(p, '<', (size_t)(end - p)))) {
		struct text name = tag_name(++p, end);
		if (text_is(name, "message") || text_is(name, "route"))
			return true;
	}
	return false;
}
