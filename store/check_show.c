// SPDX-License-Identifier: Apache-2.0
#include "store/check_show.h"

#include <inttypes.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof *(list))

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

bool check_is_derived(const struct message_column *column)
{
	static const char *const others[] = {
		"conv",     "key",           "realm",           "from_jid",      "to_jid",
		"id",       "delivered_pos", "receipt_pos",     "displayed_pos", "marker_pos",
		"sent_pos", "failed_pos",    "body_bytes",      "body",          "commit",
		"read_via", "response_ms",   "read_inferred_at"};
	return !is_one_of(column->name, others, COUNT(others));
}

bool check_is_same(const struct message_column *column, const struct message_row *a,
		   const struct message_row *b)
{
	const char *x = (const char *)a + column->offset, *y = (const char *)b + column->offset;
	switch (column->element) {
	case OF_TEXT:
	case OF_BYTEA:
		return text_same(*(const struct text *)(const void *)x,
				 *(const struct text *)(const void *)y);
	case OF_TIMESTAMPTZ:
	case OF_INT8:
		return *(const int64_t *)(const void *)x == *(const int64_t *)(const void *)y;
	default:
		return *(const int32_t *)(const void *)x == *(const int32_t *)(const void *)y;
	}
}

static struct text show_time(struct arena *arena, usec_t at)
{
	char text[USEC_TEXT];
	return arena_text(arena, text_of(usec_format(at, 6, text)));
}

// Facts are no text: that they differ is seen by their print.
static struct text show_bytes(struct arena *arena, struct text bytes)
{
	uint32_t print = 2166136261;
	for (size_t i = 0; i < bytes.n; i++)
		print = (print ^ (unsigned char)bytes.p[i]) * 16777619;
	return arena_printf(arena, "%zu bytes (%08" PRIx32 ")", bytes.n, print);
}

struct text check_show(struct arena *arena, const struct message_column *column,
		       const struct message_row *row)
{
	const char *at = (const char *)row + column->offset;
	if (column->element == OF_TIMESTAMPTZ) {
		usec_t value = *(const usec_t *)(const void *)at;
		return value == USEC_NONE ? TEXT("null") : show_time(arena, value);
	}
	if (column->element == OF_TEXT || column->element == OF_BYTEA) {
		struct text value = *(const struct text *)(const void *)at;
		return !value.p                      ? TEXT("null")
		       : column->element == OF_BYTEA ? show_bytes(arena, value)
						     : value;
	}
	int64_t value = column->element == OF_INT8 ? *(const int64_t *)(const void *)at
						   : *(const int32_t *)(const void *)at;
	return arena_printf(arena, "%" PRId64, value);
}

struct text check_key_name(struct arena *arena, const char *what, int64_t conv, int64_t key)
{
	return arena_printf(arena, "%s %016" PRIx64 "/%016" PRIx64, what, (uint64_t)conv,
			    (uint64_t)key);
}

struct text check_row_name(struct arena *arena, const struct row *row)
{
	return arena_printf(arena, "message %016" PRIx64 "/%016" PRIx64 " n %" PRId32,
			    (uint64_t)row->conv, (uint64_t)row->key, row->n);
}
