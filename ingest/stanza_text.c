// SPDX-License-Identifier: Apache-2.0
// Characters: what XML allows, what the content digest keeps, how attribute values arrive, and the
// numeric error codes of the time before RFC 3920.
#include "ingest/stanza_internal.h"

#include <stdint.h>

#define REPEAT(byte) (UINT64_C(0x0101010101010101) * (byte))

// Eight bytes at once: all of them from 0x20 to 0x7f. The subtraction borrows from a higher byte
// only where a lower one is out of range, so a borrow never hides anything.
static bool plain_word(const char *p)
{
	uint64_t word;
	memcpy(&word, p, sizeof(word));
	return ((word | (word - REPEAT(0x20))) & REPEAT(0x80)) == 0;
}

// Length of the character at p and its code point; 0 when it is not UTF-8 (cut, overlong,
// surrogate, beyond U+10FFFF).
static size_t decode(const unsigned char *p, size_t left, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	if (p[0] < 0x80) {
		*code = p[0];
		return 1;
	}
	size_t size = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || left < size)
		return 0;
	uint32_t value = p[0] & (0x7fu >> size);
	for (size_t i = 1; i < size; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (p[i] & 0x3fu);
	}
	*code = value;
	bool surrogate = value >= 0xd800 && value <= 0xdfff;
	return value < least[size] || value > 0x10ffff || surrogate ? 0 : size;
}

static bool xml_character(uint32_t code)
{
	if (code < 0x20)
		return code == '\t' || code == '\n' || code == '\r';
	return code != 0xfffe && code != 0xffff;
}

const char *stanza_characters(struct text text)
{
	size_t at = 0;
	while (at < text.n) {
		if (text.n - at >= 8 && plain_word(text.p + at)) {
			at += 8;
			continue;
		}
		uint32_t code = 0;
		size_t size = decode((const unsigned char *)text.p + at, text.n - at, &code);
		if (size == 0)
			return "not UTF-8";
		if (!xml_character(code))
			return code == 0 ? "NUL byte" : "forbidden control character";
		at += size;
	}
	return NULL;
}

// Unicode White_Space, C0 and C1 controls, DEL, the pictures that logs put in place of controls
// (U+2400-2421) and U+FFFD. Sorted.
static const struct {
	uint32_t first, last;
} folded[] = {
	{0x0000, 0x0020}, {0x007f, 0x00a0}, {0x1680, 0x1680}, {0x2000, 0x200a}, {0x2028, 0x2029},
	{0x202f, 0x202f}, {0x205f, 0x205f}, {0x2400, 0x2421}, {0x3000, 0x3000}, {0xfffd, 0xfffd},
};

static bool is_folded(uint32_t code)
{
	for (size_t i = 0; i < sizeof(folded) / sizeof(folded[0]) && code >= folded[i].first; i++) {
		if (code <= folded[i].last)
			return true;
	}
	return false;
}

struct text stanza_fold(struct arena *arena, struct text text)
{
	const unsigned char *p = (const unsigned char *)text.p;
	char *out = arena_alloc(arena, text.n + 1);
	size_t used = 0;
	for (size_t at = 0, size; at < text.n; at += size) {
		uint32_t code = 0;
		size = decode(p + at, text.n - at, &code);
		if (size == 0) // cannot happen: the bytes were checked
			return (struct text){out, used};
		if (is_folded(code))
			continue;
		memcpy(out + used, p + at, size);
		used += size;
	}
	return (struct text){out, used};
}

// Without entity replacement libxml2 leaves exactly one thing escaped, an ampersand from a
// reference, and always in this spelling; a "&#38;" that the sender spelled out arrives as
// "&#38;#38;".
struct text stanza_value(struct arena *arena, const char *begin, const char *end)
{
	static const char escaped[] = "&#38;";
	struct text value = {begin, (size_t)(end - begin)};
	if (!memchr(begin, '&', value.n))
		return arena_text(arena, value);
	char *out = arena_alloc(arena, value.n + 1);
	size_t used = 0;
	for (const char *p = begin; p < end; p++) {
		out[used++] = *p;
		if ((size_t)(end - p) >= 5 && memcmp(p, escaped, 5) == 0)
			p += 4;
	}
	return (struct text){out, used};
}

struct text stanza_legacy_condition(struct text code)
{
	static const struct {
		const char *code;
		const char *condition;
	} map[] = {
		{"302", "redirect"},
		{"400", "bad-request"},
		{"401", "not-authorized"},
		{"402", "not-authorized"},
		{"403", "forbidden"},
		{"404", "item-not-found"},
		{"405", "not-allowed"},
		{"406", "not-acceptable"},
		{"407", "registration-required"},
		{"408", "remote-server-timeout"},
		{"409", "conflict"},
		{"500", "internal-server-error"},
		{"501", "feature-not-implemented"},
		{"502", "service-unavailable"},
		{"503", "service-unavailable"},
		{"504", "remote-server-timeout"},
		{"510", "service-unavailable"},
	};
	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
		if (text_is(code, map[i].code))
			return text_of(map[i].condition);
	}
	return TEXT_NONE;
}
