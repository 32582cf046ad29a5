// SPDX-License-Identifier: Apache-2.0
// The head of a seal as text: one line a field, in this order; what is signed.
#include "store/seal_parts.h"

#include <stdio.h>
#include <stdlib.h>

void hex_print(const unsigned char *bytes, size_t size, char *out)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < size; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 15];
	}
	*out = '\0';
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_read(struct text text, unsigned char *out, size_t size)
{
	if (text.n != 2 * size)
		return false;
	for (size_t i = 0; i < size; i++) {
		int high = digit(text.p[2 * i]), low = digit(text.p[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		out[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

// --- fields ---

enum field_type { F_INSTANCE, F_INT4, F_INT8, F_DAY, F_TIME, F_HASH, F_NEXT };

static const struct field_row {
	const char *name;
	enum field_type type;
	size_t at;
} fields[] = {
	{"instance", F_INSTANCE, offsetof(struct seal_head, instance)},
	{"seal", F_INT4, offsetof(struct seal_head, number)},
	{"day", F_DAY, offsetof(struct seal_head, day)},
	{"after-commit", F_INT8, offsetof(struct seal_head, after)},
	{"upto-commit", F_INT8, offsetof(struct seal_head, upto)},
	{"since", F_TIME, offsetof(struct seal_head, since)},
	{"until", F_TIME, offsetof(struct seal_head, until)},
	{"leaves", F_INT8, offsetof(struct seal_head, leaves)},
	{"root", F_HASH, offsetof(struct seal_head, root)},
	{"previous", F_HASH, offsetof(struct seal_head, previous)},
	{"log", F_HASH, offsetof(struct seal_head, log)},
	{"time", F_TIME, offsetof(struct seal_head, at)},
	{"key", F_HASH, offsetof(struct seal_head, key)},
	{"next-key", F_NEXT, offsetof(struct seal_head, next)},
};
enum { FIELDS = sizeof fields / sizeof *fields };
static const char first_line[] = "receiptd seal 1\n";
_Static_assert((int)ED25519 == (int)HASH, "a key is printed as a hash is");

static const char *print_field(const void *value, enum field_type type, char *out, size_t size)
{
	if (type == F_INSTANCE)
		snprintf(out, size, "%s", (const char *)value);
	else if (type == F_INT4)
		snprintf(out, size, "%d", *(const int32_t *)value);
	else if (type == F_INT8)
		snprintf(out, size, "%lld", (long long)*(const int64_t *)value);
	else if (type == F_HASH || type == F_NEXT)
		hex_print(value, HASH, out);
	else
		usec_format(*(const usec_t *)value, type == F_DAY ? 0 : 6, out);
	if (type == F_DAY)
		out[10] = '\0';
	return out;
}

void head_print(const struct seal_head *head, struct buf *out)
{
	char text[128];
	buf_zstr(out, first_line);
	for (size_t i = 0; i < FIELDS; i++) {
		if (fields[i].type == F_NEXT && !head->has_next)
			continue;
		buf_printf(out, "%s: %s\n", fields[i].name,
			   print_field((const char *)head + fields[i].at, fields[i].type, text,
				       sizeof text));
	}
}

static bool read_number(struct text text, int64_t *out)
{
	char copy[24], *end;
	if (!text.n || text.n >= sizeof copy)
		return false;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	*out = strtoll(copy, &end, 10);
	return !*end;
}

static bool read_day(struct text text, usec_t *out)
{
	char copy[32];
	if (text.n != 10)
		return false;
	snprintf(copy, sizeof copy, "%.10sT00:00:00Z", text.p);
	return usec_parse(text_of(copy), out);
}

static bool read_field(struct text text, enum field_type type, void *value)
{
	int64_t number = 0;
	char *instance = value;
	switch (type) {
	case F_INSTANCE:
		if (text.n != 2 * (size_t)HASH)
			return false;
		memcpy(instance, text.p, text.n);
		instance[text.n] = '\0';
		return true;
	case F_INT4:
	case F_INT8:
		if (!read_number(text, &number))
			return false;
		if (type == F_INT8)
			*(int64_t *)value = number;
		else
			*(int32_t *)value = (int32_t)number;
		return true;
	case F_DAY:
		return read_day(text, value);
	case F_TIME:
		return usec_parse(text, value);
	default:
		return hex_read(text, value, HASH);
	}
}

// Strict: only what head_print() makes is a head, byte for byte.
bool head_parse(struct text text, struct seal_head *head)
{
	struct buf again = {0};
	struct text left = text_after(text, first_line);
	*head = (struct seal_head){0};
	if (!text_starts(text, first_line))
		return false;
	for (size_t i = 0; i < FIELDS; i++) {
		const char *end = left.n ? memchr(left.p, '\n', left.n) : NULL;
		struct text line = {left.p, end ? (size_t)(end - left.p) : 0};
		size_t name = strlen(fields[i].name);
		if (fields[i].type == F_NEXT && !end)
			break;
		if (!end || line.n < name + 2 || !text_starts(line, fields[i].name) ||
		    memcmp(line.p + name, ": ", 2) != 0 ||
		    !read_field((struct text){line.p + name + 2, line.n - name - 2}, fields[i].type,
				(char *)head + fields[i].at))
			return false;
		head->has_next |= fields[i].type == F_NEXT;
		left = (struct text){end + 1, left.n - line.n - 1};
	}
	head_print(head, &again);
	bool same = text_same(buf_view(&again), text);
	buf_free(&again);
	return same;
}
