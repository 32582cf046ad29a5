// SPDX-License-Identifier: Apache-2.0
// A slice of bytes that somebody else owns. Not NUL-terminated; a NULL pointer means "absent",
// which XMPP tells apart from "empty" (a missing id is not the id "").
#ifndef CORE_TEXT_H
#define CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct text {
	const char *p;
	size_t n;
};

#define TEXT_NONE ((struct text){NULL, 0})
#define TEXT(literal) ((struct text){(literal), sizeof(literal) - 1})

static inline struct text text_of(const char *zstr)
{
	return zstr ? (struct text){zstr, strlen(zstr)} : TEXT_NONE;
}

// Absent and empty are different texts here.
static inline bool text_same(struct text a, struct text b)
{
	if (!a.p || !b.p)
		return !a.p && !b.p;
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool text_is(struct text a, const char *zstr)
{
	return a.p && strlen(zstr) == a.n && memcmp(a.p, zstr, a.n) == 0;
}

static inline bool text_starts(struct text a, const char *zstr)
{
	size_t n = strlen(zstr);
	return a.p && a.n >= n && memcmp(a.p, zstr, n) == 0;
}

// What stands behind the first "what"; absent when there is none.
static inline struct text text_after(struct text a, const char *what)
{
	size_t n = strlen(what);
	const char *at = a.n ? (const char *)memmem(a.p, a.n, what, n) : NULL;
	return at ? (struct text){at + n, a.n - (size_t)(at - a.p) - n} : TEXT_NONE;
}

// Without blanks and tabs at either end.
static inline struct text text_trim(struct text a)
{
	while (a.n > 0 && (*a.p == ' ' || *a.p == '\t'))
		a = (struct text){a.p + 1, a.n - 1};
	while (a.n > 0 && (a.p[a.n - 1] == ' ' || a.p[a.n - 1] == '\t'))
		a.n--;
	return a;
}

// Byte order; absent sorts before empty.
static inline int text_compare(struct text a, struct text b)
{
	if (!a.p || !b.p)
		return (a.p ? 1 : 0) - (b.p ? 1 : 0);
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n ? memcmp(a.p, b.p, n) : 0;
	if (order)
		return order;
	return (a.n > b.n) - (a.n < b.n);
}

#endif
