// SPDX-License-Identifier: Apache-2.0
// Any bytes: no crash, no leak, and the answer depends on nothing but them - a parser that has seen
// other stanzas says the same as a fresh one, and so does one that reads nothing without libxml2. All text handed out must be readable to its end.
#include "ingest/stanza.h"
#include "tests/unit/stanza_describe.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run(struct stanza_parser *parser, struct text xml, struct buf *out)
{
	struct arena *arena = arena_new();
	struct stanza *stanza = NULL;
	const char *reason = NULL;
	if (stanza_parse(parser, xml, arena, &stanza, &reason) == STANZA_OK)
		describe(out, stanza);
	else
		buf_printf(out, "BAD %s", reason);
	arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct stanza_parser *used, *libxml2; // fuzzing only: live as long as the process
	if (!used) {
		used = stanza_parser_new();
		libxml2 = stanza_parser_new();
		stanza_parser_only_libxml2(libxml2);
	}
	struct text xml = {(const char *)data, size};
	struct stanza_parser *fresh = stanza_parser_new();
	struct buf first = {0}, second = {0}, third = {0};
	run(used, xml, &first);
	run(fresh, xml, &second);
	run(libxml2, xml, &third);
	if (!text_same(buf_view(&first), buf_view(&second)) ||
	    !text_same(buf_view(&first), buf_view(&third)))
		abort();
	(void)stanza_maybe_message(xml);
	stanza_parser_free(fresh);
	buf_free(&first);
	buf_free(&second);
	buf_free(&third);
	return 0;
}
