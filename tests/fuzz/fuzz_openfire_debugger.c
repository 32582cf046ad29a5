// SPDX-License-Identifier: Apache-2.0
// Any bytes as a log of the XML debugger, or of the chat-logs plugin (first byte odd): no crash, no
// leak, positions that grow, low water within the log, the same records whatever the read
// boundaries are. All text handed out must be readable to its end.
#include "core/buf.h"
#include "ingest/dialects/table.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	struct buf said;
	uint64_t offset, index, end;
	bool any;
};

static void see(void *self, const struct record *record)
{
	struct seen *seen = self;
	if (seen->any && (record->offset < seen->offset ||
			  (record->offset == seen->offset && record->index <= seen->index)))
		abort();
	if (record->offset > seen->end)
		abort();
	seen->any = true;
	seen->offset = record->offset;
	seen->index = record->index;
	buf_printf(&seen->said, "%d %d %llu.%u %lld ", record->kind, record->dir,
		   (unsigned long long)record->offset, record->index, (long long)record->at);
	buf_text(&seen->said, record->session);
	buf_text(&seen->said, record->session_key);
	buf_text(&seen->said, record->xml);
	buf_zstr(&seen->said, record->reason ? record->reason : "");
	buf_char(&seen->said, '\n');
}

static void remember(void *self, struct text key, struct text value)
{
	struct seen *seen = self;
	if (!key.n || (value.n && !value.p))
		abort();
	(void)seen;
}

static void ignored(void *self, const char *kind)
{
	(void)self, (void)kind;
}

static void run(const struct dialect_type *type, struct text log, size_t chunk, struct seen *seen)
{
	const struct dialect_sink sink = {seen, see, remember, ignored};
	struct zone *zone = zone_open("UTC", NULL);
	const struct dialect_options options = {.zone = zone, .modified = USEC_NONE};
	struct dialect *dialect = type->open(&options, &sink);
	seen->end = log.n;
	for (size_t at = 0; at < log.n; at += chunk) {
		size_t n = log.n - at < chunk ? log.n - at : chunk;
		char *exact = malloc(n); // a sanitizer sees any read beyond it
		memcpy(exact, log.p + at, n);
		type->bytes(dialect, at, (struct text){exact, n});
		free(exact);
		if (type->low_water(dialect) > at + n)
			abort();
	}
	type->end(dialect, true);
	type->close(dialect);
	zone_free(zone);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen whole = {0}, cut = {0};
	if (!size)
		return 0;
	const struct dialect_type *type =
		data[0] % 2 ? &openfire_chatlogs_dialect : &openfire_debugger_dialect;
	struct text log = {(const char *)data + 1, size - 1};
	run(type, log, size, &whole);
	run(type, log, 1 + data[0] / 2, &cut);
	if (!text_same(buf_view(&whole.said), buf_view(&cut.said)))
		abort();
	buf_free(&whole.said);
	buf_free(&cut.said);
	return 0;
}
