// SPDX-License-Identifier: Apache-2.0
// The XML that clients and servers write day by day: elements, attributes, namespaces by xmlns, text and
// the five predefined references, without prefixes. It is read here, at a tenth of what libxml2 takes.
// Anything else, and all that is faulty, is left to libxml2: so there is one place that refuses and says
// why, and what is read here must be what libxml2 would read (tests/fuzz/fuzz_stanza.c compares).
//
// stanza_guard() was here before: all is UTF-8 and characters of XML, each tag is closed, no value holds "<".
#include "core/mix.h"
#include "ingest/stanza_internal.h"

enum {
	NAMES_MAX = PLAIN_SLOTS / 2, // more: all are forgotten
	NAME_BYTES = 256,            // longer ones are none of ours
	HASH_STEP = 31
};

#define REPEAT(byte) (UINT64_C(0x0101010101010101) * (byte))

struct cursor {
	const char *p, *end;
};

static bool is_name_start(char c)
{
	return (unsigned char)((c | 0x20) - 'a') < 26 || c == '_';
}

static bool is_name(char c)
{
	return is_name_start(c) || (unsigned char)(c - '0') < 10 || c == '-' || c == '.';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool next_is(const struct cursor *in, char c)
{
	return in->p < in->end && *in->p == c;
}

static bool take(struct cursor *in, char c)
{
	bool is = next_is(in, c);
	in->p += is;
	return is;
}

static void skip_blanks(struct cursor *in)
{
	while (in->p < in->end && is_blank(*in->p))
		in->p++;
}

// --- names: one pointer for each, as reader_open() wants them

// NULL: too long.
static const char *intern(struct plain *plain, struct text text, uint64_t hash)
{
	size_t at = (hash ^ hash >> 17) & (PLAIN_SLOTS - 1);
	if (text.n > NAME_BYTES)
		return NULL;
	for (;; at = (at + 1) & (PLAIN_SLOTS - 1)) {
		struct text *slot = &plain->names[at];
		if (!slot->p) {
			plain->count++;
			*slot = arena_text(plain->arena, text);
			return slot->p;
		}
		if (slot->n == text.n && memcmp(slot->p, text.p, text.n) == 0)
			return slot->p;
	}
}

static const char *intern_value(struct plain *plain, struct text value)
{
	return intern(plain, value, mix_text(0, value));
}

// Empty when there is none.
static struct text take_name(struct cursor *in, uint64_t *hash)
{
	const char *start = in->p;
	*hash = 0;
	if (in->p == in->end || !is_name_start(*in->p))
		return (struct text){start, 0};
	for (; in->p < in->end && is_name(*in->p); in->p++)
		*hash = *hash * HASH_STEP + (unsigned char)*in->p;
	return (struct text){start, (size_t)(in->p - start)};
}

// --- attributes

// White space in values is normalised, references are replaced: libxml2's work.
static bool is_plain_byte(char c)
{
	return (unsigned char)c >= ' ' && c != '&';
}

// Whether one of eight bytes is below 0x20 or "&". The borrows of both subtractions run from a byte that
// is one to those above it only.
static bool is_plain_word(const char *p)
{
	uint64_t word, ampersand;
	memcpy(&word, p, sizeof(word));
	ampersand = word ^ REPEAT('&');
	uint64_t low = (word - REPEAT(' ')) & ~word;
	uint64_t zero = (ampersand - REPEAT(1)) & ~ampersand;
	return ((low | zero) & REPEAT(0x80)) == 0;
}

static bool is_plain_value(struct text value)
{
	size_t at = 0;
	for (; at + 8 <= value.n; at += 8)
		if (!is_plain_word(value.p + at))
			return false;
	for (; at < value.n; at++)
		if (!is_plain_byte(value.p[at]))
			return false;
	return true;
}

static bool take_value(struct cursor *in, struct text *value)
{
	if (!take(in, '=') || (!next_is(in, '"') && !next_is(in, '\'')))
		return false;
	const char *start = in->p + 1;
	const char *end = memchr(start, *in->p, (size_t)(in->end - start));
	if (!end)
		return false;
	in->p = end + 1;
	*value = (struct text){start, (size_t)(end - start)};
	return is_plain_value(*value);
}

struct tag { // that is being opened
	const char *name, *ns;
	bool declares;
	int attributes;
};

// Names of W3C may not be declared freely.
static bool declare(struct plain *plain, struct tag *tag, struct text value)
{
	if (tag->declares || text_starts(value, "http://www.w3.org/"))
		return false;
	tag->declares = true;
	tag->ns = value.n ? intern_value(plain, value) : NULL;
	return !value.n || tag->ns;
}

// The five pointers of libxml2: name, prefix, namespace, where the value begins and ends.
static bool add_attribute(struct plain *plain, struct tag *tag, const char *name,
			  const char *prefix, struct text value)
{
	const char **parts = &plain->attributes[5 * tag->attributes];
	if (!name || tag->attributes == PLAIN_ATTRIBUTES)
		return false;
	for (const char **other = plain->attributes; other < parts; other += 5)
		if (other[0] == name && other[1] == prefix)
			return false;
	parts[0] = name;
	parts[1] = prefix;
	parts[2] = NULL;
	parts[3] = value.p;
	parts[4] = value.p + value.n;
	tag->attributes++;
	return true;
}

static bool take_attribute(struct plain *plain, struct cursor *in, struct tag *tag)
{
	uint64_t hash;
	struct text value, name = take_name(in, &hash);
	const char *prefix = NULL;
	if (take(in, ':')) { // the one prefix that needs no declaration
		bool is_xml = text_is(name, "xml");
		name = take_name(in, &hash);
		prefix = "xml";
		if (!is_xml || !text_is(name, "lang"))
			return false;
	}
	if (!name.n || !take_value(in, &value))
		return false;
	if (text_is(name, "xmlns"))
		return declare(plain, tag, value);
	return add_attribute(plain, tag, intern(plain, name, hash), prefix, value);
}

static bool take_attributes(struct plain *plain, struct cursor *in, struct tag *tag)
{
	for (;;) {
		const char *before = in->p;
		skip_blanks(in);
		if (next_is(in, '>') || next_is(in, '/'))
			return true;
		if (in->p == before || !take_attribute(plain, in, tag))
			return false;
	}
}

// --- elements

// Behind "<".
static bool open_element(struct plain *plain, struct reader *reader, struct cursor *in)
{
	uint64_t hash;
	struct text name = take_name(in, &hash);
	unsigned depth = reader->depth;
	if (!name.n || depth == STANZA_DEPTH_MAX)
		return false;
	struct tag tag = {.name = intern(plain, name, hash),
			  .ns = depth ? plain->open[depth - 1].ns : NULL};
	if (!tag.name || !take_attributes(plain, in, &tag))
		return false;
	bool empty = take(in, '/');
	if (!take(in, '>'))
		return false;
	plain->open[depth] = (struct plain_open){{tag.name, name.n}, tag.ns};
	reader->attributes = (const unsigned char *const *)plain->attributes;
	reader->attribute_count = tag.attributes;
	reader_open(reader, tag.ns, tag.name);
	if (empty)
		reader_close(reader);
	return true;
}

// Behind "</".
static bool close_element(struct plain *plain, struct reader *reader, struct cursor *in)
{
	if (!reader->depth)
		return false;
	struct text name = plain->open[reader->depth - 1].name;
	if ((size_t)(in->end - in->p) < name.n || memcmp(in->p, name.p, name.n) != 0)
		return false;
	in->p += name.n;
	skip_blanks(in);
	if (!take(in, '>'))
		return false;
	reader_close(reader);
	return true;
}

// --- text

static bool take_reference(struct reader *reader, struct text *text)
{
	static const struct {
		const char *name, *character;
	} known[] = {
		{"&lt;", "<"}, {"&gt;", ">"}, {"&amp;", "&"}, {"&quot;", "\""}, {"&apos;", "'"}};
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		size_t size = strlen(known[i].name);
		if (!text_starts(*text, known[i].name))
			continue;
		reader_text(reader, known[i].character, 1);
		*text = (struct text){text->p + size, text->n - size};
		return true;
	}
	return false;
}

static bool has(struct text text, char c)
{
	return memchr(text.p, c, text.n) != NULL;
}

// Line ends are normalised, "]]>" is an error: libxml2's work.
static bool take_text(struct reader *reader, struct text text)
{
	if (has(text, '\r') || (has(text, ']') && memmem(text.p, text.n, "]]>", 3)))
		return false;
	while (text.n) {
		const char *reference = memchr(text.p, '&', text.n);
		size_t size = reference ? (size_t)(reference - text.p) : text.n;
		if (size)
			reader_text(reader, text.p, size);
		text = (struct text){text.p + size, text.n - size};
		if (text.n && !take_reference(reader, &text))
			return false;
	}
	return true;
}

static bool take_text_until_tag(struct reader *reader, struct cursor *in)
{
	const char *tag = memchr(in->p, '<', (size_t)(in->end - in->p));
	struct text text = {in->p, tag ? (size_t)(tag - in->p) : 0};
	in->p = tag;
	return tag && (!text.n || take_text(reader, text));
}

// --- all

static void begin(struct plain *plain, struct reader *reader)
{
	if (!plain->arena)
		plain->arena = arena_new();
	if (plain->count <= NAMES_MAX)
		return;
	arena_reset(plain->arena);
	memset(plain->names, 0, sizeof(plain->names));
	plain->count = 0;
	reader_forget_names(reader);
}

bool plain_read(struct plain *plain, struct reader *reader, struct text xml)
{
	struct cursor in = {xml.p, xml.p + xml.n};
	begin(plain, reader);
	do {
		if (!take_text_until_tag(reader, &in))
			return false;
		in.p++;
		bool fine = take(&in, '/') ? close_element(plain, reader, &in)
					   : open_element(plain, reader, &in);
		if (!fine || plain->count > NAMES_MAX + PLAIN_ATTRIBUTES)
			return false;
	} while (reader->depth);
	return in.p == in.end;
}

void plain_free(struct plain *plain)
{
	arena_free(plain->arena);
}
