// SPDX-License-Identifier: Apache-2.0
#include "core/json_out.h"

#include <stdint.h>
#include <unistr.h>

// --- texts ---

#define ONES UINT64_C(0x0101010101010101)
#define TOPS (ONES << 7)

static uint64_t eight(const char *p)
{
	uint64_t bytes;
	memcpy(&bytes, p, sizeof bytes);
	return bytes;
}

// Not 0: one of the bytes is less than "least", 128 at most.
static uint64_t any_below(uint64_t bytes, uint64_t least)
{
	return (bytes - ONES * least) & ~bytes & TOPS;
}

static bool has_special(uint64_t bytes)
{
	return (any_below(bytes, ' ') | any_below(bytes ^ ONES * '"', 1) |
		any_below(bytes ^ ONES * '\\', 1)) != 0;
}

static bool is_special(char c)
{
	return (unsigned char)c < ' ' || c == '"' || c == '\\';
}

// How many bytes at its beginning stand for themselves in a JSON string.
static size_t plain_bytes(struct text text)
{
	size_t at = 0;
	while (text.n - at >= sizeof(uint64_t) && !has_special(eight(text.p + at)))
		at += sizeof(uint64_t);
	while (at < text.n && !is_special(text.p[at]))
		at++;
	return at;
}

static bool is_ascii(struct text text)
{
	size_t at = 0;
	uint64_t all = 0;
	for (; text.n - at >= sizeof all; at += sizeof all)
		all |= eight(text.p + at);
	for (; at < text.n; at++)
		all |= (uint64_t)(unsigned char)text.p[at];
	return !(all & TOPS);
}

static void add_repaired(struct buf *out, struct text text)
{
	static const char replacement[] = "\xef\xbf\xbd";
	const uint8_t *bytes = (const uint8_t *)text.p;
	for (size_t at = 0; at < text.n;) {
		ucs4_t c;
		int size = u8_mbtoucr(&c, bytes + at, text.n - at);
		if (size <= 0) {
			buf_zstr(out, replacement);
			at++;
			continue;
		}
		buf_add(out, text.p + at, (size_t)size);
		at += (size_t)size;
	}
}

struct text json_utf8(struct text text, struct buf *repaired)
{
	if (!text.p || is_ascii(text) || !u8_check((const uint8_t *)text.p, text.n))
		return text;
	add_repaired(repaired, text);
	return buf_view(repaired);
}

// What has no short form gets four hexadecimal digits.
static void add_escape(struct buf *out, char c)
{
	static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt";
	static const char digits[] = "0123456789ABCDEF";
	for (const char *at = shorts; *at; at += 2) {
		if (*at == c) {
			buf_add(out, (const char[]){'\\', at[1]}, 2);
			return;
		}
	}
	unsigned char code = (unsigned char)c;
	buf_add(out, (const char[]){'\\', 'u', '0', '0', digits[code >> 4], digits[code & 15]}, 6);
}

static void add_escaped(struct buf *out, struct text text)
{
	for (;;) {
		size_t plain = plain_bytes(text);
		buf_add(out, text.p, plain);
		if (plain == text.n)
			return;
		add_escape(out, text.p[plain]);
		text = (struct text){text.p + plain + 1, text.n - plain - 1};
	}
}

void json_out_text(struct buf *out, struct text text)
{
	struct buf repaired = {0};
	if (!text.p) {
		buf_text(out, TEXT("null"));
		return;
	}
	buf_reserve(out, text.n + 2);
	buf_char(out, '"');
	add_escaped(out, json_utf8(text, &repaired));
	buf_char(out, '"');
	buf_free(&repaired);
}

// --- numbers and times ---

void json_out_integer(struct buf *out, int64_t number)
{
	char digits[20];
	size_t at = sizeof digits;
	uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;
	do {
		digits[--at] = (char)('0' + left % 10);
		left /= 10;
	} while (left);
	if (number < 0)
		digits[--at] = '-';
	buf_add(out, digits + at, sizeof digits - at);
}

void json_out_usec(struct buf *out, usec_t at, int digits)
{
	char text[1 + USEC_TEXT] = "\"";
	if (at == USEC_NONE) {
		buf_text(out, TEXT("null"));
		return;
	}
	size_t end = 1 + strlen(usec_format(at, digits, text + 1));
	text[end] = '"';
	buf_add(out, text, end + 1);
}
