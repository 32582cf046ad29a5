// SPDX-License-Identifier: Apache-2.0
// Any bytes as the head of a request and as its query: a verdict does not depend on how the bytes come,
// what passes has one reading, and each parameter is what its type says (F138-F141, F144).
#include "api/http/cursor.h"
#include "api/http/head.h"
#include "api/http/params.h"
#include "tests/fuzz/fuzz.h"

#include <unistr.h>

enum { P_ID, P_LIMIT, P_ORDER, P_SINCE, P_FROM, P_DOMAIN, P_TZ, P_COUNT };

static const char *const orders[] = {"asc", "desc", NULL};

static const struct param_spec specs[P_COUNT] = {
	[P_ID] = {.name = "id", .type = PARAM_TEXT},
	[P_LIMIT] = {.name = "limit", .type = PARAM_NUMBER, .preset = "100", .min = 1, .max = 1000},
	[P_ORDER] = {.name = "order", .type = PARAM_WORD, .words = orders},
	[P_SINCE] = {.name = "since", .type = PARAM_TIME},
	[P_FROM] = {.name = "from", .type = PARAM_JID},
	[P_DOMAIN] = {.name = "domain", .type = PARAM_DOMAIN},
	[P_TZ] = {.name = "tz", .type = PARAM_ZONE},
};

static void judge_params(const struct param *params)
{
	for (int i = 0; i < P_COUNT; i++) {
		struct text raw = params[i].raw;
		if (!params[i].given)
			continue;
		MUST(raw.p && raw.n && raw.n <= PARAM_MAX_LENGTH && !memchr(raw.p, 0, raw.n));
		MUST(!u8_check((const uint8_t *)raw.p, raw.n) && params[i].text.p);
	}
	MUST(params[P_LIMIT].number >= 1 && params[P_LIMIT].number <= 1000);
	MUST(params[P_ORDER].number >= -1 && params[P_ORDER].number <= 1);
	MUST(params[P_SINCE].given == (params[P_SINCE].number != USEC_NONE));
}

static void ask(struct text query)
{
	struct arena *arena = arena_new();
	struct param params[P_COUNT];
	struct param_problem problem = {0};
	if (params_parse(query, specs, P_COUNT, arena, params, &problem))
		judge_params(params);
	else
		MUST(problem.detail[0] && memchr(problem.name, 0, sizeof problem.name) &&
		     memchr(problem.detail, 0, sizeof problem.detail));
	arena_free(arena);
}

// The first verdict, as bytes come one after the other, is the verdict.
static void come(struct text request)
{
	struct head whole, part;
	size_t end = request.n < HEAD_MAX ? request.n : HEAD_MAX;
	enum head_state state = head_check((struct text){request.p, end}, &whole);
	for (size_t n = 0; n < end; n++) {
		enum head_state now = head_check((struct text){request.p, n}, &part);
		if (now == HEAD_MORE)
			continue;
		MUST(now == state && part.status == whole.status && part.detail == whole.detail);
		break;
	}
	MUST(state != HEAD_BAD || (whole.status >= 400 && whole.detail));
	MUST(state != HEAD_GOOD ||
	     (whole.target.n && whole.target.p[0] == '/' && !(whole.chunked && whole.lengths)));
	const char *query = state == HEAD_GOOD ? memchr(whole.target.p, '?', whole.target.n) : NULL;
	if (query)
		ask((struct text){query + 1,
				  whole.target.n - (size_t)(query + 1 - whole.target.p)});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct hash_key key = {{1, 2, 3}};
	struct text bytes = exact_copy((struct text){(const char *)data, size});
	struct cursor cursor;
	if (size < 2048) // each prefix is looked at
		come(bytes);
	ask(bytes);
	(void)cursor_decode(&key, 7, bytes, &cursor);
	exact_free(bytes);
	return 0;
}
