// SPDX-License-Identifier: Apache-2.0
// "MMM dd, yyyy hh:mm:ss:SSS a" in the language of the server and of its Java version: a colon
// before the milliseconds, a 12-hour clock, no zone. Languages are rows of a table.
#include "ingest/dialects/openfire_audit.h"

struct name {
	const char *name;
	int value;
};

static const struct name months[] = {
	{"Jan", 1},  {"Feb", 2},  {"Mar", 3},  {"Apr", 4},   {"May", 5},     {"Jun", 6},
	{"Jul", 7},  {"Aug", 8},  {"Sep", 9},  {"Oct", 10},  {"Nov", 11},    {"Dec", 12},
	{"1月", 1},  {"2月", 2},  {"3月", 3},  {"4月", 4},   {"5月", 5},     {"6月", 6},
	{"7月", 7},  {"8月", 8},  {"9月", 9},  {"10月", 10}, {"11月", 11},   {"12月", 12},
	{"一月", 1}, {"二月", 2}, {"三月", 3}, {"四月", 4},  {"五月", 5},    {"六月", 6},
	{"七月", 7}, {"八月", 8}, {"九月", 9}, {"十月", 10}, {"十一月", 11}, {"十二月", 12},
};

static const struct name halves[] = {{"AM", 0}, {"PM", 12}, {"上午", 0}, {"下午", 12}};

// The value whose name is the text up to the separator; moves the text behind it. -1 = none.
static int take_name(struct text *text, const struct name *names, size_t count, char separator)
{
	const char *end = separator ? memchr(text->p, separator, text->n) : text->p + text->n;
	if (!end)
		return -1;
	struct text word = {text->p, (size_t)(end - text->p)};
	for (size_t i = 0; i < count; i++)
		if (text_is(word, names[i].name)) {
			size_t used = word.n + (separator ? 1 : 0);
			*text = (struct text){text->p + used, text->n - used};
			return names[i].value;
		}
	return -1;
}

static int take_number(struct text *text, size_t digits, const char *separator)
{
	int value = 0;
	size_t n = 0;
	while (n < digits && n < text->n && text->p[n] >= '0' && text->p[n] <= '9')
		value = value * 10 + (text->p[n++] - '0');
	struct text rest = {text->p + n, text->n - n};
	if (!n || !text_starts(rest, separator))
		return -1;
	size_t skip = strlen(separator);
	*text = (struct text){rest.p + skip, rest.n - skip};
	return value;
}

bool audit_stamp(struct text stamp, struct civil *civil)
{
	struct civil c = {0};
	if (!stamp.p)
		return false;
	c.month = take_name(&stamp, months, sizeof months / sizeof *months, ' ');
	if (c.month < 0 || (c.day = take_number(&stamp, 2, ", ")) < 0 ||
	    (c.year = take_number(&stamp, 4, " ")) < 0 ||
	    (c.hour = take_number(&stamp, 2, ":")) < 0 ||
	    (c.minute = take_number(&stamp, 2, ":")) < 0 ||
	    (c.second = take_number(&stamp, 2, ":")) < 0)
		return false;
	int millis = take_number(&stamp, 3, " ");
	int half = take_name(&stamp, halves, sizeof halves / sizeof *halves, 0);
	if (millis < 0 || half < 0 || c.hour < 1 || c.hour > 12)
		return false;
	c.hour = c.hour % 12 + half;
	c.micros = millis * 1000;
	if (!civil_valid(&c))
		return false;
	*civil = c;
	return true;
}
