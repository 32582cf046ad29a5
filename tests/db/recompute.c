// SPDX-License-Identifier: Apache-2.0
#include "tests/db/recompute.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void take_difference(void *self, const struct check_difference *it)
{
	if (self)
		buf_printf(self, "%.*s: %.*s %.*s, recomputed %.*s\n", (int)it->what.n, it->what.p,
			   (int)it->column.n, it->column.p, (int)it->stored.n, it->stored.p,
			   (int)it->made.n, it->made.p);
}

static struct check_result recompute_pieces(const struct sample *sample, usec_t since, usec_t until,
					    int64_t at_once, struct buf *text)
{
	struct check_result result;
	struct err err = {0};
	struct check_request request = {.realm = sample->realm.id,
					.name = text_of(sample->name),
					.rules = &sample->rules,
					.since = since,
					.until = until,
					.limit = 20,
					.at_once = at_once,
					.self = text,
					.difference = take_difference};
	if (!store_check(sample->store, &request, &result, &err))
		fail_msg("%s", err.text);
	return result;
}

struct check_result recompute(const struct sample *sample, usec_t since, usec_t until,
			      struct buf *text)
{
	return recompute_pieces(sample, since, until, 0, text);
}

// All at once, and in the smallest pieces.
void assert_recomputed_equal(const struct sample *sample, const char *when)
{
	struct buf text = {0};
	for (int64_t at_once = 0; at_once <= 1; at_once++) {
		struct check_result result =
			recompute_pieces(sample, USEC_NONE, USEC_NONE, at_once, &text);
		if (result.differences)
			fail_msg("%s:\n%s", when, text.data);
		assert_true(result.rows > 0);
	}
	buf_free(&text);
}
