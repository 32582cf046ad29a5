// SPDX-License-Identifier: Apache-2.0
#include "ingest/markup.h"

#include <stdlib.h>
#include <strings.h>

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static uint64_t name_hash(struct text name)
{
	uint64_t hash = UINT64_C(1469598103934665603);
	for (size_t i = 0; i < name.n; i++)
		hash = (hash ^ (unsigned char)name.p[i]) * UINT64_C(1099511628211);
	return hash;
}

// What ends a name. A table: every byte of every tag is asked.
static const bool ends_name[256] = {
	[' '] = true, ['\t'] = true, ['\n'] = true, ['\r'] = true,
	['>'] = true, ['/'] = true,  ['='] = true,
};

static size_t name_end(struct text tag, size_t from)
{
	while (from < tag.n && !ends_name[(unsigned char)tag.p[from]])
		from++;
	return from;
}

struct text tag_name(struct text tag)
{
	size_t start = tag.n > 1 && tag.p[1] == '/' ? 2 : 1;
	if (tag.n < start)
		return TEXT("");
	return (struct text){tag.p + start, name_end(tag, start) - start};
}

// Moves pos behind the end mark of a comment, CDATA section or instruction, or as far as is safe.
static bool skip_past(struct markup *markup, struct text data, size_t open, const char *mark)
{
	size_t length = strlen(mark);
	size_t from = markup->pos > markup->tag + open ? markup->pos : markup->tag + open;
	const char *end =
		from <= data.n ? memmem(data.p + from, data.n - from, mark, length) : NULL;
	if (end) {
		markup->pos = (size_t)(end - data.p) + length;
		return true;
	}
	if (data.n + 1 > from + length) // keep what may be the first bytes of the mark
		markup->pos = data.n + 1 - length;
	return false;
}

enum special { NOT_SPECIAL, SPECIAL_DONE, SPECIAL_MORE, SPECIAL_BAD };

// <!--, <![CDATA[ and <? begin at markup->tag. DOCTYPE is refused (F109).
static enum special special_step(struct markup *markup, struct text data)
{
	static const struct {
		const char *open, *close;
	} kinds[] = {{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<?", "?>"}};
	struct text rest = {data.p + markup->tag, data.n - markup->tag};
	if (rest.n < 2)
		return SPECIAL_MORE;
	if (rest.p[1] != '!' && rest.p[1] != '?')
		return NOT_SPECIAL;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		size_t length = strlen(kinds[i].open);
		size_t have = rest.n < length ? rest.n : length;
		if (memcmp(rest.p, kinds[i].open, have) != 0)
			continue;
		if (have < length || !skip_past(markup, data, length, kinds[i].close))
			return SPECIAL_MORE;
		return SPECIAL_DONE;
	}
	return SPECIAL_BAD;
}

// Moves pos behind the value's other quote, or to the end of what is there.
static bool skip_value(struct markup *markup, struct text data, bool *bad)
{
	const char *from = data.p + markup->pos;
	const char *end = memchr(from, markup->quote, data.n - markup->pos);
	size_t length = end ? (size_t)(end - from) : data.n - markup->pos;
	const char *lt = memchr(from, '<', length);
	if (lt) {
		markup->pos += (size_t)(lt - from);
		*bad = true;
		return false;
	}
	markup->pos += length + (end ? 1 : 0);
	if (end)
		markup->quote = 0;
	return end != NULL;
}

enum { TAG_OTHER, TAG_BAD, TAG_MARK };
static const unsigned char in_tag[256] = {
	['<'] = TAG_BAD, ['"'] = TAG_MARK, ['\''] = TAG_MARK, ['>'] = TAG_MARK};

// Every byte of every tag outside quotes goes through here.
static size_t skip_other(struct text data, size_t at)
{
	while (at < data.n && in_tag[(unsigned char)data.p[at]] == TAG_OTHER)
		at++;
	return at;
}

// True when the ">" of the tag was found; pos is behind it. *bad on "<" where none may be.
static bool tag_end(struct markup *markup, struct text data, bool *bad)
{
	while (markup->pos < data.n) {
		if (markup->quote) {
			if (!skip_value(markup, data, bad))
				return false;
			continue;
		}
		markup->pos = skip_other(data, markup->pos);
		if (markup->pos == data.n)
			return false;
		char c = data.p[markup->pos];
		if (in_tag[(unsigned char)c] == TAG_BAD) {
			*bad = true;
			return false;
		}
		markup->pos++;
		if (c == '>')
			return true;
		markup->quote = c;
	}
	return false;
}

static enum markup_step count_tag(struct markup *markup, struct text data)
{
	struct text tag = markup_tag(markup, data);
	uint64_t name = name_hash(tag_name(tag));
	if (tag.p[1] == '/') {
		if (!markup->depth)
			return MARKUP_BAD;
		markup->depth--;
		if (markup->depth < MARKUP_DEPTH && markup->names[markup->depth] != name)
			return MARKUP_BAD;
		return MARKUP_CLOSE;
	}
	if (tag.n > 2 && tag.p[tag.n - 2] == '/')
		return MARKUP_EMPTY;
	if (markup->depth < MARKUP_DEPTH)
		markup->names[markup->depth] = name;
	markup->depth++;
	return MARKUP_OPEN;
}

// Finds the next "<" outside CDATA, comments and instructions; false when the bytes end before.
static bool find_tag(struct markup *markup, struct text data, bool *bad)
{
	for (;;) {
		if (!markup->in_tag) {
			if (markup->pos >= data.n)
				return false;
			const char *lt = memchr(data.p + markup->pos, '<', data.n - markup->pos);
			if (!lt) {
				markup->pos = data.n;
				return false;
			}
			markup->tag = markup->pos = (size_t)(lt - data.p);
			markup->in_tag = true;
		}
		switch (special_step(markup, data)) {
		case SPECIAL_DONE:
			markup->in_tag = false;
			continue;
		case SPECIAL_MORE:
			return false;
		case SPECIAL_BAD:
			*bad = true;
			return false;
		default:
			return true;
		}
	}
}

enum markup_step markup_next(struct markup *markup, struct text data)
{
	bool bad = false;
	bool found = find_tag(markup, data, &bad);
	if (found && markup->pos == markup->tag)
		markup->pos++;
	if (found && tag_end(markup, data, &bad)) {
		markup->in_tag = false;
		return count_tag(markup, data);
	}
	return bad ? MARKUP_BAD : MARKUP_MORE;
}

bool markup_whole(struct text data)
{
	struct markup markup = {0};
	if (!data.n || data.p[0] != '<')
		return false;
	enum markup_step step;
	do
		step = markup_next(&markup, data);
	while (step != MARKUP_MORE && step != MARKUP_BAD && markup.depth > 0);
	if (step != MARKUP_CLOSE && step != MARKUP_EMPTY)
		return false;
	size_t end = markup.pos;
	while (end < data.n && is_space(data.p[end]))
		end++;
	return end == data.n;
}

struct text markup_first(struct text data)
{
	struct markup markup = {0};
	enum markup_step step = data.p ? markup_next(&markup, data) : MARKUP_MORE;
	if (step != MARKUP_OPEN && step != MARKUP_EMPTY)
		return TEXT_NONE;
	return markup_tag(&markup, data);
}

// The next attribute from *at on. False: "<name>" without more of them, or no XML.
static bool next_attr(struct text tag, size_t *at, struct text *name, struct text *value)
{
	size_t start = *at;
	while (start < tag.n && (is_space(tag.p[start]) || tag.p[start] == '/'))
		start++;
	size_t end = name_end(tag, start);
	*name = (struct text){tag.p + start, end - start};
	while (end < tag.n && (is_space(tag.p[end]) || tag.p[end] == '='))
		end++;
	if (end >= tag.n || (tag.p[end] != '"' && tag.p[end] != '\''))
		return false;
	const char *close = memchr(tag.p + end + 1, tag.p[end], tag.n - end - 1);
	if (!close)
		return false;
	*value = (struct text){tag.p + end + 1, (size_t)(close - tag.p) - end - 1};
	*at = (size_t)(close - tag.p) + 1;
	return true;
}

struct text tag_attr(struct text tag, const char *name)
{
	struct text found, value;
	size_t at = tag.p ? name_end(tag, 1) : 0;
	while (tag.p && next_attr(tag, &at, &found, &value))
		if (text_is(found, name))
			return value;
	return TEXT_NONE;
}

static size_t put_utf8(char *out, unsigned long code)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i > 0; i--, code >>= 6)
		out[i] = (char)(0x80 | (code & 0x3f));
	out[0] = (char)((0xf00 >> n & 0xff) | code);
	return n;
}

// Decodes the reference that begins at in.p; 0 = leave it as it is (the parser will refuse it).
static size_t decode_reference(struct text in, char *out, size_t *written)
{
	static const struct {
		const char *name;
		char c;
	} known[] = {
		{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&apos;", '\''}};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (text_starts(in, known[i].name)) {
			*out = known[i].c;
			*written = 1;
			return strlen(known[i].name);
		}
	const char *end = memchr(in.p, ';', in.n < 12 ? in.n : 12);
	if (!end || !text_starts(in, "&#"))
		return 0;
	char *stop;
	bool hex = in.p[2] == 'x';
	unsigned long code = strtoul(in.p + (hex ? 3 : 2), &stop, hex ? 16 : 10);
	if (stop != end || code == 0 || code > 0x10ffff)
		return 0;
	*written = put_utf8(out, code); // never longer than the reference
	return (size_t)(end - in.p) + 1;
}

static struct text resolve(struct arena *arena, struct text raw)
{
	if (!raw.p || !memchr(raw.p, '&', raw.n))
		return raw;
	char *out = arena_alloc(arena, raw.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < raw.n;) {
		size_t written = 0;
		size_t used = raw.p[i] == '&'
				      ? decode_reference((struct text){raw.p + i, raw.n - i},
							 out + n, &written)
				      : 0;
		if (!used) {
			out[n] = raw.p[i];
			used = written = 1;
		}
		i += used;
		n += written;
	}
	return (struct text){out, n};
}

struct text tag_value(struct arena *arena, struct text tag, const char *name)
{
	return resolve(arena, tag_attr(tag, name));
}

void tag_values(struct arena *arena, struct text tag, const char *const *names,
		struct text *const *values, size_t count)
{
	struct text found, value;
	size_t at = tag.p ? name_end(tag, 1) : 0;
	for (size_t i = 0; i < count; i++)
		*values[i] = TEXT_NONE;
	while (tag.p && next_attr(tag, &at, &found, &value))
		for (size_t i = 0; i < count; i++)
			if (!values[i]->p && text_is(found, names[i]))
				*values[i] = resolve(arena, value);
}

struct text jid_bare_of(struct text jid)
{
	const char *slash = jid.p ? memchr(jid.p, '/', jid.n) : NULL;
	return slash ? (struct text){jid.p, (size_t)(slash - jid.p)} : jid;
}

struct text jid_domain_of(struct text jid)
{
	struct text bare = jid_bare_of(jid);
	const char *at = bare.p ? memchr(bare.p, '@', bare.n) : NULL;
	if (!at)
		return bare;
	return (struct text){at + 1, (size_t)(bare.p + bare.n - at) - 1};
}

bool jid_is_full(struct text jid)
{
	struct text bare = jid_bare_of(jid);
	return bare.p && bare.n < jid.n && memchr(bare.p, '@', bare.n);
}

bool jid_same_bare(struct text a, struct text b)
{
	a = jid_bare_of(a);
	b = jid_bare_of(b);
	return a.p && b.p && a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0;
}
